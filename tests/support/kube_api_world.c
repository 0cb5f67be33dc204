/*
 * Worlds of any size. A pod is about 11 KB, 45 % of it managedFields, as
 * measured on real ones: an agent and a sidecar with their variables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/kube_api_priv.h"

enum { WORLD_VARIABLES = 19 };

#define WORLD_PODS "/api/v1/pods"
#define WORLD_METRICS "/apis/metrics.k8s.io/v1beta1/pods"

struct world_place {
	char ns[32], deployment[32], replicaset[48], pod[64];
	unsigned number; /* of the pod, in all of the world */
};

static void
world_locate(const struct kube_api_world *w, unsigned deployment, unsigned pod,
    struct world_place *out)
{
	if (w->namespaces == 0)
		snprintf(out->ns, sizeof(out->ns), "agents");
	else
		snprintf(out->ns, sizeof(out->ns), "team-%02u",
		    deployment % w->namespaces);
	snprintf(
	    out->deployment, sizeof(out->deployment), "agent-%04u", deployment);
	snprintf(out->replicaset, sizeof(out->replicaset), "%s-7d9f8c6b5",
	    out->deployment);
	out->number = deployment * w->pods_each + pod;
	snprintf(out->pod, sizeof(out->pod), "%s-%05x", out->replicaset,
	    out->number);
}

/* What kind of thing, and which one of them. */
static void
world_uid(char *out, size_t size, unsigned kind, unsigned number)
{
	snprintf(out, size, "%08x-5e7a-4000-8000-%012x", kind, number);
}

static void
world_owner(struct sst_buf *out, const char *api_version, const char *kind,
    const char *name, const char *uid)
{
	sst_buf_addf(out,
	    ",\"ownerReferences\":[{\"apiVersion\":\"%s\",\"kind\":\"%s\","
	    "\"name\":\"%s\",\"uid\":\"%s\",\"controller\":true,"
	    "\"blockOwnerDeletion\":true}]",
	    api_version, kind, name, uid);
}

static void
world_managed_container(struct sst_buf *out, const char *name)
{
	static const char *const fields[] = {"image", "imagePullPolicy", "name",
	    "terminationMessagePath", "terminationMessagePolicy",
	    "volumeMounts"};
	unsigned i;

	sst_buf_addf(out, "\"k:{\\\"name\\\":\\\"%s\\\"}\":{\".\":{}", name);
	sst_buf_adds(out, ",\"f:env\":{\".\":{}");
	for (i = 0; i < WORLD_VARIABLES; i++)
		sst_buf_addf(out,
		    ",\"k:{\\\"name\\\":\\\"AGENT_SETTING_%02u\\\"}\":{\".\":{}"
		    ",\"f:name\":{},\"f:value\":{}}",
		    i);
	sst_buf_adds(out, "}");
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		sst_buf_addf(out, ",\"f:%s\":{}", fields[i]);
	sst_buf_adds(out,
	    ",\"f:resources\":{\".\":{},\"f:limits\":{\".\":{},\"f:cpu\":{},"
	    "\"f:memory\":{}},\"f:requests\":{\".\":{},\"f:cpu\":{},"
	    "\"f:memory\":{}}}}");
}

static void
world_managed(struct sst_buf *out)
{
	static const char *const conditions[] = {
	    "ContainersReady", "Initialized", "Ready"};
	unsigned i;

	sst_buf_adds(out,
	    ",\"managedFields\":[{\"manager\":\"kube-controller-manager\","
	    "\"operation\":\"Update\",\"apiVersion\":\"v1\",\"time\":"
	    "\"2026-11-20T09:00:00Z\",\"fieldsType\":\"FieldsV1\","
	    "\"fieldsV1\":{\"f:metadata\":{\"f:annotations\":{\".\":{},"
	    "\"f:example.com/checksum\":{}},\"f:generateName\":{},"
	    "\"f:labels\":{\".\":{},\"f:app\":{},\"f:pod-template-hash\":{}},"
	    "\"f:ownerReferences\":{\".\":{}}},\"f:spec\":{"
	    "\"f:containers\":{");
	world_managed_container(out, "agent");
	sst_buf_addc(out, ',');
	world_managed_container(out, "istio-proxy");
	sst_buf_adds(out,
	    "},\"f:dnsPolicy\":{},\"f:enableServiceLinks\":{},"
	    "\"f:restartPolicy\":{},\"f:schedulerName\":{},"
	    "\"f:securityContext\":{},\"f:terminationGracePeriodSeconds\":{},"
	    "\"f:volumes\":{\".\":{}}}}},{\"manager\":\"kubelet\","
	    "\"operation\":\"Update\",\"apiVersion\":\"v1\",\"time\":"
	    "\"2026-11-20T09:00:05Z\",\"fieldsType\":\"FieldsV1\","
	    "\"fieldsV1\":{\"f:status\":{\"f:conditions\":{");
	for (i = 0; i < 3; i++)
		sst_buf_addf(out,
		    "%s\"k:{\\\"type\\\":\\\"%s\\\"}\":{\".\":{},"
		    "\"f:lastProbeTime\":{},\"f:lastTransitionTime\":{},"
		    "\"f:status\":{},\"f:type\":{}}",
		    i > 0 ? "," : "", conditions[i]);
	sst_buf_adds(out,
	    "},\"f:containerStatuses\":{},\"f:hostIP\":{},\"f:phase\":{},"
	    "\"f:podIP\":{},\"f:podIPs\":{\".\":{}},\"f:startTime\":{}}},"
	    "\"subresource\":\"status\"}]");
}

static void
world_container(struct sst_buf *out, const char *name, const char *image,
    const char *cpu, const char *memory)
{
	unsigned i;

	sst_buf_addf(
	    out, "{\"name\":\"%s\",\"image\":\"%s\",\"env\":[", name, image);
	for (i = 0; i < WORLD_VARIABLES; i++)
		sst_buf_addf(out,
		    "%s{\"name\":\"AGENT_SETTING_%02u\",\"value\":"
		    "\"https://config.agents.svc.cluster.local/setting/%02u\"}",
		    i > 0 ? "," : "", i, i);
	sst_buf_addf(out,
	    "],\"resources\":{\"limits\":{\"cpu\":\"%s\",\"memory\":\"%s\"},"
	    "\"requests\":{\"cpu\":\"50m\",\"memory\":\"64Mi\"}},"
	    "\"volumeMounts\":[{\"name\":\"config\",\"readOnly\":true,"
	    "\"mountPath\":\"/etc/agent\"},{\"name\":\"default-token-x7k2p\","
	    "\"readOnly\":true,\"mountPath\":"
	    "\"/var/run/secrets/kubernetes.io/serviceaccount\"}],"
	    "\"terminationMessagePath\":\"/dev/termination-log\","
	    "\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":"
	    "\"IfNotPresent\"}",
	    cpu, memory);
}

static void
world_spec(struct sst_buf *out, unsigned number)
{
	sst_buf_adds(out,
	    ",\"spec\":{\"volumes\":[{\"name\":\"config\",\"configMap\":{"
	    "\"name\":\"agent-config\",\"defaultMode\":420}},{\"name\":"
	    "\"default-token-x7k2p\",\"secret\":{\"secretName\":"
	    "\"default-token-x7k2p\",\"defaultMode\":420}}],\"containers\":[");
	world_container(out, "agent", "registry.example.com/agents/agent:1.4.2",
	    "500m", "512Mi");
	sst_buf_addc(out, ',');
	world_container(out, "istio-proxy",
	    "registry.example.com/istio/proxyv2:1.24.1", "100m", "128Mi");
	sst_buf_addf(out,
	    "],\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":"
	    "30,\"dnsPolicy\":\"ClusterFirst\",\"serviceAccountName\":"
	    "\"default\",\"serviceAccount\":\"default\",\"nodeName\":"
	    "\"node-%02u\",\"securityContext\":{},\"schedulerName\":"
	    "\"default-scheduler\",\"tolerations\":[{\"key\":"
	    "\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\","
	    "\"effect\":\"NoExecute\",\"tolerationSeconds\":300},{\"key\":"
	    "\"node.kubernetes.io/unreachable\",\"operator\":\"Exists\","
	    "\"effect\":\"NoExecute\",\"tolerationSeconds\":300}],"
	    "\"priority\":0,\"enableServiceLinks\":true}",
	    number % 50);
}

static void
world_container_status(
    struct sst_buf *out, const char *name, const char *image, unsigned restarts)
{
	sst_buf_addf(out,
	    "{\"name\":\"%s\",\"state\":{\"running\":{"
	    "\"startedAt\":\"2026-11-20T09:%02u:%02uZ\"}},",
	    name, restarts / 60 % 60, restarts % 60);
	if (restarts > 0)
		sst_buf_addf(out,
		    "\"lastState\":{\"terminated\":{\"exitCode\":1,\"reason\":"
		    "\"Error\",\"startedAt\":\"2026-11-20T09:00:00Z\","
		    "\"finishedAt\":\"2026-11-20T09:%02u:%02uZ\"}},",
		    restarts / 60 % 60, restarts % 60);
	else
		sst_buf_adds(out, "\"lastState\":{},");
	sst_buf_addf(out,
	    "\"ready\":true,\"restartCount\":%u,\"image\":\"%s\",\"imageID\":"
	    "\"docker-pullable://%s@sha256:6a1b2c3d4e5f60718293a4b5c6d7e8f9"
	    "6a1b2c3d4e5f60718293a4b5c6d7e8f9\",\"started\":true}",
	    restarts, image, image);
}

static void
world_status(struct sst_buf *out, unsigned number, unsigned restarts)
{
	static const char *const conditions[] = {
	    "Initialized", "Ready", "ContainersReady", "PodScheduled"};
	unsigned i;

	sst_buf_adds(
	    out, ",\"status\":{\"phase\":\"Running\",\"conditions\":[");
	for (i = 0; i < 4; i++)
		sst_buf_addf(out,
		    "%s{\"type\":\"%s\",\"status\":\"True\",\"lastProbeTime\":"
		    "null,\"lastTransitionTime\":\"2026-11-20T09:00:05Z\"}",
		    i > 0 ? "," : "", conditions[i]);
	sst_buf_addf(out,
	    "],\"hostIP\":\"10.0.0.%u\",\"podIP\":\"10.%u.%u.%u\",\"podIPs\":"
	    "[{\"ip\":\"10.%u.%u.%u\"}],\"startTime\":"
	    "\"2026-11-20T09:00:00Z\",\"containerStatuses\":[",
	    number % 50, number >> 16 & 255, number >> 8 & 255, number & 255,
	    number >> 16 & 255, number >> 8 & 255, number & 255);
	world_container_status(
	    out, "agent", "registry.example.com/agents/agent:1.4.2", restarts);
	sst_buf_addc(out, ',');
	world_container_status(
	    out, "istio-proxy", "registry.example.com/istio/proxyv2:1.24.1", 0);
	sst_buf_adds(out, "],\"qosClass\":\"Burstable\"}");
}

static char *
world_take(struct sst_buf *buf)
{
	char *text;

	if (sst_buf_failed(buf))
		abort();
	text = sst_buf_take(buf, NULL);
	return text != NULL ? text : kube__copy("");
}

/* Written without a parser: there may be 100,000 of them. */
static struct kube_body *
world_pod(
    const struct world_place *place, unsigned deployment, unsigned restarts)
{
	struct kube_body *body = kube__alloc(1, sizeof(*body));
	struct sst_buf meta = SST_BUF_INIT, rest = SST_BUF_INIT;
	char uid[64], labels[96];

	body->refs = 1;
	body->ns = kube__copy(place->ns);
	body->name = kube__copy(place->pod);
	snprintf(labels, sizeof(labels), ",app=%s,pod-template-hash=7d9f8c6b5,",
	    place->deployment);
	body->labels = kube__copy(labels);
	world_uid(uid, sizeof(uid), 1, place->number);
	sst_buf_addf(&meta,
	    "\"name\":\"%s\",\"generateName\":\"%s-\",\"namespace\":\"%s\","
	    "\"uid\":\"%s\",\"creationTimestamp\":\"2026-11-20T09:00:00Z\","
	    "\"labels\":{\"app\":\"%s\",\"pod-template-hash\":\"7d9f8c6b5\"},"
	    "\"annotations\":{\"example.com/checksum\":"
	    "\"0c7be0f5e4a8d1b2c3d4e5f60718293a\"}",
	    place->pod, place->replicaset, place->ns, uid, place->deployment);
	world_uid(uid, sizeof(uid), 3, deployment);
	world_owner(&meta, "apps/v1", "ReplicaSet", place->replicaset, uid);
	world_managed(&meta);
	sst_buf_addc(&meta, '}');
	world_spec(&rest, place->number);
	world_status(&rest, place->number, restarts);
	body->meta = world_take(&meta);
	body->rest = world_take(&rest);
	return body;
}

static void
world_put(struct kube_api *api, const char *collection, struct sst_buf *json)
{
	if (sst_buf_failed(json) ||
	    kube_api_put(api, collection, json->data) == 0)
		abort();
	sst_buf_fini(json);
}

static void
world_meta(struct sst_buf *out, const struct world_place *place,
    const char *name, unsigned kind, unsigned number)
{
	char uid[64];

	world_uid(uid, sizeof(uid), kind, number);
	sst_buf_addf(out,
	    "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\",\"uid\":"
	    "\"%s\",\"generation\":2,\"creationTimestamp\":"
	    "\"2026-11-20T09:00:00Z\",\"labels\":{\"app\":\"%s\"},"
	    "\"annotations\":{\"deployment.kubernetes.io/revision\":\"%u\"}",
	    name, place->ns, uid, place->deployment, kind == 4 ? 1 : 2);
}

static void
world_template(
    struct sst_buf *out, const struct world_place *place, unsigned replicas)
{
	sst_buf_addf(out,
	    "},\"spec\":{\"replicas\":%u,\"selector\":{\"matchLabels\":{"
	    "\"app\":\"%s\"}},\"template\":{\"metadata\":{\"labels\":{"
	    "\"app\":\"%s\"}},\"spec\":{\"containers\":[",
	    replicas, place->deployment, place->deployment);
	world_container(out, "agent", "registry.example.com/agents/agent:1.4.2",
	    "500m", "512Mi");
	sst_buf_adds(out, "]}}}");
}

static void
world_deployment(struct kube_api *api, const struct kube_api_world *w,
    const struct world_place *place, unsigned number)
{
	struct sst_buf json = SST_BUF_INIT;

	world_meta(&json, place, place->deployment, 2, number);
	world_managed(&json);
	world_template(&json, place, w->pods_each);
	sst_buf_addf(&json,
	    ",\"status\":{\"observedGeneration\":2,\"replicas\":%u,"
	    "\"updatedReplicas\":%u,\"readyReplicas\":%u,"
	    "\"availableReplicas\":%u,\"conditions\":[{\"type\":"
	    "\"Progressing\",\"status\":\"True\",\"reason\":"
	    "\"NewReplicaSetAvailable\",\"message\":\"ReplicaSet has "
	    "successfully progressed.\",\"lastUpdateTime\":"
	    "\"2026-11-20T09:00:05Z\",\"lastTransitionTime\":"
	    "\"2026-11-20T09:00:00Z\"}]}}",
	    w->pods_each, w->pods_each, w->pods_each, w->pods_each);
	world_put(api, "/apis/apps/v1/deployments", &json);
}

static void
world_replicaset(struct kube_api *api, const struct world_place *place,
    unsigned number, unsigned replicas, bool live)
{
	struct sst_buf json = SST_BUF_INIT;
	char name[64], uid[64];

	snprintf(name, sizeof(name), "%s%s", place->deployment,
	    live ? "-7d9f8c6b5" : "-65dc4c868");
	world_meta(&json, place, name, live ? 3 : 4, number);
	world_uid(uid, sizeof(uid), 2, number);
	world_owner(&json, "apps/v1", "Deployment", place->deployment, uid);
	world_managed(&json);
	world_template(&json, place, replicas);
	sst_buf_addf(&json,
	    ",\"status\":{\"replicas\":%u,\"readyReplicas\":%u}}", replicas,
	    replicas);
	world_put(api, "/apis/apps/v1/replicasets", &json);
}

static void
world_autoscaler(struct kube_api *api, const struct kube_api_world *w,
    const struct world_place *place, unsigned number)
{
	struct sst_buf json = SST_BUF_INIT;

	world_meta(&json, place, place->deployment, 5, number);
	sst_buf_addf(&json,
	    "},\"spec\":{\"scaleTargetRef\":{\"kind\":\"Deployment\",\"name\":"
	    "\"%s\",\"apiVersion\":\"apps/v1\"},\"minReplicas\":1,"
	    "\"maxReplicas\":%u,\"targetCPUUtilizationPercentage\":60},"
	    "\"status\":{\"currentReplicas\":%u,\"desiredReplicas\":%u,"
	    "\"currentCPUUtilizationPercentage\":55}}",
	    place->deployment, w->pods_each * 2, w->pods_each, w->pods_each);
	world_put(api, "/apis/autoscaling/v1/horizontalpodautoscalers", &json);
}

static void
world_metrics(struct kube_api *api, const struct world_place *place)
{
	struct sst_buf json = SST_BUF_INIT;

	sst_buf_addf(&json,
	    "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\","
	    "\"creationTimestamp\":\"2026-11-20T10:00:00Z\",\"labels\":{"
	    "\"app\":\"%s\"}},\"timestamp\":\"2026-11-20T09:59:50Z\","
	    "\"window\":\"15.2s\",\"containers\":[{\"name\":\"agent\","
	    "\"usage\":{\"cpu\":\"%un\",\"memory\":\"%uKi\"}},{\"name\":"
	    "\"istio-proxy\",\"usage\":{\"cpu\":\"2500u\",\"memory\":"
	    "\"40Mi\"}}]}",
	    place->pod, place->ns, place->deployment,
	    100000000 + place->number * 137 % 100000000,
	    100000 + place->number * 31 % 100000);
	world_put(api, WORLD_METRICS, &json);
}

static uint64_t
world_store_pod(struct kube_api *api, const struct world_place *place,
    unsigned deployment, unsigned restarts)
{
	struct kube_body *body = world_pod(place, deployment, restarts);
	uint64_t version;

	pthread_mutex_lock(&api->stage.mutex);
	version = kube__store(api, kube__collection(api, WORLD_PODS), body, 0);
	pthread_mutex_unlock(&api->stage.mutex);
	return version;
}

void
kube_api_populate(struct kube_api *api, const struct kube_api_world *world)
{
	struct world_place place;
	unsigned d, p;

	pthread_mutex_lock(&api->stage.mutex);
	api->world = *world;
	api->churned = 0;
	pthread_mutex_unlock(&api->stage.mutex);
	for (d = 0; d < world->deployments; d++) {
		world_locate(world, d, 0, &place);
		world_deployment(api, world, &place, d);
		world_replicaset(api, &place, d, world->pods_each, true);
		world_replicaset(api, &place, d, 0, false);
		if (d % 8 == 0)
			world_autoscaler(api, world, &place, d);
		for (p = 0; p < world->pods_each; p++) {
			world_locate(world, d, p, &place);
			world_store_pod(api, &place, d, 0);
			if (world->metrics)
				world_metrics(api, &place);
		}
	}
}

uint64_t
kube_api_churn(struct kube_api *api, char *name_out, size_t size)
{
	struct kube_api_world world;
	struct world_place place;
	uint64_t turn;
	unsigned total, number;

	pthread_mutex_lock(&api->stage.mutex);
	world = api->world;
	turn = api->churned++;
	pthread_mutex_unlock(&api->stage.mutex);
	total = world.deployments * world.pods_each;
	if (total == 0)
		return 0;
	number = (unsigned)(turn % total);
	world_locate(
	    &world, number / world.pods_each, number % world.pods_each, &place);
	if (name_out != NULL)
		snprintf(name_out, size, "%s", place.pod);
	return world_store_pod(api, &place, number / world.pods_each,
	    (unsigned)(turn / total) + 1);
}
