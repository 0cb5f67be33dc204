/*
 * Prometheus text format 0.0.4 and OpenMetrics text, read piece by piece as it
 * comes from the wire: a piece may end anywhere. Only samples of families that
 * the caller names are taken apart; every other line costs one look at its
 * name. Nothing is kept but the line that is not over yet.
 *
 * A family is named without `_total`; samples and comments are taken with and
 * without it. `_created`, `_bucket`, `_sum`, `_count` are other names and so
 * are skipped. Time stamps and exemplars are checked and dropped.
 *
 * A line that is not understood, or is longer than the bound, is counted and
 * skipped; so is a last line without an end, because its number may be cut.
 * After `# EOF` nothing is read any more. No I/O; one thread at a time.
 */
#ifndef SST_REPOSITORY_LITELLM_PROMETHEUS_TEXT_H
#define SST_REPOSITORY_LITELLM_PROMETHEUS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	SST_PROMETHEUS_LINE_MAX = 64 * 1024, /* label sets of 3 KB are seen */
	SST_PROMETHEUS_LABELS_MAX = 64       /* 20 are seen */
};

/* Not NUL-terminated; a value may hold any byte. */
struct sst_prometheus_label {
	const char *name;
	size_t name_len;
	const char *value; /* escapes undone */
	size_t value_len;
};

/* Borrowed for the time of the call. */
struct sst_prometheus_sample {
	size_t family; /* index into the sink's families */
	const struct sst_prometheus_label *labels;
	size_t label_count;
	double value; /* may be NaN or infinite */
};

struct sst_prometheus_sink {
	const char *const *families; /* borrowed by the parser */
	size_t family_count;
	/* A negative code ends the parse and is returned. */
	int (*sample)(void *ctx, const struct sst_prometheus_sample *sample,
	    struct sst_error *err);
	/* There is such a family, told by HELP or TYPE, perhaps without any
	 * sample; perhaps several times. NULL: not of interest. */
	void (*family)(void *ctx, size_t family);
	void *ctx;
};

/* What was read so far. */
struct sst_prometheus_stats {
	uint64_t lines;   /* all, also empty ones and comments */
	uint64_t samples; /* given to the sink */
	uint64_t bad;     /* not understood, too long, or cut */
	bool eof;         /* `# EOF` was there */
};

struct sst_prometheus_text;

/* sink is copied. SST_NOMEM. */
int sst_prometheus_text_new(const struct sst_prometheus_sink *sink,
    struct sst_prometheus_text **out, struct sst_error *err);
/* Accepts NULL; clears the pointer. */
void sst_prometheus_text_free(struct sst_prometheus_text **text);

/* Reads on. SST_NOMEM, or the sink's code; the parser is then only good for
 * being freed. */
int sst_prometheus_text_feed(struct sst_prometheus_text *text,
    const char *bytes, size_t len, struct sst_error *err);

/*
 * The body is over. SST_TRUNCATED: it was empty. SST_SYNTAX: some lines were
 * not understood, and none was a sample asked for, a HELP or a TYPE: a page for
 * people, JSON, ... The text names no line.
 */
int sst_prometheus_text_end(struct sst_prometheus_text *text,
    struct sst_prometheus_stats *out, struct sst_error *err);

/* The value of that label, or NULL; *len_out is then untouched. */
const char *sst_prometheus_label(const struct sst_prometheus_sample *sample,
    const char *name, size_t *len_out);

#endif
