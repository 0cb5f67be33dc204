/*
 * One result: what the reflectors have brought, if it is all there and the
 * server is alive. Only workloads that changed since the last one are made
 * anew.
 */
#include <string.h>

#include "repository/workload/kubernetes_entity.h"
#include "repository/workload/kubernetes_priv.h"

/* How the parts stand together. */
struct survey {
	size_t pending; /* their first attempt has not ended */
	size_t failing;
	size_t known;                  /* that give entities, and were listed */
	const struct sst_error *first; /* of one that fails */
	struct sst_mono heard;
};

static bool
survey_gives_entities(const struct kubernetes_part *part)
{
	return part->resource != KUBERNETES_REPLICASETS &&
	       part->resource != KUBERNETES_HPAS;
}

static bool
survey_known(struct kubernetes *k, const struct kubernetes_part *part)
{
	bool known;

	sst_lock_acquire(&k->lock);
	known = k->store.feeds[part->feed].known;
	sst_lock_release(&k->lock);
	return known;
}

static void
survey_part(struct kubernetes *k, size_t i, struct survey *s)
{
	const struct sst_kube_reflector_view *view = &k->views[i];
	bool known = survey_known(k, &k->parts[i]);

	if (view->state == SST_KUBE_FAILING) {
		s->failing++;
		/* no answer says more than a refusal */
		if (s->first == NULL || (kubernetes__refused(s->first) &&
					    !kubernetes__refused(&view->error)))
			s->first = &view->error;
	} else if (!known) {
		s->pending++;
	}
	s->known += known && survey_gives_entities(&k->parts[i]);
	if (sst_mono_before(s->heard, view->heard))
		s->heard = view->heard;
}

static int
collect_survey(struct kubernetes *k, struct survey *s, struct sst_error *err)
{
	struct sst_mono now = sst_clock_mono(k->clock);
	size_t i;
	int code;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < k->part_count; i++) {
		sst_kube_reflector_read(k->parts[i].reflector, &k->views[i]);
		code = kubernetes__part_adapt(&k->parts[i], &k->views[i], err);
		if (code != SST_OK)
			return code;
		sst_kube_reflector_read(k->parts[i].reflector, &k->views[i]);
		kubernetes__part_age(&k->parts[i], &k->views[i], now);
		survey_part(k, i, s);
	}
	return SST_OK;
}

/*
 * Whether the server is alive. When there is nothing to show, or nothing that
 * is true any more, it is asked in any case: what is wrong with the server as a
 * whole is then told in the same words whichever list failed first, and as soon
 * as one did.
 */
static int
collect_alive(struct kubernetes *k, const struct sst_collect *req,
    const struct survey *s, struct sst_error *err)
{
	bool lost = s->known == 0 || s->failing == k->part_count;

	if (lost && s->first != NULL && !kubernetes__refused(s->first))
		return kubernetes__probe_answer(k, req, err);
	return kubernetes__probe(k, req, s->heard, err);
}

/* Whether there is a result. A failure is told when all have been tried: which
 * of them was the first one to fail is chance. */
static int
collect_judge(
    const struct kubernetes *k, const struct survey *s, struct sst_error *err)
{
	if (s->first != NULL && s->pending == 0 &&
	    (s->known == 0 || s->failing == k->part_count)) {
		*err = *s->first;
		return err->code;
	}
	if (s->known == 0 || (s->pending > 0 && !k->delivered))
		return sst_error_set(
		    err, SST_NODATA, "the cluster has not been listed yet");
	return SST_OK;
}

/* A workload while the lock is not held: its texts live on until the next
 * collection. */
struct item {
	const char *parts[3];
	json_t *entity; /* NULL: as it was */
	bool exists;
};

/* False: there is no such workload. With entity NULL and dirty left set there
 * was no memory. */
static bool
collect_item(struct kubernetes *k, size_t i, bool anew, struct item *out)
{
	struct kubernetes_workload *w = NULL;

	memset(out, 0, sizeof(*out));
	sst_lock_acquire(&k->lock);
	if (i < k->store.workload_count)
		w = k->store.workloads[i];
	if (w != NULL && kubernetes__workload_exists(w)) {
		out->exists = true;
		out->parts[0] = w->namespace;
		out->parts[1] = w->kind;
		out->parts[2] = w->name;
		if (w->dirty || anew) {
			out->entity = kubernetes__entity(&k->store, w);
			w->dirty = out->entity == NULL;
		}
	}
	sst_lock_release(&k->lock);
	return w != NULL;
}

static int
collect_add(struct kubernetes *k, size_t i, struct item *item,
    struct sst_draft *out, struct sst_error *err)
{
	struct sst_error none;
	int code;

	if (item->entity == NULL) {
		code = sst_draft_keep(out, item->parts, 3, &none);
		if (code != SST_OK && code != SST_NOT_FOUND)
			*err = none;
		if (code != SST_NOT_FOUND)
			return code;
		/* left out the last time, or never made */
		collect_item(k, i, true, item);
		if (!item->exists)
			return SST_OK;
	}
	return sst_draft_add(out, item->entity, err);
}

static int
collect_entities(
    struct kubernetes *k, struct sst_draft *out, struct sst_error *err)
{
	struct item item;
	size_t i;
	int code;

	sst_lock_acquire(&k->lock);
	code = kubernetes__store_settle(&k->store, err);
	k->store.changed = false;
	sst_lock_release(&k->lock);
	for (i = 0; code == SST_OK && collect_item(k, i, false, &item); i++) {
		if (item.exists)
			code = collect_add(k, i, &item, out, err);
	}
	if (code != SST_OK && code != SST_LIMIT) {
		/* dropped with the draft: all of it is to be made again */
		sst_lock_acquire(&k->lock);
		kubernetes__store_touch_all(&k->store);
		sst_lock_release(&k->lock);
	}
	return code;
}

int
kubernetes__collect(struct kubernetes *k, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct survey survey;
	int code, told;

	if (!k->running)
		return sst_error_set(
		    err, SST_INTERNAL, "its threads could not be started");
	code = collect_survey(k, &survey, err);
	if (code == SST_OK)
		code = collect_alive(k, req, &survey, err);
	if (code == SST_OK)
		code = collect_judge(k, &survey, err);
	if (code != SST_OK)
		return code;
	code = collect_entities(k, out, err);
	if (code != SST_OK && code != SST_LIMIT)
		return code;
	told = kubernetes__tell(k, out, err);
	k->delivered = true;
	return told != SST_OK ? told : code;
}
