/*
 * Workload without a cluster: processes of this host, grouped by rules into
 * deployments; a pod is a process, or a tree of them. Everything is read from
 * /proc, nothing is started, traced or signalled.
 *
 * pod_id is the process number, a dash, and its start in clock ticks since the
 * system began: numbers are used again, both together are not, and neither
 * changes when the wall clock is set.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repository/workload/process_priv.h"
#include "repository/workload/workload.h"

struct process_settings {
	char *proc_path;
	char *passwd_path;
	struct sst_option_items deployments;
	int64_t max_processes;
	double usage_tolerance_percent;
};

#define AT(member) offsetof(struct process_settings, member)

static const struct sst_option process_options[] = {
    {.name = "deployments",
	.type = SST_OPTION_ITEMS,
	.required = true,
	.min = 1,
	.max = 256,
	.items = process__item_options,
	.item_count = PROCESS_ITEM_OPTIONS,
	.item_size = sizeof(struct process_item),
	.help = "Rules, the first that a process matches counts. Each has "
		"command, executable, user, cgroup or unit; all that are "
		"given must hold.",
	.offset = AT(deployments)},
    {.name = "usage_tolerance_percent",
	.type = SST_OPTION_REAL,
	.fallback = "5",
	.min = 0,
	.max = 100,
	.unit = "percent",
	.help = "cpu and memory of a pod are told anew when they moved more, "
		"and more than 0.005 cores or 4 MiB: so that an idle host "
		"makes no revisions.",
	.offset = AT(usage_tolerance_percent)},
    {.name = "max_processes",
	.type = SST_OPTION_INT,
	.fallback = "100000",
	.min = 1,
	.max = 4194304,
	.help = "Processes looked at; one takes some 20 us and 400 bytes. "
		"With more, what the rules count is not known.",
	.offset = AT(max_processes)},
    {.name = "proc_path",
	.type = SST_OPTION_STRING,
	.fallback = "/proc",
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.help = "Where proc is mounted; that of the host in a container, "
		"such as /host/proc.",
	.offset = AT(proc_path)},
    {.name = "passwd_path",
	.type = SST_OPTION_STRING,
	.fallback = "/etc/passwd",
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.help = "Where user names of the rules are looked up.",
	.offset = AT(passwd_path)},
};

/* A passwd file of 10,000 users has 600 KB. */
enum { PASSWD_MAX = 4 * 1024 * 1024 };

static int
process_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	const struct process_settings *s = settings;
	struct process *p = state;
	long hz = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
	int code;

	code = process__rules_init(&p->rules, &s->deployments, err);
	if (code != SST_OK)
		return code;
	p->proc_path = strdup(s->proc_path);
	p->passwd_path = strdup(s->passwd_path);
	p->ends = calloc(p->rules.count, sizeof(*p->ends));
	if (p->proc_path == NULL || p->passwd_path == NULL || p->ends == NULL)
		return sst_error_nomem(err);
	p->max_processes = (size_t)s->max_processes;
	p->tolerance = s->usage_tolerance_percent / 100;
	p->clock = env->clock;
	p->tick_hz = hz > 0 ? (double)hz : 100;
	p->page_bytes = page > 0 ? (uint64_t)page : 4096;
	return SST_OK;
}

/* Again and again while one is missing: it may be added. */
static int
process_find_users(struct process_round *round, struct sst_error *err)
{
	struct process *p = round->p;
	int code;

	if (!process__rules_lack_user(&p->rules))
		return SST_OK;
	code = process__read(AT_FDCWD, p->passwd_path, PASSWD_MAX, &p->text);
	if (code == SST_NOMEM)
		return sst_error_nomem(err);
	if (code == SST_OK)
		process__rules_find_users(
		    &p->rules, p->text.data, p->text.len);
	return SST_OK;
}

static int
process_steps(struct process_round *round, struct sst_error *err)
{
	int code = process_find_users(round, err);

	process__rules_begin(&round->p->rules);
	if (code == SST_OK)
		code = process__scan(round, err);
	if (code == SST_OK)
		code = process__host(round, err);
	if (code != SST_OK)
		return code;
	process__group(&round->p->rules, &round->p->next);
	code = process__settle(round, err);
	return code == SST_OK ? process__tell(round, err) : code;
}

static int
process_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct process *p = state;
	struct process_round round = {.p = p, .req = req, .out = out};
	int code;

	code = process__open(p->proc_path, &round.fd, err);
	if (code == SST_OK) {
		code = process_steps(&round, err);
		close(round.fd);
	}
	/* meant for this collection, not for the next one */
	atomic_store(&p->interrupted, false);
	return code;
}

static void
process_interrupt(void *state)
{
	struct process *p = state;

	atomic_store(&p->interrupted, true);
}

static void
process_fini(void *state)
{
	struct process *p = state;

	process__look_fini(&p->last);
	p->next.count = 0;
	process__look_fini(&p->next);
	process__pids_fini(&p->pids);
	process__facts_fini(&p->facts);
	process__rules_fini(&p->rules);
	sst_buf_fini(&p->node);
	sst_buf_fini(&p->home);
	sst_buf_fini(&p->text);
	free(p->ends);
	free(p->proc_path);
	free(p->passwd_path);
	memset(p, 0, sizeof(*p));
}

const struct sst_source_ops sst_process_ops = {
    .kind = "process",
    .section = SST_SECTION_WORKLOAD,
    .summary = "Processes of this host, grouped by rules into deployments",
    .options = process_options,
    .option_count = SST_OPTION_COUNT(process_options),
    .settings_size = sizeof(struct process_settings),
    .state_size = sizeof(struct process),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 20000,
    .init = process_init,
    .collect = process_collect,
    .interrupt = process_interrupt,
    .fini = process_fini,
};
