/*
 * What a record of a topic tells of the task it stands for: its time, its key
 * and the headers that the settings name. The body is never looked at. Pure
 * functions.
 */
#ifndef SST_REPOSITORY_QUEUES_KAFKA_RECORD_H
#define SST_REPOSITORY_QUEUES_KAFKA_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/option.h"
#include "repository/queues/row.h"

/* Bounds of what is kept of a header, in bytes; a longer one is cut. The list
 * of blockers is read whole or not at all, and at most so many are kept. */
enum {
	KAFKA_ID_BYTES = 512,
	KAFKA_WORD_BYTES = 64,
	KAFKA_BLOCKERS_BYTES = 8192,
	KAFKA_BLOCKERS_MAX = 32
};

/* Bytes of our own; data is NULL when there are none. */
struct kafka_bytes {
	char *data;
	size_t len;
};

/* Which header means what; NULL: none does. Borrowed from the settings. */
struct kafka_rules {
	const char *id_header;
	const char *type_header; /* NULL: the key is the type */
	const char *priority_header;
	const char *blocked_by_header;
	const struct sst_option_list *levels; /* VALUE=LEVEL */
};

/* As the client hands it over; borrowed. */
struct kafka_raw {
	int64_t offset;
	int64_t at_ms; /* below 0: none */
	struct queue_text key;
	/* The value of the last header of that name; QUEUE_TEXT_NONE. */
	struct queue_text (*header)(void *ctx, const char *name);
	void *ctx;
};

/* What is kept of it. */
struct kafka_record {
	int64_t offset;
	int64_t at_ms; /* below 0: unknown */
	struct kafka_bytes id;
	struct kafka_bytes type;
	struct kafka_bytes priority;
	struct kafka_bytes *blockers;
	size_t blocker_count;
	/* Used while it is told. */
	size_t rank;
	bool twin; /* an earlier one has the same id */
};

/* False when memory ran out; then there is nothing to free. */
bool kafka__record_read(const struct kafka_raw *raw,
    const struct kafka_rules *rules, struct kafka_record *out);
/* Accepts zeroed memory. */
void kafka__record_fini(struct kafka_record *record);

/* Level of a priority as its header has it; low, normal, high and critical mean
 * themselves, what the settings do not name is normal. */
struct queue_priority
kafka__priority(const struct kafka_bytes *raw, const struct kafka_rules *rules);

/* For option tables: VALUE=LEVEL. */
bool kafka__valid_level(const char *text);

#endif
