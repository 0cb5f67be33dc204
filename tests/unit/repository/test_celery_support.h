/*
 * Keys as Celery writes them in a real redis-server, and the source under test.
 * The server, the proxy before it and the looks at what was collected are those
 * of BullMQ's tests: nothing in them but the recordings is BullMQ's.
 */
#ifndef TESTS_UNIT_REPOSITORY_TEST_CELERY_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_CELERY_SUPPORT_H

#include "test_bullmq_support.h"

/* As bull_init, with the source of Celery; queues agent.a and agent.b. */
void celery_init(struct bull *bull, const char *const *extra);
/* As bull_open, with results in database 1 unless `more` has others. */
void celery_open(struct bull *bull, const char *more);

/* What a test message is made of; all-zero is a plain task. */
struct celery_task {
	const char *id;
	const char *queue; /* NULL: agent.a */
	long long eta_ms;  /* from now on by the server's clock; 0: none */
	int retries;
	int priority;
	const char *embed;   /* {chain, chord}; NULL: none */
	const char *headers; /* more of them, with ", " before */
	int pad;             /* bytes of arguments */
};

/* The message, the caller's. */
char *celery_message(struct bull *bull, const struct celery_task *task);
/* Submits it as kombu does: LPUSH to the list of its priority. */
void celery_submit(struct bull *bull, const struct celery_task *task);
/* As if a worker took it, seconds ago; the list is left alone. */
void celery_take(struct bull *bull, const struct celery_task *task, int ago);
/* The result backend says so; result: JSON. */
void celery_result(
    struct bull *bull, const char *id, const char *status, const char *result);

#endif
