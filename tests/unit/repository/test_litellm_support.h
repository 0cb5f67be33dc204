/* One LiteLLM source against the test double, for the tests of its files. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_LITELLM_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_LITELLM_SUPPORT_H

#include <check.h>

#include "repository/litellm/litellm.h"
#include "support/subject.h"
#include "support/upstream.h"

#define LITELLM_MOCKS SST_SOURCE_DIR "/mocks/upstreams/litellm/"
#define DAY "/user/daily/activity/aggregated"
#define DAY_1 DAY "?start_date=2026-01-01&end_date=2026-01-01"
#define DAY_2 DAY "?start_date=2026-01-02&end_date=2026-01-02"
#define KEYS(page)                                                            \
	"/key/list?return_full_object=true&include_team_keys=true&page=" page \
	"&size=100"
#define TEAMS(page) "/v2/team/list?page=" page "&page_size=100"

/* Ids of db/model_info.json. */
#define CLAUDE \
	"a3f1c2d4e5b60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"

struct litellm_world {
	struct upstream *up;
	struct subject subject;
	json_t *models;   /* of the last collection */
	json_t *upstream; /* the same */
};

extern struct litellm_world world;

/* Of a checked fixture: the double answers as in db/. */
void litellm_setup(void);
void litellm_teardown(void);
/* "db/db.routes", "nodb/nodb.routes" */
void litellm_routes(const char *list);

/* Opens with these options besides the URL and the key. */
void litellm_open(const char *more);
/* One collection, which must succeed; what it left out. */
const struct sst_error *litellm_collect(void);
/* The same, and nothing is left out. */
void litellm_whole(void);
/* One collection, which must fail so. */
void litellm_fails(int code);
/* What the last collection gave; also after a collection in a thread. */
void litellm_take(void);
void litellm_later(long seconds);
void litellm_answer(const char *target, int status, const char *text);
void litellm_misbehave(
    const char *prefix, enum upstream_fault_kind kind, int status);
/* A collection begins in a thread; what begins with prefix is held, and there
 * is such a request. */
void litellm_hold(const char *prefix);
/* Time passes until another such request comes. */
void litellm_hold_on(const char *prefix, long ms);
/* Time passes; its code. answer: what is held is answered then. */
int litellm_held(long ms, bool answer);

/* The member of that deployment at a.b, borrowed; b may be NULL. */
const json_t *litellm_of(const char *id, const char *a, const char *b);
/* -1 for null; asserts that it is a number otherwise. */
double litellm_number(const char *id, const char *a, const char *b);
const char *litellm_text(const char *id, const char *a, const char *b);
/* "" when it is not shown. */
const char *litellm_part(const char *name);
const char *litellm_reason(const char *name);
const char *litellm_upstream(const char *member);
/* Entities and upstream of the last collection, as one text to be freed. */
char *litellm_everything(void);

#endif
