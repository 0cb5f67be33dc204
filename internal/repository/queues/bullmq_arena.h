/*
 * Memory of one collection, given back as a whole. Belongs to one thread.
 */
#ifndef SST_REPOSITORY_QUEUES_BULLMQ_ARENA_H
#define SST_REPOSITORY_QUEUES_BULLMQ_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct bullmq_chunk;

struct bullmq_arena {
	struct bullmq_chunk *chunks;
	size_t used;      /* bytes given out */
	size_t max_bytes; /* 0: not bounded */
};

/* NULL when memory ran out or the bound is reached (full_out then true).
 * Aligned for any type; zeroed. */
void *bullmq__arena_take(
    struct bullmq_arena *arena, size_t bytes, bool *full_out);
/* All of it becomes invalid; one chunk stays for the next use. */
void bullmq__arena_clear(struct bullmq_arena *arena);
void bullmq__arena_fini(struct bullmq_arena *arena);

#endif
