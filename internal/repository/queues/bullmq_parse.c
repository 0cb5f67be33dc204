#include "repository/queues/bullmq_parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 9999-12-31T23:59:59Z: what is later is no time. */
#define PARSE_LAST_MS 253402300799000LL

const char *const bullmq__field_names[BULLMQ_FIELDS_ALL] = {
    [BULLMQ_NAME] = "name",
    [BULLMQ_TIMESTAMP] = "timestamp",
    [BULLMQ_OPTS] = "opts",
    [BULLMQ_PRIORITY] = "priority",
    [BULLMQ_ATM] = "atm",
    [BULLMQ_ATTEMPTS_MADE] = "attemptsMade",
    [BULLMQ_FAILED_REASON] = "failedReason",
    [BULLMQ_ATS] = "ats",
    [BULLMQ_PROCESSED_ON] = "processedOn",
    [BULLMQ_FINISHED_ON] = "finishedOn",
    [BULLMQ_PB] = "pb",
};

int64_t
bullmq__parse_count(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0)
		return QUEUE_UNKNOWN;
	return reply->integer;
}

bool
bullmq__parse_number(const redisReply *reply, int64_t *out)
{
	int64_t value = 0;
	size_t i;

	if (reply->type != REDIS_REPLY_STRING || reply->len == 0 ||
	    reply->len > 18)
		return false;
	for (i = 0; i < reply->len; i++) {
		if (reply->str[i] < '0' || reply->str[i] > '9')
			return false;
		value = value * 10 + (reply->str[i] - '0');
	}
	*out = value;
	return true;
}

bool
bullmq__parse_score(const redisReply *reply, double *out)
{
	double value;
	char *end;

	if (reply->type != REDIS_REPLY_STRING || reply->len == 0)
		return false;
	value = strtod(reply->str, &end);
	if (end != reply->str + reply->len || !isfinite(value))
		return false;
	*out = value;
	return true;
}

struct sst_wall
bullmq__delayed_until(double score)
{
	double ms = floor(score / 4096.0);

	if (!(ms > 0) || ms > (double)PARSE_LAST_MS)
		return QUEUE_NEVER;
	return (struct sst_wall){(int64_t)ms};
}

int64_t
bullmq__prioritized_level(double score)
{
	double level = floor(score / 4294967296.0);

	return level >= 0 && level <= 9007199254740992.0 ? (int64_t)level
							 : QUEUE_UNKNOWN;
}

struct sst_hash
bullmq__parse_digest(struct sst_hash so_far, const redisReply *reply)
{
	struct {
		int64_t type, integer;
		struct sst_hash rest;
	} head;
	size_t i;

	memset(&head, 0, sizeof(head));
	head.type = reply->type;
	switch (reply->type) {
	case REDIS_REPLY_INTEGER:
		head.integer = reply->integer;
		break;
	case REDIS_REPLY_ARRAY:
		head.integer = (int64_t)reply->elements;
		break;
	case REDIS_REPLY_NIL:
		break;
	default:
		head.rest = sst_hash_bytes(reply->str, reply->len);
	}
	so_far = sst_hash_mix(so_far, sst_hash_bytes(&head, sizeof(head)));
	if (reply->type != REDIS_REPLY_ARRAY)
		return so_far;
	for (i = 0; i < reply->elements; i++)
		so_far = bullmq__parse_digest(so_far, reply->element[i]);
	return so_far;
}

static struct queue_text
parse_text(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return QUEUE_TEXT_NONE;
	return (struct queue_text){reply->str, reply->len};
}

struct queue_text
bullmq__first_line(struct queue_text text)
{
	const char *end;

	while (text.len > 0 && (text.data[0] == '\n' || text.data[0] == '\r')) {
		text.data++;
		text.len--;
	}
	end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
	if (end != NULL)
		text.len = (size_t)(end - text.data);
	return text;
}

/* A count that is absent until the first one. */
static int64_t
parse_attempts(const redisReply *a, const redisReply *b)
{
	int64_t value = 0;

	if (a->type == REDIS_REPLY_NIL)
		a = b;
	if (a->type == REDIS_REPLY_NIL || bullmq__parse_number(a, &value))
		return value;
	return QUEUE_UNKNOWN;
}

static int64_t
parse_ms(const redisReply *reply)
{
	int64_t value;

	return bullmq__parse_number(reply, &value) && value <= PARSE_LAST_MS
		   ? value
		   : QUEUE_UNKNOWN;
}

static void
parse_job_idle(redisReply *const *f, struct bullmq_job *job)
{
	int64_t value;

	job->name = parse_text(f[BULLMQ_NAME]);
	job->opts = parse_text(f[BULLMQ_OPTS]);
	job->submitted_ms = parse_ms(f[BULLMQ_TIMESTAMP]);
	if (bullmq__parse_number(f[BULLMQ_PRIORITY], &value))
		job->priority = value;
	job->attempts =
	    parse_attempts(f[BULLMQ_ATM], f[BULLMQ_ATTEMPTS_MADE]);
	job->error =
	    bullmq__first_line(parse_text(f[BULLMQ_FAILED_REASON]));
}

static void
parse_job_active(redisReply *const *f, struct bullmq_job *job)
{
	int64_t value;

	job->processed_ms = parse_ms(f[BULLMQ_PROCESSED_ON]);
	job->finished = f[BULLMQ_FINISHED_ON]->type != REDIS_REPLY_NIL;
	job->worker = parse_text(f[BULLMQ_PB]);
	if (bullmq__parse_number(f[BULLMQ_ATS], &value))
		job->starts = value;
	else if (f[BULLMQ_ATS]->type == REDIS_REPLY_NIL && job->attempts >= 0)
		/* Bull does not count them: this one is the next */
		job->starts = job->attempts + 1;
}

int
bullmq__parse_job(
    const redisReply *reply, struct bullmq_job *out, struct sst_error *err)
{
	struct bullmq_job job = BULLMQ_JOB_INIT;
	size_t i, nil = 0;

	if (reply->type != REDIS_REPLY_ARRAY ||
	    (reply->elements != BULLMQ_FIELDS_IDLE &&
		reply->elements != BULLMQ_FIELDS_ALL))
		return sst_error_set(
		    err, SST_PROTOCOL, "HMGET: another form of answer");
	for (i = 0; i < reply->elements; i++)
		nil += reply->element[i]->type == REDIS_REPLY_NIL;
	if (nil == reply->elements)
		return sst_error_set(err, SST_NOT_FOUND, "no such job");
	parse_job_idle(reply->element, &job);
	if (reply->elements == BULLMQ_FIELDS_ALL)
		parse_job_active(reply->element, &job);
	*out = job;
	return SST_OK;
}

size_t
bullmq__job_bytes(const redisReply *reply)
{
	size_t i, sum = 0;

	if (reply->type != REDIS_REPLY_ARRAY)
		return 0;
	for (i = 0; i < reply->elements; i++)
		sum += reply->element[i]->type == REDIS_REPLY_STRING
			   ? reply->element[i]->len
			   : 0;
	return sum;
}
