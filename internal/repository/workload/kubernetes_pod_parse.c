/*
 * A pod. Its status, READY and RESTARTS are those that kubectl prints
 * (printPod of the API server): people compare them. Where servers before
 * 1.27 print something else, it is the newer form.
 */
#include "repository/workload/kubernetes_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read of one container's status. */
struct pod_state {
	const json_t *waiting, *running, *terminated;
	const json_t *last; /* lastState.terminated */
	const char *waits;  /* reason of waiting; "" */
	const char *ended;  /* reason of terminated; "" */
	int64_t exit_code, signal;
	int64_t restarts;
	bool ready;
};

/* The status that is being worked out. */
struct pod_status {
	struct kubernetes_draft *draft;
	const json_t *spec, *status;
	char
	    text[KUBERNETES_TEXT_REASON + 64]; /* may end in half a character */
	const char *reason;  /* of the container that decides; "" */
	const char *message; /* of the same; NULL */
	int64_t ready, restarts, last_restart_ms;
	int64_t sidecar_restarts, sidecar_restart_ms;
};

static const json_t *
state_object(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return json_is_object(value) ? value : NULL;
}

static const char *
state_text(const json_t *object, const char *member)
{
	const char *text = kubernetes__json_text(object, member);

	return text == NULL ? "" : text;
}

static int64_t
state_number(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return json_is_integer(value) ? json_integer_value(value)
				      : KUBERNETES_NONE;
}

static void
state_read(const json_t *container, struct pod_state *out)
{
	const json_t *state = json_object_get(container, "state");

	out->waiting = state_object(state, "waiting");
	out->running = state_object(state, "running");
	out->terminated = state_object(state, "terminated");
	out->last =
	    state_object(json_object_get(container, "lastState"), "terminated");
	out->waits = state_text(out->waiting, "reason");
	out->ended = state_text(out->terminated, "reason");
	out->exit_code = state_number(out->terminated, "exitCode");
	out->signal = state_number(out->terminated, "signal");
	out->restarts = kubernetes__json_count(container, "restartCount", 0);
	if (out->restarts == KUBERNETES_NONE)
		out->restarts = 0;
	out->ready = kubernetes__json_is(container, "ready");
}

static int64_t
state_exit(const struct pod_state *state)
{
	return state->exit_code == KUBERNETES_NONE ? 0 : state->exit_code;
}

static int64_t
state_signal(const struct pod_state *state)
{
	return state->signal == KUBERNETES_NONE ? 0 : state->signal;
}

static void
pod_set(struct pod_status *p, const char *prefix, const char *text)
{
	snprintf(p->text, sizeof(p->text), "%s%.*s", prefix,
	    KUBERNETES_TEXT_REASON + 32, text);
}

static void
pod_set_number(
    struct pod_status *p, const char *prefix, const char *what, int64_t number)
{
	snprintf(p->text, sizeof(p->text), "%s%s:%lld", prefix, what,
	    (long long)number);
}

/* The container that the status is taken from. */
static void
pod_blame(struct pod_status *p, const struct pod_state *state)
{
	const json_t *of =
	    state->waiting != NULL ? state->waiting : state->terminated;

	p->reason = state->waiting != NULL ? state->waits : state->ended;
	p->message = kubernetes__json_text(of, "message");
}

static void
pod_set_ended(
    struct pod_status *p, const char *prefix, const struct pod_state *state)
{
	if (state->ended[0] != '\0')
		pod_set(p, prefix, state->ended);
	else if (state_signal(state) != 0)
		pod_set_number(p, prefix, "Signal", state->signal);
	else
		pod_set_number(p, prefix, "ExitCode", state_exit(state));
	pod_blame(p, state);
}

static void
pod_restarted(int64_t *latest, const struct pod_state *state)
{
	int64_t ms = kubernetes__json_time(state->last, "finishedAt");

	if (ms > *latest)
		*latest = ms;
}

static bool
pod_is_sidecar(const json_t *container)
{
	return strcmp(state_text(container, "restartPolicy"), "Always") == 0;
}

/* Whether the init container of that name is one that goes on running. */
static bool
pod_names_sidecar(const struct pod_status *p, const char *name)
{
	const json_t *list = json_object_get(p->spec, "initContainers");
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *container = json_array_get(list, i);

		if (strcmp(state_text(container, "name"), name) == 0)
			return pod_is_sidecar(container);
	}
	return false;
}

/* False when this one is what the pod waits for. */
static bool
pod_init_done(
    struct pod_status *p, const json_t *container, const struct pod_state *s)
{
	if (s->terminated != NULL && state_exit(s) == 0)
		return true;
	if (!pod_names_sidecar(p, state_text(container, "name")) ||
	    !kubernetes__json_is(container, "started"))
		return false;
	p->ready += s->ready;
	return true;
}

/* True while the pod is initialising. */
static bool
pod_initializing(struct pod_status *p)
{
	const json_t *list =
	    json_object_get(p->status, "initContainerStatuses");
	struct pod_state s;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *container = json_array_get(list, i);

		state_read(container, &s);
		p->restarts = kubernetes__sum(p->restarts, s.restarts);
		pod_restarted(&p->last_restart_ms, &s);
		if (pod_names_sidecar(p, state_text(container, "name"))) {
			p->sidecar_restarts =
			    kubernetes__sum(p->sidecar_restarts, s.restarts);
			pod_restarted(&p->sidecar_restart_ms, &s);
		}
		if (pod_init_done(p, container, &s))
			continue;
		if (s.terminated != NULL) {
			pod_set_ended(p, "Init:", &s);
		} else if (s.waits[0] != '\0' &&
			   strcmp(s.waits, "PodInitializing") != 0) {
			pod_set(p, "Init:", s.waits);
			pod_blame(p, &s);
		} else {
			snprintf(p->text, sizeof(p->text), "Init:%zu/%zu", i,
			    json_array_size(
				json_object_get(p->spec, "initContainers")));
		}
		return true;
	}
	return false;
}

static bool
pod_condition_true(const json_t *status, const char *type)
{
	const json_t *condition = kubernetes__json_condition(status, type);

	return strcmp(state_text(condition, "status"), "True") == 0;
}

/* From the last to the first: the first one with a problem has the word. */
static void
pod_containers(struct pod_status *p)
{
	const json_t *list = json_object_get(p->status, "containerStatuses");
	bool running = false;
	struct pod_state s;
	size_t i;

	p->restarts = p->sidecar_restarts;
	p->last_restart_ms = p->sidecar_restart_ms;
	for (i = json_array_size(list); i-- > 0;) {
		state_read(json_array_get(list, i), &s);
		p->restarts = kubernetes__sum(p->restarts, s.restarts);
		pod_restarted(&p->last_restart_ms, &s);
		if (s.waits[0] != '\0') {
			pod_set(p, "", s.waits);
			pod_blame(p, &s);
		} else if (s.terminated != NULL) {
			pod_set_ended(p, "", &s);
		} else if (s.ready && s.running != NULL) {
			running = true;
			p->ready++;
		}
	}
	if (strcmp(p->text, "Completed") == 0 && running)
		pod_set(p, "",
		    pod_condition_true(p->status, "Ready") ? "Running"
							   : "NotReady");
}

static bool
pod_finished(const json_t *status)
{
	const char *phase = state_text(status, "phase");

	return strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
}

static void
pod_set_deleting(struct pod_status *p)
{
	if (strcmp(state_text(p->status, "reason"), "NodeLost") == 0)
		pod_set(p, "", "Unknown");
	else if (!pod_finished(p->status))
		pod_set(p, "", "Terminating");
}

static void
pod_work_out(struct pod_status *p, bool deleting)
{
	const json_t *scheduled =
	    kubernetes__json_condition(p->status, "PodScheduled");
	const char *reason = state_text(p->status, "reason");

	pod_set(
	    p, "", reason[0] != '\0' ? reason : state_text(p->status, "phase"));
	if (strcmp(state_text(scheduled, "reason"), "SchedulingGated") == 0)
		pod_set(p, "", "SchedulingGated");
	if (!pod_initializing(p) ||
	    pod_condition_true(p->status, "Initialized"))
		pod_containers(p);
	if (deleting)
		pod_set_deleting(p);
	if (p->text[0] == '\0')
		pod_set(p, "", "Unknown");
}

static bool
pod_false(const json_t *condition)
{
	return strcmp(state_text(condition, "status"), "False") == 0;
}

/*
 * Why: what the pod says of itself (Evicted), why no node takes it, what the
 * container says that decides the status, why it is not ready. Nothing of a
 * pod that runs well or has done its work.
 */
static void
pod_explain(struct pod_status *p, struct kubernetes_pod *pod)
{
	const char *reason = state_text(p->status, "reason");
	const char *message = kubernetes__json_text(p->status, "message");
	const json_t *why =
	    kubernetes__json_condition(p->status, "PodScheduled");

	if (reason[0] == '\0' && pod_false(why)) {
		reason = state_text(why, "reason");
		message = kubernetes__json_text(why, "message");
	}
	if (reason[0] == '\0' && p->reason[0] != '\0' &&
	    strcmp(p->reason, "Completed") != 0) {
		reason = p->reason;
		message = p->message;
	}
	why = kubernetes__json_condition(p->status, "Ready");
	if (reason[0] == '\0' && pod_false(why) && !pod_finished(p->status)) {
		reason = state_text(why, "reason");
		message = kubernetes__json_text(why, "message");
	}
	pod->reason =
	    kubernetes__draft_text(p->draft, reason, KUBERNETES_TEXT_REASON);
	pod->message = kubernetes__draft_message(p->draft, message);
}

static void
container_end(
    struct pod_status *p, const json_t *terminated, struct kubernetes_end *out)
{
	out->exit_code = state_number(terminated, "exitCode");
	out->signal = state_number(terminated, "signal");
	if (out->signal == 0)
		out->signal = KUBERNETES_NONE;
	out->finished_ms = kubernetes__json_time(terminated, "finishedAt");
	out->reason = kubernetes__draft_text(p->draft,
	    kubernetes__json_text(terminated, "reason"),
	    KUBERNETES_TEXT_REASON);
	/* ended, though it does not say how */
	if (terminated != NULL && out->exit_code == KUBERNETES_NONE)
		out->exit_code = 0;
}

/* Waiting is what a state without a member means. */
static enum kubernetes_state
container_state(const struct pod_state *s)
{
	if (s->running != NULL)
		return KUBERNETES_RUNNING;
	return s->terminated != NULL ? KUBERNETES_TERMINATED
				     : KUBERNETES_WAITING;
}

static void
container_add(
    struct pod_status *p, const json_t *container, const struct pod_state *s)
{
	struct kubernetes_record *head = &p->draft->head;
	const json_t *of = s->waiting != NULL ? s->waiting : s->terminated;
	const char *name = kubernetes__json_text(container, "name");
	struct kubernetes_container *out;

	if (!kubernetes__name_good(name, KUBERNETES_TEXT_NAME) ||
	    head->container_count >= KUBERNETES_CONTAINERS_MAX)
		return;
	out = &p->draft->containers[head->container_count++];
	out->name =
	    kubernetes__draft_text(p->draft, name, KUBERNETES_TEXT_NAME);
	out->state = container_state(s);
	out->reason = kubernetes__draft_text(p->draft,
	    s->waits[0] != '\0' ? s->waits : s->ended, KUBERNETES_TEXT_REASON);
	out->message = kubernetes__draft_message(
	    p->draft, kubernetes__json_text(of, "message"));
	out->ready = s->ready;
	out->restarts = s->restarts;
	container_end(p, s->terminated, &out->now);
	container_end(p, s->last, &out->last);
}

static bool
container_starts(const struct pod_state *s)
{
	return s->waits[0] == '\0' ||
	       strcmp(s->waits, "ContainerCreating") == 0 ||
	       strcmp(s->waits, "PodInitializing") == 0;
}

/*
 * Whether somebody who looks for what is wrong wants to see this container.
 * Does not depend on the time, or a pod would change without anything having
 * happened: a container that is about to start is well, however long that
 * takes (its pod is not ready then, and its reason stands there).
 */
static bool
container_ill(const struct pod_state *s, bool init, bool deleting)
{
	if (s->waiting != NULL && !container_starts(s))
		return true;
	if (deleting) /* to be ended is no illness */
		return false;
	if (s->terminated != NULL &&
	    (state_exit(s) != 0 || state_signal(s) != 0))
		return true;
	if (s->running != NULL && !s->ready && !init)
		return true;
	return strcmp(state_text(s->last, "reason"), "OOMKilled") == 0;
}

static bool
pod_list_ill(const json_t *list, bool init, bool deleting)
{
	struct pod_state s;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		state_read(json_array_get(list, i), &s);
		if (container_ill(&s, init, deleting))
			return true;
	}
	return false;
}

static int
container_compare(const void *a, const void *b, void *text)
{
	const struct kubernetes_container *x = a, *y = b;
	const char *base = text;

	return strcmp(base + x->name, base + y->name);
}

/* All of an unhealthy pod but init containers that have done their work. */
static void
pod_list_containers(struct pod_status *p, bool deleting)
{
	struct kubernetes_draft *draft = p->draft;
	const json_t *init =
	    json_object_get(p->status, "initContainerStatuses");
	const json_t *list = json_object_get(p->status, "containerStatuses");
	struct pod_state s;
	size_t i;

	if (!pod_list_ill(init, true, deleting) &&
	    !pod_list_ill(list, false, deleting))
		return;
	for (i = 0; i < json_array_size(init); i++) {
		state_read(json_array_get(init, i), &s);
		if (s.terminated == NULL || state_exit(&s) != 0)
			container_add(p, json_array_get(init, i), &s);
	}
	for (i = 0; i < json_array_size(list); i++) {
		state_read(json_array_get(list, i), &s);
		container_add(p, json_array_get(list, i), &s);
	}
	if (!sst_buf_failed(&draft->text))
		qsort_r(draft->containers, draft->head.container_count,
		    sizeof(draft->containers[0]), container_compare,
		    draft->text.data);
}

static int64_t
pod_total(const json_t *spec)
{
	const json_t *init = json_object_get(spec, "initContainers");
	int64_t total =
	    (int64_t)json_array_size(json_object_get(spec, "containers"));
	size_t i;

	for (i = 0; i < json_array_size(init); i++)
		total += pod_is_sidecar(json_array_get(init, i));
	return total;
}

static int64_t
pod_ready(const json_t *status)
{
	const char *text =
	    state_text(kubernetes__json_condition(status, "Ready"), "status");

	if (strcmp(text, "True") == 0)
		return 1;
	return strcmp(text, "False") == 0 ? 0 : KUBERNETES_NONE;
}

static void
pod_texts(struct pod_status *p, const json_t *meta, struct kubernetes_pod *pod)
{
	const json_t *labels = json_object_get(meta, "labels");

	pod->status =
	    kubernetes__draft_text(p->draft, p->text, KUBERNETES_TEXT_REASON);
	pod->phase = kubernetes__draft_text(p->draft,
	    kubernetes__json_text(p->status, "phase"), KUBERNETES_TEXT_REASON);
	pod->node = kubernetes__draft_text(p->draft,
	    kubernetes__json_text(p->spec, "nodeName"), KUBERNETES_TEXT_NAME);
	pod->hash = kubernetes__draft_text(p->draft,
	    kubernetes__json_text(labels, "pod-template-hash"),
	    KUBERNETES_TEXT_NAME);
	pod_explain(p, pod);
}

/* A pod that a node has by itself is shown under its own name. */
static void
pod_own_mirror(struct kubernetes_draft *draft, const json_t *meta)
{
	const json_t *notes = json_object_get(meta, "annotations");
	struct kubernetes_record *head = &draft->head;
	const char *kind = draft->text.data + head->owner_kind;

	if (sst_buf_failed(&draft->text) ||
	    (json_object_get(notes, "kubernetes.io/config.mirror") == NULL &&
		strcmp(kind, "Node") != 0))
		return;
	head->owner_kind = head->owner_name = 0;
	head->owner_uid = head->owner_group = 0;
}

void
kubernetes__parse_pod(struct kubernetes_draft *draft, const json_t *tree)
{
	const json_t *meta = json_object_get(tree, "metadata");
	struct kubernetes_pod *pod = &draft->head.pod;
	struct pod_status p = {
	    .draft = draft,
	    .spec = json_object_get(tree, "spec"),
	    .status = json_object_get(tree, "status"),
	    .reason = "",
	    .last_restart_ms = KUBERNETES_NONE,
	    .sidecar_restart_ms = KUBERNETES_NONE,
	};

	pod->deleting =
	    kubernetes__json_text(meta, "deletionTimestamp") != NULL;
	pod->finished = pod_finished(p.status);
	pod_work_out(&p, pod->deleting);
	pod->ready = pod_ready(p.status);
	pod->ready_containers = p.ready;
	pod->total_containers = pod_total(p.spec);
	pod->restarts = p.restarts;
	pod->last_restart_ms = p.last_restart_ms;
	pod->started_ms = kubernetes__json_time(p.status, "startTime");
	pod_own_mirror(draft, meta);
	pod_texts(&p, meta, pod);
	pod_list_containers(&p, pod->deleting);
	kubernetes__parse_limits(draft, p.spec, p.status, &pod->limits);
}
