/* A store filled without a network: recorded answers, or text that tests make.
 * Asserts (libcheck) that nothing fails. */
#ifndef TESTS_UNIT_REPOSITORY_KUBERNETES_WORLD_H
#define TESTS_UNIT_REPOSITORY_KUBERNETES_WORLD_H

#include <jansson.h>
#include <stdbool.h>

#include "repository/contract.h"
#include "repository/workload/kubernetes_entity.h"

#define KUBERNETES_RECORDED SST_SOURCE_DIR "/mocks/upstreams/kubernetes/"

struct kubernetes_world {
	struct kubernetes_store store;
	struct sst_contract *contract;
	size_t rejected; /* objects that could not be read */
	struct sst_error err;
};

void kubernetes_world_init(struct kubernetes_world *world,
    const char *const *namespaces, size_t count);
void kubernetes_world_fini(struct kubernetes_world *world);

/* One object, as an item of a list or of an event. */
void kubernetes_world_put(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *json);
void kubernetes_world_delete(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *json);
/* The same with printf and ' for ". */
void kubernetes_world_putf(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void kubernetes_world_dropf(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A whole list of nothing: the resource is known. */
void kubernetes_world_know(
    struct kubernetes_world *world, enum kubernetes_resource resource);
void kubernetes_world_know_all(struct kubernetes_world *world);
/* An item of PodMetrics. */
void kubernetes_world_usage(struct kubernetes_world *world, const char *json);

/* Recorded lists and watches; name without .http. */
void kubernetes_world_list(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *name);
void kubernetes_world_watch(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *name);
void kubernetes_world_metrics(struct kubernetes_world *world, const char *name);

/* All entities, made and checked as the framework does it; the caller's. */
json_t *kubernetes_world_entities(struct kubernetes_world *world);
/* The entity of that kind and name, borrowed; NULL. */
const json_t *kubernetes_world_find(
    const json_t *entities, const char *kind, const char *name);
/* Its pod; NULL. */
const json_t *kubernetes_world_pod(const json_t *entities, const char *pod_id);

#endif
