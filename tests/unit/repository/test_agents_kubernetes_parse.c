/*
 * Which workloads are agents, and what their annotations say: written by hand,
 * so wrong in every way that hands can.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/agents/kubernetes_record.h"
#include "unit/base/run.h"

static struct agentkube_record *record;
static struct sst_error err;

static void
teardown(void)
{
	agentkube__record_release(&record);
}

static int
parse_as(enum agentkube_kind kind, const char *prefix, const char *json)
{
	struct agentkube_object object = {
	    .kind = kind, .prefix = prefix, .json = json, .len = strlen(json)};

	agentkube__record_release(&record);
	sst_error_clear(&err);
	return agentkube__parse(&object, &record, &err);
}

#define OBJECT(more) \
	"{\"metadata\":{\"name\":\"w\",\"namespace\":\"n\"" more "}}"
#define NOTE(key, value) "\"systate.io/" key "\":\"" value "\""
#define NOTES(notes) OBJECT(",\"annotations\":{" notes "}")
#define LABELS(notes) OBJECT(",\"labels\":{" notes "}")
/* marked, with one more annotation */
#define MARKED(key, value) NOTES(NOTE("agent", "true") "," NOTE(key, value))

static void
parse(const char *json)
{
	ck_assert_msg(
	    parse_as(AGENTKUBE_DEPLOYMENTS, "systate.io/", json) == SST_OK,
	    "%s", err.text);
}

static const struct {
	const char *json;
	const char *name; /* NULL: no agent */
} marks[] = {
    {OBJECT(""), NULL},
    {OBJECT(",\"labels\":null,\"annotations\":[]"), NULL},
    {LABELS(NOTE("agent", "true")), "w"},
    {NOTES(NOTE("agent", "true")), "w"},
    {LABELS(NOTE("agent", "researcher")), "researcher"},
    {NOTES(NOTE("agent", " The Researcher ")), "The Researcher"},
    {LABELS(NOTE("agent", "false")), NULL},
    {NOTES(NOTE("agent", "false")), NULL},
    {OBJECT(",\"labels\":{" NOTE("agent", "true") "},\"annotations\":{" NOTE(
	 "agent", "Long name") "}"),
	"Long name"},
    {OBJECT(",\"labels\":{" NOTE("agent", "true") "},\"annotations\":{" NOTE(
	 "agent", "false") "}"),
	NULL},
    {LABELS("\"other.io/agent\":\"true\""), NULL},
    {LABELS("\"systate.io/agents\":\"true\""), NULL},
    {LABELS("\"agent\":\"true\""), NULL},
    {LABELS("\"systate.io/agent\":true"), NULL},
};

START_TEST(marks_are_read)
{
	parse(marks[_i].json);
	ck_assert_pstr_eq(record->name, marks[_i].name);
	ck_assert_str_eq(record->workload, "w");
	ck_assert_str_eq(record->namespace, "n");
	ck_assert_ptr_null(record->faults[AGENTKUBE_AGENT]);
}
END_TEST

START_TEST(the_prefix_can_be_another_one)
{
	ck_assert_int_eq(parse_as(AGENTKUBE_DEPLOYMENTS, "x.example/",
			     LABELS("\"x.example/agent\":\"a\"")),
	    SST_OK);
	ck_assert_str_eq(record->name, "a");
	ck_assert_int_eq(parse_as(AGENTKUBE_DEPLOYMENTS, "x.example/",
			     LABELS(NOTE("agent", "true"))),
	    SST_OK);
	ck_assert_ptr_null(record->name);
}
END_TEST

START_TEST(all_of_them_can_be_meant)
{
	struct agentkube_object object = {
	    .prefix = "systate.io/", .all = true, .json = OBJECT("")};

	object.len = strlen(object.json);
	ck_assert_int_eq(agentkube__parse(&object, &record, &err), SST_OK);
	ck_assert_str_eq(record->name, "w");
	agentkube__record_release(&record);
	object.json = LABELS(NOTE("agent", "false"));
	object.len = strlen(object.json);
	ck_assert_int_eq(agentkube__parse(&object, &record, &err), SST_OK);
	ck_assert_ptr_null(record->name);
}
END_TEST

START_TEST(a_name_that_is_none_leaves_that_of_the_workload)
{
	static const char *const bad[] = {
	    NOTES(NOTE("agent", "")),
	    NOTES(NOTE("agent", "  ")),
	    NOTES(NOTE("agent", "a\\u001b[31m")),
	    NOTES(NOTE("agent", "re\\u200bsearcher")),
	};

	parse(bad[_i]);
	ck_assert_str_eq(record->name, "w");
	ck_assert_ptr_nonnull(
	    strstr(record->faults[AGENTKUBE_AGENT], "visible"));
}
END_TEST

static const struct {
	const char *text;
	int64_t value; /* -1: a fault */
} maxima[] = {
    {"4", 4},
    {" 0 ", 0},
    {"007", 7},
    {"1000000", 1000000},
    {"1000001", -1},
    {"99999999999999999999999", -1},
    {"-1", -1},
    {"1.5", -1},
    {"four", -1},
    {"4x", -1},
    {"", -1},
    {"0x10", -1},
};

START_TEST(numbers_are_read)
{
	char json[256];

	snprintf(json, sizeof(json), MARKED("max-parallel-invocations", "%s"),
	    maxima[_i].text);
	parse(json);
	ck_assert_int_eq(record->max_parallel, maxima[_i].value);
	ck_assert(
	    (record->faults[AGENTKUBE_MAX] != NULL) == (maxima[_i].value < 0));
	ck_assert_str_eq(record->name, "w");
}
END_TEST

static const struct {
	const char *text, *models;
	bool fault;
} lists[] = {
    {"gpt-4o", "gpt-4o", false},
    {" b , a,b,, ", "a b", false},
    {"", "", false},
    {",", "", false},
    {"a,x\\u0007y,b", "a b", true},
};

START_TEST(models_are_read)
{
	char json[256], text[256] = "";
	size_t i;

	snprintf(json, sizeof(json), MARKED("models", "%s"), lists[_i].text);
	parse(json);
	for (i = 0; i < record->model_count; i++) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s%s",
		    i > 0 ? " " : "", record->models[i]);
	}
	ck_assert_str_eq(text, lists[_i].models);
	ck_assert(
	    (record->faults[AGENTKUBE_MODELS] != NULL) == lists[_i].fault);
}
END_TEST

START_TEST(models_are_bounded)
{
	struct sst_buf json = SST_BUF_INIT;
	int i;

	sst_buf_adds(&json, "{\"metadata\":{\"name\":\"w\",\"namespace\":\"n\","
			    "\"annotations\":{\"systate.io/agent\":\"true\","
			    "\"systate.io/models\":\"m0");
	for (i = 1; i < 1000; i++)
		sst_buf_addf(&json, ",m%d", i);
	sst_buf_adds(&json, "\"}}}");
	parse(json.data);
	ck_assert_uint_eq(record->model_count, 1000);
	ck_assert_ptr_null(record->faults[AGENTKUBE_MODELS]);
	json.len -= 4;
	sst_buf_adds(&json, ",more\"}}}");
	parse(json.data);
	ck_assert_uint_eq(record->model_count, 0);
	ck_assert_str_eq(
	    record->faults[AGENTKUBE_MODELS], "more than 1000 names");
	sst_buf_fini(&json);
}
END_TEST

#define STATE(spec, status)                                                    \
	"{\"metadata\":{\"name\":\"w\",\"namespace\":\"n\",\"labels\":{" NOTE( \
	    "agent", "true") "}},\"spec\":{" spec "},\"status\":{" status "}}"
#define SEEN "\"observedGeneration\":1"
#define CONDITION(type, status, reason)                               \
	"\"conditions\":[{\"type\":\"" type "\",\"status\":\"" status \
	"\",\"reason\":\"" reason "\"}]"

static const struct {
	enum agentkube_kind kind;
	const char *json, *status;
} states[] = {
    {AGENTKUBE_DEPLOYMENTS, OBJECT(",\"labels\":{" NOTE("agent", "x") "}"),
	"unknown"},
    {AGENTKUBE_DEPLOYMENTS, STATE("\"replicas\":0", SEEN), "offline"},
    {AGENTKUBE_DEPLOYMENTS,
	STATE("\"replicas\":0", SEEN ",\"readyReplicas\":1"), "offline"},
    {AGENTKUBE_DEPLOYMENTS,
	STATE("\"replicas\":3", SEEN ",\"readyReplicas\":1"), "running"},
    {AGENTKUBE_DEPLOYMENTS, STATE("\"replicas\":3", SEEN), "unknown"},
    {AGENTKUBE_DEPLOYMENTS,
	STATE("\"replicas\":3", SEEN ",\"readyReplicas\":\"many\""), "unknown"},
    {AGENTKUBE_DEPLOYMENTS,
	STATE("\"replicas\":3", SEEN
	    "," CONDITION("Progressing", "False", "ProgressDeadlineExceeded")),
	"error"},
    {AGENTKUBE_DEPLOYMENTS,
	STATE("\"replicas\":3",
	    SEEN ",\"readyReplicas\":1," CONDITION(
		"Progressing", "False", "ProgressDeadlineExceeded")),
	"running"},
    {AGENTKUBE_DEPLOYMENTS,
	STATE("\"replicas\":3",
	    SEEN "," CONDITION("Progressing", "True", "ReplicaSetUpdated")),
	"unknown"},
    {AGENTKUBE_DEPLOYMENTS,
	STATE("\"replicas\":3",
	    SEEN "," CONDITION("ReplicaFailure", "True", "FailedCreate")),
	"error"},
    {AGENTKUBE_DEPLOYMENTS,
	STATE("\"replicas\":3", SEEN ",\"conditions\":[7,{},{\"type\":1}]"),
	"unknown"},
    {AGENTKUBE_STATEFULSETS,
	STATE("\"replicas\":1", SEEN ",\"readyReplicas\":1"), "running"},
    {AGENTKUBE_DAEMONSETS, STATE("", SEEN ",\"desiredNumberScheduled\":0"),
	"offline"},
    {AGENTKUBE_DAEMONSETS,
	STATE("", SEEN ",\"desiredNumberScheduled\":2,\"numberReady\":1"),
	"running"},
    {AGENTKUBE_DAEMONSETS,
	STATE("", SEEN ",\"desiredNumberScheduled\":2,\"numberReady\":0"),
	"unknown"},
    {AGENTKUBE_DAEMONSETS, STATE("", ""), "unknown"},
};

START_TEST(states_are_read)
{
	ck_assert_int_eq(
	    parse_as(states[_i].kind, "systate.io/", states[_i].json), SST_OK);
	ck_assert_str_eq(record->status, states[_i].status);
}
END_TEST

static const struct {
	const char *json;
	int code;
} refused[] = {
    {"", SST_TRUNCATED},
    {"{", SST_TRUNCATED},
    {"7", SST_TYPE},
    {"[]", SST_TYPE},
    {"{}", SST_TYPE},
    {"{\"metadata\":7}", SST_TYPE},
    {"{\"metadata\":{\"name\":\"w\"}}", SST_TYPE},
    {"{\"metadata\":{\"name\":\"\",\"namespace\":\"n\"}}", SST_TYPE},
    {"{\"metadata\":{\"name\":[],\"namespace\":\"n\"}}", SST_TYPE},
    {"{\"metadata\":{\"name\":\"a\\u001f\",\"namespace\":\"n\"}}", SST_TYPE},
};

START_TEST(what_is_no_workload_is_refused)
{
	ck_assert_int_eq(
	    parse_as(AGENTKUBE_DEPLOYMENTS, "systate.io/", refused[_i].json),
	    refused[_i].code);
	ck_assert_int_eq(err.code, refused[_i].code);
	ck_assert_ptr_null(record);
}
END_TEST

START_TEST(an_entity_says_it_all)
{
	json_t *entity, *want;

	parse(NOTES(
	    NOTE("agent", "a") "," NOTE("description", "Does it.") "," NOTE(
		"max-parallel-invocations", "4") "," NOTE("models", "y,x")));
	entity = agentkube__entity(record);
	want = json_loads(
	    "{\"name\":\"a\",\"description\":\"Does it.\","
	    "\"max_parallel_invocations\":4,\"deployment_name\":\"w\","
	    "\"models\":[\"x\",\"y\"],\"activity\":{\"active_task_ids\":null},"
	    "\"namespace\":\"n\",\"status\":\"unknown\"}",
	    0, NULL);
	ck_assert(json_equal(entity, want));
	json_decref(entity);
	parse(LABELS(NOTE("agent", "a")));
	entity = agentkube__entity(record);
	json_object_set_new(want, "description", json_string(""));
	json_object_set_new(want, "max_parallel_invocations", json_null());
	json_object_set_new(want, "models", json_array());
	ck_assert(json_equal(entity, want));
	json_decref(entity);
	json_decref(want);
}
END_TEST

START_TEST(only_what_is_shown_is_another)
{
	static const char *const others[] = {
	    NOTES(NOTE("agent", "b") "," NOTE("models", "x")),
	    NOTES(NOTE("agent", "a") "," NOTE("models", "y")),
	    NOTES(NOTE("agent", "a") "," NOTE("models", "x,y")),
	    NOTES(NOTE("agent", "a") "," NOTE("models", "x") "," NOTE(
		"description", "d")),
	    NOTES(NOTE("agent", "a") "," NOTE("models", "x") "," NOTE(
		"max-parallel-invocations", "1")),
	    NOTES(NOTE("agent", "a") "," NOTE("models", "x") "," NOTE(
		"max-parallel-invocations", "one")),
	};
	struct agentkube_record *first;
	size_t i;

	parse(NOTES(NOTE("agent", "a") "," NOTE("models", "x")));
	first = agentkube__record_acquire(record);
	parse(
	    NOTES(NOTE("agent", "a") "," NOTE("models", " x ") ",\"k\":\"v\""));
	ck_assert(agentkube__record_same(first, record));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		parse(others[i]);
		ck_assert(!agentkube__record_same(first, record));
	}
	agentkube__record_release(&first);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *s = suite_create("agents kubernetes parse");
	TCase *tc = tcase_create("parse");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, marks_are_read, 0, ROWS(marks));
	tcase_add_test(tc, the_prefix_can_be_another_one);
	tcase_add_test(tc, all_of_them_can_be_meant);
	tcase_add_loop_test(
	    tc, a_name_that_is_none_leaves_that_of_the_workload, 0, 4);
	tcase_add_loop_test(tc, numbers_are_read, 0, ROWS(maxima));
	tcase_add_loop_test(tc, models_are_read, 0, ROWS(lists));
	tcase_add_test(tc, models_are_bounded);
	tcase_add_loop_test(tc, states_are_read, 0, ROWS(states));
	tcase_add_loop_test(
	    tc, what_is_no_workload_is_refused, 0, ROWS(refused));
	tcase_add_test(tc, an_entity_says_it_all);
	tcase_add_test(tc, only_what_is_shown_is_another);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
