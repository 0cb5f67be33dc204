/*
 * Which snapshot a request is about. Functions that may need a worker thread
 * return nothing without a problem when they have asked for one: the handler
 * returns then too, and is called again.
 */
#ifndef SST_API_STATE_H
#define SST_API_STATE_H

#include "api/api_priv.h"

/* Systate-Revision and Systate-Epoch. */
void api__state_headers(struct api_response *rs, const struct sst_snapshot *s);

/* Sets the problem that there is no snapshot yet. */
void api__state_not_ready(struct api_request *rq);
/* A reference to the current snapshot, or NULL with the problem set. */
struct sst_snapshot *api__state_now(struct api_request *rq);
/* The same for the moment that `at` names, if it was given. */
struct sst_snapshot *api__state_snapshot(struct api_request *rq);

/*
 * The snapshot of a moment that the parameter of that name gave; lead stands
 * before it in an example ("from=7&", or ""). At API_STAGE_WORKER. NULL with
 * the problem set.
 */
struct sst_snapshot *api__state_past(struct api_request *rq,
    const struct sst_moment *moment, const char *parameter, const char *lead);

/*
 * Sets the problem for a moment that there is nothing of: err is SST_GONE or
 * SST_NOT_FOUND with its text. At API_STAGE_WORKER; the rest as above.
 */
void api__state_absent(struct api_request *rq, const struct sst_error *err,
    const char *parameter, const char *lead);

/* What becomes of a request with since. */
enum api_since {
	API_SINCE_CHANGED,  /* send what there is now */
	API_SINCE_SAME,     /* 304 */
	API_SINCE_STOOD,    /* 304: so it was up to rq->params.since, but what
			     * there is now is later and may be another */
	API_SINCE_UNDECIDED /* the handler returns: problem, or called again */
};

/* current is the snapshot that would be sent; it may be replaced by a later
 * one. */
enum api_since api__state_since(
    struct api_request *rq, struct sst_snapshot **current);

#endif
