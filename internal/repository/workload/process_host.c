/* What is read of the machine itself. */
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "repository/workload/process_priv.h"

enum {
	/* Its line of interrupts grows with processors and devices. */
	HOST_STAT_MAX = 1024 * 1024,
	HOST_NAME_MAX_CHARS = 253,
	/* btime is computed from two clocks: it may come out a second off. */
	HOST_BOOT_JITTER_S = 1,
	/* Less time gone than that, by the processors' own count: it slept. */
	HOST_SLEPT_MS = 2000
};

static int
host_name(struct process_round *round, struct sst_error *err)
{
	struct process *p = round->p;
	char own[256] = "";
	int code;

	code = process__read(
	    round->fd, "sys/kernel/hostname", sizeof(own), &p->text);
	if (code == SST_NOMEM)
		return sst_error_nomem(err);
	/* /proc may be mounted without it (subset=pid) */
	if (code != SST_OK && gethostname(own, sizeof(own) - 1) == 0) {
		sst_buf_clear(&p->text);
		sst_buf_adds(&p->text, own);
	}
	sst_buf_add(&p->text, "", 0);
	while (p->text.len > 0 && p->text.data[p->text.len - 1] == '\n')
		p->text.len--;
	if (sst_buf_failed(&p->text))
		return sst_error_nomem(err);
	sst_buf_clear(&p->node);
	sst_text_clean(
	    p->text.data, p->text.len, HOST_NAME_MAX_CHARS, &p->node);
	if (p->node.len == 0)
		sst_buf_adds(&p->node, "localhost");
	/* a laptop is renamed by each network: its workload is not */
	if (p->home.len == 0 && !sst_buf_failed(&p->node))
		sst_buf_add(&p->home, p->node.data, p->node.len);
	return sst_buf_failed(&p->node) || sst_buf_failed(&p->home)
	    ? sst_error_nomem(err)
	    : SST_OK;
}

/* Monotonic time goes on while a laptop sleeps, but no process runs: what it
 * used is a share of the time that the processors were there. */
static int64_t
host_awake(const struct process_round *round)
{
	const struct process *p = round->p;
	const struct process_host *now = &round->host;
	int64_t gone = round->req->now.ns - p->looked_at.ns, awake = gone;

	if (p->looks == 0)
		return 0;
	if (p->host_known && now->cpu_count > 0 &&
	    now->cpu_count == p->host.cpu_count &&
	    now->cpu_ticks >= p->host.cpu_ticks)
		awake = (int64_t)((double)(now->cpu_ticks - p->host.cpu_ticks) /
		    now->cpu_count / p->tick_hz * 1e9);
	if (awake > gone / 4 * 3 ||
	    gone - awake < (int64_t)HOST_SLEPT_MS * 1000000)
		awake = gone;
	return awake > 0 ? awake : 0;
}

static int
host_stat(struct process_round *round, struct sst_error *err)
{
	struct process *p = round->p;
	int code = process__read(round->fd, "stat", HOST_STAT_MAX, &p->text);

	if (code == SST_NOMEM)
		return sst_error_nomem(err);
	if (code != SST_OK)
		return sst_error_set(err, code, "stat cannot be read");
	return process__parse_host(
	    p->text.data, p->text.len, &round->host, err);
}

int
process__host(struct process_round *round, struct sst_error *err)
{
	const struct process *p = round->p;
	int64_t moved;
	int code;

	code = host_name(round, err);
	if (code == SST_OK)
		code = host_stat(round, err);
	if (code == SST_NOMEM)
		return code;
	round->host_known = code == SST_OK || p->host_known;
	if (code == SST_OK && p->host_known) {
		moved = round->host.boot_s - p->host.boot_s;
		if (moved >= -HOST_BOOT_JITTER_S && moved <= HOST_BOOT_JITTER_S)
			round->host.boot_s = p->host.boot_s;
	}
	round->awake_ns = p->awake_ns + host_awake(round);
	if (code != SST_OK)
		round->host = p->host;
	if (!round->host_known)
		sst_draft_degrade(round->out, code,
		    "when processes started is not known: %s", err->text);
	return SST_OK;
}
