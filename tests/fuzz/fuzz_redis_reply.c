/* fuzz-libs: sst_redis */
/* fuzz-corpus: mocks/upstreams/rq */

/*
 * Any bytes in place of replies of a Redis server: looked at as a whole and as
 * they come, they end at the same place; hiredis takes each of them; and what is
 * walked over is what hiredis has made of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repository/redis/redis_priv.h"

enum { MAX = 1 << 20, PIECES = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_walk(struct sst_redis_walk *walk, const redisReply *reply)
{
	struct sst_redis_item item;
	size_t i;

	if (!sst_redis_next(walk, &item) || item.type != reply->type)
		abort();
	switch (reply->type) {
	case REDIS_REPLY_ARRAY:
		if (item.integer != (long long)reply->elements)
			abort();
		for (i = 0; i < reply->elements; i++)
			check_walk(walk, reply->element[i]);
		break;
	case REDIS_REPLY_INTEGER:
		if (item.integer != reply->integer)
			abort();
		break;
	case REDIS_REPLY_NIL:
		break;
	default:
		if (item.len != (size_t)reply->len ||
		    memcmp(item.data, reply->str, item.len) != 0)
			abort();
	}
}

/* Byte for byte, as a network may give them. */
static void
check_pieces(const char *bytes, size_t len)
{
	struct redis_scan scan;
	size_t cut;

	redis__scan_init(&scan, MAX);
	for (cut = 0; cut < len; cut++) {
		if (redis__scan(&scan, bytes, cut) != SST_NODATA)
			abort();
	}
	if (redis__scan(&scan, bytes, len) != SST_OK || scan.at != len)
		abort();
}

static void
check_reply(redisReader *reader, const char *bytes, size_t len)
{
	struct sst_redis_walk walk = {bytes, bytes + len}, skip = walk;
	void *reply = NULL;

	if (redisReaderFeed(reader, bytes, len) != REDIS_OK ||
	    redisReaderGetReply(reader, &reply) != REDIS_OK || reply == NULL)
		abort();
	check_walk(&walk, reply);
	freeReplyObject(reply);
	sst_redis_skip(&skip);
	if (walk.at != bytes + len || skip.at != walk.at)
		abort();
	if (len < PIECES)
		check_pieces(bytes, len);
}

/* What was not looked at before must not lead astray either. */
static void
check_any(const char *bytes, size_t len)
{
	struct sst_redis_walk walk = {bytes, bytes + len};
	struct sst_redis_item item;

	while (sst_redis_next(&walk, &item)) {
		if (walk.at > walk.end ||
		    (item.data != NULL && item.data + item.len > walk.end))
			abort();
	}
	walk = (struct sst_redis_walk){bytes, bytes + len};
	sst_redis_skip(&walk);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = size > 0 ? (const char *)data : "";
	redisReader *reader = redisReaderCreate();
	struct redis_scan scan;
	size_t at = 0;

	if (reader == NULL)
		return 0;
	for (; at < size; at += scan.at) {
		redis__scan_init(&scan, MAX);
		if (redis__scan(&scan, bytes + at, size - at) != SST_OK)
			break;
		check_reply(reader, bytes + at, scan.at);
	}
	redisReaderFree(reader);
	check_any(bytes + at, size - at);
	return 0;
}
