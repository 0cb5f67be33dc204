/*
 * Reads from a Redis server, for the sources of the queues that live in one:
 * one connection, commands in pipelines, deadlines, interruption. Only commands
 * that read are ever sent; the connection names itself and never subscribes.
 *
 * TCP and unix sockets, TLS, ACL users, Sentinel (asks for the master or, when
 * told so, a replica, and asks again after a failure). A server in cluster mode
 * is refused with a text that says so: queues of these systems live on one node
 * or not at all.
 *
 * An object belongs to one thread; only sst_redis_interrupt() may be called
 * from others. Connects when first used and again after a failure.
 */
#ifndef SST_REPOSITORY_REDIS_REDIS_H
#define SST_REPOSITORY_REDIS_REDIS_H

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/option.h"

/* Rows of a source's option table fill it: SST_REDIS_ROWS. */
struct sst_redis_settings {
	char *url; /* redis://, rediss:// HOST[:PORT][/DB]; unix://PATH[?db=N] */
	char *username;
	struct sst_secret password;
	char *ca_file;
	char *cert_file;
	struct sst_secret key; /* PEM of the client certificate's key */
	char *tls_server_name;
	struct sst_option_list sentinels; /* HOST[:PORT]; then url has no host */
	char *master_name;                /* of the group the sentinels watch */
	char *sentinel_username;
	struct sst_secret sentinel_password;
	bool prefer_replica; /* with sentinels: a replica, if one is fit */
};

/* For option tables: */
bool sst_redis_valid_url(const char *text);
bool sst_redis_valid_address(const char *text); /* HOST[:PORT] */

#define SST_REDIS_ROW_(row_name, row_type, row_help, row_offset) \
	{                                                        \
		.name = row_name, .type = row_type,              \
		.help = row_help, .offset = row_offset           \
	}
#define SST_REDIS_ROWS(owner, member)                                          \
	{.name = "url",                                                       \
	    .type = SST_OPTION_STRING,                                        \
	    .required = true,                                                 \
	    .valid = sst_redis_valid_url,                                     \
	    .form = "redis://HOST[:PORT][/DB], rediss://HOST[:PORT][/DB] or " \
		    "unix://PATH[?db=N], without credentials",                \
	    .help = "Where the server is. With sentinels the host does not "  \
		    "count: redis://sentinel/DB.",                            \
	    .offset = offsetof(owner, member.url)},                            \
	    SST_REDIS_ROW_("username", SST_OPTION_STRING,                     \
		"ACL user; without: the default user.",                       \
		offsetof(owner, member.username)),                             \
	    SST_REDIS_ROW_("password", SST_OPTION_SECRET,                     \
		"Its password. Read again when the server refuses it.",       \
		offsetof(owner, member.password)),                             \
	    SST_REDIS_ROW_("ca_file", SST_OPTION_STRING,                      \
		"PEM file to check the server's certificate with, instead "   \
		"of the certificates of the system.",                         \
		offsetof(owner, member.ca_file)),                              \
	    SST_REDIS_ROW_("cert_file", SST_OPTION_STRING,                    \
		"PEM file with a client certificate.",                        \
		offsetof(owner, member.cert_file)),                            \
	    SST_REDIS_ROW_("key", SST_OPTION_SECRET,                          \
		"Its private key, PEM.", offsetof(owner, member.key)),         \
	    SST_REDIS_ROW_("tls_server_name", SST_OPTION_STRING,              \
		"Name in the server's certificate, when it is not that of "   \
		"the url.",                                                   \
		offsetof(owner, member.tls_server_name)),                      \
	    {.name = "sentinels",                                             \
		.type = SST_OPTION_LIST,                                      \
		.max = 64,                                                    \
		.valid = sst_redis_valid_address,                             \
		.form = "HOST[:PORT]",                                        \
		.help = "Sentinels to ask for the server.",                   \
		.offset = offsetof(owner, member.sentinels)},                  \
	    SST_REDIS_ROW_("master_name", SST_OPTION_STRING,                  \
		"Name of the group the sentinels watch.",                     \
		offsetof(owner, member.master_name)),                          \
	    SST_REDIS_ROW_("sentinel_username", SST_OPTION_STRING,            \
		"ACL user of the sentinels.",                                 \
		offsetof(owner, member.sentinel_username)),                    \
	    SST_REDIS_ROW_("sentinel_password", SST_OPTION_SECRET,            \
		"Its password.", offsetof(owner, member.sentinel_password)),   \
	    SST_REDIS_ROW_("prefer_replica", SST_OPTION_BOOL,                 \
		"With sentinels: read a replica while one is in step, so "    \
		"that the master has no load of it.",                         \
		offsetof(owner, member.prefer_replica))

struct sst_redis;

/*
 * Copies the settings; no I/O. max_bytes bounds one reply, which is what is in
 * memory at a time, 64 bytes for each value in it included; a longer one is
 * given up before it is read. SST_INVALID names the option (sentinels without master_name,
 * a key without cert_file, a username without password); SST_NOMEM.
 */
int sst_redis_new(const struct sst_redis_settings *settings,
    const struct sst_clock *clock, size_t max_bytes, struct sst_redis **out,
    struct sst_error *err);
/* Closes; accepts NULL. */
void sst_redis_free(struct sst_redis **redis);

/*
 * Appends a command to the pipeline: redisFormatCommand() of hiredis, that is
 * %s, %b (pointer, size_t length; keys with control characters) and %d and the
 * like. A failure is remembered and told by sst_redis_run().
 */
void sst_redis_command(struct sst_redis *redis, const char *fmt, ...);
/* The same of parts that are counted. */
void sst_redis_command_argv(struct sst_redis *redis, size_t count,
    const char *const *parts, const size_t *lens);
/* Commands in the pipeline. */
size_t sst_redis_pending(const struct sst_redis *redis);
/* Empties the pipeline, when it is not to be run. */
void sst_redis_drop(struct sst_redis *redis);

/*
 * Takes the reply to the i-th command of the pipeline; borrowed for the call,
 * REDIS_REPLY_ERROR included. Another code than 0 ends the run and is its
 * result (the connection is closed, as replies are left in it).
 */
typedef int (*sst_redis_on_reply)(void *ctx, size_t i, const redisReply *reply,
    struct sst_error *err);

/*
 * Sends the pipeline and hands over each reply as it comes, so that one is in
 * memory at a time; the pipeline is empty afterwards. Connects, authenticates
 * and selects the database first when needed, and once more when a kept
 * connection turns out to be closed before any reply. Blocks until the
 * deadline.
 *
 * SST_UNREACHABLE (refused, no name), SST_TLS, SST_UNAUTHORIZED (NOAUTH,
 * WRONGPASS), SST_FORBIDDEN (NOPERM on AUTH or SELECT), SST_UNSUPPORTED
 * (cluster), SST_NOT_FOUND (sentinels do not know the name), SST_UPSTREAM
 * (LOADING, MASTERDOWN, BUSY, maxclients), SST_TIMEOUT, SST_CANCELED,
 * SST_TRUNCATED (closed in a reply), SST_PROTOCOL (not RESP), SST_TOO_LARGE,
 * SST_NOMEM. The text names the server and the command, never a secret.
 */
int sst_redis_run(struct sst_redis *redis, struct sst_mono deadline,
    sst_redis_on_reply on_reply, void *ctx, struct sst_error *err);

/*
 * The same with replies as they came over the wire, whole and well-formed: to
 * hash them before they are taken apart, and to take them apart without an
 * allocation for each value.
 */
typedef int (*sst_redis_on_bytes)(void *ctx, size_t i, const char *bytes,
    size_t len, struct sst_error *err);
int sst_redis_run_bytes(struct sst_redis *redis, struct sst_mono deadline,
    sst_redis_on_bytes on_bytes, void *ctx, struct sst_error *err);

/* A value in such bytes; data is borrowed from them. */
struct sst_redis_item {
	int type;          /* REDIS_REPLY_* */
	const char *data;  /* of a string, status or error */
	size_t len;        /* of data */
	long long integer; /* of an array: the values that follow as its own */
};

struct sst_redis_walk {
	const char *at, *end;
};

/* The next value, of an array its head; false at the end of the bytes. Pure. */
bool sst_redis_next(struct sst_redis_walk *walk, struct sst_redis_item *out);
/* Passes over a value with all that is in it. */
void sst_redis_skip(struct sst_redis_walk *walk);
/* Whether a text of an error reply begins with that word. */
bool sst_redis_error_is(const struct sst_redis_item *item, const char *word);

/*
 * What an error reply to the command `what` means: SST_FORBIDDEN (NOPERM),
 * SST_TYPE (WRONGTYPE), SST_UNSUPPORTED (unknown command, MOVED, CROSSSLOT,
 * CLUSTERDOWN), SST_UNAUTHORIZED (NOAUTH), SST_UPSTREAM (anything else). Sets
 * err to "what: its text". SST_OK when reply is no error.
 */
int sst_redis_reply_check(
    const redisReply *reply, const char *what, struct sst_error *err);
int sst_redis_item_check(const struct sst_redis_item *item, const char *what,
    struct sst_error *err);

/*
 * Adds to an upstream object (see sst_draft_upstream) what the handshake told:
 * version ("redis 7.0.15", null without the right to INFO) and the node that is
 * read with its role. False when memory ran out.
 */
bool sst_redis_describe(const struct sst_redis *redis, json_t *upstream);
/* The server's clock less ours, in milliseconds; 0 when it does not tell. */
long long sst_redis_skew_ms(const struct sst_redis *redis);

/* A run that is on, or the next one, ends with SST_CANCELED; resume makes later
 * ones possible again. From any thread, never block. */
void sst_redis_interrupt(struct sst_redis *redis);
void sst_redis_resume(struct sst_redis *redis);

#endif
