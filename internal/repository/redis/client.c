#include <stdlib.h>
#include <string.h>

#include "repository/redis/redis_priv.h"

static const struct sst_option client_rows[] = {
    SST_REDIS_ROWS(struct redis_kept, s)};

static const char *
client_conflict(const struct sst_redis_settings *s)
{
	if (s->sentinels.count > 0 && s->master_name == NULL)
		return "master_name: missing, but there are sentinels";
	if (s->sentinels.count == 0 && s->master_name != NULL)
		return "sentinels: missing, but there is a master_name";
	if (s->sentinels.count == 0 && s->prefer_replica)
		return "prefer_replica: only sentinels know replicas";
	if (s->username != NULL && !sst_secret_given(&s->password))
		return "password: missing, but there is a username";
	if (s->sentinel_username != NULL &&
	    !sst_secret_given(&s->sentinel_password))
		return "sentinel_password: missing, but there is a "
		       "sentinel_username";
	if ((s->cert_file != NULL) != sst_secret_given(&s->key))
		return "cert_file and key belong together";
	return NULL;
}

static int
client_check(const struct sst_redis_settings *s, struct redis_url *url,
    struct sst_error *err)
{
	const char *conflict = client_conflict(s);
	size_t i;

	if (s->url == NULL || !redis__url_parse(s->url, url))
		return sst_error_set(err, SST_INVALID,
		    "url: expected redis://HOST[:PORT][/DB], "
		    "rediss://HOST[:PORT][/DB] or unix://PATH[?db=N], without "
		    "credentials");
	if (conflict != NULL)
		return sst_error_set(err, SST_INVALID, "%s", conflict);
	for (i = 0; i < s->sentinels.count; i++) {
		if (!sst_redis_valid_address(s->sentinels.items[i]))
			return sst_error_set(err, SST_INVALID,
			    "sentinels: expected HOST[:PORT]");
	}
	if (url->unix_path != NULL && s->sentinels.count > 0)
		return sst_error_set(err, SST_INVALID,
		    "url: a unix socket and sentinels exclude each other");
	if (!url->tls && (s->ca_file != NULL || s->cert_file != NULL ||
			     s->tls_server_name != NULL))
		return sst_error_set(err, SST_INVALID,
		    "url: ca_file, cert_file and tls_server_name need "
		    "rediss://");
	return SST_OK;
}

/* A key in a file is read at each handshake, so that a new one is taken. */
static int
client_socket(struct sst_redis *r, const struct sst_redis_settings *s,
    struct sst_error *err)
{
	struct sst_httpc_options options = {.ca_file = s->ca_file,
	    .cert_file = s->cert_file,
	    .key_file = s->key.file,
	    .tls_server_name = s->tls_server_name};
	char *key = NULL;
	int code = SST_OK;

	if (s->key.file == NULL)
		code = sst_secret_read(&s->key, &key, err);
	options.key_data = key;
	if (code == SST_OK)
		code = sst_socket_new(&options, r->clock, &r->socket, err);
	sst_secret_free(&key);
	return code;
}

int
sst_redis_new(const struct sst_redis_settings *settings,
    const struct sst_clock *clock, size_t max_bytes, struct sst_redis **out,
    struct sst_error *err)
{
	struct redis_url url;
	struct sst_redis *r;
	struct redis_kept given = {.s = *settings};
	int code = client_check(settings, &url, err);

	if (code != SST_OK)
		return code;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return sst_error_nomem(err);
	atomic_init(&r->interrupted, false);
	r->clock = clock;
	r->max_bytes = max_bytes;
	code = sst_options_copy(
	    client_rows, SST_OPTION_COUNT(client_rows), &given, &r->kept, err);
	if (code == SST_OK) {
		redis__url_parse(r->kept.s.url, &r->url);
		code = client_socket(r, settings, err);
	}
	if (code != SST_OK) {
		sst_redis_free(&r);
		return code;
	}
	*out = r;
	return SST_OK;
}

void
sst_redis_free(struct sst_redis **redis)
{
	struct sst_redis *r = *redis;

	if (r == NULL)
		return;
	sst_socket_free(&r->socket);
	redis__pipe_clear(&r->hello);
	redis__pipe_fini(&r->hello);
	redis__pipe_fini(&r->pipe);
	sst_buf_fini(&r->in);
	sst_options_fini(client_rows, SST_OPTION_COUNT(client_rows), &r->kept);
	free(r);
	*redis = NULL;
}

void
sst_redis_interrupt(struct sst_redis *redis)
{
	atomic_store(&redis->interrupted, true);
	sst_socket_interrupt(redis->socket);
}

void
sst_redis_resume(struct sst_redis *redis)
{
	atomic_store(&redis->interrupted, false);
	sst_socket_resume(redis->socket);
}

/* A server closes connections that were idle, and all of them when it ends:
 * nothing has been lost when that is seen before the first reply. */
static int
client_run(struct sst_redis *r, struct redis_exchange *x, struct sst_error *err)
{
	bool kept = sst_socket_is_open(r->socket);
	int code = kept ? SST_OK : redis__connect(r, x->deadline, err);

	if (code == SST_OK)
		code = redis__exchange(r, x, err);
	if (code != SST_TRUNCATED || !kept || x->heard)
		return code;
	sst_socket_close(r->socket);
	x->sent = 0;
	code = redis__connect(r, x->deadline, err);
	return code == SST_OK ? redis__exchange(r, x, err) : code;
}

int
sst_redis_run_bytes(struct sst_redis *redis, struct sst_mono deadline,
    sst_redis_on_bytes on_bytes, void *ctx, struct sst_error *err)
{
	struct redis_exchange x = {.pipe = &redis->pipe,
	    .deadline = deadline,
	    .on_bytes = on_bytes,
	    .ctx = ctx};
	int code = SST_OK;

	if (redis->pipe.failed)
		code = sst_error_nomem(err);
	else if (atomic_load(&redis->interrupted))
		code = sst_error_set(
		    err, SST_CANCELED, "%s: interrupted", redis->kept.s.url);
	else
		code = client_run(redis, &x, err);
	if (code != SST_OK)
		sst_socket_close(redis->socket);
	redis__pipe_clear(&redis->pipe);
	return code;
}

/* Takes replies apart for sst_redis_run(). */
struct client_parse {
	redisReader *reader;
	sst_redis_on_reply on_reply;
	void *ctx;
};

static int
client_on_bytes(
    void *ctx, size_t i, const char *bytes, size_t len, struct sst_error *err)
{
	struct client_parse *parse = ctx;
	void *reply = NULL;
	int code;

	if (redisReaderFeed(parse->reader, bytes, len) != REDIS_OK ||
	    redisReaderGetReply(parse->reader, &reply) != REDIS_OK ||
	    reply == NULL) {
		if (parse->reader->err == REDIS_ERR_PROTOCOL)
			return sst_error_set(err, SST_PROTOCOL,
			    "the reply is not RESP: %s", parse->reader->errstr);
		return sst_error_nomem(err);
	}
	code = parse->on_reply(parse->ctx, i, reply, err);
	freeReplyObject(reply);
	return code;
}

int
sst_redis_run(struct sst_redis *redis, struct sst_mono deadline,
    sst_redis_on_reply on_reply, void *ctx, struct sst_error *err)
{
	struct client_parse parse = {.on_reply = on_reply, .ctx = ctx};
	int code;

	parse.reader = redisReaderCreate();
	if (parse.reader == NULL) {
		redis__pipe_clear(&redis->pipe);
		return sst_error_nomem(err);
	}
	code =
	    sst_redis_run_bytes(redis, deadline, client_on_bytes, &parse, err);
	redisReaderFree(parse.reader);
	return code;
}

static json_t *
describe_node(const struct sst_redis *r)
{
	static const char *const roles[] = {
	    [REDIS_ROLE_UNKNOWN] = "",
	    [REDIS_MASTER] = " (master)",
	    [REDIS_REPLICA] = " (replica)",
	};
	json_t *node = json_pack("{s:s+, s:s}", "name", r->name, roles[r->role],
	    "status", r->link_down ? "degraded" : "ok");

	if (node != NULL && r->link_down &&
	    json_object_set_new(node, "reason",
		json_string("the link to its master is down: what it holds "
			    "may be old")) != 0) {
		json_decref(node);
		return NULL;
	}
	return node;
}

bool
sst_redis_describe(const struct sst_redis *redis, json_t *upstream)
{
	json_t *nodes = json_array();

	if (redis->name[0] == '\0') {
		/* never connected */
		json_decref(nodes);
		return json_object_set_new(upstream, "version", json_null()) ==
		       0;
	}
	if (json_object_set_new(upstream, "version",
		redis->version[0] != '\0'
		    ? json_sprintf("redis %s", redis->version)
		    : json_null()) != 0 ||
	    json_array_append_new(nodes, describe_node(redis)) != 0) {
		json_decref(nodes);
		return false;
	}
	return json_object_set_new(upstream, "nodes", nodes) == 0;
}

long long
sst_redis_skew_ms(const struct sst_redis *redis)
{
	return redis->skew_ms;
}
