/* Between the two files of test_rabbitmq_parse. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_RABBITMQ_PARSE_H
#define TESTS_UNIT_REPOSITORY_TEST_RABBITMQ_PARSE_H

#include <check.h>

#include "repository/queues/rabbitmq_parse.h"

#define RECORDINGS SST_SOURCE_DIR "/mocks/upstreams/rabbitmq/"

enum { ROWS_MAX = 64 };

/* What a parse gave to the sink, with names made the document's. */
struct rabbitmq_seen {
	struct rabbitmq_row rows[ROWS_MAX];
	char names[ROWS_MAX][256];
	int64_t levels[RABBITMQ_LEVELS];
	size_t row_count;
	char pointer[128], reason[128]; /* of the first reject */
	size_t reject_count;
};

extern struct rabbitmq_seen seen;
extern const struct rabbitmq_sink seen_sink;

/* Forgets it. */
void seen_forget(void);
/* A file below mocks/upstreams/rabbitmq; the caller's. */
char *recording_read(const char *file);

/* test_rabbitmq_parse_broker.c */
void add_broker_tests(TCase *tc);

#endif
