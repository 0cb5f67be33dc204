/*
 * A watch that says nothing looks like a cluster in which nothing happens.
 * Before a result is called fresh, the server has to have spoken a moment ago:
 * in a stream, or asked for its version. The question gives way to an event.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/agents/kubernetes_priv.h"

enum {
	PROBE_BYTES = 64 * 1024,
	/* Its version is nice to have, and not worth a wait. */
	PROBE_VERSION_MS = 1000,
	PROBE_VERSION_AGAIN_MS = 60000
};

static int
probe_ask(struct agentkube *k, struct sst_mono deadline, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	const struct sst_kube_request request = {
	    .path = "/version",
	    .max_bytes = PROBE_BYTES,
	    .deadline = deadline,
	};
	struct sst_mono asked = sst_clock_mono(k->clock);
	char *version;
	int code;

	code = sst_kube_get(k->probe, &request, &answer, err);
	if (code == SST_OK)
		code = sst_kube_status(&answer, request.path, err);
	if (code == SST_OK) {
		version = agentkube__parse_version(answer.body, answer.len);
		if (version != NULL) {
			free(k->version);
			k->version = version;
		}
	}
	/* whoever refuses it is alive */
	if (agentkube__refused(err) || code == SST_RATE_LIMITED)
		code = SST_OK;
	if (code == SST_OK)
		k->answered = asked;
	sst_httpc_response_fini(&answer);
	return code;
}

static struct sst_mono
probe_heard(struct agentkube *k)
{
	struct sst_kube_reflector_view view;
	struct sst_mono heard = k->answered;
	size_t i;

	for (i = 0; i < k->part_count; i++) {
		sst_kube_reflector_read(k->parts[i].reflector, &view);
		if (sst_mono_before(heard, view.heard))
			heard = view.heard;
	}
	return heard;
}

static bool
probe_fresh(const struct agentkube *k, struct sst_mono heard)
{
	return heard.ns > 0 && /* 0: never */
	       sst_mono_diff_ms(sst_clock_mono(k->clock), heard) <=
		   AGENTKUBE_LIFE_MS;
}

/* Until it is answered or time is up; or else something is heard, unless it
 * has to be the answer. */
static int
probe_life(struct agentkube *k, struct sst_mono deadline, bool answer,
    struct sst_error *err)
{
	int code;

	for (;;) {
		if (atomic_load(&k->interrupted))
			return sst_error_set(err, SST_CANCELED, "interrupted");
		atomic_store(&k->probing, !answer);
		sst_error_clear(err);
		code = probe_ask(k, deadline, err);
		atomic_store(&k->probing, false);
		if (code != SST_CANCELED || atomic_load(&k->interrupted))
			return code;
		sst_kube_http_resume(k->probe);
		if (!answer && probe_fresh(k, probe_heard(k)))
			return SST_OK;
	}
}

static void
probe_version(struct agentkube *k, struct sst_mono deadline)
{
	struct sst_mono now = sst_clock_mono(k->clock);
	struct sst_mono soon = sst_mono_add_ms(now, PROBE_VERSION_MS);
	struct sst_error err = {0};
	int code;

	if (k->version != NULL || sst_mono_before(now, k->version_due))
		return;
	atomic_store(&k->probing, true);
	code = probe_ask(
	    k, sst_mono_before(soon, deadline) ? soon : deadline, &err);
	atomic_store(&k->probing, false);
	/* an event came between: at the next opportunity */
	if (code != SST_CANCELED)
		k->version_due = sst_mono_add_ms(now, PROBE_VERSION_AGAIN_MS);
	if (!atomic_load(&k->interrupted))
		sst_kube_http_resume(k->probe);
}

int
agentkube__probe(struct agentkube *k, const struct sst_collect *req,
    struct sst_mono heard, struct sst_error *err)
{
	if (sst_mono_before(heard, k->answered))
		heard = k->answered;
	if (!probe_fresh(k, heard))
		return probe_life(k, req->deadline, false, err);
	probe_version(k, req->deadline);
	return SST_OK;
}

int
agentkube__probe_answer(
    struct agentkube *k, const struct sst_collect *req, struct sst_error *err)
{
	return probe_life(k, req->deadline, true, err);
}
