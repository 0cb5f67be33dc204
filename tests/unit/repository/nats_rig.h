/*
 * A real nats-server with JetStream for the tests of the NATS source, behind a
 * proxy that misbehaves on order, and a client that plays producer and worker.
 */
#ifndef TESTS_UNIT_REPOSITORY_NATS_RIG_H
#define TESTS_UNIT_REPOSITORY_NATS_RIG_H

#include <nats/nats.h>

#include "support/fault_proxy.h"
#include "support/server.h"
#include "support/subject.h"

struct nats_rig {
	struct server server;
	struct fault_proxy *proxy; /* before its client port */
	unsigned short port;       /* where the source connects: the proxy's */
	char monitoring[64];       /* URL */
	natsConnection *nc;
	jsCtx *js;
	struct subject subject;
	json_t *tree; /* of the last collection */
	/* What messages came by; they need it to be acknowledged. */
	natsSubscription *subs[32];
	size_t sub_count;
};

/* False, with a line for people, when there is no nats-server. */
bool nats_rig_there(void);
void nats_rig_init(struct nats_rig *rig);
void nats_rig_fini(struct nats_rig *rig);

/* A stream of that retention with the subject NAME.>. */
void nats_rig_stream(struct nats_rig *rig, const char *name,
    jsRetentionPolicy retention, bool direct);
/* A durable pull consumer; filter NULL: all. */
void nats_rig_consumer(struct nats_rig *rig, const char *stream,
    const char *name, const char *filter, int64_t max_deliver);
/* Headers as "name: value" lines, or NULL. */
void nats_rig_submit(struct nats_rig *rig, const char *subject,
    const char *headers, const char *body, size_t len);
/* Takes so many messages of the consumer. */
void nats_rig_pull(struct nats_rig *rig, const char *stream,
    const char *consumer, int count, natsMsgList *out);

/* Opens the source; more: YAML members, each after a comma. */
void nats_rig_open(struct nats_rig *rig, const char *more);
/* Collects; asserts that it succeeds, and reads the entities. */
const struct sst_error *nats_rig_collect(struct nats_rig *rig);
/* The same without any flaw. */
void nats_rig_collect_whole(struct nats_rig *rig);
/* The queue of that name, borrowed; asserts that there is one. */
const json_t *nats_rig_queue(struct nats_rig *rig, const char *name);
/* Its tasks in the order of the document: "id status,id status". */
char *nats_rig_tasks(struct nats_rig *rig, const char *name);
/* "ready running dead total" with - for what is not known. */
const char *nats_rig_depth(struct nats_rig *rig, const char *name);

#endif
