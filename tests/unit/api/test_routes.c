/* Ways it fails: a route that OpenAPI lacks, or a path that no route serves;
 * other parameters or types in one than in the other. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "api/params.h"
#include "api/routes.h"
#include "unit/api/suites.h"

static json_t *openapi;

static void
setup(void)
{
	openapi =
	    json_load_file(SST_SOURCE_DIR "/openapi/openapi.json", 0, NULL);
	ck_assert_ptr_nonnull(openapi);
}

static void
teardown(void)
{
	json_decref(openapi);
}

static const json_t *
resolve(const json_t *value, const char *kind)
{
	const char *ref = json_string_value(json_object_get(value, "$ref"));
	const json_t *components = json_object_get(openapi, "components");

	if (ref == NULL)
		return value;
	return json_object_get(
	    json_object_get(components, kind), strrchr(ref, '/') + 1);
}

static const json_t *
operation(const struct api_route *route)
{
	const json_t *item =
	    json_object_get(json_object_get(openapi, "paths"), route->path);

	ck_assert_msg(item != NULL, "OpenAPI lacks %s", route->path);
	ck_assert_msg(
	    json_object_size(item) == 1, "%s has other methods", route->path);
	return json_object_get(item, "get");
}

START_TEST(every_route_is_documented)
{
	size_t i, count;
	const struct api_route *rows = api__routes(&count);

	for (i = 0; i < count; i++) {
		ck_assert_uint_eq(rows[i].methods, API_GET | API_HEAD);
		ck_assert_ptr_nonnull(operation(&rows[i]));
	}
	ck_assert_uint_eq(
	    count, json_object_size(json_object_get(openapi, "paths")));
}
END_TEST

/* The bit of a query parameter, 0 when there is none of that name. */
static unsigned
param_bit(const char *name)
{
	unsigned i, bit;

	for (i = 0; i < API_PARAM_COUNT; i++)
		if (strcmp(api__param_name(i, &bit), name) == 0)
			return bit;
	return 0;
}

START_TEST(query_parameters_agree)
{
	size_t i, j, count;
	const struct api_route *rows = api__routes(&count);

	for (i = 0; i < count; i++) {
		const json_t *list =
		    json_object_get(operation(&rows[i]), "parameters");
		unsigned bits = 0;

		for (j = 0; j < json_array_size(list); j++) {
			const json_t *p =
			    resolve(json_array_get(list, j), "parameters");
			const char *name =
			    json_string_value(json_object_get(p, "name"));

			if (strcmp(json_string_value(json_object_get(p, "in")),
				"query") != 0)
				continue;
			ck_assert_msg(
			    param_bit(name) != 0, "no parameter %s", name);
			bits |= param_bit(name);
			if (json_is_true(json_object_get(p, "required")))
				bits |= API_PARAM_NEEDS_FROM;
		}
		ck_assert_msg(
		    bits == rows[i].params, "parameters of %s", rows[i].path);
	}
}
END_TEST

START_TEST(path_parameters_agree)
{
	size_t i, j, count;
	const struct api_route *rows = api__routes(&count);

	for (i = 0; i < count; i++) {
		const json_t *list =
		    json_object_get(operation(&rows[i]), "parameters");
		size_t declared = 0, used = 0;
		const char *p;

		for (p = rows[i].path; (p = strchr(p, '{')) != NULL; p++)
			used++;
		for (j = 0; j < json_array_size(list); j++) {
			const json_t *one =
			    resolve(json_array_get(list, j), "parameters");
			char braced[64];

			if (strcmp(
				json_string_value(json_object_get(one, "in")),
				"path") != 0)
				continue;
			declared++;
			snprintf(braced, sizeof(braced), "{%s}",
			    json_string_value(json_object_get(one, "name")));
			ck_assert_ptr_nonnull(strstr(rows[i].path, braced));
		}
		ck_assert_msg(declared == used, "%s", rows[i].path);
	}
}
END_TEST

START_TEST(content_types_agree)
{
	size_t i, t, count;
	const struct api_route *rows = api__routes(&count);

	for (i = 0; i < count; i++) {
		const json_t *responses =
		    json_object_get(operation(&rows[i]), "responses");
		const json_t *ok =
		    resolve(json_object_get(responses, "200"), "responses");
		const json_t *content = json_object_get(ok, "content");

		if (ok == NULL) /* the redirect */
			continue;
		for (t = 0; t < API_TYPES_MAX && rows[i].types[t] != NULL;
		     t++) {
			char type[64];

			snprintf(type, sizeof(type), "%.*s",
			    (int)strcspn(rows[i].types[t], ";"),
			    rows[i].types[t]);
			ck_assert_msg(json_object_get(content, type) != NULL,
			    "%s lacks %s", rows[i].path, type);
		}
		ck_assert_uint_eq(json_object_size(content), t);
	}
}
END_TEST

START_TEST(tags_and_open_paths_agree)
{
	size_t i, count;
	const struct api_route *rows = api__routes(&count);

	for (i = 0; i < count; i++) {
		const json_t *op = operation(&rows[i]);
		const json_t *responses = json_object_get(op, "responses");

		ck_assert_msg((rows[i].scope == 0) ==
				  (json_object_get(op, "security") != NULL),
		    "%s: scope", rows[i].path);
		ck_assert_msg((rows[i].cache == API_CACHE_REVALIDATE) ==
				  (json_object_get(responses, "304") != NULL),
		    "%s: 304", rows[i].path);
		ck_assert_ptr_nonnull(json_object_get(responses, "default"));
	}
}
END_TEST

static const struct api_route *
find(const char *path)
{
	struct api_target t;
	struct sst_error err;
	const struct api_route *route;

	ck_assert_int_eq(api__target_parse(path, &t, &err), SST_OK);
	route = api__route_find(&t);
	api__target_fini(&t);
	return route;
}

START_TEST(finds_rows)
{
	ck_assert_str_eq(find("/system/state")->path, "/system/state");
	ck_assert_str_eq(find("/")->path, "/");
	ck_assert_str_eq(find("/system/state/queues/a/b")->path,
	    "/system/state/queues/{system}/{name}");
	ck_assert_str_eq(find("/system/state/queues/a")->path,
	    "/system/state/queues/{name}");
	ck_assert_ptr_null(find("/system/state/queues/a/b/c"));
	ck_assert_ptr_null(find("/system/state/queues//b"));
	ck_assert_ptr_null(find("/system"));
	ck_assert_ptr_null(find("*"));
	/* A pattern is no path. */
	ck_assert_ptr_null(find("/healthz/"));
}
END_TEST

TCase *
api_routes_case(void)
{
	TCase *tc = tcase_create("routes");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_route_is_documented);
	tcase_add_test(tc, query_parameters_agree);
	tcase_add_test(tc, path_parameters_agree);
	tcase_add_test(tc, content_types_agree);
	tcase_add_test(tc, tags_and_open_paths_agree);
	tcase_add_test(tc, finds_rows);
	return tc;
}
