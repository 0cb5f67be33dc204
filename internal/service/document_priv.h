/*
 * Shared by the document*.c files only.
 *
 * A document is read once from front to back. Of an object only its own text
 * becomes a tree: lists of entities are cut out of it and read item by item,
 * so that an item whose bytes are known is never parsed.
 */
#ifndef SST_SERVICE_DOCUMENT_PRIV_H
#define SST_SERVICE_DOCUMENT_PRIV_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/encode.h"
#include "repository/contract.h"
#include "repository/siblings.h"

enum {
	/* Deepest nesting accepted: the schema has 8 levels. */
	DOC_DEPTH = 64,
	/* Lists left out of a text: the sections, and one to spare, for a
	 * list is not looked at when there is no room to leave it out. */
	DOC_CUTS = SST_SECTION_COUNT + 1
};

struct doc_reader;

/*
 * Called for each member that is an array, p at its bracket. *taken when it
 * was read: p is then behind it, and its inside is left out of the text.
 */
typedef int (*doc_list_fn)(struct doc_reader *r, const char *name, size_t len,
    void *ctx, bool *taken);

/* The text of an object without the inside of some of its arrays. */
struct doc_text {
	doc_list_fn list; /* set by the caller, with its context */
	void *ctx;
	struct sst_buf buf;
	const char *start; /* where the object begins */
	const char *from;  /* first byte not yet copied */
	size_t cut_at[DOC_CUTS];  /* offsets into buf */
	size_t cut_len[DOC_CUTS]; /* bytes left out there */
	size_t cuts;
};

/* The list being read: of entities, or of the children of one. */
struct doc_level {
	const char *name; /* of the array */
	enum sst_section_id section;
	const struct sst_shape *shape;
	const struct sst_schema *schema; /* NULL: checked with the head */
	const struct doc_level *above;   /* of the parent, or NULL */
	struct doc_level *below;         /* of the children, or NULL */
	const char *inside;              /* of the item's child array, or NULL */
	struct doc_text text;            /* of the item, so are those below */
	struct sst_buf key;
	struct sst_buf order;
	struct sst_buf json;
	struct sst_encoding met;
	struct sst_former former;
	struct sst_entity **rows; /* one reference each */
	size_t count;
	size_t cap;
	struct sst_key_table twins;
};

struct doc_reader {
	const struct sst_contract *contract;
	const struct sst_snapshot *near;
	const char *start;
	const char *end;
	const char *p;
	struct sst_error *err;
	struct doc_level entity;
	struct doc_level child;
};

/* "line 3, column 7: what", as error of that place. */
int doc__fail(struct doc_reader *r, const char *at, int code, const char *what);
/* Skips white space; the byte there, '\0' at the end. */
char doc__peek(struct doc_reader *r);
/* Fails unless the next byte, which is skipped, is one of the two; which. */
int doc__either(struct doc_reader *r, char a, char b, char *out);
/* Skips one value, looking no further than at its brackets and strings. */
int doc__skip(struct doc_reader *r);

/* Reads the object at p into text, to be parsed; p is then behind it. */
int doc__object(struct doc_reader *r, struct doc_text *text);
/* SST_SYNTAX, SST_ENCODING, SST_NUL, SST_TOO_DEEP, SST_INVALID (numbers out of
 * range, members twice), SST_NOMEM; with the place in the document. */
int doc__parse(
    struct doc_reader *r, const struct doc_text *text, json_t **out);

/* Prepares level for the items of a section or of SST_SECTION_SOURCES. */
void doc__level_begin(struct doc_reader *r, enum sst_section_id section);
/*
 * Reads the list whose bracket is at p into level->rows: sorted, keys unique.
 * Entities equal to one of `near` are that one.
 */
int doc__list(struct doc_reader *r, struct doc_level *level,
    struct sst_entity *const *near, size_t near_count);
/* Whether the rows are these very entities. */
bool doc__level_is(const struct doc_level *level,
    struct sst_entity *const *entities, size_t count);
void doc__level_fini(struct doc_level *level);

#endif
