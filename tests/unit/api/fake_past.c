#include "unit/api/fake_past.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/api/fake_service.h"

enum { HELD_MAX = 64 };

struct fake_archive {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct sst_snapshot *held[HELD_MAX]; /* oldest first */
	size_t count;
	unsigned open;
	unsigned readers; /* at the gate */
	bool shut;
	int fail;
	int fail_reading;
	const char *note; /* of every row */
};

struct sst_past {
	struct fake_archive *archive;
	struct sst_service *service;
};

static void
check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fake past: %s\n", what);
	abort();
}

struct fake_archive *
fake_archive_new(void)
{
	struct fake_archive *a = calloc(1, sizeof(*a));

	check(a != NULL, "memory");
	a->note = "{\"summary\":{\"added\":0,\"removed\":0,\"changed\":1,"
		  "\"moved\":0,\"by_section\":{}},\"cause\":[\"mock\"]}";
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	return a;
}

void
fake_archive_free(struct fake_archive *a)
{
	size_t i;

	check(a->open == 0, "somebody has not closed the past");
	for (i = 0; i < a->count; i++)
		sst_snapshot_release(&a->held[i]);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

void
fake_past_hold(struct sst_service *service, struct sst_snapshot *snapshot)
{
	struct fake_archive *a = fake_service_archive(service);

	pthread_mutex_lock(&a->lock);
	check(a->count < HELD_MAX, "too many are held");
	a->held[a->count++] = snapshot;
	pthread_mutex_unlock(&a->lock);
}

void
fake_past_forget(struct sst_service *service, uint64_t below)
{
	struct fake_archive *a = fake_service_archive(service);
	size_t n = 0, i;

	pthread_mutex_lock(&a->lock);
	while (n < a->count && a->held[n]->revision < below)
		n++;
	for (i = 0; i < n; i++)
		sst_snapshot_release(&a->held[i]);
	memmove(a->held, a->held + n, (a->count - n) * sizeof(a->held[0]));
	a->count -= n;
	pthread_mutex_unlock(&a->lock);
}

void
fake_past_fail(struct sst_service *service, int code)
{
	struct fake_archive *a = fake_service_archive(service);

	pthread_mutex_lock(&a->lock);
	a->fail = code;
	pthread_mutex_unlock(&a->lock);
}

void
fake_past_fail_reading(struct sst_service *service, int code)
{
	struct fake_archive *a = fake_service_archive(service);

	pthread_mutex_lock(&a->lock);
	a->fail_reading = code;
	pthread_mutex_unlock(&a->lock);
}

void
fake_past_note(struct sst_service *service, const char *note)
{
	struct fake_archive *a = fake_service_archive(service);

	pthread_mutex_lock(&a->lock);
	a->note = note;
	pthread_mutex_unlock(&a->lock);
}

static void
gate(struct sst_service *service, bool shut)
{
	struct fake_archive *a = fake_service_archive(service);

	pthread_mutex_lock(&a->lock);
	a->shut = shut;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

void
fake_past_shut(struct sst_service *service)
{
	gate(service, true);
}

void
fake_past_unshut(struct sst_service *service)
{
	gate(service, false);
}

void
fake_past_await_readers(struct sst_service *service, unsigned count)
{
	struct fake_archive *a = fake_service_archive(service);

	pthread_mutex_lock(&a->lock);
	while (a->readers < count)
		pthread_cond_wait(&a->changed, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

unsigned
fake_past_open_count(struct sst_service *service)
{
	struct fake_archive *a = fake_service_archive(service);
	unsigned open;

	pthread_mutex_lock(&a->lock);
	open = a->open;
	pthread_mutex_unlock(&a->lock);
	return open;
}

int
sst_past_open(
    struct sst_service *service, struct sst_past **out, struct sst_error *err)
{
	struct fake_archive *a = fake_service_archive(service);
	struct sst_past *past;
	int fail;

	pthread_mutex_lock(&a->lock);
	fail = a->fail;
	if (fail == SST_OK)
		a->open++;
	pthread_mutex_unlock(&a->lock);
	if (fail != SST_OK)
		return sst_error_set(err, fail, "told to fail");
	past = calloc(1, sizeof(*past));
	check(past != NULL, "memory");
	past->archive = a;
	past->service = service;
	*out = past;
	return SST_OK;
}

void
sst_past_close(struct sst_past **past)
{
	struct sst_past *p = *past;

	*past = NULL;
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->archive->lock);
	p->archive->open--;
	pthread_mutex_unlock(&p->archive->lock);
	free(p);
}

/* The lock is held from here on, until it returns SST_OK or a failure. */
static int
archive_enter(struct fake_archive *a, struct sst_error *err)
{
	a->readers++;
	pthread_cond_broadcast(&a->changed);
	while (a->shut)
		pthread_cond_wait(&a->changed, &a->lock);
	a->readers--;
	if (a->fail != SST_OK)
		return sst_error_set(err, a->fail, "told to fail");
	return a->fail_reading == SST_OK
		   ? SST_OK
		   : sst_error_set(err, a->fail_reading, "told to fail");
}

void
sst_past_bounds(struct sst_past *past, struct sst_past_bounds *out)
{
	struct sst_snapshot *s = sst_service_snapshot(past->service);
	struct fake_archive *a = past->archive;

	memset(out, 0, sizeof(*out));
	if (s == NULL)
		return;
	memcpy(out->epoch, s->epoch, sizeof(out->epoch));
	out->newest = s->revision;
	out->oldest = s->revision;
	out->oldest_at = s->captured_at;
	sst_snapshot_release(&s);
	pthread_mutex_lock(&a->lock);
	if (a->count > 0 && a->held[0]->revision < out->oldest) {
		out->oldest = a->held[0]->revision;
		out->oldest_at = a->held[0]->captured_at;
	}
	pthread_mutex_unlock(&a->lock);
}

static bool
is_at_or_before(const struct sst_snapshot *s, const struct sst_moment *moment,
    struct sst_wall now)
{
	switch (moment->kind) {
	case SST_MOMENT_REVISION:
		return s->revision == moment->revision;
	case SST_MOMENT_TIME:
		return s->captured_at.ms <= moment->at.ms;
	case SST_MOMENT_AGO:
		return s->captured_at.ms <= now.ms - moment->ago_ms;
	default:
		return true;
	}
}

/* The newest that fits; the lock is held. */
static struct sst_snapshot *
archive_find(struct fake_archive *a, struct sst_snapshot *current,
    const struct sst_moment *moment, struct sst_wall now)
{
	size_t i;

	if (is_at_or_before(current, moment, now))
		return sst_snapshot_acquire(current);
	for (i = a->count; i > 0; i--)
		if (is_at_or_before(a->held[i - 1], moment, now))
			return sst_snapshot_acquire(a->held[i - 1]);
	return NULL;
}

static int
past_find(struct sst_past *past, struct sst_snapshot *current,
    const struct sst_moment *moment, struct sst_snapshot **out,
    struct sst_error *err)
{
	struct sst_wall now = sst_clock_wall(sst_service_clock(past->service));
	struct fake_archive *a = past->archive;
	struct sst_snapshot *s = NULL;
	int rc;

	if (moment->kind == SST_MOMENT_REVISION) {
		if (moment->epoch[0] != '\0' &&
		    strcmp(moment->epoch, current->epoch) != 0)
			return sst_error_set(
			    err, SST_GONE, "epoch %s is over", moment->epoch);
		if (moment->revision > current->revision)
			return sst_error_set(err, SST_NOT_FOUND,
			    "revision %llu is not there yet",
			    (unsigned long long)moment->revision);
	}
	pthread_mutex_lock(&a->lock);
	rc = archive_enter(a, err);
	if (rc == SST_OK)
		s = archive_find(a, current, moment, now);
	pthread_mutex_unlock(&a->lock);
	if (rc == SST_OK && s == NULL)
		rc = sst_error_set(err, SST_GONE, "that is no longer held");
	if (rc == SST_OK)
		*out = s;
	return rc;
}

int
sst_past_snapshot(struct sst_past *past, const struct sst_moment *moment,
    struct sst_snapshot **out, struct sst_error *err)
{
	struct sst_snapshot *current = sst_service_snapshot(past->service);
	int rc;

	if (current == NULL)
		return sst_error_set(err, SST_NODATA, "no snapshot yet");
	rc = past_find(past, current, moment, out, err);
	sst_snapshot_release(&current);
	return rc;
}

static void
row_fill(
    struct sst_past_row *row, const struct sst_snapshot *s, const char *note)
{
	row->revision = s->revision;
	row->captured_at = s->captured_at;
	row->bytes = 1000 + s->revision;
	row->note = note == NULL ? NULL : strdup(note);
	check(note == NULL || row->note != NULL, "memory");
}

static bool
row_wanted(const struct sst_snapshot *s, const struct sst_past_query *query,
    struct sst_wall now)
{
	const struct sst_moment *from = &query->from;

	if (query->below != 0 && s->revision >= query->below)
		return false;
	if (query->to.kind == SST_MOMENT_REVISION
		? s->revision > query->to.revision
		: !is_at_or_before(s, &query->to, now))
		return false;
	switch (from->kind) {
	case SST_MOMENT_REVISION:
		return s->revision >= from->revision;
	case SST_MOMENT_TIME:
		return s->captured_at.ms >= from->at.ms;
	case SST_MOMENT_AGO:
		return s->captured_at.ms >= now.ms - from->ago_ms;
	default:
		return true;
	}
}

/* Those held and the current one; bounds of other epochs are not looked at. */
int
sst_past_list(struct sst_past *past, const struct sst_past_query *query,
    struct sst_past_row **out, size_t *count_out, struct sst_error *err)
{
	struct sst_wall now = sst_clock_wall(sst_service_clock(past->service));
	struct sst_snapshot *s = sst_service_snapshot(past->service);
	struct fake_archive *a = past->archive;
	struct sst_past_row *rows;
	size_t i, n = 0;
	int rc;

	if (s == NULL)
		return sst_error_set(err, SST_NODATA, "no snapshot yet");
	rows = calloc(HELD_MAX + 1, sizeof(*rows));
	check(rows != NULL, "memory");
	pthread_mutex_lock(&a->lock);
	rc = archive_enter(a, err);
	if (n < query->limit && row_wanted(s, query, now))
		row_fill(&rows[n++], s, a->note);
	for (i = a->count; i > 0; i--)
		if (n < query->limit && a->held[i - 1] != s &&
		    a->held[i - 1]->revision < s->revision &&
		    row_wanted(a->held[i - 1], query, now))
			row_fill(&rows[n++], a->held[i - 1], a->note);
	pthread_mutex_unlock(&a->lock);
	sst_snapshot_release(&s);
	if (rc != SST_OK) {
		sst_past_rows_free(rows, n);
		return rc;
	}
	*out = rows;
	*count_out = n;
	return SST_OK;
}

void
sst_past_rows_free(struct sst_past_row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(rows[i].note);
	free(rows);
}
