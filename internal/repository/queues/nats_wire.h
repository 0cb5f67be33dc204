/*
 * A connection to NATS for requests and their answers. Only what is behind this
 * (nats_wire.c, nats_link.c, nats_login.c) includes nats.h. It subscribes to an
 * inbox of its own and to nothing else.
 *
 * An object belongs to one thread; only nats__wire_interrupt() may be called
 * from others. Threads of the library hand answers over under a lock; the thread
 * that connects is ours, so that neither a deadline nor an interrupt waits for a
 * server that accepts and then says nothing.
 */
#ifndef SST_REPOSITORY_QUEUES_NATS_WIRE_H
#define SST_REPOSITORY_QUEUES_NATS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/secret.h"

struct nats_wire;

/* Rows of the option table; borrowed from new to free. */
struct nats_access {
	char *url; /* servers, with commas between them */
	char *username;
	struct sst_secret password;
	struct sst_secret token;
	char *nkey; /* public key of a user */
	struct sst_secret nkey_seed;
	struct sst_secret creds; /* content of a .creds file */
	char *inbox_prefix;
	char *ca_file;
	char *cert_file;
	struct sst_secret key;
	char *tls_server_name;
};

/* nats://HOST[:PORT] or tls://..., without credentials; several with commas. */
bool nats__wire_valid_url(const char *text);
/* Words with dots between them, no wildcard. */
bool nats__wire_valid_subject(const char *text);

/* No I/O. SST_INVALID names the option; SST_NOMEM. */
int nats__wire_new(const struct nats_access *access,
    const struct sst_clock *clock, struct nats_wire **out,
    struct sst_error *err);
/* Waits at most some seconds for a connection in the making; accepts NULL. */
void nats__wire_free(struct nats_wire **wire);

/*
 * Connects unless it is connected; forgets the answers still to come. Blocks
 * until the deadline. *fresh_out: it is another connection than before.
 *
 * SST_UNREACHABLE, SST_TLS, SST_UNAUTHORIZED, SST_TIMEOUT, SST_PROTOCOL,
 * SST_TRUNCATED (closed while connecting), SST_CANCELED, SST_NOMEM,
 * SST_INVALID and the codes of sst_secret_read.
 */
int nats__wire_open(struct nats_wire *wire, struct sst_mono deadline,
    bool *fresh_out, struct sst_error *err);
/* Drops the connection: the next open makes another one. */
void nats__wire_drop(struct nats_wire *wire);

/* At most so many requests are under way. */
enum { NATS_WIRE_WIDTH = 512 };

/*
 * Sends a request; its answer comes with the tag. Does not wait. SST_INVALID:
 * no subject that could be sent; SST_TRUNCATED: the connection is gone.
 */
int nats__wire_send(struct nats_wire *wire, uint32_t tag, const char *subject,
    const struct sst_buf *body, struct sst_error *err);

struct nats_reply {
	/* SST_OK; SST_NOT_FOUND: nobody answers such requests;
	 * SST_FORBIDDEN: the user may not send them, `denied` says which. */
	int code;
	uint32_t tag; /* not of SST_FORBIDDEN */
	const char *data;
	size_t len;
	char *denied; /* a subject; owned */
	void *message;
};

/* Waits for the next answer, in any order; end it with nats__reply_fini.
 * SST_TIMEOUT, SST_CANCELED, SST_TRUNCATED, SST_FORBIDDEN (the inbox is denied
 * to us), SST_NOMEM. */
int nats__wire_next(struct nats_wire *wire, struct sst_mono deadline,
    struct nats_reply *out, struct sst_error *err);
/* Waits some milliseconds for news; true when there are none. */
bool nats__wire_quiet(struct nats_wire *wire);
void nats__reply_fini(struct nats_reply *reply);
/* A header of the answer, borrowed; of several the first or the last one. NULL:
 * there is none. */
const char *nats__reply_header(
    const struct nats_reply *reply, const char *name, bool last);

void nats__wire_interrupt(struct nats_wire *wire);
void nats__wire_resume(struct nats_wire *wire);

#endif
