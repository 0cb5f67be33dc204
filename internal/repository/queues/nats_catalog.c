#include "repository/queues/nats_catalog.h"

#include <stdlib.h>
#include <string.h>

/* Big enough that a catalog of a thousand streams is a few dozen of them. */
enum { ARENA_BLOCK = 64 * 1024, ARENA_ALIGN = 16 };

struct nats_block {
	struct nats_block *next;
	size_t size;
	_Alignas(ARENA_ALIGN) char bytes[];
};

static bool
arena_grow(struct nats_arena *arena, size_t size)
{
	size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
	struct nats_block *block = malloc(sizeof(*block) + room);

	if (block == NULL)
		return false;
	block->next = arena->blocks;
	block->size = room;
	arena->blocks = block;
	arena->left = room;
	return true;
}

void *
nats__arena_take(struct nats_arena *arena, size_t size)
{
	size_t whole;
	char *at;

	if (size > SIZE_MAX - ARENA_ALIGN)
		return NULL;
	whole = (size / ARENA_ALIGN + 1) * ARENA_ALIGN;
	if (whole > arena->left && !arena_grow(arena, whole))
		return NULL;
	at = arena->blocks->bytes + (arena->blocks->size - arena->left);
	arena->left -= whole;
	return memset(at, 0, whole);
}

const char *
nats__arena_text(struct nats_arena *arena, const char *text)
{
	size_t len = text != NULL ? strlen(text) + 1 : 0;
	char *copy = text != NULL ? nats__arena_take(arena, len) : NULL;

	return copy != NULL ? memcpy(copy, text, len) : NULL;
}

void
nats__arena_fini(struct nats_arena *arena)
{
	struct nats_block *block;

	while ((block = arena->blocks) != NULL) {
		arena->blocks = block->next;
		free(block);
	}
	arena->left = 0;
}

void
nats__catalog_fini(struct nats_catalog *catalog)
{
	nats__arena_fini(&catalog->arena);
	free(catalog->streams);
	memset(catalog, 0, sizeof(*catalog));
}

struct nats_stream *
nats__catalog_add(struct nats_catalog *catalog)
{
	size_t cap = catalog->cap == 0 ? 64 : catalog->cap * 2;
	struct nats_stream *wide;

	if (catalog->count == catalog->cap) {
		wide = realloc(catalog->streams, cap * sizeof(*wide));
		if (wide == NULL)
			return NULL;
		catalog->streams = wide;
		catalog->cap = cap;
	}
	wide = &catalog->streams[catalog->count++];
	memset(wide, 0, sizeof(*wide));
	return wide;
}

/* NULL sorts first. */
static int
text_compare(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int
stream_compare(const struct nats_stream *a, const struct nats_stream *b)
{
	int order = text_compare(a->account, b->account);

	return order != 0 ? order : strcmp(a->name, b->name);
}

/* What can be believed first, so that it stays of twins. */
static int
stream_order(const void *a, const void *b)
{
	const struct nats_stream *x = a, *y = b;
	int order = stream_compare(x, y);

	return order != 0 ? order : (int)y->live - (int)x->live;
}

static int
consumer_order(const void *a, const void *b)
{
	const struct nats_consumer *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : (int)y->live - (int)x->live;
}

static void
consumer_unknown(struct nats_consumer *c)
{
	c->pending = c->in_flight = c->redelivered = c->waiting = -1;
	c->delivered = c->deliveries = c->floor = c->last_ack_ms = -1;
}

static void
stream_unknown(struct nats_stream *s)
{
	s->messages = s->bytes = s->first = s->last = -1;
	s->first_ms = s->deleted = s->subject_count = -1;
}

/* One consumer of each name, sorted. */
static void
consumers_settle(struct nats_stream *s)
{
	size_t i, n = 0;

	if (s->consumer_count > 1)
		qsort(s->consumers, s->consumer_count, sizeof(*s->consumers),
		    consumer_order);
	for (i = 0; i < s->consumer_count; i++) {
		if (n > 0 && strcmp(s->consumers[n - 1].name,
				 s->consumers[i].name) == 0)
			continue;
		s->consumers[n++] = s->consumers[i];
		if (!s->consumers[n - 1].live)
			consumer_unknown(&s->consumers[n - 1]);
	}
	s->consumer_count = n;
}

/* Puts the rows that servers gave of one stream into the first one. */
static int
streams_join(struct nats_catalog *catalog, struct nats_stream *rows, size_t n,
    struct sst_error *err)
{
	struct nats_consumer *all;
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += rows[i].consumer_count;
	if (n > 1 && count > 0) {
		all = nats__arena_take(&catalog->arena, count * sizeof(*all));
		if (all == NULL)
			return sst_error_nomem(err);
		for (i = 0, count = 0; i < n; i++) {
			if (rows[i].consumer_count > 0)
				memcpy(all + count, rows[i].consumers,
				    rows[i].consumer_count * sizeof(*all));
			count += rows[i].consumer_count;
		}
		rows[0].consumers = all;
		rows[0].consumer_count = count;
	}
	if (!rows[0].live)
		stream_unknown(&rows[0]);
	consumers_settle(&rows[0]);
	return SST_OK;
}

int
nats__catalog_merge(struct nats_catalog *catalog, struct sst_error *err)
{
	struct nats_stream *s = catalog->streams;
	size_t i, end, n = 0;
	int code = SST_OK;

	if (catalog->count > 1)
		qsort(s, catalog->count, sizeof(*s), stream_order);
	for (i = 0; code == SST_OK && i < catalog->count; i = end) {
		end = i + 1;
		while (end < catalog->count &&
		       stream_compare(&s[i], &s[end]) == 0)
			end++;
		code = streams_join(catalog, &s[i], end - i, err);
		s[n++] = s[i];
	}
	if (code == SST_OK)
		catalog->count = n;
	return code;
}

struct nats_stream *
nats__catalog_find(const struct nats_catalog *catalog, const char *account,
    const char *name)
{
	struct nats_stream *s;
	size_t i;

	for (i = 0; i < catalog->count; i++) {
		s = &catalog->streams[i];
		if (strcmp(s->name, name) == 0 &&
		    (account == NULL || s->account == NULL ||
			strcmp(s->account, account) == 0))
			return s;
	}
	return NULL;
}

int
nats__catalog_remember(struct nats_catalog *catalog,
    const struct nats_stream *stream, struct sst_error *err)
{
	struct nats_stream *s = nats__catalog_add(catalog);
	struct nats_arena *arena = &catalog->arena;
	size_t i;

	if (s == NULL)
		return sst_error_nomem(err);
	stream_unknown(s);
	s->lost = true;
	s->seen_ms = -1;
	s->retention = stream->retention;
	s->account = nats__arena_text(arena, stream->account);
	s->name = nats__arena_text(arena, stream->name);
	s->created = nats__arena_text(arena, stream->created);
	s->leader = nats__arena_text(arena, stream->leader);
	s->consumers = nats__arena_take(
	    arena, stream->consumer_count * sizeof(*s->consumers));
	if (s->name == NULL || s->created == NULL || s->consumers == NULL ||
	    (s->account == NULL) != (stream->account == NULL)) {
		catalog->count--;
		return sst_error_nomem(err);
	}
	for (i = 0; i < stream->consumer_count; i++) {
		struct nats_consumer *c = &s->consumers[i];

		consumer_unknown(c);
		c->durable = stream->consumers[i].durable;
		c->max_deliver = stream->consumers[i].max_deliver;
		c->name = nats__arena_text(arena, stream->consumers[i].name);
		if (c->name == NULL)
			break;
		s->consumer_count++;
	}
	if (s->consumer_count == stream->consumer_count)
		return SST_OK;
	catalog->count--;
	return sst_error_nomem(err);
}
