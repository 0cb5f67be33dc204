/* Between the files of this folder. */
#ifndef SST_REPOSITORY_POSTGRES_POSTGRES_PRIV_H
#define SST_REPOSITORY_POSTGRES_POSTGRES_PRIV_H

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "repository/postgres/postgres.h"

struct sst_postgres {
	const struct sst_clock *clock;
	const struct sst_postgres_settings *settings;
	char *where;              /* as errors name it */
	PGconn *conn;             /* NULL: closed */
	struct sst_mono deadline; /* of the transaction */
	int wake;                 /* eventfd that ends a wait; -1 */
	atomic_bool interrupted;
};

/* SST_INVALID with the name of the option. */
int postgres__settings_check(
    const struct sst_postgres_settings *settings, struct sst_error *err);
/* "HOST:PORT/DATABASE" of the url; NULL when memory ran out. */
char *postgres__where(const char *url);

/*
 * Begins to connect; the caller polls it. SST_NOMEM, what reading the password
 * can fail with, and SST_INVALID for a url that is none.
 */
int postgres__connect_start(const struct sst_postgres_settings *settings,
    PGconn **out, struct sst_error *err);

/* What it means that no connection came about, or that it broke. */
int postgres__connection_failure(const struct sst_postgres *postgres,
    bool established, struct sst_error *err);
/* What a result that reports an error means. */
int postgres__result_failure(const struct sst_postgres *postgres,
    const PGresult *result, struct sst_error *err);
/* The code of an SQLSTATE, SST_UPSTREAM for one that says nothing special. */
int postgres__code(const char *sqlstate);

#endif
