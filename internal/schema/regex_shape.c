/*
 * Patterns matched by a walk over the text: one test a byte, no engine.
 *
 * A shape is a chain of steps, made from patterns of a small language: ^...$
 * around ASCII literals, classes, groups, alternatives and ? * + {n} {n,m}.
 * Each choice is decided by the next byte; where that cannot be done the
 * pattern is no shape, and the engine takes it.
 */
#include "schema/shape.h"

#include <stdlib.h>
#include <string.h>

struct parser {
	struct shape_tree *tree;
	const char *p, *end;
	int depth;
};

static uint16_t
parse_node(struct parser *s, enum shape_kind kind)
{
	struct shape_node *n;

	if (s->tree->count + 1 >= SHAPE_NODES)
		return 0;
	n = &s->tree->nodes[++s->tree->count];
	memset(n, 0, sizeof(*n));
	n->kind = kind;
	return s->tree->count;
}

static void
set_range(struct byte_set *set, int from, int to)
{
	for (; from <= to; from++)
		byte_set_add(set, (unsigned)from);
}

/* An escape outside or inside a class; s->p stands behind the backslash.
 * Returns the byte, -1 when *set was filled in, -2 when it is not ours. */
static int
parse_escape(struct parser *s, struct byte_set *set)
{
	char c;

	if (s->p == s->end)
		return -2;
	c = *s->p++;
	if (c == 'd') {
		set_range(set, '0', '9');
		return -1;
	}
	if (c == 'w') {
		set_range(set, '0', '9');
		set_range(set, 'A', 'Z');
		set_range(set, 'a', 'z');
		byte_set_add(set, '_');
		return -1;
	}
	if (c == '\0' || strchr("^$\\.*+?()[]{}|/-", c) == NULL)
		return -2;
	return c;
}

/* One byte of a class, or -1 for a set, or -2. */
static int
parse_class_byte(struct parser *s, struct byte_set *set)
{
	int c = (unsigned char)*s->p++;

	if (c == '\\')
		return parse_escape(s, set);
	return c == '[' || c >= 0x80 || c == 0 ? -2 : c;
}

/* s->p stands behind the '['. */
static bool
parse_class(struct parser *s, struct byte_set *set)
{
	int from, to;

	if (s->p == s->end || *s->p == '^' || *s->p == ']')
		return false;
	while (s->p < s->end && *s->p != ']') {
		from = parse_class_byte(s, set);
		if (from == -2)
			return false;
		if (from == -1)
			continue;
		to = from;
		if (s->end - s->p >= 2 && s->p[0] == '-' && s->p[1] != ']') {
			s->p++;
			to = parse_class_byte(s, set);
			if (to < from)
				return false;
		}
		set_range(set, from, to);
	}
	if (s->p == s->end)
		return false;
	s->p++;
	return true;
}

static uint16_t parse_alternatives(struct parser *s);

static uint16_t
parse_group(struct parser *s)
{
	uint16_t n;

	if (s->end - s->p >= 2 && s->p[0] == '?') {
		if (s->p[1] != ':')
			return 0;
		s->p += 2;
	}
	if (++s->depth > SHAPE_DEPTH)
		return 0;
	n = parse_alternatives(s);
	s->depth--;
	if (n == 0 || s->p == s->end || *s->p != ')')
		return 0;
	s->p++;
	return n;
}

static uint16_t
parse_atom(struct parser *s)
{
	struct byte_set set = {0, 0};
	unsigned char c = (unsigned char)*s->p++;
	uint16_t n;
	int e;

	if (c == '(')
		return parse_group(s);
	if (c == '[') {
		if (!parse_class(s, &set))
			return 0;
	} else if (c == '\\') {
		e = parse_escape(s, &set);
		if (e == -2)
			return 0;
		if (e >= 0)
			byte_set_add(&set, (unsigned)e);
	} else if (c == 0 || c >= 0x80 || strchr(".*+?{}]^$", c) != NULL) {
		return 0;
	} else {
		byte_set_add(&set, c);
	}
	n = parse_node(s, SHAPE_CLASS);
	if (n != 0)
		s->tree->nodes[n].set = set;
	return n;
}

static bool
parse_number(struct parser *s, uint16_t *out)
{
	unsigned v = 0;
	const char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9' && v < 1000)
		v = v * 10 + (unsigned)(*s->p++ - '0');
	*out = (uint16_t)v;
	return s->p > from && v <= SHAPE_REPEAT;
}

/* s->p stands behind the '{'. */
static bool
parse_braces(struct parser *s, uint16_t *min, uint16_t *max)
{
	if (!parse_number(s, min))
		return false;
	*max = *min;
	if (s->p < s->end && *s->p == ',') {
		s->p++;
		*max = SHAPE_MANY;
		if (s->p < s->end && *s->p != '}' && !parse_number(s, max))
			return false;
	}
	if (s->p == s->end || *s->p != '}' || *max < *min)
		return false;
	s->p++;
	return true;
}

/* The quantifier behind atom, if there is one. */
static uint16_t
parse_quantifier(struct parser *s, uint16_t atom)
{
	uint16_t min = 0, max = SHAPE_MANY, n;
	char c = s->p < s->end ? *s->p : '\0';

	if (c == '\0' || strchr("?*+{", c) == NULL)
		return atom;
	s->p++;
	if (c == '?')
		max = 1;
	else if (c == '+')
		min = 1;
	else if (c == '{' && !parse_braces(s, &min, &max))
		return 0;
	if (s->p < s->end && strchr("?*+{", *s->p) != NULL)
		return 0;
	n = parse_node(s, SHAPE_REPEATED);
	if (n != 0) {
		s->tree->nodes[n].child = atom;
		s->tree->nodes[n].min = min;
		s->tree->nodes[n].max = max;
	}
	return n;
}

static uint16_t
parse_sequence(struct parser *s)
{
	uint16_t cat = parse_node(s, SHAPE_CAT), last = 0, n;

	while (cat != 0 && s->p < s->end && *s->p != '|' && *s->p != ')') {
		n = parse_atom(s);
		if (n != 0)
			n = parse_quantifier(s, n);
		if (n == 0)
			return 0;
		if (last == 0)
			s->tree->nodes[cat].child = n;
		else
			s->tree->nodes[last].next = n;
		last = n;
	}
	return cat;
}

static uint16_t
parse_alternatives(struct parser *s)
{
	uint16_t alt = parse_node(s, SHAPE_ALT), last, n;

	if (alt == 0)
		return 0;
	last = parse_sequence(s);
	s->tree->nodes[alt].child = last;
	while (last != 0 && s->p < s->end && *s->p == '|') {
		s->p++;
		n = parse_sequence(s);
		s->tree->nodes[last].next = n;
		last = n;
	}
	return last == 0 ? 0 : alt;
}

uint16_t
schema__shape_parse(struct shape_tree *tree, const char *pattern, size_t len)
{
	struct parser s = {tree, pattern + 1, pattern + len - 1, 0};
	uint16_t root;

	if (len < 3 || pattern[0] != '^' || pattern[len - 1] != '$' ||
	    pattern[len - 2] == '\\')
		return 0;
	/* a '|' here would belong to the anchors too: ^a|b$ */
	root = parse_sequence(&s);
	return s.p == s.end ? root : 0;
}

int
schema__shape_new(const char *pattern, size_t len, struct shape **out)
{
	struct shape_tree tree = {.count = 0};
	struct shape *shape;
	uint16_t root;

	root = schema__shape_parse(&tree, pattern, len);
	if (root == 0)
		return SST_OK;
	shape = calloc(1, sizeof(*shape));
	if (shape == NULL)
		return SST_NOMEM;
	if (!schema__shape_emit(shape, &tree, root)) {
		free(shape);
		return SST_OK;
	}
	*out = shape;
	return SST_OK;
}

void
schema__shape_free(struct shape *shape)
{
	free(shape);
}

typedef uint8_t bytes16 __attribute__((vector_size(16)));

static inline bytes16
match_load(const uint8_t *p)
{
	bytes16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* 16 bytes at p against the ranges of run[at...]. */
static inline bool
match_16(const struct range_run *r, size_t at, const uint8_t *p)
{
	bytes16 text = match_load(p), good;
	uint64_t half[2];

	good = (bytes16)((text - match_load(r->low + at)) <=
			 match_load(r->span + at));
	good |= (bytes16)((text - match_load(r->low2 + at)) <=
			  match_load(r->span2 + at));
	memcpy(half, &good, sizeof(half));
	return (half[0] & half[1]) == UINT64_MAX;
}

static inline bool
match_run(const struct shape *shape, const struct step *s, const uint8_t *p)
{
	const uint32_t *run = &shape->run[s->at];
	size_t i, n = s->count;
	bool bad = false;

	if (n >= 16 && s->bit != 0) {
		for (i = 0; i + 16 <= n; i += 16) {
			if (!match_16(&shape->ranges, s->at + i, p + i))
				return false;
		}
		/* the rest, together with bytes that were looked at */
		return i == n ||
		       match_16(&shape->ranges, s->at + n - 16, p + n - 16);
	}
	/* no exit in between: texts mostly match, and this keeps no branch */
	for (i = 0; i < n; i++)
		bad |= (shape->table[p[i]] & run[i]) == 0;
	return !bad;
}

static inline bool
match_pick(const struct shape *shape, const struct pick *k, const uint8_t *p)
{
	const uint32_t *classes = k->classes;
	size_t i, a;
	bool ok = false, one;

	for (a = 0; a < k->count; a++) {
		one = true;
		for (i = 0; i < k->len; i++)
			one &= (shape->table[p[i]] & *classes++) != 0;
		ok |= one;
	}
	return ok;
}

bool
schema__shape_match(const struct shape *shape, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + len;
	const struct step *s = shape->steps;
	size_t n;

	for (;; s++) {
		switch (s->kind) {
		case STEP_RUN:
			if ((size_t)(end - p) < s->count ||
			    !match_run(shape, s, p))
				return false;
			p += s->count;
			break;
		case STEP_PICK:
			if (!match_pick(shape, &shape->picks[s->at],
				p - shape->picks[s->at].back))
				return false;
			break;
		case STEP_MANY:
			for (n = s->count; n > 0 && p < end &&
					   (shape->table[*p] & s->bit) != 0;
			     p++)
				n -= s->count != SHAPE_MANY;
			break;
		case STEP_BRANCH:
			if (p == end || (shape->table[*p] & s->bit) == 0)
				s = &shape->steps[s->at] - 1;
			break;
		case STEP_JUMP:
			s = &shape->steps[s->at] - 1;
			break;
		default:
			return p == end;
		}
	}
}
