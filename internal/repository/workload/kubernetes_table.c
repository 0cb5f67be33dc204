/* The three hash tables of a store: objects by name, objects by uid, workloads
 * by key. Chained; they grow together. */
#include <stdlib.h>
#include <string.h>

#include "repository/workload/kubernetes_table.h"

enum { TABLE_SLOTS = 256 };

/* FNV-1a: short keys, and nobody outside chooses where to collide for more
 * than a slower second. */
static uint64_t
table_hash(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return (hash ^ 0xff) * UINT64_C(1099511628211);
}

#define TABLE_SEED UINT64_C(14695981039346656037)

static size_t
table_name_slot(const struct kubernetes_store *s,
    enum kubernetes_resource resource, const char *namespace, const char *name)
{
	uint64_t hash = TABLE_SEED + (uint64_t)resource;

	hash = table_hash(table_hash(hash, namespace), name);
	return (size_t)(hash & (s->slots - 1));
}

static size_t
table_uid_slot(const struct kubernetes_store *s, const char *uid)
{
	return (size_t)(table_hash(TABLE_SEED, uid) & (s->slots - 1));
}

static size_t
table_key_slot(const struct kubernetes_store *s, const char *namespace,
    const char *kind, const char *name)
{
	uint64_t hash = table_hash(table_hash(TABLE_SEED, namespace), kind);

	return (size_t)(table_hash(hash, name) & (s->slots - 1));
}

static const char *
table_name(const struct kubernetes_object *o)
{
	return kubernetes__text(o->record, o->record->name);
}

static const char *
table_namespace(const struct kubernetes_object *o)
{
	return kubernetes__text(o->record, o->record->namespace);
}

static const char *
table_uid(const struct kubernetes_object *o)
{
	return kubernetes__text(o->record, o->record->uid);
}

void
kubernetes__table_add(struct kubernetes_store *s, struct kubernetes_object *o)
{
	struct kubernetes_object **slot;

	slot = &s->by_name[table_name_slot(
	    s, o->record->resource, table_namespace(o), table_name(o))];
	o->name_next = *slot;
	*slot = o;
	slot = &s->by_uid[table_uid_slot(s, table_uid(o))];
	o->uid_next = *slot;
	*slot = o;
}

void
kubernetes__table_remove(
    struct kubernetes_store *s, struct kubernetes_object *o)
{
	struct kubernetes_object **p;

	p = &s->by_name[table_name_slot(
	    s, o->record->resource, table_namespace(o), table_name(o))];
	while (*p != o)
		p = &(*p)->name_next;
	*p = o->name_next;
	p = &s->by_uid[table_uid_slot(s, table_uid(o))];
	while (*p != o)
		p = &(*p)->uid_next;
	*p = o->uid_next;
}

struct kubernetes_object *
kubernetes__store_find(const struct kubernetes_store *store,
    enum kubernetes_resource resource, const char *namespace, const char *name)
{
	struct kubernetes_object *o =
	    store->by_name[table_name_slot(store, resource, namespace, name)];

	while (o != NULL && (o->record->resource != resource ||
				strcmp(table_name(o), name) != 0 ||
				strcmp(table_namespace(o), namespace) != 0))
		o = o->name_next;
	return o;
}

struct kubernetes_object *
kubernetes__store_find_uid(const struct kubernetes_store *store,
    enum kubernetes_resource resource, const char *uid)
{
	struct kubernetes_object *o = store->by_uid[table_uid_slot(store, uid)];

	if (uid[0] == '\0')
		return NULL;
	while (o != NULL && (o->record->resource != resource ||
				strcmp(table_uid(o), uid) != 0))
		o = o->uid_next;
	return o;
}

void
kubernetes__table_add_workload(
    struct kubernetes_store *s, struct kubernetes_workload *w)
{
	struct kubernetes_workload **slot =
	    &s->by_key[table_key_slot(s, w->namespace, w->kind, w->name)];

	w->key_next = *slot;
	*slot = w;
}

void
kubernetes__table_remove_workload(
    struct kubernetes_store *s, struct kubernetes_workload *w)
{
	struct kubernetes_workload **p =
	    &s->by_key[table_key_slot(s, w->namespace, w->kind, w->name)];

	while (*p != w)
		p = &(*p)->key_next;
	*p = w->key_next;
}

struct kubernetes_workload *
kubernetes__table_workload(
    const struct kubernetes_store *s, const struct kubernetes_root *root)
{
	struct kubernetes_workload *w = s->by_key[table_key_slot(
	    s, root->namespace, root->kind, root->name)];

	while (w != NULL && (strcmp(w->name, root->name) != 0 ||
				strcmp(w->kind, root->kind) != 0 ||
				strcmp(w->namespace, root->namespace) != 0))
		w = w->key_next;
	return w;
}

static void
table_refill(
    struct kubernetes_store *s, struct kubernetes_object **old, size_t slots)
{
	struct kubernetes_object *o, *next;
	size_t i;

	for (i = 0; i < slots; i++) {
		for (o = old[i]; o != NULL; o = next) {
			next = o->name_next;
			kubernetes__table_add(s, o);
		}
	}
	for (i = 0; i < s->workload_count; i++)
		kubernetes__table_add_workload(s, s->workloads[i]);
}

int
kubernetes__table_grow(struct kubernetes_store *s, struct sst_error *err)
{
	size_t slots = s->slots == 0 ? TABLE_SLOTS : s->slots * 2;
	struct kubernetes_object **names, **uids, **old = s->by_name;
	struct kubernetes_workload **keys;
	size_t before = s->slots;

	if (s->object_count < s->slots)
		return SST_OK;
	names = calloc(slots, sizeof(struct kubernetes_object *));
	uids = calloc(slots, sizeof(struct kubernetes_object *));
	keys = calloc(slots, sizeof(struct kubernetes_workload *));
	if (names == NULL || uids == NULL || keys == NULL) {
		free(names);
		free(uids);
		free(keys);
		return sst_error_nomem(err);
	}
	free(s->by_uid);
	free(s->by_key);
	s->by_name = names;
	s->by_uid = uids;
	s->by_key = keys;
	s->slots = slots;
	table_refill(s, old, before);
	free(old);
	return SST_OK;
}

void
kubernetes__table_fini(struct kubernetes_store *s)
{
	free(s->by_name);
	free(s->by_uid);
	free(s->by_key);
}
