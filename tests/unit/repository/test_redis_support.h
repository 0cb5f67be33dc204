/* A real redis-server behind the proxy, and a client of ours to it. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_REDIS_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_REDIS_SUPPORT_H

#include "repository/redis/redis.h"
#include "support/fake_clock.h"
#include "support/fault_proxy.h"
#include "support/server.h"

enum { REDIS_RIG_BYTES = 1024 * 1024, REDIS_RIG_REPLIES = 64 };

struct redis_rig {
	struct server server;
	struct fault_proxy *proxy;
	struct fake_clock hands;
	struct sst_redis_settings settings; /* url leads to the proxy */
	char url[128];
	struct sst_redis *redis;
	struct sst_error err;
	/* of the last run: the first replies, a line each; how many */
	char replies[4096];
	size_t count;
	int fail_at; /* the reply that ends the run; -1: none */
};

/* False, with a line for people, when there is no redis-server. */
bool redis_rig_has(const char *program);
/* extra: more arguments of redis-server, NULL ends; NULL: none. */
void redis_rig_init(struct redis_rig *rig, const char *const *extra);
void redis_rig_fini(struct redis_rig *rig);

/* A client with rig->settings; asserts. */
void redis_rig_open(struct redis_rig *rig);
/* Runs what is in the pipeline; the replies stand in rig->replies. */
int redis_rig_run(struct redis_rig *rig);
/* PING, of a connection made when there is none. */
int redis_rig_ping(struct redis_rig *rig);
/* A command to a server itself, with hiredis; asserts that it is no error. */
void
redis_rig_do(unsigned short port, const char *password, const char *fmt, ...);
/* Commands as they are sent, from a file of at most 1 MiB. */
void redis_rig_feed(unsigned short port, const char *path);

#endif
