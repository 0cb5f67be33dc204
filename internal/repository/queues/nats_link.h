/*
 * One connection of the library, between nats_link.c and nats_wire.c. The
 * library's threads may call us until they have said that they will not, so it is
 * counted: the wire, the connection until it is closed, the subscription until
 * it is complete.
 */
#ifndef SST_REPOSITORY_QUEUES_NATS_LINK_H
#define SST_REPOSITORY_QUEUES_NATS_LINK_H

#include <pthread.h>

#include "base/lock.h"
#include "repository/queues/nats_login.h"

/* More answers than requests are not ours: they are dropped. */
enum { NATS_LINK_RING = 2 * NATS_WIRE_WIDTH, NATS_LINK_URLS = 64 };

enum nats_link_state {
	NATS_LINK_CONNECTING,
	NATS_LINK_OPEN,
	NATS_LINK_BROKEN
};

/* An answer that arrived. */
struct nats_item {
	uint64_t tag;
	natsMsg *message;
	char *denied;
};

struct nats_link {
	struct sst_lock lock;
	pthread_cond_t cond;
	unsigned refs; /* guarded by lock, as all below */
	enum nats_link_state state;
	struct sst_error err; /* of NATS_LINK_BROKEN */
	bool interrupted;
	bool inbox_denied;
	struct nats_item ring[NATS_LINK_RING];
	size_t head, count;
	/* of the connecting thread until the state is another one */
	natsOptions *opts;
	natsConnection *nc;
	natsSubscription *sub;
	struct nats_login login;
	char inbox[128];
};

/* Reads the secrets; not connected yet. Codes of nats__login_apply. */
int nats__link_new(const struct nats_access *access, struct nats_link **out,
    struct sst_error *err);
/* What the connecting thread does; ctx is the link. */
void *nats__link_connect(void *ctx);
void nats__link_release(struct nats_link *link);
/* Drops what arrived; the caller holds the lock. */
void nats__link_clear(struct nats_link *link);
void nats__item_fini(struct nats_item *item);

#endif
