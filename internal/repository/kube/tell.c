#include "repository/kube/tell.h"

#include <stdio.h>
#include <string.h>

enum { TELL_REASON = 300 }; /* bytes of a reason in the flaw */

void
sst_kube_part_name(const char *resource, const char *namespace,
    char out[static SST_KUBE_PART_NAME])
{
	if (namespace == NULL)
		snprintf(out, SST_KUBE_PART_NAME, "%s", resource);
	else
		snprintf(
		    out, SST_KUBE_PART_NAME, "%s (%s)", resource, namespace);
}

static const char *
tell_state(const struct sst_error *err)
{
	switch (err->code) {
	case SST_FORBIDDEN:
	case SST_UNAUTHORIZED:
		return "forbidden";
	case SST_NOT_FOUND:
		return err->detail == 404 ? "unsupported" : "failing";
	default:
		return "failing";
	}
}

static void
tell_append(struct sst_kube_tell *tell, const char *name, const char *state,
    const char *reason)
{
	json_t *part = json_pack(
	    "{s:s, s:s, s:s?}", "name", name, "state", state, "reason", reason);

	if (json_array_append_new(tell->parts, part) != 0)
		tell->failed = true;
}

void
sst_kube_tell_add(
    struct sst_kube_tell *tell, const char *name, const char *state)
{
	tell_append(tell, name, state, NULL);
}

void
sst_kube_tell_bad(struct sst_kube_tell *tell, const char *name,
    const char *missing, const struct sst_error *err)
{
	tell_append(tell, name, tell_state(err), err->text);
	if (tell->bad++ > 0)
		return;
	tell->first = *err;
	tell->first_missing = missing;
	snprintf(tell->first_name, sizeof(tell->first_name), "%s", name);
}

static void
tell_part(struct sst_kube_tell *tell, struct sst_kube_part *part)
{
	struct sst_error reject;
	char name[SST_KUBE_PART_NAME];
	size_t count;
	bool known;

	sst_lock_acquire(&part->cluster->lock);
	known = part->known;
	count = part->rejected;
	reject = part->first_reject;
	sst_lock_release(&part->cluster->lock);
	sst_kube_part_name(part->resource->name, part->namespace, name);
	if (part->view.state == SST_KUBE_FAILING)
		sst_kube_tell_bad(
		    tell, name, part->resource->missing, &part->view.error);
	else
		sst_kube_tell_add(tell, name, known ? "ok" : "syncing");
	for (; count > 0; count--)
		sst_draft_reject(tell->out, name, reject.text);
}

void
sst_kube_tell_init(struct sst_kube_tell *tell, struct sst_kube_cluster *cluster,
    struct sst_draft *out)
{
	size_t i;

	memset(tell, 0, sizeof(*tell));
	tell->cluster = cluster;
	tell->out = out;
	tell->parts = json_array();
	for (i = 0; i < cluster->part_count; i++)
		tell_part(tell, &cluster->parts[i]);
}

static void
tell_flaw(const struct sst_kube_tell *tell)
{
	char more[64] = "";

	if (tell->bad == 0)
		return;
	if (tell->bad > 1)
		snprintf(more, sizeof(more),
		    "; and %zu more, see upstream.parts", tell->bad - 1);
	sst_draft_degrade(tell->out, tell->first.code,
	    "%s: %.*s; not known: %s%s", tell->first_name, TELL_REASON,
	    tell->first.text, tell->first_missing, more);
}

int
sst_kube_tell_end(struct sst_kube_tell *tell, struct sst_error *err)
{
	json_t *upstream;

	tell_flaw(tell);
	if (tell->failed) {
		json_decref(tell->parts);
		return sst_error_nomem(err);
	}
	upstream = json_pack("{s:s, s:s?, s:o}", "status",
	    tell->bad == 0 ? "ok" : "degraded", "version",
	    tell->cluster->version, "parts", tell->parts);
	if (upstream == NULL)
		return sst_error_nomem(err);
	return sst_draft_upstream(tell->out, upstream, err);
}
