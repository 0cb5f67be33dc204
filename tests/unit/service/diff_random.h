/* Random documents and random changes, from a seed. */
#ifndef TESTS_UNIT_SERVICE_DIFF_RANDOM_H
#define TESTS_UNIT_SERVICE_DIFF_RANDOM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct rnd {
	uint64_t state;
	bool nulls; /* whether documents may hold null */
	bool twins; /* whether inner lists may hold two of one identity */
};

uint64_t rnd_next(struct rnd *r);
/* Below n. */
size_t rnd_below(struct rnd *r, size_t n);
/* True once in n times. */
bool rnd_once_in(struct rnd *r, size_t n);

/* A document for doc_tree(). */
json_t *rnd_document(struct rnd *r);
/* The same after some time: a new tree. */
json_t *rnd_later(struct rnd *r, const json_t *before);
/* The same with every list of things that have keys in another order. */
json_t *rnd_shuffled(struct rnd *r, const json_t *document);

#endif
