/*
 * How long checking a document takes against a plain walk over the same tree.
 * Usage: bench_validate SCHEMA.json DOCUMENT.json [RUNS]
 * Prints medians in milliseconds, and the ratio.
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

/* Touches every value and every member name's length. */
static size_t
walk(json_t *v)
{
	size_t i, n, sum = 1;
	void *it;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		for (it = json_object_iter(v); it != NULL;
		     it = json_object_iter_next(v, it))
			sum += json_object_iter_key_len(it) +
			       walk(json_object_iter_value(it));
		return sum;
	case JSON_ARRAY:
		n = json_array_size(v);
		for (i = 0; i < n; i++)
			sum += walk(json_array_get(v, i));
		return sum;
	case JSON_STRING:
		return json_string_length(v);
	case JSON_INTEGER:
		return (size_t)json_integer_value(v) & 1;
	default:
		return sum;
	}
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
	static double walks[RUNS_MAX], valids[RUNS_MAX];
	volatile size_t sink = 0;
	double start, w, v;
	bool ok = true;
	int i;

	/* alternately, so that both see the same machine */
	for (i = 0; i < runs; i++) {
		start = now_ms();
		sink += walk(doc);
		walks[i] = now_ms() - start;
		start = now_ms();
		ok = sst_schema_valid(schema, doc) && ok;
		valids[i] = now_ms() - start;
	}
	w = median(walks, runs);
	v = median(valids, runs);
	printf("walk_ms %.4f\nvalid_ms %.4f\nratio %.3f\nvalid %s\n", w, v,
	    v / w, ok ? "yes" : "no");
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
