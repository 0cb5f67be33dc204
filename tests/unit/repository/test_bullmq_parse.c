/* What Redis answers about BullMQ, byte by byte. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/bullmq_parse.h"

#define RECORDED SST_SOURCE_DIR "/mocks/upstreams/bullmq/"

/* The reply that these bytes are; freed by done(). */
static redisReply *reply;

static redisReply *
read_reply(const char *bytes, size_t len)
{
	struct redisReader *reader = redisReaderCreate();
	void *out = NULL;

	ck_assert_int_eq(redisReaderFeed(reader, bytes, len), REDIS_OK);
	ck_assert_int_eq(redisReaderGetReply(reader, &out), REDIS_OK);
	ck_assert_ptr_nonnull(out);
	redisReaderFree(reader);
	if (reply != NULL)
		freeReplyObject(reply);
	return reply = out;
}

#define REPLY(text) read_reply(text, sizeof(text) - 1)

static redisReply *
bulk(const char *text, size_t len)
{
	char *bytes = malloc(len + 64);
	int head = snprintf(bytes, 64, "$%zu\r\n", len);

	memcpy(bytes + head, text, len);
	memcpy(bytes + head + len, "\r\n", 2);
	read_reply(bytes, (size_t)head + len + 2);
	free(bytes);
	return reply;
}

static void
done(void)
{
	if (reply != NULL)
		freeReplyObject(reply);
	reply = NULL;
}

static struct queue_text
text_of(const char *text)
{
	return queue__text(text);
}

static void
is(struct queue_text got, const char *want)
{
	ck_assert_msg(got.len == strlen(want) &&
			  memcmp(got.data, want, got.len) == 0,
	    "'%.*s', expected '%s'", (int)got.len, got.data, want);
}

START_TEST(counts)
{
	ck_assert_int_eq(bullmq__parse_count(REPLY(":7\r\n")), 7);
	ck_assert_int_eq(bullmq__parse_count(REPLY(":-1\r\n")), -1);
	ck_assert_int_eq(bullmq__parse_count(REPLY("$1\r\n7\r\n")), -1);
	ck_assert_int_eq(bullmq__parse_count(REPLY("$-1\r\n")), -1);
}
END_TEST

START_TEST(numbers)
{
	static const char *const bad[] = {
	    "", "-1", "1.5", "1e3", " 1", "1 ", "0x1", "9999999999999999999"};
	int64_t n = -7;
	size_t i;

	ck_assert(bullmq__parse_number(bulk("1795226728021", 13), &n));
	ck_assert_int_eq(n, 1795226728021LL);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!bullmq__parse_number(
				  bulk(bad[i], strlen(bad[i])), &n),
		    "'%s'", bad[i]);
	ck_assert(!bullmq__parse_number(REPLY(":5\r\n"), &n));
	ck_assert_int_eq(n, 1795226728021LL);
}
END_TEST

/* As recorded: lists_sets.txt. */
START_TEST(scores)
{
	double score = 0;

	ck_assert(bullmq__parse_score(bulk("7353248925704192", 16), &score));
	ck_assert_int_eq(bullmq__delayed_until(score).ms, 1795226788502LL);
	ck_assert(bullmq__parse_score(bulk("7353254773583875.0", 18), &score));
	ck_assert_int_eq(bullmq__delayed_until(score).ms, 1795228216207LL);
	ck_assert(bullmq__parse_score(bulk("21474836482", 11), &score));
	ck_assert_int_eq(bullmq__prioritized_level(score), 5);
	ck_assert_int_eq(bullmq__prioritized_level(429496729600.0 * 20971.52),
	    2097152);
	ck_assert(!bullmq__parse_score(bulk("nan", 3), &score));
	ck_assert(!bullmq__parse_score(bulk("inf", 3), &score));
	ck_assert(!bullmq__parse_score(bulk("1\0002", 3), &score));
	ck_assert(!bullmq__parse_score(bulk("", 0), &score));
	ck_assert_int_eq(bullmq__delayed_until(0).ms, QUEUE_NEVER.ms);
	ck_assert_int_eq(bullmq__delayed_until(-5e20).ms, QUEUE_NEVER.ms);
	ck_assert_int_eq(bullmq__delayed_until(1e300).ms, QUEUE_NEVER.ms);
	ck_assert_int_eq(bullmq__prioritized_level(-1), QUEUE_UNKNOWN);
	ck_assert_int_eq(bullmq__prioritized_level(1e300), QUEUE_UNKNOWN);
}
END_TEST

START_TEST(keys)
{
	static const struct {
		const char *key, *queue;
	} rows[] = {{"bull:agent-tools:meta", "agent-tools"},
	    {"bull:agent:tools:meta", "agent:tools"},
	    {"bull:legacy:id", "legacy"}, {"bull::meta", NULL},
	    {"bull:meta", NULL}, {"bull:x:meta-paused", NULL},
	    {"bulls:x:meta", NULL}, {"bul:x:meta", NULL}, {"", NULL},
	    {"bull:x:wait", NULL}, {":meta", NULL}};
	struct queue_text name;
	size_t i;
	bool got;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = bullmq__parse_key(
		    "bull", rows[i].key, strlen(rows[i].key), &name);
		ck_assert_msg(got == (rows[i].queue != NULL), "%s",
		    rows[i].key);
		if (got)
			is(name, rows[i].queue);
	}
	ck_assert(bullmq__parse_key("{b}", "{b}:q:meta", 10, &name));
	is(name, "q");
}
END_TEST

/* HMGET as BullMQ 6.7.0 answered for an active job with 4 attempts. */
START_TEST(active_job)
{
	struct bullmq_job job;
	struct sst_error err;

	REPLY("*11\r\n$6\r\nsearch\r\n$13\r\n1795226728021\r\n"
	      "$14\r\n{\"attempts\":4}\r\n$1\r\n0\r\n$-1\r\n$-1\r\n$-1\r\n"
	      "$1\r\n1\r\n$13\r\n1795226728502\r\n$-1\r\n"
	      "$13\r\ntool-worker-1\r\n");
	ck_assert_int_eq(bullmq__parse_job(reply, &job, &err), SST_OK);
	is(job.name, "search");
	is(job.worker, "tool-worker-1");
	ck_assert_int_eq(job.submitted_ms, 1795226728021LL);
	ck_assert_int_eq(job.processed_ms, 1795226728502LL);
	ck_assert_int_eq(job.attempts, 0);
	ck_assert_int_eq(job.starts, 1);
	ck_assert_int_eq(job.priority, 0);
	ck_assert_int_eq(job.max_attempts, QUEUE_UNKNOWN);
	ck_assert(job.error.data == NULL && !job.finished);
}
END_TEST

START_TEST(failed_job)
{
	struct bullmq_job job;
	struct sst_error err;

	/* Bull counts in attemptsMade; only the first line of an error is
	 * told, as others may hold arguments */
	REPLY("*7\r\n$4\r\nboom\r\n$1\r\nx\r\n$-1\r\n$1\r\n2\r\n$-1\r\n"
	      "$1\r\n3\r\n$26\r\n\ntool crashed\nwith secrets\r\n");
	ck_assert_int_eq(bullmq__parse_job(reply, &job, &err), SST_OK);
	ck_assert_int_eq(job.attempts, 3);
	ck_assert_int_eq(job.priority, 2);
	ck_assert_int_eq(job.submitted_ms, QUEUE_UNKNOWN);
	is(job.error, "tool crashed");
	/* of another type */
	REPLY("*7\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n");
	ck_assert_int_eq(bullmq__parse_job(reply, &job, &err), SST_OK);
	ck_assert_int_eq(job.attempts, QUEUE_UNKNOWN);
	ck_assert_ptr_null(job.name.data);
}
END_TEST

START_TEST(no_job)
{
	struct bullmq_job job = {.priority = 77};
	struct sst_error err;

	REPLY("*7\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n");
	ck_assert_int_eq(
	    bullmq__parse_job(reply, &job, &err), SST_NOT_FOUND);
	ck_assert_int_eq(
	    bullmq__parse_job(REPLY("*0\r\n"), &job, &err), SST_PROTOCOL);
	ck_assert_int_eq(
	    bullmq__parse_job(REPLY("+OK\r\n"), &job, &err), SST_PROTOCOL);
	ck_assert_int_eq(
	    bullmq__parse_job(REPLY("*1\r\n$-1\r\n"), &job, &err),
	    SST_PROTOCOL);
	ck_assert_int_eq(job.priority, 77);
}
END_TEST

START_TEST(options)
{
	static const struct {
		const char *text;
		int code;
		int64_t attempts;
	} rows[] = {{"{\"attempts\":4}", SST_OK, 4},
	    {"{\"backoff\":{\"delay\":60000,\"attempts\":9},\"attempts\":4}",
		SST_OK, 4},
	    {" { \"a\" : [ 1 , { \"x\" : \"}\" } ] , \"attempts\" : 3 } ",
		SST_OK, 3},
	    {"{\"x\":\"\\\"attempts\\\":7\",\"attempts\":2}", SST_OK, 2},
	    {"{}", SST_OK, 1}, {"{\"attempts\":0}", SST_OK, 1},
	    {"{\"jobId\":\"a\"}", SST_OK, 1},
	    {"{\"attempts\":\"4\"}", SST_TYPE, 0},
	    {"{\"attempts\":-1}", SST_TYPE, 0},
	    {"{\"attempts\":1.5}", SST_TYPE, 0},
	    {"{\"attempts\":99999999999999999999}", SST_TYPE, 0},
	    {"[]", SST_TYPE, 0}, {"7", SST_TYPE, 0}, {"", SST_SYNTAX, 0},
	    {"  ", SST_SYNTAX, 0}, {"{", SST_SYNTAX, 0},
	    {"{\"attempts\"", SST_SYNTAX, 0}, {"{\"attempts\":", SST_SYNTAX, 0},
	    {"{\"attempts\":4", SST_SYNTAX, 0},
	    {"{\"attempts\":4,}", SST_SYNTAX, 0},
	    {"{\"attempts\":4}x", SST_SYNTAX, 0},
	    {"{\"a\":[[[[}", SST_SYNTAX, 0}, {"{\"a\\", SST_SYNTAX, 0},
	    {"{attempts:4}", SST_SYNTAX, 0}};
	struct sst_error err;
	int64_t attempts;
	size_t i;
	int code;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		attempts = 0;
		code = bullmq__parse_opts(
		    text_of(rows[i].text), &attempts, &err);
		ck_assert_msg(code == rows[i].code &&
				  attempts == rows[i].attempts,
		    "%s: %d, %d", rows[i].text, code, (int)attempts);
	}
}
END_TEST

/* A million brackets are no reason to run out of stack. */
START_TEST(deep_options)
{
	enum { DEEP = 1000000 };
	char *text = malloc(DEEP + 16);
	struct sst_error err;
	int64_t attempts = 0;

	memcpy(text, "{\"a\":", 5);
	memset(text + 5, '[', DEEP);
	ck_assert_int_eq(
	    bullmq__parse_opts(
		(struct queue_text){text, DEEP + 5}, &attempts, &err),
	    SST_SYNTAX);
	free(text);
}
END_TEST

struct workers {
	int count;
	char last[64];
};

static void
on_worker(void *ctx, struct queue_text queue)
{
	struct workers *w = ctx;

	w->count++;
	snprintf(w->last, sizeof(w->last), "%.*s", (int)queue.len, queue.data);
}

START_TEST(recorded_clients)
{
	struct workers w = {0};
	char *text = malloc(65536);
	FILE *f = fopen(RECORDED "client_list.txt", "rb");
	size_t len;

	ck_assert_ptr_nonnull(f);
	len = fread(text, 1, 65536, f);
	fclose(f);
	bulk(text, len);
	free(text);
	ck_assert(bullmq__parse_clients(reply, "bull", 3, on_worker, &w));
	ck_assert_int_eq(w.count, 2);
	ck_assert_str_eq(w.last, "agent-tools");
	/* another database, another prefix */
	ck_assert(bullmq__parse_clients(reply, "bull", 4, on_worker, &w));
	ck_assert(bullmq__parse_clients(reply, "bul", 3, on_worker, &w));
	ck_assert_int_eq(w.count, 2);
	ck_assert(bullmq__parse_clients(reply, "bull", -1, on_worker, &w));
	ck_assert_int_eq(w.count, 4);
}
END_TEST

START_TEST(client_names)
{
	static const struct {
		const char *name;
		int count;
	} rows[] = {{"bull:YQ==", 1}, {"bull:YQ==:w:x", 1},
	    {"bull:YQ==:w:", 1}, {"bull:YQ==:qe", 0}, {"bull:YQ==:w", 0},
	    {"bull:", 0}, {"bull", 0}, {"", 0}, {"bull:?", 0},
	    {"bull::w:x", 0}};
	char line[200];
	struct workers w;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&w, 0, sizeof(w));
		snprintf(line, sizeof(line), "id=1 name=%s age=1 db=0 x=y\n",
		    rows[i].name);
		bulk(line, strlen(line));
		ck_assert(
		    bullmq__parse_clients(reply, "bull", 0, on_worker, &w));
		ck_assert_msg(w.count == rows[i].count, "%s", rows[i].name);
	}
	ck_assert(!bullmq__parse_clients(
	    REPLY(":1\r\n"), "bull", 0, on_worker, &w));
	ck_assert(
	    !bullmq__parse_clients(bulk("", 0), "bull", 0, on_worker, &w));
}
END_TEST

static enum queue_status
status(enum bullmq_state state, int64_t attempts, int64_t max)
{
	struct bullmq_job job = BULLMQ_JOB_INIT;

	job.attempts = attempts;
	job.max_attempts = max;
	return bullmq__status(state, &job);
}

START_TEST(states)
{
	ck_assert_int_eq(status(BULLMQ_WAIT, 0, 1), QUEUE_QUEUED);
	ck_assert_int_eq(status(BULLMQ_WAIT, 2, 3), QUEUE_QUEUED);
	ck_assert_int_eq(status(BULLMQ_PAUSED, 0, 1), QUEUE_QUEUED);
	ck_assert_int_eq(status(BULLMQ_PRIORITIZED, 0, 1), QUEUE_QUEUED);
	ck_assert_int_eq(status(BULLMQ_DELAYED, 0, 1), QUEUE_SCHEDULED);
	ck_assert_int_eq(status(BULLMQ_DELAYED, 1, 3), QUEUE_RETRYING);
	ck_assert_int_eq(status(BULLMQ_DELAYED, -1, 3), QUEUE_STATUS_UNKNOWN);
	ck_assert_int_eq(status(BULLMQ_ACTIVE, 1, 3), QUEUE_RUNNING);
	ck_assert_int_eq(status(BULLMQ_CHILDREN, 0, 1), QUEUE_BLOCKED);
	ck_assert_int_eq(status(BULLMQ_FAILED, 1, 3), QUEUE_FAILED);
	ck_assert_int_eq(status(BULLMQ_FAILED, 3, 3), QUEUE_DEAD);
	ck_assert_int_eq(status(BULLMQ_FAILED, 3, -1), QUEUE_FAILED);
	ck_assert_int_eq(status(BULLMQ_FAILED, -1, -1), QUEUE_FAILED);
}
END_TEST

static int
level(bool legacy, bool prioritized, int64_t priority)
{
	return (int)bullmq__priority(legacy, prioritized, priority).level;
}

START_TEST(levels)
{
	ck_assert_int_eq(level(false, false, 0), QUEUE_NORMAL);
	ck_assert_int_eq(level(false, false, 1), QUEUE_NORMAL);
	ck_assert_int_eq(level(false, true, 0), QUEUE_HIGH);
	ck_assert_int_eq(level(false, true, 1), QUEUE_CRITICAL);
	ck_assert_int_eq(level(false, true, 2), QUEUE_HIGH);
	ck_assert_int_eq(level(false, true, 5), QUEUE_HIGH);
	ck_assert_int_eq(level(false, true, 6), QUEUE_NORMAL);
	ck_assert_int_eq(level(false, true, 20), QUEUE_NORMAL);
	ck_assert_int_eq(level(false, true, 21), QUEUE_LOW);
	ck_assert_int_eq(level(false, true, -1), QUEUE_NORMAL);
	ck_assert_int_eq(level(true, true, 0), QUEUE_LOW);
	ck_assert_int_eq(level(true, true, 1), QUEUE_CRITICAL);
	ck_assert(!bullmq__priority(false, true, -1).has_number);
}
END_TEST

START_TEST(digests)
{
	static const char *const different[] = {":1\r\n", ":2\r\n",
	    "$1\r\n1\r\n", "$-1\r\n", "$0\r\n\r\n", "*0\r\n", "*1\r\n:1\r\n",
	    "*2\r\n:1\r\n:1\r\n", "*1\r\n*1\r\n:1\r\n",
	    "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*2\r\n$1\r\nb\r\n$1\r\na\r\n",
	    "*1\r\n$2\r\nab\r\n", "-ERR\r\n", "+ERR\r\n"};
	enum { COUNT = sizeof(different) / sizeof(different[0]) };
	struct sst_hash zero = {0, 0}, hashes[COUNT];
	size_t i, k;

	for (i = 0; i < COUNT; i++) {
		read_reply(different[i], strlen(different[i]));
		hashes[i] = bullmq__parse_digest(zero, reply);
		ck_assert(sst_hash_equal(
		    hashes[i], bullmq__parse_digest(zero, reply)));
		for (k = 0; k < i; k++)
			ck_assert_msg(!sst_hash_equal(hashes[i], hashes[k]),
			    "%zu and %zu", i, k);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bullmq_parse");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, NULL, done);
	tcase_add_test(tc, counts);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, scores);
	tcase_add_test(tc, keys);
	tcase_add_test(tc, active_job);
	tcase_add_test(tc, failed_job);
	tcase_add_test(tc, no_job);
	tcase_add_test(tc, options);
	tcase_add_test(tc, deep_options);
	tcase_add_test(tc, recorded_clients);
	tcase_add_test(tc, client_names);
	tcase_add_test(tc, states);
	tcase_add_test(tc, levels);
	tcase_add_test(tc, digests);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
