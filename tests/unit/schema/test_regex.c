/* Patterns: what ECMA-262 has and has not, and that shapes agree with the
 * engine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/regex.h"
#include "support.h"

struct sample {
	const char *pattern, *good, *bad; /* NULL: no such text */
};

static const struct sample samples[] = {
    {"\\d", "7", "\xe0\xa7\xaa"},
    {"^\\w$", "_", "\xc3\xa9"},
    {"^\\s$", "\xe3\x80\x80", "a"},
    {"^\\S$", "a", "\xef\xbb\xbf"},
    {"^[\\s\\d]+$", "1 \xc2\xa0", "a"},
    {"^[^\\S]$", " ", "a"},
    {"^.$", "\xf0\x9f\x98\x80", "\xe2\x80\xa8"},
    {"^a$", "a", "a\n"},
    {"^\\cA\\cz$", "\x01\x1a", "A"},
    {"\\p{Letter}cole",
	"\xc3\xa9"
	"cole",
	"1cole"},
    {"^\\P{Lu}$", "a", "A"},
    {"^\\p{Script=Greek}$", "\xce\xb1", "a"},
    {"^\\p{L}$", "\xc3\xa9", "1"},
    {"^\\u00e9\\xe9$", "\xc3\xa9\xc3\xa9", "e"},
    {"^\\u{1F600}\\ud83d\\ude00$", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "x"},
    {"^\\t\\n\\v\\f\\r$", "\t\n\v\f\r", " "},
    {"^[\\b]$", "\b", "b"},
    {"^a\\b", "a b", "ab"},
    {"^[[:alpha:]]$", "a]", "a"},
    {"^[]$", NULL, "]"},
    {"^[^]$", "\n", ""},
    {"^a{2}b{$", "aab{", "aab"},
    {"^{a}$", "{a}", "a"},
    {"^(a)|b\\1$", "b", "c"},
    {"^(?<n>a)\\k<n>$", "aa", "ab"},
    {"^(?=a)\\w(?!c)", "ab", "ac"},
    {"(?<=a)b", "ab", "b"},
    {"^a+?b*?c??$", "aab", "c"},
    {"\\/\\-\\.", "/-.", "/-x"},
    {"", "", NULL},
    {"a.c", "xabcx", "ac"},
    {"abc", "xabcx", "ab"},
    {"^abc", "abcd", "xabc"},
    {"abc$", "xabc", "abcd"},
    {"^a\\.c$", "a.c", "abc"},
    {"^\\$$", "$", "x"},
    {"a\\\\$", "a\\", "a$"},
};

static enum regex_result
match(const char *pattern, const char *text, size_t len)
{
	struct regex_run run = {NULL, NULL, NULL};
	struct regex *re = NULL;
	struct sst_error err;
	enum regex_result got;
	int rc = schema__regex_new(pattern, strlen(pattern), &re, &err);

	ck_assert_msg(rc == SST_OK, "%s: %s", pattern, err.text);
	got = schema__regex_match(re, &run, text, len);
	schema__regex_run_fini(&run);
	schema__regex_free(re);
	return got;
}

START_TEST(test_ecma)
{
	const struct sample *s = &samples[_i];

	if (s->good != NULL)
		ck_assert_msg(
		    match(s->pattern, s->good, strlen(s->good)) == REGEX_YES,
		    "%s does not match", s->pattern);
	if (s->bad != NULL)
		ck_assert_msg(
		    match(s->pattern, s->bad, strlen(s->bad)) == REGEX_NO,
		    "%s matches", s->pattern);
}
END_TEST

static const char *const refused[] = {
    "\\z",
    "\\A",
    "\\Z",
    "\\a",
    "\\G",
    "\\h",
    "\\R",
    "\\K",
    "\\X",
    "\\Qa\\E",
    "\\",
    "(",
    ")",
    "[",
    "[a",
    "a**",
    "a++",
    "*a",
    "+",
    "?",
    "|*",
    "(?#x)",
    "(?i)a",
    "(?>a)",
    "(?P<n>a)",
    "(*UCP)a",
    "(?|a)",
    "(?R)",
    "\\p",
    "\\p{",
    "\\p{}",
    "\\p{No=such}",
    "\\p{Nonsense}",
    "\\c1",
    "\\u12",
    "\\u{}",
    "\\u{110000}",
    "\\x1",
    "\\k",
    "\\2",
    "[b-a]",
    "[\\A]",
    "a{2,1}",
    "(?:",
};

START_TEST(test_refused)
{
	struct regex *re = NULL;
	struct sst_error err;

	ck_assert_msg(schema__regex_new(refused[_i], strlen(refused[_i]), &re,
			  &err) == SST_INVALID,
	    "%s is taken", refused[_i]);
	ck_assert_ptr_null(re);
}
END_TEST

/* Patterns that are shapes. */
static const char *const shapes[] = {
    "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    ("^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):"
     "[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"),
    "^[0-9]+(\\.[0-9]+)?([KMGTPE]i?)?$",
    "^[a-z]([-a-z0-9]*)$",
    "^(ab|cd|ef)+$",
    "^(?:a|b)c?d*$",
    "^\\d{2,4}x?$",
    "^(a|bc|)$",
    "^([a-c]{3}-){2,3}z$",
    "^(one|two|six)$",
    "^[\\w.-]+@$",
    "^((0[1-9]|1[0-2])/)?x$",
    "^a(b(c(d)?)?)?$",
    "^(Z|[+-][0-9]{2})(x|y)$",
    "^[0-9a-fA-F_]{17}$",
    "^((0[1-9]|1[0-2])x)+$",
    "^(0a|1b)(-(0a|1b))*$",
    "^((ab|cd)|e)d?$",
    "^x?((ab|cd)y?|(ef|gh)e)+$",
    "^(ab|cd)(e(f|g)?)*(x|y)$",
    "^((ab|cd)|(ef|gh)z?)$",
};

/* A text near to what the pattern wants: bytes of it, or of its samples. */
static size_t
random_text(unsigned *seed, const char *pattern, char *out)
{
	static const char *const seeds[] = {
	    "123e4567-e89b-12d3-a456-426614174000",
	    "2026-11-21T23:59:60.125+01:00", "2026-02-30T04:05:06Z", "12.5Mi",
	    "abcdef", "efabcd", "ccdd", "123x", "abc-cba-z", "three", "a.b-c@",
	    "12/7", "abcd", "+01y", "0123456789abcdefF", "", "0a-1b-0a",
	    "01x12x", "abcdcefe", "cdefegx", "gh", "efz", "abd", "ed"};
	const char *from;
	size_t i, len, n;

	*seed = *seed * 1103515245 + 12345;
	from = seeds[(*seed >> 16) % (sizeof(seeds) / sizeof(seeds[0]))];
	len = strlen(from);
	memcpy(out, from, len);
	n = *seed >> 20 & 3;
	for (i = 0; i < n && len > 0; i++) {
		*seed = *seed * 1103515245 + 12345;
		out[(*seed >> 8) % len] =
		    pattern[(*seed >> 16) % strlen(pattern)];
	}
	if ((*seed >> 9 & 7) == 0 && len > 0)
		len--;
	return len;
}

START_TEST(test_shapes)
{
	const char *pattern = shapes[_i];
	struct regex_run run = {NULL, NULL, NULL};
	struct regex *engine = NULL;
	struct shape *shape = NULL;
	struct sst_error err;
	char grouped[256], text[64], *copy;
	unsigned seed = 7;
	size_t len;
	int i;

	/* the empty group keeps the pattern from being taken for a shape */
	snprintf(grouped, sizeof(grouped), "(?:)%s", pattern);
	ck_assert_int_eq(
	    schema__regex_new(grouped, strlen(grouped), &engine, &err), SST_OK);
	ck_assert_int_eq(
	    schema__shape_new(pattern, strlen(pattern), &shape), SST_OK);
	ck_assert_msg(shape != NULL, "%s is no shape", pattern);
	for (i = 0; i < 20000; i++) {
		len = random_text(&seed, pattern, text);
		/* of its exact size, so that a byte too far is seen */
		copy = malloc(len + 1);
		memcpy(copy, text, len);
		copy[len] = '\0';
		ck_assert_msg(schema__shape_match(shape, copy, len) ==
				  (schema__regex_match(
				       engine, &run, copy, len) == REGEX_YES),
		    "%s and \"%s\"", pattern, copy);
		free(copy);
	}
	schema__regex_run_fini(&run);
	schema__regex_free(engine);
	schema__shape_free(shape);
}
END_TEST

/* What a walk cannot decide must be left to the engine. */
static const char *const shapeless[] = {
    "^([0-9]+m|[0-9]+(\\.[0-9]+)?)$",
    "^a*a$",
    "^(a|ab)c$",
    "^(a*)*$",
    "^(a|)+$",
    "^[^a]$",
    "^.$",
    "^a|b$",
    "a",
    "^a",
    "a$",
    "^(a?){2}$",
    "^[0-9]+(5|6)$",
    "^(|a)a$",
    "^(one|two|three)$",
    "^((0[1-9]|1[0-2])/)?[0-9]$",
    "^\xc3\xa9$",
    "^a{65}$",
    "^a\\$",
};

START_TEST(test_shapeless)
{
	struct shape *shape = NULL;

	ck_assert_int_eq(
	    schema__shape_new(shapeless[_i], strlen(shapeless[_i]), &shape),
	    SST_OK);
	ck_assert_msg(shape == NULL, "%s is a shape", shapeless[_i]);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

Suite *
suite_regex(void)
{
	Suite *s = suite_create("schema patterns");
	TCase *t = tcase_create("patterns");

	tcase_add_loop_test(t, test_ecma, 0, COUNT(samples));
	tcase_add_loop_test(t, test_refused, 0, COUNT(refused));
	tcase_add_loop_test(t, test_shapes, 0, COUNT(shapes));
	tcase_add_loop_test(t, test_shapeless, 0, COUNT(shapeless));
	suite_add_tcase(s, t);
	return s;
}
