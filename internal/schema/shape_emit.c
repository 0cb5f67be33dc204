/* From a parsed pattern to steps, if the next byte decides every choice. */
#include "schema/shape.h"

struct emitter {
	struct shape *shape;
	const struct shape_node *nodes;
	struct byte_set sets[SHAPE_BITS];
	unsigned set_count, step_count, run_count;
	unsigned pick_count,
	    pick_done;                 /* those beyond wait for the run's end */
	unsigned pick_at[SHAPE_PICKS]; /* run_count where they begin */
	bool merge; /* the last step is a run that nothing jumps behind */
	bool failed;
};

/* Whether a node can match nothing; first: the bytes it can begin with. */
static bool
emit_nullable(const struct emitter *e, uint16_t at, struct byte_set *first)
{
	const struct shape_node *n = &e->nodes[at];
	bool nullable;
	uint16_t c;

	switch (n->kind) {
	case SHAPE_CLASS:
		*first = byte_set_or(*first, n->set);
		return false;
	case SHAPE_REPEATED:
		nullable = emit_nullable(e, n->child, first);
		return nullable || n->min == 0;
	case SHAPE_CAT:
		for (c = n->child; c != 0; c = e->nodes[c].next) {
			if (!emit_nullable(e, c, first))
				return false;
		}
		return true;
	default:
		nullable = false;
		for (c = n->child; c != 0; c = e->nodes[c].next)
			nullable |= emit_nullable(e, c, first);
		return nullable;
	}
}

static bool
set_has(const struct byte_set *set, unsigned c)
{
	return c < 128 &&
	       ((c < 64 ? set->lo >> c : set->hi >> (c - 64)) & 1) != 0;
}

/* The bit of a class, which is made when new. */
static uint32_t
emit_bit(struct emitter *e, struct byte_set set)
{
	unsigned i, c;

	for (i = 0; i < e->set_count; i++) {
		if (e->sets[i].lo == set.lo && e->sets[i].hi == set.hi)
			return UINT32_C(1) << i;
	}
	if (e->set_count == SHAPE_BITS) {
		e->failed = true;
		return 0;
	}
	e->sets[e->set_count++] = set;
	for (c = 0; c < 128; c++) {
		if (set_has(&set, c))
			e->shape->table[c] |= UINT32_C(1) << i;
	}
	return UINT32_C(1) << i;
}

static struct step *
emit_plain(struct emitter *e, enum step_kind kind)
{
	struct step *s;

	if (e->step_count >= SHAPE_STEPS - 1) {
		e->failed = true;
		return &e->shape->steps[SHAPE_STEPS - 1];
	}
	s = &e->shape->steps[e->step_count++];
	s->kind = (uint16_t)kind;
	return s;
}

/* Ends a run: the picks inside it follow it. */
static void
emit_end_run(struct emitter *e)
{
	for (; e->pick_done < e->pick_count; e->pick_done++) {
		e->shape->picks[e->pick_done].back =
		    (uint16_t)(e->run_count - e->pick_at[e->pick_done]);
		emit_plain(e, STEP_PICK)->at = (uint16_t)e->pick_done;
	}
	e->merge = false;
}

static struct step *
emit_step(struct emitter *e, enum step_kind kind)
{
	emit_end_run(e);
	return emit_plain(e, kind);
}

/* A step that jumps; its index, so that the aim can be filled in later. */
static unsigned
emit_jump(struct emitter *e, enum step_kind kind, uint32_t bit)
{
	emit_end_run(e);
	emit_plain(e, kind)->bit = bit;
	return e->step_count - 1;
}

/* Writes down set as ranges; false when two are not enough. */
static bool
emit_ranges(struct range_run *r, unsigned at, const struct byte_set *set)
{
	unsigned c, count = 0, low[2] = {0, 0}, span[2] = {0, 0};

	for (c = 0; c < 128; c++) {
		if (!set_has(set, c))
			continue;
		if (count > 0 && set_has(set, c - 1)) {
			span[count - 1]++;
			continue;
		}
		if (count == 2)
			return false;
		low[count++] = c;
	}
	if (count == 0)
		return false;
	r->low[at] = (uint8_t)low[0];
	r->span[at] = (uint8_t)span[0];
	r->low2[at] = (uint8_t)low[count - 1];
	r->span2[at] = (uint8_t)span[count - 1];
	return true;
}

static void
emit_class(struct emitter *e, struct byte_set set)
{
	struct step *s;

	if (e->run_count >= SHAPE_STEPS) {
		e->failed = true;
		return;
	}
	if (e->merge) {
		s = &e->shape->steps[e->step_count - 1];
	} else {
		s = emit_step(e, STEP_RUN);
		s->at = (uint16_t)e->run_count;
		s->bit = 1;
	}
	s->count++;
	if (!emit_ranges(&e->shape->ranges, e->run_count, &set))
		s->bit = 0;
	e->shape->run[e->run_count++] = emit_bit(e, set);
	e->merge = true;
}

/* The place that steps emitted from now on begin at; jumps may lead there. */
static uint16_t
emit_label(struct emitter *e)
{
	emit_end_run(e);
	return (uint16_t)e->step_count;
}

static void emit_node(struct emitter *e, uint16_t at, struct byte_set follow);

static void
emit_cat(struct emitter *e, const struct shape_node *n, struct byte_set follow)
{
	struct byte_set after;
	uint16_t c, rest;
	bool open;

	for (c = n->child; c != 0 && !e->failed; c = e->nodes[c].next) {
		after.lo = 0;
		after.hi = 0;
		open = true;
		for (rest = e->nodes[c].next; rest != 0 && open;
		     rest = e->nodes[rest].next)
			open = emit_nullable(e, rest, &after);
		if (open)
			after = byte_set_or(after, follow);
		emit_node(e, c, after);
	}
}

/* Classes of a node that matches a fixed number of bytes, at most SHAPE_PICK of
 * them; the number, or 0. */
static unsigned
emit_fixed(
    const struct emitter *e, uint16_t at, struct byte_set *out, unsigned room)
{
	const struct shape_node *n = &e->nodes[at];
	unsigned len = 0, one, i;
	uint16_t c;

	if (room == 0)
		return 0;
	if (n->kind == SHAPE_CLASS) {
		*out = n->set;
		return 1;
	}
	if (n->kind == SHAPE_REPEATED && n->min == n->max) {
		for (i = 0; i < n->min; i++) {
			one = emit_fixed(e, n->child, out + len, room - len);
			if (one == 0)
				return 0;
			len += one;
		}
		return len;
	}
	if (n->kind != SHAPE_CAT)
		return 0;
	for (c = n->child; c != 0; c = e->nodes[c].next) {
		one = emit_fixed(e, c, out + len, room - len);
		if (one == 0)
			return 0;
		len += one;
	}
	return len;
}

/* Alternatives of one fixed length become part of a run. */
static bool
emit_pick(struct emitter *e, const struct shape_node *n)
{
	struct byte_set sets[SHAPE_PICK], all[SHAPE_PICK];
	struct pick *pick;
	unsigned i, len = 0, used = 0, one;
	uint16_t c;

	if (e->pick_count == SHAPE_PICKS || e->nodes[n->child].next == 0)
		return false;
	pick = &e->shape->picks[e->pick_count];
	pick->count = 0;
	for (c = n->child; c != 0; c = e->nodes[c].next) {
		one = emit_fixed(e, c, sets, SHAPE_PICK - used);
		if (one == 0 || (len != 0 && one != len))
			return false;
		len = one;
		for (i = 0; i < len; i++) {
			all[i] =
			    used == 0 ? sets[i] : byte_set_or(all[i], sets[i]);
			pick->classes[used + i] = emit_bit(e, sets[i]);
		}
		used += len;
		pick->count++;
	}
	pick->len = (uint16_t)len;
	for (i = 0; i < len && !e->failed; i++) {
		emit_class(e, all[i]);
		/* not sooner: the first byte may end another run */
		if (i == 0)
			e->pick_at[e->pick_count++] = e->run_count - 1;
	}
	return true;
}

/* All branches but the last are entered on their first byte; an empty branch
 * has to come last. */
static void
emit_alt(struct emitter *e, const struct shape_node *n, struct byte_set follow)
{
	struct byte_set taken = {0, 0}, first;
	uint16_t c, ends[SHAPE_NODES] = {0};
	unsigned count = 0, i, branch = 0;
	bool nullable;

	if (emit_pick(e, n))
		return;
	for (c = n->child; c != 0 && !e->failed; c = e->nodes[c].next) {
		first.lo = 0;
		first.hi = 0;
		nullable = emit_nullable(e, c, &first);
		if (nullable && e->nodes[c].next != 0)
			e->failed = true;
		if (byte_set_meet(
			taken, nullable ? byte_set_or(first, follow) : first))
			e->failed = true;
		taken = byte_set_or(taken, first);
		if (e->nodes[c].next != 0) {
			branch = emit_jump(e, STEP_BRANCH, emit_bit(e, first));
		}
		emit_node(e, c, follow);
		if (e->nodes[c].next != 0 && !e->failed) {
			ends[count++] = (uint16_t)emit_jump(e, STEP_JUMP, 0);
			e->shape->steps[branch].at = emit_label(e);
		}
	}
	for (i = 0; i < count && !e->failed; i++)
		e->shape->steps[ends[i]].at = emit_label(e);
}

/* Copies beyond the minimum: each is entered on its first byte. */
static void
emit_optional(struct emitter *e, const struct shape_node *n,
    struct byte_set first, struct byte_set follow)
{
	unsigned i, more = (unsigned)(n->max - n->min), start, last;
	bool forever = n->max == SHAPE_MANY;
	struct byte_set inner = byte_set_or(first, follow);
	uint16_t ends[SHAPE_REPEAT + 1] = {0};

	if (forever)
		more = 1;
	start = emit_label(e);
	for (i = 0; i < more && !e->failed; i++) {
		ends[i] =
		    (uint16_t)emit_jump(e, STEP_BRANCH, emit_bit(e, first));
		emit_node(e, n->child, inner);
	}
	if (forever && !e->failed) {
		last = emit_jump(e, STEP_JUMP, 0);
		e->shape->steps[last].at = (uint16_t)start;
	}
	while (i-- > 0 && !e->failed)
		e->shape->steps[ends[i]].at = emit_label(e);
}

static void
emit_repeat(
    struct emitter *e, const struct shape_node *n, struct byte_set follow)
{
	struct byte_set first = {0, 0}, inner;
	struct step *s;
	unsigned i;

	if (emit_nullable(e, n->child, &first)) {
		e->failed = true;
		return;
	}
	inner = byte_set_or(first, follow);
	for (i = 0; i < n->min && !e->failed; i++)
		emit_node(e, n->child,
		    i + 1 < n->min    ? first
		    : n->max > n->min ? inner
				      : follow);
	if (n->max == n->min || e->failed)
		return;
	if (byte_set_meet(first, follow)) {
		e->failed = true;
		return;
	}
	if (e->nodes[n->child].kind != SHAPE_CLASS) {
		emit_optional(e, n, first, follow);
		return;
	}
	s = emit_step(e, STEP_MANY);
	s->bit = emit_bit(e, first);
	s->count =
	    n->max == SHAPE_MANY ? SHAPE_MANY : (uint16_t)(n->max - n->min);
}

static void
emit_node(struct emitter *e, uint16_t at, struct byte_set follow)
{
	const struct shape_node *n = &e->nodes[at];

	if (e->failed)
		return;
	switch (n->kind) {
	case SHAPE_CLASS:
		emit_class(e, n->set);
		break;
	case SHAPE_CAT:
		emit_cat(e, n, follow);
		break;
	case SHAPE_ALT:
		emit_alt(e, n, follow);
		break;
	default:
		emit_repeat(e, n, follow);
		break;
	}
}

bool
schema__shape_emit(
    struct shape *shape, const struct shape_tree *tree, uint16_t root)
{
	struct emitter e = {.shape = shape, .nodes = tree->nodes};
	struct byte_set none = {0, 0};

	emit_node(&e, root, none);
	emit_step(&e, STEP_END);
	return !e.failed;
}
