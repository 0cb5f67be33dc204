#include "support/upstream_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

bool
upstream__send(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;
	ssize_t n;

	while (len > 0) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

void
upstream__hold(struct upstream_exchange *x)
{
	struct upstream *up = x->up;

	pthread_mutex_lock(&up->mutex);
	while (!up->stopping && up->released == x->released)
		pthread_cond_wait(&up->changed, &up->mutex);
	pthread_mutex_unlock(&up->mutex);
}

/* Reads one request head; false when the connection ends. Anything that does
 * not begin like a method (a TLS hello) is answered with noise. */
static bool
exchange_read(struct upstream_exchange *x)
{
	static const char noise[] = "this is not the protocol you look for\n";
	ssize_t n;

	x->head_len = 0;
	while (x->head_len < sizeof(x->head) - 1) {
		n = recv(x->fd, x->head + x->head_len, 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (x->head_len == 0 &&
		    (x->head[0] < 'A' || x->head[0] > 'Z')) {
			upstream__send(x->fd, noise, sizeof(noise) - 1);
			return false;
		}
		x->head[++x->head_len] = '\0';
		if (x->head_len >= 4 &&
		    memcmp(x->head + x->head_len - 4, "\r\n\r\n", 4) == 0)
			return sscanf(x->head, "%*s %4095s", x->target) == 1;
	}
	return false;
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
	pthread_cond_broadcast(&up->changed);
}

/* Decides what to answer, from one look under the lock. */
static void
exchange_decide(struct upstream_exchange *x)
{
	static const char missing[] =
	    "{\"error\":\"Object Not Found\",\"reason\":\"Not Found\"}";
	const struct upstream_route *route;
	struct upstream *up = x->up;

	pthread_mutex_lock(&up->mutex);
	exchange_count(x);
	x->released = up->released;
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
	pthread_mutex_unlock(&up->mutex);
}

static void *
connection_main(void *ctx)
{
	struct upstream_connection *c = ctx;
	struct upstream_exchange *x = calloc(1, sizeof(*x));
	bool again = x != NULL;

	while (again) {
		x->up = c->up;
		x->fd = c->fd;
		again = exchange_read(x);
		if (!again)
			break;
		exchange_decide(x);
		again = upstream__reply(x);
		free(x->body);
	}
	free(x);
	pthread_mutex_lock(&c->up->mutex);
	close(c->fd);
	c->fd = -1;
	c->done = true;
	pthread_cond_broadcast(&c->up->changed);
	pthread_mutex_unlock(&c->up->mutex);
	return NULL;
}

/* A place for a connection; those that are over are joined here. */
static struct upstream_connection *
connection_place(struct upstream *up)
{
	struct upstream_connection *c;
	size_t i;

	for (i = 0; i < UPSTREAM_CONNECTIONS; i++) {
		c = &up->connections[i];
		if (c->joinable && c->done) {
			pthread_join(c->thread, NULL);
			c->joinable = false;
		}
		if (!c->joinable)
			return c;
	}
	return NULL;
}

static void
upstream_take(struct upstream *up, int fd)
{
	struct upstream_connection *c;

	pthread_mutex_lock(&up->mutex);
	c = connection_place(up);
	if (c == NULL || up->stopping || up->listener < 0) {
		pthread_mutex_unlock(&up->mutex);
		close(fd);
		return;
	}
	up->connections_taken++;
	c->up = up;
	c->fd = fd;
	c->done = false;
	c->joinable = pthread_create(&c->thread, NULL, connection_main, c) == 0;
	if (!c->joinable)
		close(fd);
	pthread_mutex_unlock(&up->mutex);
}

static void *
acceptor_main(void *ctx)
{
	struct upstream *up = ctx;
	struct pollfd fds[2];
	char byte;
	int fd;

	for (;;) {
		pthread_mutex_lock(&up->mutex);
		if (up->stopping) {
			pthread_mutex_unlock(&up->mutex);
			return NULL;
		}
		fds[0] = (struct pollfd){.fd = up->wake[0], .events = POLLIN};
		fds[1] = (struct pollfd){.fd = up->listener, .events = POLLIN};
		pthread_mutex_unlock(&up->mutex);
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents != 0 && read(up->wake[0], &byte, 1) < 0)
			return NULL;
		if (fds[0].revents != 0 || fds[1].revents == 0)
			continue;
		fd = accept4(fds[1].fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			upstream_take(up, fd);
	}
}

/* port 0: any */
static int
upstream_listen(int port, int *port_out)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, len) != 0 ||
	    listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		close(fd);
		return -1;
	}
	*port_out = ntohs(address.sin_port);
	return fd;
}

static void
upstream_drop(struct upstream *up)
{
	upstream_forget(up);
	free(up->prefix);
	if (up->listener >= 0)
		close(up->listener);
	if (up->wake[0] >= 0)
		close(up->wake[0]);
	if (up->wake[1] >= 0)
		close(up->wake[1]);
	pthread_cond_destroy(&up->changed);
	pthread_mutex_destroy(&up->mutex);
	free(up);
}

bool
upstream_start(struct upstream **out)
{
	struct upstream *up = calloc(1, sizeof(*up));

	if (up == NULL)
		return false;
	pthread_mutex_init(&up->mutex, NULL);
	pthread_cond_init(&up->changed, NULL);
	up->wake[0] = up->wake[1] = -1;
	up->prefix = strdup("");
	up->listener = upstream_listen(0, &up->port);
	snprintf(up->url, sizeof(up->url), "http://127.0.0.1:%d", up->port);
	if (up->prefix == NULL || up->listener < 0 ||
	    pipe2(up->wake, O_CLOEXEC) != 0 ||
	    pthread_create(&up->acceptor, NULL, acceptor_main, up) != 0) {
		upstream_drop(up);
		return false;
	}
	*out = up;
	return true;
}

static void
upstream_wake(struct upstream *up)
{
	ssize_t n = write(up->wake[1], "", 1);

	(void)n;
}

/* With the mutex held. */
static void
upstream_hang_up(struct upstream *up)
{
	size_t i;

	for (i = 0; i < UPSTREAM_CONNECTIONS; i++) {
		if (up->connections[i].joinable && !up->connections[i].done)
			shutdown(up->connections[i].fd, SHUT_RDWR);
	}
}

void
upstream_stop(struct upstream **up_in)
{
	struct upstream *up = *up_in;
	struct upstream_count *call;
	size_t i;

	if (up == NULL)
		return;
	pthread_mutex_lock(&up->mutex);
	up->stopping = true;
	upstream_hang_up(up);
	pthread_cond_broadcast(&up->changed);
	pthread_mutex_unlock(&up->mutex);
	upstream_wake(up);
	pthread_join(up->acceptor, NULL);
	for (i = 0; i < UPSTREAM_CONNECTIONS; i++) {
		if (up->connections[i].joinable)
			pthread_join(up->connections[i].thread, NULL);
	}
	while ((call = up->calls) != NULL) {
		up->calls = call->next;
		free(call->target);
		free(call);
	}
	upstream_drop(up);
	*up_in = NULL;
}

const char *
upstream_url(const struct upstream *up)
{
	return up->url;
}

bool
upstream_refuse(struct upstream *up, bool refuse)
{
	bool ok = true;
	int old = -1;

	pthread_mutex_lock(&up->mutex);
	if (refuse && up->listener >= 0) {
		old = up->listener;
		up->listener = -1;
		/* refuses from here on, whatever the acceptor is at */
		shutdown(old, SHUT_RDWR);
		upstream_hang_up(up);
		up->released++;
		pthread_cond_broadcast(&up->changed);
	} else if (!refuse && up->listener < 0) {
		up->listener = upstream_listen(up->port, &up->port);
		ok = up->listener >= 0;
	}
	pthread_mutex_unlock(&up->mutex);
	upstream_wake(up);
	if (old >= 0)
		close(old);
	return ok;
}

void
upstream_misbehave(
    struct upstream *up, const char *prefix, const struct upstream_fault *fault)
{
	pthread_mutex_lock(&up->mutex);
	free(up->prefix);
	up->prefix = strdup(prefix);
	if (up->prefix == NULL)
		abort();
	memset(&up->fault, 0, sizeof(up->fault));
	if (fault != NULL)
		up->fault = *fault;
	pthread_mutex_unlock(&up->mutex);
}

void
upstream_release(struct upstream *up)
{
	pthread_mutex_lock(&up->mutex);
	up->released++;
	pthread_cond_broadcast(&up->changed);
	pthread_mutex_unlock(&up->mutex);
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

	pthread_mutex_lock(&up->mutex);
	count = upstream_count_calls(up, prefix);
	pthread_mutex_unlock(&up->mutex);
	return count;
}

unsigned
upstream_connections(struct upstream *up)
{
	unsigned count;

	pthread_mutex_lock(&up->mutex);
	count = up->connections_taken;
	pthread_mutex_unlock(&up->mutex);
	return count;
}

bool
upstream_wait_calls(struct upstream *up, const char *prefix, unsigned count)
{
	struct timespec until;
	bool there;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	pthread_mutex_lock(&up->mutex);
	while (!(there = upstream_count_calls(up, prefix) >= count) && rc == 0)
		rc = pthread_cond_timedwait(&up->changed, &up->mutex, &until);
	pthread_mutex_unlock(&up->mutex);
	return there;
}

void
upstream_last_request(struct upstream *up, char *out, size_t size)
{
	pthread_mutex_lock(&up->mutex);
	snprintf(out, size, "%s", up->last_request);
	pthread_mutex_unlock(&up->mutex);
}
