/*
 * The difference as an RFC 6902 patch of the whole document. Within an array:
 * what left is removed from the highest index down, so that lower ones stay
 * right; what came is added from the lowest up, at its final index; what is in
 * both is then changed where it stands.
 */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "service/diff_priv.h"
#include "service/match.h"

struct patcher {
	struct sst_buf *out;
	struct sst_buf path; /* JSON Pointer of where we are */
	size_t ops;
	struct sst_error *err;
};

static size_t
patch_enter(struct patcher *p, const char *name, size_t len)
{
	size_t before = p->path.len;

	/* names of the schema: nothing to escape in a pointer */
	sst_buf_addc(&p->path, '/');
	sst_buf_add(&p->path, name, len);
	return before;
}

static size_t
patch_enter_index(struct patcher *p, size_t index)
{
	size_t before = p->path.len;

	sst_buf_addc(&p->path, '/');
	sst_buf_json_int(&p->path, (int64_t)index);
	return before;
}

static void
patch_leave(struct patcher *p, size_t before)
{
	p->path.len = before;
	if (p->path.data != NULL)
		p->path.data[before] = '\0';
}

/* All of an operation but its value. */
static void
patch_op(struct patcher *p, const char *op)
{
	if (p->ops++ > 0)
		sst_buf_addc(p->out, ',');
	sst_buf_adds(p->out, "{\"op\":\"");
	sst_buf_adds(p->out, op);
	sst_buf_adds(p->out, "\",\"path\":\"");
	sst_buf_add(p->out, p->path.data, p->path.len);
	sst_buf_addc(p->out, '"');
	p->out->failed = p->out->failed || sst_buf_failed(&p->path);
}

static void
patch_remove(struct patcher *p)
{
	patch_op(p, "remove");
	sst_buf_addc(p->out, '}');
}

static void
patch_value(struct patcher *p, const char *op, struct fields_span value)
{
	patch_op(p, op);
	sst_buf_adds(p->out, ",\"value\":");
	sst_buf_add(p->out, value.at, value.len);
	sst_buf_addc(p->out, '}');
}

static void
patch_entity(struct patcher *p, const struct sst_entity *e)
{
	patch_op(p, "add");
	sst_buf_adds(p->out, ",\"value\":");
	sst_entity_encode(e, p->out);
	sst_buf_addc(p->out, '}');
}

static int patch_object(struct patcher *p, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to);

static void
patch_items_leave_and_come(struct patcher *p, const struct fields_items *items)
{
	size_t i, at;

	for (i = items->from.count; i-- > 0;) {
		if (items->from.items[i].other != FIELDS_NONE)
			continue;
		at = patch_enter_index(p, i);
		patch_remove(p);
		patch_leave(p, at);
	}
	for (i = 0; i < items->to.count; i++) {
		if (items->to.items[i].other != FIELDS_NONE)
			continue;
		at = patch_enter_index(p, i);
		patch_value(p, "add", items->to.items[i].value);
		patch_leave(p, at);
	}
}

static int
patch_items_change(struct patcher *p, const struct fields_items *items)
{
	const struct fields_item *item, *was;
	size_t i, at;
	int rc = SST_OK;

	for (i = 0; rc == SST_OK && i < items->to.count; i++) {
		item = &items->to.items[i];
		if (item->other == FIELDS_NONE)
			continue;
		was = &items->from.items[item->other];
		if (fields__same(was->value, item->value))
			continue;
		at = patch_enter_index(p, i);
		rc = patch_object(p, items->shape, was->value, item->value);
		patch_leave(p, at);
	}
	return rc;
}

static int
patch_array(struct patcher *p, const struct fields_pair *pair)
{
	struct fields_items items;
	int rc = fields__items_init(&items, pair, p->err);

	if (rc != SST_OK)
		return rc;
	if (items.keyed && items.in_order && items.common > 0) {
		patch_items_leave_and_come(p, &items);
		rc = patch_items_change(p, &items);
	} else {
		patch_value(p, "replace", pair->to);
	}
	fields__items_fini(&items);
	return rc;
}

static int
patch_pair(struct patcher *p, const struct fields_pair *pair)
{
	if (pair->from.at == NULL) {
		patch_value(p, "add", pair->to);
		return SST_OK;
	}
	if (pair->to.at == NULL) {
		patch_remove(p);
		return SST_OK;
	}
	switch (fields__kind(pair)) {
	case FIELDS_OBJECT:
		return patch_object(
		    p, pair->member->shape, pair->from, pair->to);
	case FIELDS_ARRAY:
		return patch_array(p, pair);
	default:
		patch_value(p, "replace", pair->to);
		return SST_OK;
	}
}

static int
patch_object(struct patcher *p, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to)
{
	struct fields_walk walk;
	struct fields_pair pair;
	size_t at;
	int rc = SST_OK;

	fields__begin(&walk, shape, from, to);
	while (rc == SST_OK && fields__next(&walk, &pair)) {
		at = patch_enter(p, pair.member->name, pair.member->name_len);
		rc = patch_pair(p, &pair);
		patch_leave(p, at);
	}
	return rc;
}

/* An array of entities, on both sides. */
struct patch_list {
	const struct sst_shape *shape; /* of an entity */
	struct sst_match_list from;
	struct sst_match_list to;
	struct sst_matches found;
};

static int patch_entities(struct patcher *p, struct patch_list *list);

static int
patch_children(struct patcher *p, const struct sst_shape *shape,
    const struct sst_entity *from, const struct sst_entity *to)
{
	const struct sst_member *m = shape->members;
	struct patch_list list = {
	    .from = {from->children, from->child_count},
	    .to = {to->children, to->child_count},
	};
	size_t at;
	int rc;

	if (from->child_count == 0 && to->child_count == 0)
		return SST_OK;
	while (!m->children)
		m++;
	list.shape = m->shape;
	at = patch_enter(p, m->name, m->name_len);
	rc = patch_entities(p, &list);
	patch_leave(p, at);
	return rc;
}

static int
patch_changed(struct patcher *p, const struct patch_list *list,
    const struct sst_match *row)
{
	const struct sst_entity *from = list->from.entities[row->from];
	const struct sst_entity *to = list->to.entities[row->to];
	size_t at = patch_enter_index(p, row->to);
	int rc = SST_OK;

	if (!sst_entity_own_equal(from, to))
		rc = patch_object(
		    p, list->shape, fields__of(from), fields__of(to));
	if (rc == SST_OK)
		rc = patch_children(p, list->shape, from, to);
	patch_leave(p, at);
	return rc;
}

static bool
patch_leaves(const struct sst_match *row)
{
	return row->to == SST_MATCH_NONE || row->reordered;
}

static int
patch_index_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y) - (x > y);
}

/* From the highest down; those that are sorted elsewhere come back. */
static int
patch_removes(struct patcher *p, const struct patch_list *list, size_t count)
{
	uint32_t *gone = malloc((count + 1) * sizeof(*gone));
	size_t i, at, n = 0;

	if (gone == NULL)
		return sst_error_nomem(p->err);
	for (i = 0; i < list->found.count; i++) {
		if (patch_leaves(&list->found.rows[i]))
			gone[n++] = list->found.rows[i].from;
	}
	qsort(gone, n, sizeof(*gone), patch_index_compare);
	for (i = 0; i < n; i++) {
		at = patch_enter_index(p, gone[i]);
		patch_remove(p);
		patch_leave(p, at);
	}
	free(gone);
	return SST_OK;
}

static void
patch_adds(struct patcher *p, const struct patch_list *list)
{
	const struct sst_match *row;
	size_t i, at;

	for (i = 0; i < list->found.count; i++) {
		row = &list->found.rows[i];
		if (row->from != SST_MATCH_NONE && !row->reordered)
			continue;
		at = patch_enter_index(p, row->to);
		patch_entity(p, list->to.entities[row->to]);
		patch_leave(p, at);
	}
}

static void
patch_whole(struct patcher *p, const struct patch_list *list)
{
	size_t i;

	patch_op(p, "replace");
	sst_buf_adds(p->out, ",\"value\":[");
	for (i = 0; i < list->to.count; i++) {
		if (i > 0)
			sst_buf_addc(p->out, ',');
		sst_entity_encode(list->to.entities[i], p->out);
	}
	sst_buf_adds(p->out, "]}");
}

static int
patch_found(struct patcher *p, const struct patch_list *list)
{
	const struct sst_match *row;
	size_t i, leaving = 0;
	int rc;

	for (i = 0; i < list->found.count; i++)
		leaving += patch_leaves(&list->found.rows[i]);
	if (leaving == list->from.count) {
		/* nothing stays */
		patch_whole(p, list);
		return SST_OK;
	}
	rc = patch_removes(p, list, leaving);
	patch_adds(p, list);
	for (i = 0; rc == SST_OK && i < list->found.count; i++) {
		row = &list->found.rows[i];
		if (row->from != SST_MATCH_NONE && row->to != SST_MATCH_NONE &&
		    !row->reordered)
			rc = patch_changed(p, list, row);
	}
	return rc;
}

static int
patch_entities(struct patcher *p, struct patch_list *list)
{
	int rc =
	    sst_match_entities(&list->from, &list->to, &list->found, p->err);

	if (rc != SST_OK)
		return rc;
	if (list->found.count > 0)
		rc = patch_found(p, list);
	sst_matches_fini(&list->found);
	return rc;
}

static int
patch_section(struct patcher *p, const struct sst_shape *shape,
    const struct sst_section *from, const struct sst_section *to)
{
	struct patch_list list = {
	    .shape = shape,
	    .from = {from->entities, from->count},
	    .to = {to->entities, to->count},
	};
	const char *name = sst_section_name(to->id);
	size_t at;
	int rc;

	if (from == to || sst_hash_equal(from->hash, to->hash))
		return SST_OK;
	at = patch_enter(p, name, strlen(name));
	rc = patch_entities(p, &list);
	patch_leave(p, at);
	return rc;
}

/* A section that is not known on both sides. */
static void
patch_presence(
    struct patcher *p, const struct sst_diff *d, enum sst_section_id id)
{
	const struct sst_section *to = d->to->sections[id];
	const char *name = sst_section_name(id);
	size_t at = patch_enter(p, name, strlen(name));

	if (d->to->presence[id] == SST_ABSENT) {
		patch_remove(p);
	} else {
		patch_op(
		    p, d->from->presence[id] == SST_ABSENT ? "add" : "replace");
		sst_buf_adds(p->out, ",\"value\":");
		if (to == NULL)
			sst_buf_adds(p->out, "null");
		else
			sst_section_encode(to, p->out);
		sst_buf_addc(p->out, '}');
	}
	patch_leave(p, at);
}

static void
patch_text(
    struct patcher *p, const char *name, const char *from, const char *to)
{
	size_t at;

	if (strcmp(from, to) == 0)
		return;
	at = patch_enter(p, name, strlen(name));
	patch_op(p, "replace");
	sst_buf_adds(p->out, ",\"value\":");
	sst_buf_json_string(p->out, to, strlen(to));
	sst_buf_addc(p->out, '}');
	patch_leave(p, at);
}

static void
patch_revision(struct patcher *p, const char *op, uint64_t revision)
{
	size_t at = patch_enter(p, "revision", 8);

	patch_op(p, op);
	sst_buf_adds(p->out, ",\"value\":");
	sst_buf_json_int(p->out, (int64_t)revision);
	sst_buf_addc(p->out, '}');
	patch_leave(p, at);
}

static void
patch_head(struct patcher *p, const struct sst_diff *d)
{
	char was[SST_TIME_TEXT], is[SST_TIME_TEXT];

	sst_time_format_utc(d->from->captured_at.ms, true, was);
	sst_time_format_utc(d->to->captured_at.ms, true, is);
	patch_revision(p, "test", d->from->revision);
	patch_text(p, "id", d->from->id, d->to->id);
	patch_text(p, "schema_version", d->from->schema_version,
	    d->to->schema_version);
	patch_text(p, "epoch", d->from->epoch, d->to->epoch);
	if (d->from->revision != d->to->revision)
		patch_revision(p, "replace", d->to->revision);
	patch_text(p, "captured_at", was, is);
}

static int
patch_document(struct patcher *p, const struct sst_diff *d, unsigned sections)
{
	const struct sst_snapshot *from = d->from, *to = d->to;
	unsigned id;
	int rc;

	patch_head(p, d);
	rc = patch_section(
	    p, d->shapes[SST_SECTION_SOURCES], from->sources, to->sources);
	for (id = 0; rc == SST_OK && id < SST_SECTION_COUNT; id++) {
		if ((sections & 1u << id) == 0)
			continue;
		if (from->presence[id] != to->presence[id])
			patch_presence(p, d, (enum sst_section_id)id);
		else if (from->sections[id] != NULL)
			rc = patch_section(p, d->shapes[id], from->sections[id],
			    to->sections[id]);
	}
	return rc;
}

int
sst_diff_write_patch(const struct sst_diff *diff, unsigned sections,
    struct sst_buf *out, struct sst_error *err)
{
	struct patcher p = {.out = out, .err = err};
	int rc;

	sst_buf_addc(out, '[');
	rc = patch_document(&p, diff, sections);
	sst_buf_addc(out, ']');
	sst_buf_fini(&p.path);
	if (rc == SST_OK && sst_buf_failed(out))
		rc = sst_error_nomem(err);
	return rc;
}
