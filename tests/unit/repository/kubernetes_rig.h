/* The source against an API server of ours, with a clock that tests turn.
 * Asserts (libcheck) that nothing fails. */
#ifndef TESTS_UNIT_REPOSITORY_KUBERNETES_RIG_H
#define TESTS_UNIT_REPOSITORY_KUBERNETES_RIG_H

#include <jansson.h>
#include <stdbool.h>

#include "support/kube_api.h"
#include "support/poll.h"
#include "support/subject.h"

#define KUBE_PODS "/api/v1/pods"
#define KUBE_DEPLOYMENTS "/apis/apps/v1/deployments"
#define KUBE_CRONJOBS "/apis/batch/v1/cronjobs"
#define KUBE_METRICS "/apis/metrics.k8s.io/v1beta1/pods"

struct kubernetes_rig {
	struct kube_api *api;
	struct subject subject;
	char kubeconfig[64];
	json_t *entities; /* of the last good collection */
	json_t *upstream; /* the same */
};

extern struct kubernetes_rig rig;

void rig_setup(void);
void rig_teardown(void);
/* Puts state A of the recordings into the server. */
void rig_load(void);
/* more: YAML members after the kubeconfig, "" for none. */
void rig_open(const char *more);
/* Collects until that code comes; time stands still. */
void rig_await(int code);
/* The same, with every resource listed and watched. */
void rig_await_watched(void);
/* rig_await(SST_OK) until true. */
#define RIG_UNTIL(expression)                                               \
	do {                                                                \
		ck_assert_msg(POLL_UNTIL((rig_look(), (expression))), "%s", \
		    #expression);                                           \
	} while (0)
/* One good collection; false when there is none. */
bool rig_look(void);
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
