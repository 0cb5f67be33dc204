/*
 * Memory that is freed all at once: everything a set or a compiled schema
 * consists of. One thread at a time.
 */
#ifndef SST_SCHEMA_ARENA_H
#define SST_SCHEMA_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_chunk *head;
};

/* Zeroed, aligned for any type; NULL when memory ran out. */
void *schema__arena_alloc(struct arena *a, size_t size);
void *schema__arena_array(struct arena *a, size_t count, size_t size);
/* NUL-terminated copy of len bytes. */
char *schema__arena_text(struct arena *a, const char *text, size_t len);
void schema__arena_fini(struct arena *a);

#endif
