#include "conformance/served_redis.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEED_MAX = 4 * 1024 * 1024 };

static redisContext *
redis_open(const struct server *server)
{
	redisContext *c = redisConnect("127.0.0.1", server->port);

	if (c != NULL && c->err == 0)
		return c;
	if (c != NULL)
		redisFree(c);
	return NULL;
}

static char *
redis_read_file(const char *path, size_t *len_out)
{
	char *bytes = malloc(FEED_MAX);
	FILE *f = fopen(path, "rb");

	if (f == NULL || bytes == NULL) {
		printf("%s: cannot be read\n", path);
		if (f != NULL)
			fclose(f);
		free(bytes);
		return NULL;
	}
	*len_out = fread(bytes, 1, FEED_MAX, f);
	fclose(f);
	return bytes;
}

/* Replies until that to the ECHO behind them. */
static bool
redis_drain(redisContext *c, const char *end)
{
	redisReply *reply = NULL;
	bool over = false, good = true;

	while (good && !over) {
		if (redisGetReply(c, (void **)&reply) != REDIS_OK)
			return false;
		over = reply->type == REDIS_REPLY_STRING &&
		       strcmp(reply->str, end) == 0;
		good = reply->type != REDIS_REPLY_ERROR;
		freeReplyObject(reply);
	}
	return good;
}

bool
served_redis_feed(const struct server *server, const char *path)
{
	redisContext *c = redis_open(server);
	size_t len = 0;
	char *bytes = redis_read_file(path, &len);
	bool good = c != NULL && bytes != NULL;

	good = good && redisAppendCommand(c, "FLUSHALL") == REDIS_OK &&
	       redisAppendFormattedCommand(c, bytes, len) == REDIS_OK &&
	       redisAppendCommand(c, "ECHO end-of-file") == REDIS_OK &&
	       redis_drain(c, "end-of-file");
	if (c != NULL)
		redisFree(c);
	free(bytes);
	return good;
}

/* A line for the key: DUMP is all that it holds, but for its expiry. */
static bool
redis_tell_key(redisContext *c, const redisReply *key, FILE *f)
{
	redisReply *dump, *expiry;
	size_t i;
	bool good;

	dump = redisCommand(c, "DUMP %b", key->str, (size_t)key->len);
	expiry = redisCommand(c, "PEXPIRETIME %b", key->str, (size_t)key->len);
	good = dump != NULL && dump->type == REDIS_REPLY_STRING &&
	       expiry != NULL && expiry->type == REDIS_REPLY_INTEGER;
	if (good) {
		fprintf(
		    f, "%.*s %lld ", (int)key->len, key->str, expiry->integer);
		for (i = 0; i < (size_t)dump->len; i++)
			fprintf(f, "%02x", (unsigned char)dump->str[i]);
		fputc('\n', f);
	}
	if (dump != NULL)
		freeReplyObject(dump);
	if (expiry != NULL)
		freeReplyObject(expiry);
	return good;
}

static int
redis_by_name(const void *a, const void *b)
{
	const redisReply *const *x = a, *const *y = b;

	return strcmp((*x)->str, (*y)->str);
}

static bool
redis_tell_db(redisContext *c, int db, FILE *f)
{
	redisReply *chosen = redisCommand(c, "SELECT %d", db), *keys;
	bool good = chosen != NULL && chosen->type != REDIS_REPLY_ERROR;
	size_t i;

	if (chosen != NULL)
		freeReplyObject(chosen);
	if (!good)
		return false;
	keys = redisCommand(c, "KEYS *");
	good = keys != NULL && keys->type == REDIS_REPLY_ARRAY;
	if (good && keys->elements > 0)
		qsort(keys->element, keys->elements, sizeof(*keys->element),
		    redis_by_name);
	fprintf(f, "db %d\n", db);
	for (i = 0; good && i < keys->elements; i++)
		good = redis_tell_key(c, keys->element[i], f);
	if (keys != NULL)
		freeReplyObject(keys);
	return good;
}

/* How much was ever changed: rises with every command that writes. */
static bool
redis_tell_changes(redisContext *c, FILE *f)
{
	redisReply *info = redisCommand(c, "INFO persistence");
	const char *line;
	bool good = info != NULL && info->type == REDIS_REPLY_STRING;

	line = good ? strstr(info->str, "rdb_changes_since_last_save:") : NULL;
	if (line != NULL)
		fprintf(f, "%.*s\n", (int)strcspn(line, "\r\n"), line);
	if (info != NULL)
		freeReplyObject(info);
	return line != NULL;
}

char *
served_redis_state(const struct server *server)
{
	redisContext *c = redis_open(server);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	bool good = c != NULL && f != NULL;
	int db;

	for (db = 0; good && db < 16; db++)
		good = redis_tell_db(c, db, f);
	good = good && redis_tell_changes(c, f);
	if (f != NULL)
		fclose(f);
	if (c != NULL)
		redisFree(c);
	if (!good) {
		free(text);
		return NULL;
	}
	return text;
}
