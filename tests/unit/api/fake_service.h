/*
 * A service that holds what the test gave it: the functions of
 * service/service.h over canned snapshots and figures. Any thread, once made.
 */
#ifndef TESTS_UNIT_API_FAKE_SERVICE_H
#define TESTS_UNIT_API_FAKE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "service/service.h"

struct fake_archive;
struct fake_hub;

/* clock is borrowed; aborts when memory runs out. */
struct sst_service *fake_service_new(const struct sst_clock *clock);
void fake_service_free(struct sst_service *service);

/*
 * A snapshot like the demo: two agents, a workload, the queues default (of two
 * systems) and "with/slash", one model; the section workload is padded with
 * pad_bytes of text. litellm is unknown when revision is 2, absent when it is
 * 3.
 */
struct sst_snapshot *fake_snapshot(uint64_t revision, size_t pad_bytes);

/* Takes the reference; NULL: none any more. */
void fake_service_publish(
    struct sst_service *service, struct sst_snapshot *snapshot);

/* Age of the one source (queues/mock) that sst_service_sources gives. */
void fake_service_set_age(struct sst_service *service, double seconds);
/* From now on sst_service_sources gives this code; SST_OK: works again. */
void fake_service_fail(struct sst_service *service, int code);

/* From now on the history is paused, for this reason, and empty. */
void fake_service_fail_history(struct sst_service *service, const char *why);

/* Behind fake_past.h and fake_watch.h. */
struct fake_archive *fake_service_archive(struct sst_service *service);
struct fake_hub *fake_service_hub(struct sst_service *service);

#endif
