/*
 * When heartbeats and long polls are due: a heap. Heartbeats are put on a grid
 * of seconds, so that an idle hub wakes once a second at most, and spread over
 * the period, so that each time only a few are due.
 */
#include <stdlib.h>

#include "service/watch_priv.h"

enum { GRID_MS = 1000, NS_IN_MS = 1000000 };

int
watch__heap_init(struct watch_heap *heap, size_t most, struct sst_error *err)
{
	heap->count = 0;
	heap->at = calloc(most + 1, sizeof(struct sst_watch *));
	return heap->at == NULL ? sst_error_nomem(err) : SST_OK;
}

void
watch__heap_fini(struct watch_heap *heap)
{
	free(heap->at);
	heap->at = NULL;
}

static bool
heap_before(const struct watch_heap *heap, size_t a, size_t b)
{
	return sst_mono_before(heap->at[a]->due, heap->at[b]->due);
}

static void
heap_set(struct watch_heap *heap, size_t index, struct sst_watch *watch)
{
	heap->at[index] = watch;
	watch->heap_index = (uint32_t)index;
}

static void
heap_swap(struct watch_heap *heap, size_t a, size_t b)
{
	struct sst_watch *watch = heap->at[a];

	heap_set(heap, a, heap->at[b]);
	heap_set(heap, b, watch);
}

static void
heap_up(struct watch_heap *heap, size_t i)
{
	for (; i > 1 && heap_before(heap, i, i / 2); i /= 2)
		heap_swap(heap, i, i / 2);
}

static void
heap_down(struct watch_heap *heap, size_t i)
{
	size_t child;

	for (; (child = 2 * i) <= heap->count; i = child) {
		if (child < heap->count && heap_before(heap, child + 1, child))
			child++;
		if (!heap_before(heap, child, i))
			return;
		heap_swap(heap, i, child);
	}
}

void
watch__heap_put(struct watch_heap *heap, struct sst_watch *watch)
{
	heap_set(heap, ++heap->count, watch);
	heap_up(heap, heap->count);
}

void
watch__heap_remove(struct watch_heap *heap, struct sst_watch *watch)
{
	size_t i = watch->heap_index;

	if (i == 0)
		return;
	watch->heap_index = 0;
	if (i == heap->count--)
		return;
	heap_set(heap, i, heap->at[heap->count + 1]);
	heap_up(heap, i);
	heap_down(heap, i);
}

struct sst_mono
watch__heap_next(const struct watch_heap *heap)
{
	return heap->count == 0 ? SST_MONO_NEVER : heap->at[1]->due;
}

/* In the second half of the first period, on the grid. */
static struct sst_mono
due_heartbeat(struct watch_hub *hub, struct sst_mono now)
{
	int64_t period = hub->settings.heartbeat_ms, half = period / 2;
	int64_t grid = period / 8 < GRID_MS ? period / 8 : GRID_MS;
	struct sst_mono due;

	hub->phase += UINT64_C(0x9e3779b97f4a7c15); /* evenly, in any number */
	due = sst_mono_add_ms(
	    now, half + (int64_t)((hub->phase >> 33) % (uint64_t)(half + 1)));
	if (grid > 0)
		due.ns -= due.ns % (grid * NS_IN_MS);
	return sst_mono_before(now, due) ? due : sst_mono_add_ms(now, period);
}

void
watch__due_first(
    struct watch_hub *hub, struct sst_watch *watch, int64_t wait_ms)
{
	struct sst_mono now = sst_clock_mono(hub->settings.clock);

	if (watch->poll)
		watch->due = sst_mono_add_ms(now, wait_ms);
	else if (hub->settings.heartbeat_ms > 0)
		watch->due = due_heartbeat(hub, now);
	else
		return;
	watch__heap_put(&hub->heap, watch);
}

void
watch__due(
    struct watch_hub *hub, struct sst_mono now, struct sst_watch **wakes)
{
	int64_t period = hub->settings.heartbeat_ms, over;
	struct sst_watch *w;

	while (!sst_mono_before(now, watch__heap_next(&hub->heap))) {
		w = hub->heap.at[1];
		watch__heap_remove(&hub->heap, w);
		w->late = true;
		if (!w->poll) {
			over = sst_mono_diff_ms(now, w->due) % period;
			w->due = sst_mono_add_ms(now, period - over);
			watch__heap_put(&hub->heap, w);
		}
		watch__collect(w, wakes);
	}
}
