/*
 * What a NATS server answers, over HTTP (/jsz, /varz, /healthz) and to requests
 * to $JS.API: pure functions of bytes. Written after recordings of 2.9.10 in
 * mocks/upstreams/nats.
 *
 * A stream or consumer that cannot be used is rejected with its JSON Pointer,
 * the others stay. Numbers beyond 63 bits, which the server uses for "no
 * bound", are read as INT64_MAX.
 */
#ifndef SST_REPOSITORY_QUEUES_NATS_PARSE_H
#define SST_REPOSITORY_QUEUES_NATS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "repository/queues/nats_catalog.h"

enum { NATS_NAME = 256, NATS_TEXT = 512 };

/* Where streams and consumers go. */
struct nats_into {
	struct nats_catalog *catalog;
	size_t stream; /* of the catalog: whose consumers they are */
	/* Takes what has to be left out; NULL: not of interest. */
	void (*reject)(void *ctx, const char *pointer, const char *reason);
	void *ctx;
};

/* /jsz without the streams; texts are "" when not told. */
struct nats_jsz {
	char server_id[NATS_NAME];
	char cluster[NATS_NAME];     /* "": it stands alone */
	char meta_leader[NATS_NAME]; /* who leads the cluster */
	bool disabled;               /* JetStream is off on this server */
	int64_t now_ms;              /* -1: not told */
	int64_t streams, consumers;  /* -1 */
	bool details;                /* it lists accounts */
};

/* Whose streams of /jsz. */
struct nats_jsz_want {
	const char *self;    /* name of the server that answers; NULL: unknown */
	const char *account; /* only of this one; NULL: of all */
	struct nats_into into;
};

/* want NULL: the figures alone. Codes of sst_json_body_parse, SST_TYPE. */
int nats__parse_jsz(const char *bytes, size_t len,
    const struct nats_jsz_want *want, struct nats_jsz *out,
    struct sst_error *err);

struct nats_varz {
	char server_id[NATS_NAME];
	char name[NATS_NAME];
	char version[NATS_NAME];
	bool jetstream;
};

int nats__parse_varz(const char *bytes, size_t len, struct nats_varz *out,
    struct sst_error *err);

/* Whether it is healthy, and else why, in one line. The status of the answer
 * is 200 or 503 then. */
int nats__parse_healthz(const char *bytes, size_t len, bool *ok_out,
    char reason_out[NATS_TEXT], struct sst_error *err);

/*
 * All answers of $JS.API below: SST_NOT_FOUND, SST_UNSUPPORTED (JetStream is
 * not enabled for the account), SST_UPSTREAM (503), SST_PROTOCOL: the server
 * says so, in its own words in err. err->detail is its err_code.
 */

struct nats_page {
	int64_t total;
	size_t rows; /* in this answer, also the ones left out */
};

/* STREAM.NAMES: each is added as a stream that nothing is known of. */
int nats__parse_stream_names(const char *bytes, size_t len,
    const struct nats_into *into, struct nats_page *page_out,
    struct sst_error *err);

/* CONSUMER.LIST, of that stream of the catalog. */
int nats__parse_consumer_list(const char *bytes, size_t len,
    const struct nats_into *into, struct nats_page *page_out,
    struct sst_error *err);

/* CONSUMER.INFO; texts live in the arena. */
int nats__parse_consumer_info(const char *bytes, size_t len,
    struct nats_arena *arena, struct nats_consumer *out, struct sst_error *err);

/* A subject and how many messages it has. */
struct nats_subject {
	const char *name;
	int64_t count;
};

/* STREAM.INFO with deleted_details and subjects_filter; all in the arena. */
struct nats_info {
	struct nats_stream stream; /* without consumers */
	int64_t *gone;             /* sequences, ascending */
	size_t gone_count;
	bool gone_known;
	struct nats_subject *subjects;
	size_t subject_count;
	bool subjects_known; /* all of them */
};

int nats__parse_stream_info(const char *bytes, size_t len,
    struct nats_arena *arena, struct nats_info *out, struct sst_error *err);

/* A message without its body: what was told of it never changes. */
struct nats_message {
	int64_t seq;
	int64_t ms; /* when it was stored, since 1970; -1 */
	uint32_t id, priority, blockers; /* offsets in text; 0: none */
	char text[]; /* the subject, then the others, each with a NUL */
};

/* What is asked of its headers; NULL: nothing. */
struct nats_headers {
	const char *id;
	const char *priority;
	const char *blockers;
};

/* What it is made of; texts may be NULL but for the subject. */
struct nats_parts {
	int64_t seq, ms;
	const char *subject, *id, *priority, *blockers;
};

/* On the heap; NULL when memory ran out. */
struct nats_message *nats__message_new(const struct nats_parts *parts);

/* STREAM.MSG.GET. */
int nats__parse_message(const char *bytes, size_t len,
    const struct nats_headers *headers, struct nats_message **out,
    struct sst_error *err);

/* RFC 3339 to ms since 1970; -1 when it is none, or none that was set. */
int64_t nats__time(const char *text);

#endif
