#include "support/fault_proxy_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PROXY_CONNECTIONS = 64, PROXY_BACKLOG = 64, PROXY_WAIT_S = 10 };

struct proxy_link {
	int client, server; /* -1: none */
	struct proxy_flow up, down;
	size_t answered; /* bytes of the server passed on since the order */
	bool said;
};

struct fault_proxy {
	pthread_t thread;
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t changed;
	int wake; /* eventfd */
	/* The port is kept by a socket that never listens. */
	int guard, listener;
	unsigned short port, server_port;
	bool stopping;
	struct fault_proxy_fault fault; /* text is ours */
	struct proxy_link links[PROXY_CONNECTIONS];
	size_t connections, asked;
};

static struct sockaddr_in
proxy_address(unsigned short port)
{
	struct sockaddr_in at = {.sin_family = AF_INET};

	at.sin_port = htons(port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return at;
}

/* A socket bound to the port, or to a free one; -1 with errno set. */
static int
proxy_bind(unsigned short port)
{
	struct sockaddr_in at = proxy_address(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
proxy_listen(struct fault_proxy *p)
{
	if (p->listener >= 0)
		return true;
	p->listener = proxy_bind(p->port);
	if (p->listener >= 0 && listen(p->listener, PROXY_BACKLOG) == 0)
		return true;
	if (p->listener >= 0)
		close(p->listener);
	p->listener = -1;
	return false;
}

static void
proxy_wake(struct fault_proxy *p)
{
	uint64_t one = 1;

	if (write(p->wake, &one, sizeof(one)) < 0)
		abort();
}

/* With a reset when told so. */
static void
proxy_close(int *fd, bool reset)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (*fd < 0)
		return;
	if (reset)
		setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(*fd);
	*fd = -1;
}

static void
link_close(struct proxy_link *l, bool reset)
{
	proxy_close(&l->client, reset);
	proxy_close(&l->server, false);
	free(l->up.bytes);
	free(l->down.bytes);
	memset(l, 0, sizeof(*l));
	l->client = l->server = -1;
}

/* Each byte is a packet. */
static void
proxy_at_once(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void
link_open(struct fault_proxy *p, struct proxy_link *l, int client)
{
	struct sockaddr_in to = proxy_address(p->server_port);

	l->client = client;
	l->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	l->up.bytes = malloc(PROXY_PIECE);
	l->down.bytes = malloc(PROXY_PIECE);
	if (l->server < 0 || l->up.bytes == NULL || l->down.bytes == NULL)
		abort();
	proxy_at_once(l->client);
	proxy_at_once(l->server);
	/* loopback: there or refused without delay */
	if (connect(l->server, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    fcntl(l->server, F_SETFL, O_NONBLOCK) != 0)
		link_close(l, false);
}

static void
proxy_accept(struct fault_proxy *p)
{
	size_t i;
	int fd;

	while (p->listener >= 0) {
		fd = accept4(
		    p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		p->connections++;
		for (i = 0; i < PROXY_CONNECTIONS; i++) {
			if (p->links[i].client < 0)
				break;
		}
		if (i == PROXY_CONNECTIONS)
			close(fd);
		else
			link_open(p, &p->links[i], fd);
	}
}

/* Bytes of the server that may pass now. */
static size_t
link_allowed(const struct fault_proxy *p, const struct proxy_link *l)
{
	switch (p->fault.kind) {
	case FAULT_PROXY_HOLD:
	case FAULT_PROXY_SAY:
		return 0;
	case FAULT_PROXY_HOLD_AT:
	case FAULT_PROXY_CUT_AT:
	case FAULT_PROXY_RESET_AT:
		return l->answered < p->fault.bytes
			   ? p->fault.bytes - l->answered
			   : 0;
	case FAULT_PROXY_TRICKLE:
		return 1;
	default:
		return SIZE_MAX;
	}
}

/* What the client asks: to the server, or nowhere. */
static bool
link_up(struct fault_proxy *p, struct proxy_link *l)
{
	bool empty = l->up.from == l->up.to;

	if (!fault_proxy__fill(&l->up, l->client))
		return false;
	if (empty && l->up.to > l->up.from) {
		p->asked += l->up.to;
		pthread_cond_broadcast(&p->changed);
	}
	if (p->fault.kind == FAULT_PROXY_SAY)
		l->up.from = l->up.to;
	else if (fault_proxy__drain(&l->up, l->server, SIZE_MAX) < 0)
		return false;
	fault_proxy__tell_end(&l->up, l->server);
	/* nobody waits for what is held */
	return !(l->up.told && link_allowed(p, l) == 0);
}

/* Once a question has come. */
static bool
link_say(struct fault_proxy *p, struct proxy_link *l)
{
	ssize_t n;

	if (l->said || l->up.to == 0)
		return true;
	l->said = true;
	n = send(l->client, p->fault.text, p->fault.text_len, MSG_NOSIGNAL);
	return n >= 0;
}

static bool
link_cuts(const struct fault_proxy *p)
{
	return p->fault.kind == FAULT_PROXY_CUT_AT ||
	       p->fault.kind == FAULT_PROXY_RESET_AT;
}

/* What the server answers: to the client, as the fault wants it. */
static bool
link_down(struct fault_proxy *p, struct proxy_link *l)
{
	bool empty = l->down.from == l->down.to;
	ssize_t n;

	if (p->fault.kind == FAULT_PROXY_SAY)
		return link_say(p, l);
	if (!fault_proxy__fill(&l->down, l->server))
		return false;
	if (empty && p->fault.kind == FAULT_PROXY_GARBLE)
		fault_proxy__garble(&l->down);
	do {
		n = fault_proxy__drain(&l->down, l->client, link_allowed(p, l));
		if (n < 0)
			return false;
		l->answered += (size_t)n;
	} while (n > 0 && p->fault.kind == FAULT_PROXY_TRICKLE);
	if (link_cuts(p) && l->answered >= p->fault.bytes)
		return false;
	if (link_allowed(p, l) > 0)
		fault_proxy__tell_end(&l->down, l->client);
	return !(l->down.told && l->up.told);
}

static void
proxy_serve(struct fault_proxy *p)
{
	struct proxy_link *l;
	size_t i;

	proxy_accept(p);
	for (i = 0; i < PROXY_CONNECTIONS; i++) {
		l = &p->links[i];
		if (l->client < 0)
			continue;
		if (!link_up(p, l) || !link_down(p, l))
			link_close(l, p->fault.kind == FAULT_PROXY_RESET_AT);
	}
}

/* What a flow waits for, if it may go on at all. */
static void
poll_flow(const struct proxy_flow *flow, bool may, struct pollfd *reader,
    struct pollfd *writer)
{
	if (flow->from < flow->to) {
		if (may)
			writer->events |= POLLOUT;
	} else if (!flow->ended) {
		reader->events |= POLLIN;
	}
}

/* A side that nothing is expected of would tell its end again and again. */
static void
poll_settle(struct pollfd *fd)
{
	if (fd->events == 0)
		fd->fd = -1;
}

static nfds_t
proxy_prepare(struct fault_proxy *p, struct pollfd *fds)
{
	struct pollfd *client, *server;
	const struct proxy_link *l;
	nfds_t n = 0;
	size_t i;

	fds[n++] = (struct pollfd){.fd = p->wake, .events = POLLIN};
	fds[n++] = (struct pollfd){.fd = p->listener, .events = POLLIN};
	for (i = 0; i < PROXY_CONNECTIONS; i++) {
		l = &p->links[i];
		if (l->client < 0)
			continue;
		client = &fds[n++];
		server = &fds[n++];
		*client = (struct pollfd){.fd = l->client};
		*server = (struct pollfd){.fd = l->server};
		poll_flow(&l->up, true, client, server);
		poll_flow(&l->down, link_allowed(p, l) > 0, server, client);
		poll_settle(client);
		poll_settle(server);
	}
	return n;
}

static void *
proxy_main(void *arg)
{
	struct pollfd fds[2 + 2 * PROXY_CONNECTIONS];
	struct fault_proxy *p = arg;
	uint64_t woken;
	nfds_t n;

	pthread_mutex_lock(&p->mutex);
	while (!p->stopping) {
		n = proxy_prepare(p, fds);
		pthread_mutex_unlock(&p->mutex);
		if (poll(fds, n, -1) < 0 && errno != EINTR)
			abort();
		if (fds[0].revents != 0 &&
		    read(p->wake, &woken, sizeof(woken)) < 0)
			abort();
		pthread_mutex_lock(&p->mutex);
		proxy_serve(p);
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

static bool
proxy_open(struct fault_proxy *p)
{
	struct sockaddr_in at = {0};
	socklen_t len = sizeof(at);

	p->wake = eventfd(0, EFD_CLOEXEC);
	p->guard = proxy_bind(0);
	if (p->wake < 0 || p->guard < 0 ||
	    getsockname(p->guard, (struct sockaddr *)&at, &len) != 0)
		return false;
	p->port = ntohs(at.sin_port);
	return proxy_listen(p);
}

static void
proxy_free(struct fault_proxy *p)
{
	size_t i;

	for (i = 0; i < PROXY_CONNECTIONS; i++)
		link_close(&p->links[i], false);
	proxy_close(&p->listener, false);
	proxy_close(&p->guard, false);
	proxy_close(&p->wake, false);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->mutex);
	free((void *)(uintptr_t)p->fault.text);
	free(p);
}

bool
fault_proxy_start(unsigned short server_port, struct fault_proxy **out)
{
	struct fault_proxy *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;
	size_t i;

	if (p == NULL)
		return false;
	for (i = 0; i < PROXY_CONNECTIONS; i++)
		p->links[i].client = p->links[i].server = -1;
	p->wake = p->guard = p->listener = -1;
	p->server_port = server_port;
	pthread_mutex_init(&p->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (!proxy_open(p) ||
	    pthread_create(&p->thread, NULL, proxy_main, p) != 0) {
		proxy_free(p);
		return false;
	}
	*out = p;
	return true;
}

void
fault_proxy_stop(struct fault_proxy **proxy)
{
	struct fault_proxy *p = *proxy;

	if (p == NULL)
		return;
	pthread_mutex_lock(&p->mutex);
	p->stopping = true;
	pthread_mutex_unlock(&p->mutex);
	proxy_wake(p);
	pthread_join(p->thread, NULL);
	proxy_free(p);
	*proxy = NULL;
}

unsigned short
fault_proxy_port(const struct fault_proxy *proxy)
{
	return proxy->port;
}

void
fault_proxy_lead(struct fault_proxy *proxy, unsigned short server_port)
{
	pthread_mutex_lock(&proxy->mutex);
	proxy->server_port = server_port;
	pthread_mutex_unlock(&proxy->mutex);
}

/* With the mutex held. */
static void
proxy_drop(struct fault_proxy *p)
{
	size_t i;

	for (i = 0; i < PROXY_CONNECTIONS; i++) {
		if (p->links[i].client >= 0)
			link_close(&p->links[i], false);
	}
}

/* With the mutex held; takes text over. */
static void
proxy_order(
    struct fault_proxy *p, const struct fault_proxy_fault *fault, char *text)
{
	size_t i;

	free((void *)(uintptr_t)p->fault.text);
	p->fault = *fault;
	p->fault.text = text;
	if (fault->text != NULL && fault->text_len == 0)
		p->fault.text_len = strlen(fault->text);
	for (i = 0; i < PROXY_CONNECTIONS; i++) {
		p->links[i].answered = 0;
		p->links[i].said = false;
	}
	if (fault->kind != FAULT_PROXY_REFUSE) {
		if (!proxy_listen(p))
			abort();
		return;
	}
	/* refuses from here on, whatever the thread is at */
	if (p->listener >= 0)
		shutdown(p->listener, SHUT_RDWR);
	proxy_close(&p->listener, false);
	proxy_drop(p);
}

void
fault_proxy_misbehave(
    struct fault_proxy *proxy, const struct fault_proxy_fault *fault)
{
	size_t len = fault->text_len;
	char *text = NULL;

	if (fault->text != NULL) {
		len = len > 0 ? len : strlen(fault->text);
		text = malloc(len + 1);
		if (text == NULL)
			abort();
		memcpy(text, fault->text, len);
		text[len] = '\0';
	}
	pthread_mutex_lock(&proxy->mutex);
	proxy_order(proxy, fault, text);
	pthread_mutex_unlock(&proxy->mutex);
	proxy_wake(proxy);
}

void
fault_proxy_behave(struct fault_proxy *proxy)
{
	const struct fault_proxy_fault none = {.kind = FAULT_PROXY_NONE};

	fault_proxy_misbehave(proxy, &none);
}

void
fault_proxy_drop(struct fault_proxy *proxy)
{
	pthread_mutex_lock(&proxy->mutex);
	proxy_drop(proxy);
	pthread_mutex_unlock(&proxy->mutex);
	proxy_wake(proxy);
}

size_t
fault_proxy_connections(struct fault_proxy *proxy)
{
	size_t n;

	pthread_mutex_lock(&proxy->mutex);
	n = proxy->connections;
	pthread_mutex_unlock(&proxy->mutex);
	return n;
}

size_t
fault_proxy_asked(struct fault_proxy *proxy)
{
	size_t n;

	pthread_mutex_lock(&proxy->mutex);
	n = proxy->asked;
	pthread_mutex_unlock(&proxy->mutex);
	return n;
}

bool
fault_proxy_wait_asked(struct fault_proxy *proxy, size_t asked)
{
	struct timespec end;
	bool more;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += PROXY_WAIT_S;
	pthread_mutex_lock(&proxy->mutex);
	while (proxy->asked <= asked && rc == 0)
		rc = pthread_cond_timedwait(
		    &proxy->changed, &proxy->mutex, &end);
	more = proxy->asked > asked;
	pthread_mutex_unlock(&proxy->mutex);
	return more;
}
