/*
 * A hub on a fake clock, and a small world that is published to it. Without
 * rig_start() nothing happens but what the test asks for: rig_round(),
 * rig_due().
 */
#ifndef TESTS_UNIT_SERVICE_WATCH_RIG_H
#define TESTS_UNIT_SERVICE_WATCH_RIG_H

#include <stdatomic.h>
#include <stdbool.h>

#include "repository/contract.h"
#include "service/watch_priv.h"
#include "support/fake_clock.h"

enum { RIG_AGENTS = 6000, RIG_QUEUES = 2, RIG_TASKS = 6, RIG_KEPT = 40000 };

/* bits of sst_watch_settings.sections */
enum {
	AGENTS = 1 << SST_SECTION_AGENTS,
	WORKLOAD = 1 << SST_SECTION_WORKLOAD,
	QUEUES = 1 << SST_SECTION_QUEUES
};

struct rig {
	struct fake_clock hands;
	struct sst_contract *contract;
	struct watch_hub *hub;
	struct sst_error err;

	/* The world: values; 0: not there. Set by rig_set_*(). */
	struct sst_entity *agents[RIG_AGENTS];
	int tasks[RIG_QUEUES][RIG_TASKS];
	int stamp;       /* changed-at of the queues */
	int status[2];   /* of the sources agents/a and queues/q */
	enum sst_presence workload;
	const char *epoch;
	uint64_t revision;

	pthread_mutex_t mutex;
	struct sst_snapshot *current; /* guarded by mutex */
	/* By revision; all that were ever published. Guarded by mutex. */
	struct sst_snapshot *kept[RIG_KEPT];
};

void rig_init(struct rig *rig);
/* To be set between init and open. */
struct watch_hub_settings rig_settings(struct rig *rig);
void rig_open(struct rig *rig, const struct watch_hub_settings *settings);
void rig_fini(struct rig *rig);

void rig_set_agent(struct rig *rig, size_t i, int value);
/* Makes the next revision of the world as it is and hands it out as current,
 * tells nobody. */
void rig_publish(struct rig *rig);
struct sst_snapshot *rig_current(void *rig);
/* Of that revision; borrowed. */
struct sst_snapshot *rig_at(struct rig *rig, uint64_t revision);
/* What the thread of the hub would do. */
void rig_round(struct rig *rig);
void rig_due(struct rig *rig, int64_t advance_ms);

/* Somebody who watches. */
struct eye {
	struct sst_watch *watch;
	atomic_int wakes;
	struct sst_watch_event event; /* the last one */
};

/* Fails the test unless it can be opened. */
void eye_open(struct rig *rig, struct eye *eye, unsigned sections,
    const char *key, struct sst_snapshot *resume);
void eye_poll(struct rig *rig, struct eye *eye, unsigned sections,
    struct sst_snapshot *resume, int64_t wait_ms);
void eye_wake(void *eye);
/* The next event is of that kind, leading to that revision. */
void eye_wants(struct eye *eye, enum sst_watch_event_kind kind,
    uint64_t revision);
/* There is none; and it was woken that often since it was opened. */
void eye_wants_none(struct eye *eye, int wakes);
/* "from"."revision" of the last event, a CHANGE. */
uint64_t eye_from(const struct eye *eye);
/* How many changes it has. */
size_t eye_changes(const struct eye *eye);
/* Also if it waits: stops nothing. */
void eye_close(struct eye *eye);

#endif
