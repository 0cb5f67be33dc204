/*
 * Cuts JSON objects out of a body that arrives in pieces of any size: the
 * elements of `items` of a list, or the events of a watch stream. Only one
 * object is held at a time, and `metadata.managedFields`, nearly half of it,
 * is dropped before anything is parsed. Knows strings and brackets, not
 * meaning; no I/O; one thread.
 */
#ifndef SST_REPOSITORY_KUBE_CUTTER_H
#define SST_REPOSITORY_KUBE_CUTTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum sst_kube_cut {
	SST_KUBE_CUT_LIST,  /* {"kind":..., "metadata":{...}, "items":[...]} */
	SST_KUBE_CUT_WATCH  /* {"type":...,"object":{...}} one after another */
};

struct sst_kube_cutter;

struct sst_kube_cutter_settings {
	enum sst_kube_cut form;
	size_t max_bytes; /* of one object, managedFields not counted */
	/*
	 * One element of items, or one whole event, without managedFields:
	 * JSON text, not yet checked beyond its brackets. Borrowed for the
	 * call. A negative code ends the cutting with that code.
	 */
	int (*object)(const char *json, size_t len, void *ctx,
	    struct sst_error *err);
	void *ctx;
};

int sst_kube_cutter_new(const struct sst_kube_cutter_settings *settings,
    struct sst_kube_cutter **out, struct sst_error *err);
void sst_kube_cutter_free(struct sst_kube_cutter **cutter);
/* Ready for another body; keeps its memory. */
void sst_kube_cutter_reset(struct sst_kube_cutter *cutter);

/*
 * Takes the next piece. SST_SYNTAX, SST_TOO_LARGE, SST_TOO_DEEP, SST_NOMEM or
 * what object() said; then only reset and free may follow.
 */
int sst_kube_cutter_feed(struct sst_kube_cutter *cutter, const char *bytes,
    size_t len, struct sst_error *err);
/*
 * The body came to its end. LIST: SST_TRUNCATED when the document is not
 * whole, SST_TYPE when it has no `items`: not a list, and not an empty one.
 * WATCH: a last event without an end is dropped, 0.
 */
int sst_kube_cutter_end(struct sst_kube_cutter *cutter, struct sst_error *err);
/*
 * After the end of a LIST: the text of its `metadata` member, wherever it stood
 * (before or after items), borrowed until reset; NULL: none.
 */
const char *
sst_kube_cutter_metadata(const struct sst_kube_cutter *cutter, size_t *len);

#endif
