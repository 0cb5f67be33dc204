/* Reading answers of NATS, between the nats_parse*.c files. Pure functions. */
#ifndef SST_REPOSITORY_QUEUES_NATS_JSON_H
#define SST_REPOSITORY_QUEUES_NATS_JSON_H

#include <jansson.h>

#include "repository/queues/nats_parse.h"

/* Why something is left out. */
struct nats_fault {
	const char *member; /* pointer below it */
	const char *reason;
};

/* Parses an object; the caller gives *out back. */
int nats__json_object(
    const char *bytes, size_t len, json_t **out, struct sst_error *err);
/* The same of an answer of $JS.API: its error becomes ours. */
int nats__json_answer(
    const char *bytes, size_t len, json_t **out, struct sst_error *err);

/* -1 when it is not there; false when it is no integer. */
bool nats__json_int(const json_t *object, const char *name, int64_t *out);
/* "" when there is none; cut. */
void nats__json_copy(
    const json_t *object, const char *name, char *out, size_t size);

/* config, state and so on of a stream, and of a consumer. False with *fault
 * set when it cannot be used; with fault->reason NULL when memory ran out. */
bool nats__json_stream(const json_t *json, struct nats_arena *arena,
    struct nats_stream *out, struct nats_fault *fault);
bool nats__json_consumer(const json_t *json, struct nats_arena *arena,
    struct nats_consumer *out, struct nats_fault *fault);

#endif
