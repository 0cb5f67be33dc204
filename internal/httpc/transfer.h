/*
 * What a client and a socket have in common: one handle of libcurl in a multi
 * handle of its own, which holds the connection in between. One thread at a
 * time, but for httpc__transfer_interrupt.
 */
#ifndef SST_HTTPC_TRANSFER_H
#define SST_HTTPC_TRANSFER_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "httpc/httpc_priv.h"

struct httpc_transfer {
	const struct sst_clock *clock;
	CURLM *multi;
	CURL *easy;
	atomic_bool interrupted;
	struct httpc_setup setup;
	char detail[CURL_ERROR_SIZE]; /* of the last failure */
};

/* options have been checked. SST_NOMEM, SST_IO, SST_INTERNAL; then there is
 * nothing to free. */
int httpc__transfer_init(struct httpc_transfer *t,
    const struct sst_httpc_options *options, const struct sst_clock *clock,
    struct sst_error *err);
void httpc__transfer_fini(struct httpc_transfer *t);

/* Ends the wait that is under way, or the next one. From any thread. */
void httpc__transfer_interrupt(struct httpc_transfer *t);
/* Takes back an interrupt that nothing has waited for. */
void httpc__transfer_resume(struct httpc_transfer *t);

/* CURLE_OK to go on; CURLE_ABORTED_BY_CALLBACK once interrupted,
 * CURLE_OPERATION_TIMEDOUT after the deadline. */
CURLcode httpc__transfer_check(
    struct httpc_transfer *t, struct sst_mono deadline);
/*
 * Waits for the connection, and for fd when it is not NULL. CURLE_OK also when
 * nothing came: it was woken up, or a while has passed, so that a clock that was
 * turned by hand is seen.
 */
CURLcode httpc__transfer_poll(struct httpc_transfer *t, struct curl_waitfd *fd,
    struct sst_mono deadline);
/* How what ran has ended. */
CURLcode httpc__transfer_result(struct httpc_transfer *t);

#endif
