/*
 * What identifies an entity among its siblings, and where it sorts: the same
 * for what a source brings and for what is read from a document. Pure.
 */
#ifndef SST_REPOSITORY_IDENTITY_H
#define SST_REPOSITORY_IDENTITY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "model/section.h"
#include "model/shape.h"

/* Why an object has no key. */
struct sst_identity_fault {
	const struct sst_member *member; /* of the shape */
	const char *why; /* goes on after the member's name; static */
};

/*
 * Joins the identity members of an object of that shape into key (cleared
 * first). False with the fault when one is not a string or holds a control
 * character; false with key failed when memory ran out.
 */
bool sst_identity_key(const struct sst_shape *shape, const json_t *object,
    struct sst_buf *key, struct sst_identity_fault *fault);

/*
 * Writes what sorts a child of an entity of that section into order (cleared
 * first; empty: its key does). Tasks: urgent first, then oldest. Memory:
 * sst_buf_failed(order).
 */
void sst_identity_order(enum sst_section_id section, const json_t *child,
    struct sst_buf *order);

#endif
