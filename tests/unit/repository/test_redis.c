/* The client against a real server, behind a network that misbehaves. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/suite.h"
#include "test_redis_support.h"

static struct redis_rig rig;

static void
setup(void)
{
	redis_rig_init(&rig, NULL);
	redis_rig_do(rig.server.port, NULL, "SET text hello");
	redis_rig_do(rig.server.port, NULL, "RPUSH list a b c");
}

static void
teardown(void)
{
	redis_rig_fini(&rig);
}

static void
run_good(void)
{
	ck_assert_msg(redis_rig_ping(&rig) == SST_OK, "%s", rig.err.text);
	ck_assert_str_eq(rig.replies, "PONG");
}

static void
expect(int got, int code, const char *text)
{
	ck_assert_msg(got == code, "%s: %s", sst_code_name(got), rig.err.text);
	ck_assert_int_eq(rig.err.code, code);
	ck_assert_msg(strstr(rig.err.text, text) != NULL, "%s", rig.err.text);
}

START_TEST(replies_of_all_kinds)
{
	static const char bytes[] = "a\x06\x16\0b";
	const char *parts[] = {"GET", bytes};
	const size_t lens[] = {3, sizeof(bytes) - 1};

	redis_rig_open(&rig);
	sst_redis_command(rig.redis, "GET %s", "text");
	sst_redis_command(rig.redis, "GET nothing");
	sst_redis_command(rig.redis, "LLEN list");
	sst_redis_command(rig.redis, "LRANGE list %d %d", 0, -1);
	sst_redis_command(rig.redis, "LLEN text");
	sst_redis_command(rig.redis, "MULTI");
	sst_redis_command(rig.redis, "LRANGE list 1 1");
	sst_redis_command(rig.redis, "LLEN text");
	sst_redis_command(rig.redis, "HMGET nothing x y");
	sst_redis_command(rig.redis, "EXEC");
	sst_redis_command(rig.redis, "EXISTS %b", bytes, sizeof(bytes) - 1);
	sst_redis_command_argv(rig.redis, 2, parts, lens);
	ck_assert_uint_eq(sst_redis_pending(rig.redis), 12);
	ck_assert_msg(redis_rig_run(&rig) == SST_OK, "%s", rig.err.text);
	ck_assert_str_eq(rig.replies,
	    "hello\nnil\n3\n[a b c]\n"
	    "!WRONGTYPE Operation against a key holdin\n"
	    "OK\nQUEUED\nQUEUED\nQUEUED\n"
	    "[[b] !WRONGTYPE Operation against a key holdin [nil nil]]\n"
	    "0\nnil");
	ck_assert_uint_eq(sst_redis_pending(rig.redis), 0);
}
END_TEST

START_TEST(nothing_is_asked_before_it_is_used)
{
	redis_rig_open(&rig);
	sst_redis_command(rig.redis, "PING");
	ck_assert_uint_eq(fault_proxy_connections(rig.proxy), 0);
	ck_assert_int_eq(redis_rig_run(&rig), SST_OK);
	run_good();
	run_good();
	ck_assert_uint_eq(fault_proxy_connections(rig.proxy), 1);
}
END_TEST

START_TEST(an_empty_pipeline_is_no_question)
{
	redis_rig_open(&rig);
	ck_assert_int_eq(redis_rig_run(&rig), SST_OK);
	ck_assert_uint_eq(rig.count, 0);
	run_good();
}
END_TEST

/* The server ends idle connections; all of them when it is restarted. */
START_TEST(a_kept_connection_that_was_closed_is_made_again)
{
	redis_rig_open(&rig);
	run_good();
	fault_proxy_drop(rig.proxy);
	run_good();
	ck_assert_uint_eq(fault_proxy_connections(rig.proxy), 2);
	server_stop(&rig.server, SIGKILL);
	ck_assert_int_ne(redis_rig_ping(&rig), SST_OK);
	ck_assert_int_ne(redis_rig_ping(&rig), SST_OK);
	ck_assert(server_again(&rig.server));
	run_good();
}
END_TEST

START_TEST(refused_is_unreachable)
{
	const struct fault_proxy_fault fault = {.kind = FAULT_PROXY_REFUSE};
	struct sst_error first;

	redis_rig_open(&rig);
	run_good();
	fault_proxy_misbehave(rig.proxy, &fault);
	expect(redis_rig_ping(&rig), SST_UNREACHABLE, rig.url);
	first = rig.err;
	expect(redis_rig_ping(&rig), SST_UNREACHABLE, "Connection refused");
	ck_assert_str_eq(first.text, rig.err.text);
	fault_proxy_behave(rig.proxy);
	run_good();
}
END_TEST

START_TEST(a_name_that_is_none_is_unreachable)
{
	char url[] = "redis://nowhere.invalid";

	rig.settings.url = url;
	redis_rig_open(&rig);
	expect(redis_rig_ping(&rig), SST_UNREACHABLE, "host name not found");
}
END_TEST

/* In the handshake, in replies, between them. */
static void
cut_everywhere(enum fault_proxy_kind kind)
{
	struct fault_proxy_fault fault = {.kind = kind};
	size_t step;
	int code;

	for (fault.bytes = 1;; fault.bytes += step) {
		redis_rig_open(&rig);
		fault_proxy_misbehave(rig.proxy, &fault);
		sst_redis_command(rig.redis, "GET text");
		sst_redis_command(rig.redis, "LRANGE list 0 -1");
		code = redis_rig_run(&rig);
		if (code == SST_OK)
			break;
		expect(code, SST_TRUNCATED, rig.url);
		ck_assert_uint_lt(fault.bytes, 5000);
		fault_proxy_behave(rig.proxy);
		run_good();
		/* the texts of INFO are long and all alike */
		step = fault.bytes > 20 && fault.bytes < 1000 ? 97 : 3;
	}
	ck_assert_str_eq(rig.replies, "hello\n[a b c]");
}

START_TEST(cut_anywhere_is_truncated)
{
	cut_everywhere(FAULT_PROXY_CUT_AT);
}
END_TEST

START_TEST(reset_anywhere_is_truncated)
{
	cut_everywhere(FAULT_PROXY_RESET_AT);
}
END_TEST

START_TEST(garbage_is_no_protocol)
{
	const struct fault_proxy_fault fault = {.kind = FAULT_PROXY_GARBLE};

	redis_rig_open(&rig);
	fault_proxy_misbehave(rig.proxy, &fault);
	expect(redis_rig_ping(&rig), SST_PROTOCOL, "not RESP");
	fault_proxy_behave(rig.proxy);
	run_good();
}
END_TEST

static const struct {
	const char *says;
	int code;
} sayings[] = {
    {"-ERR max number of clients reached\r\n", SST_UPSTREAM},
    {"-LOADING Redis is loading the dataset in memory\r\n", SST_UPSTREAM},
    {"-NOAUTH Authentication required.\r\n", SST_UNAUTHORIZED},
    {"-MASTERDOWN Link with MASTER is down\r\n", SST_UPSTREAM},
    {"-BUSY Redis is busy running a script.\r\n", SST_UPSTREAM},
    {"-MOVED 12182 127.0.0.1:16382\r\n", SST_UNSUPPORTED},
    {"-DENIED Redis is running in protected mode\r\n", SST_FORBIDDEN},
    {"HTTP/1.1 400 Bad Request\r\n\r\n", SST_PROTOCOL},
    {"+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n", SST_PROTOCOL},
    {"+OK\r\n$100000000\r\n", SST_TOO_LARGE},
    {"+OK\r\n*100000000\r\n", SST_TOO_LARGE},
};

START_TEST(what_it_says_instead)
{
	const struct fault_proxy_fault fault = {
	    .kind = FAULT_PROXY_SAY, .text = sayings[_i].says};
	struct sst_error first;

	redis_rig_open(&rig);
	fault_proxy_misbehave(rig.proxy, &fault);
	expect(redis_rig_ping(&rig), sayings[_i].code, rig.url);
	first = rig.err;
	expect(redis_rig_ping(&rig), sayings[_i].code, rig.url);
	ck_assert_str_eq(first.text, rig.err.text);
	fault_proxy_behave(rig.proxy);
	run_good();
}
END_TEST

struct turn {
	pthread_t thread;
	int code;
};

static void *
turn_main(void *arg)
{
	struct turn *turn = arg;

	turn->code = redis_rig_ping(&rig);
	return NULL;
}

/* Held from the start, in the handshake, in a reply of a kept connection. */
static void
hold(struct turn *turn, int where)
{
	struct fault_proxy_fault fault = {
	    .kind = FAULT_PROXY_HOLD_AT, .bytes = 700};
	size_t asked;

	redis_rig_open(&rig);
	if (where == 0)
		fault.kind = FAULT_PROXY_HOLD;
	if (where == 2) {
		run_good();
		fault.bytes = 3;
	}
	asked = fault_proxy_asked(rig.proxy);
	fault_proxy_misbehave(rig.proxy, &fault);
	ck_assert_int_eq(
	    pthread_create(&turn->thread, NULL, turn_main, turn), 0);
	ck_assert(fault_proxy_wait_asked(rig.proxy, asked));
}

START_TEST(the_deadline_is_kept)
{
	struct turn turn;

	hold(&turn, _i);
	fake_clock_advance(&rig.hands, 5001);
	pthread_join(turn.thread, NULL);
	expect(turn.code, SST_TIMEOUT, rig.url);
	fault_proxy_behave(rig.proxy);
	run_good();
}
END_TEST

START_TEST(an_interrupt_cancels)
{
	struct turn turn;

	hold(&turn, _i);
	sst_redis_interrupt(rig.redis);
	pthread_join(turn.thread, NULL);
	expect(turn.code, SST_CANCELED, "interrupted");
	fault_proxy_behave(rig.proxy);
	/* also the next one, until it is taken back */
	expect(redis_rig_ping(&rig), SST_CANCELED, "interrupted");
	sst_redis_resume(rig.redis);
	run_good();
	sst_redis_interrupt(rig.redis);
	sst_redis_resume(rig.redis);
	run_good();
}
END_TEST

START_TEST(a_trickle_is_an_answer)
{
	const struct fault_proxy_fault fault = {.kind = FAULT_PROXY_TRICKLE};

	redis_rig_open(&rig);
	fault_proxy_misbehave(rig.proxy, &fault);
	sst_redis_command(rig.redis, "LRANGE list 0 -1");
	ck_assert_int_eq(redis_rig_run(&rig), SST_OK);
	ck_assert_str_eq(rig.replies, "[a b c]");
}
END_TEST

START_TEST(a_gigantic_value_is_given_up)
{
	redis_rig_do(rig.server.port, NULL, "SETRANGE big 100000000 x");
	redis_rig_open(&rig);
	sst_redis_command(rig.redis, "PING");
	sst_redis_command(rig.redis, "GET big");
	expect(redis_rig_run(&rig), SST_TOO_LARGE,
	    "the reply to GET is over the bound of 1048576 bytes");
	ck_assert_uint_eq(rig.count, 1);
	run_good();
}
END_TEST

START_TEST(many_commands_are_answered_in_order)
{
	enum { MANY = 20000 };
	int i;

	redis_rig_open(&rig);
	for (i = 0; i < MANY; i++)
		sst_redis_command(rig.redis, "ECHO %d", i);
	ck_assert_int_eq(redis_rig_run(&rig), SST_OK);
	ck_assert_uint_eq(rig.count, MANY);
	ck_assert_int_eq(strncmp(rig.replies, "0\n1\n2\n3\n", 8), 0);
	/* the name of a late one, too */
	redis_rig_do(rig.server.port, NULL, "SETRANGE big 2000000 x");
	for (i = 0; i < MANY; i++)
		sst_redis_command(rig.redis, "ECHO %d", i);
	sst_redis_command(rig.redis, "GETRANGE big 0 -1");
	expect(redis_rig_run(&rig), SST_TOO_LARGE, "GETRANGE");
}
END_TEST

START_TEST(whoever_takes_the_replies_may_stop)
{
	redis_rig_open(&rig);
	rig.fail_at = 1;
	sst_redis_command(rig.redis, "ECHO a");
	sst_redis_command(rig.redis, "ECHO b");
	sst_redis_command(rig.redis, "ECHO c");
	expect(redis_rig_run(&rig), SST_LIMIT, "enough");
	rig.fail_at = -1;
	run_good();
}
END_TEST

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

START_TEST(a_password_is_read_again_when_it_is_refused)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/password", rig.server.folder);
	redis_rig_do(rig.server.port, NULL, "CONFIG SET requirepass first-one");
	redis_rig_open(&rig);
	expect(redis_rig_ping(&rig), SST_UNAUTHORIZED, "NOAUTH");
	rig.settings.password.file = path;
	redis_rig_open(&rig);
	expect(redis_rig_ping(&rig), SST_NOT_FOUND, "password");
	write_file(path, "wrong-one\n");
	expect(redis_rig_ping(&rig), SST_UNAUTHORIZED, "AUTH: WRONGPASS");
	ck_assert_ptr_null(strstr(rig.err.text, "wrong-one"));
	write_file(path, "first-one\n");
	run_good();
	redis_rig_do(
	    rig.server.port, "first-one", "CONFIG SET requirepass second-one");
	fault_proxy_drop(rig.proxy);
	expect(redis_rig_ping(&rig), SST_UNAUTHORIZED, "WRONGPASS");
	write_file(path, "second-one\n");
	run_good();
}
END_TEST

START_TEST(a_password_that_nobody_asked_for)
{
	char password[] = "secret-one";

	rig.settings.password.value = password;
	redis_rig_open(&rig);
	expect(redis_rig_ping(&rig), SST_UNAUTHORIZED, "AUTH");
	ck_assert_ptr_null(strstr(rig.err.text, password));
}
END_TEST

static char user[] = "snap", user_password[] = "snap-pass";

/* Without the right to tell who it is and to ask how things are. */
START_TEST(a_user_with_few_rights)
{
	redis_rig_do(rig.server.port, NULL,
	    "ACL SETUSER snap on >snap-pass ~list -@all +ping +lrange +get");
	rig.settings.username = user;
	rig.settings.password.value = user_password;
	redis_rig_open(&rig);
	sst_redis_command(rig.redis, "LRANGE list 0 -1");
	sst_redis_command(rig.redis, "GET text");
	sst_redis_command(rig.redis, "LLEN list");
	ck_assert_msg(redis_rig_run(&rig) == SST_OK, "%s", rig.err.text);
	ck_assert_int_eq(strncmp(rig.replies, "[a b c]\n!NOPERM", 15), 0);
	ck_assert_uint_eq(rig.count, 3);
	ck_assert_int_eq(sst_redis_skew_ms(rig.redis), 0);
}
END_TEST

START_TEST(a_user_who_may_not_select)
{
	char url[160];

	redis_rig_do(rig.server.port, NULL,
	    "ACL SETUSER snap on >snap-pass ~list -@all +ping");
	snprintf(url, sizeof(url), "%s/3", rig.url);
	rig.settings.url = url;
	rig.settings.username = user;
	rig.settings.password.value = user_password;
	redis_rig_open(&rig);
	expect(redis_rig_ping(&rig), SST_FORBIDDEN, "SELECT: NOPERM");
}
END_TEST

START_TEST(databases)
{
	char url[160];

	snprintf(url, sizeof(url), "%s/3", rig.url);
	rig.settings.url = url;
	redis_rig_open(&rig);
	sst_redis_command(rig.redis, "GET text");
	ck_assert_int_eq(redis_rig_run(&rig), SST_OK);
	ck_assert_str_eq(rig.replies, "nil");
	snprintf(url, sizeof(url), "%s/300", rig.url);
	redis_rig_open(&rig);
	expect(redis_rig_ping(&rig), SST_NOT_FOUND, "SELECT: ERR DB index");
}
END_TEST

START_TEST(what_it_is_told_of_itself)
{
	json_t *upstream = json_object();
	const json_t *node;
	char name[160];

	redis_rig_open(&rig);
	ck_assert(sst_redis_describe(rig.redis, upstream));
	ck_assert(json_is_null(json_object_get(upstream, "version")));
	run_good();
	ck_assert(sst_redis_describe(rig.redis, upstream));
	ck_assert_int_eq(
	    strncmp(json_string_value(json_object_get(upstream, "version")),
		"redis ", 6),
	    0);
	node = json_array_get(json_object_get(upstream, "nodes"), 0);
	snprintf(name, sizeof(name), "%s (master)", rig.url);
	ck_assert_str_eq(
	    json_string_value(json_object_get(node, "name")), name);
	/* the hands of the test's clock stand where they stand */
	ck_assert_int_ne(sst_redis_skew_ms(rig.redis), 0);
	json_decref(upstream);
}
END_TEST

/* One that has never seen its master; it serves, or it does not. */
START_TEST(a_replica_without_its_master)
{
	json_t *upstream = json_object();
	const json_t *node;

	redis_rig_do(rig.server.port, NULL, "REPLICAOF 127.0.0.1 1");
	redis_rig_open(&rig);
	sst_redis_command(rig.redis, "GET text");
	ck_assert_int_eq(redis_rig_run(&rig), SST_OK);
	ck_assert(sst_redis_describe(rig.redis, upstream));
	node = json_array_get(json_object_get(upstream, "nodes"), 0);
	ck_assert_str_eq(
	    json_string_value(json_object_get(node, "status")), "degraded");
	json_decref(upstream);
	redis_rig_do(
	    rig.server.port, NULL, "CONFIG SET replica-serve-stale-data no");
	sst_redis_command(rig.redis, "GET text");
	expect(redis_rig_run(&rig), SST_UPSTREAM, "MASTERDOWN");
}
END_TEST

START_TEST(a_server_that_is_full)
{
	redis_rig_do(rig.server.port, NULL, "CONFIG SET maxclients 1");
	redis_rig_open(&rig);
	run_good();
	{
		struct sst_redis *first = rig.redis;

		rig.redis = NULL;
		redis_rig_open(&rig);
		expect(redis_rig_ping(&rig), SST_UPSTREAM,
		    "max number of clients");
		sst_redis_free(&first);
	}
}
END_TEST

static void
add(TCase *tc)
{
	int n = (int)(sizeof(sayings) / sizeof(sayings[0]));

	tcase_add_test(tc, replies_of_all_kinds);
	tcase_add_test(tc, nothing_is_asked_before_it_is_used);
	tcase_add_test(tc, an_empty_pipeline_is_no_question);
	tcase_add_test(tc, a_kept_connection_that_was_closed_is_made_again);
	tcase_add_test(tc, refused_is_unreachable);
	tcase_add_test(tc, a_name_that_is_none_is_unreachable);
	tcase_add_test(tc, cut_anywhere_is_truncated);
	tcase_add_test(tc, reset_anywhere_is_truncated);
	tcase_add_test(tc, garbage_is_no_protocol);
	tcase_add_loop_test(tc, what_it_says_instead, 0, n);
	tcase_add_loop_test(tc, the_deadline_is_kept, 0, 3);
	tcase_add_loop_test(tc, an_interrupt_cancels, 0, 3);
	tcase_add_test(tc, a_trickle_is_an_answer);
	tcase_add_test(tc, a_gigantic_value_is_given_up);
	tcase_add_test(tc, many_commands_are_answered_in_order);
	tcase_add_test(tc, whoever_takes_the_replies_may_stop);
	tcase_add_test(tc, a_password_is_read_again_when_it_is_refused);
	tcase_add_test(tc, a_password_that_nobody_asked_for);
	tcase_add_test(tc, a_user_with_few_rights);
	tcase_add_test(tc, a_user_who_may_not_select);
	tcase_add_test(tc, databases);
	tcase_add_test(tc, what_it_is_told_of_itself);
	tcase_add_test(tc, a_replica_without_its_master);
	tcase_add_test(tc, a_server_that_is_full);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "redis",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 60};

	return redis_rig_has("redis-server") ? suite_run(&plan) : EXIT_SUCCESS;
}
