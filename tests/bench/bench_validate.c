/*
 * How long checking a document takes against a plain walk over the same tree.
 * Usage: bench_validate SCHEMA.json DOCUMENT.json [RUNS]
 * Prints medians in milliseconds: of a walk with jansson's foreach macros, of
 * the cheapest walk there is, of validation; and validation against both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/schema.h"

enum { RUNS = 31, RUNS_MAX = 1001 };

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Visits every value as jansson's documentation writes it. */
static size_t
walk(json_t *v)
{
	size_t i, sum = 1;
	const char *key;
	json_t *part;

	if (json_is_object(v)) {
		json_object_foreach(v, key, part) sum += walk(part);
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, part) sum += walk(part);
	} else if (json_is_string(v)) {
		sum += json_string_length(v);
	}
	return sum;
}

/* The same by the calls that cost least: no member name is looked at. */
static size_t
walk_least(json_t *v)
{
	size_t i, n, sum = 1;
	void *it;

	if (json_is_object(v)) {
		for (it = json_object_iter(v); it != NULL;
		     it = json_object_iter_next(v, it))
			sum += walk_least(json_object_iter_value(it));
	} else if (json_is_array(v)) {
		n = json_array_size(v);
		for (i = 0; i < n; i++)
			sum += walk_least(json_array_get(v, i));
	} else if (json_is_string(v)) {
		sum += json_string_length(v);
	}
	return sum;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *times, int n)
{
	qsort(times, (size_t)n, sizeof(*times), compare);
	return times[n / 2];
}

static json_t *
load(const char *path)
{
	json_error_t error;
	json_t *json = json_load_file(path, JSON_ALLOW_NUL, &error);

	if (json == NULL)
		fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
	return json;
}

static int
measure(const struct sst_schema *schema, json_t *doc, int runs)
{
	static double walks[RUNS_MAX], leasts[RUNS_MAX], valids[RUNS_MAX];
	volatile size_t sink = 0;
	double start, w, l, v;
	bool ok = true;
	int i;

	/* in turn, so that all see the same machine */
	for (i = 0; i < runs; i++) {
		start = now_ms();
		sink += walk(doc);
		walks[i] = now_ms() - start;
		start = now_ms();
		sink += walk_least(doc);
		leasts[i] = now_ms() - start;
		start = now_ms();
		ok = sst_schema_valid(schema, doc) && ok;
		valids[i] = now_ms() - start;
	}
	w = median(walks, runs);
	v = median(valids, runs);
	l = median(leasts, runs);
	printf("walk_ms %.4f\nleast_walk_ms %.4f\nvalid_ms %.4f\n", w, l, v);
	printf("ratio %.3f\nleast_ratio %.3f\nvalid %s\n", v / w, v / l,
	    ok ? "yes" : "no");
	return ok ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct sst_schema_set *set = NULL;
	struct sst_schema *schema = NULL;
	struct sst_error err;
	json_t *doc = NULL, *text = NULL;
	int runs = argc > 3 ? (int)strtol(argv[3], NULL, 10) : RUNS, rc = 2;
	double start;

	if (argc < 3 || runs < 1 || runs > RUNS_MAX) {
		fprintf(
		    stderr, "usage: bench_validate SCHEMA DOCUMENT [RUNS]\n");
		return 2;
	}
	json_object_seed(0);
	text = load(argv[1]);
	doc = load(argv[2]);
	sst_error_clear(&err);
	start = now_ms();
	if (text != NULL && doc != NULL &&
	    sst_schema_set_new(&set, &err) == 0 &&
	    sst_schema_set_add(set, "bench:schema", text, &err) == 0 &&
	    sst_schema_compile(set, "bench:schema", &schema, &err) == 0) {
		printf("compile_ms %.4f\n", now_ms() - start);
		rc = measure(schema, doc, runs);
	} else {
		fprintf(stderr, "%s\n", err.text);
	}
	sst_schema_free(&schema);
	sst_schema_set_free(&set);
	json_decref(doc);
	json_decref(text);
	return rc;
}
