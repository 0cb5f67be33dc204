/* How one proves to NATS who one is; between nats_wire.c and nats_login.c. */
#ifndef SST_REPOSITORY_QUEUES_NATS_LOGIN_H
#define SST_REPOSITORY_QUEUES_NATS_LOGIN_H

#include <nats/nats.h>

#include "repository/queues/nats_wire.h"

/* What the callbacks of a connection need; lives as long as it. */
struct nats_login {
	char *jwt;  /* NULL: none */
	char *seed; /* wiped at the end */
};

/* Reads the secrets and tells opts. SST_INVALID, SST_NOMEM, SST_TLS (a
 * certificate that is none), codes of sst_secret_read. */
int nats__login_apply(const struct nats_access *access,
    struct nats_login *login, natsOptions *opts, struct sst_error *err);
/* Which of the options exclude each other. SST_INVALID. */
int nats__login_check(const struct nats_access *access, struct sst_error *err);
void nats__login_fini(struct nats_login *login);

/* Our code for a status of the library. */
int nats__status_code(natsStatus status);

#endif
