/* Between the kubernetes_*.c files that talk to a cluster. */
#ifndef SST_REPOSITORY_AGENTS_KUBERNETES_PRIV_H
#define SST_REPOSITORY_AGENTS_KUBERNETES_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"
#include "config/option.h"
#include "repository/agents/kubernetes_record.h"
#include "repository/draft.h"
#include "repository/kube/access.h"
#include "repository/kube/reflector.h"
#include "repository/source.h"

/* A byte from the server that is older proves nothing about now. */
enum { AGENTKUBE_LIFE_MS = 2000 };
/* Refused for so long, and not listed since: what we hold of it is a memory. */
enum { AGENTKUBE_FORGET_MS = 90000 };
/* Three watches each. */
enum { AGENTKUBE_NAMESPACES_MAX = 20 };

struct agentkube;

/* One kind in one namespace, or in all: a reflector and what it brings. */
struct agentkube_part {
	struct agentkube *k;
	enum agentkube_kind kind;
	const char *namespace; /* NULL: all; borrowed from the settings */
	struct sst_kube_reflector *reflector;
	/* of the thread that collects */
	struct sst_kube_reflector_view view;
	bool refused; /* when it was looked at last; since when, and how many
		       * lists were whole by then */
	struct sst_mono refused_at;
	uint64_t refused_synced;
	/* guarded by lock */
	struct agentkube_store {
		struct agentkube_record **rows; /* agents, sorted */
		uint64_t *lists; /* of each row: the list it was last in */
		size_t count, cap;
	} store;
	bool known;      /* was listed, and not forgotten */
	bool listing;    /* between begin and synced or abandoned */
	uint64_t list;   /* number of the list that runs or was last */
	uint64_t synced; /* lists that were whole */
	size_t rejected; /* objects of the last list and since */
	struct sst_error first_reject;
};

struct agentkube {
	/* settings, copied */
	char *kubeconfig, *context, *prefix, *selector;
	bool all;
	struct sst_option_list namespaces;
	size_t max_bytes;
	uint32_t seed;
	const struct sst_clock *clock;
	void (*notify)(void *notify_ctx);
	void *notify_ctx;

	struct sst_kube_access *access;
	struct sst_kube_turn *turn;
	struct sst_kube_http *probe;
	bool made;    /* lock is */
	bool running; /* start was there, stop not yet */
	struct agentkube_part *parts;
	size_t part_count;

	atomic_bool probing;     /* a probe runs: an event ends it */
	atomic_bool interrupted; /* collect is to return */
	struct sst_lock lock;    /* leaf */

	/* of the thread that collects */
	bool delivered;           /* there was a result */
	struct sst_mono answered; /* when the last good probe began */
	char *version;            /* of the server; NULL: not known */
	struct sst_mono version_due;
};

/* kubernetes_store.c: with the lock held, or before there are threads. */

/* Takes the reference, also on failure; a record that is no agent removes the
 * one of its key. Whether something became another is put into *changed. */
int agentkube__store_put(struct agentkube_part *part,
    struct agentkube_record *record, bool *changed, struct sst_error *err);
/* Whether something was removed. */
bool agentkube__store_drop(
    struct agentkube_part *part, const struct agentkube_record *record);
/* Removes what was not in the last list; whether there was something. */
bool agentkube__store_sweep(struct agentkube_part *part);
void agentkube__store_clear(struct agentkube_part *part);

/* kubernetes_part.c */

/* Makes part number index ready; no I/O. */
int
agentkube__part_open(struct agentkube *k, size_t index, struct sst_error *err);
/* Its name in sources[].upstream.parts: "deployments (agents)". */
void
agentkube__part_name(const struct agentkube_part *part, char out[static 128]);
/* Reads how its reflector stands; forgets what was refused for too long. */
void agentkube__part_look(struct agentkube_part *part, struct sst_mono now);
/* The credentials do not suffice, or the server does not have it. */
bool agentkube__refused(const struct sst_error *err);

/* kubernetes_probe.c */

/* That the server answers now, by what was heard last or by a question; its
 * version on the way. */
int agentkube__probe(struct agentkube *k, const struct sst_collect *req,
    struct sst_mono heard, struct sst_error *err);
/* That the server answers this very question. */
int agentkube__probe_answer(struct agentkube *k, const struct sst_collect *req,
    struct sst_error *err);

/* kubernetes_collect.c */

int agentkube__collect(struct agentkube *k, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err);

#endif
