/*
 * What a source says of the system it reads: cleaned and checked like an
 * entity, because it becomes a part of a row of `sources`.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/draft.h"
#include "repository/draft_priv.h"
#include "repository/identity.h"

/* One item of an array with an identity, while it is put in order. */
struct upstream_item {
	json_t *value;
	struct sst_buf key;
};

static int
upstream_compare(const void *a, const void *b)
{
	const struct upstream_item *x = a, *y = b;

	return draft__compare_bytes(
	    x->key.data, x->key.len, y->key.data, y->key.len);
}

/* Items without a usable identity go, and of twins the later ones. */
static int
upstream_put_back(struct sst_draft *d, struct upstream_item *items, size_t n,
    const char *name, json_t *array)
{
	size_t i;
	int rc = 0;

	rc |= json_array_clear(array);
	for (i = 0; i < n && rc == 0; i++) {
		if (i > 0 && upstream_compare(&items[i - 1], &items[i]) == 0)
			sst_draft_reject(
			    d, name, "there is another one of the same key");
		else
			rc |= json_array_append(array, items[i].value);
	}
	return rc;
}

static int
upstream_sort(
    struct sst_draft *d, const struct sst_member *member, json_t *array)
{
	size_t i, n = 0, count = json_array_size(array);
	struct upstream_item *items = calloc(count + 1, sizeof(*items));
	struct sst_identity_fault fault;
	bool nomem = items == NULL;
	json_t *value;

	for (i = 0; !nomem && i < count; i++) {
		value = json_array_get(array, i);
		if (!json_is_object(value) ||
		    !sst_identity_key(
			member->shape, value, &items[n].key, &fault)) {
			nomem = sst_buf_failed(&items[n].key);
			sst_buf_fini(&items[n].key);
			sst_draft_reject(
			    d, member->name, "an item without a name");
			continue;
		}
		items[n++].value = json_incref(value);
	}
	if (!nomem) {
		qsort(items, n, sizeof(*items), upstream_compare);
		nomem =
		    upstream_put_back(d, items, n, member->name, array) != 0;
	}
	for (i = 0; i < n; i++) {
		json_decref(items[i].value);
		sst_buf_fini(&items[i].key);
	}
	free(items);
	return nomem ? -1 : 0;
}

static int
upstream_sort_all(
    struct sst_draft *d, const struct sst_shape *shape, json_t *upstream)
{
	const struct sst_member *m, *end = shape->members + shape->count;
	json_t *value;

	for (m = shape->members; m < end; m++) {
		value = json_object_getn(upstream, m->name, m->name_len);
		if (json_is_array(value) && m->shape != NULL &&
		    m->shape->identity_count > 0 &&
		    upstream_sort(d, m, value) != 0)
			return -1;
	}
	return 0;
}

static int
upstream_encode(struct sst_draft *d, const struct sst_shape *shape,
    const json_t *upstream, struct sst_error *err)
{
	struct sst_buf b = SST_BUF_INIT;
	struct sst_encoding met;

	sst_encode_object(shape, upstream, &b, &met);
	if (sst_buf_failed(&b)) {
		sst_buf_fini(&b);
		return sst_error_nomem(err);
	}
	free(d->upstream);
	d->upstream = sst_buf_take(&b, &d->upstream_len);
	return SST_OK;
}

static int
upstream_take(struct sst_draft *d, json_t *upstream, struct sst_error *err)
{
	const struct sst_contract *contract = d->settings.contract;
	const struct sst_shape *shape = contract->upstream;
	const char *where = "/sources/upstream";

	if (!json_is_object(upstream)) {
		sst_draft_reject(d, where, "not an object");
		return SST_OK;
	}
	if (draft__clean(shape, upstream) != 0 ||
	    upstream_sort_all(d, shape, upstream) != 0)
		return sst_error_nomem(err);
	if (!sst_schema_valid(contract->upstream_schema, upstream)) {
		draft__explain(d, contract->upstream_schema, upstream, where);
		return SST_OK;
	}
	return upstream_encode(d, shape, upstream, err);
}

int
sst_draft_upstream(
    struct sst_draft *draft, json_t *upstream, struct sst_error *err)
{
	int rc;

	if (upstream == NULL)
		return sst_error_nomem(err);
	rc = upstream_take(draft, upstream, err);
	json_decref(upstream);
	return rc;
}
