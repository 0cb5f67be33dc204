/* Two sources with the same keys: which is told, where, and how often. */
#include <check.h>
#include <string.h>

#include "base/log.h"
#include "service/service_priv.h"
#include "support/fake_clock.h"
#include "support/fake_source.h"
#include "support/poll.h"
#include "support/suite.h"

enum { THREADS = 3 }; /* two sources, composer */

static struct fake_clock hands;
static struct fake_world first, second;
static struct sst_service *service;
static struct sst_error err;

static void
add(const char *name, struct fake_world *w)
{
	struct sst_instance_settings s = {
	    .name = name,
	    .ops = &fake_queues_ops,
	    .options = fake_options_new(w),
	    .enabled = true,
	};

	ck_assert_msg(sst_repository_add(
			  sst_service_sources_of(service), &s, &err) == SST_OK,
	    "%s", err.text);
}

static bool
settled(void)
{
	return fake_clock_waiting(&hands) == THREADS;
}

static uint64_t
revision(void)
{
	struct sst_service_figures f;

	sst_service_figures(service, &f);
	return f.revision;
}

static void
pass(int64_t ms)
{
	for (; ms > 0; ms -= 50) {
		fake_clock_advance(&hands, 50);
		ck_assert(POLL_UNTIL(settled()));
	}
}

static void
setup(void)
{
	struct sst_service_settings s = {.id = "test"};

	fake_clock_init(&hands);
	fake_world_init(&first);
	fake_world_init(&second);
	s.clock = &hands.clock;
	ck_assert_msg(
	    sst_service_new(&s, &service, &err) == SST_OK, "%s", err.text);
	add("queues/one", &first);
	add("queues/two", &second);
	ck_assert_int_eq(sst_service_start(service, &err), SST_OK);
	ck_assert(POLL_UNTIL(revision() >= 1 && settled()));
	pass(2000);
}

static void
teardown(void)
{
	fake_world_release(&first);
	fake_world_release(&second);
	sst_service_free(&service);
	fake_world_fini(&first);
	fake_world_fini(&second);
	fake_clock_fini(&hands);
}

START_TEST(what_is_left_out_may_change_unseen)
{
	uint64_t before = revision();

	fake_world_set(&second, &second.number, 7);
	pass(3000);
	ck_assert_uint_eq(revision(), before);
	fake_world_set(&first, &first.number, 7);
	pass(3000);
	ck_assert_uint_eq(revision(), before + 1);
}
END_TEST

START_TEST(figures_say_it_as_the_document_does)
{
	struct sst_source_figures *f = NULL;
	size_t n = 0;

	ck_assert_int_eq(sst_service_sources(service, &f, &n, &err), SST_OK);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(f[0].status, "ok");
	ck_assert_ptr_null(f[0].error_code);
	ck_assert_str_eq(f[1].status, "degraded");
	ck_assert_str_eq(f[1].error_code, "exists");
	ck_assert_str_eq(
	    f[1].error_message, "1 left out: another source has the same key");
	sst_source_figures_free(f, n);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, what_is_left_out_may_change_unseen);
	tcase_add_test(tc, figures_say_it_as_the_document_does);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "twins", add_tests, setup, teardown, 60};

	sst_log_configure(SST_LOG_ERROR, SST_LOG_TEXT, 2);
	return suite_run(&plan);
}
