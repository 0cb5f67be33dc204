/* From entity trees to a harvest, against the shipped schema. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/contract.h"
#include "repository/harvest.h"

static struct sst_contract *contract;
static struct sst_harvest *last;
static struct sst_error err;
static int64_t now_ms;
static size_t max_entities;

static void
setup(void)
{
	ck_assert_msg(sst_contract_new(&contract, &err) == SST_OK, "%s",
	    err.text);
	now_ms = INT64_C(1767225600000);
	max_entities = 0;
	last = NULL;
}

static void
teardown(void)
{
	sst_harvest_release(&last);
	sst_contract_free(&contract);
}

static struct sst_draft *
begin(enum sst_section_id section)
{
	struct sst_draft_settings s = {
	    .contract = contract,
	    .section = section,
	    .source = "queues/test",
	    .now = {now_ms},
	    .max_entities = max_entities,
	    .previous = last,
	};
	struct sst_draft *d = NULL;

	ck_assert_int_eq(sst_draft_new(&s, &d, &err), SST_OK);
	return d;
}

/* Finishes the draft; the harvest becomes `last` of the next one. */
static struct sst_harvest *
end(struct sst_draft *d)
{
	struct sst_harvest *h = NULL;

	ck_assert_int_eq(sst_draft_finish(d, &h, &err), SST_OK);
	sst_draft_free(&d);
	sst_harvest_release(&last);
	last = h;
	return h;
}

static json_t *
task(const char *id, const char *level, const char *at)
{
	return json_pack("{s:s, s:{s:s}, s:s?, s:s}", "id", id, "priority",
	    "level", level, "submitted_at", at, "status", "queued");
}

static json_t *
queue(const char *name, json_t *tasks)
{
	return json_pack("{s:s, s:s, s:o, s:{s:i, s:n, s:i}, s:n, s:s, s:i, s:i}",
	    "system", "test", "name", name, "tasks", tasks, "depth", "ready",
	    1, "running", "total", 1, "consumers", "tasks_detail", "full",
	    "tasks_total", 1, "tasks_omitted", 0);
}

static void
add(struct sst_draft *d, json_t *entity)
{
	ck_assert_msg(
	    sst_draft_add(d, entity, &err) == SST_OK, "%s", err.text);
}

static json_t *
read_back(const struct sst_entity *e)
{
	struct sst_buf b = SST_BUF_INIT;
	json_t *tree;

	sst_entity_encode(e, &b);
	tree = json_loads(b.data, 0, NULL);
	ck_assert_ptr_nonnull(tree);
	sst_buf_fini(&b);
	return tree;
}

static const char *
text_at(json_t *tree, const char *member)
{
	return json_string_value(json_object_get(tree, member));
}

START_TEST(entities_are_sorted_dated_and_signed)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_harvest *h;
	json_t *t;

	add(d, queue("b", json_array()));
	add(d, queue("a", json_array()));
	h = end(d);
	ck_assert_uint_eq(h->count, 2);
	ck_assert_uint_eq(h->rejected, 0);
	ck_assert_int_eq(h->flaw.code, SST_OK);
	t = read_back(h->entities[0]);
	ck_assert_str_eq(text_at(t, "name"), "a");
	ck_assert_str_eq(text_at(t, "updated_at"), "2026-01-01T00:00:00Z");
	ck_assert_str_eq(text_at(t, "source"), "queues/test");
	json_decref(t);
}
END_TEST

START_TEST(unchanged_entities_keep_date_and_pointer)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_entity *first;

	add(d, queue("a", json_pack("[o]", task("1", "low", NULL))));
	first = sst_entity_acquire(end(d)->entities[0]);
	now_ms += 5000;
	d = begin(SST_SECTION_QUEUES);
	add(d, queue("a", json_pack("[o]", task("1", "low", NULL))));
	ck_assert_ptr_eq(end(d)->entities[0], first);
	sst_entity_release(&first);
}
END_TEST

START_TEST(changed_entities_get_a_new_date_and_share_children)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_entity *first, *second;
	json_t *t;

	add(d, queue("a", json_pack("[oo]", task("1", "low", NULL),
			  task("2", "low", NULL))));
	first = sst_entity_acquire(end(d)->entities[0]);
	now_ms += 5000;
	d = begin(SST_SECTION_QUEUES);
	add(d, queue("a", json_pack("[oo]", task("2", "low", NULL),
			  task("3", "low", NULL))));
	second = end(d)->entities[0];
	ck_assert_ptr_ne(first, second);
	ck_assert_ptr_eq(second->children[0], first->children[1]);
	t = read_back(second);
	ck_assert_str_eq(text_at(t, "updated_at"), "2026-01-01T00:00:05Z");
	json_decref(t);
	sst_entity_release(&first);
}
END_TEST

START_TEST(a_date_from_the_source_stays)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	json_t *q = queue("a", json_array()), *t;

	json_object_set_new(
	    q, "updated_at", json_string("2020-02-29T00:00:00Z"));
	add(d, q);
	t = read_back(end(d)->entities[0]);
	ck_assert_str_eq(text_at(t, "updated_at"), "2020-02-29T00:00:00Z");
	json_decref(t);
}
END_TEST

START_TEST(tasks_are_sorted_urgent_then_oldest_then_id)
{
	static const char *const want[] = {"c", "h", "n-old", "n-a", "n-b",
	    "n-unknown", "l"};
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	const struct sst_entity *e;
	size_t i;

	add(d,
	    queue("a",
		json_pack("[ooooooo]",
		    task("l", "low", "2020-01-01T00:00:00Z"),
		    task("n-unknown", "normal", NULL),
		    task("n-b", "normal", "2021-01-02T00:00:00Z"),
		    task("c", "critical", NULL),
		    task("n-a", "normal", "2021-01-02T00:00:00Z"),
		    task("h", "high", NULL),
		    task("n-old", "normal", "2021-01-01T00:00:00Z"))));
	e = end(d)->entities[0];
	ck_assert_uint_eq(e->child_count, 7);
	for (i = 0; i < 7; i++)
		ck_assert_str_eq(sst_entity_key(e->children[i]), want[i]);
}
END_TEST

START_TEST(what_does_not_conform_is_left_out_and_named)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_harvest *h;
	json_t *bad = queue("bad", json_array());

	json_object_set_new(bad, "consumers", json_string("many"));
	add(d, bad);
	add(d, queue("good", json_array()));
	h = end(d);
	ck_assert_uint_eq(h->count, 1);
	ck_assert_uint_eq(h->rejected, 1);
	ck_assert_int_eq(h->flaw.code, SST_TYPE);
	ck_assert_ptr_nonnull(
	    strstr(h->flaw.text, "/queues/test/bad/consumers"));
	ck_assert_ptr_nonnull(strstr(h->flaw.text, "1 left out"));
}
END_TEST

START_TEST(a_bad_task_does_not_cost_the_queue)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_harvest *h;
	json_t *bad = task("x/y", "urgent", NULL);

	add(d, queue("a", json_pack("[oos]", bad, task("2", "low", NULL),
			  "no object")));
	h = end(d);
	ck_assert_uint_eq(h->count, 1);
	ck_assert_uint_eq(h->entities[0]->child_count, 1);
	ck_assert_uint_eq(h->rejected, 2);
	ck_assert_msg(strstr(h->flaw.text,
			  "/queues/test/a/tasks/x~1y/priority/level") != NULL,
	    "%s", h->flaw.text);
}
END_TEST

START_TEST(unknown_members_never_hide_behind_the_last_good_one)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_harvest *h;
	json_t *q;

	add(d, queue("a", json_array()));
	end(d);
	d = begin(SST_SECTION_QUEUES);
	q = queue("a", json_array());
	json_object_set_new(q, "surprise", json_true());
	add(d, q);
	h = end(d);
	ck_assert_uint_eq(h->count, 0);
	ck_assert_uint_eq(h->rejected, 1);
	ck_assert_ptr_nonnull(strstr(h->flaw.text, "surprise"));
}
END_TEST

START_TEST(keys_are_unique_and_plain)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_harvest *h;
	json_t *q = queue("a", json_array());

	add(d, queue("a", json_pack("[oo]", task("1", "low", NULL),
			  task("1", "high", NULL))));
	add(d, queue("a", json_array()));
	add(d, queue("b\x1f", json_array()));
	json_object_del(q, "name");
	add(d, q);
	add(d, json_string("no object"));
	h = end(d);
	ck_assert_uint_eq(h->count, 1);
	ck_assert_uint_eq(h->rejected, 5);
}
END_TEST

START_TEST(free_text_is_cleaned_cut_and_redacted)
{
	struct sst_draft *d;
	json_t *q, *t, *tasks;
	char longer[2000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	t = task("1", "low", NULL);
	json_object_set_new(t, "error",
	    json_string("a\x1b[31m Authorization: Bearer abcdef0123456789"));
	d = begin(SST_SECTION_QUEUES);
	add(d, queue("a", json_pack("[o]", t)));
	t = read_back(end(d)->entities[0]);
	tasks = json_array_get(json_object_get(t, "tasks"), 0);
	ck_assert_ptr_null(strchr(text_at(tasks, "error"), '\x1b'));
	ck_assert_ptr_null(strstr(text_at(tasks, "error"), "abcdef0123"));
	json_decref(t);
	q = task("1", "low", NULL);
	json_object_set_new(q, "error", json_string(longer));
	d = begin(SST_SECTION_QUEUES);
	add(d, queue("a", json_pack("[o]", q)));
	t = read_back(end(d)->entities[0]);
	tasks = json_array_get(json_object_get(t, "tasks"), 0);
	ck_assert_uint_le(strlen(text_at(tasks, "error")), 1024 + 3);
	json_decref(t);
}
END_TEST

/* Half a secret fits no pattern, and a mask may be longer than the secret. */
START_TEST(secrets_are_masked_before_the_text_is_cut)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	char secret[1200], masks[1200] = "";
	json_t *a = task("1", "low", NULL), *b = task("2", "low", NULL), *t;
	size_t len;

	memset(secret, 'x', 1005);
	memcpy(secret + 1005, " sk-abcdefghijklmnopqrstuvwxyz0123", 35);
	json_object_set_new(a, "error", json_string(secret));
	for (len = 0; len + 12 < 1024; len += 12)
		memcpy(masks + len, "password=ab ", 13);
	json_object_set_new(b, "error", json_string(masks));
	add(d, queue("a", json_pack("[o, o]", a, b)));
	ck_assert_uint_eq(end(d)->rejected, 0);
	t = read_back(last->entities[0]);
	a = json_array_get(json_object_get(t, "tasks"), 0);
	ck_assert_ptr_null(strstr(text_at(a, "error"), "sk-"));
	b = json_array_get(json_object_get(t, "tasks"), 1);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_null(strstr(text_at(b, "error"), "=ab"));
	json_decref(t);
}
END_TEST

START_TEST(keep_takes_the_last_good_one)
{
	const char *const key[] = {"test", "a"}, *const other[] = {"test", "b"};
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_entity *first;

	add(d, queue("a", json_array()));
	first = end(d)->entities[0];
	d = begin(SST_SECTION_QUEUES);
	ck_assert_int_eq(sst_draft_keep(d, other, 2, &err), SST_NOT_FOUND);
	ck_assert_int_eq(sst_draft_keep(d, key, 2, &err), SST_OK);
	sst_entity_acquire(first);
	ck_assert_ptr_eq(end(d)->entities[0], first);
	sst_entity_release(&first);
}
END_TEST

START_TEST(the_bound_on_entities_holds_and_shows)
{
	struct sst_draft *d;
	struct sst_harvest *h;

	max_entities = 3;
	d = begin(SST_SECTION_QUEUES);
	add(d, queue("a", json_pack("[o]", task("1", "low", NULL))));
	ck_assert_int_eq(sst_draft_add(d,
			     queue("b", json_pack("[oo]", task("1", "low", NULL),
					    task("2", "low", NULL))),
			     &err),
	    SST_LIMIT);
	h = end(d);
	ck_assert_uint_eq(h->count, 1);
	ck_assert_int_eq(h->flaw.code, SST_LIMIT);
	ck_assert_ptr_nonnull(strstr(h->flaw.text, "more than 3"));
}
END_TEST

START_TEST(ten_thousand_tasks_shift_and_stay_shared)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_entity *before, *after;
	json_t *tasks = json_array(), *shifted = json_array();
	char id[16];
	uint32_t i;

	for (i = 0; i < 10000; i++) {
		snprintf(id, sizeof(id), "t%06u", i);
		json_array_append_new(tasks, task(id, "normal", NULL));
	}
	add(d, queue("a", tasks));
	before = sst_entity_acquire(end(d)->entities[0]);
	for (i = 50; i < 10050; i++) {
		snprintf(id, sizeof(id), "t%06u", i);
		json_array_append_new(shifted, task(id, "normal", NULL));
	}
	d = begin(SST_SECTION_QUEUES);
	add(d, queue("a", shifted));
	after = end(d)->entities[0];
	ck_assert_uint_eq(after->child_count, 10000);
	for (i = 0; i < 9950; i++)
		ck_assert_ptr_eq(
		    after->children[i], before->children[i + 50]);
	sst_entity_release(&before);
}
END_TEST

START_TEST(the_other_side_is_told_in_order_and_clean)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_harvest *h;

	ck_assert_int_eq(
	    sst_draft_upstream(d,
		json_pack("{s:s, s:[{s:s, s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}",
		    "status", "degraded", "parts", "name", "spend", "state",
		    "failing", "reason", "key sk-abcdefghijklmnopqrstuvwx\x1b!",
		    "name", "models", "state", "ok", "name", "models", "state",
		    "ok"),
		&err),
	    SST_OK);
	h = end(d);
	ck_assert_str_eq(h->upstream,
	    "{\"status\":\"degraded\",\"parts\":[{\"name\":\"models\","
	    "\"state\":\"ok\"},{\"name\":\"spend\",\"state\":\"failing\","
	    "\"reason\":\"key [redacted]!\"}]}");
	ck_assert_uint_eq(h->rejected, 1);
}
END_TEST

START_TEST(a_word_of_the_other_side_that_does_not_conform_is_left_out)
{
	struct sst_draft *d = begin(SST_SECTION_QUEUES);
	struct sst_harvest *h;

	ck_assert_int_eq(
	    sst_draft_upstream(d, json_pack("{s:s}", "status", "fine"), &err),
	    SST_OK);
	ck_assert_int_eq(sst_draft_upstream(d, json_integer(1), &err), SST_OK);
	h = end(d);
	ck_assert_ptr_null(h->upstream);
	ck_assert_uint_eq(h->rejected, 2);
	ck_assert_ptr_nonnull(strstr(h->flaw.text, "/sources/upstream/status"));
}
END_TEST

START_TEST(another_word_of_the_other_side_is_a_change)
{
	struct sst_harvest *first, *second;
	struct sst_draft *d = begin(SST_SECTION_QUEUES);

	sst_draft_upstream(d, json_pack("{s:s}", "status", "ok"), &err);
	first = sst_harvest_acquire(end(d));
	d = begin(SST_SECTION_QUEUES);
	sst_draft_upstream(d, json_pack("{s:s}", "status", "ok"), &err);
	second = end(d);
	ck_assert(sst_harvest_equal(first, second));
	d = begin(SST_SECTION_QUEUES);
	sst_draft_upstream(d, json_pack("{s:s}", "status", "down"), &err);
	second = end(d);
	ck_assert(!sst_harvest_equal(first, second));
	second = end(begin(SST_SECTION_QUEUES));
	ck_assert(!sst_harvest_equal(first, second));
	sst_harvest_release(&first);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("draft");
	TCase *tc = tcase_create("draft");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, entities_are_sorted_dated_and_signed);
	tcase_add_test(tc, unchanged_entities_keep_date_and_pointer);
	tcase_add_test(tc, changed_entities_get_a_new_date_and_share_children);
	tcase_add_test(tc, a_date_from_the_source_stays);
	tcase_add_test(tc, tasks_are_sorted_urgent_then_oldest_then_id);
	tcase_add_test(tc, what_does_not_conform_is_left_out_and_named);
	tcase_add_test(tc, a_bad_task_does_not_cost_the_queue);
	tcase_add_test(
	    tc, unknown_members_never_hide_behind_the_last_good_one);
	tcase_add_test(tc, keys_are_unique_and_plain);
	tcase_add_test(tc, free_text_is_cleaned_cut_and_redacted);
	tcase_add_test(tc, secrets_are_masked_before_the_text_is_cut);
	tcase_add_test(tc, keep_takes_the_last_good_one);
	tcase_add_test(tc, the_bound_on_entities_holds_and_shows);
	tcase_add_test(tc, ten_thousand_tasks_shift_and_stay_shared);
	tcase_add_test(tc, the_other_side_is_told_in_order_and_clean);
	tcase_add_test(
	    tc, a_word_of_the_other_side_that_does_not_conform_is_left_out);
	tcase_add_test(tc, another_word_of_the_other_side_is_a_change);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
