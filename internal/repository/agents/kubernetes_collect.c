/*
 * One result: the agents that the reflectors have brought, if it is all there
 * and the server is alive; and what of the cluster cannot be read, with the
 * reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/agents/kubernetes_priv.h"

enum { TELL_REASON = 300 }; /* bytes of a reason in the flaw */

/* How the parts stand together. */
struct survey {
	size_t pending; /* their first attempt has not ended */
	size_t failing;
	size_t known;                  /* were listed */
	const struct sst_error *first; /* of one that fails */
	struct sst_mono heard;
};

static void
survey_part(struct agentkube_part *part, struct survey *s)
{
	const struct sst_kube_reflector_view *view = &part->view;
	bool known;

	sst_lock_acquire(&part->k->lock);
	known = part->known;
	sst_lock_release(&part->k->lock);
	if (view->state == SST_KUBE_FAILING) {
		s->failing++;
		/* no answer says more than a refusal */
		if (s->first == NULL || (agentkube__refused(s->first) &&
					    !agentkube__refused(&view->error)))
			s->first = &view->error;
	} else if (!known) {
		s->pending++;
	}
	s->known += known;
	if (sst_mono_before(s->heard, view->heard))
		s->heard = view->heard;
}

static void
collect_survey(struct agentkube *k, struct survey *s)
{
	struct sst_mono now = sst_clock_mono(k->clock);
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < k->part_count; i++) {
		agentkube__part_look(&k->parts[i], now);
		survey_part(&k->parts[i], s);
	}
}

/*
 * Whether the server is alive. When there is nothing to show, or nothing that
 * is true any more, it is asked in any case: what is wrong with the server as a
 * whole is then told in the same words whichever list failed first, and as soon
 * as one did.
 */
static int
collect_alive(struct agentkube *k, const struct sst_collect *req,
    const struct survey *s, struct sst_error *err)
{
	bool lost = s->known == 0 || s->failing == k->part_count;

	if (lost && s->first != NULL && !agentkube__refused(s->first))
		return agentkube__probe_answer(k, req, err);
	return agentkube__probe(k, req, s->heard, err);
}

/* Whether there is a result. A failure is told when all have been tried: which
 * of them was the first one to fail is chance. */
static int
collect_judge(
    const struct agentkube *k, const struct survey *s, struct sst_error *err)
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

/* All agents there are now, each with a reference. */
struct roll {
	struct agentkube_record **rows;
	size_t count;
};

static void
roll_fini(struct roll *roll)
{
	size_t i;

	for (i = 0; i < roll->count; i++)
		agentkube__record_release(&roll->rows[i]);
	free(roll->rows);
}

static size_t
roll_size(const struct agentkube *k)
{
	size_t i, count = 0;

	for (i = 0; i < k->part_count; i++)
		count += k->parts[i].known ? k->parts[i].store.count : 0;
	return count;
}

/* A list that is not whole yet is not shown. */
static int
roll_call(struct agentkube *k, struct roll *roll, struct sst_error *err)
{
	const struct agentkube_store *s;
	size_t i, j;

	sst_lock_acquire(&k->lock);
	roll->rows =
	    calloc(roll_size(k) + 1, sizeof(struct agentkube_record *));
	for (i = 0; roll->rows != NULL && i < k->part_count; i++) {
		s = &k->parts[i].store;
		for (j = 0; k->parts[i].known && j < s->count; j++)
			roll->rows[roll->count++] =
			    agentkube__record_acquire(s->rows[j]);
	}
	sst_lock_release(&k->lock);
	return roll->rows != NULL ? SST_OK : sst_error_nomem(err);
}

/* By name; of workloads that claim the same one, always the same is first. */
static int
roll_compare(const void *a, const void *b)
{
	const struct agentkube_record *const *x = a, *const *y = b;
	int c = strcmp((*x)->name, (*y)->name);

	if (c == 0)
		c = agentkube__record_compare(*x, *y);
	return c != 0 ? c : (int)(*x)->kind - (int)(*y)->kind;
}

/* "/metadata/annotations/systate.io~1models" */
static void
tell_pointer(
    const struct agentkube *k, enum agentkube_note note, char *out, size_t size)
{
	size_t len = strlen(k->prefix);

	snprintf(out, size, "/metadata/annotations/%.*s~1%s", (int)(len - 1),
	    k->prefix, agentkube__note_name(note));
}

static void
tell_faults(const struct agentkube *k, const struct agentkube_record *r,
    struct sst_draft *out)
{
	char pointer[AGENTKUBE_PREFIX_MAX + 96], reason[512];
	size_t i;

	for (i = 0; i < AGENTKUBE_NOTES; i++) {
		if (r->faults[i] == NULL)
			continue;
		tell_pointer(
		    k, (enum agentkube_note)i, pointer, sizeof(pointer));
		snprintf(reason, sizeof(reason), "%s (%s %s/%s)", r->faults[i],
		    agentkube__kind_name(r->kind), r->namespace, r->workload);
		sst_draft_reject(out, pointer, reason);
	}
}

static void
tell_twin(const struct agentkube_record *first,
    const struct agentkube_record *twin, struct sst_draft *out)
{
	char pointer[96], reason[512];

	snprintf(pointer, sizeof(pointer), "/agents/%.80s", twin->name);
	snprintf(reason, sizeof(reason),
	    "%s %.60s/%.60s claims the name of %s %.60s/%.60s and is left out",
	    agentkube__kind_name(twin->kind), twin->namespace, twin->workload,
	    agentkube__kind_name(first->kind), first->namespace,
	    first->workload);
	sst_draft_reject(out, pointer, reason);
}

static int
collect_agents(
    struct agentkube *k, struct sst_draft *out, struct sst_error *err)
{
	const struct agentkube_record *last = NULL, *row;
	struct roll roll = {NULL, 0};
	size_t i;
	int code = roll_call(k, &roll, err);

	if (roll.count > 1)
		qsort(roll.rows, roll.count, sizeof(struct agentkube_record *),
		    roll_compare);
	for (i = 0; code == SST_OK && i < roll.count; i++) {
		row = roll.rows[i];
		tell_faults(k, row, out);
		if (last != NULL && strcmp(last->name, row->name) == 0) {
			tell_twin(last, row, out);
			continue;
		}
		last = row;
		code = sst_draft_add(out, agentkube__entity(row), err);
	}
	roll_fini(&roll);
	return code;
}

static const char *
tell_state(const struct agentkube_part *part)
{
	switch (part->view.state) {
	case SST_KUBE_STARTING:
		return "syncing";
	case SST_KUBE_FAILING:
		break;
	default:
		return "ok";
	}
	switch (part->view.error.code) {
	case SST_FORBIDDEN:
	case SST_UNAUTHORIZED:
		return "forbidden";
	case SST_NOT_FOUND:
		return part->view.error.detail == 404 ? "unsupported"
						      : "failing";
	default:
		return "failing";
	}
}

/* Objects that are there and could not be read. */
static void
tell_rejected(struct agentkube_part *part, struct sst_draft *out)
{
	struct sst_error first;
	char name[128];
	size_t count;

	sst_lock_acquire(&part->k->lock);
	count = part->rejected;
	first = part->first_reject;
	sst_lock_release(&part->k->lock);
	agentkube__part_name(part, name);
	for (; count > 0; count--)
		sst_draft_reject(out, name, first.text);
}

static json_t *
tell_part(const struct agentkube_part *part)
{
	bool bad = part->view.state == SST_KUBE_FAILING;
	char name[128];

	agentkube__part_name(part, name);
	return json_pack("{s:s, s:s, s:s?}", "name", name, "state",
	    tell_state(part), "reason", bad ? part->view.error.text : NULL);
}

/* What cannot be read: all of it in sources[].upstream, the first of it as the
 * flaw of the source. */
static int
collect_tell(struct agentkube *k, struct sst_draft *out, struct sst_error *err)
{
	json_t *parts = json_array();
	size_t i, bad = 0;
	char name[128];
	int rc = 0;

	for (i = 0; i < k->part_count; i++) {
		rc |= json_array_append_new(parts, tell_part(&k->parts[i]));
		tell_rejected(&k->parts[i], out);
		if (k->parts[i].view.state != SST_KUBE_FAILING)
			continue;
		bad++;
		agentkube__part_name(&k->parts[i], name);
		sst_draft_degrade(out, k->parts[i].view.error.code,
		    "%s: %.*s; agents among them are not known", name,
		    TELL_REASON, k->parts[i].view.error.text);
	}
	if (rc != 0) {
		json_decref(parts);
		return sst_error_nomem(err);
	}
	return sst_draft_upstream(out,
	    json_pack("{s:s, s:s?, s:o}", "status",
		bad == 0 ? "ok" : "degraded", "version", k->version, "parts",
		parts),
	    err);
}

int
agentkube__collect(struct agentkube *k, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct survey survey;
	int code, told;

	if (!k->running)
		return sst_error_set(
		    err, SST_INTERNAL, "its threads could not be started");
	collect_survey(k, &survey);
	code = collect_alive(k, req, &survey, err);
	if (code == SST_OK)
		code = collect_judge(k, &survey, err);
	if (code == SST_OK)
		code = collect_agents(k, out, err);
	if (code != SST_OK && code != SST_LIMIT)
		return code;
	told = collect_tell(k, out, err);
	k->delivered = true;
	return told != SST_OK ? told : code;
}
