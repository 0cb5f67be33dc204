#include "watched.h"

#include <check.h>
#include <string.h>

struct rig rig;
struct eye eye, other;

void
watched_setup(void)
{
	struct watch_hub_settings s;

	rig_init(&rig);
	s = rig_settings(&rig);
	rig_open(&rig, &s);
	rig_publish(&rig);
}

void
watched_teardown(void)
{
	eye_close(&eye);
	eye_close(&other);
	rig_fini(&rig);
}

void
watched_next(void)
{
	rig_publish(&rig);
	rig_round(&rig);
}

bool
watched_body_is(const char *want)
{
	return eye.event.body->len == strlen(want) &&
	       memcmp(eye.event.body->bytes, want, strlen(want)) == 0;
}

bool
watched_body_has(const char *want)
{
	return memmem(eye.event.body->bytes, eye.event.body->len, want,
		   strlen(want)) != NULL;
}
