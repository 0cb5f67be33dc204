#include "unit/repository/kubernetes_rig.h"

#include <check.h>
#include <stdio.h>

#include "repository/workload/workload.h"
#include "unit/repository/kubernetes_world.h"

enum { RIG_WATCHES = 8 };

struct kube_rig rig;

void
rig_setup(void)
{
	kube_rig_init(&rig, &sst_kubernetes_ops);
}

void
rig_teardown(void)
{
	kube_rig_fini(&rig);
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
	kube_rig_open(&rig, more);
}

void
rig_await(int code)
{
	kube_rig_await(&rig, code);
}

bool
rig_look(void)
{
	return kube_rig_look(&rig);
}

void
rig_await_watched(void)
{
	rig_await(SST_OK);
	RIG_UNTIL(kube_rig_all_ok(&rig));
	ck_assert(kube_api_wait_watchers(rig.api, "", RIG_WATCHES));
	rig_await(SST_OK);
}

bool
rig_skip(void)
{
	/* and the thread that polls usage */
	return kube_rig_skip(&rig, RIG_WATCHES + 1);
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

const char *
rig_part(const char *name)
{
	return kube_rig_part(&rig, name, "state");
}

const char *
rig_part_reason(const char *name)
{
	return kube_rig_part(&rig, name, "reason");
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
