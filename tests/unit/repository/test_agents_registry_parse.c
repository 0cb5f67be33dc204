/*
 * The bytes of the file of intent: what is wrong with them is said with its
 * place, what was received and what is allowed.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "repository/agents/registry_parse.h"
#include "unit/base/run.h"

static struct registry_agents agents;
static struct sst_error err;

static int
parse_bytes(const char *text, size_t len)
{
	registry__agents_fini(&agents);
	sst_error_clear(&err);
	return registry__parse("a.yaml", text, len, &agents, &err);
}

static int
parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void
teardown_parse(void)
{
	registry__agents_fini(&agents);
}

static const struct registry_agent *
agent_at(size_t i)
{
	ck_assert_uint_lt(i, agents.list.count);
	return (const struct registry_agent *)agents.list.items + i;
}

START_TEST(an_agent_with_everything)
{
	const struct registry_agent *a;

	ck_assert_msg(parse("\xef\xbb\xbf" /* byte order mark */
			    "agents:\r\n"
			    "  - name: researcher\r\n"
			    "    description: 'Reads: papers'\r\n"
			    "    max_parallel_invocations: 4\r\n"
			    "    deployment_name: agent-researcher\r\n"
			    "    namespace: agents\r\n"
			    "    models: [b, a, b]\r\n") == SST_OK,
	    "%s", err.text);
	ck_assert_uint_eq(agents.list.count, 1);
	a = agent_at(0);
	ck_assert_str_eq(a->name, "researcher");
	ck_assert_str_eq(a->description, "Reads: papers");
	ck_assert_int_eq(a->max_parallel_invocations, 4);
	ck_assert_str_eq(a->deployment_name, "agent-researcher");
	ck_assert_str_eq(a->namespace, "agents");
	/* a set, sorted */
	ck_assert_uint_eq(a->models.count, 2);
	ck_assert_str_eq(a->models.items[0], "a");
	ck_assert_str_eq(a->models.items[1], "b");
}
END_TEST

START_TEST(absent_is_unknown_and_zero_is_zero)
{
	ck_assert_int_eq(parse("agents: [{name: a}, {name: b, "
			       "max_parallel_invocations: 0}, {name: c, "
			       "max_parallel_invocations: }]"),
	    SST_OK);
	ck_assert_int_eq(agent_at(0)->max_parallel_invocations, -1);
	ck_assert_int_eq(agent_at(1)->max_parallel_invocations, 0);
	ck_assert_int_eq(agent_at(2)->max_parallel_invocations, -1);
	ck_assert_ptr_null(agent_at(0)->deployment_name);
}
END_TEST

START_TEST(none_is_said_with_an_empty_list)
{
	ck_assert_int_eq(parse("agents: []"), SST_OK);
	ck_assert_uint_eq(agents.list.count, 0);
}
END_TEST

static const struct {
	const char *text;
	int code;
	const char *says;
} refused[] = {
    {"", SST_INVALID, "a.yaml: the file is empty; write `agents: []`"},
    {"# nothing\n", SST_INVALID, "a.yaml: the file is empty"},
    {"agents:\n", SST_INVALID,
	"a.yaml:1:1: agents is missing; expected a list of maps"},
    {"- name: a\n", SST_TYPE,
	"a.yaml:1:1: got a list of 1; expected a map: put `agents:`"},
    {"just words", SST_TYPE, "a.yaml:1:1: got \"just words\"; expected a map"},
    {"agents: 7", SST_TYPE,
	"a.yaml:1:9: agents: got \"7\"; expected a list of maps"},
    {"agents: {a: {}}", SST_TYPE, "a.yaml:1:9: agents: got a map"},
    {"agents: [a]", SST_TYPE, "a.yaml:1:10: agents[0]: got \"a\"; expected"},
    {"agent: []", SST_INVALID,
	"a.yaml:1:1: agent: no such option; did you mean agents?"},
    {"agents:\n  - description: x\n", SST_INVALID,
	"a.yaml:2:5: agents[0].name is missing; expected a name of 1 to 512"},
    {"agents:\n  - nmae: x\n", SST_INVALID,
	"a.yaml:2:5: agents[0].nmae: no such option; did you mean name? "
	"Allowed here: name, description, max_parallel_invocations, "
	"deployment_name, namespace, models"},
    {"agents:\n  - name: a\n    max_parallel_invocations: many\n", SST_TYPE,
	"a.yaml:3:31: agents[0].max_parallel_invocations: got \"many\"; "
	"expected a whole number from 0 to 1000000"},
    {"agents:\n  - name: a\n    max_parallel_invocations: -1\n", SST_INVALID,
	"a.yaml:3:31: agents[0].max_parallel_invocations: got \"-1\""},
    {"agents:\n  - name: a\n    max_parallel_invocations: 1.5\n", SST_TYPE,
	"a.yaml:3:31: agents[0].max_parallel_invocations: got \"1.5\""},
    {"agents:\n  - name: 7\n", SST_TYPE,
	"a.yaml:2:11: agents[0].name: got \"7\"; expected a name of 1 to 512 "
	"bytes on one line; put it in quotes"},
    {"agents: [{name: ''}]", SST_INVALID, "a.yaml:1:17: agents[0].name"},
    {"agents: [{name: ' a'}]", SST_INVALID, "a.yaml:1:17: agents[0].name"},
    {"agents: [{name: \"a\\nb\"}]", SST_INVALID, "a.yaml:1:17: agents[0].name"},
    {"agents: [{name: \"a\\e[31m\"}]", SST_INVALID,
	"a.yaml:1:17: a control or invisible character"},
    {"agents: [{name: a, models: gpt}]", SST_TYPE,
	"a.yaml:1:28: agents[0].models: got \"gpt\"; expected a list"},
    {"agents: [{name: a, models: [[x]]}]", SST_TYPE,
	"a.yaml:1:29: agents[0].models[0]: got a list of 1"},
    {"agents: [{name: a, models: ['']}]", SST_INVALID,
	"a.yaml:1:29: agents[0].models[0]"},
    {"agents: [{name: a, name: b}]", SST_INVALID,
	"a.yaml:1:20: \"name\" is given twice, first at line 1"},
    {"agents:\n  - name: b\n  - name: a\n  - name: b\n  - name: b\n",
	SST_INVALID,
	"a.yaml:4:11: agents[2].name: \"b\" is given twice, first at line 2"},
    {"agents: [}", SST_SYNTAX, "a.yaml:1:10: not YAML"},
    {"agents:\n\t- name: a", SST_SYNTAX, "a.yaml:2:1: not YAML"},
    {"agents: [{name: !!str a}]", SST_UNSUPPORTED, "a.yaml:1:17: tags"},
    {"---\nagents: []\n---\nagents: []", SST_UNSUPPORTED, "a.yaml:3:1: more"},
    {"agents: [{name: a}, \xff]", SST_ENCODING, "a.yaml:1:21: not valid"},
    {"agents: &a [*a]", SST_INVALID, "a.yaml:1:13: an alias inside"},
    {"agents: [*a]", SST_SYNTAX, "a.yaml:1:10: alias of \"a\""},
};

START_TEST(refuses)
{
	ck_assert_msg(parse(refused[_i].text) == refused[_i].code, "%s: %s",
	    refused[_i].text, err.text);
	ck_assert_msg(
	    strncmp(err.text, refused[_i].says, strlen(refused[_i].says)) == 0,
	    "%s\nnot %s", err.text, refused[_i].says);
	ck_assert_int_eq(err.code, refused[_i].code);
	ck_assert_ptr_null(agents.list.items);
}
END_TEST

START_TEST(a_nul_byte_is_no_text)
{
	static const char text[] = "agents: []\n\0x";

	ck_assert_int_eq(parse_bytes(text, sizeof(text) - 1), SST_NUL);
}
END_TEST

START_TEST(a_bomb_of_aliases_does_not_go_off)
{
	struct sst_buf text = SST_BUF_INIT;
	int i;

	sst_buf_adds(&text, "agents:\n  - &x0 {name: a}\n");
	for (i = 1; i < 12; i++)
		sst_buf_addf(&text,
		    "  - &x%d [*x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, "
		    "*x%d]\n",
		    i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	ck_assert_int_eq(parse(text.data), SST_LIMIT);
	ck_assert_ptr_nonnull(
	    strstr(err.text, "more than 200000 values, aliases unfolded"));
	sst_buf_fini(&text);
}
END_TEST

static void
write_many(struct sst_buf *text, int count)
{
	int i;

	sst_buf_adds(text, "agents:\n");
	for (i = 0; i < count; i++)
		sst_buf_addf(text,
		    "  - name: agent-%05d\n    description: Does this and that."
		    "\n    max_parallel_invocations: %d\n"
		    "    deployment_name: deploy-%d\n    namespace: ns\n"
		    "    models: [gpt-4o, gpt-4o-mini, local/llama]\n",
		    i, i % 9, i);
}

START_TEST(ten_thousand_fit_and_no_more)
{
	struct sst_buf text = SST_BUF_INIT;

	write_many(&text, REGISTRY_AGENTS_MAX);
	ck_assert_msg(parse(text.data) == SST_OK, "%s", err.text);
	ck_assert_uint_eq(agents.list.count, REGISTRY_AGENTS_MAX);
	sst_buf_clear(&text);
	write_many(&text, REGISTRY_AGENTS_MAX + 1);
	ck_assert_int_eq(parse(text.data), SST_INVALID);
	ck_assert_str_eq(err.text,
	    "a.yaml:2:3: agents: got a list of 10001; expected a list of maps "
	    "(0 to 10000)");
	sst_buf_clear(&text);
	while (text.len <= REGISTRY_FILE_MAX)
		sst_buf_adds(&text, "# filled up with what nobody needs\n");
	ck_assert_int_eq(parse(text.data), SST_TOO_LARGE);
	sst_buf_fini(&text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("agents registry parse");
	TCase *tc = tcase_create("parse");

	tcase_add_checked_fixture(tc, NULL, teardown_parse);
	tcase_add_test(tc, an_agent_with_everything);
	tcase_add_test(tc, absent_is_unknown_and_zero_is_zero);
	tcase_add_test(tc, none_is_said_with_an_empty_list);
	tcase_add_loop_test(
	    tc, refuses, 0, (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tc, a_nul_byte_is_no_text);
	tcase_add_test(tc, a_bomb_of_aliases_does_not_go_off);
	tcase_add_test(tc, ten_thousand_fit_and_no_more);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
