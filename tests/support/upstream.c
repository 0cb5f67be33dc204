#include "support/upstream_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fault_names[UPSTREAM_FAULT_COUNT] = {
    [UPSTREAM_NONE] = "none",
    [UPSTREAM_HOLD] = "hold",
    [UPSTREAM_HOLD_BODY] = "hold-body",
    [UPSTREAM_STATUS] = "status",
    [UPSTREAM_CUT] = "cut",
    [UPSTREAM_CUT_CHUNK] = "cut-chunk",
    [UPSTREAM_RESET] = "reset",
    [UPSTREAM_LENGTH_LONG] = "length-long",
    [UPSTREAM_LENGTH_SHORT] = "length-short",
    [UPSTREAM_BAD_CHUNK] = "bad-chunk",
    [UPSTREAM_HUGE] = "huge",
    [UPSTREAM_HUGE_CHUNKED] = "huge-chunked",
    [UPSTREAM_GZIP_BOMB] = "gzip-bomb",
    [UPSTREAM_BAD_GZIP] = "bad-gzip",
    [UPSTREAM_GZIP] = "gzip",
    [UPSTREAM_UTF8] = "utf8",
    [UPSTREAM_NUL] = "nul",
    [UPSTREAM_ESCAPED_NUL] = "escaped-nul",
    [UPSTREAM_DEEP] = "deep",
    [UPSTREAM_HTML] = "html",
    [UPSTREAM_EMPTY] = "empty",
    [UPSTREAM_WRONG_TYPE] = "wrong-type",
    [UPSTREAM_CLOSE] = "close",
    [UPSTREAM_GARBAGE] = "garbage",
    [UPSTREAM_HEADERS] = "headers",
    [UPSTREAM_REDIRECT] = "redirect",
};

enum upstream_fault_kind
upstream_fault_by_name(const char *name)
{
	int i;

	for (i = 0; i < UPSTREAM_FAULT_COUNT; i++) {
		if (strcmp(fault_names[i], name) == 0)
			break;
	}
	return (enum upstream_fault_kind)i;
}

void
upstream__hold(struct upstream_exchange *x)
{
	stage_hold(&x->up->stage, &x->since);
}

/* Reads one request head; false when the connection ends. Anything that does
 * not begin like a method (a TLS hello) is answered with noise. */
static bool
exchange_read(struct upstream_exchange *x, struct stage_connection *c)
{
	static const char noise[] = "this is not the protocol you look for\n";
	int first = stage_peek(c);

	if (first >= 0 && (first < 'A' || first > 'Z')) {
		stage_send(c->fd, noise, sizeof(noise) - 1);
		return false;
	}
	x->head_len = stage_read(c, x->head);
	return x->head_len > 0 && sscanf(x->head, "%*s %4095s", x->target) == 1;
}

static const struct upstream_route *
exchange_route(const struct upstream_exchange *x)
{
	const struct upstream_route *route;

	for (route = x->up->routes; route != NULL; route = route->next) {
		if (strcmp(route->target, x->target) == 0)
			return route;
	}
	return NULL;
}

/* With the mutex held. */
static struct upstream_count *
exchange_counter(struct upstream *up, const char *target)
{
	struct upstream_count *call;

	for (call = up->calls; call != NULL; call = call->next) {
		if (strcmp(call->target, target) == 0)
			return call;
	}
	call = calloc(1, sizeof(*call));
	if (call == NULL)
		abort();
	call->target = strdup(target);
	if (call->target == NULL)
		abort();
	call->next = up->calls;
	up->calls = call;
	return call;
}

static void
exchange_count(struct upstream_exchange *x)
{
	struct upstream *up = x->up;

	exchange_counter(up, x->target)->calls++;
	memcpy(up->last_request, x->head, x->head_len + 1);
	pthread_cond_broadcast(&up->stage.changed);
}

/* Decides what to answer, from one look under the lock. */
static void
exchange_decide(struct upstream_exchange *x)
{
	static const char missing[] =
	    "{\"error\":\"Object Not Found\",\"reason\":\"Not Found\"}";
	const struct upstream_route *route;
	struct upstream *up = x->up;

	pthread_mutex_lock(&up->stage.mutex);
	exchange_count(x);
	x->since = stage_now(&up->stage);
	memset(&x->fault, 0, sizeof(x->fault));
	if (strncmp(x->target, up->prefix, strlen(up->prefix)) == 0)
		x->fault = up->fault;
	route = exchange_route(x);
	x->status = route != NULL ? route->status : 404;
	x->len = route != NULL ? route->len : sizeof(missing) - 1;
	x->body = malloc(x->len + 1);
	if (x->body == NULL)
		abort();
	memcpy(x->body, route != NULL ? route->bytes : missing, x->len);
	memcpy(x->headers, up->headers, sizeof(x->headers));
	pthread_mutex_unlock(&up->stage.mutex);
}

static void
upstream_serve(struct stage_connection *c, void *ctx)
{
	struct upstream_exchange *x = calloc(1, sizeof(*x));
	bool again = true;

	if (x == NULL)
		abort();
	x->up = ctx;
	x->fd = c->fd;
	while (again && exchange_read(x, c)) {
		exchange_decide(x);
		again = upstream__reply(x);
		free(x->body);
	}
	free(x);
}

static void
upstream_drop(struct upstream *up)
{
	struct upstream_count *call;

	while ((call = up->calls) != NULL) {
		up->calls = call->next;
		free(call->target);
		free(call);
	}
	upstream_forget(up);
	stage_fini(&up->stage);
	free(up->prefix);
	free(up);
}

bool
upstream_start(struct upstream **out)
{
	struct upstream *up = calloc(1, sizeof(*up));

	if (up == NULL)
		return false;
	stage_init(&up->stage);
	up->prefix = strdup("");
	if (up->prefix == NULL ||
	    !stage_start(&up->stage, 0, upstream_serve, up)) {
		upstream_drop(up);
		return false;
	}
	*out = up;
	return true;
}

void
upstream_stop(struct upstream **up)
{
	if (*up == NULL)
		return;
	stage_stop(&(*up)->stage);
	upstream_drop(*up);
	*up = NULL;
}

const char *
upstream_url(const struct upstream *up)
{
	return up->stage.url;
}

bool
upstream_refuse(struct upstream *up, bool refuse)
{
	return stage_refuse(&up->stage, refuse);
}

void
upstream_misbehave(
    struct upstream *up, const char *prefix, const struct upstream_fault *fault)
{
	pthread_mutex_lock(&up->stage.mutex);
	free(up->prefix);
	up->prefix = strdup(prefix);
	if (up->prefix == NULL)
		abort();
	memset(&up->fault, 0, sizeof(up->fault));
	if (fault != NULL)
		up->fault = *fault;
	pthread_mutex_unlock(&up->stage.mutex);
}

void
upstream_release(struct upstream *up)
{
	stage_release(&up->stage);
}

/* With the mutex held. */
static unsigned
upstream_count_calls(const struct upstream *up, const char *prefix)
{
	const struct upstream_count *call;
	unsigned count = 0;

	for (call = up->calls; call != NULL; call = call->next) {
		if (strncmp(call->target, prefix, strlen(prefix)) == 0)
			count += call->calls;
	}
	return count;
}

unsigned
upstream_calls(struct upstream *up, const char *prefix)
{
	unsigned count;

	pthread_mutex_lock(&up->stage.mutex);
	count = upstream_count_calls(up, prefix);
	pthread_mutex_unlock(&up->stage.mutex);
	return count;
}

unsigned
upstream_connections(struct upstream *up)
{
	unsigned count;

	pthread_mutex_lock(&up->stage.mutex);
	count = up->stage.taken;
	pthread_mutex_unlock(&up->stage.mutex);
	return count;
}

struct upstream_wish {
	const struct upstream *up;
	const char *prefix;
	unsigned count;
};

static bool
upstream_is_asked(const void *ctx)
{
	const struct upstream_wish *wish = ctx;

	return upstream_count_calls(wish->up, wish->prefix) >= wish->count;
}

bool
upstream_wait_calls(struct upstream *up, const char *prefix, unsigned count)
{
	struct upstream_wish wish = {up, prefix, count};

	return stage_wait(&up->stage, upstream_is_asked, &wish);
}

void
upstream_last_request(struct upstream *up, char *out, size_t size)
{
	pthread_mutex_lock(&up->stage.mutex);
	snprintf(out, size, "%s", up->last_request);
	pthread_mutex_unlock(&up->stage.mutex);
}
