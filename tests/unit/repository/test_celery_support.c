#include "test_celery_support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/time.h"
#include "repository/queues/queues.h"

#define SEP "\x06\x16"

void
celery_init(struct bull *bull, const char *const *extra)
{
	bull_init(bull, extra);
	subject_fini(&bull->subject);
	subject_init(&bull->subject, &sst_celery_ops);
	bull_do(bull, "SADD _kombu.binding.agent.a %s %s",
	    "agent.a" SEP SEP "agent.a", "agent.a" SEP SEP "agent.b");
}

void
celery_open(struct bull *bull, const char *more)
{
	char options[1024];

	snprintf(options, sizeof(options),
	    "%s%sresults: {url: 'redis://127.0.0.1:%u/1'}", more,
	    more[0] != '\0' ? ", " : "",
	    (unsigned)fault_proxy_port(bull->proxy));
	bull_open(bull, strstr(more, "results") != NULL ? more : options);
}

static int64_t
server_ms(struct bull *bull)
{
	redisReply *reply = redisCommand(bull->redis, "TIME");
	int64_t ms;

	ck_assert(reply != NULL && reply->type == REDIS_REPLY_ARRAY);
	ms = strtoll(reply->element[0]->str, NULL, 10) * 1000 +
	     strtoll(reply->element[1]->str, NULL, 10) / 1000;
	freeReplyObject(reply);
	return ms;
}

static void
add_base64(struct sst_buf *out, const char *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits;
	size_t i, k;

	for (i = 0; i < len; i += 3) {
		for (bits = 0, k = 0; k < 3; k++)
			bits = bits << 8 |
			       (i + k < len ? (unsigned char)bytes[i + k] : 0);
		for (k = 0; k < 4; k++)
			sst_buf_addc(out,
			    i + k > len ? '='
					: digits[bits >> (18 - 6 * k) & 63]);
	}
}

char *
celery_message(struct bull *bull, const struct celery_task *t)
{
	struct sst_buf body = SST_BUF_INIT, text = SST_BUF_INIT;
	char eta[32] = "null", when[25];
	int i;

	if (t->eta_ms != 0) {
		sst_time_format_utc(server_ms(bull) + t->eta_ms, true, when);
		snprintf(eta, sizeof(eta), "\"%.23s+00:00\"", when);
	}
	sst_buf_adds(&body, "[[\"MARK-argument");
	for (i = 0; i < t->pad; i++)
		sst_buf_addc(&body, 'x');
	sst_buf_addf(&body, "\"], {}, %s]",
	    t->embed != NULL
		? t->embed
		: "{\"callbacks\": null, \"errbacks\": null, \"chain\": null, "
		  "\"chord\": null}");
	sst_buf_adds(&text, "{\"body\": \"");
	add_base64(&text, body.data, body.len);
	sst_buf_addf(&text,
	    "\", \"content-encoding\": \"utf-8\", \"content-type\": "
	    "\"application/json\", \"headers\": {\"lang\": \"py\", \"task\": "
	    "\"agents.step\", \"id\": \"%s\", \"eta\": %s, \"retries\": %d, "
	    "\"argsrepr\": \"MARK-repr\"%s}, \"properties\": "
	    "{\"correlation_id\": \"%s\", \"priority\": %d, "
	    "\"body_encoding\": \"base64\"}}",
	    t->id, eta, t->retries, t->headers != NULL ? t->headers : "", t->id,
	    t->priority);
	ck_assert(!sst_buf_failed(&text) && !sst_buf_failed(&body));
	sst_buf_fini(&body);
	return sst_buf_take(&text, NULL);
}

static const char *
queue_of(const struct celery_task *t)
{
	return t->queue != NULL ? t->queue : "agent.a";
}

void
celery_submit(struct bull *bull, const struct celery_task *t)
{
	char key[128], *message = celery_message(bull, t);
	int step = t->priority - t->priority % 3;

	if (step == 0)
		snprintf(key, sizeof(key), "%s", queue_of(t));
	else
		snprintf(key, sizeof(key), "%s" SEP "%d", queue_of(t), step);
	bull_do(bull, "LPUSH %s %s", key, message);
	free(message);
}

void
celery_take(struct bull *bull, const struct celery_task *t, int ago)
{
	char *message = celery_message(bull, t);
	struct sst_buf entry = SST_BUF_INIT;

	sst_buf_addf(&entry, "[%s, \"\", \"%s\"]", message, queue_of(t));
	bull_do(
	    bull, "HSET unacked tag-%s-%d %s", t->id, t->retries, entry.data);
	bull_do(bull, "ZADD unacked_index %f tag-%s-%d",
	    (double)server_ms(bull) / 1000 - ago, t->id, t->retries);
	sst_buf_fini(&entry);
	free(message);
}

void
celery_result(
    struct bull *bull, const char *id, const char *status, const char *result)
{
	bull_do(bull, "SELECT 1");
	bull_do(bull,
	    "SET celery-task-meta-%s {\"status\":\"%s\",\"result\":%s,"
	    "\"traceback\":\"MARK-traceback\"}",
	    id, status, result);
	bull_do(bull, "SELECT 0");
}
