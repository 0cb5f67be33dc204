/* fuzz-libs: sst_kube */

/*
 * Any bytes as what a credential plugin printed and as the body of an answer
 * that is no success: no crash, and a credential that is whole or none.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "httpc/client.h"
#include "repository/kube/access.h"
#include "repository/kube/exec_plugin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_credential(const char *bytes, size_t size)
{
	struct kube_credential c = {0};
	struct sst_error err;
	int code = kube__credential_parse(
	    bytes, size, "client.authentication.k8s.io/v1", &c, &err);

	if (code != SST_OK && (code != SST_UNAUTHORIZED || err.code != code ||
				  err.text[0] == '\0' || c.token != NULL))
		abort();
	if (code == SST_OK && c.token == NULL && c.cert_data == NULL)
		abort();
	if ((c.cert_data == NULL) != (c.key_data == NULL))
		abort();
	kube__credential_fini(&c);
}

static void
fuzz_status(const char *bytes, size_t size)
{
	struct sst_httpc_response response = {.status = 500, .len = size};
	struct sst_error err;
	int code;

	response.body = malloc(size + 1);
	if (response.body == NULL)
		abort();
	memcpy(response.body, bytes, size);
	response.body[size] = '\0';
	code = sst_kube_status(&response, "/api", &err);
	if ((code != SST_UPSTREAM && code != SST_GONE) || err.code != code ||
	    strncmp(err.text, "GET /api: answered 500", 22) != 0)
		abort();
	free(response.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* memcpy and the like want a pointer, also for nothing */
	static const uint8_t nothing[1];

	if (size == 0)
		data = nothing;
	fuzz_credential((const char *)data, size);
	fuzz_status((const char *)data, size);
	return 0;
}
