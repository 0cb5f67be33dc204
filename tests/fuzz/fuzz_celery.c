/* fuzz-libs: sst_queues */
/* fuzz-corpus: mocks/upstreams/celery */

/*
 * Any bytes in place of what kombu and Celery write: no crash, no leak, and
 * what is told of them is inside of them or made of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/celery_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Readable to the last byte, or ASan says so. */
static size_t
touch(struct queue_text text)
{
	size_t i, sum = 0;

	for (i = 0; i < text.len; i++)
		sum += (unsigned char)text.data[i];
	return sum;
}

static size_t
fuzz_message(const struct celery_value *value, struct celery_pool *pool)
{
	struct celery_next next[CELERY_NEXT_MAX];
	const char *reason = NULL;
	struct celery_message m;
	size_t i, count = 0, sum = 0;
	int code =
	    celery__parse_message(value, "depends_on", pool, &m, &reason);

	if (code != SST_OK) {
		if (reason == NULL)
			abort();
		return 0;
	}
	if (m.id.data == NULL || m.id.len == 0 || m.retries < QUEUE_UNKNOWN)
		abort();
	sum += touch(m.id) + touch(m.type);
	code = celery__parse_next(&m, pool, next, &count);
	if (count > CELERY_NEXT_MAX || (code != SST_OK && count != 0))
		abort();
	for (i = 0; i < count; i++) {
		if (next[i].id.data == NULL || next[i].after >= (int)i)
			abort();
		sum += touch(next[i].id) + touch(next[i].type) +
		       touch(next[i].queue);
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t sum;
	const char *bytes = (const char *)data;
	struct celery_value value = celery__scan(bytes, size);
	struct celery_pool pool = {0};
	struct celery_binding binding;
	struct celery_taken taken;
	struct celery_result result;
	const char *reason = NULL;

	sum = fuzz_message(&value, &pool);
	if (celery__parse_taken(bytes, size, &pool, &taken, &reason) == SST_OK)
		sum += touch(taken.exchange) + touch(taken.routing_key) +
		       fuzz_message(&taken.message, &pool);
	if (celery__parse_result(bytes, size, &pool, &result) == SST_OK)
		sum += touch(result.worker) + touch(result.error);
	if (celery__parse_binding(bytes, size, "\x06\x16", &binding))
		sum += touch(binding.routing_key) + touch(binding.pattern) +
		       touch(binding.queue);
	celery__pool_fini(&pool);
	if (sum > SIZE_MAX / 2)
		abort();
	return 0;
}
