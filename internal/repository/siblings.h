/*
 * Entities found by key among their siblings: twins in a list that is being
 * made, and what was there before. One thread; memory is kept between lists.
 */
#ifndef SST_REPOSITORY_SIBLINGS_H
#define SST_REPOSITORY_SIBLINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/entity.h"

/* Open addressing, at most half full; all zero: no table yet. */
struct sst_key_table {
	uint32_t *slots; /* index + 1 of an entity, or 0 */
	size_t size;     /* those in use; power of two */
	size_t cap;
};

/* Empties it, with room for count keys. SST_NOMEM. */
int sst_key_table_reset(
    struct sst_key_table *table, size_t count, struct sst_error *err);
/* The slot of that key; the indices in the table are those of `entities`. */
uint32_t *sst_key_table_place(const struct sst_key_table *table,
    struct sst_entity *const *entities, const char *key, size_t len);
void sst_key_table_fini(struct sst_key_table *table);

/* Siblings that were there before, mostly asked for in their order. */
struct sst_former {
	struct sst_entity *const *entities; /* borrowed */
	size_t count;
	size_t guess; /* index of what is asked for next, mostly; <= count */
	bool filled;
	struct sst_key_table table;
};

void sst_former_begin(struct sst_former *former,
    struct sst_entity *const *entities, size_t count);
/* The entity at the guess; NULL past the end. */
struct sst_entity *sst_former_next(const struct sst_former *former);
/*
 * The entity of that key, borrowed, or NULL, also when there is no memory to
 * look further than the guess. The guess is then behind what was found.
 */
struct sst_entity *sst_former_find(
    struct sst_former *former, const char *key, size_t len);
void sst_former_fini(struct sst_former *former);

#endif
