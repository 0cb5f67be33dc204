/* Between the files of this folder. */
#ifndef SST_REPOSITORY_REDIS_REDIS_PRIV_H
#define SST_REPOSITORY_REDIS_REDIS_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "httpc/socket.h"
#include "repository/redis/redis.h"

enum {
	REDIS_PORT = 6379,
	REDIS_SENTINEL_PORT = 26379,
	REDIS_HOST = 256,
	/* "rediss://HOST:65535/2147483647", "unix://" and a path */
	REDIS_NAME = REDIS_HOST + 64,
	/* hiredis takes no deeper ones */
	REDIS_DEPTH = 7,
	/* What a value takes when it is taken apart, beside its bytes. */
	REDIS_VALUE_BYTES = 64,
	/* Longer than any status, error or number that a server sends. */
	REDIS_LINE_BYTES = 64 * 1024,
	/* Commands that may be unanswered: bounds what the server has to keep
	 * for us, and is enough to hide a round trip. */
	REDIS_AHEAD = 512
};

/* Where to go. */
struct redis_url {
	bool tls;
	char host[REDIS_HOST]; /* without brackets; "" for a unix socket */
	const char *unix_path; /* in the text that was parsed; NULL: none */
	size_t unix_len;
	unsigned short port;
	int db;
};

/* False when the text is none; out may be NULL. Pure. */
bool redis__url_parse(const char *text, struct redis_url *out);
/* HOST[:PORT]. */
bool redis__address_parse(const char *text, unsigned short fallback_port,
    char host[REDIS_HOST], unsigned short *port_out);

/* How far into a reply, which comes in pieces, one has looked. */
struct redis_scan {
	size_t at; /* bytes that are known to be right */
	size_t cost;
	size_t max;                /* of cost */
	int depth;                 /* arrays that are open */
	int64_t left[REDIS_DEPTH]; /* values missing in each */
};

void redis__scan_init(struct redis_scan *scan, size_t max);
/* Looks on, from scan->at. 0: bytes[0, scan->at) are a whole reply. SST_NODATA:
 * more is needed. SST_PROTOCOL, SST_TOO_LARGE; without a text. Pure. */
int redis__scan(struct redis_scan *scan, const char *bytes, size_t len);

/* Commands in the form in which they are sent. */
struct redis_pipe {
	struct sst_buf out;
	size_t count;
	size_t *marks; /* offset of each REDIS_AHEADth command */
	size_t mark_count, mark_cap;
	bool failed; /* memory, or a format that is none */
};

void redis__pipe_fini(struct redis_pipe *pipe);
void redis__pipe_clear(struct redis_pipe *pipe);
void redis__pipe_argv(struct redis_pipe *pipe, size_t count,
    const char *const *parts, const size_t *lens);
/* Parts that are strings, NULL ends. */
void redis__pipe_add(struct redis_pipe *pipe, const char *const *parts);
/* The first word of the i-th command, for people. */
void redis__pipe_name(
    const struct redis_pipe *pipe, size_t i, char *out, size_t size);

enum redis_role { REDIS_ROLE_UNKNOWN, REDIS_MASTER, REDIS_REPLICA };

/* So that an option table fits it. */
struct redis_kept {
	struct sst_redis_settings s;
};

struct sst_redis {
	const struct sst_clock *clock;
	struct sst_socket *socket; /* the same from new to free: interrupted */
	atomic_bool interrupted;
	size_t max_bytes;

	struct redis_kept kept;
	struct redis_url url; /* of the settings; points into them */
	size_t sentinel;      /* the one that answered last */

	struct redis_pipe pipe;  /* of the source */
	struct redis_pipe hello; /* our own */
	struct sst_buf in;       /* bytes received, from in_at on not used */
	size_t in_at;

	/* of the server that is, or was, read */
	char name[REDIS_NAME];
	char version[32]; /* "": not told */
	enum redis_role role;
	bool link_down; /* the replica has lost its master */
	long long skew_ms;
};

/*
 * Sends the pipe and hands over replies; *done_out is how many, also after a
 * failure. As sst_redis_run(), of an open connection.
 */
struct redis_exchange {
	struct redis_pipe *pipe;
	struct sst_mono deadline;
	sst_redis_on_bytes on_bytes;
	void *ctx;
	size_t done; /* replies handed over */
	size_t sent; /* bytes of the pipe */
	bool heard;  /* something was received */
};

int redis__exchange(
    struct sst_redis *r, struct redis_exchange *x, struct sst_error *err);

/* Connects: to the server, or to the one that the sentinels name. */
int redis__connect(
    struct sst_redis *r, struct sst_mono deadline, struct sst_error *err);
int redis__connect_sentinels(
    struct sst_redis *r, struct sst_mono deadline, struct sst_error *err);

/* One server: opens the socket and shakes hands. */
struct redis_server {
	const char *host;
	unsigned short port;
	const char *username;
	const struct sst_secret *password;
	bool sentinel;
};

/* Opens the socket alone; r->name is the server's from then on. */
int redis__open(struct sst_redis *r, const struct redis_server *server,
    struct sst_mono deadline, struct sst_error *err);
/* Adds AUTH when there is a password. */
int redis__add_auth(struct sst_redis *r, const struct redis_server *server,
    struct sst_error *err);
int
redis__connect_server(struct sst_redis *r, const struct redis_server *server,
    struct sst_mono deadline, struct sst_error *err);

/* An error reply that concerns every command, not the one it answers: its
 * code; SST_OK for any other. */
int redis__error_code_of_all(const char *text, size_t len);
/* "prefix: text of the reply", made safe. */
int redis__error_set(struct sst_error *err, int code, const char *prefix,
    const char *text, size_t len);
/* The reply to AUTH or SELECT. */
int redis__error_code_of_login(const char *text, size_t len);

#endif
