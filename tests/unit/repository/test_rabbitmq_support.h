/* The RabbitMQ source against recorded answers that tests change. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_RABBITMQ_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_RABBITMQ_SUPPORT_H

#include <check.h>
#include <jansson.h>

#include "repository/queues/queues.h"
#include "support/subject.h"
#include "support/upstream.h"

#define RECORDED SST_SOURCE_DIR "/mocks/upstreams/rabbitmq/"
#define LIVE "disable_stats=true&enable_queue_totals=true"
#define NAMES "disable_stats=true"
#define STATS                                                             \
	"columns=name,vhost,type,state,exclusive,node,policy,arguments,"  \
	"members,online,messages,messages_ready,messages_unacknowledged," \
	"consumers,head_message_timestamp,"                               \
	"message_stats.publish_details.rate,"                             \
	"message_stats.deliver_get_details.rate,"                         \
	"message_stats.ack_details.rate"
#define ALL "/api/queues?page=1&page_size=500&"
#define LIVE_ALL ALL LIVE
#define NAMES_ALL ALL NAMES
#define STATS_ALL ALL STATS
#define LEVELS                                                              \
	ALL "columns=name,vhost,backing_queue_status.priority_lengths&use_" \
	    "regex=true&name="
#define CONSUMERS "/api/consumers?columns=queue.name,queue.vhost"
#define OVERVIEW "/api/overview?disable_stats=true"
#define NODES                                                        \
	"/api/nodes?columns=name,running,mem_alarm,disk_free_alarm," \
	"partitions"
#define POLICIES "/api/policies?columns=vhost,name,definition"
#define VHOSTS "/api/vhosts?columns=name"
#define PROBE "?page=1&page_size=1&disable_stats=true&columns=name"

extern struct upstream *up;
extern struct subject subject;
extern json_t *tree; /* of the last collection */

/* As a monitoring user sees the recorded world. */
void rabbitmq_setup(void);
void rabbitmq_teardown(void);
/* Other answers, such as "world/mgmt": a list of routes. */
void as_user(const char *routes);
/* Adds to them. */
void answer(const char *target, const char *text);
/* In the place of every list of queues. */
void answer_lists(const char *text);

/* With these options beside the url. */
void open_with(const char *more);
/* A collection that must succeed; its flaw, borrowed. */
const struct sst_error *collect(void);
/* The same without a flaw. */
void collect_whole(void);
void tick(void); /* a second */

/* The member of that queue at a.b, borrowed; NULL when there is none. */
const json_t *of(const char *name, const char *a, const char *b);
const char *text_of(const char *name, const char *a, const char *b);
/* -1: null. */
long number(const char *name, const char *a, const char *b);
/* Of upstream.parts: the state of one; "" when it is not told. */
const char *part(const char *name);
/* The upstream, borrowed until the next call. */
const json_t *told(void);

/* Runs one test case; the exit code of the program. */
int rabbitmq_run(const char *name, void (*add_tests)(TCase *tc));

#endif
