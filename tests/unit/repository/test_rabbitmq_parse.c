/*
 * What the management API sends, as recorded, and each way in which it could
 * be wrong: a bad row is named and left out, the others stay; what is not told
 * is unknown, never 0.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/rabbitmq_letters.h"
#include "repository/queues/rabbitmq_parse.h"

#define RECORDINGS SST_SOURCE_DIR "/mocks/upstreams/rabbitmq/"

enum { ROWS_MAX = 64 };

/* Rows as the sink got them, with names made the document's. */
static struct rabbitmq_row rows[ROWS_MAX];
static char names[ROWS_MAX][256];
static int64_t levels[RABBITMQ_LEVELS];
static size_t row_count;
static char pointer[128], reason[128];
static size_t reject_count;
static struct rabbitmq_page page;
static struct sst_error err;

static int
on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *e)
{
	struct sst_buf name = SST_BUF_INIT;

	(void)ctx;
	(void)e;
	ck_assert_uint_lt(row_count, ROWS_MAX);
	rabbitmq__name(row->vhost, row->name, &name);
	snprintf(names[row_count], sizeof(names[0]), "%s", name.data);
	sst_buf_fini(&name);
	rows[row_count] = *row;
	/* what a test may still look at */
	rows[row_count].state = row->state == NULL ? NULL : "told";
	rows[row_count].type = NULL;
	if (row->level_count > 0)
		memcpy(levels, row->levels,
		    row->level_count * sizeof(levels[0]));
	rows[row_count].levels = levels;
	row_count++;
	return SST_OK;
}

static void
on_reject(void *ctx, const char *where, const char *why)
{
	(void)ctx;
	if (reject_count++ > 0)
		return;
	snprintf(pointer, sizeof(pointer), "%s", where);
	snprintf(reason, sizeof(reason), "%s", why);
}

static const struct rabbitmq_sink sink = {on_row, on_reject, NULL};

static void
forget(void)
{
	row_count = reject_count = 0;
	pointer[0] = reason[0] = '\0';
	memset(&page, 0, sizeof(page));
	sst_error_clear(&err);
}

static int
parse(const char *text)
{
	forget();
	return rabbitmq__parse_queues(text, strlen(text), &sink, &page, &err);
}

static char *
read_file(const char *file)
{
	char path[512];
	FILE *in;
	char *text = calloc(1, 256 * 1024);
	size_t n;

	snprintf(path, sizeof(path), RECORDINGS "%s", file);
	in = fopen(path, "rb");
	ck_assert_msg(in != NULL && text != NULL, "%s", path);
	n = fread(text, 1, 256 * 1024 - 1, in);
	fclose(in);
	text[n] = '\0';
	return text;
}

static int
parse_file(const char *file)
{
	char *text = read_file(file);
	int code = parse(text);

	free(text);
	return code;
}

static const struct rabbitmq_row *
row_of(const char *name)
{
	size_t i;

	for (i = 0; i < row_count; i++) {
		if (strcmp(names[i], name) == 0)
			return &rows[i];
	}
	ck_abort_msg("no queue %s", name);
	return NULL;
}

static const struct {
	const char *file;
	size_t rows;
	bool paged;
} recordings[] = {
    {"world/monitor_live.json", 10, true},
    {"world/monitor_stats.json", 10, true},
    {"world/monitor_fresh_stats.json", 10, true},
    {"world/monitor_live_page1.json", 4, true},
    {"world/monitor_live_prod.json", 1, true},
    {"world/mgmt_live.json", 10, true},
    {"world/blind_live.json", 0, true},
    {"world/monitor_names.json", 10, true},
    {"world/half_live.json", 9, true},
    {"cluster/up_live.json", 5, true},
    {"cluster/half_live.json", 3, true},
    {"cluster/half_names.json", 5, true},
    {"cluster/half_stats.json", 5, true},
    {"first/queues_all.json", 19, false},
    {"first/queues_page1.json", 5, true},
    {"first/queues_page_columns.json", 13, true},
    {"first/queues_columns_nopage.json", 13, false},
    {"first/queues_disable_stats.json", 13, false},
    {"first/queues_disable_stats_totals.json", 13, false},
    {"first/queues_page_disable_stats.json", 13, true},
    {"first/noperm_queues_all.json", 0, false},
    {"first/noperm_queues_page1.json", 0, true},
};

START_TEST(recordings_are_understood)
{
	ck_assert_msg(parse_file(recordings[_i].file) == SST_OK, "%s: %s",
	    recordings[_i].file, err.text);
	ck_assert_uint_eq(row_count, recordings[_i].rows);
	ck_assert_uint_eq(page.rows, recordings[_i].rows);
	ck_assert_uint_eq(reject_count, 0);
	ck_assert_int_eq(page.paged, recordings[_i].paged);
}
END_TEST

START_TEST(a_row_with_everything)
{
	const struct rabbitmq_row *row;

	ck_assert_int_eq(parse_file("first/queues_all.json"), SST_OK);
	row = row_of("agent.tasks");
	ck_assert_int_eq(row->total, 3286);
	ck_assert_int_eq(row->consumers, 2);
	ck_assert_int_eq(row->head_at, 1795225219);
	ck_assert_double_eq(row->published, 2.0);
	ck_assert_double_eq(row->delivered, 1.2);
	ck_assert_double_eq(row->acked, 1.2);
	ck_assert_int_eq(row->ready + row->unacked, row->total);
	/* message_stats is [] or absent */
	row = row_of("amq.gen-3W5hZaVWF6wyRMlRy0cifg");
	ck_assert(row->exclusive);
	ck_assert_double_lt(row->published, 0);
	/* never published to by name */
	row = row_of("agent.dead");
	ck_assert_double_lt(row->published, 0);
	ck_assert_double_eq(row->acked, 0);
	row_of("%2F/agent/plan \xc3\xa9");
	row_of("agents%2Fprod/inbox");
}
END_TEST

START_TEST(what_is_not_told_is_unknown)
{
	size_t i;

	ck_assert_int_eq(parse_file("world/monitor_fresh_stats.json"), SST_OK);
	for (i = 0; i < row_count; i++) {
		ck_assert_int_eq(rows[i].total, -1);
		ck_assert_int_eq(rows[i].ready, -1);
		ck_assert_int_eq(rows[i].unacked, -1);
		ck_assert_int_eq(rows[i].consumers, -1);
		ck_assert_int_eq(rows[i].head_at, -1);
		ck_assert_double_lt(rows[i].acked, 0);
		ck_assert_ptr_null(rows[i].state);
	}
	/* no live totals of streams */
	ck_assert_int_eq(parse_file("world/monitor_live.json"), SST_OK);
	ck_assert_int_eq(row_of("agent.stream")->total, -1);
	ck_assert_int_eq(row_of("agent.tasks")->total, 21);
	ck_assert_int_eq(row_of("agent.tasks")->consumers, -1);
}
END_TEST

START_TEST(pages_say_what_they_are_of)
{
	ck_assert_int_eq(parse_file("world/monitor_live_page2.json"), SST_OK);
	ck_assert_int_eq(page.page_count, 3);
	ck_assert_int_eq(page.total, 10);
	ck_assert_int_eq(parse("[]"), SST_OK);
	ck_assert(!page.paged);
	ck_assert_int_eq(page.page_count, 1);
	ck_assert_int_eq(page.total, 0);
}
END_TEST

#define GOOD "{\"name\":\"good\",\"vhost\":\"/\",\"messages\":1}"
#define NAMED "{\"name\":\"n\",\"vhost\":\"/\","

static const struct {
	const char *row;
	const char *pointer; /* below the row */
} bad_rows[] = {
    {"42", ""},
    {"[]", ""},
    {"null", ""},
    {"{}", "/name"},
    {"{\"name\":7,\"vhost\":\"/\"}", "/name"},
    {"{\"name\":null,\"vhost\":\"/\"}", "/name"},
    {"{\"name\":\"n\"}", "/vhost"},
    {"{\"name\":\"n\",\"vhost\":[]}", "/vhost"},
    {NAMED "\"type\":1}", "/type"},
    {NAMED "\"state\":{}}", "/state"},
    {NAMED "\"exclusive\":\"yes\"}", "/exclusive"},
    {NAMED "\"messages\":\"7\"}", "/messages"},
    {NAMED "\"messages\":-1}", "/messages"},
    {NAMED "\"messages\":1.5}", "/messages"},
    {NAMED "\"messages\":true}", "/messages"},
    {NAMED "\"messages_ready\":[]}", "/messages_ready"},
    {NAMED "\"messages_unacknowledged\":{}}", "/messages_unacknowledged"},
    {NAMED "\"consumers\":\"none\"}", "/consumers"},
    {NAMED "\"head_message_timestamp\":\"now\"}", "/head_message_timestamp"},
    {NAMED "\"node\":7}", "/node"},
    {NAMED "\"policy\":[]}", "/policy"},
    {NAMED "\"members\":2}", "/members"},
    {NAMED "\"online\":\"all\"}", "/online"},
    {NAMED "\"arguments\":7}", "/arguments"},
    {NAMED "\"arguments\":[7]}", "/arguments"},
    {NAMED "\"arguments\":{\"x-max-priority\":\"9\"}}",
	"/arguments/x-max-priority"},
    {NAMED "\"arguments\":{\"x-max-priority\":256}}",
	"/arguments/x-max-priority"},
    {NAMED "\"arguments\":{\"x-dead-letter-exchange\":[]}}",
	"/arguments/x-dead-letter-exchange"},
    {NAMED "\"arguments\":{\"x-dead-letter-routing-key\":1}}",
	"/arguments/x-dead-letter-routing-key"},
    {NAMED "\"message_stats\":7}", "/message_stats"},
    {NAMED "\"message_stats\":[1]}", "/message_stats"},
    {NAMED "\"message_stats\":{\"ack_details\":7}}",
	"/message_stats/ack_details"},
    {NAMED "\"message_stats\":{\"publish_details\":{\"rate\":[]}}}",
	"/message_stats/publish_details"},
    {NAMED "\"message_stats\":{\"deliver_get_details\":{\"rate\":\"x\"}}}",
	"/message_stats/deliver_get_details"},
};

START_TEST(a_bad_row_is_named_and_the_others_stay)
{
	char text[512], want[128];

	snprintf(
	    text, sizeof(text), "[" GOOD ",%s," GOOD "]", bad_rows[_i].row);
	ck_assert_int_eq(parse(text), SST_OK);
	ck_assert_uint_eq(row_count, 2);
	ck_assert_uint_eq(reject_count, 1);
	ck_assert_uint_eq(page.rejected, 1);
	snprintf(want, sizeof(want), "/1%s", bad_rows[_i].pointer);
	ck_assert_str_eq(pointer, want);
	ck_assert_uint_gt(strlen(reason), 0);
	/* the same in a page */
	snprintf(text, sizeof(text),
	    "{\"items\":[%s," GOOD "],\"page_count\":1,\"total_count\":2}",
	    bad_rows[_i].row);
	ck_assert_int_eq(parse(text), SST_OK);
	ck_assert_uint_eq(row_count, 1);
	snprintf(want, sizeof(want), "/items/0%s", bad_rows[_i].pointer);
	ck_assert_str_eq(pointer, want);
}
END_TEST

/* Spellings of "not known" that are no error. */
START_TEST(odd_spellings_of_unknown)
{
	ck_assert_int_eq(
	    parse("[" NAMED "\"messages\":null,\"consumers\":\"\","
		  "\"messages_ready\":\"undefined\",\"arguments\":[],"
		  "\"members\":null,\"policy\":null,\"node\":null,"
		  "\"head_message_timestamp\":\"\",\"message_stats\":[],"
		  "\"exclusive\":null,\"state\":null}," NAMED
		  "\"messages_ready\":2,\"messages_unacknowledged\":3,"
		  "\"message_stats\":{\"ack_details\":{\"rate\":-0.2},"
		  "\"publish_details\":{}}}]"),
	    SST_OK);
	ck_assert_uint_eq(reject_count, 0);
	ck_assert_int_eq(rows[0].total, -1);
	ck_assert_int_eq(rows[0].consumers, -1);
	ck_assert_int_eq(rows[1].total, 5);
	ck_assert_double_lt(rows[1].acked, 0);
	ck_assert_double_lt(rows[1].published, 0);
}
END_TEST

START_TEST(what_is_no_list_is_a_type_error)
{
	static const char *const bad[] = {"42", "\"x\"", "null", "{}",
	    "{\"items\":{}}", "{\"items\":[],\"page_count\":1}",
	    "{\"items\":[],\"page_count\":\"1\",\"total_count\":0}",
	    "{\"items\":[],\"page_count\":1,\"total_count\":-1}",
	    "{\"error\":\"not_authorised\",\"reason\":\"Login failed\"}"};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(parse(bad[i]) == SST_TYPE, "%s", bad[i]);
	ck_assert_int_eq(parse("[1"), SST_TRUNCATED);
	ck_assert_int_eq(parse("<html>"), SST_SYNTAX);
}
END_TEST

static int
on_row_stop(void *ctx, const struct rabbitmq_row *row, struct sst_error *e)
{
	(void)row;
	++*(int *)ctx;
	return sst_error_set(e, SST_LIMIT, "enough");
}

START_TEST(the_sink_can_stop_it)
{
	int calls = 0;
	struct rabbitmq_sink stop = {on_row_stop, NULL, &calls};
	static const char text[] = "[" GOOD "," GOOD "]";

	ck_assert_int_eq(
	    rabbitmq__parse_queues(text, sizeof(text) - 1, &stop, &page, &err),
	    SST_LIMIT);
	ck_assert_int_eq(calls, 1);
}
END_TEST

static int
consumers(const char *text)
{
	forget();
	return rabbitmq__parse_consumers(text, strlen(text), &sink, &err);
}

START_TEST(consumers_name_their_queue)
{
	char *text = read_file("first/consumers.json");

	ck_assert_int_eq(consumers(text), SST_OK);
	free(text);
	ck_assert_uint_eq(row_count, 4);
	ck_assert_str_eq(names[0], "agent.sac");
	text = read_file("world/monitor_consumers.json");
	ck_assert_int_eq(consumers(text), SST_OK);
	free(text);
	ck_assert_uint_eq(row_count, 2);
	ck_assert_int_eq(consumers("[{},{\"queue\":{\"name\":\"a\","
				   "\"vhost\":\"b\"}},7]"),
	    SST_OK);
	ck_assert_uint_eq(row_count, 1);
	ck_assert_uint_eq(reject_count, 2);
	ck_assert_str_eq(pointer, "/0/queue");
	ck_assert_int_eq(consumers("{}"), SST_TYPE);
}
END_TEST

static int64_t
overview(const char *text)
{
	struct rabbitmq_overview o = {.queues = -2};

	ck_assert_int_eq(
	    rabbitmq__parse_overview(text, strlen(text), &o, &err), SST_OK);
	return o.queues;
}

START_TEST(the_overview_counts_queues)
{
	char *text = read_file("world/blind_overview.json");

	ck_assert_int_eq(overview(text), 10);
	free(text);
	text = read_file("world/nobody_overview.json");
	ck_assert_int_eq(overview(text), 0);
	free(text);
	ck_assert_int_eq(overview("{}"), -1);
	ck_assert_int_eq(overview("{\"object_totals\":[]}"), -1);
	ck_assert_int_eq(overview("{\"object_totals\":{\"queues\":{}}}"), -1);
}
END_TEST

START_TEST(the_overview_tells_the_version)
{
	static const char *const none[] = {"{}", "{\"rabbitmq_version\":4}",
	    "{\"rabbitmq_version\":\"0123456789012345678901234567890123456789"
	    "012345678901234567890123456789\"}"};
	struct rabbitmq_overview o = {.queues = -2};
	char *text = read_file("world/monitor_overview.json");
	size_t i;

	ck_assert_int_eq(
	    rabbitmq__parse_overview(text, strlen(text), &o, &err), SST_OK);
	free(text);
	ck_assert_str_eq(o.version, "3.10.8");
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		ck_assert_int_eq(rabbitmq__parse_overview(
				     none[i], strlen(none[i]), &o, &err),
		    SST_OK);
		ck_assert_str_eq(o.version, "");
	}
	ck_assert_int_eq(
	    rabbitmq__parse_overview("[]", 2, &o, &err), SST_TYPE);
}
END_TEST

START_TEST(arguments_tell_what_a_queue_is_for)
{
	const struct rabbitmq_row *row;

	ck_assert_int_eq(parse_file("first/queues_disable_stats_totals.json"),
	    SST_OK);
	row = row_of("agent.tasks");
	ck_assert_int_eq(row->max_priority, 10);
	ck_assert_int_eq(row->members, -1);
	ck_assert(!row->ttl);
	ck_assert(row_of("agent.delay.60s")->ttl);
	ck_assert_int_eq(row_of("agent.dead")->max_priority, -1);
	row = row_of("agent.quorum");
	ck_assert_int_eq(row->members, 1);
	ck_assert_int_eq(row->online, 1);
	ck_assert_int_eq(parse_file("cluster/half_names.json"), SST_OK);
	row = row_of("quorum.there");
	ck_assert_int_eq(row->members, 2);
	ck_assert_int_eq(row->online, 1);
}
END_TEST

START_TEST(levels_are_in_the_order_of_priorities)
{
	const struct rabbitmq_row *row;

	ck_assert_int_eq(parse_file("world/monitor_levels.json"), SST_OK);
	row = row_of("agent.tasks");
	ck_assert_uint_eq(row->level_count, 11);
	ck_assert_int_eq(levels[5], 13);
	ck_assert_int_eq(levels[10], 0);
	ck_assert_int_eq(parse_file("first/queues_all.json"), SST_OK);
	ck_assert_uint_eq(row_of("agent.tasks")->level_count, 11);
	ck_assert_uint_eq(row_of("agent.dead")->level_count, 0);
}
END_TEST

/* Nobody promised them: what is odd is not there, and the queue stays. */
START_TEST(odd_levels_are_not_told)
{
	ck_assert_int_eq(
	    parse("[" NAMED "\"backing_queue_status\":{\"priority_lengths\":"
		  "{\"3\":7,\"x\":1,\"\":1,\"256\":1,\"-1\":1,\"0001\":1,"
		  "\"99999999999999999999\":1,\"2\":-1,\"4\":\"many\","
		  "\"6\":null,\"1 \":3}}},"
		  NAMED "\"backing_queue_status\":7},"
		  NAMED "\"backing_queue_status\":{\"priority_lengths\":[1]}}]"),
	    SST_OK);
	ck_assert_uint_eq(reject_count, 0);
	ck_assert_uint_eq(rows[0].level_count, 4);
	ck_assert_int_eq(levels[3], 7);
	ck_assert_int_eq(levels[2], -1);
	ck_assert_uint_eq(rows[1].level_count, 0);
	ck_assert_uint_eq(rows[2].level_count, 0);
}
END_TEST

static json_t *
nodes(const char *text)
{
	json_t *list = NULL;

	forget();
	ck_assert_msg(rabbitmq__parse_nodes(text, strlen(text), &sink, &list,
			  &err) == SST_OK,
	    "%s", err.text);
	return list;
}

static const char *
node_member(const json_t *list, size_t i, const char *name)
{
	return json_string_value(
	    json_object_get(json_array_get(list, i), name));
}

START_TEST(nodes_say_why_they_are_not_well)
{
	char *text = read_file("cluster/half_nodes.json");
	json_t *list = nodes(text);
	/* names of recorded nodes are as they come */
	size_t down =
	    strcmp(node_member(list, 0, "status"), "down") == 0 ? 0 : 1;

	free(text);
	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(node_member(list, down, "reason"), "it does not run");
	ck_assert_str_eq(node_member(list, 1 - down, "status"), "ok");
	ck_assert_ptr_null(node_member(list, 1 - down, "reason"));
	json_decref(list);
	list = nodes("[{\"name\":\"a\",\"running\":true,\"mem_alarm\":true,"
		     "\"disk_free_alarm\":true,\"partitions\":[\"b\",\"c\","
		     "\"d\",\"e\"]},{\"name\":\"b\"},{\"running\":true},7,"
		     "{\"name\":\"c\",\"running\":true,\"partitions\":[8]}]");
	ck_assert_uint_eq(json_array_size(list), 3);
	ck_assert_str_eq(node_member(list, 0, "status"), "degraded");
	ck_assert_str_eq(node_member(list, 0, "reason"),
	    "memory alarm: publishers are held; disk alarm: publishers are "
	    "held; partitioned from b, c, d and 1 more");
	ck_assert_str_eq(node_member(list, 1, "status"), "unknown");
	ck_assert_str_eq(node_member(list, 2, "reason"), "partitioned from ?");
	ck_assert_uint_eq(reject_count, 2);
	ck_assert_str_eq(pointer, "/2/name");
	json_decref(list);
	ck_assert_int_eq(
	    rabbitmq__parse_nodes("{}", 2, &sink, &list, &err), SST_TYPE);
}
END_TEST

START_TEST(vhosts_are_named)
{
	char *text = read_file("world/blind_vhosts.json");

	forget();
	ck_assert_int_eq(
	    rabbitmq__parse_vhosts(text, strlen(text), &sink, &err), SST_OK);
	free(text);
	ck_assert_uint_eq(row_count, 2);
	ck_assert_str_eq(names[1], "agents%2Fprod/");
	forget();
	ck_assert_int_eq(
	    rabbitmq__parse_vhosts("[7,{}]", 6, &sink, &err), SST_OK);
	ck_assert_uint_eq(row_count, 0);
	ck_assert_int_eq(
	    rabbitmq__parse_vhosts("{}", 2, &sink, &err), SST_TYPE);
}
END_TEST

START_TEST(policies_name_where_dead_letters_go)
{
	struct rabbitmq_policies p = {0};
	static const char odd[] =
	    "[7,{},{\"vhost\":\"/\",\"name\":\"x\",\"definition\":7},"
	    "{\"vhost\":\"/\",\"name\":\"y\",\"definition\":"
	    "{\"dead-letter-exchange\":7}},{\"vhost\":\"/\",\"name\":\"z\","
	    "\"definition\":{\"dead-letter-exchange\":\"e\","
	    "\"dead-letter-routing-key\":\"k\",\"message-ttl\":5}}]";
	char *text = read_file("world/monitor_policies.json");

	ck_assert_int_eq(
	    rabbitmq__parse_policies(text, strlen(text), &p, &err), SST_OK);
	free(text);
	ck_assert_uint_eq(p.count, 1);
	ck_assert_str_eq(p.items[0].name, "lazy");
	ck_assert_str_eq(p.items[0].dead_exchange, "agent.dlx");
	ck_assert_ptr_null(p.items[0].dead_key);
	ck_assert(!p.items[0].ttl);
	rabbitmq__policies_fini(&p);
	ck_assert_int_eq(
	    rabbitmq__parse_policies(odd, strlen(odd), &p, &err), SST_OK);
	ck_assert_uint_eq(p.count, 2);
	ck_assert_ptr_null(p.items[0].dead_exchange);
	ck_assert_str_eq(p.items[1].dead_key, "k");
	ck_assert(p.items[1].ttl);
	rabbitmq__policies_fini(&p);
	ck_assert_int_eq(
	    rabbitmq__parse_policies("{}", 2, &p, &err), SST_TYPE);
}
END_TEST

START_TEST(bindings_lead_to_queues)
{
	struct rabbitmq_bindings b = {0};
	static const char odd[] =
	    "[{\"destination\":\"q\",\"destination_type\":\"queue\","
	    "\"routing_key\":\"k\"},{\"destination\":\"e\","
	    "\"destination_type\":\"exchange\",\"routing_key\":\"k\"},7,"
	    "{\"destination\":\"r\",\"destination_type\":\"queue\"}]";
	char *text = read_file("world/monitor_dlx_bindings.json");

	ck_assert_int_eq(
	    rabbitmq__parse_bindings(text, strlen(text), &b, &err), SST_OK);
	free(text);
	ck_assert_uint_eq(b.count, 1);
	ck_assert_str_eq(b.items[0].queue, "agent.dead");
	ck_assert_str_eq(b.items[0].key, "given up");
	ck_assert(!b.more);
	rabbitmq__bindings_fini(&b);
	ck_assert_int_eq(
	    rabbitmq__parse_bindings(odd, strlen(odd), &b, &err), SST_OK);
	ck_assert_uint_eq(b.count, 2);
	ck_assert_str_eq(b.items[1].key, "");
	ck_assert(b.more);
	rabbitmq__bindings_fini(&b);
}
END_TEST

START_TEST(an_exchange_is_of_a_kind)
{
	static const struct {
		const char *text;
		enum rabbitmq_exchange_kind kind;
	} cases[] = {
	    {"{\"type\":\"direct\"}", RABBITMQ_DIRECT},
	    {"{\"type\":\"fanout\"}", RABBITMQ_FANOUT},
	    {"{\"type\":\"topic\"}", RABBITMQ_TOPIC},
	    {"{\"type\":\"headers\"}", RABBITMQ_OTHER},
	    {"{\"type\":\"x-consistent-hash\"}", RABBITMQ_OTHER},
	    {"{\"type\":7}", RABBITMQ_OTHER},
	    {"{}", RABBITMQ_OTHER},
	};
	enum rabbitmq_exchange_kind kind;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(
		    rabbitmq__parse_exchange(cases[i].text,
			strlen(cases[i].text), &kind, &err),
		    SST_OK);
		ck_assert_int_eq(kind, cases[i].kind);
	}
	ck_assert_int_eq(
	    rabbitmq__parse_exchange("[]", 2, &kind, &err), SST_TYPE);
}
END_TEST

static bool
whoami(const char *text)
{
	bool monitor = false;

	ck_assert_int_eq(
	    rabbitmq__parse_whoami(text, strlen(text), &monitor, &err), SST_OK);
	return monitor;
}

START_TEST(tags_tell_who_sees_everything)
{
	ck_assert(whoami("{\"tags\":[\"monitoring\"]}"));
	ck_assert(whoami("{\"tags\":[\"x\",\"administrator\"]}"));
	ck_assert(whoami("{\"tags\":\"monitoring,management\"}"));
	ck_assert(!whoami("{\"tags\":[\"management\"]}"));
	ck_assert(!whoami("{\"tags\":[7]}"));
	ck_assert(!whoami("{}"));
}
END_TEST

static bool
denied(const char *file)
{
	char *text = read_file(file);
	bool yes = rabbitmq__parse_denied(text, strlen(text));

	free(text);
	return yes;
}

START_TEST(a_401_is_two_things)
{
	ck_assert(denied("first/noperm_queue_one.json"));
	ck_assert(denied("world/plain_live.json"));
	ck_assert(!denied("first/unauthorized.json"));
	ck_assert(!denied("first/queue_missing.json"));
	ck_assert(!rabbitmq__parse_denied("", 0));
	ck_assert(!rabbitmq__parse_denied("[]", 2));
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, recordings_are_understood, 0,
	    (int)(sizeof(recordings) / sizeof(recordings[0])));
	tcase_add_test(tc, a_row_with_everything);
	tcase_add_test(tc, what_is_not_told_is_unknown);
	tcase_add_test(tc, pages_say_what_they_are_of);
	tcase_add_loop_test(tc, a_bad_row_is_named_and_the_others_stay, 0,
	    (int)(sizeof(bad_rows) / sizeof(bad_rows[0])));
	tcase_add_test(tc, odd_spellings_of_unknown);
	tcase_add_test(tc, what_is_no_list_is_a_type_error);
	tcase_add_test(tc, the_sink_can_stop_it);
	tcase_add_test(tc, consumers_name_their_queue);
	tcase_add_test(tc, the_overview_counts_queues);
	tcase_add_test(tc, the_overview_tells_the_version);
	tcase_add_test(tc, arguments_tell_what_a_queue_is_for);
	tcase_add_test(tc, levels_are_in_the_order_of_priorities);
	tcase_add_test(tc, odd_levels_are_not_told);
	tcase_add_test(tc, nodes_say_why_they_are_not_well);
	tcase_add_test(tc, vhosts_are_named);
	tcase_add_test(tc, policies_name_where_dead_letters_go);
	tcase_add_test(tc, bindings_lead_to_queues);
	tcase_add_test(tc, an_exchange_is_of_a_kind);
	tcase_add_test(tc, tags_tell_who_sees_everything);
	tcase_add_test(tc, a_401_is_two_things);
}

int
main(void)
{
	Suite *s = suite_create("rabbitmq_parse");
	TCase *tc = tcase_create("rabbitmq_parse");
	SRunner *sr;
	int failed;

	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
