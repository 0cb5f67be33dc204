/*
 * A connection of bytes, TCP, TLS or unix, for protocols that are not HTTP.
 * What HTTP has of it is had here too: name resolution without a block, TLS
 * with our own authorities and certificate, deadlines, interruption.
 *
 * A socket belongs to one thread; only sst_socket_interrupt() may be called
 * from others. Error texts begin with the name given to open.
 */
#ifndef SST_HTTPC_SOCKET_H
#define SST_HTTPC_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "httpc/client.h"

struct sst_socket;

/*
 * Of the options the TLS ones count: ca, cert, key, insecure,
 * tls_server_name; copied. No I/O. Codes as sst_httpc_new().
 */
int sst_socket_new(const struct sst_httpc_options *options,
    const struct sst_clock *clock, struct sst_socket **out,
    struct sst_error *err);
/* Closes; accepts NULL. */
void sst_socket_free(struct sst_socket **socket);

struct sst_socket_to {
	const char *name; /* for people: "redis://127.0.0.1:6379" */
	const char *host; /* name or address; not in brackets */
	unsigned short port;
	const char *unix_path; /* instead of both; NULL: none */
	bool tls;
};

/*
 * Connects, and shakes hands when TLS; blocks until the deadline. An open one
 * is closed first. SST_UNREACHABLE, SST_TLS, SST_TIMEOUT, SST_CANCELED,
 * SST_INVALID (the host is none), SST_NOMEM, SST_INTERNAL.
 */
int sst_socket_open(struct sst_socket *socket, const struct sst_socket_to *to,
    struct sst_mono deadline, struct sst_error *err);
bool sst_socket_is_open(const struct sst_socket *socket);
/* Accepts a closed one. */
void sst_socket_close(struct sst_socket *socket);

/*
 * Sends what can be sent at once: *sent_out bytes, maybe 0. Never blocks.
 * SST_TRUNCATED (the other side has closed), SST_TLS.
 */
int sst_socket_send(struct sst_socket *socket, const void *bytes, size_t len,
    size_t *sent_out, struct sst_error *err);

/*
 * Takes what is there, at most size bytes: *len_out of them, 0 when the other
 * side has ended or reset the connection. Never blocks. SST_NODATA (without a
 * text): nothing is there; SST_TLS: the other side refuses us only now.
 */
int sst_socket_receive(struct sst_socket *socket, void *bytes, size_t size,
    size_t *len_out, struct sst_error *err);

/*
 * Blocks until there may be something to receive or, with to_send, room to
 * send. SST_TIMEOUT, SST_CANCELED, SST_NOMEM.
 */
int sst_socket_wait(struct sst_socket *socket, bool to_send,
    struct sst_mono deadline, struct sst_error *err);

/*
 * What blocks, or else what would next, returns SST_CANCELED at once. Any
 * thread; never blocks.
 */
void sst_socket_interrupt(struct sst_socket *socket);
/* Forgets an interrupt that came when there was nothing to end. */
void sst_socket_resume(struct sst_socket *socket);

#endif
