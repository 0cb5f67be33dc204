/*
 * The contract between the framework and a source of state.
 *
 * A source is a const table of functions, one per variant (mock, rabbitmq,
 * ...). A source instance is a table plus settings, and feeds one section.
 * The framework owns timing, jitter, deadlines, back-off, the last good
 * result, status and counters; it never enters an instance twice at once, so
 * a source needs no lock of its own for init, start, collect, stop and fini.
 */
#ifndef SST_REPOSITORY_SOURCE_H
#define SST_REPOSITORY_SOURCE_H

#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/section.h"

struct sst_draft;
struct sst_option;

/* What a source may use from outside: its seams. Borrowed, outlives it. */
struct sst_source_env {
	const char *name;              /* "queues/rabbitmq-main" */
	const struct sst_clock *clock;
	struct sst_mono started;       /* when the service began: the same */
	struct sst_wall started_wall;  /* for all sources of a process */
	const char *share_dir;          /* folder with mocks/, see README */
	size_t max_upstream_bytes;     /* bound on one upstream answer */
	/* Age at which this instance's data count as old: nothing that is told
	 * may be older than that. 0: not known. */
	long max_age_ms;
	/* Asks the framework to collect at once; from any thread, never
	 * blocks. Bursts are merged within 20 ms. */
	void (*notify)(void *notify_ctx);
	void *notify_ctx;
};

/* One collection. Sources of one group see the same instant. */
struct sst_collect {
	struct sst_mono now;      /* the instant the result stands for */
	struct sst_wall wall;     /* the same as wall time */
	struct sst_mono deadline; /* collect must have returned by then */
};

struct sst_source_ops {
	const char *kind;          /* "rabbitmq"; unique within a section */
	enum sst_section_id section;
	const char *summary;       /* one English line for --help */
	/* Of agents that several sources know, whose word counts first: the
	 * least rank, then the first name. Only for the section agents. */
	int rank;

	/* Rows of the settings in YAML `options:`; see config/option.h.
	 * Parsed by the framework into settings_size zeroed bytes. */
	const struct sst_option *options;
	size_t option_count;
	size_t settings_size;
	size_t state_size;         /* zeroed private memory given to init */

	long interval_ms;          /* defaults, overridable per instance */
	long deadline_ms;
	long max_age_ms;

	/*
	 * Checks and copies what it needs; no I/O, does not block.
	 * On failure fini must still be safe. SST_INVALID names the option.
	 */
	int (*init)(void *state, const void *settings,
	    const struct sst_source_env *env, struct sst_error *err);
	/* Optional: begins a stream of the source's own (threads, watches)
	 * that fills a cache; must not wait for the network. */
	int (*start)(void *state, struct sst_error *err);
	/*
	 * Builds the whole section slice into out, or fails; may block until
	 * req->deadline. What was put into out before a failure is dropped.
	 * SST_NODATA: nothing yet, not a failure. Any other negative code is
	 * one: the last good result stays.
	 */
	int (*collect)(void *state, const struct sst_collect *req,
	    struct sst_draft *out, struct sst_error *err);
	/* Optional; the only slot called from another thread, possibly while
	 * collect runs: makes it return SST_CANCELED soon. Never blocks. */
	void (*interrupt)(void *state);
	/* Required when start is given: ends the stream, joins its threads. */
	void (*stop)(void *state);
	/* After the last collect returned and stop; accepts zeroed memory. */
	void (*fini)(void *state);
};

#endif
