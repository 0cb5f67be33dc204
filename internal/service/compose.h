/*
 * From the state of the sources to a snapshot. Pure but for the memory it
 * takes: no clock, no lock, no I/O.
 */
#ifndef SST_SERVICE_COMPOSE_H
#define SST_SERVICE_COMPOSE_H

#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/snapshot.h"
#include "repository/contract.h"
#include "repository/repository.h"
#include "service/merge.h"
#include "service/settle.h"

/* Since when each source has the status it has; kept by the composer between
 * calls, one row an instance, in the order of the views. */
struct sst_compose_since {
	enum sst_status status;
	bool known; /* false: first time */
	struct sst_wall at;
};

struct sst_compose_input {
	const struct sst_contract *contract;
	const char *id;                    /* of the system */
	const char *epoch;                 /* 16 hex digits */
	const struct sst_slot_view *views; /* by name */
	size_t count;
	struct sst_compose_since *since; /* updated */
	struct sst_mono now;
	struct sst_wall wall;
	/* Of agents that several sources know; kept between calls, updated.
	 * NULL: nothing is kept. */
	struct sst_merge_memory *merges;
	/* Since when agents have the tasks they have; likewise. */
	struct sst_settle_memory *tasks;
	/* The last snapshot or NULL: sections that did not change are shared,
	 * its revision is counted on. */
	const struct sst_snapshot *previous;
	/* Number of the last revision there was before this process; the
	 * next one is above it too. */
	uint64_t last_revision;
};

/*
 * Composes the snapshot of that instant. *valid_until_out is when some source
 * shown ok or degraded will be too old. *out is NULL when the content is that
 * of `previous`. The caller releases *out.
 *
 * An agent that several sources know is merged (see service/merge.h); what
 * agents and queues say of one task is settled (see service/settle.h). Of two
 * other entities of one key the source first by name wins; the other source is
 * degraded with code exists.
 *
 * SST_INVALID: the result does not conform to the schema (a bug of ours; the
 * text names the pointer); SST_NOMEM.
 */
int
sst_compose(const struct sst_compose_input *input, struct sst_snapshot **out,
    struct sst_mono *valid_until_out, struct sst_error *err);

#endif
