/*
 * A watch that says nothing looks like a cluster in which nothing happens.
 * Before a result is called fresh, the server has to have spoken a moment ago:
 * in a stream, or asked for its version. The question gives way to an event.
 */
#include <stdlib.h>

#include "repository/kube/cluster_priv.h"

enum {
	PROBE_BYTES = 64 * 1024,
	/* A byte from the server that is older proves nothing about now. */
	PROBE_LIFE_MS = 2000,
	/* Its version is nice to have, and not worth a wait. */
	PROBE_VERSION_MS = 1000,
	PROBE_VERSION_AGAIN_MS = 60000
};

static void
probe_keep_version(
    struct sst_kube_cluster *cluster, const struct sst_httpc_response *answer)
{
	char *version = kube__parse_version(answer->body, answer->len);

	if (version == NULL)
		return;
	free(cluster->version);
	cluster->version = version;
}

/* gives_way: an event ends it, with SST_CANCELED. */
static int
probe_ask(struct sst_kube_cluster *cluster, struct sst_mono deadline,
    bool gives_way, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	const struct sst_kube_request request = {
	    .path = "/version",
	    .max_bytes = PROBE_BYTES,
	    .deadline = deadline,
	};
	struct sst_mono asked = sst_clock_mono(cluster->clock);
	int code;

	sst_error_clear(err);
	atomic_store(&cluster->probing, gives_way);
	code = sst_kube_get(cluster->probe, &request, &answer, err);
	atomic_store(&cluster->probing, false);
	if (code == SST_OK)
		code = sst_kube_status(&answer, request.path, err);
	if (code == SST_OK)
		probe_keep_version(cluster, &answer);
	/* whoever refuses it is alive */
	if (sst_kube_refused(err) || code == SST_RATE_LIMITED)
		code = SST_OK;
	if (code == SST_OK)
		cluster->answered = asked;
	sst_httpc_response_fini(&answer);
	return code;
}

/* 0: never. */
static bool
probe_fresh(const struct sst_kube_cluster *cluster, struct sst_mono heard)
{
	return heard.ns > 0 && sst_mono_diff_ms(sst_clock_mono(cluster->clock),
				   heard) <= PROBE_LIFE_MS;
}

/* Whether a part heard something meanwhile. */
static bool
probe_heard(const struct sst_kube_cluster *cluster)
{
	struct sst_kube_reflector_view view;
	size_t i;

	for (i = 0; i < cluster->part_count; i++) {
		sst_kube_reflector_read(cluster->parts[i].reflector, &view);
		if (probe_fresh(cluster, view.heard))
			return true;
	}
	return false;
}

/* Until it is answered or time is up; or else something is heard, unless it
 * has to be the answer. */
static int
probe_life(struct sst_kube_cluster *cluster, struct sst_mono deadline,
    bool answer, struct sst_error *err)
{
	int code;

	for (;;) {
		if (atomic_load(&cluster->interrupted))
			return sst_error_set(err, SST_CANCELED, "interrupted");
		code = probe_ask(cluster, deadline, !answer, err);
		if (code != SST_CANCELED || atomic_load(&cluster->interrupted))
			return code;
		sst_kube_http_resume(cluster->probe);
		if (!answer && probe_heard(cluster))
			return SST_OK;
	}
}

static void
probe_version(struct sst_kube_cluster *cluster, struct sst_mono deadline)
{
	struct sst_mono now = sst_clock_mono(cluster->clock);
	struct sst_mono soon = sst_mono_add_ms(now, PROBE_VERSION_MS);
	struct sst_error err;
	int code;

	if (cluster->version != NULL ||
	    sst_mono_before(now, cluster->version_due))
		return;
	code = probe_ask(cluster,
	    sst_mono_before(soon, deadline) ? soon : deadline, true, &err);
	/* an event came between: at the next opportunity */
	if (code != SST_CANCELED)
		cluster->version_due =
		    sst_mono_add_ms(now, PROBE_VERSION_AGAIN_MS);
	if (!atomic_load(&cluster->interrupted))
		sst_kube_http_resume(cluster->probe);
}

int
kube__probe(struct sst_kube_cluster *cluster, struct sst_mono deadline,
    struct sst_mono heard, struct sst_error *err)
{
	if (sst_mono_before(heard, cluster->answered))
		heard = cluster->answered;
	if (!probe_fresh(cluster, heard))
		return probe_life(cluster, deadline, false, err);
	probe_version(cluster, deadline);
	return SST_OK;
}

int
kube__probe_answer(struct sst_kube_cluster *cluster, struct sst_mono deadline,
    struct sst_error *err)
{
	return probe_life(cluster, deadline, true, err);
}
