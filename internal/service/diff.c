/*
 * From two snapshots to rows: section by section, entity by entity, children
 * after their parent. What is the same object on both sides costs a look at two
 * pointers; what has the same hash, a look at two hashes.
 */
#include "service/diff.h"

#include <stdlib.h>
#include <string.h>

#include "service/diff_priv.h"
#include "service/match.h"

const char *
sst_diff_op_name(enum sst_diff_op op)
{
	static const char *const names[SST_DIFF_OPS] = {
	    [SST_DIFF_ADDED] = "added",
	    [SST_DIFF_REMOVED] = "removed",
	    [SST_DIFF_CHANGED] = "changed",
	    [SST_DIFF_MOVED] = "moved",
	};

	return names[op];
}

void *
diff__grow(void *list, size_t count, size_t *cap, size_t size)
{
	void *more;

	if (count < *cap)
		return list;
	more = realloc(list, (*cap == 0 ? 64 : *cap * 2) * size);
	if (more != NULL)
		*cap = *cap == 0 ? 64 : *cap * 2;
	return more;
}

/* Appends a row about the places at hand, with the fields from `field` on. */
static int
diff_row(struct diff_build *b, enum sst_diff_op op, size_t field)
{
	struct sst_diff *d = b->diff;
	struct diff_row *rows =
	    diff__grow(d->rows, d->row_count, &d->row_cap, sizeof(*rows));

	if (rows == NULL)
		return sst_error_nomem(b->err);
	d->rows = rows;
	rows[d->row_count++] = (struct diff_row){
	    .op = op,
	    .from = b->from,
	    .to = b->to,
	    .field = (uint32_t)field,
	    .field_count = (uint32_t)(d->field_count - field),
	};
	return SST_OK;
}

/* The places at hand become the children at those positions. */
static void
diff_enter(struct diff_build *b, const struct sst_match *row)
{
	if (row->from != SST_MATCH_NONE) {
		b->from.item = row->from;
		b->from.child = b->from.entity->children[row->from];
	}
	if (row->to != SST_MATCH_NONE) {
		b->to.item = row->to;
		b->to.child = b->to.entity->children[row->to];
	}
}

static int
diff_child(struct diff_build *b, const struct sst_match *row)
{
	const struct diff_place from = b->from, to = b->to;
	const struct sst_diff *d = b->diff;
	size_t field = d->field_count;
	bool task = from.section == SST_SECTION_QUEUES;
	int rc;

	diff_enter(b, row);
	if (row->from == SST_MATCH_NONE) {
		rc = task ? diff__occur_child(b, &b->to, true) : SST_OK;
		if (rc == SST_OK)
			rc = diff_row(b, SST_DIFF_ADDED, field);
	} else if (row->to == SST_MATCH_NONE) {
		rc = task ? diff__occur_child(b, &b->from, false) : SST_OK;
		if (rc == SST_OK)
			rc = diff_row(b, SST_DIFF_REMOVED, field);
	} else {
		rc = diff__fields(b, d->children[from.section]->shape,
		    fields__of(b->from.child), fields__of(b->to.child));
		if (rc == SST_OK && d->field_count > field)
			rc = diff_row(b, SST_DIFF_CHANGED, field);
	}
	b->from = from;
	b->to = to;
	return rc;
}

static int
diff_children(struct diff_build *b)
{
	const struct sst_entity *x = b->from.entity, *y = b->to.entity;
	const struct sst_match_list was = {x->children, x->child_count};
	const struct sst_match_list is = {y->children, y->child_count};
	struct sst_matches found;
	size_t i;
	int rc;

	if (was.count == 0 && is.count == 0)
		return SST_OK;
	rc = sst_match_entities(&was, &is, &found, b->err);
	if (rc != SST_OK)
		return rc;
	for (i = 0; rc == SST_OK && i < found.count; i++)
		rc = diff_child(b, &found.rows[i]);
	sst_matches_fini(&found);
	return rc;
}

/* An entity that is on one side only: one row, whatever children it has. */
static int
diff_whole(struct diff_build *b, enum sst_diff_op op)
{
	bool came = op == SST_DIFF_ADDED;
	int rc = diff__occur_all(b, came ? &b->to : &b->from, came);

	return rc == SST_OK ? diff_row(b, op, b->diff->field_count) : rc;
}

static int
diff_both(struct diff_build *b)
{
	const struct sst_entity *x = b->from.entity, *y = b->to.entity;
	struct sst_diff *d = b->diff;
	size_t field = d->field_count;
	int rc = SST_OK;

	if (!sst_entity_own_equal(x, y))
		rc = diff__fields(
		    b, d->shapes[b->to.section], fields__of(x), fields__of(y));
	if (rc == SST_OK && d->field_count > field)
		rc = diff_row(b, SST_DIFF_CHANGED, field);
	return rc == SST_OK ? diff_children(b) : rc;
}

static int
diff_entity(struct diff_build *b, const struct sst_section *from,
    const struct sst_section *to, const struct sst_match *row)
{
	memset(&b->from, 0, sizeof(b->from));
	memset(&b->to, 0, sizeof(b->to));
	if (row->from != SST_MATCH_NONE)
		b->from = (struct diff_place){.section = from->id,
		    .index = row->from,
		    .entity = from->entities[row->from]};
	if (row->to != SST_MATCH_NONE)
		b->to = (struct diff_place){.section = to->id,
		    .index = row->to,
		    .entity = to->entities[row->to]};
	if (row->from == SST_MATCH_NONE)
		return diff_whole(b, SST_DIFF_ADDED);
	if (row->to == SST_MATCH_NONE)
		return diff_whole(b, SST_DIFF_REMOVED);
	return diff_both(b);
}

static int
diff_section(struct diff_build *b, const struct sst_section *from,
    const struct sst_section *to)
{
	const struct sst_match_list was = {from->entities, from->count};
	const struct sst_match_list is = {to->entities, to->count};
	struct sst_matches found;
	size_t i;
	int rc;

	if (from == to || sst_hash_equal(from->hash, to->hash))
		return SST_OK;
	rc = sst_match_entities(&was, &is, &found, b->err);
	if (rc != SST_OK)
		return rc;
	for (i = 0; rc == SST_OK && i < found.count; i++)
		rc = diff_entity(b, from, to, &found.rows[i]);
	sst_matches_fini(&found);
	return rc;
}

/* A section that came, went, or is no longer (un)known: one row. */
static int
diff_presence(struct diff_build *b, unsigned section)
{
	static const struct fields_span texts[] = {
	    [SST_ABSENT] = {"\"absent\"", 8},
	    [SST_UNKNOWN] = {"\"unknown\"", 9},
	    [SST_KNOWN] = {"\"known\"", 7},
	};
	enum sst_presence from = b->diff->from->presence[section];
	enum sst_presence to = b->diff->to->presence[section];
	enum sst_diff_op op = from == SST_ABSENT ? SST_DIFF_ADDED
			      : to == SST_ABSENT ? SST_DIFF_REMOVED
						 : SST_DIFF_CHANGED;
	size_t field = b->diff->field_count;
	int rc;

	b->from = b->to = (struct diff_place){.section = section};
	rc = diff__field(b, "presence", texts[from], texts[to]);
	return rc == SST_OK ? diff_row(b, op, field) : rc;
}

/* Two documents of different systems: somebody compares files. */
static int
diff_system(struct diff_build *b)
{
	struct sst_diff *d = b->diff;
	size_t field = d->field_count, len;
	int rc;

	if (strcmp(d->from->id, d->to->id) == 0)
		return SST_OK;
	sst_buf_json_string(&d->ids, d->from->id, strlen(d->from->id));
	len = d->ids.len;
	sst_buf_json_string(&d->ids, d->to->id, strlen(d->to->id));
	if (sst_buf_failed(&d->ids))
		return sst_error_nomem(b->err);
	b->from = b->to = (struct diff_place){.section = DIFF_SYSTEM};
	rc = diff__field(b, "id", (struct fields_span){d->ids.data, len},
	    (struct fields_span){d->ids.data + len, d->ids.len - len});
	return rc == SST_OK ? diff_row(b, SST_DIFF_CHANGED, field) : rc;
}

static int
diff_sections(struct diff_build *b)
{
	const struct sst_snapshot *from = b->diff->from, *to = b->diff->to;
	unsigned id;
	int rc = diff_system(b);

	if (rc == SST_OK)
		rc = diff_section(b, from->sources, to->sources);
	for (id = 0; rc == SST_OK && id < SST_SECTION_COUNT; id++) {
		if (from->presence[id] != to->presence[id])
			rc = diff_presence(b, id);
		else if (from->sections[id] != NULL)
			rc = diff_section(
			    b, from->sections[id], to->sections[id]);
	}
	return rc == SST_OK ? diff__moves(b) : rc;
}

static void
diff_shapes(struct sst_diff *d)
{
	const struct sst_shape *document = d->to->shape, *shape;
	const struct sst_member *m;
	const char *name;
	unsigned id;
	size_t i;

	for (id = 0; id <= SST_SECTION_COUNT; id++) {
		name = sst_section_name((enum sst_section_id)id);
		shape = sst_shape_find(document, name, strlen(name))->shape;
		d->shapes[id] = shape;
		for (i = 0; i < shape->count; i++) {
			if (shape->members[i].children)
				d->children[id] = &shape->members[i];
		}
	}
	shape = d->shapes[SST_SECTION_AGENTS];
	m = sst_shape_find(shape, DIFF_ACTIVITY, strlen(DIFF_ACTIVITY));
	if (m != NULL && m->shape != NULL)
		m = sst_shape_find(m->shape, DIFF_ACTIVE, strlen(DIFF_ACTIVE));
	d->active = m == NULL ? NULL : m->shape;
}

int
sst_diff_new(struct sst_snapshot *from, struct sst_snapshot *to,
    struct sst_diff **out, struct sst_error *err)
{
	struct diff_build b = {.err = err};
	int rc = SST_OK;

	b.diff = calloc(1, sizeof(*b.diff));
	if (b.diff == NULL)
		return sst_error_nomem(err);
	b.diff->from = sst_snapshot_acquire(from);
	b.diff->to = sst_snapshot_acquire(to);
	diff_shapes(b.diff);
	if (from != to)
		rc = diff_sections(&b);
	free(b.tasks);
	sst_buf_fini(&b.path);
	sst_buf_fini(&b.text);
	if (rc != SST_OK)
		sst_diff_free(&b.diff);
	else
		*out = b.diff;
	return rc;
}

void
sst_diff_free(struct sst_diff **diff)
{
	struct sst_diff *d = *diff;

	*diff = NULL;
	if (d == NULL)
		return;
	sst_snapshot_release(&d->from);
	sst_snapshot_release(&d->to);
	free(d->rows);
	free(d->fields);
	sst_buf_fini(&d->names);
	sst_buf_fini(&d->ids);
	free(d);
}
