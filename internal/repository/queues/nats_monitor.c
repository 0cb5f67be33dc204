/* What the monitoring endpoints tell. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "repository/queues/nats_priv.h"

/* One endpoint that is asked. */
struct monitor {
	struct nats_read *read;
	struct nats_node *node;
	struct sst_mono deadline;
};

/* GETs url + path; the status is left to the caller when it takes any. */
static int
monitor_get(struct monitor *m, const char *path, bool any_status,
    struct sst_httpc_response *out, struct sst_error *err)
{
	struct sst_buf url = SST_BUF_INIT;
	struct sst_httpc_request request = {
	    .max_bytes = m->read->n->max_bytes, .deadline = m->deadline};
	int code;

	sst_buf_adds(&url, m->node->url);
	sst_buf_adds(&url, path);
	if (sst_buf_failed(&url)) {
		sst_buf_fini(&url);
		return sst_error_nomem(err);
	}
	request.url = url.data;
	code = sst_httpc_get(m->read->n->http, &request, out, err);
	if (code == SST_OK && (!any_status || out->status != 503)) {
		code = sst_httpc_status(out, url.data, err);
		if (code != SST_OK) {
			if (out->retry_after_ms > 0)
				sst_draft_next_in(
				    m->read->out, out->retry_after_ms);
			sst_httpc_response_fini(out);
		}
	}
	sst_buf_fini(&url);
	return code;
}

/* Puts the endpoint before the text of an error about a body. */
static int
monitor_fault(const struct monitor *m, const char *path, struct sst_error *err)
{
	if (err->code == SST_NOMEM)
		return err->code;
	return sst_error_prefix(err, "GET %.200s%s", m->node->url, path);
}

static int
monitor_varz(struct monitor *m, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code = monitor_get(m, "/varz", false, &answer, err);

	if (code != SST_OK)
		return code;
	code = nats__parse_varz(answer.body, answer.len, &m->node->varz, err);
	if (code != SST_OK)
		monitor_fault(m, "/varz", err);
	sst_httpc_response_fini(&answer);
	return code;
}

/* A server that is not well still answers the rest: only told. */
static void
monitor_health(struct monitor *m)
{
	struct sst_httpc_response answer = {0};
	struct nats_node *node = m->node;
	struct sst_mono now = m->read->req->now;
	struct sst_error err;
	int code;

	if (node->health_tried && sst_mono_before(now, node->health_due))
		return;
	code = monitor_get(m, "/healthz", true, &answer, &err);
	if (code == SST_OK)
		code = nats__parse_healthz(answer.body, answer.len,
		    &node->healthy, node->unhealthy, &err);
	sst_httpc_response_fini(&answer);
	if (code != SST_OK) {
		node->healthy = false;
		snprintf(node->unhealthy, sizeof(node->unhealthy), "%s",
		    err.text);
	}
	node->health_tried = true;
	node->health_due = sst_mono_add_ms(now, NATS_HEALTH_MS);
}

static void
monitor_path(const struct nats *n, struct sst_buf *out)
{
	sst_buf_adds(out, "/jsz?consumers=1&config=1");
	if (n->set.account == NULL)
		return;
	sst_buf_adds(out, "&acc=");
	sst_text_percent_encode(
	    n->set.account, strlen(n->set.account), out);
}

/* Without the streams, which may be many: half a kilobyte. */
static int
monitor_figures(struct monitor *m, struct nats_jsz *out, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code = monitor_get(m, "/jsz", false, &answer, err);

	if (code != SST_OK)
		return code;
	code = nats__parse_jsz(answer.body, answer.len, NULL, out, err);
	if (code != SST_OK)
		monitor_fault(m, "/jsz", err);
	sst_httpc_response_fini(&answer);
	return code;
}

static int
monitor_streams(struct monitor *m, struct sst_error *err)
{
	struct nats *n = m->read->n;
	struct nats_jsz_want want = {
	    .self = m->node->varz.name,
	    .account = n->set.account,
	    .into = {.catalog = &m->read->catalog,
		.reject = nats__reject,
		.ctx = m->read},
	};
	struct sst_httpc_response answer = {0};
	struct sst_buf path = SST_BUF_INIT;
	struct nats_jsz figures;
	int code;

	monitor_path(n, &path);
	code = sst_buf_failed(&path)
		   ? sst_error_nomem(err)
		   : monitor_get(m, path.data, false, &answer, err);
	if (code == SST_OK) {
		code = nats__parse_jsz(
		    answer.body, answer.len, &want, &figures, err);
		if (code != SST_OK)
			monitor_fault(m, "/jsz", err);
	}
	sst_httpc_response_fini(&answer);
	sst_buf_fini(&path);
	return code;
}

/* All streams of an account are asked for: no server pages them. */
static int
monitor_bound(
    const struct monitor *m, const struct nats_jsz *jsz, struct sst_error *err)
{
	const struct nats *n = m->read->n;
	int64_t rows = (jsz->streams > 0 ? jsz->streams : 0) +
		       (jsz->consumers > 0 ? jsz->consumers : 0);

	if (n->set.account != NULL ||
	    rows <= (int64_t)(n->max_bytes / NATS_JSZ_BYTES))
		return SST_OK;
	return sst_error_set(err, SST_TOO_LARGE,
	    "GET %.200s/jsz: too many streams and consumers for "
	    "limits.max_upstream_body_bytes; give an account or a url",
	    m->node->url);
}

static int
monitor_node(struct monitor *m, struct sst_error *err)
{
	struct nats_jsz jsz = {.streams = 0};
	int code = monitor_figures(m, &jsz, err);

	if (code == SST_OK &&
	    strcmp(jsz.server_id, m->node->varz.server_id) != 0)
		code = monitor_varz(m, err);
	if (code != SST_OK)
		return code;
	m->node->off = jsz.disabled;
	if (!jsz.disabled) {
		code = monitor_bound(m, &jsz, err);
		if (code == SST_OK)
			code = monitor_streams(m, err);
	}
	if (code == SST_OK)
		monitor_health(m);
	return code;
}

/* An equal part of what is left, of which the connection gets one, too. */
static struct sst_mono
monitor_share(const struct nats_read *read, size_t done)
{
	struct sst_mono now = sst_clock_mono(read->n->clock);
	int64_t left = sst_mono_diff_ms(read->req->deadline, now);
	int64_t parts = (int64_t)(read->n->node_count - done) +
			(read->n->wire != NULL);

	if (parts <= 1)
		return read->req->deadline;
	return sst_mono_add_ms(now, left > 0 ? left / parts : 0);
}

int
nats__monitor(struct nats_read *read, struct sst_error *err)
{
	struct nats *n = read->n;
	struct monitor m = {.read = read};
	size_t i, up = 0;
	int code;

	for (i = 0; i < n->node_count; i++) {
		m.node = &n->nodes[i];
		m.deadline = monitor_share(read, i);
		sst_error_clear(&m.node->err);
		code = monitor_node(&m, &m.node->err);
		if (code == SST_CANCELED || code == SST_NOMEM) {
			*err = m.node->err;
			return code;
		}
		up += code == SST_OK;
	}
	if (up == 0) {
		*err = n->nodes[0].err;
		return err->code;
	}
	read->counted = true;
	return SST_OK;
}
