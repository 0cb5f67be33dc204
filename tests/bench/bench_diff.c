/*
 * Times the difference of two large documents, 1 % changed: with the entities
 * that did not change shared, as in a service that runs, and without, as from
 * two files. Each figure is the median of several rounds.
 *
 * Usage: bench_diff [ROUNDS [A.json B.json PATCH.json]]
 * Prints one `name value` a line; writes the two documents and the JSON Patch
 * between them, for other tools.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/snapshot_priv.h"
#include "repository/harvest.h"
#include "repository/scenario/large.h"
#include "service/diff.h"

enum { ROUNDS_MAX = 101 };

static const struct sst_diff_style everything = {
    {SST_SECTIONS_ALL, NULL, 0}, SIZE_MAX, false, false};

struct bench {
	struct sst_snapshot *a;
	struct sst_snapshot *b;
	struct sst_diff *diff;
	struct sst_buf out;
};

static struct sst_contract *contract;
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
bench_check(int rc)
{
	if (rc == SST_OK)
		return;
	fprintf(stderr, "bench_diff: %s\n", err.text);
	exit(1);
}

static int
bench_compare(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static double
bench_median(int rounds, struct bench *b, void (*run)(struct bench *b))
{
	double times[ROUNDS_MAX], begin;
	int i;

	for (i = 0; i < rounds; i++) {
		sst_buf_clear(&b->out);
		begin = bench_now_ms();
		run(b);
		times[i] = bench_now_ms() - begin;
	}
	qsort(times, (size_t)rounds, sizeof(times[0]), bench_compare);
	return times[rounds / 2];
}

/* Dated like the service does: by the source, or when it was drafted. */
static struct sst_harvest *
bench_harvest(const struct sst_large *large, enum sst_section_id id,
    int64_t step, struct sst_harvest *previous)
{
	struct sst_draft_settings s = {
	    .contract = contract,
	    .section = id,
	    .source = sst_section_name(id),
	    .now = {large->base.ms + step * 1000},
	    .previous = previous,
	};
	struct sst_draft *draft = NULL;
	struct sst_harvest *out = NULL;
	size_t i, n = sst_large_count(large, id);

	bench_check(sst_draft_new(&s, &draft, &err));
	for (i = 0; i < n; i++)
		bench_check(sst_draft_add(
		    draft, sst_large_entity(large, id, i, step), &err));
	bench_check(sst_draft_finish(draft, &out, &err));
	sst_draft_free(&draft);
	return out;
}

/* The world at that step; near: what is the same is shared with it. */
static struct sst_snapshot *
bench_world(const struct sst_large *large, int64_t step,
    struct sst_harvest *near[SST_SECTION_COUNT],
    struct sst_harvest *out[SST_SECTION_COUNT])
{
	struct sst_snapshot *s = NULL;
	unsigned id;

	bench_check(sst_snapshot_new("large", contract->document, &s, &err));
	snprintf(s->epoch, sizeof(s->epoch), "0123456789abcdef");
	s->revision = (uint64_t)step + 1;
	s->captured_at.ms = large->base.ms + step * 1000;
	bench_check(
	    sst_section_new(SST_SECTION_SOURCES, NULL, 0, &s->sources, &err));
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		out[id] = bench_harvest(large, (enum sst_section_id)id, step,
		    near == NULL ? NULL : near[id]);
		s->presence[id] = SST_KNOWN;
		bench_check(sst_section_new((enum sst_section_id)id,
		    out[id]->entities, out[id]->count, &s->sections[id], &err));
	}
	return s;
}

static void
bench_drop(struct sst_harvest *harvests[SST_SECTION_COUNT])
{
	unsigned id;

	for (id = 0; id < SST_SECTION_COUNT; id++)
		sst_harvest_release(&harvests[id]);
}

/* A world, and a step later. */
static void
bench_begin(struct bench *b, const struct sst_large *large, bool shared)
{
	struct sst_harvest *was[SST_SECTION_COUNT] = {NULL};
	struct sst_harvest *is[SST_SECTION_COUNT] = {NULL};

	memset(b, 0, sizeof(*b));
	b->a = bench_world(large, 1, NULL, was);
	b->b = bench_world(large, 2, shared ? was : NULL, is);
	bench_drop(was);
	bench_drop(is);
}

static void
bench_end(struct bench *b)
{
	sst_diff_free(&b->diff);
	sst_snapshot_release(&b->a);
	sst_snapshot_release(&b->b);
	sst_buf_fini(&b->out);
}

static void
run_diff(struct bench *b)
{
	sst_diff_free(&b->diff);
	bench_check(sst_diff_new(b->a, b->b, &b->diff, &err));
}

static void
run_json(struct bench *b)
{
	sst_diff_write_json(b->diff, &everything, &b->out);
}

static void
run_both(struct bench *b)
{
	run_diff(b);
	run_json(b);
}

static void
run_text(struct bench *b)
{
	sst_diff_write_text(b->diff, &everything, &b->out);
}

static void
run_note(struct bench *b)
{
	sst_diff_write_note(b->diff, &b->out);
}

static void
run_patch(struct bench *b)
{
	bench_check(
	    sst_diff_write_patch(b->diff, SST_SECTIONS_ALL, &b->out, &err));
}

static void
run_merge(struct bench *b)
{
	bench_check(sst_diff_write_merge_patch(
	    b->diff, SST_VIEW_KEYED, SST_SECTIONS_ALL, &b->out, &err));
}

static struct sst_body *
bench_body(struct sst_snapshot *s)
{
	const struct sst_projection full = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_body *body = NULL;

	bench_check(sst_snapshot_body(s, &full, &body, &err));
	return body;
}

/* The document of `b` written anew, as when it is published. */
static void
run_write(struct bench *b)
{
	struct sst_snapshot *bare = NULL;
	struct sst_body *body;

	bench_check(sst_snapshot_bare(b->b, &bare, &err));
	body = bench_body(bare);
	sst_body_release(&body);
	sst_snapshot_release(&bare);
}

/* What jansson takes for it. */
static void
bench_dumps(int rounds, struct bench *b)
{
	double times[ROUNDS_MAX], begin;
	struct sst_body *body = bench_body(b->b);
	json_t *tree = json_loadb(body->bytes, body->len, 0, NULL);
	char *text;
	int i;

	sst_body_release(&body);
	for (i = 0; i < rounds; i++) {
		begin = bench_now_ms();
		text = json_dumps(tree, JSON_COMPACT);
		times[i] = bench_now_ms() - begin;
		free(text);
	}
	json_decref(tree);
	qsort(times, (size_t)rounds, sizeof(times[0]), bench_compare);
	printf("dumps_ms %.4f\n", times[rounds / 2]);
}

static void
run_diff_and_patch(struct bench *b)
{
	run_diff(b);
	run_patch(b);
}

static void
bench_report(
    const char *name, int rounds, struct bench *b, void (*run)(struct bench *b))
{
	double ms = bench_median(rounds, b, run);

	printf("%s_ms %.4f\n", name, ms);
	if (b->out.len > 0)
		printf("%s_bytes %zu\n", name, b->out.len);
}

/* No value of a large world holds this text. */
static size_t
bench_ops(const struct sst_buf *patch)
{
	const char *p = patch->data;
	size_t n = 0;

	while ((p = strstr(p, "{\"op\":\"")) != NULL) {
		p++;
		n++;
	}
	return n;
}

static void
bench_counts(const struct sst_diff *diff)
{
	struct sst_diff_counts n;
	unsigned op;

	sst_diff_count(diff, &everything.filter, &n, NULL);
	for (op = 0; op < SST_DIFF_OPS; op++)
		printf("%s %zu\n", sst_diff_op_name((enum sst_diff_op)op),
		    n.op[op]);
}

static void
bench_write(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void
bench_write_document(const char *path, struct sst_snapshot *s)
{
	struct sst_body *body = bench_body(s);

	bench_write(path, body->bytes, body->len);
	sst_body_release(&body);
}

static void
bench_whole(int rounds, const char *const *paths)
{
	struct sst_large large = {0};
	struct bench b;

	sst_large_sizes("large-L", &large);
	large.churn = 0.01;
	large.base.ms = INT64_C(1767225600000);
	bench_begin(&b, &large, true);
	bench_report("diff_shared", rounds, &b, run_both);
	bench_report("diff_new", rounds, &b, run_diff);
	bench_report("json", rounds, &b, run_json);
	bench_report("text", rounds, &b, run_text);
	bench_report("note", rounds, &b, run_note);
	bench_report("merge", rounds, &b, run_merge);
	bench_report("patch", rounds, &b, run_patch);
	printf("patch_ops %zu\n", bench_ops(&b.out));
	bench_counts(b.diff);
	if (paths != NULL) {
		bench_write_document(paths[0], b.a);
		bench_write_document(paths[1], b.b);
		bench_write(paths[2], b.out.data, b.out.len);
	}
	bench_report("write", rounds, &b, run_write);
	bench_dumps(rounds > 5 ? 5 : rounds, &b);
	bench_end(&b);
	bench_begin(&b, &large, false);
	bench_report("diff_unshared", rounds, &b, run_both);
	bench_end(&b);
}

/* One queue: LCS would be quadratic here. */
static double
bench_queue(int rounds, size_t tasks)
{
	const struct sst_large large = {.queues = 1,
	    .tasks = tasks,
	    .churn = 0.01,
	    .base = {INT64_C(1767225600000)}};
	struct bench b;
	double ms;

	bench_begin(&b, &large, true);
	ms = bench_median(rounds, &b, run_diff_and_patch);
	printf("queue_%zu_ms %.4f\n", tasks, ms);
	bench_end(&b);
	return ms;
}

int
main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 11;
	double many;

	if ((argc > 2 && argc != 5) || rounds < 1 || rounds > ROUNDS_MAX) {
		fputs("usage: bench_diff [ROUNDS [A.json B.json PATCH.json]]\n",
		    stderr);
		return 2;
	}
	bench_check(sst_contract_new(&contract, &err));
	bench_whole(rounds, argc == 5 ? (const char *const *)argv + 2 : NULL);
	many = bench_queue(rounds, 100000);
	printf("queue_ratio %.2f\n", many / bench_queue(rounds, 8000));
	sst_contract_free(&contract);
	return 0;
}
