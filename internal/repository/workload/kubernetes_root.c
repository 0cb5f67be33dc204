/*
 * To which workload an object belongs. Owners are followed by uid where names
 * come again (ReplicaSets, Jobs); where a link is missing, because we may not
 * read it or have not yet, the name of the object is what is left: a Deployment
 * names its ReplicaSets NAME-HASH and labels their pods with the hash, a
 * CronJob names its Jobs NAME-MINUTE.
 */
#include <stdio.h>
#include <string.h>

#include "repository/workload/kubernetes_store.h"

/* The kinds we know, each in its group: another group may have a kind of the
 * same name. */
static const struct {
	const char *kind;
	const char *groups[3];
} root_kinds[] = {
    {"Deployment", {"apps", "extensions", ""}},
    {"ReplicaSet", {"apps", "extensions", ""}},
    {"StatefulSet", {"apps", "", NULL}},
    {"DaemonSet", {"apps", "extensions", ""}},
    {"Job", {"batch", "", NULL}},
    {"CronJob", {"batch", "", NULL}},
    {"Pod", {"", NULL, NULL}},
};

static bool
root_group_fits(size_t kind, const char *group)
{
	size_t i;

	for (i = 0; i < 3 && root_kinds[kind].groups[i] != NULL; i++) {
		if (strcmp(root_kinds[kind].groups[i], group) == 0)
			return true;
	}
	return false;
}

static void
root_set(struct kubernetes_root *out, const char *kind, const char *name)
{
	out->kind = kind;
	out->name = name;
}

/* An object of some kind that we may not know. */
static void
root_set_foreign(struct kubernetes_root *out, const char *kind,
    const char *group, const char *name)
{
	size_t i;

	root_set(out, kind, name);
	for (i = 0; i < sizeof(root_kinds) / sizeof(root_kinds[0]); i++) {
		if (strcmp(root_kinds[i].kind, kind) != 0 ||
		    root_group_fits(i, group))
			continue;
		snprintf(out->kind_text, sizeof(out->kind_text), "%s.%.40s",
		    kind, group);
		out->kind = out->kind_text;
	}
}

static bool
root_is(const struct kubernetes_record *r, enum kubernetes_resource resource)
{
	const char *kind = kubernetes__resource_kind(resource);
	size_t i;

	if (strcmp(kubernetes__text(r, r->owner_kind), kind) != 0)
		return false;
	for (i = 0; strcmp(root_kinds[i].kind, kind) != 0;)
		i++;
	return root_group_fits(i, kubernetes__text(r, r->owner_group));
}

static const char *
root_owner(const struct kubernetes_record *r)
{
	return kubernetes__text(r, r->owner_name);
}

/* Itself, or who controls it. */
static void
root_of_replicaset(
    const struct kubernetes_record *r, struct kubernetes_root *out)
{
	if (r->owner_kind == 0)
		root_set(out, "ReplicaSet", kubernetes__text(r, r->name));
	else
		root_set_foreign(out, kubernetes__text(r, r->owner_kind),
		    kubernetes__text(r, r->owner_group), root_owner(r));
}

static void
root_of_job(const struct kubernetes_record *r, struct kubernetes_root *out)
{
	if (root_is(r, KUBERNETES_CRONJOBS))
		root_set(out, "CronJob", root_owner(r));
	else
		root_set(out, "Job", kubernetes__text(r, r->name));
}

/* NAME of "NAME-REST", in out->name_text; NULL when it does not end so. */
static const char *
root_before(struct kubernetes_root *out, const char *name, const char *rest)
{
	size_t len = strlen(name), tail = strlen(rest);

	if (tail == 0 || len < tail + 2 || len > KUBERNETES_TEXT_NAME ||
	    name[len - tail - 1] != '-' || strcmp(name + len - tail, rest) != 0)
		return NULL;
	memcpy(out->name_text, name, len - tail - 1);
	out->name_text[len - tail - 1] = '\0';
	return out->name_text;
}

static void
root_guess_deployment(const struct kubernetes_store *store,
    const struct kubernetes_record *r, struct kubernetes_root *out)
{
	const char *name =
	    root_before(out, root_owner(r), kubernetes__text(r, r->pod.hash));

	out->guessed = true;
	if (name == NULL ||
	    (kubernetes__store_known(
		 store, KUBERNETES_DEPLOYMENTS, out->namespace) &&
		kubernetes__store_find(store, KUBERNETES_DEPLOYMENTS,
		    out->namespace, name) == NULL))
		root_set(out, "ReplicaSet", root_owner(r));
	else
		root_set(out, "Deployment", name);
}

static void
root_guess_cronjob(const struct kubernetes_store *store,
    const struct kubernetes_record *r, struct kubernetes_root *out)
{
	const char *dash = strrchr(root_owner(r), '-');
	const char *name = NULL;

	out->guessed = true;
	if (dash != NULL && dash[1] != '\0' &&
	    strspn(dash + 1, "0123456789") == strlen(dash + 1))
		name = root_before(out, root_owner(r), dash + 1);
	if (name != NULL && kubernetes__store_find(store, KUBERNETES_CRONJOBS,
				out->namespace, name) != NULL)
		root_set(out, "CronJob", name);
	else
		root_set(out, "Job", root_owner(r));
}

static void
root_of_pod(const struct kubernetes_store *store,
    const struct kubernetes_record *r, struct kubernetes_root *out)
{
	const char *uid = kubernetes__text(r, r->owner_uid);
	const struct kubernetes_object *owner;

	if (r->owner_kind == 0) {
		root_set(out, "Pod", kubernetes__text(r, r->name));
	} else if (root_is(r, KUBERNETES_REPLICASETS)) {
		owner = kubernetes__store_find_uid(
		    store, KUBERNETES_REPLICASETS, uid);
		if (owner != NULL)
			root_of_replicaset(owner->record, out);
		else
			root_guess_deployment(store, r, out);
	} else if (root_is(r, KUBERNETES_JOBS)) {
		owner = kubernetes__store_find_uid(store, KUBERNETES_JOBS, uid);
		if (owner != NULL)
			root_of_job(owner->record, out);
		else
			root_guess_cronjob(store, r, out);
	} else {
		root_set_foreign(out, kubernetes__text(r, r->owner_kind),
		    kubernetes__text(r, r->owner_group), root_owner(r));
	}
}

void
kubernetes__root(const struct kubernetes_store *store,
    const struct kubernetes_record *record, struct kubernetes_root *out)
{
	const struct kubernetes_hpa *hpa = &record->hpa;

	out->namespace = kubernetes__text(record, record->namespace);
	out->guessed = false;
	switch (record->resource) {
	case KUBERNETES_PODS:
		root_of_pod(store, record, out);
		break;
	case KUBERNETES_REPLICASETS:
		root_of_replicaset(record, out);
		break;
	case KUBERNETES_JOBS:
		root_of_job(record, out);
		break;
	case KUBERNETES_HPAS:
		root_set_foreign(out,
		    kubernetes__text(record, hpa->target_kind),
		    kubernetes__text(record, hpa->target_group),
		    kubernetes__text(record, hpa->target_name));
		break;
	default:
		root_set(out, kubernetes__resource_kind(record->resource),
		    kubernetes__text(record, record->name));
		break;
	}
}
