#include "repository/siblings.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

int
sst_key_table_reset(
    struct sst_key_table *table, size_t count, struct sst_error *err)
{
	size_t size = 16;

	while (size < count * 2)
		size *= 2;
	if (size > table->cap) {
		free(table->slots);
		table->slots = malloc(size * sizeof(*table->slots));
		table->cap = table->slots == NULL ? 0 : size;
		if (table->slots == NULL)
			return sst_error_nomem(err);
	}
	table->size = size;
	memset(table->slots, 0, size * sizeof(*table->slots));
	return SST_OK;
}

static bool
siblings_is_key(const struct sst_entity *e, const char *key, size_t len)
{
	return e->key_len == len && memcmp(sst_entity_key(e), key, len) == 0;
}

uint32_t *
sst_key_table_place(const struct sst_key_table *table,
    struct sst_entity *const *entities, const char *key, size_t len)
{
	size_t mask = table->size - 1, i = XXH3_64bits(key, len) & mask;

	for (; table->slots[i] != 0; i = (i + 1) & mask) {
		if (siblings_is_key(entities[table->slots[i] - 1], key, len))
			break;
	}
	return &table->slots[i];
}

void
sst_key_table_fini(struct sst_key_table *table)
{
	free(table->slots);
	memset(table, 0, sizeof(*table));
}

void
sst_former_begin(struct sst_former *former, struct sst_entity *const *entities,
    size_t count)
{
	former->entities = entities;
	former->count = count;
	former->guess = 0;
	former->filled = false;
}

struct sst_entity *
sst_former_next(const struct sst_former *former)
{
	return former->guess < former->count ? former->entities[former->guess]
					     : NULL;
}

static bool
former_fill(struct sst_former *f)
{
	const struct sst_entity *e;
	struct sst_error ignored;
	uint32_t i;

	if (f->filled)
		return true;
	if (sst_key_table_reset(&f->table, f->count, &ignored) != SST_OK)
		return false;
	for (i = 0; i < f->count; i++) {
		e = f->entities[i];
		*sst_key_table_place(&f->table, f->entities,
		    sst_entity_key(e), e->key_len) = i + 1;
	}
	f->filled = true;
	return true;
}

struct sst_entity *
sst_former_find(struct sst_former *former, const char *key, size_t len)
{
	struct sst_entity *e = sst_former_next(former);
	uint32_t place;

	if (e != NULL && siblings_is_key(e, key, len)) {
		former->guess++;
		return e;
	}
	if (former->count == 0 || !former_fill(former))
		return NULL;
	place = *sst_key_table_place(
	    &former->table, former->entities, key, len);
	if (place == 0)
		return NULL;
	former->guess = place;
	return former->entities[place - 1];
}

void
sst_former_fini(struct sst_former *former)
{
	sst_key_table_fini(&former->table);
}
