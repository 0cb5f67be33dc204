/*
 * The running program: configuration, service and API, put together and taken
 * apart. For the main thread only.
 */
#ifndef CMD_SYSTATED_GRAPH_H
#define CMD_SYSTATED_GRAPH_H

#include "base/error.h"
#include "config/config.h"

struct graph {
	struct sst_config_args args;
	struct sst_config *config;
	char *share_dir;
	char *data_dir; /* NULL: no place for a history */
	struct sst_service *service;
	struct sst_api *api;
};

/*
 * Starts everything in the order sources, composer, API. graph->config must be
 * loaded. After a failure graph_close() is still due. Codes of what failed.
 */
int graph_open(struct graph *graph, struct sst_error *err);

/* Makes everything that open would start, and starts nothing. */
int graph_check(struct graph *graph, struct sst_error *err);

/*
 * Reads the configuration again: takes it whole or refuses it whole, with the
 * old one running on. Blocks until the sources have changed over.
 */
int graph_reload(struct graph *graph, struct sst_error *err);

/* The reverse of open: refuses new requests, lets what runs finish. */
void graph_close(struct graph *graph);

#endif
