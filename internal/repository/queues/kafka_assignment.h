/*
 * Which topics a member of a consumer group reads, as the group's leader wrote
 * it for the member: bytes of another program, in the form of Kafka's consumer
 * protocol. Pure functions.
 */
#ifndef SST_REPOSITORY_QUEUES_KAFKA_ASSIGNMENT_H
#define SST_REPOSITORY_QUEUES_KAFKA_ASSIGNMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repository/queues/row.h"

struct kafka_assignment {
	const unsigned char *at;
	size_t left;
	int32_t topics; /* not read yet */
};

/* Bytes are borrowed; what is no assignment has no topics. */
void kafka__assignment_begin(
    const void *bytes, size_t len, struct kafka_assignment *out);
/* The next topic, borrowed from the bytes; false at the end, and where they are
 * no assignment any more. */
bool kafka__assignment_next(
    struct kafka_assignment *assignment, struct queue_text *topic_out);
/* Whether the topic is among them. */
bool kafka__assignment_has(const void *bytes, size_t len, const char *topic);

#endif
