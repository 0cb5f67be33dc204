/* fuzz-libs: sst_queues */
/* fuzz-corpus: mocks/upstreams/nats */

/*
 * Any bytes in place of an answer of NATS: no crash, no leak, and every error has
 * its text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_reject(void *ctx, const char *pointer, const char *reason)
{
	(void)ctx;
	if (pointer[0] != '/' || reason[0] == '\0')
		abort();
}

static void
told(int code, const struct sst_error *err)
{
	if (code != SST_OK && (err->code != code || err->text[0] == '\0'))
		abort();
}

static void
fuzz_lists(const char *bytes, size_t size)
{
	struct nats_catalog catalog = {.count = 0};
	struct nats_jsz_want want = {
	    .self = "n1", .into = {.catalog = &catalog, .reject = on_reject}};
	struct nats_jsz jsz;
	struct nats_page page;
	struct sst_error err;
	size_t i;

	told(nats__parse_jsz(bytes, size, &want, &jsz, &err), &err);
	told(nats__parse_stream_names(bytes, size, &want.into, &page, &err),
	    &err);
	told(nats__catalog_merge(&catalog, &err), &err);
	for (i = 0; i < catalog.count && i < 4; i++) {
		want.into.stream = i;
		told(nats__parse_consumer_list(
			 bytes, size, &want.into, &page, &err),
		    &err);
	}
	for (i = 1; i < catalog.count; i++) {
		nats__filters_overlap(&catalog.streams[i].subjects,
		    &catalog.streams[i - 1].subjects);
		nats__filters_cover(&catalog.streams[i].subjects,
		    &catalog.streams[i - 1].subjects);
	}
	nats__catalog_fini(&catalog);
}

static void
fuzz_facts(const char *bytes, size_t size)
{
	static const struct nats_headers headers = {
	    "Nats-Msg-Id", "X-Priority", "X-Depends-On"};
	struct nats_arena arena = {.left = 0};
	struct nats_consumer consumer;
	struct nats_message *message = NULL;
	struct nats_info info;
	struct sst_error err;

	told(nats__parse_stream_info(bytes, size, &arena, &info, &err), &err);
	told(nats__parse_consumer_info(bytes, size, &arena, &consumer, &err),
	    &err);
	told(nats__parse_message(bytes, size, &headers, &message, &err), &err);
	if (message != NULL && strlen(message->text) > size)
		abort();
	free(message);
	nats__arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	char reason[NATS_TEXT];
	struct nats_varz varz;
	struct sst_error err;
	bool ok;

	fuzz_lists(bytes, size);
	fuzz_facts(bytes, size);
	told(nats__parse_varz(bytes, size, &varz, &err), &err);
	told(nats__parse_healthz(bytes, size, &ok, reason, &err), &err);
	return 0;
}
