/*
 * What a client of the watch knows: which entities there are, and of their
 * members what it was told, by the names that a diff gives them. An event that
 * does not fit what is known was lost or came twice. One thread.
 */
#ifndef TESTS_API_STORM_MODEL_H
#define TESTS_API_STORM_MODEL_H

#include <jansson.h>
#include <stdbool.h>

#include "model/section.h"
#include "model/shape.h"

struct storm_model {
	const struct sst_shape *shape; /* of the document */
	unsigned sections;
	const char *key; /* this and what is in it; NULL: all */
	/* "section key" -> {name of a member: value}, with "?" when there may
	 * be more */
	json_t *known;
	char broken[160]; /* what did not fit; "" */
};

void storm_model_init(struct storm_model *model, const struct sst_shape *shape,
    unsigned sections, const char *key);
void storm_model_fini(struct storm_model *model);

/* All return false when it does not fit: see broken. */

/* Starts over with a document. */
bool storm_model_state(struct storm_model *model, const json_t *document);
/* Starts over with the entity of the key, or with null. */
bool storm_model_entity(struct storm_model *model, const json_t *entity);
bool storm_model_changes(struct storm_model *model, const json_t *changes);
/* It knows what is in the document, no more, no less, dates aside. */
bool storm_model_fits(struct storm_model *model, const json_t *document);

#endif
