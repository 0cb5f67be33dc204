/* Between the files that read messages: nats_facts.c, nats_fetch.c, nats_chain.c
 * and nats_rows.c. */
#ifndef SST_REPOSITORY_QUEUES_NATS_FETCH_H
#define SST_REPOSITORY_QUEUES_NATS_FETCH_H

#include "repository/queues/nats_priv.h"

/* The stream's messages are not read this time. */
void nats__rows_fault(struct nats_work *w, const char *what,
    const struct sst_error *err, struct nats_read *read);
/* What could not be waited for is noted, and the counts stay: 0, or a code that
 * ends the collection. */
int nats__rows_bear(struct nats_read *read, int code, struct sst_error *err);

/* What is needed of streams and consumers beyond the catalog. */
int nats__facts(struct nats_read *read, struct sst_error *err);

/* A request for the message of that sequence, or, with a filter, the first one
 * from there on. */
void nats__fetch_ask(const struct nats_work *w, int64_t seq,
    const char *filter, struct nats_ask *ask);
/* Its answer. SST_NODATA: DIRECT.GET is not for us, retry is set;
 * SST_NOT_FOUND: it is gone. */
int nats__fetch_read(const struct nats *n, struct nats_work *w,
    const struct nats_reply *reply, struct nats_message **out,
    struct sst_error *err);
/* Takes over the message, also on failure. */
int nats__fetch_push(
    struct nats_work *w, struct nats_message *m, struct sst_error *err);

/* Looks for messages one after the other where they cannot be told from the
 * sequences. */
int nats__chain(struct nats_read *read, struct sst_error *err);

#endif
