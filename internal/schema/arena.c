#include "schema/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16384, ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	_Alignas(64) char data[];
};

void *
schema__arena_alloc(struct arena *a, size_t size)
{
	struct arena_chunk *c = a->head;
	size_t want;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (c == NULL || c->size - c->used < size) {
		want = size > CHUNK_BYTES ? size : CHUNK_BYTES;
		want = (sizeof(*c) + want + 63) & ~(size_t)63;
		c = aligned_alloc(64, want);
		if (c == NULL)
			return NULL;
		c->next = a->head;
		c->used = 0;
		c->size = want - sizeof(*c);
		a->head = c;
	}
	c->used += size;
	return memset(c->data + c->used - size, 0, size);
}

void *
schema__arena_array(struct arena *a, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / 2 / size)
		return NULL;
	return schema__arena_alloc(a, count * size);
}

char *
schema__arena_text(struct arena *a, const char *text, size_t len)
{
	char *copy = schema__arena_alloc(a, len + 1);

	if (copy != NULL && len > 0)
		memcpy(copy, text, len);
	return copy;
}

void
schema__arena_fini(struct arena *a)
{
	struct arena_chunk *c, *next;

	for (c = a->head; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	a->head = NULL;
}
