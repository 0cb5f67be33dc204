/* A watch, from the position we know to its end. */
#include <string.h>

#include "base/text.h"
#include "repository/kube/reflector_priv.h"

enum {
	WATCH_ANSWER_MS = 30000,
	/* A server that does not keep its timeoutSeconds. */
	WATCH_GRACE_MS = 30000,
	WATCH_LEAST_S = 300,
	WATCH_MOST_S = 600,
	/* Shorter and without a word: something in between ends it. */
	WATCH_SHORT_MS = 1000,
	/* Watches that gave nothing but trouble, from which on one that is
	 * open does not count for good until it says something. */
	WATCH_DOUBTFUL = 2
};

/* Ends the stream from within: outcome is set. */
static int
watch_over(struct sst_kube_reflector *r, struct sst_error *err)
{
	r->run.ended = true;
	return sst_error_set(err, SST_CANCELED, "enough");
}

static int
watch_trouble_code(int status)
{
	switch (status) {
	case 401:
		return SST_UNAUTHORIZED;
	case 403:
		return SST_FORBIDDEN;
	case 404:
		return SST_NOT_FOUND;
	case 429:
		return SST_RATE_LIMITED;
	default:
		return SST_UPSTREAM;
	}
}

/* An event ERROR. Its message is not told on: it holds positions. */
static void
watch_trouble(struct sst_kube_reflector *r, const struct reflector_event *event)
{
	struct reflector_outcome *o = &r->run.outcome;
	struct reflector_trouble trouble;

	reflector__parse_trouble(event->object.at, event->object.len, &trouble);
	o->status = trouble.status;
	o->retry_after_ms = trouble.retry_after_ms;
	if (trouble.status == 410 || strcmp(trouble.reason, "Expired") == 0 ||
	    strcmp(trouble.reason, "Gone") == 0) {
		o->end = REFLECTOR_EXPIRED;
		return;
	}
	if (trouble.too_new) {
		o->end = REFLECTOR_BACKWARD;
		return;
	}
	o->end = REFLECTOR_FAILED;
	sst_error_set(&o->err, watch_trouble_code(trouble.status),
	    "GET %s: the watch was ended with error %d%s%s", r->path,
	    trouble.status, trouble.reason[0] != '\0' ? " " : "",
	    trouble.reason);
	o->err.detail = trouble.status;
}

/* It spoke: whatever was wrong is over. */
static void
watch_spoke(struct sst_kube_reflector *r)
{
	r->run.events++;
	if (r->troubled_in_a_row == 0)
		return;
	r->troubled_in_a_row = 0;
	reflector__show(r, SST_KUBE_WATCHING, NULL);
}

static void
watch_deliver(struct sst_kube_reflector *r, const struct reflector_event *event)
{
	static const enum sst_kube_event kinds[] = {
	    [REFLECTOR_ADDED] = SST_KUBE_ADDED,
	    [REFLECTOR_MODIFIED] = SST_KUBE_MODIFIED,
	    [REFLECTOR_DELETED] = SST_KUBE_DELETED,
	};
	struct sst_error err;

	if (event->type == REFLECTOR_UNKNOWN) {
		sst_error_set(
		    &err, SST_UNSUPPORTED, "an event of an unknown type");
		reflector__reject(r, &err);
	} else if (event->type != REFLECTOR_BOOKMARK &&
		   event->object.len == 0) {
		sst_error_set(&err, SST_TYPE, "an event without an object");
		reflector__reject(r, &err);
	} else if (event->type != REFLECTOR_BOOKMARK) {
		sst_lock_acquire(&r->lock);
		r->view.events++;
		sst_lock_release(&r->lock);
		reflector__deliver(
		    r, kinds[event->type], event->object.at, event->object.len);
	}
	if (event->type != REFLECTOR_UNKNOWN && event->version[0] != '\0')
		reflector__set_version(r, event->version);
}

int
reflector__watch_object(
    const char *json, size_t len, void *ctx, struct sst_error *err)
{
	struct sst_kube_reflector *r = ctx;
	struct reflector_event event;
	struct sst_error why;

	if (reflector__stopping(r))
		return watch_over(r, err);
	if (reflector__parse_event(json, len, &event, &why) != SST_OK) {
		watch_spoke(r);
		reflector__reject(r, &why);
		return SST_OK;
	}
	if (event.type == REFLECTOR_ERROR) {
		watch_trouble(r, &event);
		return watch_over(r, err);
	}
	if (event.type != REFLECTOR_UNKNOWN &&
	    reflector__version_before(event.version, r->version)) {
		r->run.outcome.end = REFLECTOR_BACKWARD;
		return watch_over(r, err);
	}
	watch_spoke(r);
	watch_deliver(r, &event);
	return SST_OK;
}

static void
watch_opened(void *ctx)
{
	struct sst_kube_reflector *r = ctx;

	r->run.opened = true;
	reflector__heard(r);
	if (r->troubled_in_a_row < WATCH_DOUBTFUL)
		reflector__show(r, SST_KUBE_WATCHING, NULL);
}

static bool
watch_piece(const char *bytes, size_t len, void *ctx)
{
	struct sst_kube_reflector *r = ctx;

	reflector__heard(r);
	r->run.code =
	    sst_kube_cutter_feed(r->watch_cutter, bytes, len, &r->run.err);
	return r->run.code == SST_OK;
}

static bool
watch_path(
    const struct sst_kube_reflector *r, unsigned seconds, struct sst_buf *out)
{
	sst_buf_addf(out, "%s?watch=1&resourceVersion=", r->path);
	sst_text_percent_encode(r->version, strlen(r->version), out);
	sst_buf_addf(out, "&allowWatchBookmarks=true&timeoutSeconds=%u%s",
	    seconds, r->selector);
	return !sst_buf_failed(out);
}

static int
watch_ask(struct sst_kube_reflector *r, struct sst_httpc_response *out,
    struct sst_error *err)
{
	unsigned seconds =
	    WATCH_LEAST_S + (unsigned)reflector__random(
				&r->backoff, WATCH_MOST_S - WATCH_LEAST_S + 1);
	int64_t limit_ms = (int64_t)seconds * 1000 + WATCH_GRACE_MS;
	struct sst_buf path = SST_BUF_INIT;
	struct sst_kube_request request = {
	    .accept = r->metadata_only
			  ? "application/json;as=PartialObjectMetadata;v=v1;"
			    "g=meta.k8s.io,application/json"
			  : NULL,
	    .max_bytes = REFLECTOR_REFUSAL_BYTES,
	    .deadline = sst_mono_add_ms(r->run.since, WATCH_ANSWER_MS),
	    .idle_ms = limit_ms,
	    .until = sst_mono_add_ms(r->run.since, limit_ms),
	    .opened = watch_opened,
	    .piece = watch_piece,
	    .ctx = r,
	};
	int code;

	sst_kube_cutter_reset(r->watch_cutter);
	if (!watch_path(r, seconds, &path)) {
		sst_buf_fini(&path);
		return sst_error_nomem(err);
	}
	request.path = path.data;
	code = sst_kube_stream(r->http, &request, out, err);
	sst_buf_fini(&path);
	return code;
}

/* It was open and is not any more: in order, or as a server leaves, or over
 * its time. All the same to us: we know where we were. */
static bool
watch_left(const struct sst_kube_reflector *r, int code)
{
	return code == SST_OK ||
	       (r->run.opened &&
		   (code == SST_TRUNCATED || code == SST_UNREACHABLE ||
		       code == SST_TIMEOUT));
}

static void
watch_judge(struct sst_kube_reflector *r, int code,
    const struct sst_httpc_response *answer, const struct sst_error *err)
{
	struct reflector_outcome *o = &r->run.outcome;
	int64_t ms;

	if (r->run.ended)
		return;
	if (r->run.code != SST_OK) {
		o->end = REFLECTOR_FAILED;
		o->err = r->run.err;
		sst_error_prefix(&o->err, "GET %s", r->path);
	} else if (code == SST_OK && !r->run.opened) {
		reflector__refused(r, answer);
	} else if (watch_left(r, code)) {
		ms = sst_mono_diff_ms(sst_clock_mono(r->clock), r->run.since);
		o->end = ms < WATCH_SHORT_MS && r->run.events == 0
			     ? REFLECTOR_SHORT
			     : REFLECTOR_DONE;
	} else {
		o->end = REFLECTOR_FAILED;
		o->err = *err;
	}
}

void
reflector__watch(struct sst_kube_reflector *r)
{
	struct sst_httpc_response answer = {0};
	struct sst_error err;
	int code;

	sst_lock_acquire(&r->lock);
	r->view.watches++;
	r->run.away = r->view.state == SST_KUBE_FAILING;
	sst_lock_release(&r->lock);
	code = watch_ask(r, &answer, &err);
	watch_judge(r, code, &answer, &err);
	sst_httpc_response_fini(&answer);
}
