/*
 * A source that follows an API server, with a server of ours and a clock that
 * tests turn. Asserts (libcheck) that nothing fails. For the thread of the
 * test.
 *
 * The clock runs only when a test turns it, the network by itself: what a
 * server has sent may reach the source any time later, and is a sign of life
 * then. That is why the functions below ask again where one answer is chance.
 */
#ifndef TESTS_SUPPORT_KUBE_RIG_H
#define TESTS_SUPPORT_KUBE_RIG_H

#include <jansson.h>
#include <stdbool.h>

#include "support/kube_api.h"
#include "support/poll.h"
#include "support/subject.h"

struct kube_rig {
	struct kube_api *api;
	struct subject subject;
	char kubeconfig[64];
	/* of the last collection that was looked at; owned, NULL: none */
	json_t *entities;
	json_t *upstream;
};

void kube_rig_init(struct kube_rig *rig, const struct sst_source_ops *ops);
/* Also after a test that failed anywhere. */
void kube_rig_fini(struct kube_rig *rig);
/* more: YAML members after the kubeconfig, "" for none. */
void kube_rig_open(struct kube_rig *rig, const char *more);

/* One good collection; false when there is none. */
bool kube_rig_look(struct kube_rig *rig);
/* Collects until that code comes; time stands still. */
void kube_rig_await(struct kube_rig *rig, int code);
/* "state" or "reason" of that part in sources[].upstream; "" when there is
 * none. Borrowed until the next look. */
const char *
kube_rig_part(const struct kube_rig *rig, const char *name, const char *member);
/* Whether every part that is not disabled is ok. */
bool kube_rig_all_ok(const struct kube_rig *rig);

/*
 * Turns the clock to the next moment that somebody waits for, if each of that
 * many reflectors waits for it or watches: while one of them is at work its
 * deadlines must not pass. Whether it did.
 */
bool kube_rig_skip(struct kube_rig *rig, size_t reflectors);
/* Begins a collection that asks the server whether it lives, after a while in
 * which nothing was heard. */
void kube_rig_ask(struct kube_rig *rig);
/* Asks and does something about it until the collection ends with that code. */
void kube_rig_ask_until(
    struct kube_rig *rig, void (*end)(struct kube_rig *rig), int code);
/* Two of them: time is up, the collection is told to end. */
void kube_rig_pass_deadline(struct kube_rig *rig);
void kube_rig_interrupt(struct kube_rig *rig);

#endif
