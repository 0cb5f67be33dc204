/*
 * Usage of pods, polled: metrics.k8s.io has no watch, and no pages. Rows are
 * kept until the answer is whole, then put into the store in one step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/kube/cutter.h"
#include "repository/workload/kubernetes_parse.h"
#include "repository/workload/kubernetes_priv.h"

enum {
	METER_ANSWER_MS = 10000,
	METER_IDLE_MS = 10000,
	METER_WHOLE_MS = 30000,
	METER_ROW_BYTES = 1024 * 1024,
	METER_REFUSAL_BYTES = 64 * 1024,
	/* Polls in a row that may fail before what is shown is too old. */
	METER_FAILURES = 3
};

struct meter_row {
	int64_t cpu_nano, memory_bytes, at_ms;
	size_t namespace, name; /* in text */
};

/* One poll. */
struct meter_poll {
	struct meter_row *rows;
	size_t count, cap;
	struct sst_buf text;
	struct sst_kube_cutter *cutter;
	int code; /* of the cutter, with err */
	struct sst_error err;
};

static int
meter_on_usage(
    const struct kubernetes_usage *usage, void *ctx, struct sst_error *err)
{
	struct meter_poll *poll = ctx;
	struct meter_row *more;
	size_t cap;

	if (poll->count == poll->cap) {
		cap = poll->cap == 0 ? 256 : poll->cap * 2;
		more = realloc(poll->rows, cap * sizeof(*more));
		if (more == NULL)
			return sst_error_nomem(err);
		poll->rows = more;
		poll->cap = cap;
	}
	more = &poll->rows[poll->count];
	more->cpu_nano = usage->cpu_nano;
	more->memory_bytes = usage->memory_bytes;
	more->at_ms = usage->at_ms;
	more->namespace = poll->text.len;
	sst_buf_add(
	    &poll->text, usage->namespace, strlen(usage->namespace) + 1);
	more->name = poll->text.len;
	sst_buf_add(&poll->text, usage->name, strlen(usage->name) + 1);
	if (sst_buf_failed(&poll->text))
		return sst_error_nomem(err);
	poll->count++;
	return SST_OK;
}

/* A row that is not understood leaves its pod without usage, nothing else. */
static int
meter_on_object(const char *json, size_t len, void *ctx, struct sst_error *err)
{
	int code = kubernetes__parse_usage(json, len, meter_on_usage, ctx, err);

	return code == SST_NOMEM ? code : SST_OK;
}

static bool
meter_on_piece(const char *bytes, size_t len, void *ctx)
{
	struct meter_poll *poll = ctx;

	poll->code = sst_kube_cutter_feed(poll->cutter, bytes, len, &poll->err);
	return poll->code == SST_OK;
}

static void
meter_path(const char *namespace, char out[static 400])
{
	/* names of namespaces need no escape: their option checks them */
	if (namespace == NULL)
		snprintf(out, 400, "/apis/metrics.k8s.io/v1beta1/pods");
	else
		snprintf(out, 400,
		    "/apis/metrics.k8s.io/v1beta1/namespaces/%s/pods",
		    namespace);
}

static int
meter_ask(struct kubernetes *k, const struct kubernetes_gauge *gauge,
    struct meter_poll *poll, struct sst_error *err)
{
	struct sst_mono now = sst_clock_mono(k->cluster.clock);
	struct sst_httpc_response answer = {0};
	char path[400];
	struct sst_kube_request request = {
	    .path = path,
	    .max_bytes = METER_REFUSAL_BYTES,
	    .deadline = sst_mono_add_ms(now, METER_ANSWER_MS),
	    .compressed = true,
	    .idle_ms = METER_IDLE_MS,
	    .until = sst_mono_add_ms(now, METER_WHOLE_MS),
	    .piece = meter_on_piece,
	    .ctx = poll,
	};
	int code;

	meter_path(gauge->namespace, path);
	code = sst_kube_stream(k->meter.http, &request, &answer, err);
	if (poll->code != SST_OK) {
		*err = poll->err;
		code = poll->code;
		sst_error_prefix(err, "GET %s", path);
	} else if (code == SST_OK) {
		code = sst_kube_status(&answer, path, err);
	}
	if (code == SST_OK) {
		code = sst_kube_cutter_end(poll->cutter, err);
		if (code != SST_OK)
			sst_error_prefix(err, "GET %s", path);
	}
	sst_httpc_response_fini(&answer);
	return code;
}

/* With the lock held. */
static void
meter_show(
    struct kubernetes *k, const char *namespace, const struct meter_poll *poll)
{
	struct kubernetes_usage usage;
	size_t i;

	kubernetes__store_usage_begin(&k->store);
	for (i = 0; i < poll->count; i++) {
		usage.namespace = poll->text.data + poll->rows[i].namespace;
		usage.name = poll->text.data + poll->rows[i].name;
		usage.cpu_nano = poll->rows[i].cpu_nano;
		usage.memory_bytes = poll->rows[i].memory_bytes;
		usage.at_ms = poll->rows[i].at_ms;
		kubernetes__store_usage(&k->store, &usage);
	}
	kubernetes__store_usage_end(&k->store, namespace);
}

static bool
meter_error_same(const struct sst_error *a, const struct sst_error *b)
{
	return a->code == b->code && strcmp(a->text, b->text) == 0;
}

/* What was polled, or that it could not be. True when it is news. */
static bool
meter_take(struct kubernetes *k, struct kubernetes_gauge *gauge,
    struct meter_poll *poll, const struct sst_error *err)
{
	bool other;

	sst_lock_acquire(&k->cluster.lock);
	other = !gauge->polled || !meter_error_same(&gauge->error, err);
	gauge->polled = true;
	gauge->error = *err;
	gauge->failures = err->code == SST_OK ? 0 : gauge->failures + 1;
	if (err->code != SST_OK)
		poll->count = 0; /* half of it is none of it */
	if (err->code == SST_OK || sst_kube_refused(err) ||
	    gauge->failures >= METER_FAILURES)
		meter_show(k, gauge->namespace, poll);
	other |= k->store.changed;
	sst_lock_release(&k->cluster.lock);
	return other;
}

static void
meter_poll(struct kubernetes *k, struct kubernetes_gauge *gauge)
{
	struct meter_poll poll = {.text = SST_BUF_INIT};
	const struct sst_kube_cutter_settings settings = {
	    .form = SST_KUBE_CUT_LIST,
	    .max_bytes = METER_ROW_BYTES,
	    .object = meter_on_object,
	    .ctx = &poll,
	};
	struct sst_error err;
	int code;

	sst_error_clear(&err);
	code = sst_kube_cutter_new(&settings, &poll.cutter, &err);
	if (code == SST_OK)
		code = meter_ask(k, gauge, &poll, &err);
	if (code == SST_OK)
		sst_error_clear(&err);
	if (code != SST_CANCELED && meter_take(k, gauge, &poll, &err))
		sst_kube_cluster_wake(&k->cluster);
	sst_kube_cutter_free(&poll.cutter);
	sst_buf_fini(&poll.text);
	free(poll.rows);
}

/* False: stopping. */
static bool
meter_wait(struct kubernetes *k, struct sst_mono due)
{
	struct kubernetes_meter *m = &k->meter;
	bool on;

	sst_lock_acquire(&k->cluster.lock);
	while (!m->stopping &&
	       (!m->wanted ||
		   sst_mono_before(sst_clock_mono(k->cluster.clock), due)))
		sst_lock_wait(&k->cluster.lock, &m->wake, k->cluster.clock,
		    m->wanted ? due : SST_MONO_NEVER);
	on = !m->stopping;
	sst_lock_release(&k->cluster.lock);
	return on;
}

static bool
meter_on(struct kubernetes *k)
{
	bool on;

	sst_lock_acquire(&k->cluster.lock);
	on = !k->meter.stopping;
	sst_lock_release(&k->cluster.lock);
	return on;
}

static void *
meter_main(void *ctx)
{
	struct kubernetes *k = ctx;
	struct sst_mono due = sst_clock_mono(k->cluster.clock);
	size_t i, count = k->store.namespace_count;

	while (meter_wait(k, due)) {
		due = sst_mono_add_ms(sst_clock_mono(k->cluster.clock),
		    k->settings.metrics_interval);
		for (i = 0; i < count && meter_on(k); i++)
			meter_poll(k, &k->meter.gauges[i]);
	}
	return NULL;
}

int
kubernetes__meter_init(struct kubernetes *k, struct sst_error *err)
{
	size_t i;

	pthread_cond_init(&k->meter.wake, NULL);
	k->meter.made = true;
	for (i = 0; i < k->cluster.namespace_count; i++)
		k->meter.gauges[i].namespace =
		    sst_kube_cluster_namespace(&k->cluster, i);
	return sst_kube_http_new(k->cluster.access, &k->meter.http, err);
}

void
kubernetes__meter_fini(struct kubernetes *k)
{
	sst_kube_http_free(&k->meter.http);
	if (k->meter.made)
		pthread_cond_destroy(&k->meter.wake);
	k->meter.made = false;
}

int
kubernetes__meter_start(struct kubernetes *k, struct sst_error *err)
{
	struct kubernetes_meter *m = &k->meter;
	int rc;

	if (!k->settings.metrics)
		return SST_OK;
	rc = pthread_create(&m->thread, NULL, meter_main, k);
	if (rc != 0)
		return sst_error_set(
		    err, SST_INTERNAL, "thread for metrics: error %d", rc);
	m->started = true;
	pthread_setname_np(m->thread, "kube-metrics");
	return SST_OK;
}

void
kubernetes__meter_want(struct kubernetes *k)
{
	k->meter.wanted = true;
	pthread_cond_signal(&k->meter.wake);
}

void
kubernetes__meter_ask_stop(struct kubernetes *k)
{
	if (!k->meter.started)
		return;
	sst_lock_acquire(&k->cluster.lock);
	k->meter.stopping = true;
	pthread_cond_broadcast(&k->meter.wake);
	sst_lock_release(&k->cluster.lock);
	sst_kube_http_interrupt(k->meter.http);
}

void
kubernetes__meter_join(struct kubernetes *k)
{
	if (!k->meter.started)
		return;
	pthread_join(k->meter.thread, NULL);
	k->meter.started = false;
	k->meter.stopping = false;
	sst_kube_http_resume(k->meter.http);
}
