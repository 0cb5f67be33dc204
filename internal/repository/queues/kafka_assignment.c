#include "repository/queues/kafka_assignment.h"

#include <string.h>

/* Big-endian, of 2 or 4 bytes; -1: not there, or below 0. */
static int64_t
assignment_number(struct kafka_assignment *a, size_t size)
{
	int64_t n = 0;
	size_t i;

	if (a->left < size || (a->at[0] & 0x80) != 0)
		return -1;
	for (i = 0; i < size; i++)
		n = n << 8 | a->at[i];
	a->at += size;
	a->left -= size;
	return n;
}

void
kafka__assignment_begin(
    const void *bytes, size_t len, struct kafka_assignment *out)
{
	struct kafka_assignment a = {.at = bytes, .left = len};
	int64_t topics = -1;

	/* the version first: later ones only add to the end */
	if (bytes != NULL && assignment_number(&a, 2) >= 0)
		topics = assignment_number(&a, 4);
	a.topics = topics > 0 ? (int32_t)topics : 0;
	*out = a;
}

bool
kafka__assignment_next(struct kafka_assignment *a, struct queue_text *topic_out)
{
	int64_t len, partitions;
	struct queue_text topic;

	if (a->topics == 0)
		return false;
	len = assignment_number(a, 2);
	if (len > 0 && (size_t)len <= a->left) {
		topic = (struct queue_text){(const char *)a->at, (size_t)len};
		a->at += len;
		a->left -= (size_t)len;
		partitions = assignment_number(a, 4);
		if (partitions >= 0 && (size_t)partitions <= a->left / 4) {
			a->at += partitions * 4;
			a->left -= (size_t)partitions * 4;
			a->topics--;
			*topic_out = topic;
			return true;
		}
	}
	a->topics = 0;
	return false;
}

bool
kafka__assignment_has(const void *bytes, size_t len, const char *topic)
{
	struct kafka_assignment a;
	struct queue_text name;
	size_t topic_len = strlen(topic);

	kafka__assignment_begin(bytes, len, &a);
	while (kafka__assignment_next(&a, &name)) {
		if (name.len == topic_len &&
		    memcmp(name.data, topic, topic_len) == 0)
			return true;
	}
	return false;
}
