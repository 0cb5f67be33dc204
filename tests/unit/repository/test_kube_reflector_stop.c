/* It ends at once, whatever it is at. */
#include <stdlib.h>

#include "test_kube_reflector.h"
#include "test_kube_reflector_support.h"

enum stop_state {
	STOP_UNSTARTED,
	STOP_AT_ONCE,
	STOP_LIST_HELD,
	STOP_PAGE_HELD,
	STOP_BACK_OFF,
	STOP_SLOW,
	STOP_WATCH_HELD,
	STOP_WATCHING,
	STOP_BUSY,
	STOP_STATES
};

static void
stop_misbehave(enum stop_state state)
{
	const struct {
		const char *prefix;
		struct kube_api_fault fault;
	} orders[STOP_STATES] = {
	    [STOP_LIST_HELD] = {PODS_LIST, {.kind = KUBE_API_HOLD}},
	    [STOP_PAGE_HELD] = {PODS_LIST, {.kind = KUBE_API_HOLD_BODY}},
	    [STOP_BACK_OFF] = {PODS_LIST, {.kind = KUBE_API_CLOSE}},
	    [STOP_SLOW] = {PODS_LIST, {.kind = KUBE_API_STATUS, .status = 403}},
	    [STOP_WATCH_HELD] = {PODS_WATCH, {.kind = KUBE_API_HOLD}},
	};

	if (orders[state].prefix != NULL)
		kube_api_misbehave(
		    rig.api, orders[state].prefix, &orders[state].fault);
}

static void
stop_reach(enum stop_state state)
{
	unsigned i;

	switch (state) {
	case STOP_LIST_HELD:
	case STOP_PAGE_HELD:
		ck_assert(kube_api_wait_calls(rig.api, PODS_LIST, 1));
		break;
	case STOP_BACK_OFF:
	case STOP_SLOW:
		rig_delay();
		break;
	case STOP_WATCH_HELD:
		ck_assert(kube_api_wait_calls(rig.api, PODS_WATCH, 1));
		break;
	case STOP_WATCHING:
		rig_wait_state(SST_KUBE_WATCHING);
		break;
	case STOP_BUSY:
		rig_wait_state(SST_KUBE_WATCHING);
		for (i = 0; i < 200; i++)
			rig_put("busy");
		break;
	default:
		break;
	}
}

/* From any state, at once: rig_stop has a bound. */
START_TEST(it_stops)
{
	struct sst_error err;

	rig_put("first");
	stop_misbehave((enum stop_state)_i);
	if (_i == STOP_UNSTARTED)
		ck_assert_int_eq(
		    sst_kube_reflector_new(&rig.settings, &rig.reflector, &err),
		    SST_OK);
	else
		rig_start();
	stop_reach((enum stop_state)_i);
	rig_stop();
	ck_assert_uint_eq(rig_told(&rig.sink.begun),
	    rig_told(&rig.sink.synced) + rig_told(&rig.sink.abandoned));
	ck_assert(kube_api_wait_watchers(rig.api, "", 0));
}
END_TEST

void
add_stop_tests(TCase *tc)
{
	tcase_add_loop_test(tc, it_stops, 0, STOP_STATES);
}
