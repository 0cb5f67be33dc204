#include "unit/service/diff_random.h"

#include <stdio.h>
#include <string.h>

/* Names that have tripped somebody up, few enough to meet again. */
static const char *const names[] = {"a", "b/c", "~", "~1", "d e", "\"q\"",
    "\xc3\xa9t\xc3\xa9", "%2F", "\\", "\xe6\x97\xa5\xe6\x9c\xac", "0", "-"};
static const char *const words[] = {"x", "y z", "null", "\"",
    "\xf0\x9f\x90\x9d", "a\\b", "{}", "[1]", ",", "/", "-5"};

enum {
	NAMES = sizeof(names) / sizeof(names[0]),
	WORDS = sizeof(words) / sizeof(words[0])
};

uint64_t
rnd_next(struct rnd *r)
{
	/* splitmix64 */
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

size_t
rnd_below(struct rnd *r, size_t n)
{
	return (size_t)(rnd_next(r) % n);
}

bool
rnd_once_in(struct rnd *r, size_t n)
{
	return rnd_below(r, n) == 0;
}

/* Null now and then, where the document may have one. */
static json_t *
maybe(struct rnd *r, json_t *value)
{
	if (!r->nulls || !rnd_once_in(r, 4))
		return value;
	json_decref(value);
	return json_null();
}

static json_t *
name(struct rnd *r)
{
	return json_string(names[rnd_below(r, NAMES)]);
}

static json_t *
word(struct rnd *r)
{
	return json_string(words[rnd_below(r, WORDS)]);
}

static json_t *
number(struct rnd *r)
{
	return json_integer((json_int_t)rnd_below(r, 4));
}

static json_t *
real(struct rnd *r)
{
	return json_real((double)rnd_below(r, 5) / 8);
}

static json_t *
when(struct rnd *r)
{
	char text[32];

	snprintf(text, sizeof(text), "2026-01-01T00:00:0%zuZ", rnd_below(r, 4));
	return json_string(text);
}

static json_t *
one_of(struct rnd *r, const char *const *texts, size_t count)
{
	return json_string(texts[rnd_below(r, count)]);
}

/* An optional member: there half of the time. */
static void
option(struct rnd *r, json_t *object, const char *member, json_t *value)
{
	if (rnd_once_in(r, 2))
		json_object_set_new(object, member, value);
	else
		json_decref(value);
}

static json_t *
word_list(struct rnd *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < WORDS; i++) {
		if (rnd_once_in(r, 4))
			json_array_append_new(list, json_string(words[i]));
	}
	return list;
}

static const char *const statuses[] = {"queued", "running", "failed"};

static json_t *
active_task(struct rnd *r)
{
	return json_pack("{s:o,s:o,s:o}", "id", name(r), "started_on",
	    maybe(r, when(r)), "status", one_of(r, statuses, 3));
}

static json_t *
container(struct rnd *r)
{
	static const char *const states[] = {"waiting", "running"};
	json_t *c = json_pack(
	    "{s:o,s:o}", "name", name(r), "state", one_of(r, states, 2));

	option(r, c, "reason", maybe(r, word(r)));
	option(r, c, "exit_code", maybe(r, number(r)));
	return c;
}

static json_t *
blocker(struct rnd *r)
{
	return json_pack("{s:o,s:o,s:o}", "id", name(r), "queue",
	    maybe(r, name(r)), "status", one_of(r, statuses, 3));
}

/* Whether two may have one identity: not what sources should give, but what
 * they can. */
static bool
twins(struct rnd *r)
{
	return r->twins && rnd_once_in(r, 8);
}

/* Up to max of them; twins only where they are allowed. */
static json_t *
several(
    struct rnd *r, json_t *(*make)(struct rnd *r), const char *id, size_t max)
{
	json_t *list = json_array(), *item, *other;
	size_t i, n = rnd_below(r, max + 1);

	while (n-- > 0) {
		item = make(r);
		json_array_foreach(list, i, other)
		{
			if (id != NULL && json_equal(json_object_get(item, id),
					      json_object_get(other, id)))
				break;
		}
		if (i < json_array_size(list))
			json_decref(item);
		else
			json_array_append_new(list, item);
	}
	return list;
}

static json_t *
task(struct rnd *r)
{
	static const char *const levels[] = {"low", "normal", "high"};
	json_t *t = json_pack("{s:o,s:{s:o},s:o,s:o}", "id", name(r),
	    "priority", "level", one_of(r, levels, 3), "submitted_at",
	    maybe(r, when(r)), "status", one_of(r, statuses, 3));

	option(r, json_object_get(t, "priority"), "raw", maybe(r, real(r)));
	option(r, t, "type", maybe(r, word(r)));
	option(r, t, "attempts", maybe(r, number(r)));
	option(r, t, "deadlocked", json_boolean(rnd_once_in(r, 2)));
	option(r, t, "error", maybe(r, word(r)));
	option(
	    r, t, "blocked_by", several(r, blocker, r->twins ? NULL : "id", 3));
	return t;
}

static json_t *
pod(struct rnd *r)
{
	json_t *p = json_pack("{s:o,s:o,s:o,s:o}", "pod_id", name(r), "cpu",
	    maybe(r, real(r)), "memory", maybe(r, number(r)), "status",
	    word(r));

	option(r, p, "node", maybe(r, name(r)));
	option(r, p, "ready", json_boolean(rnd_once_in(r, 2)));
	option(r, p, "containers",
	    several(r, container, twins(r) ? NULL : "name", 3));
	return p;
}

static json_t *
source(struct rnd *r)
{
	static const char *const ids[] = {"agents/a", "queues/b", "queues/c"};
	json_t *s = json_pack("{s:o,s:s,s:s,s:s,s:o,s:o,s:i,s:o}", "name",
	    one_of(r, ids, 3), "section", "agents", "kind", "mock", "status",
	    rnd_once_in(r, 2) ? "ok" : "stale", "since", when(r), "changed_at",
	    maybe(r, when(r)), "max_age_seconds", 10, "entities",
	    maybe(r, number(r)));

	json_object_set_new(s, "error",
	    maybe(r, json_pack("{s:s,s:o,s:o}", "code", "timeout", "message",
			 word(r), "at", when(r))));
	return s;
}

static json_t *
agent(struct rnd *r)
{
	json_t *tasks = several(r, active_task, twins(r) ? NULL : "id", 4);
	json_t *a = json_pack("{s:o,s:o,s:o,s:o,s:o,s:{s:o,s:o},s:s,s:s}",
	    "name", name(r), "description", word(r), "max_parallel_invocations",
	    maybe(r, number(r)), "deployment_name", maybe(r, name(r)), "models",
	    word_list(r), "activity", "active_task_ids", maybe(r, tasks),
	    "updated_at", when(r), "status",
	    rnd_once_in(r, 2) ? "idle" : "busy", "source", "agents/a");

	option(r, a, "namespace", maybe(r, name(r)));
	return a;
}

static json_t *
workload(struct rnd *r)
{
	json_t *w = json_pack("{s:o,s:o,s:o,s:o,s:{s:o,s:o},s:o,s:o,s:s,s:s}",
	    "deployment_name", name(r), "max_pods", maybe(r, number(r)),
	    "pod_max_ram", maybe(r, word(r)), "pod_max_cpu", maybe(r, word(r)),
	    "live", "active_pods", maybe(r, number(r)), "updated_at", when(r),
	    "pods", several(r, pod, "pod_id", 5), "namespace",
	    rnd_once_in(r, 3) ? json_string("") : name(r), "kind",
	    rnd_once_in(r, 2) ? "Job" : "Deployment", "source", "w/a");

	option(r, w, "images", word_list(r));
	option(r, w, "rollout",
	    json_pack("{s:s,s:o}", "state",
		rnd_once_in(r, 2) ? "stuck" : "complete", "message",
		maybe(r, word(r))));
	return w;
}

static json_t *
queue(struct rnd *r)
{
	json_t *q = json_pack(
	    "{s:o,s:o,s:o,s:s,s:{s:o,s:o,s:o},s:o,s:s,s:o,s:o,s:s}", "name",
	    name(r), "updated_at", when(r), "tasks", several(r, task, "id", 8),
	    "system", rnd_once_in(r, 2) ? "m" : "n/o", "depth", "ready",
	    maybe(r, number(r)), "running", maybe(r, number(r)), "total",
	    maybe(r, number(r)), "consumers", maybe(r, number(r)),
	    "tasks_detail", "full", "tasks_total", maybe(r, number(r)),
	    "tasks_omitted", maybe(r, number(r)), "source", "queues/b");

	option(r, json_object_get(q, "depth"), "failed", number(r));
	option(r, q, "state", maybe(r, word(r)));
	option(r, q, "rates",
	    maybe(r,
		json_pack("{s:o,s:o,s:o}", "published_per_second",
		    maybe(r, real(r)), "delivered_per_second",
		    maybe(r, real(r)), "acked_per_second", maybe(r, real(r)))));
	return q;
}

static json_t *
model(struct rnd *r)
{
	json_t *m =
	    json_pack("{s:o,s:s,s:o,s:o,s:o,s:o,s:s,s:o,s:s,s:s}", "model",
		name(r), "provider", "p", "tpm", maybe(r, number(r)), "rpm",
		maybe(r, number(r)), "tpm_max", maybe(r, number(r)), "rpm_max",
		maybe(r, number(r)), "payment_type", "free", "deployment_id",
		name(r), "status", "healthy", "source", "litellm/a");

	option(r, m, "spend_usd_today", maybe(r, real(r)));
	option(r, m, "price",
	    maybe(r,
		json_pack("{s:o,s:o}", "input_usd_per_token", maybe(r, real(r)),
		    "output_usd_per_token", maybe(r, real(r)))));
	option(r, m, "fallbacks", word_list(r));
	return m;
}

/* What the document is made of. */
static const struct part {
	const char *list;
	const char *child_list;
	const char *id[3]; /* identity members */
	json_t *(*make)(struct rnd *r);
	json_t *(*make_child)(struct rnd *r);
	const char *child_id;
} parts[] = {
    {"sources", NULL, {"name", NULL, NULL}, source, NULL, NULL},
    {"agents", NULL, {"name", NULL, NULL}, agent, NULL, NULL},
    {"workload", "pods", {"namespace", "kind", "deployment_name"}, workload,
	pod, "pod_id"},
    {"queues", "tasks", {"system", "name", NULL}, queue, task, "id"},
    {"litellm", NULL, {"deployment_id", NULL, NULL}, model, NULL, NULL},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static bool
same_id(const char *const *id, const json_t *a, const json_t *b)
{
	size_t i;

	for (i = 0; i < 3 && id[i] != NULL; i++) {
		if (!json_equal(
			json_object_get(a, id[i]), json_object_get(b, id[i])))
			return false;
	}
	return true;
}

static bool
holds(const json_t *list, const char *const *id, const json_t *item)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		if (same_id(id, json_array_get(list, i), item))
			return true;
	}
	return false;
}

/* Appends new ones, of other keys. */
static void
grow(struct rnd *r, json_t *list, const char *const *id,
    json_t *(*make)(struct rnd *r), size_t max)
{
	size_t n = rnd_below(r, max + 1);
	json_t *item;

	while (n-- > 0) {
		item = make(r);
		if (holds(list, id, item))
			json_decref(item);
		else
			json_array_append_new(list, item);
	}
}

static json_t *
section(struct rnd *r, const struct part *part, size_t max)
{
	json_t *list = json_array();

	grow(r, list, part->id, part->make, max);
	return list;
}

json_t *
rnd_document(struct rnd *r)
{
	json_t *doc = json_object();
	size_t i;

	json_object_set_new(
	    doc, "revision", json_integer((json_int_t)rnd_below(r, 3) + 1));
	for (i = 0; i < PARTS; i++) {
		if (i > 0 && rnd_once_in(r, 8))
			continue;
		json_object_set_new(doc, parts[i].list,
		    i > 0 && r->nulls && rnd_once_in(r, 8)
			? json_null()
			: section(r, &parts[i], 4));
	}
	return doc;
}

static bool
is_id(const struct part *part, const char *member)
{
	size_t i;

	for (i = 0; i < 3 && part->id[i] != NULL; i++) {
		if (strcmp(part->id[i], member) == 0)
			return true;
	}
	return part->child_list != NULL &&
	       strcmp(part->child_list, member) == 0;
}

/* Some members become those of another one, which is taken over; identities
 * stay. */
static void
drift(struct rnd *r, json_t *item, json_t *fresh, const struct part *part,
    const char *id)
{
	const char *member;
	json_t *value, *was;
	void *tmp;

	json_object_foreach_safe(item, tmp, member, value)
	{
		if ((part != NULL && is_id(part, member)) ||
		    (id != NULL && strcmp(id, member) == 0) ||
		    !rnd_once_in(r, 5))
			continue;
		if (json_object_get(fresh, member) == NULL)
			json_object_del(item, member);
	}
	json_object_foreach(fresh, member, value)
	{
		if ((part != NULL && is_id(part, member)) ||
		    (id != NULL && strcmp(id, member) == 0))
			continue;
		was = json_object_get(item, member);
		if (json_is_object(was) && json_is_object(value) &&
		    rnd_once_in(r, 2))
			drift(r, was, json_incref(value), NULL, NULL);
		else if (rnd_once_in(r, 5))
			json_object_set(item, member, value);
	}
	json_decref(fresh);
}

static void
lose(struct rnd *r, json_t *list)
{
	size_t i;

	for (i = json_array_size(list); i-- > 0;) {
		if (rnd_once_in(r, 6))
			json_array_remove(list, i);
	}
}

static void
later_children(struct rnd *r, const struct part *part, json_t *item)
{
	json_t *list = json_object_get(item, part->child_list), *child;
	const char *id[3] = {part->child_id, NULL, NULL};
	size_t i;

	lose(r, list);
	json_array_foreach(list, i, child)
	{
		if (rnd_once_in(r, 3))
			drift(r, child, part->make_child(r), NULL,
			    part->child_id);
	}
	grow(r, list, id, part->make_child, 2);
}

static void
later_section(struct rnd *r, const struct part *part, json_t *list)
{
	json_t *item;
	size_t i;

	lose(r, list);
	json_array_foreach(list, i, item)
	{
		if (rnd_once_in(r, 2))
			drift(r, item, part->make(r), part, NULL);
		if (part->child_list != NULL && rnd_once_in(r, 2))
			later_children(r, part, item);
	}
	grow(r, list, part->id, part->make, 1);
}

json_t *
rnd_later(struct rnd *r, const json_t *before)
{
	json_t *doc = json_deep_copy(before), *list;
	size_t i;

	json_object_set_new(
	    doc, "revision", json_integer((json_int_t)rnd_below(r, 3) + 1));
	if (rnd_once_in(r, 16))
		json_object_set_new(doc, "id", json_string("\"other\""));
	if (rnd_once_in(r, 16))
		json_object_set_new(
		    doc, "epoch", json_string("00000000000000ff"));
	for (i = 0; i < PARTS; i++) {
		list = json_object_get(doc, parts[i].list);
		if (i > 0 && rnd_once_in(r, 10)) {
			if (list == NULL)
				json_object_set_new(doc, parts[i].list,
				    section(r, &parts[i], 3));
			else if (r->nulls && rnd_once_in(r, 2))
				json_object_set_new(
				    doc, parts[i].list, json_null());
			else
				json_object_del(doc, parts[i].list);
		} else if (json_is_array(list) && !rnd_once_in(r, 4)) {
			later_section(r, &parts[i], list);
		}
	}
	return doc;
}

static void
shuffle(struct rnd *r, json_t *list)
{
	size_t i, j;
	json_t *x, *y;

	for (i = json_array_size(list); i > 1; i--) {
		j = rnd_below(r, i);
		x = json_incref(json_array_get(list, i - 1));
		y = json_incref(json_array_get(list, j));
		json_array_set_new(list, i - 1, y);
		json_array_set_new(list, j, x);
	}
}

static void
shuffle_item(struct rnd *r, const struct part *part, json_t *item)
{
	json_t *list, *child;
	size_t i;

	shuffle(r, json_object_get(
		       json_object_get(item, "activity"), "active_task_ids"));
	if (part->child_list == NULL)
		return;
	list = json_object_get(item, part->child_list);
	shuffle(r, list);
	json_array_foreach(list, i, child)
	{
		shuffle(r, json_object_get(child, "containers"));
		shuffle(r, json_object_get(child, "blocked_by"));
	}
}

json_t *
rnd_shuffled(struct rnd *r, const json_t *document)
{
	json_t *doc = json_deep_copy(document), *list, *item;
	size_t i, j;

	for (i = 0; i < PARTS; i++) {
		list = json_object_get(doc, parts[i].list);
		if (!json_is_array(list))
			continue;
		shuffle(r, list);
		json_array_foreach(list, j, item)
		    shuffle_item(r, &parts[i], item);
	}
	return doc;
}
