#include "repository/scenario/large.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "repository/scenario/random.h"

/* What a stream of random numbers is for. */
enum large_purpose {
	FOR_PHASE = 1,
	FOR_AGENT,
	FOR_WORKLOAD,
	FOR_POD,
	FOR_QUEUE,
	FOR_TASK,
	FOR_MODEL,
	FOR_ACTIVE
};

static const char *const words[] = {"ingest", "parse", "rank", "embed", "route",
    "plan", "audit", "score", "review", "batch", "stream", "cache", "index",
    "match", "merge", "filter", "guard", "verify", "sync", "report"};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* What stands in a slot at a step: the how-manieth tenant, and which version
 * of its content. Both rise with the steps, each slot at its own time. */
struct large_tenant {
	uint64_t slot;
	uint64_t tenant;
	uint64_t content;
	int64_t born; /* step at which the tenant came; <= 0: at the start */
};

bool
sst_large_sizes(const char *name, struct sst_large *out)
{
	static const struct sst_large small = {.agents = 10,
	    .workload = 10,
	    .pods = 5,
	    .queues = 5,
	    .tasks = 35,
	    .models = 10};
	static const struct sst_large medium = {.agents = 100,
	    .workload = 100,
	    .pods = 10,
	    .queues = 10,
	    .tasks = 1000,
	    .models = 20};
	static const struct sst_large large = {.agents = 1000,
	    .workload = 1000,
	    .pods = 10,
	    .queues = 100,
	    .tasks = 1000,
	    .models = 200};

	if (strcmp(name, "large-S") == 0)
		*out = small;
	else if (strcmp(name, "large-M") == 0)
		*out = medium;
	else if (strcmp(name, "large-L") == 0)
		*out = large;
	else
		return false;
	return true;
}

size_t
sst_large_count(const struct sst_large *l, enum sst_section_id section)
{
	const size_t counts[SST_SECTION_COUNT] = {
	    [SST_SECTION_AGENTS] = l->agents,
	    [SST_SECTION_WORKLOAD] = l->workload,
	    [SST_SECTION_QUEUES] = l->queues,
	    [SST_SECTION_LITELLM] = l->models,
	};

	return counts[section];
}

static uint64_t
large_stream(const struct sst_large *l, enum large_purpose purpose, uint64_t a,
    uint64_t b)
{
	return scenario__mix2(
	    scenario__mix2(l->seed, (uint64_t)purpose), scenario__mix2(a, b));
}

static struct large_tenant
large_tenant(const struct sst_large *l, enum large_purpose purpose,
    uint64_t slot, int64_t step)
{
	struct large_tenant t = {.slot = slot};
	uint64_t stream = large_stream(l, FOR_PHASE, (uint64_t)purpose, slot);
	int64_t life, span, phase;

	if (l->churn <= 0.0)
		return t;
	life = (int64_t)llround(2.0 / l->churn);
	span = (int64_t)llround(1.0 / l->churn);
	phase = scenario__draw_int(&stream, 0, life - 1);
	t.tenant = (uint64_t)((step + phase) / life);
	t.born = (int64_t)t.tenant * life - phase;
	phase = scenario__draw_int(&stream, 0, span - 1);
	t.content = (uint64_t)((step + phase) / span);
	return t;
}

/* Of what stays as long as the tenant, and of what changes with the content. */
static uint64_t
large_fixed(const struct sst_large *l, enum large_purpose purpose,
    const struct large_tenant *t)
{
	return large_stream(l, purpose, t->slot, t->tenant << 1);
}

static uint64_t
large_loose(const struct sst_large *l, enum large_purpose purpose,
    const struct large_tenant *t)
{
	return large_stream(l, purpose, scenario__mix2(t->slot, t->tenant),
	    t->content << 1 | 1);
}

static const char *
large_word(uint64_t *stream)
{
	return words[scenario__draw_int(stream, 0, WORDS - 1)];
}

static void
large_name(const char *prefix, uint64_t stream, const struct large_tenant *t,
    char out[SST_LARGE_TEXT])
{
	const char *a = large_word(&stream), *b = large_word(&stream);

	if (t->tenant == 0)
		snprintf(out, SST_LARGE_TEXT, "%s-%s-%s-%05u", prefix, a, b,
		    (unsigned)t->slot);
	else
		snprintf(out, SST_LARGE_TEXT, "%s-%s-%s-%05u-%u", prefix, a, b,
		    (unsigned)t->slot, (unsigned)t->tenant);
}

static void
large_uuid(uint64_t stream, char out[37])
{
	uint64_t a = scenario__draw(&stream), b = scenario__draw(&stream);

	snprintf(out, 37, "%08x-%04x-4%03x-a%03x-%012llx", (unsigned)(a >> 32),
	    (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
	    (unsigned)(b >> 48 & 0xfff),
	    (unsigned long long)(b & UINT64_C(0xffffffffffff)));
}

static json_t *
large_time(const struct sst_large *l, int64_t offset_s)
{
	char text[SST_TIME_TEXT];

	sst_time_format_utc(l->base.ms + offset_s * 1000, false, text);
	return json_string(text);
}

static enum large_purpose
large_purpose(enum sst_section_id section)
{
	static const enum large_purpose purposes[SST_SECTION_COUNT] = {
	    [SST_SECTION_AGENTS] = FOR_AGENT,
	    [SST_SECTION_WORKLOAD] = FOR_WORKLOAD,
	    [SST_SECTION_QUEUES] = FOR_QUEUE,
	    [SST_SECTION_LITELLM] = FOR_MODEL,
	};

	return purposes[section];
}

/* Queues stay; their tasks come and go. */
static struct large_tenant
large_entity_tenant(const struct sst_large *l, enum sst_section_id section,
    size_t i, int64_t step)
{
	if (section == SST_SECTION_QUEUES)
		return (struct large_tenant){.slot = i};
	return large_tenant(l, large_purpose(section), i, step);
}

static void
large_model_name(const struct sst_large *l, const struct large_tenant *t,
    char out[SST_LARGE_TEXT])
{
	static const char *const providers[] = {"openai", "anthropic", "azure",
	    "bedrock", "vertex_ai", "mistral", "local"};
	uint64_t stream = large_fixed(l, FOR_MODEL, t);
	const char *provider = providers[scenario__draw_int(&stream, 0, 6)];

	if (t->tenant == 0)
		snprintf(out, SST_LARGE_TEXT, "%s/model-%04u", provider,
		    (unsigned)t->slot);
	else
		snprintf(out, SST_LARGE_TEXT, "%s/model-%04u-%u", provider,
		    (unsigned)t->slot, (unsigned)t->tenant);
}

static void
large_entity_name(const struct sst_large *l, enum sst_section_id section,
    const struct large_tenant *t, char out[SST_LARGE_TEXT])
{
	static const char *const prefixes[SST_SECTION_COUNT] = {
	    [SST_SECTION_AGENTS] = "agent",
	    [SST_SECTION_WORKLOAD] = "dep",
	    [SST_SECTION_QUEUES] = "queue",
	};

	if (section == SST_SECTION_LITELLM)
		large_model_name(l, t, out);
	else
		large_name(prefixes[section],
		    large_fixed(l, large_purpose(section), t), t, out);
}

uint64_t
sst_large_state(const struct sst_large *l, enum sst_section_id section,
    size_t i, int64_t step)
{
	struct large_tenant t = large_entity_tenant(l, section, i, step);
	uint64_t state = scenario__mix2(t.tenant, t.content);
	enum large_purpose purpose = FOR_TASK;
	size_t k, n = 0;

	if (section == SST_SECTION_WORKLOAD) {
		n = l->pods;
		purpose = FOR_POD;
	} else if (section == SST_SECTION_QUEUES) {
		n = l->tasks;
	}
	for (k = 0; k < n; k++) {
		t = large_tenant(l, purpose, i * n + k, step);
		state =
		    scenario__mix2(state, scenario__mix2(t.tenant, t.content));
	}
	return state;
}

size_t
sst_large_key(const struct sst_large *l, enum sst_section_id section, size_t i,
    int64_t step, char parts[SST_LARGE_KEY][SST_LARGE_TEXT])
{
	struct large_tenant t = large_entity_tenant(l, section, i, step);
	size_t n = 0;

	if (section == SST_SECTION_WORKLOAD) {
		snprintf(parts[n++], SST_LARGE_TEXT, "agents");
		snprintf(parts[n++], SST_LARGE_TEXT, "Deployment");
	} else if (section == SST_SECTION_QUEUES) {
		snprintf(parts[n++], SST_LARGE_TEXT, "mock");
	}
	large_entity_name(l, section, &t, parts[n++]);
	return n;
}

static json_t *
large_active(
    const struct sst_large *l, const struct large_tenant *t, uint64_t *stream)
{
	/* once it has changed there is one at least, so that a change shows */
	int64_t i, n = scenario__draw_int(stream, t->content > 0, 4);
	json_t *array = json_array();
	char id[37];

	for (i = 0; i < n; i++) {
		large_uuid(
		    large_stream(l, FOR_ACTIVE, t->slot << 3 | (uint64_t)i,
			scenario__mix2(t->tenant, t->content)),
		    id);
		json_array_append_new(array,
		    json_pack("{s:s,s:o,s:s}", "id", id, "started_on",
			large_time(l, -scenario__draw_int(stream, 0, 3600)),
			"status", "running"));
	}
	return array;
}

/* Two models that are there from the start, sorted. */
static json_t *
large_models(const struct sst_large *l, uint64_t *stream)
{
	struct large_tenant a = {0}, b = {0};
	char x[SST_LARGE_TEXT], y[SST_LARGE_TEXT];
	int order;

	a.slot = scenario__draw(stream) % l->models;
	b.slot = scenario__draw(stream) % l->models;
	large_model_name(l, &a, x);
	large_model_name(l, &b, y);
	order = strcmp(x, y);
	if (order == 0)
		return json_pack("[s]", x);
	return json_pack("[s,s]", order < 0 ? x : y, order < 0 ? y : x);
}

static json_t *
large_agent(const struct sst_large *l, const struct large_tenant *t)
{
	uint64_t fixed = large_fixed(l, FOR_AGENT, t);
	uint64_t loose = large_loose(l, FOR_AGENT, t);
	char name[SST_LARGE_TEXT], deployment[SST_LARGE_TEXT];
	struct large_tenant home = {
	    .slot = scenario__draw(&fixed) % l->workload};
	const char *does = large_word(&fixed), *then = large_word(&fixed);
	json_t *active = large_active(l, t, &loose);
	bool idle = json_array_size(active) == 0;

	large_entity_name(l, SST_SECTION_AGENTS, t, name);
	large_entity_name(l, SST_SECTION_WORKLOAD, &home, deployment);
	return json_pack("{s:s,s:o,s:i,s:s,s:o,s:{s:o},s:s,s:s}", "name", name,
	    "description",
	    json_sprintf("Agent %u that does %s then %s \xe2\x80\x94 \"tier "
			 "%u\"",
		(unsigned)t->slot, does, then,
		(unsigned)(scenario__draw(&fixed) % 4)),
	    "max_parallel_invocations", (int)scenario__draw_int(&fixed, 4, 64),
	    "deployment_name", deployment, "models", large_models(l, &fixed),
	    "activity", "active_task_ids", active, "namespace", "agents",
	    "status", idle ? "idle" : "running");
}

static json_t *
large_pod(const struct sst_large *l, const struct large_tenant *t,
    const char *deployment, bool *running)
{
	static const char *const odd[] = {
	    "Pending", "Succeeded", "Failed", "Unknown"};
	uint64_t fixed = large_fixed(l, FOR_POD, t);
	uint64_t loose = large_loose(l, FOR_POD, t);
	unsigned tail = (unsigned)(scenario__draw(&fixed) & 0xfffff);
	int64_t born =
	    t->born > 0 ? t->born : -scenario__draw_int(&fixed, 0, 86400);
	const char *phase = "Running";
	char id[SST_LARGE_TEXT + 16];

	if (scenario__draw_int(&fixed, 0, 9) == 0)
		phase = odd[scenario__draw_int(&fixed, 0, 3)];
	*running = strcmp(phase, "Running") == 0;
	snprintf(id, sizeof(id), "%s-%05x", deployment, tail);
	return json_pack("{s:s,s:f,s:I,s:s,s:s,s:I,s:o}", "pod_id", id, "cpu",
	    (double)scenario__draw_int(&loose, 10, 1000) / 1000.0, "memory",
	    (json_int_t)scenario__draw_int(&loose, 64, 2048), "status", phase,
	    "phase", phase, "restarts",
	    (json_int_t)scenario__draw_int(&fixed, 0, 3), "started_at",
	    large_time(l, born));
}

static json_t *
large_workload(
    const struct sst_large *l, const struct large_tenant *t, int64_t step)
{
	uint64_t fixed = large_fixed(l, FOR_WORKLOAD, t);
	json_t *pods = json_array();
	char name[SST_LARGE_TEXT];
	struct large_tenant pod;
	json_int_t active = 0;
	bool running;
	size_t i;

	large_entity_name(l, SST_SECTION_WORKLOAD, t, name);
	for (i = 0; i < l->pods; i++) {
		pod = large_tenant(l, FOR_POD, t->slot * l->pods + i, step);
		json_array_append_new(pods, large_pod(l, &pod, name, &running));
		active += running;
	}
	return json_pack("{s:s,s:i,s:o,s:o,s:{s:I,s:I,s:I},s:o,s:s,s:s,s:s}",
	    "deployment_name", name, "max_pods",
	    (int)scenario__draw_int(&fixed, 10, 30) + (int)(t->content % 20),
	    "pod_max_ram",
	    json_sprintf("%dGi", (int)scenario__draw_int(&fixed, 1, 16)),
	    "pod_max_cpu",
	    json_sprintf("%d00m", (int)scenario__draw_int(&fixed, 1, 40)),
	    "live", "active_pods", active, "desired_pods", (json_int_t)l->pods,
	    "ready_pods", active, "pods", pods, "namespace", "agents", "kind",
	    "Deployment", "max_pods_source", "hpa");
}

/* Of tasks that wait for nobody; the others wait for such ones. */
static const char *
large_task_status(const struct sst_large *l, const struct large_tenant *t)
{
	uint64_t loose = large_loose(l, FOR_TASK, t);
	int64_t n = scenario__draw_int(&loose, 0, 19);

	return n < 17    ? "queued"
	       : n == 17 ? "scheduled"
	       : n == 18 ? "retrying"
			 : "failed";
}

static bool
large_task_waits(const struct large_tenant *t)
{
	return t->slot % 5 == 4;
}

static void
large_task_id(
    const struct sst_large *l, const struct large_tenant *t, char out[37])
{
	large_uuid(large_fixed(l, FOR_TASK, t), out);
}

/* Waits for one, rarely two, of those before it in its queue. */
static int
large_blockers(const struct sst_large *l, const struct large_tenant *t,
    const char *queue, int64_t step, json_t *task)
{
	uint64_t loose = large_loose(l, FOR_TASK, t);
	int64_t i, n = scenario__draw_int(&loose, 0, 9) == 0 ? 2 : 1;
	json_t *array = json_array();
	struct large_tenant blocker;
	const char *status;
	bool hopeless = false;
	char id[37];

	for (i = 0; i < n; i++) {
		blocker =
		    large_tenant(l, FOR_TASK, t->slot - 1 - (uint64_t)i, step);
		status = large_task_status(l, &blocker);
		hopeless = hopeless || strcmp(status, "failed") == 0;
		large_task_id(l, &blocker, id);
		json_array_append_new(
		    array, json_pack("{s:s,s:s,s:s}", "id", id, "queue", queue,
			       "status", status));
	}
	if (hopeless)
		json_object_set_new(task, "deadlocked", json_true());
	return json_object_set_new(task, "blocked_by", array);
}

static json_t *
large_task(const struct sst_large *l, const struct large_tenant *t,
    const char *queue, int64_t step)
{
	static const char *const levels[] = {"low", "low", "normal", "normal",
	    "normal", "normal", "normal", "high", "high", "critical"};
	uint64_t fixed = large_fixed(l, FOR_TASK, t);
	int64_t born;
	json_t *task;
	char id[37];

	large_task_id(l, t, id);
	scenario__draw(&fixed);
	scenario__draw(&fixed);
	born = t->born > 0 ? t->born : -scenario__draw_int(&fixed, 1, 86400);
	task = json_pack("{s:s,s:{s:s},s:o,s:s}", "id", id, "priority", "level",
	    levels[scenario__draw_int(&fixed, 0, 9)], "submitted_at",
	    large_time(l, born), "status",
	    large_task_waits(t) ? "blocked" : large_task_status(l, t));
	if (task != NULL && t->content > 0)
		json_object_set_new(
		    task, "attempts", json_integer((json_int_t)t->content));
	if (task != NULL && large_task_waits(t) &&
	    large_blockers(l, t, queue, step, task) != 0) {
		json_decref(task);
		return NULL;
	}
	return task;
}

static size_t
large_depth_slot(const char *status)
{
	return status[0] == 'q'   ? 0
	       : status[0] == 'b' ? 2
	       : status[0] == 'f' ? 3
				  : 1;
}

static json_t *
large_queue(
    const struct sst_large *l, const struct large_tenant *t, int64_t step)
{
	json_int_t depth[4] = {0, 0, 0, 0};
	json_t *tasks = json_array(), *task;
	char name[SST_LARGE_TEXT];
	struct large_tenant tenant;
	size_t i;

	large_entity_name(l, SST_SECTION_QUEUES, t, name);
	for (i = 0; i < l->tasks; i++) {
		tenant =
		    large_tenant(l, FOR_TASK, t->slot * l->tasks + i, step);
		task = large_task(l, &tenant, name, step);
		if (json_array_append_new(tasks, task) != 0)
			break;
		depth[large_depth_slot(
		    json_string_value(json_object_get(task, "status")))]++;
	}
	if (i < l->tasks) {
		json_decref(tasks);
		return NULL;
	}
	return json_pack(
	    "{s:s,s:o,s:s,s:{s:I,s:i,s:I,s:I,s:I,s:I},s:i,s:s,s:I,s:i}", "name",
	    name, "tasks", tasks, "system", "mock", "depth", "ready", depth[0],
	    "running", 0, "delayed", depth[1], "blocked", depth[2], "failed",
	    depth[3], "total", (json_int_t)l->tasks, "consumers",
	    (int)(t->slot % 8 + 1), "tasks_detail", "full", "tasks_total",
	    (json_int_t)l->tasks, "tasks_omitted", 0);
}

static json_t *
large_model(const struct sst_large *l, const struct large_tenant *t)
{
	uint64_t fixed = large_fixed(l, FOR_MODEL, t);
	uint64_t loose = large_loose(l, FOR_MODEL, t);
	char name[SST_LARGE_TEXT], provider[SST_LARGE_TEXT];

	large_model_name(l, t, name);
	memcpy(provider, name, sizeof(provider));
	provider[strcspn(provider, "/")] = '\0';
	return json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:s,s:s,s:s,s:i,s:f}",
	    "model", name, "provider", provider, "tpm",
	    (json_int_t)scenario__draw_int(&loose, 0, 500000), "rpm",
	    (json_int_t)scenario__draw_int(&loose, 0, 5000), "tpm_max",
	    (json_int_t)scenario__draw_int(&fixed, 500000, 2000000), "rpm_max",
	    (json_int_t)scenario__draw_int(&fixed, 5000, 20000), "payment_type",
	    "pay-per-request", "deployment_id", name, "status", "healthy",
	    "window_seconds", 60, "spend_usd_today",
	    (double)scenario__draw_int(&loose, 0, 10000000) / 10000.0);
}

json_t *
sst_large_entity(const struct sst_large *l, enum sst_section_id section,
    size_t i, int64_t step)
{
	struct large_tenant t = large_entity_tenant(l, section, i, step);

	switch (section) {
	case SST_SECTION_AGENTS:
		return large_agent(l, &t);
	case SST_SECTION_WORKLOAD:
		return large_workload(l, &t, step);
	case SST_SECTION_QUEUES:
		return large_queue(l, &t, step);
	default:
		return large_model(l, &t);
	}
}
