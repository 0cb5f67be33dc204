/* From configuration to source instances. */
#ifndef CMD_SYSTATED_SOURCES_H
#define CMD_SYSTATED_SOURCES_H

#include "base/error.h"
#include "config/config.h"
#include "repository/repository.h"

/*
 * Adds every source that the configuration asks for, the mock ones included.
 * SST_INVALID and the codes of sst_options_parse(): the text names the source
 * and, where it is one, the option.
 */
int sources_add(const struct sst_config *config,
    struct sst_repository *repository, struct sst_error *err);

/* Whether two configurations ask for the same sources. */
bool sources_equal(const struct sst_config *a, const struct sst_config *b);

#endif
