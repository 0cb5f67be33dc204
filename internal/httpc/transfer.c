#include "httpc/transfer.h"

#include <string.h>

/* Wakes up this often so that a clock that was turned by hand is seen. */
enum { TRANSFER_POLL_MS = 50 };

static int
transfer_begin(struct httpc_transfer *t,
    const struct sst_httpc_options *options, struct sst_error *err)
{
	int code;

	t->multi = curl_multi_init();
	t->easy = curl_easy_init();
	if (t->multi == NULL || t->easy == NULL)
		return sst_error_nomem(err);
	code = httpc__setup_apply(&t->setup, t->easy, options, err);
	if (code != SST_OK)
		return code;
	if (curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->detail) !=
	    CURLE_OK)
		return sst_error_nomem(err);
	return SST_OK;
}

int
httpc__transfer_init(struct httpc_transfer *t,
    const struct sst_httpc_options *options, const struct sst_clock *clock,
    struct sst_error *err)
{
	int code;

	memset(t, 0, sizeof(*t));
	/* Counted and thread-safe in the libcurl we require. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return sst_error_set(err, SST_INTERNAL, "libcurl: no start");
	t->clock = clock;
	httpc__setup_init(&t->setup);
	atomic_init(&t->interrupted, false);
	code = transfer_begin(t, options, err);
	if (code != SST_OK)
		httpc__transfer_fini(t);
	return code;
}

void
httpc__transfer_fini(struct httpc_transfer *t)
{
	curl_easy_cleanup(t->easy);
	curl_multi_cleanup(t->multi);
	httpc__setup_fini(&t->setup);
	curl_global_cleanup();
}

void
httpc__transfer_interrupt(struct httpc_transfer *t)
{
	atomic_store(&t->interrupted, true);
	curl_multi_wakeup(t->multi);
}

void
httpc__transfer_resume(struct httpc_transfer *t)
{
	atomic_store(&t->interrupted, false);
}

CURLcode
httpc__transfer_check(struct httpc_transfer *t, struct sst_mono deadline)
{
	if (atomic_exchange(&t->interrupted, false))
		return CURLE_ABORTED_BY_CALLBACK;
	if (sst_mono_before(deadline, sst_clock_mono(t->clock)))
		return CURLE_OPERATION_TIMEDOUT;
	return CURLE_OK;
}

CURLcode
httpc__transfer_poll(struct httpc_transfer *t, struct curl_waitfd *fd,
    struct sst_mono deadline)
{
	CURLcode rc = httpc__transfer_check(t, deadline);
	int64_t left;

	if (rc != CURLE_OK)
		return rc;
	left = sst_mono_diff_ms(deadline, sst_clock_mono(t->clock));
	if (left < 0)
		left = 0;
	/* rounded up: a poll that ends early would spin */
	left = left < TRANSFER_POLL_MS ? left + 1 : TRANSFER_POLL_MS;
	if (curl_multi_poll(t->multi, fd, fd != NULL, (int)left, NULL) !=
	    CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
}

CURLcode
httpc__transfer_result(struct httpc_transfer *t)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(t->multi, &left)) != NULL) {
		if (msg->msg == CURLMSG_DONE && msg->easy_handle == t->easy)
			return msg->data.result;
	}
	return CURLE_FAILED_INIT;
}
