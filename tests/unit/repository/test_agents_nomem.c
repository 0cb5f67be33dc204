/* Lets each allocation of a parser, and of a collection of the registry, fail
 * once: it is refused whole, and nothing is lost or leaked. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repository/agents/a2a_priv.h"
#include "repository/agents/agents.h"
#include "repository/agents/kubernetes_record.h"
#include "repository/agents/registry_parse.h"
#include "support/starve.h"
#include "support/subject.h"
#include "unit/base/run.h"

enum { TRIES_MAX = 20000 };

static const char card_text[] =
    "{\"name\":\"a\",\"description\":\"d\",\"version\":\"1\","
    "\"supportedInterfaces\":[{\"url\":\"http://a/x\",\"protocolBinding\":"
    "\"JSONRPC\"},{\"url\":\"http://a/y\",\"protocolBinding\":\"HTTP+JSON\","
    "\"protocolVersion\":\"1.0\",\"tenant\":\"t\"}],"
    "\"skills\":[{\"id\":\"x\"},{\"id\":\"y\"}]}";
static const char tasks_text[] =
    "{\"tasks\":[{\"id\":\"x\",\"status\":{\"state\":\"working\"}}],"
    "\"nextPageToken\":\"next\"}";
static const char workload_text[] =
    "{\"metadata\":{\"name\":\"w\",\"namespace\":\"n\",\"annotations\":{"
    "\"systate.io/agent\":\"a\",\"systate.io/description\":\"d\","
    "\"systate.io/models\":\"x,y\"}}}";
static const char registry_text[] =
    "agents: [{name: a, description: d, deployment_name: w, namespace: n, "
    "models: [x, y]}, {name: b}]";

static int
try_card(struct sst_error *err)
{
	struct a2a_bytes body = {card_text, sizeof(card_text) - 1, NULL};
	struct a2a_agent agent = {.url = "http://a"};
	int code = a2a__parse_card(&body, NULL, &agent.card, err);
	json_t *entity, *upstream;

	if (code != SST_OK)
		return code;
	agent.known = true;
	entity = a2a__entity(&agent);
	upstream = a2a__upstream(&agent, 1);
	code = entity == NULL || upstream == NULL ? SST_NOMEM : SST_OK;
	json_decref(entity);
	json_decref(upstream);
	a2a__card_fini(&agent.card);
	return code;
}

/* libcheck allocates, too: no assertions in here. */
static int
on_task(void *ctx, const char *id, enum a2a_state state, struct sst_error *err)
{
	(void)ctx;
	return strcmp(id, "x") == 0 && state == A2A_WORKING
		   ? SST_OK
		   : sst_error_set(err, SST_INTERNAL, "another task");
}

static int
try_tasks(struct sst_error *err)
{
	struct a2a_tasks_sink sink = {.task = on_task};
	struct sst_buf cursor = SST_BUF_INIT;
	int code = a2a__parse_tasks(
	    tasks_text, sizeof(tasks_text) - 1, &sink, &cursor, err);

	sst_buf_fini(&cursor);
	return code;
}

static int
try_workload(struct sst_error *err)
{
	struct agentkube_object object = {
	    .kind = AGENTKUBE_DEPLOYMENTS,
	    .prefix = "systate.io/",
	    .json = workload_text,
	    .len = sizeof(workload_text) - 1,
	};
	struct agentkube_record *record = NULL;
	int code = agentkube__parse(&object, &record, err);
	json_t *entity;

	if (code != SST_OK)
		return code;
	entity = agentkube__entity(record);
	code = entity == NULL ? SST_NOMEM : SST_OK;
	json_decref(entity);
	agentkube__record_release(&record);
	return code;
}

static int
try_registry(struct sst_error *err)
{
	struct registry_agents agents = {{NULL, 0}};
	int code = registry__parse(
	    "f", registry_text, sizeof(registry_text) - 1, &agents, err);
	json_t *entity;

	if (code != SST_OK)
		return code;
	entity = registry__entity(agents.list.items);
	code = entity == NULL ? SST_NOMEM : SST_OK;
	json_decref(entity);
	registry__agents_fini(&agents);
	return code;
}

static const struct {
	const char *name;
	int (*run)(struct sst_error *err);
} tries[] = {
    {"card", try_card},
    {"tasks", try_tasks},
    {"workload", try_workload},
    {"registry", try_registry},
};

enum { TRIES = (int)(sizeof(tries) / sizeof(tries[0])) };

START_TEST(each_allocation_can_fail)
{
	struct sst_error err = {0};
	bool failed = true;
	long n;
	int code;

	for (n = 0; failed && n < TRIES_MAX; n++) {
		starve_after(n);
		code = tries[_i].run(&err);
		failed = starve_end();
		ck_assert_msg(code == (failed ? SST_NOMEM : SST_OK),
		    "%s, allocation %ld: %s", tries[_i].name, n,
		    sst_code_name(code));
	}
	ck_assert_msg(!failed && n > 1, "%s: %ld", tries[_i].name, n);
}
END_TEST

/* The source alone, so that nothing else meets the failure. */
static int
collect_starved(struct subject *s, long n, bool *failed_out)
{
	struct sst_draft_settings settings = {
	    .contract = s->contract,
	    .section = SST_SECTION_AGENTS,
	    .source = "agents/starved",
	};
	struct sst_collect req = {
	    .now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock),
	    .deadline = SST_MONO_NEVER,
	};
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	int code;

	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	starve_after(n);
	code = s->ops->collect(s->state, &req, draft, &s->err);
	*failed_out = starve_end();
	ck_assert_int_eq(sst_draft_finish(draft, &harvest, &s->err), SST_OK);
	/* both, or it says that it is not whole */
	if (code == SST_OK)
		ck_assert(
		    harvest->count == 2 || harvest->flaw.code == SST_NOMEM);
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
	return code;
}

START_TEST(a_registry_survives)
{
	char file[] = "/tmp/sst-registry-XXXXXX", yaml[64];
	struct subject subject;
	bool failed = true;
	int fd = mkstemp(file), code;
	long n;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, registry_text, strlen(registry_text)),
	    (int)strlen(registry_text));
	close(fd);
	snprintf(yaml, sizeof(yaml), "path: %s", file);
	subject_init(&subject, &sst_agents_registry_ops);
	for (n = 0; failed && n < TRIES_MAX; n++) {
		ck_assert_int_eq(subject_open(&subject, yaml), SST_OK);
		code = collect_starved(&subject, n, &failed);
		ck_assert_msg(code == (failed ? SST_NOMEM : SST_OK),
		    "allocation %ld: %s", n, sst_code_name(code));
		/* as if nothing had been */
		ck_assert_int_eq(subject_collect(&subject), SST_OK);
		ck_assert_uint_eq(subject.harvest->count, 2);
		ck_assert_int_eq(subject.harvest->flaw.code, SST_OK);
	}
	ck_assert(!failed && n > 20);
	subject_fini(&subject);
	unlink(file);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("agents without memory");
	TCase *tc = tcase_create("nomem");

	starve_init();
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, each_allocation_can_fail, 0, TRIES);
	tcase_add_test(tc, a_registry_survives);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
