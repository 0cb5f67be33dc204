#include "repository/workload/kubernetes_store.h"

#include <stdlib.h>
#include <string.h>

#include "repository/workload/kubernetes_table.h"

/* Less than this does not tell one figure of use from another. */
enum {
	USAGE_FLOOR_CPU_NANO = 5000000,
	USAGE_FLOOR_MEMORY_BYTES = 4 * 1024 * 1024
};

int
kubernetes__store_init(struct kubernetes_store *store,
    const char *const *namespaces, size_t count, struct sst_error *err)
{
	memset(store, 0, sizeof(*store));
	store->namespaces = count == 0 ? NULL : namespaces;
	store->namespace_count = count == 0 ? 1 : count;
	return kubernetes__table_grow(store, err);
}

static void
store_free_object(struct kubernetes_object *o)
{
	free(o->record);
	free(o);
}

static void
store_free_list(struct kubernetes_object *list)
{
	struct kubernetes_object *next;

	for (; list != NULL; list = next) {
		next = list->next;
		store_free_object(list);
	}
}

void
kubernetes__store_fini(struct kubernetes_store *store)
{
	struct kubernetes_workload *w;
	size_t i;

	for (i = 0; i < store->workload_count; i++) {
		w = store->workloads[i];
		if (w->control != NULL)
			store_free_object(w->control);
		store_free_list(w->pods);
		store_free_list(w->others);
		free(w);
	}
	free(store->workloads);
	kubernetes__table_fini(store);
	memset(store, 0, sizeof(*store));
}

size_t
kubernetes__store_feed(
    size_t namespace_index, enum kubernetes_resource resource)
{
	return namespace_index * KUBERNETES_RESOURCES + (size_t)resource;
}

bool
kubernetes__store_known(const struct kubernetes_store *store,
    enum kubernetes_resource resource, const char *namespace)
{
	size_t i = 0;

	while (store->namespaces != NULL && i < store->namespace_count &&
	       strcmp(store->namespaces[i], namespace) != 0)
		i++;
	return i < store->namespace_count &&
	       store->feeds[kubernetes__store_feed(i, resource)].known;
}

static void
store_dirty(struct kubernetes_store *s, struct kubernetes_workload *w)
{
	w->dirty = true;
	s->changed = true;
}

void
kubernetes__store_touch_all(struct kubernetes_store *store)
{
	size_t i;

	for (i = 0; i < store->workload_count; i++)
		store->workloads[i]->dirty = true;
	store->changed = true;
}

static struct kubernetes_workload *
store_new_workload(
    struct kubernetes_store *s, const struct kubernetes_root *root)
{
	size_t ns = strlen(root->namespace) + 1, kind = strlen(root->kind) + 1;
	size_t name = strlen(root->name) + 1;
	struct kubernetes_workload *w, **more;
	size_t cap;

	if (s->workload_count == s->workload_cap) {
		cap = s->workload_cap == 0 ? 64 : s->workload_cap * 2;
		more = realloc(s->workloads, cap * sizeof(*more));
		if (more == NULL)
			return NULL;
		s->workloads = more;
		s->workload_cap = cap;
	}
	w = calloc(1, sizeof(*w) + ns + kind + name);
	if (w == NULL)
		return NULL;
	w->namespace = memcpy(w->text, root->namespace, ns);
	w->kind = memcpy(w->text + ns, root->kind, kind);
	w->name = memcpy(w->text + ns + kind, root->name, name);
	s->workloads[s->workload_count++] = w;
	kubernetes__table_add_workload(s, w);
	return w;
}

/* The workload it belongs to, made when there is none yet; NULL: no memory. */
static struct kubernetes_workload *
store_home(struct kubernetes_store *s, const struct kubernetes_record *record,
    bool *guessed_out)
{
	struct kubernetes_workload *w;
	struct kubernetes_root root;

	kubernetes__root(s, record, &root);
	*guessed_out = root.guessed;
	w = kubernetes__table_workload(s, &root);
	return w != NULL ? w : store_new_workload(s, &root);
}

static bool
store_is_control(const struct kubernetes_object *o)
{
	return o->record->resource != KUBERNETES_PODS &&
	       o->record->resource != KUBERNETES_HPAS &&
	       o->record->resource != KUBERNETES_REPLICASETS &&
	       (o->record->resource != KUBERNETES_JOBS ||
		   strcmp(o->workload->kind, "Job") == 0);
}

static struct kubernetes_object **
store_list(const struct kubernetes_object *o)
{
	return o->record->resource == KUBERNETES_PODS ? &o->workload->pods
						      : &o->workload->others;
}

static void
store_link(struct kubernetes_store *s, struct kubernetes_object *o,
    struct kubernetes_workload *w)
{
	struct kubernetes_object **list;

	o->workload = w;
	o->next = o->prev = NULL;
	store_dirty(s, w);
	if (store_is_control(o)) {
		w->control = o;
		return;
	}
	list = store_list(o);
	o->next = *list;
	if (o->next != NULL)
		o->next->prev = o;
	*list = o;
	w->pod_count += o->record->resource == KUBERNETES_PODS;
	w->job_count += o->record->resource == KUBERNETES_JOBS;
}

static void
store_unlink(struct kubernetes_store *s, struct kubernetes_object *o)
{
	struct kubernetes_workload *w = o->workload;

	store_dirty(s, w);
	if (w->control == o) {
		w->control = NULL;
		return;
	}
	if (o->prev != NULL)
		o->prev->next = o->next;
	else
		*store_list(o) = o->next;
	if (o->next != NULL)
		o->next->prev = o->prev;
	w->pod_count -= o->record->resource == KUBERNETES_PODS;
	w->job_count -= o->record->resource == KUBERNETES_JOBS;
}

static void
store_set_guessed(
    struct kubernetes_store *s, struct kubernetes_object *o, bool guessed)
{
	s->guessed -= o->guessed;
	o->guessed = guessed;
	s->guessed += guessed;
}

/* Whether others may belong elsewhere when this comes or goes. */
static bool
store_owns(const struct kubernetes_record *record)
{
	return record->resource == KUBERNETES_REPLICASETS ||
	       record->resource == KUBERNETES_JOBS ||
	       record->resource == KUBERNETES_DEPLOYMENTS ||
	       record->resource == KUBERNETES_CRONJOBS;
}

static int
store_add(struct kubernetes_store *s, size_t feed,
    struct kubernetes_record *record, struct sst_error *err)
{
	struct kubernetes_object *o = calloc(1, sizeof(*o));
	struct kubernetes_workload *home = NULL;
	bool guessed = false;

	if (o != NULL && kubernetes__table_grow(s, err) == SST_OK)
		home = store_home(s, record, &guessed);
	if (home == NULL) {
		free(o);
		free(record);
		return sst_error_nomem(err);
	}
	o->record = record;
	o->feed = feed;
	o->list = s->feeds[feed].list;
	o->cpu_nano = o->memory_bytes = KUBERNETES_NONE;
	kubernetes__table_add(s, o);
	s->object_count++;
	store_link(s, o, home);
	store_set_guessed(s, o, guessed);
	if (s->guessed > 0 && store_owns(record))
		s->misplaced = true;
	return SST_OK;
}

static bool
store_text_same(const struct kubernetes_record *a, uint32_t a_at,
    const struct kubernetes_record *b, uint32_t b_at)
{
	return strcmp(kubernetes__text(a, a_at), kubernetes__text(b, b_at)) ==
	       0;
}

static bool
store_owner_same(
    const struct kubernetes_record *a, const struct kubernetes_record *b)
{
	return store_text_same(a, a->uid, b, b->uid) &&
	       store_text_same(a, a->owner_kind, b, b->owner_kind) &&
	       store_text_same(a, a->owner_name, b, b->owner_name);
}

/* Another object of that name, or another run of it: what was measured is not
 * of this one. */
static bool
store_usage_holds(
    const struct kubernetes_record *old, const struct kubernetes_record *record)
{
	return record->resource == KUBERNETES_PODS &&
	       store_text_same(old, old->uid, record, record->uid) &&
	       old->pod.started_ms == record->pod.started_ms &&
	       !record->pod.finished;
}

static int
store_replace(struct kubernetes_store *s, struct kubernetes_object *o,
    struct kubernetes_record *record, struct sst_error *err)
{
	struct kubernetes_record *old = o->record;
	struct kubernetes_workload *home;
	bool guessed;

	home = store_home(s, record, &guessed);
	if (home == NULL) {
		free(record);
		return sst_error_nomem(err);
	}
	if (!store_usage_holds(old, record))
		o->cpu_nano = o->memory_bytes = KUBERNETES_NONE;
	if (store_owns(record) && !store_owner_same(old, record))
		s->misplaced = true;
	store_unlink(s, o);
	kubernetes__table_remove(s, o);
	o->record = record;
	kubernetes__table_add(s, o);
	store_link(s, o, home);
	store_set_guessed(s, o, guessed);
	free(old);
	return SST_OK;
}

int
kubernetes__store_put(struct kubernetes_store *store, size_t feed,
    struct kubernetes_record *record, struct sst_error *err)
{
	struct kubernetes_object *o = kubernetes__store_find(store,
	    record->resource, kubernetes__text(record, record->namespace),
	    kubernetes__text(record, record->name));

	if (o == NULL)
		return store_add(store, feed, record, err);
	o->feed = feed;
	o->list = store->feeds[feed].list;
	if (kubernetes__record_same(o->record, record)) {
		free(record);
		return SST_OK;
	}
	return store_replace(store, o, record, err);
}

static void
store_remove(struct kubernetes_store *s, struct kubernetes_object *o)
{
	store_unlink(s, o);
	store_set_guessed(s, o, false);
	kubernetes__table_remove(s, o);
	s->object_count--;
	if (store_owns(o->record))
		s->misplaced = true;
	store_free_object(o);
}

void
kubernetes__store_drop(
    struct kubernetes_store *store, const struct kubernetes_record *record)
{
	struct kubernetes_object *o = kubernetes__store_find(store,
	    record->resource, kubernetes__text(record, record->namespace),
	    kubernetes__text(record, record->name));

	/* the end of an older one of that name says nothing of this one */
	if (o != NULL &&
	    (record->uid == 0 || store_text_same(o->record, o->record->uid,
				     record, record->uid)))
		store_remove(store, o);
}

void
kubernetes__store_begin(struct kubernetes_store *store, size_t feed)
{
	store->feeds[feed].list++;
}

/* Removes what is of that feed and not in its running list. */
static void
store_sweep(struct kubernetes_store *s, size_t feed)
{
	struct kubernetes_object *o, *next;
	size_t i;

	for (i = 0; i < s->slots; i++) {
		for (o = s->by_name[i]; o != NULL; o = next) {
			next = o->name_next;
			if (o->feed == feed && o->list != s->feeds[feed].list)
				store_remove(s, o);
		}
	}
}

static void
store_know(struct kubernetes_store *s, size_t feed, bool known)
{
	if (s->feeds[feed].known == known)
		return;
	s->feeds[feed].known = known;
	s->misplaced = true;
	kubernetes__store_touch_all(s);
}

void
kubernetes__store_synced(struct kubernetes_store *store, size_t feed)
{
	store_sweep(store, feed);
	store_know(store, feed, true);
}

void
kubernetes__store_forget(struct kubernetes_store *store, size_t feed)
{
	store->feeds[feed].list++;
	store_sweep(store, feed);
	store_know(store, feed, false);
}

void
kubernetes__store_usage_begin(struct kubernetes_store *store)
{
	store->poll++;
}

static bool
usage_moved(int64_t shown, int64_t now, int64_t floor, int64_t percent)
{
	int64_t by, most;

	if (shown == KUBERNETES_NONE || now == KUBERNETES_NONE)
		return shown != now;
	by = shown > now ? shown - now : now - shown;
	if (percent == 0)
		return by != 0;
	most = shown / 100 * percent;
	return by > (most > floor ? most : floor);
}

static void
usage_show(struct kubernetes_store *s, struct kubernetes_object *o,
    int64_t cpu_nano, int64_t memory_bytes)
{
	int64_t percent = s->tolerance_percent;

	o->poll = s->poll;
	if (!usage_moved(
		o->cpu_nano, cpu_nano, USAGE_FLOOR_CPU_NANO, percent) &&
	    !usage_moved(o->memory_bytes, memory_bytes,
		USAGE_FLOOR_MEMORY_BYTES, percent))
		return;
	o->cpu_nano = cpu_nano;
	o->memory_bytes = memory_bytes;
	store_dirty(s, o->workload);
}

void
kubernetes__store_usage(
    struct kubernetes_store *store, const struct kubernetes_usage *row)
{
	struct kubernetes_object *o = kubernetes__store_find(
	    store, KUBERNETES_PODS, row->namespace, row->name);

	/* names come again: of an older one, or before it ran */
	if (o == NULL || o->record->pod.finished ||
	    row->at_ms == KUBERNETES_NONE ||
	    o->record->pod.started_ms == KUBERNETES_NONE ||
	    row->at_ms < o->record->pod.started_ms)
		return;
	usage_show(store, o, row->cpu_nano, row->memory_bytes);
}

void
kubernetes__store_usage_end(
    struct kubernetes_store *store, const char *namespace)
{
	struct kubernetes_workload *w;
	struct kubernetes_object *o;
	size_t i;

	for (i = 0; i < store->workload_count; i++) {
		w = store->workloads[i];
		if (namespace != NULL && strcmp(w->namespace, namespace) != 0)
			continue;
		for (o = w->pods; o != NULL; o = o->next) {
			if (o->poll != store->poll)
				usage_show(
				    store, o, KUBERNETES_NONE, KUBERNETES_NONE);
		}
	}
}

static int
store_replace_home(struct kubernetes_store *s, struct kubernetes_object *o,
    struct sst_error *err)
{
	struct kubernetes_workload *home;
	bool guessed;

	home = store_home(s, o->record, &guessed);
	if (home == NULL)
		return sst_error_nomem(err);
	store_set_guessed(s, o, guessed);
	if (home == o->workload)
		return SST_OK;
	store_unlink(s, o);
	store_link(s, o, home);
	return SST_OK;
}

/* Two rounds would be needed were ReplicaSets and Jobs looked at through each
 * other; they are not: each names its owner. */
static int
store_place_all(struct kubernetes_store *s, struct sst_error *err)
{
	struct kubernetes_object *o;
	size_t i;
	int code = SST_OK;

	for (i = 0; i < s->slots; i++) {
		for (o = s->by_name[i]; o != NULL && code == SST_OK;
		     o = o->name_next)
			code = store_replace_home(s, o, err);
	}
	return code;
}

static bool
store_empty(const struct kubernetes_workload *w)
{
	return w->control == NULL && w->pods == NULL && w->others == NULL;
}

int
kubernetes__store_settle(struct kubernetes_store *store, struct sst_error *err)
{
	struct kubernetes_workload *w;
	size_t i;
	int code;

	if (store->misplaced) {
		code = store_place_all(store, err);
		if (code != SST_OK)
			return code;
		store->misplaced = false;
	}
	for (i = 0; i < store->workload_count;) {
		w = store->workloads[i];
		if (!store_empty(w)) {
			i++;
			continue;
		}
		kubernetes__table_remove_workload(store, w);
		store->workloads[i] = store->workloads[--store->workload_count];
		free(w);
	}
	return SST_OK;
}

bool
kubernetes__workload_exists(const struct kubernetes_workload *workload)
{
	return workload->control != NULL || workload->pod_count > 0 ||
	       workload->job_count > 0;
}
