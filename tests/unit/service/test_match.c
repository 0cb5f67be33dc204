/* Matching of two lists, against the obvious way to do it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/match.h"
#include "unit/base/run.h"

enum { LIST = 24 };

static struct sst_error err;

struct list {
	struct sst_entity *entities[LIST];
	size_t count;
};

/* "key:order:content" */
static struct sst_entity *
entity(const char *spec)
{
	const char *order = strchr(spec, ':') + 1;
	const char *content = strchr(order, ':') + 1;
	struct sst_entity_parts parts = {
	    .key = spec,
	    .key_len = (size_t)(order - 1 - spec),
	    .order = order,
	    .order_len = (size_t)(content - 1 - order),
	    /* a real one holds its key, too */
	    .json = spec,
	    .json_len = strlen(spec),
	};
	struct sst_entity *e = NULL;

	ck_assert_int_eq(sst_entity_new(&parts, &e, &err), SST_OK);
	return e;
}

static int
compare(const void *a, const void *b)
{
	const struct sst_entity *const *x = a, *const *y = b;

	return sst_entity_compare(*x, *y);
}

static void
list_add(struct list *l, struct sst_entity *e)
{
	l->entities[l->count++] = e;
	qsort(l->entities, l->count, sizeof(l->entities[0]), compare);
}

static void
list_read(struct list *l, const char *const *specs)
{
	l->count = 0;
	for (; *specs != NULL; specs++)
		list_add(l, entity(*specs));
}

static void
list_fini(struct list *l)
{
	while (l->count > 0)
		sst_entity_release(&l->entities[--l->count]);
}

static void
match(const struct list *a, const struct list *b, struct sst_matches *out)
{
	const struct sst_match_list from = {a->entities, a->count};
	const struct sst_match_list to = {b->entities, b->count};

	ck_assert_int_eq(sst_match_entities(&from, &to, out, &err), SST_OK);
}

/* As "from>to", with a star for another order; "-" for none. */
static void
expect(const char *const *from, const char *const *to, const char *want)
{
	struct sst_matches found;
	struct list a, b;
	struct sst_buf got = SST_BUF_INIT;
	size_t i;

	list_read(&a, from);
	list_read(&b, to);
	match(&a, &b, &found);
	sst_buf_adds(&got, "");
	for (i = 0; i < found.count; i++) {
		if (i > 0)
			sst_buf_addc(&got, ' ');
		if (found.rows[i].from == SST_MATCH_NONE)
			sst_buf_addc(&got, '-');
		else
			sst_buf_json_int(&got, found.rows[i].from);
		sst_buf_addc(&got, '>');
		if (found.rows[i].to == SST_MATCH_NONE)
			sst_buf_addc(&got, '-');
		else
			sst_buf_json_int(&got, found.rows[i].to);
		if (found.rows[i].reordered)
			sst_buf_addc(&got, '*');
	}
	ck_assert_str_eq(got.data, want);
	sst_buf_fini(&got);
	sst_matches_fini(&found);
	list_fini(&a);
	list_fini(&b);
}

#define LIST_OF(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING ((const char *const[]){NULL})

START_TEST(lists_with_something_in_common)
{
	expect(NOTHING, NOTHING, "");
	expect(NOTHING, LIST_OF("a::", "b::"), "->0 ->1");
	expect(LIST_OF("a::", "b::"), NOTHING, "0>- 1>-");
	expect(LIST_OF("a::", "b::"), LIST_OF("a::", "b::"), "");
	expect(LIST_OF("a::1", "b::"), LIST_OF("a::2", "b::"), "0>0");
	expect(LIST_OF("a::", "b::", "d::"), LIST_OF("b::", "c::", "d::x"),
	    "0>- ->1 2>2");
	/* a key that begins another */
	expect(LIST_OF("a::", "ab::"), LIST_OF("ab::", "b::"), "0>- ->1");
}
END_TEST

START_TEST(what_is_sorted_elsewhere_is_one_row)
{
	expect(LIST_OF("a:1:", "b:2:", "c:3:"), LIST_OF("c:0:", "a:1:", "b:2:"),
	    "2>0*");
	expect(LIST_OF("a:1:", "b:2:", "c:3:"), LIST_OF("b:2:", "c:3:", "a:4:"),
	    "0>2*");
	expect(LIST_OF("a:1:", "b:2:"), LIST_OF("b:1:", "a:2:"), "1>0* 0>1*");
	/* one leaves, one comes, one goes elsewhere */
	expect(LIST_OF("a:1:", "b:2:", "c:3:"),
	    LIST_OF("b:2:x", "d:3:", "a:4:"), "1>0 2>- ->1 0>2*");
}
END_TEST

START_TEST(zeroed_matches_can_be_ended)
{
	struct sst_matches none = {NULL, 0};

	sst_matches_fini(&none);
	ck_assert_ptr_null(none.rows);
}
END_TEST

static uint32_t
index_of(const struct list *l, const struct sst_entity *e)
{
	uint32_t i;

	for (i = 0; i < l->count; i++) {
		if (l->entities[i]->key_len == e->key_len &&
		    memcmp(sst_entity_key(l->entities[i]), sst_entity_key(e),
			e->key_len) == 0)
			return i;
	}
	return SST_MATCH_NONE;
}

/* Each entity that is not the same is in one row, with its other half. */
static void
check_rows(
    const struct list *a, const struct list *b, const struct sst_matches *found)
{
	const struct sst_match *row;
	size_t i, n = 0, want = 0;
	uint32_t other, last = 0;

	for (i = 0; i < a->count; i++)
		want += index_of(b, a->entities[i]) == SST_MATCH_NONE;
	for (i = 0; i < b->count; i++) {
		other = index_of(a, b->entities[i]);
		want += other == SST_MATCH_NONE ||
			!sst_hash_equal(
			    a->entities[other]->hash, b->entities[i]->hash);
	}
	for (i = 0; i < found->count; i++) {
		row = &found->rows[i];
		n++;
		if (row->to == SST_MATCH_NONE) {
			ck_assert_uint_eq(index_of(b, a->entities[row->from]),
			    SST_MATCH_NONE);
			continue;
		}
		ck_assert_uint_eq(index_of(a, b->entities[row->to]), row->from);
		ck_assert(n == 1 || row->to >= last);
		last = row->to;
		ck_assert(
		    row->from == SST_MATCH_NONE ||
		    row->reordered ==
			(strcmp(sst_entity_order(a->entities[row->from]),
			     sst_entity_order(b->entities[row->to])) != 0));
	}
	ck_assert_uint_eq(n, want);
}

static unsigned
next(unsigned *state, unsigned below)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 16) % below;
}

START_TEST(any_two_lists)
{
	unsigned seed, state, k;
	struct sst_matches found;
	struct list a, b;
	char spec[32];

	for (seed = 1; seed <= 3000; seed++) {
		state = seed;
		a.count = b.count = 0;
		for (k = 0; k < LIST; k++) {
			snprintf(spec, sizeof(spec), "%u:%u:%u", k,
			    next(&state, 5), next(&state, 2));
			if (next(&state, 3) > 0)
				list_add(&a, entity(spec));
			if (next(&state, 4) == 0)
				snprintf(spec, sizeof(spec), "%u:%u:%u", k,
				    next(&state, 5), next(&state, 2));
			if (next(&state, 3) > 0)
				list_add(&b, entity(spec));
		}
		match(&a, &b, &found);
		check_rows(&a, &b, &found);
		sst_matches_fini(&found);
		list_fini(&a);
		list_fini(&b);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("match");
	TCase *t = tcase_create("match");

	tcase_add_test(t, lists_with_something_in_common);
	tcase_add_test(t, what_is_sorted_elsewhere_is_one_row);
	tcase_add_test(t, zeroed_matches_can_be_ended);
	tcase_add_test(t, any_two_lists);
	suite_add_tcase(s, t);
	return unit_run(s);
}
