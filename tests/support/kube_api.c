/* The server, and who answers a request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

	pthread_mutex_lock(&api->stage.mutex);
	x->since = stage_now(&api->stage);
	kube__asked_add(x);
	kube__fault_decide(x);
	question_read(x, &q);
	recording =
	    x->fault.kind == KUBE_API_NONE ? kube__replay_find(x) : NULL;
	allowed = api->token == NULL ||
		  kube__header_has(x, "Authorization", api->token);
	pthread_mutex_unlock(&api->stage.mutex);
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

static void
api_serve(struct stage_connection *c, void *ctx)
{
	struct kube_exchange *x = kube__alloc(1, sizeof(*x));

	x->api = ctx;
	x->connection = c;
	x->fd = c->fd;
	while (kube__read(x) && exchange_answer(x))
		;
	free(x);
}

static void
api_free(struct kube_api *api)
{
	kube_api_forget(api);
	kube__faults_clear(api);
	kube__asked_clear(api);
	kube__store_clear(api);
	stage_fini(&api->stage);
	free(api->token);
	free(api);
}

bool
kube_api_start(int port, struct kube_api **out)
{
	struct kube_api *api = kube__alloc(1, sizeof(*api));
	size_t i;

	stage_init(&api->stage);
	api->version = 1000;
	api->events = kube__alloc(KUBE_API_HISTORY, sizeof(*api->events));
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		kube_api_collection(api, known[i].path, known[i].kind);
	if (!stage_start(&api->stage, port, api_serve, api)) {
		api_free(api);
		return false;
	}
	*out = api;
	return true;
}

void
kube_api_stop(struct kube_api **api)
{
	if (*api == NULL)
		return;
	stage_stop(&(*api)->stage);
	api_free(*api);
	*api = NULL;
}

const char *
kube_api_url(const struct kube_api *api)
{
	return api->stage.url;
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
	    api->stage.url);
	return fclose(f) == 0;
}

void
kube_api_require_token(struct kube_api *api, const char *token)
{
	pthread_mutex_lock(&api->stage.mutex);
	free(api->token);
	api->token = token != NULL ? kube__copy(token) : NULL;
	pthread_mutex_unlock(&api->stage.mutex);
}

void
kube_api_ignore_accept(struct kube_api *api, bool ignore)
{
	pthread_mutex_lock(&api->stage.mutex);
	api->ignore_accept = ignore;
	pthread_mutex_unlock(&api->stage.mutex);
}

void
kube_api_release(struct kube_api *api)
{
	stage_release(&api->stage);
}

bool
kube_api_refuse(struct kube_api *api, bool refuse)
{
	return stage_refuse(&api->stage, refuse);
}
