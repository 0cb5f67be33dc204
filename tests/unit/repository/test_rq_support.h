/* RQ's key space in a real redis-server, and the source that reads it. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_RQ_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_RQ_SUPPORT_H

#include <jansson.h>

#include "support/subject.h"
#include "test_redis_support.h"

struct rq_rig {
	struct redis_rig redis;
	struct subject subject;
	json_t *tree, *upstream; /* of the last collection */
};

void rq_rig_init(struct rq_rig *rig);
void rq_rig_fini(struct rq_rig *rig);

/* The recorded key space of mocks/upstreams/rq. */
void rq_rig_seed(struct rq_rig *rig);
/* A command to the server. */
#define rq_rig_do(rig, ...) \
	redis_rig_do((rig)->redis.server.port, NULL, __VA_ARGS__)
/* A job in a list or a registry: its hash and its membership. */
void rq_rig_job(struct rq_rig *rig, const char *queue, const char *id);

/* Opens the source; more: YAML members, NULL: none. Asserts. */
void rq_rig_open(struct rq_rig *rig, const char *more);
/* One collection, as the framework does: what was told the last time may be
 * kept. Its harvest is the subject's; asserts nothing. */
int rq_rig_try_bare(struct rq_rig *rig);
/* The same when it succeeds; the tree is there then. */
void rq_rig_collect(struct rq_rig *rig);

/* Borrowed from the tree; asserts that they are there. */
json_t *rq_rig_queue(struct rq_rig *rig, const char *name);
json_t *rq_rig_task(struct rq_rig *rig, const char *queue, const char *id);
/* Of a queue: {"ready": 1, ...} as JSON text in `want`, members by name. */
void rq_rig_expect(const json_t *got, const char *want);
/* Why the last collection was not whole; "": it was. */
const char *rq_rig_flaw(const struct rq_rig *rig);
/* A row of upstream.parts; asserts that it is there. */
json_t *rq_rig_part(struct rq_rig *rig, const char *name);

/* What a variable `rig` holds. */
#define DEPTH(queue, want) \
	rq_rig_expect(json_object_get(rq_rig_queue(&rig, queue), "depth"), want)
#define QUEUE(queue, want) rq_rig_expect(rq_rig_queue(&rig, queue), want)
#define TASK(queue, id, want) rq_rig_expect(rq_rig_task(&rig, queue, id), want)

#endif
