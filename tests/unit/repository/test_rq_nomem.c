/*
 * Lets each allocation of the Redis client and of a collection of RQ fail once:
 * it is told as such, nothing leaks, and the next attempt succeeds.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/draft.h"
#include "repository/queues/queues.h"
#include "support/starve.h"
#include "support/suite.h"
#include "test_rq_support.h"

enum { ALLOCATIONS_MAX = 20000 };

static struct rq_rig rig;

static void
setup(void)
{
	rq_rig_init(&rig);
	/* not over the proxy, which has a thread that allocates */
	snprintf(rig.redis.url, sizeof(rig.redis.url), "redis://127.0.0.1:%u",
	    (unsigned)rig.redis.server.port);
	rq_rig_seed(&rig);
	rq_rig_do(&rig, "LREM rq:queue:agent-default 0 boom-noretry");
	rq_rig_do(&rig, "HSET rq:job:dep-2 dependency_ids %s",
	    "[\"plan-6\",\"lost\"]");
}

static void
teardown(void)
{
	rq_rig_fini(&rig);
}

START_TEST(a_client_is_made)
{
	char *addresses[] = {rig.redis.url + strlen("redis://")};
	char name[] = "m", user[] = "u", word[] = "p";
	struct sst_redis_settings settings = {.url = rig.redis.url,
	    .username = user,
	    .password = {.value = word},
	    .master_name = name,
	    .sentinels = {addresses, 1}};
	struct sst_redis *redis = NULL;
	struct sst_error err;
	bool failed = true;
	long n;
	int code;

	for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
		sst_error_clear(&err);
		starve_after(n);
		code = sst_redis_new(
		    &settings, &rig.redis.hands.clock, 1000, &redis, &err);
		failed = starve_end();
		ck_assert_msg(code == (failed ? SST_NOMEM : SST_OK),
		    "%ld: %d %s", n, code, err.text);
		ck_assert_int_eq(redis == NULL, failed);
		sst_redis_free(&redis);
	}
	ck_assert_int_gt(n, 5);
	ck_assert(!failed);
}
END_TEST

/* Nothing of libcheck in here: it allocates, too. */
static int
on_reply(void *ctx, size_t i, const redisReply *reply, struct sst_error *err)
{
	int *count = ctx;

	(void)i;
	(void)reply;
	(void)err;
	(*count)++;
	return SST_OK;
}

/* Of a connection made anew. */
START_TEST(a_pipeline_is_run)
{
	struct sst_mono end =
	    sst_mono_add_ms(sst_clock_mono(&rig.redis.hands.clock), 5000);
	bool failed = true;
	int code, count = 0;
	long n;

	for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
		redis_rig_open(&rig.redis);
		sst_error_clear(&rig.redis.err);
		starve_after(n);
		sst_redis_command(rig.redis.redis, "SMEMBERS %s", "rq:queues");
		code = sst_redis_run(
		    rig.redis.redis, end, on_reply, &count, &rig.redis.err);
		failed = starve_end();
		ck_assert_msg(code == (failed ? SST_NOMEM : SST_OK),
		    "%ld: %d %s", n, code, rig.redis.err.text);
	}
	ck_assert_int_gt(n, 5);
	ck_assert(!failed);
}
END_TEST

/* A text that cannot be made is tried another way once; then it is what it
 * would have been. */
START_TEST(a_collection)
{
	bool failed = true;
	char yaml[256], *want = NULL, *got;
	long n;
	int code;

	snprintf(yaml, sizeof(yaml), "url: '%s'", rig.redis.url);
	for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
		ck_assert_int_eq(subject_open(&rig.subject, yaml), SST_OK);
		sst_error_clear(&rig.subject.err);
		starve_after(n);
		code = rq_rig_try_bare(&rig);
		failed = starve_end();
		ck_assert_msg(code == SST_OK || (failed && code == SST_NOMEM),
		    "%ld: %d %s", n, code, rig.subject.err.text);
		/* it goes on with what it has */
		if (code != SST_OK)
			ck_assert_int_eq(rq_rig_try_bare(&rig), SST_OK);
		ck_assert_str_eq(rig.subject.harvest->flaw.text, "");
		got = subject_json(&rig.subject);
		if (want == NULL)
			want = strdup(got);
		ck_assert_msg(strcmp(want, got) == 0, "%ld", n);
		free(got);
	}
	ck_assert_int_gt(n, 100);
	ck_assert(!failed);
	free(want);
}
END_TEST

START_TEST(a_source_is_made)
{
	const struct sst_source_ops *ops = rig.subject.ops;
	char yaml[256];
	void *state;
	bool failed = true;
	long n;
	int code;

	snprintf(
	    yaml, sizeof(yaml), "{url: '%s', queues: [a, b]}", rig.redis.url);
	ck_assert_int_eq(subject_open(&rig.subject, yaml), SST_OK);
	state = calloc(1, ops->state_size);
	ck_assert_ptr_nonnull(state);
	for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
		sst_error_clear(&rig.subject.err);
		starve_after(n);
		code = ops->init(state, rig.subject.settings, &rig.subject.env,
		    &rig.subject.err);
		failed = starve_end();
		ck_assert_msg(code == (failed ? SST_NOMEM : SST_OK),
		    "%ld: %d %s", n, code, rig.subject.err.text);
		ops->fini(state);
	}
	ck_assert_int_gt(n, 8);
	ck_assert(!failed);
	free(state);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, a_client_is_made);
	tcase_add_test(tc, a_pipeline_is_run);
	tcase_add_test(tc, a_collection);
	tcase_add_test(tc, a_source_is_made);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "rq_nomem",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 120};

	starve_init();
	return redis_rig_has("redis-server") ? suite_run(&plan) : EXIT_SUCCESS;
}
