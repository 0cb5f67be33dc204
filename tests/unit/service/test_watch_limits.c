/* What watchers cannot have: room without end, time without end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/poll.h"
#include "test_watch.h"

/* What else happens while a round makes its difference, on the same thread. */
static _Thread_local void (*meanwhile)(void);

int __real_sst_diff_new(struct sst_snapshot *from, struct sst_snapshot *to,
    struct sst_diff **out, struct sst_error *err);
int __wrap_sst_diff_new(struct sst_snapshot *from, struct sst_snapshot *to,
    struct sst_diff **out, struct sst_error *err);

int
__wrap_sst_diff_new(struct sst_snapshot *from, struct sst_snapshot *to,
    struct sst_diff **out, struct sst_error *err)
{
	void (*todo)(void) = meanwhile;

	meanwhile = NULL;
	if (todo != NULL)
		todo();
	return __real_sst_diff_new(from, to, out, err);
}

static struct rig rig;
static struct eye eye, other;
static struct sst_watch_figures figures;

static void
open_hub(size_t events, size_t bytes, size_t watchers)
{
	struct watch_hub_settings s = rig_settings(&rig);

	s.max_queued_events = events;
	s.max_queued_bytes = bytes;
	s.max_watchers = watchers;
	rig_open(&rig, &s);
	rig_publish(&rig);
}

static void
setup(void)
{
	rig_init(&rig);
	open_hub(4, 1 << 20, 3);
}

static void
teardown(void)
{
	eye_close(&eye);
	eye_close(&other);
	rig_fini(&rig);
}

static void
change_agent(int value)
{
	rig_set_agent(&rig, 0, value);
	rig_publish(&rig);
	rig_round(&rig);
}

START_TEST(slow_by_number_of_events)
{
	struct sst_watch_event none;
	int i;

	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_open(&rig, &other, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	for (i = 2; i <= 5; i++) {
		change_agent(i);
		eye_wants(&other, SST_WATCH_CHANGE, (uint64_t)i);
	}
	eye_wants(&eye, SST_WATCH_CHANGE, 2); /* room for one again */
	change_agent(6);
	eye_wants(&other, SST_WATCH_CHANGE, 6);
	ck_assert_uint_eq(rig.hub->figures.dropped_total, 0);
	change_agent(7);
	eye_wants(&other, SST_WATCH_CHANGE, 7);
	eye_wants(&eye, SST_WATCH_SLOW, 2); /* where it can resume */
	ck_assert_str_eq(eye.event.epoch, rig.epoch);
	ck_assert_int_eq(sst_watch_next(eye.watch, &none), SST_CANCELED);
	ck_assert_int_eq(sst_watch_next(eye.watch, &none), SST_CANCELED);
	change_agent(8);
	ck_assert_int_eq(atomic_load(&eye.wakes), 1);
	eye_wants(&other, SST_WATCH_CHANGE, 8);
	eye_wants_none(&other, 1);
	watch__hub_figures(rig.hub, &figures);
	ck_assert_uint_eq(figures.dropped_total, 1);
	ck_assert_uint_eq(figures.events_total[SST_WATCH_SLOW], 1);
	ck_assert_ptr_null(other.watch->group->head);
}
END_TEST

START_TEST(slow_by_bytes)
{
	watch__hub_free(&rig.hub);
	open_hub(1000, 1000, 3);
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	change_agent(2);
	ck_assert_uint_eq(rig.hub->figures.dropped_total, 0);
	while (rig.hub->figures.dropped_total == 0)
		change_agent((int)rig.revision + 1);
	/* a change is some 400 bytes here: two fit */
	ck_assert_uint_le(rig.revision, 5);
	eye_wants(&eye, SST_WATCH_SLOW, 1);
}
END_TEST

START_TEST(who_waits_is_never_slow)
{
	size_t i;

	watch__hub_free(&rig.hub);
	open_hub(1, 10, 3);
	eye_open(&rig, &eye, AGENTS, NULL, NULL);
	eye_wants(&eye, SST_WATCH_STATE, rig.revision);
	eye_wants_none(&eye, 0);
	for (i = 0; i < 500; i++)
		rig_set_agent(&rig, i, 9);
	change_agent(3);
	eye_wants(&eye, SST_WATCH_CHANGE, rig.revision);
	ck_assert_uint_gt(eye.event.body->len, 10);
	eye_wants_none(&eye, 1);
	change_agent(4);
	change_agent(5);
	eye_wants(&eye, SST_WATCH_SLOW, rig.revision - 2);
}
END_TEST

START_TEST(a_slow_one_loses_nothing_when_it_resumes)
{
	uint64_t at;
	int i;

	eye_open(&rig, &eye, AGENTS, NULL, NULL);
	eye_wants(&eye, SST_WATCH_STATE, 1);
	for (i = 2; i < 10; i++)
		change_agent(i);
	eye_wants(&eye, SST_WATCH_SLOW, 1);
	at = eye.event.revision;
	eye_close(&eye);
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, at));
	eye_wants(&eye, SST_WATCH_CHANGE, 9);
	ck_assert_uint_eq(eye_from(&eye), 1);
}
END_TEST

START_TEST(no_more_watchers_than_allowed)
{
	struct sst_watch_settings w = {.sections = AGENTS, .wake = eye_wake};
	struct sst_watch *watch = NULL;
	struct eye third;

	eye_open(&rig, &eye, AGENTS, NULL, NULL);
	eye_open(&rig, &other, QUEUES, NULL, NULL);
	eye_open(&rig, &third, AGENTS, NULL, NULL);
	ck_assert_int_eq(
	    watch__hub_open(rig.hub, &w, &watch, &rig.err), SST_LIMIT);
	ck_assert_ptr_nonnull(strstr(rig.err.text, "3 watchers"));
	watch__hub_figures(rig.hub, &figures);
	ck_assert_uint_eq(figures.open, 3);
	ck_assert_uint_eq(figures.projections, 2);
	ck_assert_uint_eq(figures.opened_total, 3);
	ck_assert_uint_eq(figures.refused_total, 1);
	eye_close(&third);
	eye_close(&eye);
	eye_open(&rig, &eye, QUEUES, NULL, NULL);
	watch__hub_figures(rig.hub, &figures);
	ck_assert_uint_eq(figures.open, 2);
	ck_assert_uint_eq(figures.projections, 1);
}
END_TEST

static void
is_over(struct eye *e)
{
	struct sst_watch_event none;

	ck_assert_int_eq(sst_watch_next(e->watch, &none), SST_CANCELED);
}

START_TEST(poll_that_differs_already)
{
	change_agent(2);
	eye_poll(&rig, &eye, AGENTS, rig_at(&rig, 1), 1000);
	eye_wants(&eye, SST_WATCH_CHANGE, 2);
	ck_assert_ptr_null(eye.event.body);
	is_over(&eye);
	eye_poll(&rig, &other, AGENTS, NULL, 1000); /* knows nothing */
	eye_wants(&other, SST_WATCH_CHANGE, 2);
	is_over(&other);
}
END_TEST

START_TEST(poll_that_differs_later)
{
	eye_poll(&rig, &eye, AGENTS, rig_at(&rig, 1), 1000);
	eye_wants_none(&eye, 0);
	rig.tasks[0][0] = 2;
	rig_publish(&rig);
	rig_round(&rig);
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	change_agent(2);
	change_agent(3);
	ck_assert_int_eq(atomic_load(&eye.wakes), 1);
	rig_due(&rig, 1000); /* too late to be too late */
	eye_wants(&eye, SST_WATCH_CHANGE, 4);
	is_over(&eye);
	ck_assert_int_eq(atomic_load(&eye.wakes), 1);
}
END_TEST

START_TEST(poll_whose_time_is_up)
{
	eye_poll(&rig, &eye, AGENTS, rig_at(&rig, 1), 1000);
	eye_wants_none(&eye, 0);
	rig.tasks[0][0] = 2;
	rig_publish(&rig);
	rig_round(&rig);
	rig_due(&rig, 999);
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	rig_due(&rig, 1);
	ck_assert_int_eq(atomic_load(&eye.wakes), 1);
	eye_wants(&eye, SST_WATCH_TIME_OUT, 2);
	is_over(&eye);
	change_agent(2);
	rig_due(&rig, 5000);
	ck_assert_int_eq(atomic_load(&eye.wakes), 1);
}
END_TEST

START_TEST(poll_ahead_of_the_hub)
{
	rig_round(&rig);
	rig_set_agent(&rig, 0, 2);
	rig_publish(&rig);
	eye_poll(&rig, &eye, AGENTS, rig_at(&rig, 2), 1000);
	eye_poll(&rig, &other, AGENTS, rig_at(&rig, 2), 1000);
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig_due(&rig, 500);
	rig_round(&rig);
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	eye_close(&other);
	change_agent(3);
	eye_wants(&eye, SST_WATCH_CHANGE, 3);
	eye_poll(&rig, &other, AGENTS, rig_at(&rig, 3), 100);
	eye_wants_none(&other, 0);
	rig_due(&rig, 100);
	eye_wants(&other, SST_WATCH_TIME_OUT, 3);
}
END_TEST

START_TEST(a_queue_gets_no_heartbeat)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	change_agent(2);
	change_agent(3);
	rig_due(&rig, 16000);
	eye_wants(&eye, SST_WATCH_CHANGE, 2);
	eye_wants(&eye, SST_WATCH_CHANGE, 3);
	eye_wants_none(&eye, 1);
	rig_due(&rig, 16000);
	eye_wants(&eye, SST_WATCH_HEARTBEAT, 3);
	eye_wants_none(&eye, 2);
}
END_TEST

enum { CROWD = 1000, PERIOD_S = 16 };

static struct eye crowd[CROWD];

START_TEST(heartbeats_are_spread_and_one_a_period)
{
	int i, s, beats = 0, due, most = 0, round;

	watch__hub_free(&rig.hub);
	open_hub(4, 1000, CROWD);
	for (i = 0; i < CROWD; i++) {
		eye_open(&rig, &crowd[i], AGENTS, NULL, rig_at(&rig, 2));
		eye_wants_none(&crowd[i], 0);
	}
	for (round = 1; round <= 3; round++) {
		for (s = 0; s < PERIOD_S; s++) {
			rig_due(&rig, 1000);
			for (i = 0, due = 0; i < CROWD; i++) {
				if (atomic_load(&crowd[i].wakes) != round ||
				    crowd[i].watch->waiting)
					continue;
				eye_wants(&crowd[i], SST_WATCH_HEARTBEAT, 2);
				eye_wants_none(&crowd[i], round);
				due++;
			}
			most = due > most ? due : most;
			beats += due;
		}
		ck_assert_int_eq(beats, round * CROWD);
	}
	ck_assert_int_le(most, CROWD / (PERIOD_S / 2) + 1 + CROWD / 8);
	/* on a grid of seconds: the hub need not wake in between */
	ck_assert_int_eq(watch__heap_next(&rig.hub->heap).ns % 1000000000, 0);
	for (i = 0; i < CROWD; i++)
		eye_close(&crowd[i]);
	ck_assert_uint_eq(rig.hub->heap.count, 0);
}
END_TEST

START_TEST(deadlines_come_in_order)
{
	int i, wait, woken, want;

	watch__hub_free(&rig.hub);
	open_hub(4, 1000, CROWD);
	for (i = 0; i < CROWD; i++) {
		eye_poll(&rig, &crowd[i], AGENTS, rig_at(&rig, 2),
		    1 + i * 7919 % CROWD);
		eye_wants_none(&crowd[i], 0);
	}
	for (i = 0; i < CROWD; i += 3) /* some go before their time */
		eye_close(&crowd[i]);
	for (wait = 1; wait <= CROWD; wait++) {
		rig_due(&rig, 1);
		for (i = 0, woken = 0, want = 0; i < CROWD; i++) {
			woken += i % 3 != 0 && atomic_load(&crowd[i].wakes) > 0;
			want += i % 3 != 0 && 1 + i * 7919 % CROWD <= wait;
		}
		ck_assert_int_eq(woken, want);
	}
	for (i = 0; i < CROWD; i++)
		eye_close(&crowd[i]);
}
END_TEST

START_TEST(a_wait_is_ended_once)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	change_agent(2);
	change_agent(3);
	rig_due(&rig, 16000);
	watch__hub_stop(rig.hub);
	ck_assert_int_eq(atomic_load(&eye.wakes), 1);
}
END_TEST

static void
open_other(void)
{
	eye_open(&rig, &other, AGENTS, NULL, NULL);
	eye_wants(&other, SST_WATCH_STATE, 2);
	eye_wants_none(&other, 0);
	rig_due(&rig, 16000);
	/* not yet told is not yet passed by: no bookmark for `eye` */
	eye_wants(&eye, SST_WATCH_HEARTBEAT, 1);
	eye_wants_none(&eye, 1);
	eye_wants(&other, SST_WATCH_HEARTBEAT, 2);
	eye_wants_none(&other, 1);
}

START_TEST(who_opens_during_a_round_has_it_already)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	meanwhile = open_other;
	change_agent(2);
	ck_assert(meanwhile == NULL);
	eye_wants(&eye, SST_WATCH_CHANGE, 2);
	eye_wants_none(&other, 1);
	change_agent(3);
	eye_wants(&other, SST_WATCH_CHANGE, 3);
	ck_assert_uint_eq(eye_from(&other), 2);
}
END_TEST

static void
leave_all(void)
{
	eye_close(&eye);
	eye_close(&other);
}

START_TEST(all_may_leave_during_a_round)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_open(&rig, &other, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	meanwhile = leave_all;
	change_agent(2);
	ck_assert_uint_eq(rig.hub->group_count, 0);
}
END_TEST

static void
two_more_rounds(void)
{
	change_agent(3);
	change_agent(4);
}

START_TEST(who_is_overtaken_while_led_is_led_again)
{
	change_agent(2);
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	meanwhile = two_more_rounds;
	eye_wants(&eye, SST_WATCH_CHANGE, 2);
	eye_wants(&eye, SST_WATCH_CHANGE, 4);
	ck_assert_uint_eq(eye_from(&eye), 2);
	eye_wants_none(&eye, 0);
	change_agent(5);
	eye_wants(&eye, SST_WATCH_CHANGE, 5);
	eye_wants_none(&eye, 1);
}
END_TEST

START_TEST(stop_tells_everybody)
{
	struct sst_watch_settings w = {.sections = AGENTS, .wake = eye_wake};
	struct sst_watch *watch = NULL;
	struct eye fresh;

	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_open(&rig, &other, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	change_agent(2);
	eye_wants(&other, SST_WATCH_CHANGE, 2);
	eye_wants_none(&other, 0);
	eye_open(&rig, &fresh, AGENTS, NULL, NULL);
	watch__hub_stop(rig.hub);
	watch__hub_stop(rig.hub);
	ck_assert_int_eq(atomic_load(&other.wakes), 1);
	eye_wants(&eye, SST_WATCH_STOPPED, 1); /* 2 was never read */
	is_over(&eye);
	eye_wants(&other, SST_WATCH_STOPPED, 2);
	eye_wants(&fresh, SST_WATCH_STOPPED, 0); /* it was told nothing */
	is_over(&fresh);
	ck_assert_int_eq(
	    watch__hub_open(rig.hub, &w, &watch, &rig.err), SST_CANCELED);
	eye_close(&fresh);
}
END_TEST

START_TEST(who_waits_can_be_closed_after_the_stop)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	watch__hub_stop(rig.hub);
	sst_watch_close(&eye.watch);
	ck_assert_ptr_null(eye.watch);
	sst_watch_close(&eye.watch);
}
END_TEST

/* The thread: rounds when told, heartbeats and deadlines by the clock. */
START_TEST(the_thread_does_it_all)
{
	ck_assert_int_eq(watch__hub_start(rig.hub, &rig.err), SST_OK);
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_poll(&rig, &other, QUEUES, rig_at(&rig, 1), 1000);
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig_set_agent(&rig, 0, 2);
	rig_publish(&rig);
	watch__hub_published(rig.hub);
	ck_assert(POLL_UNTIL(atomic_load(&eye.wakes) == 1));
	eye_wants(&eye, SST_WATCH_CHANGE, 2);
	eye_wants_none(&eye, 1);
	ck_assert(POLL_UNTIL(fake_clock_next_ms(&rig.hands) == 1000));
	fake_clock_advance(&rig.hands, 1000);
	ck_assert(POLL_UNTIL(atomic_load(&other.wakes) == 1));
	eye_wants(&other, SST_WATCH_TIME_OUT, 2);
	eye_close(&other);
	fake_clock_advance(&rig.hands, 16000);
	ck_assert(POLL_UNTIL(atomic_load(&eye.wakes) == 2));
	eye_wants(&eye, SST_WATCH_HEARTBEAT, 2);
	eye_wants_none(&eye, 2);
	watch__hub_stop(rig.hub);
	ck_assert_int_eq(atomic_load(&eye.wakes), 3);
	eye_wants(&eye, SST_WATCH_STOPPED, 2);
}
END_TEST

Suite *
watch_limits_suite(void)
{
	Suite *s = suite_create("watch limits");
	TCase *bounds = tcase_create("bounds"), *time = tcase_create("time");
	TCase *end = tcase_create("end");

	tcase_add_checked_fixture(bounds, setup, teardown);
	tcase_add_test(bounds, slow_by_number_of_events);
	tcase_add_test(bounds, slow_by_bytes);
	tcase_add_test(bounds, who_waits_is_never_slow);
	tcase_add_test(bounds, a_slow_one_loses_nothing_when_it_resumes);
	tcase_add_test(bounds, no_more_watchers_than_allowed);
	suite_add_tcase(s, bounds);
	tcase_add_checked_fixture(time, setup, teardown);
	tcase_add_test(time, poll_that_differs_already);
	tcase_add_test(time, poll_that_differs_later);
	tcase_add_test(time, poll_whose_time_is_up);
	tcase_add_test(time, poll_ahead_of_the_hub);
	tcase_add_test(time, a_queue_gets_no_heartbeat);
	tcase_add_test(time, heartbeats_are_spread_and_one_a_period);
	tcase_add_test(time, deadlines_come_in_order);
	suite_add_tcase(s, time);
	tcase_add_checked_fixture(end, setup, teardown);
	tcase_add_test(end, a_wait_is_ended_once);
	tcase_add_test(end, who_opens_during_a_round_has_it_already);
	tcase_add_test(end, all_may_leave_during_a_round);
	tcase_add_test(end, who_is_overtaken_while_led_is_led_again);
	tcase_add_test(end, stop_tells_everybody);
	tcase_add_test(end, who_waits_can_be_closed_after_the_stop);
	tcase_add_test(end, the_thread_does_it_all);
	suite_add_tcase(s, end);
	return s;
}
