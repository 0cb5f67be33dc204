/* Between the nats_*.c files. */
#ifndef SST_REPOSITORY_QUEUES_NATS_PRIV_H
#define SST_REPOSITORY_QUEUES_NATS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "httpc/client.h"
#include "model/entity.h"
#include "repository/draft.h"
#include "repository/queues/nats_catalog.h"
#include "repository/queues/nats_parse.h"
#include "repository/queues/nats_settings.h"
#include "repository/queues/nats_wire.h"
#include "repository/source.h"

/* A server says how it is by walking all of its streams: not at each poll. */
enum { NATS_HEALTH_MS = 15000 };
/* Bytes of /jsz for a stream or a consumer, with some to spare. */
enum { NATS_JSZ_BYTES = 1200 };
/* More gaps than that are not asked for: a list of them would be megabytes. */
enum { NATS_GAPS_MAX = 20000 };
/* The same of subjects. */
enum { NATS_SUBJECTS_MAX = 10000 };
/* Messages that are looked for one after the other: each is a round trip. */
enum { NATS_CHAIN_MAX = 256 };

/* A monitoring endpoint. */
struct nats_node {
	const char *url; /* borrowed, without a slash at the end */
	struct nats_varz varz; /* of the server that last answered */
	bool health_tried;
	struct sst_mono health_due;
	bool healthy;
	char unhealthy[NATS_TEXT];
	struct sst_error err; /* of this collection; SST_OK */
	bool off;             /* JetStream is disabled there */
};

/* What is kept of a stream between collections. */
struct nats_memory {
	char *account; /* NULL: that of the connection */
	char *name;
	char *created;
	struct sst_hash seen; /* of all that its queues are made of */
	bool settled;         /* nothing was left to be read */
	bool no_direct;       /* DIRECT.GET is not allowed to us */
	int64_t rest;         /* last known; -1: never */
	bool rest_known;      /* of nobody's messages: ready */
	bool rest_dead;       /* more likely dead than ready */
	struct nats_message **rows; /* by sequence */
	size_t count;
	struct nats_past *past; /* of its consumers */
	size_t past_count;
};

/* What was learnt of a consumer. */
struct nats_past {
	char *name;
	int64_t dead; /* the last count that was sure; -1 */
	bool whole;   /* all of its queue was looked at */
};

struct nats {
	struct nats_settings set;
	const struct sst_clock *clock;
	size_t max_bytes;
	struct sst_httpc *http; /* NULL: no monitoring endpoint */
	struct nats_wire *wire; /* NULL: no url */
	struct nats_node *nodes;
	size_t node_count;
	char scheme[192]; /* how to read a priority */
	/* whose streams the connection sees; "" while not known */
	char account[NATS_NAME];
	struct nats_catalog last; /* of the last collection */
	struct nats_memory **memory; /* in the order of last */
	size_t memory_count;
};

/* A consumer in this collection. */
struct nats_point {
	bool shown;
	bool sole;       /* what it has done is gone: it alone decides */
	bool sure;       /* the counts belong together */
	int64_t matched; /* messages of the stream that it takes; -1 */
	int64_t dead;    /* -1: unknown */
	int64_t start;   /* first sequence that may be in its queue */
	int64_t next;       /* first sequence that was not looked at */
	bool whole;         /* there is none */
	int64_t row_count;  /* messages of it that are known */
	int64_t given_count; /* of those, delivered */
};

/* A stream in this collection. */
struct nats_work {
	struct nats_stream *stream;
	struct nats_memory *memory;
	bool hidden;
	bool ours;     /* of the account that is connected */
	bool readable; /* its messages can be read */
	bool fresh;    /* something is not as it was */
	bool retry;    /* was asked in a way that is not allowed */
	int fault;     /* code of why its messages could not be read */
	struct sst_hash seen;
	struct nats_info info;
	bool informed; /* info is there */
	int64_t rest;  /* what no consumer takes; -1: unknown */
	struct nats_point *points; /* of its consumers; the last one: of rest */
	int64_t *wanted; /* sequences to know; on the heap */
	size_t wanted_count;
	struct nats_message **news; /* read now; on the heap */
	size_t news_count, news_cap;
	size_t missing; /* were gone when they were asked for */
};

/* One collection. */
struct nats_read {
	struct nats *n;
	const struct sst_collect *req;
	struct sst_draft *out;
	struct nats_catalog catalog;
	struct nats_work *work; /* of each stream of the catalog */
	bool counted;           /* the catalog is there */
	bool linked;            /* connected */
	bool fresh_link;
	struct sst_error link_err; /* why not; SST_OK */
	struct sst_error tasks_err; /* why tasks could not be read */
};

/* Half of what is left of the collection, so that the next step has its time;
 * three quarters, before the document is made. */
struct sst_mono nats__half(const struct nats_read *read);
struct sst_mono nats__most(const struct nats_read *read);
void nats__reject(void *ctx, const char *pointer, const char *reason);

/* nats_monitor.c: fills the catalog from the endpoints. A code only when none
 * of them answered; else they are nodes that are down. */
int nats__monitor(struct nats_read *read, struct sst_error *err);
/* What is told of the whole system. */
int nats__upstream(struct nats_read *read, struct sst_error *err);

/* nats_run.c: requests, many at a time. */

struct nats_ask {
	uint32_t tag;
	size_t weight; /* bytes that the answer may have */
	struct sst_buf subject, body;
};

struct nats_job {
	/* Writes the next request; false: none for now. */
	bool (*next)(void *ctx, struct nats_ask *ask);
	/* Takes its answer; reply->code SST_FORBIDDEN, SST_NOT_FOUND and
	 * SST_INVALID are to be borne. Another code than 0 ends the run. */
	int (*take)(void *ctx, uint32_t tag, const struct nats_reply *reply,
	    struct sst_error *err);
	void *ctx;
};

/* Until there is no request left. Codes of nats__wire_next. */
int nats__run(struct nats_read *read, const struct nats_job *job,
    struct sst_mono deadline, struct sst_error *err);
/* The code of an answer that is none, with its text in err. */
int nats__reply_code(const struct nats_reply *reply, struct sst_error *err);

/* nats_api.c */

/* Fills the catalog over the connection. */
int nats__api_catalog(struct nats_read *read, struct sst_error *err);
/* Finds out whose streams the connection sees. */
int nats__api_account(struct nats_read *read, struct sst_error *err);

/* nats_store.c */

/* Makes read->work and finds what is remembered of each stream. SST_NOMEM. */
int nats__store_match(struct nats_read *read, struct sst_error *err);
/* Keeps the catalog and what was learnt for the next collection. */
void nats__store_keep(struct nats_read *read);
void nats__work_free(struct nats_read *read);
void nats__memory_free(struct nats_memory **memory);
/* Puts what was read in the place of the rows; forgets those not wanted. */
int nats__store_rows(struct nats_work *work, struct sst_error *err);
/* NULL: there is none, or no memory for one. */
struct nats_past *nats__past_of(
    const struct nats_memory *memory, const char *name);
struct nats_past *nats__past_made(
    struct nats_memory *memory, const char *name);

/* nats_rows.c: reads the messages that are shown. */
int nats__rows(struct nats_read *read, struct sst_error *err);
/* nats_scan.c: which messages of a stream are looked at. */
int nats__scan(const struct nats *n, struct nats_work *work,
    struct sst_error *err);

/* nats_judge.c: what the counts say. */
void nats__judge_streams(struct nats_read *read);
/* Which facts are needed beyond the catalog. */
bool nats__judge_needs_info(const struct nats_work *work);
bool nats__judge_needs_check(const struct nats_work *work, size_t consumer);
/* After the facts are there: dead and rest. */
void nats__judge_dead(struct nats_work *work);
/* Whether two tellings of a consumer are of the same moment. */
bool nats__judge_same(
    const struct nats_consumer *a, const struct nats_consumer *b);
/* Whether a message is in that queue (the consumer_count'th is what no
 * consumer takes), and its status then. */
bool nats__judge_message(const struct nats_work *work, size_t consumer,
    const struct nats_message *message, enum queue_status *out);
/* Counts the rows of each consumer, which the above needs. */
void nats__judge_rows(struct nats_work *work);

/* nats_tell.c: the document. */
void nats__queue_name(const struct nats *n, const struct nats_stream *stream,
    const struct nats_consumer *consumer, struct sst_buf *out);
int nats__tell(struct nats_read *read, struct sst_error *err);

/* nats_block.c: which tasks wait for others. */
struct nats_blocks;
struct nats_seen_task {
	struct queue_text queue;
	enum queue_status status;
	const char *blockers;
};
int nats__blocks_new(struct nats_blocks **out, struct sst_error *err);
void nats__blocks_free(struct nats_blocks **blocks);
/* The first one of an id stays; texts are borrowed. */
int nats__blocks_add(struct nats_blocks *blocks, const char *id,
    const struct nats_seen_task *task, struct sst_error *err);
/* When all are there: what waits for one of them is blocked. */
void nats__blocks_settle(struct nats_blocks *blocks);
/* Fills out with what the list names, NATS_BLOCKERS_MAX at most; whether one of
 * them is still to be done, and whether it never will. */
enum { NATS_BLOCKERS_MAX = 32 };
struct nats_blocked {
	struct queue_blocker items[NATS_BLOCKERS_MAX];
	size_t count;
	bool waits;
	bool forever;
};
void nats__blocks_find(const struct nats_blocks *blocks, const char *id,
    const char *list, struct nats_blocked *out);

#endif
