/* Under change without end: nothing is lost, nothing comes twice. */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/poll.h"
#include "test_watch.h"
#include "watch_model.h"

static struct rig rig;
static atomic_bool enough; /* the publisher is to end */

static void
setup(void)
{
	struct watch_hub_settings s;

	rig_init(&rig);
	s = rig_settings(&rig);
	s.max_queued_events = 8;
	s.heartbeat_ms = 8;
	rig_open(&rig, &s);
	rig_publish(&rig);
	atomic_store(&enough, false);
}

static void
teardown(void)
{
	rig_fini(&rig);
}

static unsigned
dice(unsigned *state, unsigned sides)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 10) % sides;
}

/* A little different from before. */
static void
turn(unsigned *state)
{
	unsigned what = dice(state, 8), q = dice(state, 2), t = dice(state, 4);

	if (what < 3) {
		rig_set_agent(&rig, dice(state, 4), (int)dice(state, 4));
	} else if (what < 5) {
		rig.tasks[q][t] = (int)dice(state, 3);
	} else if (what == 5) { /* it may well move */
		what = (unsigned)rig.tasks[q][t];
		rig.tasks[q][t] = rig.tasks[1 - q][t];
		rig.tasks[1 - q][t] = (int)what;
	} else {
		rig.status[q] = 1 + (int)dice(state, 3);
	}
}

static void
publish_next(unsigned *state)
{
	turn(state);
	rig_publish(&rig);
	watch__hub_published(rig.hub);
	if (dice(state, 4) == 0)
		fake_clock_advance(&rig.hands, 1);
}

/* Time goes on when there are no more revisions to be had. */
static void *
publisher(void *arg)
{
	unsigned state = 1;

	(void)arg;
	while (!atomic_load(&enough)) {
		if (rig.revision < RIG_KEPT - 1)
			publish_next(&state);
		else
			fake_clock_advance(&rig.hands, 1);
		sched_yield();
	}
	return NULL;
}

static uint64_t
published(void)
{
	struct sst_snapshot *s = rig_current(&rig);
	uint64_t revision = s->revision;

	sst_snapshot_release(&s);
	return revision;
}

static uint64_t
settled(void)
{
	uint64_t revision;

	sst_lock_acquire(&rig.hub->lock);
	revision = rig.hub->settled_revision;
	sst_lock_release(&rig.hub->lock);
	return revision;
}

/* One client, and how it chooses to behave. */
struct client {
	struct model model;
	struct eye eye;
	unsigned state;
	int waits; /* how often it was woken, for this watch */
	int connects, slow, changes;
};

static void
client_connect(struct client *c)
{
	struct sst_snapshot *resume = NULL;

	if (c->model.at != 0)
		resume = rig_at(&rig, c->model.at);
	eye_open(&rig, &c->eye, c->model.sections, c->model.key, resume);
	c->waits = 0;
	c->connects++;
}

static void
client_leave(struct client *c)
{
	sst_watch_event_fini(&c->eye.event);
	sst_watch_close(&c->eye.watch);
}

static void
client_check(struct client *c, const struct sst_watch_event *e)
{
	uint64_t before = c->model.at;
	json_t *body;
	uint64_t from;

	if (e->kind == SST_WATCH_CHANGE) {
		body = json_loadb(e->body->bytes, e->body->len, 0, NULL);
		from = (uint64_t)json_integer_value(json_object_get(
		    json_object_get(body, "from"), "revision"));
		json_decref(body);
		model_same(&c->model, rig_at(&rig, before), rig_at(&rig, from));
		c->changes++;
	} else if (e->kind == SST_WATCH_BOOKMARK) {
		model_same(&c->model, rig_at(&rig, before),
		    rig_at(&rig, e->revision));
		ck_assert_uint_gt(e->revision, before);
	} else if (e->kind == SST_WATCH_HEARTBEAT) {
		ck_assert_uint_eq(e->revision, before);
	}
	model_apply(&c->model, e);
	model_compare(&c->model, rig_at(&rig, c->model.at));
}

/* Reads one event; false: it was the last one. */
static bool
client_read(struct client *c)
{
	struct sst_watch_event *e = &c->eye.event;
	int rc;

	sst_watch_event_fini(e);
	while ((rc = sst_watch_next(c->eye.watch, e)) == SST_NODATA) {
		c->waits++;
		ck_assert(POLL_UNTIL(atomic_load(&c->eye.wakes) == c->waits));
	}
	ck_assert_int_eq(rc, SST_OK);
	if (e->kind == SST_WATCH_SLOW) {
		ck_assert_uint_eq(e->revision, c->model.at);
		c->slow++;
		return false;
	}
	if (e->kind == SST_WATCH_STOPPED)
		return false;
	client_check(c, e);
	return true;
}

/* Until it is slow, if there are revisions left. */
static void
client_doze(const struct client *c)
{
	uint64_t until = c->model.at + 40;

	if (until < RIG_KEPT - 1)
		ck_assert(POLL_UNTIL(published() >= until));
}

/* Connects, reads some, breaks off at any point; so on. */
static void
client_run(struct client *c, int connects)
{
	unsigned n;

	while (c->connects < connects) {
		client_connect(c);
		for (n = dice(&c->state, 6); n > 0 && client_read(c); n--) {
			if (dice(&c->state, 50) == 0)
				client_doze(c);
		}
		client_leave(c);
	}
}

static const struct {
	unsigned sections;
	const char *key;
} projections[] = {
    {SST_SECTIONS_ALL, NULL},
    {AGENTS, NULL},
    {QUEUES, NULL},
    {AGENTS, "a2"},
    {QUEUES, "mock/q1/tasks/t1"},
};

enum { PROJECTIONS = 5, CONNECTS = 2000 };

static void *
client_main(void *arg)
{
	struct client *c = arg;

	client_run(c, CONNECTS);
	return NULL;
}

/* The last revision is known to all; led there by whatever events. */
static void
client_finish(struct client *c)
{
	client_connect(c);
	while (sst_watch_next(c->eye.watch, &c->eye.event) == SST_OK) {
		client_check(c, &c->eye.event);
		sst_watch_event_fini(&c->eye.event);
	}
	model_compare(&c->model, rig_at(&rig, rig.revision));
	eye_close(&c->eye);
	model_fini(&c->model);
}

START_TEST(ten_thousand_reconnects_lose_nothing)
{
	struct client clients[PROJECTIONS];
	pthread_t threads[PROJECTIONS], source;
	int i, changes = 0, slow = 0;

	memset(clients, 0, sizeof(clients));
	ck_assert_int_eq(watch__hub_start(rig.hub, &rig.err), SST_OK);
	pthread_create(&source, NULL, publisher, NULL);
	for (i = 0; i < PROJECTIONS; i++) {
		clients[i].state = (unsigned)i + 1;
		model_init(&clients[i].model, projections[i].sections,
		    projections[i].key);
		pthread_create(&threads[i], NULL, client_main, &clients[i]);
	}
	for (i = 0; i < PROJECTIONS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&enough, true);
	pthread_join(source, NULL);
	ck_assert(POLL_UNTIL(settled() == rig.revision));
	for (i = 0; i < PROJECTIONS; i++) {
		changes += clients[i].changes;
		slow += clients[i].slow;
		client_finish(&clients[i]);
	}
	printf("%d reconnects, %" PRIu64 " revisions, %d changes, %d slow\n",
	    PROJECTIONS * CONNECTS, rig.revision, changes, slow);
	ck_assert_int_gt(changes, 0);
}
END_TEST

enum { THREADS = 64 };

/* Opens, reads and closes until nothing can be opened. */
static void *
passer_by(void *arg)
{
	unsigned state = *(const unsigned *)arg, i;
	struct sst_watch_settings w = {.wake = eye_wake};
	struct sst_error err;
	struct eye eye;
	int waits, rc;

	for (;;) {
		memset(&eye, 0, sizeof(eye));
		i = dice(&state, PROJECTIONS);
		w.wake_ctx = &eye;
		w.sections = projections[i].sections;
		w.key = projections[i].key;
		w.key_len = w.key == NULL ? 0 : strlen(w.key);
		w.wait_ms = dice(&state, 2);
		w.resume = dice(&state, 2) == 0
		    ? NULL
		    : rig_at(&rig, published() - dice(&state, 2));
		rc = watch__hub_open(rig.hub, &w, &eye.watch, &err);
		if (rc == SST_CANCELED)
			return NULL;
		ck_assert_int_eq(rc, SST_OK);
		for (i = dice(&state, 4), waits = 0; i > 0; i--) {
			rc = sst_watch_next(eye.watch, &eye.event);
			if (rc == SST_OK)
				sst_watch_event_fini(&eye.event);
			else if (rc == SST_CANCELED)
				break;
			else
				waits++;
			ck_assert(POLL_UNTIL(atomic_load(&eye.wakes) == waits));
		}
		sst_watch_close(&eye.watch);
	}
}

START_TEST(sixty_four_threads_come_and_go)
{
	pthread_t threads[THREADS], source;
	unsigned seeds[THREADS];
	int i;

	rig_publish(&rig);
	ck_assert_int_eq(watch__hub_start(rig.hub, &rig.err), SST_OK);
	pthread_create(&source, NULL, publisher, NULL);
	for (i = 0; i < THREADS; i++) {
		seeds[i] = (unsigned)i + 1;
		pthread_create(&threads[i], NULL, passer_by, &seeds[i]);
	}
	ck_assert(POLL_UNTIL(published() >= 1000));
	watch__hub_stop(rig.hub);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&enough, true);
	pthread_join(source, NULL);
	ck_assert_uint_eq(rig.hub->figures.open, 0);
	ck_assert_uint_eq(rig.hub->group_count, 0);
	printf("%" PRIu64 " watches opened by %d threads in %" PRIu64
	       " revisions\n",
	    rig.hub->figures.opened_total, THREADS, rig.revision);
}
END_TEST

enum { MANY = 5000 };

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 5,000 of one projection, or each of its own; one agent or many change. */
static void
many_watchers(bool alone, int agents)
{
	static struct eye eyes[MANY];
	char key[16];
	double took;
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "a%d", i);
		rig_set_agent(&rig, (size_t)i, 5);
	}
	rig_publish(&rig);
	rig_round(&rig);
	for (i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "a%d", i);
		eye_open(&rig, &eyes[i], AGENTS, alone ? key : NULL,
		    rig_at(&rig, rig.revision));
		eye_wants_none(&eyes[i], 0);
	}
	for (i = 0; i < agents; i++)
		rig_set_agent(&rig, (size_t)i, 6);
	rig_publish(&rig);
	took = seconds();
	rig_round(&rig);
	took = seconds() - took;
	for (i = 0; i < MANY; i++)
		ck_assert_int_eq(
		    atomic_load(&eyes[i].wakes), !alone || i < agents);
	printf("%d watchers, %zu projections, %d agents changed: a round "
	       "takes %.2f ms\n",
	    MANY, rig.hub->group_count, agents, took * 1e3);
	for (i = 0; i < MANY; i++)
		eye_close(&eyes[i]);
}

START_TEST(five_thousand_watchers)
{
	printf("a watcher takes %zu bytes, a projection %zu and its key\n",
	    sizeof(struct sst_watch), sizeof(struct watch_group));
	ck_assert_uint_lt(
	    sizeof(struct sst_watch) + sizeof(struct watch_group), 400);
	many_watchers(false, 1);
	many_watchers(false, 50);
	many_watchers(true, 1);
	many_watchers(true, 50);
	many_watchers(true, 5000);
}
END_TEST

Suite *
watch_chain_suite(void)
{
	Suite *s = suite_create("watch chain");
	TCase *chain = tcase_create("chain");

	tcase_set_timeout(chain, 120);
	tcase_add_checked_fixture(chain, setup, teardown);
	tcase_add_test(chain, ten_thousand_reconnects_lose_nothing);
	tcase_add_test(chain, sixty_four_threads_come_and_go);
	tcase_add_test(chain, five_thousand_watchers);
	suite_add_tcase(s, chain);
	return s;
}
