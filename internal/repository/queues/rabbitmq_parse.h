/*
 * What the RabbitMQ management API answers: pure functions of bytes. Written
 * after recordings of 3.10 in mocks/upstreams/rabbitmq.
 *
 * What the broker does not tell is unknown (-1 here, null in the document) and
 * never 0: it leaves out the counts of queues that are down, just declared or
 * a stream, and rates of things that never happened.
 */
#ifndef SST_REPOSITORY_QUEUES_RABBITMQ_PARSE_H
#define SST_REPOSITORY_QUEUES_RABBITMQ_PARSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "repository/queues/row.h"

/* A queue has at most 256 priorities. */
enum { RABBITMQ_LEVELS = 256 };

/* One queue of a list. Texts and levels are borrowed from the answer. */
struct rabbitmq_row {
	const char *vhost;
	const char *name;
	const char *type;   /* "classic", "quorum", "stream"; NULL */
	const char *state;  /* "running", "down", ...; NULL */
	const char *node;   /* where it lives; NULL: on several, unknown */
	const char *policy; /* name of the one that applies; NULL */
	/* Where dead letters go, and the routing key they get there; NULL: its
	 * arguments do not say. */
	const char *dead_exchange;
	const char *dead_key;
	bool ttl; /* its messages expire */
	bool exclusive;
	int64_t ready; /* -1: unknown, as all below */
	int64_t unacked;
	int64_t total;
	int64_t consumers;
	int64_t head_at;      /* seconds since 1970 */
	int64_t max_priority; /* -1: it has no priorities */
	int64_t members;      /* nodes that hold it; -1: not a quorum queue */
	int64_t online;       /* those of them that run */
	double published;     /* per second */
	double delivered;
	double acked;
	const int64_t *levels; /* ready by priority, -1: not told */
	size_t level_count;
};

#define RABBITMQ_ROW_INIT                                                   \
	{                                                                   \
		.ready = -1, .unacked = -1, .total = -1, .consumers = -1,   \
		.head_at = -1, .max_priority = -1, .members = -1,           \
		.online = -1, .published = -1, .delivered = -1, .acked = -1 \
	}

/* What a list says about itself. */
struct rabbitmq_page {
	bool paged; /* false: the answer is the whole list */
	int64_t page_count;
	int64_t total;   /* queues in all pages */
	size_t rows;     /* in this answer, also the ones left out */
	size_t rejected; /* left out */
};

/* Who takes the rows. */
struct rabbitmq_sink {
	/* A negative code ends the parse and is returned. */
	int (*row)(
	    void *ctx, const struct rabbitmq_row *row, struct sst_error *err);
	/* A row that cannot be used; NULL: not of interest. */
	void (*reject)(void *ctx, const char *pointer, const char *reason);
	void *ctx;
};

/*
 * A list of queues, paged or not. A row with a member of the wrong type is
 * rejected with its JSON Pointer, the others stay. Codes of
 * sst_json_body_parse; SST_TYPE when the answer is not a list.
 */
int rabbitmq__parse_queues(const char *bytes, size_t len,
    const struct rabbitmq_sink *sink, struct rabbitmq_page *page_out,
    struct sst_error *err);

/* /api/consumers: a row with vhost and name per consumer, the rest unknown. */
int rabbitmq__parse_consumers(const char *bytes, size_t len,
    const struct rabbitmq_sink *sink, struct sst_error *err);

/* /api/vhosts: a row with vhost and the name "" per vhost. */
int rabbitmq__parse_vhosts(const char *bytes, size_t len,
    const struct rabbitmq_sink *sink, struct sst_error *err);

/* What /api/overview tells. */
struct rabbitmq_overview {
	int64_t queues;   /* object_totals.queues; -1: not told */
	char version[64]; /* "": not told */
};

int rabbitmq__parse_overview(const char *bytes, size_t len,
    struct rabbitmq_overview *out, struct sst_error *err);

/* /api/nodes: a new array, as `nodes` of the schema's upstream. */
int rabbitmq__parse_nodes(const char *bytes, size_t len,
    const struct rabbitmq_sink *sink, json_t **out, struct sst_error *err);

/*
 * /api/whoami: whether the user may see what belongs to others (tag monitoring
 * or administrator).
 */
int rabbitmq__parse_whoami(
    const char *bytes, size_t len, bool *monitor_out, struct sst_error *err);

/*
 * Whether the body of a 401 says that the login was right, but something is
 * not allowed: the broker answers 401 to both.
 */
bool rabbitmq__parse_denied(const char *bytes, size_t len);

/* Between the parsers: a tree of that type, which the caller gives back; an
 * integer of at least 0, -1 when it is absent; a text, NULL when absent. False:
 * of another type. */
int rabbitmq__json_parse(const char *bytes, size_t len, json_type type,
    json_t **out, struct sst_error *err);
bool rabbitmq__json_count(const json_t *value, int64_t *out);
bool rabbitmq__json_text(const json_t *value, const char **out);

/*
 * Appends the name of a queue in the document. In vhost "/": the name. Else,
 * and for a name that holds a slash: the vhost with % / and control characters
 * percent-encoded, a slash, the name. So the part before the first slash, if
 * there is one, is always the vhost, and no two queues share a name:
 *
 *	/, agent.tasks          agent.tasks
 *	agents/prod, inbox      agents%2Fprod/inbox
 *	/, agent/plan           %2F/agent/plan
 */
void rabbitmq__name(const char *vhost, const char *name, struct sst_buf *out);

/* What the document calls things. */
struct rabbitmq_names {
	const char *name;
	const char *system;
	const char *dead_letter_queue; /* NULL: nowhere, or not known */
	bool keeps_dead;               /* what is in it are dead letters */
};

/* The queue of the document, begun: see queue__begin, _finish. SST_NOMEM. */
int rabbitmq__entity(struct sst_draft *draft, const struct rabbitmq_row *row,
    const struct rabbitmq_names *names, struct queue_build *out,
    struct sst_error *err);

#endif
