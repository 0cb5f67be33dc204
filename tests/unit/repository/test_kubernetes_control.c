/*
 * What makes pods: the state of its roll-out as `kubectl rollout status` would
 * say it, one row for each rule, and what it asks for.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/workload/kubernetes_parse.h"
#include "unit/base/run.h"

static struct kubernetes_record *record;
static struct sst_error err;

static void
setup(void)
{
	record = NULL;
}

static void
teardown(void)
{
	free(record);
}

/* JSON with ' for ". */
static void
parse(enum kubernetes_resource resource, const char *meta, const char *spec,
    const char *status)
{
	char json[4096];
	size_t i;

	snprintf(json, sizeof(json),
	    "{'metadata':{'name':'web','namespace':'n'%s},'spec':{%s}%s%s%s}",
	    meta, spec, status == NULL ? "" : ",'status':{",
	    status == NULL ? "" : status, status == NULL ? "" : "}");
	for (i = 0; json[i] != '\0'; i++) {
		if (json[i] == '\'')
			json[i] = '"';
	}
	free(record);
	record = NULL;
	ck_assert_msg(
	    kubernetes__parse(resource, json, strlen(json), &record, &err) == 0,
	    "%s: %s", json, err.text);
}

static const char *
at(uint32_t where)
{
	return kubernetes__text(record, where);
}

#define SEEN "'observedGeneration':2,"
#define GENERATION ",'generation':2"
#define CONDITION(type, status, reason, message)                     \
	"{'type':'" type "','status':'" status "','reason':'" reason \
	"','message':'" message "','lastTransitionTime':"            \
	"'2026-11-21T03:00:00Z','lastUpdateTime':'2026-11-21T04:00:00Z'}"

struct row {
	const char *what;
	enum kubernetes_resource resource;
	const char *spec, *status;
	enum kubernetes_rollout rollout;
	const char *reason, *message;
};

static const struct row rows[] = {
    {"not looked at yet", KUBERNETES_DEPLOYMENTS, "'replicas':2",
	"'observedGeneration':1", KUBERNETES_ROLLOUT_PROGRESSING, "",
	"waiting for the spec update to be observed"},
    {"no status", KUBERNETES_DEPLOYMENTS, "'replicas':2", NULL,
	KUBERNETES_ROLLOUT_UNKNOWN, "", ""},
    {"a count that is none", KUBERNETES_DEPLOYMENTS, "'replicas':2",
	SEEN "'updatedReplicas':'two'", KUBERNETES_ROLLOUT_UNKNOWN, "", ""},
    {"not all updated", KUBERNETES_DEPLOYMENTS, "'replicas':3",
	SEEN "'replicas':4,'updatedReplicas':1,'availableReplicas':3,"
	     "'conditions':[" CONDITION(
		 "Progressing", "True", "ReplicaSetUpdated", "x") "]",
	KUBERNETES_ROLLOUT_PROGRESSING, "ReplicaSetUpdated",
	"1 out of 3 new replicas have been updated"},
    {"old ones left", KUBERNETES_DEPLOYMENTS, "'replicas':3",
	SEEN "'replicas':4,'updatedReplicas':3,'availableReplicas':3",
	KUBERNETES_ROLLOUT_PROGRESSING, "",
	"1 old replicas are pending termination"},
    {"not all available", KUBERNETES_DEPLOYMENTS, "'replicas':3",
	SEEN "'replicas':3,'updatedReplicas':3,'availableReplicas':1",
	KUBERNETES_ROLLOUT_PROGRESSING, "",
	"1 of 3 updated replicas are available"},
    {"lost pods since", KUBERNETES_DEPLOYMENTS, "'replicas':3",
	SEEN "'replicas':3,'updatedReplicas':3,'conditions':[" CONDITION(
	    "Progressing", "True", "NewReplicaSetAvailable",
	    "x") "," CONDITION("Available", "False",
	    "MinimumReplicasUnavailable", "y") "]",
	KUBERNETES_ROLLOUT_PROGRESSING, "MinimumReplicasUnavailable",
	"0 of 3 updated replicas are available"},
    {"complete", KUBERNETES_DEPLOYMENTS, "'replicas':3",
	SEEN "'replicas':3,'updatedReplicas':3,'availableReplicas':3,"
	     "'conditions':[" CONDITION(
		 "Progressing", "True", "NewReplicaSetAvailable", "x") "]",
	KUBERNETES_ROLLOUT_COMPLETE, "NewReplicaSetAvailable", ""},
    {"scaled to nothing", KUBERNETES_DEPLOYMENTS, "'replicas':0",
	"'observedGeneration':2", KUBERNETES_ROLLOUT_COMPLETE, "", ""},
    {"over its deadline", KUBERNETES_DEPLOYMENTS, "'replicas':3",
	SEEN "'replicas':3,'updatedReplicas':1,'conditions':[" CONDITION(
	    "Progressing", "False", "ProgressDeadlineExceeded", "too long") "]",
	KUBERNETES_ROLLOUT_STUCK, "ProgressDeadlineExceeded", "too long"},
    {"pods that may not be made", KUBERNETES_DEPLOYMENTS, "'replicas':3",
	SEEN "'replicas':0,'conditions':[" CONDITION("Progressing", "True",
	    "NewReplicaSetCreated", "x") "," CONDITION("ReplicaFailure", "True",
	    "FailedCreate", "exceeded quota") "]",
	KUBERNETES_ROLLOUT_PROGRESSING, "FailedCreate", "exceeded quota"},
    {"paused", KUBERNETES_DEPLOYMENTS, "'replicas':3,'paused':true",
	SEEN "'replicas':3,'updatedReplicas':1,'availableReplicas':3",
	KUBERNETES_ROLLOUT_PAUSED, "",
	"1 out of 3 new replicas have been updated"},
    {"stateful, not ready", KUBERNETES_STATEFULSETS, "'replicas':3",
	SEEN "'replicas':3,'readyReplicas':1,'updatedReplicas':3",
	KUBERNETES_ROLLOUT_PROGRESSING, "", "waiting for 2 pods to be ready"},
    {"stateful, part of it", KUBERNETES_STATEFULSETS,
	"'replicas':3,'updateStrategy':{'type':'RollingUpdate',"
	"'rollingUpdate':{'partition':1}}",
	SEEN "'readyReplicas':3,'updatedReplicas':1",
	KUBERNETES_ROLLOUT_PROGRESSING, "",
	"partitioned: 1 out of 2 new pods have been updated"},
    {"stateful, that part done", KUBERNETES_STATEFULSETS,
	"'replicas':3,'updateStrategy':{'type':'RollingUpdate',"
	"'rollingUpdate':{'partition':1}}",
	SEEN "'readyReplicas':3,'updatedReplicas':2,'updateRevision':'web-b',"
	     "'currentRevision':'web-a'",
	KUBERNETES_ROLLOUT_COMPLETE, "", ""},
    {"stateful, two revisions", KUBERNETES_STATEFULSETS, "'replicas':3",
	SEEN "'readyReplicas':3,'updatedReplicas':2,'updateRevision':'web-b',"
	     "'currentRevision':'web-a'",
	KUBERNETES_ROLLOUT_PROGRESSING, "",
	"2 of 3 pods are at the new revision"},
    {"stateful, by hand", KUBERNETES_STATEFULSETS,
	"'replicas':3,'updateStrategy':{'type':'OnDelete'}",
	SEEN "'readyReplicas':3", KUBERNETES_ROLLOUT_UNKNOWN, "OnDelete", ""},
    {"on each node, not updated", KUBERNETES_DAEMONSETS, "",
	SEEN "'desiredNumberScheduled':3,'updatedNumberScheduled':1",
	KUBERNETES_ROLLOUT_PROGRESSING, "",
	"1 out of 3 new pods have been updated"},
    {"on each node, not available", KUBERNETES_DAEMONSETS, "",
	SEEN "'desiredNumberScheduled':3,'updatedNumberScheduled':3,"
	     "'numberAvailable':2",
	KUBERNETES_ROLLOUT_PROGRESSING, "",
	"2 of 3 updated pods are available"},
    {"on each node", KUBERNETES_DAEMONSETS, "",
	SEEN "'desiredNumberScheduled':3,'updatedNumberScheduled':3,"
	     "'numberAvailable':3",
	KUBERNETES_ROLLOUT_COMPLETE, "", ""},
    {"a job at work", KUBERNETES_JOBS, "'parallelism':2", "'active':2",
	KUBERNETES_ROLLOUT_PROGRESSING, "", ""},
    {"a job done", KUBERNETES_JOBS, "'parallelism':2",
	"'conditions':[" CONDITION(
	    "Complete", "True", "CompletionsReached", "") "]",
	KUBERNETES_ROLLOUT_COMPLETE, "CompletionsReached", ""},
    {"a job given up", KUBERNETES_JOBS, "'parallelism':2",
	"'conditions':[" CONDITION(
	    "Failed", "True", "BackoffLimitExceeded", "so often") "]",
	KUBERNETES_ROLLOUT_STUCK, "BackoffLimitExceeded", "so often"},
    {"a job that waits", KUBERNETES_JOBS, "'suspend':true", "",
	KUBERNETES_ROLLOUT_PAUSED, "Suspended", ""},
    {"a job by the clock", KUBERNETES_CRONJOBS, "", "", KUBERNETES_ROLLOUT_NONE,
	"", ""},
    {"wrong types", KUBERNETES_DEPLOYMENTS,
	"'replicas':[],'template':7,'paused':'yes'",
	"'conditions':{},'replicas':-1", KUBERNETES_ROLLOUT_PROGRESSING, "",
	"waiting for the spec update to be observed"},
};

START_TEST(a_roll_out_is_told_as_kubectl_does)
{
	const struct row *row = &rows[_i];
	const struct kubernetes_control *c;

	parse(row->resource, GENERATION, row->spec, row->status);
	c = &record->control;
	ck_assert_msg(
	    c->rollout == row->rollout, "%s: %d", row->what, (int)c->rollout);
	ck_assert_msg(strcmp(at(c->rollout_reason), row->reason) == 0,
	    "%s: reason %s", row->what, at(c->rollout_reason));
	ck_assert_msg(strcmp(at(c->rollout_message), row->message) == 0,
	    "%s: message %s", row->what, at(c->rollout_message));
}
END_TEST

START_TEST(counts_that_are_left_out_are_zero)
{
	parse(KUBERNETES_DEPLOYMENTS, "", "'replicas':2", "");
	ck_assert_int_eq(record->control.ready, 0);
	ck_assert_int_eq(record->control.pods, 0);
	parse(KUBERNETES_DEPLOYMENTS, "", "", NULL);
	ck_assert_int_eq(record->control.ready, KUBERNETES_NONE);
	/* the API's default */
	ck_assert_int_eq(record->control.desired, 1);
	/* not known to servers before 1.22 and 1.24 */
	parse(KUBERNETES_STATEFULSETS, "", "", "");
	ck_assert_int_eq(record->control.available, KUBERNETES_NONE);
	parse(KUBERNETES_JOBS, "", "", "");
	ck_assert_int_eq(record->control.ready, KUBERNETES_NONE);
}
END_TEST

START_TEST(a_job_asks_for_what_is_left)
{
	parse(KUBERNETES_JOBS, "", "'parallelism':4,'completions':6",
	    "'succeeded':3");
	ck_assert_int_eq(record->control.max_pods, 4);
	ck_assert_int_eq(record->control.desired, 3);
	parse(KUBERNETES_JOBS, "", "'parallelism':4,'completions':6",
	    "'succeeded':9");
	ck_assert_int_eq(record->control.desired, 0);
	parse(KUBERNETES_JOBS, "", "'parallelism':4", "");
	ck_assert_int_eq(record->control.desired, 4);
	parse(KUBERNETES_JOBS, "", "'parallelism':4,'suspend':true", "");
	ck_assert_int_eq(record->control.desired, 0);
}
END_TEST

#define TEMPLATE(containers) "{'spec':{'containers':[" containers "]}}"

START_TEST(images_are_sorted_and_single)
{
	static const char spec[] =
	    "'template':" TEMPLATE("{'image':'b:1'},{'image':'a:1'},"
				   "{'image':'b:1'},{'image':7},{}");
	const char *text;

	parse(KUBERNETES_DEPLOYMENTS, "", spec, "");
	ck_assert_uint_eq(record->control.images.count, 2);
	text = at(record->control.images.at);
	ck_assert_str_eq(text, "a:1");
	ck_assert_str_eq(text + strlen(text) + 1, "b:1");
}
END_TEST

START_TEST(a_cronjob_is_bounded_when_it_says_so)
{
	static const char spec[] =
	    "'concurrencyPolicy':'%s','jobTemplate':{'spec':{'parallelism':3,"
	    "'template':" TEMPLATE("{'image':'x'}") "}}";
	char text[512];

	snprintf(text, sizeof(text), spec, "Forbid");
	parse(KUBERNETES_CRONJOBS, "", text, "");
	ck_assert_int_eq(record->control.max_pods, 3);
	ck_assert_uint_eq(record->control.images.count, 1);
	snprintf(text, sizeof(text), spec, "Allow");
	parse(KUBERNETES_CRONJOBS, "", text, "");
	ck_assert_int_eq(record->control.max_pods, KUBERNETES_NONE);
}
END_TEST

START_TEST(only_metadata_of_replicasets_counts)
{
	parse(KUBERNETES_REPLICASETS,
	    ",'annotations':{'deployment.kubernetes.io/revision':'7'}",
	    "'replicas':3,'template':" TEMPLATE("{'image':'x'}"),
	    "'replicas':3");
	ck_assert_str_eq(at(record->control.revision), "7");
	ck_assert_uint_eq(record->control.images.count, 0);
	ck_assert_int_eq(record->control.desired, KUBERNETES_NONE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kubernetes controls");
	TCase *tc = tcase_create("controls");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_roll_out_is_told_as_kubectl_does, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, counts_that_are_left_out_are_zero);
	tcase_add_test(tc, a_job_asks_for_what_is_left);
	tcase_add_test(tc, images_are_sorted_and_single);
	tcase_add_test(tc, a_cronjob_is_bounded_when_it_says_so);
	tcase_add_test(tc, only_metadata_of_replicasets_counts);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
