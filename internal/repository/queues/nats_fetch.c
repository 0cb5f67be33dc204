/* One message at a time: the request and its answer. */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_fetch.h"

static bool
fetch_direct(const struct nats_work *w)
{
	return w->stream->direct && !w->memory->no_direct;
}

void
nats__fetch_ask(const struct nats_work *w, int64_t seq, const char *filter,
    struct nats_ask *ask)
{
	const struct nats_stream *s = w->stream;
	int64_t each = s->messages > 0 && s->bytes > 0 ? s->bytes / s->messages
						       : 0;

	sst_buf_adds(&ask->subject, fetch_direct(w)
					? "$JS.API.DIRECT.GET."
					: "$JS.API.STREAM.MSG.GET.");
	sst_buf_adds(&ask->subject, s->name);
	sst_buf_adds(&ask->body, "{\"seq\":");
	sst_buf_json_int(&ask->body, seq);
	if (filter != NULL) {
		sst_buf_adds(&ask->body, ",\"next_by_subj\":");
		sst_buf_json_string(&ask->body, filter, strlen(filter));
	}
	sst_buf_adds(&ask->body, "}");
	ask->weight = (size_t)(each * 3 / 2 + 512);
}

int
nats__fetch_push(struct nats_work *w, struct nats_message *m, struct sst_error *err)
{
	size_t cap = w->news_cap == 0 ? 64 : w->news_cap * 2;
	struct nats_message **wide;

	if (w->news_count == w->news_cap) {
		wide = realloc(w->news, cap * sizeof(*wide));
		if (wide == NULL) {
			free(m);
			return sst_error_nomem(err);
		}
		w->news = wide;
		w->news_cap = cap;
	}
	w->news[w->news_count++] = m;
	return SST_OK;
}

/* Body and headers of the message itself, what the server adds last. */
static int
fetch_read_direct(const struct nats *n, const struct nats_reply *reply,
    struct nats_message **out, struct sst_error *err)
{
	const char *status = nats__reply_header(reply, "Status", false);
	const char *seq = nats__reply_header(reply, "Nats-Sequence", true);
	struct nats_parts parts = {
	    .subject = nats__reply_header(reply, "Nats-Subject", true)};

	if (status != NULL && strcmp(status, "404") == 0 && reply->len == 0)
		return sst_error_set(err, SST_NOT_FOUND, "no message found");
	if (seq == NULL || parts.subject == NULL)
		return sst_error_set(
		    err, SST_TYPE, "an answer without Nats-Sequence");
	parts.seq = strtoll(seq, NULL, 10);
	parts.ms = nats__time(
	    nats__reply_header(reply, "Nats-Time-Stamp", true));
	if (n->set.id_header != NULL)
		parts.id = nats__reply_header(reply, n->set.id_header, false);
	if (n->set.priority_header != NULL)
		parts.priority =
		    nats__reply_header(reply, n->set.priority_header, false);
	if (n->set.blocked_by_header != NULL)
		parts.blockers =
		    nats__reply_header(reply, n->set.blocked_by_header, false);
	*out = nats__message_new(&parts);
	return *out != NULL ? SST_OK : sst_error_nomem(err);
}

int
nats__fetch_read(const struct nats *n, struct nats_work *w,
    const struct nats_reply *reply, struct nats_message **out,
    struct sst_error *err)
{
	const struct nats_headers headers = {
	    n->set.id_header,
	    n->set.priority_header,
	    n->set.blocked_by_header,
	};
	int code = nats__reply_code(reply, err);

	if (code != SST_OK && fetch_direct(w) && reply->code != SST_INVALID) {
		w->retry = true;
		return SST_NODATA;
	}
	if (code != SST_OK)
		return code;
	if (fetch_direct(w))
		return fetch_read_direct(n, reply, out, err);
	return nats__parse_message(
	    reply->data, reply->len, &headers, out, err);
}
