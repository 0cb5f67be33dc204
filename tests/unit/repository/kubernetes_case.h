/* The frame of a test program about what becomes of a cluster's objects: an
 * empty world for each test, and the entities that were looked at last. */
#ifndef TESTS_UNIT_REPOSITORY_KUBERNETES_CASE_H
#define TESTS_UNIT_REPOSITORY_KUBERNETES_CASE_H

#include "unit/repository/kubernetes_world.h"

static struct kubernetes_world world;
static json_t *entities;

static inline void
setup(void)
{
	kubernetes_world_init(&world, NULL, 0);
	entities = NULL;
}

static inline void
teardown(void)
{
	json_decref(entities);
	kubernetes_world_fini(&world);
}

static inline void
look(void)
{
	json_decref(entities);
	entities = kubernetes_world_entities(&world);
}

#endif
