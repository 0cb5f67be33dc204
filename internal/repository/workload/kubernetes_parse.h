/*
 * Bytes of the API to records. Pure: no I/O, no clock; any thread. Lenient: a
 * member that is missing or of another type is unknown, never an error; only
 * what does not name an object is refused. Values of the environment of
 * containers are not even looked at.
 */
#ifndef SST_REPOSITORY_WORKLOAD_KUBERNETES_PARSE_H
#define SST_REPOSITORY_WORKLOAD_KUBERNETES_PARSE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "repository/workload/kubernetes_record.h"

/*
 * One object, as an item of a list or the object of an event. The caller frees
 * *out with free(). SST_SYNTAX: not JSON. SST_TYPE: no object, or none with a
 * usable name (a pointer into it and why stand in the text). SST_NOMEM.
 */
int kubernetes__parse(enum kubernetes_resource resource, const char *json,
    size_t len, struct kubernetes_record **out, struct sst_error *err);

/* A row of /apis/metrics.k8s.io/v1beta1/pods; texts borrowed for the call. */
struct kubernetes_usage {
	const char *namespace;
	const char *name;
	int64_t cpu_nano;     /* of all containers */
	int64_t memory_bytes; /* the same */
	int64_t at_ms;        /* end of the window; KUBERNETES_NONE */
};

/*
 * Calls row() for the row. SST_TYPE: incomplete or not understood: then the
 * usage of that pod is not known. Other codes as above; what row() says.
 */
int kubernetes__parse_usage(const char *json, size_t len,
    int (*row)(
	const struct kubernetes_usage *row, void *ctx, struct sst_error *err),
    void *ctx, struct sst_error *err);

/* For the kubernetes_*_parse.c files. */

/* Texts as long as the schema lets them be. */
enum {
	KUBERNETES_TEXT_NAME = 253,
	KUBERNETES_TEXT_UID = 128,
	KUBERNETES_TEXT_KIND = 64,
	KUBERNETES_TEXT_REASON = 256,
	KUBERNETES_TEXT_IMAGE = 1024,
	KUBERNETES_TEXT_REVISION = 64,
	/* Characters; the schema takes 1024. What is cut may look like a secret
	 * at its end, and [redacted] is longer than that. */
	KUBERNETES_TEXT_MESSAGE = 1000
};

/* The text, NULL when there is none. */
const char *kubernetes__json_text(const json_t *object, const char *member);
/* A number of at least 0; absent when it is missing or null, KUBERNETES_NONE
 * when it is anything else. */
int64_t kubernetes__json_count(
    const json_t *object, const char *member, int64_t absent);
/* A time in ms; KUBERNETES_NONE. */
int64_t kubernetes__json_time(const json_t *object, const char *member);
/* True for the boolean true. */
bool kubernetes__json_is(const json_t *object, const char *member);
/* A quantity, as text or number, in nanos or in whole units, not below 0;
 * KUBERNETES_NONE. */
int64_t kubernetes__json_nano(const json_t *object, const char *member);
int64_t kubernetes__json_whole(const json_t *object, const char *member);
/* a + b, held to INT64_MAX; KUBERNETES_NONE when one of them is. */
int64_t kubernetes__sum(int64_t a, int64_t b);
/* The element of conditions with that type; NULL. */
const json_t *
kubernetes__json_condition(const json_t *status, const char *type);

/* What the document takes as the name of something: from 1 to max bytes, no
 * control character. */
bool kubernetes__name_good(const char *text, size_t max);

/* Free text: made safe before it is cut, because half a secret is not seen as
 * one. */
uint32_t
kubernetes__draft_message(struct kubernetes_draft *draft, const char *text);

/* Limits of a pod's or template's spec; statuses of a live pod or NULL. */
void kubernetes__parse_limits(struct kubernetes_draft *draft,
    const json_t *spec, const json_t *status, struct kubernetes_limits *out);

/* Fill what is theirs of draft->head. */
void kubernetes__parse_pod(struct kubernetes_draft *draft, const json_t *tree);
void
kubernetes__parse_control(struct kubernetes_draft *draft, const json_t *tree);

#endif
