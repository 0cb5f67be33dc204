/*
 * What makes pods. The state of a roll-out is what `kubectl rollout status`
 * says of it; counts that the API leaves out when they are 0 are 0 once the
 * controller has looked at the object at all.
 */
#include "repository/workload/kubernetes_parse.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One object while it is read. */
struct control {
	struct kubernetes_draft *draft;
	struct kubernetes_control *out;
	const json_t *meta, *spec, *status;
	int64_t unseen; /* what a count that is not told means */
};

static const char *
control_text(const json_t *object, const char *member)
{
	const char *text = kubernetes__json_text(object, member);

	return text == NULL ? "" : text;
}

static int64_t
control_count(const struct control *c, const char *member)
{
	return kubernetes__json_count(c->status, member, c->unseen);
}

static bool
control_known(int64_t a, int64_t b)
{
	return a != KUBERNETES_NONE && b != KUBERNETES_NONE;
}

static void control_say(struct control *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* In kubectl's words. */
static void
control_say(struct control *c, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->out->rollout = KUBERNETES_ROLLOUT_PROGRESSING;
	c->out->rollout_message =
	    kubernetes__draft_text(c->draft, text, sizeof(text));
}

static void
control_reason(struct control *c, const char *reason)
{
	c->out->rollout_reason =
	    kubernetes__draft_text(c->draft, reason, KUBERNETES_TEXT_REASON);
}

/* Takes reason, message and time of a condition. */
static void
control_cite(struct control *c, const json_t *condition)
{
	control_reason(c, control_text(condition, "reason"));
	c->out->rollout_message = kubernetes__draft_message(
	    c->draft, kubernetes__json_text(condition, "message"));
	c->out->changed_ms =
	    kubernetes__json_time(condition, "lastTransitionTime");
}

static bool
control_is_true(const json_t *condition)
{
	return strcmp(control_text(condition, "status"), "True") == 0;
}

/* True when the controller has not seen the newest spec yet. */
static bool
control_unobserved(struct control *c)
{
	int64_t made = kubernetes__json_count(c->meta, "generation", 0);
	int64_t seen =
	    kubernetes__json_count(c->status, "observedGeneration", 0);

	if (made <= seen)
		return false;
	control_say(c, "waiting for the spec update to be observed");
	return true;
}

static void
deployment_progress(struct control *c)
{
	const struct kubernetes_control *o = c->out;

	if (!control_known(o->desired, o->updated) ||
	    !control_known(o->pods, o->available))
		c->out->rollout = KUBERNETES_ROLLOUT_UNKNOWN;
	else if (o->updated < o->desired)
		control_say(c,
		    "%" PRId64 " out of %" PRId64
		    " new replicas have been updated",
		    o->updated, o->desired);
	else if (o->pods > o->updated)
		control_say(c,
		    "%" PRId64 " old replicas are pending termination",
		    o->pods - o->updated);
	else if (o->available < o->updated)
		control_say(c,
		    "%" PRId64 " of %" PRId64 " updated replicas are available",
		    o->available, o->updated);
	else
		c->out->rollout = KUBERNETES_ROLLOUT_COMPLETE;
}

static void
deployment_reason(struct control *c, const json_t *progressing)
{
	const json_t *failure =
	    kubernetes__json_condition(c->status, "ReplicaFailure");
	const json_t *available =
	    kubernetes__json_condition(c->status, "Available");
	const char *reason = control_text(progressing, "reason");
	bool complete = c->out->rollout == KUBERNETES_ROLLOUT_COMPLETE;

	if (control_is_true(failure)) {
		/* quota, a webhook: why there are no pods */
		control_cite(c, failure);
		return;
	}
	if (complete) {
		c->out->changed_ms =
		    kubernetes__json_time(progressing, "lastUpdateTime");
	} else if (strcmp(reason, "NewReplicaSetAvailable") == 0) {
		/* it was complete once, and lost pods since */
		reason = control_text(available, "reason");
		c->out->changed_ms =
		    kubernetes__json_time(available, "lastTransitionTime");
	}
	control_reason(c, reason);
}

static void
deployment_rollout(struct control *c)
{
	const json_t *progressing =
	    kubernetes__json_condition(c->status, "Progressing");

	if (c->status == NULL) {
		c->out->rollout = KUBERNETES_ROLLOUT_UNKNOWN;
	} else if (!control_unobserved(c)) {
		deployment_progress(c);
		if (strcmp(control_text(progressing, "reason"),
			"ProgressDeadlineExceeded") == 0) {
			control_cite(c, progressing);
			c->out->rollout = KUBERNETES_ROLLOUT_STUCK;
			return;
		}
		deployment_reason(c, progressing);
	}
	if (kubernetes__json_is(c->spec, "paused"))
		c->out->rollout = KUBERNETES_ROLLOUT_PAUSED;
}

static void
control_revision(struct control *c, const char *text)
{
	c->out->revision =
	    kubernetes__draft_text(c->draft, text, KUBERNETES_TEXT_REVISION);
}

static void
control_deployment(struct control *c)
{
	struct kubernetes_control *o = c->out;

	o->desired = kubernetes__json_count(c->spec, "replicas", 1);
	o->max_pods = o->desired;
	o->pods = control_count(c, "replicas");
	o->ready = control_count(c, "readyReplicas");
	o->available = control_count(c, "availableReplicas");
	o->updated = control_count(c, "updatedReplicas");
	deployment_rollout(c);
}

static void
control_annotated_revision(struct control *c)
{
	control_revision(
	    c, kubernetes__json_text(json_object_get(c->meta, "annotations"),
		   "deployment.kubernetes.io/revision"));
}

static bool
control_rolls(const json_t *strategy)
{
	const char *type = control_text(strategy, "type");

	return type[0] == '\0' || strcmp(type, "RollingUpdate") == 0;
}

static void
statefulset_progress(struct control *c, const json_t *rolling)
{
	struct kubernetes_control *o = c->out;
	int64_t partition = kubernetes__json_count(rolling, "partition", 0);

	if (!control_known(o->desired, o->ready) ||
	    !control_known(o->updated, partition))
		o->rollout = KUBERNETES_ROLLOUT_UNKNOWN;
	else if (o->ready < o->desired)
		control_say(c, "waiting for %" PRId64 " pods to be ready",
		    o->desired - o->ready);
	else if (partition > 0 && o->updated < o->desired - partition)
		control_say(c,
		    "partitioned: %" PRId64 " out of %" PRId64
		    " new pods have been updated",
		    o->updated, o->desired - partition);
	else if (partition == 0 &&
		 strcmp(control_text(c->status, "updateRevision"),
		     control_text(c->status, "currentRevision")) != 0)
		control_say(c,
		    "%" PRId64 " of %" PRId64 " pods are at the new revision",
		    o->updated, o->desired);
	else
		o->rollout = KUBERNETES_ROLLOUT_COMPLETE;
}

/* NAME-HASH: the hash says it, and fits. */
static void
statefulset_revision(struct control *c)
{
	const char *text = control_text(c->status, "updateRevision");
	const char *name = control_text(c->meta, "name");
	size_t len = strlen(name);

	if (strncmp(text, name, len) == 0 && text[len] == '-')
		text += len + 1;
	control_revision(c, text);
}

static void
control_statefulset(struct control *c)
{
	const json_t *strategy = json_object_get(c->spec, "updateStrategy");
	struct kubernetes_control *o = c->out;

	o->desired = kubernetes__json_count(c->spec, "replicas", 1);
	o->max_pods = o->desired;
	o->pods = control_count(c, "replicas");
	o->ready = control_count(c, "readyReplicas");
	o->updated = control_count(c, "updatedReplicas");
	/* not told before 1.22 */
	o->available = kubernetes__json_count(
	    c->status, "availableReplicas", KUBERNETES_NONE);
	statefulset_revision(c);
	if (c->status == NULL) {
		o->rollout = KUBERNETES_ROLLOUT_UNKNOWN;
	} else if (!control_rolls(strategy)) {
		o->rollout = KUBERNETES_ROLLOUT_UNKNOWN;
		control_reason(c, control_text(strategy, "type"));
	} else if (!control_unobserved(c)) {
		statefulset_progress(
		    c, json_object_get(strategy, "rollingUpdate"));
	}
}

static void
daemonset_progress(struct control *c)
{
	struct kubernetes_control *o = c->out;

	if (!control_known(o->desired, o->updated) ||
	    o->available == KUBERNETES_NONE)
		o->rollout = KUBERNETES_ROLLOUT_UNKNOWN;
	else if (o->updated < o->desired)
		control_say(c,
		    "%" PRId64 " out of %" PRId64 " new pods have been updated",
		    o->updated, o->desired);
	else if (o->available < o->desired)
		control_say(c,
		    "%" PRId64 " of %" PRId64 " updated pods are available",
		    o->available, o->desired);
	else
		o->rollout = KUBERNETES_ROLLOUT_COMPLETE;
}

static void
control_daemonset(struct control *c)
{
	const json_t *strategy = json_object_get(c->spec, "updateStrategy");
	struct kubernetes_control *o = c->out;

	o->desired = control_count(c, "desiredNumberScheduled");
	o->max_pods = o->desired;
	o->pods = control_count(c, "currentNumberScheduled");
	o->ready = control_count(c, "numberReady");
	o->available = control_count(c, "numberAvailable");
	o->updated = control_count(c, "updatedNumberScheduled");
	if (c->status == NULL) {
		o->rollout = KUBERNETES_ROLLOUT_UNKNOWN;
	} else if (!control_rolls(strategy)) {
		o->rollout = KUBERNETES_ROLLOUT_UNKNOWN;
		control_reason(c, control_text(strategy, "type"));
	} else if (!control_unobserved(c)) {
		daemonset_progress(c);
	}
}

/* As many at once as asked for, but no more than are left to do. */
static int64_t
job_desired(const struct control *c)
{
	int64_t left =
	    kubernetes__json_count(c->spec, "completions", KUBERNETES_NONE);
	int64_t done = kubernetes__json_count(c->status, "succeeded", 0);

	if (c->out->rollout == KUBERNETES_ROLLOUT_COMPLETE ||
	    c->out->rollout == KUBERNETES_ROLLOUT_STUCK ||
	    c->out->rollout == KUBERNETES_ROLLOUT_PAUSED)
		return 0;
	if (!control_known(left, done))
		return c->out->max_pods;
	left = left > done ? left - done : 0;
	return left < c->out->max_pods ? left : c->out->max_pods;
}

/* A Job has no revisions; what its conditions say is the same question. */
static void
job_rollout(struct control *c)
{
	const json_t *failed = kubernetes__json_condition(c->status, "Failed");
	const json_t *complete =
	    kubernetes__json_condition(c->status, "Complete");

	c->out->rollout = KUBERNETES_ROLLOUT_PROGRESSING;
	if (control_is_true(failed)) {
		control_cite(c, failed);
		c->out->rollout = KUBERNETES_ROLLOUT_STUCK;
	} else if (control_is_true(complete)) {
		control_cite(c, complete);
		c->out->rollout = KUBERNETES_ROLLOUT_COMPLETE;
	} else if (kubernetes__json_is(c->spec, "suspend")) {
		control_reason(c, "Suspended");
		c->out->rollout = KUBERNETES_ROLLOUT_PAUSED;
	}
}

static void
control_job(struct control *c)
{
	struct kubernetes_control *o = c->out;

	o->max_pods = kubernetes__json_count(c->spec, "parallelism", 1);
	o->pods = control_count(c, "active");
	/* not told before 1.24 */
	o->ready = kubernetes__json_count(c->status, "ready", KUBERNETES_NONE);
	job_rollout(c);
	o->desired = job_desired(c);
}

/* Runs may overlap without a bound unless it is told that they must not. */
static void
control_cronjob(struct control *c)
{
	const json_t *job =
	    json_object_get(json_object_get(c->spec, "jobTemplate"), "spec");
	const char *policy = control_text(c->spec, "concurrencyPolicy");

	if (strcmp(policy, "Forbid") == 0 || strcmp(policy, "Replace") == 0)
		c->out->max_pods =
		    kubernetes__json_count(job, "parallelism", 1);
	if (!kubernetes__json_is(c->spec, "suspend"))
		return;
	c->out->rollout = KUBERNETES_ROLLOUT_PAUSED;
	control_reason(c, "Suspended");
}

static int
images_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t
images_collect(const json_t *containers, const char **out, size_t count)
{
	const char *image;
	size_t i;

	for (i = 0; i < json_array_size(containers) &&
		    count < KUBERNETES_CONTAINERS_MAX;
	     i++) {
		image = kubernetes__json_text(
		    json_array_get(containers, i), "image");
		if (kubernetes__name_good(image, KUBERNETES_TEXT_IMAGE))
			out[count++] = image;
	}
	return count;
}

/* Of the containers that run, not of those that only prepare. */
static void
control_images(struct control *c, const json_t *pod_spec)
{
	const char *images[KUBERNETES_CONTAINERS_MAX];
	struct kubernetes_list *out = &c->out->images;
	size_t count, i;
	uint32_t at;

	count =
	    images_collect(json_object_get(pod_spec, "containers"), images, 0);
	qsort(images, count, sizeof(images[0]), images_compare);
	for (i = 0; i < count; i++) {
		if (i > 0 && strcmp(images[i], images[i - 1]) == 0)
			continue;
		at = kubernetes__draft_text(
		    c->draft, images[i], KUBERNETES_TEXT_IMAGE);
		if (out->count++ == 0)
			out->at = at;
	}
}

static const json_t *
control_pod_spec(const struct control *c)
{
	const json_t *spec = c->spec;

	if (c->draft->head.resource == KUBERNETES_CRONJOBS)
		spec = json_object_get(
		    json_object_get(spec, "jobTemplate"), "spec");
	return json_object_get(json_object_get(spec, "template"), "spec");
}

static void
control_kind(struct control *c)
{
	switch (c->draft->head.resource) {
	case KUBERNETES_DEPLOYMENTS:
		control_annotated_revision(c);
		control_deployment(c);
		break;
	case KUBERNETES_REPLICASETS:
		control_annotated_revision(c);
		break;
	case KUBERNETES_STATEFULSETS:
		control_statefulset(c);
		break;
	case KUBERNETES_DAEMONSETS:
		control_daemonset(c);
		break;
	case KUBERNETES_JOBS:
		control_job(c);
		break;
	case KUBERNETES_CRONJOBS:
		control_cronjob(c);
		break;
	default:
		break;
	}
}

void
kubernetes__parse_control(struct kubernetes_draft *draft, const json_t *tree)
{
	struct kubernetes_control *out = &draft->head.control;
	struct control c = {
	    .draft = draft,
	    .out = out,
	    .meta = json_object_get(tree, "metadata"),
	    .spec = json_object_get(tree, "spec"),
	    .status = json_object_get(tree, "status"),
	    .unseen = 0,
	};

	if (!json_is_object(c.status)) {
		c.status = NULL;
		c.unseen = KUBERNETES_NONE;
	}
	out->max_pods = out->desired = KUBERNETES_NONE;
	out->pods = out->ready = KUBERNETES_NONE;
	out->available = out->updated = KUBERNETES_NONE;
	out->changed_ms = KUBERNETES_NONE;
	out->limits.cpu_nano = out->limits.memory_bytes = KUBERNETES_NONE;
	control_kind(&c);
	if (draft->head.resource == KUBERNETES_REPLICASETS)
		return;
	control_images(&c, control_pod_spec(&c));
	kubernetes__parse_limits(
	    draft, control_pod_spec(&c), NULL, &out->limits);
}
