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

/* One queue of a list. Strings are borrowed from the answer. */
struct rabbitmq_row {
	const char *vhost;
	const char *name;
	const char *type;  /* "classic", "quorum", "stream"; NULL */
	const char *state; /* "running", "down", ...; NULL */
	bool exclusive;
	int64_t ready; /* -1: unknown, as all below */
	int64_t unacked;
	int64_t total;
	int64_t consumers;
	int64_t head_at;  /* seconds since 1970 */
	double published; /* per second */
	double delivered;
	double acked;
};

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

/* /api/overview: object_totals.queues; -1 when it does not tell. */
int rabbitmq__parse_overview(
    const char *bytes, size_t len, int64_t *queues_out, struct sst_error *err);

/* A bare array: its length. */
int rabbitmq__parse_count(
    const char *bytes, size_t len, size_t *count_out, struct sst_error *err);

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

/*
 * The entity of the document: new, the caller's; NULL when memory ran out.
 * Rates are rounded to 0.1 per second, so that an idle queue is silent while
 * the broker's averages fade out.
 */
json_t *rabbitmq__entity(
    const struct rabbitmq_row *row, const char *name, const char *system);

#endif
