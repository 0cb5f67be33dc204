/* Where replies end, whatever comes in whatever pieces; addresses; errors. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/redis/redis_priv.h"
#include "support/suite.h"

enum { MAX = 100000 };

#define NUL_REPLY "$3\r\na\0b\r\n"

static const struct {
	const char *bytes;
	size_t len; /* 0: strlen */
} whole[] = {
    {"+OK\r\n", 0},
    {"+\r\n", 0},
    {"-ERR x\r\n", 0},
    {":0\r\n", 0},
    {":-9223372036854775808\r\n", 0},
    {"$-1\r\n", 0},
    {"$0\r\n\r\n", 0},
    {"$5\r\nhello\r\n", 0},
    {"$4\r\n\r\n\r\n\r\n", 0},
    {NUL_REPLY, sizeof(NUL_REPLY) - 1},
    {"*-1\r\n", 0},
    {"*0\r\n", 0},
    {"*2\r\n$1\r\na\r\n$-1\r\n", 0},
    {"*3\r\n*0\r\n*1\r\n*2\r\n:1\r\n:2\r\n-WRONGTYPE x\r\n", 0},
    {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 0},
};

static size_t
whole_len(int i)
{
	return whole[i].len > 0 ? whole[i].len : strlen(whole[i].bytes);
}

static int
scan(const char *bytes, size_t len, size_t max, size_t *at)
{
	struct redis_scan s;
	int code;

	redis__scan_init(&s, max);
	code = redis__scan(&s, bytes, len);
	*at = s.at;
	return code;
}

START_TEST(a_whole_reply_ends_where_it_ends)
{
	size_t len = whole_len(_i), at;
	char more[256];

	ck_assert_int_eq(scan(whole[_i].bytes, len, MAX, &at), SST_OK);
	ck_assert_uint_eq(at, len);
	/* what follows is the next one's */
	memcpy(more, whole[_i].bytes, len);
	memcpy(more + len, "+OK\r\n", 5);
	ck_assert_int_eq(scan(more, len + 5, MAX, &at), SST_OK);
	ck_assert_uint_eq(at, len);
}
END_TEST

START_TEST(cut_at_every_byte_it_waits)
{
	size_t len = whole_len(_i), cut, at;
	struct redis_scan s;

	for (cut = 0; cut < len; cut++)
		ck_assert_int_eq(
		    scan(whole[_i].bytes, cut, MAX, &at), SST_NODATA);
	/* and goes on from where it was */
	redis__scan_init(&s, MAX);
	for (cut = 0; cut < len; cut++)
		ck_assert_int_eq(
		    redis__scan(&s, whole[_i].bytes, cut), SST_NODATA);
	ck_assert_int_eq(redis__scan(&s, whole[_i].bytes, len), SST_OK);
	ck_assert_uint_eq(s.at, len);
}
END_TEST

START_TEST(hiredis_takes_what_it_takes)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	ck_assert_int_eq(
	    redisReaderFeed(reader, whole[_i].bytes, whole_len(_i)), REDIS_OK);
	ck_assert_int_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
	ck_assert_ptr_nonnull(reply);
	freeReplyObject(reply);
	redisReaderFree(reader);
}
END_TEST

static const char *const broken[] = {
    "HTTP/1.1 400 Bad Request\r\n",
    "\r\n",
    "\x15\x03\x03",
    "_\r\n",
    "%1\r\n+a\r\n+b\r\n",
    ":\r\n",
    ":12a\r\n",
    ":99999999999999999999\r\n",
    ":9223372036854775808\r\n",
    ":007\r\n",
    ":-0\r\n",
    "*00\r\n",
    "$-2\r\n",
    "$x\r\n",
    "$\r\n",
    "$1\r\nab\r\n",
    "$1\r\na\n\r",
    "*-2\r\n",
    "*1\r\n?\r\n",
    "+OK\r+\r\n",
    "+a\nb\r\n",
    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
};

START_TEST(what_is_no_reply_is_refused)
{
	size_t at;

	ck_assert_int_eq(
	    scan(broken[_i], strlen(broken[_i]), MAX, &at), SST_PROTOCOL);
}
END_TEST

START_TEST(what_is_announced_is_bounded_before_it_comes)
{
	static const char *const large[] = {
	    "$1000000000\r\n",
	    "$9223372036854775807\r\n",
	    "*1000000000\r\n",
	    "*9223372036854775807\r\n",
	    "*1500\r\n$10000\r\n",
	    "*1500\r\n*1500\r\n",
	};
	size_t i, at;

	for (i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		ck_assert_msg(
		    scan(large[i], strlen(large[i]), MAX, &at) == SST_TOO_LARGE,
		    "%s", large[i]);
	ck_assert_int_eq(scan("$100000\r\n", 9, MAX, &at), SST_NODATA);
	ck_assert_int_eq(scan("$100001\r\n", 9, MAX, &at), SST_TOO_LARGE);
}
END_TEST

START_TEST(a_line_without_an_end_is_given_up)
{
	size_t len = REDIS_LINE_BYTES + 2, at;
	char *line = malloc(len);

	ck_assert_ptr_nonnull(line);
	memset(line, 'x', len);
	line[0] = '+';
	ck_assert_int_eq(scan(line, len, 10 * len, &at), SST_PROTOCOL);
	free(line);
}
END_TEST

START_TEST(values_are_walked_one_by_one)
{
	static const char bytes[] = "*4\r\n$2\r\nab\r\n:-7\r\n*2\r\n$-1\r\n"
				    "-NOPERM no\r\n+OK\r\n:5\r\n";
	struct sst_redis_walk walk = {bytes, bytes + sizeof(bytes) - 1}, head;
	struct sst_redis_item item;

	ck_assert(sst_redis_next(&walk, &item));
	ck_assert_int_eq(item.type, REDIS_REPLY_ARRAY);
	ck_assert_int_eq(item.integer, 4);
	head = walk;
	ck_assert(sst_redis_next(&walk, &item));
	ck_assert_int_eq(item.type, REDIS_REPLY_STRING);
	ck_assert_uint_eq(item.len, 2);
	ck_assert_mem_eq(item.data, "ab", 2);
	ck_assert(sst_redis_next(&walk, &item));
	ck_assert_int_eq(item.type, REDIS_REPLY_INTEGER);
	ck_assert_int_eq(item.integer, -7);
	ck_assert(sst_redis_next(&walk, &item));
	ck_assert_int_eq(item.type, REDIS_REPLY_ARRAY);
	ck_assert(sst_redis_next(&walk, &item));
	ck_assert_int_eq(item.type, REDIS_REPLY_NIL);
	ck_assert(sst_redis_next(&walk, &item));
	ck_assert_int_eq(item.type, REDIS_REPLY_ERROR);
	ck_assert(sst_redis_error_is(&item, "NOPERM"));
	ck_assert(!sst_redis_error_is(&item, "NOPER"));
	ck_assert(sst_redis_next(&walk, &item));
	ck_assert_int_eq(item.type, REDIS_REPLY_STATUS);
	sst_redis_skip(&walk);
	ck_assert(!sst_redis_next(&walk, &item));
	sst_redis_skip(&head);
	sst_redis_skip(&head);
	sst_redis_skip(&head);
	ck_assert(sst_redis_next(&head, &item));
	ck_assert_int_eq(item.type, REDIS_REPLY_STATUS);
}
END_TEST

START_TEST(a_walk_over_anything_ends)
{
	size_t i;

	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct sst_redis_walk walk = {
		    broken[i], broken[i] + strlen(broken[i])};
		struct sst_redis_item item;

		while (sst_redis_next(&walk, &item))
			ck_assert(walk.at <= walk.end);
	}
}
END_TEST

START_TEST(urls)
{
	static const struct {
		const char *text, *host;
		int port, db;
	} good[] = {
	    {"redis://127.0.0.1", "127.0.0.1", 6379, 0},
	    {"redis://h:1/15", "h", 1, 15},
	    {"redis://h/", "h", 6379, 0},
	    {"rediss://[::1]:65535/2", "::1", 65535, 2},
	    {"redis://[fe80::1]", "fe80::1", 6379, 0},
	    {"unix:///run/redis.sock", "", 0, 0},
	    {"unix:///run/redis.sock?db=3", "", 0, 3},
	};
	static const char *const bad[] = {"", "h", "redis://", "http://h",
	    "redis://h:0", "redis://h:65536", "redis://h:", "redis://h:x",
	    "redis://u:p@h", "redis://h/x", "redis://h/-1", "redis://h/1/2",
	    "redis://h?db=1", "redis://[::1", "redis://[::1]x", "redis://a b",
	    "redis://[]", "unix://relative", "unix:///a?db=", "unix:///a?x=1",
	    "unix:///a?db=1x", "REDIS://h", "redis://h/9999999999"};
	struct redis_url url;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(
		    redis__url_parse(good[i].text, &url), "%s", good[i].text);
		ck_assert_str_eq(url.host, good[i].host);
		ck_assert_int_eq(url.port, good[i].port);
		ck_assert_int_eq(url.db, good[i].db);
		ck_assert(sst_redis_valid_url(good[i].text));
	}
	ck_assert(redis__url_parse("unix:///run/r?db=3", &url));
	ck_assert_uint_eq(url.unix_len, strlen("/run/r"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!sst_redis_valid_url(bad[i]), "%s", bad[i]);
	ck_assert(sst_redis_valid_address("s1:26380"));
	ck_assert(sst_redis_valid_address("[::1]:26380"));
	ck_assert(!sst_redis_valid_address("s1:"));
	ck_assert(!sst_redis_valid_address("redis://s1"));
}
END_TEST

/* Texts of recorded errors, and what they mean to the command they answer. */
START_TEST(errors_have_codes)
{
	static const struct {
		const char *text;
		int code;
		bool of_all;
	} rows[] = {
	    {"CLUSTERDOWN Hash slot not served", SST_UNSUPPORTED, true},
	    {"MOVED 12182 127.0.0.1:16382", SST_UNSUPPORTED, true},
	    {"CROSSSLOT Keys in request don't hash", SST_UNSUPPORTED, true},
	    {"ERR SELECT is not allowed in cluster mode", SST_UNSUPPORTED,
		true},
	    {"NOAUTH Authentication required.", SST_UNAUTHORIZED, true},
	    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data "
	     "is set to 'no'.",
		SST_UPSTREAM, true},
	    {"LOADING Redis is loading the dataset in memory", SST_UPSTREAM,
		true},
	    {"BUSY Redis is busy running a script.", SST_UPSTREAM, true},
	    {"ERR max number of clients reached", SST_UPSTREAM, true},
	    {"DENIED Redis is running in protected mode", SST_FORBIDDEN, true},
	    {"WRONGPASS invalid username-password pair or user is disabled.",
		SST_UNAUTHORIZED, false},
	    {"NOPERM this user has no permissions to run the 'get' command",
		SST_FORBIDDEN, false},
	    {"WRONGTYPE Operation against a key holding the wrong kind of "
	     "value",
		SST_TYPE, false},
	    {"ERR unknown command 'llen', with args beginning with: 'foo' ",
		SST_UNSUPPORTED, false},
	    {"READONLY You can't write against a read only replica.",
		SST_UPSTREAM, false},
	    {"", SST_UPSTREAM, false},
	};
	struct sst_error err;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sst_redis_item item = {.type = REDIS_REPLY_ERROR,
		    .data = rows[i].text,
		    .len = strlen(rows[i].text)};

		sst_error_clear(&err);
		ck_assert_int_eq(
		    sst_redis_item_check(&item, "LLEN x", &err), rows[i].code);
		ck_assert_int_eq(err.code, rows[i].code);
		ck_assert_int_eq(strncmp(err.text, "LLEN x: ", 8), 0);
		ck_assert_int_eq(redis__error_code_of_all(item.data, item.len),
		    rows[i].of_all ? rows[i].code : SST_OK);
	}
}
END_TEST

START_TEST(an_error_text_is_made_safe)
{
	static const char text[] = "ERR \x01\xff token=abcdefgh0123";
	struct sst_redis_item item = {
	    .type = REDIS_REPLY_ERROR, .data = text, .len = sizeof(text) - 1};
	struct sst_error err;

	ck_assert_int_eq(
	    sst_redis_item_check(&item, "GET", &err), SST_UPSTREAM);
	ck_assert_ptr_null(strstr(err.text, "abcdefgh0123"));
	ck_assert_ptr_null(strchr(err.text, '\x01'));
}
END_TEST

static void
add(TCase *tc)
{
	int n = (int)(sizeof(whole) / sizeof(whole[0]));

	tcase_add_loop_test(tc, a_whole_reply_ends_where_it_ends, 0, n);
	tcase_add_loop_test(tc, cut_at_every_byte_it_waits, 0, n);
	tcase_add_loop_test(tc, hiredis_takes_what_it_takes, 0, n);
	tcase_add_loop_test(tc, what_is_no_reply_is_refused, 0,
	    (int)(sizeof(broken) / sizeof(broken[0])));
	tcase_add_test(tc, what_is_announced_is_bounded_before_it_comes);
	tcase_add_test(tc, a_line_without_an_end_is_given_up);
	tcase_add_test(tc, values_are_walked_one_by_one);
	tcase_add_test(tc, a_walk_over_anything_ends);
	tcase_add_test(tc, urls);
	tcase_add_test(tc, errors_have_codes);
	tcase_add_test(tc, an_error_text_is_made_safe);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "redis_scan", .add = add};

	return suite_run(&plan);
}
