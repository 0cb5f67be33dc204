/* The clockwork: what happens when. Folder-private. */
#ifndef SST_REPOSITORY_SCENARIO_ENGINE_H
#define SST_REPOSITORY_SCENARIO_ENGINE_H

#include "repository/scenario/scenario.h"
#include "repository/scenario/world.h"

struct scn_step {
	int64_t at;   /* scenario ms over all rounds */
	uint64_t seq; /* breaks ties: the order in which they were planned */
	const struct scn_event *event; /* of the timeline, or NULL */
	uint64_t n;                    /* its occurrence, from 0 */
	const struct scn_op *op;       /* without event */
	json_t *args;                  /* owned; closed */
};

struct sst_engine {
	const struct sst_scenario *plan;
	struct sst_engine_options options;
	struct scn_world world;
	struct scn_step *heap; /* earliest first */
	size_t count;
	size_t cap;
	uint64_t seq;
	uint64_t round;
	int64_t at;
	bool standing; /* at an instant; false: must start over */
};

/* Plans op at delay_ms after the moment. Takes args over, also on failure;
 * NULL args: memory ran out. SST_NOMEM. */
int scenario__later(struct sst_engine *engine, const struct scn_moment *moment,
    int64_t delay_ms, const struct scn_op *op, json_t *args);

/* Used by operations and generators alike; nothing happens when the task is
 * gone or not in a state for it. 0 or SST_NOMEM. */
int scenario__submit(
    struct sst_engine *engine, struct scn_entity *queue, json_t *tree);
bool scenario__can_start(const struct scn_task *task);
int scenario__fail_task(
    struct sst_engine *engine, struct scn_task *task, const char *error);
int
scenario__retry_task(struct sst_engine *engine, const struct scn_moment *moment,
    struct scn_task *task, int64_t delay_ms, const char *error);
int scenario__crash_pod(struct sst_engine *engine, struct scn_entity *workload,
    json_t *pod, const json_t *how);
int scenario__run_pod(struct sst_engine *engine, struct scn_entity *workload,
    json_t *pod, const struct scn_moment *moment);

/* For what the first world says of the time ahead: a task that is due
 * (not_before), a cool-down that ends. 0 or SST_NOMEM. */
int scenario__plan_due(struct sst_engine *engine,
    const struct scn_moment *moment, const struct scn_task *task);
int scenario__plan_recover(struct sst_engine *engine,
    const struct scn_moment *moment, const struct scn_entity *model);

/* Sets a member; SST_NOMEM when value is NULL or memory runs out. */
int scenario__put(json_t *object, const char *key, json_t *value);
/* Text of a member, or NULL. */
const char *scenario__text(const json_t *object, const char *key);
/* Integer of a member, or other. */
int64_t scenario__int(const json_t *object, const char *key, int64_t other);

#endif
