/*
 * Time under storm: the world changes some two hundred times a second, most of
 * the past is on disk only, and everything that is about time is asked at once
 * over sockets: documents and patches of the past, long polls, and watchers
 * whose connections are cut anywhere. Then it is stopped with all of them
 * connected. SST_STORM_RECONNECTS: how many cuts.
 */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "api/storm.h"
#include "base/log.h"
#include "config/option.h"
#include "repository/registry.h"
#include "service/service_priv.h"
#include "service/watch.h"
#include "support/poll.h"

/* Each step takes ten times as long under a sanitizer. */
#ifdef STORM_GENTLY
enum { CUTS = 1000, ROUNDS = 80 };
static const char fast[] = "scenario: demo\nspeed: 100\n";
#else
enum { CUTS = 10000, ROUNDS = 200 };
static const char fast[] = "scenario: demo\nspeed: 400\n";
#endif
/* Of one section, which changes every second or two; and at the end. */
static const char calm[] = "scenario: demo\nspeed: 4\n";
static const char quiet[] = "scenario: demo\nspeed: 0.001\n";

enum {
	WATCHERS = 24,
	PAST = 2,
	PATCH = 2,
	POLLS = 4,
	PARKED = 2,
	ASKERS = PAST + PATCH + POLLS,
	PATIENCE_S = 120,
	STOP_MS = 2000
};

static struct storm storm;
static struct storm_watcher watchers[WATCHERS];
static struct sst_error err;
static char dir[64];

static void
add_source(struct sst_repository *repository, enum sst_section_id id,
    const char *yaml, long interval_ms)
{
	struct sst_instance_settings is = {.group = "mock", .enabled = true};
	struct sst_config_doc *doc = NULL;
	char name[64];

	snprintf(name, sizeof(name), "%s/mock", sst_section_name(id));
	is.name = name;
	is.interval_ms = interval_ms;
	is.max_age_ms = 3600000;
	is.ops = sst_registry_find(id, "mock");
	is.options = calloc(1, is.ops->settings_size);
	ck_assert_int_eq(
	    sst_config_doc_parse("test", yaml, strlen(yaml), &doc, &err),
	    SST_OK);
	ck_assert_int_eq(
	    sst_options_parse(is.ops->options, is.ops->option_count,
		sst_config_doc_root(doc), is.options, &err),
	    SST_OK);
	sst_config_doc_free(&doc);
	ck_assert_int_eq(sst_repository_add(repository, &is, &err), SST_OK);
}

static void
setup(void)
{
	struct sst_service_settings ss = {.id = "system-1",
	    .clock = sst_clock_real(),
	    .share_dir = SST_SOURCE_DIR,
	    .recent_revisions = 16,
	    .recent_bytes = 16 << 20,
	    .history = {.dir = dir,
		.retention = {3600000, 7200000, 10800000, 1 << 30}},
	    .need_history = true,
	    .max_watchers = 5000,
	    .heartbeat_ms = 1000};
	struct sst_api_settings as = {
	    .threads = 2, .limits = {.connections = 6000, .idle_seconds = 300}};
	const char *reconnects = getenv("SST_STORM_RECONNECTS");
	unsigned id;

	snprintf(dir, sizeof(dir), "/tmp/storm-time-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	pthread_mutex_init(&storm.lock, NULL);
	storm.rounds = ROUNDS;
	storm.reconnects =
	    reconnects == NULL ? CUTS : (unsigned)strtoul(reconnects, NULL, 10);
	ck_assert_int_eq(sst_contract_new(&storm.contract, &err), SST_OK);
	ck_assert_int_eq(sst_service_new(&ss, &storm.service, &err), SST_OK);
	for (id = 0; id < SST_SECTION_COUNT; id++)
		add_source(sst_service_sources_of(storm.service),
		    (enum sst_section_id)id,
		    id == SST_SECTION_LITELLM ? calm : fast, 10);
	ck_assert_msg(
	    sst_service_start(storm.service, &err) == SST_OK, "%s", err.text);
	ck_assert_msg(
	    sst_api_start(&as, storm.service, &storm.api, &err) == SST_OK, "%s",
	    err.text);
	storm.port = sst_api_port(storm.api);
}

static void
remove_dir(void)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL)
		unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
	rmdir(dir);
}

static void
teardown(void)
{
	size_t i;

	sst_api_stop(&storm.api, STOP_MS);
	sst_service_free(&storm.service);
	sst_contract_free(&storm.contract);
	for (i = 0; i < STORM_SEEN; i++)
		free(storm.seen[i].bytes);
	pthread_mutex_destroy(&storm.lock);
	remove_dir();
}

static void
learn_epoch(void)
{
	struct sst_snapshot *s;

	ck_assert(POLL_UNTIL(storm_revision_now(&storm) > 0));
	s = sst_service_snapshot(storm.service);
	snprintf(storm.epoch, sizeof(storm.epoch), "%s", s->epoch);
	sst_snapshot_release(&s);
}

/* Of those with most and with least to tell one is never cut; one is slow. */
static void
start_watchers(pthread_t threads[WATCHERS])
{
	static const char *const sections[] = {"agents,workload,queues,litellm",
	    "queues", "agents", "workload,litellm", "queues", "agents",
	    "litellm", "agents,queues"};
	static const char *const keys[] = {
	    NULL, NULL, NULL, NULL, "mock/default", "agent-1", NULL, NULL};
	int i;

	for (i = 0; i < WATCHERS; i++) {
		watchers[i] = (struct storm_watcher){.storm = &storm,
		    .sections = sections[i % 8],
		    .key = keys[i % 8],
		    .steady = i == 0 || i == 6,
		    .slow = i == 8,
		    .rnd = (uint64_t)i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
				     storm_watcher_run, &watchers[i]),
		    0);
	}
}

static void
start_askers(pthread_t threads[ASKERS])
{
	void *(*run)(void *);
	int i;

	for (i = 0; i < ASKERS; i++) {
		run = i < PAST           ? storm_past_run
		      : i < PAST + PATCH ? storm_patch_run
					 : storm_poll_run;
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, run, &storm), 0);
	}
}

static void
join(pthread_t *threads, int count)
{
	int i;

	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void
await_count(atomic_uint *count, unsigned want)
{
	time_t end = poll_end(PATIENCE_S);

	while (atomic_load(count) < want && !poll_expired(end))
		sched_yield();
	if (atomic_load(count) < want)
		storm_fail(&storm, "only %u of %u came so far",
		    atomic_load(count), want);
}

/* The same sources, for which time stands nearly still. */
static void
calm_down(void)
{
	struct sst_repository *next = NULL;
	unsigned id;

	ck_assert_int_eq(
	    sst_service_new_sources(storm.service, &next, &err), SST_OK);
	for (id = 0; id < SST_SECTION_COUNT; id++)
		add_source(next, (enum sst_section_id)id, quiet, 3600000);
	ck_assert_int_eq(
	    sst_service_replace(storm.service, &next, &err), SST_OK);
	atomic_store(&storm.quiet, true);
}

static double
metric(const char *name)
{
	struct storm_asker asker = {.storm = &storm};
	struct http_answer a;
	const char *at;
	char line[80];
	double value = -1;

	snprintf(line, sizeof(line), "\n%s ", name);
	if (storm_ask(&asker, "", &a, "/metrics")) {
		at = strstr(a.body, line);
		if (at != NULL)
			value = strtod(at + strlen(line), NULL);
	}
	storm_asker_fini(&asker);
	return value;
}

static uint64_t
opened_total(void)
{
	struct sst_watch_figures f;

	sst_watch_figures(storm.service, &f);
	return f.opened_total;
}

/* With all watchers, long polls, and one that does not read. */
static void
stop_all(void)
{
	pthread_t parked[PARKED];
	uint64_t before = opened_total();
	struct timespec a, b;
	int i;

	for (i = 0; i < PARKED; i++)
		pthread_create(&parked[i], NULL, storm_parked_run, &storm);
	ck_assert(POLL_UNTIL(opened_total() == before + PARKED));
	clock_gettime(CLOCK_MONOTONIC, &a);
	sst_api_stop(&storm.api, STOP_MS);
	clock_gettime(CLOCK_MONOTONIC, &b);
	join(parked, PARKED);
	printf(
	    "stopped in %.3f s\n", (double)(b.tv_sec - a.tv_sec) +
				       (double)(b.tv_nsec - a.tv_nsec) / 1e9);
}

static void
print_counts(const struct sst_service_history *h)
{
	static const char *const names[STORM_COUNTS] = {"documents of the past",
	    "patches applied", "long polls: changed", "long polls: the same",
	    "of these without a tag", "forced reconnects",
	    "of these within an event", "of these to a place far behind",
	    "states", "changes", "bookmarks", "heartbeats and hellos",
	    "changes compared with the diff", "changes that began later",
	    "models compared", "started over", "answered 503", "dropped",
	    "ends", "answered 410"};
	int i;

	for (i = 0; i < STORM_COUNTS; i++)
		printf("%8" PRIu64 " %s\n",
		    storm_counted(&storm, (enum storm_count)i), names[i]);
	printf("%8" PRIu64 " revisions, %" PRIu64 " on disk, %" PRIu64
	       " lost\n",
	    storm_revision_now(&storm), h->revisions, h->lost_total);
}

START_TEST(nothing_is_lost_and_nothing_comes_twice)
{
	pthread_t threads[WATCHERS], askers[ASKERS];
	struct sst_service_history h;
	struct sse_client stuck;
	double dropped;

	learn_epoch();
	start_watchers(threads);
	start_askers(askers);
	storm_stuck_open(&storm, &stuck);
	join(askers, ASKERS);
	await_count(&storm.following, WATCHERS);
	dropped = metric("systate_watchers_dropped_total");
	calm_down();
	await_count(&storm.settled, WATCHERS);
	stop_all();
	join(threads, WATCHERS);
	sse_client_close(&stuck, false);
	sst_service_history_figures(storm.service, &h);
	print_counts(&h);
	ck_assert(!atomic_load(&storm.failed));
	ck_assert(dropped >= STORM_SLOW);
	ck_assert_uint_gt(storm_counted(&storm, STORM_DIFFS), 0);
	ck_assert_uint_gt(storm_counted(&storm, STORM_CUT_AMID), 0);
	ck_assert_uint_gt(storm_counted(&storm, STORM_BACK), 0);
	ck_assert_uint_gt(storm_counted(&storm, STORM_POLL_SAME), 0);
	ck_assert_uint_ge(
	    storm_counted(&storm, STORM_RECONNECTS), storm.reconnects);
	ck_assert_uint_eq(storm_counted(&storm, STORM_ENDS), WATCHERS);
	/* a disk that stands still makes gaps; nothing else does */
	ck_assert(storm_counted(&storm, STORM_GONE) == 0 || h.lost_total > 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("storm_time");
	TCase *tc = tcase_create("storm_time");
	SRunner *sr;
	int failures;

	sst_log_configure(SST_LOG_WARN, SST_LOG_TEXT, 2);
	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_is_lost_and_nothing_comes_twice);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failures = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
