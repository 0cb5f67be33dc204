/* The life of a source of queues in PostgreSQL, whatever its flavour. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/sql_priv.h"

static int
source_levels(struct sql_source *s, struct sst_error *err)
{
	const struct sql_settings *given = s->settings;
	bool lower = s->flavour->lower_first;

	s->levels = (struct sql_levels){
	    given->critical, given->high, given->normal, lower};
	if (lower
		? given->critical <= given->high && given->high <= given->normal
		: given->critical >= given->high &&
		      given->high >= given->normal)
		return SST_OK;
	return sst_error_set(err, SST_INVALID,
	    "levels: expected critical, high and normal in %s order, as %s "
	    "priorities run first",
	    lower ? "growing" : "falling", lower ? "low" : "high");
}

int
sql__init(struct sql_source *s, const struct sql_flavour *flavour,
    const void *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	const struct sst_source_ops *ops = flavour->ops;
	int code;

	s->flavour = flavour;
	s->clock = env->clock;
	s->max_bytes = env->max_upstream_bytes;
	s->settings = calloc(1, ops->settings_size);
	if (s->settings == NULL)
		return sst_error_nomem(err);
	code = sst_options_copy(
	    ops->options, ops->option_count, settings, s->settings, err);
	if (code == SST_OK)
		code = source_levels(s, err);
	if (code == SST_OK)
		code = sst_postgres_new(
		    &s->settings->server, env->clock, &s->server, err);
	return code;
}

static int
source_on_version(void *ctx, const struct sst_postgres_value *values,
    size_t count, struct sst_error *err)
{
	struct sql_read *read = ctx;

	(void)err;
	if (count > 0 && values[0].data != NULL)
		snprintf(
		    read->version, sizeof(read->version), "%s", values[0].data);
	return SST_OK;
}

static int
source_version(struct sql_read *read, struct sst_error *err)
{
	struct sst_postgres_query query = {
	    .sql = read->plan.version.data,
	    .on_row = source_on_version,
	    .ctx = read,
	};

	if (read->plan.version.len == 0)
		return SST_OK;
	return sst_postgres_run(read->source->server, &query, err);
}

static int
source_plan(struct sql_read *read, struct sst_error *err)
{
	const struct sql_flavour *flavour = read->source->flavour;
	struct sql_plan *p = &read->plan;
	int code = SST_OK;

	if (flavour->relations != NULL) {
		sst_postgres_add_name(&read->quoted, read->schema);
		sst_buf_addc(&read->quoted, '.');
		code = sst_buf_failed(&read->quoted) ? sst_error_nomem(err)
						     : sql__probe(read, err);
	}
	if (code == SST_OK)
		code = flavour->plan(read, err);
	if (code == SST_OK &&
	    (sst_buf_failed(&p->base) || sst_buf_failed(&p->queues) ||
		sst_buf_failed(&p->edges) || sst_buf_failed(&p->version) ||
		sst_buf_failed(&p->join) || sst_buf_failed(&p->oldest)))
		code = sst_error_nomem(err);
	return code;
}

static int
source_steps(struct sql_read *read, struct sst_error *err)
{
	struct sql_source *s = read->source;
	int code;

	code = sst_postgres_begin(
	    s->server, read->req->deadline, s->flavour->search_path, err);
	if (code == SST_OK)
		code = source_plan(read, err);
	if (code == SST_OK)
		code = source_version(read, err);
	if (code == SST_OK)
		code = sql__read_counts(read, err);
	if (code == SST_OK)
		code = sql__read_edges(read, err);
	if (code == SST_OK)
		code = sql__read_tasks(read, err);
	if (code == SST_OK)
		return sst_postgres_end(s->server, err);
	/* with the transaction, in whatever state */
	sst_postgres_drop(s->server);
	return code;
}

static json_t *
source_parts(const struct sql_read *read)
{
	json_t *parts = json_array();
	const struct sql_part *p;
	size_t i;

	for (i = 0; parts != NULL && i < read->part_count; i++) {
		p = &read->parts[i];
		if (json_array_append_new(parts,
			json_pack("{s:s, s:s, s:s?}", "name", p->name, "state",
			    p->state, "reason",
			    p->reason[0] != '\0' ? p->reason : NULL)) != 0) {
			json_decref(parts);
			return NULL;
		}
	}
	return parts;
}

static int
source_tell(struct sql_read *read, struct sst_error *err)
{
	struct sql_source *s = read->source;
	int number = sst_postgres_version(s->server);
	char version[128];
	json_t *upstream;

	snprintf(version, sizeof(version), "PostgreSQL %d.%d%s%s",
	    number / 10000, number % 10000,
	    read->version[0] != '\0' ? ", " : "", read->version);
	upstream = json_pack("{s:s, s:s, s:o}", "status", "ok", "version",
	    version, "parts", source_parts(read));
	if (upstream == NULL)
		return sst_error_nomem(err);
	return sst_draft_upstream(read->out, upstream, err);
}

/* What was found is what the next collection compares with. */
static void
source_remember(struct sql_source *s)
{
	struct sql_table former = s->last;

	s->last = s->next;
	s->next = former;
}

int
sql__collect(void *state, const struct sst_collect *req, struct sst_draft *out,
    struct sst_error *err)
{
	struct sql_source *s = state;
	struct sql_read read = {.source = s, .req = req, .out = out};
	int code;

	read.schema = s->flavour->schema != NULL ? s->flavour->schema(s) : "";
	code = source_steps(&read, err);
	if (code == SST_OK)
		code = source_tell(&read, err);
	if (code == SST_OK)
		source_remember(s);
	else
		/* dropped with the draft, or left out of it */
		sql__table_clear(&s->last);
	/* meant for this collection, not for the next one */
	sst_postgres_resume(s->server);
	sql__plan_fini(&read.plan);
	sql__graph_fini(&read.graph);
	sst_buf_fini(&read.quoted);
	sst_buf_fini(&read.probe.texts);
	free(read.probe.columns);
	return code;
}

void
sql__interrupt(void *state)
{
	struct sql_source *s = state;

	sst_postgres_interrupt(s->server);
}

void
sql__fini(void *state)
{
	struct sql_source *s = state;

	if (s->settings != NULL) {
		sst_postgres_free(&s->server);
		sst_options_fini(s->flavour->ops->options,
		    s->flavour->ops->option_count, s->settings);
		free(s->settings);
	}
	sql__table_fini(&s->last);
	sql__table_fini(&s->next);
	sst_buf_fini(&s->raw);
	sst_buf_fini(&s->blockers);
	memset(s, 0, sizeof(*s));
}
