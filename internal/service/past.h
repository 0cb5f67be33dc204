/*
 * Snapshots other than the current one. Recent ones are in memory, older ones
 * in the history; these functions may block on files, so they are for worker
 * threads, never for a thread that serves connections.
 */
#ifndef SST_SERVICE_PAST_H
#define SST_SERVICE_PAST_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/snapshot.h"
#include "service/moment.h"

struct sst_service;
struct sst_past;

/* One for each worker thread. SST_NOMEM, SST_IO. */
int sst_past_open(
    struct sst_service *service, struct sst_past **out, struct sst_error *err);
void sst_past_close(struct sst_past **past);

/* What is still held, for error texts and hints. */
struct sst_past_bounds {
	char epoch[17];
	uint64_t oldest; /* 0: there is no snapshot at all */
	uint64_t newest;
	struct sst_wall oldest_at;
};

void sst_past_bounds(struct sst_past *past, struct sst_past_bounds *out);

/*
 * A reference to the snapshot of that moment: the newest one captured then or
 * before. SST_NODATA: there is none at all yet; SST_GONE: older than what is
 * held, thinned out, or of another epoch; SST_NOT_FOUND: a revision that is
 * not there yet; SST_IO: it is held and cannot be read; SST_NOMEM.
 */
int sst_past_snapshot(struct sst_past *past, const struct sst_moment *moment,
    struct sst_snapshot **out, struct sst_error *err);

/* One line of the list of revisions. */
struct sst_past_row {
	uint64_t revision;
	struct sst_wall captured_at;
	uint64_t bytes; /* of the document */
	char *note;     /* JSON object {summary, cause}, or NULL: not known */
};

/* Newest first; codes as above. to and from are inclusive. below: only
 * revisions less than this, 0: no bound. */
struct sst_past_query {
	struct sst_moment from; /* kind NOW: no bound */
	struct sst_moment to;   /* kind NOW: no bound */
	uint64_t below;
	size_t limit;
};

int sst_past_list(struct sst_past *past, const struct sst_past_query *query,
    struct sst_past_row **out, size_t *count_out, struct sst_error *err);
void sst_past_rows_free(struct sst_past_row *rows, size_t count);

#endif
