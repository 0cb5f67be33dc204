/*
 * Fetches records from the head of partitions, without a group and so without
 * a trace: brokers keep no position for who only fetches.
 */
#ifndef SST_REPOSITORY_QUEUES_KAFKA_PEEK_H
#define SST_REPOSITORY_QUEUES_KAFKA_PEEK_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repository/queues/kafka_hub.h"
#include "repository/queues/kafka_record.h"

/* Partitions fetched at a time: bounds what is in memory, and how long one that
 * does not answer keeps the others waiting. */
enum { KAFKA_WAVE = 16, KAFKA_WAVE_MS = 1000 };

/* One partition. */
struct kafka_peek_item {
	size_t queue, lane; /* whose it is: indexes for the caller */
	char topic[256];    /* names of topics have at most 249 bytes */
	int32_t partition;
	int64_t from;
	size_t want;
	struct kafka_record *records; /* in order */
	size_t count, cap;
	int64_t next; /* where the next fetch goes on; from: got nothing */
	bool begun;   /* had its turn */
	bool done;
	rd_kafka_resp_err_t error;
	rd_kafka_topic_t *handle;
};

struct kafka_peek {
	struct kafka_call call;
	const struct kafka_rules *rules; /* outlive it */
	struct kafka_peek_item *items;
	size_t count, cap;
	size_t max_bytes; /* of messages; then the rest is left out */
	size_t bytes;
	bool crowded; /* time or bytes did not suffice for all */
	bool nomem;
};

/* NULL: no memory. Its call is ready to be submitted. */
struct kafka_peek *kafka__peek_new(struct kafka_client *client,
    const struct kafka_rules *rules, size_t max_bytes);
/* A new item, all zero; NULL: no memory. */
struct kafka_peek_item *kafka__peek_add(struct kafka_peek *peek);

#endif
