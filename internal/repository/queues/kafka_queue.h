/*
 * What is known of the queues of a cluster: what one group has not read of one
 * topic is a queue. Plain memory, one thread.
 *
 * Offsets are Kafka's: -1 (QUEUE_UNKNOWN) stands for what is not known, also
 * for a group that never committed.
 */
#ifndef SST_REPOSITORY_QUEUES_KAFKA_QUEUE_H
#define SST_REPOSITORY_QUEUES_KAFKA_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repository/queues/kafka_record.h"

/* A record that could not be fetched so often (it is larger than the bound on
 * answers, or the broker hangs) is tried again only now and then. */
enum { KAFKA_MISSES = 3, KAFKA_MISSES_AGAIN = 12 };

/* A partition of a queue. */
struct kafka_lane {
	int32_t partition;
	int64_t committed; /* the next offset the group reads */
	int64_t low;       /* of the partition: the oldest that is kept */
	int64_t high;      /* the next one to be written */
	int error;         /* enum sst_code: why one of them is not known */
	int64_t last_low, last_high; /* when they were known last */
	/* The head of what is unread, as far as it was fetched: all records of
	 * the offsets `from` to before `next`. */
	struct kafka_record *records;
	size_t count, cap;
	int64_t from, next;
	/* Collections since the one at `next` could first not be fetched. */
	unsigned misses;
	size_t show; /* how many of the first records are told */
};

enum kafka_kind {
	KAFKA_PLAIN,
	KAFKA_RETRY, /* by the name of its topic */
	KAFKA_DEAD
};

struct kafka_queue {
	char *topic;
	/* NULL: of no group. Then all dead letters that are kept count, and of
	 * other messages nobody knows whether they were read. */
	char *group;
	char *name; /* topic@group, or the topic */
	enum kafka_kind kind;
	struct kafka_lane *lanes; /* by partition, from 0 */
	size_t lane_count;
	bool seen; /* in this collection */
	/* Fingerprints: of what the last good collection told, 0 for none, and
	 * of what this one does. */
	uint64_t told, telling;
};

struct kafka_store {
	struct kafka_queue **queues; /* by topic and group */
	size_t count, cap;
};

void kafka__store_fini(struct kafka_store *store);
/*
 * The queue of that topic and group (NULL: of none), with that many lanes, new
 * or as it was; NULL when memory ran out. It counts as seen; what a collection
 * learns is unknown again when it was not seen yet.
 */
struct kafka_queue *kafka__store_queue(struct kafka_store *store,
    const char *topic, const char *group, size_t lanes);
/* The first queue of that topic, or where it would be. */
size_t kafka__store_first(const struct kafka_store *store, const char *topic);
/* Whether a group reads it, as far as was seen. */
bool kafka__store_reads(const struct kafka_store *store, const char *topic);
/* Begins a collection: none is seen. */
void kafka__store_begin(struct kafka_store *store);
/* Forgets the queues that were not seen. */
void kafka__store_sweep(struct kafka_store *store);

/* Takes what was read of a partition (-1, -1: it could not be). By them other
 * records at the same offsets are noticed, as a topic that was deleted and made
 * again has. */
void kafka__lane_ends(struct kafka_lane *lane, int64_t low, int64_t high);

/*
 * Messages not read yet: end less committed, never below 0; all that is kept
 * when what was committed is deleted (retention), and then lost_out is how many
 * were never read. 0 when nothing is kept. -1: unknown.
 */
int64_t kafka__lane_lag(const struct kafka_queue *queue,
    const struct kafka_lane *lane, int64_t *lost_out);
/* The same of all lanes; -1 when one is unknown. */
int64_t kafka__queue_lag(const struct kafka_queue *queue, int64_t *lost_out);

/* Divides so many rows among the lanes, evenly as far as they have them. */
void kafka__queue_share(struct kafka_queue *queue, size_t rows);

/*
 * Drops the records that the group has read meanwhile. True when some of the
 * first `want` that are unread were not fetched yet: *from_out on, *more_out of
 * them.
 */
bool kafka__lane_window(const struct kafka_queue *queue,
    struct kafka_lane *lane, size_t want, int64_t *from_out, size_t *more_out);
/* Takes a record over; false when memory ran out. */
bool kafka__lane_add(struct kafka_lane *lane, struct kafka_record *record);

/*
 * When the oldest unread message was written, in milliseconds; false when that
 * is not known, or there is none.
 */
bool kafka__queue_oldest(const struct kafka_queue *queue, int64_t *ms_out);

#endif
