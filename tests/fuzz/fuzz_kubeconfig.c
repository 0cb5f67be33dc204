/* fuzz-libs: sst_kube */
/* fuzz-corpus: mocks/upstreams/kubeconfig */

/*
 * Any bytes as kubeconfigs, with a line of %%% between one and the next: no
 * crash and no leak, errors that name the file, and of what is accepted no
 * credentials for a server without TLS. No file is read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "httpc/client.h"
#include "repository/kube/kube_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_MAX = 4 };

static void
check_config(const struct sst_kube_config *c)
{
	struct sst_error err;
	size_t len = strlen(c->server);

	if (c->context == NULL || c->origin == NULL ||
	    sst_httpc_url_check(c->server, &err) != SST_OK ||
	    c->server[len - 1] == '/')
		abort();
	if (strncasecmp(c->server, "http://", 7) == 0 &&
	    (c->token != NULL || c->token_file != NULL || c->exec != NULL ||
		c->cert_data != NULL || c->cert_file != NULL))
		abort();
	if (c->insecure && (c->ca_file != NULL || c->ca_data != NULL))
		abort();
	if (c->ca_file != NULL && c->ca_file[0] != '/')
		abort();
	if (c->exec != NULL && strchr(c->exec->command, '/') != NULL &&
	    c->exec->command[0] != '/')
		abort();
	if (c->impersonate_user == NULL && c->impersonate_groups != NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char between[] = "\n%%%\n";
	static const char *const paths[FILES_MAX] = {
	    "/f/0", "/f/1", "/f/2", "/f/3"};
	struct kube_source sources[FILES_MAX];
	struct sst_kube_config *config = NULL;
	const char *text = (const char *)data, *end;
	struct sst_error err;
	size_t count = 0;
	int code;

	sst_error_clear(&err);
	do {
		end = memmem(text, size, between, sizeof(between) - 1);
		sources[count].path = paths[count];
		sources[count].text = text;
		sources[count].len = end != NULL ? (size_t)(end - text) : size;
		if (end != NULL) {
			size -= (size_t)(end - text) + sizeof(between) - 1;
			text = end + sizeof(between) - 1;
		}
		count++;
	} while (end != NULL && count < FILES_MAX);
	code = kube__config_build(sources, count, NULL, &config, &err);
	if (code == SST_OK)
		check_config(config);
	else if (code != SST_INVALID || err.code != code ||
		 strncmp(err.text, "/f/", 3) != 0 || config != NULL)
		abort();
	sst_kube_config_free(&config);
	return 0;
}
