/* What the management API says of the broker, its users, policies, exchanges
 * and bindings, as recorded and as it could be wrong. */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/rabbitmq_letters.h"
#include "test_rabbitmq_parse.h"

/* longer than any version */
#define LONG_VERSION                                                       \
	"{\"rabbitmq_version\":\"0123456789012345678901234567890123456789" \
	"012345678901234567890123456789\"}"

static struct sst_error err;

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
	char *text = recording_read("world/blind_overview.json");

	ck_assert_int_eq(overview(text), 10);
	free(text);
	text = recording_read("world/nobody_overview.json");
	ck_assert_int_eq(overview(text), 0);
	free(text);
	ck_assert_int_eq(overview("{}"), -1);
	ck_assert_int_eq(overview("{\"object_totals\":[]}"), -1);
	ck_assert_int_eq(overview("{\"object_totals\":{\"queues\":{}}}"), -1);
}
END_TEST

START_TEST(the_overview_tells_the_version)
{
	static const char *const none[] = {
	    "{}", "{\"rabbitmq_version\":4}", LONG_VERSION};
	struct rabbitmq_overview o = {.queues = -2};
	char *text = recording_read("world/monitor_overview.json");
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
	ck_assert_int_eq(rabbitmq__parse_overview("[]", 2, &o, &err), SST_TYPE);
}
END_TEST

static json_t *
nodes(const char *text)
{
	json_t *list = NULL;

	seen_forget();
	ck_assert_msg(rabbitmq__parse_nodes(text, strlen(text), &seen_sink,
			  &list, &err) == SST_OK,
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
	char *text = recording_read("cluster/half_nodes.json");
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
	ck_assert_uint_eq(seen.reject_count, 2);
	ck_assert_str_eq(seen.pointer, "/2/name");
	json_decref(list);
	ck_assert_int_eq(
	    rabbitmq__parse_nodes("{}", 2, &seen_sink, &list, &err), SST_TYPE);
}
END_TEST

START_TEST(vhosts_are_named)
{
	char *text = recording_read("world/blind_vhosts.json");

	seen_forget();
	ck_assert_int_eq(
	    rabbitmq__parse_vhosts(text, strlen(text), &seen_sink, &err),
	    SST_OK);
	free(text);
	ck_assert_uint_eq(seen.row_count, 2);
	ck_assert_str_eq(seen.names[1], "agents%2Fprod/");
	seen_forget();
	ck_assert_int_eq(
	    rabbitmq__parse_vhosts("[7,{}]", 6, &seen_sink, &err), SST_OK);
	ck_assert_uint_eq(seen.row_count, 0);
	ck_assert_int_eq(
	    rabbitmq__parse_vhosts("{}", 2, &seen_sink, &err), SST_TYPE);
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
	char *text = recording_read("world/monitor_policies.json");

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
	ck_assert_int_eq(rabbitmq__parse_policies("{}", 2, &p, &err), SST_TYPE);
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
	char *text = recording_read("world/monitor_dlx_bindings.json");

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
		ck_assert_int_eq(rabbitmq__parse_exchange(cases[i].text,
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
	char *text = recording_read(file);
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

void
add_broker_tests(TCase *tc)
{
	tcase_add_test(tc, the_overview_counts_queues);
	tcase_add_test(tc, the_overview_tells_the_version);
	tcase_add_test(tc, nodes_say_why_they_are_not_well);
	tcase_add_test(tc, vhosts_are_named);
	tcase_add_test(tc, policies_name_where_dead_letters_go);
	tcase_add_test(tc, bindings_lead_to_queues);
	tcase_add_test(tc, an_exchange_is_of_a_kind);
	tcase_add_test(tc, tags_tell_who_sees_everything);
	tcase_add_test(tc, a_401_is_two_things);
}
