/*
 * The entities of the document: one a rule, also of a rule that nothing
 * matches. Of a process nothing is told that it or its user wrote into it but
 * the name of its program: command lines hold secrets.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "repository/workload/process_priv.h"

/* Heads, by rule: those of rule r are order[from[r]] to order[from[r + 1]]. */
struct tell {
	const struct process_round *round;
	uint32_t *order;
	size_t *from;
};

static int
tell_sort(struct tell *t, struct sst_error *err)
{
	const struct process *p = t->round->p;
	const struct process_entry *e;
	size_t i, rules = p->rules.count;

	t->from = calloc(rules + 2, sizeof(*t->from));
	t->order = calloc(p->last.count + 1, sizeof(*t->order));
	if (t->from == NULL || t->order == NULL)
		return sst_error_nomem(err);
	/* counts two places on, so that filling makes them the beginnings */
	for (i = 0; i < p->last.count; i++) {
		e = &p->last.items[i];
		if (e->pod != NULL)
			t->from[e->group + 2]++;
	}
	for (i = 2; i < rules + 2; i++)
		t->from[i] += t->from[i - 1];
	for (i = 0; i < p->last.count; i++) {
		e = &p->last.items[i];
		if (e->pod != NULL)
			t->order[t->from[e->group + 1]++] = (uint32_t)i;
	}
	return SST_OK;
}

static const struct process_entry *
tell_head(const struct tell *t, size_t at)
{
	return &t->round->p->last.items[t->order[at]];
}

static const char *
tell_status(const struct process_entry *e)
{
	if (e->over)
		return "Zombie";
	if (e->state == 'T')
		return "Stopped";
	if (e->state == 't')
		return "Traced";
	return e->pod->stuck ? "DiskSleep" : "Running";
}

static const char *
tell_message(const struct process_entry *e)
{
	if (e->over)
		return "It has ended, and its parent has not asked how.";
	if (e->state == 'T')
		return "Stopped by a signal; SIGCONT lets it go on.";
	if (e->state == 't')
		return "Held by a debugger.";
	if (e->pod->stuck)
		return "In uninterruptible sleep for 30 s without a tick of "
		       "processor time: it waits for a device or a network "
		       "file system.";
	return NULL;
}

static json_t *
tell_time(int64_t ms)
{
	char text[SST_TIME_TEXT];

	sst_time_format_utc(ms, false, text);
	return json_string(text);
}

/* Takes over value; true when memory ran out, as all below. */
static bool
tell_set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) != 0;
}

static bool
tell_text(json_t *object, const char *key, const char *text)
{
	return tell_set(
	    object, key, text == NULL ? json_null() : json_string(text));
}

static bool
tell_figures(const struct process_entry *e, json_t *pod)
{
	const struct process_pod *what = e->pod;
	const double mib = round((double)what->memory / 1048576 * 100) / 100;

	return tell_set(pod, "cpu",
		   e->over || what->cpu < 0
		       ? json_null()
		       : json_real(round(what->cpu * 1000) / 1000)) ||
	    tell_set(pod, "memory", e->over ? json_null() : json_real(mib)) ||
	    tell_set(pod, "memory_bytes",
		e->over ? json_null()
			: json_integer((json_int_t)what->memory));
}

static bool
tell_times(const struct process_round *round, const struct process_entry *e,
    json_t *pod)
{
	const struct process_pod *what = e->pod;
	const bool known = round->host_known;

	return tell_set(pod, "started_at",
		   known ? tell_time(process__started_ms(round, e->start))
			 : json_null()) ||
	    tell_set(pod, "last_restart_at",
		known && what->restarts > 0 ? tell_time(what->restarted_at_ms)
					    : json_null()) ||
	    tell_set(pod, "restarts",
		json_integer((json_int_t)what->restarts));
}

static json_t *
tell_pod(const struct process_round *round, const struct process_entry *e)
{
	const char *message = tell_message(e);
	json_t *pod = json_object();
	char id[48];
	bool bad;

	snprintf(id, sizeof(id), "%d-%llu", (int)e->pid,
	    (unsigned long long)e->start);
	bad = pod == NULL || tell_text(pod, "pod_id", id) ||
	    tell_text(pod, "status", tell_status(e)) ||
	    tell_text(pod, "phase", e->over ? "Unknown" : "Running") ||
	    tell_text(pod, "message", message) ||
	    tell_text(pod, "node", round->p->node.data) ||
	    tell_set(pod, "ready",
		message == NULL ? json_null() : json_false()) ||
	    tell_figures(e, pod) || tell_times(round, e, pod);
	if (!bad)
		return pod;
	json_decref(pod);
	return NULL;
}

static int
tell_compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Names of programs, each once, in order: at most PROCESS_IMAGES. */
static json_t *
tell_images(const struct tell *t, size_t rule)
{
	size_t from = t->from[rule], to = t->from[rule + 1], i, n = 0;
	json_t *images = json_array();
	const char **names;

	names = calloc(to - from + 1, sizeof(*names));
	if (names == NULL || images == NULL)
		goto fail;
	for (i = from; i < to; i++) {
		if (tell_head(t, i)->pod->program[0] != '\0')
			names[n++] = tell_head(t, i)->pod->program;
	}
	qsort(names, n, sizeof(*names), tell_compare);
	for (i = 0; i < n && json_array_size(images) < PROCESS_IMAGES; i++) {
		if (i > 0 && strcmp(names[i - 1], names[i]) == 0)
			continue;
		if (json_array_append_new(images, json_string(names[i])) != 0)
			goto fail;
	}
	free(names);
	return images;
fail:
	free(names);
	json_decref(images);
	return NULL;
}

static json_t *
tell_count(int64_t count)
{
	return count > 0 ? json_integer((json_int_t)count) : json_null();
}

static json_t *
tell_live(const struct tell *t, size_t rule)
{
	const struct process_rule *r = &t->round->p->rules.items[rule];
	json_int_t active = 0, finished = 0;
	json_t *live = json_object();
	size_t i;

	for (i = t->from[rule]; i < t->from[rule + 1]; i++) {
		if (tell_head(t, i)->over)
			finished++;
		else
			active++;
	}
	if (live != NULL &&
	    !tell_set(live, "active_pods",
		r->doubt == PROCESS_SURE ? json_integer(active)
					 : json_null()) &&
	    !tell_set(live, "finished_pods", json_integer(finished)) &&
	    !tell_set(live, "desired_pods", tell_count(r->desired_pods)))
		return live;
	json_decref(live);
	return NULL;
}

static json_t *
tell_pods(const struct tell *t, size_t rule)
{
	json_t *pods = json_array();
	size_t i;

	for (i = t->from[rule]; pods != NULL && i < t->from[rule + 1]; i++) {
		if (json_array_append_new(
			pods, tell_pod(t->round, tell_head(t, i))) != 0) {
			json_decref(pods);
			return NULL;
		}
	}
	return pods;
}

static json_t *
tell_rule(const struct tell *t, size_t rule)
{
	const struct process *p = t->round->p;
	const struct process_rule *r = &p->rules.items[rule];
	json_t *entity = json_object();
	bool limits = r->pod_max_ram != NULL || r->pod_max_cpu != NULL;
	bool bad;

	bad = entity == NULL ||
	    tell_text(entity, "deployment_name", r->name) ||
	    tell_text(
		entity, "namespace", r->home != NULL ? r->home : p->home.data) ||
	    tell_text(entity, "kind", "Process") ||
	    tell_set(entity, "max_pods", tell_count(r->max_pods)) ||
	    tell_text(entity, "max_pods_source",
		r->max_pods > 0 ? "config" : "unknown") ||
	    tell_text(entity, "pod_max_ram", r->pod_max_ram) ||
	    tell_text(entity, "pod_max_cpu", r->pod_max_cpu) ||
	    (limits && tell_text(entity, "pod_limits_source", "config")) ||
	    tell_set(entity, "live", tell_live(t, rule)) ||
	    tell_set(entity, "images", tell_images(t, rule)) ||
	    tell_set(entity, "pods", tell_pods(t, rule));
	if (!bad)
		return entity;
	json_decref(entity);
	return NULL;
}

static void
tell_doubt(const struct tell *t, size_t rule)
{
	char text[SST_ERROR_TEXT];
	int code = process__rule_doubt(
	    &t->round->p->rules.items[rule], text, sizeof(text));

	if (code != SST_OK)
		sst_draft_degrade(t->round->out, code, "%s", text);
}

int
process__tell(struct process_round *round, struct sst_error *err)
{
	struct tell t = {.round = round};
	json_t *entity;
	size_t i;
	int code = tell_sort(&t, err);

	for (i = 0; code == SST_OK && i < round->p->rules.count; i++) {
		tell_doubt(&t, i);
		entity = tell_rule(&t, i);
		code = entity == NULL ? sst_error_nomem(err)
				      : sst_draft_add(round->out, entity, err);
	}
	free(t.order);
	free(t.from);
	/* the bound is reported already; what fits is the result */
	return code == SST_LIMIT ? SST_OK : code;
}
