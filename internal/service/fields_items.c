/*
 * Items of arrays inside entities (active tasks, containers): few, but a saved
 * document may hold many, in any order, or two of one identity.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "service/fields.h"

/* p behind the bracket or at the comma before an item; false at the end. */
static bool
items_next(const char **p, const char *end, struct fields_span *out)
{
	const char *q = *p;

	if (q < end && *q == ',')
		q++;
	if (q >= end || *q == ']')
		return false;
	*p = fields__skip(q, end);
	*out = (struct fields_span){q, (size_t)(*p - q)};
	return true;
}

static size_t
items_count(struct fields_span array)
{
	const char *p = array.at + 1, *end = array.at + array.len;
	struct fields_span item;
	size_t n = 0;

	while (items_next(&p, end, &item))
		n++;
	return n;
}

/* False when the item is no object or lacks a member of its identity. */
static bool
items_identify(const struct sst_shape *shape, struct fields_item *item)
{
	struct sst_hash h;
	size_t i;

	if (*item->value.at != '{')
		return false;
	for (i = 0; i < shape->identity_count; i++) {
		item->id[i] = fields__find(
		    item->value, shape->members[shape->identity[i]].name);
		if (item->id[i].at == NULL)
			return false;
		h = sst_hash_bytes(item->id[i].at, item->id[i].len);
		item->hash = i == 0 ? h : sst_hash_mix(item->hash, h);
	}
	return true;
}

/* Sets *keyed to false when an item has no identity. */
static int
items_read(struct fields_list *list, const struct sst_shape *shape,
    struct fields_span array, bool *keyed, struct sst_error *err)
{
	const char *p = array.at + 1, *end = array.at + array.len;
	struct fields_item *item;

	list->count = 0;
	list->items = calloc(items_count(array) + 1, sizeof(*list->items));
	if (list->items == NULL)
		return sst_error_nomem(err);
	for (;;) {
		item = &list->items[list->count];
		if (!items_next(&p, end, &item->value))
			return SST_OK;
		item->other = FIELDS_NONE;
		*keyed = items_identify(shape, item) && *keyed;
		list->count++;
	}
}

int
fields__list_init(struct fields_list *list, const struct sst_shape *shape,
    struct fields_span array, struct sst_error *err)
{
	bool keyed = true;
	int rc = items_read(list, shape, array, &keyed, err);

	/* without identities there is nothing to be found by them */
	if (rc == SST_OK && !keyed)
		list->count = 0;
	return rc;
}

void
fields__list_fini(struct fields_list *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}

void
fields__items_fini(struct fields_items *items)
{
	fields__list_fini(&items->from);
	fields__list_fini(&items->to);
}

/* An open-addressing table of index + 1, at most half full. */
struct items_table {
	uint32_t *slots;
	size_t mask;
};

static uint32_t *
items_slot(const struct items_table *t, const struct fields_list *list,
    struct sst_hash hash)
{
	size_t i = hash.low & t->mask;

	while (t->slots[i] != 0 &&
	       !sst_hash_equal(list->items[t->slots[i] - 1].hash, hash))
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

/* False when two items have one identity. */
static bool
items_fill(struct items_table *t, const struct fields_list *list)
{
	uint32_t *slot, i;

	memset(t->slots, 0, (t->mask + 1) * sizeof(*t->slots));
	for (i = 0; i < list->count; i++) {
		slot = items_slot(t, list, list->items[i].hash);
		if (*slot != 0)
			return false;
		*slot = i + 1;
	}
	return true;
}

static void
items_pair(struct fields_items *items, const struct items_table *to)
{
	uint32_t i, slot, last = 0;

	items->in_order = true;
	for (i = 0; i < items->from.count; i++) {
		slot = *items_slot(to, &items->to, items->from.items[i].hash);
		if (slot == 0)
			continue;
		items->from.items[i].other = slot - 1;
		items->to.items[slot - 1].other = i;
		items->common++;
		if (slot < last)
			items->in_order = false;
		last = slot;
	}
}

static int
items_match(struct fields_items *items, struct sst_error *err)
{
	size_t most = items->from.count > items->to.count ? items->from.count
							  : items->to.count;
	struct items_table t = {NULL, 15};

	while (t.mask < most * 2)
		t.mask = t.mask * 2 + 1;
	t.slots = malloc((t.mask + 1) * sizeof(*t.slots));
	if (t.slots == NULL)
		return sst_error_nomem(err);
	items->keyed =
	    items_fill(&t, &items->from) && items_fill(&t, &items->to);
	if (items->keyed)
		items_pair(items, &t);
	free(t.slots);
	return SST_OK;
}

int
fields__items_init(struct fields_items *items, const struct fields_pair *pair,
    struct sst_error *err)
{
	int rc;

	memset(items, 0, sizeof(*items));
	items->shape = pair->member->shape;
	items->keyed = true;
	rc = items_read(
	    &items->from, items->shape, pair->from, &items->keyed, err);
	if (rc == SST_OK)
		rc = items_read(
		    &items->to, items->shape, pair->to, &items->keyed, err);
	if (rc == SST_OK && items->keyed)
		rc = items_match(items, err);
	if (rc != SST_OK)
		fields__items_fini(items);
	return rc;
}

void
fields__item_name(const struct sst_shape *shape, const struct fields_item *item,
    struct sst_buf *out)
{
	size_t i;

	for (i = 0; i < shape->identity_count; i++) {
		if (i > 0)
			sst_buf_addc(out, '/');
		fields__text(item->id[i], out);
	}
}

void
fields__item_key(const struct sst_shape *shape, const struct fields_item *item,
    struct sst_buf *out)
{
	struct sst_buf part = SST_BUF_INIT;
	size_t i;

	for (i = 0; i < shape->identity_count; i++) {
		if (i > 0)
			sst_buf_addc(out, '/');
		sst_buf_clear(&part);
		fields__text(item->id[i], &part);
		sst_text_percent_encode(
		    part.data == NULL ? "" : part.data, part.len, out);
	}
	if (sst_buf_failed(&part))
		out->failed = true;
	sst_buf_fini(&part);
}
