/* Sentinels, a master and its replica: who is read, also after a failover. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/poll.h"
#include "support/suite.h"
#include "test_redis_support.h"

static struct redis_rig rig; /* the server is the master */
static struct server replica, sentinel;
static char url[] = "redis://sentinel", name[] = "mymaster";
static char address[64], *addresses[3];

static void
start_replica(void)
{
	static const char *argv[] = {"redis-server", "--port", "{PORT}",
	    "--bind", "127.0.0.1", "--save", "", "--dir", "{DIR}",
	    "--replicaof", NULL, NULL};
	static char of[32];

	snprintf(of, sizeof(of), "127.0.0.1 %u", (unsigned)rig.server.port);
	argv[10] = of;
	ck_assert(server_start(&replica, argv));
}

static void
start_sentinel(void)
{
	static const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
	static char script[512];

	/* it writes into its file what it finds out */
	snprintf(script, sizeof(script),
	    "printf '%%s\\n' 'port {PORT}' 'bind 127.0.0.1' 'dir {DIR}' "
	    "'sentinel monitor mymaster 127.0.0.1 %u 1' "
	    "'sentinel down-after-milliseconds mymaster 1000' "
	    "'sentinel failover-timeout mymaster 3000' > {DIR}/conf; "
	    "exec redis-sentinel {DIR}/conf",
	    (unsigned)rig.server.port);
	argv[2] = script;
	ck_assert(server_start(&sentinel, argv));
	snprintf(
	    address, sizeof(address), "127.0.0.1:%u", (unsigned)sentinel.port);
}

static void
setup(void)
{
	const char *const at_once[] = {"--repl-diskless-sync-delay", "0", NULL};

	redis_rig_init(&rig, at_once);
	redis_rig_do(rig.server.port, NULL, "SET text hello");
	start_replica();
	/* else the sentinel sees it ten seconds later */
	redis_rig_do(rig.server.port, NULL, "WAIT 1 20000");
	start_sentinel();
	addresses[0] = address;
	rig.settings.url = url;
	rig.settings.master_name = name;
	rig.settings.sentinels = (struct sst_option_list){addresses, 1};
}

static void
teardown(void)
{
	redis_rig_fini(&rig);
	server_end(&sentinel);
	server_end(&replica);
}

static bool
reads(void)
{
	sst_redis_command(rig.redis, "GET text");
	return redis_rig_run(&rig) == SST_OK &&
	       strcmp(rig.replies, "hello") == 0;
}

/* "redis://127.0.0.1:PORT (ROLE)" */
static bool
reads_from(unsigned short port, const char *role)
{
	json_t *upstream = json_object();
	char want[96];
	bool is;

	snprintf(want, sizeof(want), "redis://127.0.0.1:%u (%s)",
	    (unsigned)port, role);
	is = reads() && sst_redis_describe(rig.redis, upstream) &&
	     strcmp(json_string_value(json_object_get(
			json_array_get(json_object_get(upstream, "nodes"), 0),
			"name")),
		 want) == 0;
	json_decref(upstream);
	return is;
}

static void
expect(int code, const char *text)
{
	int got = redis_rig_ping(&rig);

	ck_assert_msg(got == code, "%s: %s", sst_code_name(got), rig.err.text);
	ck_assert_msg(strstr(rig.err.text, text) != NULL, "%s", rig.err.text);
}

START_TEST(the_master_is_read)
{
	char nobody[] = "127.0.0.1:1";

	redis_rig_open(&rig);
	ck_assert_msg(
	    reads_from(rig.server.port, "master"), "%s", rig.err.text);
	/* also when the first sentinel is gone */
	addresses[0] = nobody;
	addresses[1] = address;
	rig.settings.sentinels.count = 2;
	redis_rig_open(&rig);
	ck_assert_msg(
	    reads_from(rig.server.port, "master"), "%s", rig.err.text);
	rig.settings.sentinels.count = 1;
	redis_rig_open(&rig);
	expect(SST_UNREACHABLE, "sentinel://127.0.0.1:1");
}
END_TEST

START_TEST(a_name_they_do_not_know)
{
	char other[] = "other";

	rig.settings.master_name = other;
	redis_rig_open(&rig);
	expect(SST_NOT_FOUND, "watches no master named other");
}
END_TEST

START_TEST(a_sentinel_is_no_server_and_the_other_way_round)
{
	char wrong[80];

	snprintf(wrong, sizeof(wrong), "redis://%s", address);
	rig.settings.url = wrong;
	rig.settings.master_name = NULL;
	rig.settings.sentinels.count = 0;
	redis_rig_open(&rig);
	expect(SST_UNSUPPORTED, "this is a sentinel");
	snprintf(address, sizeof(address), "127.0.0.1:%u",
	    (unsigned)rig.server.port);
	rig.settings.url = url;
	rig.settings.master_name = name;
	rig.settings.sentinels.count = 1;
	redis_rig_open(&rig);
	expect(SST_UNSUPPORTED, "SENTINEL: ERR unknown command");
}
END_TEST

START_TEST(passwords_of_sentinels)
{
	char good[] = "of-the-sentinel", bad[] = "wrong-one";

	redis_rig_do(sentinel.port, NULL,
	    "ACL SETUSER default resetpass >of-the-sentinel");
	redis_rig_open(&rig);
	expect(SST_UNAUTHORIZED, "NOAUTH");
	rig.settings.sentinel_password.value = bad;
	redis_rig_open(&rig);
	expect(SST_UNAUTHORIZED, "AUTH: WRONGPASS");
	ck_assert_ptr_null(strstr(rig.err.text, bad));
	rig.settings.sentinel_password.value = good;
	redis_rig_open(&rig);
	ck_assert(reads());
}
END_TEST

START_TEST(a_replica_is_preferred_when_wanted)
{
	rig.settings.prefer_replica = true;
	redis_rig_open(&rig);
	ck_assert_msg(
	    POLL_UNTIL((fault_proxy_drop(rig.proxy), redis_rig_open(&rig),
		reads_from(replica.port, "replica"))),
	    "%s", rig.err.text);
	server_stop(&replica, SIGKILL);
	/* the sentinel may not know it yet: then the master, too */
	redis_rig_open(&rig);
	ck_assert_msg(
	    reads_from(rig.server.port, "master"), "%s", rig.err.text);
}
END_TEST

START_TEST(a_failover_is_followed)
{
	rig.settings.prefer_replica = true;
	ck_assert(POLL_UNTIL(
	    (redis_rig_open(&rig), reads_from(replica.port, "replica"))));
	rig.settings.prefer_replica = false;
	redis_rig_open(&rig);
	ck_assert(reads_from(rig.server.port, "master"));
	server_stop(&rig.server, SIGKILL);
	ck_assert(!reads());
	ck_assert_msg(
	    POLL_UNTIL(reads_from(replica.port, "master")), "%s", rig.err.text);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, the_master_is_read);
	tcase_add_test(tc, a_name_they_do_not_know);
	tcase_add_test(tc, a_sentinel_is_no_server_and_the_other_way_round);
	tcase_add_test(tc, passwords_of_sentinels);
	tcase_add_test(tc, a_replica_is_preferred_when_wanted);
	tcase_add_test(tc, a_failover_is_followed);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "redis_sentinel",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 90};

	if (!redis_rig_has("redis-server") || !redis_rig_has("redis-sentinel"))
		return EXIT_SUCCESS;
	return suite_run(&plan);
}
