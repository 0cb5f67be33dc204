/* What goes wrong with a Redis that Celery uses, its rights and its keys: one
 * fact is lost, and told, and nothing else. And that a look changes nothing. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "test_celery_support.h"

static struct bull bull;

static void
setup(void)
{
	celery_init(&bull, NULL);
}

static void
teardown(void)
{
	bull_fini(&bull);
}

#define OF(queue, path, want) \
	ck_assert_str_eq(bull_of(&bull, queue, path), want)
#define TOLD(id, member, want) \
	ck_assert_str_eq(bull_told(&bull, "agent.a", id, member), want)
#define SUBMIT(...) celery_submit(&bull, &(struct celery_task){__VA_ARGS__})
#define TAKE(ago, ...) \
	celery_take(&bull, &(struct celery_task){__VA_ARGS__}, ago)

static size_t
listed(const char *queue)
{
	return json_array_size(
	    json_object_get(bull_queue(&bull, queue), "tasks"));
}

static void
flawed(int code, const char *words)
{
	ck_assert_msg(
	    bull_collect(&bull) == SST_OK, "%s", bull.subject.err.text);
	ck_assert_msg(bull.last->flaw.code == code &&
			  strstr(bull.last->flaw.text, words) != NULL,
	    "%d: %s", bull.last->flaw.code, bull.last->flaw.text);
}

static void
part_is(const char *name, const char *want)
{
	const char *told = bull_part(&bull, name);

	ck_assert_msg(
	    strncmp(told, want, strlen(want)) == 0, "%s: %s", name, told);
}

/* Two that wait, one that runs, one in the other queue. */
static void
fill(void)
{
	SUBMIT(.id = "one");
	SUBMIT(.id = "two", .priority = 3);
	SUBMIT(.id = "other", .queue = "agent.b");
	TAKE(1, .id = "runs");
	celery_result(&bull, "runs", "STARTED", "{\"hostname\":\"w@h\"}");
}

#define RIGHTS                                                           \
	"resetchannels -@all +ping +select +info +time +auth +hello "    \
	"+client|setname +scan +exists +smembers +llen +lindex +lrange " \
	"+zcard +zrange +hget +getrange +multi +exec "

static void
as_user(const char *rights)
{
	char words[1024];
	const char *parts[64];
	size_t count = 0;
	char *word, *rest;
	redisReply *reply;

	snprintf(words, sizeof(words),
	    "ACL SETUSER snap reset on >pw %%R~* " RIGHTS "%s", rights);
	for (word = strtok_r(words, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		parts[count++] = word;
	reply = redisCommandArgv(bull.redis, (int)count, parts, NULL);
	ck_assert_msg(reply != NULL && reply->type == REDIS_REPLY_STATUS, "%s",
	    reply == NULL ? "?" : reply->str);
	freeReplyObject(reply);
	snprintf(words, sizeof(words),
	    "username: snap, password: pw, results: {url: "
	    "'redis://127.0.0.1:%u/1', username: snap, password: pw}",
	    (unsigned)fault_proxy_port(bull.proxy));
	celery_open(&bull, words);
}

START_TEST(enough_rights)
{
	fill();
	as_user("");
	bull_collect_whole(&bull);
	OF("agent.a", "depth.total", "3");
	TOLD("runs", "status", "running");
	part_is("bindings", "ok");
	part_is("results", "ok");
	/* they save work, or make the cut sharp: nothing is lost */
	as_user("-multi");
	bull_collect_whole(&bull);
	bull_collect_whole(&bull);
	OF("agent.a", "depth.total", "3");
	as_user("-multi -exec -lindex -exists");
	bull_collect_whole(&bull);
	bull_collect_whole(&bull);
	OF("agent.a", "depth.total", "3");
	TOLD("two", "status", "queued");
}
END_TEST

START_TEST(one_command_refused)
{
	static const struct {
		const char *right, *part, *ready, *running, *total;
	} rows[] = {
	    {"-llen", "queues", "null", "1", "null"},
	    {"-lrange", "queues", "null", "1", "null"},
	    {"-zrange", "unacknowledged", "2", "null", "null"},
	    {"-zcard", "unacknowledged", "2", "1", "3"},
	    {"-hget", "unacknowledged", "2", "null", "null"},
	    {"-getrange", "results", "2", "1", "3"},
	    {"-smembers", "bindings", "2", "1", "3"},
	};
	size_t i;
	int k;

	fill();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		as_user(rows[i].right);
		if (strcmp(rows[i].right, "-smembers") == 0)
			bull_open(&bull,
			    "username: snap, password: pw, queues: [agent.a]");
		for (k = 0; k < 3; k++) {
			flawed(SST_FORBIDDEN, "NOPERM");
			OF("agent.a", "depth.ready", rows[i].ready);
			OF("agent.a", "depth.running", rows[i].running);
			OF("agent.a", "depth.total", rows[i].total);
			part_is(rows[i].part, "forbidden: ");
		}
	}
	/* given again, it is whole again */
	as_user("");
	bull_collect_whole(&bull);
}
END_TEST

/* Nobody says which queues there are: that is not "none". */
START_TEST(no_right_to_walk)
{
	fill();
	as_user("-scan");
	ck_assert_int_eq(bull_collect(&bull), SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(bull.subject.err.text, "SCAN"));
	bull_open(&bull, "username: snap, password: pw, queues: [agent.a]");
	flawed(SST_FORBIDDEN, "SCAN");
	OF("agent.a", "depth.total", "3");
	OF("agent.b", "depth.total", "no queue");
}
END_TEST

START_TEST(wrong_password)
{
	bull_do(&bull, "CONFIG SET requirepass right");
	celery_open(&bull, "password: wrong-MARK");
	ck_assert_int_eq(bull_collect(&bull), SST_UNAUTHORIZED);
	ck_assert_ptr_null(strstr(bull.subject.err.text, "MARK"));
	celery_open(&bull, "");
	ck_assert_int_eq(bull_collect(&bull), SST_UNAUTHORIZED);
}
END_TEST

START_TEST(keys_of_the_wrong_type)
{
	fill();
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	bull_do(&bull, "DEL agent.b");
	bull_do(&bull, "SET agent.b text");
	flawed(SST_TYPE, "agent.b: LLEN: WRONGTYPE");
	OF("agent.b", "depth.ready", "null");
	OF("agent.b", "depth.total", "null");
	OF("agent.b", "tasks_total", "null");
	OF("agent.b", "tasks_omitted", "null");
	OF("agent.a", "depth.total", "3");
	part_is("queues", "failing: ");
	bull_do(&bull, "DEL agent.b");
	bull_collect_whole(&bull);
	OF("agent.b", "depth.total", "0");
	/* the taken ones */
	bull_do(&bull, "DEL unacked");
	bull_do(&bull, "SET unacked text");
	bull_do(&bull, "ZADD unacked_index 1 another");
	flawed(SST_TYPE, "WRONGTYPE");
	OF("agent.a", "depth.running", "null");
	OF("agent.a", "depth.ready", "2");
	bull_do(&bull, "DEL unacked");
	bull_do(&bull, "DEL unacked_index");
	bull_do(&bull, "SET unacked_index text");
	flawed(SST_TYPE, "unacked_index");
	OF("agent.a", "depth.running", "null");
	bull_do(&bull, "DEL unacked_index");
	bull_collect_whole(&bull);
	OF("agent.a", "depth.running", "0");
	/* a binding, and a result */
	bull_do(&bull, "SET _kombu.binding.zzz text");
	fake_clock_advance(&bull.subject.hands, 61000);
	flawed(SST_TYPE, "SMEMBERS");
	OF("agent.a", "depth.ready", "2");
}
END_TEST

START_TEST(messages_that_are_none)
{
	static const char binary[] = "\x80\x02}q\0\xff\r\n*3";
	int i;

	SUBMIT(.id = "first");
	bull_do(&bull, "LPUSH agent.a %b", binary, sizeof(binary) - 1);
	bull_do(&bull, "LPUSH agent.a {}");
	SUBMIT(.id = "last");
	bull_do(&bull, "HSET unacked t %b", binary, sizeof(binary) - 1);
	bull_do(&bull, "ZADD unacked_index 1 t");
	celery_open(&bull, "");
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(bull_collect(&bull), SST_OK);
		ck_assert_uint_eq(bull.last->rejected, 3);
		OF("agent.a", "depth.ready", "4");
		OF("agent.a", "tasks_omitted", "2");
		ck_assert_uint_eq(listed("agent.a"), 2);
		TOLD("last", "priority",
		    "{\"level\":\"normal\",\"raw\":0,\"scheme\":\"lower first,"
		    " 0 is unset\",\"position\":3}");
	}
	bull_do(&bull, "RPOP agent.a");
	bull_do(&bull, "RPOP agent.a");
	ck_assert_int_eq(bull_collect(&bull), SST_OK);
	ck_assert_uint_eq(bull.last->rejected, 2);
}
END_TEST

/* An id that is no name of the schema costs that task, each time. */
START_TEST(ids_that_are_none)
{
	char id[700];
	int i;

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	SUBMIT(.id = "good");
	SUBMIT(.id = id);
	SUBMIT(.id = "a\\u0007b");
	celery_open(&bull, "");
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(bull_collect(&bull), SST_OK);
		ck_assert_uint_ge(bull.last->rejected, 1);
		TOLD("good", "status", "queued");
		OF("agent.a", "depth.total", "3");
	}
}
END_TEST

/* 2 MB where one answer may have 1 MB. */
START_TEST(gigantic_bodies)
{
	char id[16];
	int i;

	for (i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		SUBMIT(.id = id);
	}
	SUBMIT(.id = "huge", .pad = 2000000);
	SUBMIT(.id = "behind");
	SUBMIT(.id = "other", .queue = "agent.b");
	TAKE(2, .id = "huge-taken", .pad = 2000000);
	TAKE(1, .id = "taken");
	celery_open(&bull, "");
	for (i = 0; i < 3; i++) {
		flawed(SST_TOO_LARGE, "agent.a: a message is larger");
		OF("agent.a", "depth.ready", "7");
		TOLD("n0", "status", "queued");
		TOLD("taken", "status", "reserved");
		ck_assert_str_eq(
		    bull_told(&bull, "agent.b", "other", "status"), "queued");
	}
	/* at the head: none of it can be seen */
	for (i = 0; i < 5; i++)
		bull_do(&bull, "RPOP agent.a");
	for (i = 0; i < 2; i++) {
		flawed(SST_TOO_LARGE, "agent.a: a message is larger");
		OF("agent.a", "depth.ready", "2");
	}
	/* gone: whole again in time */
	bull_do(&bull, "RPOP agent.a");
	bull_do(&bull, "HDEL unacked tag-huge-taken-0");
	bull_do(&bull, "ZREM unacked_index tag-huge-taken-0");
	fake_clock_advance(&bull.subject.hands, 61000);
	for (i = 0; i < 8 && (i == 0 || bull.last->flaw.code != SST_OK); i++)
		ck_assert_int_eq(bull_collect(&bull), SST_OK);
	bull_collect_whole(&bull);
	TOLD("behind", "status", "queued");
	OF("agent.a", "tasks_detail", "full");
}
END_TEST

/* Many bodies of some size: fewer are read, and counted. */
START_TEST(large_bodies)
{
	char id[16];
	int i;

	for (i = 0; i < 50; i++) {
		snprintf(id, sizeof(id), "n%02d", i);
		SUBMIT(.id = id, .pad = 60000);
	}
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	bull_collect_whole(&bull);
	OF("agent.a", "depth.ready", "50");
	OF("agent.a", "tasks_detail", "window");
	ck_assert_uint_ge(listed("agent.a"), 5);
	ck_assert_uint_lt(listed("agent.a"), 50);
	TOLD("n00", "status", "queued");
}
END_TEST

START_TEST(results_that_fail)
{
	fill();
	celery_open(&bull, "results: {url: 'redis://127.0.0.1:1/1'}");
	flawed(SST_UNREACHABLE, "results");
	TOLD("runs", "status", "reserved");
	OF("agent.a", "depth.total", "3");
	part_is("results", "failing: ");
	/* not JSON, or not Celery's */
	bull_do(&bull, "SELECT 1");
	bull_do(&bull, "SET celery-task-meta-runs %s", "\x80\x02}");
	celery_open(&bull, "");
	flawed(SST_PROTOCOL, "result");
	bull_do(&bull, "DEL celery-task-meta-runs");
	bull_do(&bull, "LPUSH celery-task-meta-runs x");
	flawed(SST_TYPE, "GETRANGE");
	TOLD("runs", "status", "reserved");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	part_is("results", "disabled");
}
END_TEST

START_TEST(server_goes_and_returns)
{
	fill();
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	server_stop(&bull.server, SIGKILL);
	ck_assert_int_ne(bull_collect(&bull), SST_OK);
	ck_assert_int_ne(bull_collect(&bull), SST_OK);
	ck_assert(server_again(&bull.server));
	redisReconnect(bull.redis);
	bull_do(&bull, "SADD _kombu.binding.agent.a %s",
	    "agent.a\x06\x16\x06\x16"
	    "agent.a");
	SUBMIT(.id = "anew");
	bull_collect_whole(&bull);
	OF("agent.a", "depth.total", "1");
	TOLD("anew", "status", "queued");
	OF("agent.b", "depth.total", "no queue");
}
END_TEST

/* What the network makes of an answer: a failure, and then all is well. */
START_TEST(faults_of_the_network)
{
	static const struct fault_proxy_fault faults[] = {
	    {.kind = FAULT_PROXY_REFUSE},
	    {.kind = FAULT_PROXY_CUT_AT, .bytes = 1000},
	    {.kind = FAULT_PROXY_RESET_AT, .bytes = 1000},
	    {.kind = FAULT_PROXY_GARBLE},
	    {.kind = FAULT_PROXY_SAY, .text = "HTTP/1.1 400 Bad\r\n\r\n"}};
	size_t i;

	fill();
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		fault_proxy_misbehave(bull.proxy, &faults[i]);
		fault_proxy_drop(bull.proxy);
		ck_assert_int_ne(bull_collect(&bull), SST_OK);
		fault_proxy_behave(bull.proxy);
		fault_proxy_drop(bull.proxy);
		/* what the other connection was told meanwhile */
		ck_assert_int_eq(bull_collect(&bull), SST_OK);
		bull_collect_whole(&bull);
		OF("agent.a", "depth.total", "3");
		TOLD("runs", "status", "running");
	}
}
END_TEST

static void
commands_are_reads(void)
{
	static const char *const allowed[] = {"scan", "smembers", "llen",
	    "lindex", "lrange", "multi", "exec", "zcard", "zrange", "hget",
	    "getrange", "exists", "info", "time", "select", "ping", "hello",
	    "auth", "client|setname", "client|setinfo", "role",
	    /* ours */
	    "keys", "debug", "pexpiretime", "config|resetstat", "readonly"};
	redisReply *reply = redisCommand(bull.redis, "INFO commandstats");
	char *line, *rest, *name;
	size_t i, count = sizeof(allowed) / sizeof(allowed[0]);

	ck_assert(reply != NULL && reply->type == REDIS_REPLY_STRING);
	for (line = strtok_r(reply->str, "\r\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\r\n", &rest)) {
		if (strncmp(line, "cmdstat_", 8) != 0)
			continue;
		name = line + 8;
		name[strcspn(name, ":")] = '\0';
		for (i = 0; i < count && strcmp(name, allowed[i]) != 0; i++)
			;
		ck_assert_msg(i < count, "%s was sent", name);
	}
	freeReplyObject(reply);
}

START_TEST(a_thousand_looks_change_nothing)
{
	char *before, *after;
	int i;

	fill();
	SUBMIT(.id = "later", .eta_ms = 3600000);
	TAKE(7200, .id = "lost");
	bull_do(&bull, "EXPIRE agent.b 5000");
	celery_open(&bull, "discover_every: 1s");
	before = bull_everything(&bull);
	bull_do(&bull, "CONFIG RESETSTAT");
	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(bull_collect_bare(&bull), SST_OK);
	commands_are_reads();
	after = bull_everything(&bull);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

/* An idle broker: no entity is made anew, and no list read again. */
START_TEST(nothing_new_costs_little)
{
	redisReply *reply;
	char *lrange;

	fill();
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	bull_do(&bull, "CONFIG RESETSTAT");
	bull_collect_whole(&bull);
	reply = redisCommand(bull.redis, "INFO commandstats");
	lrange = strstr(reply->str, "cmdstat_lrange");
	ck_assert_ptr_null(lrange);
	ck_assert_ptr_null(strstr(reply->str, "cmdstat_hget"));
	freeReplyObject(reply);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, enough_rights);
	tcase_add_test(tc, one_command_refused);
	tcase_add_test(tc, no_right_to_walk);
	tcase_add_test(tc, wrong_password);
	tcase_add_test(tc, keys_of_the_wrong_type);
	tcase_add_test(tc, messages_that_are_none);
	tcase_add_test(tc, ids_that_are_none);
	tcase_add_test(tc, gigantic_bodies);
	tcase_add_test(tc, large_bodies);
	tcase_add_test(tc, results_that_fail);
	tcase_add_test(tc, server_goes_and_returns);
	tcase_add_test(tc, faults_of_the_network);
	tcase_add_test(tc, a_thousand_looks_change_nothing);
	tcase_add_test(tc, nothing_new_costs_little);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "celery_faults",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 120};

	return bull_can() ? suite_run(&plan) : 0;
}
