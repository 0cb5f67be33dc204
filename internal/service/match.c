/*
 * Both lists are sorted, so one pass tells most: what stands in the same place
 * on both sides is the same or changed, the rest came, left, or was sorted
 * elsewhere. Only of the rest are keys looked up.
 */
#include "service/match.h"

#include <stdlib.h>
#include <string.h>

struct matcher {
	const struct sst_match_list *from;
	const struct sst_match_list *to;
	struct sst_matches found;
	size_t cap;
	size_t removed;
	size_t added;
};

static bool
match_push(struct matcher *m, uint32_t from, uint32_t to)
{
	struct sst_match *more;
	size_t cap;

	if (m->found.count == m->cap) {
		cap = m->cap == 0 ? 32 : m->cap * 2;
		more = realloc(m->found.rows, cap * sizeof(*more));
		if (more == NULL)
			return false;
		m->found.rows = more;
		m->cap = cap;
	}
	m->found.rows[m->found.count++] = (struct sst_match){from, to, false};
	m->removed += to == SST_MATCH_NONE;
	m->added += from == SST_MATCH_NONE;
	return true;
}

/* Rest of one list: all of it came, or left. */
static bool
match_rest(struct matcher *m, size_t i, size_t j)
{
	for (; i < m->from->count; i++) {
		if (!match_push(m, (uint32_t)i, SST_MATCH_NONE))
			return false;
	}
	for (; j < m->to->count; j++) {
		if (!match_push(m, SST_MATCH_NONE, (uint32_t)j))
			return false;
	}
	return true;
}

static bool
match_merge(struct matcher *m)
{
	const struct sst_entity *a, *b;
	size_t i = 0, j = 0;
	bool ok = true;
	int c;

	while (ok && i < m->from->count && j < m->to->count) {
		a = m->from->entities[i];
		b = m->to->entities[j];
		if (a == b || sst_hash_equal(a->hash, b->hash)) {
			i++;
			j++;
			continue;
		}
		c = sst_entity_compare(a, b);
		if (c < 0)
			ok = match_push(m, (uint32_t)i++, SST_MATCH_NONE);
		else if (c > 0)
			ok = match_push(m, SST_MATCH_NONE, (uint32_t)j++);
		else
			ok = match_push(m, (uint32_t)i++, (uint32_t)j++);
	}
	return ok && match_rest(m, i, j);
}

/* A removed row, to be found by key. */
struct match_key {
	const struct sst_entity *entity;
	size_t row;
};

static int
match_key_compare(const void *a, const void *b)
{
	const struct match_key *x = a, *y = b;
	uint32_t xl = x->entity->key_len, yl = y->entity->key_len;

	/* any order will do */
	if (xl != yl)
		return xl < yl ? -1 : 1;
	return memcmp(sst_entity_key(x->entity), sst_entity_key(y->entity), xl);
}

/* Turns removed and added of one key into one row, where it is now. */
static void
match_pair(struct matcher *m, struct match_key *keys, size_t count)
{
	struct match_key want = {NULL, 0};
	struct sst_match *row, *gone;
	struct match_key *hit;
	size_t i;

	for (i = 0; i < m->found.count; i++) {
		row = &m->found.rows[i];
		if (row->from != SST_MATCH_NONE || row->to == SST_MATCH_NONE)
			continue;
		want.entity = m->to->entities[row->to];
		hit = bsearch(
		    &want, keys, count, sizeof(*keys), match_key_compare);
		if (hit == NULL)
			continue;
		gone = &m->found.rows[hit->row];
		if (gone->from == SST_MATCH_NONE)
			continue; /* taken: not a list of unique keys */
		row->from = gone->from;
		row->reordered = true;
		gone->from = SST_MATCH_NONE;
	}
}

/* Drops rows that name neither. */
static void
match_compact(struct sst_matches *found)
{
	size_t i, kept = 0;

	for (i = 0; i < found->count; i++) {
		if (found->rows[i].from != SST_MATCH_NONE ||
		    found->rows[i].to != SST_MATCH_NONE)
			found->rows[kept++] = found->rows[i];
	}
	found->count = kept;
}

static bool
match_reordered(struct matcher *m)
{
	struct match_key *keys;
	size_t i, n = 0;

	if (m->removed == 0 || m->added == 0)
		return true;
	keys = malloc(m->removed * sizeof(*keys));
	if (keys == NULL)
		return false;
	for (i = 0; i < m->found.count; i++) {
		if (m->found.rows[i].to == SST_MATCH_NONE)
			keys[n++] = (struct match_key){
			    m->from->entities[m->found.rows[i].from], i};
	}
	qsort(keys, n, sizeof(*keys), match_key_compare);
	match_pair(m, keys, n);
	free(keys);
	match_compact(&m->found);
	return true;
}

int
sst_match_entities(const struct sst_match_list *from,
    const struct sst_match_list *to, struct sst_matches *out,
    struct sst_error *err)
{
	struct matcher m = {.from = from, .to = to};

	if (!match_merge(&m) || !match_reordered(&m)) {
		free(m.found.rows);
		return sst_error_nomem(err);
	}
	*out = m.found;
	return SST_OK;
}

void
sst_matches_fini(struct sst_matches *matches)
{
	free(matches->rows);
	memset(matches, 0, sizeof(*matches));
}
