/* Between the kubernetes_*.c files that talk to a cluster. */
#ifndef SST_REPOSITORY_AGENTS_KUBERNETES_PRIV_H
#define SST_REPOSITORY_AGENTS_KUBERNETES_PRIV_H

#include <stdbool.h>

#include "base/error.h"
#include "repository/agents/kubernetes_record.h"
#include "repository/draft.h"
#include "repository/kube/part.h"
#include "repository/source.h"

struct agentkube_settings {
	struct sst_kube_cluster_settings cluster;
	char *prefix;
	char *selector;
	bool all;
};

/* What one part of the cluster brings: the agents of one kind in one namespace,
 * or in all. Guarded by the lock of the cluster, but for k and kind. */
struct agentkube_store {
	const struct agentkube_settings *settings; /* borrowed */
	struct sst_kube_cluster *cluster;          /* the same */
	enum agentkube_kind kind;
	struct agentkube_record **rows; /* agents, sorted */
	uint64_t *lists; /* of each row: the list it was last in */
	size_t count, cap;
	uint64_t list; /* number of the list that runs or was last */
};

struct agentkube {
	struct sst_kube_cluster cluster;
	struct agentkube_settings settings;
	struct agentkube_store *stores; /* one a part, in their order */
};

/* kubernetes_store.c: with the lock held, or before there are threads. */

/* Takes the reference, also on failure; a record that is no agent removes the
 * one of its key. Whether something became another is put into *changed. */
int agentkube__store_put(struct agentkube_store *store,
    struct agentkube_record *record, bool *changed, struct sst_error *err);
/* Whether something was removed. */
bool agentkube__store_drop(
    struct agentkube_store *store, const struct agentkube_record *record);
/* Removes what was not in the last list; whether there was something. */
bool agentkube__store_sweep(struct agentkube_store *store);
void agentkube__store_clear(struct agentkube_store *store);

/* kubernetes_part.c */

/* Opens part number index of the cluster with its store. */
int
agentkube__part_open(struct agentkube *k, size_t index, struct sst_error *err);

/* kubernetes_collect.c */

int agentkube__collect(struct agentkube *k, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err);

#endif
