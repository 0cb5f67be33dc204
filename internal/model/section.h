/*
 * A section of the document: the entities of one kind, sorted by key.
 * Immutable once made; shared between snapshots by reference.
 */
#ifndef SST_MODEL_SECTION_H
#define SST_MODEL_SECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/ref.h"
#include "model/entity.h"

enum sst_section_id {
	SST_SECTION_AGENTS,
	SST_SECTION_WORKLOAD,
	SST_SECTION_QUEUES,
	SST_SECTION_LITELLM,
	SST_SECTION_COUNT,
	/* The rows of `sources`: kept like a section, but always there and not
	 * to be chosen. */
	SST_SECTION_SOURCES = SST_SECTION_COUNT
};

/* "agents", ...; the member name in the document. */
const char *sst_section_name(enum sst_section_id id);
/* The id of a name of that length, or SST_SECTION_COUNT. */
enum sst_section_id sst_section_by_name(const char *name, size_t len);

struct sst_section {
	struct sst_ref ref;
	enum sst_section_id id;
	struct sst_hash hash; /* of the encoded array */
	size_t json_len;      /* bytes of the encoded array */
	size_t count;
	struct sst_entity *entities[]; /* by key, one reference each */
};

/*
 * Makes a section of count entities, taking a reference of each; sorts them.
 * Two of one key are a bug of the caller (asserted).
 */
int sst_section_new(enum sst_section_id id, struct sst_entity *const *entities,
    size_t count, struct sst_section **out, struct sst_error *err);
struct sst_section *sst_section_acquire(struct sst_section *section);
/* Accepts NULL; clears the pointer. */
void sst_section_release(struct sst_section **section);

/* The entity of that key (see model/entity.h), borrowed, or NULL. */
struct sst_entity *sst_section_find(const struct sst_section *section,
    const char *key, size_t key_len);

/* Appends the JSON array. */
void sst_section_encode(const struct sst_section *section, struct sst_buf *out);

#endif
