/*
 * Bytes as Prometheus text: no crash, the same samples whatever the pieces
 * are, and label names and bounds as promised.
 */
/* fuzz-libs: sst_litellm */
/* fuzz-corpus: mocks/upstreams/litellm/nodb */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/litellm/prometheus_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const families[] = {
    "up",
    "litellm_deployment_total_requests",
    "litellm_deployment_state",
    "litellm_total_tokens_metric",
    "process_start_time_seconds",
};

/* What one reading gave. */
struct reading {
	struct sst_buf log;
	struct sst_prometheus_stats stats;
	struct sst_error err;
	int code;
};

static int
on_sample(
    void *ctx, const struct sst_prometheus_sample *s, struct sst_error *err)
{
	struct reading *r = ctx;
	size_t i, len;

	(void)err;
	if (s->family >= sizeof(families) / sizeof(families[0]) ||
	    s->label_count > SST_PROMETHEUS_LABELS_MAX)
		abort();
	sst_buf_addc(&r->log, (char)('0' + s->family));
	for (i = 0; i < s->label_count; i++) {
		if (s->labels[i].name_len == 0 ||
		    s->labels[i].value_len > SST_PROMETHEUS_LINE_MAX)
			abort();
		sst_buf_add(&r->log, s->labels[i].name, s->labels[i].name_len);
		sst_buf_addc(&r->log, '=');
		sst_buf_add(
		    &r->log, s->labels[i].value, s->labels[i].value_len);
		sst_buf_addc(&r->log, '\n');
	}
	sst_buf_json_real(&r->log, s->value);
	if (sst_prometheus_label(s, "model_id", &len) != NULL &&
	    len > SST_PROMETHEUS_LINE_MAX)
		abort();
	return SST_OK;
}

static void
on_family(void *ctx, size_t family)
{
	struct reading *r = ctx;

	sst_buf_addc(&r->log, (char)('A' + family));
}

static void
read_in(struct reading *r, const char *bytes, size_t len, size_t piece)
{
	const struct sst_prometheus_sink sink = {.families = families,
	    .family_count = sizeof(families) / sizeof(families[0]),
	    .sample = on_sample,
	    .family = on_family,
	    .ctx = r};
	struct sst_prometheus_text *t = NULL;
	size_t at, n;

	memset(r, 0, sizeof(*r));
	if (sst_prometheus_text_new(&sink, &t, &r->err) != SST_OK)
		abort();
	for (at = 0; at < len; at += n) {
		/* an exact copy, so that reading past it shows */
		char *copy;

		n = len - at < piece ? len - at : piece;
		copy = malloc(n);
		if (copy == NULL)
			abort();
		memcpy(copy, bytes + at, n);
		if (sst_prometheus_text_feed(t, copy, n, &r->err) != SST_OK)
			abort();
		free(copy);
	}
	r->code = sst_prometheus_text_end(t, &r->stats, &r->err);
	sst_prometheus_text_free(&t);
	if (sst_buf_failed(&r->log) || r->stats.bad > r->stats.lines)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t pieces[] = {1, 7, 4096};
	const char *bytes = (const char *)data;
	struct reading whole, other;
	size_t i;

	read_in(&whole, bytes, len, SIZE_MAX);
	for (i = len > 4096 ? 2 : 0; i < 3; i++) {
		read_in(&other, bytes, len, pieces[i]);
		if (other.code != whole.code ||
		    other.stats.lines != whole.stats.lines ||
		    other.stats.bad != whole.stats.bad ||
		    other.log.len != whole.log.len ||
		    (whole.log.len > 0 && memcmp(other.log.data, whole.log.data,
					      whole.log.len) != 0))
			abort();
		sst_buf_fini(&other.log);
	}
	sst_buf_fini(&whole.log);
	return 0;
}
