#include "watch_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/snapshot_priv.h"

void
rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	fake_clock_init(&rig->hands);
	pthread_mutex_init(&rig->mutex, NULL);
	ck_assert_int_eq(sst_contract_new(&rig->contract, &rig->err), SST_OK);
	rig->epoch = "00000000000000e1";
	rig_set_agent(rig, 0, 1);
	rig_set_agent(rig, 1, 1);
	rig->tasks[0][0] = 1;
	rig->tasks[0][1] = 1;
	rig->tasks[1][2] = 1;
	rig->status[0] = rig->status[1] = 1;
}

struct watch_hub_settings
rig_settings(struct rig *rig)
{
	return (struct watch_hub_settings){
	    .clock = &rig->hands.clock,
	    .max_watchers = 10000,
	    .max_queued_events = 64,
	    .max_queued_bytes = 1 << 20,
	    .heartbeat_ms = 16000,
	    .current = rig_current,
	    .current_ctx = rig,
	};
}

void
rig_open(struct rig *rig, const struct watch_hub_settings *settings)
{
	ck_assert_int_eq(
	    watch__hub_new(settings, &rig->hub, &rig->err), SST_OK);
}

void
rig_fini(struct rig *rig)
{
	size_t i;

	watch__hub_free(&rig->hub);
	sst_snapshot_release(&rig->current);
	for (i = 0; i < RIG_KEPT; i++)
		sst_snapshot_release(&rig->kept[i]);
	for (i = 0; i < RIG_AGENTS; i++)
		sst_entity_release(&rig->agents[i]);
	sst_contract_free(&rig->contract);
	pthread_mutex_destroy(&rig->mutex);
	fake_clock_fini(&rig->hands);
}

static struct sst_entity *
rig_entity(const struct sst_entity_parts *parts)
{
	struct sst_entity *e = NULL;
	struct sst_error err;

	ck_assert_int_eq(sst_entity_new(parts, &e, &err), SST_OK);
	return e;
}

/* An entity of that key and text, printed. */
static struct sst_entity *
rig_leaf(const char *key, const char *json)
{
	struct sst_entity_parts p = {
	    .key = key,
	    .key_len = strlen(key),
	    .json = json,
	    .json_len = strlen(json),
	};

	return rig_entity(&p);
}

void
rig_set_agent(struct rig *rig, size_t i, int value)
{
	char key[16], json[96];

	sst_entity_release(&rig->agents[i]);
	if (value == 0)
		return;
	snprintf(key, sizeof(key), "a%zu", i);
	snprintf(json, sizeof(json),
	    "{\"name\":\"a%zu\",\"description\":\"%d\"}", i, value);
	rig->agents[i] = rig_leaf(key, json);
}

static struct sst_section *
rig_section(enum sst_section_id id, struct sst_entity **entities, size_t count,
    bool release)
{
	struct sst_section *s = NULL;
	struct sst_error err;
	size_t i;

	ck_assert_int_eq(
	    sst_section_new(id, entities, count, &s, &err), SST_OK);
	for (i = 0; release && i < count; i++)
		sst_entity_release(&entities[i]);
	return s;
}

static struct sst_section *
rig_agents(struct rig *rig)
{
	static struct sst_entity *present[RIG_AGENTS];
	size_t i, n = 0;

	for (i = 0; i < RIG_AGENTS; i++) {
		if (rig->agents[i] != NULL)
			present[n++] = rig->agents[i];
	}
	return rig_section(SST_SECTION_AGENTS, present, n, false);
}

static struct sst_entity *
rig_queue(struct rig *rig, int q)
{
	struct sst_entity *tasks[RIG_TASKS], *queue;
	char key[32], json[160];
	struct sst_entity_parts p = {.key = key, .json = json};
	size_t i, n = 0;

	for (i = 0; i < RIG_TASKS; i++) {
		if (rig->tasks[q][i] == 0)
			continue;
		snprintf(key, sizeof(key), "t%zu", i);
		snprintf(json, sizeof(json),
		    "{\"id\":\"t%zu\","
		    "\"submitted_at\":\"2026-01-01T00:00:00Z\","
		    "\"status\":\"%d\"}",
		    i, rig->tasks[q][i]);
		tasks[n++] = rig_leaf(key, json);
	}
	snprintf(key, sizeof(key), "mock%cq%d", SST_KEY_SEPARATOR, q);
	snprintf(json, sizeof(json),
	    "{\"name\":\"q%d\",\"updated_at\":\"2026-01-01T00:00:%02dZ\","
	    "\"tasks\":[],\"system\":\"mock\"}",
	    q, rig->stamp);
	p.key_len = strlen(key);
	p.json_len = strlen(json);
	p.hole = (size_t)(strstr(json, "[]") - json) + 1;
	p.children = tasks;
	p.child_count = n;
	queue = rig_entity(&p);
	for (i = 0; i < n; i++)
		sst_entity_release(&tasks[i]);
	return queue;
}

static struct sst_section *
rig_sources(struct rig *rig)
{
	static const char *const names[] = {"agents/a", "queues/q"};
	struct sst_entity *rows[2];
	char json[160];
	int i;

	for (i = 0; i < 2; i++) {
		snprintf(json, sizeof(json),
		    "{\"name\":\"%s\",\"section\":\"%.6s\",\"kind\":\"mock\","
		    "\"status\":\"%d\"}",
		    names[i], names[i], rig->status[i]);
		rows[i] = rig_leaf(names[i], json);
	}
	return rig_section(SST_SECTION_SOURCES, rows, 2, true);
}

static struct sst_snapshot *
rig_make(struct rig *rig)
{
	struct sst_entity *queues[RIG_QUEUES];
	struct sst_snapshot *s = NULL;
	int q;

	ck_assert_int_eq(sst_snapshot_new("test", rig->contract->document, &s,
			     &rig->err), SST_OK);
	snprintf(s->epoch, sizeof(s->epoch), "%s", rig->epoch);
	s->revision = ++rig->revision;
	for (q = 0; q < RIG_QUEUES; q++)
		queues[q] = rig_queue(rig, q);
	s->sources = rig_sources(rig);
	s->sections[SST_SECTION_AGENTS] = rig_agents(rig);
	s->sections[SST_SECTION_QUEUES] =
	    rig_section(SST_SECTION_QUEUES, queues, RIG_QUEUES, true);
	s->presence[SST_SECTION_AGENTS] = SST_KNOWN;
	s->presence[SST_SECTION_QUEUES] = SST_KNOWN;
	s->presence[SST_SECTION_WORKLOAD] = rig->workload;
	if (rig->workload == SST_KNOWN)
		s->sections[SST_SECTION_WORKLOAD] =
		    rig_section(SST_SECTION_WORKLOAD, NULL, 0, false);
	return s;
}

void
rig_publish(struct rig *rig)
{
	struct sst_snapshot *s = rig_make(rig), *old;

	ck_assert_uint_lt(s->revision, RIG_KEPT);
	pthread_mutex_lock(&rig->mutex);
	old = rig->kept[s->revision];
	rig->kept[s->revision] = s;
	sst_snapshot_release(&rig->current);
	rig->current = sst_snapshot_acquire(s);
	pthread_mutex_unlock(&rig->mutex);
	sst_snapshot_release(&old);
}

struct sst_snapshot *
rig_current(void *ctx)
{
	struct rig *rig = ctx;
	struct sst_snapshot *s = NULL;

	pthread_mutex_lock(&rig->mutex);
	if (rig->current != NULL)
		s = sst_snapshot_acquire(rig->current);
	pthread_mutex_unlock(&rig->mutex);
	return s;
}

struct sst_snapshot *
rig_at(struct rig *rig, uint64_t revision)
{
	struct sst_snapshot *s;

	pthread_mutex_lock(&rig->mutex);
	s = rig->kept[revision];
	pthread_mutex_unlock(&rig->mutex);
	ck_assert_ptr_nonnull(s);
	return s;
}

void
rig_round(struct rig *rig)
{
	watch__round(rig->hub);
}

void
rig_due(struct rig *rig, int64_t advance_ms)
{
	struct sst_watch *wakes = NULL;

	fake_clock_advance(&rig->hands, advance_ms);
	sst_lock_acquire(&rig->hub->lock);
	watch__due(rig->hub, sst_clock_mono(&rig->hands.clock), &wakes);
	sst_lock_release(&rig->hub->lock);
	watch__call(wakes);
}

void
eye_wake(void *ctx)
{
	struct eye *eye = ctx;

	atomic_fetch_add(&eye->wakes, 1);
}

void
eye_open(struct rig *rig, struct eye *eye, unsigned sections, const char *key,
    struct sst_snapshot *resume)
{
	struct sst_watch_settings s = {
	    .sections = sections,
	    .key = key,
	    .key_len = key == NULL ? 0 : strlen(key),
	    .resume = resume,
	    .wake = eye_wake,
	    .wake_ctx = eye,
	};

	memset(eye, 0, sizeof(*eye));
	ck_assert_msg(watch__hub_open(rig->hub, &s, &eye->watch, &rig->err) ==
		SST_OK,
	    "%s", rig->err.text);
}

void
eye_poll(struct rig *rig, struct eye *eye, unsigned sections,
    struct sst_snapshot *resume, int64_t wait_ms)
{
	struct sst_watch_settings s = {
	    .sections = sections,
	    .resume = resume,
	    .wait_ms = wait_ms,
	    .wake = eye_wake,
	    .wake_ctx = eye,
	};

	memset(eye, 0, sizeof(*eye));
	ck_assert_int_eq(
	    watch__hub_open(rig->hub, &s, &eye->watch, &rig->err), SST_OK);
}

void
eye_wants(
    struct eye *eye, enum sst_watch_event_kind kind, uint64_t revision)
{
	sst_watch_event_fini(&eye->event);
	ck_assert_int_eq(sst_watch_next(eye->watch, &eye->event), SST_OK);
	ck_assert_int_eq(eye->event.kind, kind);
	ck_assert_uint_eq(eye->event.revision, revision);
}

void
eye_wants_none(struct eye *eye, int wakes)
{
	struct sst_watch_event none;

	ck_assert_int_eq(sst_watch_next(eye->watch, &none), SST_NODATA);
	ck_assert_int_eq(atomic_load(&eye->wakes), wakes);
}

static json_t *
eye_body(const struct eye *eye)
{
	json_t *json;

	ck_assert_ptr_nonnull(eye->event.body);
	json = json_loadb(eye->event.body->bytes, eye->event.body->len,
	    JSON_DECODE_ANY, NULL);
	ck_assert_ptr_nonnull(json);
	return json;
}

uint64_t
eye_from(const struct eye *eye)
{
	json_t *json = eye_body(eye);
	uint64_t from = (uint64_t)json_integer_value(json_object_get(
	    json_object_get(json, "from"), "revision"));

	json_decref(json);
	return from;
}

size_t
eye_changes(const struct eye *eye)
{
	json_t *json = eye_body(eye);
	size_t n = json_array_size(json_object_get(json, "changes"));

	json_decref(json);
	return n;
}

void
eye_close(struct eye *eye)
{
	struct watch_hub *hub;
	struct sst_watch *wakes = NULL;

	sst_watch_event_fini(&eye->event);
	if (eye->watch == NULL)
		return;
	hub = eye->watch->hub;
	sst_lock_acquire(&hub->lock);
	watch__collect(eye->watch, &wakes);
	sst_lock_release(&hub->lock);
	sst_watch_close(&eye->watch);
}
