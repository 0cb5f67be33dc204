/* The mock sources of all sections, against real drafts and the schema. */
#include "test_scenario_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/node.h"
#include "config/option.h"
#include "repository/agents/agents.h"
#include "repository/contract.h"
#include "repository/harvest.h"
#include "repository/litellm/litellm.h"
#include "repository/queues/queues.h"
#include "repository/scenario/mock.h"
#include "repository/workload/workload.h"

static const struct sst_source_ops *const tables[SST_SECTION_COUNT] = {
    [SST_SECTION_AGENTS] = &sst_agents_mock_ops,
    [SST_SECTION_WORKLOAD] = &sst_workload_mock_ops,
    [SST_SECTION_QUEUES] = &sst_queues_mock_ops,
    [SST_SECTION_LITELLM] = &sst_litellm_mock_ops,
};

static const char *const names[] = {
    "demo", "calm", "overload", "deadlock", "crashloop", "rate-limit"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* A clock that stands where the test puts it. */
static int64_t hands_ms;

static struct sst_wall
stand_wall(void *ctx)
{
	(void)ctx;
	return (struct sst_wall){world_start_ms + hands_ms};
}

static struct sst_mono
stand_mono(void *ctx)
{
	(void)ctx;
	return (struct sst_mono){(1000 + hands_ms) * 1000000};
}

static const struct sst_clock_ops stand_ops = {
    .wall = stand_wall, .mono = stand_mono, .wait = NULL};
static const struct sst_clock stand = {&stand_ops, NULL};

static const struct sst_source_env env = {
    .name = "test/mock",
    .clock = &stand,
    .started = {INT64_C(1000000000)},
    .started_wall = {INT64_C(1767225600000)},
    .share_dir = SST_SOURCE_DIR,
};

static struct sst_contract *contract;
static struct sst_error err;

/* One instance a section, as the framework would hold them. */
struct bench {
	struct sst_mock state[SST_SECTION_COUNT];
	struct sst_harvest *last[SST_SECTION_COUNT];
	long next_ms;
	struct sst_wall stamp; /* when the framework says it is */
};

static void
setup(void)
{
	hands_ms = 0;
	contract = NULL;
	sst_error_clear(&err);
	ck_assert_msg(sst_contract_new(&contract, &err) == 0, "%s", err.text);
}

static void
teardown(void)
{
	sst_contract_free(&contract);
}

static void
bench_open(struct bench *b, const char *scenario, double speed, double churn)
{
	char name[256];
	struct sst_mock_settings settings = {
	    .scenario = name, .speed = speed, .churn = churn};
	size_t i;

	memset(b, 0, sizeof(*b));
	snprintf(name, sizeof(name), "%s", scenario);
	for (i = 0; i < SST_SECTION_COUNT; i++)
		ck_assert_msg(
		    tables[i]->init(&b->state[i], &settings, &env, &err) == 0,
		    "%s", err.text);
	/* init must have made a copy */
	memset(name, 'x', sizeof(name) - 1);
}

static void
bench_close(struct bench *b)
{
	size_t i;

	for (i = 0; i < SST_SECTION_COUNT; i++) {
		tables[i]->fini(&b->state[i]);
		sst_harvest_release(&b->last[i]);
	}
}

/* Collects one section at the hands of the clock; true when it changed. */
static bool
bench_collect(struct bench *b, enum sst_section_id section, int want)
{
	struct sst_draft_settings ds = {
	    .contract = contract,
	    .section = section,
	    .source = "test/mock",
	    .now = stand_wall(NULL),
	    .previous = b->last[section],
	};
	struct sst_collect req = {.now = stand_mono(NULL), .wall = ds.now};
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	bool changed;
	int rc;

	req.deadline = sst_mono_add_ms(req.now, 5000);
	ck_assert_int_eq(sst_draft_new(&ds, &draft, &err), 0);
	rc = tables[section]->collect(&b->state[section], &req, draft, &err);
	ck_assert_msg(rc == want, "%s: %s", sst_code_name(rc), err.text);
	b->next_ms = sst_draft_next(draft);
	if (rc == 0)
		ck_assert_int_eq(sst_draft_finish(draft, &harvest, &err), 0);
	sst_draft_free(&draft);
	if (rc != 0)
		return false;
	ck_assert_msg(harvest->rejected == 0 && harvest->flaw.code == SST_OK,
	    "%s at %lld ms: %s", sst_section_name(section), (long long)hands_ms,
	    harvest->flaw.text);
	changed = b->last[section] == NULL ||
		  !sst_harvest_equal(b->last[section], harvest);
	sst_harvest_release(&b->last[section]);
	b->last[section] = harvest;
	return changed;
}

static size_t
bench_round(struct bench *b)
{
	size_t i, n = 0;

	for (i = 0; i < SST_SECTION_COUNT; i++)
		n += bench_collect(b, (enum sst_section_id)i, 0);
	return n;
}

/* Every second of ten minutes, and a day later: all of it conforms. */
START_TEST(test_all_conform)
{
	struct bench b;

	bench_open(&b, names[_i], 1.0, 0.0);
	for (; hands_ms <= 600000; hands_ms += 1000)
		bench_round(&b);
	hands_ms = 86400000;
	bench_round(&b);
	bench_close(&b);
}
END_TEST

static void
add_ids(const struct sst_harvest *harvest, const char *member, json_t *seen)
{
	struct sst_buf text = SST_BUF_INIT;
	json_t *entity, *list, *item;
	size_t i, k;

	for (i = 0; i < harvest->count; i++) {
		sst_buf_clear(&text);
		sst_entity_encode(harvest->entities[i], &text);
		entity = json_loads(text.data, 0, NULL);
		list = json_object_get(entity, member);
		if (list == NULL)
			list = json_object_get(
			    json_object_get(entity, "activity"), member);
		json_array_foreach(list, k, item)
		{
			const char *id = world_str(item, "id");

			ck_assert_msg(json_object_get(seen, id) == NULL,
			    "%s is queued and running at %lld", id,
			    (long long)hands_ms);
			json_object_set_new(seen, id, json_true());
		}
		json_decref(entity);
	}
	sst_buf_fini(&text);
}

/* Instances agree on who has a task, however seldom each of them is asked. */
START_TEST(test_instances_agree)
{
	struct bench b;
	json_t *seen;

	bench_open(&b, "demo", 1.0, 0.0);
	for (; hands_ms <= 900000; hands_ms += 1700) {
		bench_collect(&b, SST_SECTION_QUEUES, 0);
		if (hands_ms % 5 != 0)
			continue;
		bench_collect(&b, SST_SECTION_AGENTS, 0);
		seen = json_object();
		add_ids(b.last[SST_SECTION_AGENTS], "active_task_ids", seen);
		add_ids(b.last[SST_SECTION_QUEUES], "tasks", seen);
		ck_assert_uint_gt(json_object_size(seen), 0);
		json_decref(seen);
	}
	bench_close(&b);
}
END_TEST

START_TEST(test_calm_is_silent)
{
	struct bench b;
	const struct sst_entity *kept;

	bench_open(&b, "calm", 1.0, 0.0);
	ck_assert_uint_eq(bench_round(&b), 4);
	kept = b.last[SST_SECTION_QUEUES]->entities[0];
	for (; hands_ms <= 3600000; hands_ms += 10000)
		ck_assert_uint_eq(bench_round(&b), 0);
	/* not even made again */
	ck_assert_ptr_eq(b.last[SST_SECTION_QUEUES]->entities[0], kept);
	ck_assert_int_eq(b.next_ms, -1);
	bench_close(&b);
}
END_TEST

START_TEST(test_tells_next_event)
{
	struct bench b;

	bench_open(&b, "demo", 1.0, 0.0);
	bench_collect(&b, SST_SECTION_AGENTS, 0);
	ck_assert_int_eq(b.next_ms, 5000);
	hands_ms = 4998;
	ck_assert(!bench_collect(&b, SST_SECTION_AGENTS, 0));
	ck_assert_int_eq(b.next_ms, 2);
	hands_ms = 5000;
	ck_assert(bench_collect(&b, SST_SECTION_AGENTS, 0));
	bench_close(&b);
	hands_ms = 0;
	bench_open(&b, "demo", 100.0, 0.0);
	bench_collect(&b, SST_SECTION_AGENTS, 0);
	ck_assert_int_eq(b.next_ms, 50);
	hands_ms = 50;
	ck_assert(bench_collect(&b, SST_SECTION_AGENTS, 0));
	bench_close(&b);
}
END_TEST

/* A draft that knows no predecessor gets everything again. */
START_TEST(test_last_good_forgotten)
{
	struct bench b;
	size_t i;

	bench_open(&b, "calm", 1.0, 0.0);
	bench_round(&b);
	for (i = 0; i < SST_SECTION_COUNT; i++)
		sst_harvest_release(&b.last[i]);
	bench_round(&b);
	ck_assert_uint_eq(b.last[SST_SECTION_AGENTS]->count, 2);
	ck_assert_uint_eq(b.last[SST_SECTION_QUEUES]->count, 2);
	bench_close(&b);
}
END_TEST

START_TEST(test_clock_goes_back)
{
	struct bench b;

	bench_open(&b, "demo", 1.0, 0.0);
	hands_ms = 300000;
	bench_round(&b);
	hands_ms = -500;
	bench_round(&b);
	ck_assert_uint_eq(
	    b.last[SST_SECTION_QUEUES]->entities[0]->child_count, 2);
	bench_close(&b);
}
END_TEST

/* A file that is missing or wrong is an error of collect, and is tried again.
 */
START_TEST(test_file_comes_later)
{
	static const char good[] = "agents: [{name: late}]\n";
	char path[] = "/tmp/sst-scenario-XXXXXX.yaml";
	struct bench b;
	FILE *f;
	int fd;

	fd = mkstemps(path, 5);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "agents: [{}]\n", 13), 13);
	close(fd);
	bench_open(&b, path, 1.0, 0.0);
	bench_collect(&b, SST_SECTION_AGENTS, SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, ":1:10: agents[0]: an agent "));
	unlink(path);
	bench_collect(&b, SST_SECTION_AGENTS, SST_NOT_FOUND);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(good, f);
	fclose(f);
	bench_collect(&b, SST_SECTION_AGENTS, 0);
	ck_assert_uint_eq(b.last[SST_SECTION_AGENTS]->count, 1);
	bench_collect(&b, SST_SECTION_QUEUES, 0);
	ck_assert_uint_eq(b.last[SST_SECTION_QUEUES]->count, 0);
	unlink(path);
	bench_close(&b);
}
END_TEST

START_TEST(test_init_refuses)
{
	static const double bad_speed[] = {-1.0, 0.0001, 1e9};
	struct sst_mock_settings settings = {0};
	struct sst_mock state;
	size_t i;

	for (i = 0; i < 3; i++) {
		memset(&state, 0, sizeof(state));
		settings.speed = bad_speed[i];
		ck_assert_int_eq(
		    sst_agents_mock_ops.init(&state, &settings, &env, &err),
		    SST_INVALID);
		ck_assert_ptr_nonnull(strstr(err.text, "speed: expected"));
		sst_agents_mock_ops.fini(&state);
	}
	memset(&state, 0, sizeof(state));
	settings.speed = 0;
	settings.churn = 0.7;
	ck_assert_int_eq(
	    sst_agents_mock_ops.init(&state, &settings, &env, &err),
	    SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "churn: expected"));
	sst_agents_mock_ops.fini(&state);
	memset(&state, 0, sizeof(state));
	sst_agents_mock_ops.fini(&state);
}
END_TEST

/* The option table and the settings struct fit each other. */
START_TEST(test_options)
{
	const struct sst_source_ops *ops = &sst_queues_mock_ops;
	struct sst_mock_settings settings;

	ck_assert_uint_eq(ops->settings_size, sizeof(settings));
	ck_assert_msg(sst_options_parse(ops->options, ops->option_count, NULL,
			  &settings, &err) == 0,
	    "%s", err.text);
	ck_assert_str_eq(settings.scenario, "demo");
	ck_assert_int_eq(settings.seed, 0);
	ck_assert_double_eq(settings.speed, 1.0);
	ck_assert_double_eq(settings.churn, 0.0);
	sst_options_fini(ops->options, ops->option_count, &settings);
}
END_TEST

/* Many collections do not grow anything but time. */
START_TEST(test_repeat)
{
	struct bench b;
	int i;

	bench_open(&b, "overload", 1.0, 0.0);
	for (i = 0; i < 1000; i++) {
		hands_ms += 300;
		bench_collect(&b, SST_SECTION_QUEUES, 0);
	}
	ck_assert_uint_eq(b.last[SST_SECTION_QUEUES]->count, 2);
	bench_close(&b);
}
END_TEST

static size_t
count_children(const struct sst_harvest *harvest)
{
	size_t i, n = 0;

	for (i = 0; i < harvest->count; i++)
		n += harvest->entities[i]->child_count;
	return n;
}

START_TEST(test_large_static)
{
	struct bench b;
	size_t i, bytes = 0;

	bench_open(&b, "large-S", 1.0, 0.0);
	ck_assert_uint_eq(bench_round(&b), 4);
	ck_assert_uint_eq(b.last[SST_SECTION_AGENTS]->count, 10);
	ck_assert_uint_eq(count_children(b.last[SST_SECTION_WORKLOAD]), 50);
	ck_assert_uint_eq(count_children(b.last[SST_SECTION_QUEUES]), 175);
	for (i = 0; i < SST_SECTION_COUNT; i++)
		bytes += b.last[i]->bytes;
	ck_assert_uint_gt(bytes, 44000);
	ck_assert_uint_lt(bytes, 50000);
	hands_ms = 60000;
	ck_assert_uint_eq(bench_round(&b), 0);
	ck_assert_int_eq(b.next_ms, -1);
	bench_close(&b);
}
END_TEST

START_TEST(test_large_churns)
{
	struct bench b;

	bench_open(&b, "large-M", 1.0, 0.01);
	for (; hands_ms <= 5000; hands_ms += 500) {
		ck_assert_uint_eq(bench_collect(&b, SST_SECTION_QUEUES, 0),
		    hands_ms % 1000 == 0);
		ck_assert_int_eq(b.next_ms, 1000 - hands_ms % 1000);
		bench_collect(&b, SST_SECTION_AGENTS, 0);
		bench_collect(&b, SST_SECTION_WORKLOAD, 0);
		bench_collect(&b, SST_SECTION_LITELLM, 0);
	}
	ck_assert_uint_eq(b.last[SST_SECTION_AGENTS]->count, 100);
	ck_assert_uint_eq(count_children(b.last[SST_SECTION_WORKLOAD]), 1000);
	ck_assert_uint_eq(count_children(b.last[SST_SECTION_QUEUES]), 10000);
	bench_close(&b);
}
END_TEST

Suite *
scenario_mock_suite(void)
{
	Suite *suite = suite_create("scenario mock");
	TCase *tc = tcase_create("sources");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_all_conform, 0, NAMES);
	tcase_add_test(tc, test_instances_agree);
	tcase_add_test(tc, test_calm_is_silent);
	tcase_add_test(tc, test_tells_next_event);
	tcase_add_test(tc, test_last_good_forgotten);
	tcase_add_test(tc, test_clock_goes_back);
	tcase_add_test(tc, test_file_comes_later);
	tcase_add_test(tc, test_init_refuses);
	tcase_add_test(tc, test_options);
	tcase_add_test(tc, test_repeat);
	tcase_add_test(tc, test_large_static);
	tcase_add_test(tc, test_large_churns);
	suite_add_tcase(suite, tc);
	return suite;
}
