/*
 * Laws that hold for any two documents: a patch leads from one to the other,
 * order in the input is no change, and the way back is the way there swapped.
 * SST_DIFF_PAIRS: how many pairs, 10,000 unless said; SST_DIFF_SEED.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/document.h"
#include "service/patch.h"
#include "unit/service/diff_random.h"
#include "unit/service/diff_support.h"

static struct sst_error err;
static const struct sst_diff_filter all = {SST_SECTIONS_ALL, NULL, 0};

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* A pair of documents and what is between them. */
struct pair {
	struct rnd rnd;
	uint64_t seed;
	json_t *before;
	struct sst_snapshot *a;
	struct sst_snapshot *b;
	struct sst_diff *diff;
};

static void
pair_begin(struct pair *p, uint64_t seed, bool nulls)
{
	json_t *later;

	memset(p, 0, sizeof(*p));
	p->seed = seed;
	p->rnd = (struct rnd){seed, nulls, true};
	p->before = rnd_document(&p->rnd);
	later = rnd_later(&p->rnd, p->before);
	p->a = doc_tree(json_deep_copy(p->before), NULL);
	p->b = doc_tree(later, rnd_once_in(&p->rnd, 2) ? p->a : NULL);
	p->diff = doc_diff(p->a, p->b);
}

static void
pair_end(struct pair *p)
{
	json_decref(p->before);
	sst_diff_free(&p->diff);
	sst_snapshot_release(&p->a);
	sst_snapshot_release(&p->b);
}

/* Byte for byte, once written in schema order. */
static void
check_bytes(const struct pair *p, json_t *patched)
{
	const struct sst_projection full = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_snapshot *again = doc_tree(patched, NULL);
	struct sst_body *x = NULL, *y = NULL;

	ck_assert_int_eq(sst_snapshot_body(again, &full, &x, &err), SST_OK);
	ck_assert_int_eq(sst_snapshot_body(p->b, &full, &y, &err), SST_OK);
	ck_assert_msg(
	    x->len == y->len && memcmp(x->bytes, y->bytes, x->len) == 0,
	    "seed %llu: %.900s", (unsigned long long)p->seed, x->bytes);
	sst_body_release(&x);
	sst_body_release(&y);
	sst_snapshot_release(&again);
}

static void
check_patch(const struct pair *p)
{
	struct sst_buf out = SST_BUF_INIT;
	json_t *doc = doc_view(p->a, SST_VIEW_FULL);
	json_t *want = doc_view(p->b, SST_VIEW_FULL), *patch;

	ck_assert_int_eq(
	    sst_diff_write_patch(p->diff, SST_SECTIONS_ALL, &out, &err),
	    SST_OK);
	patch = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(patch);
	ck_assert_msg(sst_patch_apply(&doc, patch, &err) == SST_OK,
	    "seed %llu: %.900s", (unsigned long long)p->seed, err.text);
	/* lists in order too */
	ck_assert_msg(json_equal(doc, want), "seed %llu: %.900s",
	    (unsigned long long)p->seed, out.data);
	check_bytes(p, doc);
	json_decref(want);
	json_decref(patch);
	sst_buf_fini(&out);
}

static void
check_merge(const struct pair *p, enum sst_view view)
{
	struct sst_buf out = SST_BUF_INIT;
	json_t *doc = doc_view(p->a, view), *want = doc_view(p->b, view);
	json_t *patch;

	ck_assert_int_eq(sst_diff_write_merge_patch(
			     p->diff, view, SST_SECTIONS_ALL, &out, &err),
	    SST_OK);
	patch = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(patch != NULL, "seed %llu: %.900s",
	    (unsigned long long)p->seed, out.data);
	ck_assert_int_eq(sst_patch_merge(&doc, patch, &err), SST_OK);
	ck_assert_msg(json_equal(doc, want), "seed %llu: %.900s",
	    (unsigned long long)p->seed, out.data);
	json_decref(doc);
	json_decref(want);
	json_decref(patch);
	sst_buf_fini(&out);
}

static void
check_swapped(const struct pair *p)
{
	struct sst_diff_counts x, y;
	struct sst_diff *back = doc_diff(p->b, p->a);

	sst_diff_count(p->diff, &all, &x, NULL);
	sst_diff_count(back, &all, &y, NULL);
	ck_assert_msg(x.op[SST_DIFF_ADDED] == y.op[SST_DIFF_REMOVED] &&
			  x.op[SST_DIFF_REMOVED] == y.op[SST_DIFF_ADDED] &&
			  x.op[SST_DIFF_CHANGED] == y.op[SST_DIFF_CHANGED] &&
			  x.op[SST_DIFF_MOVED] == y.op[SST_DIFF_MOVED],
	    "seed %llu", (unsigned long long)p->seed);
	sst_diff_free(&back);
}

static void
check_forms(const struct pair *p, const struct sst_schema *schema)
{
	struct sst_diff_style style = {all, SIZE_MAX, false, false};
	struct sst_diff_counts n;
	struct sst_buf out = SST_BUF_INIT;
	json_t *tree;
	size_t i;

	sst_diff_write_json(p->diff, &style, &out);
	tree = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(tree != NULL && sst_schema_valid(schema, tree),
	    "seed %llu: %.900s", (unsigned long long)p->seed, out.data);
	sst_diff_count(p->diff, &all, &n, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(tree, "changes")),
	    n.op[0] + n.op[1] + n.op[2] + n.op[3]);
	json_decref(tree);
	sst_buf_clear(&out);
	sst_diff_write_text(p->diff, &style, &out);
	for (i = 0; i < out.len; i++)
		ck_assert(
		    out.data[i] == '\n' || (unsigned char)out.data[i] >= ' ');
	sst_buf_clear(&out);
	sst_diff_write_note(p->diff, &out);
	tree = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(tree);
	json_decref(tree);
	sst_buf_fini(&out);
}

static struct sst_schema *
diff_schema(void)
{
	struct sst_schema_set *set = NULL;
	struct sst_schema *schema = NULL;
	size_t len;
	const char *text = sst_contract_text("diff.schema.json", &len);
	json_t *tree = json_loadb(text, len, 0, NULL);

	ck_assert_int_eq(sst_schema_set_new(&set, &err), SST_OK);
	ck_assert_int_eq(
	    sst_schema_set_add(set, "https://systate.dev/d", tree, &err),
	    SST_OK);
	ck_assert_int_eq(
	    sst_schema_compile(set, "https://systate.dev/d", &schema, &err),
	    SST_OK);
	sst_schema_set_free(&set);
	json_decref(tree);
	return schema;
}

START_TEST(any_two_documents)
{
	uint64_t seed = setting("SST_DIFF_SEED", 1);
	uint64_t i, pairs = setting("SST_DIFF_PAIRS", 10000);
	struct sst_schema *schema = diff_schema();
	size_t moved = 0, changed = 0;
	struct sst_diff_counts n;
	struct pair p;

	for (i = 0; i < pairs; i++) {
		/* every other one without nulls: merge patches need that */
		pair_begin(&p, seed + i, i % 2 == 0);
		check_patch(&p);
		check_swapped(&p);
		check_forms(&p, schema);
		if (i % 2 == 1) {
			check_merge(&p, SST_VIEW_KEYED);
			check_merge(&p, SST_VIEW_FULL);
		}
		sst_diff_count(p.diff, &all, &n, NULL);
		moved += n.op[SST_DIFF_MOVED];
		changed += n.op[SST_DIFF_CHANGED];
		pair_end(&p);
	}
	/* or the generator makes nothing worth looking at */
	ck_assert_uint_gt(moved, pairs / 20);
	ck_assert_uint_gt(changed, pairs);
	sst_schema_free(&schema);
}
END_TEST

START_TEST(order_in_the_input_is_no_change)
{
	uint64_t seed = setting("SST_DIFF_SEED", 1), i;
	struct rnd r;
	json_t *tree, *shuffled;
	struct sst_snapshot *a, *b;
	struct sst_diff *d;
	char *text;

	for (i = 0; i < 500; i++) {
		r = (struct rnd){seed + i, true, false};
		tree = rnd_document(&r);
		a = doc_tree(json_deep_copy(tree), NULL);
		json_decref(tree);
		tree = doc_view(a, SST_VIEW_FULL);
		shuffled = rnd_shuffled(&r, tree);
		text = json_dumps(shuffled, JSON_COMPACT);
		b = NULL;
		ck_assert_msg(sst_document_read(doc_contract, text,
				  strlen(text), NULL, &b, &err) == SST_OK,
		    "%s: %.900s", err.text, text);
		d = doc_diff(a, b);
		ck_assert_msg(sst_diff_empty(d, &all), "%.900s", text);
		sst_diff_free(&d);
		free(text);
		json_decref(shuffled);
		json_decref(tree);
		sst_snapshot_release(&a);
		sst_snapshot_release(&b);
	}
}
END_TEST

START_TEST(from_itself_nothing_differs)
{
	struct rnd r = {7, true, true};
	json_t *tree = rnd_document(&r);
	struct sst_snapshot *a = doc_tree(json_deep_copy(tree), NULL);
	struct sst_snapshot *b = doc_tree(tree, NULL);
	struct sst_diff *d = doc_diff(a, b);

	ck_assert(sst_diff_empty(d, &all));
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("diff of random documents");
	TCase *t = tcase_create("laws");
	SRunner *sr = srunner_create(s);
	int failed;

	doc_init();
	tcase_set_timeout(t, 0);
	tcase_add_test(t, any_two_documents);
	tcase_add_test(t, order_in_the_input_is_no_change);
	tcase_add_test(t, from_itself_nothing_differs);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	doc_fini();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
