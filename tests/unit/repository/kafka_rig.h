/*
 * A cluster to read: librdkafka's mock brokers, in this process, and what fills
 * them. They keep topics, messages and committed offsets; they do not list or
 * describe groups, so a test names the groups.
 */
#ifndef TESTS_UNIT_REPOSITORY_KAFKA_RIG_H
#define TESTS_UNIT_REPOSITORY_KAFKA_RIG_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdint.h>

#include "support/subject.h"

struct kafka_rig {
	rd_kafka_t *producer;
	rd_kafka_mock_cluster_t *cluster;
	struct subject subject; /* of the Kafka source, initialised */
	char options[1024];
	/* For rig_collect_after: the allocation that fails, from 1; 0: none.
	 * Whether it came to that. */
	long starve_after;
	bool starved;
};

/* With so many brokers, 1 to n. Asserts that nothing fails. */
void rig_init(struct kafka_rig *rig, int brokers);
void rig_fini(struct kafka_rig *rig);

/* Partitions are led by the brokers in turn, from broker 1 on. */
void rig_topic(struct kafka_rig *rig, const char *topic, int partitions);
/* So many messages; headers: name, value, ..., NULL; or NULL. */
void rig_produce(struct kafka_rig *rig, const char *topic, int partition,
    int count, const char *const *headers);
void rig_commit(struct kafka_rig *rig, const char *group, const char *topic,
    int partition, int64_t offset);
/* What is committed; -1001 for nothing. */
int64_t rig_committed(
    struct kafka_rig *rig, const char *group, const char *topic, int partition);

/* Opens the source with the brokers and these options besides. */
void rig_open(struct kafka_rig *rig, const char *options);
/* One good collection, its queues as a tree: the caller's. */
json_t *rig_collect(struct kafka_rig *rig);
/* The source alone, after a collection that gave `previous` (NULL: none), which
 * then is what this one gave, when it is good. */
int rig_collect_after(struct kafka_rig *rig, struct sst_harvest **previous);
/* Collects; whether nothing was missing. */
bool rig_is_whole(struct kafka_rig *rig);
/* The queue of that name; asserts that it is there. Borrowed. */
json_t *rig_queue(json_t *queues, const char *name);
/* A member of depth: -1 when it is null. */
int64_t rig_depth(json_t *queues, const char *name, const char *member);
/* Whether the part of the upstream is in that state. */
bool rig_part(struct kafka_rig *rig, const char *name, const char *state);

#endif
