/*
 * Merge patches of the keyed view: of an object only what differs, of a list
 * only the keys that came, left or changed.
 */
#include <stdlib.h>
#include <string.h>

#include "model/project.h"
#include "service/diff_merge.h"

static void
merge_null(struct merger *m)
{
	sst_buf_add(m->out, "null", 4);
}

/* A member's value as in the keyed view, where what repeats itself in a list
 * has names that depend on which list it is. */
static void
merge_project(const struct sst_shape *shape, const struct sst_member *member,
    struct fields_span value, struct sst_buf *out)
{
	struct sst_buf object = SST_BUF_INIT, keyed = SST_BUF_INIT;

	/* {"name":value}: what stands before the value is as long as lead */
	sst_buf_addc(&object, '{');
	sst_buf_add(&object, member->lead + 1, member->lead_len - 1);
	sst_buf_add(&object, value.at, value.len);
	sst_buf_addc(&object, '}');
	if (!sst_buf_failed(&object))
		sst_project_keyed(shape, object.data, object.len, &keyed);
	if (keyed.data == NULL || sst_buf_failed(&keyed))
		out->failed = true;
	else
		sst_buf_add(out, keyed.data + member->lead_len,
		    keyed.len - member->lead_len - 1);
	sst_buf_fini(&object);
	sst_buf_fini(&keyed);
}

static int merge_object(struct merger *m, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to);
static int merge_items(struct merger *m, const struct sst_shape *shape,
    const struct fields_pair *pair);

static int
merge_inside(struct merger *m, const struct sst_shape *shape,
    const struct fields_pair *pair)
{
	if (fields__kind(pair) == FIELDS_OBJECT)
		return merge_object(
		    m, pair->member->shape, pair->from, pair->to);
	return merge_items(m, shape, pair);
}

static int
merge_pair(struct merger *m, const struct sst_shape *shape,
    const struct fields_pair *pair)
{
	size_t mark = m->out->len, value;
	bool first = m->first;
	int rc;

	merge__name(m, pair->member->name, pair->member->name_len);
	if (pair->to.at == NULL) {
		merge_null(m);
		return SST_OK;
	}
	if (fields__kind(pair) == FIELDS_VALUE) {
		merge_project(shape, pair->member, pair->to, m->out);
		return SST_OK;
	}
	value = m->out->len;
	rc = merge_inside(m, shape, pair);
	if (rc == SST_OK && !sst_buf_failed(m->out) &&
	    m->out->len - value == strlen("{}")) {
		/* only the order of a list: the same by key */
		m->out->len = mark;
		m->out->data[mark] = '\0';
		m->first = first;
	}
	return rc;
}

static int
merge_members(struct merger *m, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to)
{
	struct fields_walk walk;
	struct fields_pair pair;
	int rc = SST_OK;

	fields__begin(&walk, shape, from, to);
	while (rc == SST_OK && fields__next(&walk, &pair))
		rc = merge_pair(m, shape, &pair);
	return rc;
}

static int
merge_object(struct merger *m, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to)
{
	bool first = m->first;
	int rc;

	sst_buf_addc(m->out, '{');
	m->first = true;
	rc = merge_members(m, shape, from, to);
	m->first = first;
	sst_buf_addc(m->out, '}');
	return rc;
}

/* An item of the keyed view of a list, by name. */
struct merge_item {
	struct fields_span name;
	struct fields_span value;
};

struct merge_list {
	struct merge_item *items;
	size_t count;
};

static int
merge_item_compare(const void *a, const void *b)
{
	const struct merge_item *x = a, *y = b;
	size_t xl = x->name.len, yl = y->name.len;
	int c = memcmp(x->name.at, y->name.at, xl < yl ? xl : yl);

	return c != 0 ? c : (xl > yl) - (xl < yl);
}

/* Reads an object whose names are keys: percent-encoded, without escapes. */
static int
merge_list_read(
    const struct sst_buf *object, struct merge_list *out, struct sst_error *err)
{
	const char *p = object->data + 1, *end = object->data + object->len;
	struct merge_item *items = NULL, *more;
	size_t n = 0, cap = 0;

	while (p < end && *p != '}') {
		p += *p == ',';
		more = diff__grow(items, n, &cap, sizeof(*items));
		if (more == NULL) {
			free(items);
			return sst_error_nomem(err);
		}
		items = more;
		items[n].name.at = p;
		p = fields__skip(p, end);
		items[n].name.len = (size_t)(p - items[n].name.at);
		items[n].value.at = ++p;
		p = fields__skip(p, end);
		items[n].value.len = (size_t)(p - items[n].value.at);
		n++;
	}
	if (n > 1)
		qsort(items, n, sizeof(*items), merge_item_compare);
	*out = (struct merge_list){items, n};
	return SST_OK;
}

/* Quotes included. */
static void
merge_quoted(struct merger *m, struct fields_span name)
{
	merge__name(m, name.at + 1, name.len - 2);
}

static int
merge_lists(struct merger *m, const struct sst_shape *shape,
    const struct merge_list *from, const struct merge_list *to)
{
	size_t i = 0, j = 0;
	int c, rc = SST_OK;

	while (rc == SST_OK && (i < from->count || j < to->count)) {
		c = i == from->count ? 1
		    : j == to->count
			? -1
			: merge_item_compare(&from->items[i], &to->items[j]);
		if (c < 0) {
			merge_quoted(m, from->items[i++].name);
			merge_null(m);
		} else if (c > 0) {
			merge_quoted(m, to->items[j].name);
			sst_buf_add(m->out, to->items[j].value.at,
			    to->items[j].value.len);
			j++;
		} else if (fields__same(
			       from->items[i].value, to->items[j].value)) {
			i++;
			j++;
		} else {
			merge_quoted(m, to->items[j].name);
			rc = merge_object(m, shape, from->items[i++].value,
			    to->items[j++].value);
		}
	}
	return rc;
}

/* Both lists as they are in the keyed view, whatever they hold. */
static int
merge_items(struct merger *m, const struct sst_shape *shape,
    const struct fields_pair *pair)
{
	struct merge_list from = {NULL, 0}, to = {NULL, 0};
	struct sst_buf was = SST_BUF_INIT, is = SST_BUF_INIT;
	bool first = m->first;
	int rc = SST_OK;

	merge_project(shape, pair->member, pair->from, &was);
	merge_project(shape, pair->member, pair->to, &is);
	if (sst_buf_failed(&was) || sst_buf_failed(&is))
		rc = sst_error_nomem(m->err);
	if (rc == SST_OK)
		rc = merge_list_read(&was, &from, m->err);
	if (rc == SST_OK)
		rc = merge_list_read(&is, &to, m->err);
	sst_buf_addc(m->out, '{');
	m->first = true;
	if (rc == SST_OK)
		rc = merge_lists(m, pair->member->shape, &from, &to);
	m->first = first;
	sst_buf_addc(m->out, '}');
	free(from.items);
	free(to.items);
	sst_buf_fini(&was);
	sst_buf_fini(&is);
	return rc;
}

static void
merge_key(struct merger *m, const struct sst_entity *e)
{
	sst_buf_clear(&m->text);
	sst_entity_key_text(e, &m->text);
	if (sst_buf_failed(&m->text))
		m->out->failed = true;
	else
		merge__name(
		    m, m->text.data == NULL ? "" : m->text.data, m->text.len);
}

/* An entity that is new, with its children. */
static void
merge_whole(
    struct merger *m, const struct sst_shape *shape, const struct sst_entity *e)
{
	sst_buf_clear(&m->text);
	sst_entity_encode(e, &m->text);
	if (sst_buf_failed(&m->text))
		m->out->failed = true;
	else
		sst_project_keyed(shape, m->text.data, m->text.len, m->out);
}

static int merge_entity(struct merger *m, const struct sst_shape *shape,
    const struct sst_entity *from, const struct sst_entity *to);

static int
merge_row(struct merger *m, const struct sst_shape *shape,
    const struct sst_entity *from, const struct sst_entity *to)
{
	merge_key(m, to == NULL ? from : to);
	if (to == NULL)
		merge_null(m);
	else if (from == NULL)
		merge_whole(m, shape, to);
	else
		return merge_entity(m, shape, from, to);
	return SST_OK;
}

/* Two lists, and what is not the same in both. */
struct merge_found {
	const struct sst_match_list *from;
	const struct sst_match_list *to;
	struct sst_matches rows;
};

static int
merge_rows(struct merger *m, const struct sst_shape *shape,
    const struct merge_found *found)
{
	const struct sst_match *row;
	const struct sst_entity *from, *to;
	bool first = m->first;
	size_t i;
	int rc = SST_OK;

	sst_buf_addc(m->out, '{');
	m->first = true;
	for (i = 0; rc == SST_OK && i < found->rows.count; i++) {
		row = &found->rows.rows[i];
		from = row->from == SST_MATCH_NONE
			   ? NULL
			   : found->from->entities[row->from];
		to = row->to == SST_MATCH_NONE ? NULL
					       : found->to->entities[row->to];
		rc = merge_row(m, shape, from, to);
	}
	m->first = first;
	sst_buf_addc(m->out, '}');
	return rc;
}

int
merge__entities(struct merger *m, const struct sst_shape *shape,
    const struct sst_match_list *from, const struct sst_match_list *to)
{
	struct merge_found found = {from, to, {NULL, 0}};
	int rc = sst_match_entities(from, to, &found.rows, m->err);

	if (rc == SST_OK)
		rc = merge_rows(m, shape, &found);
	sst_matches_fini(&found.rows);
	return rc;
}

static int
merge_children(struct merger *m, const struct sst_shape *shape,
    const struct sst_entity *from, const struct sst_entity *to)
{
	const struct sst_match_list was = {from->children, from->child_count};
	const struct sst_match_list is = {to->children, to->child_count};
	const struct sst_member *member = shape->members;
	struct merge_found found = {&was, &is, {NULL, 0}};
	int rc = sst_match_entities(&was, &is, &found.rows, m->err);

	if (rc == SST_OK && found.rows.count > 0) {
		while (!member->children)
			member++;
		merge__name(m, member->name, member->name_len);
		rc = merge_rows(m, member->shape, &found);
	}
	sst_matches_fini(&found.rows);
	return rc;
}

static int
merge_entity(struct merger *m, const struct sst_shape *shape,
    const struct sst_entity *from, const struct sst_entity *to)
{
	bool first = m->first;
	int rc = SST_OK;

	sst_buf_addc(m->out, '{');
	m->first = true;
	if (!sst_entity_own_equal(from, to))
		rc = merge_members(m, shape, fields__of(from), fields__of(to));
	if (rc == SST_OK)
		rc = merge_children(m, shape, from, to);
	m->first = first;
	sst_buf_addc(m->out, '}');
	return rc;
}

void
merge__section(struct merger *m, const struct sst_shape *shape,
    const struct sst_section *section)
{
	sst_buf_clear(&m->text);
	sst_section_encode(section, &m->text);
	if (sst_buf_failed(&m->text))
		m->out->failed = true;
	else
		sst_project_keyed(shape, m->text.data, m->text.len, m->out);
}
