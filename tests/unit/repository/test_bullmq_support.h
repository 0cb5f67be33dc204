/* A real redis-server behind a proxy, keys as BullMQ writes them, and the source
 * under test. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_BULLMQ_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_BULLMQ_SUPPORT_H

#include <hiredis/hiredis.h>
#include <jansson.h>

#include "support/fault_proxy.h"
#include "support/server.h"
#include "support/subject.h"

#define BULL_RECORDED SST_SOURCE_DIR "/mocks/upstreams/bullmq/"

struct bull {
	struct server server;
	struct fault_proxy *proxy;
	bool direct; /* bull_open goes round the proxy */
	struct subject subject;
	redisContext *redis; /* ours, straight to the server */
	struct sst_harvest *last;
	json_t *tree; /* of the last collection */
};

/* False, with a line for people, when there is no redis-server. */
bool bull_can(void);
/* extra: more arguments of redis-server, NULL ends; NULL: none. */
void bull_init(struct bull *bull, const char *const *extra);
void bull_fini(struct bull *bull);

/* A source with these options beside url; asserts. */
void bull_open(struct bull *bull, const char *more);
/* One collection after the last good one; its code. */
int bull_collect(struct bull *bull);
/* The same without bull->tree. */
int bull_collect_bare(struct bull *bull);
/* The same; asserts that it is good, and whole. */
void bull_collect_whole(struct bull *bull);

/* A command; asserts that it is no error. */
void bull_do(struct bull *bull, const char *fmt, ...);
/* The commands of a recording. */
void bull_play(struct bull *bull, const char *file);
/* All that the server keeps: keys, a digest of each value, its time to live,
 * and how many writes there were. The caller's; equal when nothing changed. */
char *bull_everything(struct bull *bull);

/* What was collected, borrowed; NULL when it is not there. */
const json_t *bull_queue(struct bull *bull, const char *name);
const json_t *bull_task(struct bull *bull, const char *queue, const char *id);
/* Member of a task as text: a string as it is, anything else as JSON; "absent"
 * when it is. Valid until the next call. */
const char *bull_told(
    struct bull *bull, const char *queue, const char *id, const char *member);
/* The same of the queue, a member or member.member. */
const char *
bull_of(struct bull *bull, const char *queue, const char *path);
/* State and reason of a part of the upstream, "ok" or "state: reason". */
const char *bull_part(struct bull *bull, const char *name);

#endif
