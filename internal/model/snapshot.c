#include "model/snapshot.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "model/project.h"
#include "model/snapshot_priv.h"

/* Representations of one part of the document. */
struct cache_part {
	_Atomic(struct sst_body *) body[SST_VIEW_COUNT][2][SST_CODING_COUNT];
};

/*
 * A slot is written once, under `make`, and read without it: whoever holds the
 * snapshot holds every body in it.
 */
struct sst_snapshot_cache {
	struct sst_lock make;
	struct cache_part whole[SST_SECTIONS_ALL + 1];
	struct cache_part section[SST_SECTION_COUNT];
};

/* What a slot holds: the whole document or, when section >= 0, that one. */
struct render {
	struct sst_snapshot *snapshot;
	int section;
	struct sst_projection how;
};

int
sst_snapshot_new(const char *id, const struct sst_shape *shape,
    struct sst_snapshot **out, struct sst_error *err)
{
	struct sst_snapshot *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return sst_error_nomem(err);
	sst_ref_init(&s->ref);
	s->shape = shape;
	s->id = strdup(id);
	memcpy(s->schema_version, SST_SCHEMA_VERSION,
	    sizeof(SST_SCHEMA_VERSION));
	s->cache = calloc(1, sizeof(*s->cache));
	if (s->cache != NULL)
		sst_lock_init(&s->cache->make, SST_LOCK_SNAPSHOT);
	if (s->id == NULL || s->cache == NULL) {
		sst_snapshot_release(&s);
		return sst_error_nomem(err);
	}
	*out = s;
	return SST_OK;
}

int
sst_snapshot_bare(const struct sst_snapshot *snapshot,
    struct sst_snapshot **out, struct sst_error *err)
{
	struct sst_snapshot *s;
	int i, rc = sst_snapshot_new(snapshot->id, snapshot->shape, &s, err);

	if (rc != SST_OK)
		return rc;
	memcpy(s->schema_version, snapshot->schema_version,
	    sizeof(s->schema_version));
	memcpy(s->epoch, snapshot->epoch, sizeof(s->epoch));
	s->revision = snapshot->revision;
	s->captured_at = snapshot->captured_at;
	s->content = snapshot->content;
	s->sources = sst_section_acquire(snapshot->sources);
	memcpy(s->presence, snapshot->presence, sizeof(s->presence));
	for (i = 0; i < SST_SECTION_COUNT; i++) {
		if (snapshot->sections[i] != NULL)
			s->sections[i] =
			    sst_section_acquire(snapshot->sections[i]);
	}
	*out = s;
	return SST_OK;
}

void
sst_snapshot_seal(struct sst_snapshot *s)
{
	struct sst_hash h = s->sources->hash;
	unsigned id;

	h = sst_hash_mix(h, sst_hash_bytes(s->id, strlen(s->id)));
	h = sst_hash_mix(h,
	    sst_hash_bytes(s->schema_version, strlen(s->schema_version)));
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		h = sst_hash_mix(
		    h, (struct sst_hash){(uint64_t)s->presence[id], id});
		if (s->sections[id] != NULL)
			h = sst_hash_mix(h, s->sections[id]->hash);
	}
	s->content = h;
}

struct sst_snapshot *
sst_snapshot_acquire(struct sst_snapshot *snapshot)
{
	sst_ref_acquire(&snapshot->ref);
	return snapshot;
}

static void
cache_part_fini(struct cache_part *part)
{
	struct sst_body *body;
	size_t i;
	_Atomic(struct sst_body *) *slots = &part->body[0][0][0];

	for (i = 0; i < SST_VIEW_COUNT * 2 * SST_CODING_COUNT; i++) {
		body = atomic_load_explicit(&slots[i], memory_order_acquire);
		sst_body_release(&body);
	}
}

static void
cache_free(struct sst_snapshot_cache *cache)
{
	size_t i;

	if (cache == NULL)
		return;
	for (i = 0; i <= SST_SECTIONS_ALL; i++)
		cache_part_fini(&cache->whole[i]);
	for (i = 0; i < SST_SECTION_COUNT; i++)
		cache_part_fini(&cache->section[i]);
	sst_lock_fini(&cache->make);
	free(cache);
}

void
sst_snapshot_release(struct sst_snapshot **snapshot)
{
	struct sst_snapshot *s = *snapshot;
	size_t i;

	*snapshot = NULL;
	if (s == NULL || !sst_ref_release(&s->ref))
		return;
	for (i = 0; i < SST_SECTION_COUNT; i++)
		sst_section_release(&s->sections[i]);
	cache_free(s->cache);
	sst_section_release(&s->sources);
	free(s->id);
	free(s);
}

/* Shape of the items of a section. */
static const struct sst_shape *
render_shape(const struct sst_snapshot *s, enum sst_section_id id)
{
	const char *name = sst_section_name(id);

	return sst_shape_find(s->shape, name, strlen(name))->shape;
}

/* Appends what is encoded in `full`, which is used up, as the view has it. */
static void
render_view(enum sst_view view, const struct sst_shape *shape,
    struct sst_buf *full, struct sst_buf *out)
{
	sst_buf_reserve(out, full->len);
	if (sst_buf_failed(full))
		out->failed = true;
	else if (view == SST_VIEW_BASE)
		sst_project_base(shape, full->data, full->len, out);
	else
		sst_project_keyed(shape, full->data, full->len, out);
	sst_buf_fini(full);
}

static void
render_list(const struct render *r, const struct sst_section *section,
    struct sst_buf *out)
{
	struct sst_buf full = SST_BUF_INIT;

	if (r->how.view == SST_VIEW_FULL) {
		sst_section_encode(section, out);
		return;
	}
	sst_section_encode(section, &full);
	render_view(
	    r->how.view, render_shape(r->snapshot, section->id), &full, out);
}

static void
render_section(
    const struct render *r, enum sst_section_id id, struct sst_buf *out)
{
	const struct sst_section *section = r->snapshot->sections[id];

	if (section != NULL)
		render_list(r, section, out);
	else /* the base view's arrays are never null */
		sst_buf_adds(
		    out, r->how.view == SST_VIEW_BASE ? "[]" : "null");
}

static void
render_head(const struct render *r, struct sst_buf *out)
{
	const struct sst_snapshot *s = r->snapshot;
	char when[25];

	sst_buf_adds(out, "{\"id\":");
	sst_buf_json_string(out, s->id, strlen(s->id));
	if (r->how.view == SST_VIEW_BASE)
		return;
	sst_time_format_utc(s->captured_at.ms, true, when);
	sst_buf_adds(out, ",\"schema_version\":");
	sst_buf_json_string(
	    out, s->schema_version, strlen(s->schema_version));
	sst_buf_adds(out, ",\"epoch\":");
	sst_buf_json_string(out, s->epoch, strlen(s->epoch));
	sst_buf_adds(out, ",\"revision\":");
	sst_buf_json_int(out, (int64_t)s->revision);
	sst_buf_adds(out, ",\"captured_at\":");
	sst_buf_json_string(out, when, strlen(when));
	sst_buf_adds(out, ",\"sources\":");
	render_list(r, s->sources, out);
}

static void
render_whole(const struct render *r, struct sst_buf *out)
{
	unsigned id;

	render_head(r, out);
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		if ((r->how.sections & 1u << id) == 0)
			continue;
		if (r->snapshot->presence[id] == SST_ABSENT &&
		    r->how.view != SST_VIEW_BASE)
			continue;
		sst_buf_adds(out, ",\"");
		sst_buf_adds(out, sst_section_name(id));
		sst_buf_adds(out, "\":");
		render_section(r, id, out);
	}
	sst_buf_addc(out, '}');
}

/* Takes what was built over, indents it when asked to. */
static int
render_finish(struct sst_buf *b, bool pretty, struct sst_body **out,
    struct sst_error *err)
{
	struct sst_buf indented = SST_BUF_INIT;
	size_t len = 0;
	char *bytes;

	if (pretty && !sst_buf_failed(b)) {
		sst_project_pretty(b->data, b->len, &indented);
		sst_buf_fini(b);
		*b = indented;
	}
	bytes = sst_buf_take(b, &len);
	return sst_body_new(bytes, len, out, err);
}

static size_t
render_estimate(const struct render *r)
{
	size_t i, sum = r->snapshot->sources->json_len + 512;

	for (i = 0; i < SST_SECTION_COUNT; i++) {
		if (r->snapshot->sections[i] != NULL)
			sum += r->snapshot->sections[i]->json_len;
	}
	return sum;
}

static int
render_identity(
    const struct render *r, struct sst_body **out, struct sst_error *err)
{
	struct sst_buf b = SST_BUF_INIT;

	if (r->section >= 0) {
		render_section(r, (enum sst_section_id)r->section, &b);
	} else {
		if (r->how.view != SST_VIEW_BASE)
			sst_buf_reserve(&b, render_estimate(r));
		render_whole(r, &b);
	}
	return render_finish(&b, r->how.pretty, out, err);
}

static _Atomic(struct sst_body *) *
render_slot(const struct render *r)
{
	struct sst_snapshot_cache *cache = r->snapshot->cache;
	struct cache_part *part = r->section >= 0
	    ? &cache->section[r->section]
	    : &cache->whole[r->how.sections & SST_SECTIONS_ALL];

	return &part->body[r->how.view][r->how.pretty][r->how.coding];
}

static struct sst_body *
render_cached(const struct render *r)
{
	struct sst_body *body =
	    atomic_load_explicit(render_slot(r), memory_order_acquire);

	return body == NULL ? NULL : sst_body_acquire(body);
}

/* With `make` held: the body in its slot, made when not there yet. */
static int
render_make(const struct render *r, struct sst_body **out,
    struct sst_error *err)
{
	struct render plain = *r;
	struct sst_body *identity = NULL, *body = render_cached(r);
	int rc = SST_OK;

	if (body != NULL) {
		*out = body;
		return SST_OK;
	}
	if (r->how.coding == SST_CODING_IDENTITY) {
		rc = render_identity(r, &body, err);
	} else {
		plain.how.coding = SST_CODING_IDENTITY;
		rc = render_make(&plain, &identity, err);
		if (rc == SST_OK)
			rc = sst_body_compress(
			    identity, r->how.coding, &body, err);
		sst_body_release(&identity);
	}
	if (rc != SST_OK)
		return rc;
	*out = sst_body_acquire(body);
	atomic_store_explicit(render_slot(r), body, memory_order_release);
	return SST_OK;
}

static int
render_get(const struct render *r, struct sst_body **out,
    struct sst_error *err)
{
	struct sst_body *body = render_cached(r);
	int rc;

	if (body != NULL) {
		*out = body;
		return SST_OK;
	}
	sst_lock_acquire(&r->snapshot->cache->make);
	rc = render_make(r, out, err);
	sst_lock_release(&r->snapshot->cache->make);
	return rc;
}

int
sst_snapshot_body(struct sst_snapshot *snapshot,
    const struct sst_projection *projection, struct sst_body **out,
    struct sst_error *err)
{
	struct render r = {snapshot, -1, *projection};

	return render_get(&r, out, err);
}

int
sst_snapshot_section_body(struct sst_snapshot *snapshot,
    enum sst_section_id id, const struct sst_projection *projection,
    struct sst_body **out, struct sst_error *err)
{
	struct render r = {snapshot, (int)id, *projection};

	if (snapshot->presence[id] == SST_ABSENT)
		return sst_error_set(err, SST_NOT_FOUND,
		    "no source of section %s is configured",
		    sst_section_name(id));
	if (snapshot->presence[id] == SST_UNKNOWN)
		return sst_error_set(err, SST_NODATA,
		    "no source of section %s has answered yet",
		    sst_section_name(id));
	return render_get(&r, out, err);
}

int
sst_snapshot_entity_body(struct sst_snapshot *snapshot,
    struct sst_entity_ref ref, const struct sst_projection *projection,
    struct sst_body **out, struct sst_error *err)
{
	struct sst_buf b = SST_BUF_INIT, full = SST_BUF_INIT;
	struct sst_body *identity = NULL;
	int rc;

	sst_entity_encode(ref.entity, &full);
	if (projection->view == SST_VIEW_FULL)
		b = full;
	else
		render_view(projection->view,
		    render_shape(snapshot, ref.section), &full, &b);
	rc = render_finish(&b, projection->pretty, &identity, err);
	if (rc != SST_OK || projection->coding == SST_CODING_IDENTITY) {
		*out = identity;
		return rc;
	}
	rc = sst_body_compress(identity, projection->coding, out, err);
	sst_body_release(&identity);
	return rc;
}
