/*
 * Runs the official JSON Schema Test Suite, draft 2020-12, which lies beside
 * the source tree. Usage: test_schema_suite [-v] [SUITE]
 * Fails when fewer cases pass than the bars say; skips when it is not there.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/schema.h"

enum { REQUIRED_BAR = 1299, OPTIONAL_BAR = 150, FORMAT_BAR = 652 };

struct tally {
	const char *root; /* of the suite */
	bool verbose, formats;
	int passed, total;
};

typedef void (*file_fn)(struct tally *t, const char *path, const char *name);

static json_t *
load(const char *path)
{
	json_error_t error;
	json_t *json =
	    json_load_file(path, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	/* integers beyond int64: jansson can only take them as reals */
	if (json == NULL)
		json = json_load_file(path,
		    JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
		    &error);
	if (json == NULL)
		printf("%s:%d: %s\n", path, error.line, error.text);
	return json;
}

/* Calls fn for each *.json in the folder, and below it if deep. */
static void
each_file(struct tally *t, const char *folder, const char *prefix, file_fn fn)
{
	struct dirent **list;
	char path[1024], name[512];
	const char *dot;
	int i, n = scandir(folder, &list, NULL, alphasort);

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name);
		snprintf(name, sizeof(name), "%s%s", prefix, list[i]->d_name);
		dot = strrchr(name, '.');
		if (dot != NULL && strcmp(dot, ".json") == 0)
			fn(t, path, name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static struct sst_schema_set *current;

static void
add_remote(struct tally *t, const char *path, const char *name)
{
	struct sst_error err;
	char uri[640];
	json_t *doc = load(path);

	(void)t;
	snprintf(uri, sizeof(uri), "http://localhost:1234/%s", name);
	sst_error_clear(&err);
	if (doc == NULL || sst_schema_set_add(current, uri, doc, &err) != 0)
		printf("remote %s: %s\n", uri, err.text);
	json_decref(doc);
}

static void
add_remotes(struct tally *t)
{
	static const char *const folders[] = {"", "baseUriChange/",
	    "baseUriChangeFolder/", "baseUriChangeFolderInSubschema/",
	    "nested/", "draft2020-12/", "draft2020-12/baseUriChange/",
	    "draft2020-12/baseUriChangeFolder/",
	    "draft2020-12/baseUriChangeFolderInSubschema/",
	    "draft2020-12/nested/"};
	char path[1024];
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(
		    path, sizeof(path), "%s/remotes/%s", t->root, folders[i]);
		each_file(t, path, folders[i], add_remote);
	}
}

/* Both programs must say the same. */
static bool
case_passes(const struct sst_schema *schema, const json_t *test)
{
	const json_t *data = json_object_get(test, "data");
	bool want = json_is_true(json_object_get(test, "valid"));
	struct sst_report report;
	struct sst_error err;
	int rc;

	rc = sst_schema_explain(schema, data, 5, &report, &err);
	sst_report_fini(&report);
	return sst_schema_valid(schema, data) == want && (rc == 0) == want;
}

static void
run_group(struct tally *t, const char *name, json_t *group)
{
	json_t *tests = json_object_get(group, "tests"), *test;
	struct sst_schema *schema = NULL;
	struct sst_error err;
	size_t i;

	sst_error_clear(&err);
	if (sst_schema_set_new(&current, &err) != 0)
		return;
	sst_schema_set_formats(current, t->formats);
	add_remotes(t);
	if (sst_schema_set_add(current, "http://test.example/schema",
		json_object_get(group, "schema"), &err) == 0)
		sst_schema_compile(
		    current, "http://test.example/schema", &schema, &err);
	json_array_foreach(tests, i, test)
	{
		t->total++;
		if (schema != NULL && case_passes(schema, test)) {
			t->passed++;
			continue;
		}
		if (t->verbose)
			printf("FAIL %s: %s: %s %s\n", name,
			    json_string_value(
				json_object_get(group, "description")),
			    json_string_value(
				json_object_get(test, "description")),
			    schema == NULL ? err.text : "");
	}
	sst_schema_free(&schema);
	sst_schema_set_free(&current);
}

static void
run_file(struct tally *t, const char *path, const char *name)
{
	json_t *groups = load(path), *group;
	size_t i;

	if (groups == NULL) {
		t->total++;
		return;
	}
	json_array_foreach(groups, i, group) run_group(t, name, group);
	json_decref(groups);
}

static int
run_folder(struct tally *t, const char *folder, const char *what, int bar)
{
	char path[1024];

	snprintf(
	    path, sizeof(path), "%s/tests/draft2020-12/%s", t->root, folder);
	t->passed = 0;
	t->total = 0;
	each_file(t, path, folder, run_file);
	printf("%s: %d of %d pass (bar %d)\n", what, t->passed, t->total, bar);
	return t->passed < bar;
}

int
main(int argc, char **argv)
{
	struct tally t = {0};
	int failed;

	t.verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	t.root = argc > 1 + t.verbose ? argv[1 + t.verbose]
				      : SST_SOURCE_DIR
		     "/../shared/suites/JSON-Schema-Test-Suite";
	if (access(t.root, R_OK) != 0) {
		printf("SKIP: no JSON-Schema-Test-Suite at %s\n", t.root);
		return 0;
	}
	failed = run_folder(&t, "", "required", REQUIRED_BAR);
	failed += run_folder(&t, "optional/", "optional", OPTIONAL_BAR);
	t.formats = true;
	failed += run_folder(&t, "optional/format/", "format", FORMAT_BAR);
	return failed != 0;
}
