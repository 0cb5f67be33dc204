/*
 * Reads Prometheus text as the source of LiteLLM does, in pieces as they come
 * from the wire, and JSON with jansson: the yardstick of the same machine.
 *
 * Usage: bench_prometheus METRICS JSON [ROUNDS]
 * Prints one `name value` a line, rates in MB/s of this thread's time: `scrape`
 * for the body as it is (most lines are of families that nobody asks for),
 * `wanted` when every sample is asked for, `jansson` for the JSON.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "repository/litellm/prometheus_text.h"

enum { BODY_BYTES = 8 * 1024 * 1024, PIECE_BYTES = 16 * 1024, ROUNDS_MAX = 99 };

static const char *const families[] = {
    "litellm_deployment_total_requests",
    "litellm_deployment_failure_responses",
    "litellm_deployment_cooled_down",
    "litellm_total_tokens_metric",
    "litellm_spend_metric",
    "litellm_remaining_requests_metric",
    "litellm_remaining_tokens_metric",
    "litellm_deployment_state",
    "litellm_deployment_tpm_limit",
    "litellm_deployment_rpm_limit",
    "litellm_in_flight_requests",
    "process_start_time_seconds",
};

static struct sst_error err;

static double
bench_now_ms(void)
{
	struct timespec ts;

	/* of this thread: others may want the processor too */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
bench_check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench_prometheus: %s: %s\n", what, err.text);
	exit(1);
}

static int
bench_compare(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static void
bench_read(const char *path, struct sst_buf *out)
{
	char bytes[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	bench_check(f != NULL, path);
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		sst_buf_add(out, bytes, n);
	fclose(f);
	bench_check(!sst_buf_failed(out) && out->len > 0, path);
}

/* The samples of our families alone: every line is taken apart. */
static void
bench_wanted(const struct sst_buf *from, struct sst_buf *out)
{
	const char *line = from->data, *end;
	size_t i;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
			size_t len = strlen(families[i]);

			if (strncmp(line, families[i], len) == 0 &&
			    strncmp(line + len, "_created", 8) != 0)
				sst_buf_add(
				    out, line, (size_t)(end + 1 - line));
		}
	}
}

static int
on_sample(void *ctx, const struct sst_prometheus_sample *s, struct sst_error *e)
{
	double *sum = ctx;
	size_t len = 0;

	(void)e;
	sst_prometheus_label(s, "model_id", &len);
	*sum += s->value + (double)len;
	return SST_OK;
}

static void
bench_parse(const struct sst_buf *body)
{
	double sum = 0;
	struct sst_prometheus_sink sink = {.families = families,
	    .family_count = sizeof(families) / sizeof(families[0]),
	    .sample = on_sample,
	    .ctx = &sum};
	struct sst_prometheus_text *t = NULL;
	struct sst_prometheus_stats stats;
	size_t at, n, done;

	bench_check(sst_prometheus_text_new(&sink, &t, &err) == SST_OK, "new");
	for (done = 0; done < BODY_BYTES; done += body->len) {
		for (at = 0; at < body->len; at += n) {
			n = body->len - at;
			n = n < PIECE_BYTES ? n : PIECE_BYTES;
			bench_check(sst_prometheus_text_feed(
					t, body->data + at, n, &err) == SST_OK,
			    "feed");
		}
	}
	bench_check(sst_prometheus_text_end(t, &stats, &err) == SST_OK, "end");
	bench_check(stats.samples > 0 && stats.bad == 0, "samples");
	sst_prometheus_text_free(&t);
}

static void
bench_jansson(const struct sst_buf *body)
{
	size_t done;

	for (done = 0; done < BODY_BYTES; done += body->len) {
		json_t *tree = json_loadb(body->data, body->len, 0, NULL);

		bench_check(tree != NULL, "jansson");
		json_decref(tree);
	}
}

static void
bench_rate(const char *name, int rounds, const struct sst_buf *body,
    void (*run)(const struct sst_buf *body))
{
	size_t bytes = (BODY_BYTES + body->len - 1) / body->len * body->len;
	double times[ROUNDS_MAX], begin;
	int i;

	for (i = 0; i < rounds; i++) {
		begin = bench_now_ms();
		run(body);
		times[i] = bench_now_ms() - begin;
	}
	qsort(times, (size_t)rounds, sizeof(times[0]), bench_compare);
	printf("%s %.1f\n", name, (double)bytes / 1e3 / times[rounds / 2]);
}

int
main(int argc, char **argv)
{
	struct sst_buf metrics = SST_BUF_INIT, wanted = SST_BUF_INIT;
	struct sst_buf json = SST_BUF_INIT;
	int rounds = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 11;

	if (argc < 3 || rounds < 1 || rounds > ROUNDS_MAX) {
		fputs(
		    "usage: bench_prometheus METRICS JSON [ROUNDS]\n", stderr);
		return 2;
	}
	bench_read(argv[1], &metrics);
	bench_read(argv[2], &json);
	bench_wanted(&metrics, &wanted);
	bench_rate("scrape", rounds, &metrics, bench_parse);
	bench_rate("wanted", rounds, &wanted, bench_parse);
	bench_rate("jansson", rounds, &json, bench_jansson);
	sst_buf_fini(&metrics);
	sst_buf_fini(&wanted);
	sst_buf_fini(&json);
	return 0;
}
