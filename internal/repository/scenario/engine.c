#include "repository/scenario/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "repository/scenario/random.h"

/* Parts of the tag that makes a stream of random numbers its own. */
enum { TAG_JITTER = 1, TAG_EVENT = 2, TAG_STEP = 3 };

static bool
step_before(const struct scn_step *a, const struct scn_step *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void
heap_swap(struct scn_step *a, struct scn_step *b)
{
	struct scn_step t = *a;

	*a = *b;
	*b = t;
}

static int
heap_push(struct sst_engine *engine, struct scn_step step)
{
	size_t cap, i = engine->count;
	struct scn_step *heap;

	if (engine->count == engine->cap) {
		cap = engine->cap == 0 ? 32 : engine->cap * 2;
		heap = realloc(engine->heap, cap * sizeof(*heap));
		if (heap == NULL)
			return SST_NOMEM;
		engine->heap = heap;
		engine->cap = cap;
	}
	step.seq = engine->seq++;
	engine->heap[i] = step;
	engine->count++;
	for (; i > 0; i = (i - 1) / 2) {
		if (!step_before(&engine->heap[i], &engine->heap[(i - 1) / 2]))
			break;
		heap_swap(&engine->heap[i], &engine->heap[(i - 1) / 2]);
	}
	return 0;
}

static struct scn_step
heap_pop(struct sst_engine *engine)
{
	struct scn_step top = engine->heap[0];
	struct scn_step *heap = engine->heap;
	size_t i = 0, child, n = --engine->count;

	heap[0] = heap[n];
	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n &&
		    step_before(&heap[child + 1], &heap[child]))
			child++;
		if (!step_before(&heap[child], &heap[i]))
			break;
		heap_swap(&heap[child], &heap[i]);
		i = child;
	}
	return top;
}

static void
heap_clear(struct sst_engine *engine)
{
	size_t i;

	for (i = 0; i < engine->count; i++)
		json_decref(engine->heap[i].args);
	engine->count = 0;
	engine->seq = 0;
}

static uint64_t
engine_stream(
    const struct sst_engine *engine, uint64_t kind, uint64_t which, uint64_t n)
{
	uint64_t seed = (uint64_t)engine->options.seed;

	return scenario__mix2(scenario__mix2(seed, engine->round),
	    scenario__mix2(which << 2 | kind, n));
}

static struct scn_moment
engine_moment(const struct sst_engine *engine, int64_t at)
{
	double real = floor((double)at / engine->options.speed);

	return (struct scn_moment){
	    .at = at,
	    .wall_ms = engine->options.started.ms + (int64_t)real,
	    .speed = engine->options.speed,
	    .round = engine->round,
	};
}

int
scenario__later(struct sst_engine *engine, const struct scn_moment *moment,
    int64_t delay_ms, const struct scn_op *op, json_t *args)
{
	struct scn_step step = {
	    .at = moment->at + delay_ms, .op = op, .args = args};
	int rc;

	if (args == NULL)
		return SST_NOMEM;
	rc = heap_push(engine, step);
	if (rc != 0)
		json_decref(args);
	return rc;
}

/* Plans the n-th occurrence of an event, unless it has happened often enough.
 */
static int
engine_plan(
    struct sst_engine *engine, const struct scn_event *event, uint64_t n)
{
	uint64_t which = (uint64_t)(event - engine->plan->events);
	uint64_t stream = engine_stream(engine, TAG_JITTER, which, n);
	struct scn_step step = {.event = event, .n = n};

	if ((event->every == 0 && n > 0) ||
	    (event->times != 0 && n >= event->times))
		return 0;
	step.at = (int64_t)engine->round * engine->plan->loop + event->at +
		  (int64_t)n * event->every +
		  scenario__draw_int(&stream, 0, event->jitter);
	return heap_push(engine, step);
}

static int
engine_plan_ahead(struct sst_engine *engine, const struct scn_moment *moment)
{
	const struct scn_world *world = &engine->world;
	const struct scn_list *models = &world->sections[SST_SECTION_LITELLM];
	size_t i;
	int rc = 0;

	for (i = 0; i < world->task_count && rc == 0; i++)
		rc = scenario__plan_due(engine, moment, world->tasks[i]);
	for (i = 0; i < models->count && rc == 0; i++)
		rc = scenario__plan_recover(engine, moment, models->items[i]);
	return rc;
}

static int
engine_restart(struct sst_engine *engine, uint64_t round)
{
	struct scn_moment moment;
	size_t i;
	int rc;

	scenario__world_clear(&engine->world);
	heap_clear(engine);
	engine->world.runs = 0;
	engine->round = round;
	engine->at = (int64_t)round * engine->plan->loop;
	moment = engine_moment(engine, engine->at);
	rc = scenario__world_fill(&engine->world, engine->plan, &moment);
	if (rc == 0)
		rc = engine_plan_ahead(engine, &moment);
	for (i = 0; i < engine->plan->count && rc == 0; i++)
		rc = engine_plan(engine, &engine->plan->events[i], 0);
	engine->standing = rc == 0;
	return rc;
}

static int
engine_play(struct sst_engine *engine, struct scn_step *step)
{
	const struct scn_event *event = step->event;
	struct scn_moment moment = engine_moment(engine, step->at);
	json_t *args;
	int rc;

	engine->at = step->at;
	if (event == NULL) {
		moment.stream = engine_stream(engine, TAG_STEP, 0, step->seq);
		return step->op->apply(engine, &moment, step->args);
	}
	moment.n = event->first + step->n;
	moment.stream = engine_stream(engine, TAG_EVENT,
	    (uint64_t)(event - engine->plan->events), step->n);
	args = scenario__close(event->args, &moment);
	if (args == NULL)
		return SST_NOMEM;
	rc = event->op->apply(engine, &moment, args);
	json_decref(args);
	return rc != 0 ? rc : engine_plan(engine, event, step->n + 1);
}

int
sst_engine_advance(struct sst_engine *engine, int64_t at_ms, size_t max_steps,
    struct sst_error *err)
{
	int64_t at = at_ms < 0 ? 0 : at_ms;
	uint64_t round =
	    engine->plan->loop == 0 ? 0 : (uint64_t)(at / engine->plan->loop);
	struct scn_step step;
	int rc = 0;

	if (!engine->standing || at < engine->at || round != engine->round)
		rc = engine_restart(engine, round);
	while (rc == 0 && engine->count > 0 && engine->heap[0].at <= at) {
		if (max_steps-- == 0)
			return sst_error_set(err, SST_LIMIT,
			    "more events are due than may be played at once");
		step = heap_pop(engine);
		rc = engine_play(engine, &step);
		json_decref(step.args);
	}
	if (rc != 0) {
		engine->standing = false;
		return rc == SST_NOMEM ? sst_error_nomem(err)
				       : sst_error_set(err, rc, "scenario: %s",
					     sst_code_name(rc));
	}
	engine->at = at;
	return 0;
}

int64_t
sst_engine_next(const struct sst_engine *engine)
{
	int64_t next = engine->count > 0 ? engine->heap[0].at : -1;
	int64_t end = (int64_t)(engine->round + 1) * engine->plan->loop;

	if (engine->plan->loop == 0)
		return next;
	return next < 0 || next > end ? end : next;
}

int
sst_engine_new(const struct sst_scenario *scenario,
    const struct sst_engine_options *options, struct sst_engine **out,
    struct sst_error *err)
{
	struct sst_engine *engine = calloc(1, sizeof(*engine));

	if (engine == NULL)
		return sst_error_nomem(err);
	engine->plan = scenario;
	engine->options = *options;
	if (engine->options.seed == 0)
		engine->options.seed = scenario->seed;
	*out = engine;
	return 0;
}

void
sst_engine_free(struct sst_engine **engine)
{
	if (*engine == NULL)
		return;
	heap_clear(*engine);
	free((*engine)->heap);
	scenario__world_clear(&(*engine)->world);
	free(*engine);
	*engine = NULL;
}

uint64_t
sst_engine_version(const struct sst_engine *engine)
{
	return engine->world.version;
}

size_t
sst_engine_count(const struct sst_engine *engine, enum sst_section_id section)
{
	return engine->world.sections[section].count;
}

uint64_t
sst_engine_entity_version(
    const struct sst_engine *engine, enum sst_section_id section, size_t i)
{
	return engine->world.sections[section].items[i]->version;
}

const char *
sst_engine_entity_part(const struct sst_engine *engine,
    enum sst_section_id section, size_t i, const char *member)
{
	return scenario__text(
	    engine->world.sections[section].items[i]->tree, member);
}

json_t *
sst_engine_entity(
    struct sst_engine *engine, enum sst_section_id section, size_t i)
{
	return scenario__view(
	    &engine->world, section, engine->world.sections[section].items[i]);
}

int
scenario__put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0 ? 0 : SST_NOMEM;
}

const char *
scenario__text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int64_t
scenario__int(const json_t *object, const char *key, int64_t other)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : other;
}
