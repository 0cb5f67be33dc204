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
	sst_buf_fini(&kids->key);
	sst_buf_fini(&kids->json);
	memset(kids, 0, sizeof(*kids));
}

void
draft__children_begin(struct sst_draft *d, const struct sst_entity *previous)
{
	struct draft_children *kids = &d->kids;
	size_t i;

	for (i = 0; i < kids->count; i++)
		sst_entity_release(&kids->entities[i]);
	kids->count = 0;
	sst_former_begin(&kids->former,
	    previous == NULL ? NULL : previous->children,
	    previous == NULL ? 0 : previous->child_count);
}

/* Room for one more. */
static bool
children_reserve(struct draft_children *kids)
{
	size_t cap = kids->cap == 0 ? 64 : kids->cap * 2;
	struct sst_entity **more;

	if (kids->count < kids->cap)
		return true;
	more = realloc(kids->entities, cap * sizeof(*more));
	if (more == NULL)
		return false;
	kids->entities = more;
	kids->cap = cap;
	return true;
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

static bool
children_unchanged(const struct sst_draft *d,
    const struct sst_entity *previous, const struct sst_encoding *met)
{
	const struct sst_buf *json = &d->kids.json;

	return previous != NULL && met->unknown == 0 &&
	    previous->json_len == json->len &&
	    previous->order_len == d->order.len &&
	    memcmp(sst_entity_json(previous), json->data, json->len) == 0;
}

static int
children_make(struct sst_draft *d, const json_t *tree, uint64_t mark,
    struct sst_error *err)
{
	struct draft_children *kids = &d->kids;
	struct sst_entity_parts parts = {
	    .key = kids->key.data,
	    .key_len = kids->key.len,
	    .order = d->order.data,
	    .order_len = d->order.len,
	    .json = kids->json.data,
	    .json_len = kids->json.len,
	    .mark = mark,
	};
	char where[256];

	if (!sst_schema_valid(d->how->child_schema, tree)) {
		draft__where(d, &kids->key, where, sizeof(where));
		draft__explain(d, d->how->child_schema, tree, where);
		return SST_OK;
	}
	if (sst_entity_new(&parts, &kids->entities[kids->count], err) != SST_OK)
		return SST_NOMEM;
	kids->count++;
	return SST_OK;
}

static int
children_add(
    struct sst_draft *d, json_t *tree, uint64_t mark, struct sst_error *err)
{
	const struct sst_shape *shape = d->how->children->shape;
	struct draft_children *kids = &d->kids;
	struct sst_entity *previous;
	struct sst_encoding met;

	if (!json_is_object(tree)) {
		sst_draft_reject(d, d->how->children->name,
		    "an item that is not an object");
		return SST_OK;
	}
	if (!draft__key(d, shape, tree, &kids->key))
		return sst_buf_failed(&kids->key) ? sst_error_nomem(err)
						  : SST_OK;
	if (draft__clean(shape, tree) != 0 || !children_reserve(kids))
		return sst_error_nomem(err);
	sst_identity_order(d->settings.section, tree, &d->order);
	sst_buf_clear(&kids->json);
	sst_encode_object(shape, tree, &kids->json, &met);
	if (sst_buf_failed(&kids->json) || sst_buf_failed(&d->order))
		return sst_error_nomem(err);
	previous =
	    sst_former_find(&kids->former, kids->key.data, kids->key.len);
	if (!children_unchanged(d, previous, &met))
		return children_make(d, tree, mark, err);
	previous->mark = mark;
	kids->entities[kids->count++] = sst_entity_acquire(previous);
	return SST_OK;
}

int
sst_draft_child(struct sst_draft *draft, json_t *child, uint64_t mark,
    struct sst_error *err)
{
	int rc;

	if (child == NULL)
		return sst_error_nomem(err);
	rc = children_add(draft, child, mark, err);
	json_decref(child);
	return rc;
}

bool
sst_draft_child_same(struct sst_draft *draft, const char *key, size_t key_len,
    uint64_t mark)
{
	struct draft_children *kids = &draft->kids;
	struct sst_entity *previous =
	    sst_former_find(&kids->former, key, key_len);

	/* without the memory for it, the longer way will say so */
	if (previous == NULL || previous->mark != mark ||
	    !children_reserve(kids))
		return false;
	kids->entities[kids->count++] = sst_entity_acquire(previous);
	return true;
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
children_add_all(
    struct sst_draft *d, const json_t *array, struct sst_error *err)
{
	size_t i, n = json_array_size(array);
	int rc = SST_OK;

	for (i = 0; rc == SST_OK && i < n; i++)
		rc = children_add(d, json_array_get(array, i), 0, err);
	return rc == SST_OK ? children_finish(d, err) : rc;
}

int
draft__children_take(
    struct sst_draft *d, json_t *entity, struct sst_error *err)
{
	const struct sst_member *member = d->how->children;
	json_t *array, *none;
	int rc;

	array = member == NULL ? NULL : json_object_get(entity, member->name);
	if (!json_is_array(array)) /* the schema will say what is wrong */
		return SST_OK;
	json_incref(array);
	none = json_array();
	if (json_object_set_new(entity, member->name, none) != 0) {
		json_decref(array);
		return sst_error_nomem(err);
	}
	rc = children_add_all(d, array, err);
	json_decref(array);
	return rc;
}
