#include "service/watch_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static int
view_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One part of a key: percent-decoded. */
static bool
view_decode(const char *text, size_t len, struct sst_buf *out)
{
	int high, low;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] != '%') {
			sst_buf_addc(out, text[i]);
			continue;
		}
		high = len - i > 2 ? view_hex(text[i + 1]) : -1;
		low = len - i > 2 ? view_hex(text[i + 2]) : -1;
		if (high < 0 || low < 0)
			return false;
		sst_buf_addc(out, (char)(high << 4 | low));
		i += 2;
	}
	return true;
}

/* Reads the parts of a key; writes them again in the one form that a diff
 * uses, whatever somebody chose to encode. */
static int
view_read_key(const char *key, size_t key_len, struct sst_buf *path,
    struct sst_buf *text, struct sst_error *err)
{
	const char *part = key, *end = key + key_len, *stop;
	size_t at;

	for (;; part = stop + 1) {
		stop = memchr(part, '/', (size_t)(end - part));
		if (stop == NULL)
			stop = end;
		at = path->len;
		if (!view_decode(part, (size_t)(stop - part), path))
			return sst_error_set(err, SST_INVALID,
			    "key: a %% without two hex digits");
		if (path->len > at && !sst_buf_failed(path))
			sst_text_percent_encode(
			    path->data + at, path->len - at, text);
		if (stop == end)
			break;
		sst_buf_addc(path, SST_KEY_SEPARATOR);
		sst_buf_addc(text, '/');
	}
	return path->data == NULL || sst_buf_failed(path) ||
		    sst_buf_failed(text)
	    ? sst_error_nomem(err)
	    : SST_OK;
}

int
watch__projection_init(struct watch_projection *projection, unsigned sections,
    const char *key, size_t key_len, struct sst_error *err)
{
	struct sst_buf path = SST_BUF_INIT, text = SST_BUF_INIT;
	int rc = SST_OK;

	*projection = (struct watch_projection){
	    .sections = sections & SST_SECTIONS_ALL};
	if (projection->sections == 0)
		return sst_error_set(err, SST_INVALID, "no section to watch");
	if (key == NULL)
		return SST_OK;
	if (key_len == 0)
		return sst_error_set(err, SST_INVALID, "an empty key");
	rc = view_read_key(key, key_len, &path, &text, err);
	if (rc != SST_OK) {
		sst_buf_fini(&path);
		sst_buf_fini(&text);
		return rc;
	}
	projection->path = sst_buf_take(&path, &projection->path_len);
	projection->text = sst_buf_take(&text, &projection->text_len);
	return SST_OK;
}

void
watch__projection_fini(struct watch_projection *projection)
{
	free(projection->text);
	free(projection->path);
	*projection = (struct watch_projection){0};
}

bool
watch__projection_equal(
    const struct watch_projection *a, const struct watch_projection *b)
{
	if (a->sections != b->sections || a->path_len != b->path_len ||
	    (a->path == NULL) != (b->path == NULL))
		return false;
	return a->path == NULL || memcmp(a->path, b->path, a->path_len) == 0;
}

/*
 * Which section a row of `sources` feeds, read from its bytes: every quote
 * inside a string is escaped, so this text can only be a member.
 */
static enum sst_section_id
view_fed(const struct sst_entity *row)
{
	static const char member[] = "\"section\":\"";
	const char *json = sst_entity_json(row), *at, *stop;

	at = memmem(json, row->json_len, member, sizeof(member) - 1);
	if (at == NULL)
		return SST_SECTION_COUNT;
	at += sizeof(member) - 1;
	stop = memchr(at, '"', row->json_len - (size_t)(at - json));
	return stop == NULL ? SST_SECTION_COUNT
			    : sst_section_by_name(at, (size_t)(stop - at));
}

void
watch__view_init(struct watch_view *view, const struct sst_snapshot *snapshot)
{
	const struct sst_section *s;
	const struct sst_entity *row;
	enum sst_section_id fed;
	size_t i;

	*view = (struct watch_view){.snapshot = snapshot};
	if (snapshot == NULL)
		return;
	for (i = 0; i < SST_SECTION_COUNT; i++) {
		view->hash[i].low = (uint64_t)snapshot->presence[i];
		s = snapshot->sections[i];
		if (s != NULL)
			view->hash[i] = sst_hash_mix(view->hash[i], s->hash);
	}
	s = snapshot->sources;
	for (i = 0; s != NULL && i < s->count; i++) {
		row = s->entities[i];
		fed = view_fed(row);
		if (fed < SST_SECTION_COUNT)
			view->hash[fed] =
			    sst_hash_mix(view->hash[fed], row->hash);
	}
}

/*
 * A key taken apart for one section. child NULL: it is that of an entity, or
 * with inner set of something in its own text, an active task of an agent: then
 * the entity stands for it.
 */
struct view_key {
	bool inner;
	const char *entity;
	size_t entity_len;
	const char *child;
	size_t child_len;
};

static const struct sst_member *
view_children(const struct sst_shape *shape)
{
	size_t i;

	for (i = 0; i < shape->count; i++) {
		if (shape->members[i].children)
			return &shape->members[i];
	}
	return NULL;
}

/* Whether the next part of a key is that name, and more follows. */
static bool
view_enters(const char **at, const char *end, const char *name)
{
	size_t len = strlen(name);

	if ((size_t)(end - *at) <= len || memcmp(*at, name, len) != 0 ||
	    (*at)[len] != SST_KEY_SEPARATOR)
		return false;
	*at += len + 1;
	return true;
}

/* False: no entity or child of that section can have this key. */
static bool
view_split(const struct watch_projection *p, const struct sst_shape *shape,
    struct view_key *out)
{
	const char *at = p->path, *end = p->path + p->path_len, *stop = NULL;
	const struct sst_member *member;
	size_t n;

	for (n = 0; n < shape->identity_count && at <= end; n++) {
		stop = memchr(at, SST_KEY_SEPARATOR, (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		at = stop + 1;
	}
	if (stop == NULL || n < shape->identity_count)
		return false;
	*out = (struct view_key){.entity = p->path,
	    .entity_len = (size_t)(stop - p->path)};
	if (stop == end)
		return true;
	member = view_children(shape);
	if (member == NULL) {
		out->inner = view_enters(&at, end, "active_task_ids");
		return out->inner;
	}
	if (!view_enters(&at, end, member->name))
		return false;
	out->child = at;
	out->child_len = (size_t)(end - out->child);
	return true;
}

static bool
view_is_child(const struct sst_entity *e, const struct view_key *key)
{
	return e->key_len == key->child_len &&
	    memcmp(sst_entity_key(e), key->child, key->child_len) == 0;
}

/* Children are not sorted by key: looks around where it was last. */
static const struct sst_entity *
view_child(
    const struct sst_entity *parent, const struct view_key *key, uint32_t *near)
{
	struct sst_entity *const *list = parent->children;
	uint32_t n = parent->child_count, up, down;

	up = *near < n ? *near : 0;
	down = up;
	while (up < n || down > 0) {
		if (up < n && view_is_child(list[up], key)) {
			*near = up;
			return list[up];
		}
		if (down > 0 && view_is_child(list[down - 1], key)) {
			*near = down - 1;
			return list[down - 1];
		}
		up += up < n;
		down -= down > 0;
	}
	return NULL;
}

static const struct sst_shape *
view_shape(const struct sst_snapshot *s, enum sst_section_id id)
{
	const char *name = sst_section_name(id);
	const struct sst_member *m =
	    sst_shape_find(s->shape, name, strlen(name));

	return m == NULL ? NULL : m->shape;
}

/* The entity of that key, its parent when it is a child, and the child. */
struct view_found {
	const struct sst_entity *entity; /* NULL: there is none */
	struct view_key key;
};

static struct view_found
view_find(const struct watch_projection *p, const struct sst_snapshot *s,
    enum sst_section_id id)
{
	const struct sst_section *section =
	    id == SST_SECTION_SOURCES ? s->sources : s->sections[id];
	const struct sst_shape *shape = view_shape(s, id);
	struct view_found found = {0};

	if (section != NULL && shape != NULL &&
	    view_split(p, shape, &found.key))
		found.entity = sst_section_find(
		    section, found.key.entity, found.key.entity_len);
	return found;
}

/* A row counts only when it feeds a section that is looked at. */
static struct view_found
view_find_row(const struct watch_projection *p, const struct sst_snapshot *s)
{
	struct view_found found = view_find(p, s, SST_SECTION_SOURCES);

	if (found.entity == NULL ||
	    (p->sections & 1u << view_fed(found.entity)) == 0)
		found.entity = NULL;
	return found;
}

static bool
view_same(const struct sst_entity *a, const struct sst_entity *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a == b || sst_hash_equal(a->hash, b->hash);
}

static bool
view_found_same(
    const struct view_found *a, const struct view_found *b, uint32_t *near)
{
	const struct sst_entity *x = NULL, *y = NULL;

	if (view_same(a->entity, b->entity))
		return true;
	if (a->key.child == NULL && b->key.child == NULL)
		return false;
	if (a->entity != NULL)
		x = view_child(a->entity, &a->key, near);
	if (b->entity != NULL)
		y = view_child(b->entity, &b->key, near);
	return view_same(x, y);
}

bool
watch__differs(const struct watch_projection *projection,
    const struct watch_view *from, const struct watch_view *to,
    uint32_t *near_out)
{
	uint32_t unused = 0, *near = near_out == NULL ? &unused : near_out;
	struct view_found a, b;
	unsigned id;

	for (id = 0; id < SST_SECTION_COUNT; id++) {
		if ((projection->sections & 1u << id) == 0 ||
		    sst_hash_equal(from->hash[id], to->hash[id]))
			continue;
		if (projection->path == NULL)
			return true;
		a = view_find(projection, from->snapshot, id);
		b = view_find(projection, to->snapshot, id);
		if (!view_found_same(&a, &b, near))
			return true;
	}
	if (projection->path == NULL ||
	    from->snapshot->sources == to->snapshot->sources)
		return false;
	a = view_find_row(projection, from->snapshot);
	b = view_find_row(projection, to->snapshot);
	return !view_same(a.entity, b.entity);
}

struct sst_entity_ref
watch__find(const struct watch_projection *projection,
    const struct sst_snapshot *snapshot)
{
	struct sst_entity_ref ref = {SST_SECTION_SOURCES, NULL};
	struct view_found found;
	uint32_t near = 0;
	unsigned id;

	for (id = 0; id < SST_SECTION_COUNT; id++) {
		if ((projection->sections & 1u << id) == 0)
			continue;
		found = view_find(projection, snapshot, id);
		if (found.entity == NULL || found.key.inner)
			continue;
		ref.entity = found.key.child == NULL
		    ? found.entity
		    : view_child(found.entity, &found.key, &near);
		if (ref.entity != NULL) {
			ref.section = id;
			return ref;
		}
	}
	ref.entity = view_find_row(projection, snapshot).entity;
	return ref;
}
