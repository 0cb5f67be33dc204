/*
 * A YAML file as a tree of nodes that know where they stand, so that every
 * complaint can name file, line, column and path. Bounded in size, depth and
 * count; anchors, aliases, tags and further documents are refused.
 * A document belongs to one thread.
 */
#ifndef SST_REPOSITORY_SCENARIO_NODE_H
#define SST_REPOSITORY_SCENARIO_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
	SCN_FILE_MAX = 4 << 20, /* bytes: a scenario is written by hand */
	SCN_DEPTH_MAX = 24,     /* the deepest scenario needs 9 */
	SCN_NODES_MAX = 200000, /* bounds memory to about 30 MB */
	SCN_MAP_MAX = 128,      /* keys of one mapping: all of them are known */
	SCN_SCALAR_MAX = 16384
};

enum scn_kind { SCN_SCALAR, SCN_SEQ, SCN_MAP };

struct scn_node {
	enum scn_kind kind;
	bool plain; /* a scalar without quotes: may be a number, true, null */
	unsigned line; /* from 1 */
	unsigned column;
	const char *text; /* of a scalar */
	const char *key;  /* of a member of a mapping, else NULL */
	size_t index;     /* among the children of its parent */
	size_t count;     /* children */
	struct scn_node *parent;
	struct scn_node *first;
	struct scn_node *last;
	struct scn_node *next;
};

struct scn_chunk;

struct scn_doc {
	char *file; /* as shown in errors */
	struct scn_node *root;
	struct scn_chunk *chunks;
};

/* SST_SYNTAX, SST_TOO_DEEP, SST_TOO_LARGE, SST_UNSUPPORTED, SST_NOMEM. */
int scenario__parse(const char *file, const char *bytes, size_t len,
    struct scn_doc **out, struct sst_error *err);
/* Also reads the file; SST_NOT_FOUND, SST_IO. */
int scenario__read_file(
    const char *file, struct scn_doc **out, struct sst_error *err);
void scenario__free_doc(struct scn_doc **doc);

/* The member of a mapping, or NULL. */
const struct scn_node *
scenario__member(const struct scn_node *map, const char *key);

/* Writes "FILE:LINE:COLUMN: PATH: ..." and returns SST_INVALID. */
int scenario__fail(const struct scn_doc *doc, const struct scn_node *node,
    struct sst_error *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
