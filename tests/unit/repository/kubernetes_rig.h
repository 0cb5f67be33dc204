/* The workload source and an API server, for the tests of one program; see
 * support/kube_rig.h. */
#ifndef TESTS_UNIT_REPOSITORY_KUBERNETES_RIG_H
#define TESTS_UNIT_REPOSITORY_KUBERNETES_RIG_H

#include <jansson.h>
#include <stdbool.h>

#include "support/kube_rig.h"

#define KUBE_PODS "/api/v1/pods"
#define KUBE_DEPLOYMENTS "/apis/apps/v1/deployments"
#define KUBE_CRONJOBS "/apis/batch/v1/cronjobs"
#define KUBE_METRICS "/apis/metrics.k8s.io/v1beta1/pods"

extern struct kube_rig rig;

void rig_setup(void);
void rig_teardown(void);
/* Puts state A of the recordings into the server. */
void rig_load(void);
/* kube_rig_open, _await and _look of this one. */
void rig_open(const char *more);
void rig_await(int code);
bool rig_look(void);
/* rig_await(SST_OK), with every resource listed and watched. */
void rig_await_watched(void);
/* Looks until true. */
#define RIG_UNTIL(expression)                                               \
	do {                                                                \
		ck_assert_msg(POLL_UNTIL((rig_look(), (expression))), "%s", \
		    #expression);                                           \
	} while (0)
/* kube_rig_skip with metrics. */
bool rig_skip(void);
/* Turns the clock by that much, a second at a time, so that whoever waits gets
 * its turn. */
void rig_pass(int seconds);

/* The state of that part in sources[].upstream, "" when there is none. */
const char *rig_part(const char *name);
const char *rig_part_reason(const char *name);
/* sources[].error of the last collection. */
const struct sst_error *rig_flaw(void);
const json_t *rig_find(const char *kind, const char *name);
const json_t *rig_pod(const char *name);
const char *rig_status(const char *pod);

#endif
