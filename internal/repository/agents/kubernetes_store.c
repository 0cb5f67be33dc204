/* The agents that one reflector has brought. */
#include <stdlib.h>
#include <string.h>

#include "repository/agents/kubernetes_priv.h"

/* Where that key is, or would stand. */
static size_t
store_find(const struct agentkube_store *s,
    const struct agentkube_record *record, bool *found)
{
	size_t low = 0, high = s->count, mid;
	int c;

	*found = false;
	while (low < high) {
		mid = low + (high - low) / 2;
		c = agentkube__record_compare(s->rows[mid], record);
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
store_remove(struct agentkube_store *s, size_t at)
{
	size_t rest = s->count - at - 1;

	agentkube__record_release(&s->rows[at]);
	memmove(&s->rows[at], &s->rows[at + 1],
	    rest * sizeof(struct agentkube_record *));
	memmove(&s->lists[at], &s->lists[at + 1], rest * sizeof(*s->lists));
	s->count--;
}

static bool
store_room(struct agentkube_store *s)
{
	struct agentkube_record **rows;
	size_t cap = s->cap == 0 ? 16 : s->cap * 2;
	uint64_t *lists;

	if (s->count < s->cap)
		return true;
	rows = realloc(s->rows, cap * sizeof(struct agentkube_record *));
	if (rows == NULL)
		return false;
	s->rows = rows;
	lists = realloc(s->lists, cap * sizeof(*lists));
	if (lists == NULL)
		return false;
	s->lists = lists;
	s->cap = cap;
	return true;
}

static int
store_insert(struct agentkube_store *s, size_t at,
    struct agentkube_record *record, struct sst_error *err)
{
	size_t rest = s->count - at;

	if (!store_room(s)) {
		agentkube__record_release(&record);
		return sst_error_nomem(err);
	}
	memmove(&s->rows[at + 1], &s->rows[at],
	    rest * sizeof(struct agentkube_record *));
	memmove(&s->lists[at + 1], &s->lists[at], rest * sizeof(*s->lists));
	s->rows[at] = record;
	s->lists[at] = s->list;
	s->count++;
	return SST_OK;
}

int
agentkube__store_put(struct agentkube_store *s, struct agentkube_record *record,
    bool *changed, struct sst_error *err)
{
	bool found;
	size_t at = store_find(s, record, &found);
	int code;

	if (record->name == NULL) {
		*changed = found;
		if (found)
			store_remove(s, at);
		agentkube__record_release(&record);
		return SST_OK;
	}
	if (!found) {
		code = store_insert(s, at, record, err);
		*changed = code == SST_OK;
		return code;
	}
	*changed = !agentkube__record_same(s->rows[at], record);
	agentkube__record_release(&s->rows[at]);
	s->rows[at] = record;
	s->lists[at] = s->list;
	return SST_OK;
}

bool
agentkube__store_drop(
    struct agentkube_store *s, const struct agentkube_record *record)
{
	bool found;
	size_t at = store_find(s, record, &found);

	if (found)
		store_remove(s, at);
	return found;
}

bool
agentkube__store_sweep(struct agentkube_store *s)
{
	size_t i, kept = 0, before = s->count;

	for (i = 0; i < s->count; i++) {
		if (s->lists[i] != s->list) {
			agentkube__record_release(&s->rows[i]);
			continue;
		}
		s->rows[kept] = s->rows[i];
		s->lists[kept++] = s->lists[i];
	}
	s->count = kept;
	return kept != before;
}

void
agentkube__store_clear(struct agentkube_store *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		agentkube__record_release(&s->rows[i]);
	free(s->rows);
	free(s->lists);
	s->rows = NULL;
	s->lists = NULL;
	s->count = s->cap = 0;
}
