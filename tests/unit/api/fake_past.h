/*
 * The past of the fake service: service/past.h over snapshots that the test
 * gave it, with a gate at which readers wait when it is closed. Any thread.
 */
#ifndef TESTS_UNIT_API_FAKE_PAST_H
#define TESTS_UNIT_API_FAKE_PAST_H

#include "service/past.h"

struct fake_archive;

/* By fake_service_new() and _free(). */
struct fake_archive *fake_archive_new(void);
void fake_archive_free(struct fake_archive *archive);

/* Takes the reference; in order of revisions, at most 64. */
void fake_past_hold(
    struct sst_service *service, struct sst_snapshot *snapshot);
/* Everything older than this is gone. */
void fake_past_forget(struct sst_service *service, uint64_t below);
/* From now on opening and reading give this code; SST_OK: works again. */
void fake_past_fail(struct sst_service *service, int code);
/* The same for reading only. */
void fake_past_fail_reading(struct sst_service *service, int code);
/* What the rows of the list say from now on: a note, or NULL for none. */
void fake_past_note(struct sst_service *service, const char *note);

/* Whoever reads a snapshot waits until the gate is opened again. */
void fake_past_shut(struct sst_service *service);
void fake_past_unshut(struct sst_service *service);
/* Waits until so many readers stand at the gate. */
void fake_past_await_readers(struct sst_service *service, unsigned count);

/* Opened and not closed. */
unsigned fake_past_open_count(struct sst_service *service);

#endif
