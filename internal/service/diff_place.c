/* How a place is called, and which rows somebody asked for. */
#include <string.h>

#include "base/text.h"
#include "service/diff_priv.h"

const struct diff_place *
diff__place(const struct diff_row *row)
{
	return row->op == SST_DIFF_REMOVED ? &row->from : &row->to;
}

const char *
diff__section_name(unsigned section)
{
	return section == DIFF_SYSTEM
		   ? ""
		   : sst_section_name((enum sst_section_id)section);
}

/* The name of the array below an entity that the place is in; NULL: none. */
static const char *
place_array(const struct sst_diff *d, const struct diff_place *place)
{
	if (place->child != NULL)
		return d->children[place->section]->name;
	return place->active.at == NULL ? NULL : DIFF_ACTIVE;
}

static void
place_active_id(const struct diff_place *place, struct sst_buf *out)
{
	fields__text(fields__find(place->active, "id"), out);
}

void
diff__write_key(const struct sst_diff *d, const struct diff_place *place,
    struct sst_buf *out)
{
	const char *array = place_array(d, place);
	struct sst_buf id = SST_BUF_INIT;

	if (place->entity == NULL)
		return;
	sst_entity_key_text(place->entity, out);
	if (array == NULL)
		return;
	sst_buf_addc(out, '/');
	sst_buf_adds(out, array);
	sst_buf_addc(out, '/');
	if (place->child != NULL) {
		sst_entity_key_text(place->child, out);
		return;
	}
	place_active_id(place, &id);
	sst_text_percent_encode(id.data == NULL ? "" : id.data, id.len, out);
	out->failed = out->failed || sst_buf_failed(&id);
	sst_buf_fini(&id);
}

void
diff__write_path(const struct sst_diff *d, const struct diff_place *place,
    struct sst_buf *out)
{
	const char *array = place_array(d, place);

	sst_buf_addc(out, '/');
	if (place->section == DIFF_SYSTEM) {
		sst_buf_adds(out, "id");
		return;
	}
	sst_buf_adds(out, diff__section_name(place->section));
	if (place->entity == NULL)
		return;
	sst_buf_addc(out, '/');
	sst_buf_json_int(out, place->index);
	if (array == NULL)
		return;
	sst_buf_adds(out, place->child != NULL ? "/" : "/" DIFF_ACTIVITY "/");
	sst_buf_adds(out, array);
	sst_buf_addc(out, '/');
	sst_buf_json_int(out, place->item);
}

void
diff__write_name(const struct diff_place *place, struct sst_buf *out)
{
	const struct sst_entity *e =
	    place->child != NULL ? place->child : place->entity;
	const char *key, *part;

	if (place->active.at != NULL) {
		place_active_id(place, out);
		return;
	}
	if (e == NULL) {
		sst_buf_adds(out, place->section == DIFF_SYSTEM
				      ? "id"
				      : diff__section_name(place->section));
		return;
	}
	key = sst_entity_key(e);
	part = memrchr(key, SST_KEY_SEPARATOR, e->key_len);
	part = part == NULL ? key : part + 1;
	sst_buf_add(out, part, e->key_len - (size_t)(part - key));
}

void
diff__write_label(const struct sst_entity *e, struct sst_buf *out)
{
	const char *key = sst_entity_key(e);
	size_t i;

	for (i = 0; i < e->key_len; i++)
		sst_buf_addc(out, key[i] == SST_KEY_SEPARATOR ? '/' : key[i]);
}

static const struct sst_section *
place_known(const struct sst_diff *d, unsigned section)
{
	return d->to->sections[section] != NULL ? d->to->sections[section]
						: d->from->sections[section];
}

static bool
place_is_section(const struct diff_row *row)
{
	const struct diff_place *at = diff__place(row);

	return at->entity == NULL && at->section < SST_SECTION_COUNT;
}

bool
diff__section_size(
    const struct sst_diff *d, const struct diff_row *row, size_t *out)
{
	const struct sst_section *s;

	if (!place_is_section(row))
		return false;
	s = place_known(d, diff__place(row)->section);
	if (s == NULL)
		return false;
	*out = s->count;
	return true;
}

/* What of the key of a filter is not yet read. */
struct scope {
	const char *at;
	const char *end;
};

static int
scope_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of a key, encoded or not; a slash that is a separator counts as
 * one. */
static bool
scope_byte(struct scope *s, unsigned char want)
{
	const char *p = s->at;
	int high, low;

	if (p == s->end)
		return false;
	s->at = p + 1;
	if (want == SST_KEY_SEPARATOR || *p == '/')
		return want == SST_KEY_SEPARATOR && *p == '/';
	if (*p != '%' || s->end - p < 3)
		return (unsigned char)*p == want;
	high = scope_hex(p[1]);
	low = scope_hex(p[2]);
	if (high < 0 || low < 0)
		return want == '%';
	s->at = p + 3;
	return (unsigned)(high * 16 + low) == want;
}

static bool
scope_text(struct scope *s, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!scope_byte(s, (unsigned char)text[i]))
			return false;
	}
	return true;
}

static bool
scope_slash(struct scope *s)
{
	return scope_byte(s, SST_KEY_SEPARATOR);
}

static bool
scope_entity(struct scope *s, const struct sst_entity *e)
{
	return scope_text(s, sst_entity_key(e), e->key_len);
}

static bool
scope_child(struct scope s, const struct sst_entity *child)
{
	return scope_entity(&s, child) && s.at == s.end;
}

static bool
scope_active(struct scope s, const struct diff_place *place)
{
	struct sst_buf id = SST_BUF_INIT;
	bool same;

	place_active_id(place, &id);
	same = scope_text(&s, id.data == NULL ? "" : id.data, id.len) &&
	       s.at == s.end;
	sst_buf_fini(&id);
	return same;
}

/* Any of the children of an entity that came or left with it. */
static bool
scope_any_child(struct scope s, const struct sst_entity *e)
{
	uint32_t i;

	for (i = 0; i < e->child_count; i++) {
		if (scope_child(s, e->children[i]))
			return true;
	}
	return false;
}

/* Whether the key asked for is that of the place or of what it is in. With
 * whole, also of a child of it. */
static bool
scope_covers(const struct sst_diff *d, const struct sst_diff_filter *filter,
    const struct diff_place *place, bool whole)
{
	struct scope s = {filter->key, filter->key + filter->key_len};
	const char *array = place_array(d, place);

	if (!scope_entity(&s, place->entity))
		return false;
	if (s.at == s.end)
		return true;
	if (array == NULL && whole && d->children[place->section] != NULL)
		array = d->children[place->section]->name;
	if (array == NULL || !scope_slash(&s) ||
	    !scope_text(&s, array, strlen(array)) || !scope_slash(&s))
		return false;
	if (place->child != NULL)
		return scope_child(s, place->child);
	if (place->active.at != NULL)
		return scope_active(s, place);
	return scope_any_child(s, place->entity);
}

/* An entity that is no longer there, or there now, with its section. */
static bool
scope_in_section(const struct sst_diff *d, const struct sst_diff_filter *filter,
    unsigned section)
{
	const struct sst_section *s = place_known(d, section);
	struct diff_place place = {.section = section};
	size_t i;

	for (i = 0; s != NULL && i < s->count; i++) {
		place.entity = s->entities[i];
		if (scope_covers(d, filter, &place, true))
			return true;
	}
	return false;
}

/* The section that the row is of, or that the source of the row feeds. */
static unsigned
place_feeds(const struct diff_place *place)
{
	const char *key, *slash;

	if (place->section != SST_SECTION_SOURCES)
		return place->section;
	key = sst_entity_key(place->entity);
	slash = memchr(key, '/', place->entity->key_len);
	return sst_section_by_name(key,
	    slash == NULL ? place->entity->key_len : (size_t)(slash - key));
}

static bool
place_passes(const struct sst_diff *d, const struct diff_place *place,
    const struct sst_diff_filter *filter, bool whole)
{
	unsigned section = place_feeds(place);

	if (section < SST_SECTION_COUNT &&
	    (filter->sections & 1u << section) == 0)
		return false;
	if (filter->key == NULL)
		return true;
	if (place->entity != NULL)
		return scope_covers(d, filter, place, whole);
	return section < SST_SECTION_COUNT &&
	       scope_in_section(d, filter, section);
}

bool
diff__passes(const struct sst_diff *d, const struct diff_row *row,
    const struct sst_diff_filter *filter)
{
	if (filter->key == NULL && filter->sections == SST_SECTIONS_ALL)
		return true;
	if (place_passes(d, diff__place(row), filter,
		row->op == SST_DIFF_ADDED || row->op == SST_DIFF_REMOVED))
		return true;
	return row->op == SST_DIFF_MOVED &&
	       place_passes(d, &row->from, filter, false);
}

void
sst_diff_count(const struct sst_diff *diff,
    const struct sst_diff_filter *filter, struct sst_diff_counts *total,
    struct sst_diff_counts *by_section)
{
	const struct diff_row *row;
	unsigned section;
	size_t i;

	memset(total, 0, sizeof(*total));
	if (by_section != NULL)
		memset(by_section, 0,
		    (SST_SECTION_COUNT + 1) * sizeof(*by_section));
	for (i = 0; i < diff->row_count; i++) {
		row = &diff->rows[i];
		if (!diff__passes(diff, row, filter))
			continue;
		section = diff__place(row)->section;
		total->op[row->op]++;
		if (by_section != NULL && section <= SST_SECTION_SOURCES)
			by_section[section].op[row->op]++;
	}
}

bool
sst_diff_empty(
    const struct sst_diff *diff, const struct sst_diff_filter *filter)
{
	size_t i;

	for (i = 0; i < diff->row_count; i++) {
		if (diff__passes(diff, &diff->rows[i], filter))
			return false;
	}
	return true;
}
