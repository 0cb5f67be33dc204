/*
 * The API over the fake service, for tests that want a socket but no sources:
 * fake_server [body bytes]. Prints its URL; ends when standard input does.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/api.h"
#include "unit/api/fake_service.h"

int
main(int argc, char **argv)
{
	struct sst_service *service = fake_service_new(sst_clock_real());
	struct sst_api_settings settings = {0};
	struct sst_api *api;
	struct sst_error err;
	char c;

	signal(SIGPIPE, SIG_IGN);
	settings.threads = 2;
	fake_service_publish(service,
	    fake_snapshot(1, argc > 1 ? strtoul(argv[1], NULL, 10) : 0));
	if (sst_api_start(&settings, service, &api, &err) != SST_OK) {
		fprintf(stderr, "fake_server: %s\n", err.text);
		return 1;
	}
	printf("%s\n", sst_api_url(api));
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	sst_api_stop(&api, 5000);
	fake_service_free(service);
	return 0;
}
