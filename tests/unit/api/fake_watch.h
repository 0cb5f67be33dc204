/*
 * What watches the fake service: service/watch.h with events that the test
 * sends. It aborts when its user breaks the contract of that header.
 */
#ifndef TESTS_UNIT_API_FAKE_WATCH_H
#define TESTS_UNIT_API_FAKE_WATCH_H

#include "service/watch.h"

struct fake_hub;

/* By fake_service_new() and _free(). */
struct fake_hub *fake_hub_new(void);
void fake_hub_free(struct fake_hub *hub);

/* To every watch that is open; body may be NULL. */
void fake_watch_send(struct sst_service *service,
    enum sst_watch_event_kind kind, uint64_t revision, const char *body);
/* Wakes every watch that waits, for nothing. */
void fake_watch_disturb(struct sst_service *service);
/* An event that each watch opened from now on has at once. */
void fake_watch_greet(struct sst_service *service,
    enum sst_watch_event_kind kind, uint64_t revision, const char *body);
/*
 * From now on a watch that has nothing is sent this event and woken before
 * sst_watch_next() says SST_NODATA; so many times in all.
 */
void fake_watch_hurry(struct sst_service *service,
    enum sst_watch_event_kind kind, unsigned times);
/* How many may be open; SST_LIMIT over that. */
void fake_watch_limit(struct sst_service *service, unsigned limit);

/* Open ones; waits until there are so many, or so many that wait. */
unsigned fake_watch_open_count(struct sst_service *service);
void fake_watch_await_open(struct sst_service *service, unsigned count);
void fake_watch_await_waiting(struct sst_service *service, unsigned count);

/* What the one opened last asked for; key is "" for none. */
struct fake_watch_asked {
	unsigned sections;
	char key[128];
	uint64_t resume; /* revision; 0: nothing */
	int64_t wait_ms;
};

void fake_watch_asked(
    struct sst_service *service, struct fake_watch_asked *out);

#endif
