/*
 * Running a program over a value: the fast way, which stops at the first
 * failure, and what the explaining way shares with it.
 */
#ifndef SST_SCHEMA_EXEC_H
#define SST_SCHEMA_EXEC_H

#include "schema/program.h"

enum {
	MARKS_INLINE = 4, /* words: 256 members without allocation */
	/* Times that one validation looks at a value once more (for a branch of
	 * anyOf, a $ref beside other keywords, contains, ...). Schemas that
	 * branch into themselves could otherwise take exponential time: this is
	 * a few seconds. */
	RUN_BRANCHES = 50000000
};

/* Why a run cannot give an answer; the value then counts as not valid. */
enum fault {
	FAULT_NONE,
	FAULT_DEPTH,
	FAULT_BRANCHES,
	FAULT_PATTERN,
	FAULT_MEMORY
};

/* Which members or items of the value at hand were evaluated. */
struct marks {
	size_t words;
	uint64_t *bits; /* inside, or malloc'd */
	uint64_t inside[MARKS_INLINE];
};

/* The schema resources entered on the way here, innermost first. */
struct scope {
	const struct scope *up;
	const struct scope_info *info;
};

struct run {
	const struct sst_schema *schema;
	const struct scope *scope;
	unsigned depth, branches;
	enum fault fault;
	struct regex_run regex;
};

void schema__run_init(struct run *run, const struct sst_schema *schema);
void schema__run_fini(struct run *run);

/* marks: where to note what was evaluated; NULL when nobody asks. */
bool schema__eval(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks);
/* The same without unevaluated*: fills marks for them. */
bool schema__eval_marks(struct run *run, const struct node *n,
    const json_t *value, struct marks *marks);
/* Counts a branch; false, with a fault, when there were too many. */
bool schema__branch_allowed(struct run *run);
/* Where a true $dynamicRef leads in the scope of the run. */
const struct node *
schema__dynamic_target(const struct run *run, const struct logic_rule *logic);
/* Pieces of a rule; each is true when the rule says nothing. */
bool schema__logic_ok(struct run *run, const struct logic_rule *logic,
    const json_t *value, struct marks *marks);
bool schema__in_enum(const struct enum_rule *rule, const json_t *value);
bool schema__number_ok(const struct number_rule *rule, const json_t *value);
bool schema__pattern_ok(
    struct run *run, const struct regex *regex, const char *text, size_t len);
bool schema__has_all(const json_t *object, const json_t *names);
size_t schema__code_points(const char *text, size_t len);
/* Items that match rule->contains; noted in marks unless NULL. */
size_t schema__contains_count(struct run *run, const struct array_rule *rule,
    const json_t *array, struct marks *marks);
/* A member that the table of known names may or may not hold: `known` is its
 * declaration, NULL when there is none. *evaluated: by some keyword. */
bool schema__member_extra_ok(struct run *run, const struct object_rule *rule,
    void *it, const struct property *known, bool *evaluated);
bool schema__deps_ok(struct run *run, const struct object_rule *rule,
    const json_t *value, struct marks *marks);
bool schema__required_ok(const struct object_rule *rule, const json_t *value);
bool schema__unique_ok(struct run *run, const json_t *array);
/* unevaluated* of n over what is not marked; marks all then. */
bool schema__unevaluated_ok(struct run *run, const struct node *n,
    const json_t *value, struct marks *marks);
/* jansson iterates over non-const objects only; it does not change them. */
json_t *schema__iterable(const json_t *object);

/* False when memory ran out; size: members or items of the value. */
bool schema__marks_init(struct marks *m, size_t size);
void schema__marks_fini(struct marks *m);
void schema__marks_clear(struct marks *m);
void schema__marks_all(struct marks *m);
void schema__marks_or(struct marks *m, const struct marks *more);

static inline void
marks_set(struct marks *m, size_t i)
{
	m->bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline bool
marks_get(const struct marks *m, size_t i)
{
	return (m->bits[i / 64] >> (i % 64) & 1) != 0;
}

#endif
