/*
 * Times the history with documents of any size, and weighs what it stores.
 *
 * Usage: bench_history REVISIONS FILE FILE...
 * The files are documents that follow each other by small changes. They are
 * stored forth and back until there are so many revisions, so each differs
 * from the one before by one such change. Works in a temporary directory of
 * the current one. Prints one `name value` a line; times in milliseconds.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "service/history.h"

enum { FILES_MAX = 64, REVISIONS_MAX = 100000, ROUNDS = 5 };

struct document {
	char *bytes;
	size_t len;
	struct sst_hash hash;
};

static struct bench {
	struct document documents[FILES_MAX];
	int document_count;
	uint64_t revisions;
	char dir[64];
	struct sst_history_settings settings;
	struct sst_history *history;
	struct sst_history_reader *reader;
	struct sst_error err;
	double times[REVISIONS_MAX];
} b;

static double
bench_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
bench_die(const char *what)
{
	fprintf(stderr, "bench_history: %s: %s\n", what, b.err.text);
	exit(1);
}

static void
bench_load(const char *path, struct document *d)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		bench_die(path);
	d->len = (size_t)ftell(f);
	rewind(f);
	d->bytes = malloc(d->len);
	if (d->bytes == NULL || fread(d->bytes, 1, d->len, f) != d->len)
		bench_die(path);
	fclose(f);
	d->hash = sst_hash_bytes(d->bytes, d->len);
}

static void
bench_open(void)
{
	struct sst_history_start start;

	if (sst_history_open(&b.settings, &b.history, &start, &b.err) != SST_OK)
		bench_die("open");
	if (start.set_aside[0] != '\0')
		bench_die(start.reason);
}

/* 0 1 2 3 2 1 0 1 ... */
static const struct document *
bench_document_of(uint64_t revision)
{
	int period = 2 * (b.document_count - 1);
	int at = (int)((revision - 1) % (uint64_t)period);

	return &b.documents[at < b.document_count ? at : period - at];
}

static void
bench_append(uint64_t revision)
{
	static const char note[] = "{\"summary\":null,\"cause\":[]}";
	const struct document *d = bench_document_of(revision);
	const struct sst_history_record r = {
	    .revision = revision,
	    .captured_at = sst_clock_wall(b.settings.clock),
	    .document = d->bytes,
	    .document_len = d->len,
	    .hash = d->hash,
	    .note = note,
	    .note_len = sizeof(note) - 1,
	};

	if (sst_history_append(b.history, &r, 1, &b.err) != SST_OK)
		bench_die("append");
}

static double
bench_read(uint64_t revision)
{
	const struct document *d = bench_document_of(revision);
	double begin = bench_now_ms(), end;
	char *bytes = NULL;
	size_t len = 0;

	if (sst_history_read(b.reader, revision, &bytes, &len, &b.err) !=
	    SST_OK)
		bench_die("read");
	end = bench_now_ms();
	if (len != d->len || memcmp(bytes, d->bytes, len) != 0)
		bench_die("other bytes came back");
	free(bytes);
	return end - begin;
}

static int
bench_compare(const void *x, const void *y)
{
	double a = *(const double *)x, c = *(const double *)y;

	return a < c ? -1 : a > c;
}

static void
bench_print_times(const char *name, double *times, size_t n)
{
	qsort(times, n, sizeof(times[0]), bench_compare);
	printf("%s_ms %.3f\n", name, times[n / 2]);
	printf("%s_p99_ms %.3f\n", name, times[n * 99 / 100]);
}

/* What must be done at least: each document compressed alone. */
static void
bench_plain(void)
{
	const struct document *d = &b.documents[0];
	size_t cap = ZSTD_compressBound(d->len), len = 0;
	double times[ROUNDS], begin;
	char *out = malloc(cap);
	int i;

	if (out == NULL)
		bench_die("memory");
	for (i = 0; i < ROUNDS; i++) {
		begin = bench_now_ms();
		len = ZSTD_compress(out, cap, d->bytes, d->len, 1);
		times[i] = bench_now_ms() - begin;
	}
	free(out);
	qsort(times, ROUNDS, sizeof(times[0]), bench_compare);
	printf("zstd1_ms %.3f\nzstd1_ratio %.5f\n", times[ROUNDS / 2],
	    (double)len / (double)d->len);
}

static long
bench_rss_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long all = 0, resident = 0;

	if (f == NULL || fscanf(f, "%ld %ld", &all, &resident) != 2)
		bench_die("/proc/self/statm");
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
bench_store(void)
{
	struct sst_history_figures f;
	long before = bench_rss_kb();
	double begin;
	uint64_t i;

	bench_open();
	for (i = 1; i <= b.revisions; i++) {
		begin = bench_now_ms();
		bench_append(i);
		b.times[i - 1] = bench_now_ms() - begin;
	}
	/* the newest document, and what an idle writer keeps besides */
	printf("idle_rss_kb %ld\n", bench_rss_kb() - before);
	bench_print_times("append", b.times, b.revisions);
	sst_history_figures(b.history, &f);
	printf("revisions %llu\ndocument_bytes %.0f\n",
	    (unsigned long long)f.revisions,
	    (double)f.document_bytes / (double)f.revisions);
	printf("stored_ratio %.5f\n",
	    (double)f.stored_bytes / (double)f.document_bytes);
	sst_history_close(&b.history);
	bench_open();
	sst_history_figures(b.history, &f);
	printf("file_ratio %.5f\n", (double)f.bytes / (double)f.document_bytes);
}

/* The worst revision, the best one, and the next one after one just read. */
static void
bench_restore(void)
{
	const struct sst_history_query all = {
	    0, {INT64_MIN}, {INT64_MAX}, REVISIONS_MAX};
	struct sst_history_row *rows = NULL;
	double begin = bench_now_ms(), first = 0, last = 0, next = 0;
	size_t i, count = 0, length = 0, longest = 0, at = 0;

	if (sst_history_reader_open(b.history, &b.reader, &b.err) != SST_OK ||
	    sst_history_list(b.reader, &all, &rows, &count, &b.err) != SST_OK)
		bench_die("list");
	printf("list_all_ms %.3f\n", bench_now_ms() - begin);
	for (i = count; i-- > 0;) {
		length = rows[i].keyframe ? 1 : length + 1;
		if (length > longest) {
			longest = length;
			at = i;
		}
	}
	for (i = 0; i < ROUNDS; i++) {
		/* a newer one first: what is held then is no help */
		first += bench_read(rows[at + longest - 1].revision);
		sst_history_reader_close(&b.reader);
		if (sst_history_reader_open(b.history, &b.reader, &b.err) !=
		    SST_OK)
			bench_die("reader");
		last += bench_read(rows[at].revision);
		(void)bench_read(rows[at + longest - 1].revision);
		if (longest > 1)
			next += bench_read(rows[at + longest - 2].revision);
	}
	printf("segment_revisions %zu\n", longest);
	printf("restore_keyframe_ms %.3f\n", first / ROUNDS);
	printf("restore_last_ms %.3f\n", last / ROUNDS);
	printf("restore_next_ms %.3f\n", next / ROUNDS);
	sst_history_rows_free(rows, count);
	sst_history_reader_close(&b.reader);
	sst_history_close(&b.history);
}

/* Killed at once after a commit, as far as the files go. */
static void
bench_unclean(void)
{
	double begin;
	int status, i;
	pid_t pid;

	for (i = 0; i < ROUNDS; i++) {
		pid = fork();
		if (pid == 0) {
			bench_open();
			bench_append(++b.revisions);
			bench_append(++b.revisions);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			bench_die("child");
		b.revisions += 2;
		begin = bench_now_ms();
		bench_open();
		b.times[i] = bench_now_ms() - begin;
		sst_history_close(&b.history);
	}
	qsort(b.times, ROUNDS, sizeof(b.times[0]), bench_compare);
	printf("open_unclean_ms %.3f\n", b.times[ROUNDS / 2]);
	printf("open_unclean_max_ms %.3f\n", b.times[ROUNDS - 1]);
	bench_open();
	begin = bench_now_ms();
	bench_append(++b.revisions);
	printf("append_first_ms %.3f\n", bench_now_ms() - begin);
	sst_history_close(&b.history);
}

static int
bench_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
bench_clean(void)
{
	nftw(b.dir, bench_remove, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	int i;

	b.revisions = argc < 4 ? 0 : strtoull(argv[1], NULL, 10);
	if (argc < 4 || argc > FILES_MAX + 2 || b.revisions < 2 ||
	    b.revisions > REVISIONS_MAX / 2) {
		fputs("usage: bench_history REVISIONS FILE FILE...\n", stderr);
		return 2;
	}
	for (i = 2; i < argc; i++)
		bench_load(argv[i], &b.documents[b.document_count++]);
	snprintf(b.dir, sizeof(b.dir), "bench-history-XXXXXX");
	if (mkdtemp(b.dir) == NULL)
		bench_die("directory");
	atexit(bench_clean);
	b.settings = (struct sst_history_settings){
	    .dir = b.dir,
	    .clock = sst_clock_real(),
	    .retention = {INT64_C(86400000), INT64_C(86400000) * 2,
		INT64_C(86400000) * 30, UINT64_C(1) << 40},
	};
	bench_plain();
	bench_store();
	bench_restore();
	bench_unclean();
	getrusage(RUSAGE_SELF, &usage);
	printf("peak_rss_kb %ld\n", usage.ru_maxrss);
	return 0;
}
