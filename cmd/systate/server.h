/*
 * The server side of a subcommand: where it is, the token, one request after
 * another, and problems told as one line.
 */
#ifndef CMD_SYSTATE_SERVER_H
#define CMD_SYSTATE_SERVER_H

#include <jansson.h>

#include "cli.h"
#include "httpc/client.h"

struct cli_server {
	struct sst_httpc *client;
	const struct cli *cli;
	struct sst_buf url; /* of the next request */
	bool query;         /* it has a parameter already */
};

/* SST_INVALID: the URL; SST_IO: the token file; SST_NOMEM. */
int cli_server_open(
    const struct cli *cli, struct cli_server *out, struct sst_error *err);
/* Accepts zeroed memory. */
void cli_server_close(struct cli_server *server);

/* Begins the URL of a request; path is sent as it is. */
void cli_server_path(struct cli_server *server, const char *path);
/* Adds a query parameter; value NULL: nothing. */
void cli_server_param(
    struct cli_server *server, const char *name, const char *value);
/* sections=, when it was given. */
void cli_server_sections(struct cli_server *server);

/*
 * GETs what was begun. accept is the one media type that will do: SST_PROTOCOL
 * for another one. An answer that is no success is an error, with what its
 * problem details say. Else see sst_httpc_get(). The caller ends *out with
 * sst_httpc_response_fini().
 */
int cli_server_get(struct cli_server *server, const char *accept,
    struct sst_httpc_response *out, struct sst_error *err);
/* The same, as a tree: SST_TYPE unless it is an object. */
int cli_server_get_json(
    struct cli_server *server, json_t **out, struct sst_error *err);
/* The same, and the bytes are appended to body. */
int cli_server_get_both(struct cli_server *server, struct sst_buf *body,
    json_t **out, struct sst_error *err);

/* SST_OK for a success of that media type, else the error of the answer. */
int cli_server_check(struct cli_server *server, const char *accept,
    const struct sst_httpc_response *response, struct sst_error *err);

#endif
