/* Workloads of a store as entities of the document. */
#ifndef SST_REPOSITORY_WORKLOAD_KUBERNETES_ENTITY_H
#define SST_REPOSITORY_WORKLOAD_KUBERNETES_ENTITY_H

#include <jansson.h>

#include "repository/workload/kubernetes_store.h"

/* The entity with its pods, the caller's; NULL: no memory. */
json_t *kubernetes__entity(const struct kubernetes_store *store,
    const struct kubernetes_workload *workload);

/* For the kubernetes_entity*.c files. */

json_t *kubernetes__entity_pod(const struct kubernetes_object *pod);
/* Not told: null. */
json_t *
kubernetes__entity_text(const struct kubernetes_record *record, uint32_t at);
json_t *kubernetes__entity_count(int64_t value);
json_t *kubernetes__entity_time(int64_t ms);

/* A quantity as the API server writes it: 2100m, 1536Mi; room for 32 bytes. */
void kubernetes__quantity_cpu(int64_t nano, char out[static 32]);
void kubernetes__quantity_memory(int64_t bytes, char out[static 32]);

#endif
