/*
 * Which tasks wait for others: ids that producers put into a header. NATS knows
 * nothing of it, so what is not in any queue may be done as well as not yet
 * submitted; only what is there is waited for.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_priv.h"

enum {
	BLOCKS_MIN = 256,
	/* tasks that are looked at to find that one waits for itself */
	BLOCKS_WALK = 256
};

struct block_cell {
	uint64_t key;
	bool used;
	struct nats_seen_task task;
};

struct nats_blocks {
	struct block_cell *cells;
	size_t cap, count; /* cap: a power of two */
};

int
nats__blocks_new(struct nats_blocks **out, struct sst_error *err)
{
	struct nats_blocks *blocks = calloc(1, sizeof(*blocks));

	if (blocks != NULL) {
		blocks->cap = BLOCKS_MIN;
		blocks->cells = calloc(blocks->cap, sizeof(*blocks->cells));
	}
	if (blocks == NULL || blocks->cells == NULL) {
		free(blocks);
		return sst_error_nomem(err);
	}
	*out = blocks;
	return SST_OK;
}

void
nats__blocks_free(struct nats_blocks **blocks)
{
	if (*blocks == NULL)
		return;
	free((*blocks)->cells);
	free(*blocks);
	*blocks = NULL;
}

static struct block_cell *
blocks_cell(struct block_cell *cells, size_t cap, uint64_t key)
{
	size_t i = (size_t)key & (cap - 1);

	while (cells[i].used && cells[i].key != key)
		i = (i + 1) & (cap - 1);
	return &cells[i];
}

static bool
blocks_grow(struct nats_blocks *blocks)
{
	size_t i, cap = blocks->cap * 2;
	struct block_cell *wide = calloc(cap, sizeof(*wide));

	if (wide == NULL)
		return false;
	for (i = 0; i < blocks->cap; i++) {
		if (blocks->cells[i].used)
			*blocks_cell(wide, cap, blocks->cells[i].key) =
			    blocks->cells[i];
	}
	free(blocks->cells);
	blocks->cells = wide;
	blocks->cap = cap;
	return true;
}

static uint64_t
blocks_key(const char *id, size_t len)
{
	return sst_hash_bytes(id, len).low;
}

int
nats__blocks_add(struct nats_blocks *blocks, const char *id,
    const struct nats_seen_task *task, struct sst_error *err)
{
	struct block_cell *cell;
	uint64_t key = blocks_key(id, strlen(id));

	if (blocks->count * 2 >= blocks->cap && !blocks_grow(blocks))
		return sst_error_nomem(err);
	cell = blocks_cell(blocks->cells, blocks->cap, key);
	if (cell->used)
		return SST_OK;
	cell->used = true;
	cell->key = key;
	cell->task = *task;
	blocks->count++;
	return SST_OK;
}

static const struct nats_seen_task *
blocks_of(const struct nats_blocks *blocks, uint64_t key)
{
	const struct block_cell *cell =
	    blocks_cell(blocks->cells, blocks->cap, key);

	return cell->used ? &cell->task : NULL;
}

/* The next id of a list; its length, 0 at the end. *p moves past it. */
static size_t
list_next(const char **p, const char **id)
{
	size_t len;

	*id = *p + strspn(*p, ", \t");
	len = strcspn(*id, ",");
	*p = *id + len;
	while (len > 0 && ((*id)[len - 1] == ' ' || (*id)[len - 1] == '\t'))
		len--;
	return len;
}

/* Ids still to be looked at. */
struct block_walk {
	uint64_t keys[BLOCKS_WALK];
	size_t count;
};

static void
walk_add(struct block_walk *walk, const char *list)
{
	const char *id;
	uint64_t key;
	size_t len, i;

	while (list != NULL && (len = list_next(&list, &id)) > 0) {
		key = blocks_key(id, len);
		for (i = 0; i < walk->count && walk->keys[i] != key; i++)
			;
		if (i == walk->count && walk->count < BLOCKS_WALK)
			walk->keys[walk->count++] = key;
	}
}

/* Whether what the list names waits for the task itself, or for one that was
 * given up. */
static bool
blocks_never(const struct nats_blocks *blocks, uint64_t self, const char *list)
{
	struct block_walk walk = {.count = 0};
	const struct nats_seen_task *task;
	size_t i;

	walk_add(&walk, list);
	for (i = 0; i < walk.count; i++) {
		if (walk.keys[i] == self)
			return true;
		task = blocks_of(blocks, walk.keys[i]);
		if (task == NULL)
			continue;
		if (task->status == QUEUE_DEAD)
			return true;
		walk_add(&walk, task->blockers);
	}
	return false;
}

void
nats__blocks_settle(struct nats_blocks *blocks)
{
	struct nats_seen_task *task;
	const char *list, *id;
	size_t i, len;

	for (i = 0; i < blocks->cap; i++) {
		task = &blocks->cells[i].task;
		list = blocks->cells[i].used ? task->blockers : NULL;
		while (list != NULL && task->status == QUEUE_QUEUED &&
		       (len = list_next(&list, &id)) > 0) {
			if (blocks_of(blocks, blocks_key(id, len)) != NULL)
				task->status = QUEUE_BLOCKED;
		}
	}
}

static bool
found_twice(const struct nats_blocked *out, const char *id, size_t len)
{
	size_t i;

	for (i = 0; i < out->count; i++) {
		if (out->items[i].id.len == len &&
		    memcmp(out->items[i].id.data, id, len) == 0)
			return true;
	}
	return false;
}

void
nats__blocks_find(const struct nats_blocks *blocks, const char *id,
    const char *list, struct nats_blocked *out)
{
	const char *p = list, *item;
	const struct nats_seen_task *task;
	size_t len;

	out->count = 0;
	out->waits = false;
	while (out->count < NATS_BLOCKERS_MAX &&
	       (len = list_next(&p, &item)) > 0) {
		if (len > NATS_NAME || found_twice(out, item, len))
			continue;
		task = blocks_of(blocks, blocks_key(item, len));
		out->items[out->count++] = (struct queue_blocker){
		    .id = {item, len},
		    .queue = task != NULL ? task->queue : QUEUE_TEXT_NONE,
		    .status = task != NULL ? task->status
					   : QUEUE_STATUS_UNKNOWN,
		};
		out->waits = out->waits || task != NULL;
	}
	out->forever =
	    blocks_never(blocks, blocks_key(id, strlen(id)), list);
}
