/*
 * Tasks of a queue, pods of a workload. There may be a hundred thousand, most
 * of them as they were: a child is encoded, compared with its predecessor, and
 * only validated and made anew when its bytes differ.
 */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "repository/draft_priv.h"

void
draft__children_fini(struct draft_children *kids)
{
	size_t i;

	for (i = 0; i < kids->count; i++)
		sst_entity_release(&kids->entities[i]);
	free(kids->entities);
	free(kids->table);
	memset(kids, 0, sizeof(*kids));
}

static int
children_reset(
    struct draft_children *kids, size_t expected, struct sst_error *err)
{
	struct sst_entity **more;
	size_t i;

	for (i = 0; i < kids->count; i++)
		sst_entity_release(&kids->entities[i]);
	kids->count = 0;
	kids->guess = 0;
	if (expected <= kids->cap)
		return SST_OK;
	more = realloc(kids->entities, expected * sizeof(*more));
	if (more == NULL)
		return sst_error_nomem(err);
	kids->entities = more;
	kids->cap = expected;
	return SST_OK;
}

bool
draft__children_same(
    const struct draft_children *kids, const struct sst_entity *previous)
{
	return kids->count == previous->child_count &&
	    (kids->count == 0 ||
		memcmp(kids->entities, previous->children,
		    kids->count * sizeof(kids->entities[0])) == 0);
}

/* An open-addressing table over `entities`, at most half full. */
static int
table_reset(struct draft_children *kids, size_t count, struct sst_error *err)
{
	size_t cap = 16;

	while (cap < count * 2)
		cap *= 2;
	if (cap > kids->table_cap) {
		free(kids->table);
		kids->table = malloc(cap * sizeof(*kids->table));
		kids->table_cap = kids->table == NULL ? 0 : cap;
		if (kids->table == NULL)
			return sst_error_nomem(err);
	}
	memset(kids->table, 0, kids->table_cap * sizeof(*kids->table));
	return SST_OK;
}

/* The place of that key: holds index + 1 of its entity, or 0. */
static uint32_t *
table_place(const struct draft_children *kids,
    struct sst_entity *const *entities, const char *key, size_t len)
{
	size_t mask = kids->table_cap - 1, i = XXH3_64bits(key, len) & mask;
	const struct sst_entity *e;

	for (; kids->table[i] != 0; i = (i + 1) & mask) {
		e = entities[kids->table[i] - 1];
		if (e->key_len == len &&
		    memcmp(sst_entity_key(e), key, len) == 0)
			break;
	}
	return &kids->table[i];
}

static int
table_fill(struct draft_children *kids, const struct sst_entity *parent,
    struct sst_error *err)
{
	struct sst_entity *e;
	uint32_t i;

	if (table_reset(kids, parent->child_count, err) != SST_OK)
		return SST_NOMEM;
	for (i = 0; i < parent->child_count; i++) {
		e = parent->children[i];
		*table_place(kids, parent->children, sst_entity_key(e),
		    e->key_len) = i + 1;
	}
	return SST_OK;
}

/* Text that sorts tasks: urgent first, then oldest, then by id. */
static void
children_order_task(const json_t *task, struct sst_buf *order)
{
	static const char *const levels[] = {
	    "critical", "high", "normal", "low"};
	const char *level = json_string_value(
	    json_object_get(json_object_get(task, "priority"), "level"));
	const json_t *at = json_object_get(task, "submitted_at");
	size_t i;

	for (i = 0; i < 4; i++) {
		if (level != NULL && strcmp(level, levels[i]) == 0)
			break;
	}
	sst_buf_clear(order);
	sst_buf_addc(order, (char)('0' + i));
	/* unknown times sort last: '~' is above every digit */
	if (json_is_string(at))
		sst_buf_add(
		    order, json_string_value(at), json_string_length(at));
	else
		sst_buf_addc(order, '~');
}

/* What one child is compared and made with. */
struct child {
	struct sst_buf key;
	struct sst_buf json;
	const json_t *tree;
	const struct sst_entity *parent; /* predecessor of the parent */
	bool table_filled;
};

static struct sst_entity *
children_previous(struct sst_draft *d, struct child *c)
{
	struct draft_children *kids = &d->kids;
	struct sst_error ignored;
	struct sst_entity *e;
	uint32_t place;

	if (c->parent == NULL || c->parent->child_count == 0)
		return NULL;
	if (kids->guess < c->parent->child_count) {
		e = c->parent->children[kids->guess];
		if (e->key_len == c->key.len &&
		    memcmp(sst_entity_key(e), c->key.data, c->key.len) == 0) {
			kids->guess++;
			return e;
		}
	}
	if (!c->table_filled && table_fill(kids, c->parent, &ignored) != 0)
		return NULL; /* no memory to look: made anew instead */
	c->table_filled = true;
	place = *table_place(
	    kids, c->parent->children, c->key.data, c->key.len);
	if (place == 0)
		return NULL;
	kids->guess = place;
	return c->parent->children[place - 1];
}

static bool
children_unchanged(const struct sst_draft *d, const struct child *c,
    const struct sst_entity *previous, const struct sst_encoding *met)
{
	return previous != NULL && met->unknown == 0 &&
	    previous->json_len == c->json.len &&
	    previous->order_len == d->order.len &&
	    memcmp(sst_entity_json(previous), c->json.data, c->json.len) == 0;
}

static int
children_make(struct sst_draft *d, struct child *c, struct sst_error *err)
{
	struct sst_entity_parts parts = {
	    .key = c->key.data,
	    .key_len = c->key.len,
	    .order = d->order.data,
	    .order_len = d->order.len,
	    .json = c->json.data,
	    .json_len = c->json.len,
	};
	char where[256];

	if (!sst_schema_valid(d->how->child_schema, c->tree)) {
		draft__where(d, &c->key, where, sizeof(where));
		draft__explain(d, d->how->child_schema, c->tree, where);
		return SST_OK;
	}
	if (sst_entity_new(&parts, &d->kids.entities[d->kids.count], err) !=
	    SST_OK)
		return SST_NOMEM;
	d->kids.count++;
	return SST_OK;
}

static int
children_add(struct sst_draft *d, struct child *c, struct sst_error *err)
{
	const struct sst_shape *shape = d->how->children->shape;
	struct sst_entity *previous;
	struct sst_encoding met;

	if (!json_is_object(c->tree)) {
		sst_draft_reject(d, d->how->children->name,
		    "an item that is not an object");
		return SST_OK;
	}
	if (!draft__key(d, shape, c->tree, &c->key))
		return sst_buf_failed(&c->key) ? sst_error_nomem(err) : SST_OK;
	if (draft__clean(shape, (json_t *)(uintptr_t)c->tree) != 0)
		return sst_error_nomem(err);
	sst_buf_clear(&d->order);
	if (d->settings.section == SST_SECTION_QUEUES)
		children_order_task(c->tree, &d->order);
	sst_buf_clear(&c->json);
	sst_encode_object(shape, c->tree, &c->json, &met);
	if (sst_buf_failed(&c->json) || sst_buf_failed(&d->order))
		return sst_error_nomem(err);
	previous = children_previous(d, c);
	if (children_unchanged(d, c, previous, &met)) {
		d->kids.entities[d->kids.count++] =
		    sst_entity_acquire(previous);
		return SST_OK;
	}
	return children_make(d, c, err);
}

static int
children_compare(const void *a, const void *b)
{
	const struct sst_entity *const *x = a, *const *y = b;

	return sst_entity_compare(*x, *y);
}

static bool
children_sorted(const struct draft_children *kids)
{
	size_t i;

	for (i = 1; i < kids->count; i++) {
		if (sst_entity_compare(
			kids->entities[i - 1], kids->entities[i]) > 0)
			return false;
	}
	return true;
}

static int
children_drop_twins(struct sst_draft *d, struct sst_error *err)
{
	struct draft_children *kids = &d->kids;
	size_t i, count = kids->count;
	struct sst_entity *e;
	uint32_t *place;

	if (table_reset(kids, count, err) != SST_OK)
		return SST_NOMEM;
	kids->count = 0;
	for (i = 0; i < count; i++) {
		e = kids->entities[i];
		place = table_place(
		    kids, kids->entities, sst_entity_key(e), e->key_len);
		if (*place != 0) {
			draft__twin(d, e, &d->key);
			sst_entity_release(&e);
			continue;
		}
		kids->entities[kids->count] = e;
		*place = (uint32_t)++kids->count;
	}
	return SST_OK;
}

static int
children_finish(struct sst_draft *d, struct sst_error *err)
{
	struct draft_children *kids = &d->kids;

	if (!children_sorted(kids))
		qsort(kids->entities, kids->count, sizeof(kids->entities[0]),
		    children_compare);
	return kids->count > 1 ? children_drop_twins(d, err) : SST_OK;
}

static int
children_add_all(struct sst_draft *d, const json_t *array,
    const struct sst_entity *previous, struct sst_error *err)
{
	struct child c = {SST_BUF_INIT, SST_BUF_INIT, NULL, previous, false};
	size_t i, n = json_array_size(array);
	int rc = children_reset(&d->kids, n, err);

	for (i = 0; rc == SST_OK && i < n; i++) {
		c.tree = json_array_get(array, i);
		rc = children_add(d, &c, err);
	}
	sst_buf_fini(&c.key);
	sst_buf_fini(&c.json);
	return rc == SST_OK ? children_finish(d, err) : rc;
}

int
draft__children_take(struct sst_draft *d, json_t *entity,
    const struct sst_entity *previous, struct sst_error *err)
{
	const struct sst_member *member = d->how->children;
	json_t *array, *none;
	int rc;

	array = member == NULL ? NULL : json_object_get(entity, member->name);
	if (!json_is_array(array)) /* the schema will say what is wrong */
		return children_reset(&d->kids, 0, err);
	json_incref(array);
	none = json_array();
	if (json_object_set_new(entity, member->name, none) != 0) {
		json_decref(array);
		return sst_error_nomem(err);
	}
	rc = children_add_all(d, array, previous, err);
	json_decref(array);
	return rc;
}
