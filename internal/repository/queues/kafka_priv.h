/* Between the kafka_*.c files. */
#ifndef SST_REPOSITORY_QUEUES_KAFKA_PRIV_H
#define SST_REPOSITORY_QUEUES_KAFKA_PRIV_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/option.h"
#include "repository/draft.h"
#include "repository/queues/kafka_client.h"
#include "repository/queues/kafka_hub.h"
#include "repository/queues/kafka_queue.h"
#include "repository/queues/kafka_record.h"
#include "repository/queues/pick.h"
#include "repository/source.h"

/* A request for the offsets of each group: more take longer than a deadline. */
enum { KAFKA_GROUPS_MAX = 5000 };
/* Partitions whose head is fetched in one collection, and bytes of messages:
 * brokers hand out whole batches. The rest has its turn in the next ones. */
enum { KAFKA_PEEK_LANES = 1000, KAFKA_PEEK_BYTES = 32 * 1024 * 1024 };
/* What did not answer the last time gets no more than this. */
enum { KAFKA_LATE_MS = 500 };
/* librdkafka goes on asking brokers that left the cluster. After so many
 * collections in which not all told their groups a new handle is made, which
 * only knows those that are there; and again after so many more. */
enum {
	KAFKA_PARTIAL_RENEW = 3,
	KAFKA_PARTIAL_AGAIN = 60,
	KAFKA_PARTIAL_MS = 1000
};
/* Rows of upstream.parts and upstream.nodes. */
enum { KAFKA_ROWS_MAX = 500 };

/* When each step must be done, as a share of the time there is. */
enum {
	KAFKA_BY_METADATA = 40,
	KAFKA_BY_GROUPS = 50,
	KAFKA_BY_COMMITTED = 60,
	KAFKA_BY_ENDS = 75,
	KAFKA_BY_RECORDS = 92
};

struct kafka_settings {
	struct kafka_login login;
	struct queue_pick pick;
	struct sst_option_list topics;
	struct sst_option_list groups;
	struct sst_option_list retry_topics;
	struct sst_option_list dead_letter_topics;
	bool oldest;
	int64_t max_tasks;
	char *id_header;
	char *type_header;
	char *priority_header;
	char *blocked_by_header;
	struct sst_option_list priority_levels;
};

/* A consumer group. */
struct kafka_group {
	char *name;
	bool seen;
	bool late; /* did not answer the last time */
	/* of one collection */
	struct kafka_call *call;
	const rd_kafka_topic_partition_list_t *committed; /* of call; NULL */
	const struct rd_kafka_group_info *info; /* of kafka_read.groups; NULL */
	struct sst_error error;                 /* why committed is not known */
};

/* What is read, and how that stands: a row of upstream.parts. */
enum kafka_part {
	KAFKA_PART_GROUPS,
	KAFKA_PART_CONSUMERS,
	KAFKA_PART_OFFSETS,
	KAFKA_PART_ENDS,
	KAFKA_PART_RECORDS,
	KAFKA_PART_COUNT
};

struct kafka {
	struct kafka_settings s;
	struct kafka_rules rules; /* points into s */
	const struct sst_clock *clock;
	size_t max_bytes;
	struct kafka_hub hub;
	struct kafka_client *client;

	/* kept between collections */
	struct kafka_store store;
	struct kafka_group *groups;
	size_t group_count;
	int32_t *late; /* brokers that did not answer the last time */
	size_t late_count;
	struct kafka_call *peek;     /* was not waited for any longer */
	struct kafka_call *peek_now; /* of this collection */
	bool unlisted;               /* the brokers cannot list groups */
	unsigned partial; /* collections in a row without all groups */
	size_t peek_turn; /* queue whose head is fetched first */
	bool good;        /* the last collection was */
};

/* A broker, or one that is gone and still has partitions. */
struct kafka_node {
	int32_t id;
	bool present;
	char host[160];
	struct sst_error error;
};

/* One collection. */
struct kafka_read {
	struct kafka *k;
	const struct sst_collect *req;
	struct sst_draft *out;
	struct kafka_call *metadata;
	const struct rd_kafka_metadata *cluster;       /* of that call */
	const struct rd_kafka_metadata_topic **topics; /* by name */
	size_t topic_count;
	struct kafka_node *nodes; /* by id */
	size_t node_count;
	struct kafka_call *groups;
	struct kafka_call **ends; /* one a broker */
	size_t end_count;
	bool crowded; /* not all heads could be fetched within the bounds */
	struct sst_error parts[KAFKA_PART_COUNT];
	bool asked[KAFKA_PART_COUNT];
};

/* When a step must be done. */
struct sst_mono kafka__by(const struct kafka_read *read, int percent);
/* Milliseconds until then, at least 1. */
int kafka__left(const struct kafka_read *read, struct sst_mono until);
/* Notes the first reason why a part is not whole. */
void kafka__flaw(
    struct kafka_read *read, enum kafka_part part, const struct sst_error *why);
bool kafka__matches(const struct sst_option_list *patterns, const char *name);
const struct rd_kafka_metadata_topic *
kafka__topic(const struct kafka_read *read, const char *name);
struct kafka_node *kafka__node(struct kafka_read *read, int32_t id);
/* The topic is shown: by the patterns, and not one of the broker's own. */
bool kafka__topic_wanted(const struct kafka *k, const char *name);

/* The steps. Brokers, topics and groups: kafka_census.c. */
int kafka__step_metadata(struct kafka_read *read, struct sst_error *err);
int kafka__step_groups(struct kafka_read *read, struct sst_error *err);
/* Committed offsets: kafka_offsets.c. */
int kafka__step_committed(struct kafka_read *read, struct sst_error *err);
/* The queues of these: kafka_queues.c. */
int kafka__step_queues(struct kafka_read *read, struct sst_error *err);
/* The ends of partitions: kafka_ends.c. */
int kafka__step_ends(struct kafka_read *read, struct sst_error *err);
/* Records at the head of what is unread: kafka_heads.c. */
int kafka__step_records(struct kafka_read *read, struct sst_error *err);
/* Into the draft: kafka_tell.c. */
int kafka__step_tell(struct kafka_read *read, struct sst_error *err);

/* Whether there is a topic with the dead letters of that one; its name into
 * out. kafka_queues.c. */
bool kafka__dead_letter_queue(
    const struct kafka_read *read, const char *topic, struct sst_buf *out);

/* Members of the group that read the topic; -1: not known. */
int64_t kafka__consumers(const struct kafka_group *group, const char *topic);
struct kafka_group *kafka__group(struct kafka *k, const char *name);

#endif
