/*
 * What one collection of one source gave: its slice of a section. Immutable
 * once finished; shared by reference between the slot and the composer.
 */
#ifndef SST_REPOSITORY_HARVEST_H
#define SST_REPOSITORY_HARVEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ref.h"
#include "model/entity.h"
#include "repository/contract.h"
#include "repository/draft.h"

struct sst_harvest {
	struct sst_ref ref;
	struct sst_entity **entities; /* by key, keys unique */
	size_t count;
	size_t bytes;     /* encoded, with children */
	size_t rejected;  /* left out */
	/* What is known of the system it comes from: the encoded object of
	 * sources[].upstream; NULL: nothing. */
	char *upstream;
	size_t upstream_len;
	/* Why it is not whole: code SST_OK when it is. */
	struct sst_error flaw;
};

struct sst_harvest *sst_harvest_acquire(struct sst_harvest *harvest);
void sst_harvest_release(struct sst_harvest **harvest);
/* Same entities (by content), same flaw, same word of the upstream. */
bool sst_harvest_equal(
    const struct sst_harvest *a, const struct sst_harvest *b);

/* What a draft needs to know; borrowed for its lifetime. */
struct sst_draft_settings {
	const struct sst_contract *contract;
	enum sst_section_id section;
	const char *source;      /* name of the source */
	struct sst_wall now;     /* for changed-at times */
	size_t max_entities;     /* children counted too; 0: no bound */
	struct sst_harvest *previous; /* last good one, or NULL */
};

int sst_draft_new(const struct sst_draft_settings *settings,
    struct sst_draft **out, struct sst_error *err);
/* Accepts NULL; clears the pointer. */
void sst_draft_free(struct sst_draft **draft);
/* Sorts what was added and hands it over; the draft is empty afterwards. */
int sst_draft_finish(struct sst_draft *draft, struct sst_harvest **out,
    struct sst_error *err);
/* What sst_draft_next_in() asked for, or -1. */
long sst_draft_next(const struct sst_draft *draft);

#endif
