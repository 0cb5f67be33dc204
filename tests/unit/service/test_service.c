/* The running service on fake sources and a fake clock: revisions, freshness,
 * back-off, and that a source in trouble harms nobody else. */
#include <check.h>
#include <string.h>

#include "base/log.h"
#include "service/service_priv.h"
#include "support/fake_clock.h"
#include "support/fake_source.h"
#include "support/poll.h"
#include "support/suite.h"

static struct fake_clock hands;
static struct fake_world world, other;
static struct sst_service *service;
static struct sst_error err;

static void
add(const char *name, const char *group, const struct sst_source_ops *ops,
    struct fake_world *w)
{
	struct sst_instance_settings s = {
	    .name = name,
	    .group = group,
	    .ops = ops,
	    .options = fake_options_new(w),
	    .enabled = true,
	};

	ck_assert_msg(sst_repository_add(
			  sst_service_sources_of(service), &s, &err) == SST_OK,
	    "%s", err.text);
}

static void
setup(void)
{
	struct sst_service_settings s = {.id = "test"};

	fake_clock_init(&hands);
	fake_world_init(&world);
	fake_world_init(&other);
	s.clock = &hands.clock;
	ck_assert_msg(
	    sst_service_new(&s, &service, &err) == SST_OK, "%s", err.text);
}

static void
teardown(void)
{
	fake_world_release(&world);
	fake_world_release(&other);
	sst_service_free(&service);
	fake_world_fini(&world);
	fake_world_fini(&other);
	fake_clock_fini(&hands);
}

/* Every thread asleep again: pollers and the composer. */
static bool
settled(size_t threads)
{
	return fake_clock_waiting(&hands) == threads;
}

static int
calls(struct fake_world *w, const int *counter)
{
	int n;

	pthread_mutex_lock(&w->mutex);
	n = *counter;
	pthread_mutex_unlock(&w->mutex);
	return n;
}

static json_t *
document(void)
{
	const struct sst_projection full = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_snapshot *s = sst_service_snapshot(service);
	struct sst_body *body = NULL;
	json_t *doc;

	if (s == NULL)
		return NULL;
	ck_assert_int_eq(sst_snapshot_body(s, &full, &body, &err), SST_OK);
	doc = json_loadb(body->bytes, body->len, 0, NULL);
	sst_body_release(&body);
	sst_snapshot_release(&s);
	return doc;
}

static size_t
entities_of(const char *section)
{
	json_t *doc = document();
	size_t n = json_array_size(json_object_get(doc, section));

	json_decref(doc);
	return n;
}

static long
revision(void)
{
	struct sst_service_figures f;

	sst_service_figures(service, &f);
	return (long)f.revision;
}

/* NULL: any; error "": none. */
static bool
stands(size_t source, const char *status, const char *error)
{
	json_t *doc = document(), *s, *code;
	bool same;

	s = json_array_get(json_object_get(doc, "sources"), source);
	code = json_object_get(json_object_get(s, "error"), "code");
	same = doc != NULL;
	if (status != NULL && same)
		same = !strcmp(
		    json_string_value(json_object_get(s, "status")), status);
	if (error != NULL && same)
		same = !strcmp(
		    code == NULL ? "" : json_string_value(code), error);
	json_decref(doc);
	return same;
}

static void
start(size_t threads)
{
	ck_assert_int_eq(sst_service_start(service, &err), SST_OK);
	ck_assert(POLL_UNTIL(revision() == 1 && settled(threads)));
}

/* Lets time pass in small steps so that everything due is done on the way. */
static void
pass(int64_t ms, size_t threads)
{
	int64_t step;

	for (; ms > 0; ms -= step) {
		step = ms < 50 ? ms : 50;
		fake_clock_advance(&hands, step);
		ck_assert(POLL_UNTIL(settled(threads)));
	}
}

START_TEST(first_snapshot_holds_what_the_sources_gave)
{
	json_t *doc;

	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	doc = document();
	ck_assert_uint_eq(json_array_size(json_object_get(doc, "agents")), 1);
	ck_assert_ptr_null(json_object_get(doc, "queues"));
	ck_assert_str_eq(json_string_value(json_object_get(doc, "id")), "test");
	json_decref(doc);
	ck_assert(POLL_UNTIL(stands(0, "ok", NULL)));
}
END_TEST

START_TEST(a_slow_source_delays_the_first_snapshot_only)
{
	json_t *doc;

	other.hold = true;
	add("agents/fake", NULL, &fake_agents_ops, &world);
	add("queues/slow", NULL, &fake_queues_ops, &other);
	ck_assert_int_eq(sst_service_start(service, &err), SST_OK);
	ck_assert(
	    POLL_UNTIL(calls(&world, &world.collected) == 1 &&
		       calls(&other, &other.collect_calls) == 1 && settled(2)));
	ck_assert_int_eq(revision(), 0);
	ck_assert_ptr_null(sst_service_snapshot(service));
	/* the deadline passes too: interrupted, then down */
	fake_clock_advance(&hands, 1000);
	ck_assert(POLL_UNTIL(revision() >= 1));
	doc = document();
	ck_assert(json_is_null(json_object_get(doc, "queues")));
	json_decref(doc);
}
END_TEST

START_TEST(an_idle_system_is_silent)
{
	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	pass(60000, 2);
	ck_assert_int_ge(calls(&world, &world.collected), 50);
	ck_assert_int_eq(revision(), 1);
}
END_TEST

START_TEST(a_change_is_one_revision)
{
	json_t *doc;

	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	fake_world_set(&world, &world.number, 7);
	pass(1100, 2);
	ck_assert(POLL_UNTIL(revision() == 2));
	doc = document();
	ck_assert_str_eq(json_string_value(json_object_get(
			     json_array_get(json_object_get(doc, "agents"), 0),
			     "description")),
	    "number 7");
	json_decref(doc);
}
END_TEST

START_TEST(failure_goes_by_error_stale_down_and_back)
{
	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	fake_world_set(&world, &world.fail, SST_UNREACHABLE);
	pass(1100, 2);
	ck_assert(POLL_UNTIL(stands(0, "ok", "unreachable")));
	pass(2000, 2);
	ck_assert(POLL_UNTIL(stands(0, "stale", NULL)));
	pass(6000, 2);
	ck_assert(POLL_UNTIL(stands(0, "down", NULL)));
	/* error, stale, down: three changes, and no more while it stays */
	ck_assert(POLL_UNTIL(revision() == 4));
	pass(60000, 2);
	ck_assert(POLL_UNTIL(revision() == 4));
	fake_world_set(&world, &world.fail, SST_OK);
	pass(9000, 2);
	ck_assert(POLL_UNTIL(stands(0, "ok", "")));
	ck_assert(POLL_UNTIL(revision() == 5));
}
END_TEST

START_TEST(the_last_good_section_is_served_while_down)
{
	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	fake_world_set(&world, &world.fail, SST_TIMEOUT);
	pass(20000, 2);
	ck_assert_uint_eq(entities_of("agents"), 1);
}
END_TEST

START_TEST(never_answered_is_null_and_down)
{
	json_t *doc;

	world.fail = SST_UNAUTHORIZED;
	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	doc = document();
	ck_assert(json_is_null(json_object_get(doc, "agents")));
	json_decref(doc);
	ck_assert(POLL_UNTIL(stands(0, "down", "unauthorized")));
}
END_TEST

START_TEST(no_data_is_pending_and_no_failure)
{
	world.fail = SST_NODATA;
	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	ck_assert(POLL_UNTIL(stands(0, "pending", "")));
	/* and no news: what was wrong is not right by that */
	fake_world_set(&world, &world.fail, SST_UPSTREAM);
	pass(2000, 2);
	ck_assert(POLL_UNTIL(stands(0, "down", "upstream_error")));
	fake_world_set(&world, &world.fail, SST_NODATA);
	pass(60000, 2);
	ck_assert(stands(0, "down", "upstream_error"));
}
END_TEST

START_TEST(what_does_not_conform_degrades)
{
	add("agents/fake", NULL, &fake_agents_ops, &world);
	world.bad_entity = true;
	start(2);
	ck_assert(POLL_UNTIL(stands(0, "degraded", "wrong_type")));
}
END_TEST

START_TEST(failures_back_off)
{
	int before;

	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	fake_world_set(&world, &world.fail, SST_UPSTREAM);
	pass(20000, 2);
	before = calls(&world, &world.collected);
	pass(80000, 2);
	/* every eight seconds by then, and not once a second */
	ck_assert_int_le(calls(&world, &world.collected) - before, 12);
	ck_assert_int_ge(calls(&world, &world.collected) - before, 8);
}
END_TEST

START_TEST(a_source_can_ask_to_be_left_alone)
{
	int before;

	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	world.next_in_ms = 120000;
	fake_world_set(&world, &world.fail, SST_RATE_LIMITED);
	pass(1100, 2);
	before = calls(&world, &world.collected);
	pass(100000, 2);
	ck_assert_int_eq(calls(&world, &world.collected), before);
	pass(25000, 2);
	ck_assert_int_eq(calls(&world, &world.collected), before + 1);
}
END_TEST

START_TEST(a_hung_source_is_interrupted_and_harms_nobody)
{
	add("agents/fake", NULL, &fake_agents_ops, &world);
	add("queues/slow", NULL, &fake_queues_ops, &other);
	start(3);
	pthread_mutex_lock(&other.mutex);
	other.hold = true;
	pthread_mutex_unlock(&other.mutex);
	fake_clock_advance(&hands, 1100);
	ck_assert(
	    POLL_UNTIL(calls(&other, &other.collect_calls) == 2 && settled(2)));
	fake_world_set(&world, &world.number, 3);
	fake_clock_advance(&hands, 550);
	ck_assert(POLL_UNTIL(settled(2)));
	fake_clock_advance(&hands, 550);
	ck_assert(POLL_UNTIL(calls(&other, &other.interrupts) >= 1));
	ck_assert(POLL_UNTIL(stands(1, NULL, "canceled")));
	ck_assert(POLL_UNTIL(stands(0, "ok", NULL)));
}
END_TEST

START_TEST(notify_collects_at_once_and_merges_bursts)
{
	int i, before;

	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	before = calls(&world, &world.collected);
	fake_world_set(&world, &world.number, 9);
	for (i = 0; i < 100; i++)
		world.env->notify(world.env->notify_ctx);
	/* the poller has taken the notice when it waits for the merge */
	ck_assert(POLL_UNTIL(fake_clock_next_ms(&hands) <= 20));
	fake_clock_advance(&hands, 20);
	ck_assert(POLL_UNTIL(revision() == 2));
	ck_assert_int_eq(calls(&world, &world.collected), before + 1);
}
END_TEST

START_TEST(a_group_stands_for_one_instant)
{
	json_t *doc;

	add("agents/fake", "both", &fake_agents_ops, &world);
	add("queues/fake", "both", &fake_queues_ops, &world);
	start(2);
	ck_assert_int_eq(revision(), 1);
	fake_world_set(&world, &world.number, 5);
	pass(1100, 2);
	/* both sections changed, in one revision */
	ck_assert(POLL_UNTIL(revision() == 2));
	doc = document();
	ck_assert_int_eq(
	    json_integer_value(json_object_get(
		json_object_get(
		    json_array_get(json_object_get(doc, "queues"), 0), "depth"),
		"ready")),
	    5);
	json_decref(doc);
}
END_TEST

START_TEST(two_sources_with_one_key_are_told_apart)
{
	add("queues/one", NULL, &fake_queues_ops, &world);
	add("queues/two", NULL, &fake_queues_ops, &other);
	other.number = 2;
	start(3);
	ck_assert(POLL_UNTIL(stands(0, "ok", NULL)));
	ck_assert(POLL_UNTIL(stands(1, "degraded", "exists")));
	ck_assert_uint_eq(entities_of("queues"), 1);
}
END_TEST

START_TEST(an_agent_of_two_sources_is_one)
{
	json_t *doc, *agent;
	long before;

	add("agents/one", NULL, &fake_agents_ops, &world);
	add("agents/two", NULL, &fake_agents_ops, &other);
	other.number = 2;
	start(3);
	ck_assert(POLL_UNTIL(stands(0, "ok", NULL) && stands(1, "ok", NULL)));
	doc = document();
	agent = json_array_get(json_object_get(doc, "agents"), 0);
	ck_assert_str_eq(
	    json_string_value(json_object_get(agent, "description")),
	    "number 0");
	ck_assert_str_eq(json_string_value(json_array_get(
			     json_object_get(agent, "merged_from"), 1)),
	    "agents/two");
	json_decref(doc);
	before = revision();
	/* what is not shown, as another source tells it, makes no revision */
	fake_world_set(&other, &other.number, 3);
	pass(3000, 3);
	ck_assert_int_ge(calls(&world, &world.collected), 2);
	ck_assert_int_ge(calls(&other, &other.collected), 2);
	ck_assert_int_eq(revision(), before);
}
END_TEST

START_TEST(expired_snapshots_are_never_handed_out)
{
	json_t *doc, *source;

	add("agents/fake", NULL, &fake_agents_ops, &world);
	world.next_in_ms = 1500; /* half the max age */
	start(2);
	pthread_mutex_lock(&world.mutex);
	world.hold = true; /* nothing new comes */
	pthread_mutex_unlock(&world.mutex);
	/* in one leap: the composer may not have woken when we ask */
	fake_clock_advance(&hands, 3001);
	doc = document();
	source = json_array_get(json_object_get(doc, "sources"), 0);
	ck_assert_str_ne(
	    json_string_value(json_object_get(source, "status")), "ok");
	json_decref(doc);
}
END_TEST

START_TEST(names_are_unique_and_disabled_ones_are_listed)
{
	struct sst_instance_settings s = {
	    .name = "agents/off",
	    .ops = &fake_agents_ops,
	    .options = fake_options_new(&other),
	    .enabled = false,
	};
	json_t *doc;

	ck_assert_int_eq(
	    sst_repository_add(sst_service_sources_of(service), &s, &err),
	    SST_OK);
	s.options = fake_options_new(&other);
	ck_assert_int_eq(
	    sst_repository_add(sst_service_sources_of(service), &s, &err),
	    SST_EXISTS);
	add("queues/fake", NULL, &fake_queues_ops, &world);
	start(2);
	ck_assert(POLL_UNTIL(stands(0, "disabled", NULL)));
	doc = document();
	ck_assert_ptr_null(json_object_get(doc, "agents"));
	json_decref(doc);
	ck_assert_int_eq(calls(&other, &other.collect_calls), 0);
}
END_TEST

START_TEST(stop_ends_a_held_source)
{
	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	pthread_mutex_lock(&world.mutex);
	world.hold = true;
	pthread_mutex_unlock(&world.mutex);
	fake_clock_advance(&hands, 1100);
	ck_assert(POLL_UNTIL(calls(&world, &world.collect_calls) == 2));
	sst_service_stop(service);
	ck_assert_int_eq(calls(&world, &world.stop_calls), 1);
	sst_service_free(&service);
	ck_assert_int_eq(world.fini_calls, 1);
}
END_TEST

START_TEST(figures_tell_what_the_document_does_not)
{
	struct sst_source_figures *f = NULL;
	size_t n = 0;

	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	fake_world_set(&world, &world.fail, SST_UPSTREAM);
	pass(1100, 2);
	ck_assert_int_eq(sst_service_sources(service, &f, &n, &err), SST_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(f[0].name, "agents/fake");
	ck_assert_str_eq(f[0].status, "ok");
	ck_assert_uint_eq(f[0].attempts, 2);
	ck_assert_uint_eq(f[0].consecutive_failures, 1);
	ck_assert_str_eq(f[0].error_code, "upstream_error");
	ck_assert(f[0].age_seconds > 1 && f[0].age_seconds < 1.2);
	ck_assert(f[0].next_attempt_seconds > 0);
	sst_source_figures_free(f, n);
}
END_TEST

static void
replace_by(
    const char *name, const struct sst_source_ops *ops, struct fake_world *w)
{
	struct sst_instance_settings s = {
	    .name = name,
	    .ops = ops,
	    .options = fake_options_new(w),
	    .enabled = true,
	};
	struct sst_repository *next = NULL;

	ck_assert_int_eq(sst_service_new_sources(service, &next, &err), SST_OK);
	ck_assert_int_eq(sst_repository_add(next, &s, &err), SST_OK);
	ck_assert_int_eq(sst_service_replace(service, &next, &err), SST_OK);
	ck_assert_ptr_null(next);
}

START_TEST(sources_can_be_replaced_while_running)
{
	json_t *doc;

	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	replace_by("queues/fake", &fake_queues_ops, &other);
	ck_assert_int_eq(calls(&world, &world.fini_calls), 1);
	ck_assert(POLL_UNTIL(revision() == 2));
	doc = document();
	ck_assert_ptr_null(json_object_get(doc, "agents"));
	ck_assert_uint_eq(json_array_size(json_object_get(doc, "queues")), 1);
	json_decref(doc);
}
END_TEST

START_TEST(a_replaced_source_keeps_what_it_knew)
{
	add("agents/fake", NULL, &fake_agents_ops, &world);
	start(2);
	other.fail = SST_UNREACHABLE;
	replace_by("agents/fake", &fake_agents_ops, &other);
	ck_assert(POLL_UNTIL(stands(0, NULL, "unreachable")));
	ck_assert_uint_eq(entities_of("agents"), 1);
	pass(4000, 2);
	ck_assert(POLL_UNTIL(stands(0, "stale", NULL)));
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, first_snapshot_holds_what_the_sources_gave);
	tcase_add_test(tc, a_slow_source_delays_the_first_snapshot_only);
	tcase_add_test(tc, an_idle_system_is_silent);
	tcase_add_test(tc, a_change_is_one_revision);
	tcase_add_test(tc, failure_goes_by_error_stale_down_and_back);
	tcase_add_test(tc, the_last_good_section_is_served_while_down);
	tcase_add_test(tc, never_answered_is_null_and_down);
	tcase_add_test(tc, no_data_is_pending_and_no_failure);
	tcase_add_test(tc, what_does_not_conform_degrades);
	tcase_add_test(tc, failures_back_off);
	tcase_add_test(tc, a_source_can_ask_to_be_left_alone);
	tcase_add_test(tc, a_hung_source_is_interrupted_and_harms_nobody);
	tcase_add_test(tc, notify_collects_at_once_and_merges_bursts);
	tcase_add_test(tc, a_group_stands_for_one_instant);
	tcase_add_test(tc, two_sources_with_one_key_are_told_apart);
	tcase_add_test(tc, an_agent_of_two_sources_is_one);
	tcase_add_test(tc, expired_snapshots_are_never_handed_out);
	tcase_add_test(tc, names_are_unique_and_disabled_ones_are_listed);
	tcase_add_test(tc, stop_ends_a_held_source);
	tcase_add_test(tc, figures_tell_what_the_document_does_not);
	tcase_add_test(tc, sources_can_be_replaced_while_running);
	tcase_add_test(tc, a_replaced_source_keeps_what_it_knew);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "service", add_tests, setup, teardown, 60};

	sst_log_configure(SST_LOG_ERROR, SST_LOG_TEXT, 2);
	return suite_run(&plan);
}
