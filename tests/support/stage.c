#include "support/stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STAGE_WAIT_S = 10, STAGE_BACKLOG = 128 };

static void
stage_signal(int fd)
{
	uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof(one));

	(void)n;
}

static bool
connection_open(const struct stage_connection *c)
{
	return c->joinable && !c->done;
}

void
stage_changed(struct stage *stage)
{
	size_t i;

	pthread_cond_broadcast(&stage->changed);
	for (i = 0; i < STAGE_CONNECTIONS; i++) {
		if (connection_open(&stage->connections[i]))
			stage_signal(stage->connections[i].wake);
	}
}

bool
stage_wait(struct stage *stage, bool (*there)(const void *ctx), const void *ctx)
{
	struct timespec until;
	bool met;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STAGE_WAIT_S;
	pthread_mutex_lock(&stage->mutex);
	while (!(met = there(ctx)) && rc == 0)
		rc = pthread_cond_timedwait(
		    &stage->changed, &stage->mutex, &until);
	pthread_mutex_unlock(&stage->mutex);
	return met;
}

static bool
stage_is_idle(const void *ctx)
{
	const struct stage *stage = ctx;
	size_t i;

	for (i = 0; i < STAGE_CONNECTIONS; i++) {
		if (connection_open(&stage->connections[i]))
			return false;
	}
	return true;
}

bool
stage_wait_idle(struct stage *stage)
{
	return stage_wait(stage, stage_is_idle, stage);
}

struct stage_moment
stage_now(const struct stage *stage)
{
	return (struct stage_moment){stage->dropped, stage->released};
}

bool
stage_ended(const struct stage *stage, const struct stage_moment *since)
{
	return stage->stopping || stage->dropped != since->dropped;
}

bool
stage_hold(struct stage *stage, const struct stage_moment *since)
{
	bool on;

	pthread_mutex_lock(&stage->mutex);
	while (!stage_ended(stage, since) && stage->released == since->released)
		pthread_cond_wait(&stage->changed, &stage->mutex);
	on = !stage_ended(stage, since);
	pthread_mutex_unlock(&stage->mutex);
	return on;
}

void
stage_release(struct stage *stage)
{
	pthread_mutex_lock(&stage->mutex);
	stage->released++;
	stage_changed(stage);
	pthread_mutex_unlock(&stage->mutex);
}

bool
stage_send(int fd, const void *bytes, size_t len)
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

/* More of what the client sends; false: nothing comes, or too much. */
static bool
connection_fill(struct stage_connection *c)
{
	ssize_t n;

	if (c->rest_len == STAGE_HEAD - 1)
		return false;
	do {
		n = recv(c->fd, c->rest + c->rest_len,
		    STAGE_HEAD - 1 - c->rest_len, 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	c->rest_len += (size_t)n;
	return true;
}

int
stage_peek(struct stage_connection *c)
{
	if (c->rest_len == 0 && !connection_fill(c))
		return -1;
	return (unsigned char)c->rest[0];
}

size_t
stage_read(struct stage_connection *c, char out[static STAGE_HEAD])
{
	const char *end;
	size_t len;

	while ((end = memmem(c->rest, c->rest_len, "\r\n\r\n", 4)) == NULL) {
		if (!connection_fill(c))
			return 0;
	}
	len = (size_t)(end - c->rest) + 4;
	memcpy(out, c->rest, len);
	out[len] = '\0';
	c->rest_len -= len;
	memmove(c->rest, c->rest + len, c->rest_len);
	return len;
}

static void *
connection_main(void *ctx)
{
	struct stage_connection *c = ctx;
	struct stage *stage = c->stage;

	c->rest = malloc(STAGE_HEAD);
	if (c->rest == NULL)
		abort();
	c->rest_len = 0;
	stage->serve(c, stage->ctx);
	free(c->rest);
	pthread_mutex_lock(&stage->mutex);
	close(c->fd);
	close(c->wake);
	c->done = true;
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->mutex);
	return NULL;
}

/* A place for a connection; those that are over are joined here. */
static struct stage_connection *
connection_place(struct stage *stage)
{
	struct stage_connection *c;
	size_t i;

	for (i = 0; i < STAGE_CONNECTIONS; i++) {
		c = &stage->connections[i];
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
stage_take(struct stage *stage, int fd)
{
	struct stage_connection *c;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	pthread_mutex_lock(&stage->mutex);
	c = connection_place(stage);
	if (c == NULL || stage->stopping || stage->listener < 0) {
		pthread_mutex_unlock(&stage->mutex);
		close(fd);
		return;
	}
	stage->taken++;
	c->stage = stage;
	c->fd = fd;
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->done = false;
	c->joinable = c->wake >= 0 &&
		      pthread_create(&c->thread, NULL, connection_main, c) == 0;
	if (!c->joinable)
		abort();
	pthread_mutex_unlock(&stage->mutex);
}

static void *
acceptor_main(void *ctx)
{
	struct stage *stage = ctx;
	struct pollfd fds[2];
	uint64_t count;
	bool stopping;
	int fd;

	for (;;) {
		pthread_mutex_lock(&stage->mutex);
		fds[0] = (struct pollfd){.fd = stage->wake, .events = POLLIN};
		fds[1] =
		    (struct pollfd){.fd = stage->listener, .events = POLLIN};
		stopping = stage->stopping;
		pthread_mutex_unlock(&stage->mutex);
		if (stopping)
			return NULL;
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents != 0 &&
		    read(fds[0].fd, &count, sizeof(count)) < 0)
			return NULL;
		if (fds[0].revents != 0 || fds[1].revents == 0)
			continue;
		fd = accept4(fds[1].fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			stage_take(stage, fd);
	}
}

/* port 0: any */
static int
stage_listen(int port, int *port_out)
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
	    listen(fd, STAGE_BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		close(fd);
		return -1;
	}
	*port_out = ntohs(address.sin_port);
	return fd;
}

void
stage_init(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	pthread_mutex_init(&stage->mutex, NULL);
	pthread_cond_init(&stage->changed, NULL);
	stage->listener = stage->wake = -1;
}

void
stage_fini(struct stage *stage)
{
	if (stage->listener >= 0)
		close(stage->listener);
	if (stage->wake >= 0)
		close(stage->wake);
	pthread_cond_destroy(&stage->changed);
	pthread_mutex_destroy(&stage->mutex);
}

bool
stage_start(struct stage *stage, int port,
    void (*serve)(struct stage_connection *c, void *ctx), void *ctx)
{
	stage->serve = serve;
	stage->ctx = ctx;
	stage->listener = stage_listen(port, &stage->port);
	stage->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	snprintf(
	    stage->url, sizeof(stage->url), "http://127.0.0.1:%d", stage->port);
	return stage->listener >= 0 && stage->wake >= 0 &&
	       pthread_create(&stage->acceptor, NULL, acceptor_main, stage) ==
		   0;
}

/* With the mutex held. */
static void
stage_hang_up(struct stage *stage)
{
	size_t i;

	for (i = 0; i < STAGE_CONNECTIONS; i++) {
		if (connection_open(&stage->connections[i]))
			shutdown(stage->connections[i].fd, SHUT_RDWR);
	}
	stage_changed(stage);
}

void
stage_stop(struct stage *stage)
{
	size_t i;

	pthread_mutex_lock(&stage->mutex);
	stage->stopping = true;
	stage_hang_up(stage);
	pthread_mutex_unlock(&stage->mutex);
	stage_signal(stage->wake);
	pthread_join(stage->acceptor, NULL);
	for (i = 0; i < STAGE_CONNECTIONS; i++) {
		if (stage->connections[i].joinable)
			pthread_join(stage->connections[i].thread, NULL);
	}
}

bool
stage_refuse(struct stage *stage, bool refuse)
{
	bool ok = true;
	int old = -1;

	pthread_mutex_lock(&stage->mutex);
	if (refuse && stage->listener >= 0) {
		old = stage->listener;
		stage->listener = -1;
		stage->dropped++;
		/* refuses from here on, whatever the acceptor is at */
		shutdown(old, SHUT_RDWR);
		stage_hang_up(stage);
	} else if (!refuse && stage->listener < 0) {
		stage->listener = stage_listen(stage->port, &stage->port);
		ok = stage->listener >= 0;
	}
	pthread_mutex_unlock(&stage->mutex);
	stage_signal(stage->wake);
	if (old >= 0)
		close(old);
	return ok;
}
