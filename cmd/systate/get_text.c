/* The state as tables. */
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "get.h"
#include "table.h"

enum { TEXT_COLUMNS = 10, TEXT_TROUBLE = 3 };

/* A column: a member by its path, or a function for what is put together. */
struct text_column {
	struct cli_column column;
	const char *path;
	bool status; /* coloured by its word */
	void (*write)(const json_t *entity, struct sst_buf *out);
};

struct text_section {
	const char *title;
	struct text_column columns[TEXT_COLUMNS];
	size_t count;
};

static void
text_pair(const json_t *a, const json_t *b, struct sst_buf *out)
{
	cli_value_text(a, out);
	sst_buf_addc(out, '/');
	cli_value_text(b, out);
}

static void
text_error(const json_t *e, struct sst_buf *out)
{
	cli_error_text(json_object_get(e, "error"), out);
}

static void
text_agent_tasks(const json_t *e, struct sst_buf *out)
{
	const json_t *list = cli_json_at(e, "activity.active_task_ids");

	if (json_is_array(list))
		sst_buf_addf(out, "%zu/", json_array_size(list));
	else
		sst_buf_adds(out, "?/");
	cli_value_text(json_object_get(e, "max_parallel_invocations"), out);
}

static void
text_workload_name(const json_t *e, struct sst_buf *out)
{
	const json_t *space = json_object_get(e, "namespace");

	if (space != NULL) {
		cli_value_text(space, out);
		sst_buf_addc(out, '/');
		cli_value_text(json_object_get(e, "kind"), out);
		sst_buf_addc(out, '/');
	}
	cli_value_text(json_object_get(e, "deployment_name"), out);
}

static void
text_workload_ready(const json_t *e, struct sst_buf *out)
{
	text_pair(cli_json_at(e, "live.ready_pods"),
	    cli_json_at(e, "live.desired_pods"), out);
}

static bool
text_pod_is_well(const json_t *pod)
{
	const char *s = json_string_value(json_object_get(pod, "status"));

	return s != NULL &&
	       (strcmp(s, "Running") == 0 || strcmp(s, "Succeeded") == 0 ||
		   strcmp(s, "Completed") == 0);
}

/* The pods that are not well, the first of them by name. */
static void
text_workload_trouble(const json_t *e, struct sst_buf *out)
{
	const json_t *pods = json_object_get(e, "pods"), *pod;
	size_t i, found = 0;

	json_array_foreach(pods, i, pod)
	{
		if (text_pod_is_well(pod) || ++found > TEXT_TROUBLE)
			continue;
		if (found > 1)
			sst_buf_adds(out, ", ");
		cli_value_text(json_object_get(pod, "pod_id"), out);
		sst_buf_addc(out, ' ');
		cli_value_text(json_object_get(pod, "status"), out);
	}
	if (found == 0)
		sst_buf_addc(out, '-');
	else if (found > TEXT_TROUBLE)
		sst_buf_addf(out, " and %zu more", found - TEXT_TROUBLE);
}

static void
text_queue_name(const json_t *e, struct sst_buf *out)
{
	const json_t *system = json_object_get(e, "system");

	if (system != NULL) {
		cli_value_text(system, out);
		sst_buf_addc(out, '/');
	}
	cli_value_text(json_object_get(e, "name"), out);
}

static void
text_model_name(const json_t *e, struct sst_buf *out)
{
	const json_t *id = json_object_get(e, "deployment_id");

	cli_value_text(id != NULL ? id : json_object_get(e, "model"), out);
}

static void
text_model_tpm(const json_t *e, struct sst_buf *out)
{
	text_pair(
	    json_object_get(e, "tpm"), json_object_get(e, "tpm_max"), out);
}

static void
text_model_rpm(const json_t *e, struct sst_buf *out)
{
	text_pair(
	    json_object_get(e, "rpm"), json_object_get(e, "rpm_max"), out);
}

static const struct text_section text_sources = {
    "SOURCES",
    {
	{{"STATUS", false}, "status", true, NULL},
	{{"NAME", false}, "name", false, NULL},
	{{"KIND", false}, "kind", false, NULL},
	{{"SINCE", false}, "since", false, NULL},
	{{"ENTITIES", true}, "entities", false, NULL},
	{{"ERROR", false}, NULL, false, text_error},
    },
    6,
};

static const struct text_section text_sections[SST_SECTION_COUNT] = {
    [SST_SECTION_AGENTS] =
	{
	    "AGENTS",
	    {
		{{"NAME", false}, "name", false, NULL},
		{{"STATUS", false}, "status", true, NULL},
		{{"TASKS", true}, NULL, false, text_agent_tasks},
		{{"DEPLOYMENT", false}, "deployment_name", false, NULL},
		{{"UPDATED", false}, "activity.updated_at", false, NULL},
		{{"MODELS", false}, "models", false, NULL},
	    },
	    6,
	},
    [SST_SECTION_WORKLOAD] =
	{
	    "WORKLOAD",
	    {
		{{"NAME", false}, NULL, false, text_workload_name},
		{{"ROLLOUT", false}, "rollout.state", true, NULL},
		{{"PODS", true}, "live.active_pods", false, NULL},
		{{"READY", true}, NULL, false, text_workload_ready},
		{{"MAX", true}, "max_pods", false, NULL},
		{{"UPDATED", false}, "live.updated_at", false, NULL},
		{{"NOT WELL", false}, NULL, false, text_workload_trouble},
	    },
	    7,
	},
    [SST_SECTION_QUEUES] =
	{
	    "QUEUES",
	    {
		{{"NAME", false}, NULL, false, text_queue_name},
		{{"READY", true}, "depth.ready", false, NULL},
		{{"RUNNING", true}, "depth.running", false, NULL},
		{{"DELAYED", true}, "depth.delayed", false, NULL},
		{{"BLOCKED", true}, "depth.blocked", false, NULL},
		{{"FAILED", true}, "depth.failed", false, NULL},
		{{"TOTAL", true}, "depth.total", false, NULL},
		{{"CONSUMERS", true}, "consumers", false, NULL},
		{{"UPDATED", false}, "updated_at", false, NULL},
		{{"OLDEST TASK", false}, "oldest_submitted_at", false, NULL},
	    },
	    10,
	},
    [SST_SECTION_LITELLM] =
	{
	    "LITELLM",
	    {
		{{"NAME", false}, NULL, false, text_model_name},
		{{"STATUS", false}, "status", true, NULL},
		{{"TPM", true}, NULL, false, text_model_tpm},
		{{"RPM", true}, NULL, false, text_model_rpm},
		{{"USD TODAY", true}, "spend_usd_today", false, NULL},
		{{"PROVIDER", false}, "provider", false, NULL},
		{{"MODEL", false}, "model", false, NULL},
	    },
	    7,
	},
};

static void
text_cell(struct cli_table *table, const struct text_column *c, const json_t *e)
{
	const json_t *value = c->path != NULL ? cli_json_at(e, c->path) : NULL;
	struct sst_buf text = SST_BUF_INIT;

	if (c->write == NULL) {
		cli_table_json(table,
		    c->status ? cli_status_paint(json_string_value(value))
			      : CLI_PLAIN,
		    value);
		return;
	}
	c->write(e, &text);
	if (sst_buf_failed(&text))
		table->text.failed = true;
	else
		cli_table_cell(table, CLI_PLAIN, text.data, text.len);
	sst_buf_fini(&text);
}

static void
text_table(
    struct cli_out *out, const struct text_section *s, const json_t *entities)
{
	struct cli_column columns[TEXT_COLUMNS];
	struct cli_table table;
	const json_t *entity;
	size_t i, c;

	for (c = 0; c < s->count; c++)
		columns[c] = s->columns[c].column;
	cli_table_init(&table, columns, s->count);
	json_array_foreach(entities, i, entity)
	{
		for (c = 0; c < s->count; c++)
			text_cell(&table, &s->columns[c], entity);
	}
	cli_table_print(&table, 2, out);
	cli_table_fini(&table);
}

static void
text_section(
    struct cli_out *out, const struct text_section *s, const json_t *entities)
{
	cli_out_paint(out, CLI_BOLD);
	cli_out_adds(out, s->title);
	cli_out_paint(out, CLI_PLAIN);
	if (json_array_size(entities) > 0) {
		cli_out_addf(out, " (%zu)\n", json_array_size(entities));
		text_table(out, s, entities);
	} else if (json_is_array(entities)) {
		cli_out_adds(out, " none\n");
	} else {
		cli_out_adds(out, " unknown: no source of it has answered\n");
	}
}

static void
text_member(struct cli_out *out, const char *lead, const json_t *value)
{
	struct sst_buf text = SST_BUF_INIT;

	if (value == NULL)
		return;
	cli_out_adds(out, lead);
	cli_value_text(value, &text);
	if (sst_buf_failed(&text))
		out->nomem = true;
	else
		cli_out_clean(out, text.data, text.len);
	sst_buf_fini(&text);
}

void
get_text_section(
    struct cli_out *out, enum sst_section_id id, const json_t *section)
{
	text_section(out, &text_sections[id], section);
}

void
get_text_document(struct cli_out *out, const json_t *document)
{
	const json_t *section;
	int i;

	cli_out_paint(out, CLI_BOLD);
	text_member(out, "", json_object_get(document, "id"));
	cli_out_paint(out, CLI_PLAIN);
	text_member(out, "  revision ", json_object_get(document, "revision"));
	text_member(out, "  ", json_object_get(document, "captured_at"));
	text_member(out, "  epoch ", json_object_get(document, "epoch"));
	cli_out_adds(out, "\n");
	section = json_object_get(document, "sources");
	if (section != NULL) {
		cli_out_adds(out, "\n");
		text_section(out, &text_sources, section);
	}
	for (i = 0; i < SST_SECTION_COUNT; i++) {
		section = json_object_get(
		    document, sst_section_name((enum sst_section_id)i));
		if (section == NULL)
			continue;
		cli_out_adds(out, "\n");
		text_section(out, &text_sections[i], section);
	}
}
