/* Shapes from the inside: what the parser hands to the emitter. */
#ifndef SST_SCHEMA_SHAPE_H
#define SST_SCHEMA_SHAPE_H

#include <stdint.h>

#include "schema/regex.h"

enum {
	SHAPE_BITS = 32,    /* distinct classes of bytes */
	SHAPE_STEPS = 200,  /* steps, and bytes tested by runs */
	SHAPE_NODES = 160,  /* nodes of a parsed pattern */
	SHAPE_DEPTH = 12,   /* groups inside each other */
	SHAPE_PICKS = 8,    /* alternatives of one length */
	SHAPE_PICK = 16,    /* classes of one of them */
	SHAPE_REPEAT = 64,  /* largest number in braces */
	SHAPE_MANY = 0xffff /* no upper limit */
};

/* Set of ASCII bytes. */
struct byte_set {
	uint64_t lo, hi;
};

enum shape_kind { SHAPE_CLASS, SHAPE_CAT, SHAPE_ALT, SHAPE_REPEATED };

/* Parsed pattern: children hang on `child`, siblings on `next` (indices into
 * the pool; 0: none). */
struct shape_node {
	enum shape_kind kind;
	uint16_t child, next;
	uint16_t min, max;   /* SHAPE_REPEATED */
	struct byte_set set; /* SHAPE_CLASS */
};

struct shape_tree {
	struct shape_node nodes[SHAPE_NODES];
	uint16_t count; /* node 0 is not used */
};

enum step_kind {
	STEP_RUN,    /* `count` bytes, each in its class: run[at...] */
	STEP_PICK,   /* bytes before, tested together: see struct pick */
	STEP_MANY,   /* bytes of class `bit`, up to `count` of them */
	STEP_BRANCH, /* the next byte is in class `bit`, else jump to `at` */
	STEP_JUMP,   /* to `at` */
	STEP_END     /* the text ends here */
};

struct step {
	uint16_t kind, count, at;
	uint32_t bit; /* STEP_RUN: 1 if all its classes have ranges */
};

/* (0[1-9]|1[0-2]) as one test: a run takes the union of the alternatives, and
 * then these `len` bytes, `back` bytes ago, must fit one of `count`. */
struct pick {
	uint16_t back, len, count;
	uint32_t classes[SHAPE_PICK]; /* len for each alternative */
};

/* A class as one or two ranges, byte - low <= span, for 16 tests at once. */
struct range_run {
	uint8_t low[SHAPE_STEPS], span[SHAPE_STEPS];
	uint8_t low2[SHAPE_STEPS], span2[SHAPE_STEPS];
};

struct shape {
	uint32_t table[256]; /* bit k of a byte: it is in class k */
	uint32_t run[SHAPE_STEPS];
	struct range_run ranges; /* of the same bytes as run[] */
	struct step steps[SHAPE_STEPS];
	struct pick picks[SHAPE_PICKS];
};

static inline struct byte_set
byte_set_or(struct byte_set a, struct byte_set b)
{
	a.lo |= b.lo;
	a.hi |= b.hi;
	return a;
}

static inline bool
byte_set_meet(struct byte_set a, struct byte_set b)
{
	return ((a.lo & b.lo) | (a.hi & b.hi)) != 0;
}

static inline void
byte_set_add(struct byte_set *s, unsigned c)
{
	if (c < 64)
		s->lo |= UINT64_C(1) << c;
	else
		s->hi |= UINT64_C(1) << (c - 64);
}

/* Parses a pattern of the small language; root index, or 0 when it is not in
 * it. */
uint16_t
schema__shape_parse(struct shape_tree *tree, const char *pattern, size_t len);
/* False when the pattern would need backtracking, or too many steps. */
bool schema__shape_emit(
    struct shape *shape, const struct shape_tree *tree, uint16_t root);

#endif
