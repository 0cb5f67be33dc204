/* Writing merge patches; for diff_merge*.c only. */
#ifndef SST_SERVICE_DIFF_MERGE_H
#define SST_SERVICE_DIFF_MERGE_H

#include "service/diff_priv.h"
#include "service/match.h"

struct merger {
	struct sst_buf *out;
	struct sst_buf text; /* for what is written more than once */
	bool first;          /* of the object being written */
	bool keyed;          /* objects by key in place of arrays */
	struct sst_error *err;
};

/* A member's comma, name and colon. */
void merge__name(struct merger *m, const char *name, size_t len);

/* What leads from one list of the keyed view to the other. SST_NOMEM. */
int merge__entities(struct merger *m, const struct sst_shape *shape,
    const struct sst_match_list *from, const struct sst_match_list *to);
/* A section as in the keyed view. */
void merge__section(struct merger *m, const struct sst_shape *shape,
    const struct sst_section *section);

#endif
