/* What the tests of the document reader share. */
#ifndef TESTS_UNIT_SERVICE_DOCUMENT_SUPPORT_H
#define TESTS_UNIT_SERVICE_DOCUMENT_SUPPORT_H

#include <check.h>
#include <stdbool.h>

#include "service/document.h"

struct document_rig {
	struct sst_contract *contract;
	struct sst_error err;
};

extern struct document_rig rig;

void rig_setup(void);
void rig_teardown(void);

/* Of tests/golden; NUL-terminated, the caller frees. */
char *golden_text(const char *file, size_t *len_out);
/* Reads what must be readable. */
struct sst_snapshot *must_read(
    const char *bytes, size_t len, const struct sst_snapshot *near);
/* The full view; the caller releases. */
struct sst_body *full_body(struct sst_snapshot *s, bool pretty);
/* The bytes of the full view are these. */
bool writes(struct sst_snapshot *s, bool pretty, const char *want, size_t len);

void add_reading(Suite *s);
void add_faults(Suite *s);

#endif
