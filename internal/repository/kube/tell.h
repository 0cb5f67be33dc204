/*
 * What of a cluster can be read and what cannot, with the reason: all of it in
 * sources[].upstream, the first of it as the flaw of the source, in the order
 * of how much depends on it. For the thread that collects; does not block.
 *
 *	sst_kube_tell_init, then what the source has beside the parts of the
 *	cluster (sst_kube_tell_add, sst_kube_tell_bad), then sst_kube_tell_end.
 */
#ifndef SST_REPOSITORY_KUBE_TELL_H
#define SST_REPOSITORY_KUBE_TELL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "repository/draft.h"
#include "repository/kube/part.h"

enum { SST_KUBE_PART_NAME = 300 }; /* bytes with the end */

/* Its name in sources[].upstream.parts: "pods", "pods (agents)". */
void sst_kube_part_name(const char *resource, const char *namespace,
    char out[static SST_KUBE_PART_NAME]);

struct sst_kube_tell {
	struct sst_kube_cluster *cluster; /* borrowed */
	struct sst_draft *out;            /* the same */
	json_t *parts;                    /* owned until end */
	struct sst_error first;           /* the flaw; SST_OK: none */
	char first_name[SST_KUBE_PART_NAME];
	const char *first_missing;
	size_t bad;
	bool failed; /* no memory */
};

/* Tells of the parts of the cluster and of objects that could not be read. */
void sst_kube_tell_init(struct sst_kube_tell *tell,
    struct sst_kube_cluster *cluster, struct sst_draft *out);
/* One more that is well in its way; state as in the schema: "ok". */
void sst_kube_tell_add(
    struct sst_kube_tell *tell, const char *name, const char *state);
/* One more that is not; missing: what is not known then, static. */
void sst_kube_tell_bad(struct sst_kube_tell *tell, const char *name,
    const char *missing, const struct sst_error *err);
/* Puts all of it into the draft; always to be called. SST_NOMEM. */
int sst_kube_tell_end(struct sst_kube_tell *tell, struct sst_error *err);

#endif
