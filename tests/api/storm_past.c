/*
 * Asking about the past while it grows: the same bytes at any time, patches
 * that lead from any revision to any other, long polls that answer for a
 * reason.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/storm.h"
#include "service/document.h"
#include "service/patch.h"

enum { ROUNDS_POLL = 24 };

static bool
tag_fits(const struct http_answer *a)
{
	char hex[33], want[40];

	sst_hash_text(sst_hash_bytes(a->body, a->body_len), hex);
	snprintf(want, sizeof(want), "\"%s\"", hex);
	return strcmp(want, a->etag) == 0;
}

/* What is current, remembered. */
static bool
seen_add(struct storm_asker *asker)
{
	struct storm *s = asker->storm;
	struct http_answer a;
	struct storm_seen *at;

	if (!storm_ask(asker, "", &a, "/system/state"))
		return false;
	if (a.status != 200 || !tag_fits(&a))
		return storm_fail(s, "the current state: status %d, tag %s",
		    a.status, a.etag);
	pthread_mutex_lock(&s->lock);
	at = &s->seen[s->seen_count++ % STORM_SEEN];
	free(at->bytes);
	at->bytes = malloc(a.body_len);
	if (at->bytes == NULL)
		abort();
	memcpy(at->bytes, a.body, a.body_len);
	at->len = a.body_len;
	at->revision = a.revision;
	memcpy(at->etag, a.etag, sizeof(at->etag));
	pthread_mutex_unlock(&s->lock);
	return true;
}

/* A copy of one of them; free() its bytes. */
static struct storm_seen
seen_any(struct storm *s, uint64_t *rnd)
{
	struct storm_seen out;
	const char *bytes;
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->seen_count < STORM_SEEN ? s->seen_count : STORM_SEEN;
	out = s->seen[storm_random(rnd, n)];
	bytes = out.bytes;
	out.bytes = malloc(out.len);
	if (out.bytes == NULL)
		abort();
	memcpy(out.bytes, bytes, out.len);
	pthread_mutex_unlock(&s->lock);
	return out;
}

static bool
past_check(
    struct storm *s, const struct storm_seen *seen, const struct http_answer *a)
{
	json_t *doc;
	bool ok;

	if (a->status == 410) {
		storm_add(s, STORM_GONE);
		return true;
	}
	if (a->status != 200 || a->revision != seen->revision)
		return storm_fail(s, "at=%" PRIu64 ": status %d, revision %llu",
		    seen->revision, a->status, a->revision);
	if (a->body_len != seen->len ||
	    memcmp(a->body, seen->bytes, seen->len) != 0)
		return storm_fail(
		    s, "at=%" PRIu64 ": other bytes than then", seen->revision);
	if (!tag_fits(a) || strcmp(a->etag, seen->etag) != 0)
		return storm_fail(s, "at=%" PRIu64 ": tag %s, it was %s",
		    seen->revision, a->etag, seen->etag);
	doc = json_loadb(a->body, a->body_len, JSON_REJECT_DUPLICATES, NULL);
	ok = sst_schema_valid(s->contract->whole, doc) &&
	     (uint64_t)json_integer_value(json_object_get(doc, "revision")) ==
		 seen->revision;
	json_decref(doc);
	storm_add(s, STORM_AT);
	return ok || storm_fail(s, "at=%" PRIu64 ": it does not conform",
			 seen->revision);
}

void *
storm_past_run(void *storm)
{
	struct storm *s = storm;
	struct storm_asker asker = {.storm = s};
	struct storm_seen seen;
	struct http_answer a;
	uint64_t rnd = atomic_fetch_add(&s->seeds, 1);
	bool ok = true;
	unsigned i;
	int j;

	for (i = 0; ok && !atomic_load(&s->failed) && i < s->rounds; i++) {
		ok = seen_add(&asker);
		if (!ok)
			break;
		seen = seen_any(s, &rnd);
		for (j = 0; ok && j < 2; j++)
			ok = storm_ask(&asker, "", &a,
				 "/system/state?at=%s%s%" PRIu64,
				 j == 0 ? "" : s->epoch, j == 0 ? "" : ":",
				 seen.revision) &&
			     past_check(s, &seen, &a);
		free(seen.bytes);
	}
	storm_asker_fini(&asker);
	return NULL;
}

/* In schema order, as the service writes it. */
static bool
writes_as(struct storm *s, const json_t *tree, const struct storm_seen *want)
{
	const struct sst_projection full = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	char *text = json_dumps(tree, JSON_COMPACT);
	struct sst_snapshot *snapshot = NULL;
	struct sst_body *body = NULL;
	struct sst_error err = {0};
	bool same = false;

	if (sst_document_read(s->contract, text, strlen(text), NULL, &snapshot,
		&err) == SST_OK &&
	    sst_snapshot_body(snapshot, &full, &body, &err) == SST_OK)
		same = body->len == want->len &&
		       memcmp(body->bytes, want->bytes, want->len) == 0;
	sst_body_release(&body);
	sst_snapshot_release(&snapshot);
	free(text);
	return same;
}

static bool
patch_check(struct storm *s, const struct storm_seen *a,
    const struct storm_seen *b, const json_t *patch)
{
	json_t *doc = json_loadb(a->bytes, a->len, 0, NULL);
	json_t *want = json_loadb(b->bytes, b->len, 0, NULL);
	struct sst_error err = {0};
	bool ok;

	ok = sst_patch_apply(&doc, patch, &err) == SST_OK &&
	     json_equal(doc, want) && writes_as(s, doc, b);
	json_decref(doc);
	json_decref(want);
	storm_add(s, STORM_PATCHES);
	return ok || storm_fail(s,
			 "the patch from %" PRIu64 " to %" PRIu64
			 " leads elsewhere; %s",
			 a->revision, b->revision, err.text);
}

static bool
patch_ask(struct storm_asker *asker, const struct storm_seen *a,
    const struct storm_seen *b)
{
	struct storm *s = asker->storm;
	struct http_answer answer;
	json_t *patch;
	bool ok;

	if (!storm_ask(asker, "Accept: application/json-patch+json\r\n",
		&answer, "/system/state/diff?from=%" PRIu64 "&to=%" PRIu64,
		a->revision, b->revision))
		return false;
	if (answer.status == 410) {
		storm_add(s, STORM_GONE);
		return true;
	}
	patch = json_loadb(answer.body, answer.body_len, 0, NULL);
	if (answer.status != 200 || patch == NULL)
		ok = storm_fail(s, "a patch: status %d", answer.status);
	else
		ok = patch_check(s, a, b, patch);
	json_decref(patch);
	return ok;
}

void *
storm_patch_run(void *storm)
{
	struct storm *s = storm;
	struct storm_asker asker = {.storm = s};
	struct storm_seen a, b;
	uint64_t rnd = atomic_fetch_add(&s->seeds, 1);
	bool ok = true;
	unsigned i;

	for (i = 0; ok && !atomic_load(&s->failed) && i < s->rounds; i++) {
		ok = seen_add(&asker);
		if (!ok)
			break;
		a = seen_any(s, &rnd);
		b = seen_any(s, &rnd);
		ok = patch_ask(&asker, &a, &b);
		free(a.bytes);
		free(b.bytes);
	}
	storm_asker_fini(&asker);
	return NULL;
}

/* What a poll for that section looks at: its entities, and who feeds it. */
static json_t *
poll_projection(const json_t *doc, const char *section)
{
	json_t *out = json_array(), *row;
	const char *fed;
	size_t i;

	json_array_append(out, json_object_get(doc, section));
	json_array_foreach(json_object_get(doc, "sources"), i, row)
	{
		fed = json_string_value(json_object_get(row, "section"));
		if (strcmp(fed, section) == 0)
			json_array_append(out, row);
	}
	return out;
}

/* Whether it was another at a revision after since, up to the given one; true
 * when that cannot be told any more. */
static bool
poll_changed_between(struct storm_asker *asker, const char *section,
    uint64_t since, uint64_t up_to)
{
	json_t *doc, *first = NULL, *at;
	bool changed = false;
	uint64_t r;

	for (r = since; !changed && r <= up_to; r++) {
		doc = storm_ask_json(asker,
		    "/system/state?at=%" PRIu64 "&sections=%s", r, section);
		if (doc == NULL) {
			changed = true;
			break;
		}
		at = poll_projection(doc, section);
		json_decref(doc);
		if (first == NULL)
			first = json_incref(at);
		changed = !json_equal(first, at);
		json_decref(at);
	}
	json_decref(first);
	return changed;
}

/* a: answered 200 */
static bool
poll_check_changed(struct storm_asker *asker, const char *section,
    uint64_t since, const struct http_answer *a)
{
	json_t *now, *was, *doc;
	uint64_t revision = a->revision;
	bool ok;

	storm_add(asker->storm, STORM_POLL_CHANGED);
	doc = json_loadb(a->body, a->body_len, 0, NULL);
	now = poll_projection(doc, section);
	json_decref(doc);
	doc = storm_ask_json(
	    asker, "/system/state?at=%" PRIu64 "&sections=%s", since, section);
	if (doc == NULL) { /* then nothing could be compared */
		json_decref(now);
		return !atomic_load(&asker->storm->failed);
	}
	was = poll_projection(doc, section);
	json_decref(doc);
	/* it may have changed, and back before it was written */
	ok = revision > since &&
	     (!json_equal(now, was) ||
		 poll_changed_between(asker, section, since, revision));
	json_decref(now);
	json_decref(was);
	return ok || storm_fail(asker->storm,
			 "since=%" PRIu64 "&sections=%s: 200 with %" PRIu64
			 ", which is the same",
			 since, section, revision);
}

/* a: answered 304, up to a revision in which nothing of the section is another.
 * Its tag is there unless a later one came just then. */
static bool
poll_check_same(struct storm_asker *asker, const char *section, uint64_t since,
    const struct http_answer *a)
{
	struct storm *s = asker->storm;
	uint64_t revision = a->revision;
	struct http_answer then;
	char etag[64];
	json_t *diff;
	bool ok;

	storm_add(s, STORM_POLL_SAME);
	memcpy(etag, a->etag, sizeof(etag));
	if (etag[0] == '\0')
		storm_add(s, STORM_POLL_STOOD);
	if (!storm_ask(asker, "", &then,
		"/system/state?at=%" PRIu64 "&sections=%s", revision, section))
		return false;
	if (then.status == 200 && etag[0] != '\0' &&
	    strcmp(then.etag, etag) != 0)
		return storm_fail(s, "304 with %s, %" PRIu64 " has %s", etag,
		    revision, then.etag);
	diff = storm_ask_json(asker,
	    "/system/state/diff?from=%" PRIu64 "&to=%" PRIu64 "&sections=%s",
	    since, revision, section);
	if (diff == NULL)
		return !atomic_load(&s->failed);
	ok = json_array_size(json_object_get(diff, "changes")) == 0;
	json_decref(diff);
	return ok || storm_fail(s,
			 "since=%" PRIu64 "&sections=%s: 304 with %" PRIu64
			 ", which is another",
			 since, section, revision);
}

static bool
poll_round(struct storm_asker *asker, uint64_t *rnd)
{
	/* one changes every second or two, the others all the time */
	static const char *const names[] = {
	    "litellm", "litellm", "agents", "workload", "queues"};
	const char *section = names[storm_random(rnd, 5)];
	struct storm *s = asker->storm;
	uint64_t since = storm_revision_now(s);
	struct storm_seen seen;
	struct http_answer a;

	if (storm_random(rnd, 4) == 0) {
		seen = seen_any(s, rnd);
		since = seen.revision;
		free(seen.bytes);
	}
	if (!storm_ask(asker, "", &a,
		"/system/state?since=%" PRIu64 "&wait=1s&sections=%s", since,
		section))
		return false;
	if (a.status == 304)
		return poll_check_same(asker, section, since, &a);
	if (a.status == 200)
		return poll_check_changed(asker, section, since, &a);
	return storm_fail(s, "since=%" PRIu64 ": status %d", since, a.status);
}

void *
storm_poll_run(void *storm)
{
	struct storm *s = storm;
	struct storm_asker asker = {.storm = s};
	uint64_t rnd = atomic_fetch_add(&s->seeds, 1);
	bool ok = seen_add(&asker);
	int i;

	for (i = 0; ok && !atomic_load(&s->failed) && i < ROUNDS_POLL; i++)
		ok = poll_round(&asker, &rnd);
	storm_asker_fini(&asker);
	return NULL;
}

void *
storm_parked_run(void *storm)
{
	struct storm *s = storm;
	struct storm_asker asker = {.storm = s};
	struct http_answer a;

	if (storm_ask(&asker, "", &a,
		"/system/state?since=%" PRIu64 "&wait=60s",
		storm_revision_now(s)) &&
	    a.status != 304)
		storm_fail(s, "stopped while it waits: status %d", a.status);
	storm_asker_fini(&asker);
	return NULL;
}
