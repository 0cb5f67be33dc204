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

static void *
arena_cut(struct bullmq_arena *arena, size_t bytes, size_t align)
{
	struct bullmq_chunk *chunk = arena->chunks;
	size_t at = 0;

	if (chunk != NULL)
		at = (chunk->used + align - 1) / align * align;
	if (chunk == NULL || at > chunk->size || chunk->size - at < bytes) {
		chunk = arena_grow(arena, bytes);
		at = 0;
	}
	if (chunk == NULL)
		return NULL;
	chunk->used = at + bytes;
	return chunk->bytes + at;
}

void *
bullmq__arena_take(struct bullmq_arena *arena, size_t bytes)
{
	void *out = arena_cut(arena, bytes, alignof(max_align_t));

	return out == NULL ? NULL : memset(out, 0, bytes);
}

char *
bullmq__arena_copy(struct bullmq_arena *arena, const char *bytes, size_t len,
    bool *full_out)
{
	char *out;

	*full_out = len >= arena->max_bytes - arena->used;
	if (*full_out)
		return NULL;
	out = arena_cut(arena, len + 1, 1);
	if (out == NULL)
		return NULL;
	if (len > 0)
		memcpy(out, bytes, len);
	out[len] = '\0';
	arena->used += len + 1;
	return out;
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
