/*
 * One resource in one namespace of a cluster, or in all: a reflector, what a
 * source does with its objects, and what is to be told of it.
 */
#ifndef SST_REPOSITORY_KUBE_PART_H
#define SST_REPOSITORY_KUBE_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repository/kube/cluster.h"

/* Const, static. */
struct sst_kube_resource {
	const char *name;  /* "pods" */
	const char *group; /* "/api/v1" */
	/* Where servers have it that know nothing of group; NULL: nowhere. */
	const char *group_before;
	/* What is not known without it, for people: "not known: ...". */
	const char *missing;
	bool metadata_only;
	bool aside; /* of itself it gives nothing to show */
};

struct sst_kube_object {
	enum sst_kube_event event;
	const char *json; /* borrowed */
	size_t len;
};

/* What a source does; on the thread of the reflector. */
struct sst_kube_part_sink {
	/* With the lock of the cluster held: a list begins; it is whole, what
	 * was not in it is gone (true: something may be told); nothing is known
	 * any more. */
	void (*begin)(void *ctx);
	bool (*synced)(void *ctx);
	void (*forget)(void *ctx); /* on the thread that collects */
	/* Without the lock. True in *changed: something may be told. A negative
	 * code: not understood, counted. */
	int (*object)(void *ctx, const struct sst_kube_object *object,
	    bool *changed, struct sst_error *err);
	void *ctx;
};

struct sst_kube_part {
	/* unchanged while it is open */
	struct sst_kube_cluster *cluster;
	const struct sst_kube_resource *resource;
	const char *namespace; /* NULL: all; borrowed */
	const char *labels;    /* NULL: all; borrowed */
	struct sst_kube_part_sink sink;
	/* of the thread that collects */
	struct sst_kube_reflector *reflector; /* NULL: closed */
	struct sst_kube_reflector_view view;  /* when it was looked at last */
	bool before, before_tried;            /* asks resource->group_before */
	/* refused when it was looked at last; since when, and how many lists
	 * were whole by then */
	bool refused;
	struct sst_mono refused_at;
	uint64_t refused_synced;
	/* guarded by the lock of the cluster */
	bool known;      /* was listed, and not forgotten */
	bool listing;    /* between begin and synced or abandoned */
	uint64_t synced; /* lists that were whole */
	size_t rejected; /* objects of the last list and since */
	struct sst_error first_reject;
};

struct sst_kube_part_settings {
	const struct sst_kube_resource *resource;
	const char *labels; /* selector, borrowed; NULL: none */
	struct sst_kube_part_sink sink;
};

/* Makes part number index of the cluster ready; no I/O, no thread. The sink is
 * told nothing before the cluster is started. */
int sst_kube_part_open(struct sst_kube_cluster *cluster, size_t index,
    const struct sst_kube_part_settings *settings, struct sst_error *err);

#endif
