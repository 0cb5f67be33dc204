/* What the sources of a section gave, as one list in order. */
#include <stdlib.h>

#include "service/compose_priv.h"
#include "service/fields.h"

/* One entity and whose it is, while a section is merged. */
struct compose_row {
	struct sst_entity *entity;
	size_t source;
	int rank;
};

static int
compose_row_compare(const void *a, const void *b)
{
	const struct compose_row *x = a, *y = b;
	int c = sst_entity_compare(x->entity, y->entity);

	if (c != 0)
		return c;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->source < y->source ? -1 : x->source > y->source;
}

static size_t
compose_count(const struct composer *c, enum sst_section_id id)
{
	const struct sst_slot_view *v;
	size_t i, n = 0;

	for (i = 0; i < c->in->count; i++) {
		v = &c->in->views[i];
		if (v->section == id && v->harvest != NULL)
			n += v->harvest->count;
	}
	return n;
}

static void
compose_gather(
    const struct composer *c, enum sst_section_id id, struct compose_row *rows)
{
	const struct sst_slot_view *v;
	size_t i, j, n = 0;

	for (i = 0; i < c->in->count; i++) {
		v = &c->in->views[i];
		if (v->section != id || v->harvest == NULL)
			continue;
		for (j = 0; j < v->harvest->count; j++)
			rows[n++] = (struct compose_row){
			    v->harvest->entities[j], i, v->rank};
	}
}

/* How many of the rows have the key of the first. */
static size_t
compose_run(const struct compose_row *rows, size_t n)
{
	size_t i = 1;

	while (i < n && sst_entity_compare(rows[0].entity, rows[i].entity) == 0)
		i++;
	return i;
}

/* Of one key the first stays. */
static int
compose_first(struct composer *c, const struct compose_row *rows, size_t n,
    struct sst_entity **out)
{
	size_t i;

	for (i = 1; i < n; i++)
		c->sources[rows[i].source].twins++;
	*out = sst_entity_acquire(rows[0].entity);
	return SST_OK;
}

/* When what an agent works on was observed: by the sources that say the same
 * as the agent made of them all. */
static struct sst_mono
compose_observed(const struct composer *c, const struct compose_row *rows,
    size_t n, const struct sst_entity *made)
{
	struct sst_mono newest = c->in->views[rows[0].source].observed, at;
	struct fields_span told, slice;
	size_t i;

	told = fields__find(fields__of(made), "activity");
	told = fields__find(told, "active_task_ids");
	for (i = 1; i < n; i++) {
		slice = fields__find(fields__of(rows[i].entity), "activity");
		slice = fields__find(slice, "active_task_ids");
		at = c->in->views[rows[i].source].observed;
		if (fields__same(told, slice) && sst_mono_before(newest, at))
			newest = at;
	}
	return newest;
}

static int
compose_join(struct composer *c, const struct compose_row *rows, size_t n,
    struct sst_entity **out)
{
	struct sst_merge_slice *slices;
	enum sst_status status;
	size_t i;
	int rc;

	if (n == 1) {
		*out = sst_entity_acquire(rows[0].entity);
		return SST_OK;
	}
	slices = calloc(n, sizeof(*slices));
	if (slices == NULL)
		return sst_error_nomem(c->err);
	for (i = 0; i < n; i++) {
		status = c->sources[rows[i].source].status;
		slices[i].entity = rows[i].entity;
		slices[i].source = c->in->views[rows[i].source].name;
		slices[i].fresh =
		    status == SST_STATUS_OK || status == SST_STATUS_DEGRADED;
	}
	rc = sst_merge(&c->merges, slices, n, out, c->err);
	free(slices);
	return rc;
}

/* One entity of each key; what is in list counts also when it fails. */
static int
compose_each(struct composer *c, enum sst_section_id id,
    const struct compose_row *rows, size_t n, struct sst_settle_rows *list)
{
	struct sst_entity **next;
	size_t i, same;
	int rc = SST_OK;

	for (i = 0; rc == SST_OK && i < n; i += same) {
		same = compose_run(rows + i, n - i);
		next = &list->entities[list->count];
		if (id == SST_SECTION_AGENTS)
			rc = compose_join(c, rows + i, same, next);
		else
			rc = compose_first(c, rows + i, same, next);
		if (rc != SST_OK)
			break;
		list->observed[list->count++] =
		    compose_observed(c, rows + i, same, *next);
	}
	return rc;
}

int
compose__rows(struct composer *c, enum sst_section_id id,
    struct sst_settle_rows *out)
{
	size_t n = compose_count(c, id);
	struct compose_row *rows = malloc((n + 1) * sizeof(*rows));
	int rc;

	out->entities = malloc((n + 1) * sizeof(struct sst_entity *));
	out->observed = malloc((n + 1) * sizeof(*out->observed));
	if (rows == NULL || out->entities == NULL || out->observed == NULL) {
		rc = sst_error_nomem(c->err);
	} else {
		compose_gather(c, id, rows);
		qsort(rows, n, sizeof(*rows), compose_row_compare);
		rc = compose_each(c, id, rows, n, out);
	}
	free(rows);
	return rc;
}

void
compose__rows_fini(struct sst_settle_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++)
		sst_entity_release(&rows->entities[i]);
	free(rows->entities);
	free(rows->observed);
	*rows = (struct sst_settle_rows){0};
}
