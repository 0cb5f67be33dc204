/* Every source this build knows, in one ordered list. */
#ifndef SST_REPOSITORY_REGISTRY_H
#define SST_REPOSITORY_REGISTRY_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "repository/source.h"

/* Static; NULL when there is none of that section and kind. */
const struct sst_source_ops *sst_registry_find(
    enum sst_section_id section, const char *kind);

/* All of them, NULL-terminated; static. */
const struct sst_source_ops *const *sst_registry_all(void);

/*
 * Checks the list itself: mandatory slots filled, kinds unique within their
 * section, defaults in range. SST_INTERNAL names the first source at fault.
 */
int sst_registry_check(struct sst_error *err);

/* Appends "mock, rabbitmq": the kinds of a section, for error messages. */
void sst_registry_kinds(enum sst_section_id section, struct sst_buf *out);

#endif
