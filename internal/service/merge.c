#include "service/merge.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "model/encode.h"

struct sst_merge_known {
	struct sst_hash from; /* of the slices, in order */
	struct sst_entity *entity;
};

/* One merge: the trees of the slices, and which of them tells the activity. */
struct merge_work {
	const struct sst_merge_round *round;
	const struct sst_merge_slice *slices;
	json_t **trees;
	size_t count;
	size_t active;
};

void
sst_merge_memory_fini(struct sst_merge_memory *memory)
{
	size_t i;

	for (i = 0; i < memory->count; i++)
		sst_entity_release(&memory->rows[i].entity);
	free(memory->rows);
	memset(memory, 0, sizeof(*memory));
}

void
sst_merge_begin(struct sst_merge_round *round,
    const struct sst_contract *contract, const struct sst_section *previous,
    const struct sst_merge_memory *known)
{
	*round = (struct sst_merge_round){
	    .contract = contract, .previous = previous, .known = known};
}

static int
merge_known_compare(const void *a, const void *b)
{
	const struct sst_merge_known *x = a, *y = b;

	if (x->from.high != y->from.high)
		return x->from.high < y->from.high ? -1 : 1;
	if (x->from.low != y->from.low)
		return x->from.low < y->from.low ? -1 : 1;
	return 0;
}

void
sst_merge_end(struct sst_merge_round *round, struct sst_merge_memory *memory)
{
	if (memory == NULL) {
		sst_merge_memory_fini(&round->next);
		return;
	}
	if (round->next.count > 0)
		qsort(round->next.rows, round->next.count,
		    sizeof(*round->next.rows), merge_known_compare);
	sst_merge_memory_fini(memory);
	*memory = round->next;
	memset(&round->next, 0, sizeof(round->next));
}

/* Without memory for it nothing is lost but time in the next round. */
static void
merge_remember(
    struct sst_merge_memory *m, struct sst_hash from, struct sst_entity *entity)
{
	struct sst_merge_known *more;
	size_t cap = m->cap == 0 ? 64 : m->cap * 2;

	if (m->count == m->cap) {
		more = realloc(m->rows, cap * sizeof(*more));
		if (more == NULL)
			return;
		m->rows = more;
		m->cap = cap;
	}
	m->rows[m->count++] = (struct sst_merge_known){
	    .from = from, .entity = sst_entity_acquire(entity)};
}

static struct sst_hash
merge_from(const struct sst_merge_slice *slices, size_t count)
{
	struct sst_hash hash = {0};
	struct sst_hash one;
	size_t i;

	for (i = 0; i < count; i++) {
		one = slices[i].entity->hash;
		one.low ^= slices[i].fresh;
		hash = sst_hash_mix(hash, one);
		hash = sst_hash_mix(hash,
		    sst_hash_bytes(slices[i].source, strlen(slices[i].source)));
	}
	return hash;
}

static struct sst_entity *
merge_known(const struct sst_merge_memory *memory, struct sst_hash from)
{
	const struct sst_merge_known key = {.from = from}, *found;

	if (memory == NULL || memory->count == 0)
		return NULL;
	found = bsearch(&key, memory->rows, memory->count,
	    sizeof(*memory->rows), merge_known_compare);
	return found == NULL ? NULL : found->entity;
}

/* Whether the slice says something there. */
static bool
merge_tells(const json_t *value)
{
	if (value == NULL || json_is_null(value))
		return false;
	if (json_is_string(value))
		return json_string_length(value) > 0;
	return !json_is_array(value) || json_array_size(value) > 0;
}

static const json_t *
merge_activity(const struct merge_work *w, size_t i)
{
	return json_object_get(w->trees[i], "activity");
}

/* Dates of one form compare as texts. */
static const char *
merge_changed(const struct merge_work *w, size_t i)
{
	const char *at = json_string_value(
	    json_object_get(merge_activity(w, i), "updated_at"));

	return at == NULL ? "" : at;
}

static bool
merge_knows_tasks(const struct merge_work *w, size_t i)
{
	return json_is_array(
	    json_object_get(merge_activity(w, i), "active_task_ids"));
}

/* Whether what slice i says of the activity counts more than slice j. */
static bool
merge_is_better(const struct merge_work *w, size_t i, size_t j)
{
	if (merge_knows_tasks(w, i) != merge_knows_tasks(w, j))
		return merge_knows_tasks(w, i);
	if (w->slices[i].fresh != w->slices[j].fresh)
		return w->slices[i].fresh;
	return strcmp(merge_changed(w, i), merge_changed(w, j)) > 0;
}

static bool
merge_knows_status(const struct merge_work *w, size_t i)
{
	const char *status =
	    json_string_value(json_object_get(w->trees[i], "status"));

	return status != NULL && strcmp(status, "unknown") != 0;
}

static size_t
merge_status_teller(const struct merge_work *w)
{
	size_t i;

	if (merge_knows_tasks(w, w->active) && merge_knows_status(w, w->active))
		return w->active;
	for (i = 0; i < w->count; i++) {
		if (w->slices[i].fresh && merge_knows_status(w, i))
			return i;
	}
	for (i = 0; i < w->count; i++) {
		if (merge_knows_status(w, i))
			return i;
	}
	return 0;
}

static json_t *
merge_value(const struct merge_work *w, const char *name)
{
	json_t *value, *first = json_object_get(w->trees[0], name);
	size_t i;

	if (strcmp(name, "activity") == 0)
		return json_object_get(w->trees[w->active], name);
	if (strcmp(name, "status") == 0)
		return json_object_get(w->trees[merge_status_teller(w)], name);
	if (strcmp(name, "source") == 0)
		return first;
	for (i = 0; i < w->count; i++) {
		value = json_object_get(w->trees[i], name);
		if (merge_tells(value))
			return value;
		if (first == NULL)
			first = value;
	}
	return first;
}

static json_t *
merge_sources(const struct merge_work *w)
{
	json_t *names = json_array();
	size_t i;

	for (i = 0; names != NULL && i < w->count; i++) {
		if (json_array_append_new(
			names, json_string(w->slices[i].source)) != 0) {
			json_decref(names);
			names = NULL;
		}
	}
	return names;
}

/* The date is the newest one of all slices: one of them changed then. */
static int
merge_date(const struct merge_work *w, json_t *merged)
{
	json_t *activity = json_object_get(merged, "activity"), *own;
	const char *newest = "";
	size_t i;
	int rc;

	for (i = 0; i < w->count; i++) {
		if (strcmp(merge_changed(w, i), newest) > 0)
			newest = merge_changed(w, i);
	}
	own = json_copy(activity);
	rc = json_object_set_new(own, "updated_at", json_string(newest));
	return rc | json_object_set_new(merged, "activity", own);
}

static json_t *
merge_tree(const struct merge_work *w)
{
	const struct sst_shape *shape =
	    w->round->contract->sections[SST_SECTION_AGENTS].shape;
	json_t *merged = json_object(), *value;
	int rc = merged == NULL ? -1 : 0;
	size_t i;

	for (i = 0; rc == 0 && i < shape->count; i++) {
		value = merge_value(w, shape->members[i].name);
		if (value != NULL)
			rc = json_object_set(
			    merged, shape->members[i].name, value);
	}
	if (rc == 0)
		rc = json_object_set_new(
		    merged, "merged_from", merge_sources(w));
	if (rc == 0)
		rc = merge_date(w, merged);
	if (rc == 0)
		return merged;
	json_decref(merged);
	return NULL;
}

/* The same but for its date: then it did not change. */
static bool
merge_is_previous(const struct sst_entity *previous,
    const struct sst_buf *bytes, size_t stamp)
{
	const char *old;
	size_t after = stamp + strlen("2026-01-01T00:00:00Z");

	if (previous == NULL || previous->json_len != bytes->len ||
	    previous->stamp != stamp || stamp == 0 || after > bytes->len)
		return false;
	old = sst_entity_json(previous);
	return memcmp(old, bytes->data, stamp) == 0 &&
	       memcmp(old + after, bytes->data + after, bytes->len - after) ==
		   0;
}

static int
merge_make(struct sst_merge_round *round, const struct sst_entity *like,
    const json_t *tree, struct sst_entity **out, struct sst_error *err)
{
	const struct sst_contract_section *how =
	    &round->contract->sections[SST_SECTION_AGENTS];
	struct sst_entity_parts parts = {
	    .key = sst_entity_key(like), .key_len = like->key_len};
	struct sst_buf b = SST_BUF_INIT;
	struct sst_entity *before = NULL;
	struct sst_encoding met;
	int rc = SST_OK;

	if (!sst_schema_valid(how->schema, tree))
		return sst_error_set(err, SST_INTERNAL,
		    "an agent of several sources does not conform");
	sst_encode_object(how->shape, tree, &b, &met);
	if (round->previous != NULL)
		before =
		    sst_section_find(round->previous, parts.key, parts.key_len);
	parts.json = b.data;
	parts.json_len = b.len;
	parts.stamp = met.stamp;
	if (sst_buf_failed(&b))
		rc = sst_error_nomem(err);
	else if (merge_is_previous(before, &b, met.stamp))
		*out = sst_entity_acquire(before);
	else
		rc = sst_entity_new(&parts, out, err);
	sst_buf_fini(&b);
	return rc;
}

static int
merge_parse(struct merge_work *w, struct sst_error *err)
{
	const struct sst_entity *e;
	size_t i;

	for (i = 0; i < w->count; i++) {
		e = w->slices[i].entity;
		w->trees[i] =
		    json_loadb(sst_entity_json(e), e->json_len, 0, NULL);
		if (w->trees[i] == NULL)
			return sst_error_nomem(err);
		if (merge_is_better(w, i, w->active))
			w->active = i;
	}
	return SST_OK;
}

static int
merge_slices(struct sst_merge_round *round,
    const struct sst_merge_slice *slices, size_t count, struct sst_entity **out,
    struct sst_error *err)
{
	struct merge_work w = {
	    .round = round, .slices = slices, .count = count};
	json_t *tree = NULL;
	size_t i;
	int rc;

	w.trees = calloc(count + 1, sizeof(json_t *));
	if (w.trees == NULL)
		return sst_error_nomem(err);
	rc = merge_parse(&w, err);
	if (rc == SST_OK) {
		tree = merge_tree(&w);
		rc = tree == NULL
			 ? sst_error_nomem(err)
			 : merge_make(round, slices[0].entity, tree, out, err);
	}
	json_decref(tree);
	for (i = 0; i < count; i++)
		json_decref(w.trees[i]);
	free(w.trees);
	return rc;
}

int
sst_merge(struct sst_merge_round *round, const struct sst_merge_slice *slices,
    size_t count, struct sst_entity **out, struct sst_error *err)
{
	struct sst_hash from = merge_from(slices, count);
	struct sst_entity *made = merge_known(round->known, from);
	int rc = SST_OK;

	if (made != NULL)
		sst_entity_acquire(made);
	else
		rc = merge_slices(round, slices, count, &made, err);
	if (rc != SST_OK)
		return rc;
	merge_remember(&round->next, from, made);
	*out = made;
	return SST_OK;
}
