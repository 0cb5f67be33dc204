/* fuzz-libs: sst_kube */

/*
 * Any bytes as a quantity: both readings agree on whether it is one and on its
 * value, and the sign changes nothing else.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repository/kube/quantity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 255, NANO = 1000000000 };

static void
check_whole(int64_t nano, int64_t whole)
{
	int64_t up = nano / NANO, rest = nano % NANO;

	if (nano == INT64_MAX || nano == INT64_MIN)
		return; /* held to the range: the other one may be beyond it */
	if (rest != 0)
		up += rest > 0 ? 1 : -1;
	if (whole != up)
		abort();
}

static void
check_negative(const char *text, size_t size, int64_t nano)
{
	char negative[TEXT_MAX + 1];
	struct sst_error err;
	int64_t other;

	if (size == 0 || size > TEXT_MAX || *text == '-' || *text == '+')
		return;
	negative[0] = '-';
	memcpy(negative + 1, text, size);
	if (sst_kube_quantity_nano(negative, size + 1, &other, &err) != SST_OK)
		abort();
	if (nano == INT64_MAX ? other > -INT64_MAX : other != -nano)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct sst_error err;
	int64_t nano = -7, whole = -7;
	int code = sst_kube_quantity_nano(text, size, &nano, &err);

	if (code != sst_kube_quantity_whole(text, size, &whole, &err))
		abort();
	if (code != SST_OK) {
		if (code != SST_SYNTAX || err.code != code || nano != -7 ||
		    whole != -7)
			abort();
		return 0;
	}
	check_whole(nano, whole);
	check_negative(text, size, nano);
	return 0;
}
