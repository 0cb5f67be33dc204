/* The server: its port, its connections, and who answers a request. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/kube_api_priv.h"

static const struct {
	const char *path, *kind;
} known[] = {
    {"/api/v1/pods", "Pod"},
    {"/api/v1/nodes", "Node"},
    {"/api/v1/namespaces", "Namespace"},
    {"/apis/apps/v1/deployments", "Deployment"},
    {"/apis/apps/v1/replicasets", "ReplicaSet"},
    {"/apis/apps/v1/statefulsets", "StatefulSet"},
    {"/apis/apps/v1/daemonsets", "DaemonSet"},
    {"/apis/batch/v1/jobs", "Job"},
    {"/apis/batch/v1/cronjobs", "CronJob"},
    {"/apis/autoscaling/v1/horizontalpodautoscalers",
	"HorizontalPodAutoscaler"},
    {"/apis/metrics.k8s.io/v1beta1/pods", "PodMetrics"},
};

void *
kube__alloc(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL)
		abort();
	return memory;
}

char *
kube__copy(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		abort();
	return copy;
}

static void
server_signal(int fd)
{
	uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof(one));

	(void)n;
}

void
kube__changed(struct kube_api *api)
{
	size_t i;

	pthread_cond_broadcast(&api->changed);
	for (i = 0; i < KUBE_API_CONNECTIONS; i++) {
		if (api->connections[i].joinable && !api->connections[i].done)
			server_signal(api->connections[i].wake);
	}
}

/* "/api/v1/namespaces/x/pods" is "/api/v1/pods" in x. Mutex held. */
static void
question_read(struct kube_exchange *x, struct kube_question *q)
{
	char path[KUBE_API_HEAD];
	const char *at = strstr(x->path, "/namespaces/"), *rest;

	memset(q, 0, sizeof(*q));
	rest = at != NULL ? strchr(at + 12, '/') : NULL;
	if (rest != NULL) {
		snprintf(q->ns, sizeof(q->ns), "%.*s", (int)(rest - at - 12),
		    at + 12);
		snprintf(path, sizeof(path), "%.*s%s", (int)(at - x->path),
		    x->path, rest);
	} else {
		snprintf(path, sizeof(path), "%s", x->path);
	}
	q->collection = kube__collection(x->api, path);
	if (q->collection != NULL && q->collection->withdrawn)
		q->collection = NULL;
	kube__param(x, "labelSelector", q->selector, sizeof(q->selector));
	q->metadata_only =
	    !x->api->ignore_accept &&
	    kube__header_has(x, "Accept", "as=PartialObjectMetadata");
}

static bool
question_answer(struct kube_exchange *x, const struct kube_question *q)
{
	static const char version[] =
	    "{\n  \"major\": \"1\",\n  \"minor\": \"34\",\n  \"gitVersion\": "
	    "\"v1.34.1\",\n  \"platform\": \"linux/amd64\"\n}";
	char watch[8] = "";

	if (strcmp(x->path, "/version") == 0)
		return kube__reply(
		    x, 200, "application/json", version, sizeof(version) - 1);
	if (strcmp(x->path, "/readyz") == 0)
		return kube__reply(
		    x, 200, "text/plain; charset=utf-8", "ok", 2);
	if (q->collection == NULL)
		return kube__reply_not_found(x);
	kube__param(x, "watch", watch, sizeof(watch));
	if (watch[0] == '\0' || strcmp(watch, "0") == 0 ||
	    strcmp(watch, "false") == 0)
		return kube__list(x, q);
	if (!q->collection->watchable)
		return kube__reply_status(x, 405, "MethodNotAllowed",
		    "the server does not allow this method on the requested "
		    "resource",
		    NULL);
	return kube__watch(x, q);
}

static bool
exchange_answer(struct kube_exchange *x)
{
	const struct kube_recording *recording;
	struct kube_api *api = x->api;
	struct kube_question q;
	bool allowed;

	pthread_mutex_lock(&api->mutex);
	x->dropped = api->dropped;
	x->released = api->released;
	kube__asked_add(x);
	kube__fault_decide(x);
	question_read(x, &q);
	recording =
	    x->fault.kind == KUBE_API_NONE ? kube__replay_find(x) : NULL;
	allowed = api->token == NULL ||
		  kube__header_has(x, "Authorization", api->token);
	pthread_mutex_unlock(&api->mutex);
	if (!allowed)
		return kube__reply_status(
		    x, 401, "Unauthorized", "Unauthorized", NULL);
	if (recording != NULL)
		return kube__replay(x, recording);
	if (x->fault.kind == KUBE_API_HOLD && !kube__hold(x))
		return false;
	if (x->fault.kind != KUBE_API_NONE && x->fault.kind != KUBE_API_HOLD &&
	    x->fault.kind != KUBE_API_CUT &&
	    x->fault.kind != KUBE_API_HOLD_BODY)
		return kube__fault_reply(x, &q);
	return question_answer(x, &q);
}

static void *
connection_main(void *ctx)
{
	struct kube_connection *c = ctx;
	struct kube_exchange *x = kube__alloc(1, sizeof(*x));

	x->api = c->api;
	x->connection = c;
	x->fd = c->fd;
	while (kube__read(x) && exchange_answer(x))
		;
	free(x);
	pthread_mutex_lock(&c->api->mutex);
	close(c->fd);
	close(c->wake);
	c->done = true;
	pthread_cond_broadcast(&c->api->changed);
	pthread_mutex_unlock(&c->api->mutex);
	return NULL;
}

/* A place for a connection; those that are over are joined here. */
static struct kube_connection *
connection_place(struct kube_api *api)
{
	struct kube_connection *c;
	size_t i;

	for (i = 0; i < KUBE_API_CONNECTIONS; i++) {
		c = &api->connections[i];
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
server_take(struct kube_api *api, int fd)
{
	struct kube_connection *c;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	pthread_mutex_lock(&api->mutex);
	c = connection_place(api);
	if (c == NULL || api->stopping || api->listener < 0) {
		pthread_mutex_unlock(&api->mutex);
		close(fd);
		return;
	}
	api->taken++;
	c->api = api;
	c->fd = fd;
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->done = c->watching = false;
	c->joinable = c->wake >= 0 &&
		      pthread_create(&c->thread, NULL, connection_main, c) == 0;
	if (!c->joinable)
		abort();
	pthread_mutex_unlock(&api->mutex);
}

static void *
acceptor_main(void *ctx)
{
	struct kube_api *api = ctx;
	struct pollfd fds[2];
	uint64_t count;
	int fd;

	for (;;) {
		pthread_mutex_lock(&api->mutex);
		fds[0] = (struct pollfd){.fd = api->wake, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = api->listener, .events = POLLIN};
		fd = api->stopping ? -1 : 0;
		pthread_mutex_unlock(&api->mutex);
		if (fd < 0)
			return NULL;
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents != 0 &&
		    read(api->wake, &count, sizeof(count)) < 0)
			return NULL;
		if (fds[0].revents != 0 || fds[1].revents == 0)
			continue;
		fd = accept4(fds[1].fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			server_take(api, fd);
	}
}

static int
server_listen(int port, int *port_out)
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
	    listen(fd, 128) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		close(fd);
		return -1;
	}
	*port_out = ntohs(address.sin_port);
	return fd;
}

static void
server_free(struct kube_api *api)
{
	kube_api_forget(api);
	kube__faults_clear(api);
	kube__asked_clear(api);
	kube__store_clear(api);
	if (api->listener >= 0)
		close(api->listener);
	close(api->wake);
	free(api->token);
	pthread_cond_destroy(&api->changed);
	pthread_mutex_destroy(&api->mutex);
	free(api);
}

bool
kube_api_start(int port, struct kube_api **out)
{
	struct kube_api *api = kube__alloc(1, sizeof(*api));
	size_t i;

	pthread_mutex_init(&api->mutex, NULL);
	pthread_cond_init(&api->changed, NULL);
	api->version = 1000;
	api->events = kube__alloc(KUBE_API_HISTORY, sizeof(*api->events));
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		kube_api_collection(api, known[i].path, known[i].kind);
	api->listener = server_listen(port, &api->port);
	api->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	snprintf(api->url, sizeof(api->url), "http://127.0.0.1:%d", api->port);
	if (api->listener < 0 || api->wake < 0 ||
	    pthread_create(&api->acceptor, NULL, acceptor_main, api) != 0) {
		server_free(api);
		return false;
	}
	*out = api;
	return true;
}

/* With the mutex held. */
static void
server_hang_up(struct kube_api *api)
{
	size_t i;

	for (i = 0; i < KUBE_API_CONNECTIONS; i++) {
		if (api->connections[i].joinable && !api->connections[i].done)
			shutdown(api->connections[i].fd, SHUT_RDWR);
	}
	kube__changed(api);
}

void
kube_api_stop(struct kube_api **api_in)
{
	struct kube_api *api = *api_in;
	size_t i;

	if (api == NULL)
		return;
	pthread_mutex_lock(&api->mutex);
	api->stopping = true;
	server_hang_up(api);
	pthread_mutex_unlock(&api->mutex);
	server_signal(api->wake);
	pthread_join(api->acceptor, NULL);
	for (i = 0; i < KUBE_API_CONNECTIONS; i++) {
		if (api->connections[i].joinable)
			pthread_join(api->connections[i].thread, NULL);
	}
	server_free(api);
	*api_in = NULL;
}

const char *
kube_api_url(const struct kube_api *api)
{
	return api->url;
}

bool
kube_api_kubeconfig(const struct kube_api *api, const char *path)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return false;
	fprintf(f,
	    "apiVersion: v1\n"
	    "kind: Config\n"
	    "current-context: test\n"
	    "contexts:\n"
	    "- name: test\n"
	    "  context: {cluster: test, user: test, namespace: agents}\n"
	    "clusters:\n"
	    "- name: test\n"
	    "  cluster: {server: \"%s\"}\n"
	    "users:\n"
	    "- name: test\n"
	    "  user: {}\n",
	    api->url);
	return fclose(f) == 0;
}

void
kube_api_require_token(struct kube_api *api, const char *token)
{
	pthread_mutex_lock(&api->mutex);
	free(api->token);
	api->token = token != NULL ? kube__copy(token) : NULL;
	pthread_mutex_unlock(&api->mutex);
}

void
kube_api_ignore_accept(struct kube_api *api, bool ignore)
{
	pthread_mutex_lock(&api->mutex);
	api->ignore_accept = ignore;
	pthread_mutex_unlock(&api->mutex);
}

void
kube_api_release(struct kube_api *api)
{
	pthread_mutex_lock(&api->mutex);
	api->released++;
	kube__changed(api);
	pthread_mutex_unlock(&api->mutex);
}

bool
kube_api_refuse(struct kube_api *api, bool refuse)
{
	bool ok = true;
	int old = -1;

	pthread_mutex_lock(&api->mutex);
	if (refuse && api->listener >= 0) {
		old = api->listener;
		api->listener = -1;
		api->dropped++;
		/* refuses from here on, whatever the acceptor is at */
		shutdown(old, SHUT_RDWR);
		server_hang_up(api);
	} else if (!refuse && api->listener < 0) {
		api->listener = server_listen(api->port, &api->port);
		ok = api->listener >= 0;
	}
	pthread_mutex_unlock(&api->mutex);
	server_signal(api->wake);
	if (old >= 0)
		close(old);
	return ok;
}
