/*
 * What a schema set knows: documents, the schema resources ($id) inside them,
 * and the anchors inside those.
 */
#ifndef SST_SCHEMA_REGISTRY_H
#define SST_SCHEMA_REGISTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "schema/arena.h"
#include "schema/schema.h"

/* Bits of struct resource.vocabs. */
enum {
	VOCAB_CORE = 1 << 0,
	VOCAB_APPLICATOR = 1 << 1,
	VOCAB_UNEVALUATED = 1 << 2,
	VOCAB_VALIDATION = 1 << 3,
	VOCAB_META_DATA = 1 << 4,
	VOCAB_FORMAT = 1 << 5,
	VOCAB_CONTENT = 1 << 6,
	VOCAB_FORMAT_ASSERTION = 1 << 7,
	VOCAB_DEFAULT = 0x7f, /* those of the 2020-12 meta-schema */
	VOCAB_KNOWN = 1 << 8  /* the bits are filled in */
};

struct anchor {
	struct anchor *next;
	const char *name;
	json_t *json;
	const char *pointer; /* from the root of the document */
	bool dynamic;
};

struct document {
	struct document *next;
	json_t *root; /* counted */
	const char *uri;
};

struct resource {
	struct resource *next;
	struct resource *parent; /* the one it is embedded in; NULL: root */
	const struct document *doc;
	json_t *root;
	const char *uri;       /* base URI, without fragment */
	const char *retrieval; /* where a root was found; NULL if the same */
	const char *pointer;   /* from the root of the document */
	struct anchor *anchors;
	unsigned vocabs;
};

struct sst_schema_set {
	struct arena arena;
	struct document *docs;
	struct resource *resources;
	bool formats;
};

/* A place in a document: what a reference resolves to. */
struct place {
	json_t *json;
	struct resource *resource;
	struct sst_buf *pointer; /* caller's buffer: set to the pointer */
};

enum subschema { SUB_NONE, SUB_ONE, SUB_LIST, SUB_MAP };

/* Whether the keyword's value is a schema, an array or an object of them. */
enum subschema schema__keyword_sub(const char *name);

/* Resource of that absolute URI (no fragment), NULL in *out when there is none;
 * loads built-ins. SST_NOMEM only. */
int schema__set_find(struct sst_schema_set *set, const char *uri,
    struct resource **out, struct sst_error *err);
struct anchor *schema__anchor_find(
    const struct resource *res, const char *name, bool dynamic_only);
/*
 * Resolves ref against base (NULL: ref is absolute) and fills in *out.
 * SST_NOT_FOUND, SST_INVALID, SST_NOMEM; the text says what is missing.
 */
int schema__set_resolve(struct sst_schema_set *set, struct resource *base,
    const char *ref, struct place *out, struct sst_error *err);
/* Fills in res->vocabs. SST_NOT_FOUND, SST_UNSUPPORTED, SST_INVALID. */
int schema__dialect(
    struct sst_schema_set *set, struct resource *res, struct sst_error *err);
/* Text of the meta-schema document of that URI, or NULL. */
const unsigned char *schema__builtin(const char *uri, size_t *len);
/* "URI of res or nothing if it is in doc"#pointer, for messages. */
void schema__where(struct sst_buf *b, const struct document *home,
    const struct document *doc, const char *pointer);

#endif
