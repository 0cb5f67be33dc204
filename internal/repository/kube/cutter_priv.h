/* What the two files of the cutter share. */
#ifndef SST_REPOSITORY_KUBE_CUTTER_PRIV_H
#define SST_REPOSITORY_KUBE_CUTTER_PRIV_H

#include <stdbool.h>
#include <stddef.h>

/* Nobody nests objects so deep; jansson stops at 2,048. */
enum { CUTTER_DEPTH = 1024 };
/* Longer than the longest name that is looked for, "managedFields". */
enum { CUTTER_NAME = 15 };

/* A value whose inside is not looked at: where it stands. */
struct cutter_raw {
	bool scalar; /* a number, true, false, null: ends before a delimiter */
	bool in_string;
	bool escaped; /* the last byte was the backslash of an escape */
	unsigned depth;
	unsigned char
	    arrays[CUTTER_DEPTH / 8]; /* a bit a level: '[', not '{' */
};

enum cutter_raw_end {
	CUTTER_RAW_MORE, /* the bytes ended first */
	CUTTER_RAW_DONE,
	CUTTER_RAW_DEEP,
	CUTTER_RAW_CROSSED /* { closed by ], or the reverse */
};

/* Begins with that byte, which scan is yet to see. */
void cutter__raw_begin(struct cutter_raw *raw, char first);
/* Goes on from *at to its end or to end; *at becomes where it stopped. */
enum cutter_raw_end
cutter__raw_scan(struct cutter_raw *raw, const char **at, const char *end);

/* The name of a member as it comes, escapes resolved. */
struct cutter_name {
	char text[CUTTER_NAME]; /* bytes that cannot match are '\xff' */
	size_t len;             /* at most CUTTER_NAME; then it is longer */
	bool escaped;
	unsigned hex_left, hex;
};

/* After the opening quote. */
void cutter__name_begin(struct cutter_name *name);
/* True when the closing quote came: *at is behind it. */
bool
cutter__name_scan(struct cutter_name *name, const char **at, const char *end);
bool cutter__name_is(const struct cutter_name *name, const char *text);

#endif
