/*
 * A client that keeps what it is told: names of what there is, and the values
 * it knows. Fails the test when an event does not fit what it has: something
 * was lost, or came twice.
 */
#ifndef TESTS_UNIT_SERVICE_WATCH_MODEL_H
#define TESTS_UNIT_SERVICE_WATCH_MODEL_H

#include <jansson.h>

#include "watch_rig.h"

struct model {
	const char *key; /* NULL: of all */
	unsigned sections;
	uint64_t at; /* revision */
	json_t *known; /* "section key" -> text, or null: value not told */
};

void model_init(struct model *model, unsigned sections, const char *key);
void model_fini(struct model *model);
/* Takes any event but SLOW and STOPPED in. */
void model_apply(struct model *model, const struct sst_watch_event *event);
/* It knows what that snapshot has, no more, no less. */
void model_compare(const struct model *model, struct sst_snapshot *truth);
/* Nothing of this projection changed between those two. */
void model_same(const struct model *model, const struct sst_snapshot *a,
    const struct sst_snapshot *b);

#endif
