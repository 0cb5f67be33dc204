/* Shared by project.c and keyed.c only. */
#ifndef SST_MODEL_PROJECT_PRIV_H
#define SST_MODEL_PROJECT_PRIV_H

#include <stddef.h>

#include "base/buf.h"
#include "model/entity.h"
#include "model/shape.h"

/* p at the opening quote; returns behind the closing one. */
const char *model__skip_string(const char *p, const char *end);
/* Returns behind the value at p: at a comma, a closing bracket, or the end. */
const char *model__skip_value(const char *p, const char *end);

/* The names given to the items of one list so far; all zero: none. */
struct keyed_names {
	struct keyed_use *uses; /* open addressing, at most half full */
	size_t cap;
	size_t count;
};

/*
 * Appends the name of the item at p, an object of that shape, without quotes:
 * its identity members percent-encoded, joined by '/'; what is no string as it
 * stands there, a missing one as nothing. The second item of a name gets "#2",
 * and so on, with names; NULL: all are different.
 */
void model__keyed_name(const struct sst_shape *shape, const char *p,
    const char *end, struct keyed_names *names, struct sst_buf *out);
void model__keyed_names_fini(struct keyed_names *names);

#endif
