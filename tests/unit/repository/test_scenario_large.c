/* Large worlds: the sizes, and how much changes from step to step. */
#include "test_scenario_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/scenario/large.h"

static struct sst_large
make(const char *name, uint64_t seed, double churn)
{
	struct sst_large large;

	ck_assert(sst_large_sizes(name, &large));
	large.seed = seed;
	large.churn = churn;
	large.base.ms = world_start_ms;
	return large;
}

static char *
text_of(const struct sst_large *l, enum sst_section_id section, size_t i,
    int64_t step)
{
	json_t *entity = sst_large_entity(l, section, i, step);
	char *text;

	ck_assert_ptr_nonnull(entity);
	text = json_dumps(entity, JSON_COMPACT);
	json_decref(entity);
	return text;
}

START_TEST(test_sizes)
{
	struct sst_large large = make("large-L", 0, 0.0);

	ck_assert_uint_eq(sst_large_count(&large, SST_SECTION_AGENTS), 1000);
	ck_assert_uint_eq(sst_large_count(&large, SST_SECTION_WORKLOAD), 1000);
	ck_assert_uint_eq(sst_large_count(&large, SST_SECTION_QUEUES), 100);
	ck_assert_uint_eq(sst_large_count(&large, SST_SECTION_LITELLM), 200);
	ck_assert_uint_eq(large.workload * large.pods, 10000);
	ck_assert_uint_eq(large.queues * large.tasks, 100000);
	ck_assert(!sst_large_sizes("large-X", &large));
	ck_assert(!sst_large_sizes("large", &large));
}
END_TEST

/* Whether the entity differs from one step to the next; the state must tell
 * when it does, and the same step must give the same bytes again. */
static bool
step_differs(const struct sst_large *l, enum sst_section_id section, size_t i,
    int64_t step)
{
	char *a = text_of(l, section, i, step);
	char *b = text_of(l, section, i, step + 1);
	bool differs = strcmp(a, b) != 0;

	if (differs)
		ck_assert_uint_ne(sst_large_state(l, section, i, step),
		    sst_large_state(l, section, i, step + 1));
	free(b);
	b = text_of(l, section, i, step);
	ck_assert_str_eq(a, b);
	free(a);
	free(b);
	return differs;
}

START_TEST(test_state_tells)
{
	struct sst_large large = make("large-S", 3, 0.05);
	enum sst_section_id section;
	size_t i, differ = 0;
	int64_t step;

	for (section = 0; section < SST_SECTION_COUNT; section++) {
		for (i = 0; i < sst_large_count(&large, section); i++) {
			for (step = 0; step < 50; step++)
				differ +=
				    step_differs(&large, section, i, step);
		}
	}
	ck_assert_uint_gt(differ, 100);
}
END_TEST

START_TEST(test_seed_matters)
{
	struct sst_large one = make("large-S", 1, 0.0);
	struct sst_large two = make("large-S", 2, 0.0);
	char *a = text_of(&one, SST_SECTION_QUEUES, 0, 0);
	char *b = text_of(&two, SST_SECTION_QUEUES, 0, 0);

	ck_assert_str_ne(a, b);
	free(a);
	free(b);
}
END_TEST

/* id -> text of all tasks at a step. */
static json_t *
all_tasks(const struct sst_large *l, int64_t step)
{
	json_t *all = json_object(), *queue, *task;
	size_t i, k;

	for (i = 0; i < l->queues; i++) {
		queue = sst_large_entity(l, SST_SECTION_QUEUES, i, step);
		json_array_foreach(json_object_get(queue, "tasks"), k, task)
		{
			const char *id = world_str(task, "id");

			ck_assert_ptr_null(json_object_get(all, id));
			json_object_set(all, id, task);
		}
		json_decref(queue);
	}
	return all;
}

/* 1 % changes, half a percent leaves, as many come. */
START_TEST(test_churn)
{
	struct sst_large large = make("large-M", 9, 0.01);
	json_t *before = all_tasks(&large, 40), *after = all_tasks(&large, 41);
	json_t *task, *other;
	const char *id;
	size_t gone = 0, changed = 0;

	json_object_foreach(before, id, task)
	{
		other = json_object_get(after, id);
		if (other == NULL)
			gone++;
		else if (!json_equal(task, other))
			changed++;
	}
	ck_assert_uint_eq(json_object_size(before), 10000);
	ck_assert_uint_eq(json_object_size(after), 10000);
	ck_assert_uint_ge(gone, 30);
	ck_assert_uint_le(gone, 75);
	/* and those that wait for one that changed or left */
	ck_assert_uint_ge(changed, 80);
	ck_assert_uint_le(changed, 160);
	json_decref(before);
	json_decref(after);
}
END_TEST

/* The promises of every world, at steps far apart. */
START_TEST(test_promises_hold)
{
	struct sst_large large = make("large-M", 5, 0.02);
	enum sst_section_id section;
	json_t *doc, *array;
	int64_t step;
	size_t i;

	for (step = 0; step < 1000000; step = step * 10 + 7) {
		doc = json_object();
		for (section = 0; section < SST_SECTION_COUNT; section++) {
			array = json_array();
			for (i = 0; i < sst_large_count(&large, section); i++)
				json_array_append_new(array,
				    sst_large_entity(&large, section, i, step));
			json_object_set_new(
			    doc, sst_section_name(section), array);
		}
		world_check(doc);
		json_decref(doc);
	}
}
END_TEST

/* Identity as sst_draft_keep() wants it is what the entity shows. */
START_TEST(test_keys)
{
	static const char *const members[SST_SECTION_COUNT][3] = {
	    [SST_SECTION_AGENTS] = {"name"},
	    [SST_SECTION_WORKLOAD] = {"namespace", "kind", "deployment_name"},
	    [SST_SECTION_QUEUES] = {"system", "name"},
	    [SST_SECTION_LITELLM] = {"deployment_id"},
	};
	struct sst_large large = make("large-S", 5, 0.1);
	char parts[SST_LARGE_KEY][SST_LARGE_TEXT];
	enum sst_section_id section;
	json_t *entity;
	size_t i, k, n;

	for (section = 0; section < SST_SECTION_COUNT; section++) {
		for (i = 0; i < sst_large_count(&large, section); i++) {
			n = sst_large_key(&large, section, i, 77, parts);
			entity = sst_large_entity(&large, section, i, 77);
			for (k = 0; k < n; k++)
				ck_assert_str_eq(
				    world_str(entity, members[section][k]),
				    parts[k]);
			ck_assert(n == 3 || members[section][n] == NULL);
			json_decref(entity);
		}
	}
}
END_TEST

Suite *
scenario_large_suite(void)
{
	Suite *suite = suite_create("scenario large");
	TCase *tc = tcase_create("large");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_state_tells);
	tcase_add_test(tc, test_seed_matters);
	tcase_add_test(tc, test_churn);
	tcase_add_test(tc, test_promises_hold);
	tcase_add_test(tc, test_keys);
	suite_add_tcase(suite, tc);
	return suite;
}
