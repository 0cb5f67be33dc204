/* Whether what the parts of a cluster have brought may be shown. */
#include <string.h>

#include "repository/kube/cluster_priv.h"

/* How the parts stand together. */
struct look {
	size_t pending; /* their first attempt has not ended */
	size_t failing;
	size_t known;                  /* that give something to show */
	const struct sst_error *first; /* of one that fails */
	struct sst_mono heard;
};

static void
look_part(struct look *look, const struct sst_kube_part *part)
{
	const struct sst_kube_reflector_view *view = &part->view;
	bool known;

	sst_lock_acquire(&part->cluster->lock);
	known = part->known;
	sst_lock_release(&part->cluster->lock);
	if (view->state == SST_KUBE_FAILING) {
		look->failing++;
		/* no answer says more than a refusal */
		if (look->first == NULL || (sst_kube_refused(look->first) &&
					       !sst_kube_refused(&view->error)))
			look->first = &view->error;
	} else if (!known) {
		look->pending++;
	}
	look->known += known && !part->resource->aside;
	if (sst_mono_before(look->heard, view->heard))
		look->heard = view->heard;
}

static int
look_parts(
    struct sst_kube_cluster *cluster, struct look *look, struct sst_error *err)
{
	struct sst_mono now = sst_clock_mono(cluster->clock);
	size_t i;
	int code;

	memset(look, 0, sizeof(*look));
	for (i = 0; i < cluster->part_count; i++) {
		code = kube__part_look(&cluster->parts[i], now, err);
		if (code != SST_OK)
			return code;
		look_part(look, &cluster->parts[i]);
	}
	return SST_OK;
}

/*
 * When there is nothing to show, or nothing that is true any more, the server
 * is asked in any case: what is wrong with it as a whole is then told in the
 * same words whichever list failed first, and as soon as one did.
 */
static int
look_alive(struct sst_kube_cluster *cluster, struct sst_mono deadline,
    const struct look *look, struct sst_error *err)
{
	bool lost = look->known == 0 || look->failing == cluster->part_count;

	if (lost && look->first != NULL && !sst_kube_refused(look->first))
		return kube__probe_answer(cluster, deadline, err);
	return kube__probe(cluster, deadline, look->heard, err);
}

/* A failure is told when all have been tried: which of them was the first one
 * to fail is chance. */
static int
look_judge(const struct sst_kube_cluster *cluster, const struct look *look,
    struct sst_error *err)
{
	if (look->first != NULL && look->pending == 0 &&
	    (look->known == 0 || look->failing == cluster->part_count)) {
		*err = *look->first;
		return err->code;
	}
	if (look->known == 0 || (look->pending > 0 && !cluster->delivered))
		return sst_error_set(
		    err, SST_NODATA, "the cluster has not been listed yet");
	return SST_OK;
}

int
sst_kube_cluster_look(struct sst_kube_cluster *cluster,
    const struct sst_collect *req, struct sst_error *err)
{
	struct look look;
	int code;

	if (!cluster->running)
		return sst_error_set(
		    err, SST_INTERNAL, "its threads could not be started");
	code = look_parts(cluster, &look, err);
	if (code == SST_OK)
		code = look_alive(cluster, req->deadline, &look, err);
	if (code == SST_OK)
		code = look_judge(cluster, &look, err);
	return code;
}
