/*
 * The loop, and what is seen of it.
 *
 *	STARTING --list--> RESUMING --watch open--> WATCHING
 *	WATCHING --watch ends--> RESUMING
 *	any --an attempt fails--> FAILING --list whole, or watch open--> ...
 *
 * After a list:
 *	whole		watch from its resourceVersion
 *	410		list, after a back-off; the third in a row fails
 *	403, 404, 405	list, after 30 to 60 s
 *	other		list, after a back-off
 *
 * After a watch:
 *	in order	(or closed, or over its time) watch from the last
 *			event, at once; a list when the last is hours old
 *	410		(in status or event, or a position that is ahead of
 *			the server's) list, after a back-off
 *	short		(at once, without a word) watch, after a back-off;
 *			each fourth in a row: list
 *	no answer	(or 401, 429, 503) watch, after a back-off: they say
 *			nothing about the position
 *	403, 404, 405	list, after 30 to 60 s: who may only list sees
 *			changes this way
 *	other		watch, after a back-off; each third in a row: list
 *
 * Retry-After makes any of these longer, never shorter. A failed list or watch
 * takes nothing away from what the sink knows.
 */
#include "repository/kube/reflector.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repository/kube/reflector_priv.h"

enum {
	REFLECTOR_PAGE_SIZE = 500,
	/* An object of etcd has 1.5 MB at most, by default. */
	REFLECTOR_OBJECT_BYTES = 4 * 1024 * 1024,
	/* So many of the same in a row are no accident. */
	REFLECTOR_EXPIRED_FAILS = 3,
	REFLECTOR_SHORT_FAILS = 2,
	REFLECTOR_SHORT_LISTS = 4,
	REFLECTOR_TROUBLED_LISTS = 3
};

/* What comes next. */
struct reflector_plan {
	bool list;
	int64_t delay_ms;
};

bool
reflector__stopping(const struct sst_kube_reflector *r)
{
	return atomic_load(&r->stopping);
}

void
reflector__heard(struct sst_kube_reflector *r)
{
	struct sst_mono now = sst_clock_mono(r->clock);

	sst_lock_acquire(&r->lock);
	r->view.heard = now;
	sst_lock_release(&r->lock);
}

void
reflector__show(struct sst_kube_reflector *r,
    enum sst_kube_reflector_state state, const struct sst_error *err)
{
	struct sst_error none;
	bool other;

	sst_error_clear(&none);
	if (err == NULL)
		err = &none;
	sst_lock_acquire(&r->lock);
	other = r->view.state != state || r->view.error.code != err->code ||
		strcmp(r->view.error.text, err->text) != 0;
	r->view.state = state;
	r->view.error = *err;
	sst_lock_release(&r->lock);
	if (other)
		r->sink.changed(r->sink.ctx);
}

void
reflector__set_version(struct sst_kube_reflector *r, const char *version)
{
	size_t len = strlen(version);

	memcpy(r->version, version, len + 1);
	sst_lock_acquire(&r->lock);
	memcpy(r->view.resource_version, version, len + 1);
	sst_lock_release(&r->lock);
}

void
reflector__reject(struct sst_kube_reflector *r, const struct sst_error *err)
{
	bool first;

	sst_lock_acquire(&r->lock);
	first = r->view.rejected++ == 0;
	if (first)
		r->view.first_reject = *err;
	sst_lock_release(&r->lock);
	if (first)
		r->sink.changed(r->sink.ctx);
}

void
reflector__deliver(struct sst_kube_reflector *r, enum sst_kube_event event,
    const char *json, size_t len)
{
	struct sst_error err;

	sst_error_clear(&err);
	if (r->sink.object(event, json, len, r->sink.ctx, &err) < 0)
		reflector__reject(r, &err);
}

/* Messages hold positions, but for those about who may do what. */
static bool
reflector_message_steady(int status, const char *message)
{
	return status == 401 || status == 403 || status == 404 ||
	       message[strcspn(message, "0123456789")] == '\0';
}

void
reflector__refused(
    struct sst_kube_reflector *r, const struct sst_httpc_response *response)
{
	struct reflector_outcome *o = &r->run.outcome;
	struct reflector_trouble trouble;
	struct sst_error plain;

	reflector__heard(r);
	reflector__parse_trouble(response->body, response->len, &trouble);
	o->end = REFLECTOR_FAILED;
	o->status = (int)response->status;
	o->retry_after_ms = response->retry_after_ms > trouble.retry_after_ms
				? response->retry_after_ms
				: trouble.retry_after_ms;
	sst_kube_status(response, r->path, &o->err);
	sst_httpc_status(response, r->path, &plain);
	if (strlen(o->err.text) > strlen(plain.text) &&
	    !reflector_message_steady(
		o->status, o->err.text + strlen(plain.text)))
		memcpy(o->err.text, plain.text, sizeof(plain.text));
	if (o->err.code == SST_GONE)
		o->end = REFLECTOR_EXPIRED;
	else if (trouble.too_new)
		o->end = REFLECTOR_BACKWARD;
}

/* People have to do something before it can be otherwise. */
static bool
reflector_is_slow(const struct reflector_outcome *o)
{
	return o->status == 403 || o->status == 404 || o->status == 405;
}

static int64_t
reflector_delay(struct sst_kube_reflector *r)
{
	const struct reflector_outcome *o = &r->run.outcome;
	int64_t ms;

	if (reflector_is_slow(o))
		ms = reflector__backoff_slow(&r->backoff);
	else
		ms = reflector__backoff_next(
		    &r->backoff, sst_clock_mono(r->clock));
	return ms > o->retry_after_ms ? ms : o->retry_after_ms;
}

static void
reflector_show_failed(struct sst_kube_reflector *r, bool watch)
{
	r->watch_failed = watch;
	reflector__show(r, SST_KUBE_FAILING, &r->run.outcome.err);
}

static void
reflector_set_failed(
    struct sst_kube_reflector *r, int code, const char *what, bool watch)
{
	sst_error_set(&r->run.outcome.err, code, "GET %s: %s", r->path, what);
	reflector_show_failed(r, watch);
}

/* What failed before and did not work since stays in sight. */
static void
reflector_show_resuming(struct sst_kube_reflector *r, bool after_list)
{
	bool failing;

	sst_lock_acquire(&r->lock);
	failing = r->view.state == SST_KUBE_FAILING;
	sst_lock_release(&r->lock);
	if (!failing || (after_list && !r->watch_failed))
		reflector__show(r, SST_KUBE_RESUMING, NULL);
}

static struct reflector_plan
reflector_after_list(struct sst_kube_reflector *r)
{
	struct reflector_plan plan = {.list = true};

	switch (r->run.outcome.end) {
	case REFLECTOR_DONE:
		r->expired_in_a_row = 0;
		reflector_show_resuming(r, true);
		return (struct reflector_plan){0};
	case REFLECTOR_EXPIRED:
		if (++r->expired_in_a_row >= REFLECTOR_EXPIRED_FAILS)
			reflector_set_failed(r, SST_GONE,
			    "lists expire before their last page", false);
		break;
	case REFLECTOR_BACKWARD:
	case REFLECTOR_SHORT:
	case REFLECTOR_FAILED:
		reflector_show_failed(r, false);
		break;
	}
	plan.delay_ms = reflector_delay(r);
	return plan;
}

/* Failures that say nothing about our position: nobody looked at it. */
static bool
reflector_keeps_position(const struct reflector_outcome *o)
{
	switch (o->err.code) {
	case SST_SYNTAX:
	case SST_TOO_LARGE:
	case SST_TOO_DEEP:
	case SST_PROTOCOL:
		return false;
	default:
		return o->status == 0 || o->status == 401 || o->status == 429 ||
		       o->status == 503;
	}
}

static void
reflector_watch_failed(
    struct sst_kube_reflector *r, struct reflector_plan *plan)
{
	const struct reflector_outcome *o = &r->run.outcome;
	bool keeps = reflector_keeps_position(o), slow = reflector_is_slow(o);

	if ((!keeps && !slow) || r->run.opened)
		r->troubled_in_a_row++;
	if (slow)
		plan->list = true;
	else if (!keeps)
		plan->list =
		    r->troubled_in_a_row % REFLECTOR_TROUBLED_LISTS == 0;
	reflector_show_failed(r, true);
}

/*
 * What we hold is older than the server can tell of. The server answers, so a
 * list comes soon, however long it was away; until then, after a time in which
 * nothing was heard, nobody may take what we hold for what is.
 */
static void
reflector_lost(struct sst_kube_reflector *r)
{
	if (++r->troubled_in_a_row >= REFLECTOR_EXPIRED_FAILS) {
		reflector_set_failed(r, SST_GONE,
		    "the position of a new list is not known", true);
		return;
	}
	reflector__backoff_reset(&r->backoff);
	if (r->run.away)
		reflector_set_failed(r, SST_GONE,
		    "what happened meanwhile has to be listed", false);
	else
		reflector_show_resuming(r, false);
}

static struct reflector_plan
reflector_after_watch(struct sst_kube_reflector *r)
{
	struct reflector_plan plan = {0};

	switch (r->run.outcome.end) {
	case REFLECTOR_DONE:
		r->troubled_in_a_row = 0;
		reflector__show(r, SST_KUBE_RESUMING, NULL);
		plan.list = sst_mono_diff_ms(sst_clock_mono(r->clock),
				r->listed) >= r->list_again_ms;
		return plan;
	case REFLECTOR_EXPIRED:
	case REFLECTOR_BACKWARD:
		plan.list = true;
		reflector_lost(r);
		break;
	case REFLECTOR_SHORT:
		plan.list = ++r->troubled_in_a_row % REFLECTOR_SHORT_LISTS == 0;
		if (r->troubled_in_a_row < REFLECTOR_SHORT_FAILS)
			reflector_show_resuming(r, false);
		else
			reflector_set_failed(r, SST_TRUNCATED,
			    "watches are closed as soon as they are open",
			    true);
		break;
	case REFLECTOR_FAILED:
		reflector_watch_failed(r, &plan);
		break;
	}
	plan.delay_ms = reflector_delay(r);
	return plan;
}

static void
reflector_wait(struct sst_kube_reflector *r, int64_t ms)
{
	struct sst_mono until = sst_mono_add_ms(sst_clock_mono(r->clock), ms);

	sst_lock_acquire(&r->lock);
	while (!reflector__stopping(r) &&
	       sst_mono_before(sst_clock_mono(r->clock), until))
		sst_lock_wait(&r->lock, &r->cond, r->clock, until);
	sst_lock_release(&r->lock);
}

static void *
reflector_main(void *ctx)
{
	struct sst_kube_reflector *r = ctx;
	struct reflector_plan plan = {.list = true};
	bool list;

	while (!reflector__stopping(r)) {
		memset(&r->run, 0, sizeof(r->run));
		r->run.since = sst_clock_mono(r->clock);
		r->run.outcome.retry_after_ms = -1;
		list = plan.list;
		if (list)
			reflector__list(r);
		else
			reflector__watch(r);
		if (reflector__stopping(r))
			break;
		plan =
		    list ? reflector_after_list(r) : reflector_after_watch(r);
		if (plan.delay_ms > 0)
			reflector_wait(r, plan.delay_ms);
	}
	return NULL;
}

/* path and selector; false when memory ran out. */
static bool
reflector_set_path(struct sst_kube_reflector *r,
    const struct sst_kube_reflector_settings *settings)
{
	struct sst_buf path = SST_BUF_INIT, selector = SST_BUF_INIT;

	sst_buf_adds(&path, settings->group);
	if (settings->namespace != NULL) {
		sst_buf_adds(&path, "/namespaces/");
		sst_text_percent_encode(
		    settings->namespace, strlen(settings->namespace), &path);
	}
	sst_buf_addf(&path, "/%s", settings->resource);
	sst_buf_adds(&selector, "");
	if (settings->labels != NULL && settings->labels[0] != '\0') {
		sst_buf_adds(&selector, "&labelSelector=");
		sst_text_percent_encode(
		    settings->labels, strlen(settings->labels), &selector);
	}
	r->path = sst_buf_take(&path, NULL);
	r->selector =
	    selector.len > 0 ? sst_buf_take(&selector, NULL) : strdup("");
	sst_buf_fini(&path);
	sst_buf_fini(&selector);
	return r->path != NULL && r->selector != NULL;
}

static int
reflector_set_cutters(
    struct sst_kube_reflector *r, size_t max_bytes, struct sst_error *err)
{
	struct sst_kube_cutter_settings settings = {
	    .form = SST_KUBE_CUT_LIST,
	    .max_bytes = max_bytes > 0 ? max_bytes : REFLECTOR_OBJECT_BYTES,
	    .object = reflector__list_object,
	    .ctx = r,
	};
	int code = sst_kube_cutter_new(&settings, &r->list_cutter, err);

	if (code != SST_OK)
		return code;
	settings.form = SST_KUBE_CUT_WATCH;
	settings.object = reflector__watch_object;
	return sst_kube_cutter_new(&settings, &r->watch_cutter, err);
}

int
sst_kube_reflector_new(const struct sst_kube_reflector_settings *settings,
    struct sst_kube_reflector **out, struct sst_error *err)
{
	struct sst_kube_reflector *r = calloc(1, sizeof(*r));
	int code;

	if (r == NULL)
		return sst_error_nomem(err);
	r->access = settings->access;
	r->turn = settings->turn;
	r->clock = settings->clock;
	r->sink = settings->sink;
	r->metadata_only = settings->metadata_only;
	r->page_size =
	    settings->page_size > 0 ? settings->page_size : REFLECTOR_PAGE_SIZE;
	atomic_init(&r->stopping, false);
	sst_lock_init(&r->lock, SST_LOCK_LEAF);
	pthread_cond_init(&r->cond, NULL);
	reflector__backoff_init(&r->backoff, settings->seed);
	code = reflector_set_path(r, settings)
		   ? reflector_set_cutters(r, settings->max_object_bytes, err)
		   : sst_error_nomem(err);
	if (code == SST_OK)
		code = sst_kube_http_new(settings->access, &r->http, err);
	if (code != SST_OK) {
		sst_kube_reflector_free(&r);
		return code;
	}
	*out = r;
	return SST_OK;
}

int
sst_kube_reflector_start(
    struct sst_kube_reflector *reflector, struct sst_error *err)
{
	int rc =
	    pthread_create(&reflector->thread, NULL, reflector_main, reflector);

	if (rc != 0)
		return sst_error_set(
		    err, SST_INTERNAL, "no thread: %s", strerror(rc));
	reflector->started = true;
	return SST_OK;
}

void
sst_kube_reflector_ask_stop(struct sst_kube_reflector *reflector)
{
	sst_lock_acquire(&reflector->lock);
	atomic_store(&reflector->stopping, true);
	pthread_cond_broadcast(&reflector->cond);
	sst_lock_release(&reflector->lock);
	kube__turn_wake(reflector->turn);
	sst_kube_http_interrupt(reflector->http);
}

void
sst_kube_reflector_join(struct sst_kube_reflector *reflector)
{
	if (!reflector->started)
		return;
	pthread_join(reflector->thread, NULL);
	reflector->started = false;
}

void
sst_kube_reflector_read(
    struct sst_kube_reflector *reflector, struct sst_kube_reflector_view *out)
{
	sst_lock_acquire(&reflector->lock);
	*out = reflector->view;
	sst_lock_release(&reflector->lock);
}

void
sst_kube_reflector_free(struct sst_kube_reflector **reflector)
{
	struct sst_kube_reflector *r = *reflector;

	if (r == NULL)
		return;
	sst_kube_http_free(&r->http);
	sst_kube_cutter_free(&r->list_cutter);
	sst_kube_cutter_free(&r->watch_cutter);
	pthread_cond_destroy(&r->cond);
	sst_lock_fini(&r->lock);
	free(r->path);
	free(r->selector);
	free(r);
	*reflector = NULL;
}
