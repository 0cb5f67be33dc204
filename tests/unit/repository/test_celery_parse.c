/*
 * Messages, bodies, results and bindings of Celery, recorded and hostile, and
 * what is concluded from them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/celery_parse.h"

#define WORLD SST_SOURCE_DIR "/mocks/upstreams/celery/"

static struct celery_pool pool;

static void
teardown(void)
{
	celery__pool_fini(&pool);
}

static void
text_is(struct queue_text text, const char *want)
{
	if (want == NULL) {
		ck_assert_ptr_null(text.data);
		return;
	}
	ck_assert_ptr_nonnull(text.data);
	ck_assert_msg(
	    text.len == strlen(want) && memcmp(text.data, want, text.len) == 0,
	    "%.*s, not %s", (int)text.len, text.data, want);
}

static int
parse(const char *text, struct celery_message *m)
{
	struct celery_value value = celery__scan(text, strlen(text));
	const char *reason = NULL;
	int code =
	    celery__parse_message(&value, "depends_on", &pool, m, &reason);

	ck_assert(code == SST_OK || reason != NULL);
	return code;
}

/* A message with that body, and ones of these parts. */
static char *
message(const char *headers, const char *properties, const char *body)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	struct sst_buf text = SST_BUF_INIT;
	size_t i, k, len = strlen(body);
	uint32_t bits;

	sst_buf_adds(&text, "{\"body\": \"");
	for (i = 0; i < len; i += 3) {
		bits = 0;
		for (k = 0; k < 3; k++)
			bits = bits << 8 |
			       (i + k < len ? (unsigned char)body[i + k] : 0);
		for (k = 0; k < 4; k++)
			sst_buf_addc(&text,
			    i + k > len ? '='
					: digits[bits >> (18 - 6 * k) & 63]);
	}
	sst_buf_addf(&text,
	    "\", \"content-encoding\": \"utf-8\", "
	    "\"content-type\": \"application/json\", \"headers\": {%s}, "
	    "\"properties\": {%s\"body_encoding\": \"base64\"}}",
	    headers, properties);
	ck_assert(!sst_buf_failed(&text));
	return sst_buf_take(&text, NULL);
}

START_TEST(test_recorded_message)
{
	struct celery_next next[CELERY_NEXT_MAX];
	struct celery_message m;
	char line[8192];
	size_t count = 0, followers;
	FILE *f = fopen(WORLD "messages.jsonl", "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0')
			continue;
		ck_assert_int_eq(parse(line, &m), SST_OK);
		ck_assert_uint_eq(m.id.len, 36);
		text_is(m.type, "agents.plan");
		ck_assert_int_eq(m.retries, 0);
		ck_assert_int_eq(m.eta.ms, QUEUE_NEVER.ms);
		ck_assert(m.has_priority);
		ck_assert_int_eq(m.waits_for.type, CELERY_ARRAY);
		ck_assert_int_eq(
		    celery__parse_next(&m, &pool, next, &followers), SST_OK);
		ck_assert_uint_eq(followers, 0);
		count++;
	}
	fclose(f);
	ck_assert_uint_eq(count, 20);
}
END_TEST

START_TEST(test_recorded_taken)
{
	struct celery_message m;
	struct celery_taken taken;
	const char *reason;
	char line[8192];
	size_t etas = 0, retries = 0, count = 0;
	FILE *f = fopen(WORLD "unacked.txt", "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '[')
			continue;
		ck_assert_int_eq(celery__parse_taken(line, strlen(line), &pool,
				     &taken, &reason),
		    SST_OK);
		text_is(taken.exchange, "");
		ck_assert_int_eq(celery__parse_message(
				     &taken.message, NULL, &pool, &m, &reason),
		    SST_OK);
		etas += m.eta.ms != QUEUE_NEVER.ms ? 1 : 0;
		retries += m.retries > 0 ? 1 : 0;
		count++;
	}
	fclose(f);
	ck_assert_uint_eq(count, 11);
	ck_assert_uint_eq(etas, 9);
	ck_assert_uint_eq(retries, 4);
}
END_TEST

START_TEST(test_recorded_results)
{
	struct celery_result result;
	size_t by_state[CELERY_REVOKED + 1] = {0};
	char line[65536];
	FILE *f = fopen(WORLD "results.jsonl", "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		ck_assert_int_eq(
		    celery__parse_result(line, strlen(line), &pool, &result),
		    SST_OK);
		by_state[result.state]++;
		if (result.state == CELERY_STARTED)
			text_is(result.worker, "worker1@planner");
		if (result.state == CELERY_FAILURE ||
		    result.state == CELERY_RETRY)
			ck_assert_uint_gt(result.error.len, 0);
	}
	fclose(f);
	ck_assert_uint_eq(by_state[CELERY_STARTED], 2);
	ck_assert_uint_gt(by_state[CELERY_SUCCESS], 0);
	ck_assert_uint_gt(by_state[CELERY_FAILURE], 0);
}
END_TEST

START_TEST(test_eta)
{
	static const struct {
		const char *eta;
		int64_t ms;
	} rows[] = {
	    {"\"2026-11-21T02:50:31.508593+00:00\"", 1795229431508},
	    {"\"2026-11-21T03:50:31.508593+01:00\"", 1795229431508},
	    {"\"2026-11-21T02:50:31.508593\"", 1795229431508},
	    {"\"2026-11-21T02:50:31\"", 1795229431000},
	    {"null", INT64_MIN},
	    {"17", INT64_MIN},
	    {"\"tomorrow, or the day after it\"", INT64_MIN},
	    {"\"2026-13-41T02:50:31\"", INT64_MIN},
	    {"\"\"", INT64_MIN},
	};
	struct celery_message m;
	char headers[128], *text;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(headers, sizeof(headers), "\"id\": \"a\", \"eta\": %s",
		    rows[i].eta);
		text = message(headers, "", "");
		ck_assert_int_eq(parse(text, &m), SST_OK);
		ck_assert_int_eq(m.eta.ms, rows[i].ms);
		free(text);
	}
}
END_TEST

START_TEST(test_not_messages)
{
	static const char *const bad[] = {"", "null", "42", "[]", "\"text\"",
	    "{", "{\"headers\"", "{\"headers\": {\"id\": \"a\"}", "{}",
	    "{\"headers\": 42}", "{\"headers\": {\"id\": 42}}",
	    "{\"headers\": {\"id\": \"\"}}", "{\"headers\": []}",
	    "{\"headers\": {\"id\": null}, \"properties\": []}",
	    "{\"headers\": {}, \"properties\": {\"correlation_id\": {}}}",
	    "{\"headers\": {\"id\": \"a\"}} x", "{,}", "{1: 2}",
	    "{\"a\" \"b\"}", "{\"a\": }", "\x80\x02}q\x01"};
	struct celery_message m;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(parse(bad[i], &m) == SST_PROTOCOL, "%s", bad[i]);
}
END_TEST

START_TEST(test_wrong_types_cost_one_field)
{
	struct celery_message m;
	char *text = message("\"id\": \"a\", \"task\": 42, \"retries\": \"2\", "
			     "\"group\": {}, \"eta\": []",
	    "\"priority\": \"high\", ", "");

	ck_assert_int_eq(parse(text, &m), SST_OK);
	text_is(m.id, "a");
	text_is(m.type, NULL);
	ck_assert_int_eq(m.retries, QUEUE_UNKNOWN);
	ck_assert(!m.has_priority);
	free(text);
}
END_TEST

START_TEST(test_escapes)
{
	struct celery_message m;

	ck_assert_int_eq(
	    parse("{\"headers\": {\"id\": \"a\\\"\\u00e9\\ud83d\\ude00\\n\", "
		  "\"task\": \"\\ud83d x\\u12\"}}",
		&m),
	    SST_OK);
	text_is(m.id, "a\"\xc3\xa9\xf0\x9f\x98\x80\n");
	text_is(m.type, "\xef\xbf\xbd x\xef\xbf\xbd"
			"12");
}
END_TEST

START_TEST(test_no_headers)
{
	struct celery_message m;
	char *text;

	/* protocol 1 */
	text = message("", "\"correlation_id\": \"c\", ",
	    "{\"task\": \"old.plan\", \"id\": \"i\", \"retries\": 3, "
	    "\"eta\": \"2026-11-21T02:50:31+00:00\", \"args\": []}");
	ck_assert_int_eq(parse(text, &m), SST_OK);
	text_is(m.id, "i");
	text_is(m.type, "old.plan");
	ck_assert_int_eq(m.retries, 3);
	ck_assert_int_eq(m.eta.ms, 1795229431000);
	free(text);
	/* the same, but pickled: only what kombu wrote is known */
	text = message("", "\"correlation_id\": \"c\", ", "\x80\x02}q\x01.");
	ck_assert_int_eq(parse(text, &m), SST_OK);
	text_is(m.id, "c");
	text_is(m.type, NULL);
	free(text);
	/* nor JSON, by its own account */
	ck_assert_int_eq(
	    parse("{\"body\": \"gAJ9cQEu\", \"content-type\": "
		  "\"application/x-python-serialize\", \"headers\": {}, "
		  "\"properties\": {\"correlation_id\": \"p\", "
		  "\"body_encoding\": \"base64\"}}",
		&m),
	    SST_OK);
	text_is(m.id, "p");
	ck_assert_int_eq(m.body.type, CELERY_ABSENT);
	/* compressed */
	text = message("\"compression\": \"application/x-gzip\"",
	    "\"correlation_id\": \"g\", ", "[[], {}, {\"chain\": 1}]");
	ck_assert_int_eq(parse(text, &m), SST_OK);
	text_is(m.id, "g");
	ck_assert_int_eq(m.body.type, CELERY_ABSENT);
	free(text);
}
END_TEST

static size_t
followers(const char *body, struct celery_next *next, int want)
{
	char *text = message("\"id\": \"a\", \"group\": \"g\"", "", body);
	struct celery_message m;
	size_t count = 99;

	ck_assert_int_eq(parse(text, &m), SST_OK);
	ck_assert_int_eq(celery__parse_next(&m, &pool, next, &count), want);
	free(text);
	return count;
}

START_TEST(test_chain)
{
	struct celery_next next[CELERY_NEXT_MAX];

	/* the next task is the last item */
	ck_assert_uint_eq(
	    followers("[[], {}, {\"callbacks\": null, \"errbacks\": null, "
		      "\"chain\": [{\"task\": \"t.c\", \"options\": "
		      "{\"task_id\": \"c\", \"queue\": \"q.c\"}}, "
		      "{\"task\": \"t.b\", \"options\": {\"task_id\": \"b\"}}"
		      "], \"chord\": null}]",
		next, SST_OK),
	    2);
	text_is(next[0].id, "b");
	text_is(next[0].type, "t.b");
	text_is(next[0].queue, NULL);
	ck_assert_int_eq(next[0].after, -1);
	text_is(next[1].id, "c");
	text_is(next[1].queue, "q.c");
	ck_assert_int_eq(next[1].after, 0);
}
END_TEST

START_TEST(test_chord)
{
	struct celery_next next[CELERY_NEXT_MAX];

	ck_assert_uint_eq(
	    followers("[[], {}, {\"callbacks\": null, \"errbacks\": null, "
		      "\"chain\": null, \"chord\": {\"task\": \"t.sum\", "
		      "\"options\": {\"task_id\": \"s\"}}}]",
		next, SST_OK),
	    1);
	text_is(next[0].id, "s");
	ck_assert_int_eq(next[0].after, -1);
	/* a chain in a chord: the end waits for the last of the chain */
	ck_assert_uint_eq(
	    followers("[[], {}, {\"chain\": [{\"task\": \"t.b\", \"options\": "
		      "{\"task_id\": \"b\", \"chord\": {\"task\": \"t.s\", "
		      "\"options\": {\"task_id\": \"s\"}}}}]}]",
		next, SST_OK),
	    2);
	text_is(next[1].id, "s");
	ck_assert_int_eq(next[1].after, 0);
}
END_TEST

START_TEST(test_callbacks)
{
	struct celery_next next[CELERY_NEXT_MAX];

	ck_assert_uint_eq(
	    followers("[[], {}, {\"callbacks\": [{\"task\": \"t\", "
		      "\"options\": {\"task_id\": \"x\"}}, {\"task\": \"no\"},"
		      " 42, {\"options\": {\"task_id\": 7}}], \"errbacks\": "
		      "null, \"chain\": null, \"chord\": null}]",
		next, SST_OK),
	    1);
	text_is(next[0].id, "x");
}
END_TEST

START_TEST(test_bodies_that_lie)
{
	struct celery_next next[CELERY_NEXT_MAX];
	struct sst_buf body = SST_BUF_INIT;
	struct celery_message m;
	size_t count;
	int i;

	followers("not JSON", next, SST_PROTOCOL);
	followers("[[], {}, {\"chain\": [", next, SST_PROTOCOL);
	ck_assert_uint_eq(followers("[]", next, SST_OK), 0);
	ck_assert_uint_eq(followers("[[], {}, 42]", next, SST_OK), 0);
	ck_assert_uint_eq(followers("{\"task\": \"old\"}", next, SST_OK), 0);
	/* not base64 */
	ck_assert_int_eq(
	    parse("{\"body\": \"W*==\", \"content-type\": "
		  "\"application/json\", \"headers\": {\"id\": \"a\"}, "
		  "\"properties\": {\"body_encoding\": \"base64\"}}",
		&m),
	    SST_OK);
	ck_assert_int_eq(
	    celery__parse_next(&m, &pool, next, &count), SST_PROTOCOL);
	/* a chain without end: the first ones of it */
	sst_buf_adds(&body, "[[], {}, {\"chain\": [");
	for (i = 1000; i > 0; i--)
		sst_buf_addf(&body,
		    "%s{\"task\": \"t\", \"options\": {\"task_id\": \"%d\"}}",
		    i < 1000 ? "," : "", i);
	sst_buf_adds(&body, "]}]");
	ck_assert_uint_eq(followers(body.data, next, SST_OK), CELERY_NEXT_MAX);
	text_is(next[0].id, "1");
	text_is(next[63].id, "64");
	/* deeply nested, and too large */
	sst_buf_clear(&body);
	for (i = 0; i < 100000; i++)
		sst_buf_addc(&body, '[');
	followers(body.data, next, SST_PROTOCOL);
	for (i = 0; i < 200000; i++)
		sst_buf_addc(&body, ' ');
	followers(body.data, next, SST_LIMIT);
	sst_buf_fini(&body);
}
END_TEST

START_TEST(test_large_bodies_without_followers)
{
	struct celery_next next[CELERY_NEXT_MAX];
	struct sst_buf body = SST_BUF_INIT;
	int i;

	sst_buf_adds(&body, "[[\"");
	for (i = 0; i < 400000; i++)
		sst_buf_addc(&body, 'x');
	sst_buf_adds(&body, "\"], {}, {\"callbacks\": null, \"errbacks\": "
			    "null, \"chain\": null, \"chord\": null}]");
	ck_assert_uint_eq(followers(body.data, next, SST_OK), 0);
	sst_buf_fini(&body);
}
END_TEST

START_TEST(test_not_taken)
{
	static const char *const bad[] = {"", "{}", "[]", "[1]", "[{}, \"\"]",
	    "[{}, \"\", 42]", "[{}, \"\" \"q\"]", "[{},\"\",\"q\""};
	struct celery_taken taken;
	const char *reason;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		reason = NULL;
		ck_assert_msg(celery__parse_taken(bad[i], strlen(bad[i]), &pool,
				  &taken, &reason) == SST_PROTOCOL,
		    "%s", bad[i]);
		ck_assert_ptr_nonnull(reason);
	}
	ck_assert_int_eq(celery__parse_taken("[{}, null, \"q\\n\"]", 17, &pool,
			     &taken, &reason),
	    SST_OK);
	text_is(taken.exchange, "");
	text_is(taken.routing_key, "q\n");
}
END_TEST

static enum celery_state
state_of(const char *text, struct celery_result *out)
{
	ck_assert_int_eq(
	    celery__parse_result(text, strlen(text), &pool, out), SST_OK);
	return out->state;
}

START_TEST(test_results)
{
	struct celery_result r;

	ck_assert_int_eq(
	    state_of("{\"status\": \"PENDING\"}", &r), CELERY_NO_RESULT);
	ck_assert_int_eq(state_of("{\"status\": 42}", &r), CELERY_NO_RESULT);
	ck_assert_int_eq(
	    state_of("{\"status\": \"REVOKED\"}", &r), CELERY_REVOKED);
	ck_assert_int_eq(
	    state_of("{\"status\": \"RETRY\", \"result\": {\"exc_type\": "
		     "\"ValueError\", \"exc_message\": [\"no \\\"x\\\"\", 3]"
		     "}, \"worker\": \"w@h\"}",
		&r),
	    CELERY_RETRY);
	text_is(r.error, "ValueError: no \"x\"");
	text_is(r.worker, "w@h");
	state_of("{\"status\": \"FAILURE\", \"result\": {\"exc_type\": \"E\", "
		 "\"exc_message\": []}}",
	    &r);
	text_is(r.error, "E");
	/* what a task returns is not an error, and never shown */
	ck_assert_int_eq(
	    state_of("{\"status\": \"SUCCESS\", \"result\": {\"exc_type\": "
		     "\"E\", \"hostname\": \"h\"}}",
		&r),
	    CELERY_SUCCESS);
	text_is(r.error, NULL);
	text_is(r.worker, NULL);
	/* cut */
	ck_assert_int_eq(
	    state_of("{\"status\": \"SUCCESS\", \"result\": {\"a\": [1, 2", &r),
	    CELERY_SUCCESS);
	ck_assert_int_eq(celery__parse_result("", 0, &pool, &r), SST_PROTOCOL);
	ck_assert_int_eq(
	    celery__parse_result("{\"stat", 6, &pool, &r), SST_PROTOCOL);
	ck_assert_int_eq(
	    celery__parse_result("\x80\x02}", 3, &pool, &r), SST_PROTOCOL);
}
END_TEST

START_TEST(test_bindings)
{
	struct celery_binding b;
	const char *sep = "\x06\x16";

	ck_assert(celery__parse_binding("rk\x06\x16\x06\x16"
					"agent.plan",
	    16, sep, &b));
	text_is(b.routing_key, "rk");
	text_is(b.pattern, "");
	text_is(b.queue, "agent.plan");
	ck_assert(celery__parse_binding("|p|q", 4, "|", &b));
	text_is(b.pattern, "p");
	ck_assert(!celery__parse_binding("", 0, sep, &b));
	ck_assert(!celery__parse_binding("a", 1, sep, &b));
	ck_assert(!celery__parse_binding("a|b", 3, "|", &b));
	ck_assert(!celery__parse_binding("a|b|", 4, "|", &b));
	ck_assert(!celery__parse_binding("a|b|c|d", 7, "|", &b));
	ck_assert(
	    celery__is_internal(queue__text("worker1@planner.celery.pidbox")));
	ck_assert(celery__is_internal(queue__text("0fe4.reply.celery.pidbox")));
	ck_assert(celery__is_internal(queue__text("celeryev.e0ed20da")));
	ck_assert(!celery__is_internal(queue__text("celery")));
	ck_assert(!celery__is_internal(queue__text("pidbox.agent")));
}
END_TEST

START_TEST(test_walk)
{
	struct celery_value all = celery__scan(" [1, \"a\\\\\", {}] ", 16);
	struct celery_walk walk = celery__walk(&all);
	struct celery_value item;
	int64_t n;

	ck_assert(celery__walk_next(&walk, NULL, &item));
	ck_assert(celery__int(&item, &n) && n == 1);
	ck_assert(celery__walk_next(&walk, NULL, &item));
	ck_assert_uint_eq(item.len, 3);
	ck_assert(celery__walk_next(&walk, NULL, &item));
	ck_assert_int_eq(item.type, CELERY_OBJECT);
	ck_assert(!celery__walk_next(&walk, NULL, &item));
	ck_assert(!walk.broken);
	all = celery__scan("-12", 3);
	ck_assert(celery__int(&all, &n) && n == -12);
	all = celery__scan("1.5", 3);
	ck_assert(!celery__int(&all, &n));
	all = celery__scan("1234567890123456789", 19);
	ck_assert(!celery__int(&all, &n));
	all = celery__scan("-", 1);
	ck_assert(!celery__int(&all, &n));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("celery_parse");
	TCase *tc = tcase_create("celery_parse");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, test_recorded_message);
	tcase_add_test(tc, test_recorded_taken);
	tcase_add_test(tc, test_recorded_results);
	tcase_add_test(tc, test_eta);
	tcase_add_test(tc, test_not_messages);
	tcase_add_test(tc, test_wrong_types_cost_one_field);
	tcase_add_test(tc, test_escapes);
	tcase_add_test(tc, test_no_headers);
	tcase_add_test(tc, test_chain);
	tcase_add_test(tc, test_chord);
	tcase_add_test(tc, test_callbacks);
	tcase_add_test(tc, test_bodies_that_lie);
	tcase_add_test(tc, test_large_bodies_without_followers);
	tcase_add_test(tc, test_not_taken);
	tcase_add_test(tc, test_results);
	tcase_add_test(tc, test_bindings);
	tcase_add_test(tc, test_walk);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
