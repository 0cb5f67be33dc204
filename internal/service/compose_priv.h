/* Between compose.c and compose_rows.c. */
#ifndef SST_SERVICE_COMPOSE_PRIV_H
#define SST_SERVICE_COMPOSE_PRIV_H

#include "service/compose.h"

/* What has been found out about one source while composing. */
struct compose_source {
	enum sst_status status;
	size_t twins; /* entities another source has already */
	struct sst_error error;
	struct sst_wall error_since;
};

struct composer {
	const struct sst_compose_input *in;
	struct compose_source *sources;
	struct sst_snapshot *snapshot;
	struct sst_settle_rows rows[SST_SECTION_COUNT];
	struct sst_merge_round merges;
	struct sst_mono valid_until;
	struct sst_error *err;
};

/* The entities of all sources of a section, each key once, in order. End with
 * compose__rows_fini(), also after a failure. */
int compose__rows(struct composer *c, enum sst_section_id id,
    struct sst_settle_rows *out);
/* Accepts zeroed memory. */
void compose__rows_fini(struct sst_settle_rows *rows);

#endif
