/* Between access*.c. */
#ifndef SST_REPOSITORY_KUBE_ACCESS_PRIV_H
#define SST_REPOSITORY_KUBE_ACCESS_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/ref.h"
#include "repository/kube/access.h"
#include "repository/kube/exec_plugin.h"
#include "repository/kube/kube_priv.h"

/* Who asks whom, all files read. Immutable once shared. */
struct kube_identity {
	struct sst_ref ref;
	struct sst_kube_config *config;
	char *ca, *cert, *key; /* PEM; NULL: none */
	char *token;           /* NULL: none */
	char **headers;        /* of impersonation, NULL ends; NULL: none */
	/* The plugin's, when it has one. */
	struct kube_credential plugin;
	bool plugged;            /* plugin is set */
	struct sst_mono renew;   /* the plugin is to be run again */
	struct sst_mono expires; /* not to be used from then on */
	/* Two with the same number may use the same connection. */
	uint64_t connection;
};

void kube__identity_release(struct kube_identity **identity);

/* How to make one; all borrowed. */
struct kube_identity_order {
	const struct sst_kube_config_where *where;
	const struct kube_identity *old; /* the one before; NULL: none */
	bool refused;                    /* old was refused by the server */
	const struct sst_clock *clock;
	struct sst_mono deadline;
	bool (*canceled)(void *ctx);
	void *ctx;
};

/*
 * Reads configuration and files, and runs the plugin when its last credential
 * is due, refused or of another one. One reference. What cannot be read again
 * is taken from old unless it was refused. Codes as sst_kube_get.
 */
int kube__identity_make(const struct kube_identity_order *order,
    struct kube_identity **out, struct sst_error *err);

struct sst_kube_http {
	struct sst_kube_access *access;
	atomic_bool interrupted;
	struct sst_httpc *client; /* changes under the lock of access */
	uint64_t connection;      /* what client was made for */
};

/* The identity to use now, made when there is none or it is due; the caller
 * releases it. May block as kube__identity_make. */
int kube__access_acquire(struct sst_kube_http *http, struct sst_mono deadline,
    struct kube_identity **out, struct sst_error *err);
/* The server refused it (401). True: another attempt is worth it. */
bool kube__access_refused(
    struct sst_kube_access *access, const struct kube_identity *identity);
/* No connection came about: the configuration may have changed. */
void kube__access_doubt(struct sst_kube_access *access);
/* Gives http another client, under the lock; the old one is freed. */
void kube__access_swap(struct sst_kube_http *http, struct sst_httpc *client);

const struct sst_clock *
kube__access_clock(const struct sst_kube_access *access);

#endif
