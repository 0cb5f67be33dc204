/*
 * Streams and consumers over the connection. STREAM.LIST would tell of all at
 * once, but waits for seconds when one of them cannot be reached; so the names
 * are asked for, and then of each stream by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_priv.h"

/* Pages of a list: more would be a server that counts wrong. */
enum { API_PAGES_MAX = 1000 };

static void
api_ask_offset(struct nats_ask *ask, int64_t offset)
{
	sst_buf_adds(&ask->body, "{\"offset\":");
	sst_buf_json_int(&ask->body, offset);
	sst_buf_adds(&ask->body, "}");
	ask->weight = 64 * 1024;
}

/* STREAM.NAMES, page by page. */
struct api_names {
	struct nats_read *read;
	struct nats_catalog *catalog;
	int64_t offset, total; /* total -1: not told yet */
	int pages, pages_max;
	bool asking;
};

static bool
names_next(void *ctx, struct nats_ask *ask)
{
	struct api_names *s = ctx;

	if (s->asking || s->pages >= s->pages_max ||
	    (s->total >= 0 && s->offset >= s->total))
		return false;
	sst_buf_adds(&ask->subject, "$JS.API.STREAM.NAMES");
	api_ask_offset(ask, s->offset);
	s->asking = true;
	s->pages++;
	return true;
}

static int
names_take(void *ctx, uint32_t tag, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct api_names *s = ctx;
	const struct nats_into into = {
	    .catalog = s->catalog, .reject = nats__reject, .ctx = s->read};
	struct nats_page page = {0};
	int code = nats__reply_code(reply, err);

	(void)tag;
	if (code == SST_OK)
		code = nats__parse_stream_names(
		    reply->data, reply->len, &into, &page, err);
	if (code != SST_OK && code != SST_NOMEM)
		return sst_error_prefix(err, "$JS.API.STREAM.NAMES");
	s->asking = false;
	s->offset += (int64_t)page.rows;
	/* else a server that counts wrong would keep us here */
	s->total = page.rows > 0 ? page.total : s->offset;
	return code;
}

static int
api_names(struct nats_read *read, struct nats_catalog *catalog, int pages,
    struct sst_error *err)
{
	struct api_names s = {.read = read,
	    .catalog = catalog,
	    .total = -1,
	    .pages_max = pages};
	struct nats_job job = {names_next, names_take, &s};

	return nats__run(read, &job, nats__half(read), err);
}

/* What is to be asked of a stream. */
enum api_step { API_INFO, API_CONSUMERS, API_OVER };

struct api_row {
	enum api_step step;
	bool asking;
	int64_t offset; /* of the consumers */
};

struct api_streams {
	struct nats_read *read;
	struct nats_catalog *catalog;
	struct api_row *rows;
	size_t at;
};

static bool
streams_next(void *ctx, struct nats_ask *ask)
{
	struct api_streams *r = ctx;
	size_t i, n, count = r->catalog->count;

	for (n = 0; n < count; n++) {
		i = (r->at + n) % count;
		if (r->rows[i].asking || r->rows[i].step == API_OVER)
			continue;
		sst_buf_adds(&ask->subject,
		    r->rows[i].step == API_INFO ? "$JS.API.STREAM.INFO."
						: "$JS.API.CONSUMER.LIST.");
		sst_buf_adds(&ask->subject, r->catalog->streams[i].name);
		if (r->rows[i].step == API_CONSUMERS)
			api_ask_offset(ask, r->rows[i].offset);
		else
			ask->weight = 4 * 1024;
		ask->tag = (uint32_t)i;
		r->rows[i].asking = true;
		r->at = i + 1;
		return true;
	}
	return false;
}

static int
streams_info(
    struct api_streams *r, size_t i, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct nats_stream *s = &r->catalog->streams[i];
	struct nats_info info;
	int code;

	code = nats__parse_stream_info(
	    reply->data, reply->len, &r->catalog->arena, &info, err);
	if (code != SST_OK)
		return code;
	*s = info.stream;
	/* until its consumers are known, too */
	s->lost = s->consumers_told != 0;
	r->rows[i].step = s->lost ? API_CONSUMERS : API_OVER;
	return SST_OK;
}

static int
streams_consumers(
    struct api_streams *r, size_t i, const struct nats_reply *reply,
    struct sst_error *err)
{
	const struct nats_into into = {.catalog = r->catalog,
	    .stream = i,
	    .reject = nats__reject,
	    .ctx = r->read};
	struct api_row *row = &r->rows[i];
	struct nats_page page = {0};
	int code;

	code = nats__parse_consumer_list(
	    reply->data, reply->len, &into, &page, err);
	if (code != SST_OK)
		return code;
	row->offset += (int64_t)page.rows;
	if (page.rows > 0 && row->offset < page.total)
		return SST_OK;
	row->step = API_OVER;
	r->catalog->streams[i].lost = false;
	return SST_OK;
}

static int
streams_take(void *ctx, uint32_t tag, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct api_streams *r = ctx;
	struct api_row *row = &r->rows[tag];
	struct nats_stream *s = &r->catalog->streams[tag];
	const char *what = row->step == API_INFO ? "STREAM.INFO"
						 : "CONSUMER.LIST";
	int code = nats__reply_code(reply, err);

	row->asking = false;
	if (code == SST_OK && row->step == API_INFO)
		code = streams_info(r, tag, reply, err);
	else if (code == SST_OK)
		code = streams_consumers(r, tag, reply, err);
	if (code == SST_OK || code == SST_NOMEM)
		return code;
	/* the others stay */
	row->step = API_OVER;
	s->lost = true;
	s->consumer_count = 0;
	if (code == SST_NOT_FOUND)
		s->created = NULL; /* deleted since it was listed */
	else
		sst_draft_degrade(r->read->out, code, "$JS.API.%s.%.100s: %s",
		    what, s->name, err->text);
	return SST_OK;
}

/* Those that do not answer are lost, for now. */
static void
streams_silent(const struct api_streams *r)
{
	size_t i;

	for (i = 0; i < r->catalog->count; i++) {
		if (r->rows[i].step == API_OVER)
			continue;
		r->catalog->streams[i].live = false;
		r->catalog->streams[i].consumer_count = 0;
		sst_draft_degrade(r->read->out, SST_TIMEOUT,
		    "stream %.100s: no answer in time",
		    r->catalog->streams[i].name);
	}
}

static int
api_streams(struct nats_read *read, struct sst_error *err)
{
	struct api_streams r = {.read = read, .catalog = &read->catalog};
	struct nats_job job = {streams_next, streams_take, &r};
	size_t i, n = 0, count = read->catalog.count;
	bool any = false;
	int code;

	r.rows = calloc(count + 1, sizeof(*r.rows));
	if (r.rows == NULL)
		return sst_error_nomem(err);
	code = nats__run(read, &job, nats__half(read), err);
	for (i = 0; i < count; i++)
		any = any || r.rows[i].step == API_OVER;
	if (code == SST_TIMEOUT && any) {
		streams_silent(&r);
		code = SST_OK;
	}
	free(r.rows);
	for (i = 0; i < count; i++) {
		if (read->catalog.streams[i].created != NULL)
			read->catalog.streams[n++] = read->catalog.streams[i];
	}
	read->catalog.count = n;
	return code;
}

/* What the monitoring endpoints once told stays: names begin with it. */
static int
api_name_account(struct nats_read *read, struct sst_error *err)
{
	const char *account = NULL;
	size_t i;

	if (read->n->account[0] == '\0')
		return SST_OK;
	account = nats__arena_text(&read->catalog.arena, read->n->account);
	if (account == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < read->catalog.count; i++)
		read->catalog.streams[i].account = account;
	return SST_OK;
}

int
nats__api_catalog(struct nats_read *read, struct sst_error *err)
{
	int code = api_names(read, &read->catalog, API_PAGES_MAX, err);

	if (code == SST_OK)
		code = api_streams(read, err);
	if (code == SST_OK)
		code = api_name_account(read, err);
	if (code == SST_OK)
		code = nats__catalog_merge(&read->catalog, err);
	read->counted = code == SST_OK;
	return code;
}

/* One STREAM.INFO, of a stream that has a leader. */
struct api_one {
	const char *name;
	bool asked;
	struct nats_arena arena;
	struct nats_info info;
};

static bool
one_next(void *ctx, struct nats_ask *ask)
{
	struct api_one *one = ctx;

	if (one->asked)
		return false;
	one->asked = true;
	sst_buf_adds(&ask->subject, "$JS.API.STREAM.INFO.");
	sst_buf_adds(&ask->subject, one->name);
	return true;
}

static int
one_take(void *ctx, uint32_t tag, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct api_one *one = ctx;
	int code = nats__reply_code(reply, err);

	(void)tag;
	if (code == SST_OK)
		code = nats__parse_stream_info(reply->data, reply->len,
		    &one->arena, &one->info, err);
	if (code != SST_OK && code != SST_NOMEM)
		sst_error_prefix(err, "$JS.API.STREAM.INFO.%.100s", one->name);
	return code;
}

/* Two accounts may have streams of one name, made at different times. */
static void
account_set(struct nats_read *read, const struct nats_stream *seen)
{
	struct nats *n = read->n;
	size_t i;

	for (i = 0; i < read->catalog.count; i++) {
		const struct nats_stream *s = &read->catalog.streams[i];

		if (s->account == NULL || strcmp(s->name, seen->name) != 0 ||
		    strcmp(s->created, seen->created) != 0 ||
		    strlen(s->account) >= sizeof(n->account))
			continue;
		snprintf(n->account, sizeof(n->account), "%s", s->account);
		return;
	}
}

/* The first of the names that the endpoints tell of, too; NULL: none. */
static const char *
account_witness(
    const struct nats_read *read, const struct nats_catalog *names)
{
	const struct nats_stream *s;
	size_t i, k;

	for (i = 0; i < names->count; i++) {
		for (k = 0; k < read->catalog.count; k++) {
			s = &read->catalog.streams[k];
			if (s->live && strcmp(s->name,
					   names->streams[i].name) == 0)
				return s->name;
		}
	}
	return NULL;
}

int
nats__api_account(struct nats_read *read, struct sst_error *err)
{
	struct nats_catalog names = {.count = 0};
	struct api_one one = {.name = NULL};
	struct nats_job job = {one_next, one_take, &one};
	struct nats *n = read->n;
	int code;

	if (n->account[0] != '\0' && !read->fresh_link)
		return SST_OK;
	n->account[0] = '\0';
	code = api_names(read, &names, 1, err);
	if (code == SST_OK)
		one.name = account_witness(read, &names);
	if (code == SST_OK && one.name != NULL)
		code = nats__run(read, &job, nats__half(read), err);
	if (code == SST_OK && one.name != NULL)
		account_set(read, &one.info.stream);
	nats__arena_fini(&one.arena);
	nats__catalog_fini(&names);
	return code;
}
