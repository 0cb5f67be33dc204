/* Which members of two entities differ, by name, with both values. */
#include <string.h>

#include "service/diff_priv.h"

/* The name is what stands in b->path. */
static int
fields_push(
    struct diff_build *b, struct fields_span from, struct fields_span to)
{
	struct sst_diff *d = b->diff;
	struct diff_field *fields = diff__grow(
	    d->fields, d->field_count, &d->field_cap, sizeof(*fields));
	size_t name = d->names.len;

	if (fields == NULL)
		return sst_error_nomem(b->err);
	d->fields = fields;
	sst_buf_add(&d->names, b->path.data, b->path.len);
	if (sst_buf_failed(&d->names) || sst_buf_failed(&b->path))
		return sst_error_nomem(b->err);
	fields[d->field_count++] =
	    (struct diff_field){name, (uint32_t)b->path.len, false, from, to};
	return SST_OK;
}

int
diff__field(struct diff_build *b, const char *name, struct fields_span from,
    struct fields_span to)
{
	sst_buf_clear(&b->path);
	sst_buf_adds(&b->path, name);
	return fields_push(b, from, to);
}

static void
fields_cut(struct sst_buf *b, size_t len)
{
	b->len = len;
	if (b->data != NULL)
		b->data[len] = '\0';
}

static int fields_object(struct diff_build *b, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to);

/* An item that is on one side only; a task there may have moved. */
static int
fields_item(struct diff_build *b, const struct fields_items *items,
    const struct fields_list *list, size_t i)
{
	const struct fields_span none = {NULL, 0};
	const struct fields_item *item = &list->items[i];
	bool came = list == &items->to;
	uint32_t field = (uint32_t)b->diff->field_count;
	struct diff_place place;
	int rc;

	rc = fields_push(
	    b, came ? none : item->value, came ? item->value : none);
	if (rc != SST_OK || items->shape != b->diff->active)
		return rc;
	place = came ? b->to : b->from;
	place.item = (uint32_t)i;
	return diff__occur_active(b, &place, item, field, came);
}

/* Of items: those that left, where both lists are gone through in turn. */
static int
fields_side(struct diff_build *b, const struct fields_items *items,
    const struct fields_list *list)
{
	const struct fields_item *item, *was;
	size_t i, len = b->path.len;
	int rc = SST_OK;

	for (i = 0; rc == SST_OK && i < list->count; i++) {
		item = &list->items[i];
		if (item->other != FIELDS_NONE && list == &items->from)
			continue; /* told with the other side */
		sst_buf_addc(&b->path, '[');
		fields__item_name(items->shape, item, &b->path);
		sst_buf_addc(&b->path, ']');
		if (item->other == FIELDS_NONE) {
			rc = fields_item(b, items, list, i);
		} else {
			was = &items->from.items[item->other];
			rc = fields_object(
			    b, items->shape, was->value, item->value);
		}
		fields_cut(&b->path, len);
	}
	return rc;
}

static int
fields_array(struct diff_build *b, const struct fields_pair *pair)
{
	struct fields_items items;
	int rc = fields__items_init(&items, pair, b->err);

	if (rc != SST_OK)
		return rc;
	if (!items.keyed) {
		rc = fields_push(b, pair->from, pair->to);
	} else {
		rc = fields_side(b, &items, &items.from);
		if (rc == SST_OK)
			rc = fields_side(b, &items, &items.to);
	}
	fields__items_fini(&items);
	return rc;
}

static int
fields_pair(struct diff_build *b, const struct fields_pair *pair)
{
	switch (fields__kind(pair)) {
	case FIELDS_OBJECT:
		return fields_object(
		    b, pair->member->shape, pair->from, pair->to);
	case FIELDS_ARRAY:
		return fields_array(b, pair);
	default:
		return fields_push(b, pair->from, pair->to);
	}
}

static int
fields_object(struct diff_build *b, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to)
{
	size_t len = b->path.len;
	struct fields_walk walk;
	struct fields_pair pair;
	int rc = SST_OK;

	fields__begin(&walk, shape, from, to);
	while (rc == SST_OK && fields__next(&walk, &pair)) {
		/* when it changed says no more than that it did */
		if (pair.member->changed_at)
			continue;
		if (len > 0)
			sst_buf_addc(&b->path, '.');
		sst_buf_add(&b->path, pair.member->name, pair.member->name_len);
		rc = fields_pair(b, &pair);
		fields_cut(&b->path, len);
	}
	return rc;
}

int
diff__fields(struct diff_build *b, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to)
{
	sst_buf_clear(&b->path);
	return fields_object(b, shape, from, to);
}

int
diff__fields_common(struct diff_build *b, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to)
{
	struct fields_span x, y;
	size_t i;
	int rc = SST_OK;

	for (i = 0; rc == SST_OK && i < shape->count; i++) {
		x = fields__find(from, shape->members[i].name);
		y = fields__find(to, shape->members[i].name);
		if (x.at != NULL && y.at != NULL && !fields__same(x, y))
			rc = diff__field(b, shape->members[i].name, x, y);
	}
	return rc;
}
