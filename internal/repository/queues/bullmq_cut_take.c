/*
 * The commands that tell what a queue holds, and what their answers say. They
 * are sent within MULTI, so that a job that moves is in one place.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/bullmq_priv.h"

enum cut_kind {
	CUT_META_THERE,
	CUT_ID_TYPE,
	CUT_META,
	CUT_PAUSED_THERE,
	CUT_COUNT,
	CUT_LIST, /* ids, the head last */
	CUT_SET,  /* ids, the head first */
	CUT_LAST, /* ids, the newest last */
	CUT_SCORES, /* ids and scores, the head first */
	CUT_LEGACY_COUNT,
	CUT_LEGACY_LEVELS
};

enum cut_args { ARGS_NONE, ARGS_META, ARGS_TAIL, ARGS_HEAD, ARGS_HEAD_SCORES };

#define LIST(key, its)                                        \
	{"LLEN", key, CUT_COUNT, its, ARGS_NONE},             \
	{                                                     \
		"LRANGE", key, CUT_LIST, its, ARGS_TAIL       \
	}
#define ZSET(key, its, kind, args)                            \
	{"ZCARD", key, CUT_COUNT, its, ARGS_NONE},            \
	{                                                     \
		"ZRANGE", key, kind, its, args                \
	}

const struct bullmq_cut_command bullmq__cut_commands[] = {
    {"EXISTS", "meta", CUT_META_THERE, 0, ARGS_NONE},
    {"TYPE", "id", CUT_ID_TYPE, 0, ARGS_NONE},
    {"HMGET", "meta", CUT_META, 0, ARGS_META},
    {"EXISTS", "meta-paused", CUT_PAUSED_THERE, 0, ARGS_NONE},
    LIST("active", BULLMQ_ACTIVE),
    LIST("wait", BULLMQ_WAIT),
    LIST("paused", BULLMQ_PAUSED),
    ZSET("prioritized", BULLMQ_PRIORITIZED, CUT_SCORES, ARGS_HEAD_SCORES),
    ZSET("delayed", BULLMQ_DELAYED, CUT_SCORES, ARGS_HEAD_SCORES),
    ZSET("waiting-children", BULLMQ_CHILDREN, CUT_SET, ARGS_HEAD),
    ZSET("failed", BULLMQ_FAILED, CUT_LAST, ARGS_TAIL),
    /* Bull 3 and 4: levels of the jobs that wait */
    {"ZCARD", "priority", CUT_LEGACY_COUNT, 0, ARGS_NONE},
    {"ZRANGE", "priority", CUT_LEGACY_LEVELS, 0, ARGS_HEAD_SCORES},
};

const size_t bullmq__cut_count =
    sizeof(bullmq__cut_commands) / sizeof(bullmq__cut_commands[0]);

void
bullmq__cut_args(const struct bullmq *b, const struct bullmq_queue *q,
    size_t number, const char *out[4])
{
	/* 1 to 0 is nothing */
	bool none = b->settings.max_tasks == 0 || q->wary >= BULLMQ_WARY_IDS;

	memset(out, 0, 4 * sizeof(out[0]));
	switch (bullmq__cut_commands[number].args) {
	case ARGS_META:
		out[0] = "version";
		out[1] = "paused";
		out[2] = "opts.maxLenEvents";
		break;
	case ARGS_TAIL:
		out[0] = none ? "1" : b->window[0];
		out[1] = none ? "0" : "-1";
		break;
	case ARGS_HEAD:
	case ARGS_HEAD_SCORES:
		out[0] = none ? "1" : "0";
		out[1] = none ? "0" : b->window[1];
		if (bullmq__cut_commands[number].args == ARGS_HEAD_SCORES)
			out[2] = "WITHSCORES";
		break;
	default:
		break;
	}
}

/* BullMQ 3 and 4 wake workers by such an entry, which is no job. */
static bool
cut_is_marker(const char *id, size_t len)
{
	return len >= 2 && id[0] == '0' && id[1] == ':';
}

static int
cut_slot(struct bullmq_read *read, struct bullmq_queue *q,
    const redisReply *id, struct bullmq_slot *slot, struct sst_error *err)
{
	struct bullmq *b = read->b;
	bool full;
	char *copy;

	if (id->type != REDIS_REPLY_STRING)
		return SST_OK;
	if (slot->state == BULLMQ_WAIT && cut_is_marker(id->str, id->len)) {
		q->marker = true;
		return SST_OK;
	}
	copy = bullmq__arena_copy(&b->ids, id->str, id->len, &full);
	if (full) {
		sst_error_set(err, SST_LIMIT,
		    "%.200s: more ids than fit into %zu bytes", q->shown,
		    b->ids.max_bytes);
		bullmq__fault(read, BULLMQ_PART_QUEUES, err);
		sst_error_clear(err);
		return SST_OK;
	}
	if (copy == NULL ||
	    !bullmq__room((void **)&q->slots, q->slot_count, &q->slot_cap,
		sizeof(*q->slots)))
		return sst_error_nomem(err);
	slot->id = copy;
	slot->id_len = (uint32_t)id->len;
	q->slots[q->slot_count++] = *slot;
	return SST_OK;
}

/* Ids of a list whose head, or newest, is the last. */
static int
cut_tail(struct bullmq_read *read, struct bullmq_queue *q,
    enum bullmq_state state, const redisReply *reply, struct sst_error *err)
{
	struct bullmq_slot slot = {.state = (uint8_t)state};
	size_t i;
	int code = SST_OK;

	for (i = reply->elements; i > 0 && code == SST_OK; i--) {
		code = cut_slot(read, q, reply->element[i - 1], &slot, err);
		slot.rank++;
	}
	return code;
}

static int
cut_head(struct bullmq_read *read, struct bullmq_queue *q,
    const struct bullmq_cut_command *command, const redisReply *reply,
    struct sst_error *err)
{
	struct bullmq_slot slot = {.state = command->state};
	size_t step = command->kind == CUT_SCORES ? 2 : 1, i;
	int code = SST_OK;

	for (i = 0; i + step <= reply->elements && code == SST_OK; i += step) {
		slot.score = 0;
		if (step == 2 && !bullmq__parse_score(
				     reply->element[i + 1], &slot.score))
			return sst_error_set(err, SST_PROTOCOL,
			    "%.200s:%s: a score that is no number", q->shown,
			    command->suffix);
		code = cut_slot(read, q, reply->element[i], &slot, err);
		slot.rank++;
	}
	return code;
}

static bool
cut_same_text(const redisReply *reply, const char *text)
{
	return (reply->type == REDIS_REPLY_STRING ||
		   reply->type == REDIS_REPLY_STATUS) &&
	       reply->len == strlen(text) &&
	       memcmp(reply->str, text, reply->len) == 0;
}

static void
cut_meta(struct bullmq_queue *q, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return;
	/* a queue that only a worker touched has no version */
	q->legacy = reply->element[0]->type == REDIS_REPLY_NIL &&
		    reply->element[2]->type == REDIS_REPLY_NIL;
	if (cut_same_text(reply->element[1], "1"))
		q->paused = true;
}

/* Levels of Bull: how many of each wait. */
static int
cut_legacy_levels(
    struct bullmq_queue *q, const redisReply *reply, struct sst_error *err)
{
	double score;
	size_t i;

	for (i = 0; i + 2 <= reply->elements; i += 2) {
		if (!bullmq__parse_score(reply->element[i + 1], &score) ||
		    score < 0 || score > 9007199254740992.0)
			continue;
		if (q->level_count > 0 &&
		    q->levels[q->level_count - 1].level == (int64_t)score) {
			q->levels[q->level_count - 1].ready++;
			continue;
		}
		if (!bullmq__room((void **)&q->levels, q->level_count,
			&q->level_cap, sizeof(*q->levels)))
			return sst_error_nomem(err);
		q->levels[q->level_count++] =
		    (struct bullmq_level){(int64_t)score, 1};
	}
	return SST_OK;
}

static int
cut_ids(struct bullmq_read *read, struct bullmq_queue *q, size_t number,
    const redisReply *reply, struct sst_error *err)
{
	const struct bullmq_cut_command *command =
	    &bullmq__cut_commands[number];

	if (reply->type != REDIS_REPLY_ARRAY)
		return sst_error_set(err, SST_PROTOCOL,
		    "%s %.200s:%s: another form of answer", command->verb,
		    q->shown, command->suffix);
	if (command->kind == CUT_LEGACY_LEVELS)
		return cut_legacy_levels(q, reply, err);
	if (command->kind == CUT_LIST || command->kind == CUT_LAST)
		return cut_tail(read, q, (enum bullmq_state)command->state,
		    reply, err);
	return cut_head(read, q, command, reply, err);
}

int
bullmq__cut_take(struct bullmq_read *read, struct bullmq_queue *q,
    size_t number, const redisReply *reply, struct sst_error *err)
{
	const struct bullmq_cut_command *command =
	    &bullmq__cut_commands[number];
	char what[300];
	int code;

	snprintf(what, sizeof(what), "%s %.200s:%s", command->verb, q->base,
	    command->suffix);
	code = bullmq__told(read, BULLMQ_PART_QUEUES, reply, what, err);
	q->cut = bullmq__parse_digest(q->cut, reply);
	if (code != SST_OK) {
		/* counts are unknown until told; a queue is there until it
		 * is known that it is not */
		q->meta = q->meta || command->kind == CUT_META_THERE;
		q->ids_unread = q->ids_unread || command->kind == CUT_LIST ||
				command->kind == CUT_SET ||
				command->kind == CUT_LAST ||
				command->kind == CUT_SCORES;
		return bullmq__lost(code);
	}
	switch (command->kind) {
	case CUT_META_THERE:
		q->meta = bullmq__parse_count(reply) > 0;
		return SST_OK;
	case CUT_ID_TYPE:
		q->id = cut_same_text(reply, "string");
		return SST_OK;
	case CUT_META:
		cut_meta(q, reply);
		return SST_OK;
	case CUT_PAUSED_THERE:
		q->paused = q->paused || bullmq__parse_count(reply) > 0;
		return SST_OK;
	case CUT_COUNT:
		q->counts[command->state] = bullmq__parse_count(reply);
		return SST_OK;
	case CUT_LEGACY_COUNT:
		q->legacy_prioritized = bullmq__parse_count(reply);
		return SST_OK;
	default:
		return cut_ids(read, q, number, reply, err);
	}
}
