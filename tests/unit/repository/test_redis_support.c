#include "test_redis_support.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RIG_ARGS = 40, RIG_DEADLINE_MS = 5000 };

bool
redis_rig_has(const char *program)
{
	if (server_has(program))
		return true;
	printf("SKIP: %s is not installed\n", program);
	return false;
}

void
redis_rig_init(struct redis_rig *rig, const char *const *extra)
{
	static const char *const base[] = {"redis-server", "--port", "{PORT}",
	    "--bind", "127.0.0.1", "--save", "", "--dir", "{DIR}"};
	static const char *argv[RIG_ARGS];
	size_t n = sizeof(base) / sizeof(base[0]);

	memset(rig, 0, sizeof(*rig));
	memset(argv, 0, sizeof(argv));
	memcpy(argv, base, sizeof(base));
	for (; extra != NULL && *extra != NULL; extra++)
		argv[n++] = *extra;
	rig->fail_at = -1;
	fake_clock_init(&rig->hands);
	ck_assert(server_start(&rig->server, argv));
	ck_assert(fault_proxy_start(rig->server.port, &rig->proxy));
	snprintf(rig->url, sizeof(rig->url), "redis://127.0.0.1:%u",
	    (unsigned)fault_proxy_port(rig->proxy));
	rig->settings.url = rig->url;
}

void
redis_rig_fini(struct redis_rig *rig)
{
	sst_redis_free(&rig->redis);
	fault_proxy_stop(&rig->proxy);
	server_end(&rig->server);
	fake_clock_fini(&rig->hands);
}

void
redis_rig_open(struct redis_rig *rig)
{
	sst_redis_free(&rig->redis);
	ck_assert_msg(sst_redis_new(&rig->settings, &rig->hands.clock,
			  REDIS_RIG_BYTES, &rig->redis, &rig->err) == SST_OK,
	    "%s", rig->err.text);
}

static void
rig_print(FILE *f, const redisReply *reply)
{
	size_t i;

	switch (reply->type) {
	case REDIS_REPLY_ARRAY:
		fputc('[', f);
		for (i = 0; i < reply->elements; i++) {
			fputs(i > 0 ? " " : "", f);
			rig_print(f, reply->element[i]);
		}
		fputc(']', f);
		break;
	case REDIS_REPLY_INTEGER:
		fprintf(f, "%lld", reply->integer);
		break;
	case REDIS_REPLY_NIL:
		fputs("nil", f);
		break;
	default:
		fprintf(f, "%s%.*s",
		    reply->type == REDIS_REPLY_ERROR ? "!" : "",
		    (int)(reply->len < 40 ? reply->len : 40), reply->str);
	}
}

static int
rig_on_reply(
    void *ctx, size_t i, const redisReply *reply, struct sst_error *err)
{
	struct redis_rig *rig = ctx;
	size_t used = strlen(rig->replies);
	FILE *f;

	rig->count++;
	if (rig->fail_at == (int)i)
		return sst_error_set(err, SST_LIMIT, "enough");
	if (i >= REDIS_RIG_REPLIES)
		return SST_OK;
	f = fmemopen(rig->replies + used, sizeof(rig->replies) - used, "w");
	ck_assert_ptr_nonnull(f);
	fputs(i > 0 ? "\n" : "", f);
	rig_print(f, reply);
	fclose(f);
	return SST_OK;
}

int
redis_rig_run(struct redis_rig *rig)
{
	struct sst_mono end =
	    sst_mono_add_ms(sst_clock_mono(&rig->hands.clock), RIG_DEADLINE_MS);

	rig->replies[0] = '\0';
	rig->count = 0;
	sst_error_clear(&rig->err);
	return sst_redis_run(rig->redis, end, rig_on_reply, rig, &rig->err);
}

int
redis_rig_ping(struct redis_rig *rig)
{
	sst_redis_command(rig->redis, "PING");
	return redis_rig_run(rig);
}

static void
rig_check(redisContext *c, redisReply *reply, const char *what)
{
	ck_assert_msg(reply != NULL, "%s: %s", what, c->errstr);
	ck_assert_msg(
	    reply->type != REDIS_REPLY_ERROR, "%s: %s", what, reply->str);
	freeReplyObject(reply);
}

void
redis_rig_do(unsigned short port, const char *password, const char *fmt, ...)
{
	redisContext *c = redisConnect("127.0.0.1", port);
	va_list ap;

	ck_assert(c != NULL && c->err == 0);
	if (password != NULL)
		rig_check(c, redisCommand(c, "AUTH %s", password), "AUTH");
	va_start(ap, fmt);
	rig_check(c, redisvCommand(c, fmt, ap), fmt);
	va_end(ap);
	redisFree(c);
}

/* The file ends without a reply of its own: PING tells that it was taken. */
void
redis_rig_feed(unsigned short port, const char *path)
{
	redisContext *c = redisConnect("127.0.0.1", port);
	static char bytes[1024 * 1024];
	redisReply *reply = NULL;
	FILE *f = fopen(path, "rb");
	size_t len;

	ck_assert(c != NULL && c->err == 0);
	ck_assert_msg(f != NULL, "%s", path);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	ck_assert_uint_lt(len, sizeof(bytes));
	ck_assert_int_eq(redisAppendFormattedCommand(c, bytes, len), REDIS_OK);
	ck_assert_int_eq(redisAppendCommand(c, "ECHO end-of-file"), REDIS_OK);
	do {
		freeReplyObject(reply);
		reply = NULL;
		ck_assert_msg(redisGetReply(c, (void **)&reply) == REDIS_OK,
		    "%s", c->errstr);
		ck_assert_msg(
		    reply->type != REDIS_REPLY_ERROR, "%s", reply->str);
	} while (reply->type != REDIS_REPLY_STRING ||
		 strcmp(reply->str, "end-of-file") != 0);
	freeReplyObject(reply);
	redisFree(c);
}
