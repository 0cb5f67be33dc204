/*
 * Answers of NATS as bytes: recordings, and each way in which they can be wrong.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_parse.h"
#include "support/suite.h"

#define RECORDED SST_SOURCE_DIR "/mocks/upstreams/nats/"

static struct nats_catalog catalog;
static struct sst_error err;
static char *bytes;
static size_t len;
static unsigned rejects;
static char pointer[256];

static void
setup(void)
{
	memset(&catalog, 0, sizeof(catalog));
	bytes = NULL;
	rejects = 0;
	pointer[0] = '\0';
}

static void
teardown(void)
{
	nats__catalog_fini(&catalog);
	free(bytes);
}

static void
load(const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), RECORDED "%s", name);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s", path);
	free(bytes);
	bytes = malloc(1 << 20);
	ck_assert_ptr_nonnull(bytes);
	len = fread(bytes, 1, 1 << 20, f);
	fclose(f);
}

static void
on_reject(void *ctx, const char *at, const char *reason)
{
	(void)ctx;
	ck_assert_int_ne(reason[0], '\0');
	if (rejects++ == 0)
		snprintf(pointer, sizeof(pointer), "%s", at);
}

static const struct nats_into into = {
    .catalog = &catalog, .reject = on_reject};

static int
jsz(const char *text, const char *self, const char *account)
{
	struct nats_jsz_want want = {self, account, into};
	struct nats_jsz out;
	int code;

	code = nats__parse_jsz(
	    text, text == bytes ? len : strlen(text), &want, &out, &err);
	if (code == SST_OK)
		code = nats__catalog_merge(&catalog, &err);
	return code;
}

static const struct nats_consumer *
consumer(const char *stream, const char *name)
{
	const struct nats_stream *s = nats__catalog_find(&catalog, NULL, stream);
	size_t i;

	ck_assert_msg(s != NULL, "%s", stream);
	for (i = 0; i < s->consumer_count; i++) {
		if (strcmp(s->consumers[i].name, name) == 0)
			return &s->consumers[i];
	}
	ck_abort_msg("no consumer %s", name);
}

START_TEST(recorded_streams_and_consumers)
{
	const struct nats_stream *s;
	const struct nats_consumer *c;

	load("jsz_consumers_config.json");
	ck_assert_msg(jsz(bytes, NULL, NULL) == SST_OK, "%s", err.text);
	ck_assert_uint_eq(catalog.count, 5);
	ck_assert_uint_eq(rejects, 0);
	s = nats__catalog_find(&catalog, "$G", "AGENT_TASKS");
	ck_assert_ptr_nonnull(s);
	ck_assert(s->live);
	ck_assert_int_eq(s->retention, NATS_WORKQUEUE);
	ck_assert_int_eq(s->messages, 252);
	ck_assert_int_eq(s->deleted, 48);
	ck_assert_uint_eq(s->consumer_count, 3);
	ck_assert_str_eq(s->subjects.items[0], "agent.tasks.*.*");
	c = consumer("AGENT_TASKS", "workers-normal");
	ck_assert(c->live && c->durable && !c->push && c->acks);
	ck_assert_int_eq(c->pending, 32);
	ck_assert_int_eq(c->in_flight, 20);
	ck_assert_int_eq(c->redelivered, 1);
	ck_assert_int_eq(c->max_deliver, 3);
	ck_assert_int_eq(c->delivered, 203);
	ck_assert_int_eq(c->floor, 10);
	ck_assert_str_eq(c->filters.items[0], "agent.tasks.normal.*");
	ck_assert(consumer("AGENT_EVENTS", "push-audit")->push);
	/* the year 1 is no time */
	ck_assert_int_eq(nats__catalog_find(&catalog, NULL, "DLQ")->first_ms,
	    -1);
}
END_TEST

START_TEST(only_one_account)
{
	load("jsz_consumers_config.json");
	ck_assert_int_eq(jsz(bytes, NULL, "$G"), SST_OK);
	ck_assert_uint_eq(catalog.count, 5);
	nats__catalog_fini(&catalog);
	/* the server answers with all when it does not know it */
	ck_assert_int_eq(jsz(bytes, NULL, "NOPE"), SST_OK);
	ck_assert_uint_eq(catalog.count, 0);
}
END_TEST

#define JSZ(streams)                                                    \
	"{\"server_id\":\"N\",\"now\":\"2026-11-21T02:17:59Z\","        \
	"\"account_details\":[{\"name\":\"A\",\"stream_detail\":[" streams \
	"]}]}"
#define LED(leader) \
	"\"cluster\":{\"name\":\"C\",\"leader\":\"" leader "\"}"
#define STREAM(leader, messages, consumers)                               \
	"{\"name\":\"S\",\"created\":\"x\"," LED(leader) ",\"state\":"    \
	"{\"messages\":" messages ",\"first_seq\":1,\"last_seq\":9}," \
	"\"consumer_detail\":[" consumers "]}"
#define CONSUMER(name, leader, pending)                     \
	"{\"name\":\"" name "\"," LED(leader) ",\"num_pending\":" pending \
	",\"num_ack_pending\":0,\"num_waiting\":0}"

/* Followers are wrong about what is pending, and sums are nonsense. */
START_TEST(whoever_leads_is_believed)
{
	static const char *const servers[] = {"n1", "n2", "n3"};
	static const char *const answers[] = {
	    JSZ(STREAM("n2", "4", CONSUMER("c", "n3", "77"))),
	    JSZ(STREAM("n2", "5", CONSUMER("c", "n3", "88"))),
	    JSZ(STREAM("n2", "3", CONSUMER("c", "n3", "2"))),
	};
	struct nats_jsz out;
	const struct nats_stream *s;
	size_t i;

	for (i = 0; i < 3; i++) {
		struct nats_jsz_want want = {servers[i], NULL, into};

		ck_assert_int_eq(nats__parse_jsz(answers[i],
				     strlen(answers[i]), &want, &out, &err),
		    SST_OK);
	}
	ck_assert_int_eq(nats__catalog_merge(&catalog, &err), SST_OK);
	ck_assert_uint_eq(catalog.count, 1);
	s = &catalog.streams[0];
	ck_assert_int_eq(s->messages, 5);
	ck_assert_uint_eq(s->consumer_count, 1);
	ck_assert_int_eq(s->consumers[0].pending, 2);
}
END_TEST

START_TEST(without_its_leader_a_stream_is_unknown)
{
	const struct nats_stream *s;

	ck_assert_int_eq(
	    jsz(JSZ(STREAM("n2", "4", CONSUMER("c", "", "77"))), "n1", NULL),
	    SST_OK);
	s = &catalog.streams[0];
	ck_assert(!s->live);
	ck_assert_str_eq(s->leader, "n2");
	ck_assert_int_eq(s->messages, -1);
	ck_assert_int_eq(s->consumers[0].pending, -1);
	ck_assert_int_eq(s->consumers[0].in_flight, -1);
}
END_TEST

struct bad_row {
	const char *text;
	const char *pointer; /* NULL: the whole answer is refused */
	int code;
};

#define AT "/account_details/0/stream_detail/0"

static const struct bad_row bad_rows[] = {
    {JSZ("7"), AT, SST_OK},
    {JSZ("{\"state\":{}}"), AT "/name", SST_OK},
    {JSZ("{\"name\":\"\",\"state\":{}}"), AT "/name", SST_OK},
    {JSZ("{\"name\":\"S\"}"), AT "/state", SST_OK},
    {JSZ("{\"name\":\"S\",\"state\":{\"messages\":\"1\"}}"),
	AT "/state/messages", SST_OK},
    {JSZ("{\"name\":\"S\",\"state\":{\"last_seq\":-7}}"),
	AT "/state/last_seq", SST_OK},
    {JSZ(STREAM("", "1", "{\"name\":5}")), AT "/consumer_detail/0/name",
	SST_OK},
    {JSZ(STREAM("", "1", "{\"name\":\"c\",\"num_pending\":1.5}")),
	AT "/consumer_detail/0/num_pending", SST_OK},
    {JSZ(STREAM("", "1", "{\"name\":\"c\",\"ack_floor\":"
			 "{\"stream_seq\":true}}")),
	AT "/consumer_detail/0/ack_floor/stream_seq", SST_OK},
    {"[]", NULL, SST_TYPE},
    {"{}", NULL, SST_TYPE},
    {"{\"server_id\":\"N\",\"account_details\":{}}", NULL, SST_TYPE},
    {"", NULL, SST_TRUNCATED},
    {"{\"server_id\":", NULL, SST_TRUNCATED},
    {"404 page not found\n", NULL, SST_SYNTAX},
};

START_TEST(a_bad_row_is_named)
{
	const struct bad_row *row = &bad_rows[_i];

	ck_assert_int_eq(jsz(row->text, NULL, NULL), row->code);
	if (row->pointer == NULL) {
		ck_assert_int_eq(err.code, row->code);
		ck_assert_int_ne(err.text[0], '\0');
		return;
	}
	ck_assert_uint_eq(rejects, 1);
	ck_assert_str_eq(pointer, row->pointer);
}
END_TEST

/* 2^64 - 1 stands for "no bound", also where a count went below 0. */
START_TEST(numbers_beyond_63_bits)
{
	ck_assert_int_eq(
	    jsz(JSZ(STREAM("", "18446744073709551615",
		    CONSUMER("1234567890123456789012\\\"3", "",
			"9223372036854775808"))),
		NULL, NULL),
	    SST_OK);
	/* digits of a text stay */
	ck_assert_str_eq(catalog.streams[0].consumers[0].name,
	    "1234567890123456789012\"3");
	nats__catalog_fini(&catalog);
	load("jsz_consumers_config.json");
	ck_assert_ptr_nonnull(strstr(bytes, "18446744073709551615"));
	ck_assert_int_eq(jsz(bytes, NULL, NULL), SST_OK);
	nats__catalog_fini(&catalog);
	ck_assert_int_eq(
	    jsz("{\"server_id\":\"N\",\"x\":-1234567890.12345678901234567890e3,"
		"\"y\":[99999999999999999999,0]}",
		NULL, NULL),
	    SST_OK);
}
END_TEST

START_TEST(figures_alone)
{
	static const char disabled[] =
	    "{\"server_id\":\"N\",\"disabled\":true}";
	struct nats_jsz out;

	load("jsz.json");
	ck_assert_int_eq(
	    nats__parse_jsz(bytes, len, NULL, &out, &err), SST_OK);
	ck_assert_int_eq(out.streams, 5);
	ck_assert_int_eq(out.consumers, 5);
	ck_assert(!out.details && !out.disabled);
	ck_assert_int_gt(out.now_ms, 0);
	ck_assert_int_eq(nats__parse_jsz(disabled, strlen(disabled), NULL,
			     &out, &err),
	    SST_OK);
	ck_assert(out.disabled);
	ck_assert_int_eq(out.streams, -1);
}
END_TEST

START_TEST(server_and_health)
{
	static const char ill[] =
	    "{\"status\":\"unavailable\",\"error\":\"JetStream stream 'A > S' "
	    "is not current\"}";
	char reason[NATS_TEXT];
	struct nats_varz varz;
	bool ok;

	load("varz.json");
	ck_assert_int_eq(nats__parse_varz(bytes, len, &varz, &err), SST_OK);
	ck_assert_str_eq(varz.version, "2.9.10");
	ck_assert(varz.jetstream);
	ck_assert_int_eq(nats__parse_varz("{}", 2, &varz, &err), SST_TYPE);
	load("healthz.json");
	ck_assert_int_eq(
	    nats__parse_healthz(bytes, len, &ok, reason, &err), SST_OK);
	ck_assert(ok);
	ck_assert_int_eq(
	    nats__parse_healthz(ill, strlen(ill), &ok, reason, &err), SST_OK);
	ck_assert(!ok);
	ck_assert_str_eq(reason, "JetStream stream 'A > S' is not current");
	ck_assert_int_eq(
	    nats__parse_healthz("{\"status\":\"bad\"}", 16, &ok, reason, &err),
	    SST_OK);
	ck_assert_str_eq(reason, "bad");
	ck_assert_int_eq(
	    nats__parse_healthz("{}", 2, &ok, reason, &err), SST_TYPE);
}
END_TEST

START_TEST(lists_of_the_api)
{
	static const char consumers[] =
	    "{\"total\":3,\"consumers\":[{\"name\":\"c\",\"num_pending\":3},"
	    "7]}";
	static const char names[] = "{\"total\":2,\"streams\":[\"S\",5]}";
	struct nats_page page;

	load("api_stream_names.json");
	ck_assert_int_eq(
	    nats__parse_stream_names(bytes, len, &into, &page, &err), SST_OK);
	ck_assert_int_eq(page.total, 5);
	ck_assert_uint_eq(catalog.count, 5);
	ck_assert(catalog.streams[0].lost && !catalog.streams[0].live);
	nats__catalog_fini(&catalog);
	ck_assert_int_eq(nats__parse_stream_names(names, strlen(names), &into,
			     &page, &err),
	    SST_OK);
	ck_assert_uint_eq(catalog.count, 1);
	ck_assert_str_eq(pointer, "/streams/1");
	/* page by page */
	for (rejects = 0; rejects < 2;)
		ck_assert_int_eq(
		    nats__parse_consumer_list(consumers, strlen(consumers),
			&into, &page, &err),
		    SST_OK);
	ck_assert_uint_eq(catalog.streams[0].consumer_count, 2);
	ck_assert_str_eq(pointer, "/consumers/1");
	ck_assert_int_eq(nats__parse_stream_names("{\"streams\":[]}", 14, &into,
			     &page, &err),
	    SST_TYPE);
	ck_assert_int_eq(
	    nats__parse_consumer_list("{\"consumers\":{},\"total\":0}", 26,
		&into, &page, &err),
	    SST_TYPE);
}
END_TEST

START_TEST(facts_of_a_stream)
{
	struct nats_info info;
	size_t i;
	int64_t sum = 0;

	load("api_stream_info_subjects.json");
	ck_assert_int_eq(nats__parse_stream_info(
			     bytes, len, &catalog.arena, &info, &err),
	    SST_OK);
	ck_assert(info.subjects_known);
	/* 99 gaps, and no list of them */
	ck_assert(!info.gone_known);
	ck_assert_uint_eq(info.subject_count, 3);
	for (i = 0; i < info.subject_count; i++)
		sum += info.subjects[i].count;
	ck_assert_int_eq(sum, info.stream.messages);
	ck_assert_int_eq(sum, 201);
}
END_TEST

START_TEST(gaps_of_a_stream)
{
	static const char text[] =
	    "{\"total\":2,\"config\":{\"name\":\"S\"},\"state\":{\"messages\":"
	    "7,\"num_deleted\":3,\"deleted\":[9,4,6],\"subjects\":{\"a\":7}}}";
	struct nats_info info;

	ck_assert_int_eq(nats__parse_stream_info(text, strlen(text),
			     &catalog.arena, &info, &err),
	    SST_OK);
	ck_assert(info.gone_known);
	ck_assert_int_eq(info.gone[0], 4);
	ck_assert_int_eq(info.gone[2], 9);
	/* there is another page of subjects */
	ck_assert(!info.subjects_known);
}
END_TEST

START_TEST(facts_of_a_consumer)
{
	struct nats_consumer c;

	load("api_consumer_info.json");
	ck_assert_int_eq(nats__parse_consumer_info(
			     bytes, len, &catalog.arena, &c, &err),
	    SST_OK);
	ck_assert_str_eq(c.name, "workers-high");
	ck_assert_int_eq(c.deliveries, 300);
	ck_assert_int_eq(c.pending, 0);
	ck_assert_int_eq(nats__parse_consumer_info(
			     "{}", 2, &catalog.arena, &c, &err),
	    SST_TYPE);
}
END_TEST

static const struct nats_headers headers = {
    "Nats-Msg-Id", "X-Priority", "X-Depends-On"};

START_TEST(a_message_and_its_headers)
{
	struct nats_message *m = NULL;

	load("api_msg_get.json");
	ck_assert_int_eq(
	    nats__parse_message(bytes, len, &headers, &m, &err), SST_OK);
	ck_assert_int_eq(m->seq, 297);
	ck_assert_int_eq(m->ms % 1000, 951);
	ck_assert_str_eq(m->text, "agent.tasks.low.embed");
	ck_assert_str_eq(m->text + m->id, "agent.tasks.low.embed-296");
	ck_assert_str_eq(m->text + m->priority, "low");
	ck_assert_str_eq(m->text + m->blockers, "agent.tasks.low.embed-295");
	free(m);
	/* nothing of it was asked for */
	ck_assert_int_eq(nats__parse_message(bytes, len,
			     &(struct nats_headers){NULL, NULL, NULL}, &m,
			     &err),
	    SST_OK);
	ck_assert_uint_eq(m->id + m->priority + m->blockers, 0);
	free(m);
}
END_TEST

struct message_row {
	const char *text;
	int code;
	const char *id; /* NULL: none */
};

#define MESSAGE(more) "{\"message\":{\"subject\":\"a\",\"seq\":1" more "}}"

static const struct message_row message_rows[] = {
    {MESSAGE(""), SST_OK, NULL},
    {MESSAGE(",\"hdrs\":\"\""), SST_OK, NULL},
    {MESSAGE(",\"hdrs\":\"!!\""), SST_OK, NULL},
    {MESSAGE(",\"hdrs\":7"), SST_OK, NULL},
    /* NATS/1.0 and no more */
    {MESSAGE(",\"hdrs\":\"TkFUUy8xLjA=\""), SST_OK, NULL},
    /* NATS/1.0 \n nats-msg-id: x \n */
    {MESSAGE(",\"hdrs\":\"TkFUUy8xLjAKbmF0cy1tc2ctaWQ6IHgK\""), SST_OK, "x"},
    /* ... without an end, and another character at it */
    {MESSAGE(",\"hdrs\":\"TkFUUy8xLjAKbmF0cy1tc2ctaWQ6IHg=*\""), SST_OK,
	"x"},
    /* an id without anything in it */
    {MESSAGE(",\"hdrs\":\"TkFUUy8xLjAKbmF0cy1tc2ctaWQ6CgA=\""), SST_OK,
	NULL},
    {"{\"message\":{\"seq\":1}}", SST_TYPE, NULL},
    {"{\"message\":{\"subject\":\"a\"}}", SST_TYPE, NULL},
    {"{\"message\":{\"subject\":\"a\",\"seq\":\"1\"}}", SST_TYPE, NULL},
    {"{\"message\":[]}", SST_TYPE, NULL},
    {"{}", SST_TYPE, NULL},
    {"[]", SST_TYPE, NULL},
    {"", SST_TRUNCATED, NULL},
};

START_TEST(messages_that_are_odd)
{
	const struct message_row *row = &message_rows[_i];
	struct nats_message *m = NULL;

	ck_assert_int_eq(nats__parse_message(row->text, strlen(row->text),
			     &headers, &m, &err),
	    row->code);
	if (row->code != SST_OK) {
		ck_assert_ptr_null(m);
		return;
	}
	ck_assert_int_eq(m->ms, -1);
	if (row->id == NULL)
		ck_assert_uint_eq(m->id, 0);
	else
		ck_assert_str_eq(m->text + m->id, row->id);
	free(m);
}
END_TEST

struct refusal {
	const char *text;
	int code, number;
};

#define REFUSED(status, number, text)                               \
	"{\"error\":{\"code\":" status ",\"err_code\":" number \
	",\"description\":\"" text "\"}}"

static const struct refusal refusals[] = {
    {REFUSED("404", "10037", "no message found"), SST_NOT_FOUND, 10037},
    {REFUSED("404", "10059", "stream not found"), SST_NOT_FOUND, 10059},
    {REFUSED("503", "10039", "jetstream not enabled for account"),
	SST_UNSUPPORTED, 10039},
    {REFUSED("503", "10076", "jetstream not enabled"), SST_UNSUPPORTED,
	10076},
    {REFUSED("503", "10008", "temporarily unavailable"), SST_UPSTREAM,
	10008},
    {REFUSED("500", "1", "x"), SST_UPSTREAM, 1},
    {REFUSED("408", "1", "x"), SST_TIMEOUT, 1},
    {REFUSED("403", "1", "x"), SST_FORBIDDEN, 1},
    {REFUSED("401", "1", "x"), SST_UNAUTHORIZED, 1},
    {REFUSED("400", "10003", "bad request"), SST_PROTOCOL, 10003},
    {"{\"error\":{}}", SST_PROTOCOL, -1},
};

START_TEST(what_the_server_refuses)
{
	const struct refusal *row = &refusals[_i];
	struct nats_message *m = NULL;

	ck_assert_int_eq(nats__parse_message(row->text, strlen(row->text),
			     &headers, &m, &err),
	    row->code);
	ck_assert_int_eq(err.detail, row->number);
	ck_assert_ptr_nonnull(strstr(err.text, "the server says: "));
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, recorded_streams_and_consumers);
	tcase_add_test(tc, only_one_account);
	tcase_add_test(tc, whoever_leads_is_believed);
	tcase_add_test(tc, without_its_leader_a_stream_is_unknown);
	tcase_add_loop_test(tc, a_bad_row_is_named, 0, ROWS(bad_rows));
	tcase_add_test(tc, numbers_beyond_63_bits);
	tcase_add_test(tc, figures_alone);
	tcase_add_test(tc, server_and_health);
	tcase_add_test(tc, lists_of_the_api);
	tcase_add_test(tc, facts_of_a_stream);
	tcase_add_test(tc, gaps_of_a_stream);
	tcase_add_test(tc, facts_of_a_consumer);
	tcase_add_test(tc, a_message_and_its_headers);
	tcase_add_loop_test(tc, messages_that_are_odd, 0, ROWS(message_rows));
	tcase_add_loop_test(tc, what_the_server_refuses, 0, ROWS(refusals));
}

int
main(void)
{
	const struct suite_plan plan = {
	    "nats_parse", add_tests, setup, teardown, 60};

	return suite_run(&plan);
}
