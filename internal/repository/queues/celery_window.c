/*
 * The head of a list, as it was read, and what has become of it: tasks that
 * were taken leave at its head, and only what is missing at its end is read.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/celery_priv.h"

void
celery__list_drop(struct celery_list *list)
{
	celery__pool_fini(&list->pool);
	list->count = 0;
	list->wasted = 0;
	list->bad = 0;
	list->marked = false;
}

void
celery__list_fini(struct celery_list *list)
{
	celery__list_drop(list);
	free(list->rows);
	list->rows = NULL;
	list->cap = 0;
}

static bool
probe_equal(const struct celery_probe *a, const struct celery_probe *b)
{
	return a->whole && b->whole && a->len == b->len &&
	       sst_hash_equal(a->newest, b->newest) &&
	       sst_hash_equal(a->next, b->next);
}

/* How many of the rows are gone; false when that cannot be told. */
static bool
window_gone(const struct celery_list *list, size_t *gone_out)
{
	const struct celery_probe *now = &list->probe, *then = &list->mark;
	size_t gone = 0;
	int64_t come;

	if (!now->whole)
		return false;
	while (gone < list->count &&
	       !sst_hash_equal(list->rows[gone].hash, now->next))
		gone++;
	if (gone == list->count)
		return false;
	come = now->len - (then->len - (int64_t)gone);
	if (come < 0 ||
	    (come == 0 && !sst_hash_equal(now->newest, then->newest)))
		return false;
	*gone_out = gone;
	return true;
}

static void
window_leave(struct celery_list *list, size_t gone)
{
	size_t i;

	for (i = 0; i < gone; i++)
		list->bad -= list->rows[i].bad_reason != NULL ? 1 : 0;
	list->count -= gone;
	list->wasted += gone;
	if (gone > 0)
		memmove(list->rows, list->rows + gone,
		    list->count * sizeof(*list->rows));
}

bool
celery__window_due(struct celery_list *list, struct sst_mono now)
{
	size_t gone = 0;

	if (list->want == 0) {
		celery__list_drop(list);
		return false;
	}
	if (list->marked && probe_equal(&list->probe, &list->mark))
		return list->want > list->count;
	/* what somebody took out of the middle is seen in time */
	if (!list->marked || list->wasted > list->count ||
	    sst_mono_diff_ms(now, list->whole_at) > CELERY_AGAIN_MS ||
	    !window_gone(list, &gone)) {
		celery__list_drop(list);
		return true;
	}
	window_leave(list, gone);
	list->mark = list->probe;
	return list->want > list->count;
}

static bool
window_room(struct celery_list *list, size_t count)
{
	struct celery_row *more;

	if (count <= list->cap)
		return true;
	more = realloc(list->rows, count * sizeof(*more));
	if (more == NULL)
		return false;
	list->rows = more;
	list->cap = count;
	return true;
}

/* A message that is none stays as a row, so that places are right. */
static int
window_row(struct celery *c, struct celery_list *list,
    const struct sst_redis_item *item, struct celery_row *out)
{
	const char *bytes = item->data != NULL ? item->data : "";
	struct celery_value value = celery__scan(bytes, item->len);
	struct celery_message message;
	struct celery_row row = {.retries = QUEUE_UNKNOWN};
	const char *reason = NULL;
	int code = celery__parse_message(
	    &value, c->set.depends_on, &list->pool, &message, &reason);

	if (code == SST_OK)
		code = celery__row(&message, &list->pool, &row);
	if (code == SST_NOMEM)
		return code;
	row.bad_reason = code == SST_OK ? NULL : reason;
	row.hash = sst_hash_bytes(bytes, item->len);
	*out = row;
	return SST_OK;
}

/* The last row that was known is the last one of the reply, too. */
static bool
window_joins(
    const struct celery_list *list, struct sst_redis_walk walk, size_t values)
{
	struct sst_redis_item item = {0};

	if (list->count == 0)
		return true;
	for (; values > 0; values--) {
		if (!sst_redis_next(&walk, &item))
			return false;
	}
	return item.data != NULL &&
	       sst_hash_equal(sst_hash_bytes(item.data, item.len),
		   list->rows[list->count - 1].hash);
}

int
celery__window_take(struct celery *c, struct celery_list *list,
    struct sst_redis_walk *reply, size_t values, bool *whole_out)
{
	size_t known = list->count, more, bytes = 0, i;
	struct sst_redis_item item;
	int code = SST_OK;

	*whole_out = window_joins(list, *reply, values);
	if (!*whole_out) {
		celery__list_drop(list);
		return SST_OK;
	}
	more = known > 0 && values > 0 ? values - 1 : values;
	if (!window_room(list, known + more + 1))
		return SST_NOMEM;
	/* the one that is next comes last */
	for (i = more; code == SST_OK && i > 0; i--) {
		if (!sst_redis_next(reply, &item))
			return SST_NOMEM; /* cannot be: it is well-formed */
		bytes += item.len;
		code = window_row(c, list, &item, &list->rows[known + i - 1]);
	}
	if (code != SST_OK) {
		celery__list_drop(list);
		return code;
	}
	for (i = known; i < known + more; i++)
		list->bad += list->rows[i].bad_reason != NULL ? 1 : 0;
	list->count = known + more;
	if (more > 0)
		list->typical = bytes / more;
	list->mark = list->probe;
	list->marked = list->probe.whole;
	return SST_OK;
}
