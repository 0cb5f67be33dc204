/*
 * Reads single members out of JSON text without building a tree: a message of
 * Celery is a kilobyte, of which forty bytes are wanted, and there may be a
 * hundred thousand. Only as strict as it takes to find the members; nesting
 * costs no stack. Pure functions, safe from any thread.
 */
#ifndef SST_REPOSITORY_QUEUES_CELERY_SCAN_H
#define SST_REPOSITORY_QUEUES_CELERY_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum celery_type {
	CELERY_ABSENT,
	CELERY_OBJECT,
	CELERY_ARRAY,
	CELERY_STRING,
	CELERY_NUMBER,
	CELERY_WORD /* true, false, null, and what Python adds: NaN */
};

/* A piece of the text that was scanned. */
struct celery_value {
	enum celery_type type;
	const char *data; /* of a string: between the quotes */
	size_t len;
	bool escaped; /* a string with a backslash in it */
};

/* Walks over the members of an object or the items of an array. */
struct celery_walk {
	const char *at;
	const char *end;
	bool begun;
	bool broken; /* not JSON: what came before it was good */
};

/* The value that the text is; ABSENT when it is none. */
struct celery_value celery__scan(const char *text, size_t len);

struct celery_walk celery__walk(const struct celery_value *container);
/* The next one; false at the end and when it is broken. key: NULL for an array.
 */
bool celery__walk_next(struct celery_walk *walk, struct celery_value *key,
    struct celery_value *value);

/* Whether the string is that, byte for byte. */
bool celery__is(const struct celery_value *string, const char *text);

/* A whole number; false for anything else. */
bool celery__int(const struct celery_value *value, int64_t *out);

/* Appends the characters of a string, escapes resolved; those that stand for
 * nothing (half a surrogate pair) become U+FFFD. */
void celery__unescape(const struct celery_value *string, struct sst_buf *out);

/* Decodes base64; returns the bytes written to out (3 for each 4 at most), -1
 * when it is something else. */
long celery__base64(const char *in, size_t len, char *out);

#endif
