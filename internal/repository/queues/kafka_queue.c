#include "repository/queues/kafka_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
lane_clear(struct kafka_lane *lane, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		kafka__record_fini(&lane->records[i]);
	lane->count -= count;
	if (lane->count > 0)
		memmove(lane->records, lane->records + count,
		    lane->count * sizeof(*lane->records));
}

static void
lane_fini(struct kafka_lane *lane)
{
	lane_clear(lane, lane->count);
	free(lane->records);
}

static void
queue_free(struct kafka_queue **queue)
{
	struct kafka_queue *q = *queue;
	size_t i;

	*queue = NULL;
	if (q == NULL)
		return;
	for (i = 0; i < q->lane_count; i++)
		lane_fini(&q->lanes[i]);
	free(q->lanes);
	free(q->topic);
	free(q->group);
	free(q->name);
	free(q);
}

void
kafka__store_fini(struct kafka_store *store)
{
	size_t i;

	for (i = 0; i < store->count; i++)
		queue_free(&store->queues[i]);
	free(store->queues);
	memset(store, 0, sizeof(*store));
}

static void
lane_forget(struct kafka_lane *lane)
{
	lane->committed = QUEUE_UNKNOWN;
	lane->low = lane->high = QUEUE_UNKNOWN;
	lane->error = 0;
}

/* As many lanes as the topic has partitions; they only become more. */
static bool
queue_resize(struct kafka_queue *q, size_t count)
{
	struct kafka_lane *lanes;
	size_t i;

	for (i = count; i < q->lane_count; i++)
		lane_fini(&q->lanes[i]);
	if (count <= q->lane_count) {
		q->lane_count = count;
		return true;
	}
	lanes = realloc(q->lanes, count * sizeof(*lanes));
	if (lanes == NULL)
		return false;
	q->lanes = lanes;
	for (i = q->lane_count; i < count; i++) {
		memset(&lanes[i], 0, sizeof(lanes[i]));
		lanes[i].partition = (int32_t)i;
		lanes[i].from = lanes[i].next = QUEUE_UNKNOWN;
		lane_forget(&lanes[i]);
	}
	q->lane_count = count;
	return true;
}

static struct kafka_queue *
queue_new(const char *topic, const char *group)
{
	struct kafka_queue *q = calloc(1, sizeof(*q));
	size_t size = strlen(topic) + (group != NULL ? strlen(group) : 0) + 2;

	if (q == NULL)
		return NULL;
	q->topic = strdup(topic);
	q->group = group != NULL ? strdup(group) : NULL;
	q->name = malloc(size);
	if (q->topic == NULL || q->name == NULL ||
	    (group != NULL && q->group == NULL)) {
		queue_free(&q);
		return NULL;
	}
	snprintf(q->name, size, "%s%s%s", topic, group != NULL ? "@" : "",
	    group != NULL ? group : "");
	return q;
}

/* No group comes first. */
static int
store_compare(const struct kafka_queue *q, const char *topic, const char *group)
{
	int c = strcmp(q->topic, topic);

	if (c != 0)
		return c;
	if (q->group == NULL || group == NULL)
		return (q->group != NULL) - (group != NULL);
	return strcmp(q->group, group);
}

static bool
store_find(const struct kafka_store *store, const char *topic,
    const char *group, size_t *at)
{
	size_t low = 0, high = store->count, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = store_compare(store->queues[mid], topic, group);
		if (c == 0) {
			*at = mid;
			return true;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*at = low;
	return false;
}

static struct kafka_queue *
store_insert(
    struct kafka_store *store, size_t at, const char *topic, const char *group)
{
	size_t cap = store->cap == 0 ? 64 : store->cap * 2;
	struct kafka_queue **more, *q;

	if (store->count == store->cap) {
		more =
		    realloc(store->queues, cap * sizeof(struct kafka_queue *));
		if (more == NULL)
			return NULL;
		store->queues = more;
		store->cap = cap;
	}
	q = queue_new(topic, group);
	if (q == NULL)
		return NULL;
	memmove(store->queues + at + 1, store->queues + at,
	    (store->count - at) * sizeof(struct kafka_queue *));
	store->queues[at] = q;
	store->count++;
	return q;
}

struct kafka_queue *
kafka__store_queue(struct kafka_store *store, const char *topic,
    const char *group, size_t lanes)
{
	struct kafka_queue *q;
	size_t at, i;

	if (store_find(store, topic, group, &at))
		q = store->queues[at];
	else
		q = store_insert(store, at, topic, group);
	if (q == NULL || !queue_resize(q, lanes))
		return NULL;
	for (i = 0; !q->seen && i < q->lane_count; i++)
		lane_forget(&q->lanes[i]);
	q->seen = true;
	return q;
}

size_t
kafka__store_first(const struct kafka_store *store, const char *topic)
{
	size_t at;

	store_find(store, topic, NULL, &at);
	return at;
}

bool
kafka__store_reads(const struct kafka_store *store, const char *topic)
{
	size_t i;

	for (i = kafka__store_first(store, topic);
	     i < store->count && strcmp(store->queues[i]->topic, topic) == 0;
	     i++) {
		if (store->queues[i]->seen && store->queues[i]->group != NULL)
			return true;
	}
	return false;
}

void
kafka__store_begin(struct kafka_store *store)
{
	size_t i;

	for (i = 0; i < store->count; i++)
		store->queues[i]->seen = false;
}

void
kafka__store_sweep(struct kafka_store *store)
{
	size_t i, kept = 0;

	for (i = 0; i < store->count; i++) {
		if (store->queues[i]->seen)
			store->queues[kept++] = store->queues[i];
		else
			queue_free(&store->queues[i]);
	}
	store->count = kept;
}

static void
lane_restart(struct kafka_lane *lane, int64_t from)
{
	lane_clear(lane, lane->count);
	lane->from = lane->next = from;
	lane->misses = 0;
}

void
kafka__lane_ends(struct kafka_lane *lane, int64_t low, int64_t high)
{
	bool known = low >= 0 && high >= low;

	lane->low = known ? low : QUEUE_UNKNOWN;
	lane->high = known ? high : QUEUE_UNKNOWN;
	if (!known)
		return;
	if (low < lane->last_low || high < lane->last_high)
		lane_restart(lane, QUEUE_UNKNOWN);
	lane->last_low = low;
	lane->last_high = high;
}

/* The first offset that is unread and kept; -1: unknown. */
static int64_t
lane_head(const struct kafka_queue *queue, const struct kafka_lane *lane)
{
	if (lane->low < 0 || lane->high < 0)
		return QUEUE_UNKNOWN;
	if ((queue->group == NULL && queue->kind == KAFKA_DEAD) ||
	    lane->low == lane->high)
		return lane->low;
	if (lane->committed < 0)
		return QUEUE_UNKNOWN;
	return lane->committed > lane->low ? lane->committed : lane->low;
}

int64_t
kafka__lane_lag(const struct kafka_queue *queue, const struct kafka_lane *lane,
    int64_t *lost_out)
{
	int64_t head = lane_head(queue, lane);

	*lost_out = 0;
	if (head < 0)
		return QUEUE_UNKNOWN;
	if (queue->group != NULL && lane->committed >= 0 &&
	    lane->committed < lane->low)
		*lost_out = lane->low - lane->committed;
	if (head >= lane->high)
		return 0;
	/* the rest up to the end was fetched: offsets that hold no message
	 * (ends of transactions, compaction) do not count */
	if (lane->from == head && lane->next >= lane->high)
		return (int64_t)lane->count;
	return lane->high - head;
}

int64_t
kafka__queue_lag(const struct kafka_queue *queue, int64_t *lost_out)
{
	int64_t lag = 0, lost = 0, part, part_lost;
	bool known = true;
	size_t i;

	for (i = 0; i < queue->lane_count; i++) {
		part = kafka__lane_lag(queue, &queue->lanes[i], &part_lost);
		known = known && part >= 0;
		lag += part;
		lost += part_lost;
	}
	*lost_out = lost;
	return known ? lag : QUEUE_UNKNOWN;
}

static size_t
lane_rows(const struct kafka_queue *queue, const struct kafka_lane *lane)
{
	int64_t lost, lag = kafka__lane_lag(queue, lane, &lost);

	return lag > 0 ? (size_t)lag : 0;
}

void
kafka__queue_share(struct kafka_queue *queue, size_t rows)
{
	size_t i, have, each, busy = 0;

	for (i = 0; i < queue->lane_count; i++) {
		queue->lanes[i].show = 0;
		busy += lane_rows(queue, &queue->lanes[i]) > 0;
	}
	each = busy > 0 ? rows / busy : 0;
	for (i = 0; i < queue->lane_count; i++) {
		have = lane_rows(queue, &queue->lanes[i]);
		queue->lanes[i].show = have < each ? have : each;
		rows -= queue->lanes[i].show;
	}
	for (i = 0; i < queue->lane_count && rows > 0; i++) {
		have =
		    lane_rows(queue, &queue->lanes[i]) - queue->lanes[i].show;
		have = have < rows ? have : rows;
		queue->lanes[i].show += have;
		rows -= have;
	}
}

bool
kafka__lane_window(const struct kafka_queue *queue, struct kafka_lane *lane,
    size_t want, int64_t *from_out, size_t *more_out)
{
	int64_t head = lane_head(queue, lane);
	size_t gone = 0;

	if (head < 0)
		return false;
	/* a group may be set back */
	if (head < lane->from || head > lane->next)
		lane_restart(lane, head);
	while (gone < lane->count && lane->records[gone].offset < head)
		gone++;
	lane_clear(lane, gone);
	lane->from = head;
	if (lane->count >= want || lane->next >= lane->high)
		return false;
	if (lane->misses >= KAFKA_MISSES &&
	    ++lane->misses % KAFKA_MISSES_AGAIN != 0)
		return false;
	*from_out = lane->next;
	*more_out = want - lane->count;
	return true;
}

bool
kafka__lane_add(struct kafka_lane *lane, struct kafka_record *record)
{
	size_t cap = lane->cap == 0 ? 1 : lane->cap * 2;
	struct kafka_record *more;

	if (lane->count == lane->cap) {
		more = realloc(lane->records, cap * sizeof(*more));
		if (more == NULL)
			return false;
		lane->records = more;
		lane->cap = cap;
	}
	lane->records[lane->count++] = *record;
	lane->next = record->offset + 1;
	lane->misses = 0;
	memset(record, 0, sizeof(*record));
	return true;
}

bool
kafka__queue_oldest(const struct kafka_queue *queue, int64_t *ms_out)
{
	const struct kafka_lane *lane;
	int64_t oldest = 0, lag, lost;
	bool any = false;
	size_t i;

	for (i = 0; i < queue->lane_count; i++) {
		lane = &queue->lanes[i];
		lag = kafka__lane_lag(queue, lane, &lost);
		if (lag == 0)
			continue;
		if (lag < 0 || lane->count == 0 || lane->records[0].at_ms < 0)
			return false;
		if (!any || lane->records[0].at_ms < oldest)
			oldest = lane->records[0].at_ms;
		any = true;
	}
	*ms_out = oldest;
	return any;
}
