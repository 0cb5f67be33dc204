/*
 * One exchange a connection, made when it opens: it carries one request at a
 * time, so a request costs no allocation of ours. It belongs to the thread of
 * its connection, or while the connection is suspended to whoever will resume
 * it; only what says so needs a lock.
 */
#ifndef SST_API_EXCHANGE_PRIV_H
#define SST_API_EXCHANGE_PRIV_H

#include <microhttpd.h>
#include <ulfius.h>

#include "api/api_priv.h"

enum exchange_certificate {
	CERTIFICATE_UNCHECKED,
	CERTIFICATE_GOOD,
	CERTIFICATE_BAD
};

/* What its request is waiting for. */
enum exchange_step {
	EXCHANGE_NEW,      /* to be complete */
	EXCHANGE_WORKING,  /* for a worker */
	EXCHANGE_WAITING,  /* for a wake */
	EXCHANGE_ANSWERED, /* its response is there, to be handed to ulfius */
	EXCHANGE_LENT      /* it has been */
};

/* The stream that is being sent. */
struct exchange_stream {
	const struct api_stream_ops *ops; /* NULL: none */
	void *stream;
	const char *piece; /* what is left of it */
	size_t piece_len;
	enum api_stream_result last; /* of next() */
};

struct exchange {
	unsigned magic;
	struct sst_api *api;
	struct MHD_Connection *connection;
	bool active; /* between the request line and completion */
	enum exchange_certificate certificate;
	enum exchange_step step;
	bool waited;  /* it took as long as was asked for */
	bool counted; /* among the parked, in the figures */
	struct sst_mono began;
	int status; /* 0: the request never reached the endpoint */
	int route;
	size_t body_bytes;
	struct api_request request;
	struct api_response response;
	struct exchange_stream stream;
	struct _u_map lent;      /* over the headers of response */
	struct _u_map *borrowed; /* the map of ulfius meanwhile */
	struct _u_response *answer;

	bool parked; /* guarded by the lock of the parking, as all below */
	bool woken;  /* before it was parked */
	struct exchange *parked_before;
	struct exchange *parked_behind;

	struct exchange *queued_behind; /* guarded by the lock of the workers */
};

struct exchange *api__exchange_of(void *pointer);

/* Makes the request out of what has come; nothing is copied (receive.c). */
void api__exchange_read(struct exchange *x, const struct _u_request *request);

/* On a worker; err: why there is no past, or NULL. Resumes or parks x. */
void api__exchange_work(
    struct exchange *x, struct sst_past *past, const struct sst_error *err);
/* Answers 503 instead: no worker takes it. Resumes x. */
void api__exchange_refuse(struct exchange *x);

/* answer.c: gives back what the response of the exchange holds. */
void api__answer_drop(struct exchange *x);

#endif
