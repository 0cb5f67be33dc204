/*
 * The document's schema, compiled: what every entity is checked against and
 * how it is encoded. Made once from the embedded schema; immutable; any thread.
 */
#ifndef SST_REPOSITORY_CONTRACT_H
#define SST_REPOSITORY_CONTRACT_H

#include <jansson.h>

#include "base/error.h"
#include "model/section.h"
#include "model/shape.h"
#include "schema/schema.h"

/* How entities of one section are made; pointers borrowed from the contract. */
struct sst_contract_section {
	const struct sst_shape *shape;
	const struct sst_schema *schema; /* of an entity, children empty */
	/* NULL: entities of this section have no children */
	const struct sst_member *children;
	const struct sst_schema *child_schema;
	/* Where the changed-at time stands: an object member, or NULL when at
	 * the top; and its own name. Both NULL: there is none. */
	const char *stamp_parent;
	const char *stamp_name;
};

struct sst_contract {
	struct sst_shape *document;
	const struct sst_shape *source; /* of an item of `sources` */
	const struct sst_shape *upstream; /* of its member `upstream` */
	struct sst_schema *upstream_schema;
	struct sst_schema *whole;       /* the document */
	struct sst_contract_section sections[SST_SECTION_COUNT];
	struct sst_schema_set *set;
	struct sst_schema *owned[2 * SST_SECTION_COUNT];
};

/* SST_INVALID: the schema is not one this build understands. */
int sst_contract_new(struct sst_contract **out, struct sst_error *err);
void sst_contract_free(struct sst_contract **contract);

/* The embedded documents, by file name ("system-state.schema.json"); static.
 * NULL when there is no such. */
const char *sst_contract_text(const char *name, size_t *len_out);
/* The names, NULL-terminated; static. */
const char *const *sst_contract_names(void);

#endif
