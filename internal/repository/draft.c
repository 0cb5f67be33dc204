/*
 * The way of an entity into a harvest. The order of steps matters: an entity
 * is encoded with the date of its predecessor first, because equal bytes mean
 * that nothing changed and that it was validated before.
 */
#include "repository/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "model/encode.h"
#include "repository/draft_priv.h"
#include "repository/harvest.h"
#include "repository/identity.h"

int
sst_draft_new(const struct sst_draft_settings *settings,
    struct sst_draft **out, struct sst_error *err)
{
	struct sst_draft *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return sst_error_nomem(err);
	d->settings = *settings;
	d->how = &settings->contract->sections[settings->section];
	d->next_ms = -1;
	sst_time_format_utc(settings->now.ms, false, d->now);
	*out = d;
	return SST_OK;
}

void
sst_draft_free(struct sst_draft **draft)
{
	struct sst_draft *d = *draft;
	size_t i;

	*draft = NULL;
	if (d == NULL)
		return;
	for (i = 0; i < d->count; i++)
		sst_entity_release(&d->entities[i]);
	free(d->entities);
	sst_buf_fini(&d->json);
	sst_buf_fini(&d->key);
	sst_buf_fini(&d->order);
	draft__children_fini(&d->kids);
	free(d->upstream);
	free(d);
}

long
sst_draft_next(const struct sst_draft *draft)
{
	return draft->next_ms;
}

void
sst_draft_next_in(struct sst_draft *draft, long ms)
{
	if (ms < 0)
		ms = 0;
	if (draft->next_ms < 0 || ms < draft->next_ms)
		draft->next_ms = ms;
}

void
sst_draft_degrade(struct sst_draft *draft, int code, const char *fmt, ...)
{
	char text[SST_ERROR_TEXT];
	va_list ap;

	if (draft->flaw.code != SST_OK)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sst_error_set(&draft->flaw, code, "%s", text);
}

void
sst_draft_reject(
    struct sst_draft *draft, const char *pointer, const char *reason)
{
	if (draft->rejected++ == 0)
		snprintf(draft->first_reject, sizeof(draft->first_reject),
		    "%.200s: %.280s", pointer, reason);
}

size_t
sst_draft_rejected(const struct sst_draft *draft)
{
	return draft->rejected;
}

static const struct sst_entity *
draft_previous_at(const struct sst_draft *d, size_t i)
{
	const struct sst_harvest *h = d->settings.previous;
	const struct sst_entity *e;

	if (h == NULL || i >= h->count)
		return NULL;
	e = h->entities[i];
	if (e->key_len != d->key.len ||
	    memcmp(sst_entity_key(e), d->key.data, d->key.len) != 0)
		return NULL;
	return e;
}

/* The last good entity with the key in d->key: the next one, most often. */
static struct sst_entity *
draft_previous(struct sst_draft *d)
{
	const struct sst_harvest *h = d->settings.previous;
	size_t low = 0, high = h == NULL ? 0 : h->count, mid;
	struct sst_entity *e;
	int c;

	if (draft_previous_at(d, d->guess) != NULL)
		return h->entities[d->guess++];
	while (low < high) {
		mid = low + (high - low) / 2;
		e = h->entities[mid];
		c = draft__compare_bytes(sst_entity_key(e), e->key_len,
		    d->key.data, d->key.len);
		if (c == 0) {
			d->guess = mid + 1;
			return e;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int
draft_push(struct sst_draft *d, struct sst_entity *e, struct sst_error *err)
{
	struct sst_entity **more;
	size_t cap;

	if (d->count == d->cap) {
		cap = d->cap == 0 ? 64 : d->cap * 2;
		more = realloc(d->entities, cap * sizeof(*more));
		if (more == NULL) {
			sst_entity_release(&e);
			return sst_error_nomem(err);
		}
		d->entities = more;
		d->cap = cap;
	}
	d->entities[d->count++] = e;
	d->total += 1 + e->child_count;
	return SST_OK;
}

static bool
draft_full(struct sst_draft *d, size_t more)
{
	size_t max = d->settings.max_entities;

	if (max == 0 || d->total + more <= max)
		return false;
	sst_draft_degrade(d, SST_LIMIT,
	    "more than %zu entities and tasks or pods: the rest is left out",
	    max);
	return true;
}

static json_t *
draft_stamp_holder(const struct sst_draft *d, json_t *entity)
{
	if (d->how->stamp_name == NULL)
		return NULL;
	if (d->how->stamp_parent == NULL)
		return entity;
	return json_object_get(entity, d->how->stamp_parent);
}

/* Dates an entity whose source does not: as before, for now. */
static bool
draft_stamp(const struct sst_draft *d, json_t *entity,
    const struct sst_entity *previous, struct sst_error *err)
{
	json_t *holder = draft_stamp_holder(d, entity), *given;
	const char *text = d->now;
	size_t len = strlen(d->now);

	if (!json_is_object(holder))
		return false;
	given = json_object_get(holder, d->how->stamp_name);
	if (given != NULL && !json_is_null(given))
		return false;
	if (previous != NULL && previous->stamp != 0)
		text = sst_entity_json(previous) + previous->stamp;
	if (json_object_set_new(holder, d->how->stamp_name,
		json_stringn(text, len)) != 0)
		sst_error_nomem(err);
	return true;
}

static bool
draft_unchanged(const struct sst_draft *d, const struct sst_entity *previous,
    const struct sst_encoding *met)
{
	if (previous == NULL || met->unknown > 0 ||
	    previous->json_len != d->json.len ||
	    memcmp(sst_entity_json(previous), d->json.data, d->json.len) != 0)
		return false;
	return draft__children_same(&d->kids, previous);
}

static bool
draft_valid(struct sst_draft *d, const json_t *entity)
{
	char where[256];

	if (sst_schema_valid(d->how->schema, entity))
		return true;
	draft__where(d, NULL, where, sizeof(where));
	draft__explain(d, d->how->schema, entity, where);
	return false;
}

static int
draft_make(struct sst_draft *d, const struct sst_encoding *met,
    struct sst_error *err)
{
	struct sst_entity_parts parts = {
	    .key = d->key.data,
	    .key_len = d->key.len,
	    .json = d->json.data,
	    .json_len = d->json.len,
	    .hole = met->hole,
	    .stamp = met->stamp,
	    .children = d->kids.entities,
	    .child_count = d->kids.count,
	};
	struct sst_entity *e = NULL;
	int rc = sst_entity_new(&parts, &e, err);

	return rc == SST_OK ? draft_push(d, e, err) : rc;
}

/* With d->key set and the children taken out into d->kids. */
static int
draft_encode(struct sst_draft *d, json_t *entity, struct sst_entity *previous,
    struct sst_error *err)
{
	struct sst_encoding met;
	struct sst_error trouble = {0};
	bool ours = draft_stamp(d, entity, previous, &trouble);

	sst_buf_clear(&d->json);
	sst_encode_object(d->how->shape, entity, &d->json, &met);
	if (sst_buf_failed(&d->json) || trouble.code != SST_OK)
		return sst_error_nomem(err);
	if (draft_unchanged(d, previous, &met))
		return draft_push(d, sst_entity_acquire(previous), err);
	if (ours && met.stamp != 0)
		memcpy(d->json.data + met.stamp, d->now, strlen(d->now));
	if (!draft_valid(d, entity))
		return SST_OK;
	return draft_make(d, &met, err);
}

static int
draft_take(struct sst_draft *d, json_t *entity, struct sst_error *err)
{
	struct sst_entity *previous;
	bool open = d->open;
	int rc;

	d->open = false;
	if (!draft__key(d, d->how->shape, entity, &d->key))
		return sst_buf_failed(&d->key) ? sst_error_nomem(err) : SST_OK;
	if (json_object_set_new(entity, "source",
		json_string(d->settings.source)) != 0 ||
	    draft__clean(d->how->shape, entity) != 0)
		return sst_error_nomem(err);
	if (draft_full(d, 1))
		return sst_error_set(err, SST_LIMIT, "%s", d->flaw.text);
	previous = open ? d->former : draft_previous(d);
	if (!open)
		draft__children_begin(d, previous);
	rc = draft__children_take(d, entity, err);
	if (rc != SST_OK)
		return rc;
	if (draft_full(d, 1 + d->kids.count))
		return sst_error_set(err, SST_LIMIT, "%s", d->flaw.text);
	return draft_encode(d, entity, previous, err);
}

int
sst_draft_open(
    struct sst_draft *draft, const json_t *identity, struct sst_error *err)
{
	struct sst_identity_fault fault; /* told when the entity is added */
	bool sound = sst_identity_key(
	    draft->how->shape, identity, &draft->key, &fault);

	draft->open = false;
	if (sst_buf_failed(&draft->key))
		return sst_error_nomem(err);
	draft->former = sound ? draft_previous(draft) : NULL;
	draft->open = sound;
	draft__children_begin(draft, draft->former);
	return SST_OK;
}

int
sst_draft_add(struct sst_draft *draft, json_t *entity, struct sst_error *err)
{
	int rc = SST_OK;

	if (entity == NULL)
		return sst_error_nomem(err);
	if (json_is_object(entity))
		rc = draft_take(draft, entity, err);
	else
		sst_draft_reject(draft, "", "an entity that is not an object");
	json_decref(entity);
	return rc;
}

int
sst_draft_keep(struct sst_draft *draft, const char *const *parts,
    size_t part_count, struct sst_error *err)
{
	struct sst_entity *previous;
	size_t i;

	sst_buf_clear(&draft->key);
	for (i = 0; i < part_count; i++) {
		if (i > 0)
			sst_buf_addc(&draft->key, SST_KEY_SEPARATOR);
		sst_buf_adds(&draft->key, parts[i]);
	}
	if (sst_buf_failed(&draft->key))
		return sst_error_nomem(err);
	previous = draft_previous(draft);
	if (previous == NULL)
		return sst_error_set(
		    err, SST_NOT_FOUND, "no last good entity of that key");
	if (draft_full(draft, 1 + previous->child_count))
		return sst_error_set(err, SST_LIMIT, "%s", draft->flaw.text);
	return draft_push(draft, sst_entity_acquire(previous), err);
}

/* Of entities with one key the first in order stays. */
static void
draft_drop_twins(struct sst_draft *d)
{
	size_t i, kept = 0;

	for (i = 0; i < d->count; i++) {
		if (kept > 0 &&
		    sst_entity_compare(
			d->entities[kept - 1], d->entities[i]) == 0) {
			draft__twin(d, d->entities[i], NULL);
			sst_entity_release(&d->entities[i]);
			continue;
		}
		d->entities[kept++] = d->entities[i];
	}
	d->count = kept;
}

int
sst_draft_finish(struct sst_draft *draft, struct sst_harvest **out,
    struct sst_error *err)
{
	struct sst_harvest *h = calloc(1, sizeof(*h));
	size_t i;

	if (h == NULL)
		return sst_error_nomem(err);
	sst_ref_init(&h->ref);
	sst_entities_sort(draft->entities, draft->count);
	draft_drop_twins(draft);
	h->entities = draft->entities;
	h->count = draft->count;
	h->rejected = draft->rejected;
	h->flaw = draft->flaw;
	if (h->rejected > 0 && h->flaw.code == SST_OK)
		sst_error_set(&h->flaw, SST_TYPE, "%zu left out, first %s",
		    h->rejected, draft->first_reject);
	for (i = 0; i < h->count; i++)
		h->bytes += h->entities[i]->total_len;
	h->upstream = draft->upstream;
	h->upstream_len = draft->upstream_len;
	draft->upstream = NULL;
	draft->entities = NULL;
	draft->count = draft->cap = 0;
	*out = h;
	return SST_OK;
}
