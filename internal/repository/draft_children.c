/*
 * Tasks of a queue, pods of a workload. There may be a hundred thousand, most
 * of them as they were: a child is encoded, compared with its predecessor, and
 * only validated and made anew when its bytes differ.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/draft_priv.h"
#include "repository/identity.h"

void
draft__children_fini(struct draft_children *kids)
{
	size_t i;

	for (i = 0; i < kids->count; i++)
		sst_entity_release(&kids->entities[i]);
	free(kids->entities);
	sst_key_table_fini(&kids->twins);
	sst_former_fini(&kids->former);
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

/* What one child is compared and made with. */
struct child {
	struct sst_buf key;
	struct sst_buf json;
	const json_t *tree;
};

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
	sst_identity_order(d->settings.section, c->tree, &d->order);
	sst_buf_clear(&c->json);
	sst_encode_object(shape, c->tree, &c->json, &met);
	if (sst_buf_failed(&c->json) || sst_buf_failed(&d->order))
		return sst_error_nomem(err);
	previous = sst_former_find(&d->kids.former, c->key.data, c->key.len);
	if (children_unchanged(d, c, previous, &met)) {
		d->kids.entities[d->kids.count++] =
		    sst_entity_acquire(previous);
		return SST_OK;
	}
	return children_make(d, c, err);
}

static int
children_drop_twins(struct sst_draft *d, struct sst_error *err)
{
	struct draft_children *kids = &d->kids;
	size_t i, count = kids->count;
	struct sst_entity *e;
	uint32_t *place;

	if (sst_key_table_reset(&kids->twins, count, err) != SST_OK)
		return SST_NOMEM;
	kids->count = 0;
	for (i = 0; i < count; i++) {
		e = kids->entities[i];
		place = sst_key_table_place(&kids->twins, kids->entities,
		    sst_entity_key(e), e->key_len);
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

	sst_entities_sort(kids->entities, kids->count);
	return kids->count > 1 ? children_drop_twins(d, err) : SST_OK;
}

static int
children_add_all(struct sst_draft *d, const json_t *array,
    const struct sst_entity *previous, struct sst_error *err)
{
	struct child c = {SST_BUF_INIT, SST_BUF_INIT, NULL};
	size_t i, n = json_array_size(array);
	int rc = children_reset(&d->kids, n, err);

	sst_former_begin(&d->kids.former,
	    previous == NULL ? NULL : previous->children,
	    previous == NULL ? 0 : previous->child_count);
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
