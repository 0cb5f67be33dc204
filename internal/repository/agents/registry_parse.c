#include "repository/agents/registry_parse.h"

#include <stdlib.h>
#include <string.h>

#include "config/node.h"

/* A name is part of a key, of a path and of log lines. */
static bool
registry_valid_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= REGISTRY_NAME_MAX && text[0] != ' ' &&
	       text[len - 1] != ' ' && strpbrk(text, "\n\t") == NULL;
}

#define NAME_FORM "a name of 1 to 512 bytes on one line"
#define AT(member) offsetof(struct registry_agent, member)

static const struct sst_option registry_item[] = {
    {.name = "name",
	.type = SST_OPTION_STRING,
	.required = true,
	.valid = registry_valid_name,
	.form = NAME_FORM,
	.offset = AT(name)},
    {.name = "description",
	.type = SST_OPTION_STRING,
	.offset = AT(description)},
    {.name = "max_parallel_invocations",
	.type = SST_OPTION_INT,
	.max = 1000000,
	.offset = AT(max_parallel_invocations)},
    {.name = "deployment_name",
	.type = SST_OPTION_STRING,
	.valid = registry_valid_name,
	.form = NAME_FORM,
	.offset = AT(deployment_name)},
    {.name = "namespace",
	.type = SST_OPTION_STRING,
	.valid = registry_valid_name,
	.form = NAME_FORM,
	.offset = AT(namespace)},
    {.name = "models",
	.type = SST_OPTION_LIST,
	.max = REGISTRY_MODELS_MAX,
	.valid = registry_valid_name,
	.form = NAME_FORM,
	.offset = AT(models)},
};

static const struct sst_option registry_root[] = {
    {.name = "agents",
	.type = SST_OPTION_ITEMS,
	.required = true,
	.max = REGISTRY_AGENTS_MAX,
	.offset = offsetof(struct registry_agents, list),
	.items = registry_item,
	.item_count = SST_OPTION_COUNT(registry_item),
	.item_size = sizeof(struct registry_agent)},
};

void
registry__agents_fini(struct registry_agents *agents)
{
	sst_options_fini(
	    registry_root, SST_OPTION_COUNT(registry_root), agents);
}

static int
compare_texts(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Sorted, each once: the document has a set. */
static void
models_tidy(struct sst_option_list *models)
{
	size_t i, kept = 0;

	if (models->count < 2)
		return;
	qsort(models->items, models->count, sizeof(*models->items),
	    compare_texts);
	for (i = 0; i < models->count; i++) {
		if (kept > 0 &&
		    strcmp(models->items[kept - 1], models->items[i]) == 0)
			free(models->items[i]);
		else
			models->items[kept++] = models->items[i];
	}
	models->count = kept;
}

/* A named place of the file. */
struct registry_place {
	const char *name;
	const struct sst_config_node *node; /* of the name */
	size_t index;
};

static int
compare_places(const void *a, const void *b)
{
	const struct registry_place *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c != 0)
		return c;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int
twin_refuse(const struct registry_place *first,
    const struct registry_place *twin, struct sst_error *err)
{
	char place[200];

	sst_config_node_place(twin->node, place, sizeof(place));
	return sst_error_set(err, SST_INVALID,
	    "%s: agents[%zu].name: \"%.100s\" is given twice, first at line %u",
	    place, twin->index, twin->name, first->node->line);
}

/* Names the first place in the file where a name comes again. */
static int
twins_check(struct registry_place *places, size_t count, struct sst_error *err)
{
	const struct registry_place *first = NULL, *twin = NULL;
	size_t i;

	qsort(places, count, sizeof(*places), compare_places);
	for (i = 1; i < count; i++) {
		if (strcmp(places[i - 1].name, places[i].name) != 0 ||
		    (twin != NULL && twin->index < places[i].index))
			continue;
		first = &places[i - 1];
		twin = &places[i];
	}
	return twin == NULL ? SST_OK : twin_refuse(first, twin, err);
}

/* What an option table cannot tell: absent from 0, and names given twice. */
static int
registry_finish(const struct sst_config_node *list,
    struct registry_agents *agents, struct sst_error *err)
{
	struct registry_agent *agent = agents->list.items;
	const struct sst_config_node *item = list->first;
	struct registry_place *places;
	size_t i;
	int code;

	if (agents->list.count == 0)
		return SST_OK;
	places = calloc(agents->list.count, sizeof(*places));
	if (places == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < agents->list.count; i++, item = item->next, agent++) {
		places[i].name = agent->name;
		places[i].node = sst_config_node_member(item, "name");
		places[i].index = i;
		models_tidy(&agent->models);
		if (sst_config_node_is_null(sst_config_node_member(
			item, "max_parallel_invocations")))
			agent->max_parallel_invocations = -1;
	}
	code = twins_check(places, agents->list.count, err);
	free(places);
	return code;
}

static int
registry_read(const char *origin, const struct sst_config_node *root,
    struct registry_agents *agents, struct sst_error *err)
{
	char place[200];
	int code;

	if (sst_config_node_is_null(root))
		return sst_error_set(err, SST_INVALID,
		    "%s: the file is empty; write `agents: []` when there are "
		    "none",
		    origin);
	sst_config_node_place(root, place, sizeof(place));
	if (root->kind == SST_CONFIG_LIST)
		return sst_error_set(err, SST_TYPE,
		    "%s: got a list of %zu; expected a map: put `agents:` "
		    "above the list",
		    place, root->count);
	code = sst_options_parse(
	    registry_root, SST_OPTION_COUNT(registry_root), root, agents, err);
	if (code != SST_OK)
		return code;
	code = registry_finish(
	    sst_config_node_member(root, "agents"), agents, err);
	if (code != SST_OK)
		registry__agents_fini(agents);
	return code;
}

int
registry__parse(const char *origin, const char *text, size_t len,
    struct registry_agents *out, struct sst_error *err)
{
	struct sst_config_input input = {
	    .origin = origin,
	    .text = text,
	    .len = len,
	    .max_bytes = REGISTRY_FILE_MAX,
	    .max_values = REGISTRY_VALUES_MAX,
	};
	struct registry_agents agents = {{NULL, 0}};
	struct sst_config_doc *doc = NULL;
	int code;

	code = sst_config_doc_parse_bounded(&input, &doc, err);
	if (code != SST_OK)
		return code;
	code = registry_read(origin, sst_config_doc_root(doc), &agents, err);
	sst_config_doc_free(&doc);
	if (code == SST_OK)
		*out = agents;
	return code;
}

static json_t *
entity_models(const struct sst_option_list *models)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < models->count; i++) {
		if (json_array_append_new(
			array, json_string(models->items[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *
registry__entity(const struct registry_agent *agent)
{
	int64_t most = agent->max_parallel_invocations;

	return json_pack("{s:s, s:s, s:o, s:s?, s:o, s:{s:n}, s:s?, s:s}",
	    "name", agent->name, "description",
	    agent->description != NULL ? agent->description : "",
	    "max_parallel_invocations",
	    most < 0 ? json_null() : json_integer(most), "deployment_name",
	    agent->deployment_name, "models", entity_models(&agent->models),
	    "activity", "active_task_ids", "namespace", agent->namespace,
	    "status", "unknown");
}
