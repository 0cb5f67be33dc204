/*
 * Hygiene of text. Ways to fail: wrong UTF-8 taken for right, invisible
 * characters kept, a cut inside of a character, a secret that gets through or
 * comes back when cleaned or cut, plain prose masked, time that is not linear.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "unit/base/run.h"

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16

static struct sst_buf out;

static void
setup(void)
{
	sst_buf_init(&out);
}

static void
teardown(void)
{
	sst_buf_fini(&out);
}

static const char *
cleaned(const char *in, size_t len, size_t max)
{
	sst_buf_clear(&out);
	sst_text_clean(in, len, max, &out);
	ck_assert(sst_text_utf8_valid(out.data, out.len));
	return out.data != NULL ? out.data : "";
}

static const char *
redacted(const char *in)
{
	sst_buf_clear(&out);
	sst_text_redact(in, strlen(in), &out);
	return out.data != NULL ? out.data : "";
}

START_TEST(utf8)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
	    {"", true},
	    {"plain ascii text over eight bytes", true},
	    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", true},
	    {"12345678\xe2\x82\xac", true},
	    {"\xf4\x8f\xbf\xbf", true},
	    {"\xed\x9f\xbf\xee\x80\x80", true},
	    {"\x80", false},
	    {"\xc0\x80", false},
	    {"\xc1\xbf", false},
	    {"\xe0\x9f\xbf", false},
	    {"\xf0\x8f\xbf\xbf", false},
	    {"\xed\xa0\x80", false},
	    {"\xf4\x90\x80\x80", false},
	    {"\xf5\x80\x80\x80", false},
	    {"\xff", false},
	    {"1234567\xc3", false},
	    {"abc\xe2\x82", false},
	    {"\xe2\x28\xa1", false},
	};

	ck_assert(sst_text_utf8_valid(rows[_i].text, strlen(rows[_i].text)) ==
		  rows[_i].valid);
}
END_TEST

/* All characters come back by their number, and nothing else is one. */
START_TEST(decode_knows_all_characters)
{
	unsigned char p[4];
	uint32_t cp, got;
	size_t n, i;

	for (cp = 0; cp <= 0x110000; cp++) {
		n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
		for (i = n; i-- > 1;)
			p[i] = (unsigned char)(0x80 | (cp >> (6 * (n - 1 - i)) &
							  0x3f));
		p[0] = (unsigned char)(n == 1 ? cp
					      : (0xf00u >> n & 0xff) |
						    cp >> (6 * (n - 1)));
		got = 0x77777777;
		i = sst_text_decode((const char *)p, n, &got);
		if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)) {
			ck_assert_uint_eq(i, 0);
			continue;
		}
		ck_assert_uint_eq(i, n);
		ck_assert_uint_eq(got, cp);
		ck_assert_uint_eq(
		    sst_text_decode((const char *)p, n - 1, &got), 0);
	}
}
END_TEST

START_TEST(clean_removes_what_acts_unseen)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
	    {"plain", "plain"},
	    {"a\nb\r\n\tc", "a b c"},
	    {"a\x01\x1b[31mb\x7f", "a[31mb"},
	    {"a\xc2\x80\xc2\x9f"
	     "b",
		"ab"},
	    {"a\xc2\x85"
	     "b",
		"a b"},
	    {"a\xe2\x80\xae"
	     "b\xe2\x81\xa6"
	     "c",
		"abc"},
	    {"s\xe2\x80\x8bk\xe2\x80\x8d-\xef\xbb\xbf"
	     "1",
		"sk-1"},
	    {"tag\xf3\xa0\x81\xa8\xf3\xa0\x81\xa9!", "tag!"},
	    {"soft\xc2\xadhyphen", "softhyphen"},
	    {"\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd"},
	    {"caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
	    {"line\xe2\x80\xa8sep", "line sep"},
	};

	ck_assert_str_eq(
	    cleaned(rows[_i].in, strlen(rows[_i].in), 0), rows[_i].want);
}
END_TEST

START_TEST(clean_takes_nul_and_nothing)
{
	ck_assert_str_eq(cleaned("a\0b", 3, 0), "ab");
	ck_assert_str_eq(cleaned("", 0, 0), "");
	ck_assert_str_eq(cleaned(NULL, 0, 5), "");
}
END_TEST

START_TEST(clean_cuts_between_characters)
{
	static const struct {
		const char *in;
		size_t max;
		const char *want;
	} rows[] = {
	    {"abcdef", 6, "abcdef"},
	    {"abcdef", 5, "abcd\xe2\x80\xa6"},
	    {"abcdef", 1, "\xe2\x80\xa6"},
	    {"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", 2,
		"\xe2\x82\xac\xe2\x80\xa6"},
	    {"abc\x01\x02", 3, "abc"},
	    {"a\n\n\nbc", 3, "a \xe2\x80\xa6"},
	    {"\xff\xff\xff", 2, "\xef\xbf\xbd\xe2\x80\xa6"},
	};

	ck_assert_str_eq(
	    cleaned(rows[_i].in, strlen(rows[_i].in), rows[_i].max),
	    rows[_i].want);
}
END_TEST

START_TEST(clean_appends)
{
	sst_buf_adds(&out, "before ");
	sst_text_clean("abc", 3, 2, &out);
	ck_assert_str_eq(out.data, "before a\xe2\x80\xa6");
}
END_TEST

static const struct {
	const char *in, *want;
} secrets[] = {
    {"Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]"},
    {"sent bearer 0123456789 to", "sent bearer [redacted] to"},
    {"Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [redacted]"},
    {"'Authorization': 'Bearer tok'", "'Authorization': '[redacted]'"},
    {"{\"authorization\":\"Bearer tok\"}",
	"{\"authorization\":\"[redacted]\"}"},
    {"key sk-proj-abcdefghijklmnop1234 used", "key [redacted] used"},
    {"sk-ant-"
     "0123-abcdefghijklmnop",
	"[redacted]"},
    {"(sk-1234)", "([redacted])"},
    {"AKIAIOSFODNN7EXAMPLE", "[redacted]"},
    {"id=ASIAIOSFODNN7EXAMPLE;", "id=[redacted];"},
    {"ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[redacted]"},
    {"github_pat_11ABCDEFG0abcdefghijkl_mnop", "[redacted]"},
    {"glpat-abcdefghij0123456789", "[redacted]"},
    {"xoxb-1234567890-abcdefghij", "[redacted]"},
    {"xapp-1-A0123-4567-abcdef", "[redacted]"},
    {"hf_abcdefghijklmnopqrstuvwxyz", "[redacted]"},
    {"AIzaSyA-1234567890abcdefghijklmnopqrstu", "[redacted]"},
    {"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!",
	"jwt [redacted]!"},
    {"key 0x" HEX64 ".", "key [redacted]."},
    {"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz\n"
     "-----END RSA PRIVATE KEY-----\nafter",
	"[redacted]\nafter"},
    {"x -----BEGIN PRIVATE KEY----- MIIE cut off", "x [redacted]"},
    {"-----BEGIN OPENSSH PRIVATE KEY----- b3 -----END OPENSSH PRIVATE",
	"[redacted]"},
    {"amqp://guest:s3cr3t@mq:5672/v", "amqp://guest:[redacted]@mq:5672/v"},
    {"redis://:pw@h", "redis://:[redacted]@h"},
    {"http://u:p@ss@h/", "http://u:[redacted]@h/"},
    {"http://a:b@c http://d:e@f",
	"http://a:[redacted]@c http://d:[redacted]@f"},
    {"https://ghp_abcdefghijklmnopqrstuvwxyz:pw@h",
	"https://[redacted]:[redacted]@h"},
    {"http://token:pw@h/x", "http://token:[redacted]@h/x"},
    {"http://token=x:p,q@h", "http://token=[redacted][redacted]@h"},
    {"0x" HEX64 "sk-abcdefghijklmnop1234", "[redacted][redacted]"},
    {"password=hunter2 next", "password=[redacted] next"},
    {"PGPASSWORD=x&b", "PGPASSWORD=[redacted]&b"},
    {"password: hunter2, user: me", "password: [redacted], user: me"},
    {"{\"password\": \"a\\\"b\", \"u\": 1}",
	"{\"password\": \"[redacted]\", \"u\": 1}"},
    {"{\\\"client_secret\\\":\\\"abc\\\",\\\"u\\\":1}",
	"{\\\"client_secret\\\":\\\"[redacted]\\\",\\\"u\\\":1}"},
    {"?api_key=abc&x=1", "?api_key=[redacted]&x=1"},
    {"X-Api-Key: abc", "X-Api-Key: [redacted]"},
    {"apiKey='a b c' z", "apiKey='[redacted]' z"},
    {"aws_secret_access_key = wJalrXUt/K7", "aws_secret_access_key = "
					    "[redacted]"},
    {"token=abc", "token=[redacted]"},
    {"access_token => abc", "access_token => [redacted]"},
    {"secret := abc", "secret := [redacted]"},
    {"password=\"open end", "password=\"[redacted]"},
    {"password=token=abc", "password=[redacted]"},
    {"Cookie: sid=1; b=2", "Cookie: [redacted]; b=2"},
};

enum { SECRETS = sizeof(secrets) / sizeof(secrets[0]) };

START_TEST(redact_masks)
{
	ck_assert_str_eq(redacted(secrets[_i].in), secrets[_i].want);
}
END_TEST

/* Masked text, and text around a mask, stay as they are. */
START_TEST(redact_twice_is_once)
{
	char *once = strdup(redacted(secrets[_i].in));

	ck_assert_ptr_nonnull(once);
	ck_assert_str_eq(redacted(once), once);
	free(once);
}
END_TEST

START_TEST(redact_leaves_prose)
{
	static const char *const rows[] = {
	    "",
	    "plain words, 12:30, a=b",
	    "mail bob@example.org about it",
	    "max_tokens=4096 completion_tokens: 17",
	    "scikit-learn sk-learn task-1234 risk-management",
	    "http://host:8080/a@b?x=y",
	    "https://user@host/",
	    "0x52908400098527886E0F7030069857D2E4169EE7",
	    "sha " HEX64,
	    "Basic auth failed, Bearer token required",
	    "-----BEGIN CERTIFICATE----- MIIC -----END CERTIFICATE-----",
	    "eyJhbGciOiJIUzI1NiJ9",
	    "password= ",
	    "token: null, secret: none",
	    "the password is wrong",
	    "monkey=banana keyboard: de",
	    "AKIA is a prefix",
	    "caf\xc3\xa9=\xe2\x82\xac",
	};

	ck_assert_str_eq(redacted(rows[_i]), rows[_i]);
}
END_TEST

START_TEST(names_of_secrets)
{
	static const char *const yes[] = {"password", "DB_PASSWORD", "apiKey",
	    "x-api-key", "client.secret", "TOKEN", "privateKey", "pwd"};
	static const char *const no[] = {"", "tokens", "max_tokens", "user",
	    "secretary", "password_file", "url", "key"};
	size_t i;

	for (i = 0; i < 8; i++) {
		ck_assert(sst_text_is_secret_name(yes[i], strlen(yes[i])));
		ck_assert(!sst_text_is_secret_name(no[i], strlen(no[i])));
	}
}
END_TEST

static const char *
safe(const char *in, size_t max)
{
	sst_buf_clear(&out);
	ck_assert(sst_text_safe(in, strlen(in), max, &out));
	return out.data;
}

START_TEST(safe_sees_through_invisible_and_cuts_last)
{
	ck_assert_str_eq(safe("k s\xe2\x80\x8bk-abcdefghijklmnop1234 z", 0),
	    "k [redacted] z");
	ck_assert_str_eq(
	    safe("pass\xc2\xadword=hunter2 z", 0), "password=[redacted] z");
	ck_assert_str_eq(
	    safe("abc sk-abcdefghijklmnop1234", 8), "abc [re\xe2\x80\xa6");
	ck_assert_str_eq(
	    safe("-----BEGIN\nRSA PRIVATE KEY-----", 0), "[redacted]");
}
END_TEST

/* The growth of work shows as the growth of output-free steps would: all of
 * these end within the test's time, quadratic ones (10^12 steps) would not. */
START_TEST(redact_is_linear)
{
	static const char *const units[] = {"eyJ", "eyJ.", "eyJ-", "sk-", "a-",
	    "-----BEGIN ", "-----BEGIN PRIVATE KEY", "://", ":", "=", "a:b@",
	    "0x0", "token=", "token=\"", "bearer ", "basic a ", "\\",
	    "password", "xoxb-", "://a:", "AKIA", "_=", "secret=>", "-----",
	    "' '=", "\xff"};
	const size_t total = 1 << 20, n = strlen(units[_i]);
	char *text = malloc(total);
	size_t i;

	ck_assert_ptr_nonnull(text);
	for (i = 0; i < total; i++)
		text[i] = units[_i][i % n];
	sst_text_redact(text, total, &out);
	ck_assert(!sst_buf_failed(&out));
	free(text);
}
END_TEST

START_TEST(percent_encode_keeps_what_is_unreserved)
{
	static const char plain[] = "AZaz09-._~";
	static const char other[] = "/ %~\xc3\xa9#+\x00";

	sst_text_percent_encode(plain, sizeof(plain) - 1, &out);
	ck_assert_str_eq(out.data, plain);
	sst_buf_clear(&out);
	sst_text_percent_encode(other, sizeof(other) - 1, &out);
	ck_assert_str_eq(out.data, "%2F%20%25~%C3%A9%23%2B%00");
	sst_text_percent_encode("", 0, &out);
	ck_assert_uint_eq(out.len, strlen("%2F%20%25~%C3%A9%23%2B%00"));
}
END_TEST

static void
add_hygiene(Suite *s)
{
	TCase *tc = tcase_create("clean");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, percent_encode_keeps_what_is_unreserved);
	tcase_add_loop_test(tc, utf8, 0, 18);
	tcase_add_test(tc, decode_knows_all_characters);
	tcase_add_loop_test(tc, clean_removes_what_acts_unseen, 0, 12);
	tcase_add_test(tc, clean_takes_nul_and_nothing);
	tcase_add_loop_test(tc, clean_cuts_between_characters, 0, 7);
	tcase_add_test(tc, clean_appends);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	Suite *s = suite_create("text");
	TCase *tc = tcase_create("redact");

	add_hygiene(s);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, redact_masks, 0, SECRETS);
	tcase_add_loop_test(tc, redact_twice_is_once, 0, SECRETS);
	tcase_add_loop_test(tc, redact_leaves_prose, 0, 18);
	tcase_add_test(tc, names_of_secrets);
	tcase_add_test(tc, safe_sees_through_invisible_and_cuts_last);
	tcase_add_loop_test(tc, redact_is_linear, 0, 26);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
