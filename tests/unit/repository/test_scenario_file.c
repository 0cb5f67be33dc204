/* Scenario files: what is wrong with them is said with line and column; hostile
 * ones are refused within bounds. */
#include "test_scenario_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/scenario/fields.h"
#include "repository/scenario/node.h"
#include "repository/scenario/plan.h"
#include "schema/schema.h"

static const char head[] =
    "agents:\n"
    "  - {name: a1, max_parallel_invocations: 2}\n"
    "workload:\n"
    "  - deployment_name: d1\n"
    "    pods: [{pod_id: p1}]\n"
    "queues:\n"
    "  - name: q1\n"
    "    tasks: [{id: t1}]\n"
    "litellm:\n"
    "  - {model: m1, provider: openai}\n"; /* the next line is 11 */

/* Parses text and expects this code and these words. */
static void
refuse(const char *text, size_t len, int code, const char *words)
{
	struct sst_scenario *scenario = NULL;
	struct sst_error err = {0};
	int rc = sst_scenario_parse("x.yaml", text, len, &scenario, &err);

	ck_assert_msg(rc == code, "code %s, \"%s\", for: %.200s",
	    sst_code_name(rc), err.text, text);
	ck_assert_ptr_null(scenario);
	ck_assert_msg(strstr(err.text, words) != NULL,
	    "\"%s\" is not in \"%s\"", words, err.text);
}

static void
refuse_text(const char *text, int code, const char *words)
{
	refuse(text, strlen(text), code, words);
}

struct bad {
	const char *text;
	const char *words;
};

static const struct bad bad_worlds[] = {
    {"agents: 1", "x.yaml:1:9: agents: expected a sequence of agents"},
    {"[]", "x.yaml:1:1: expected a mapping: a scenario"},
    {"hello", "x.yaml:1:1: expected a mapping: a scenario"},
    {"agent: []", "x.yaml:1:8: agent: unknown key; a scenario has desc"},
    {"seed: -1", "1:7: seed: -1 is out of range"},
    {"seed: one", "1:7: seed: expected an integer, found \"one\""},
    {"loop: 10", "1:7: loop: expected a duration such as"},
    {"loop: 5ms", "1:7: loop: a round must last a second"},
    {"agents:\n - {}", "x.yaml:2:4: agents[0]: an agent needs the key "
		       "\"name\""},
    {"agents:\n - {name: a, nmae: b}", "2:20: agents[0].nmae: unknown key; "
				       "an agent has name, description"},
    {"agents:\n - {name: ''}", "2:11: agents[0].name: must not be empty"},
    {"agents:\n - {name: null}", "agents[0].name: null is not allowed"},
    {"agents:\n - {name: [x]}", "found a sequence"},
    {"agents:\n - {name: a}\n - {name: a}",
	"x.yaml:3:4: agents[1]: an agent of that name is there already"},
    {"agents:\n - {name: a, status: asleep}",
	"agents[0].status: expected one of running, idle, busy, error, "
	"offline, unknown, found \"asleep\""},
    {"agents:\n - {name: a, models: [x, x]}", "\"x\" is given twice"},
    {"agents:\n - {name: a, models: x}", "expected a sequence of names"},
    {"agents:\n - {name: a, max_parallel_invocations: 1.5}",
	"expected an integer, found \"1.5\""},
    {"agents:\n - {name: a, max_parallel_invocations: '2'}",
	"expected a number, found text"},
    {"agents:\n - {name: a, activity: {active_task_ids: [{id: t}]}}\n"
     "queues:\n - {name: q, tasks: [{id: t}]}",
	"x.yaml:4:22: queues[0].tasks[0]: \"t\" is there already"},
    {"queues:\n - {name: q, tasks: [{id: t}, {id: t}]}",
	"queues[0].tasks[1]: \"t\" is there already"},
    {"queues:\n - {name: q, tasks: [{id: t, blocked_by: [u]}]}",
	"2:43: queues[0].tasks[0].blocked_by[0]: no task \"u\""},
    {"queues:\n - {name: q, tasks: [{id: t, submitted_at: yesterday}]}",
	"expected now, a duration such as -5m"},
    {"queues:\n - {name: q, tasks: [{id: t, submitted_at: "
     "2026-02-30T00:00:00Z}]}",
	"expected now, a duration"},
    {"queues:\n - {name: q, tasks: [{id: t, priority: urgent}]}",
	"expected one of low, normal, medium, high, critical"},
    {"queues:\n - {name: q, tasks_detail: counts_only}",
	"tasks_detail counts_only needs depth"},
    {"workload:\n - {deployment_name: d, pods: [{pod_id: p}, {pod_id: p}]}",
	"workload[0].pods[1]: \"p\" is there already"},
    {"workload:\n - {deployment_name: d, pods: [{pod_id: p, cpu: -1}]}",
	"-1 is out of range"},
    {"litellm:\n - {model: m}", "needs the key \"provider\""},
};

static const struct bad bad_events[] = {
    {"timeline: {}", "11:11: timeline: expected a sequence of events"},
    {"timeline: [1]", "timeline[0]: expected a mapping: an event"},
    {"timeline: [{at: 5s}]", "11:12: timeline[0]: an event needs an operat"},
    {"timeline: [{at: 5, task.finish: {task: t1}}]",
	"11:17: timeline[0].at: expected a duration such as"},
    {"timeline: [{at: -5s, task.finish: {task: t1}}]", "timeline[0].at: "},
    {"timeline: [{task.finnish: {task: t1}}]",
	"unknown key; an event has at, every, jitter, first, times and one "
	"of generate, task.submit, task.start"},
    {"timeline: [{task.finish: {task: t1}, task.fail: {task: t1}}]",
	"an event has one operation; \"task.finish\" is there already"},
    {"timeline: [{task.finish: {}}]", "task.finish needs the key \"task\""},
    {"timeline: [{task.start: {task: t1, agent: a2}}]",
	"11:43: timeline[0].task.start.agent: \"a2\" is not in agents of "
	"this scenario"},
    {"timeline: [{task.submit: {queue: q2, id: x}}]", "not in queues"},
    {"timeline: [{pod.crash: {deployment: d2, pod: x}}]", "not in workload"},
    {"timeline: [{model.usage: {model: m2, tpm: 1}}]", "not in litellm"},
    {"timeline: [{every: 5ms, task.finish: {task: t1}}]",
	"timeline[0].every: must be 10 ms or longer"},
    {"timeline: [{every: 5s, jitter: 5s, task.finish: {task: t1}}]",
	"jitter must be shorter than every"},
    {"loop: 10s\ntimeline: [{at: 10s, task.finish: {task: t1}}]",
	"12:12: timeline[0]: never happens"},
    {"timeline: [{generate: {kind: magic}}]",
	"11:30: timeline[0].generate.kind: expected one of tasks, workers, "
	"usage, load, crashes, found \"magic\""},
    {"timeline: [{generate: {}}]", "a generator needs the key \"kind\""},
    {"timeline: [{generate: {kind: usage, model: m1}}]",
	"usage needs the key \"every\""},
    {"timeline: [{every: 1s, generate: {kind: usage, model: m1, "
     "tpm: 9..3}}]",
	"expected a number or a range such as 20..60"},
    {"timeline: [{generate: {kind: tasks, queues: [q1], id: x, "
     "rate_per_minute: 0}}]",
	"expected a rate from 0.01 to 6000"},
    {"timeline: [{generate: {kind: tasks, queues: [], id: x, "
     "rate_per_minute: 1}}]",
	"expected one queue or more"},
    {"timeline: [{every: 1s, generate: {kind: workers, queues: [q1], "
     "agents: [a1], duration_seconds: 1, fail_ratio: 1.5}}]",
	"fail_ratio: 1.5 is out of range"},
    {"timeline: [{set: {path: agents, value: 1}}]", "expected a path such"},
    {"timeline: [{set: {path: /agents, value: 1}}]", "expected a path such"},
    {"timeline: [{set: {path: /agents/a~2, value: 1}}]", "expected a path"},
    {"timeline: [{set: {path: /things/a/b, value: 1}}]",
	"expected agents, workload, queues or litellm, found \"things\""},
    {"timeline: [{set: {path: /agents/a9/description, value: x}}]",
	"\"a9\" is not in agents"},
    {"timeline: [{set: {path: /agents/a1/colour, value: x}}]",
	"no member \"colour\""},
    {"timeline: [{set: {path: /agents/a1/name, value: x}}]",
	"\"name\" cannot be set"},
    {"timeline: [{set: {path: /queues/q1/tasks, value: []}}]",
	"\"tasks\" cannot be set"},
    {"timeline: [{set: {path: /queues/q1/tasks/t1, value: {}}}]",
	"\"tasks\" cannot be set"},
    {"timeline: [{set: {path: /queues/q1/tasks/t1/status, value: dead}}]",
	"\"status\" cannot be set"},
    {"timeline: [{set: {path: /agents/a1/activity/active_task_ids/t/id, "
     "value: x}}]",
	"\"active_task_ids\" cannot be set"},
    {"timeline: [{set: {path: /agents/a1/max_parallel_invocations, "
     "value: many}}]",
	"expected an integer, found \"many\""},
    {"timeline: [{set: {path: /agents/a9, value: {name: a8}}}]",
	"the path says \"a9\""},
    {"timeline: [{set: {path: /queues/q9, value: {name: q9, tasks: "
     "[{id: z}]}}}]",
	"a new entity comes without tasks"},
    {"timeline: [{remove: {path: /agents/a1/name}}]", "cannot be set"},
};

START_TEST(test_bad_world)
{
	refuse_text(bad_worlds[_i].text, SST_INVALID, bad_worlds[_i].words);
}
END_TEST

START_TEST(test_bad_event)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s%s\n", head, bad_events[_i].text);
	refuse_text(text, SST_INVALID, bad_events[_i].words);
}
END_TEST

START_TEST(test_not_yaml)
{
	refuse_text("agents: [", SST_SYNTAX, "x.yaml:");
	refuse_text("a: b: c", SST_SYNTAX, "x.yaml:1:5: not YAML");
	refuse_text("\tagents: []", SST_SYNTAX, "x.yaml:1:1: not YAML");
	refuse_text("", SST_INVALID, "x.yaml:1:1: empty file");
	refuse_text("# nothing\n", SST_INVALID, "empty file");
	refuse("seed: \xff\xfe", 8, SST_ENCODING, "not YAML");
	refuse("seed: 1\0x", 9, SST_ENCODING, "not YAML");
}
END_TEST

START_TEST(test_refused_yaml)
{
	refuse_text("a: &x 1\nb: *x", SST_UNSUPPORTED,
	    "x.yaml:1:4: anchors and aliases are not supported");
	refuse_text("a: *x", SST_UNSUPPORTED, "anchors and aliases");
	refuse_text("seed: !!int 1", SST_UNSUPPORTED, "tags are not");
	refuse_text("seed: 1\n---\nseed: 2", SST_UNSUPPORTED,
	    "x.yaml:2:1: more than one document");
	refuse_text("? [a]\n: 1", SST_UNSUPPORTED, "a key must be plain text");
	refuse_text("seed: 1\nseed: 2", SST_INVALID,
	    "x.yaml:2:1: key \"seed\" is given twice");
	refuse_text("description: \"a\\x01b\"", SST_INVALID,
	    "1:14: control character in text");
	refuse_text("description: \"\\x01T0\"", SST_INVALID, "control");
}
END_TEST

START_TEST(test_too_deep)
{
	char text[400];

	memset(text, '[', sizeof(text));
	refuse(text, sizeof(text), SST_TOO_DEEP, "nested too deep");
	memcpy(text, "a: ", 3);
	refuse(text, sizeof(text), SST_TOO_DEEP, "x.yaml:1:27: nested");
}
END_TEST

/* Repeats unit until text of at least size bytes is there. */
static char *
repeat(const char *start, const char *unit, size_t size, size_t *len_out)
{
	char *text = malloc(size + strlen(start) + strlen(unit) + 1);
	size_t len = strlen(start);

	ck_assert_ptr_nonnull(text);
	memcpy(text, start, len);
	while (len < size) {
		memcpy(text + len, unit, strlen(unit));
		len += strlen(unit);
	}
	*len_out = len;
	return text;
}

START_TEST(test_too_large)
{
	char *text, key[32], *p;
	size_t len, i;

	text = repeat("# ", "x", SCN_FILE_MAX + 1, &len);
	refuse(text, len, SST_TOO_LARGE, "bytes, at most 4194304 are read");
	free(text);
	text = repeat("agents:\n", "- 1\n", 4 * SCN_NODES_MAX + 20, &len);
	refuse(text, len, SST_TOO_LARGE, "too many values in one file");
	free(text);
	text = repeat("description: ", "x", SCN_SCALAR_MAX + 20, &len);
	refuse(text, len, SST_TOO_LARGE, "text is too long");
	free(text);
	text = repeat("description: ", "x", 1040, &len);
	refuse(text, len, SST_INVALID, "text is too long");
	free(text);
	text = p = malloc(32 * (SCN_MAP_MAX + 1));
	for (i = 0; i <= SCN_MAP_MAX; i++) {
		snprintf(key, sizeof(key), "key%zu: 1\n", i);
		memcpy(p, key, strlen(key));
		p += strlen(key);
	}
	refuse(text, (size_t)(p - text), SST_TOO_LARGE, "too many keys");
	free(text);
}
END_TEST

START_TEST(test_missing_file)
{
	struct sst_scenario *scenario = NULL;
	struct sst_error err = {0};

	ck_assert_int_eq(
	    sst_scenario_load("no-such", SST_SOURCE_DIR, &scenario, &err),
	    SST_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "mocks/scenarios/no-such.yaml"));
	ck_assert_int_eq(
	    sst_scenario_load("/no/such.yaml", SST_SOURCE_DIR, &scenario, &err),
	    SST_NOT_FOUND);
	ck_assert_int_eq(sst_scenario_load(SST_SOURCE_DIR "/", SST_SOURCE_DIR,
			     &scenario, &err),
	    SST_IO);
	ck_assert_ptr_null(scenario);
}
END_TEST

/* The tables of the reader follow the schema of the document. */
static void
compare_shape(
    const json_t *defs, const char *def, const struct scn_shape *shape)
{
	const json_t *properties =
	    json_object_get(json_object_get(defs, def), "properties");
	void *it = json_object_iter((json_t *)(uintptr_t)properties);
	size_t i, n = 0;

	ck_assert_msg(it != NULL, "no definition %s", def);
	for (; it != NULL;
	     it = json_object_iter_next((json_t *)(uintptr_t)properties, it)) {
		/* what the framework fills in */
		if (strcmp(json_object_iter_key(it), "source") == 0 ||
		    strcmp(json_object_iter_key(it), "merged_from") == 0)
			continue;
		n++;
		ck_assert_msg(
		    scenario__field(shape, json_object_iter_key(it)) != NULL,
		    "%s: the reader does not know \"%s\"", def,
		    json_object_iter_key(it));
	}
	for (i = 0; i < shape->count; i++)
		ck_assert_msg(
		    json_object_get(properties, shape->fields[i].name) != NULL,
		    "%s: the schema has no \"%s\"", def, shape->fields[i].name);
	ck_assert_uint_eq(n, shape->count);
}

static const struct scn_shape *
below(const struct scn_shape *shape, const char *member)
{
	return scenario__field(shape, member)->shape;
}

static json_t *
load_schema(const char *name)
{
	char path[512];
	json_error_t error;
	json_t *schema;

	snprintf(path, sizeof(path), "%s/schemas/%s", SST_SOURCE_DIR, name);
	schema = json_load_file(path, 0, &error);
	ck_assert_msg(schema != NULL, "%s: %s", path, error.text);
	return schema;
}

/* Of both schemas, the document's and the scenario's. */
static void
compare_all(const json_t *defs)
{
	const struct scn_shape *agent = scenario__shape(SST_SECTION_AGENTS);
	const struct scn_shape *load = scenario__shape(SST_SECTION_WORKLOAD);
	const struct scn_shape *queue = scenario__shape(SST_SECTION_QUEUES);
	const struct scn_shape *model = scenario__shape(SST_SECTION_LITELLM);

	compare_shape(defs, "agent", agent);
	compare_shape(defs, "activity", below(agent, "activity"));
	compare_shape(defs, "active_task",
	    below(below(agent, "activity"), "active_task_ids"));
	compare_shape(defs, "workload", load);
	compare_shape(defs, "live", below(load, "live"));
	compare_shape(defs, "rollout", below(load, "rollout"));
	compare_shape(defs, "autoscaler", below(load, "autoscaler"));
	compare_shape(defs, "pod", below(load, "pods"));
	compare_shape(
	    defs, "container", below(below(load, "pods"), "containers"));
	compare_shape(defs, "termination",
	    below(below(below(load, "pods"), "containers"), "last"));
	compare_shape(defs, "queue", queue);
	compare_shape(defs, "depth", below(queue, "depth"));
	compare_shape(defs, "rates", below(queue, "rates"));
	compare_shape(defs, "task", below(queue, "tasks"));
	compare_shape(
	    defs, "priority", below(below(queue, "tasks"), "priority"));
	compare_shape(defs, "model", model);
	compare_shape(defs, "health", below(model, "health"));
	compare_shape(defs, "price", below(model, "price"));
	compare_shape(defs, "remaining", below(model, "remaining"));
	compare_shape(defs, "cooldown", below(model, "cooldown"));
}

START_TEST(test_fields_follow_schemas)
{
	json_t *schema = load_schema("system-state.schema.json");

	compare_all(json_object_get(schema, "$defs"));
	json_decref(schema);
	schema = load_schema("scenario.schema.json");
	compare_all(json_object_get(schema, "$defs"));
	json_decref(schema);
}
END_TEST

/* Operations and generators stand in the scenario schema, with their keys. */
START_TEST(test_operations_follow_schema)
{
	json_t *schema = load_schema("scenario.schema.json");
	const json_t *defs = json_object_get(schema, "$defs");
	void *it = json_object_iter((json_t *)(uintptr_t)defs);
	const struct scn_op *op;
	const char *name;
	size_t ops = 0, generators = 0;

	for (; it != NULL;
	     it = json_object_iter_next((json_t *)(uintptr_t)defs, it)) {
		name = json_object_iter_key(it);
		if (strncmp(name, "op.", 3) == 0) {
			op = scenario__op(name + 3);
			ops++;
		} else if (strncmp(name, "generate.", 9) == 0) {
			op = scenario__generator(name + 9);
			generators++;
		} else {
			continue;
		}
		ck_assert_msg(op != NULL, "%s is unknown", name);
		compare_shape(defs, name, op->args);
	}
	ck_assert_uint_eq(ops, 17);
	ck_assert_uint_eq(generators, 5);
	json_decref(schema);
}
END_TEST

static json_t *
node_scalar(const struct scn_node *node)
{
	char *end;
	double number = strtod(node->text, &end);

	if (!node->plain)
		return json_string(node->text);
	if (strcmp(node->text, "null") == 0 || node->text[0] == '\0')
		return json_null();
	if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
		return json_boolean(node->text[0] == 't');
	if (*end == '\0' && strpbrk(node->text, ".e") == NULL)
		return json_integer(strtoll(node->text, NULL, 10));
	return *end == '\0' ? json_real(number) : json_string(node->text);
}

static json_t *
node_json(const struct scn_node *node)
{
	const struct scn_node *child;
	json_t *value;

	if (node->kind == SCN_SCALAR)
		return node_scalar(node);
	value = node->kind == SCN_SEQ ? json_array() : json_object();
	for (child = node->first; child != NULL; child = child->next) {
		if (node->kind == SCN_SEQ)
			json_array_append_new(value, node_json(child));
		else
			json_object_set_new(
			    value, child->key, node_json(child));
	}
	return value;
}

START_TEST(test_shipped_files_follow_schema)
{
	static const char *const names[] = {
	    "demo", "calm", "overload", "deadlock", "crashloop", "rate-limit"};
	static const char uri[] =
	    "https://systate.dev/schemas/scenario.schema.json";
	json_t *document = load_schema("scenario.schema.json"), *value;
	struct sst_schema_set *set = NULL;
	struct sst_schema *schema = NULL;
	struct sst_report report = {0};
	struct sst_error err = {0};
	struct scn_doc *doc;
	char path[512];
	size_t i;

	ck_assert_int_eq(sst_schema_set_new(&set, &err), 0);
	ck_assert_int_eq(sst_schema_set_add(set, uri, document, &err), 0);
	ck_assert_msg(
	    sst_schema_compile(set, uri, &schema, &err) == 0, "%s", err.text);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/mocks/scenarios/%s.yaml",
		    SST_SOURCE_DIR, names[i]);
		ck_assert_msg(
		    scenario__read_file(path, &doc, &err) == 0, "%s", err.text);
		value = node_json(doc->root);
		ck_assert_msg(
		    sst_schema_explain(schema, value, 1, &report, &err) == 0,
		    "%s: %s", names[i], err.text);
		sst_report_fini(&report);
		json_decref(value);
		scenario__free_doc(&doc);
	}
	sst_schema_free(&schema);
	sst_schema_set_free(&set);
	json_decref(document);
}
END_TEST

Suite *
scenario_file_suite(void)
{
	Suite *suite = suite_create("scenario file");
	TCase *tc = tcase_create("errors");

	tcase_add_loop_test(
	    tc, test_bad_world, 0, sizeof(bad_worlds) / sizeof(bad_worlds[0]));
	tcase_add_loop_test(
	    tc, test_bad_event, 0, sizeof(bad_events) / sizeof(bad_events[0]));
	tcase_add_test(tc, test_missing_file);
	suite_add_tcase(suite, tc);
	tc = tcase_create("hostile");
	tcase_add_test(tc, test_not_yaml);
	tcase_add_test(tc, test_refused_yaml);
	tcase_add_test(tc, test_too_deep);
	tcase_add_test(tc, test_too_large);
	suite_add_tcase(suite, tc);
	tc = tcase_create("schemas");
	tcase_add_test(tc, test_fields_follow_schemas);
	tcase_add_test(tc, test_operations_follow_schema);
	tcase_add_test(tc, test_shipped_files_follow_schema);
	suite_add_tcase(suite, tc);
	return suite;
}
