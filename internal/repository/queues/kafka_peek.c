#include "repository/queues/kafka_peek.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "repository/queues/kafka_client.h"

static void
peek_end(struct kafka_call *call)
{
	struct kafka_peek *peek = (struct kafka_peek *)call;
	size_t i, r;

	for (i = 0; i < peek->count; i++) {
		for (r = 0; r < peek->items[i].count; r++)
			kafka__record_fini(&peek->items[i].records[r]);
		free(peek->items[i].records);
	}
	free(peek->items);
	free(peek);
}

struct kafka_peek_item *
kafka__peek_add(struct kafka_peek *peek)
{
	size_t cap = peek->cap == 0 ? 64 : peek->cap * 2;
	struct kafka_peek_item *more;

	if (peek->count == peek->cap) {
		more = realloc(peek->items, cap * sizeof(*more));
		if (more == NULL)
			return NULL;
		peek->items = more;
		peek->cap = cap;
	}
	memset(&peek->items[peek->count], 0, sizeof(*peek->items));
	return &peek->items[peek->count++];
}

static struct queue_text
peek_header(void *ctx, const char *name)
{
	const rd_kafka_headers_t *headers = ctx;
	const void *value;
	size_t size;

	if (headers == NULL || rd_kafka_header_get_last(headers, name, &value,
				   &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return QUEUE_TEXT_NONE;
	return (struct queue_text){value, size};
}

static bool
peek_read(const struct kafka_peek *peek, const rd_kafka_message_t *m,
    struct kafka_record *out)
{
	rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
	rd_kafka_headers_t *headers = NULL;
	struct kafka_raw raw = {
	    .offset = m->offset,
	    .at_ms = rd_kafka_message_timestamp(m, &type),
	    .key = {m->key, m->key_len},
	    .header = peek_header,
	};

	if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
		raw.at_ms = -1;
	if (rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
		raw.ctx = headers;
	return kafka__record_read(&raw, peek->rules, out);
}

static bool
peek_keep(struct kafka_peek *peek, struct kafka_peek_item *item,
    const rd_kafka_message_t *m)
{
	size_t cap = item->cap == 0 ? 1 : item->cap * 2;
	struct kafka_record *more;

	if (item->count == item->cap) {
		more = realloc(item->records, cap * sizeof(*more));
		if (more == NULL)
			return false;
		item->records = more;
		item->cap = cap;
	}
	if (!peek_read(peek, m, &item->records[item->count]))
		return false;
	item->count++;
	item->next = m->offset + 1;
	item->done = item->count >= item->want;
	return true;
}

static struct kafka_peek_item *
peek_find(
    struct kafka_peek_item *wave, size_t count, const rd_kafka_message_t *m)
{
	size_t i;

	for (i = 0; m->rkt != NULL && i < count; i++) {
		if (wave[i].partition == m->partition &&
		    strcmp(wave[i].topic, rd_kafka_topic_name(m->rkt)) == 0)
			return &wave[i];
	}
	return NULL;
}

static void
peek_take(struct kafka_peek *peek, struct kafka_peek_item *wave, size_t count,
    const rd_kafka_message_t *m)
{
	struct kafka_peek_item *item = peek_find(wave, count, m);

	if (item == NULL || item->done)
		return;
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		/* up to there nothing more is for us */
		if (m->offset > item->next)
			item->next = m->offset;
		item->done = true;
		return;
	}
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		item->error = m->err;
		item->done = true;
		return;
	}
	peek->bytes += m->len + m->key_len;
	if (m->offset < item->from)
		return;
	if (!peek_keep(peek, item, m))
		peek->nomem = true;
}

static bool
peek_over(const struct kafka_peek *peek)
{
	return peek->nomem || peek->bytes > peek->max_bytes;
}

static bool
wave_done(const struct kafka_peek_item *wave, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!wave[i].done)
			return false;
	}
	return true;
}

static int64_t
peek_left(struct sst_mono until)
{
	return sst_mono_diff_ms(until, sst_clock_mono(sst_clock_real()));
}

static void
wave_drain(struct kafka_peek *peek, struct kafka_peek_item *wave, size_t count,
    rd_kafka_queue_t *queue, struct sst_mono until)
{
	rd_kafka_message_t *m;
	int64_t left;

	while (!wave_done(wave, count) && !peek_over(peek) &&
	       (left = peek_left(until)) > 0) {
		m = rd_kafka_consume_queue(queue, (int)left);
		if (m == NULL)
			break;
		peek_take(peek, wave, count, m);
		rd_kafka_message_destroy(m);
	}
}

static void
wave_run(struct kafka_peek *peek, struct kafka_peek_item *wave, size_t count,
    struct sst_mono until)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(peek->call.client->rk);
	size_t i;

	for (i = 0; i < count; i++) {
		wave[i].next = wave[i].from;
		wave[i].begun =
		    wave[i].handle != NULL &&
		    rd_kafka_consume_start_queue(wave[i].handle,
			wave[i].partition, wave[i].from, queue) == 0;
		if (!wave[i].begun) {
			wave[i].error = rd_kafka_last_error();
			wave[i].done = true;
		}
	}
	wave_drain(peek, wave, count, queue, until);
	for (i = 0; i < count; i++) {
		if (wave[i].begun)
			rd_kafka_consume_stop(
			    wave[i].handle, wave[i].partition);
	}
	rd_kafka_queue_destroy(queue);
}

/* Handles of topics, and who leads their partitions: without being asked the
 * library would find out about that only within a second. */
static void
peek_open(struct kafka_peek *peek, struct sst_mono until)
{
	const struct rd_kafka_metadata *cluster = NULL;
	rd_kafka_t *rk = peek->call.client->rk;
	int64_t left = peek_left(until);
	size_t i;

	for (i = 0; i < peek->count; i++)
		peek->items[i].handle =
		    rd_kafka_topic_new(rk, peek->items[i].topic, NULL);
	if (rd_kafka_metadata(rk, 0, NULL, &cluster,
		left > 0 ? (int)left : 1) == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(cluster);
}

static void
peek_run(struct kafka_call *call)
{
	struct kafka_peek *peek = (struct kafka_peek *)call;
	struct sst_mono now = sst_clock_mono(sst_clock_real()), until, wave;
	size_t i, count;

	until = sst_mono_add_ms(now, call->timeout_ms);
	peek_open(peek, until);
	for (i = 0; i < peek->count; i += count) {
		count = peek->count - i;
		if (count > KAFKA_WAVE)
			count = KAFKA_WAVE;
		if (peek_over(peek) || peek_left(until) <= 0) {
			peek->crowded = true;
			break;
		}
		wave = sst_mono_add_ms(
		    sst_clock_mono(sst_clock_real()), KAFKA_WAVE_MS);
		if (sst_mono_before(until, wave))
			wave = until;
		wave_run(peek, &peek->items[i], count, wave);
	}
	for (i = 0; i < peek->count; i++) {
		if (peek->items[i].handle != NULL)
			rd_kafka_topic_destroy(peek->items[i].handle);
		peek->items[i].handle = NULL;
	}
}

struct kafka_peek *
kafka__peek_new(struct kafka_client *client, const struct kafka_rules *rules,
    size_t max_bytes)
{
	struct kafka_peek *peek = calloc(1, sizeof(*peek));

	if (peek == NULL)
		return NULL;
	peek->call.run = peek_run;
	peek->call.end = peek_end;
	peek->rules = rules;
	peek->max_bytes = max_bytes;
	kafka__call_init(&peek->call, client, 0);
	return peek;
}
