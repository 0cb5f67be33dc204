/*
 * The shape of the document, read from the annotated schema: the order of
 * members, which belong to the base view, what identifies an entity. The
 * schema stays the only definition; this is its index for the encoder.
 * Immutable after sst_shape_new; any thread.
 */
#ifndef SST_MODEL_SHAPE_H
#define SST_MODEL_SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct sst_shape;

struct sst_member {
	const char *name;
	size_t name_len;
	char *lead; /* `,"name":`, what is written before a value */
	size_t lead_len;
	bool base;       /* x-base: part of the base view */
	bool changed_at; /* x-changed-at: when the entity last changed */
	bool children;   /* x-children: items are entities of their own */
	long text_max;   /* x-text: free text, bound in characters; 0: no */
	/* Of the object, or of each item of the array; NULL for scalars. */
	const struct sst_shape *shape;
	bool array;
};

enum { SST_IDENTITY_MAX = 4 };

struct sst_shape {
	struct sst_member *members; /* in schema order */
	size_t count;
	/* x-identity of the array this is the item of; 0: none */
	size_t identity[SST_IDENTITY_MAX]; /* indices into members */
	size_t identity_count;
	char pointer[64]; /* of the definition: "#/$defs/task" */
	struct sst_shape *next; /* all shapes of a schema, freed together */
};

/*
 * Reads the shape from a system-state schema; SST_INVALID names the pointer of
 * what is not understood (only local $ref, at most one level of anyOf null).
 */
int sst_shape_new(const json_t *schema, struct sst_shape **out,
    struct sst_error *err);
void sst_shape_free(struct sst_shape **shape);

const struct sst_member *sst_shape_find(const struct sst_shape *shape,
    const char *name, size_t len);

#endif
