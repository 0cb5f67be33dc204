/* Between table.c, load.c and args.c. */
#ifndef SST_CONFIG_CONFIG_PRIV_H
#define SST_CONFIG_CONFIG_PRIV_H

#include "config/config.h"

/* Rows of one struct sst_config_token. */
const struct sst_option *config__token_options(size_t *count_out);

/* The row of the service with this flag, or NULL. */
const struct sst_option *config__row_of_flag(const char *flag);

#endif
