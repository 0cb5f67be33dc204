/*
 * A configuration document as a tree with the place of every value, so that
 * whoever reads it can say where something is wrong. Built from YAML; values
 * from the environment and from flags are put into the same tree.
 *
 * Bounded in size, depth and number of values before and after aliases are
 * unfolded. Belongs to one thread until built, immutable and shared after.
 */
#ifndef SST_CONFIG_NODE_H
#define SST_CONFIG_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
	SST_CONFIG_FILE_MAX = 1 << 20,   /* bytes; 1,000 sources take 300 KB */
	SST_CONFIG_SCALAR_MAX = 1 << 16, /* bytes of one value or key */
	SST_CONFIG_DEPTH_MAX = 32,       /* we nest 5 deep ourselves */
	SST_CONFIG_NODES_MAX = 50000,    /* values, aliases unfolded */
	SST_CONFIG_MAP_MAX = 1024        /* keys of one map */
};

enum sst_config_kind { SST_CONFIG_SCALAR, SST_CONFIG_LIST, SST_CONFIG_MAP };

enum sst_config_style {
	SST_CONFIG_PLAIN,  /* a number, true, null or text by how it looks */
	SST_CONFIG_QUOTED, /* text, whatever it looks like */
	SST_CONFIG_UNTYPED /* from a variable or flag: what its reader wants */
};

struct sst_config_node {
	enum sst_config_kind kind;
	enum sst_config_style style; /* of a scalar */
	const char *key;             /* in a map, else NULL */
	const char *text;            /* scalar: without NUL bytes; else NULL */
	size_t index;                /* place in the parent */
	size_t count;                /* children */
	const char *origin; /* file, "environment variable X", "--flag" */
	unsigned line;      /* from 1; 0: origin has no lines */
	unsigned column;    /* characters, from 1 */
	unsigned key_line, key_column;
	struct sst_config_node *parent, *first, *last, *next;
};

/* Owns all nodes and texts of a tree. */
struct sst_config_doc;

/*
 * Parses YAML; origin is for messages (copied). An empty text is a document
 * with the root NULL. Free with sst_config_doc_free(). The text of an error
 * begins with origin:line:column. SST_SYNTAX, SST_ENCODING, SST_NUL,
 * SST_TOO_DEEP, SST_TOO_LARGE, SST_LIMIT (aliases unfold to too much),
 * SST_INVALID (duplicate key, control character), SST_UNSUPPORTED (tags,
 * several documents, keys that are no text), SST_NOMEM.
 */
int sst_config_doc_parse(const char *origin, const char *text, size_t len,
    struct sst_config_doc **out, struct sst_error *err);
/* The same of a text that may be larger or has to be smaller. */
struct sst_config_input {
	const char *origin;
	const char *text;
	size_t len;
	size_t max_bytes;  /* of text */
	size_t max_values; /* aliases unfolded */
};

int sst_config_doc_parse_bounded(const struct sst_config_input *input,
    struct sst_config_doc **out, struct sst_error *err);
/* As the first one of a file. SST_NOT_FOUND, SST_IO. Blocks on a local file. */
int sst_config_doc_read(
    const char *path, struct sst_config_doc **out, struct sst_error *err);
/* Takes the address, sets NULL; accepts NULL inside. */
void sst_config_doc_free(struct sst_config_doc **doc);

/* Borrowed from the document; NULL when it is empty. */
const struct sst_config_node *
sst_config_doc_root(const struct sst_config_doc *doc);

/*
 * Puts value in place of what stands at path ("listen.port",
 * "sources[0].enabled"); maps on the way are made. A value that begins with
 * [ or { is read as YAML, all others are taken as they are; "" unsets.
 * SST_INVALID: no such place; else as sst_config_doc_parse().
 */
int sst_config_doc_set(struct sst_config_doc *doc, const char *path,
    const char *value, const char *origin, struct sst_error *err);

/* The child of a map, or NULL; map may be NULL. */
const struct sst_config_node *
sst_config_node_member(const struct sst_config_node *map, const char *key);
/* By path as above, from any node; NULL when there is none. */
const struct sst_config_node *
sst_config_node_find(const struct sst_config_node *node, const char *path);

/* True for a missing node, and for ~, null and nothing at all, unquoted. */
bool sst_config_node_is_null(const struct sst_config_node *node);
/* The same kinds, styles aside, keys, order and texts. */
bool sst_config_node_equal(
    const struct sst_config_node *a, const struct sst_config_node *b);

/* "sources[0].options.url", cut to size; "" for the root. */
void sst_config_node_path(
    const struct sst_config_node *node, char *out, size_t size);
/* "file:3:5" or the origin alone, cut to size. */
void sst_config_node_place(
    const struct sst_config_node *node, char *out, size_t size);

#endif
