/* Requests, and the rhythm of the parts that they read. */
#include "repository/litellm/proxy_priv.h"

#include <stdio.h>
#include <string.h>

/* Probes and metrics are due with every poll, though polls jitter. */
static const int slack_percent = 20;

long
proxy__part_period(const struct proxy *p, enum proxy_part_id id)
{
	if (id == PROXY_METRICS)
		return p->metrics_ms;
	if (id == PROXY_HEALTH && p->checks_called)
		/* so that with the slack it is due when a call is */
		return PROXY_HEALTH_CALL_MS * 100L / (100 - slack_percent);
	return proxy__kind(id)->period_ms == PROXY_SLOWLY
		   ? p->refresh_ms
		   : proxy__kind(id)->period_ms;
}

bool
proxy__part_due(const struct proxy_round *round, enum proxy_part_id id)
{
	const struct proxy_part *part = &round->p->parts[id];

	return part->state != PROXY_PART_DISABLED &&
	       !sst_mono_before(round->req->now, part->due);
}

bool
proxy__part_fresh(const struct proxy_round *round, enum proxy_part_id id)
{
	const struct proxy_part *part = &round->p->parts[id];
	long most = 2 * proxy__part_period(round->p, id);

	if (!part->read)
		return false;
	/* probes: every 15 s, and one may be missed */
	if (most < 40000)
		most = 40000;
	return sst_mono_diff_ms(round->req->now, part->at) <= most;
}

static struct sst_mono
part_after(const struct proxy_round *round, int64_t ms)
{
	return sst_mono_add_ms(round->req->now, ms);
}

static void
part_good(struct proxy_round *round, enum proxy_part_id id)
{
	struct proxy_part *part = &round->p->parts[id];
	int64_t period = proxy__part_period(round->p, id);

	part->state = PROXY_OK;
	part->fails = 0;
	part->read = true;
	part->at = round->req->now;
	part->due = part_after(round, period - period * slack_percent / 100);
	part->code = SST_OK;
	part->reason[0] = '\0';
}

static int64_t
part_backoff(const struct proxy_round *round, enum proxy_part_id id)
{
	const struct proxy_part *part = &round->p->parts[id];
	int64_t most = PROXY_BACKOFF_MAX_MS;
	int64_t wait = proxy__part_period(round->p, id);
	unsigned i;

	/* what everything else hangs on is asked for at every poll, and what
	 * costs no more than that, too */
	if (id == PROXY_MODELS || wait == 0)
		return 0;
	for (i = 0; i < part->fails && wait < most; i++)
		wait *= 2;
	return wait < most ? wait : most;
}

static void
part_bad(struct proxy_round *round, enum proxy_part_id id, int code,
    const struct sst_error *err)
{
	struct proxy_part *part = &round->p->parts[id];

	part->state = PROXY_PART_FAILING;
	if (code == SST_UNSUPPORTED)
		part->state = PROXY_PART_UNSUPPORTED;
	else if (code == SST_FORBIDDEN || code == SST_UNAUTHORIZED)
		part->state = PROXY_PART_FORBIDDEN;
	if (part->state == PROXY_PART_FAILING || id == PROXY_MODELS)
		part->due = part_after(round, part_backoff(round, id));
	else
		part->due = part_after(round, PROXY_PROBE_AGAIN_MS);
	if (part->state != PROXY_PART_FAILING)
		part->read = false;
	part->fails++;
	part->code = code;
	snprintf(part->reason, sizeof(part->reason), "%s", err->text);
}

/* What timed out beside other reads is tried once more, alone. */
static bool
part_put_off(struct proxy_round *round, enum proxy_part_id id, int code)
{
	struct proxy_part *part = &round->p->parts[id];

	if (code != SST_TIMEOUT || id < PROXY_HEALTH || part->slow)
		return false;
	part->slow = true;
	part->due = round->req->now;
	return true;
}

int
proxy__part_read(
    struct proxy_round *round, enum proxy_part_id id, struct sst_error *err)
{
	struct proxy *p = round->p;
	struct proxy_part *part = &p->parts[id];
	struct sst_mono begin = sst_clock_mono(p->clock);
	long ms = proxy__kind(id)->timeout_ms;
	int64_t took;
	int code;

	if (id >= PROXY_HEALTH && !part->slow)
		ms = round->inline_ms;
	round->id = id;
	round->deadline = sst_mono_add_ms(begin, ms);
	if (sst_mono_before(round->req->deadline, round->deadline))
		round->deadline = round->req->deadline;
	code = proxy__kind(id)->read(round, err);
	took = sst_mono_diff_ms(sst_clock_mono(p->clock), begin);
	if (id >= PROXY_HEALTH)
		round->inline_ms -= (long)took;
	if (code == SST_CANCELED || code == SST_NOMEM)
		return code;
	if (code == SST_OK) {
		part_good(round, id);
		if (took < PROXY_INLINE_MS / 3)
			part->slow = false;
	} else if (!part_put_off(round, id, code)) {
		part_bad(round, id, code, err);
	}
	return code;
}

/* Whether the answer, or that there was none, was told to the round. */
static void
part_count(
    struct proxy_round *round, bool answered, const struct sst_error *err)
{
	if (answered)
		round->answered++;
	else if (round->silent++ == 0)
		round->first = *err;
}

/* What the words of an answer make of its status; SST_OK: nothing else. */
static int
part_meaning(const struct proxy_round *round, enum proxy_verdict verdict)
{
	bool models = round->id == PROXY_MODELS;

	switch (verdict) {
	case PROXY_KEYLESS:
		return models ? SST_UNAUTHORIZED : SST_UNSUPPORTED;
	case PROXY_UNAUTHORIZED:
		return SST_UNAUTHORIZED;
	case PROXY_FORBIDDEN:
		return SST_FORBIDDEN;
	case PROXY_UNSUPPORTED:
		/* a proxy without its models is no proxy */
		return models ? SST_OK : SST_UNSUPPORTED;
	default:
		return SST_OK;
	}
}

static const char *
part_words(int code, enum proxy_verdict verdict)
{
	if (code == SST_FORBIDDEN)
		return "this key may not see it";
	if (code == SST_UNSUPPORTED)
		return "not there";
	return verdict == PROXY_KEYLESS ? "the key is not the master key, and "
					  "without a database there are "
					  "no others"
					: "the key is refused";
}

/*
 * The meaning of an answer that is no success; err has that of its status. What
 * the proxy says itself is told only where it says the same again and again.
 */
static int
part_judge(const struct proxy_round *round,
    const struct sst_httpc_response *answer, struct sst_error *err)
{
	struct sst_buf message = SST_BUF_INIT;
	enum proxy_verdict verdict =
	    proxy__judge(answer->status, answer->body, answer->len, &message);
	int code = part_meaning(round, verdict);

	if (sst_buf_failed(&message)) {
		sst_buf_fini(&message);
		return sst_error_nomem(err);
	}
	if (code == SST_UNSUPPORTED && message.len > 0)
		sst_error_set(err, code, "answered %ld: %s", answer->status,
		    message.data);
	else if (code != SST_OK)
		sst_error_set(err, code, "%s (answered %ld)",
		    part_words(code, verdict), answer->status);
	err->detail = (int)answer->status;
	sst_buf_fini(&message);
	return err->code;
}

/* For a request that came to an end: its status, and what that means. */
static int
part_status(struct proxy_round *round, const struct sst_httpc_response *answer,
    const char *url, struct sst_error *err)
{
	int code = sst_httpc_status(answer, url, err);

	if (code == SST_OK)
		return SST_OK;
	if (answer->retry_after_ms > 0 &&
	    (code == SST_RATE_LIMITED || answer->status == 503) &&
	    round->id == PROXY_MODELS)
		sst_draft_next_in(round->out, answer->retry_after_ms);
	code = part_judge(round, answer, err);
	/* the text of a status has the URL in it */
	if (code == SST_UNAUTHORIZED || code == SST_FORBIDDEN)
		sst_httpc_error_prefix(url, err);
	return code;
}

int
proxy__get(struct proxy_round *round, const char *path,
    struct sst_httpc_response *out, long *status, struct sst_error *err)
{
	struct proxy *p = round->p;
	const char *const headers[] = {p->header, NULL};
	struct sst_httpc_request request = {
	    .max_bytes = p->max_bytes,
	    .deadline = round->deadline,
	    /* probes are open: they tell of the proxy, not of the key */
	    .headers =
		round->id == PROXY_LIVELINESS || round->id == PROXY_READINESS
		    ? NULL
		    : headers,
	};
	struct sst_buf url = SST_BUF_INIT;
	int code;

	if (status != NULL)
		*status = 0;
	sst_buf_adds(&url, p->url);
	sst_buf_adds(&url, path);
	if (sst_buf_failed(&url)) {
		sst_buf_fini(&url);
		return sst_error_nomem(err);
	}
	request.url = url.data;
	code = sst_httpc_get(p->http, &request, out, err);
	part_count(round, code == SST_OK, err);
	if (code == SST_OK) {
		if (status != NULL)
			*status = out->status;
		code = part_status(round, out, url.data, err);
		if (code != SST_OK)
			sst_httpc_response_fini(out);
	}
	sst_buf_fini(&url);
	return code;
}

int
proxy__blame(struct proxy_round *round, const char *path, struct sst_error *err)
{
	struct sst_buf url = SST_BUF_INIT;

	if (err->code == SST_NOMEM)
		return err->code;
	sst_buf_adds(&url, round->p->url);
	sst_buf_adds(&url, path);
	if (!sst_buf_failed(&url))
		sst_httpc_error_prefix(url.data, err);
	sst_buf_fini(&url);
	return err->code;
}

/* Pieces on their way into the parser. */
struct scrape {
	struct sst_prometheus_text *text;
	size_t bytes;
	struct sst_error err; /* why it was given up; SST_OK */
};

static bool
scrape_piece(const char *bytes, size_t len, void *ctx)
{
	struct scrape *s = ctx;

	s->bytes += len;
	if (s->bytes > PROXY_METRICS_MAX) {
		sst_error_set(&s->err, SST_TOO_LARGE,
		    "the body is over %d bytes", (int)PROXY_METRICS_MAX);
		return false;
	}
	return sst_prometheus_text_feed(s->text, bytes, len, &s->err) == SST_OK;
}

int
proxy__scrape(struct proxy_round *round, struct sst_prometheus_text *text,
    struct sst_error *err)
{
	struct proxy *p = round->p;
	const char *const headers[] = {p->header, NULL};
	struct scrape scrape = {.text = text};
	struct sst_httpc_response answer = {0};
	const struct sst_httpc_stream stream = {
	    .request = {.url = p->metrics_url,
		.accept = "text/plain",
		.max_bytes = p->max_bytes,
		.deadline = round->deadline,
		.headers = p->metrics_own ? headers : NULL},
	    .idle_ms = PROXY_FAST_MS,
	    .until = round->deadline,
	    .piece = scrape_piece,
	    .ctx = &scrape,
	};
	int code;

	code = sst_httpc_stream(p->http, &stream, &answer, err);
	part_count(round, code == SST_OK || scrape.bytes > 0, err);
	if (code == SST_CANCELED && scrape.err.code != SST_OK) {
		*err = scrape.err;
		return sst_httpc_error_prefix(p->metrics_url, err);
	}
	if (code != SST_OK)
		return code;
	code = part_status(round, &answer, p->metrics_url, err);
	sst_httpc_response_fini(&answer);
	return code;
}
