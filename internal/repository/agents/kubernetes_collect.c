/* One result: the agents that the reflectors have brought, each name once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/agents/kubernetes_priv.h"
#include "repository/kube/tell.h"

/* All agents there are now, each with a reference. */
struct roll {
	struct agentkube_record **rows;
	size_t count;
};

static void
roll_fini(struct roll *roll)
{
	size_t i;

	for (i = 0; i < roll->count; i++)
		agentkube__record_release(&roll->rows[i]);
	free(roll->rows);
}

/* A list that is not whole yet is not shown. */
static size_t
roll_shown(const struct agentkube *k, size_t i)
{
	return k->cluster.parts[i].known ? k->stores[i].count : 0;
}

static int
roll_call(struct agentkube *k, struct roll *roll, struct sst_error *err)
{
	struct sst_kube_cluster *cluster = &k->cluster;
	size_t i, j, size = 0;

	sst_lock_acquire(&cluster->lock);
	for (i = 0; i < cluster->part_count; i++)
		size += roll_shown(k, i);
	roll->rows = calloc(size + 1, sizeof(struct agentkube_record *));
	for (i = 0; roll->rows != NULL && i < cluster->part_count; i++) {
		for (j = 0; j < roll_shown(k, i); j++)
			roll->rows[roll->count++] =
			    agentkube__record_acquire(k->stores[i].rows[j]);
	}
	sst_lock_release(&cluster->lock);
	return roll->rows != NULL ? SST_OK : sst_error_nomem(err);
}

/* By name; of workloads that claim the same one, always the same is first. */
static int
roll_compare(const void *a, const void *b)
{
	const struct agentkube_record *const *x = a, *const *y = b;
	int c = strcmp((*x)->name, (*y)->name);

	if (c == 0)
		c = agentkube__record_compare(*x, *y);
	return c != 0 ? c : (int)(*x)->kind - (int)(*y)->kind;
}

/* "/metadata/annotations/systate.io~1models" */
static void
tell_pointer(
    const struct agentkube *k, enum agentkube_note note, char *out, size_t size)
{
	size_t len = strlen(k->settings.prefix);

	snprintf(out, size, "/metadata/annotations/%.*s~1%s", (int)(len - 1),
	    k->settings.prefix, agentkube__note_name(note));
}

static void
tell_faults(const struct agentkube *k, const struct agentkube_record *r,
    struct sst_draft *out)
{
	char pointer[AGENTKUBE_PREFIX_MAX + 96], reason[512];
	size_t i;

	for (i = 0; i < AGENTKUBE_NOTES; i++) {
		if (r->faults[i] == NULL)
			continue;
		tell_pointer(
		    k, (enum agentkube_note)i, pointer, sizeof(pointer));
		snprintf(reason, sizeof(reason), "%s (%s %s/%s)", r->faults[i],
		    agentkube__kind_name(r->kind), r->namespace, r->workload);
		sst_draft_reject(out, pointer, reason);
	}
}

static void
tell_twin(const struct agentkube_record *first,
    const struct agentkube_record *twin, struct sst_draft *out)
{
	char pointer[96], reason[512];

	snprintf(pointer, sizeof(pointer), "/agents/%.80s", twin->name);
	snprintf(reason, sizeof(reason),
	    "%s %.60s/%.60s claims the name of %s %.60s/%.60s and is left out",
	    agentkube__kind_name(twin->kind), twin->namespace, twin->workload,
	    agentkube__kind_name(first->kind), first->namespace,
	    first->workload);
	sst_draft_reject(out, pointer, reason);
}

static int
collect_agents(
    struct agentkube *k, struct sst_draft *out, struct sst_error *err)
{
	const struct agentkube_record *last = NULL, *row;
	struct roll roll = {NULL, 0};
	size_t i;
	int code = roll_call(k, &roll, err);

	if (roll.count > 1)
		qsort(roll.rows, roll.count, sizeof(struct agentkube_record *),
		    roll_compare);
	for (i = 0; code == SST_OK && i < roll.count; i++) {
		row = roll.rows[i];
		tell_faults(k, row, out);
		if (last != NULL && strcmp(last->name, row->name) == 0) {
			tell_twin(last, row, out);
			continue;
		}
		last = row;
		code = sst_draft_add(out, agentkube__entity(row), err);
	}
	roll_fini(&roll);
	return code;
}

int
agentkube__collect(struct agentkube *k, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct sst_kube_tell tell;
	int code, told;

	code = sst_kube_cluster_look(&k->cluster, req, err);
	if (code == SST_OK)
		code = collect_agents(k, out, err);
	if (code != SST_OK && code != SST_LIMIT)
		return code;
	sst_kube_tell_init(&tell, &k->cluster, out);
	told = sst_kube_tell_end(&tell, err);
	k->cluster.delivered = true;
	return told != SST_OK ? told : code;
}
