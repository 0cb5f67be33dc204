/* Where dead letters go: policies, exchanges and bindings of every kind, and
 * which queues keep them. */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/rabbitmq_letters.h"
#include "test_rabbitmq_support.h"

START_TEST(topics_match_word_by_word)
{
	static const struct {
		const char *pattern, *key;
		bool matches;
	} cases[] = {
	    {"a", "a", true},
	    {"a", "b", false},
	    {"a", "a.b", false},
	    {"a.b", "a", false},
	    {"*", "a", true},
	    {"*", "", false},
	    {"*", "a.b", false},
	    {"a.*.c", "a.b.c", true},
	    {"a.*.c", "a.c", false},
	    {"#", "", true},
	    {"#", "a.b.c", true},
	    {"a.#", "a", true},
	    {"a.#", "a.b.c", true},
	    {"a.#", "b.a", false},
	    {"#.c", "c", true},
	    {"#.c", "a.b.c", true},
	    {"#.c", "a.c.b", false},
	    {"#.c", "", false},
	    {"a.#.c", "a.c", true},
	    {"a.#.c", "a.b.b.c", true},
	    {"a.#.c", "a.c.b", false},
	    {"#.b.#", "a.b.c", true},
	    {"#.b.#", "b", true},
	    {"#.b.#", "a.c", false},
	    {"#.*", "", false},
	    {"#.*", "a.b", true},
	    {"#.a.#.b.*", "x.a.y.a.b.b.z", true},
	    {"#.a.#.b.*", "x.a.y.a.b", false},
	    {"", "", true},
	    {"", "a", false},
	    {"a..b", "a..b", true},
	    {"a.*.b", "a..b", true},
	    {"a.", "a.", true},
	    {"a.", "a", false},
	    {"ab", "a", false},
	    {"##", "a", false},
	    {"**", "ab", false},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(rabbitmq__topic_matches(cases[i].pattern,
				  cases[i].key) == cases[i].matches,
		    "%s %s", cases[i].pattern, cases[i].key);
}
END_TEST

START_TEST(the_recorded_world)
{
	open_with("depth: live");
	collect_whole();
	ck_assert_str_eq(
	    text_of("agent.flaky", "dead_letter_queue", NULL), "agent.dead");
	/* its policy gives no key, and there is one queue to get to */
	ck_assert_str_eq(
	    text_of("agent.lazy", "dead_letter_queue", NULL), "agent.dead");
	ck_assert_int_eq(number("agent.dead", "depth", "dead"), 2);
	ck_assert_int_eq(number("agent.dead", "depth", "ready"), 2);
	ck_assert_ptr_null(of("agent.dead", "dead_letter_queue", NULL));
	ck_assert_ptr_null(of("agent.flaky", "depth", "dead"));
	ck_assert_ptr_null(of("agent.tasks", "dead_letter_queue", NULL));
	ck_assert_str_eq(part("dead_letters"), "ok");
}
END_TEST

#define QUEUE(name, more)                                          \
	"{\"name\":\"" name "\",\"vhost\":\"v/w\",\"messages\":4," \
	"\"messages_ready\":4,\"arguments\":{" more "}}"
#define DLX(exchange, key)                             \
	"\"x-dead-letter-exchange\":\"" exchange "\"," \
	"\"x-dead-letter-routing-key\":\"" key "\""
#define BARE(exchange) "\"x-dead-letter-exchange\":\"" exchange "\""
#define TTL ",\"x-message-ttl\":5"
#define BIND(queue, key)                                                 \
	"{\"destination\":\"" queue "\",\"destination_type\":\"queue\"," \
	"\"routing_key\":\"" key "\"}"
#define EXCHANGE "/api/exchanges/v%2Fw/x"
#define BINDINGS                                                          \
	EXCHANGE "/bindings/source?columns=destination,destination_type," \
		 "routing_key"

static void
exchange_is(const char *type, const char *bindings)
{
	answer(EXCHANGE "?columns=type&disable_stats=true", type);
	answer(BINDINGS, bindings);
}

static void
queues_are(const char *list)
{
	answer_lists(list);
	answer(CONSUMERS, "[]");
	answer(OVERVIEW, "{\"object_totals\":{\"queues\":0}}");
}

static const char *
target(void)
{
	const json_t *value = of("v%2Fw/s", "dead_letter_queue", NULL);

	return value == NULL ? "none" : json_string_value(value);
}

static bool
keeps(const char *name)
{
	return of(name, "depth", "dead") != NULL &&
	       number(name, "depth", "dead") == 4;
}

static const struct {
	const char *source; /* arguments of s */
	const char *other;  /* arguments of a */
	const char *type, *bindings;
	const char *target;
	bool a, b; /* which of the two keep dead letters */
} routes[] = {
    /* by the default exchange, to a queue of that name */
    {DLX("", "a"), "", NULL, NULL, "v%2Fw/a", true, false},
    {DLX("", "nope"), "", NULL, NULL, "v%2Fw/nope", false, false},
    /* each by the key it came with: nobody knows */
    {BARE(""), "", NULL, NULL, "none", false, false},
    {DLX("x", "k"), "", "direct", BIND("a", "k") "," BIND("b", "l"), "v%2Fw/a",
	true, false},
    {DLX("x", "k"), "", "direct", BIND("a", "k") "," BIND("b", "k"), "x", true,
	true},
    {DLX("x", "m"), "", "direct", BIND("a", "k"), "x", false, false},
    {BARE("x"), "", "direct", BIND("a", "k") "," BIND("b", "l"), "x", false,
	false},
    {BARE("x"), "", "direct", BIND("a", "k") "," BIND("a", "l"), "v%2Fw/a",
	true, false},
    {BARE("x"), "", "fanout", BIND("a", "") "," BIND("b", ""), "x", true, true},
    {DLX("x", "t.u"), "", "topic", BIND("a", "t.*") "," BIND("b", "u.#"),
	"v%2Fw/a", true, false},
    {DLX("x", "t.u"), "", "topic", BIND("a", "t.*") "," BIND("b", "#"), "x",
	true, true},
    {DLX("x", "k"), "", "headers", BIND("a", "k") "," BIND("b", "k"), "x",
	false, false},
    {DLX("x", "k"), "", "headers", BIND("a", "k"), "v%2Fw/a", true, false},
    /* also to an exchange behind it */
    {DLX("x", "k"), "", "fanout",
	BIND("a", "k") ",{\"destination\":\"y\",\"destination_type\":"
		       "\"exchange\",\"routing_key\":\"\"}",
	"x", true, false},
    /* what expires may only have waited: a queue for delays */
    {DLX("", "a") TTL, "", NULL, NULL, "v%2Fw/a", false, false},
    /* a step of a retry, not the end */
    {DLX("", "a"), DLX("", "s") TTL, NULL, NULL, "v%2Fw/a", false, false},
    {DLX("", "a"), DLX("", "b"), NULL, NULL, "v%2Fw/a", false, true},
    {DLX("", "s"), "", NULL, NULL, "v%2Fw/s", false, false},
};

START_TEST(where_a_queue_gives_up_to)
{
	struct sst_buf text = SST_BUF_INIT;

	sst_buf_addf(&text,
	    "[{\"name\":\"s\",\"vhost\":\"v/w\",\"arguments\":{%s}},"
	    "{\"name\":\"a\",\"vhost\":\"v/w\",\"messages\":4,\"arguments\":"
	    "{%s}}," QUEUE("b", "") "]",
	    routes[_i].source, routes[_i].other);
	queues_are(text.data);
	if (routes[_i].type != NULL) {
		sst_buf_clear(&text);
		sst_buf_addf(&text, "{\"type\":\"%s\"}", routes[_i].type);
		answer(EXCHANGE "?columns=type&disable_stats=true", text.data);
		sst_buf_clear(&text);
		sst_buf_addf(&text, "[%s]", routes[_i].bindings);
		answer(BINDINGS, text.data);
	}
	sst_buf_fini(&text);
	open_with("depth: live");
	collect_whole();
	ck_assert_str_eq(target(), routes[_i].target);
	ck_assert(keeps("v%2Fw/a") == routes[_i].a);
	ck_assert(keeps("v%2Fw/b") == routes[_i].b);
}
END_TEST

/* Where somebody works on them, they are not kept. */
START_TEST(a_queue_that_is_worked_on_keeps_nothing)
{
	queues_are("[" QUEUE("s", DLX("", "a")) "," QUEUE("a", "") "]");
	answer(CONSUMERS, "[{\"queue\":{\"name\":\"a\",\"vhost\":\"v/w\"}}]");
	open_with("depth: live");
	collect_whole();
	ck_assert(!keeps("v%2Fw/a"));
	answer(CONSUMERS, "[]");
	tick();
	collect_whole();
	ck_assert(keeps("v%2Fw/a"));
}
END_TEST

#define POLICED(policy)                                                \
	"{\"name\":\"s\",\"vhost\":\"v/w\",\"policy\":\"" policy "\"," \
	"\"arguments\":{}}"

START_TEST(policies_count_where_arguments_are_silent)
{
	queues_are("[" POLICED("p") "," QUEUE("a", "") "]");
	answer(POLICIES,
	    "[{\"vhost\":\"v/w\",\"name\":\"p\",\"definition\":{"
	    "\"dead-letter-exchange\":\"\",\"dead-letter-routing-key\":"
	    "\"a\"}},{\"vhost\":\"/\",\"name\":\"q\",\"definition\":{"
	    "\"dead-letter-exchange\":\"\"}},{\"vhost\":\"v/w\",\"name\":"
	    "\"q\",\"definition\":{\"dead-letter-exchange\":\"\","
	    "\"dead-letter-routing-key\":\"a\",\"message-ttl\":7}}]");
	open_with("depth: live");
	collect_whole();
	ck_assert_str_eq(target(), "v%2Fw/a");
	ck_assert(keeps("v%2Fw/a"));
	/* another one, that lets messages expire */
	queues_are("[" POLICED("q") "," QUEUE("a", "") "]");
	tick();
	collect_whole();
	ck_assert_str_eq(target(), "v%2Fw/a");
	ck_assert(!keeps("v%2Fw/a"));
	ck_assert_uint_eq(upstream_calls(up, POLICIES), 1);
	/* one that is not known yet is read at once */
	queues_are("[" POLICED("r") "]");
	answer(POLICIES, "[{\"vhost\":\"v/w\",\"name\":\"r\",\"definition\":"
			 "{\"dead-letter-exchange\":\"nowhere\"}}]");
	tick();
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, POLICIES), 2);
	/* there is no such exchange: it says where they would go */
	ck_assert_str_eq(target(), "nowhere");
}
END_TEST

START_TEST(bindings_are_read_again)
{
	queues_are("[" QUEUE("s", DLX("x", "k")) "]");
	exchange_is("{\"type\":\"direct\"}", "[" BIND("a", "k") "]");
	open_with("depth: live");
	collect_whole();
	ck_assert_str_eq(target(), "v%2Fw/a");
	exchange_is("{\"type\":\"direct\"}", "[" BIND("b", "k") "]");
	tick();
	collect_whole();
	ck_assert_str_eq(target(), "v%2Fw/a");
	fake_clock_advance(&subject.hands, 30000);
	collect_whole();
	ck_assert_str_eq(target(), "v%2Fw/b");
	ck_assert_uint_eq(upstream_calls(up, EXCHANGE), 4);
}
END_TEST

START_TEST(what_is_forbidden_takes_nothing_else)
{
	queues_are("[" QUEUE("s", DLX("x", "k")) "," QUEUE("a", "") "]");
	exchange_is("{\"type\":\"direct\"}", "[]");
	ck_assert(upstream_answer_text(up, BINDINGS, 403, "{}"));
	open_with("depth: live");
	ck_assert_int_eq(collect()->code, SST_FORBIDDEN);
	ck_assert_str_eq(part("dead_letters"), "forbidden");
	ck_assert_str_eq(target(), "x");
	ck_assert_int_eq(number("v%2Fw/a", "depth", "total"), 4);
	ck_assert_ptr_null(of("v%2Fw/a", "depth", "dead"));
	/* still told, though not asked again yet */
	tick();
	ck_assert_int_eq(collect()->code, SST_FORBIDDEN);
	ck_assert_uint_eq(upstream_calls(up, BINDINGS), 1);
	answer(BINDINGS, "[" BIND("a", "k") "]");
	fake_clock_advance(&subject.hands, 30000);
	collect_whole();
	ck_assert_str_eq(target(), "v%2Fw/a");
}
END_TEST

START_TEST(policies_that_cannot_be_read)
{
	queues_are("[" POLICED("p") "," QUEUE("t", DLX("", "a")) "]");
	ck_assert(upstream_answer_text(up, POLICIES, 401,
	    "{\"error\":\"not_authorised\",\"reason\":\"Not policymaker\"}"));
	open_with("depth: live");
	ck_assert_int_eq(collect()->code, SST_FORBIDDEN);
	ck_assert_str_eq(target(), "none");
	ck_assert_str_eq(
	    text_of("v%2Fw/t", "dead_letter_queue", NULL), "v%2Fw/a");
	tick();
	ck_assert_int_eq(collect()->code, SST_FORBIDDEN);
	ck_assert_uint_eq(upstream_calls(up, POLICIES), 1);
}
END_TEST

/* 40 exchanges: 32 are followed, the others only named, and that is said. */
START_TEST(the_number_of_exchanges_is_bounded)
{
	struct sst_buf text = SST_BUF_INIT;
	const struct sst_error *flaw;
	int i;

	for (i = 0; i < 40; i++)
		sst_buf_addf(&text,
		    "%s{\"name\":\"q%d\",\"vhost\":\"/\",\"arguments\":{"
		    "\"x-dead-letter-exchange\":\"x%d\"}}",
		    i > 0 ? "," : "[", i, i);
	sst_buf_addc(&text, ']');
	queues_are(text.data);
	sst_buf_fini(&text);
	open_with("depth: live");
	flaw = collect();
	ck_assert_int_eq(flaw->code, SST_LIMIT);
	ck_assert_ptr_nonnull(strstr(flaw->text, "only 32 exchanges"));
	ck_assert_uint_eq(upstream_calls(up, "/api/exchanges"), 32);
	ck_assert_str_eq(text_of("q39", "dead_letter_queue", NULL), "x39");
	/* forgotten when no queue names them */
	queues_are("[" QUEUE("s", DLX("x", "k")) "]");
	exchange_is("{\"type\":\"direct\"}", "[" BIND("a", "k") "]");
	tick();
	collect_whole();
	ck_assert_str_eq(target(), "v%2Fw/a");
}
END_TEST

START_TEST(the_work_is_bounded)
{
	struct sst_buf text = SST_BUF_INIT;
	int i;

	for (i = 0; i < 1200; i++)
		sst_buf_addf(&text,
		    "%s{\"destination\":\"d%d\",\"destination_type\":"
		    "\"queue\",\"routing_key\":\"k\"}",
		    i > 0 ? "," : "[", i);
	sst_buf_addc(&text, ']');
	exchange_is("{\"type\":\"fanout\"}", text.data);
	sst_buf_clear(&text);
	for (i = 0; i < 3000; i++)
		sst_buf_addf(&text,
		    "%s{\"name\":\"q%d\",\"vhost\":\"v/w\",\"arguments\":{"
		    "\"x-dead-letter-exchange\":\"x\"}}",
		    i > 0 ? "," : "[", i);
	sst_buf_addc(&text, ']');
	queues_are(text.data);
	sst_buf_fini(&text);
	open_with("depth: live");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 3000);
	ck_assert_str_eq(
	    text_of("v%2Fw/q2999", "dead_letter_queue", NULL), "x");
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, topics_match_word_by_word);
	tcase_add_test(tc, the_recorded_world);
	tcase_add_loop_test(tc, where_a_queue_gives_up_to, 0,
	    (int)(sizeof(routes) / sizeof(routes[0])));
	tcase_add_test(tc, a_queue_that_is_worked_on_keeps_nothing);
	tcase_add_test(tc, policies_count_where_arguments_are_silent);
	tcase_add_test(tc, bindings_are_read_again);
	tcase_add_test(tc, what_is_forbidden_takes_nothing_else);
	tcase_add_test(tc, policies_that_cannot_be_read);
	tcase_add_test(tc, the_number_of_exchanges_is_bounded);
	tcase_add_test(tc, the_work_is_bounded);
}

int
main(void)
{
	return rabbitmq_run("rabbitmq_letters", add_tests);
}
