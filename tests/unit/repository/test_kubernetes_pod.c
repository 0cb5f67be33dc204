/*
 * Status, READY and RESTARTS of a pod, one row for each rule of printPod; what
 * it says of its reasons and containers; its limits.
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
	record = NULL;
}

/* JSON with ' for ". */
static void parse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
parse(const char *fmt, ...)
{
	char json[8192];
	va_list ap;
	size_t i;

	va_start(ap, fmt);
	ck_assert_int_lt(
	    vsnprintf(json, sizeof(json), fmt, ap), (int)sizeof(json));
	va_end(ap);
	for (i = 0; json[i] != '\0'; i++) {
		if (json[i] == '\'')
			json[i] = '"';
	}
	free(record);
	record = NULL;
	ck_assert_msg(kubernetes__parse(KUBERNETES_PODS, json, strlen(json),
			  &record, &err) == 0,
	    "%s: %s", json, err.text);
}

static void
parse_pod(const char *meta, const char *spec, const char *status)
{
	parse("{'metadata':{'name':'p','namespace':'n'%s},'spec':{%s},"
	      "'status':{%s}}",
	    meta, spec, status);
}

static const char *
at(uint32_t where)
{
	return kubernetes__text(record, where);
}

#define ONE "'containers':[{'name':'a'}]"
#define TWO "'containers':[{'name':'a'},{'name':'b'}]"
#define INIT "'initContainers':[{'name':'i'},{'name':'j'}],"
#define SIDECAR                                                    \
	"'initContainers':[{'name':'s','restartPolicy':'Always'}," \
	"{'name':'i'}],"
#define RUNS "'state':{'running':{'startedAt':'2026-11-21T03:00:00Z'}}"
#define WAITS(reason) "'state':{'waiting':{'reason':'" reason "'}}"
#define ENDS(code, reason) \
	"'state':{'terminated':{'exitCode':" code ",'reason':'" reason "'}}"
#define GONE ",'deletionTimestamp':'2026-11-21T03:00:00Z'"
#define READY_TRUE "'conditions':[{'type':'Ready','status':'True'}]"
#define READY_FALSE                                       \
	"'conditions':[{'type':'Ready','status':'False'," \
	"'reason':'ContainersNotReady','message':'of [a]'}]"

struct row {
	const char *rule;
	const char *meta, *spec, *status;
	const char *want; /* STATUS READY RESTARTS */
};

static const struct row rows[] = {
    {"phase", "", ONE, "'phase':'Pending'", "Pending 0/1 0"},
    {"reason over phase", "", ONE, "'phase':'Failed','reason':'Evicted'",
	"Evicted 0/1 0"},
    {"nothing told", "", "", "", "Unknown 0/0 0"},
    {"scheduling gates", "", ONE,
	"'phase':'Pending','conditions':[{'type':'PodScheduled',"
	"'status':'False','reason':'SchedulingGated'}]",
	"SchedulingGated 0/1 0"},
    {"unschedulable is pending", "", ONE,
	"'phase':'Pending','conditions':[{'type':'PodScheduled',"
	"'status':'False','reason':'Unschedulable','message':'0/3 nodes'}]",
	"Pending 0/1 0"},
    {"running", "", ONE,
	"'phase':'Running'," READY_TRUE
	",'containerStatuses':[{'name':'a','ready':true,"
	"'restartCount':2," RUNS "}]",
	"Running 1/1 2"},
    {"creating", "", ONE,
	"'phase':'Pending','containerStatuses':[{'name':'a',"
	"'restartCount':0," WAITS("ContainerCreating") "}]",
	"ContainerCreating 0/1 0"},
    {"the first problem has the word", "", TWO,
	"'phase':'Running','containerStatuses':["
	"{'name':'a','restartCount':3," WAITS(
	    "CrashLoopBackOff") "},"
				"{'name':'b','restartCount':1," WAITS(
				    "ImagePullBackOff") "}]",
	"CrashLoopBackOff 0/2 4"},
    {"a problem behind one that runs", "", TWO,
	"'phase':'Running','containerStatuses':["
	"{'name':'a','ready':true," RUNS "},"
	"{'name':'b'," ENDS("1", "Error") "}]",
	"Error 1/2 0"},
    {"ended without a reason", "", ONE,
	"'phase':'Failed','containerStatuses':[{'name':'a',"
	"'state':{'terminated':{'exitCode':3}}}]",
	"ExitCode:3 0/1 0"},
    {"ended by a signal", "", ONE,
	"'phase':'Failed','containerStatuses':[{'name':'a',"
	"'state':{'terminated':{'exitCode':137,'signal':9}}}]",
	"Signal:9 0/1 0"},
    {"completed", "", ONE,
	"'phase':'Succeeded','containerStatuses':[{'name':'a'," ENDS(
	    "0", "Completed") "}]",
	"Completed 0/1 0"},
    {"completed beside one that runs and is ready", "", TWO,
	"'phase':'Running'," READY_TRUE
	",'containerStatuses':[{'name':'a'," ENDS(
	    "0", "Completed") "},"
			      "{'name':'b','ready':true," RUNS "}]",
	"Running 1/2 0"},
    {"completed beside one that runs, not ready", "", TWO,
	"'phase':'Running'," READY_FALSE
	",'containerStatuses':[{'name':'a'," ENDS(
	    "0", "Completed") "},"
			      "{'name':'b','ready':true," RUNS "}]",
	"NotReady 1/2 0"},
    {"waiting without a reason", "", ONE,
	"'phase':'Pending','containerStatuses':[{'name':'a',"
	"'state':{'waiting':{}}}]",
	"Pending 0/1 0"},
    {"state without a member", "", ONE,
	"'phase':'Pending','containerStatuses':[{'name':'a','state':{}}]",
	"Pending 0/1 0"},
    {"first of two inits", "", INIT ONE,
	"'phase':'Pending','initContainerStatuses':["
	"{'name':'i','restartCount':0," RUNS "},"
	"{'name':'j','restartCount':0," WAITS("PodInitializing") "}]",
	"Init:0/2 0/1 0"},
    {"second of two inits", "", INIT ONE,
	"'phase':'Pending','initContainerStatuses':["
	"{'name':'i','restartCount':1," ENDS(
	    "0", "Completed") "},"
			      "{'name':'j','restartCount':2," RUNS "}]",
	"Init:1/2 0/1 3"},
    {"init that ended badly", "", INIT ONE,
	"'phase':'Pending','initContainerStatuses':["
	"{'name':'i','restartCount':4," ENDS(
	    "1", "Error") "},"
			  "{'name':'j','restartCount':9," WAITS(
			      "PodInitializing") "}]",
	"Init:Error 0/1 4"},
    {"init that ended badly, without a reason", "", INIT ONE,
	"'phase':'Pending','initContainerStatuses':[{'name':'i',"
	"'state':{'terminated':{'exitCode':2}}}]",
	"Init:ExitCode:2 0/1 0"},
    {"init killed", "", INIT ONE,
	"'phase':'Pending','initContainerStatuses':[{'name':'i',"
	"'state':{'terminated':{'exitCode':137,'signal':9}}}]",
	"Init:Signal:9 0/1 0"},
    {"init that cannot start", "", INIT ONE,
	"'phase':'Pending','initContainerStatuses':[{'name':'i',"
	"'restartCount':6," WAITS("CrashLoopBackOff") "}]",
	"Init:CrashLoopBackOff 0/1 6"},
    {"inits of the past do not count", "", INIT ONE,
	"'phase':'Running'," READY_TRUE ",'initContainerStatuses':["
	"{'name':'i','restartCount':4," ENDS("0",
	    "Completed") "},"
			 "{'name':'j','restartCount':1," ENDS("0",
			     "Completed") "}],"
					  "'containerStatuses':[{'name':'a','"
					  "ready':true,'restartCount':2," RUNS
					  "}]",
	"Running 1/1 2"},
    {"sidecar that runs", "", SIDECAR ONE,
	"'phase':'Running'," READY_TRUE ",'initContainerStatuses':["
	"{'name':'s','started':true,'ready':true,'restartCount':3," RUNS "},"
	"{'name':'i','restartCount':5," ENDS(
	    "0", "Completed") "}],"
			      "'containerStatuses':[{'name':'a','ready':true,'"
			      "restartCount':1," RUNS "}]",
	"Running 2/2 4"},
    {"sidecar that is not ready", "", SIDECAR ONE,
	"'phase':'Running','initContainerStatuses':["
	"{'name':'s','started':true,'ready':false," RUNS "},"
	"{'name':'i'," ENDS("0",
	    "Completed") "}],"
			 "'containerStatuses':[{'name':'a','ready':true," RUNS
			 "}]",
	"Running 1/2 0"},
    {"sidecar that has not started", "", SIDECAR ONE,
	"'phase':'Pending','initContainerStatuses':["
	"{'name':'s','started':false," RUNS "},"
	"{'name':'i'," WAITS("PodInitializing") "}]",
	"Init:0/2 0/2 0"},
    {"sidecar that crashes while the pod runs", "", SIDECAR ONE,
	"'phase':'Running','conditions':[{'type':'Initialized',"
	"'status':'True'}],'initContainerStatuses':["
	"{'name':'s','started':false,'restartCount':7," WAITS(
	    "CrashLoopBackOff") "},"
				"{'name':'i'," ENDS("0",
				    "Completed") "}],"
						 "'containerStatuses':[{'name':"
						 "'a','ready':true,'"
						 "restartCount':1," RUNS "}]",
	"Init:CrashLoopBackOff 1/2 8"},
    {"terminating", GONE, ONE,
	"'phase':'Running','containerStatuses':[{'name':'a','ready':true," RUNS
	"}]",
	"Terminating 1/1 0"},
    {"terminating with its node lost", GONE, ONE,
	"'phase':'Running','reason':'NodeLost'", "Unknown 0/1 0"},
    {"a finished pod is not terminating", GONE, ONE,
	"'phase':'Succeeded','containerStatuses':[{'name':'a'," ENDS(
	    "0", "Completed") "}]",
	"Completed 0/1 0"},
    {"a failed pod is not terminating", GONE, ONE,
	"'phase':'Failed','reason':'Evicted'", "Evicted 0/1 0"},
    {"wrong types are unknown", ",'labels':7,'annotations':[]",
	"'containers':{},'initContainers':5,'nodeName':{}",
	"'phase':1,'containerStatuses':[1,{'state':3,'restartCount':'x'},"
	"{'restartCount':-1}],'conditions':'x','startTime':'soon'",
	"Unknown 0/0 0"},
};

START_TEST(the_row_is_as_kubectl_prints_it)
{
	const struct row *row = &rows[_i];
	char got[512];

	parse_pod(row->meta, row->spec, row->status);
	snprintf(got, sizeof(got), "%s %" PRId64 "/%" PRId64 " %" PRId64,
	    at(record->pod.status), record->pod.ready_containers,
	    record->pod.total_containers, record->pod.restarts);
	ck_assert_msg(strcmp(got, row->want) == 0, "%s: %s, expected %s",
	    row->rule, got, row->want);
}
END_TEST

/* --- why -------------------------------------------------------------- */

START_TEST(the_reason_is_the_most_telling_one)
{
	parse_pod("", ONE,
	    "'phase':'Failed','reason':'Evicted','message':'low on memory'");
	ck_assert_str_eq(at(record->pod.reason), "Evicted");
	ck_assert_str_eq(at(record->pod.message), "low on memory");
	parse_pod("", ONE,
	    "'phase':'Pending','conditions':[{'type':'PodScheduled',"
	    "'status':'False','reason':'Unschedulable',"
	    "'message':'0/3 nodes are available'}]");
	ck_assert_str_eq(at(record->pod.reason), "Unschedulable");
	ck_assert_str_eq(at(record->pod.message), "0/3 nodes are available");
	parse_pod("", ONE,
	    "'phase':'Running'," READY_FALSE
	    ",'containerStatuses':[{'name':'a','state':{'waiting':"
	    "{'reason':'CrashLoopBackOff','message':'back-off 10s'}}}]");
	ck_assert_str_eq(at(record->pod.reason), "CrashLoopBackOff");
	ck_assert_str_eq(at(record->pod.message), "back-off 10s");
	parse_pod("", ONE,
	    "'phase':'Running'," READY_FALSE
	    ",'containerStatuses':[{'name':'a'," RUNS "}]");
	ck_assert_str_eq(at(record->pod.reason), "ContainersNotReady");
	parse_pod("", ONE,
	    "'phase':'Succeeded'," READY_FALSE
	    ",'containerStatuses':[{'name':'a'," ENDS("0", "Completed") "}]");
	ck_assert_uint_eq(record->pod.reason, 0);
}
END_TEST

START_TEST(messages_are_made_safe)
{
	parse_pod("", ONE,
	    "'phase':'Failed','reason':'X','message':"
	    "'\\u001b[31mred\\u0000 password=hunter2'");
	ck_assert_ptr_null(strchr(at(record->pod.message), 0x1b));
	ck_assert_ptr_null(strstr(at(record->pod.message), "hunter2"));
}
END_TEST

struct ill_row {
	const char *what;
	const char *meta, *status;
	unsigned containers; /* listed */
};

static const struct ill_row ill_rows[] = {
    {"well", "", "{'name':'a','ready':true," RUNS "}", 0},
    {"about to start", "", "{'name':'a'," WAITS("ContainerCreating") "}", 0},
    {"after the inits", "", "{'name':'a'," WAITS("PodInitializing") "}", 0},
    {"cannot start", "", "{'name':'a'," WAITS("ImagePullBackOff") "}", 1},
    {"runs, not ready", "", "{'name':'a','ready':false," RUNS "}", 1},
    {"done", "", "{'name':'a'," ENDS("0", "Completed") "}", 0},
    {"failed", "", "{'name':'a'," ENDS("2", "Error") "}", 1},
    {"restarted, well since", "",
	"{'name':'a','ready':true,'restartCount':1," RUNS
	",'lastState':{'terminated':{'exitCode':1,'reason':'Error'}}}",
	0},
    {"was killed for its memory", "",
	"{'name':'a','ready':true,'restartCount':1," RUNS
	",'lastState':{'terminated':{'exitCode':137,'reason':'OOMKilled'}}}",
	1},
    {"ended because it is deleted", GONE,
	"{'name':'a'," ENDS("143", "Error") "}", 0},
    {"not ready because it is deleted", GONE,
	"{'name':'a','ready':false," RUNS "}", 0},
    {"the well one beside an ill one", "",
	"{'name':'b','ready':true," RUNS "},"
	"{'name':'a'," WAITS("CrashLoopBackOff") "}",
	2},
};

START_TEST(only_ill_pods_show_containers)
{
	const struct ill_row *row = &ill_rows[_i];
	char status[1024];

	snprintf(status, sizeof(status),
	    "'phase':'Running','containerStatuses':[%s]", row->status);
	parse_pod(row->meta, TWO, status);
	ck_assert_msg(record->container_count == row->containers,
	    "%s: %u listed", row->what, record->container_count);
}
END_TEST

START_TEST(containers_are_in_order_and_whole)
{
	const struct kubernetes_container *c;

	parse_pod("", INIT TWO,
	    "'phase':'Running','initContainerStatuses':["
	    "{'name':'i'," ENDS("0",
		"Completed") "}],"
			     "'containerStatuses':["
			     "{'name':'b','ready':true,'restartCount':0," RUNS
			     "},"
			     "{'name':'a','ready':false,'restartCount':5,"
			     "'state':{'waiting':{'reason':'CrashLoopBackOff',"
			     "'message':'back-off'}},'lastState':{'terminated':"
			     "{"
			     "'exitCode':137,'reason':'OOMKilled',"
			     "'finishedAt':'2026-11-21T03:06:54Z'}}}]");
	ck_assert_uint_eq(record->container_count, 2);
	c = kubernetes__containers(record);
	ck_assert_str_eq(at(c[0].name), "a");
	ck_assert_int_eq(c[0].state, KUBERNETES_WAITING);
	ck_assert_str_eq(at(c[0].reason), "CrashLoopBackOff");
	ck_assert_str_eq(at(c[0].message), "back-off");
	ck_assert_int_eq(c[0].restarts, 5);
	ck_assert_int_eq(c[0].now.exit_code, KUBERNETES_NONE);
	ck_assert_int_eq(c[0].last.exit_code, 137);
	ck_assert_int_eq(c[0].last.signal, KUBERNETES_NONE);
	ck_assert_str_eq(at(c[0].last.reason), "OOMKilled");
	ck_assert_str_eq(at(c[1].name), "b");
	ck_assert_int_eq(c[1].last.exit_code, KUBERNETES_NONE);
	ck_assert_int_eq(record->pod.last_restart_ms, INT64_C(1795230414000));
}
END_TEST

/* --- limits ----------------------------------------------------------- */

#define LIMIT(cpu, memory) \
	"'resources':{'limits':{'cpu':'" cpu "','memory':'" memory "'}}"

struct limit_row {
	const char *what;
	const char *spec, *status;
	int64_t milli; /* -1: not bounded */
	int64_t mib;   /* the same */
	unsigned unlimited;
};

static const struct limit_row limit_rows[] = {
    {"sum",
	"'containers':[{'name':'a'," LIMIT("1", "1Gi") "},{'name':'b'," //
	LIMIT("100m", "64Mi") "}]",
	"", 1100, 1088, 0},
    {"one has none",
	"'containers':[{'name':'a'," LIMIT("1", "1Gi") "},{'name':'b'}]", "",
	-1, -1, 1},
    {"one has only one of them",
	"'containers':[{'name':'a','resources':{'limits':{'cpu':1}}}]", "",
	1000, -1, 1},
    {"a greedy init container",
	"'initContainers':[{'name':'i'," LIMIT("250m",
	    "2Gi") "}],"
		   "'containers':[{'name':'a'," LIMIT("500m", "1Gi") "}]",
	"", 500, 2048, 0},
    {"an init container without limits",
	"'initContainers':[{'name':'i'}],"
	"'containers':[{'name':'a'," LIMIT("500m", "1Gi") "}]",
	"", 500, 1024, 0},
    {"sidecar",
	"'initContainers':[{'name':'s','restartPolicy':'Always'," LIMIT(
	    "100m", "128Mi") "},{'name':'i'," LIMIT("2",
	    "64Mi") "}],"
		    "'containers':[{'name':'a'," LIMIT("500m", "1Gi") "}]",
	"", 2100, 1152, 0},
    {"sidecar without limits",
	"'initContainers':[{'name':'s','restartPolicy':'Always'}],"
	"'containers':[{'name':'a'," LIMIT("500m", "1Gi") "}]",
	"", -1, -1, 1},
    {"limits of the pod",
	"'resources':{'limits':{'cpu':'3'}},'containers':[{'name':'a',"
	"'resources':{'limits':{'memory':'1Gi'}}}]",
	"", 3000, 1024, 0},
    {"overhead",
	"'overhead':{'cpu':'250m','memory':'120Mi'},"
	"'containers':[{'name':'a'," LIMIT("1", "1Gi") "}]",
	"", 1250, 1144, 0},
    {"overhead of nothing",
	"'overhead':{'cpu':'250m'},'containers':[{'name':'a'}]", "", -1, -1, 1},
    {"resized in place", "'containers':[{'name':'a'," LIMIT("1", "1Gi") "}]",
	"'containerStatuses':[{'name':'a',"
	"'resources':{'limits':{'cpu':'2','memory':'3Gi'}}}]",
	2000, 3072, 0},
    {"no containers", "", "", -1, -1, 0},
    {"wrong types",
	"'containers':[{'name':'a','resources':{'limits':{"
	"'cpu':true,'memory':'lots'}}}]",
	"", -1, -1, 1},
};

START_TEST(limits_are_reckoned_as_the_scheduler_does)
{
	const struct limit_row *row = &limit_rows[_i];
	const struct kubernetes_limits *l;

	parse_pod("", row->spec, row->status);
	l = &record->pod.limits;
	ck_assert_msg(l->cpu_nano == (row->milli < 0 ? KUBERNETES_NONE
						     : row->milli * 1000000),
	    "%s: %" PRId64 " n", row->what, l->cpu_nano);
	ck_assert_msg(l->memory_bytes ==
			  (row->mib < 0 ? KUBERNETES_NONE : row->mib * 1048576),
	    "%s: %" PRId64 " bytes", row->what, l->memory_bytes);
	ck_assert_msg(l->unlimited.count == row->unlimited, "%s: %u unlimited",
	    row->what, l->unlimited.count);
}
END_TEST

START_TEST(enormous_limits_do_not_wrap)
{
	parse_pod("",
	    "'containers':[{'name':'a'," LIMIT("9E", "8Ei") "},{'name':'b'," //
	    LIMIT("9E", "8Ei") "}]",
	    "");
	ck_assert_int_eq(record->pod.limits.cpu_nano, INT64_MAX);
	ck_assert_int_eq(record->pod.limits.memory_bytes, INT64_MAX);
}
END_TEST

/* --- who -------------------------------------------------------------- */

START_TEST(only_the_controller_owns)
{
	parse_pod(",'ownerReferences':[{'kind':'A','name':'x','uid':'1'},"
		  "{'kind':'ReplicaSet','name':'r','uid':'2',"
		  "'apiVersion':'apps/v1','controller':true}]",
	    "", "");
	ck_assert_str_eq(at(record->owner_kind), "ReplicaSet");
	ck_assert_str_eq(at(record->owner_group), "apps");
	ck_assert_str_eq(at(record->owner_uid), "2");
	/* those of a node are nobody's */
	parse_pod(",'ownerReferences':[{'kind':'Node','name':'x','uid':'1',"
		  "'apiVersion':'v1','controller':true}]",
	    "", "");
	ck_assert_uint_eq(record->owner_kind, 0);
	parse_pod(",'annotations':{'kubernetes.io/config.mirror':'h'},"
		  "'ownerReferences':[{'kind':'X','name':'x','uid':'1',"
		  "'controller':true}]",
	    "", "");
	ck_assert_uint_eq(record->owner_kind, 0);
}
END_TEST

START_TEST(what_names_nothing_is_refused)
{
	static const char *const bad[] = {
	    "",
	    "[]",
	    "42",
	    "{",
	    "{}",
	    "{\"metadata\":{\"name\":7,\"namespace\":\"n\"}}",
	    "{\"metadata\":{\"name\":\"\",\"namespace\":\"n\"}}",
	    "{\"metadata\":{\"name\":\"a\\u0007\",\"namespace\":\"n\"}}",
	    "{\"metadata\":{\"name\":\"a\"}}",
	    "{\"metadata\":{\"name\":\"\xff\",\"namespace\":\"n\"}}",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int code = kubernetes__parse(
		    KUBERNETES_PODS, bad[i], strlen(bad[i]), &record, &err);

		ck_assert_msg(code == SST_SYNTAX || code == SST_TYPE, "%s: %d",
		    bad[i], code);
		ck_assert_int_eq(err.code, code);
		ck_assert_ptr_null(record);
	}
}
END_TEST

/* An annotation may hold a NUL; one is enough to spoil a page for others. */
START_TEST(a_nul_in_a_text_does_no_harm)
{
	parse_pod(",'annotations':{'x':'a\\u0000b'},"
		  "'labels':{'pod-template-hash':'ab\\u0000c'}",
	    ONE, "'phase':'Run\\u0000ning'");
	ck_assert_str_eq(at(record->pod.hash), "ab");
	ck_assert_str_eq(at(record->pod.status), "Run");
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
	char reason[1024];
	size_t i, lead;

	for (lead = 0; lead < 2; lead++) {
		for (i = 0; i + 2 < sizeof(reason); i += 2)
			memcpy(reason + i, "\xc3\xa9", 2);
		reason[i] = '\0';
		parse("{'metadata':{'name':'p','namespace':'n'},"
		      "'status':{'reason':'%s%s'}}",
		    lead == 0 ? "" : "x", reason);
		ck_assert_uint_eq(strlen(at(record->pod.reason)), 256 - lead);
		ck_assert_str_eq(
		    at(record->pod.reason), at(record->pod.status));
	}
}
END_TEST

/* It may become part of a kind. */
START_TEST(an_odd_group_is_none)
{
	parse_pod(",'ownerReferences':[{'kind':'ReplicaSet','name':'r',"
		  "'apiVersion':'a\xc3\xa9/v1','controller':true}]",
	    "", "");
	ck_assert_str_eq(at(record->owner_group), "");
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_row_is_as_kubectl_prints_it, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, the_reason_is_the_most_telling_one);
	tcase_add_test(tc, messages_are_made_safe);
	tcase_add_loop_test(tc, only_ill_pods_show_containers, 0,
	    (int)(sizeof(ill_rows) / sizeof(ill_rows[0])));
	tcase_add_test(tc, containers_are_in_order_and_whole);
	tcase_add_loop_test(tc, limits_are_reckoned_as_the_scheduler_does, 0,
	    (int)(sizeof(limit_rows) / sizeof(limit_rows[0])));
	tcase_add_test(tc, enormous_limits_do_not_wrap);
	tcase_add_test(tc, only_the_controller_owns);
	tcase_add_test(tc, what_names_nothing_is_refused);
	tcase_add_test(tc, a_nul_in_a_text_does_no_harm);
	tcase_add_test(tc, long_texts_are_cut_between_characters);
	tcase_add_test(tc, an_odd_group_is_none);
}

int
main(void)
{
	Suite *s = suite_create("kubernetes pods");
	TCase *tc = tcase_create("pods");

	add_tests(tc);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
