/*
 * Times what is done to a document on its way to being served, each figure the
 * median of several rounds over the same trees in the same run.
 *
 * Usage: bench_document A.json B.json [ROUNDS]
 * A and B hold the sections of the document; B is A after a small change.
 * Prints one `name value` a line, milliseconds.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/encode.h"
#include "repository/contract.h"

enum { ROUNDS_MAX = 101 };

/* One tree as the service handles it: a child array is taken out. */
struct item {
	const json_t *tree;
	const struct sst_schema *schema;
	const struct sst_shape *shape;
	struct sst_hash hash;
};

struct items {
	struct item *list;
	size_t count;
	size_t cap;
};

struct bench {
	struct sst_contract *contract;
	json_t *a, *b;
	struct items all, changed;
	struct sst_buf out;
	size_t nodes;
};

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
	fprintf(stderr, "bench_document: %s\n", what);
	exit(1);
}

static int
bench_compare(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static void
bench_report(const char *name, int rounds, struct bench *b,
    void (*run)(struct bench *b))
{
	double times[ROUNDS_MAX], begin;
	int i;

	for (i = 0; i < rounds; i++) {
		begin = bench_now_ms();
		run(b);
		times[i] = bench_now_ms() - begin;
	}
	qsort(times, (size_t)rounds, sizeof(times[0]), bench_compare);
	printf("%s %.4f\n", name, times[rounds / 2]);
}

static void
items_add(struct items *items, const json_t *tree,
    const struct sst_schema *schema, const struct sst_shape *shape)
{
	if (items->count == items->cap) {
		items->cap = items->cap == 0 ? 1024 : items->cap * 2;
		items->list =
		    realloc(items->list, items->cap * sizeof(*items->list));
		if (items->list == NULL)
			bench_die("out of memory");
	}
	items->list[items->count++] =
	    (struct item){tree, schema, shape, {0, 0}};
}

/* Children first: they were made right after each other. */
static void
items_of_entity(struct items *items, json_t *entity,
    const struct sst_contract_section *how)
{
	json_t *kids;
	size_t i;

	items_add(items, entity, how->schema, how->shape);
	if (how->children == NULL)
		return;
	kids = json_incref(json_object_get(entity, how->children->name));
	json_object_set_new(entity, how->children->name, json_array());
	for (i = 0; i < json_array_size(kids); i++)
		items_add(items, json_array_get(kids, i), how->child_schema,
		    how->children->shape);
	/* kept for the run: freed with the process */
}

static void
items_of_document(
    struct items *items, json_t *doc, const struct sst_contract *contract)
{
	json_t *section;
	unsigned id;
	size_t i;

	for (id = 0; id < SST_SECTION_COUNT; id++) {
		section = json_object_get(
		    doc, sst_section_name((enum sst_section_id)id));
		for (i = 0; i < json_array_size(section); i++)
			items_of_entity(items, json_array_get(section, i),
			    &contract->sections[id]);
	}
}

static void
items_hash(struct bench *b, struct items *items)
{
	struct sst_encoding met;
	size_t i;

	for (i = 0; i < items->count; i++) {
		sst_buf_clear(&b->out);
		sst_encode_object(items->list[i].shape, items->list[i].tree,
		    &b->out, &met);
		items->list[i].hash = sst_hash_bytes(b->out.data, b->out.len);
	}
}

static int
items_compare(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	return memcmp(&a->hash, &b->hash, sizeof(a->hash));
}

/* What of `now` is not in `before`: known from the hashes of the entities. */
static void
items_changed(struct bench *b, struct items *before, struct items *now)
{
	size_t i;

	items_hash(b, before);
	items_hash(b, now);
	qsort(before->list, before->count, sizeof(before->list[0]),
	    items_compare);
	for (i = 0; i < now->count; i++) {
		if (bsearch(&now->list[i], before->list, before->count,
			sizeof(before->list[0]), items_compare) == NULL)
			items_add(&b->changed, now->list[i].tree,
			    now->list[i].schema, now->list[i].shape);
	}
}

static size_t
walk_tree(const json_t *value)
{
	json_t *v = (json_t *)(uintptr_t)value;
	size_t i, n = 1;
	void *it;

	if (json_is_object(v)) {
		for (it = json_object_iter(v); it != NULL;
		     it = json_object_iter_next(v, it))
			n += walk_tree(json_object_iter_value(it));
	} else if (json_is_array(v)) {
		for (i = 0; i < json_array_size(v); i++)
			n += walk_tree(json_array_get(v, i));
	}
	return n;
}

static void
run_walk(struct bench *b)
{
	size_t i;

	b->nodes = 0;
	for (i = 0; i < b->all.count; i++)
		b->nodes += walk_tree(b->all.list[i].tree);
}

static void
run_validate(const struct items *items)
{
	size_t i;

	for (i = 0; i < items->count; i++) {
		if (!sst_schema_valid(
			items->list[i].schema, items->list[i].tree))
			bench_die("an entity does not conform");
	}
}

static void
run_validate_all(struct bench *b)
{
	run_validate(&b->all);
}

static void
run_validate_changed(struct bench *b)
{
	run_validate(&b->changed);
}

static void
run_encode(struct bench *b)
{
	struct sst_encoding met;
	size_t i;

	sst_buf_clear(&b->out);
	for (i = 0; i < b->all.count; i++) {
		if (i > 0)
			sst_buf_addc(&b->out, ',');
		sst_encode_object(b->all.list[i].shape, b->all.list[i].tree,
		    &b->out, &met);
	}
}

static void
run_dumps(struct bench *b)
{
	size_t i;

	for (i = 0; i < b->all.count; i++)
		free(json_dumps(b->all.list[i].tree, JSON_COMPACT));
}

static void
run_dumps_whole(struct bench *b)
{
	free(json_dumps(b->b, JSON_COMPACT));
}

static json_t *
bench_load(const char *path)
{
	json_error_t je;
	json_t *doc = json_load_file(path, 0, &je);

	if (doc == NULL)
		bench_die(je.text);
	return doc;
}

int
main(int argc, char **argv)
{
	struct bench b = {0};
	struct sst_error err;
	struct items before = {0};
	int rounds = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 11;

	if (argc < 3 || rounds < 1 || rounds > ROUNDS_MAX)
		bench_die("usage: bench_document A.json B.json [ROUNDS]");
	if (sst_contract_new(&b.contract, &err) != SST_OK)
		bench_die(err.text);
	b.a = bench_load(argv[1]);
	b.b = bench_load(argv[2]);
	/* json_dumps of the document whole, before it is taken apart */
	bench_report("dumps_whole_ms", rounds, &b, run_dumps_whole);
	items_of_document(&before, b.a, b.contract);
	items_of_document(&b.all, b.b, b.contract);
	items_changed(&b, &before, &b.all);
	bench_report("walk_ms", rounds, &b, run_walk);
	bench_report("validate_ms", rounds, &b, run_validate_all);
	bench_report("validate_changed_ms", rounds, &b, run_validate_changed);
	bench_report("encode_ms", rounds, &b, run_encode);
	bench_report("dumps_ms", rounds, &b, run_dumps);
	printf("nodes %zu\nitems %zu\nchanged %zu\n", b.nodes, b.all.count,
	    b.changed.count);
	return 0;
}
