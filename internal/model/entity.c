#include "model/entity.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/text.h"

static const size_t entity_bytes_max = (size_t)INT32_MAX;

bool
sst_hash_equal(struct sst_hash a, struct sst_hash b)
{
	return a.low == b.low && a.high == b.high;
}

struct sst_hash
sst_hash_bytes(const void *bytes, size_t len)
{
	XXH128_hash_t h = XXH3_128bits(bytes, len);

	return (struct sst_hash){h.low64, h.high64};
}

struct sst_hash
sst_hash_mix(struct sst_hash a, struct sst_hash b)
{
	uint64_t words[4] = {a.low, a.high, b.low, b.high};

	return sst_hash_bytes(words, sizeof(words));
}

void
sst_hash_text(struct sst_hash hash, char out[33])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t words[2] = {hash.high, hash.low};
	int i;

	for (i = 0; i < 32; i++)
		out[i] = hex[words[i / 16] >> (60 - 4 * (i % 16)) & 15];
	out[32] = '\0';
}

const char *
sst_entity_key(const struct sst_entity *entity)
{
	return entity->bytes;
}

const char *
sst_entity_order(const struct sst_entity *entity)
{
	return entity->bytes + entity->key_len + 1;
}

const char *
sst_entity_json(const struct sst_entity *entity)
{
	return entity->bytes + entity->key_len + 1 + entity->order_len + 1;
}

bool
sst_entity_own_equal(const struct sst_entity *a, const struct sst_entity *b)
{
	return a->json_len == b->json_len &&
	    memcmp(sst_entity_json(a), sst_entity_json(b), a->json_len) == 0;
}

static void
entity_fill(struct sst_entity *e, const struct sst_entity_parts *parts)
{
	char *p = e->bytes;

	memcpy(p, parts->key, parts->key_len);
	p += parts->key_len;
	*p++ = '\0';
	if (parts->order_len > 0)
		memcpy(p, parts->order, parts->order_len);
	p += parts->order_len;
	*p++ = '\0';
	memcpy(p, parts->json, parts->json_len);
	p[parts->json_len] = '\0';
}

static int
entity_take_children(struct sst_entity *e,
    const struct sst_entity_parts *parts, struct sst_error *err)
{
	size_t i;

	if (parts->child_count == 0)
		return SST_OK;
	e->children = malloc(parts->child_count * sizeof(*e->children));
	if (e->children == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < parts->child_count; i++) {
		e->children[i] = sst_entity_acquire(parts->children[i]);
		e->hash = sst_hash_mix(e->hash, e->children[i]->hash);
		e->total_len += e->children[i]->total_len;
	}
	e->total_len += parts->child_count - 1; /* commas */
	e->child_count = (uint32_t)parts->child_count;
	return SST_OK;
}

int
sst_entity_new(const struct sst_entity_parts *parts, struct sst_entity **out,
    struct sst_error *err)
{
	size_t size = parts->key_len + parts->order_len + parts->json_len + 3;
	struct sst_entity *e;

	if (size > entity_bytes_max || parts->child_count > INT32_MAX)
		return sst_error_set(
		    err, SST_TOO_LARGE, "entity of %zu bytes", size);
	assert(parts->child_count == 0 || parts->hole > 0);
	e = calloc(1, sizeof(*e) + size);
	if (e == NULL)
		return sst_error_nomem(err);
	sst_ref_init(&e->ref);
	e->key_len = (uint32_t)parts->key_len;
	e->order_len = (uint32_t)parts->order_len;
	e->json_len = (uint32_t)parts->json_len;
	e->hole = (uint32_t)parts->hole;
	e->stamp = (uint32_t)parts->stamp;
	e->mark = parts->mark;
	entity_fill(e, parts);
	e->hash = sst_hash_bytes(parts->json, parts->json_len);
	e->total_len = parts->json_len;
	if (entity_take_children(e, parts, err) != SST_OK) {
		free(e);
		return SST_NOMEM;
	}
	*out = e;
	return SST_OK;
}

struct sst_entity *
sst_entity_acquire(struct sst_entity *entity)
{
	sst_ref_acquire(&entity->ref);
	return entity;
}

void
sst_entity_release(struct sst_entity **entity)
{
	struct sst_entity *e = *entity;
	size_t i;

	*entity = NULL;
	if (e == NULL || !sst_ref_release(&e->ref))
		return;
	for (i = 0; i < e->child_count; i++)
		sst_entity_release(&e->children[i]);
	free(e->children);
	free(e);
}

void
sst_entity_key_text(const struct sst_entity *entity, struct sst_buf *out)
{
	const char *part = sst_entity_key(entity);
	const char *end = part + entity->key_len, *stop;

	for (;; part = stop + 1) {
		stop = memchr(part, SST_KEY_SEPARATOR, (size_t)(end - part));
		if (stop == NULL)
			break;
		sst_text_percent_encode(part, (size_t)(stop - part), out);
		sst_buf_addc(out, '/');
	}
	sst_text_percent_encode(part, (size_t)(end - part), out);
}

static int
entity_bytes_compare(
    const char *a, size_t a_len, const char *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (c != 0)
		return c;
	return a_len < b_len ? -1 : a_len > b_len;
}

int
sst_entity_compare(const struct sst_entity *a, const struct sst_entity *b)
{
	int c = entity_bytes_compare(sst_entity_order(a), a->order_len,
	    sst_entity_order(b), b->order_len);

	if (c != 0)
		return c;
	return entity_bytes_compare(sst_entity_key(a), a->key_len,
	    sst_entity_key(b), b->key_len);
}

static int
entity_pointer_compare(const void *a, const void *b)
{
	const struct sst_entity *const *x = a, *const *y = b;

	return sst_entity_compare(*x, *y);
}

void
sst_entities_sort(struct sst_entity **entities, size_t count)
{
	size_t i;

	for (i = 1; i < count; i++) {
		if (sst_entity_compare(entities[i - 1], entities[i]) > 0)
			break;
	}
	if (i < count)
		qsort(entities, count, sizeof(entities[0]),
		    entity_pointer_compare);
}

void
sst_entity_encode(const struct sst_entity *entity, struct sst_buf *out)
{
	const char *json = sst_entity_json(entity);
	size_t i;

	sst_buf_reserve(out, entity->total_len);
	if (entity->child_count == 0) {
		sst_buf_add(out, json, entity->json_len);
		return;
	}
	sst_buf_add(out, json, entity->hole);
	for (i = 0; i < entity->child_count; i++) {
		if (i > 0)
			sst_buf_addc(out, ',');
		sst_entity_encode(entity->children[i], out);
	}
	sst_buf_add(out, json + entity->hole, entity->json_len - entity->hole);
}
