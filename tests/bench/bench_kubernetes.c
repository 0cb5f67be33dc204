/*
 * The source workload/kubernetes alone, against the API server of the tests in
 * a process of its own: how long a cluster takes to come in, what one event
 * costs, and what memory is left after lists that are made again. The clock is
 * turned, so that nobody waits for a back-off.
 *
 * Usage: bench_kubernetes DEPLOYMENTS PODS_EACH RELISTS EVENTS
 * Prints one `name value` a line.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config/node.h"
#include "config/option.h"
#include "repository/contract.h"
#include "repository/draft.h"
#include "repository/harvest.h"
#include "repository/workload/workload.h"
#include "support/fake_clock.h"
#include "support/kube_api.h"

enum { EVENTS_MAX = 1000, PATIENCE_S = 120, DEADLINE_MS = 5000 };

struct bench {
	int to, from; /* pipes to the server's process */
	struct fake_clock hands;
	struct sst_contract *contract;
	struct sst_source_env env;
	void *settings, *state;
	struct sst_harvest *harvest; /* the last good one */
	struct sst_error err;
};

static struct bench bench;

static void
die(const char *what)
{
	fprintf(stderr, "bench_kubernetes: %s: %s\n", what, bench.err.text);
	exit(EXIT_FAILURE);
}

static int64_t
now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

/* A line of /proc/self/status, in KB. */
static long
status_kb(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kb = -1;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0)
			kb = strtol(line + strlen(name), NULL, 10);
	}
	if (f != NULL)
		fclose(f);
	return kb;
}

/* --- the server ------------------------------------------------------- */

static const char *const collections[] = {"/api/v1/pods",
    "/apis/apps/v1/deployments", "/apis/apps/v1/replicasets",
    "/apis/apps/v1/statefulsets", "/apis/apps/v1/daemonsets",
    "/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs",
    "/apis/autoscaling/v1/horizontalpodautoscalers"};

enum { COLLECTIONS = (int)(sizeof(collections) / sizeof(collections[0])) };

static void
serve_relist(struct kube_api *api)
{
	int i;

	kube_api_churn(api, NULL, 0);
	kube_api_compact(api, false);
	for (i = 0; i < COLLECTIONS; i++)
		kube_api_end_watches(api, collections[i]);
}

/* c: a pod changes; l: all is listed anew; w: how many watches are open. */
static void
serve(
    const struct kube_api_world *world, const char *kubeconfig, int in, int out)
{
	struct kube_api *api = NULL;
	uint32_t answer;
	char command;

	if (!kube_api_start(0, &api) || !kube_api_kubeconfig(api, kubeconfig))
		_exit(EXIT_FAILURE);
	kube_api_populate(api, world);
	answer = 0;
	while (write(out, &answer, sizeof(answer)) == sizeof(answer) &&
	       read(in, &command, 1) == 1) {
		if (command == 'c')
			answer = kube_api_churn(api, NULL, 0) != 0;
		else if (command == 'l')
			serve_relist(api);
		else
			answer = kube_api_watchers(api, "");
	}
	_exit(EXIT_SUCCESS);
}

static uint32_t
ask(char command)
{
	uint32_t answer = 0;

	if ((command != '\0' && write(bench.to, &command, 1) != 1) ||
	    read(bench.from, &answer, sizeof(answer)) != sizeof(answer))
		die("the server is gone");
	return answer;
}

/* --- the source ------------------------------------------------------- */

static void
on_notify(void *ctx)
{
	(void)ctx;
}

static void
source_open(const char *kubeconfig)
{
	const struct sst_source_ops *ops = &sst_kubernetes_ops;
	struct sst_config_doc *doc = NULL;
	char yaml[256];

	fake_clock_init(&bench.hands);
	snprintf(yaml, sizeof(yaml), "kubeconfig: %s", kubeconfig);
	bench.env = (struct sst_source_env){
	    .name = "workload/bench",
	    .clock = &bench.hands.clock,
	    .share_dir = "",
	    .max_upstream_bytes = 64 * 1024 * 1024,
	    .notify = on_notify,
	};
	bench.settings = calloc(1, ops->settings_size);
	bench.state = calloc(1, ops->state_size);
	if (sst_contract_new(&bench.contract, &bench.err) != SST_OK ||
	    sst_config_doc_parse(
		"bench", yaml, strlen(yaml), &doc, &bench.err) != SST_OK ||
	    sst_options_parse(ops->options, ops->option_count,
		sst_config_doc_root(doc), bench.settings,
		&bench.err) != SST_OK ||
	    ops->init(bench.state, bench.settings, &bench.env, &bench.err) !=
		SST_OK ||
	    ops->start(bench.state, &bench.err) != SST_OK)
		die("start");
	sst_config_doc_free(&doc);
}

static int
collect(void)
{
	struct sst_draft_settings settings = {
	    .contract = bench.contract,
	    .section = SST_SECTION_WORKLOAD,
	    .source = bench.env.name,
	    .now = sst_clock_wall(&bench.hands.clock),
	    .previous = bench.harvest,
	};
	struct sst_collect req = {.now = sst_clock_mono(&bench.hands.clock),
	    .wall = sst_clock_wall(&bench.hands.clock)};
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	int code;

	req.deadline = sst_mono_add_ms(req.now, DEADLINE_MS);
	if (sst_draft_new(&settings, &draft, &bench.err) != SST_OK)
		die("draft");
	code = sst_kubernetes_ops.collect(bench.state, &req, draft, &bench.err);
	if (code == SST_OK)
		code = sst_draft_finish(draft, &harvest, &bench.err);
	sst_draft_free(&draft);
	if (code != SST_OK)
		return code;
	sst_harvest_release(&bench.harvest);
	bench.harvest = harvest;
	return SST_OK;
}

/* Until that many are there and all of it is watched. */
static void
await(size_t entities, unsigned watches)
{
	int64_t end = now_us(CLOCK_MONOTONIC) + PATIENCE_S * INT64_C(1000000);

	for (;;) {
		if (ask('w') == watches && collect() == SST_OK &&
		    bench.harvest->count == entities &&
		    bench.harvest->flaw.code == SST_OK)
			return;
		if (now_us(CLOCK_MONOTONIC) > end)
			die("no result");
		fake_clock_advance(&bench.hands, 200);
		poll(NULL, 0, 10);
	}
}

static int
compare_us(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What it takes from a change to a result with it. */
static void
measure_events(unsigned events)
{
	static int64_t us[EVENTS_MAX];
	int64_t middle, p99;
	struct sst_harvest *before;
	int64_t begin;
	unsigned i;

	for (i = 0; i < events; i++) {
		before = sst_harvest_acquire(bench.harvest);
		ask('c');
		do {
			begin = now_us(CLOCK_THREAD_CPUTIME_ID);
			if (collect() != SST_OK)
				die("collect");
			us[i] = now_us(CLOCK_THREAD_CPUTIME_ID) - begin;
		} while (sst_harvest_equal(before, bench.harvest));
		sst_harvest_release(&before);
	}
	qsort(us, events, sizeof(us[0]), compare_us);
	middle = us[events / 2];
	p99 = us[events - 1 - events / 100];
	printf("event_collect_ms %.3f\n", (double)middle / 1000);
	printf("event_collect_p99_ms %.3f\n", (double)p99 / 1000);
}

static void
measure(unsigned deployments, unsigned relists, unsigned events)
{
	int64_t begin = now_us(CLOCK_MONOTONIC);
	unsigned i;

	await(deployments, COLLECTIONS);
	printf(
	    "sync_ms %.1f\n", (double)(now_us(CLOCK_MONOTONIC) - begin) / 1000);
	printf("sync_cpu_ms %.1f\n",
	    (double)now_us(CLOCK_PROCESS_CPUTIME_ID) / 1000);
	printf("sync_peak_kb %ld\n", status_kb("VmHWM:"));
	if (events > 0)
		measure_events(events);
	for (i = 0; i < relists; i++) {
		ask('l');
		await(deployments, COLLECTIONS);
		if (i == 0)
			printf("relist_first_kb %ld\n", status_kb("VmRSS:"));
	}
	if (relists > 0)
		printf("relist_last_kb %ld\n", status_kb("VmRSS:"));
	printf("peak_kb %ld\n", status_kb("VmHWM:"));
}

int
main(int argc, char **argv)
{
	char kubeconfig[] = "/tmp/bench-kube-XXXXXX";
	struct kube_api_world world = {.namespaces = 10, .metrics = true};
	unsigned relists, events;
	int to[2], from[2], fd = mkstemp(kubeconfig);

	if (argc != 5 || fd < 0 || pipe(to) != 0 || pipe(from) != 0)
		return EXIT_FAILURE;
	close(fd);
	world.deployments = (unsigned)strtoul(argv[1], NULL, 10);
	world.pods_each = (unsigned)strtoul(argv[2], NULL, 10);
	relists = (unsigned)strtoul(argv[3], NULL, 10);
	events = (unsigned)strtoul(argv[4], NULL, 10);
	if (events > EVENTS_MAX)
		events = EVENTS_MAX;
	if (fork() == 0) {
		close(to[1]);
		serve(&world, kubeconfig, to[0], from[1]);
	}
	close(to[0]);
	bench.to = to[1];
	bench.from = from[0];
	ask('\0');
	source_open(kubeconfig);
	measure(world.deployments, relists, events);
	sst_kubernetes_ops.stop(bench.state);
	sst_kubernetes_ops.fini(bench.state);
	unlink(kubeconfig);
	close(bench.to);
	wait(NULL);
	return EXIT_SUCCESS;
}
