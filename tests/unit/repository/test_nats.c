/*
 * The NATS source against recorded answers of monitoring endpoints that tests
 * change: what it concludes from counts, and what stays when a server of several
 * is down.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"
#include "support/subject.h"
#include "support/suite.h"
#include "support/upstream.h"

#define RECORDED SST_SOURCE_DIR "/mocks/upstreams/nats/"
#define FULL "/jsz?consumers=1&config=1"

static struct upstream *up, *other;
static struct subject subject;
static json_t *tree;

static void
setup(void)
{
	subject_init(&subject, &sst_nats_ops);
	ck_assert(upstream_start(&up));
	ck_assert(upstream_start(&other));
	ck_assert(upstream_load(up, RECORDED "first.routes"));
	tree = NULL;
}

static void
teardown(void)
{
	json_decref(tree);
	upstream_release(up);
	subject_fini(&subject);
	upstream_stop(&up);
	upstream_stop(&other);
}

static void
open_with(const char *more)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml), "{monitoring: ['%s/']%s}",
	    upstream_url(up), more);
	ck_assert_msg(
	    subject_open(&subject, yaml) == SST_OK, "%s", subject.err.text);
}

static const struct sst_error *
collect(void)
{
	int code = subject_collect(&subject);

	ck_assert_msg(
	    code == SST_OK, "%s: %s", sst_code_name(code), subject.err.text);
	json_decref(tree);
	tree = subject_tree(&subject);
	return &subject.harvest->flaw;
}

static void
collect_whole(void)
{
	const struct sst_error *flaw = collect();

	ck_assert_msg(flaw->code == SST_OK, "%s", flaw->text);
	ck_assert_uint_eq(subject.harvest->rejected, 0);
}

/* The member of that queue at a.b, borrowed; NULL when there is no queue. */
static const json_t *
of(const char *name, const char *a, const char *b)
{
	const json_t *queue;
	size_t i;

	json_array_foreach(tree, i, queue)
	{
		if (strcmp(json_string_value(json_object_get(queue, "name")),
			name) != 0)
			continue;
		queue = json_object_get(queue, a);
		return b == NULL ? queue : json_object_get(queue, b);
	}
	return NULL;
}

/* -1: null, or absent where it may be. */
static long
number(const char *name, const char *a, const char *b)
{
	const json_t *value = of(name, a, b);

	ck_assert_msg(of(name, "name", NULL) != NULL, "no queue %s", name);
	if (value == NULL || json_is_null(value))
		return -1;
	ck_assert_msg(json_is_integer(value), "%s: %s", name, a);
	return (long)json_integer_value(value);
}

static const char *
text(const char *name, const char *member)
{
	const char *value = json_string_value(of(name, member, NULL));

	return value != NULL ? value : "";
}

static void
depth_is(const char *name, long ready, long running, long dead, long total)
{
	ck_assert_int_eq(number(name, "depth", "ready"), ready);
	ck_assert_int_eq(number(name, "depth", "running"), running);
	ck_assert_int_eq(number(name, "depth", "dead"), dead);
	ck_assert_int_eq(number(name, "depth", "total"), total);
	ck_assert_int_eq(number(name, "tasks_total", NULL), total);
	ck_assert_int_eq(number(name, "tasks_omitted", NULL), total);
}

static void
answer(struct upstream *to, const char *target, const char *body)
{
	ck_assert(upstream_answer_text(to, target, 200, body));
}

START_TEST(consumers_are_queues)
{
	open_with("");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 7);
	depth_is("AGENT_TASKS/workers-high", 80, 20, -1, 100);
	depth_is("AGENT_TASKS/workers-low", 100, 0, -1, 100);
	/* a stream that nobody reads is a queue itself */
	depth_is("AGENT_ORPHAN", 10000, 0, -1, 10000);
	ck_assert_int_eq(number("AGENT_ORPHAN", "consumers", NULL), 0);
	depth_is("DLQ", 0, 0, -1, 0);
	/* sent to by the server; nobody is there to take it */
	depth_is("AGENT_EVENTS/push-audit", 1000, 0, -1, 1000);
	ck_assert_int_eq(number("AGENT_EVENTS/push-audit", "consumers", NULL),
	    0);
	ck_assert_int_eq(
	    number("AGENT_TASKS/workers-normal", "consumers", NULL), 1);
	/* at work, or gone: it does not ask */
	ck_assert_int_eq(number("AGENT_BIG/indexer", "consumers", NULL), -1);
	ck_assert_str_eq(text("AGENT_BIG/indexer", "type"), "limits");
	ck_assert_str_eq(
	    text("AGENT_TASKS/workers-high", "type"), "workqueue");
	ck_assert_str_eq(text("AGENT_ORPHAN", "tasks_detail"), "counts_only");
	ck_assert_str_eq(text("AGENT_ORPHAN", "oldest_submitted_at"),
	    "2026-11-21T02:17:34Z");
	ck_assert_str_eq(text("AGENT_BIG/indexer", "oldest_submitted_at"), "");
}
END_TEST

/* No consumer counts them, and they are there. */
START_TEST(what_was_given_up_is_dead)
{
	upstream_forget(up);
	ck_assert(upstream_load(up, RECORDED "dead.routes"));
	open_with("");
	collect_whole();
	depth_is("AGENT_TASKS", 0, 0, 101, 101);
	depth_is("AGENT_TASKS/workers-high", 0, 0, -1, 0);
	depth_is("AGENT_TASKS/workers-low", 100, 0, -1, 100);
	ck_assert_uint_eq(json_array_size(tree), 8);
}
END_TEST

#define HEAD "{\"server_id\":\"N\",\"now\":\"2026-11-21T02:17:59Z\","
#define JSZ(account, streams)                                         \
	HEAD "\"account_details\":[{\"name\":\"" account "\"," \
	     "\"stream_detail\":[" streams "]}]}"
#define STREAM_OF(name, leader, config, state, consumers)                \
	"{\"name\":\"" name "\",\"created\":\"t\",\"cluster\":{" leader  \
	"},\"config\":{" config "},\"state\":{\"first_seq\":1,"          \
	"\"last_seq\":90," state "},\"consumer_detail\":[" consumers "]}"
#define WORK "\"retention\":\"workqueue\",\"subjects\":[\"a.>\"]"
#define CONSUMER_OF(name, leader, config, counts)             \
	"{\"name\":\"" name "\",\"cluster\":{" leader             \
	"},\"config\":{\"durable_name\":\"" name "\"," config "}," \
	"\"delivered\":{\"stream_seq\":9},\"ack_floor\":{" counts "}"
#define ACKED(when) "\"stream_seq\":1,\"last_active\":\"" when "\"},"
#define COUNTS(pending, flight)                                        \
	"\"num_pending\":" pending ",\"num_ack_pending\":" flight ","  \
	"\"num_redelivered\":0,\"num_waiting\":0"

static void
one_server(const char *body)
{
	upstream_forget(up);
	answer(up, "/jsz", HEAD "\"streams\":1,\"consumers\":1}");
	answer(up, FULL, body);
	answer(up, "/varz",
	    "{\"server_id\":\"N\",\"server_name\":\"n1\","
	    "\"version\":\"2.10.1\"}");
	answer(up, "/healthz", "{\"status\":\"ok\"}");
}

#define DEAD(when, allowed)                                               \
	JSZ("$G", STREAM_OF("S", "", WORK, "\"messages\":10",             \
		      CONSUMER_OF("c", "", "\"max_deliver\":" allowed,    \
			  ACKED(when) COUNTS("4", "1"))))

/* An acknowledgement between the counts of the stream and those of its consumer
 * would look like a dead task. */
START_TEST(counts_of_two_moments_are_not_compared)
{
	one_server(DEAD("2026-11-21T02:17:59.5Z", "3"));
	open_with("");
	collect_whole();
	depth_is("S/c", 4, 1, -1, 5);
	one_server(DEAD("2026-11-21T02:17:58Z", "3"));
	collect_whole();
	depth_is("S/c", 4, 1, 5, 10);
	/* what was known is kept as far as it can be true */
	one_server(DEAD("2026-11-21T02:17:59.5Z", "3"));
	collect_whole();
	depth_is("S/c", 4, 1, 5, 10);
	/* given for ever, none is given up */
	one_server(DEAD("2026-11-21T02:17:58Z", "-1"));
	collect_whole();
	depth_is("S/c", 4, 1, 0, 5);
}
END_TEST

/* Of a log with consumers, what is done stays: nothing follows from it. */
START_TEST(a_log_has_no_dead)
{
	one_server(JSZ("$G",
	    STREAM_OF("S", "", "\"retention\":\"limits\"", "\"messages\":10",
		CONSUMER_OF("c", "", "\"max_deliver\":3",
		    ACKED("2026-11-21T02:17:58Z") COUNTS("4", "1")))));
	open_with("");
	collect_whole();
	depth_is("S/c", 4, 1, -1, 5);
}
END_TEST

START_TEST(accounts_have_names_of_their_own)
{
	static const char *const names[] = {"A%3Ax:S/c", "S/c"};
	static const char *const more[] = {"", ", account: 'A:x'"};

	one_server(JSZ("A:x",
	    STREAM_OF("S", "", WORK, "\"messages\":0",
		CONSUMER_OF("c", "", "\"max_deliver\":3",
		    ACKED("") COUNTS("0", "0")))));
	answer(up, FULL "&acc=A%3Ax",
	    JSZ("A:x",
		STREAM_OF("S", "", WORK, "\"messages\":0",
		    CONSUMER_OF("c", "", "\"max_deliver\":3",
			ACKED("") COUNTS("0", "0")))));
	open_with(more[_i]);
	collect_whole();
	depth_is(names[_i], 0, 0, 0, 0);
}
END_TEST

START_TEST(names_are_filtered)
{
	open_with(", include: ['AGENT_*'], exclude: ['*/workers-low', "
		  "AGENT_ORPHAN], system: main");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 4);
	ck_assert_str_eq(text("AGENT_BIG/indexer", "system"), "main");
}
END_TEST

#define BUCKET                                                         \
	STREAM_OF("KV_x", "", "\"retention\":\"limits\",\"subjects\":" \
			      "[\"$KV.x.>\"]",                         \
	    "\"messages\":3", "")
#define EPHEMERAL                                                    \
	STREAM_OF("LOG", "", "\"retention\":\"limits\"",             \
	    "\"messages\":3",                                        \
	    "{\"name\":\"x7\",\"config\":{\"ack_policy\":\"none\"}," \
	    COUNTS("1", "0") "}")

START_TEST(what_is_no_queue_is_hidden)
{
	one_server(JSZ("$G", BUCKET "," EPHEMERAL));
	open_with("");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 1);
	/* it has a reader, whom we do not count */
	ck_assert_int_eq(number("LOG", "consumers", NULL), -1);
	depth_is("LOG", 3, 0, -1, 3);
	open_with(", hide_buckets: false, hide_ephemeral: false");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 2);
	depth_is("KV_x", 3, 0, -1, 3);
	depth_is("LOG/x7", 1, 0, -1, 1);
}
END_TEST

/* A body is asked for only when it will fit. */
START_TEST(too_many_streams_are_not_asked_for)
{
	answer(up, "/jsz", HEAD "\"streams\":500000,\"consumers\":9}");
	answer(up, "/varz", "{\"server_id\":\"N\",\"server_name\":\"n\"}");
	open_with("");
	ck_assert_int_eq(subject_collect(&subject), SST_TOO_LARGE);
	ck_assert_ptr_nonnull(strstr(subject.err.text, "account"));
	ck_assert_uint_eq(upstream_calls(up, FULL), 0);
}
END_TEST

/* Names of servers do not change, and being well is not asked at each poll. */
START_TEST(nothing_is_asked_in_vain)
{
	int i;

	open_with("");
	for (i = 0; i < 17; i++) {
		collect_whole();
		ck_assert_uint_eq(json_array_size(tree), 7);
		fake_clock_advance(&subject.hands, 1000);
	}
	ck_assert_uint_eq(upstream_calls(up, FULL), 17);
	ck_assert_uint_eq(upstream_calls(up, "/varz"), 1);
	ck_assert_uint_eq(upstream_calls(up, "/healthz"), 2);
	ck_assert_uint_eq(upstream_connections(up), 1);
}
END_TEST

static const char *
upstream_text(void)
{
	return subject.harvest->upstream != NULL ? subject.harvest->upstream
						 : "";
}

START_TEST(a_server_that_is_not_well_is_told)
{
	ck_assert(upstream_answer_text(up, "/healthz", 503,
	    "{\"status\":\"unavailable\",\"error\":\"no quorum\"}"));
	open_with("");
	collect_whole();
	ck_assert_ptr_nonnull(strstr(upstream_text(), "\"no quorum\""));
	ck_assert_ptr_nonnull(
	    strstr(upstream_text(), "\"status\":\"degraded\""));
	ck_assert_ptr_nonnull(
	    strstr(upstream_text(), "\"version\":\"2.9.10\""));
}
END_TEST

START_TEST(a_server_without_jetstream_is_told)
{
	answer(up, "/jsz", HEAD "\"disabled\":true}");
	answer(up, "/varz", "{\"server_id\":\"N\",\"server_name\":\"n\"}");
	open_with("");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 0);
	ck_assert_ptr_nonnull(strstr(upstream_text(), "not enabled"));
}
END_TEST

#define LED(name) "\"name\":\"C\",\"leader\":\"" name "\""

static void
two_servers(const char *leader_of_b)
{
	char body[4096];

	one_server(JSZ("$G",
	    STREAM_OF("R3", LED("n2"), WORK, "\"messages\":1",
		CONSUMER_OF("c", LED("n1"), "\"max_deliver\":-1",
		    ACKED("") COUNTS("6", "1")))));
	answer(other, "/jsz",
	    "{\"server_id\":\"M\",\"streams\":2,\"consumers\":2}");
	snprintf(body, sizeof(body), "%s%s%s",
	    "{\"server_id\":\"M\",\"account_details\":[{\"name\":\"$G\","
	    "\"stream_detail\":["
	    STREAM_OF("R3", LED("n2"), WORK, "\"messages\":7",
		CONSUMER_OF("c", LED("n1"), "\"max_deliver\":-1",
		    ACKED("") COUNTS("900", "0"))) ",",
	    leader_of_b, "]}]}");
	answer(other, FULL, body);
	answer(other, "/varz", "{\"server_id\":\"M\",\"server_name\":\"n2\"}");
	answer(other, "/healthz", "{\"status\":\"ok\"}");
}

static void
open_two(void)
{
	char more[256];

	snprintf(more, sizeof(more), "{monitoring: ['%s', '%s']}",
	    upstream_url(up), upstream_url(other));
	ck_assert_msg(
	    subject_open(&subject, more) == SST_OK, "%s", subject.err.text);
}

START_TEST(leaders_are_believed_and_nothing_is_summed)
{
	two_servers(STREAM_OF("R1", LED("n2"), WORK, "\"messages\":3", ""));
	open_two();
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 2);
	depth_is("R3/c", 6, 1, 0, 7);
	depth_is("R1", 3, 0, -1, 3);
}
END_TEST

/* What only it had stays, unknown; the rest is read from the other. */
START_TEST(one_server_of_two_is_down)
{
	const struct sst_error *flaw;

	two_servers(STREAM_OF("R1", LED("n2"), WORK, "\"messages\":3", ""));
	open_two();
	collect_whole();
	ck_assert(upstream_refuse(other, true));
	flaw = collect();
	ck_assert_int_eq(flaw->code, SST_UNREACHABLE);
	ck_assert_uint_eq(json_array_size(tree), 2);
	depth_is("R1", -1, -1, -1, -1);
	ck_assert_str_eq(text("R1", "state"), "unreachable");
	/* the stream was led by the one that is down, its consumer is not */
	depth_is("R3/c", 6, 1, 0, 7);
	ck_assert_ptr_nonnull(strstr(upstream_text(), "\"n2\""));
	ck_assert_ptr_nonnull(strstr(upstream_text(), "\"down\""));
	collect();
	ck_assert_uint_eq(json_array_size(tree), 2);
	ck_assert(upstream_refuse(other, false));
	collect_whole();
	depth_is("R1", 3, 0, -1, 3);
	ck_assert(upstream_refuse(other, true));
	ck_assert(upstream_refuse(up, true));
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
}
END_TEST

START_TEST(a_stream_without_a_leader_is_unknown)
{
	const struct sst_error *flaw;

	two_servers(STREAM_OF("R1", LED(""), WORK, "\"messages\":3", ""));
	open_two();
	flaw = collect();
	ck_assert_int_eq(flaw->code, SST_UPSTREAM);
	ck_assert_ptr_nonnull(strstr(flaw->text, "R1"));
	ck_assert_str_eq(text("R1", "state"), "no leader");
	depth_is("R1", -1, -1, -1, -1);
	depth_is("R3/c", 6, 1, 0, 7);
}
END_TEST

/* One that hangs leaves time for the other. */
START_TEST(one_server_of_two_hangs)
{
	struct upstream_fault fault = {.kind = UPSTREAM_HOLD};

	two_servers(STREAM_OF("R1", LED("n2"), WORK, "\"messages\":3", ""));
	open_two();
	upstream_misbehave(up, "", &fault);
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, "", 1));
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS / 2 + 1);
	ck_assert_int_eq(subject_join(&subject), SST_OK);
	ck_assert_int_eq(subject.harvest->flaw.code, SST_TIMEOUT);
	ck_assert_uint_eq(subject.harvest->count, 2);
}
END_TEST

static const char *const bad[][2] = {
    {"{}", "monitoring"},
    {"monitoring: []", "monitoring"},
    {"monitoring: [nowhere]", "monitoring"},
    {"monitoring: ['http://u:p@h/']", "monitoring"},
    {"monitoring: ['http://h/?x']", "monitoring"},
    {"url: http://h", "nats://HOST"},
    {"url: 'nats://u:p@h'", "nats://HOST"},
    {"url: 'nats://'", "nats://HOST"},
    {"url: 'nats://h,,nats://h'", "nats://HOST"},
    {"url: 'nats://h/x'", "nats://HOST"},
    {"url: \"nats://h\\nx\"", "nats://HOST"},
    {"{url: 'nats://h', password: p}", "username"},
    {"{url: 'nats://h', username: u, token: t}", "one of them"},
    {"{url: 'nats://h', nkey: U}", "nkey_seed"},
    {"{url: 'nats://h', nkey_seed: S}", "nkey"},
    {"{url: 'nats://h', creds: c, username: u}", "one of them"},
    {"{url: 'nats://h', cert_file: c}", "key"},
    {"{url: 'nats://h', key: c}", "cert_file"},
    {"{monitoring: ['http://h'], token: t}", "url"},
    {"{url: 'nats://h', inbox_prefix: 'a.*'}", "inbox_prefix"},
    {"{url: 'nats://h', inbox_prefix: '.a'}", "inbox_prefix"},
    {"{url: 'nats://h', id_header: 'a b'}", "id_header"},
    {"{url: 'nats://h', blocked_by_header: 'a:'}", "blocked_by_header"},
    {"{url: 'nats://h', priority_token: -1}", "priority_token"},
    {"{url: 'nats://h', priority_levels: [p0]}", "priority_levels"},
    {"{url: 'nats://h', priority_levels: ['p0=soon']}", "priority_levels"},
    {"{url: 'nats://h', max_tasks_per_queue: -1}", "max_tasks_per_queue"},
    {"{url: 'nats://h', nonsense: 1}", "nonsense"},
};

START_TEST(a_wrong_option_is_named)
{
	int code = subject_open(&subject, bad[_i][0]);

	ck_assert_msg(code == SST_INVALID || code == SST_TYPE, "%s: %s",
	    bad[_i][0], sst_code_name(code));
	ck_assert_msg(strstr(subject.err.text, bad[_i][1]) != NULL, "%s: %s",
	    bad[_i][0], subject.err.text);
}
END_TEST

/* Nobody listens there; counts do without. */
START_TEST(without_a_connection_there_are_counts)
{
	const struct sst_error *flaw;

	open_with(", url: 'nats://127.0.0.1:1'");
	flaw = collect();
	ck_assert_int_eq(flaw->code, SST_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(flaw->text, "tasks are not known"));
	depth_is("AGENT_TASKS/workers-high", 80, 20, -1, 100);
	ck_assert_str_eq(
	    text("AGENT_TASKS/workers-high", "tasks_detail"), "unavailable");
	ck_assert(upstream_refuse(up, true));
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, consumers_are_queues);
	tcase_add_test(tc, what_was_given_up_is_dead);
	tcase_add_test(tc, counts_of_two_moments_are_not_compared);
	tcase_add_test(tc, a_log_has_no_dead);
	tcase_add_loop_test(tc, accounts_have_names_of_their_own, 0, 2);
	tcase_add_test(tc, names_are_filtered);
	tcase_add_test(tc, what_is_no_queue_is_hidden);
	tcase_add_test(tc, too_many_streams_are_not_asked_for);
	tcase_add_test(tc, nothing_is_asked_in_vain);
	tcase_add_test(tc, a_server_that_is_not_well_is_told);
	tcase_add_test(tc, a_server_without_jetstream_is_told);
	tcase_add_test(tc, leaders_are_believed_and_nothing_is_summed);
	tcase_add_test(tc, one_server_of_two_is_down);
	tcase_add_test(tc, a_stream_without_a_leader_is_unknown);
	tcase_add_test(tc, one_server_of_two_hangs);
	tcase_add_loop_test(tc, a_wrong_option_is_named, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, without_a_connection_there_are_counts);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "nats", add_tests, setup, teardown, 60};

	return suite_run(&plan);
}
