/* Streams and consumers over the connection. */
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
	ask->weight = 512 * 1024;
}

/* STREAM.LIST, page by page. */
struct api_streams {
	struct nats_read *read;
	struct nats_catalog *catalog;
	int64_t offset, total; /* total -1: not told yet */
	int pages;
	int pages_max;
	bool asking;
};

static bool
streams_next(void *ctx, struct nats_ask *ask)
{
	struct api_streams *s = ctx;

	if (s->asking || s->pages >= s->pages_max ||
	    (s->total >= 0 && s->offset >= s->total))
		return false;
	sst_buf_adds(&ask->subject, "$JS.API.STREAM.LIST");
	api_ask_offset(ask, s->offset);
	s->asking = true;
	s->pages++;
	return true;
}

static int
streams_take(void *ctx, uint32_t tag, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct api_streams *s = ctx;
	struct nats_sink sink = {nats__reject, s->read};
	struct nats_page page = {0};
	int code = nats__reply_code(reply, err);

	(void)tag;
	if (code == SST_OK)
		code = nats__parse_stream_list(reply->data, reply->len, &sink,
		    s->catalog, &page, err);
	if (code != SST_OK && code != SST_NOMEM)
		return sst_error_prefix(err, "$JS.API.STREAM.LIST");
	s->asking = false;
	s->offset += (int64_t)page.rows;
	/* else a server that counts wrong would keep us here */
	s->total = page.rows > 0 ? page.total : s->offset;
	return code;
}

static int
api_streams(struct nats_read *read, struct nats_catalog *catalog, int pages,
    struct sst_error *err)
{
	struct api_streams s = {.read = read,
	    .catalog = catalog,
	    .total = -1,
	    .pages_max = pages};
	struct nats_job job = {streams_next, streams_take, &s};

	return nats__run(read, &job, nats__half(read), err);
}

/* CONSUMER.LIST of all streams at a time, each page by page. */
struct api_list {
	int64_t offset, total;
	bool asking, over;
};

struct api_consumers {
	struct nats_read *read;
	struct api_list *lists; /* of each stream */
	size_t at;
	size_t open; /* lists that are not over */
};

static bool
consumers_next(void *ctx, struct nats_ask *ask)
{
	struct api_consumers *c = ctx;
	struct nats_catalog *catalog = &c->read->catalog;
	size_t i, n;

	for (n = 0; n < catalog->count; n++) {
		i = (c->at + n) % catalog->count;
		if (c->lists[i].over || c->lists[i].asking)
			continue;
		sst_buf_adds(&ask->subject, "$JS.API.CONSUMER.LIST.");
		sst_buf_adds(&ask->subject, catalog->streams[i].name);
		api_ask_offset(ask, c->lists[i].offset);
		ask->weight = 64 * 1024;
		ask->tag = (uint32_t)i;
		c->lists[i].asking = true;
		c->at = i + 1;
		return true;
	}
	return false;
}

/* One stream's consumers are not known: the others stay. */
static void
consumers_lost(struct api_consumers *c, size_t i, const struct sst_error *err)
{
	c->lists[i].over = true;
	c->read->catalog.streams[i].live = false;
	c->read->catalog.streams[i].lost = true;
	sst_draft_degrade(c->read->out, err->code,
	    "$JS.API.CONSUMER.LIST.%.100s: %s",
	    c->read->catalog.streams[i].name, err->text);
}

static int
consumers_take(void *ctx, uint32_t tag, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct api_consumers *c = ctx;
	struct nats_sink sink = {nats__reject, c->read};
	struct api_list *list = &c->lists[tag];
	struct nats_page page = {0};
	int code = nats__reply_code(reply, err);

	list->asking = false;
	if (code == SST_OK)
		code = nats__parse_consumer_list(reply->data, reply->len,
		    &sink, &c->read->catalog, tag, &page, err);
	if (code == SST_NOMEM)
		return code;
	if (code == SST_NOT_FOUND) {
		/* deleted since it was listed */
		list->over = true;
		return SST_OK;
	}
	if (code != SST_OK) {
		consumers_lost(c, tag, err);
		return SST_OK;
	}
	list->offset += (int64_t)page.rows;
	list->over = page.rows == 0 || list->offset >= page.total;
	return SST_OK;
}

static int
api_consumers(struct nats_read *read, struct sst_error *err)
{
	struct nats_catalog *catalog = &read->catalog;
	struct api_consumers c = {.read = read};
	struct nats_job job = {consumers_next, consumers_take, &c};
	size_t i;
	int code;

	if (catalog->count == 0)
		return SST_OK;
	c.lists = calloc(catalog->count, sizeof(*c.lists));
	if (c.lists == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < catalog->count; i++)
		c.lists[i].over = catalog->streams[i].lost ||
				  catalog->streams[i].consumers_told == 0;
	code = nats__run(read, &job, read->req->deadline, err);
	free(c.lists);
	if (code != SST_OK && code != SST_NOMEM && code != SST_CANCELED)
		sst_error_prefix(err, "$JS.API.CONSUMER.LIST");
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
	int code = api_streams(read, &read->catalog, API_PAGES_MAX, err);

	if (code == SST_OK)
		code = api_name_account(read, err);
	if (code == SST_OK)
		code = nats__catalog_merge(&read->catalog, err);
	if (code == SST_OK)
		code = api_consumers(read, err);
	read->counted = code == SST_OK;
	return code;
}

/* The account of /jsz that has the streams which the connection sees. */
static void
account_match(struct nats_read *read, const struct nats_catalog *seen)
{
	struct nats *n = read->n;
	size_t i, k;

	for (i = 0; i < seen->count; i++) {
		for (k = 0; k < read->catalog.count; k++) {
			const struct nats_stream *a = &seen->streams[i];
			const struct nats_stream *b = &read->catalog.streams[k];
			size_t len = b->account ? strlen(b->account) : 0;

			if (len == 0 || len >= sizeof(n->account) ||
			    strcmp(a->name, b->name) != 0 ||
			    strcmp(a->created, b->created) != 0)
				continue;
			memcpy(n->account, b->account, len + 1);
			return;
		}
	}
}

int
nats__api_account(struct nats_read *read, struct sst_error *err)
{
	struct nats_catalog seen = {.count = 0};
	struct nats *n = read->n;
	int code;

	if (n->account[0] != '\0' && !read->fresh_link)
		return SST_OK;
	n->account[0] = '\0';
	code = api_streams(read, &seen, 1, err);
	if (code == SST_OK)
		account_match(read, &seen);
	nats__catalog_fini(&seen);
	return code;
}
