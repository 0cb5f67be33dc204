/*
 * A task that is in a queue and on an agent. Ways to fail: it is shown waiting
 * and running at once, it jumps back and forth while nothing changes, a task
 * of another queue is taken for it, one that runs twice is hidden.
 */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "repository/harvest.h"
#include "service/settle.h"
#include "support/starve.h"
#include "support/suite.h"

static struct sst_contract *contract;
static struct sst_settle_memory memory;
static struct sst_error err;
static struct sst_harvest *agents, *queues;
static struct sst_mono agents_at, queues_at;
static struct sst_settle_rows agent_rows, queue_rows;

static void
rows_fini(struct sst_settle_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++)
		sst_entity_release(&rows->entities[i]);
	free(rows->entities);
	free(rows->observed);
	memset(rows, 0, sizeof(*rows));
}

static void
setup(void)
{
	ck_assert_int_eq(sst_contract_new(&contract, &err), SST_OK);
	memset(&memory, 0, sizeof(memory));
	agents_at = queues_at = (struct sst_mono){1000};
}

static void
teardown(void)
{
	rows_fini(&agent_rows);
	rows_fini(&queue_rows);
	sst_harvest_release(&agents);
	sst_harvest_release(&queues);
	sst_settle_memory_fini(&memory);
	sst_contract_free(&contract);
}

static void
read_section(enum sst_section_id section, json_t *list,
    struct sst_harvest **out)
{
	struct sst_draft_settings s = {.contract = contract,
	    .section = section,
	    .source = "test",
	    .now = {INT64_C(1767225600000) + agents_at.ns + queues_at.ns}};
	struct sst_draft *d = NULL;
	size_t i;

	ck_assert_ptr_nonnull(list);
	sst_harvest_release(out);
	ck_assert_int_eq(sst_draft_new(&s, &d, &err), SST_OK);
	for (i = 0; i < json_array_size(list); i++)
		ck_assert_int_eq(sst_draft_add(d,
				     json_incref(json_array_get(list, i)),
				     &err),
		    SST_OK);
	ck_assert_int_eq(sst_draft_finish(d, out, &err), SST_OK);
	ck_assert_msg((*out)->count == json_array_size(list), "%s",
	    (*out)->flaw.text);
	sst_draft_free(&d);
	json_decref(list);
}

/* Agents by name with the ids they work on: {"planner": ["t1"]}. */
static void
agents_say(int64_t at, const char *what)
{
	json_t *map = json_loads(what, 0, NULL), *list = json_array(), *ids;
	json_t *active, *id;
	const char *name;
	size_t i;

	ck_assert_ptr_nonnull(map);
	json_object_foreach(map, name, ids)
	{
		active = json_array();
		json_array_foreach(ids, i, id)
		{
			json_array_append_new(active,
			    json_pack("{s:O, s:s, s:s}", "id", id, "started_on",
				"2026-01-01T10:00:00Z", "status", "running"));
		}
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:n, s:n, s:[], s:{s:o}, s:s}",
			"name", name, "description", "",
			"max_parallel_invocations", "deployment_name",
			"models", "activity", "active_task_ids", active,
			"status", "unknown"));
	}
	json_decref(map);
	agents_at.ns = at;
	read_section(SST_SECTION_AGENTS, list, &agents);
}

static json_t *
task(const char *id, const char *status, const char *owner)
{
	json_t *t = json_pack("{s:s, s:{s:s}, s:n, s:s}", "id", id, "priority",
	    "level", "normal", "submitted_at", "status", status);

	if (owner != NULL)
		json_object_set_new(t, "assigned_to", json_string(owner));
	return t;
}

/* Queues by name with tasks: {"q": {"t1": "queued", "t2": "running by x"}}. */
static void
queues_say(int64_t at, const char *what)
{
	json_t *map = json_loads(what, 0, NULL), *list = json_array(), *tasks;
	json_t *rows, *status;
	const char *name, *id, *by;
	char word[32];

	ck_assert_ptr_nonnull(map);
	json_object_foreach(map, name, tasks)
	{
		rows = json_array();
		json_object_foreach(tasks, id, status)
		{
			strncpy(word, json_string_value(status), 31);
			by = strstr(json_string_value(status), " by ");
			word[strcspn(word, " ")] = '\0';
			json_array_append_new(rows,
			    task(id, word, by == NULL ? NULL : by + 4));
		}
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:{s:n, s:n, s:n}, s:n, s:s, s:n, "
			      "s:n, s:o}",
			"name", name, "system", "test", "depth", "ready",
			"running", "total", "consumers", "tasks_detail",
			"full", "tasks_total", "tasks_omitted", "tasks", rows));
	}
	json_decref(map);
	queues_at.ns = at;
	read_section(SST_SECTION_QUEUES, list, &queues);
}

static void
rows_of(const struct sst_harvest *harvest, struct sst_mono at,
    struct sst_settle_rows *rows)
{
	size_t i;

	rows_fini(rows);
	rows->entities = calloc(harvest->count, sizeof(struct sst_entity *));
	rows->observed = calloc(harvest->count, sizeof(*rows->observed));
	ck_assert(rows->entities != NULL && rows->observed != NULL);
	for (i = 0; i < harvest->count; i++) {
		rows->entities[i] = sst_entity_acquire(harvest->entities[i]);
		rows->observed[i] = at;
	}
	rows->count = harvest->count;
}

static int
settle(void)
{
	rows_of(agents, agents_at, &agent_rows);
	rows_of(queues, queues_at, &queue_rows);
	return sst_settle(contract, &agent_rows, &queue_rows, &memory, &err);
}

static void
words_of_queue(const struct sst_entity *queue, struct sst_buf *out)
{
	const struct sst_entity *t;
	json_t *tree;
	uint32_t i;

	for (i = 0; i < queue->child_count; i++) {
		t = queue->children[i];
		tree = json_loadb(sst_entity_json(t), t->json_len, 0, NULL);
		sst_buf_addf(out, " %s=%s",
		    json_string_value(json_object_get(tree, "id")),
		    json_string_value(json_object_get(tree, "status")));
		if (json_is_string(json_object_get(tree, "assigned_to")))
			sst_buf_addf(out, "/%s",
			    json_string_value(
				json_object_get(tree, "assigned_to")));
		json_decref(tree);
	}
}

static void
words_of_agent(const struct sst_entity *agent, struct sst_buf *out)
{
	json_t *tree =
	    json_loadb(sst_entity_json(agent), agent->json_len, 0, NULL);
	json_t *active = json_object_get(
	    json_object_get(tree, "activity"), "active_task_ids");
	size_t i;

	sst_buf_addf(out, " %s:", sst_entity_key(agent));
	for (i = 0; i < json_array_size(active); i++)
		sst_buf_addf(out, "%s,",
		    json_string_value(
			json_object_get(json_array_get(active, i), "id")));
	json_decref(tree);
}

/* " t1=running/planner planner:t1," */
static void
expect(const char *want)
{
	struct sst_buf have = SST_BUF_INIT;
	size_t i;

	ck_assert_msg(settle() == SST_OK, "%s", err.text);
	for (i = 0; i < queue_rows.count; i++)
		words_of_queue(queue_rows.entities[i], &have);
	for (i = 0; i < agent_rows.count; i++)
		words_of_agent(agent_rows.entities[i], &have);
	ck_assert_str_eq(have.data, want);
	sst_buf_fini(&have);
}

START_TEST(one_that_left_the_queue_runs)
{
	queues_say(10, "{\"q\": {\"t1\": \"queued\", \"t2\": \"queued\"}}");
	agents_say(10, "{\"planner\": []}");
	expect(" t1=queued t2=queued planner:");
	agents_say(20, "{\"planner\": [\"t1\"]}");
	expect(" t1=running/planner t2=queued planner:t1,");
	/* read again, and still so */
	queues_say(30, "{\"q\": {\"t1\": \"queued\", \"t2\": \"queued\"}}");
	expect(" t1=running/planner t2=queued planner:t1,");
	queues_say(40, "{\"q\": {\"t2\": \"queued\"}}");
	expect(" t2=queued planner:t1,");
	agents_say(50, "{\"planner\": []}");
	expect(" t2=queued planner:");
}
END_TEST

START_TEST(one_that_came_back_waits)
{
	queues_say(10, "{\"q\": {}}");
	agents_say(10, "{\"planner\": [\"t1\", \"t2\"]}");
	expect(" planner:t1,t2,");
	queues_say(20, "{\"q\": {\"t1\": \"retrying\"}}");
	expect(" t1=retrying planner:t2,");
	expect(" t1=retrying planner:t2,");
	agents_say(30, "{\"planner\": [\"t2\"]}");
	expect(" t1=retrying planner:t2,");
	/* and is taken again, by another one */
	agents_say(40, "{\"planner\": [\"t2\"], \"writer\": [\"t1\"]}");
	expect(" t1=running/writer planner:t2, writer:t1,");
}
END_TEST

START_TEST(one_that_runs_and_waits_again_is_both)
{
	queues_say(10, "{\"q\": {}}");
	agents_say(10, "{\"planner\": [\"t1\"]}");
	expect(" planner:t1,");
	queues_say(20, "{\"q\": {\"t1\": \"queued\"}}");
	expect(" t1=queued planner:");
	/* the agent was asked since: it does work on it */
	agents_say(30, "{\"planner\": [\"t1\"]}");
	expect(" t1=queued planner:t1,");
	queues_say(40, "{\"q\": {\"t1\": \"queued\"}}");
	expect(" t1=queued planner:t1,");
}
END_TEST

START_TEST(one_that_runs_is_given_its_agent)
{
	queues_say(10, "{\"q\": {\"t1\": \"running\", \"t2\": \"reserved\", "
		       "\"t3\": \"running by w\", \"t4\": \"failed\"}}");
	agents_say(5, "{\"a\": [\"t1\", \"t2\", \"t3\", \"t4\"]}");
	expect(" t1=running/a t2=reserved/a t3=running/w t4=failed "
	       "a:t1,t2,t3,t4,");
}
END_TEST

START_TEST(an_id_of_two_queues_is_left_alone)
{
	queues_say(10, "{\"q\": {\"1\": \"queued\"}, "
		       "\"r\": {\"1\": \"queued\", \"2\": \"queued\"}}");
	agents_say(20, "{\"a\": [\"1\", \"2\"]}");
	expect(" 1=queued 1=queued 2=running/a a:1,2,");
}
END_TEST

START_TEST(of_two_agents_the_one_asked_last_has_it)
{
	queues_say(10, "{\"q\": {\"t\": \"queued\"}}");
	agents_say(20, "{\"a\": [\"t\"], \"b\": [\"t\"]}");
	expect(" t=running/a a:t, b:t,");
	rows_of(agents, agents_at, &agent_rows);
	rows_of(queues, queues_at, &queue_rows);
	agent_rows.observed[1].ns = 30;
	ck_assert_int_eq(sst_settle(contract, &agent_rows, &queue_rows, NULL,
			     &err),
	    SST_OK);
	ck_assert_ptr_nonnull(strstr(
	    sst_entity_json(queue_rows.entities[0]->children[0]), "\"b\""));
}
END_TEST

START_TEST(what_is_not_met_is_the_same_object)
{
	struct sst_entity *agent, *queue;

	queues_say(10, "{\"q\": {\"t1\": \"queued\"}}");
	agents_say(10, "{\"a\": [\"x\"]}");
	ck_assert_int_eq(settle(), SST_OK);
	agent = agents->entities[0];
	queue = queues->entities[0];
	ck_assert_ptr_eq(agent_rows.entities[0], agent);
	ck_assert_ptr_eq(queue_rows.entities[0], queue);
}
END_TEST

/* A queue of which a task changed changed, and says when. */
START_TEST(the_newest_word_dates_it)
{
	const struct sst_entity *a, *q;

	queues_say(10, "{\"q\": {\"t1\": \"queued\"}}");
	agents_say(INT64_C(5000), "{\"a\": [\"t1\"]}");
	ck_assert_int_eq(settle(), SST_OK);
	a = agent_rows.entities[0];
	q = queue_rows.entities[0];
	ck_assert(memcmp(sst_entity_json(queues->entities[0]) + q->stamp,
		      sst_entity_json(a) + a->stamp, 20) != 0);
	ck_assert(memcmp(sst_entity_json(q) + q->stamp,
		      sst_entity_json(a) + a->stamp, 20) == 0);
	ck_assert(!sst_hash_equal(q->hash, queues->entities[0]->hash));
	/* and back */
	queues_say(INT64_C(9000), "{\"q\": {}}");
	ck_assert_int_eq(settle(), SST_OK);
	queues_say(INT64_C(15000), "{\"q\": {\"t1\": \"queued\"}}");
	ck_assert_int_eq(settle(), SST_OK);
	a = agent_rows.entities[0];
	q = queue_rows.entities[0];
	ck_assert(memcmp(sst_entity_json(q) + q->stamp,
		      sst_entity_json(a) + a->stamp, 20) == 0);
}
END_TEST

START_TEST(each_allocation_can_fail)
{
	struct sst_settle_memory *nothing = NULL;
	bool failed = true;
	long n;
	int code;

	queues_say(10, "{\"q\": {\"t1\": \"queued\", \"t2\": \"running\"}}");
	agents_say(20, "{\"a\": [\"t1\", \"t2\"]}");
	for (n = 0; failed && n < 2000; n++) {
		rows_of(agents, agents_at, &agent_rows);
		rows_of(queues, queues_at, &queue_rows);
		starve_after(n);
		code = sst_settle(
		    contract, &agent_rows, &queue_rows, nothing, &err);
		failed = starve_end();
		ck_assert_msg(code == (failed ? SST_NOMEM : SST_OK),
		    "allocation %ld: %s", n, sst_code_name(code));
	}
	ck_assert(!failed && n > 10);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, one_that_left_the_queue_runs);
	tcase_add_test(tc, one_that_came_back_waits);
	tcase_add_test(tc, one_that_runs_and_waits_again_is_both);
	tcase_add_test(tc, one_that_runs_is_given_its_agent);
	tcase_add_test(tc, an_id_of_two_queues_is_left_alone);
	tcase_add_test(tc, of_two_agents_the_one_asked_last_has_it);
	tcase_add_test(tc, what_is_not_met_is_the_same_object);
	tcase_add_test(tc, the_newest_word_dates_it);
	tcase_add_test(tc, each_allocation_can_fail);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "settle", add_tests, setup, teardown, 60};

	starve_init();
	return suite_run(&plan);
}
