/* For kubernetes_store.c: the hash tables of a store. */
#ifndef SST_REPOSITORY_WORKLOAD_KUBERNETES_TABLE_H
#define SST_REPOSITORY_WORKLOAD_KUBERNETES_TABLE_H

#include "repository/workload/kubernetes_store.h"

/* Before an object is added: room for one more. SST_NOMEM. */
int
kubernetes__table_grow(struct kubernetes_store *store, struct sst_error *err);
void kubernetes__table_fini(struct kubernetes_store *store);

/* Under the name and uid of its record, which must not change while it is in
 * there. */
void kubernetes__table_add(
    struct kubernetes_store *store, struct kubernetes_object *object);
void kubernetes__table_remove(
    struct kubernetes_store *store, struct kubernetes_object *object);

void kubernetes__table_add_workload(
    struct kubernetes_store *store, struct kubernetes_workload *workload);
void kubernetes__table_remove_workload(
    struct kubernetes_store *store, struct kubernetes_workload *workload);
struct kubernetes_workload *kubernetes__table_workload(
    const struct kubernetes_store *store, const struct kubernetes_root *root);

#endif
