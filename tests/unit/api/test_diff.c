/* Ways it fails: a form that was not asked for, a parameter that a form does
 * not take, one end that is not held, a patch that leads elsewhere. */
#include <stdio.h>
#include <string.h>

#include "service/patch.h"
#include "unit/api/ask.h"
#include "unit/api/fake_past.h"
#include "unit/api/suites.h"

#define DIFF "/system/state/diff"
#define PATCH "application/json-patch+json"
#define MERGE "application/merge-patch+json"

/* 4 and 5 differ in the workload, 5 and 6 in nothing; 6 is now. */
static void
setup(void)
{
	ask_setup();
	fake_past_hold(ask_service(), fake_snapshot(4, 100));
	fake_past_hold(ask_service(), fake_snapshot(5, 200));
	fake_service_publish(ask_service(), fake_snapshot(6, 200));
}

static json_int_t
member(const char *object, const char *name)
{
	return json_integer_value(
	    json_object_get(json_object_get(ask_json(), object), name));
}

static size_t
changes(void)
{
	return json_array_size(json_object_get(ask_json(), "changes"));
}

START_TEST(compares_with_now)
{
	ck_assert_int_eq(ask("GET", DIFF "?from=4"), 200);
	ck_assert_str_eq(ask_header("Content-Type"), "application/json");
	ck_assert_str_eq(ask_header("Vary"), "Accept, Accept-Encoding");
	ck_assert_str_eq(ask_header("Systate-Revision"), "6");
	ck_assert_int_eq(member("from", "revision"), 4);
	ck_assert_int_eq(member("to", "revision"), 6);
	ck_assert_int_eq(member("summary", "changed"), 1);
	ck_assert_uint_eq(changes(), 1);
	ck_assert_int_eq(ask("GET", DIFF "?from=5"), 200);
	ck_assert_uint_eq(changes(), 0);
	ck_assert_int_eq(
	    ask("GET", DIFF "?from=2026-07-01T12:00:04.5Z&to=5"), 200);
	ck_assert_int_eq(member("from", "revision"), 4);
	ck_assert_int_eq(member("to", "revision"), 5);
	ck_assert_int_eq(ask("GET", DIFF "?from=-0s"), 200);
	ck_assert_int_eq(member("from", "revision"), 6);
	ck_assert_int_eq(ask("GET", DIFF "?from=now&to=now"), 200);
	ck_assert_uint_eq(changes(), 0);
}
END_TEST

START_TEST(compares_backwards)
{
	ck_assert_int_eq(ask("GET", DIFF "?from=6&to=4"), 200);
	ck_assert_int_eq(member("from", "revision"), 6);
	ck_assert_str_eq(ask_header("Systate-Revision"), "4");
	ck_assert_uint_eq(changes(), 1);
}
END_TEST

START_TEST(filters)
{
	ck_assert_int_eq(ask("GET", DIFF "?from=4&sections=agents"), 200);
	ck_assert_uint_eq(changes(), 0);
	ck_assert_int_eq(ask("GET", DIFF "?from=4&sections=workload"), 200);
	ck_assert_uint_eq(changes(), 1);
	ck_assert_int_eq(ask("GET", DIFF "?from=4&key=default/Deployment/"
					 "agent-deployment-1"),
	    200);
	ck_assert_uint_eq(changes(), 1);
	ck_assert_int_eq(ask("GET", DIFF "?from=4&key=agent-1"), 200);
	ck_assert_uint_eq(changes(), 0);
	ck_assert_int_eq(ask("GET", DIFF "?from=4&limit=1"), 200);
	ck_assert_uint_eq(changes(), 1);
	ck_assert_int_eq(ask("GET", DIFF "?from=4&pretty=1"), 200);
	ck_assert_int_eq(ask_body()->bytes[1], '\n');
}
END_TEST

/* The document of a revision, as a tree. */
static json_t *
document(const char *uri)
{
	ck_assert_int_eq(ask("GET", uri), 200);
	return json_loadb(ask_body()->bytes, ask_body()->len, 0, NULL);
}

static void
check_patch(const char *type, const char *query, const char *view)
{
	char uri[128];
	json_t *from, *to;
	struct sst_error err;

	snprintf(uri, sizeof(uri), "/system/state?at=4&view=%s", view);
	from = document(uri);
	snprintf(uri, sizeof(uri), "/system/state?at=6&view=%s", view);
	to = document(uri);
	ask_headers.accept = type;
	ck_assert_int_eq(ask("GET", query), 200);
	ck_assert_str_eq(ask_header("Content-Type"), type);
	if (strcmp(type, PATCH) == 0)
		ck_assert_int_eq(
		    sst_patch_apply(&from, ask_json(), &err), SST_OK);
	else
		ck_assert_int_eq(
		    sst_patch_merge(&from, ask_json(), &err), SST_OK);
	ck_assert(json_equal(from, to));
	json_decref(from);
	json_decref(to);
}

START_TEST(patches)
{
	check_patch(PATCH, DIFF "?from=4&to=6", "full");
	ck_assert(json_is_array(ask_json()));
	ck_assert_str_eq(json_string_value(json_object_get(
			     json_array_get(ask_json(), 0), "op")),
	    "test");
	check_patch(PATCH, DIFF "?from=4&pretty=1", "full");
	check_patch(MERGE, DIFF "?from=4", "full");
	check_patch(MERGE, DIFF "?from=4&view=full", "full");
	check_patch(MERGE, DIFF "?from=4&view=keyed&pretty=1", "keyed");
}
END_TEST

START_TEST(speaks_to_people)
{
	ask_headers.accept = "text/plain";
	ck_assert_int_eq(ask("GET", DIFF "?from=4"), 200);
	ck_assert_str_eq(
	    ask_header("Content-Type"), "text/plain; charset=utf-8");
	ck_assert_ptr_nonnull(
	    strstr(ask_body()->bytes, "agent-deployment-1"));
	ck_assert_ptr_null(strchr(ask_body()->bytes, 0x1b));
	ask_headers.accept = "text/plain";
	ck_assert_int_eq(ask("GET", DIFF "?from=5"), 200);
	ck_assert_ptr_nonnull(strstr(ask_body()->bytes, "no changes"));
}
END_TEST

static void
check_accept(const char *accept, const char *type)
{
	ask_headers.accept = accept;
	if (type == NULL) {
		ck_assert_int_eq(ask("GET", DIFF "?from=4"), 406);
		ck_assert_uint_eq(json_array_size(json_object_get(
				      ask_json(), "allowed")),
		    4);
		return;
	}
	ck_assert_msg(ask("GET", DIFF "?from=4") == 200, "%s", accept);
	ck_assert_msg(strncmp(ask_header("Content-Type"), type,
			  strlen(type)) == 0,
	    "%s: %s", accept, ask_header("Content-Type"));
}

START_TEST(negotiates_the_form)
{
	check_accept(NULL, "application/json");
	check_accept("*/*", "application/json");
	check_accept("application/*", "application/json");
	check_accept("text/*", "text/plain");
	check_accept("text/html, */*;q=0.8", "application/json");
	check_accept("text/plain;q=0.5, " PATCH ";q=0.6", PATCH);
	check_accept("text/plain, " PATCH ";q=0.9", "text/plain");
	check_accept(MERGE ", " PATCH, PATCH);
	check_accept("application/json;q=0, */*;q=0.1", PATCH);
	check_accept("application/json;q=0.2, " MERGE ";q=0.3", MERGE);
	check_accept("APPLICATION/MERGE-PATCH+JSON", MERGE);
	check_accept("text/html", NULL);
	check_accept("*/*;q=0", NULL);
}
END_TEST

static void
refused(const char *accept, const char *query, const char *parameter,
    const char *says)
{
	ask_headers.accept = accept;
	ck_assert_msg(ask("GET", query) == 400, "%s", query);
	ck_assert_str_eq(ask_text("parameter"), parameter);
	ck_assert_msg(strstr(ask_text("detail"), says) != NULL, "%s",
	    ask_text("detail"));
	ask_headers.accept = accept;
	if (strstr(query, "from=4") != NULL)
		ck_assert_str_eq(ask_text("example"), DIFF "?from=-15m");
}

START_TEST(refuses_what_a_form_does_not_take)
{
	refused(NULL, DIFF, "from", "is missing");
	refused(NULL, DIFF "?to=4", "from", "is missing");
	refused(NULL, DIFF "?from=", "from", "without a value");
	refused(NULL, DIFF "?from=4&view=keyed", "view", MERGE);
	refused(NULL, DIFF "?from=4&view=full", "view", "application/json.");
	refused("text/plain", DIFF "?from=4&view=full", "view", "text/plain");
	refused(PATCH, DIFF "?from=4&view=keyed", "view", PATCH);
	refused(MERGE, DIFF "?from=4&view=base", "view", "full or keyed");
	refused(PATCH, DIFF "?from=4&key=agent-1", "key", "whole document");
	refused(MERGE, DIFF "?from=4&key=agent-1", "key", "whole document");
	refused(PATCH, DIFF "?from=4&limit=5", "limit", "every change");
	refused(MERGE, DIFF "?from=4&limit=5", "limit", "every change");
	ck_assert_int_eq(ask("GET", DIFF "?from=4&at=5"), 400);
	ck_assert_int_eq(ask("GET", DIFF "?from=4&from=5"), 400);
	ck_assert_int_eq(ask("GET", DIFF "?from=4&limit=0"), 400);
	ck_assert_str_eq(ask_text("example"), DIFF "?from=-15m&limit=100");
}
END_TEST

START_TEST(names_the_end_that_is_missing)
{
	ck_assert_int_eq(ask("GET", DIFF "?from=3"), 410);
	ck_assert_str_eq(ask_text("parameter"), "from");
	ck_assert_str_eq(ask_text("example"), DIFF "?from=4");
	ck_assert_int_eq(ask("GET", DIFF "?from=4&to=3"), 410);
	ck_assert_str_eq(ask_text("parameter"), "to");
	ck_assert_str_eq(ask_text("example"), DIFF "?from=4&to=4");
	ck_assert_int_eq(ask("GET", DIFF "?from=4&to=9"), 404);
	ck_assert_str_eq(ask_text("type"), "/problems/revision-not-found");
	ck_assert_str_eq(ask_text("parameter"), "to");
	ck_assert_str_eq(ask_text("example"), DIFF "?from=4&to=6");
	ck_assert_int_eq(ask("GET", DIFF "?from=4&to=6"), 200);
	ck_assert_int_eq(ask("GET", DIFF "?from=9&to=3"), 404);
	ck_assert_str_eq(ask_text("parameter"), "from");
	ck_assert_int_eq(ask("GET", DIFF "?from=fedcba9876543210:4"), 410);
	fake_past_fail_reading(ask_service(), SST_IO);
	ck_assert_int_eq(ask("GET", DIFF "?from=4"), 500);
	ck_assert_ptr_nonnull(strstr(ask_text("detail"), "Revision 4"));
	fake_service_publish(ask_service(), NULL);
	ck_assert_int_eq(ask("GET", DIFF "?from=4"), 503);
}
END_TEST

START_TEST(is_revalidated)
{
	static const char *const types[] = {
	    "application/json", PATCH, MERGE, "text/plain"};
	static const char *const codings[] = {"identity", "gzip", "zstd"};
	char tags[12][64];
	size_t i, j, n = 0;

	for (i = 0; i < 4; i++)
		for (j = 0; j < 3; j++, n++) {
			ask_headers.accept = types[i];
			ask_headers.accept_encoding = codings[j];
			ck_assert_int_eq(ask("GET", DIFF "?from=4"), 200);
			snprintf(tags[n], sizeof(tags[n]), "%s",
			    ask_header("ETag"));
			ask_headers.accept = types[i];
			ask_headers.accept_encoding = codings[j];
			ask_headers.if_none_match = tags[n];
			ck_assert_int_eq(ask("HEAD", DIFF "?from=4"), 304);
			ck_assert_str_eq(ask_header("Cache-Control"),
			    "no-cache");
		}
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			ck_assert_str_ne(tags[i], tags[j]);
}
END_TEST

TCase *
api_diff_case(void)
{
	TCase *tc = tcase_create("diff");

	tcase_add_checked_fixture(tc, setup, ask_teardown);
	tcase_add_test(tc, compares_with_now);
	tcase_add_test(tc, compares_backwards);
	tcase_add_test(tc, filters);
	tcase_add_test(tc, patches);
	tcase_add_test(tc, speaks_to_people);
	tcase_add_test(tc, negotiates_the_form);
	tcase_add_test(tc, refuses_what_a_form_does_not_take);
	tcase_add_test(tc, names_the_end_that_is_missing);
	tcase_add_test(tc, is_revalidated);
	return tc;
}
