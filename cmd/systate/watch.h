/* Between the files of `systate watch`. */
#ifndef CMD_SYSTATE_WATCH_H
#define CMD_SYSTATE_WATCH_H

#include <jansson.h>

#include "cli.h"
#include "server.h"
#include "sse.h"
#include "stopper.h"

struct watch {
	struct cli *cli;
	struct cli_server server;
	struct sse sse;
	struct stopper stopper;
	struct sst_buf key;     /* in the form of the service; or empty */
	struct sst_error fault; /* of an event; code 0: none */
	uint64_t changes;       /* seen so far */
	bool begun;             /* a state or change was seen */
	bool connected;         /* once, at least */
	bool alive;             /* this connection gave something */
	bool done;              /* what was asked for is there */
	bool away;              /* the connection is lost */
	char reason[64];        /* ": why" the server ended the stream; "" */
	struct sst_mono away_since;
	int64_t wait_ms; /* before the next attempt */
};

/* An event for people; again: a state that is not the first thing seen. */
void watch_text_state(
    struct cli_out *out, const json_t *data, const char *id, bool again);
void watch_text_change(struct cli_out *out, const json_t *data);
void watch_text_other(struct cli_out *out, const char *name, const char *id);

/* Appends a value as one reads it: cut, in quotes where it could be mistaken;
 * NULL is "(absent)". */
void watch_value_text(const json_t *value, struct sst_buf *out);

#endif
