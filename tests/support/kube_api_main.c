/*
 * The Kubernetes API server for tests as a program, for the bench and for
 * people:
 *
 *	kube_api [--port N] [--deployments N] [--pods N] [--namespaces N]
 *	    [--metrics] [--kubeconfig FILE] [--churn-on-stdin]
 *
 * Serves that many deployments (default 10) of that many pods each (default
 * 10) and prints its URL. With --churn-on-stdin each line read changes one pod
 * and prints `NS RESOURCEVERSION NAME`: the wall time in nanoseconds since 1970
 * at which the event was handed to the first watcher's socket, 0 when nobody
 * watches pods. It ends with its standard input; without that flag with a
 * signal.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/kube_api.h"

struct options {
	struct kube_api_world world;
	unsigned port;
	const char *kubeconfig;
	bool churn;
};

static bool
number(const char *text, unsigned *out)
{
	char *end;
	unsigned long value;

	if (text == NULL || *text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || value > 1000000)
		return false;
	*out = (unsigned)value;
	return true;
}

static bool
options_read(char **argv, struct options *o)
{
	const struct {
		const char *name;
		unsigned *to;
	} numbers[] = {
	    {"--port", &o->port},
	    {"--deployments", &o->world.deployments},
	    {"--pods", &o->world.pods_each},
	    {"--namespaces", &o->world.namespaces},
	};
	size_t i;

	for (argv++; *argv != NULL; argv++) {
		for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
			if (strcmp(*argv, numbers[i].name) == 0)
				break;
		}
		if (i < sizeof(numbers) / sizeof(numbers[0])) {
			if (!number(*++argv, numbers[i].to))
				return false;
		} else if (strcmp(*argv, "--metrics") == 0) {
			o->world.metrics = true;
		} else if (strcmp(*argv, "--churn-on-stdin") == 0) {
			o->churn = true;
		} else if (strcmp(*argv, "--kubeconfig") == 0 &&
			   argv[1] != NULL) {
			o->kubeconfig = *++argv;
		} else {
			return false;
		}
	}
	return true;
}

static void
churn(struct kube_api *api)
{
	char name[128] = "";
	uint64_t version;
	int64_t ns;
	int c;

	while ((c = getchar()) != EOF) {
		if (c != '\n')
			continue;
		version = kube_api_churn(api, name, sizeof(name));
		ns = 0;
		if (version != 0 &&
		    kube_api_watchers(api, "/api/v1/pods?watch") > 0)
			ns = kube_api_wait_written(api, version);
		printf("%" PRId64 " %" PRIu64 " %s\n", ns, version, name);
		fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	struct options o = {.world = {.deployments = 10, .pods_each = 10}};
	struct kube_api *api = NULL;

	(void)argc;
	if (!options_read(argv, &o) || o.port > 65535) {
		fprintf(stderr,
		    "usage: kube_api [--port N] [--deployments N] [--pods N]\n"
		    "           [--namespaces N] [--metrics]\n"
		    "           [--kubeconfig FILE] [--churn-on-stdin]\n");
		return 2;
	}
	if (!kube_api_start((int)o.port, &api)) {
		fprintf(
		    stderr, "kube_api: port %u: %s\n", o.port, strerror(errno));
		return 1;
	}
	kube_api_populate(api, &o.world);
	if (o.kubeconfig != NULL && !kube_api_kubeconfig(api, o.kubeconfig)) {
		fprintf(stderr, "kube_api: %s: %s\n", o.kubeconfig,
		    strerror(errno));
		return 1;
	}
	printf("%s\n", kube_api_url(api));
	fflush(stdout);
	if (o.churn)
		churn(api);
	else
		pause();
	kube_api_stop(&api);
	return 0;
}
