#include "repository/queues/bullmq_arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_CHUNK = 256 * 1024 };

struct bullmq_chunk {
	struct bullmq_chunk *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

static struct bullmq_chunk *
arena_grow(struct bullmq_arena *arena, size_t bytes)
{
	size_t size = bytes > ARENA_CHUNK ? bytes : ARENA_CHUNK;
	struct bullmq_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (chunk == NULL)
		return NULL;
	chunk->next = arena->chunks;
	chunk->used = 0;
	chunk->size = size;
	arena->chunks = chunk;
	return chunk;
}

void *
bullmq__arena_take(struct bullmq_arena *arena, size_t bytes, bool *full_out)
{
	size_t align = alignof(max_align_t);
	struct bullmq_chunk *chunk = arena->chunks;
	void *out;

	bytes = (bytes + align - 1) / align * align;
	*full_out = arena->max_bytes > 0 &&
		    bytes > arena->max_bytes - arena->used;
	if (*full_out)
		return NULL;
	if (chunk == NULL || chunk->size - chunk->used < bytes)
		chunk = arena_grow(arena, bytes);
	if (chunk == NULL)
		return NULL;
	out = chunk->bytes + chunk->used;
	chunk->used += bytes;
	arena->used += bytes;
	return memset(out, 0, bytes);
}

void
bullmq__arena_clear(struct bullmq_arena *arena)
{
	struct bullmq_chunk *chunk, *kept = NULL;

	while ((chunk = arena->chunks) != NULL) {
		arena->chunks = chunk->next;
		if (kept == NULL && chunk->size == ARENA_CHUNK) {
			kept = chunk;
			kept->next = NULL;
			kept->used = 0;
		} else {
			free(chunk);
		}
	}
	arena->chunks = kept;
	arena->used = 0;
}

void
bullmq__arena_fini(struct bullmq_arena *arena)
{
	bullmq__arena_clear(arena);
	free(arena->chunks);
	memset(arena, 0, sizeof(*arena));
}
