/* What is demanded of each source that follows a cluster: steps of tests, which
 * assert (libcheck). */
#ifndef TESTS_UNIT_REPOSITORY_KUBE_SOURCE_H
#define TESTS_UNIT_REPOSITORY_KUBE_SOURCE_H

#include "support/kube_rig.h"

struct kube_source {
	struct kube_rig *rig;
	const char *options; /* with which nothing else waits for the clock */
	const char *first;   /* collection of its first resource */
	size_t reflectors;
};

/* Which list fails first is chance: that of the gravest one is told, when all
 * have been tried. To be opened by this. */
void kube_source_tells_the_gravest(const struct kube_source *source);
/* What is wrong with the server as a whole is told at once, in words that are
 * of no list. The same. */
void kube_source_tells_of_the_server(const struct kube_source *source);

/* The rest: once everything is listed and watched, and the version is known. */

/* A silent watch proves nothing: the server is asked, and not twice. */
void kube_source_asks(struct kube_rig *rig);
/* Who does not answer is not alive. */
void kube_source_keeps_its_deadline(struct kube_rig *rig);
void kube_source_can_be_interrupted(struct kube_rig *rig);

#endif
