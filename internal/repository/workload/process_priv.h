/*
 * Between the process_*.c files. A collection is made of steps: look at every
 * process (process_scan.c), tell which belongs to which pod (process_tree.c),
 * carry over what is known of pods and measure them (process_pods.c), tell
 * (process_entity.c). Only a look that saw all becomes the present one; what
 * one that was cut short saw is dropped.
 */
#ifndef SST_REPOSITORY_WORKLOAD_PROCESS_PRIV_H
#define SST_REPOSITORY_WORKLOAD_PROCESS_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "repository/draft.h"
#include "repository/source.h"
#include "repository/workload/process_facts.h"
#include "repository/workload/process_parse.h"
#include "repository/workload/process_read.h"
#include "repository/workload/process_rule.h"

enum {
	/* A process may change what it calls itself without exec: it is
	 * looked at again after as long as it has been known so, at most
	 * this long. */
	PROCESS_LOOK_MS = 60000,
	/* Of a shorter time a clock tick (10 ms) is too large a part. */
	PROCESS_WINDOW_MS = 500,
	/* A pod that begins this long after another ended replaces it: as
	 * long as Kubernetes waits at most between restarts. */
	PROCESS_REPLACE_MS = 300000,
	/* So long without a tick in uninterruptible sleep is no usual read. */
	PROCESS_STUCK_MS = 30000,
	/* Ended pods remembered for a rule. */
	PROCESS_ENDED = 64,
	PROCESS_IMAGES = 100
};

/* No entry, as an index. */
#define PROCESS_NONE UINT32_MAX

/* What is known of a pod beyond its process. */
struct process_pod {
	int rule;
	bool ended; /* a zombie whose end was noted */
	bool shown; /* the figures below are */
	double cpu; /* cores; < 0: not measured */
	uint64_t memory; /* bytes */
	uint64_t restarts;
	int64_t restarted_at_ms;  /* wall; valid when restarts > 0 */
	struct sst_mono stuck_at; /* since when in D without a tick */
	bool stuck;
	char *program;
};

/* A process. */
struct process_entry {
	int32_t pid;
	int32_t ppid;
	uint64_t start;
	uint64_t marker; /* another one after exec or a new name */
	char comm[16];
	char state;
	bool over;  /* a zombie */
	bool fresh; /* asked for its rule in this look */
	bool sure;  /* the rules could be decided */
	int rule;   /* that it matches itself; -1 */
	struct sst_mono known_at; /* since when it is so */
	struct sst_mono look_at;  /* when its rule is asked again */
	uint64_t ticks;
	uint64_t rss; /* bytes */
	uint64_t born; /* number of the look that saw it first */

	/* cores over the last window; < 0: not measured yet */
	double rate;
	uint64_t base_ticks;
	int64_t base_ns; /* of awake time */

	uint32_t was;   /* in the last look */
	int group;      /* rule of the pod it is part of; -1 */
	uint32_t head;  /* process that stands for the pod; PROCESS_NONE */
	double sum_rate; /* of a head: its pod's */
	uint64_t sum_rss;
	struct process_pod *pod; /* of a head; owned */
};

/* By pid. */
struct process_look {
	struct process_entry *items;
	size_t count;
	size_t cap;
};

/* A pod that ended, waiting for one that replaces it. */
struct process_end {
	uint64_t restarts;
	uint64_t seen; /* number of the last look that saw it */
	struct sst_mono at;
};

struct process_ends {
	struct process_end items[PROCESS_ENDED];
	size_t count;
};

struct process {
	/* settings, copied */
	char *proc_path;
	char *passwd_path;
	struct process_rules rules;
	size_t max_processes;
	double tolerance; /* share, not percent */
	const struct sst_clock *clock;
	atomic_bool interrupted;
	double tick_hz;
	uint64_t page_bytes;

	/* kept between collections */
	struct process_look last;
	struct process_ends *ends; /* one a rule */
	uint64_t looks;            /* made so far */
	struct sst_mono looked_at;
	int64_t awake_ns; /* time the machine did not sleep, by looks */
	struct process_host host;
	bool host_known;
	struct sst_buf node; /* name of the host */
	struct sst_buf home; /* the first name it had: namespace */

	/* of one collection; the memory stays */
	struct process_look next;
	struct process_pids pids;
	struct process_facts facts;
	struct sst_buf text;
};

/* One collection. */
struct process_round {
	struct process *p;
	const struct sst_collect *req;
	struct sst_draft *out;
	int fd; /* of /proc */
	/* what becomes the present when the look is whole */
	struct process_host host;
	bool host_known;
	int64_t awake_ns;
};

/* process_scan.c: fills p->next. */
int process__scan(struct process_round *round, struct sst_error *err);
void process__look_fini(struct process_look *look);

/* process_host.c: name, boot time and how long the machine was awake; fills
 * the round. */
int process__host(struct process_round *round, struct sst_error *err);

/* process_tree.c: sets group and head of all entries. */
void process__group(
    const struct process_rules *rules, struct process_look *look);

/* process_pods.c: measures, and makes p->next the present look. Nothing has
 * changed after a failure: SST_NOMEM, SST_LIMIT. */
int process__settle(struct process_round *round, struct sst_error *err);
/* Wall time of a start in ticks; only with host_known. */
int64_t process__started_ms(const struct process_round *round, uint64_t start);

/* process_entity.c: tells all rules. */
int process__tell(struct process_round *round, struct sst_error *err);

#endif
