/*
 * Sixty-four connections ask while the sources change every 10 ms. Every body
 * conforms, every tag belongs to its body, revisions never go back on a
 * connection, and no section mixes two instants: a task is never both waiting
 * in a queue and running on an agent. Meant for ThreadSanitizer.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/log.h"
#include "config/option.h"
#include "repository/registry.h"
#include "service/service_priv.h"
#include "support/http_client.h"
#include "support/poll.h"

enum { THREADS = 8, CONNECTIONS = 8, REQUESTS = 24, REVISIONS = 100 };

static struct sst_service *service;
static struct sst_contract *contract;
static struct sst_api *api;
static struct sst_error err;
static atomic_uint bodies, tasks_seen, running_seen;
static atomic_bool failed;

static void
add_source(enum sst_section_id id)
{
	static const char yaml[] = "scenario: demo\nspeed: 400\n";
	struct sst_instance_settings is = {.group = "mock", .enabled = true};
	struct sst_config_doc *doc = NULL;
	char name[64];

	snprintf(name, sizeof(name), "%s/mock", sst_section_name(id));
	is.name = name;
	is.interval_ms = 10;
	is.ops = sst_registry_find(id, "mock");
	is.options = calloc(1, is.ops->settings_size);
	ck_assert_int_eq(sst_config_doc_parse(
			     "test", yaml, sizeof(yaml) - 1, &doc, &err),
	    SST_OK);
	ck_assert_int_eq(sst_options_parse(is.ops->options,
			     is.ops->option_count, sst_config_doc_root(doc),
			     is.options, &err),
	    SST_OK);
	sst_config_doc_free(&doc);
	ck_assert_int_eq(sst_repository_add(
	    sst_service_sources_of(service), &is, &err), SST_OK);
}

static void
setup(void)
{
	struct sst_service_settings ss = {.id = "system-1",
	    .clock = sst_clock_real(),
	    .share_dir = SST_SOURCE_DIR};
	struct sst_api_settings as = {.threads = 2};
	unsigned id;

	ck_assert_int_eq(sst_contract_new(&contract, &err), SST_OK);
	ck_assert_int_eq(sst_service_new(&ss, &service, &err), SST_OK);
	for (id = 0; id < SST_SECTION_COUNT; id++)
		add_source((enum sst_section_id)id);
	ck_assert_int_eq(sst_service_start(service, &err), SST_OK);
	ck_assert_msg(sst_api_start(&as, service, &api, &err) == SST_OK,
	    "%s", err.text);
}

static void
teardown(void)
{
	sst_api_stop(&api, 5000);
	sst_service_free(&service);
	sst_contract_free(&contract);
}

/* Says what is wrong with a body; the checks of libcheck are not for threads.
 */
static bool
expect(bool met, const char *what)
{
	if (!met && !atomic_exchange(&failed, true))
		fprintf(stderr, "storm: %s\n", what);
	return met;
}

static bool
waits_in_a_queue(const json_t *doc, const char *id)
{
	json_t *queues = json_object_get(doc, "queues"), *tasks, *task;
	const char *status;
	size_t i, j;

	json_array_foreach (queues, i, tasks) {
		tasks = json_object_get(tasks, "tasks");
		json_array_foreach (tasks, j, task) {
			atomic_fetch_add(&tasks_seen, 1);
			status = json_string_value(
			    json_object_get(task, "status"));
			if (strcmp(status, "running") != 0 &&
			    strcmp(id, json_string_value(json_object_get(
					   task, "id"))) == 0)
				return true;
		}
	}
	return false;
}

static bool
one_instant(const json_t *doc)
{
	json_t *agents = json_object_get(doc, "agents"), *agent, *active, *task;
	size_t i, j;

	json_array_foreach (agents, i, agent) {
		active = json_object_get(
		    json_object_get(agent, "activity"), "active_task_ids");
		json_array_foreach (active, j, task) {
			atomic_fetch_add(&running_seen, 1);
			if (waits_in_a_queue(doc,
				json_string_value(
				    json_object_get(task, "id"))))
				return false;
		}
	}
	return true;
}

static bool
tag_fits(const struct http_answer *a)
{
	char hex[33], want[40];

	sst_hash_text(sst_hash_bytes(a->body, a->body_len), hex);
	snprintf(want, sizeof(want), "\"%s\"", hex);
	return strcmp(want, a->etag) == 0;
}

static bool
check_answer(const struct http_answer *a, json_int_t *revision)
{
	json_t *doc = json_loadb(a->body, a->body_len, 0, NULL);
	json_int_t now;
	bool ok;

	now = json_integer_value(json_object_get(doc, "revision"));
	ok = expect(a->status == 200, "status is not 200") &&
	    expect(tag_fits(a), "the tag is not that of the body") &&
	    expect(sst_schema_valid(contract->whole, doc),
		"a body does not conform") &&
	    expect(now >= *revision, "a revision went back") &&
	    expect(one_instant(doc), "a task waits and runs at once");
	*revision = now;
	json_decref(doc);
	atomic_fetch_add(&bodies, 1);
	return ok;
}

static void *
storm(void *arg)
{
	struct http_client clients[CONNECTIONS];
	json_int_t revision[CONNECTIONS] = {0};
	struct http_answer a;
	bool ok = true;
	int i, j;

	(void)arg;
	for (i = 0; i < CONNECTIONS; i++)
		ok &= expect(http_client_open(
				 &clients[i], sst_api_port(api)) == 0,
		    "a connection was refused");
	for (j = 0; ok && j < REQUESTS; j++) {
		for (i = 0; ok && i < CONNECTIONS; i++)
			ok = expect(http_client_get(&clients[i],
					"/system/state", "", &a) == 0,
				 "an answer broke off") &&
			    check_answer(&a, &revision[i]);
	}
	for (i = 0; i < CONNECTIONS; i++)
		http_client_close(&clients[i]);
	return NULL;
}

static uint64_t
revision_now(void)
{
	struct sst_service_figures f;

	sst_service_figures(service, &f);
	return f.revision;
}

START_TEST(every_answer_is_one_consistent_instant)
{
	pthread_t threads[THREADS];
	struct sst_service_figures f;
	int i;

	ck_assert(POLL_UNTIL(revision_now() > 0));
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, storm, NULL);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert(!atomic_load(&failed));
	ck_assert_uint_eq(
	    atomic_load(&bodies), THREADS * CONNECTIONS * REQUESTS);
	/* it was a storm, not a calm */
	ck_assert(POLL_UNTIL(revision_now() > REVISIONS));
	ck_assert_uint_gt(atomic_load(&tasks_seen), 0);
	ck_assert_uint_gt(atomic_load(&running_seen), 0);
	sst_service_figures(service, &f);
	ck_assert_uint_eq(f.snapshots_invalid, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("storm");
	TCase *tc = tcase_create("storm");
	SRunner *sr;
	int failures;

	sst_log_configure(SST_LOG_WARN, SST_LOG_TEXT, 2);
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_answer_is_one_consistent_instant);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failures = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
