/*
 * An entity of the document: key, content hash and encoded bytes. Trees exist
 * only while a source is read. Immutable; shared by reference between the
 * snapshots in which it does not change.
 *
 * An entity may have children (tasks of a queue, pods of a workload) which are
 * entities themselves; its own bytes then hold an empty array at `hole`.
 */
#ifndef SST_MODEL_ENTITY_H
#define SST_MODEL_ENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/ref.h"

/* XXH3, 128 bits: equal hashes are taken for equal bytes. */
struct sst_hash {
	uint64_t low;
	uint64_t high;
};

bool sst_hash_equal(struct sst_hash a, struct sst_hash b);
struct sst_hash sst_hash_bytes(const void *bytes, size_t len);
/* Order-dependent combination. */
struct sst_hash sst_hash_mix(struct sst_hash a, struct sst_hash b);
/* 32 lower-case hex digits and a NUL. */
void sst_hash_text(struct sst_hash hash, char out[33]);

/*
 * Parts of a key are joined by this byte, which no name may contain
 * (text hygiene removes control characters).
 */
enum { SST_KEY_SEPARATOR = 0x1f };

struct sst_entity {
	struct sst_ref ref;
	uint32_t key_len;
	uint32_t order_len;  /* bytes that sort it among its siblings */
	uint32_t json_len;   /* own bytes, with an empty child array */
	uint32_t hole;       /* offset between the brackets; 0: no children */
	uint32_t stamp;      /* offset of the changed-at text; 0: none */
	uint32_t child_count;
	struct sst_hash hash; /* of the own bytes and the children */
	size_t total_len;    /* bytes when written out with children */
	struct sst_entity **children; /* in order; one reference each */
	/* No part of it, and not immutable: what its source made it of, 0 when
	 * that is not known. Of the thread that collects for that source. */
	uint64_t mark;
	char bytes[]; /* key, NUL, order, NUL, json, NUL */
};

/* The pieces a new entity is made of; borrowed during the call. */
struct sst_entity_parts {
	const char *key;
	size_t key_len;
	const char *order; /* NULL: sorted by key */
	size_t order_len;
	const char *json;
	size_t json_len;
	size_t hole;
	size_t stamp;
	uint64_t mark;
	struct sst_entity *const *children; /* sorted; references are taken */
	size_t child_count;
};

/* SST_NOMEM; SST_TOO_LARGE when over 2 GiB or 2^31 children. */
int sst_entity_new(const struct sst_entity_parts *parts,
    struct sst_entity **out, struct sst_error *err);
struct sst_entity *sst_entity_acquire(struct sst_entity *entity);
/* Accepts NULL; clears the pointer. */
void sst_entity_release(struct sst_entity **entity);

const char *sst_entity_key(const struct sst_entity *entity);
const char *sst_entity_order(const struct sst_entity *entity);
const char *sst_entity_json(const struct sst_entity *entity);

/* Appends the key as it stands in URLs and in the keyed view: its parts
 * percent-encoded, joined by '/'. */
void sst_entity_key_text(const struct sst_entity *entity, struct sst_buf *out);

/* Whether all but their children is the same. */
bool sst_entity_own_equal(
    const struct sst_entity *a, const struct sst_entity *b);

/* Byte order of `order`, then of `key`; <0, 0, >0. */
int sst_entity_compare(const struct sst_entity *a, const struct sst_entity *b);

/* Sorts by the same order; cheap when they are sorted already. */
void sst_entities_sort(struct sst_entity **entities, size_t count);

/* Appends the whole entity, children in place. */
void sst_entity_encode(const struct sst_entity *entity, struct sst_buf *out);

#endif
