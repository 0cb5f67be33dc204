#include "support/fake_source.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/draft.h"

struct fake_state {
	struct fake_world *world;
};

void
fake_world_init(struct fake_world *world)
{
	memset(world, 0, sizeof(*world));
	pthread_mutex_init(&world->mutex, NULL);
	pthread_cond_init(&world->cond, NULL);
	world->next_in_ms = -1;
}

void
fake_world_fini(struct fake_world *world)
{
	pthread_cond_destroy(&world->cond);
	pthread_mutex_destroy(&world->mutex);
}

void
fake_world_set(struct fake_world *world, int *field, int value)
{
	pthread_mutex_lock(&world->mutex);
	*field = value;
	pthread_cond_broadcast(&world->cond);
	pthread_mutex_unlock(&world->mutex);
}

void
fake_world_release(struct fake_world *world)
{
	pthread_mutex_lock(&world->mutex);
	world->hold = false;
	pthread_cond_broadcast(&world->cond);
	pthread_mutex_unlock(&world->mutex);
}

void *
fake_options_new(struct fake_world *world)
{
	struct fake_options *o = malloc(sizeof(*o));

	if (o != NULL)
		o->world = world;
	return o;
}

static void
fake_count(struct fake_world *w, int *counter)
{
	pthread_mutex_lock(&w->mutex);
	(*counter)++;
	pthread_cond_broadcast(&w->cond);
	pthread_mutex_unlock(&w->mutex);
}

static int
fake_init(void *state, const void *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	struct fake_state *s = state;
	const struct fake_options *o = settings;

	(void)err;
	s->world = o->world;
	s->world->env = env;
	fake_count(s->world, &s->world->init_calls);
	return SST_OK;
}

static int
fake_start(void *state, struct sst_error *err)
{
	struct fake_state *s = state;

	(void)err;
	fake_count(s->world, &s->world->start_calls);
	return SST_OK;
}

static void
fake_stop(void *state)
{
	struct fake_state *s = state;

	fake_count(s->world, &s->world->stop_calls);
}

static void
fake_fini(void *state)
{
	struct fake_state *s = state;

	if (s->world != NULL)
		fake_count(s->world, &s->world->fini_calls);
}

static void
fake_interrupt(void *state)
{
	struct fake_state *s = state;

	pthread_mutex_lock(&s->world->mutex);
	s->world->interrupted = true;
	s->world->interrupts++;
	pthread_cond_broadcast(&s->world->cond);
	pthread_mutex_unlock(&s->world->mutex);
}

/* What this collection is to do, after the wait; the number by the way. */
static int
fake_enter(
    struct fake_world *w, const struct sst_collect *req, int *number, bool *bad)
{
	int code;

	pthread_mutex_lock(&w->mutex);
	w->collect_calls++;
	w->last_now = req->now;
	pthread_cond_broadcast(&w->cond);
	while (w->hold && !w->interrupted)
		pthread_cond_wait(&w->cond, &w->mutex);
	code = w->interrupted ? SST_CANCELED : w->fail;
	w->interrupted = false;
	*number = w->number;
	*bad = w->bad_entity;
	pthread_mutex_unlock(&w->mutex);
	return code;
}

static json_t *
fake_agent(int number, bool bad)
{
	char text[32];

	snprintf(text, sizeof(text), "number %d", number);
	return json_pack("{s:s, s:s, s:i, s:n, s:[], s:{s:[]}, s:s}", "name",
	    bad ? "bad" : "agent", "description", text,
	    "max_parallel_invocations", bad ? -1 : 1, "deployment_name",
	    "models", "activity", "active_task_ids", "status", "idle");
}

static json_t *
fake_queue(int number, bool bad)
{
	return json_pack(
	    "{s:s, s:s, s:[], s:{s:i, s:n, s:n}, s:n, s:s, s:n, s:n}", "system",
	    "fake", "name", bad ? "bad" : "queue", "tasks", "depth", "ready",
	    bad ? -1 : number, "running", "total", "consumers", "tasks_detail",
	    "counts_only", "tasks_total", "tasks_omitted");
}

static int
fake_tell(struct fake_world *w, struct sst_draft *out, struct sst_error *err)
{
	char version[16];

	if (w->upstream == 0)
		return SST_OK;
	snprintf(version, sizeof(version), "%d", w->upstream);
	return sst_draft_upstream(out,
	    json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "status", "ok", "version",
		version, "parts", "name", "all", "state", "ok"),
	    err);
}

static int
fake_collect(struct fake_world *w, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err,
    json_t *(*make)(int number, bool bad))
{
	int number, code, rc = SST_OK;
	bool bad;

	code = fake_enter(w, req, &number, &bad);
	if (w->next_in_ms >= 0)
		sst_draft_next_in(out, w->next_in_ms);
	if (code != SST_OK)
		rc = sst_error_set(err, code, "fake failure");
	if (rc == SST_OK)
		rc = sst_draft_add(out, make(number, false), err);
	if (rc == SST_OK && bad)
		rc = sst_draft_add(out, make(number, true), err);
	if (rc == SST_OK)
		rc = fake_tell(w, out, err);
	fake_count(w, &w->collected);
	return rc;
}

static int
fake_collect_agents(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct fake_state *s = state;

	return fake_collect(s->world, req, out, err, fake_agent);
}

static int
fake_collect_queues(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct fake_state *s = state;

	return fake_collect(s->world, req, out, err, fake_queue);
}

#define FAKE_OPS(section_id, collect_fn)                                      \
	{                                                                     \
		.kind = "fake", .section = (section_id),                      \
		.summary = "set by the test",                                 \
		.settings_size = sizeof(struct fake_options),                 \
		.state_size = sizeof(struct fake_state), .interval_ms = 1000, \
		.deadline_ms = 500, .max_age_ms = 3000, .init = fake_init,    \
		.start = fake_start, .collect = (collect_fn),                 \
		.interrupt = fake_interrupt, .stop = fake_stop,               \
		.fini = fake_fini                                             \
	}

const struct sst_source_ops fake_agents_ops =
    FAKE_OPS(SST_SECTION_AGENTS, fake_collect_agents);
const struct sst_source_ops fake_queues_ops =
    FAKE_OPS(SST_SECTION_QUEUES, fake_collect_queues);
