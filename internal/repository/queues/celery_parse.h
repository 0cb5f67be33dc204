/*
 * What kombu and Celery write into Redis, byte for byte to plain structs. Pure
 * functions of bytes from anybody: wrong types, cut texts and any nesting give
 * a reason, never more. Arguments, results and tracebacks are not looked at.
 *
 * Texts point into the bytes that were parsed, or into the pool when they had
 * escapes or came out of a body.
 */
#ifndef SST_REPOSITORY_QUEUES_CELERY_PARSE_H
#define SST_REPOSITORY_QUEUES_CELERY_PARSE_H

#include "repository/queues/celery_pool.h"
#include "repository/queues/celery_scan.h"

/* Followers of a task that are looked at: of a longer chain the first ones. */
enum { CELERY_NEXT_MAX = 64 };
/* A body larger than this is not opened to look for followers. */
enum { CELERY_BODY_MAX = 256 * 1024 };

struct celery_message {
	struct queue_text id;
	struct queue_text type;
	int64_t retries;     /* QUEUE_UNKNOWN */
	struct sst_wall eta; /* QUEUE_NEVER */
	bool has_priority;
	int64_t priority;
	struct celery_value body;      /* base64 of JSON, or ABSENT */
	struct celery_value waits_for; /* the header of that name */
};

/*
 * A message: as an element of a queue's list. waits_for: name of a header, or
 * NULL. SST_PROTOCOL with what is wrong in *reason_out (static), SST_NOMEM.
 */
int celery__parse_message(const struct celery_value *message,
    const char *waits_for, struct celery_pool *pool, struct celery_message *out,
    const char **reason_out);

/* A task that is submitted when another one is done. */
struct celery_next {
	struct queue_text id;
	struct queue_text type;
	struct queue_text queue; /* NULL: where routing sends it */
	int after; /* index of what it waits for; -1: the message itself */
};

/*
 * The followers of a message in its body: the rest of its chain, the end of its
 * chord, its callbacks. At most CELERY_NEXT_MAX; 0 of a body that says nothing.
 * SST_PROTOCOL: a body that is not what it says; SST_LIMIT: it is too large;
 * SST_NOMEM.
 */
int celery__parse_next(const struct celery_message *message,
    struct celery_pool *pool, struct celery_next out[CELERY_NEXT_MAX],
    size_t *count_out);

/* A value of the hash of the unacknowledged: [message, exchange, key]. */
struct celery_taken {
	struct celery_value message;
	struct queue_text exchange; /* "": the routing key is the queue */
	struct queue_text routing_key;
};

int celery__parse_taken(const char *bytes, size_t len, struct celery_pool *pool,
    struct celery_taken *out, const char **reason_out);

enum celery_state {
	CELERY_NO_RESULT, /* nothing stored, or nothing that says it runs */
	CELERY_STARTED,
	CELERY_RETRY,
	CELERY_SUCCESS,
	CELERY_FAILURE,
	CELERY_REVOKED
};

struct celery_result {
	enum celery_state state;
	struct queue_text worker;
	struct queue_text error; /* "ValueError: no" of RETRY and FAILURE */
};

/* A value of the result backend, which may be cut. SST_PROTOCOL, SST_NOMEM. */
int celery__parse_result(const char *bytes, size_t len,
    struct celery_pool *pool, struct celery_result *out);

/* A member of _kombu.binding.EXCHANGE; false when it is none. */
struct celery_binding {
	struct queue_text routing_key;
	struct queue_text pattern;
	struct queue_text queue;
};

bool celery__parse_binding(
    const char *bytes, size_t len, const char *sep, struct celery_binding *out);

/* Whether a queue belongs to the machinery: replies, events, remote control. */
bool celery__is_internal(struct queue_text queue);

#endif
