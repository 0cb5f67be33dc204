/*
 * /system/state/watch: Server-Sent Events. A watcher costs a suspended
 * connection and the little that is kept here; the bytes of an event are
 * shared by all who watch the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/json.h"
#include "base/log.h"

/* What is sent next. */
enum watch_phase {
	WATCH_HELLO,
	WATCH_LEAD, /* of the next event */
	WATCH_BODY,
	WATCH_TAIL,
	WATCH_END
};

struct watch_stream {
	struct sst_watch *watch; /* NULL: a HEAD, which is told nothing */
	enum watch_phase phase;
	struct sst_watch_event event; /* being sent */
	struct sst_buf lead;
	/* Where the client stands when it has all that was sent. */
	char epoch[17];
	uint64_t revision; /* 0: it has nothing */
};

static const char header_name[] = "Last-Event-ID";

static const char *
event_name(enum sst_watch_event_kind kind)
{
	switch (kind) {
	case SST_WATCH_STATE:
		return "state";
	case SST_WATCH_CHANGE:
		return "change";
	case SST_WATCH_BOOKMARK:
		return "bookmark";
	case SST_WATCH_SLOW:
		return "dropped";
	default:
		return "end";
	}
}

static void
lead_place(struct sst_buf *out, const char *name, const struct watch_stream *st)
{
	char text[48];

	snprintf(text, sizeof(text), "%s:%" PRIu64, st->epoch, st->revision);
	api__json_text(out, name, text);
}

/* Of the two last events: why, and where to go on. */
static void
lead_last(struct watch_stream *st, const char *reason)
{
	struct sst_buf *out = &st->lead;

	sst_buf_adds(out, "data: {");
	api__json_text(out, "reason", reason);
	if (st->revision > 0) {
		api__json_text(out, "epoch", st->epoch);
		api__json_count(out, "revision", st->revision);
		lead_place(out, "resume", st);
	}
	api__json_close(out, '}');
	sst_buf_adds(out, "\n\n");
}

/* The event leads the client to where it says. */
static void
lead_id(struct watch_stream *st)
{
	memcpy(st->epoch, st->event.epoch, sizeof(st->epoch));
	st->revision = st->event.revision;
	sst_buf_addf(
	    &st->lead, "id: %s:%" PRIu64 "\ndata: ", st->epoch, st->revision);
}

/* Writes all of the event but a body; the phase that comes behind it. */
static enum watch_phase
lead_write(struct watch_stream *st)
{
	struct sst_buf *out = &st->lead;

	if (st->event.kind != SST_WATCH_HEARTBEAT)
		sst_buf_addf(out, "event: %s\n", event_name(st->event.kind));
	switch (st->event.kind) {
	case SST_WATCH_STATE:
	case SST_WATCH_CHANGE:
		lead_id(st);
		return WATCH_BODY;
	case SST_WATCH_BOOKMARK:
		lead_id(st);
		sst_buf_addc(out, '{');
		api__json_text(out, "epoch", st->epoch);
		api__json_count(out, "revision", st->revision);
		api__json_close(out, '}');
		sst_buf_adds(out, "\n\n");
		return WATCH_LEAD;
	case SST_WATCH_HEARTBEAT:
		sst_buf_adds(out, ": heartbeat\n\n");
		return WATCH_LEAD;
	case SST_WATCH_SLOW:
		lead_last(st, "slow");
		return WATCH_END;
	default:
		lead_last(st, "shutdown");
		return WATCH_END;
	}
}

static enum api_stream_result
watch_begin(struct watch_stream *st, const char **piece_out, size_t *len_out)
{
	if (st->watch == NULL)
		return API_STREAM_END;
	switch (sst_watch_next(st->watch, &st->event)) {
	case SST_OK:
		break;
	case SST_NODATA:
		return API_STREAM_NONE;
	default:
		return API_STREAM_END;
	}
	sst_buf_clear(&st->lead);
	st->phase = lead_write(st);
	if (sst_buf_failed(&st->lead)) {
		st->phase = WATCH_END; /* it comes back where it stands */
		return API_STREAM_END;
	}
	*piece_out = st->lead.data;
	*len_out = st->lead.len;
	return st->phase == WATCH_BODY ? API_STREAM_PART : API_STREAM_PIECE;
}

static enum api_stream_result
watch_next(void *stream, const char **piece_out, size_t *len_out)
{
	static const char hello[] = "retry: 1000\n\n", tail[] = "\n\n";
	struct watch_stream *st = stream;
	const struct sst_body *body = st->event.body;

	switch (st->phase) {
	case WATCH_HELLO:
		st->phase = WATCH_LEAD;
		*piece_out = hello;
		*len_out = sizeof(hello) - 1;
		return API_STREAM_PIECE;
	case WATCH_LEAD:
		sst_watch_event_fini(&st->event);
		return watch_begin(st, piece_out, len_out);
	case WATCH_BODY:
		st->phase = WATCH_TAIL;
		if (body != NULL && body->len > 0) {
			*piece_out = body->bytes;
			*len_out = body->len;
			return API_STREAM_PART;
		}
		/* FALLTHROUGH */
	case WATCH_TAIL:
		st->phase = WATCH_LEAD;
		*piece_out = tail;
		*len_out = sizeof(tail) - 1;
		return API_STREAM_PIECE;
	default:
		return API_STREAM_END;
	}
}

static void
watch_close(void *stream)
{
	struct watch_stream *st = stream;

	sst_watch_event_fini(&st->event);
	sst_watch_close(&st->watch);
	sst_buf_fini(&st->lead);
	free(st);
}

static const struct api_stream_ops watch_ops = {watch_next, watch_close};

/* Takes the watch. */
static void
watch_respond(struct api_request *rq, struct api_response *rs,
    struct sst_watch *watch, const struct sst_moment *from)
{
	struct watch_stream *st = calloc(1, sizeof(*st));
	struct sst_error err;

	if (st == NULL) {
		sst_watch_close(&watch);
		sst_error_nomem(&err);
		api__fail(rq, &err);
		return;
	}
	st->watch = watch;
	memcpy(st->epoch, from->epoch, sizeof(st->epoch));
	st->revision = from->revision;
	/* Proxies that buffer would keep events back. */
	api__header(rs, "X-Accel-Buffering", "no");
	api__respond_stream(rq, rs, &watch_ops, st);
}

static void
watch_refuse(struct api_request *rq, const struct sst_error *err)
{
	switch (err->code) {
	case SST_LIMIT:
		api__problem_set(&rq->problem, API_TOO_MANY_WATCHERS,
		    "No more watchers are taken: %s.", err->text);
		rq->problem.retry_after = 5;
		break;
	case SST_NODATA:
		api__problem_set(&rq->problem, API_NOT_READY,
		    "No source has answered yet, so there is no snapshot.");
		rq->problem.retry_after = 1;
		break;
	case SST_CANCELED:
		api__problem_set(
		    &rq->problem, API_BUSY, "The service is stopping.");
		rq->problem.retry_after = 1;
		break;
	default:
		api__fail(rq, err);
		break;
	}
}

/* resume NULL: from the beginning. Borrowed, as is from. */
static void
watch_open(struct api_request *rq, struct api_response *rs,
    struct sst_snapshot *resume, const struct sst_moment *from)
{
	struct sst_watch_settings settings = {
	    .sections = rq->params.sections,
	    .key = rq->params.key,
	    .key_len = rq->params.key_len,
	    .resume = resume,
	    .wake = api__wake,
	    .wake_ctx = api__wake_ctx(rq),
	};
	static const struct sst_moment nowhere;
	struct sst_watch *watch = NULL;
	struct sst_error err;

	if (strcmp(rq->method, "HEAD") != 0 &&
	    sst_watch_open(rq->api->service, &settings, &watch, &err) !=
		SST_OK) {
		watch_refuse(rq, &err);
		return;
	}
	watch_respond(rq, rs, watch, resume == NULL ? &nowhere : from);
}

/*
 * Where the client says it stands; *out is zero when it does not say. False:
 * the problem is set.
 */
static bool
watch_from(struct api_request *rq, struct sst_moment *out)
{
	const char *id = rq->headers.last_event_id;
	struct sst_snapshot *s;
	char quoted[API_QUOTE];

	memset(out, 0, sizeof(*out));
	if (id == NULL || id[0] == '\0')
		return true;
	if (sst_moment_parse(id, strlen(id), out) == SST_OK &&
	    out->kind == SST_MOMENT_REVISION && out->epoch[0] != '\0')
		return true;
	api__problem_set(&rq->problem, API_BAD_REQUEST,
	    "%s must be EPOCH:REVISION, as in the id of an event: 16 hex "
	    "digits, a colon and a number from 1; received %s.",
	    header_name, api__quote(id, strlen(id), quoted));
	api__problem_parameter(&rq->problem, header_name);
	s = sst_service_snapshot(rq->api->service);
	if (s != NULL)
		api__problem_example(
		    &rq->problem, "%s:%" PRIu64, s->epoch, s->revision);
	sst_snapshot_release(&s);
	return false;
}

/*
 * Most who come back missed nothing, or come to another epoch: no worker is
 * needed for them, so that thousands can come back at once. True: done.
 */
static bool
watch_open_now(struct api_request *rq, struct api_response *rs,
    const struct sst_moment *from)
{
	struct sst_snapshot *s;
	bool known = true;

	if (from->revision == 0 || strcmp(rq->method, "HEAD") == 0) {
		watch_open(rq, rs, NULL, from);
		return true;
	}
	s = sst_service_snapshot(rq->api->service);
	if (s == NULL || strcmp(s->epoch, from->epoch) != 0)
		watch_open(rq, rs, NULL, from);
	else if (s->revision == from->revision)
		watch_open(rq, rs, s, from);
	else
		known = false;
	sst_snapshot_release(&s);
	return known;
}

void
api__get_watch(struct api_request *rq, struct api_response *rs)
{
	struct sst_snapshot *resume = NULL;
	struct sst_moment from;
	struct sst_error err;
	int rc;

	if (!watch_from(rq, &from))
		return;
	if (rq->stage == API_STAGE_FIRST) {
		if (!watch_open_now(rq, rs, &from))
			api__on_worker(rq);
		return;
	}
	rc = sst_past_snapshot(rq->past, &from, &resume, &err);
	if (rc != SST_OK && rc != SST_GONE && rc != SST_NOT_FOUND)
		sst_log_warn("API-WATCH", api__request_id(rq),
		    "%s (%s): the watcher starts over", err.text,
		    sst_code_name(rc));
	watch_open(rq, rs, resume, &from);
	sst_snapshot_release(&resume);
}
