/*
 * Compilation under way. Subschemas are queued, not recursed into, so that no
 * schema can exhaust the stack.
 */
#ifndef SST_SCHEMA_COMPILE_H
#define SST_SCHEMA_COMPILE_H

#include "schema/program.h"
#include "schema/registry.h"

/* A node to fill in: where its schema stands. */
struct task {
	struct task *next; /* in the order found */
	struct task *same_bucket;
	struct node *node;
	json_t *json;
	struct resource *resource;
	const char *pointer;
	struct scope_info *scope;
};

enum { TASK_BUCKETS = 1024 };

struct compile {
	struct sst_schema_set *set;
	struct sst_schema *schema;
	struct arena *arena; /* of the schema */
	struct arena scratch;
	struct task *first, *last, *at; /* at: being compiled */
	struct task *buckets[TASK_BUCKETS];
	struct scope_info *scopes;
	struct kept_json *names; /* of $dynamicRef, as JSON strings */
	const struct document *home;
	struct sst_error *err;
	/* rules of the node being compiled, NULL until needed */
	struct string_rule *string;
	struct number_rule *number;
	struct object_rule *object;
	struct array_rule *array;
	struct logic_rule *logic;
	json_t *properties, *required; /* values of these keywords */
};

/* Keyword handlers: value is that of the keyword, found in c->at->json. */
typedef int (*keyword_fn)(struct compile *c, const char *name, json_t *value);

struct keyword {
	const char *name;
	unsigned vocab; /* bit that must be set in the dialect */
	keyword_fn fn;
};

extern const struct keyword schema__keywords[]; /* ends with a NULL name */

/* The error, its text led by the place of keyword in the current schema. */
int schema__compile_fail(struct compile *c, const char *keyword, int code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/*
 * The node of a subschema at keyword (and, unless NULL, its member or item
 * `key`) of the current schema; queued for compilation when new.
 */
int schema__compile_child(struct compile *c, const char *keyword,
    const char *key, json_t *json, const struct node **out);
/* The node a reference leads to. */
int schema__compile_ref(struct compile *c, const char *keyword, const char *ref,
    const struct node **out, struct resource **res_out);
/* Keeps a counted reference of json for the life of the schema. */
int schema__compile_keep(struct compile *c, json_t *json);
int schema__compile_regex(struct compile *c, const char *keyword,
    const json_t *text, const struct regex **out);

/* Handlers of keywords that hold subschemas or speak of members. */
int schema__keyword_one(struct compile *c, const char *name, json_t *value);
int schema__keyword_list(struct compile *c, const char *name, json_t *value);
int schema__keyword_ref(struct compile *c, const char *name, json_t *value);
int schema__keyword_defs(struct compile *c, const char *name, json_t *value);
int schema__keyword_member(struct compile *c, const char *name, json_t *value);
int
schema__keyword_patterns(struct compile *c, const char *name, json_t *value);
int
schema__keyword_dependent(struct compile *c, const char *name, json_t *value);
/* Builds the table of known members once all keywords were seen. */
int schema__object_finish(struct compile *c);

/* Rules, made when first wanted; NULL when memory ran out. */
struct string_rule *schema__rule_string(struct compile *c);
struct number_rule *schema__rule_number(struct compile *c);
struct object_rule *schema__rule_object(struct compile *c);
struct array_rule *schema__rule_array(struct compile *c);
struct logic_rule *schema__rule_logic(struct compile *c);

/* After all nodes are compiled: refuses reference cycles, shortens chains of
 * references. */
int schema__compile_check(struct compile *c);

#endif
