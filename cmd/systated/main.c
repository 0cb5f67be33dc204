/*
 * The service: flags and configuration, then the graph of modules, then waiting
 * for signals. SIGTERM and SIGINT end it, SIGHUP reads the configuration again.
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/log.h"
#include "graph.h"
#include "kinds.h"

enum { EXIT_USAGE = 2, MMAP_ABOVE = 1 << 20 };

static int
main_fail(const struct sst_error *err, int status)
{
	fprintf(stderr, "systated: %s\n", err->text);
	return status;
}

static int
main_print(struct sst_buf *text)
{
	bool failed = sst_buf_failed(text) ||
		      fwrite(text->data, 1, text->len, stdout) != text->len ||
		      fflush(stdout) != 0;

	sst_buf_fini(text);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
main_help(void)
{
	struct sst_buf text = SST_BUF_INIT;

	sst_config_print_help(&text);
	return main_print(&text);
}

static int
main_kinds(void)
{
	struct sst_buf text = SST_BUF_INIT;

	kinds_print(&text);
	return main_print(&text);
}

static int
main_print_config(const struct sst_config *config)
{
	struct sst_buf text = SST_BUF_INIT;

	sst_config_print(config, &text);
	return main_print(&text);
}

static int
main_check(struct graph *graph)
{
	struct sst_error err = {0};

	if (graph_check(graph, &err) != SST_OK)
		return main_fail(&err, EXIT_FAILURE);
	puts("configuration ok");
	return EXIT_SUCCESS;
}

/* Blocked before the first thread is made, so that all inherit it. */
static void
main_block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
main_reload(struct graph *graph)
{
	struct sst_error err = {0};

	if (graph_reload(graph, &err) == SST_OK)
		sst_log_notice("CFG-RELOAD", NULL, "configuration reloaded");
	else
		sst_log_err("CFG-REFUSED", NULL,
		    "configuration not reloaded, the old one stays: %s",
		    err.text);
}

static void
main_serve(struct graph *graph, const sigset_t *set)
{
	int signo;

	for (;;) {
		if (sigwait(set, &signo) != 0)
			continue;
		if (signo != SIGHUP)
			break;
		main_reload(graph);
	}
	sst_log_notice("SVC-STOP", NULL, "stopping: %s", strsignal(signo));
}

static int
main_run(struct graph *graph)
{
	struct sst_error err = {0};
	sigset_t set;
	int status = EXIT_SUCCESS;

	main_block_signals(&set);
	/* while there is one thread: the sources ask the environment */
	if (graph->config->kubeconfig != NULL)
		setenv("KUBECONFIG", graph->config->kubeconfig, 1);
	if (graph_open(graph, &err) == SST_OK) {
		sst_log_notice("API-LISTEN", NULL, "listening on %s",
		    sst_api_url(graph->api));
		main_serve(graph, &set);
	} else {
		status = main_fail(&err, EXIT_FAILURE);
	}
	graph_close(graph);
	return status;
}

static int
main_configured(struct graph *graph)
{
	int status;

	switch (graph->args.action) {
	case SST_CONFIG_CHECK:
		status = main_check(graph);
		break;
	case SST_CONFIG_PRINT:
		status = main_print_config(graph->config);
		break;
	default:
		return main_run(graph);
	}
	graph_close(graph);
	return status;
}

int
main(int argc, char **argv)
{
	struct graph graph;
	struct sst_error err = {0};

	/* documents of megabytes come and go: their memory goes back at once */
	mallopt(M_MMAP_THRESHOLD, MMAP_ABOVE);

	memset(&graph, 0, sizeof(graph));
	if (sst_config_args_parse(argc, argv, &graph.args, &err) != SST_OK)
		return main_fail(&err, EXIT_USAGE);
	if (graph.args.action == SST_CONFIG_HELP)
		return main_help();
	if (graph.args.action == SST_CONFIG_KINDS)
		return main_kinds();
	if (graph.args.action == SST_CONFIG_VERSION) {
		printf("systated %s\n", SST_VERSION);
		return EXIT_SUCCESS;
	}
	if (sst_config_load(&graph.args, &graph.config, &err) != SST_OK) {
		graph_close(&graph);
		return main_fail(&err, EXIT_FAILURE);
	}
	return main_configured(&graph);
}
