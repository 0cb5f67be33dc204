/* A history in a directory of its own, on a fake clock, and documents that
 * can be made again from their revision. */
#ifndef SST_TESTS_UNIT_SERVICE_TEST_HISTORY_H
#define SST_TESTS_UNIT_SERVICE_TEST_HISTORY_H

#include <check.h>

#include "service/history.h"
#include "support/fake_clock.h"

enum { STORE_MINUTE = 60000, STORE_HOUR = 3600000 };
#define STORE_DAY (INT64_C(24) * STORE_HOUR)

struct store {
	char dir[128];
	struct fake_clock hands;
	struct sst_history_settings settings;
	struct sst_history_start start; /* of the last opening */
	struct sst_history *history;
	struct sst_history_reader *reader;
	struct sst_error err;
};

void store_init(struct store *s);
void store_fini(struct store *s);
/* Opens history and reader; what goes wrong fails the test. */
void store_open(struct store *s);
void store_close(struct store *s);
/* The path of a name in the directory; valid until the next call. */
const char *store_path(const struct store *s, const char *name);
int64_t store_now(struct store *s);

/* What revision r is to hold; free() it. */
char *store_document(uint64_t revision, size_t *len_out);
/* The record of it; its document is owned by the caller. */
struct sst_history_record store_record(uint64_t revision, int64_t captured_at);
/* Appends one; code of append. */
int store_append(struct store *s, uint64_t revision, int64_t captured_at);
/* Appends first to last, each step_ms after the other, turning the clock. */
void
store_fill(struct store *s, uint64_t first, uint64_t last, int64_t step_ms);
/* Reads it; where that succeeds the bytes must be right. */
int store_read(struct store *s, uint64_t revision);
/* Thins until there is no more to do; returns the number of calls. */
int store_thin(struct store *s);
bool store_holds(struct store *s, uint64_t revision);
struct sst_history_figures store_figures(struct store *s);

/* A file as a whole. */
char *file_read(const char *path, size_t *len_out);
void file_write(const char *path, const void *bytes, size_t len);
/* How many names of the directory begin so. */
int store_count_names(const struct store *s, const char *begin);

TCase *test_history_store(void);
TCase *test_history_thinning(void);
TCase *test_history_foreign(void);
TCase *test_history_damage(void);
TCase *test_history_threads(void);

#endif
