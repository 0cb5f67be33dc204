/* One workload that may be an agent, as its object tells; immutable once made,
 * shared by reference. */
#ifndef SST_REPOSITORY_AGENTS_KUBERNETES_RECORD_H
#define SST_REPOSITORY_AGENTS_KUBERNETES_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ref.h"

enum {
	AGENTKUBE_NAME_MAX = 512,    /* characters, as the schema has it */
	AGENTKUBE_MODELS_MAX = 1000, /* likewise */
	AGENTKUBE_PREFIX_MAX = 254   /* bytes: a name of DNS and a slash */
};

enum agentkube_kind {
	AGENTKUBE_DEPLOYMENTS,
	AGENTKUBE_STATEFULSETS,
	AGENTKUBE_DAEMONSETS,
	AGENTKUBE_KINDS
};

/* "Deployment": static. */
const char *agentkube__kind_name(enum agentkube_kind kind);

/* The annotations below the prefix. */
enum agentkube_note {
	AGENTKUBE_AGENT,
	AGENTKUBE_DESCRIPTION,
	AGENTKUBE_MAX,
	AGENTKUBE_MODELS,
	AGENTKUBE_NOTES
};

/* "agent", "max-parallel-invocations", ...: static. */
const char *agentkube__note_name(enum agentkube_note note);

struct agentkube_record {
	struct sst_ref ref;
	enum agentkube_kind kind;
	char *namespace;
	char *workload;
	char *name;           /* of the agent; NULL: it is none */
	char *description;    /* NULL: not told */
	int64_t max_parallel; /* -1: not told */
	char **models;        /* sorted, each once */
	size_t model_count;
	const char *status; /* static: "running", ... */
	/* What is wrong with a value, static; NULL: nothing. */
	const char *faults[AGENTKUBE_NOTES];
};

struct agentkube_record *
agentkube__record_acquire(struct agentkube_record *record);
/* Accepts NULL inside; clears the pointer. */
void agentkube__record_release(struct agentkube_record **record);
/* Order by namespace and workload: the key within its kind. */
int agentkube__record_compare(
    const struct agentkube_record *a, const struct agentkube_record *b);
/* Whether both would be shown the same. */
bool agentkube__record_same(
    const struct agentkube_record *a, const struct agentkube_record *b);
/* The entity of the document: new, the caller's; NULL when memory ran out. */
json_t *agentkube__entity(const struct agentkube_record *record);

/* An object of the API, as an item of a list or in an event. */
struct agentkube_object {
	enum agentkube_kind kind;
	const char *prefix; /* of labels and annotations: "systate.io/" */
	bool all;           /* one without a mark is an agent, too */
	const char *json;
	size_t len;
};

/*
 * Reads one; it may be no agent, its name is NULL then. The caller releases
 * *out. Codes of sst_json_body_parse; SST_TYPE: no object with a name and a
 * namespace. SST_NOMEM. Pure.
 */
int agentkube__parse(const struct agentkube_object *object,
    struct agentkube_record **out, struct sst_error *err);

#endif
