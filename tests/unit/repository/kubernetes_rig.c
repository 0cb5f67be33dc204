#include "unit/repository/kubernetes_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repository/workload/workload.h"
#include "support/poll.h"
#include "unit/repository/kubernetes_world.h"

struct kubernetes_rig rig;

void
rig_setup(void)
{
	int fd;

	memset(&rig, 0, sizeof(rig));
	subject_init(&rig.subject, &sst_kubernetes_ops);
	ck_assert(kube_api_start(0, &rig.api));
	snprintf(rig.kubeconfig, sizeof(rig.kubeconfig), "/tmp/kube-XXXXXX");
	fd = mkstemp(rig.kubeconfig);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert(kube_api_kubeconfig(rig.api, rig.kubeconfig));
}

void
rig_teardown(void)
{
	kube_api_behave(rig.api);
	kube_api_release(rig.api);
	subject_fini(&rig.subject);
	kube_api_stop(&rig.api);
	unlink(rig.kubeconfig);
	json_decref(rig.entities);
	json_decref(rig.upstream);
}

void
rig_load(void)
{
	static const char *const lists[][2] = {
	    {KUBE_PODS, "a_pods"},
	    {KUBE_DEPLOYMENTS, "a_deployments"},
	    {"/apis/apps/v1/replicasets", "a_replicasets"},
	    {"/apis/apps/v1/statefulsets", "a_statefulsets"},
	    {"/apis/batch/v1/jobs", "a_jobs"},
	    {"/apis/autoscaling/v1/horizontalpodautoscalers",
		"a_horizontalpodautoscalers"},
	    {KUBE_METRICS, "a_podmetrics"},
	};
	char path[512];
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		snprintf(path, sizeof(path), KUBERNETES_RECORDED "%s.http",
		    lists[i][1]);
		ck_assert_msg(kube_api_put_recorded(rig.api, lists[i][0], path),
		    "%s", path);
	}
}

void
rig_open(const char *more)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml), "{kubeconfig: %s%s%s}", rig.kubeconfig,
	    more[0] != '\0' ? ", " : "", more);
	ck_assert_msg(subject_open(&rig.subject, yaml) == SST_OK, "%s",
	    rig.subject.err.text);
}

static void
rig_keep(void)
{
	const struct sst_harvest *h = rig.subject.harvest;

	json_decref(rig.entities);
	rig.entities = subject_tree(&rig.subject);
	json_decref(rig.upstream);
	rig.upstream = NULL;
	if (h->upstream != NULL)
		rig.upstream =
		    json_loadb(h->upstream, h->upstream_len, 0, NULL);
	ck_assert_ptr_nonnull(rig.upstream);
}

bool
rig_look(void)
{
	if (subject_collect(&rig.subject) != SST_OK)
		return false;
	rig_keep();
	return true;
}

void
rig_await(int code)
{
	int got = SST_OK;

	ck_assert_msg(POLL_UNTIL((got = subject_collect(&rig.subject)) == code),
	    "got %s (%s), expected %s", sst_code_name(got),
	    rig.subject.err.text, sst_code_name(code));
	if (code == SST_OK)
		rig_keep();
}

static bool
rig_all_ok(void)
{
	const json_t *part;
	size_t i;

	json_array_foreach(json_object_get(rig.upstream, "parts"), i, part)
	{
		if (strcmp(json_string_value(json_object_get(part, "state")),
			"ok") != 0)
			return false;
	}
	return i > 0;
}

void
rig_await_watched(void)
{
	rig_await(SST_OK);
	RIG_UNTIL(rig_all_ok());
	ck_assert(kube_api_wait_watchers(rig.api, "", 8));
	rig_await(SST_OK);
}

void
rig_pass(int seconds)
{
	int i;

	for (i = 0; i < seconds; i++) {
		fake_clock_advance(&rig.subject.hands, 1000);
		rig_look();
	}
}

static const json_t *
rig_part_find(const char *name)
{
	const json_t *part;
	size_t i;

	json_array_foreach(json_object_get(rig.upstream, "parts"), i, part)
	{
		if (strcmp(json_string_value(json_object_get(part, "name")),
			name) == 0)
			return part;
	}
	return NULL;
}

const char *
rig_part(const char *name)
{
	const char *state =
	    json_string_value(json_object_get(rig_part_find(name), "state"));

	return state == NULL ? "" : state;
}

const char *
rig_part_reason(const char *name)
{
	const char *reason =
	    json_string_value(json_object_get(rig_part_find(name), "reason"));

	return reason == NULL ? "" : reason;
}

const struct sst_error *
rig_flaw(void)
{
	return &rig.subject.harvest->flaw;
}

const json_t *
rig_find(const char *kind, const char *name)
{
	return kubernetes_world_find(rig.entities, kind, name);
}

const json_t *
rig_pod(const char *name)
{
	return kubernetes_world_pod(rig.entities, name);
}

const char *
rig_status(const char *pod)
{
	const char *status =
	    json_string_value(json_object_get(rig_pod(pod), "status"));

	return status == NULL ? "" : status;
}
