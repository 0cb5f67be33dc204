#include "repository/scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/scenario/plan.h"
#include "repository/scenario/span.h"
#include "repository/scenario/world.h"

static const char *const top_keys[] = {"description", "seed", "loop", "agents",
    "workload", "queues", "litellm", "timeline"};

bool
scenario__plan_names(const struct sst_scenario *plan,
    enum sst_section_id section, const char *name)
{
	size_t i;

	for (i = 0; i < json_array_size(plan->sections[section]); i++) {
		if (scenario__is_called(section,
			json_array_get(plan->sections[section], i), name))
			return true;
	}
	return false;
}

/* Marks a name as taken; false when it was. */
static bool
load_claim(json_t *taken, const char *name)
{
	if (json_object_get(taken, name) != NULL)
		return false;
	return json_object_set_new(taken, name, json_true()) == 0;
}

/* The names in a child array (tasks, pods) must be new in `taken`. */
static int
load_claim_children(const struct scn_reader *r, const struct scn_node *node,
    const json_t *array, const char *member, json_t *taken)
{
	const struct scn_node *child;
	const char *name;
	size_t i = 0;

	if (node == NULL)
		return 0;
	for (child = node->first; child != NULL; child = child->next, i++) {
		name = json_string_value(
		    json_object_get(json_array_get(array, i), member));
		if (!load_claim(taken, name))
			return scenario__fail(r->doc, child, r->err,
			    "\"%.64s\" is there already", name);
	}
	return 0;
}

static int
load_check_children(const struct scn_reader *r, enum sst_section_id section,
    const struct scn_node *node, const json_t *entity, json_t *taken)
{
	const char *detail;
	json_t *pods;
	int rc;

	if (section == SST_SECTION_AGENTS)
		return load_claim_children(r,
		    scenario__member(
			scenario__member(node, "activity"), "active_task_ids"),
		    json_object_get(
			json_object_get(entity, "activity"), "active_task_ids"),
		    "id", taken);
	if (section == SST_SECTION_QUEUES) {
		detail =
		    json_string_value(json_object_get(entity, "tasks_detail"));
		if (detail != NULL && strcmp(detail, "full") != 0 &&
		    json_object_get(entity, "depth") == NULL)
			return scenario__fail(r->doc, node, r->err,
			    "tasks_detail %s needs depth", detail);
		return load_claim_children(r, scenario__member(node, "tasks"),
		    json_object_get(entity, "tasks"), "id", taken);
	}
	if (section != SST_SECTION_WORKLOAD)
		return 0;
	pods = json_object();
	if (pods == NULL)
		return sst_error_nomem(r->err);
	rc = load_claim_children(r, scenario__member(node, "pods"),
	    json_object_get(entity, "pods"), "pod_id", pods);
	json_decref(pods);
	return rc;
}

static int
load_entity(const struct scn_reader *r, enum sst_section_id section,
    const struct scn_node *node, json_t *taken, json_t *array)
{
	json_t *entity;
	char *key;
	bool fresh;
	int rc;

	rc = scenario__read_object(r, node, scenario__shape(section), &entity);
	if (rc != 0)
		return rc;
	if (json_array_append_new(array, entity) != 0 ||
	    scenario__defaults(section, entity) != 0)
		return sst_error_nomem(r->err);
	key = scenario__key(section, entity);
	if (key == NULL)
		return sst_error_nomem(r->err);
	fresh = load_claim(taken, key);
	free(key);
	if (!fresh)
		return scenario__fail(r->doc, node, r->err,
		    "%s of that name is there already",
		    scenario__shape(section)->what);
	return load_check_children(r, section, node, entity, taken);
}

static int
load_section(const struct scn_reader *r, enum sst_section_id section,
    const struct scn_node *node, json_t *taken, json_t *array)
{
	const struct scn_node *child;
	int rc = 0;

	if (node->kind != SCN_SEQ)
		return scenario__fail(r->doc, node, r->err,
		    "expected a sequence of %s", sst_section_name(section));
	if (node->count > SCN_ENTITIES_MAX)
		return scenario__fail(r->doc, node, r->err,
		    "%zu entries, at most %d are allowed", node->count,
		    (int)SCN_ENTITIES_MAX);
	for (child = node->first; child != NULL && rc == 0; child = child->next)
		rc = load_entity(r, section, child, taken, array);
	return rc;
}

/* Every id in blocked_by of the first world must be a task of it. */
static int
load_check_blockers(const struct scn_reader *r, const json_t *tasks)
{
	const struct scn_node *queue, *task, *id;
	const struct scn_node *queues =
	    scenario__member(r->doc->root, "queues");

	for (queue = queues == NULL ? NULL : queues->first; queue != NULL;
	     queue = queue->next) {
		task = scenario__member(queue, "tasks");
		for (task = task == NULL ? NULL : task->first; task != NULL;
		     task = task->next) {
			id = scenario__member(task, "blocked_by");
			for (id = id == NULL ? NULL : id->first; id != NULL;
			     id = id->next) {
				if (json_object_get(tasks, id->text) == NULL)
					return scenario__fail(r->doc, id,
					    r->err, "no task \"%.64s\"",
					    id->text);
			}
		}
	}
	return 0;
}

static int
load_head(const struct scn_reader *r, const struct scn_node *root,
    struct sst_scenario *plan)
{
	static const struct scn_field text = {
	    "description", SCN_TEXT, 0, NULL, NULL, 0};
	static const struct scn_field seed = {
	    "seed", SCN_COUNT, 0, NULL, NULL, 0};
	static const struct scn_field loop = {
	    "loop", SCN_DURATION, 0, NULL, NULL, 0};
	const struct scn_node *node;
	json_t *value = NULL;
	int rc = 0;

	node = scenario__member(root, "description");
	if (node != NULL)
		rc = scenario__read(r, node, &text, &value);
	json_decref(value);
	value = NULL;
	node = scenario__member(root, "seed");
	if (rc == 0 && node != NULL)
		rc = scenario__read(r, node, &seed, &value);
	if (rc == 0 && value != NULL)
		plan->seed = json_integer_value(value);
	json_decref(value);
	value = NULL;
	node = scenario__member(root, "loop");
	if (rc == 0 && node != NULL)
		rc = scenario__read(r, node, &loop, &value);
	if (rc == 0 && value != NULL)
		plan->loop = json_integer_value(value);
	json_decref(value);
	if (rc == 0 && plan->loop != 0 && plan->loop < 1000)
		rc = scenario__fail(r->doc, node, r->err,
		    "a round must last a second or longer");
	return rc;
}

static int
load_check_top(const struct scn_reader *r, const struct scn_node *root)
{
	const struct scn_node *node;
	size_t i, n = sizeof(top_keys) / sizeof(top_keys[0]);

	if (root->kind != SCN_MAP)
		return scenario__fail(
		    r->doc, root, r->err, "expected a mapping: a scenario");
	for (node = root->first; node != NULL; node = node->next) {
		for (i = 0; i < n; i++) {
			if (strcmp(node->key, top_keys[i]) == 0)
				break;
		}
		if (i == n)
			return scenario__fail(r->doc, node, r->err,
			    "unknown key; a scenario has description, seed, "
			    "loop, agents, workload, queues, litellm, "
			    "timeline");
	}
	return 0;
}

static int
load_sections(const struct scn_reader *r, const struct scn_node *root,
    struct sst_scenario *plan)
{
	const struct scn_node *node;
	/* ids of tasks, and keys of entities, which start with a control
	 * character that no id can hold */
	json_t *taken = json_object();
	int rc = 0, i;

	if (taken == NULL)
		return sst_error_nomem(r->err);
	for (i = 0; i < SST_SECTION_COUNT && rc == 0; i++) {
		plan->sections[i] = json_array();
		node = scenario__member(
		    root, sst_section_name((enum sst_section_id)i));
		if (plan->sections[i] == NULL)
			rc = sst_error_nomem(r->err);
		else if (node != NULL)
			rc = load_section(r, (enum sst_section_id)i, node,
			    taken, plan->sections[i]);
	}
	if (rc == 0)
		rc = load_check_blockers(r, taken);
	json_decref(taken);
	return rc;
}

static int
load_plan(
    const struct scn_doc *doc, struct sst_scenario *plan, struct sst_error *err)
{
	struct scn_reader r = {.doc = doc, .err = err};
	const struct scn_node *timeline;
	int rc;

	rc = load_check_top(&r, doc->root);
	if (rc == 0)
		rc = load_head(&r, doc->root, plan);
	if (rc == 0)
		rc = load_sections(&r, doc->root, plan);
	if (rc != 0)
		return rc;
	r.plan = plan;
	timeline = scenario__member(doc->root, "timeline");
	return timeline == NULL ? 0
				: scenario__read_timeline(&r, timeline, plan);
}

static int
load_doc(struct scn_doc *doc, struct sst_scenario **out, struct sst_error *err)
{
	struct sst_scenario *plan = calloc(1, sizeof(*plan));
	int rc;

	if (plan == NULL)
		rc = sst_error_nomem(err);
	else
		rc = load_plan(doc, plan, err);
	scenario__free_doc(&doc);
	if (rc != 0) {
		sst_scenario_free(&plan);
		return rc;
	}
	*out = plan;
	return 0;
}

int
sst_scenario_parse(const char *file, const char *text, size_t len,
    struct sst_scenario **out, struct sst_error *err)
{
	struct scn_doc *doc;
	int rc = scenario__parse(file, text, len, &doc, err);

	return rc != 0 ? rc : load_doc(doc, out, err);
}

int
sst_scenario_load(const char *name, const char *share_dir,
    struct sst_scenario **out, struct sst_error *err)
{
	struct sst_buf path = SST_BUF_INIT;
	struct scn_doc *doc = NULL;
	size_t len = strlen(name);
	int rc;

	if (strchr(name, '/') != NULL ||
	    (len > 5 && strcmp(name + len - 5, ".yaml") == 0))
		sst_buf_adds(&path, name);
	else
		sst_buf_addf(
		    &path, "%s/mocks/scenarios/%s.yaml", share_dir, name);
	if (sst_buf_failed(&path))
		rc = sst_error_nomem(err);
	else
		rc = scenario__read_file(path.data, &doc, err);
	sst_buf_fini(&path);
	return rc != 0 ? rc : load_doc(doc, out, err);
}

void
sst_scenario_free(struct sst_scenario **scenario)
{
	struct sst_scenario *plan = *scenario;
	size_t i;

	if (plan == NULL)
		return;
	for (i = 0; i < SST_SECTION_COUNT; i++)
		json_decref(plan->sections[i]);
	for (i = 0; i < plan->count; i++)
		json_decref(plan->events[i].args);
	free(plan->events);
	free(plan);
	*scenario = NULL;
}
