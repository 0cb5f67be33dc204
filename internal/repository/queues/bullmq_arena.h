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
	size_t used;      /* bytes of copies */
	size_t max_bytes; /* of copies */
};

/* NULL when memory ran out. Aligned for any type; zeroed; not bounded. */
void *bullmq__arena_take(struct bullmq_arena *arena, size_t bytes);
/* A copy with a NUL behind it. NULL when memory ran out or the bound would be
 * passed (full_out then true). */
char *bullmq__arena_copy(struct bullmq_arena *arena, const char *bytes,
    size_t len, bool *full_out);
/* All of it becomes invalid; one chunk stays for the next use. */
void bullmq__arena_clear(struct bullmq_arena *arena);
void bullmq__arena_fini(struct bullmq_arena *arena);

#endif
