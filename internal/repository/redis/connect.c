/* From nothing to a connection that answers: socket, AUTH, SELECT, and what the
 * server says of itself, in one round trip. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/redis/redis_priv.h"

/* The commands of the handshake, as they are answered. */
enum hello {
	HELLO_AUTH,
	HELLO_NAME,
	HELLO_SELECT,
	HELLO_SERVER,
	HELLO_REPLICATION,
	HELLO_TIME
};

struct handshake {
	struct sst_redis *r;
	enum hello steps[8];
	size_t count;
};

static void
hello_add(struct handshake *h, enum hello step, const char *const *parts)
{
	h->steps[h->count++] = step;
	redis__pipe_add(&h->r->hello, parts);
}

#define HELLO_ADD(h, step, ...) \
	hello_add(h, step, (const char *const[]){__VA_ARGS__, NULL})

/* The value of a line "key:value" of INFO; false when there is none. */
static bool
info_value(
    const struct sst_redis_item *item, const char *key, char *out, size_t size)
{
	const char *p = item->data, *end = item->data + item->len, *line;
	size_t n = strlen(key), len;

	for (; p < end; p = line + 1) {
		line = memchr(p, '\n', (size_t)(end - p));
		if (line == NULL)
			line = end;
		len = (size_t)(line - p);
		if (len <= n || memcmp(p, key, n) != 0 || p[n] != ':')
			continue;
		len -= n + 1;
		while (len > 0 && p[n + len] == '\r')
			len--;
		if (len >= size)
			len = size - 1;
		memcpy(out, p + n + 1, len);
		out[len] = '\0';
		return true;
	}
	return false;
}

static int
hello_on_server(struct sst_redis *r, const struct sst_redis_item *item,
    struct sst_error *err)
{
	char mode[16];

	r->version[0] = '\0';
	info_value(item, "redis_version", r->version, sizeof(r->version));
	if (!info_value(item, "redis_mode", mode, sizeof(mode)))
		return SST_OK;
	if (strcmp(mode, "cluster") == 0)
		return sst_error_set(err, SST_UNSUPPORTED,
		    "%s: the server is in cluster mode, where the keys of a "
		    "queue are on several nodes: not supported",
		    r->name);
	if (strcmp(mode, "sentinel") == 0)
		return sst_error_set(err, SST_UNSUPPORTED,
		    "%s: this is a sentinel: it belongs into the option "
		    "sentinels",
		    r->name);
	return SST_OK;
}

static void
hello_on_replication(struct sst_redis *r, const struct sst_redis_item *item)
{
	char value[16];

	if (!info_value(item, "role", value, sizeof(value)))
		return;
	r->role = strcmp(value, "master") == 0 ? REDIS_MASTER : REDIS_REPLICA;
	r->link_down =
	    r->role == REDIS_REPLICA &&
	    info_value(item, "master_link_status", value, sizeof(value)) &&
	    strcmp(value, "up") != 0;
}

/* Two strings: seconds and microseconds. */
static void
hello_on_time(struct sst_redis *r, struct sst_redis_walk *walk)
{
	struct sst_redis_item s, us;
	char text[24];
	long long ms;

	if (!sst_redis_next(walk, &s) || !sst_redis_next(walk, &us) ||
	    s.len >= 15 || us.len >= 7)
		return;
	snprintf(text, sizeof(text), "%.*s", (int)s.len, s.data);
	ms = strtoll(text, NULL, 10) * 1000;
	snprintf(text, sizeof(text), "%.*s", (int)us.len, us.data);
	ms += strtoll(text, NULL, 10) / 1000;
	r->skew_ms = ms - sst_clock_wall(r->clock).ms;
}

/* Without the right to ask what is not needed, one goes without. */
static int
hello_on_error(struct sst_redis *r, enum hello step,
    const struct sst_redis_item *item, struct sst_error *err)
{
	char what[REDIS_NAME + 16];
	int code = redis__error_code_of_login(item->data, item->len);

	if (step != HELLO_AUTH && step != HELLO_SELECT)
		return SST_OK;
	if (step == HELLO_SELECT && code == SST_UNAUTHORIZED)
		code = SST_NOT_FOUND;
	snprintf(what, sizeof(what), "%s: %s", r->name,
	    step == HELLO_AUTH ? "AUTH" : "SELECT");
	return redis__error_set(err, code, what, item->data, item->len);
}

static int
hello_on_bytes(
    void *ctx, size_t i, const char *bytes, size_t len, struct sst_error *err)
{
	struct handshake *h = ctx;
	struct sst_redis_walk walk = {bytes, bytes + len};
	struct sst_redis_item item;

	if (!sst_redis_next(&walk, &item))
		return sst_error_set(
		    err, SST_PROTOCOL, "%s: the reply is not RESP", h->r->name);
	if (item.type == REDIS_REPLY_ERROR)
		return hello_on_error(h->r, h->steps[i], &item, err);
	switch (h->steps[i]) {
	case HELLO_SERVER:
		return hello_on_server(h->r, &item, err);
	case HELLO_REPLICATION:
		hello_on_replication(h->r, &item);
		return SST_OK;
	case HELLO_TIME:
		hello_on_time(h->r, &walk);
		return SST_OK;
	default:
		return SST_OK;
	}
}

int
redis__add_auth(struct sst_redis *r, const struct redis_server *server,
    struct sst_error *err)
{
	char *password = NULL;
	int code = sst_secret_read(server->password, &password, err);

	if (code != SST_OK)
		return sst_error_prefix(err, "%s: password", r->name);
	if (password == NULL)
		return SST_OK;
	if (server->username != NULL)
		redis__pipe_add(
		    &r->hello, (const char *const[]){
				   "AUTH", server->username, password, NULL});
	else
		redis__pipe_add(
		    &r->hello, (const char *const[]){"AUTH", password, NULL});
	sst_secret_free(&password);
	return SST_OK;
}

static int
hello_fill(struct handshake *h, const struct redis_server *server,
    struct sst_error *err)
{
	char db[16];
	int code = redis__add_auth(h->r, server, err);

	if (code != SST_OK)
		return code;
	if (h->r->hello.count > 0)
		h->steps[h->count++] = HELLO_AUTH;
	snprintf(db, sizeof(db), "%d", h->r->url.db);
	HELLO_ADD(h, HELLO_NAME, "CLIENT", "SETNAME", "systate");
	if (h->r->url.db != 0)
		HELLO_ADD(h, HELLO_SELECT, "SELECT", db);
	HELLO_ADD(h, HELLO_SERVER, "INFO", "server");
	HELLO_ADD(h, HELLO_REPLICATION, "INFO", "replication");
	HELLO_ADD(h, HELLO_TIME, "TIME");
	return SST_OK;
}

static void
connect_name(struct sst_redis *r, const struct redis_server *server)
{
	const char *scheme = server->sentinel ? "sentinel"
			     : r->url.tls     ? "rediss"
					      : "redis";
	char db[16] = "";

	if (r->url.db != 0 && !server->sentinel)
		snprintf(db, sizeof(db), "/%d", r->url.db);
	if (r->url.unix_path != NULL)
		snprintf(r->name, sizeof(r->name), "unix://%.*s",
		    (int)r->url.unix_len, r->url.unix_path);
	else if (strchr(server->host, ':') != NULL)
		snprintf(r->name, sizeof(r->name), "%s://[%s]:%u%s", scheme,
		    server->host, (unsigned)server->port, db);
	else
		snprintf(r->name, sizeof(r->name), "%s://%s:%u%s", scheme,
		    server->host, (unsigned)server->port, db);
}

int
redis__open(struct sst_redis *r, const struct redis_server *server,
    struct sst_mono deadline, struct sst_error *err)
{
	struct sst_socket_to to = {.name = r->name,
	    .host = server->host,
	    .port = server->port,
	    .tls = r->url.tls};
	char path[128];

	connect_name(r, server);
	if (r->url.unix_path != NULL) {
		snprintf(path, sizeof(path), "%.*s", (int)r->url.unix_len,
		    r->url.unix_path);
		to.unix_path = path;
	}
	redis__pipe_clear(&r->hello);
	return sst_socket_open(r->socket, &to, deadline, err);
}

int
redis__connect_server(struct sst_redis *r, const struct redis_server *server,
    struct sst_mono deadline, struct sst_error *err)
{
	struct handshake h = {.r = r};
	struct redis_exchange x = {.pipe = &r->hello,
	    .deadline = deadline,
	    .on_bytes = hello_on_bytes,
	    .ctx = &h};
	int code = redis__open(r, server, deadline, err);

	r->version[0] = '\0';
	r->role = REDIS_ROLE_UNKNOWN;
	r->link_down = false;
	r->skew_ms = 0;
	if (code == SST_OK)
		code = hello_fill(&h, server, err);
	if (code == SST_OK)
		code = redis__exchange(r, &x, err);
	redis__pipe_clear(&r->hello);
	if (code != SST_OK)
		sst_socket_close(r->socket);
	return code;
}

int
redis__connect(
    struct sst_redis *r, struct sst_mono deadline, struct sst_error *err)
{
	const struct redis_server server = {.host = r->url.host,
	    .port = r->url.port,
	    .username = r->kept.s.username,
	    .password = &r->kept.s.password};

	if (r->kept.s.sentinels.count > 0)
		return redis__connect_sentinels(r, deadline, err);
	return redis__connect_server(r, &server, deadline, err);
}
