/*
 * Prometheus text in pieces: what a sample says, whatever the pieces are; what
 * is skipped, what is refused, and that nothing hostile grows or stops it.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/litellm/prometheus_text.h"

static const char *const families[] = {"up", "requests", "odd_total"};

/* What the sink saw, as text. */
struct seen {
	struct sst_buf log;
	struct sst_prometheus_stats stats;
	struct sst_error err;
	int stop; /* code that the sink answers with */
};

static struct seen seen;

static int
on_sample(
    void *ctx, const struct sst_prometheus_sample *s, struct sst_error *err)
{
	struct seen *to = ctx;
	size_t i;

	sst_buf_addf(&to->log, "%s", families[s->family]);
	for (i = 0; i < s->label_count; i++) {
		sst_buf_addc(&to->log, i == 0 ? '{' : ',');
		sst_buf_add(&to->log, s->labels[i].name, s->labels[i].name_len);
		sst_buf_addc(&to->log, '=');
		sst_buf_add(
		    &to->log, s->labels[i].value, s->labels[i].value_len);
	}
	if (isnan(s->value))
		sst_buf_adds(&to->log, " nan;");
	else
		sst_buf_addf(&to->log, " %g;", s->value);
	return to->stop == SST_OK ? SST_OK
				  : sst_error_set(err, to->stop, "stopped");
}

static void
on_family(void *ctx, size_t family)
{
	struct seen *to = ctx;

	sst_buf_addf(&to->log, "[%s]", families[family]);
}

static void
setup(void)
{
	memset(&seen, 0, sizeof(seen));
}

static void
teardown(void)
{
	sst_buf_fini(&seen.log);
}

/* In two pieces, or in pieces of one byte when at is len. */
static int
feed_split(const char *text, size_t len, size_t at)
{
	const struct sst_prometheus_sink sink = {.families = families,
	    .family_count = 3,
	    .sample = on_sample,
	    .family = on_family,
	    .ctx = &seen};
	struct sst_prometheus_text *t = NULL;
	size_t i, n;
	int code = SST_OK;

	sst_buf_clear(&seen.log);
	sst_error_clear(&seen.err);
	ck_assert_int_eq(sst_prometheus_text_new(&sink, &t, &seen.err), SST_OK);
	for (i = 0; code == SST_OK && i < len; i += n) {
		n = at == len ? 1 : i < at ? at - i : len - i;
		code = sst_prometheus_text_feed(t, text + i, n, &seen.err);
	}
	if (code == SST_OK)
		code = sst_prometheus_text_end(t, &seen.stats, &seen.err);
	sst_prometheus_text_free(&t);
	ck_assert_ptr_null(t);
	return code;
}

static int
feed(const char *text)
{
	return feed_split(text, strlen(text), 0);
}

static const char *
told(const char *text)
{
	ck_assert_msg(feed(text) == SST_OK, "%s: %s", text, seen.err.text);
	return seen.log.data != NULL ? seen.log.data : "";
}

struct line_case {
	const char *text;
	const char *told;
	unsigned bad;
};

/* A good first line, so that a single bad one is no wrong format. */
#define GOOD "up 1\n"

static const struct line_case lines[] = {
    {"up 0\n", "up 0;", 0},
    {"up{} 3\n", "up 3;", 0},
    {"up\t2.5e3\r\n", "up 2500;", 0},
    {"  up { a = \"x\" , b=\"y\", } 7\n", "up{a=x,b=y 7;", 0},
    {"requests_total{a=\"x\"} 4 1700000000000\n", "requests{a=x 4;", 0},
    {"requests 4 1700000000.123\n", "requests 4;", 0},
    {"requests_total 4 # {trace_id=\"a\"} 0.5 1.5\n", "requests 4;", 0},
    {"requests_total 4 17 # {trace_id=\"a\"} 0.5\n", "requests 4;", 0},
    {"odd_total 1\n", "odd_total 1;", 0},
    {"odd_total_total 1\n", "odd_total 1;", 0},
    /* other names that begin or end alike */
    {"odd 1\n", "", 0},
    {"_total 1\n", "", 0},
    {"requests_created 17\n", "", 0},
    {"requests_bucket{le=\"+Inf\"} 17\n", "", 0},
    {"requests_sum 17\n", "", 0},
    {"requests_count 17\n", "", 0},
    {"upper 1\n", "", 0},
    {"u 1\n", "", 0},
    {"other{a=\"no end 1\n", "", 0},
    {"{\"up\",a=\"b\"} 1\n", "", 0},
    /* labels */
    {"up{a=\"\"} 1\n", "up{a= 1;", 0},
    {"up{a=\"q\\\"b\\\\\"} 1\n", "up{a=q\"b\\ 1;", 0},
    {"up{a=\"1\\n2\",b=\"\\x\"} 1\n", "up{a=1\n2,b=\\x 1;", 0},
    {"up{a=\"},{ # =\"} 1\n", "up{a=},{ # = 1;", 0},
    {"up{a=\"x\\\\\",b=\"y\"} 1\n", "up{a=x\\,b=y 1;", 0},
    {"up{a=\"b} 1\n", "", 1},
    {"up{a=\"b\\\"} 1\n", "", 1},
    {"up{a=\"b\" 1\n", "", 1},
    {"up{a=b} 1\n", "", 1},
    {"up{a} 1\n", "", 1},
    {"up{a=\"b\"c=\"d\"} 1\n", "", 1},
    {"up{,} 1\n", "", 1},
    {"up{=\"b\"} 1\n", "", 1},
    {"up{9=\"b\"} 1\n", "", 1},
    {"up{\n", "", 1},
    /* values */
    {"up NaN\n", "up nan;", 0},
    {"up nan\n", "up nan;", 0},
    {"up +Inf\n", "up inf;", 0},
    {"up -Inf\n", "up -inf;", 0},
    {"up Infinity\n", "up inf;", 0},
    {"up -1e-3\n", "up -0.001;", 0},
    {"up .5\n", "up 0.5;", 0},
    {"up 1e999\n", "up inf;", 0},
    {"up\n", "", 1},
    {"up \n", "", 1},
    {"up 0x10\n", "", 1},
    {"up 1_000\n", "", 1},
    {"up 1,5\n", "", 1},
    {"up nano\n", "", 1},
    {"up --1\n", "", 1},
    {"up +-Inf\n", "", 1},
    {"up 1 2 3\n", "", 1},
    {"up 1 x\n", "", 1},
    {"up 1 #\n", "", 1},
    {"up 1#\n", "", 1},
    {"up 00000000000000000000000000000000000000000000000000000000000000001\n",
	"", 1},
    /* what is no sample at all */
    {"9 1\n", "", 1},
    {"<html>\n", "", 1},
    {"up-time 1\n", "", 1},
    {"\xff\n", "", 1},
    {"up 1", "", 1},
    {"\n \t\n\r\n", "", 0},
    /* comments */
    {"# HELP requests_total Requests.\n", "[requests]", 0},
    {"# TYPE requests counter\n", "[requests]", 0},
    {"#TYPE up gauge\n", "[up]", 0},
    {"# TYPE other gauge\n# a remark\n#\n# HELP\n", "", 0},
    {"# EOF\nup 5\n", "", 0},
    {"# EOF", "", 0},
    {"# EOF today\nup 5\n", "up 5;", 0},
};

START_TEST(each_line_says_this)
{
	const struct line_case *c = &lines[_i];
	char text[512], want[256];

	snprintf(text, sizeof(text), GOOD "%s", c->text);
	snprintf(want, sizeof(want), "up 1;%s", c->told);
	ck_assert_str_eq(told(text), want);
	ck_assert_uint_eq(seen.stats.bad, c->bad);
	ck_assert(seen.stats.eof == (strncmp(c->text, "# EOF", 5) == 0 &&
					strncmp(c->text, "# EOF ", 6) != 0));
}
END_TEST

static const char *const foreign[] = {
    "42\n",
    "{\"detail\":\"Not Found\"}",
    "<!DOCTYPE html>\n\n<html>\n<p>Hello\n</html>\n",
    "up{\n",
    "up 1",
    "\xff\xfe\n",
    NULL,
};

START_TEST(what_is_no_such_text_is_a_syntax_error)
{
	size_t i;

	for (i = 0; foreign[i] != NULL; i++) {
		ck_assert_msg(feed(foreign[i]) == SST_SYNTAX, "%s", foreign[i]);
		ck_assert_str_eq(
		    seen.err.text, "the answer is not Prometheus text");
	}
	ck_assert_int_eq(feed(""), SST_TRUNCATED);
}
END_TEST

/* A file of our own, cut at each byte. */
START_TEST(pieces_make_no_difference)
{
	static const char text[] =
	    "# HELP requests_total N\n# TYPE requests_total counter\n"
	    "requests_total{a=\"q\\\"\\\\\",b=\"\\n\"} 4 17 # {x=\"y\"} 1\r\n"
	    "requests_created{a=\"\"} 1.5e9\nup +Inf\n\nup{\nup{a=\"b\"} 2\n"
	    "# EOF\n";
	size_t len = strlen(text), at;
	char *want;

	want = strdup(told(text));
	ck_assert_ptr_nonnull(want);
	ck_assert_str_eq(want, "[requests][requests]"
			       "requests{a=q\"\\,b=\n 4;up inf;up{a=b 2;");
	for (at = 1; at <= len; at++) {
		ck_assert_int_eq(feed_split(text, len, at), SST_OK);
		ck_assert_str_eq(seen.log.data, want);
		ck_assert_uint_eq(seen.stats.bad, 1);
		ck_assert_uint_eq(seen.stats.lines, 9);
		ck_assert_uint_eq(seen.stats.samples, 3);
	}
	free(want);
}
END_TEST

/* `count` times the letter a, between two texts. */
static char *
padded(const char *before, size_t count, const char *after)
{
	char *text = malloc(strlen(before) + count + strlen(after) + 1);

	ck_assert_ptr_nonnull(text);
	memcpy(text, before, strlen(before));
	memset(text + strlen(before), 'a', count);
	memcpy(text + strlen(before) + count, after, strlen(after) + 1);
	return text;
}

/* Neither whole nor in pieces: one bad line, and the next one is read. */
START_TEST(a_line_has_a_bound)
{
	const size_t most = SST_PROMETHEUS_LINE_MAX;
	size_t len, pieces[3] = {0, 70000, 0}, i;
	char *text;

	text = padded(GOOD "up{a=\"", 3 * most, "\"} 2\nup 3\n");
	len = strlen(text);
	pieces[2] = len; /* byte by byte */
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(feed_split(text, len, pieces[i]), SST_OK);
		ck_assert_str_eq(seen.log.data, "up 1;up 3;");
		ck_assert_uint_eq(seen.stats.bad, 1);
		ck_assert_uint_eq(seen.stats.lines, 3);
	}
	free(text);
	/* the longest that is allowed */
	text = padded(GOOD "up{a=\"", most - 10, "\"} 2\nup 3\n");
	ck_assert_int_eq(feed_split(text, strlen(text), 100), SST_OK);
	ck_assert_uint_eq(seen.stats.bad, 0);
	ck_assert_uint_eq(seen.stats.samples, 3);
	free(text);
	/* and one without an end */
	text = padded(GOOD "up{a=\"", 2 * most, "");
	ck_assert_int_eq(feed_split(text, strlen(text), 1000), SST_OK);
	ck_assert_uint_eq(seen.stats.bad, 1);
	free(text);
}
END_TEST

START_TEST(labels_have_a_bound)
{
	struct sst_buf text = SST_BUF_INIT;
	int count, i;

	for (count = SST_PROMETHEUS_LABELS_MAX;
	     count <= SST_PROMETHEUS_LABELS_MAX + 1; count++) {
		sst_buf_clear(&text);
		sst_buf_adds(&text, GOOD "up{");
		for (i = 0; i < count; i++)
			sst_buf_addf(&text, "l%d=\"x\",", i);
		sst_buf_adds(&text, "} 1\n");
		told(text.data);
		ck_assert_uint_eq(
		    seen.stats.bad, count > SST_PROMETHEUS_LABELS_MAX ? 1 : 0);
	}
	sst_buf_fini(&text);
}
END_TEST

START_TEST(the_sink_can_stop_it)
{
	seen.stop = SST_LIMIT;
	ck_assert_int_eq(feed("up 1\nup 2\n"), SST_LIMIT);
	ck_assert_str_eq(seen.log.data, "up 1;");
	ck_assert_int_eq(seen.err.code, SST_LIMIT);
}
END_TEST

START_TEST(a_nul_is_a_byte_like_others)
{
	static const char text[] = "up{a=\"x\0y\"} 1\nup\0 2\nup 3\n"
				   "# TYPE up\0\0\0\0\0\0\0 gauge\n"
				   "# TYPE requests\0total counter\n";

	ck_assert_int_eq(feed_split(text, sizeof(text) - 1, 0), SST_OK);
	ck_assert_uint_eq(seen.stats.samples, 2);
	ck_assert_uint_eq(seen.stats.bad, 1);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, each_line_says_this, 0,
	    (int)(sizeof(lines) / sizeof(lines[0])));
	tcase_add_test(tc, what_is_no_such_text_is_a_syntax_error);
	tcase_add_test(tc, pieces_make_no_difference);
	tcase_add_test(tc, a_line_has_a_bound);
	tcase_add_test(tc, labels_have_a_bound);
	tcase_add_test(tc, the_sink_can_stop_it);
	tcase_add_test(tc, a_nul_is_a_byte_like_others);
}

int
main(void)
{
	Suite *s = suite_create("prometheus_text");
	TCase *tc = tcase_create("prometheus_text");
	SRunner *sr;
	int failed;

	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
