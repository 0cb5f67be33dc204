/* What goes wrong with a Redis, its rights and its keys: one fact is lost, and
 * told, and nothing else. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/poll.h"
#include "test_bullmq_support.h"

static struct bull bull;

static void
setup(void)
{
	bull_init(&bull, NULL);
	bull_play(&bull, "seed_v6.resp");
}

static void
teardown(void)
{
	bull_fini(&bull);
}

#define OF(queue, path, want) \
	ck_assert_str_eq(bull_of(&bull, queue, path), want)
#define TOLD(queue, id, member, want) \
	ck_assert_str_eq(bull_told(&bull, queue, id, member), want)

#define RIGHTS                                                               \
	"resetchannels -@all +ping +select +info +auth +hello +scan +type "  \
	"+exists +llen +lrange +zcard +zrange +zcount +zrangebyscore "       \
	"+zscore +hmget +sscan +xrevrange +multi +exec +client "

/* As a user with these rights on those keys. */
static void
as_user(const char *rights, const char *keys)
{
	char words[1024];
	const char *parts[64];
	size_t count = 0;
	char *word, *rest;
	redisReply *reply;

	snprintf(words, sizeof(words),
	    "ACL SETUSER snap reset on >pw %s " RIGHTS "%s", keys, rights);
	for (word = strtok_r(words, " ", &rest); word != NULL;
	    word = strtok_r(NULL, " ", &rest))
		parts[count++] = word;
	reply = redisCommandArgv(bull.redis, (int)count, parts, NULL);
	ck_assert_msg(reply != NULL && reply->type == REDIS_REPLY_STATUS,
	    "%s", reply == NULL ? "?" : reply->str);
	freeReplyObject(reply);
	bull_open(&bull, "username: snap, password: pw");
}

static void
collect_flawed(int code, const char *words)
{
	int got = bull_collect(&bull);

	ck_assert_msg(got == SST_OK, "%s", bull.subject.err.text);
	ck_assert_msg(bull.last->flaw.code == code, "%d: %s",
	    bull.last->flaw.code, bull.last->flaw.text);
	ck_assert_msg(strstr(bull.last->flaw.text, words) != NULL, "%s",
	    bull.last->flaw.text);
}

START_TEST(enough_rights)
{
	as_user("", "%R~bull:*");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 6);
	TOLD("agent-plan", "report-1", "status", "blocked");
}
END_TEST

/* Each command that is refused costs what it tells, at each collection. */
START_TEST(one_command_refused)
{
	static const struct {
		const char *right, *part, *queue, *path, *want;
	} rows[] = {
	    {"-llen", "queues", "agent-tools", "depth.running", "null"},
	    {"-zcard", "queues", "agent-tools", "depth.failed", "absent"},
	    {"-lrange", "queues", "agent-tools", "depth.ready", "7"},
	    {"-zrange", "queues", "agent-tools", "depth.delayed", "8"},
	    {"-hmget", "tasks", "agent-tools", "depth.total", "21"},
	    {"-exists", "queues", "agent-tools", "depth.total", "21"},
	    {"-type", "queues", "agent-tools", "depth.total", "21"},
	    {"-sscan", "flows", "agent-plan", "depth.blocked", "2"},
	    {"-client", "workers", "agent-plan", "consumers", "null"},
	};
	char words[64];
	size_t i;
	int k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		as_user(rows[i].right, "~bull:*");
		for (k = 0; k < 3; k++) {
			collect_flawed(SST_FORBIDDEN, "NOPERM");
			ck_assert_uint_eq(json_array_size(bull.tree), 6);
			OF(rows[i].queue, rows[i].path, rows[i].want);
			snprintf(words, sizeof(words), "forbidden: ");
			ck_assert_msg(strstr(bull_part(&bull, rows[i].part),
					  words) != NULL,
			    "%s: %s", rows[i].right,
			    bull_part(&bull, rows[i].part));
		}
	}
	/* given again, it is whole again */
	as_user("", "~bull:*");
	bull_collect_whole(&bull);
}
END_TEST

/* They save work, or make the cut sharp: nothing is lost without them. */
START_TEST(rights_that_are_not_needed)
{
	static const char *const rights[] = {
	    "-multi", "-exec", "-xrevrange", "-multi -exec -xrevrange"};
	size_t i;

	for (i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		as_user(rights[i], "~bull:*");
		bull_collect_whole(&bull);
		bull_collect_whole(&bull);
		OF("agent-tools", "depth.total", "21");
		TOLD("agent-tools", "boom-0", "status", "dead");
	}
}
END_TEST

START_TEST(no_right_to_walk)
{
	int i;

	as_user("-scan", "~bull:*");
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(bull_collect(&bull), SST_FORBIDDEN);
		ck_assert_ptr_nonnull(
		    strstr(bull.subject.err.text, "option queues"));
	}
	bull_open(&bull,
	    "username: snap, password: pw, queues: [agent-tools]");
	bull_collect_whole(&bull);
	OF("agent-tools", "depth.total", "21");
}
END_TEST

/* The walk shows queues whose keys may not be read. */
START_TEST(keys_of_others)
{
	as_user("", "~bull:agent-plan:*");
	collect_flawed(SST_FORBIDDEN, "NOPERM");
	ck_assert_uint_eq(json_array_size(bull.tree), 6);
	OF("agent-tools", "depth",
	    "{\"ready\":null,\"running\":null,\"total\":null}");
	OF("agent-tools", "tasks_total", "null");
	OF("agent-tools", "tasks_omitted", "null");
	OF("agent-tools", "tasks_detail", "unavailable");
	OF("agent-plan", "depth.blocked", "2");
	TOLD("agent-plan", "report-1", "status", "blocked");
	/* its child is in a queue that is not ours */
	ck_assert_ptr_nonnull(strstr(
	    bull_told(&bull, "agent-plan", "research-1", "blocked_by"),
	    "\"unknown\""));
}
END_TEST

START_TEST(wrong_password)
{
	as_user("", "~bull:*");
	bull_open(&bull, "username: snap, password: wrong-secret");
	ck_assert_int_eq(bull_collect(&bull), SST_UNAUTHORIZED);
	ck_assert_ptr_null(strstr(bull.subject.err.text, "wrong-secret"));
	ck_assert_int_eq(bull_collect(&bull), SST_UNAUTHORIZED);
}
END_TEST

START_TEST(keys_of_the_wrong_type)
{
	static const struct {
		const char *key, *path, *want;
	} rows[] = {{"wait", "depth.ready", "null"},
	    {"active", "depth.running", "null"},
	    {"prioritized", "depth.ready", "null"},
	    {"delayed", "depth.delayed", "absent"},
	    {"failed", "depth.failed", "absent"},
	    {"waiting-children", "depth.blocked", "absent"}};
	size_t i;

	bull_open(&bull, "");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bull_do(&bull, "DEL bull:agent-tools:%s", rows[i].key);
		bull_do(&bull, "SET bull:agent-tools:%s text", rows[i].key);
		collect_flawed(SST_TYPE, rows[i].key);
		ck_assert_uint_eq(json_array_size(bull.tree), 6);
		OF("agent-tools", rows[i].path, rows[i].want);
		OF("agent-tools", "tasks_total", "null");
		OF("agent-orphan", "depth.total", "20");
		bull_do(&bull, "DEL bull:agent-tools:%s", rows[i].key);
		bull_collect_whole(&bull);
	}
}
END_TEST

START_TEST(a_job_of_the_wrong_type)
{
	int i;

	bull_do(&bull, "DEL bull:agent-orphan:7");
	bull_do(&bull, "SET bull:agent-orphan:7 text");
	bull_open(&bull, "");
	for (i = 0; i < 2; i++) {
		collect_flawed(SST_TYPE, "/agent-orphan/7: its key is no hash");
		ck_assert_uint_eq(bull.last->rejected, 1);
		TOLD("agent-orphan", "7", "status", "no task");
		TOLD("agent-orphan", "8", "status", "queued");
		OF("agent-orphan", "tasks_omitted", "1");
	}
}
END_TEST

START_TEST(options_that_are_no_json)
{
	bull_do(&bull, "HSET bull:agent-orphan:7 opts {{{");
	bull_do(&bull, "HSET bull:agent-orphan:8 timestamp soon priority x");
	bull_open(&bull, "");
	collect_flawed(SST_TYPE, "/agent-orphan/7: opts: not JSON");
	TOLD("agent-orphan", "7", "max_attempts", "absent");
	TOLD("agent-orphan", "7", "status", "queued");
	TOLD("agent-orphan", "8", "submitted_at", "null");
	ck_assert_ptr_nonnull(strstr(
	    bull_told(&bull, "agent-orphan", "8", "priority"), "null"));
}
END_TEST

static void
push(const char *id, size_t len)
{
	bull_do(&bull, "LPUSH bull:agent-quick:wait %b", id, len);
	bull_do(&bull, "HSET bull:agent-quick:%b name n timestamp 1", id, len);
}

START_TEST(ids_of_any_bytes)
{
	char *longer = malloc(1000);
	int i;

	memset(longer, 'x', 1000);
	push("\xff\xfe", 2);
	push("a\0b", 3);
	push("a\nb", 3);
	push("", 0);
	push(longer, 1000);
	push("f\xc3\xbcr", 4);
	free(longer);
	bull_open(&bull, "");
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(bull_collect(&bull), SST_OK);
		ck_assert_uint_eq(bull.last->rejected, 4);
		OF("agent-quick", "tasks_total", "6");
		OF("agent-quick", "tasks_omitted", "4");
		TOLD("agent-quick", "\xef\xbf\xbd\xef\xbf\xbd", "type", "n");
		TOLD("agent-quick", "f\xc3\xbcr", "type", "n");
	}
}
END_TEST

static void
grow(const char *field, size_t len)
{
	char *text = malloc(len);

	memset(text, 'x', len);
	bull_do(&bull, "HSET bull:agent-orphan:7 %s %b", field, text, len);
	free(text);
}

/* Data are never read, however large. */
START_TEST(gigantic_data)
{
	grow("data", 20 * 1024 * 1024);
	grow("returnvalue", 20 * 1024 * 1024);
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("agent-orphan", "7", "status", "queued");
}
END_TEST

/* Texts that are read cost their own job its texts, nothing else. */
START_TEST(gigantic_texts)
{
	static const size_t sizes[] = {300 * 1024, 20 * 1024 * 1024};
	size_t i;
	int k;

	for (i = 0; i < 2; i++) {
		grow("failedReason", sizes[i]);
		bull_open(&bull, "");
		for (k = 0; k < 3; k++) {
			collect_flawed(SST_TYPE, "/agent-orphan/7: its texts");
			ck_assert_uint_eq(json_array_size(bull.tree), 6);
			TOLD("agent-orphan", "7", "status", "queued");
			TOLD("agent-orphan", "7", "type", "absent");
			TOLD("agent-orphan", "7", "error", "absent");
			TOLD("agent-orphan", "8", "type", "o");
			TOLD("agent-orphan", "7", "submitted_at",
			    "2026-11-21T02:05:28Z");
		}
	}
	/* one below the bound is cut, and its secrets are masked */
	bull_do(&bull, "HSET bull:agent-orphan:9 failedReason %s",
	    "refused: api_key=sk-live-0123456789abcdef0123\nat line 7");
	bull_do(&bull, "HSET bull:agent-orphan:7 failedReason short");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("agent-orphan", "9", "error", "refused: api_key=[redacted]");
	TOLD("agent-orphan", "7", "error", "short");
}
END_TEST

/* More ids than fit into an answer: the queue's counts remain. */
START_TEST(gigantic_ids)
{
	char *id = malloc(2 * 1024 * 1024);

	memset(id, 'x', 2 * 1024 * 1024);
	bull_do(&bull, "LPUSH bull:agent-quick:wait %b", id,
	    (size_t)2 * 1024 * 1024);
	free(id);
	bull_open(&bull, "");
	collect_flawed(SST_TOO_LARGE, "agent-quick");
	ck_assert_uint_eq(json_array_size(bull.tree), 6);
	OF("agent-quick", "depth.total", "1");
	OF("agent-quick", "tasks_detail", "unavailable");
	OF("agent-tools", "depth.total", "21");
	collect_flawed(SST_TOO_LARGE, "agent-quick");
	bull_do(&bull, "DEL bull:agent-quick:wait");
	fake_clock_advance(&bull.subject.hands, 61000);
	bull_collect_whole(&bull);
	OF("agent-quick", "tasks_detail", "full");
}
END_TEST

/* An event holds what a job returned. */
START_TEST(gigantic_events)
{
	char *text = malloc(2 * 1024 * 1024);

	memset(text, 'x', 2 * 1024 * 1024);
	bull_do(&bull, "XADD bull:agent-quick:events * returnvalue %b", text,
	    (size_t)2 * 1024 * 1024);
	free(text);
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	bull_collect_whole(&bull);
	OF("agent-quick", "tasks_detail", "full");
}
END_TEST

START_TEST(gigantic_children)
{
	char *key = malloc(2 * 1024 * 1024);

	memset(key, 'x', 2 * 1024 * 1024);
	bull_do(&bull, "SADD bull:agent-plan:report-1:dependencies %b", key,
	    (size_t)2 * 1024 * 1024);
	free(key);
	bull_open(&bull, "");
	collect_flawed(SST_TOO_LARGE, "children");
	TOLD("agent-plan", "report-1", "status", "blocked");
	TOLD("agent-plan", "report-1", "blocked_by", "absent");
	ck_assert_ptr_nonnull(strstr(
	    bull_told(&bull, "agent-plan", "research-1", "blocked_by"),
	    "search-b"));
}
END_TEST

START_TEST(killed_and_restarted)
{
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	server_stop(&bull.server, SIGKILL);
	ck_assert_int_ne(bull_collect(&bull), SST_OK);
	ck_assert(server_again(&bull.server));
	redisFree(bull.redis);
	bull.redis = redisConnect("127.0.0.1", bull.server.port);
	bull_play(&bull, "seed_v6.resp");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 6);
	OF("agent-tools", "depth.total", "21");
}
END_TEST

/* Wherever the connection ends, the next collection is as good as ever. */
START_TEST(cut_anywhere)
{
	struct fault_proxy_fault fault = {.kind = FAULT_PROXY_CUT_AT};
	char *want, *got;
	int code;

	bull_open(&bull, "");
	bull_collect_whole(&bull);
	want = subject_json(&bull.subject);
	for (fault.bytes = 0; fault.bytes < 60000;
	    fault.bytes = fault.bytes * 3 / 2 + 7) {
		fault_proxy_misbehave(bull.proxy, &fault);
		fault_proxy_drop(bull.proxy);
		code = bull_collect(&bull);
		ck_assert_msg(code == SST_OK || code == SST_TRUNCATED ||
				  code == SST_UNREACHABLE,
		    "%zu: %d %s", fault.bytes, code, bull.subject.err.text);
		fault_proxy_behave(bull.proxy);
		fault_proxy_drop(bull.proxy);
		bull_collect_whole(&bull);
		got = subject_json(&bull.subject);
		ck_assert_int_eq(strcmp(want, got), 0);
		free(got);
	}
	free(want);
}
END_TEST

START_TEST(garbage)
{
	struct fault_proxy_fault fault = {.kind = FAULT_PROXY_GARBLE};

	bull_open(&bull, "");
	fault_proxy_misbehave(bull.proxy, &fault);
	ck_assert_int_eq(bull_collect(&bull), SST_PROTOCOL);
	fault_proxy_behave(bull.proxy);
	fault_proxy_drop(bull.proxy);
	bull_collect_whole(&bull);
}
END_TEST

static void *
collect_main(void *ctx)
{
	*(int *)ctx = bull_collect_bare(&bull);
	return NULL;
}

START_TEST(interrupted)
{
	struct fault_proxy_fault fault = {.kind = FAULT_PROXY_HOLD};
	pthread_t thread;
	size_t asked;
	int code = 0;

	bull_open(&bull, "");
	fault_proxy_misbehave(bull.proxy, &fault);
	asked = fault_proxy_asked(bull.proxy);
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, collect_main, &code), 0);
	ck_assert(fault_proxy_wait_asked(bull.proxy, asked));
	bull.subject.ops->interrupt(bull.subject.state);
	pthread_join(thread, NULL);
	ck_assert_int_eq(code, SST_CANCELED);
	fault_proxy_behave(bull.proxy);
	fault_proxy_drop(bull.proxy);
	bull_collect_whole(&bull);
}
END_TEST

START_TEST(bad_options)
{
	static const struct {
		const char *yaml, *words;
	} rows[] = {{"{}", "url"}, {"{url: nowhere}", "url"},
	    {"{url: 'redis://u:p@127.0.0.1'}", "without credentials"},
	    {"{url: 'redis://127.0.0.1', prefix: ''}", "prefix"},
	    {"{url: 'redis://127.0.0.1', max_tasks_per_queue: -1}",
		"max_tasks_per_queue"},
	    {"{url: 'redis://127.0.0.1', max_tasks_per_queue: 100001}",
		"max_tasks_per_queue"},
	    {"{url: 'redis://127.0.0.1', queues: a}", "queues"},
	    {"{url: 'redis://127.0.0.1', workers: 7}", "workers"},
	    {"{url: 'redis://127.0.0.1', system: ''}", "system"},
	    {"{url: 'redis://127.0.0.1', username: a}", "password"},
	    {"{url: 'redis://127.0.0.1', nonsense: 1}", "nonsense"}};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(
		    subject_open(&bull.subject, rows[i].yaml) != SST_OK, "%s",
		    rows[i].yaml);
		ck_assert_msg(
		    strstr(bull.subject.err.text, rows[i].words) != NULL,
		    "%s: %s", rows[i].yaml, bull.subject.err.text);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bullmq_faults");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	if (!bull_can())
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, enough_rights);
	tcase_add_test(tc, one_command_refused);
	tcase_add_test(tc, rights_that_are_not_needed);
	tcase_add_test(tc, no_right_to_walk);
	tcase_add_test(tc, keys_of_others);
	tcase_add_test(tc, wrong_password);
	tcase_add_test(tc, keys_of_the_wrong_type);
	tcase_add_test(tc, a_job_of_the_wrong_type);
	tcase_add_test(tc, options_that_are_no_json);
	tcase_add_test(tc, ids_of_any_bytes);
	tcase_add_test(tc, gigantic_data);
	tcase_add_test(tc, gigantic_texts);
	tcase_add_test(tc, gigantic_ids);
	tcase_add_test(tc, gigantic_events);
	tcase_add_test(tc, gigantic_children);
	tcase_add_test(tc, killed_and_restarted);
	tcase_add_test(tc, cut_anywhere);
	tcase_add_test(tc, garbage);
	tcase_add_test(tc, interrupted);
	tcase_add_test(tc, bad_options);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
