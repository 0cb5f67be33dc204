/*
 * Which server to read, as the sentinels see it. They are asked at each
 * connection, one after the other, first the one that answered last; what they
 * name is believed once it says itself that it is what they take it for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/redis/redis_priv.h"

/* A sentinel that does not answer must leave time for the next one. */
enum { SENTINEL_LEAST_MS = 200 };

struct sentinel_found {
	char host[REDIS_HOST];
	unsigned short port;
	bool known;
};

/* What they say of the master and, when wanted, of a fit replica. */
struct sentinel_answer {
	struct sst_redis *r;
	size_t first; /* command that asks for the master */
	struct sentinel_found master, replica;
};

static bool
sentinel_port(const struct sst_redis_item *item, unsigned short *port)
{
	char text[8];
	long value;

	if (item->type != REDIS_REPLY_STRING || item->len == 0 ||
	    item->len >= sizeof(text))
		return false;
	memcpy(text, item->data, item->len);
	text[item->len] = '\0';
	value = strtol(text, NULL, 10);
	*port = (unsigned short)value;
	return value > 0 && value <= 65535;
}

static bool
sentinel_host(const struct sst_redis_item *item, char host[REDIS_HOST])
{
	if (item->type != REDIS_REPLY_STRING || item->len == 0 ||
	    item->len >= REDIS_HOST ||
	    memchr(item->data, '\0', item->len) != NULL)
		return false;
	memcpy(host, item->data, item->len);
	host[item->len] = '\0';
	return true;
}

static void
sentinel_on_master(struct sst_redis_walk *walk, struct sentinel_found *found)
{
	struct sst_redis_item head, host, port;

	found->known =
	    sst_redis_next(walk, &head) && head.type == REDIS_REPLY_ARRAY &&
	    head.integer == 2 && sst_redis_next(walk, &host) &&
	    sst_redis_next(walk, &port) && sentinel_host(&host, found->host) &&
	    sentinel_port(&port, &found->port);
}

static bool
item_is(const struct sst_redis_item *item, const char *text)
{
	return item->len == strlen(text) &&
	       memcmp(item->data, text, item->len) == 0;
}

/* One row of SENTINEL replicas: names and values by turns. */
static bool
sentinel_row(struct sst_redis_walk *walk, struct sentinel_found *found)
{
	struct sst_redis_item head, name, value;
	bool host = false, port = false, up = false, linked = false;
	long long i;

	if (!sst_redis_next(walk, &head) || head.type != REDIS_REPLY_ARRAY)
		return false;
	for (i = 0; i + 1 < head.integer; i += 2) {
		if (!sst_redis_next(walk, &name) ||
		    !sst_redis_next(walk, &value) ||
		    name.type != REDIS_REPLY_STRING ||
		    value.type != REDIS_REPLY_STRING)
			return false;
		if (item_is(&name, "ip"))
			host = sentinel_host(&value, found->host);
		else if (item_is(&name, "port"))
			port = sentinel_port(&value, &found->port);
		else if (item_is(&name, "flags"))
			up = item_is(&value, "slave");
		else if (item_is(&name, "master-link-status"))
			linked = item_is(&value, "ok");
	}
	return host && port && up && linked;
}

/* The first one that is fit. */
static void
sentinel_on_replicas(struct sst_redis_walk *walk, struct sentinel_found *found)
{
	struct sst_redis_walk row;
	struct sst_redis_item head;
	long long i;

	if (!sst_redis_next(walk, &head) || head.type != REDIS_REPLY_ARRAY)
		return;
	for (i = 0; i < head.integer && !found->known; i++) {
		row = *walk;
		found->known = sentinel_row(&row, found);
		sst_redis_skip(walk);
	}
}

static int
sentinel_on_bytes(
    void *ctx, size_t i, const char *bytes, size_t len, struct sst_error *err)
{
	struct sst_redis_walk walk = {bytes, bytes + len};
	struct sst_redis_walk look = walk;
	struct sentinel_answer *answer = ctx;
	struct sst_redis_item item;
	char what[REDIS_NAME + 32];

	if (!sst_redis_next(&look, &item))
		return SST_PROTOCOL;
	if (item.type == REDIS_REPLY_ERROR) {
		if (i > answer->first)
			return SST_OK;
		snprintf(what, sizeof(what), "%s: %s", answer->r->name,
		    i < answer->first ? "AUTH" : "SENTINEL");
		if (i < answer->first)
			return redis__error_set(err,
			    redis__error_code_of_login(item.data, item.len),
			    what, item.data, item.len);
		return sst_redis_item_check(&item, what, err);
	}
	if (i == answer->first)
		sentinel_on_master(&walk, &answer->master);
	else if (i > answer->first)
		sentinel_on_replicas(&walk, &answer->replica);
	return SST_OK;
}

static int
sentinel_query(struct sst_redis *r, const struct redis_server *sentinel,
    struct sentinel_answer *answer, struct sst_error *err)
{
	const char *master[] = {
	    "SENTINEL", "get-master-addr-by-name", r->kept.s.master_name, NULL};
	const char *replicas[] = {
	    "SENTINEL", "replicas", r->kept.s.master_name, NULL};
	int code = redis__add_auth(r, sentinel, err);

	answer->first = r->hello.count;
	redis__pipe_add(&r->hello, master);
	if (r->kept.s.prefer_replica)
		redis__pipe_add(&r->hello, replicas);
	return code;
}

/* Asks one; the socket is closed afterwards. */
static int
sentinel_ask(struct sst_redis *r, const char *address, struct sst_mono deadline,
    struct sentinel_answer *answer, struct sst_error *err)
{
	struct redis_exchange x = {.pipe = &r->hello,
	    .deadline = deadline,
	    .on_bytes = sentinel_on_bytes,
	    .ctx = answer};
	char host[REDIS_HOST];
	struct redis_server sentinel = {.host = host,
	    .username = r->kept.s.sentinel_username,
	    .password = &r->kept.s.sentinel_password,
	    .sentinel = true};
	int code;

	redis__address_parse(
	    address, REDIS_SENTINEL_PORT, host, &sentinel.port);
	code = redis__open(r, &sentinel, deadline, err);
	if (code == SST_OK)
		code = sentinel_query(r, &sentinel, answer, err);
	if (code == SST_OK)
		code = redis__exchange(r, &x, err);
	redis__pipe_clear(&r->hello);
	sst_socket_close(r->socket);
	if (code == SST_OK && !answer->master.known)
		code = sst_error_set(err, SST_NOT_FOUND,
		    "%s: it watches no master named %s", r->name,
		    r->kept.s.master_name);
	return code;
}

static int
sentinel_connect(struct sst_redis *r, const struct sentinel_found *found,
    enum redis_role role, struct sst_mono deadline, struct sst_error *err)
{
	const struct redis_server server = {.host = found->host,
	    .port = found->port,
	    .username = r->kept.s.username,
	    .password = &r->kept.s.password};
	int code = redis__connect_server(r, &server, deadline, err);

	if (code != SST_OK || r->role == role || r->role == REDIS_ROLE_UNKNOWN)
		return code;
	sst_socket_close(r->socket);
	return sst_error_set(err, SST_UPSTREAM,
	    "%s: the sentinels take it for a %s, but it is none", r->name,
	    role == REDIS_MASTER ? "master" : "replica");
}

/* Its part of the time that is left. */
static struct sst_mono
sentinel_share(const struct sst_redis *r, struct sst_mono deadline, size_t left)
{
	struct sst_mono now = sst_clock_mono(r->clock), until;
	int64_t ms = sst_mono_diff_ms(deadline, now) / (int64_t)(left + 1);

	if (ms < SENTINEL_LEAST_MS)
		ms = SENTINEL_LEAST_MS;
	until = sst_mono_add_ms(now, ms);
	return sst_mono_before(until, deadline) ? until : deadline;
}

static int
sentinel_try(struct sst_redis *r, size_t which, struct sst_mono share,
    struct sst_mono deadline, struct sst_error *err)
{
	struct sentinel_answer answer = {.r = r};
	int code = sentinel_ask(
	    r, r->kept.s.sentinels.items[which], share, &answer, err);

	if (code != SST_OK)
		return code;
	if (answer.replica.known) {
		code = sentinel_connect(
		    r, &answer.replica, REDIS_REPLICA, share, err);
		if (code == SST_OK || code == SST_CANCELED || code == SST_NOMEM)
			return code;
	}
	return sentinel_connect(r, &answer.master, REDIS_MASTER, deadline, err);
}

/* The first reason counts: it is the same at each attempt. */
int
redis__connect_sentinels(
    struct sst_redis *r, struct sst_mono deadline, struct sst_error *err)
{
	size_t count = r->kept.s.sentinels.count, first = r->sentinel, i, which;
	struct sst_error last;
	struct sst_mono share;
	int code = SST_OK, told = SST_OK;

	for (i = 0; i < count; i++) {
		which = (first + i) % count;
		share = sentinel_share(r, deadline, count - i);
		sst_error_clear(&last);
		code = sentinel_try(r, which, share, deadline, &last);
		if (code == SST_OK) {
			r->sentinel = which;
			return code;
		}
		if (told == SST_OK || code == SST_CANCELED) {
			told = code;
			if (err != NULL)
				*err = last;
		}
		if (code == SST_CANCELED || code == SST_NOMEM)
			break;
	}
	return told;
}
