/* Ways it fails: no snapshot, an unknown or absent section, an ambiguous or
 * absent key, data too old, a lower layer that fails. */
#include <string.h>

#include "unit/api/ask.h"
#include "unit/api/suites.h"

START_TEST(waits_for_the_first_snapshot)
{
	fake_service_publish(ask_service(), NULL);
	ck_assert_int_eq(ask("GET", "/system/state"), 503);
	ck_assert_str_eq(ask_text("type"), "/problems/not-ready");
	ck_assert_str_eq(ask_header("Retry-After"), "1");
	ck_assert_int_eq(ask("GET", "/system/state/agents"), 503);
	ck_assert_int_eq(ask("GET", "/system/state/agents/agent-1"), 503);
	ck_assert_int_eq(ask("GET", "/readyz"), 503);
	ck_assert_int_eq(ask("GET", "/healthz"), 200);
	ck_assert_int_eq(ask("GET", "/system/sources"), 200);
	ck_assert_int_eq(ask("GET", "/metrics"), 200);
}
END_TEST

START_TEST(serves_projections)
{
	ck_assert_int_eq(ask("GET", "/system/state?sections=agents"), 200);
	ck_assert_ptr_nonnull(json_object_get(ask_json(), "agents"));
	ck_assert_ptr_null(json_object_get(ask_json(), "queues"));
	ck_assert_int_eq(ask("GET", "/system/state?view=base"), 200);
	ck_assert_ptr_null(json_object_get(ask_json(), "sources"));
	ck_assert_int_eq(ask("GET", "/system/state?pretty=1"), 200);
	ck_assert_int_eq(ask_body()->bytes[1], '\n');
}
END_TEST

START_TEST(serves_sections)
{
	ck_assert_int_eq(ask("GET", "/system/state/queues"), 200);
	ck_assert_uint_eq(json_array_size(ask_json()), 4);
	ck_assert_ptr_nonnull(ask_header("ETag"));
	ck_assert_ptr_nonnull(ask_header("Systate-Revision"));
	ck_assert_int_eq(
	    ask("GET", "/system/state/queues?sections=agents"), 400);
}
END_TEST

START_TEST(tells_unknown_from_absent)
{
	fake_service_publish(ask_service(), fake_snapshot(2, 0));
	ck_assert_int_eq(ask("GET", "/system/state/litellm"), 503);
	ck_assert_str_eq(ask_text("type"), "/problems/section-unknown");
	ck_assert_ptr_nonnull(ask_header("Retry-After"));
	ck_assert_int_eq(ask("GET", "/system/state/litellm/dep-1"), 503);
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ck_assert(json_is_null(json_object_get(ask_json(), "litellm")));
	fake_service_publish(ask_service(), fake_snapshot(3, 0));
	ck_assert_int_eq(ask("GET", "/system/state/litellm"), 404);
	ck_assert_str_eq(ask_text("type"), "/problems/not-configured");
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ck_assert_ptr_null(json_object_get(ask_json(), "litellm"));
}
END_TEST

START_TEST(finds_entities)
{
	ck_assert_int_eq(ask("GET", "/system/state/agents/agent-1"), 200);
	ck_assert_str_eq(ask_text("name"), "agent-1");
	ck_assert_int_eq(
	    ask("GET", "/system/state/queues/rabbitmq/agent.tasks"), 200);
	ck_assert_str_eq(ask_text("system"), "rabbitmq");
	ck_assert_int_eq(ask("GET", "/system/state/queues/mock/default"), 200);
	ck_assert_str_eq(ask_text("system"), "mock");
	ck_assert_int_eq(
	    ask("GET", "/system/state/queues/rabbitmq/with%2Fslash"), 200);
	ck_assert_str_eq(ask_text("name"), "with/slash");
	ck_assert_int_eq(ask("GET", "/system/state/workload/default/"
				    "Deployment/agent-deployment-1"),
	    200);
	ck_assert_int_eq(ask("GET", "/system/state/litellm/dep-1"), 200);
}
END_TEST

START_TEST(finds_entities_by_their_last_part)
{
	const json_t *allowed;

	ck_assert_int_eq(ask("GET", "/system/state/queues/agent.tasks"), 200);
	ck_assert_str_eq(ask_text("name"), "agent.tasks");
	ck_assert_int_eq(
	    ask("GET", "/system/state/workload/agent-deployment-1"), 200);
	ck_assert_int_eq(ask("GET", "/system/state/queues/with%2Fslash"), 200);
	ck_assert_int_eq(ask("GET", "/system/state/queues/default"), 409);
	ck_assert_str_eq(ask_text("type"), "/problems/ambiguous-key");
	allowed = json_object_get(ask_json(), "allowed");
	ck_assert_uint_eq(json_array_size(allowed), 2);
	ck_assert_str_eq(json_string_value(json_array_get(allowed, 0)),
	    "/system/state/queues/mock/default");
	ck_assert_str_eq(
	    ask_text("example"), "/system/state/queues/mock/default");
}
END_TEST

START_TEST(does_not_find_others)
{
	ck_assert_int_eq(ask("GET", "/system/state/agents/agent-3"), 404);
	ck_assert_str_eq(ask_text("example"), "/system/state/agents");
	ck_assert_int_eq(ask("GET", "/system/state/queues/x/default"), 404);
	ck_assert_ptr_nonnull(strstr(ask_text("detail"), "x/default"));
	ck_assert_int_eq(ask("GET", "/system/state/queues/tasks"), 404);
	ck_assert_int_eq(ask("GET", "/system/state/queues/t"), 404);
	ck_assert_int_eq(ask("GET", "/system/state/agents/a/b"), 404);
	ck_assert_int_eq(
	    ask("GET", "/system/state/queues/rabbitmq%1fagent.tasks"), 400);
}
END_TEST

START_TEST(refuses_what_is_too_old)
{
	fake_service_set_age(ask_service(), 7);
	ck_assert_int_eq(ask("GET", "/system/state?max_age=10s"), 200);
	ck_assert_int_eq(ask("GET", "/system/state?max_age=5s"), 503);
	ck_assert_str_eq(ask_text("type"), "/problems/not-fresh");
	ck_assert_str_eq(ask_text("parameter"), "max_age");
	ck_assert_str_eq(ask_header("Retry-After"), "3");
	ck_assert_int_eq(
	    ask("GET", "/system/state?max_age=5s&sections=agents"), 200);
	ck_assert_int_eq(ask("GET", "/system/state/queues?max_age=5s"), 503);
	ck_assert_int_eq(ask("GET", "/system/state/agents?max_age=5s"), 200);
	ck_assert_int_eq(
	    ask("GET", "/system/state/queues/agent.tasks?max_age=5s"), 503);
	fake_service_set_age(ask_service(), -1);
	ck_assert_int_eq(ask("GET", "/system/state?max_age=24h"), 503);
	ck_assert_ptr_nonnull(strstr(ask_text("detail"), "never answered"));
}
END_TEST

START_TEST(shows_sources)
{
	const json_t *source;

	ck_assert_int_eq(ask("GET", "/system/sources"), 200);
	ck_assert_str_eq(ask_header("Cache-Control"), "no-store");
	ck_assert_ptr_null(ask_header("ETag"));
	source = json_array_get(json_object_get(ask_json(), "sources"), 0);
	ck_assert_str_eq(
	    json_string_value(json_object_get(source, "name")), "queues/mock");
	ck_assert_int_eq(
	    json_integer_value(json_object_get(source, "attempts")), 10);
	ck_assert_str_eq(
	    json_string_value(json_object_get(source, "observed_at")),
	    "2026-07-01T12:00:00.123Z");
	ck_assert_str_eq(json_string_value(json_object_get(
			     json_object_get(source, "error"), "code")),
	    "timeout");
	fake_service_set_age(ask_service(), -1);
	ask("GET", "/system/sources");
	source = json_array_get(json_object_get(ask_json(), "sources"), 0);
	ck_assert(json_is_null(json_object_get(source, "observed_at")));
	ck_assert(json_is_null(json_object_get(source, "age_seconds")));
}
END_TEST

static json_int_t
figure(const char *object, const char *name)
{
	return json_integer_value(
	    json_object_get(json_object_get(ask_json(), object), name));
}

START_TEST(shows_history_and_watchers)
{
	const json_t *history;

	ck_assert_int_eq(ask("GET", "/system/sources"), 200);
	ck_assert_int_eq(figure("history", "oldest_revision"), 3);
	ck_assert_int_eq(figure("history", "newest_revision"), 7);
	ck_assert_int_eq(figure("history", "revisions"), 5);
	ck_assert_int_eq(figure("history", "bytes"), 4096);
	ck_assert_int_eq(figure("history", "document_bytes"), 10240);
	ck_assert_int_eq(figure("history", "stored_bytes"), 512);
	ck_assert_int_eq(figure("history", "pending"), 1);
	ck_assert_int_eq(figure("watchers", "open"), 0);
	ck_assert_int_eq(figure("watchers", "dropped"), 0);
	history = json_object_get(ask_json(), "history");
	ck_assert_str_eq(
	    json_string_value(json_object_get(history, "status")), "ok");
	ck_assert(json_is_null(json_object_get(history, "error")));
	ck_assert_str_eq(
	    json_string_value(json_object_get(history, "last_write_at")),
	    "2026-07-01T12:00:00.123Z");
	fake_service_fail_history(ask_service(), "no space on \"disk\"");
	ck_assert_int_eq(ask("GET", "/system/sources"), 200);
	history = json_object_get(ask_json(), "history");
	ck_assert_str_eq(
	    json_string_value(json_object_get(history, "status")), "paused");
	ck_assert_str_eq(
	    json_string_value(json_object_get(history, "error")),
	    "no space on \"disk\"");
	ck_assert(json_is_null(json_object_get(history, "oldest_revision")));
	ck_assert(json_is_null(json_object_get(history, "newest_revision")));
	ck_assert(json_is_null(json_object_get(history, "last_write_at")));
}
END_TEST

static void
metric(const char *line)
{
	ck_assert_msg(strstr(ask_body()->bytes, line) != NULL, "%s", line);
}

START_TEST(measures_history_and_watchers)
{
	ck_assert_int_eq(ask("GET", "/metrics"), 200);
	metric("\nsystate_history_status{status=\"ok\"} 1\n");
	metric("\nsystate_history_revisions 5\n");
	metric("\nsystate_history_oldest_revision 3\n");
	metric("\nsystate_history_newest_revision 7\n");
	metric("\nsystate_history_file_bytes 4096\n");
	metric("\nsystate_history_stored_bytes 512\n");
	metric("\nsystate_history_pending 1\n");
	metric("\nsystate_history_appended_total 9\n");
	metric("\nsystate_history_thinned_total 4\n");
	metric("\nsystate_history_failures_total 0\n");
	metric("\nsystate_history_last_write_time_seconds 1782907200.12");
	metric("\nsystate_watchers 0\n");
	metric("\nsystate_watch_projections 0\n");
	metric("\nsystate_watchers_refused_total 0\n");
	metric("\nsystate_watch_events_total{kind=\"bookmark\"} 0\n");
	fake_service_fail_history(ask_service(), "x");
	ck_assert_int_eq(ask("GET", "/metrics"), 200);
	metric("\nsystate_history_status{status=\"paused\"} 1\n");
	metric("\nsystate_history_lost_total 1\n");
	ck_assert_ptr_null(
	    strstr(ask_body()->bytes, "\nsystate_history_last_write"));
}
END_TEST

START_TEST(reports_failures_below)
{
	fake_service_fail(ask_service(), SST_NOMEM);
	ck_assert_int_eq(ask("GET", "/system/sources"), 500);
	ck_assert_str_eq(ask_text("type"), "/problems/internal");
	ck_assert_ptr_null(strstr(ask_text("detail"), "told to fail"));
	ck_assert_int_eq(ask("GET", "/metrics"), 500);
	ck_assert_int_eq(ask("GET", "/system/state?max_age=5s"), 500);
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
}
END_TEST

START_TEST(serves_contracts)
{
	ck_assert_int_eq(ask("GET", "/schemas/"), 200);
	ck_assert_uint_eq(
	    json_array_size(json_object_get(ask_json(), "schemas")), 2);
	ck_assert_int_eq(ask("GET", "/schemas/system-state.schema.json"), 200);
	ck_assert_str_eq(ask_text("title"), "System state");
	ck_assert_int_eq(ask("GET", "/schemas/nothing"), 404);
	ck_assert_int_eq(ask("GET", "/openapi.json"), 200);
	ck_assert_str_eq(ask_text("openapi"), "3.1.0");
	ck_assert_int_eq(ask("GET", "/openapi.yaml"), 200);
	ck_assert_int_eq(ask("GET", "/problems/"), 200);
	ck_assert_int_eq(ask("GET", "/problems/not-found"), 200);
	ck_assert_int_eq(ask("GET", "/problems/nothing"), 404);
	ck_assert_int_eq(ask("GET", "/swagger"), 301);
	ck_assert_str_eq(ask_header("Location"), "/swagger/");
	ck_assert_int_eq(ask("GET", "/swagger/"), 200);
	ck_assert_ptr_nonnull(ask_header("Content-Security-Policy"));
	ask_headers.if_none_match = "*";
	ck_assert_int_eq(ask("GET", "/openapi.json"), 304);
}
END_TEST

TCase *
api_state_case(void)
{
	TCase *tc = tcase_create("state");

	tcase_add_checked_fixture(tc, ask_setup, ask_teardown);
	tcase_add_test(tc, waits_for_the_first_snapshot);
	tcase_add_test(tc, serves_projections);
	tcase_add_test(tc, serves_sections);
	tcase_add_test(tc, tells_unknown_from_absent);
	tcase_add_test(tc, finds_entities);
	tcase_add_test(tc, finds_entities_by_their_last_part);
	tcase_add_test(tc, does_not_find_others);
	tcase_add_test(tc, refuses_what_is_too_old);
	tcase_add_test(tc, shows_sources);
	tcase_add_test(tc, shows_history_and_watchers);
	tcase_add_test(tc, measures_history_and_watchers);
	tcase_add_test(tc, reports_failures_below);
	tcase_add_test(tc, serves_contracts);
	return tc;
}
