#include "service/past.h"

#include <stdlib.h>
#include <string.h>

#include "model/snapshot_priv.h"
#include "service/document.h"
#include "service/service_state.h"

struct sst_past {
	struct sst_service *service;
	struct sst_history_reader *reader; /* NULL: memory only */
};

int
sst_past_open(
    struct sst_service *service, struct sst_past **out, struct sst_error *err)
{
	struct sst_past *past = calloc(1, sizeof(*past));
	int rc = SST_OK;

	if (past == NULL)
		return sst_error_nomem(err);
	past->service = service;
	if (service->chronicle.history != NULL)
		rc = sst_history_reader_open(
		    service->chronicle.history, &past->reader, err);
	if (rc != SST_OK)
		sst_past_close(&past);
	*out = past;
	return rc;
}

void
sst_past_close(struct sst_past **past)
{
	struct sst_past *p = *past;

	*past = NULL;
	if (p == NULL)
		return;
	if (p->reader != NULL)
		sst_history_reader_close(&p->reader);
	free(p);
}

static void
past_oldest(struct sst_past *past, struct sst_past_bounds *out)
{
	struct sst_snapshot *s =
	    recent__oldest(&past->service->chronicle.recent);
	struct sst_history_query query = {
	    .from.ms = INT64_MIN, .to.ms = INT64_MAX, .limit = 1};
	struct sst_history_row *rows = NULL;
	struct sst_error err;
	uint64_t oldest = 0;
	size_t count = 0;

	if (s != NULL) {
		out->oldest = s->revision;
		out->oldest_at = s->captured_at;
	}
	sst_snapshot_release(&s);
	if (past->reader == NULL ||
	    sst_history_find(past->reader, (struct sst_wall){INT64_MIN},
		&oldest, &err) != SST_GONE ||
	    oldest == 0 || (out->oldest != 0 && oldest >= out->oldest))
		return;
	query.below = oldest + 1;
	if (sst_history_list(past->reader, &query, &rows, &count, &err) ==
		SST_OK &&
	    count == 1) {
		out->oldest = rows[0].revision;
		out->oldest_at = rows[0].captured_at;
	}
	sst_history_rows_free(rows, count);
}

void
sst_past_bounds(struct sst_past *past, struct sst_past_bounds *out)
{
	struct sst_snapshot *s = service__current(past->service);

	memset(out, 0, sizeof(*out));
	if (s == NULL)
		return;
	memcpy(out->epoch, s->epoch, sizeof(out->epoch));
	out->newest = s->revision;
	out->oldest = s->revision;
	out->oldest_at = s->captured_at;
	sst_snapshot_release(&s);
	past_oldest(past, out);
}

static int
past_gone(uint64_t revision, struct sst_error *err)
{
	return sst_error_set(err, SST_GONE, "revision %llu is no longer held",
	    (unsigned long long)revision);
}

/* From disk; shares what is as in `current`. */
static int
past_read(struct sst_past *past, uint64_t revision,
    const struct sst_snapshot *current, struct sst_snapshot **out,
    struct sst_error *err)
{
	char *bytes = NULL;
	size_t len = 0;
	int rc;

	if (past->reader == NULL)
		return past_gone(revision, err);
	rc = sst_history_read(past->reader, revision, &bytes, &len, err);
	if (rc == SST_NOT_FOUND) /* below the current one: dropped unstored */
		rc = past_gone(revision, err);
	if (rc != SST_OK)
		return rc;
	rc = sst_document_read(
	    past->service->contract, bytes, len, current, out, err);
	free(bytes);
	if (rc == SST_NOMEM || rc == SST_OK)
		return rc;
	err->code = SST_IO;
	return sst_error_prefix(err, "stored revision %llu does not conform",
	    (unsigned long long)revision);
}

static int
past_revision(struct sst_past *past, uint64_t revision,
    struct sst_snapshot *current, struct sst_snapshot **out,
    struct sst_error *err)
{
	struct sst_snapshot *kept;
	int rc;

	if (revision > current->revision)
		return sst_error_set(err, SST_NOT_FOUND,
		    "revision %llu is not there yet, the newest is %llu",
		    (unsigned long long)revision,
		    (unsigned long long)current->revision);
	if (revision == current->revision) {
		*out = sst_snapshot_acquire(current);
		return SST_OK;
	}
	kept = recent__revision(&past->service->chronicle.recent, revision);
	if (kept == NULL)
		return past_read(past, revision, current, out, err);
	/* what is made of it is not kept as long as it is */
	rc = sst_snapshot_bare(kept, out, err);
	sst_snapshot_release(&kept);
	return rc;
}

static int
past_at(struct sst_past *past, struct sst_wall at, struct sst_snapshot *current,
    struct sst_snapshot **out, struct sst_error *err)
{
	struct sst_snapshot *kept;
	uint64_t revision = 0;
	int rc;

	if (at.ms >= current->captured_at.ms) {
		*out = sst_snapshot_acquire(current);
		return SST_OK;
	}
	kept = recent__at(&past->service->chronicle.recent, at);
	if (kept != NULL) {
		revision = kept->revision;
		sst_snapshot_release(&kept);
		return past_revision(past, revision, current, out, err);
	}
	rc = past->reader == NULL
		 ? SST_GONE
		 : sst_history_find(past->reader, at, &revision, err);
	if (rc == SST_GONE)
		return sst_error_set(
		    err, SST_GONE, "that is before the oldest revision held");
	return rc == SST_OK ? past_revision(past, revision, current, out, err)
			    : rc;
}

static struct sst_wall
past_ago(const struct sst_past *past, const struct sst_moment *moment)
{
	struct sst_wall now = sst_clock_wall(past->service->clock);

	now.ms -= moment->ago_ms;
	return now;
}

static int
past_of(struct sst_past *past, const struct sst_moment *moment,
    struct sst_snapshot *current, struct sst_snapshot **out,
    struct sst_error *err)
{
	switch (moment->kind) {
	case SST_MOMENT_REVISION:
		if (moment->epoch[0] != '\0' &&
		    strcmp(moment->epoch, current->epoch) != 0)
			return sst_error_set(err, SST_GONE,
			    "epoch %s has ended, this is epoch %s",
			    moment->epoch, current->epoch);
		return past_revision(past, moment->revision, current, out, err);
	case SST_MOMENT_TIME:
		return past_at(past, moment->at, current, out, err);
	case SST_MOMENT_AGO:
		return past_at(past, past_ago(past, moment), current, out, err);
	case SST_MOMENT_NOW:
		break;
	}
	*out = sst_snapshot_acquire(current);
	return SST_OK;
}

int
sst_past_snapshot(struct sst_past *past, const struct sst_moment *moment,
    struct sst_snapshot **out, struct sst_error *err)
{
	struct sst_snapshot *current = sst_service_snapshot(past->service);
	int rc;

	if (current == NULL)
		return sst_error_set(
		    err, SST_NODATA, "there is no snapshot yet");
	rc = past_of(past, moment, current, out, err);
	sst_snapshot_release(&current);
	return rc;
}

void
sst_past_rows_free(struct sst_past_row *rows, size_t count)
{
	size_t i;

	for (i = 0; rows != NULL && i < count; i++)
		free(rows[i].note);
	free(rows);
}

/* A query with its moments resolved. */
struct past_bounds {
	struct sst_wall from, to;
	uint64_t at_least; /* revision */
	uint64_t below;    /* 0: none */
};

static void
past_resolve(const struct sst_past *past, const struct sst_past_query *q,
    struct past_bounds *out)
{
	*out = (struct past_bounds){{INT64_MIN}, {INT64_MAX}, 0, q->below};
	if (q->from.kind == SST_MOMENT_REVISION)
		out->at_least = q->from.revision;
	else if (q->from.kind == SST_MOMENT_TIME)
		out->from = q->from.at;
	else if (q->from.kind == SST_MOMENT_AGO)
		out->from = past_ago(past, &q->from);
	if (q->to.kind == SST_MOMENT_REVISION &&
	    (out->below == 0 || q->to.revision + 1 < out->below))
		out->below = q->to.revision + 1;
	else if (q->to.kind == SST_MOMENT_TIME)
		out->to = q->to.at;
	else if (q->to.kind == SST_MOMENT_AGO)
		out->to = past_ago(past, &q->to);
}

/* Rows being put together; notes are taken over. */
struct past_list {
	struct sst_past_row *rows;
	size_t count;
	size_t limit;
	const struct past_bounds *bounds;
};

/* False when there is no more to come. */
static bool
past_add(struct past_list *list, struct sst_past_row *row)
{
	const struct past_bounds *b = list->bounds;

	if (list->count == list->limit || row->revision < b->at_least)
		return false;
	if (row->captured_at.ms < b->from.ms || row->captured_at.ms > b->to.ms)
		return true;
	list->rows[list->count++] = *row;
	row->note = NULL;
	return true;
}

/* Those that are in memory only; true when older ones may be wanted. */
static int
past_list_recent(struct sst_past *past, struct past_list *list,
    uint64_t *below_io, struct sst_error *err)
{
	struct sst_service_history figures;
	struct recent_row *recent;
	struct sst_past_row row;
	size_t i, count;

	chronicle__figures(&past->service->chronicle, &figures);
	if (recent__rows(&past->service->chronicle.recent, figures.newest,
		*below_io, &recent, &count) != SST_OK)
		return sst_error_nomem(err);
	for (i = 0; i < count; i++) {
		row = (struct sst_past_row){recent[i].revision,
		    recent[i].captured_at, recent[i].bytes, recent[i].note};
		past_add(list, &row);
		free(row.note);
		*below_io = recent[i].revision;
	}
	free(recent);
	return SST_OK;
}

static int
past_list_stored(struct sst_past *past, struct past_list *list, uint64_t below,
    struct sst_error *err)
{
	struct sst_history_query query = {.below = below,
	    .from = list->bounds->from,
	    .to = list->bounds->to,
	    .limit = list->limit - list->count};
	struct sst_history_row *stored = NULL;
	struct sst_past_row row;
	size_t i, count = 0;
	int rc;

	if (past->reader == NULL || query.limit == 0)
		return SST_OK;
	rc = sst_history_list(past->reader, &query, &stored, &count, err);
	for (i = 0; rc == SST_OK && i < count; i++) {
		row = (struct sst_past_row){stored[i].revision,
		    stored[i].captured_at, stored[i].document_bytes,
		    stored[i].note};
		past_add(list, &row);
		stored[i].note = row.note;
	}
	sst_history_rows_free(stored, count);
	return rc;
}

int
sst_past_list(struct sst_past *past, const struct sst_past_query *query,
    struct sst_past_row **out, size_t *count_out, struct sst_error *err)
{
	struct past_bounds bounds;
	struct past_list list = {NULL, 0, query->limit, &bounds};
	uint64_t below;
	int rc;

	past_resolve(past, query, &bounds);
	below = bounds.below;
	list.rows = calloc(query->limit + 1, sizeof(*list.rows));
	if (list.rows == NULL)
		return sst_error_nomem(err);
	rc = past_list_recent(past, &list, &below, err);
	if (rc == SST_OK)
		rc = past_list_stored(past, &list, below, err);
	if (rc != SST_OK) {
		sst_past_rows_free(list.rows, list.count);
		return rc;
	}
	*out = list.rows;
	*count_out = list.count;
	return SST_OK;
}
