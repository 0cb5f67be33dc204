/*
 * The world: entities, and the tasks, which are either in a queue or with an
 * agent, by construction never both. Folder-private.
 */
#ifndef SST_REPOSITORY_SCENARIO_WORLD_H
#define SST_REPOSITORY_SCENARIO_WORLD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "repository/scenario/plan.h"

enum {
	SCN_TASKS_MAX = 5000,   /* a mock is looked at by people */
	SCN_PODS_MAX = 1000,    /* of a workload */
	SCN_ENTITIES_MAX = 2000 /* of a section */
};

struct scn_entity {
	json_t *tree; /* as in the schema; tasks and active tasks left out */
	uint64_t version;
};

struct scn_task {
	json_t *tree;   /* as in the schema; blocked_by holds ids only */
	const char *id; /* in tree */
	struct scn_entity *queue; /* NULL: came with the agent */
	struct scn_entity *agent; /* NULL: in the queue */
	char started_on[SST_TIME_TEXT];
	bool started_known;
	char status[64]; /* told by the agent */
	uint64_t run;    /* number of the start, to tell a later one */
	bool hopeless;   /* see scenario__find_deadlocks */
};

struct scn_list {
	struct scn_entity **items;
	size_t count;
	size_t cap;
};

struct scn_world {
	struct scn_list sections[SST_SECTION_COUNT];
	struct scn_task **tasks; /* in order of arrival */
	size_t task_count;
	size_t task_cap;
	uint64_t version;
	uint64_t runs;
	bool filling;          /* what changes now is part of the beginning */
	uint64_t deadlocks_at; /* version at which `hopeless` was found */
};

/* Fills an empty world from the plan, at the moment of its start. */
int scenario__world_fill(struct scn_world *world,
    const struct sst_scenario *plan, const struct scn_moment *moment);
/* Empties it; the version stays. */
void scenario__world_clear(struct scn_world *world);

/* The first entity called that (see scenario__is_called), or NULL. */
struct scn_entity *scenario__find(const struct scn_world *world,
    enum sst_section_id section, const char *name);
/* Takes the tree over, also on failure. SST_NOMEM, SST_LIMIT. */
int scenario__add_entity(struct scn_world *world, enum sst_section_id section,
    json_t *tree, struct scn_entity **out);
/* Takes the tasks and active tasks out of its tree into the world. */
int scenario__settle(struct scn_world *world, enum sst_section_id section,
    struct scn_entity *entity);
/* Drops it; its tasks go with it. */
void scenario__drop_entity(struct scn_world *world, enum sst_section_id section,
    struct scn_entity *entity);

/* Says that it changed; it forgets the changed-at time it was given. */
void scenario__touch(struct scn_world *world, enum sst_section_id section,
    struct scn_entity *entity);

struct scn_task *
scenario__find_task(const struct scn_world *world, const char *id);
/* Takes the tree over, also on failure; id must be new. */
int scenario__add_task(struct scn_world *world, json_t *tree,
    struct scn_entity *queue, struct scn_task **out);
/* The task leaves: those that waited for it no longer do. */
void scenario__drop_task(struct scn_world *world, struct scn_task *task);
/* Says that a task changed or moved: its queue or agent, and the queues of
 * those that wait for a task. */
void scenario__touch_task(struct scn_world *world, struct scn_task *task);
/* Puts a task with an agent; started_on may be NULL: unknown. */
void scenario__start_task(struct scn_world *world, struct scn_task *task,
    struct scn_entity *agent, const char *started_on);
size_t scenario__count_active(
    const struct scn_world *world, const struct scn_entity *agent);
/* Makes it wait for those of the ids that are open tasks; true if any is. */
bool scenario__block_task(
    struct scn_world *world, struct scn_task *task, const json_t *ids);
/* Marks tasks whose blockers can never finish. */
void scenario__find_deadlocks(struct scn_world *world);

const char *scenario__task_status(const struct scn_task *task);

/* The pod of a workload's tree, or NULL. */
json_t *
scenario__find_pod(const struct scn_entity *workload, const char *pod_id);

/* The entity as the document shows it. NULL: memory ran out. */
json_t *scenario__view(struct scn_world *world, enum sst_section_id section,
    const struct scn_entity *entity);

#endif
