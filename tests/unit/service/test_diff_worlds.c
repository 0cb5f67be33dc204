/* The shipped scenarios: what they say changed, and that patches follow. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/scenario/scenario.h"
#include "service/patch.h"
#include "unit/service/diff_support.h"

static struct sst_error err;
static const struct sst_diff_filter all = {SST_SECTIONS_ALL, NULL, 0};

static struct sst_scenario *scenario;
static struct sst_engine *engine;

static void
begin(const char *name)
{
	const struct sst_engine_options options = {
	    .speed = 1.0, .started = {INT64_C(1767225600000)}};

	ck_assert_msg(
	    sst_scenario_load(name, SST_SOURCE_DIR, &scenario, &err) == SST_OK,
	    "%s", err.text);
	ck_assert_int_eq(
	    sst_engine_new(scenario, &options, &engine, &err), SST_OK);
}

static void
end(void)
{
	sst_engine_free(&engine);
	sst_scenario_free(&scenario);
}

static struct sst_snapshot *
world_at(int64_t ms, struct sst_snapshot *near)
{
	json_t *doc = json_object(), *list;
	size_t i, n;
	unsigned id;
	int rc;

	do
		rc = sst_engine_advance(engine, ms, 1000, &err);
	while (rc == SST_LIMIT);
	ck_assert_int_eq(rc, SST_OK);
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		n = sst_engine_count(engine, (enum sst_section_id)id);
		list = json_array();
		for (i = 0; i < n; i++)
			json_array_append_new(
			    list, sst_engine_entity(
				      engine, (enum sst_section_id)id, i));
		json_object_set_new(
		    doc, sst_section_name((enum sst_section_id)id), list);
	}
	return doc_tree(doc, near);
}

START_TEST(an_hour_of_calm_is_no_change)
{
	struct sst_snapshot *a, *b;
	struct sst_diff *d;

	begin("calm");
	a = world_at(0, NULL);
	b = world_at(INT64_C(3600000), NULL);
	d = doc_diff(a, b);
	ck_assert(sst_diff_empty(d, &all));
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
	end();
}
END_TEST

static void
check_patch(
    const struct sst_diff *d, struct sst_snapshot *a, struct sst_snapshot *b)
{
	json_t *doc = doc_view(a, SST_VIEW_FULL);
	json_t *want = doc_view(b, SST_VIEW_FULL), *patch;
	struct sst_buf out = SST_BUF_INIT;

	ck_assert_int_eq(
	    sst_diff_write_patch(d, SST_SECTIONS_ALL, &out, &err), SST_OK);
	patch = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_int_eq(sst_patch_apply(&doc, patch, &err), SST_OK);
	ck_assert_msg(json_equal(doc, want), "%.900s", out.data);
	json_decref(doc);
	json_decref(want);
	json_decref(patch);
	sst_buf_fini(&out);
}

START_TEST(a_demo_is_followed)
{
	struct sst_diff_counts n, sum = {{0}};
	struct sst_snapshot *a, *b;
	struct sst_diff *d;
	int64_t ms;
	unsigned op;

	begin("demo");
	a = world_at(0, NULL);
	for (ms = 2000; ms <= 600000; ms += 2000) {
		b = world_at(ms, a);
		d = doc_diff(a, b);
		check_patch(d, a, b);
		sst_diff_count(d, &all, &n, NULL);
		for (op = 0; op < SST_DIFF_OPS; op++)
			sum.op[op] += n.op[op];
		sst_diff_free(&d);
		sst_snapshot_release(&a);
		a = b;
	}
	sst_snapshot_release(&a);
	end();
	/* agents take tasks out of queues: that is what moves are for */
	for (op = 0; op < SST_DIFF_OPS; op++)
		ck_assert_uint_gt(sum.op[op], 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("diff of worlds");
	TCase *t = tcase_create("worlds");
	SRunner *sr = srunner_create(s);
	int failed;

	doc_init();
	tcase_set_timeout(t, 0);
	tcase_add_test(t, an_hour_of_calm_is_no_change);
	tcase_add_test(t, a_demo_is_followed);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	doc_fini();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
