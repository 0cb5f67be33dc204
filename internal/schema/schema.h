/*
 * JSON Schema, draft 2020-12: compile a schema once, validate jansson trees
 * many times.
 *
 * All vocabularies the draft requires are built in: core, applicator,
 * unevaluated, validation, format (annotation unless asked to assert),
 * content and meta-data (both annotations only). References are resolved
 * among the documents given to a set; nothing is ever fetched.
 *
 * Strings of schemas and of values must be valid UTF-8, which jansson makes
 * sure of for everything it parsed.
 */
#ifndef SST_SCHEMA_SCHEMA_H
#define SST_SCHEMA_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
	/* JSON nesting of a schema document, counted from its root. */
	SST_SCHEMA_DOC_DEPTH = 256,
	/* Subschemas applied inside each other while one value is checked,
	 * be it by nesting of the value or by references. A deeper value is
	 * invalid, with a failure that says so. A check that goes this deep
	 * takes less than 512 KiB of stack. */
	SST_SCHEMA_EVAL_DEPTH = 2048,
	/* Bytes of one regular expression. */
	SST_SCHEMA_PATTERN_BYTES = 16384
};

/*
 * Registry of schema documents by URI. Belongs to one thread at a time. May be
 * freed as soon as the schemas wanted are compiled.
 */
struct sst_schema_set;

/*
 * One compiled schema. Immutable: may be used from any number of threads at
 * once, without locks.
 */
struct sst_schema;

/*
 * Makes a set that knows the 2020-12 meta-schema and its vocabularies. Free
 * with sst_schema_set_free(). SST_NOMEM.
 */
int sst_schema_set_new(struct sst_schema_set **out, struct sst_error *err);
/* Takes the address, frees and sets NULL; accepts a NULL set. */
void sst_schema_set_free(struct sst_schema_set **set);

/*
 * Whether `format` is asserted by the schemas compiled from now on. Off at
 * first, as the draft wants; a meta-schema that lists the format-assertion
 * vocabulary switches it on for its schemas in any case.
 */
void sst_schema_set_formats(struct sst_schema_set *set, bool asserted);

/*
 * Adds a document, found under retrieval_uri (absolute, without fragment) and
 * under the $id of it and of each schema inside. Takes a reference of doc,
 * which must not be changed while the set or a schema of it lives.
 * SST_INVALID: no schema, or $id, $anchor, $dynamicAnchor not well-formed (the
 * text names the JSON Pointer); SST_EXISTS: a URI or anchor is taken already;
 * SST_TOO_DEEP; SST_NOMEM. After an error the set is as before.
 */
int sst_schema_set_add(struct sst_schema_set *set, const char *retrieval_uri,
    json_t *doc, struct sst_error *err);

/*
 * Compiles the schema at uri; its fragment may be a JSON Pointer or an anchor.
 * The result is independent of the set; free with sst_schema_free().
 * The text of an error names the JSON Pointer of the schema at fault.
 * SST_NOT_FOUND: uri, or a $ref or $schema, names nothing in the set;
 * SST_INVALID: a keyword has a value the draft does not allow, a pattern is no
 * ECMA-262 regular expression, references form a cycle that no value ends;
 * SST_UNSUPPORTED: another draft, or a required vocabulary we do not know;
 * SST_TOO_DEEP; SST_NOMEM.
 */
int sst_schema_compile(struct sst_schema_set *set, const char *uri,
    struct sst_schema **out, struct sst_error *err);
/* Takes the address, frees and sets NULL; accepts a NULL schema. */
void sst_schema_free(struct sst_schema **schema);

/*
 * True when value conforms. Stops at the first failure; never blocks. Running
 * out of memory counts as not valid, and so does reaching a bound: depth, steps
 * of a regular expression, branches of a schema that branches into itself.
 * Members of value must not change during the call.
 */
bool sst_schema_valid(const struct sst_schema *schema, const json_t *value);

/*
 * Equality of JSON values as the draft defines it: 1 equals 1.0, and the order
 * of members does not matter. Values nested deeper than SST_SCHEMA_EVAL_DEPTH
 * are not equal to any other.
 */
bool sst_schema_equal(const json_t *a, const json_t *b);

/* One way in which a value does not conform. */
struct sst_failure {
	char *instance; /* RFC 6901 pointer into the value; "" is its root */
	/* Pointer to the keyword in the root document of the schema; for a
	 * keyword of another document, "URI#pointer". */
	char *schema;
	const char *keyword; /* "type", "required", ...; static storage */
	char *message; /* a sentence: what was received, what is allowed */
};

struct sst_report {
	struct sst_failure *failures; /* in the order they were met */
	size_t count;
	size_t omitted; /* more failures than asked for: not listed */
};

/*
 * Finds the failures of value, the first `max` of them listed (0 counts only).
 * Returns 0 when valid. SST_TYPE: not valid and `type` failures only;
 * SST_INVALID: not valid; in both cases *out is filled and err holds the first
 * failure as "POINTER: message" ("the whole document: message" when the pointer
 * is empty). SST_NOMEM: *out is empty. Fill *out by this
 * call only and free it with sst_report_fini(), whatever came back.
 */
int sst_schema_explain(const struct sst_schema *schema, const json_t *value,
    size_t max, struct sst_report *out, struct sst_error *err);
void sst_report_fini(struct sst_report *report);

#endif
