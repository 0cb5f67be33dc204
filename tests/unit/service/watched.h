/* One rig with two watchers, for the tests of what a watcher is told. */
#ifndef TESTS_UNIT_SERVICE_WATCHED_H
#define TESTS_UNIT_SERVICE_WATCHED_H

#include <stdbool.h>

#include "test_watch.h"

extern struct rig rig;
extern struct eye eye, other;

/* With a first revision published. */
void watched_setup(void);
void watched_teardown(void);
void watched_next(void);
/* Of the last event of eye. */
bool watched_body_is(const char *want);
bool watched_body_has(const char *want);

#endif
