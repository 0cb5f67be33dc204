#include "schema/equal.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "schema/number.h"
#include "schema/schema.h"

enum { UNIQUE_PAIRWISE = 16 };

static bool equal_at(const json_t *a, const json_t *b, int depth);

static bool
equal_strings(const json_t *a, const json_t *b)
{
	size_t len = json_string_length(a);

	return len == json_string_length(b) &&
	       memcmp(json_string_value(a), json_string_value(b), len) == 0;
}

static bool
equal_arrays(const json_t *a, const json_t *b, int depth)
{
	size_t i, n = json_array_size(a);

	if (n != json_array_size(b))
		return false;
	for (i = 0; i < n; i++) {
		if (!equal_at(
			json_array_get(a, i), json_array_get(b, i), depth + 1))
			return false;
	}
	return true;
}

/* jansson wants a non-const object to iterate over, and does not change it */
static json_t *
equal_iterable(const json_t *object)
{
	json_t *out;

	memcpy(&out, &object, sizeof(out));
	return out;
}

static bool
equal_objects(const json_t *a, const json_t *b, int depth)
{
	json_t *from = equal_iterable(a);
	const json_t *other;
	void *it;

	if (json_object_size(a) != json_object_size(b))
		return false;
	for (it = json_object_iter(from); it != NULL;
	     it = json_object_iter_next(from, it)) {
		other = json_object_getn(
		    b, json_object_iter_key(it), json_object_iter_key_len(it));
		if (other == NULL ||
		    !equal_at(json_object_iter_value(it), other, depth + 1))
			return false;
	}
	return true;
}

static bool
equal_at(const json_t *a, const json_t *b, int depth)
{
	if (a == b)
		return true;
	if (depth > SST_SCHEMA_EVAL_DEPTH)
		return false;
	if (json_is_number(a) && json_is_number(b))
		return schema__number_compare(a, b) == 0;
	if (json_typeof(a) != json_typeof(b))
		return false;
	switch (json_typeof(a)) {
	case JSON_STRING:
		return equal_strings(a, b);
	case JSON_ARRAY:
		return equal_arrays(a, b, depth);
	case JSON_OBJECT:
		return equal_objects(a, b, depth);
	default:
		return true;
	}
}

bool
sst_schema_equal(const json_t *a, const json_t *b)
{
	return equal_at(a, b, 0);
}

/* seed: differs from run to run, so that nobody can prepare collisions */
static uint64_t hash_at(const json_t *value, uint64_t seed, int depth);

static uint64_t
hash_number(const json_t *value, uint64_t seed)
{
	int64_t i;
	double d;

	if (schema__number_int(value, &i))
		return XXH3_64bits_withSeed(&i, sizeof(i), seed + 1);
	d = json_real_value(value);
	return XXH3_64bits_withSeed(&d, sizeof(d), seed + 2);
}

/* Members add up, so their order does not matter. */
static uint64_t
hash_object(const json_t *value, uint64_t seed, int depth)
{
	json_t *object = equal_iterable(value);
	uint64_t sum = 3;
	void *it;

	for (it = json_object_iter(object); it != NULL;
	     it = json_object_iter_next(object, it))
		sum += XXH3_64bits_withSeed(json_object_iter_key(it),
		    json_object_iter_key_len(it),
		    hash_at(json_object_iter_value(it), seed, depth + 1));
	return sum;
}

static uint64_t
hash_at(const json_t *value, uint64_t seed, int depth)
{
	uint64_t h = 4, item;
	size_t i;

	if (depth > SST_SCHEMA_EVAL_DEPTH)
		return 5;
	switch (json_typeof(value)) {
	case JSON_STRING:
		return XXH3_64bits_withSeed(
		    json_string_value(value), json_string_length(value), seed);
	case JSON_INTEGER:
	case JSON_REAL:
		return hash_number(value, seed);
	case JSON_OBJECT:
		return hash_object(value, seed, depth);
	case JSON_ARRAY:
		for (i = 0; i < json_array_size(value); i++) {
			item =
			    hash_at(json_array_get(value, i), seed, depth + 1);
			h = XXH3_64bits_withSeed(&item, sizeof(item), h);
		}
		return h;
	default:
		return 16 + (uint64_t)json_typeof(value);
	}
}

struct slot {
	uint64_t hash;
	size_t index;
};

static int
slot_compare(const void *a, const void *b)
{
	const struct slot *p = a, *q = b;

	if (p->hash != q->hash)
		return p->hash < q->hash ? -1 : 1;
	return p->index < q->index ? -1 : p->index > q->index;
}

/* Whether items i and j are equal; notes the pair if so. */
static bool
unique_clash(const json_t *array, size_t i, size_t j, size_t pair[2])
{
	if (!sst_schema_equal(json_array_get(array, i), json_array_get(array, j)))
		return false;
	pair[0] = i;
	pair[1] = j;
	return true;
}

/* Sorted by hash, equal items stand next to each other, unless another value
 * has the same hash: so each run of one hash is checked pairwise. */
static int
unique_sorted(const json_t *array, size_t n, size_t pair[2])
{
	struct slot *slots = malloc(n * sizeof(*slots));
	size_t i, j;
	int unique = 1;

	if (slots == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		slots[i].hash =
		    hash_at(json_array_get(array, i), (uintptr_t)slots, 0);
		slots[i].index = i;
	}
	qsort(slots, n, sizeof(*slots), slot_compare);
	for (i = 0; unique == 1 && i < n; i++) {
		for (j = i + 1; j < n && slots[j].hash == slots[i].hash; j++) {
			if (unique_clash(
				array, slots[i].index, slots[j].index, pair)) {
				unique = 0;
				break;
			}
		}
	}
	free(slots);
	return unique;
}

int
schema__items_unique(const json_t *array, size_t pair[2])
{
	size_t i, j, n = json_array_size(array);

	if (n > UNIQUE_PAIRWISE)
		return unique_sorted(array, n, pair);
	for (i = 1; i < n; i++) {
		for (j = 0; j < i; j++) {
			if (unique_clash(array, j, i, pair))
				return 0;
		}
	}
	return 1;
}
