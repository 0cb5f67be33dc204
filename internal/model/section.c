#include "model/section.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const section_names[SST_SECTION_COUNT + 1] = {
    [SST_SECTION_AGENTS] = "agents",
    [SST_SECTION_WORKLOAD] = "workload",
    [SST_SECTION_QUEUES] = "queues",
    [SST_SECTION_LITELLM] = "litellm",
    [SST_SECTION_SOURCES] = "sources",
};

const char *
sst_section_name(enum sst_section_id id)
{
	return section_names[id];
}

enum sst_section_id
sst_section_by_name(const char *name, size_t len)
{
	unsigned i;

	for (i = 0; i < SST_SECTION_COUNT; i++) {
		if (strlen(section_names[i]) == len &&
		    memcmp(section_names[i], name, len) == 0)
			break;
	}
	return (enum sst_section_id)i;
}

static void
section_measure(struct sst_section *s)
{
	size_t i;

	s->json_len = 2;
	s->hash = sst_hash_bytes(&s->id, sizeof(s->id));
	for (i = 0; i < s->count; i++) {
		assert(i == 0 ||
		    sst_entity_compare(s->entities[i - 1], s->entities[i]) < 0);
		s->json_len += s->entities[i]->total_len + (i > 0);
		s->hash = sst_hash_mix(s->hash, s->entities[i]->hash);
	}
}

int
sst_section_new(enum sst_section_id id, struct sst_entity *const *entities,
    size_t count, struct sst_section **out, struct sst_error *err)
{
	struct sst_section *s;
	size_t i;

	s = malloc(sizeof(*s) + count * sizeof(s->entities[0]));
	if (s == NULL)
		return sst_error_nomem(err);
	sst_ref_init(&s->ref);
	s->id = id;
	s->count = count;
	for (i = 0; i < count; i++)
		s->entities[i] = sst_entity_acquire(entities[i]);
	sst_entities_sort(s->entities, count);
	section_measure(s);
	*out = s;
	return SST_OK;
}

struct sst_section *
sst_section_acquire(struct sst_section *section)
{
	sst_ref_acquire(&section->ref);
	return section;
}

void
sst_section_release(struct sst_section **section)
{
	struct sst_section *s = *section;
	size_t i;

	*section = NULL;
	if (s == NULL || !sst_ref_release(&s->ref))
		return;
	for (i = 0; i < s->count; i++)
		sst_entity_release(&s->entities[i]);
	free(s);
}

static int
section_key_compare(
    const struct sst_entity *e, const char *key, size_t key_len)
{
	size_t least = e->key_len < key_len ? e->key_len : key_len;
	int c = memcmp(sst_entity_key(e), key, least);

	if (c != 0)
		return c;
	return e->key_len < key_len ? -1 : e->key_len > key_len;
}

struct sst_entity *
sst_section_find(
    const struct sst_section *section, const char *key, size_t key_len)
{
	size_t low = 0, high = section->count, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = section_key_compare(section->entities[mid], key, key_len);
		if (c == 0)
			return section->entities[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

void
sst_section_encode(const struct sst_section *section, struct sst_buf *out)
{
	size_t i;

	sst_buf_reserve(out, section->json_len);
	sst_buf_addc(out, '[');
	for (i = 0; i < section->count; i++) {
		if (i > 0)
			sst_buf_addc(out, ',');
		sst_entity_encode(section->entities[i], out);
	}
	sst_buf_addc(out, ']');
}
