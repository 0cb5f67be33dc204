/* Pipelines: what was asked, and who takes the answers. */
#include "repository/queues/bullmq_priv.h"

#include <stdlib.h>
#include <string.h>

enum { PLAN_PARTS = 20 };

bool
bullmq__room(void **items, size_t count, size_t *cap, size_t size)
{
	size_t wide = *cap == 0 ? 64 : *cap * 2;
	void *more;

	if (count < *cap)
		return true;
	more = realloc(*items, wide * size);
	if (more == NULL)
		return false;
	*items = more;
	*cap = wide;
	return true;
}

void
bullmq__ask(struct bullmq_read *read, const struct bullmq_row *row,
    size_t count, const char *const *parts, const size_t *lens)
{
	struct bullmq *b = read->b;

	if (!bullmq__room((void **)&b->plan, b->plan_count, &b->plan_cap,
		sizeof(*b->plan))) {
		read->nomem = true;
		return;
	}
	b->plan[b->plan_count++] = *row;
	sst_redis_command_argv(b->redis, count, parts, lens);
}

/* VERB KEY ARGS...; the key is in b->key. */
static void
plan_ask_key(struct bullmq_read *read, const struct bullmq_row *row,
    const char *verb, const char *const *args)
{
	const struct sst_buf *key = &read->b->key;
	const char *parts[PLAN_PARTS] = {verb, key->data};
	size_t lens[PLAN_PARTS] = {strlen(verb), key->len};
	size_t count = 2;

	if (sst_buf_failed(key)) {
		read->nomem = true;
		return;
	}
	for (; *args != NULL && count < PLAN_PARTS; args++) {
		parts[count] = *args;
		lens[count++] = strlen(*args);
	}
	bullmq__ask(read, row, count, parts, lens);
}

void
bullmq__ask_queue(struct bullmq_read *read, const struct bullmq_row *row,
    const char *verb, const char *suffix, const char *const *args)
{
	const struct bullmq_queue *q = &read->b->queues[row->queue];
	struct sst_buf *key = &read->b->key;

	sst_buf_clear(key);
	sst_buf_add(key, q->base, q->base_len);
	sst_buf_addc(key, ':');
	sst_buf_adds(key, suffix);
	plan_ask_key(read, row, verb, args);
}

void
bullmq__ask_job(struct bullmq_read *read, const struct bullmq_row *row,
    const char *verb, const char *end, const char *const *args)
{
	const struct bullmq_queue *q = &read->b->queues[row->queue];
	const struct bullmq_slot *slot = &q->slots[row->item];
	struct sst_buf *key = &read->b->key;

	sst_buf_clear(key);
	sst_buf_add(key, q->base, q->base_len);
	sst_buf_addc(key, ':');
	sst_buf_add(key, slot->id, slot->id_len);
	sst_buf_adds(key, end);
	plan_ask_key(read, row, verb, args);
}

static int
plan_on_reply(
    void *ctx, size_t i, const redisReply *reply, struct sst_error *err)
{
	struct bullmq_read *read = ctx;
	const struct bullmq_row *row = &read->b->plan[i];

	read->answered = i + 1;
	switch (row->ask) {
	case BULLMQ_ASK_SCAN:
		return bullmq__on_scan(read, reply, err);
	case BULLMQ_ASK_CLIENTS:
	case BULLMQ_ASK_EVENT:
	case BULLMQ_ASK_MULTI:
	case BULLMQ_ASK_QUEUED:
	case BULLMQ_ASK_EXEC:
	case BULLMQ_ASK_CUT:
		return bullmq__on_cut(read, row, reply, err);
	case BULLMQ_ASK_DEPS:
		return bullmq__on_deps(read, row, reply, err);
	case BULLMQ_ASK_CHILD:
		return bullmq__on_child(read, row, reply, err);
	case BULLMQ_ASK_LEVEL:
	case BULLMQ_ASK_PROBE:
		return bullmq__on_level(read, row, reply, err);
	default:
		return bullmq__on_job(read, row, reply, err);
	}
}

int
bullmq__run(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	int code = SST_OK;

	read->answered = 0;
	/* also when memory ran out: the pipeline must be empty afterwards */
	if (b->plan_count > 0)
		code = sst_redis_run(
		    b->redis, read->req->deadline, plan_on_reply, read, err);
	if (read->nomem)
		code = sst_error_nomem(err);
	if (code == SST_TOO_LARGE && read->answered < b->plan_count)
		read->culprit = b->plan[read->answered];
	b->plan_count = 0;
	return code;
}

/* Of one command or key, not of the server. */
static bool
plan_local(int code)
{
	return code == SST_FORBIDDEN || code == SST_TYPE ||
	       code == SST_UNSUPPORTED;
}

int
bullmq__told(struct bullmq_read *read, enum bullmq_part part,
    const redisReply *reply, const char *what, struct sst_error *err)
{
	struct sst_error why = {0};
	int code = sst_redis_reply_check(reply, what, &why);

	if (code == SST_OK)
		return SST_OK;
	if (!plan_local(code)) {
		*err = why;
		return code;
	}
	bullmq__fault(read, part, &why);
	return SST_NODATA;
}

int
bullmq__lost(int code)
{
	return code == SST_NODATA ? SST_OK : code;
}

void
bullmq__fault(struct bullmq_read *read, enum bullmq_part part,
    const struct sst_error *why)
{
	sst_draft_degrade(read->out, why->code, "%s", why->text);
	if (read->parts[part].code == SST_OK)
		read->parts[part] = *why;
}

int
bullmq__too_large(struct bullmq_read *read, struct sst_error *err)
{
	if (++read->too_large > BULLMQ_TOO_LARGE_MAX)
		return err->code;
	sst_error_clear(err);
	return SST_OK;
}
