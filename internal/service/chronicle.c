#include "service/chronicle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/snapshot_priv.h"
#include "service/diff.h"
#include "service/document.h"
#include "service/match.h"

enum {
	/* revisions in one transaction; and bytes, as each has its document
	 * in memory until then */
	BATCH = 32,
	BATCH_BYTES = 64 << 20,
	RETRY_MIN_MS = 500,
	RETRY_MAX_MS = 30000,
	THIN_EVERY_MS = 60000,
	THIN_FIRST_MS = 5000,
	/* documents above this are not held a second time between appends */
	LARGE_BYTES = 1 << 20
};

static const char no_note[] = "{\"summary\":null,\"cause\":[]}";

int
chronicle__init(struct chronicle *chronicle,
    const struct chronicle_settings *settings, struct sst_error *err)
{
	memset(chronicle, 0, sizeof(*chronicle));
	chronicle->settings = *settings;
	chronicle->status = "off";
	sst_lock_init(&chronicle->lock, SST_LOCK_LEAF);
	pthread_cond_init(&chronicle->wake, NULL);
	return recent__init(
	    &chronicle->recent, settings->recent_revisions, err);
}

void
chronicle__fini(struct chronicle *chronicle)
{
	chronicle__stop(chronicle);
	sst_history_close(&chronicle->history);
	recent__fini(&chronicle->recent);
	pthread_cond_destroy(&chronicle->wake);
	sst_lock_fini(&chronicle->lock);
}

/* The newest document, or NULL: it is then only no help. */
static struct sst_snapshot *
chronicle_recall(struct chronicle *c, uint64_t revision)
{
	struct sst_history_reader *reader = NULL;
	struct sst_snapshot *s = NULL;
	struct sst_error err = {0};
	char *bytes = NULL;
	size_t len = 0;
	int rc;

	rc = sst_history_reader_open(c->history, &reader, &err);
	if (rc == SST_OK)
		rc = sst_history_read(reader, revision, &bytes, &len, &err);
	if (rc == SST_OK)
		rc = sst_document_read(
		    c->settings.contract, bytes, len, NULL, &s, &err);
	if (rc != SST_OK)
		sst_log_warn("HIST-RECALL", NULL,
		    "revision %llu of the history is no use to go on from: %s",
		    (unsigned long long)revision, err.text);
	free(bytes);
	sst_history_reader_close(&reader);
	return s;
}

int
chronicle__open(struct chronicle *chronicle, struct chronicle_start *start,
    struct sst_error *err)
{
	struct sst_history_start found;
	int rc;

	if (chronicle->settings.history.dir == NULL)
		return SST_OK;
	rc = sst_history_open(
	    &chronicle->settings.history, &chronicle->history, &found, err);
	if (rc != SST_OK)
		return rc;
	if (found.set_aside[0] != '\0')
		sst_log_err("HIST-ASIDE", NULL,
		    "the history could not be used and was renamed to %s, a "
		    "new one begins: %s",
		    found.set_aside, found.reason);
	chronicle->status = "ok";
	memcpy(start->epoch, found.epoch, sizeof(start->epoch));
	start->revision = found.published;
	if (found.revision > 0)
		start->snapshot = chronicle_recall(chronicle, found.revision);
	if (start->snapshot != NULL)
		recent__push(&chronicle->recent, start->snapshot, true);
	return SST_OK;
}

void
chronicle__off(struct chronicle *chronicle, const struct sst_error *why)
{
	sst_lock_acquire(&chronicle->lock);
	snprintf(chronicle->error, sizeof(chronicle->error), "%s", why->text);
	sst_lock_release(&chronicle->lock);
}

/* Bytes that `to` holds and `from` does not, about. */
static size_t
chronicle_cost(struct sst_entity *const *from, size_t from_count,
    struct sst_entity *const *to, size_t to_count)
{
	const struct sst_match_list was = {from, from_count};
	const struct sst_match_list is = {to, to_count};
	struct sst_matches matches = {NULL, 0};
	const struct sst_match *m;
	const struct sst_entity *e, *before;
	struct sst_error ignored;
	size_t i, sum = to_count * sizeof(*to);

	if (sst_match_entities(&was, &is, &matches, &ignored) != SST_OK)
		return sum;
	for (i = 0; i < matches.count; i++) {
		m = &matches.rows[i];
		if (m->to == SST_MATCH_NONE)
			continue;
		e = to[m->to];
		before = from == NULL || m->from == SST_MATCH_NONE
			     ? NULL
			     : from[m->from];
		sum += sizeof(*e) + e->json_len + e->key_len + 32;
		sum += chronicle_cost(before == NULL ? NULL : before->children,
		    before == NULL ? 0 : before->child_count, e->children,
		    e->child_count);
	}
	sst_matches_fini(&matches);
	return sum;
}

static size_t
chronicle_snapshot_cost(
    const struct sst_snapshot *from, const struct sst_snapshot *to)
{
	const struct sst_section *a, *b;
	size_t i, sum = sizeof(*to);

	for (i = 0; i <= SST_SECTION_COUNT; i++) {
		b = i == SST_SECTION_SOURCES ? to->sources : to->sections[i];
		a = NULL;
		if (from != NULL)
			a = i == SST_SECTION_SOURCES ? from->sources
						     : from->sections[i];
		if (b == NULL || a == b)
			continue;
		sum += chronicle_cost(a == NULL ? NULL : a->entities,
		    a == NULL ? 0 : a->count, b->entities, b->count);
	}
	return sum;
}

/* What the list says about a revision; never NULL but without memory. */
static char *
chronicle_note(struct sst_snapshot *before, struct sst_snapshot *s)
{
	struct sst_buf b = SST_BUF_INIT;
	struct sst_diff *diff = NULL;
	struct sst_error err;

	if (before == NULL || sst_diff_new(before, s, &diff, &err) != SST_OK)
		return strdup(no_note);
	sst_diff_write_note(diff, &b);
	sst_diff_free(&diff);
	return sst_buf_take(&b, NULL);
}

static void
chronicle_make_notes(struct chronicle *c)
{
	struct sst_snapshot *s, *before;
	char *note;

	while ((s = recent__unnoted(&c->recent, &before)) != NULL) {
		note = chronicle_note(before, s);
		if (note != NULL)
			recent__set_note(&c->recent, s->revision, note,
			    chronicle_snapshot_cost(before, s));
		sst_snapshot_release(&before);
		sst_snapshot_release(&s);
		if (note == NULL)
			break;
	}
}

static void
chronicle_ok(struct chronicle *c)
{
	bool was_paused;

	sst_lock_acquire(&c->lock);
	was_paused = strcmp(c->status, "paused") == 0;
	c->status = "ok";
	c->error[0] = '\0';
	c->last_write_ms = sst_clock_wall(c->settings.clock).ms;
	sst_lock_release(&c->lock);
	c->retry_ms = 0;
	c->retry_at = SST_MONO_NEVER;
	if (was_paused)
		sst_log_notice("HIST-RESUMED", NULL, "the history goes on");
}

static void
chronicle_paused(struct chronicle *c, const struct sst_error *why)
{
	bool news;

	sst_lock_acquire(&c->lock);
	news = strcmp(c->status, "paused") != 0;
	c->status = "paused";
	snprintf(c->error, sizeof(c->error), "%s", why->text);
	c->failures++;
	sst_lock_release(&c->lock);
	c->retry_ms = c->retry_ms == 0 ? RETRY_MIN_MS : c->retry_ms * 2;
	if (c->retry_ms > RETRY_MAX_MS)
		c->retry_ms = RETRY_MAX_MS;
	c->retry_at =
	    sst_mono_add_ms(sst_clock_mono(c->settings.clock), c->retry_ms);
	if (news)
		sst_log_err("HIST-PAUSED", NULL,
		    "the history is paused, the state is served as before: %s",
		    why->text);
}

/* Documents of a batch, as the store wants them. */
struct batch {
	struct recent_pending pending[BATCH];
	struct sst_history_record records[BATCH];
	struct sst_body *bodies[BATCH];
	size_t count; /* pending */
	size_t ready; /* with a body */
};

/* The full document. Only that of the newest is there already; those of the
 * others are made for now, and not kept. */
static int
batch_body(struct sst_snapshot *s, struct sst_body **out, struct sst_error *err)
{
	const struct sst_projection full = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_snapshot *bare = NULL;
	int rc = sst_snapshot_bare(s, &bare, err);

	if (rc == SST_OK)
		rc = sst_snapshot_body(bare, &full, out, err);
	sst_snapshot_release(&bare);
	return rc;
}

static int
batch_fill(struct batch *b, struct sst_error *err)
{
	const struct sst_projection full = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_snapshot *s;
	size_t i, bytes = 0;
	int rc;

	for (i = 0; i < b->count && bytes < BATCH_BYTES; i++) {
		s = b->pending[i].snapshot;
		rc = i + 1 == b->count && i == 0
			 ? sst_snapshot_body(s, &full, &b->bodies[i], err)
			 : batch_body(s, &b->bodies[i], err);
		if (rc != SST_OK)
			return rc;
		bytes += b->bodies[i]->len;
		b->records[i] = (struct sst_history_record){
		    .revision = s->revision,
		    .captured_at = s->captured_at,
		    .document = b->bodies[i]->bytes,
		    .document_len = b->bodies[i]->len,
		    .hash =
			sst_hash_bytes(b->bodies[i]->bytes, b->bodies[i]->len),
		    .note = b->pending[i].note == NULL ? no_note
						       : b->pending[i].note,
		};
		b->records[i].note_len = strlen(b->records[i].note);
		b->ready = i + 1;
	}
	return SST_OK;
}

static void
batch_fini(struct batch *b)
{
	size_t i;

	for (i = 0; i < b->ready; i++)
		sst_body_release(&b->bodies[i]);
	recent__pending_fini(b->pending, b->count);
}

/* The document before, which the history did not keep for its size. */
static void
chronicle_remind(struct chronicle *c, uint64_t first)
{
	struct sst_snapshot *before;
	struct sst_body *body = NULL;
	struct sst_error ignored;

	if (!c->forgot)
		return;
	before = recent__before(&c->recent, first);
	if (before != NULL && batch_body(before, &body, &ignored) == SST_OK)
		sst_history_remember(
		    c->history, before->revision, body->bytes, body->len);
	sst_body_release(&body);
	sst_snapshot_release(&before);
}

static void
chronicle_forget(struct chronicle *c, size_t document_len)
{
	c->forgot = document_len > LARGE_BYTES;
	if (c->forgot)
		sst_history_forget(c->history);
}

/* Stores the oldest that are not; false when there are none, or it failed. */
static bool
chronicle_store_some(struct chronicle *c)
{
	struct batch *b = calloc(1, sizeof(*b));
	struct sst_error err = {0};
	bool more = false;
	int rc;

	if (b == NULL) {
		sst_error_nomem(&err);
		chronicle_paused(c, &err);
		return false;
	}
	b->count = recent__pending(&c->recent, b->pending, BATCH);
	if (b->count > 0) {
		rc = batch_fill(b, &err);
		if (rc == SST_OK) {
			chronicle_remind(c, b->records[0].revision);
			rc = sst_history_append(
			    c->history, b->records, b->ready, &err);
			chronicle_forget(c, b->records[0].document_len);
		}
		if (rc == SST_OK) {
			recent__stored(
			    &c->recent, b->records[b->ready - 1].revision);
			chronicle_ok(c);
			more = true;
		} else {
			chronicle_paused(c, &err);
		}
	}
	batch_fini(b);
	free(b);
	return more;
}

static bool
chronicle_stopping(struct chronicle *c)
{
	bool stopping;

	sst_lock_acquire(&c->lock);
	stopping = c->stopping;
	sst_lock_release(&c->lock);
	return stopping;
}

static void
chronicle_thin(struct chronicle *c)
{
	struct sst_mono now = sst_clock_mono(c->settings.clock);
	struct sst_error err = {0};
	bool more = true;
	int rc = SST_OK;

	if (c->history == NULL || sst_mono_before(now, c->thin_at))
		return;
	while (more && rc == SST_OK && !chronicle_stopping(c)) {
		rc = sst_history_thin(c->history, &more, &err);
		/* what is published meanwhile does not wait for all of it */
		chronicle_make_notes(c);
		while (rc == SST_OK && chronicle_store_some(c))
			continue;
	}
	if (rc != SST_OK)
		chronicle_paused(c, &err);
	c->thin_at = sst_mono_add_ms(now, THIN_EVERY_MS);
}

/* Sleeps until something is published, or is to be tried again. */
static bool
chronicle_wait(struct chronicle *c)
{
	const struct sst_clock *clock = c->settings.clock;
	struct sst_mono until = SST_MONO_NEVER;
	bool go_on;

	if (c->history != NULL)
		until = sst_mono_before(c->retry_at, c->thin_at) ? c->retry_at
								 : c->thin_at;
	sst_lock_acquire(&c->lock);
	while (!c->dirty && !c->stopping &&
	       sst_mono_before(sst_clock_mono(clock), until))
		sst_lock_wait(&c->lock, &c->wake, clock, until);
	c->dirty = false;
	go_on = !c->stopping;
	sst_lock_release(&c->lock);
	return go_on;
}

static void
chronicle_round(struct chronicle *c)
{
	bool wait =
	    sst_mono_before(sst_clock_mono(c->settings.clock), c->retry_at) &&
	    c->retry_at.ns != SST_MONO_NEVER.ns;

	chronicle_make_notes(c);
	/* at the end there is no later */
	if (c->history != NULL && (!wait || chronicle_stopping(c))) {
		while (chronicle_store_some(c))
			continue;
	}
	recent__trim(&c->recent, c->settings.recent_bytes);
	chronicle_thin(c);
}

static void *
chronicle_run(void *arg)
{
	struct chronicle *c = arg;

	do
		chronicle_round(c);
	while (chronicle_wait(c));
	chronicle_round(c);
	return NULL;
}

int
chronicle__start(struct chronicle *chronicle, struct sst_error *err)
{
	struct chronicle *c = chronicle;
	int rc;

	c->retry_at = SST_MONO_NEVER;
	c->thin_at =
	    sst_mono_add_ms(sst_clock_mono(c->settings.clock), THIN_FIRST_MS);
	if (c->settings.recent_revisions == 0)
		return SST_OK;
	rc = pthread_create(&c->thread, NULL, chronicle_run, c);
	if (rc != 0)
		return sst_error_set(
		    err, SST_INTERNAL, "history thread: error %d", rc);
	pthread_setname_np(c->thread, "history");
	c->running = true;
	return SST_OK;
}

void
chronicle__announce(struct chronicle *chronicle, uint64_t revision)
{
	if (chronicle->history != NULL)
		sst_history_published(chronicle->history, revision);
}

void
chronicle__published(struct chronicle *chronicle, struct sst_snapshot *snapshot)
{
	recent__push(&chronicle->recent, snapshot, chronicle->history == NULL);
	sst_lock_acquire(&chronicle->lock);
	chronicle->dirty = true;
	pthread_cond_signal(&chronicle->wake);
	sst_lock_release(&chronicle->lock);
}

void
chronicle__stop(struct chronicle *chronicle)
{
	if (!chronicle->running)
		return;
	sst_lock_acquire(&chronicle->lock);
	chronicle->stopping = true;
	pthread_cond_signal(&chronicle->wake);
	sst_lock_release(&chronicle->lock);
	pthread_join(chronicle->thread, NULL);
	chronicle->running = false;
}

void
chronicle__figures(struct chronicle *chronicle, struct sst_service_history *out)
{
	struct sst_history_figures f = {0};

	memset(out, 0, sizeof(*out));
	if (chronicle->history != NULL)
		sst_history_figures(chronicle->history, &f);
	out->revisions = f.revisions;
	out->oldest = f.oldest;
	out->newest = f.newest;
	out->bytes = f.bytes;
	out->document_bytes = f.document_bytes;
	out->stored_bytes = f.stored_bytes;
	out->appended_total = f.appended_total;
	out->thinned_total = f.thinned_total;
	out->pending = recent__pending_count(&chronicle->recent);
	out->lost_total = recent__lost(&chronicle->recent);
	sst_lock_acquire(&chronicle->lock);
	out->status = chronicle->status;
	memcpy(out->error, chronicle->error, sizeof(out->error));
	out->failures_total = chronicle->failures;
	out->last_write_ms = chronicle->last_write_ms;
	sst_lock_release(&chronicle->lock);
}
