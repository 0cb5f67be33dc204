/*
 * Whatever the order in which a cluster is learned, by lists that are whole or
 * broken off, events, and refusals that end, its entities are those of one list
 * of each resource at the end.
 */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/base/run.h"
#include "unit/repository/kubernetes_world.h"

enum {
	ROUNDS = 30,
	STEPS = 300,
	SINGLE = 15,
	NAMES = 6, /* of each resource and namespace */
	NAMESPACES = 2,
	THINGS = KUBERNETES_RESOURCES * NAMES * NAMESPACES
};

/* An object of the cluster, and what the reader was told of it last. */
struct thing {
	enum kubernetes_resource resource;
	unsigned number, namespace;
	char *now;  /* JSON; NULL: it does not exist */
	char *told; /* the same */
};

struct cluster {
	uint64_t random;
	unsigned born; /* next uid */
	struct thing things[THINGS];
	struct kubernetes_world world;
};

static struct cluster cluster;

static unsigned
pick(unsigned below)
{
	cluster.random ^= cluster.random << 13;
	cluster.random ^= cluster.random >> 7;
	cluster.random ^= cluster.random << 17;
	return (unsigned)(cluster.random >> 20) % below;
}

static void
cluster_init(uint64_t seed)
{
	size_t i;

	memset(&cluster, 0, sizeof(cluster));
	cluster.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (i = 0; i < THINGS; i++) {
		cluster.things[i].resource =
		    (enum kubernetes_resource)(i % KUBERNETES_RESOURCES);
		cluster.things[i].number =
		    (unsigned)(i / KUBERNETES_RESOURCES) % NAMES;
		cluster.things[i].namespace =
		    (unsigned)(i / KUBERNETES_RESOURCES / NAMES);
	}
	kubernetes_world_init(&cluster.world, NULL, 0);
}

static void
cluster_fini(void)
{
	size_t i;

	for (i = 0; i < THINGS; i++) {
		free(cluster.things[i].now);
		free(cluster.things[i].told);
	}
	kubernetes_world_fini(&cluster.world);
}

/* --- objects ---------------------------------------------------------- */

/* Those of ours, and one of others. */
static const char *
group_of(const char *kind)
{
	if (strcmp(kind, "Job") == 0 || strcmp(kind, "CronJob") == 0)
		return "batch/v1";
	return strcmp(kind, "Thing") == 0 ? "example.com/v1" : "apps/v1";
}

static void
owned_by(
    char *out, size_t size, const char *kind, const char *owner, unsigned uid)
{
	snprintf(out, size,
	    ",\"ownerReferences\":[{\"controller\":true,\"apiVersion\":\"%s\","
	    "\"kind\":\"%s\",\"name\":\"%s\",\"uid\":\"%u\"}]",
	    group_of(kind), kind, owner, uid);
}

/* The uid of the thing that exists now, or one that never did. */
static unsigned
uid_of(enum kubernetes_resource resource, unsigned namespace, unsigned number)
{
	const struct thing *t;
	const char *at;
	size_t i;

	for (i = 0; i < THINGS; i++) {
		t = &cluster.things[i];
		if (t->resource != resource || t->namespace != namespace ||
		    t->number != number || t->now == NULL)
			continue;
		at = strstr(t->now, "\"uid\":\"");
		return (unsigned)strtoul(at + 7, NULL, 10);
	}
	return 999999;
}

static void
pod_owner(char *out, size_t size, unsigned namespace)
{
	unsigned n = pick(NAMES);
	char name[32];

	out[0] = '\0';
	switch (pick(6)) {
	case 0:
		break;
	case 1:
		snprintf(name, sizeof(name), "s%u", n);
		owned_by(out, size, "StatefulSet", name,
		    uid_of(KUBERNETES_STATEFULSETS, namespace, n));
		break;
	case 2:
		snprintf(name, sizeof(name), "c%u-%u", n / 2, 100 + n);
		owned_by(out, size, "Job", name,
		    uid_of(KUBERNETES_JOBS, namespace, n));
		break;
	case 3:
		owned_by(out, size, "Thing", "thing", 1);
		break;
	default:
		snprintf(name, sizeof(name), "d%u-%u", n / 2, n);
		owned_by(out, size, "ReplicaSet", name,
		    uid_of(KUBERNETES_REPLICASETS, namespace, n));
		break;
	}
}

/* Names as controllers give them, so that links can be guessed. */
static void
thing_name(const struct thing *t, char out[static 32])
{
	static const char letters[] = "pdrsejch";

	if (t->resource == KUBERNETES_REPLICASETS)
		snprintf(out, 32, "d%u-%u", t->number / 2, t->number);
	else if (t->resource == KUBERNETES_JOBS)
		snprintf(out, 32, "c%u-%u", t->number / 2, 100 + t->number);
	else
		snprintf(out, 32, "%c%u", letters[t->resource], t->number);
}

static void
thing_body(const struct thing *t, char *out, size_t size)
{
	switch (t->resource) {
	case KUBERNETES_PODS:
		snprintf(out, size,
		    "\"spec\":{\"containers\":[{\"name\":\"c\"}]},"
		    "\"status\":{\"phase\":\"%s\"}",
		    pick(2) == 0 ? "Running" : "Failed");
		break;
	case KUBERNETES_HPAS:
		snprintf(out, size,
		    "\"spec\":{\"maxReplicas\":%u,\"scaleTargetRef\":"
		    "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\","
		    "\"name\":\"d%u\"}}",
		    pick(9), pick(3));
		break;
	default:
		snprintf(out, size,
		    "\"spec\":{\"replicas\":%u},\"status\":{\"replicas\":%u}",
		    pick(5), pick(5));
		break;
	}
}

static void
thing_owner(const struct thing *t, char *out, size_t size)
{
	char name[32];

	out[0] = '\0';
	if (t->resource == KUBERNETES_PODS) {
		pod_owner(out, size, t->namespace);
	} else if (t->resource == KUBERNETES_REPLICASETS && pick(4) > 0) {
		snprintf(name, sizeof(name), "d%u", t->number / 2);
		owned_by(
		    out, size, pick(4) > 0 ? "Deployment" : "Rollout", name, 1);
	} else if (t->resource == KUBERNETES_JOBS && pick(3) > 0) {
		snprintf(name, sizeof(name), "c%u", t->number / 2);
		owned_by(out, size, "CronJob", name, 1);
	}
}

/* Another moment of it; a new one has a new uid. */
static char *
thing_make(const struct thing *t)
{
	unsigned uid = t->now != NULL
			   ? uid_of(t->resource, t->namespace, t->number)
			   : ++cluster.born;
	char name[32], owner[256], body[256], json[1024];

	thing_name(t, name);
	thing_owner(t, owner, sizeof(owner));
	thing_body(t, body, sizeof(body));
	snprintf(json, sizeof(json),
	    "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n%u\","
	    "\"uid\":\"%u\",\"creationTimestamp\":\"2026-11-21T03:00:%02uZ\","
	    "\"labels\":{\"pod-template-hash\":\"%u\"},\"annotations\":"
	    "{\"deployment.kubernetes.io/revision\":\"%u\"}%s},%s}",
	    name, t->namespace, uid, uid % 60, pick(NAMES), pick(3), owner,
	    body);
	return strdup(json);
}

/* --- telling ---------------------------------------------------------- */

static void
tell(struct thing *t)
{
	if (t->now != NULL)
		kubernetes_world_put(&cluster.world, t->resource, t->now);
	else if (t->told != NULL)
		kubernetes_world_delete(&cluster.world, t->resource, t->told);
	free(t->told);
	t->told = t->now == NULL ? NULL : strdup(t->now);
}

static void
tell_list(enum kubernetes_resource resource, bool whole)
{
	size_t feed = kubernetes__store_feed(0, resource), i;
	struct kubernetes_store *store = &cluster.world.store;

	kubernetes__store_begin(store, feed);
	for (i = 0; i < THINGS; i++) {
		struct thing *t = &cluster.things[i];

		if (t->resource != resource)
			continue;
		if (!whole && pick(2) == 0)
			continue;
		/* what is gone is not in a list */
		if (t->now != NULL)
			tell(t);
	}
	if (!whole)
		return;
	kubernetes__store_synced(store, feed);
	for (i = 0; i < THINGS; i++) {
		struct thing *t = &cluster.things[i];

		if (t->resource == resource && t->now == NULL) {
			free(t->told);
			t->told = NULL;
		}
	}
}

static void
refuse(enum kubernetes_resource resource)
{
	size_t i;

	kubernetes__store_forget(
	    &cluster.world.store, kubernetes__store_feed(0, resource));
	for (i = 0; i < THINGS; i++) {
		if (cluster.things[i].resource != resource)
			continue;
		free(cluster.things[i].told);
		cluster.things[i].told = NULL;
	}
}

/* --- the property ----------------------------------------------------- */

static void
change(struct thing *t, bool told)
{
	char *next = pick(3) == 0 ? NULL : thing_make(t);

	/* a successor: the end of the first one is told before it */
	told |= next == NULL && t->now != NULL;
	free(t->now);
	t->now = next;
	if (told)
		tell(t);
}

static void
step(void)
{
	enum kubernetes_resource resource =
	    (enum kubernetes_resource)pick(KUBERNETES_RESOURCES);
	json_t *seen;

	switch (pick(24)) {
	case 0:
		tell_list(resource, true);
		break;
	case 1:
		tell_list(resource, false);
		break;
	case 2:
		refuse(resource);
		break;
	case 3:
		seen = kubernetes_world_entities(&cluster.world);
		json_decref(seen);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
		tell(&cluster.things[pick(THINGS)]);
		break;
	default:
		change(&cluster.things[pick(THINGS)], false);
		break;
	}
}

static json_t *
anew(void)
{
	struct kubernetes_world world;
	json_t *entities;
	size_t i;

	kubernetes_world_init(&world, NULL, 0);
	for (i = 0; i < THINGS; i++) {
		if (cluster.things[i].now != NULL)
			kubernetes_world_put(&world, cluster.things[i].resource,
			    cluster.things[i].now);
	}
	for (i = 0; i < KUBERNETES_RESOURCES; i++)
		kubernetes__store_synced(&world.store, i);
	entities = kubernetes_world_entities(&world);
	kubernetes_world_fini(&world);
	return entities;
}

static void
compare(int seed)
{
	json_t *got = kubernetes_world_entities(&cluster.world);
	json_t *want = anew();
	char *a = json_dumps(got, JSON_SORT_KEYS | JSON_INDENT(1));
	char *b = json_dumps(want, JSON_SORT_KEYS | JSON_INDENT(1));

	size_t at = 0;

	while (a[at] != '\0' && a[at] == b[at])
		at++;
	ck_assert_msg(strcmp(a, b) == 0, "seed %d: ...%.300s\nexpected %.300s",
	    seed, a + (at < 100 ? 0 : at - 100), b + (at < 100 ? 0 : at - 100));
	ck_assert_uint_gt(json_array_size(got), 0);
	ck_assert_uint_eq(cluster.world.rejected, 0);
	free(a);
	free(b);
	json_decref(got);
	json_decref(want);
}

START_TEST(the_order_does_not_matter)
{
	size_t i;

	cluster_init((uint64_t)_i + 1);
	for (i = 0; i < STEPS; i++)
		step();
	for (i = 0; i < THINGS; i++)
		tell(&cluster.things[(i + (size_t)_i) % THINGS]);
	/* what was refused is not, at the end */
	for (i = 0; i < KUBERNETES_RESOURCES; i++) {
		if (!cluster.world.store.feeds[i].known)
			tell_list((enum kubernetes_resource)i, true);
	}
	compare(_i);
	/* and after each single event from now on */
	for (i = 0; i < SINGLE; i++) {
		change(&cluster.things[pick(THINGS)], true);
		compare(_i);
	}
	cluster_fini();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kubernetes order");
	TCase *tc = tcase_create("order");

	tcase_add_loop_test(tc, the_order_does_not_matter, 0, ROUNDS);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
