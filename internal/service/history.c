/* The writer: opening, closing, and going on after damage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/log.h"
#include "service/history_priv.h"

static void
history_new_epoch(char out[17])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[8] = {0};
	int i;

	/* at this size it neither blocks nor gives less than asked for */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	for (i = 0; i < 16; i++)
		out[i] = hex[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	out[16] = '\0';
}

static uint64_t
history_size(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;
	int n = snprintf(name, sizeof(name), "%s%s", path, suffix);

	if (n < 0 || (size_t)n >= sizeof(name) || stat(name, &st) != 0)
		return 0;
	return (uint64_t)st.st_size;
}

uint64_t
history__wal_bytes(const struct sst_history *history)
{
	return history_size(history->dir.db, "-wal");
}

void
history__publish(struct sst_history *history)
{
	struct sst_history *h = history;

	h->now.bytes = history_size(h->dir.db, "") + history__wal_bytes(h);
	sst_lock_acquire(&h->lock);
	h->figures = h->now;
	sst_lock_release(&h->lock);
	if (h->now.newest > atomic_load(&h->newest))
		atomic_store(&h->newest, h->now.newest);
}

void
sst_history_figures(
    const struct sst_history *history, struct sst_history_figures *out)
{
	sst_lock_acquire(history->guard);
	*out = history->figures;
	sst_lock_release(history->guard);
}

/* What it holds becomes what we know. */
static void
history_adopt(struct sst_history *h, const struct history_content *content)
{
	const struct sst_history_figures *f = &content->figures;
	int64_t wall = sst_clock_wall(h->clock).ms;

	memcpy(h->epoch, content->epoch, sizeof(h->epoch));
	h->tail = content->tail;
	h->last_held = false;
	h->thin_at = content->thinned_at < wall ? content->thinned_at : wall;
	h->thin_saved = content->thinned_at;
	h->thin_seen = sst_clock_mono(h->clock);
	h->now.revisions = f->revisions;
	h->now.oldest = f->oldest;
	h->now.newest = f->newest;
	h->now.document_bytes = f->document_bytes;
	h->now.stored_bytes = f->stored_bytes;
}

/* Opens the file that is there and looks whether it can be used. */
static int
history_load(struct sst_history *h, struct history_verdict *verdict,
    struct sst_error *err)
{
	struct history_content content;
	int rc;

	verdict->kind = NULL;
	rc = history__db_open(&h->db, h->dir.db, h->vfs, HISTORY_WRITE, err);
	if (rc == SST_OK)
		rc = history__file_load(&h->db, &content, verdict, err);
	if (rc == SST_OK && h->epoch[0] != '\0' &&
	    strcmp(content.epoch, h->epoch) != 0)
		rc = history__damaged(
		    &h->db, err, "its epoch is %s", content.epoch);
	if (rc == SST_OK) {
		history_adopt(h, &content);
		history__dir_mark(&h->dir);
		return SST_OK;
	}
	if (h->db.corrupt && verdict->kind == NULL)
		verdict->kind = "corrupt";
	if (!h->db.corrupt)
		verdict->kind = NULL;
	snprintf(verdict->reason, sizeof(verdict->reason), "%s", err->text);
	history__db_abandon(&h->db);
	return rc;
}

/* An empty file of that epoch, opened. */
static int
history_begin(
    struct sst_history *h, const char epoch[17], struct sst_error *err)
{
	struct history_content content = {
	    .thinned_at = sst_clock_wall(h->clock).ms};
	struct history_verdict verdict;
	int rc;

	memcpy(content.epoch, epoch, sizeof(content.epoch));
	rc = history__file_make(&h->dir, h->vfs, &content, err);
	return rc == SST_OK ? history_load(h, &verdict, err) : rc;
}

static int
history_set_aside(struct sst_history *h, const struct history_verdict *why,
    struct sst_history_start *start, struct sst_error *err)
{
	int rc = history__dir_set_aside(
	    &h->dir, h->clock, why->kind, start->set_aside, err);

	if (rc == SST_OK) {
		snprintf(
		    start->reason, sizeof(start->reason), "%s", why->reason);
		h->now.set_aside_total++;
	}
	return rc;
}

/* Finds the file, or makes one; start->epoch is not yet written. */
static int
history_find(struct sst_history *h, struct sst_history_start *start,
    struct sst_error *err)
{
	struct history_verdict why = {NULL, ""};
	char epoch[17];
	bool there = false;
	int rc = history__dir_inspect(&h->dir, &there, &why, err);

	if (rc != SST_OK)
		return rc;
	if (there && why.kind == NULL) {
		rc = history_load(h, &why, err);
		if (rc == SST_OK || why.kind == NULL)
			return rc;
	}
	if (!there && history__dir_orphans(&h->dir)) {
		why.kind = "orphan";
		snprintf(why.reason, sizeof(why.reason),
		    "a log or journal without its file");
	}
	rc = why.kind == NULL ? SST_OK : history_set_aside(h, &why, start, err);
	if (rc != SST_OK)
		return rc;
	history_new_epoch(epoch);
	return history_begin(h, epoch, err);
}

static int
history_new(const struct sst_history_settings *settings,
    struct sst_history **out, struct sst_error *err)
{
	struct sst_history *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return sst_error_nomem(err);
	sst_lock_init(&h->lock, SST_LOCK_LEAF);
	h->guard = &h->lock;
	h->dir.lock_fd = -1;
	h->clock = settings->clock;
	h->retention = settings->retention;
	*out = h;
	if (settings->vfs == NULL)
		return SST_OK;
	h->vfs = strdup(settings->vfs);
	return h->vfs == NULL ? sst_error_nomem(err) : SST_OK;
}

int
sst_history_open(const struct sst_history_settings *settings,
    struct sst_history **out, struct sst_history_start *start,
    struct sst_error *err)
{
	struct sst_history_start found = {.epoch = ""};
	struct sst_history *h = NULL;
	int rc = history_new(settings, &h, err);

	if (h == NULL)
		return rc;
	if (rc == SST_OK)
		rc = history__dir_open(settings->dir, &h->dir, err);
	if (rc == SST_OK)
		rc = history_find(h, &found, err);
	if (rc != SST_OK) {
		sst_history_close(&h);
		return rc;
	}
	history__publish(h);
	memcpy(found.epoch, h->epoch, sizeof(found.epoch));
	found.revision = h->tail.revision;
	found.published = history__dir_published(&h->dir, h->epoch);
	if (found.published < found.revision)
		found.published = found.revision;
	*start = found;
	*out = h;
	return SST_OK;
}

void
sst_history_published(struct sst_history *history, uint64_t revision)
{
	history__dir_publish(&history->dir, revision);
}

void
sst_history_close(struct sst_history **history)
{
	struct sst_history *h = *history;

	if (h == NULL)
		return;
	*history = NULL;
	history__rewrite_free(&h->rewrite);
	history__db_close(&h->db);
	history__dir_close(&h->dir);
	history__text_fini(&h->last);
	sst_lock_fini(&h->lock);
	free(h->vfs);
	free(h);
}

/* One of our own that is empty yet, or none. */
static int
history_resume(struct sst_history *h, struct sst_error *err)
{
	struct sst_history_start found = {.epoch = ""};
	bool there = false;
	int rc = SST_OK;

	if (h->aside.kind != NULL) {
		rc = history_set_aside(h, &h->aside, &found, err);
		if (rc != SST_OK)
			return rc;
		sst_log_err("HIST-ASIDE", NULL,
		    "the history could not be used and was renamed to %s, a "
		    "new one goes on: %s",
		    found.set_aside, found.reason);
		h->aside.kind = NULL;
	}
	rc = history__dir_inspect(&h->dir, &there, &h->aside, err);
	if (rc != SST_OK)
		return rc;
	if (h->aside.kind != NULL)
		return sst_error_set(
		    err, SST_IO, "%s: %s", h->dir.db, h->aside.reason);
	return there ? history_load(h, &h->aside, err)
		     : history_begin(h, h->epoch, err);
}

/* Nothing is written to the open file any more; what is in its place is set
 * aside before a new one is begun. */
static void
history_leave(struct sst_history *h, const char *kind, const char *reason)
{
	struct sst_history_figures *f = &h->now;

	h->aside.kind = kind;
	snprintf(h->aside.reason, sizeof(h->aside.reason), "%s", reason);
	history__rewrite_free(&h->rewrite);
	history__db_abandon(&h->db);
	h->tail = (struct history_tail){.revision = h->tail.revision};
	h->last_held = h->last_hash_known = false;
	f->revisions = f->oldest = f->newest = 0;
	f->document_bytes = f->stored_bytes = 0;
}

int
history__ready(struct sst_history *history, struct sst_error *err)
{
	struct sst_history *h = history;
	const uint64_t newest = h->tail.revision;
	int rc;

	h->db.corrupt = false;
	if (h->db.sql != NULL && !history__dir_moved(&h->dir))
		return SST_OK;
	if (h->db.sql != NULL)
		history_leave(h, "moved", "another file took its place");
	rc = history_resume(h, err);
	h->tail.revision = newest; /* numbers of the epoch go on */
	if (rc == SST_OK)
		atomic_fetch_add(&h->generation, 1);
	history__publish(h);
	return rc;
}

int
history__recover(struct sst_history *history, struct sst_error *err)
{
	history_leave(history, "corrupt", err->text);
	return history__ready(history, err);
}
