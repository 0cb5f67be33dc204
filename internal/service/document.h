/*
 * From the bytes of a document back to a snapshot: for the history, and for
 * files that somebody saved. Pure but for memory; any thread.
 */
#ifndef SST_SERVICE_DOCUMENT_H
#define SST_SERVICE_DOCUMENT_H

#include <stddef.h>

#include "base/error.h"
#include "model/snapshot.h"
#include "repository/contract.h"

/*
 * Reads a full view (any whitespace, members in any order) and validates it
 * whole against the schema. Entities that are byte for byte those of `near` are
 * shared with it, and not validated again; near may be NULL. Reading what
 * sst_snapshot_body() wrote gives a snapshot that writes the same bytes.
 *
 * The snapshot borrows the shape of the contract. SST_SYNTAX with line and
 * column, as SST_ENCODING, SST_NUL and SST_TOO_DEEP; SST_INVALID names the JSON
 * Pointer of the first fault (members that come twice, numbers out of range and
 * two entities of one key are among them), or the view that it is instead;
 * SST_NOMEM.
 */
int sst_document_read(const struct sst_contract *contract, const char *bytes,
    size_t len, const struct sst_snapshot *near, struct sst_snapshot **out,
    struct sst_error *err);

#endif
