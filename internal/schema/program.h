/*
 * A compiled schema: nodes (one a subschema) that point to rules (one a type
 * of value) and to each other. References are plain pointers. Everything lives
 * in the arena of the schema and is immutable once compiled.
 */
#ifndef SST_SCHEMA_PROGRAM_H
#define SST_SCHEMA_PROGRAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "schema/arena.h"
#include "schema/format.h"
#include "schema/regex.h"
#include "schema/schema.h"

/* Bits of node.types: 1 << json_typeof(value). */
enum {
	TYPE_OBJECT = 1 << JSON_OBJECT,
	TYPE_ARRAY = 1 << JSON_ARRAY,
	TYPE_STRING = 1 << JSON_STRING,
	TYPE_INTEGER = 1 << JSON_INTEGER,
	TYPE_REAL = 1 << JSON_REAL,
	TYPE_TRUE = 1 << JSON_TRUE,
	TYPE_FALSE = 1 << JSON_FALSE,
	TYPE_NULL = 1 << JSON_NULL,
	TYPE_ANY = 0xff
};

/* Bits of node.more: work beyond the rule of the value's type. */
enum {
	MORE_LOGIC = 1 << 0,       /* logic applies */
	MORE_UNEVALUATED = 1 << 1, /* unevaluated* applies */
	MORE_SCOPE = 1 << 2        /* the dynamic scope must be kept */
};

struct node;

struct count_range {
	size_t min, max; /* SIZE_MAX: none */
};

struct string_rule {
	struct count_range length; /* code points */
	const struct regex *pattern;
	const struct shape *shape; /* of pattern, when it has one */
	const char *pattern_text;
	const struct format *format; /* NULL unless asserted */
};

struct number_rule {
	/* what min..max mean for an int64; empty when int_min > int_max */
	int64_t int_min, int_max;
	const json_t *minimum, *maximum, *above, *below, *multiple;
};

/* One known member name. Key words: see key_word(). */
struct property {
	const char *key;
	uint64_t word;
	uint32_t len;
	bool declared; /* by `properties`; else by `required` only */
	bool required;
	const struct node *node; /* NULL: any value will do */
};

struct pattern_property {
	const struct regex *regex;
	const char *text;
	const struct node *node;
};

/* dependentRequired, dependentSchemas, dependencies: one member name each. */
struct dependency {
	const char *keyword;
	const char *key;
	size_t len;
	const json_t *required; /* array of names, or NULL */
	const struct node *node;
};

struct object_rule {
	const struct property *props; /* in the order of the schema */
	const uint16_t *index;        /* hash table over props, NULL if few */
	uint32_t prop_count, index_mask;
	uint64_t required; /* bits over props, when prop_count <= 64 */
	bool exact;        /* closed, and every known name is required */
	bool sparse;       /* look the few known names up, skip the others */
	struct count_range size;
	const struct node *additional; /* NULL when absent */
	const struct pattern_property *patterns;
	size_t pattern_count;
	const struct node *names;
	const struct dependency *deps;
	size_t dep_count;
};

struct array_rule {
	const struct node *const *prefix;
	size_t prefix_count;
	const struct node *items; /* NULL when absent */
	struct count_range size;
	bool unique;
	const struct node *contains;
	struct count_range matches; /* minContains, maxContains */
};

struct enum_word {
	const char *text;
	uint64_t word;
	size_t len;
};

struct enum_rule {
	const struct enum_word *words;
	size_t word_count;
	const json_t *const *others; /* values that are no strings */
	size_t other_count;
	const json_t *list;           /* the keyword's value, for messages */
	const struct enum_rule *also; /* const beside enum: both must hold */
	bool is_const;
};

struct node_list {
	const struct node *const *nodes;
	size_t count;
};

struct logic_rule {
	const struct node *ref;
	const struct node *dynamic; /* $dynamicRef: where it points at rest */
	const char *dynamic_name;   /* NULL: as $ref */
	struct node_list all, any, one;
	const struct node * not, *if_, *then, *else_;
};

/* A node that $dynamicAnchor names in its resource. */
struct dynamic_target {
	const struct dynamic_target *next;
	const char *name;
	const struct node *node;
};

struct scope_info {
	struct scope_info *next;
	const void *resource; /* identity while compiling */
	const struct dynamic_target *targets;
};

/* For messages. */
struct origin {
	const char *where; /* pointer, or URI#pointer */
	uint16_t types;    /* what `type` says; 0: not there */
	bool integer;      /* `type` lists integer and not number */
	bool never;        /* the schema `false` */
};

struct node {
	uint8_t types; /* json types that can conform: type and enum */
	bool whole;    /* a real must have no fraction */
	uint8_t more;
	bool plain_ref; /* nothing but logic->ref */
	uint8_t mark;   /* used while compiling */
	const struct object_rule *object;
	const struct array_rule *array;
	const struct string_rule *string;
	const struct number_rule *number;
	const struct enum_rule *values;
	const struct logic_rule *logic;
	const struct node *unevaluated_props, *unevaluated_items;
	const struct scope_info *scope;
	struct origin origin;
};

struct kept_regex {
	struct kept_regex *next;
	struct regex *regex;
};

struct kept_json {
	struct kept_json *next;
	json_t *json;
};

struct sst_schema {
	struct arena arena;
	const struct node *root;
	struct kept_regex *regexes;
	struct kept_json *values; /* counted: enum, const, bounds */
	bool dynamic; /* some $dynamicRef depends on the dynamic scope */
};

static inline uint64_t
load_word(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline uint32_t
load_half(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* A number that is the same for equal texts, and differs for different texts of
 * one length up to 8; reads only bytes of the text. */
static inline uint64_t
key_word(const char *s, size_t len)
{
	if (len >= 8)
		return load_word(s);
	if (len >= 4)
		return load_half(s) | (uint64_t)load_half(s + len - 4) << 32;
	if (len == 0)
		return 0;
	return (uint64_t)(unsigned char)s[0] |
	       (uint64_t)(unsigned char)s[len / 2] << 8 |
	       (uint64_t)(unsigned char)s[len - 1] << 16;
}

/* Whether two texts of length len with the same key_word() are equal. */
static inline bool
key_rest_equal(const char *a, const char *b, size_t len)
{
	if (len <= 8)
		return true;
	if (len <= 16)
		return load_word(a + len - 8) == load_word(b + len - 8);
	return memcmp(a + 8, b + 8, len - 8) == 0;
}

static inline uint32_t
key_slot(uint64_t word, size_t len)
{
	uint64_t h = (word ^ len * UINT64_C(0x9e3779b97f4a7c15)) *
		     UINT64_C(0xff51afd7ed558ccd);

	return (uint32_t)(h >> 40);
}

/* Calls fn for each node that node leads to, with the place of the pointer;
 * in_place: it is applied to the same value, not to a part of it. */
typedef int (*schema__edge_fn)(
    void *ctx, const struct node **edge, bool in_place);
int schema__node_edges(const struct node *node, schema__edge_fn fn, void *ctx);

/* Position of key among the known names of rule, or -1. */
int schema__property_find(
    const struct object_rule *rule, const char *key, size_t len);

#endif
