/* Documents that cannot be read, and what is said about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/starve.h"
#include "unit/service/document_support.h"

static const char small[] =
    "{\"id\":\"s\",\"schema_version\":\"1.0\",\"epoch\":\"0123456789abcdef\","
    "\"revision\":7,\"captured_at\":\"2026-01-01T00:00:00.123Z\",\"sources\":["
    "{\"name\":\"agents/a\",\"section\":\"agents\",\"kind\":\"mock\","
    "\"status\":\"ok\",\"since\":\"2026-01-01T00:00:00Z\",\"changed_at\":null,"
    "\"max_age_seconds\":15,\"entities\":1,\"error\":null}],\"agents\":["
    "{\"name\":\"a\xc3\xa9\",\"description\":\"\",\"max_parallel_invocations\":"
    "null,\"deployment_name\":null,\"models\":[\"m\"],\"activity\":{"
    "\"active_task_ids\":[],\"updated_at\":\"2026-01-01T00:00:00Z\"},"
    "\"status\":\"idle\",\"source\":\"agents/a\"}],\"workload\":null,"
    "\"queues\":[{\"name\":\"q\",\"updated_at\":\"2026-01-01T00:00:00Z\","
    "\"tasks\":[{\"id\":\"t1\",\"priority\":{\"level\":\"high\"},"
    "\"submitted_at\":null,\"status\":\"queued\"},{\"id\":\"t2\",\"priority\":{"
    "\"level\":\"low\"},\"submitted_at\":null,\"status\":\"queued\"}],"
    "\"system\":\"mock\",\"depth\":{\"ready\":2,\"running\":0,\"total\":2},"
    "\"consumers\":null,\"tasks_detail\":\"full\",\"tasks_total\":2,"
    "\"tasks_omitted\":0,\"source\":\"queues/q\"}]}";

static const size_t small_len = sizeof(small) - 1;

static int
read_code(const char *bytes, size_t len)
{
	struct sst_snapshot *s = NULL;
	int rc = sst_document_read(
	    rig.contract, bytes, len, NULL, &s, &rig.err);

	if (rc == SST_OK) {
		sst_snapshot_release(&s);
		return rc;
	}
	ck_assert_ptr_null(s);
	ck_assert_int_eq(rc, rig.err.code);
	ck_assert_str_ne(rig.err.text, "");
	return rc;
}

static void
expect(const char *bytes, size_t len, int code, const char *says)
{
	int rc = read_code(bytes, len);

	ck_assert_msg(rc == code && strstr(rig.err.text, says) != NULL,
	    "%s, not %s (%s): %s", sst_code_name(rc), sst_code_name(code),
	    says, rig.err.text);
}

START_TEST(the_small_one_is_right)
{
	struct sst_snapshot *s = must_read(small, small_len, NULL);

	ck_assert(writes(s, false, small, small_len));
	sst_snapshot_release(&s);
}
END_TEST

/* Of the small document the first `find` becomes `by`. */
static const struct {
	const char *find, *by;
	int code;
	const char *says;
} faults[] = {
    /* not JSON */
    {"{\"id\"", "{,\"id\"", SST_SYNTAX, "line 1, column 2: the name of"},
    {"{\"id\"", "\n\n  [\"id\"", SST_SYNTAX, "line 3, column 3: '{' expected"},
    {"{\"id\"", "hello {\"id\"", SST_SYNTAX, "'{' expected"},
    {"\"id\":", "\"id\" ", SST_SYNTAX, "':' expected"},
    {"\"s\",", "\"s\"", SST_SYNTAX, "',' or '}' expected"},
    {"\"s\"", "s", SST_SYNTAX, "line 1, column"},
    {"\"s\"", "", SST_SYNTAX, "a value expected"},
    {"\"idle\"", "idle", SST_SYNTAX, "line 1, column"},
    {"\"idle\"", "\"id\nle\"", SST_SYNTAX, "line 1, column"},
    {"\"idle\"", "\"\\x\"", SST_SYNTAX, "line 1, column"},
    {"[\"m\"]", "[\"m\"}", SST_SYNTAX, "']' expected, not '}'"},
    {"[\"m\"]", "[\"m\",]", SST_SYNTAX, "line 1, column"},
    {"\"agents/a\"}],\"workload\"", "\"agents/a\"},],\"workload\"", SST_SYNTAX,
	"line 1, column"},
    {"\"agents/a\"}],\"workload\"", "\"agents/a\"}}],\"workload\"",
	SST_SYNTAX, "',' or ']' expected"},
    {"\"queues/q\"}]}", "\"queues/q\"}]} x", SST_SYNTAX, "more after"},
    {"\"queues/q\"}]}", "\"queues/q\"}]}{}", SST_SYNTAX, "more after"},
    {"{\"id\"", "\xef\xbb\xbf{\"id\"", SST_SYNTAX, "byte order mark"},
    {"\"a\xc3\xa9\"", "\"a\xc3\"", SST_ENCODING, "line 1, column"},
    {"\"a\xc3\xa9\"", "\"a\xed\xa0\x80\"", SST_ENCODING, "line 1, column"},
    {"\"s\"", "\"\xff\"", SST_ENCODING, "line 1, column"},
    {"\"a\xc3\xa9\"", "\"a\\u0000\"", SST_NUL, "line 1, column"},
    {"\"a\xc3\xa9\"", "\"\\ud800\"", SST_SYNTAX, "line 1, column"},
    /* members twice */
    {"\"revision\":7", "\"revision\":7,\"revision\":7", SST_INVALID,
	"duplicate"},
    {"\"workload\":null", "\"agents\":[]", SST_INVALID, "duplicate"},
    {"\"workload\":null", "\"\\u0061gents\":[]", SST_INVALID, "duplicate"},
    {"\"workload\":null", "\"sources\":[]", SST_INVALID, "duplicate"},
    {"\"status\":\"idle\"", "\"status\":\"idle\",\"status\":\"idle\"",
	SST_INVALID, "/agents/0: line 1, column"},
    {"\"system\":", "\"tasks\":[],\"system\":", SST_INVALID,
	"/queues/0: line 1"},
    {"\"id\":\"t2\"", "\"id\":\"t2\",\"id\":\"t3\"", SST_INVALID,
	"/queues/0/tasks/1: line"},
    /* not as the schema says: the head */
    {"\"id\":\"s\"", "\"id\":7", SST_INVALID, "/id: "},
    {"0123456789abcdef", "0123456789ABCDEF", SST_INVALID, "/epoch: "},
    {"0123456789abcdef", "0123456789abcde", SST_INVALID, "/epoch: "},
    {"\"revision\":7", "\"revision\":0", SST_INVALID, "/revision: "},
    {"\"revision\":7", "\"revision\":7.5", SST_INVALID, "/revision: "},
    {"\"revision\":7", "\"revision\":1e300", SST_INVALID, "/revision: "},
    {"\"revision\":7", "\"revision\":1e400", SST_INVALID, "line 1, column"},
    {"\"revision\":7", "\"revision\":9223372036854775808", SST_INVALID,
	"line 1, column"},
    {"\"revision\":7,", "", SST_INVALID, "revision"},
    {"\"1.0\"", "\"2.0\"", SST_INVALID, "/schema_version: "},
    {"00.123Z", "00Z", SST_INVALID, "/captured_at: "},
    {"2026-01-01T00:00:00.123Z", "2026-02-30T00:00:00.123Z", SST_INVALID,
	"/captured_at: there is no such day"},
    {"\"workload\":null", "\"workload\":{}", SST_INVALID, "/workload: "},
    {"\"workload\":null", "\"extra\":[1]", SST_INVALID, "/extra: "},
    {"\"kind\":\"mock\"", "\"kind\":\"Mock\"", SST_INVALID,
	"/sources/0/kind: "},
    {"\"max_age_seconds\":15,", "", SST_INVALID, "/sources/0"},
    /* entities and children */
    {"\"idle\"", "\"asleep\"", SST_INVALID, "/agents/0/status: "},
    {"\"status\":\"idle\",", "", SST_INVALID, "/agents/0: "},
    {"\"status\":\"idle\"", "\"status\":\"idle\",\"mood\":1", SST_INVALID,
	"/agents/0/mood: "},
    {"[\"m\"]", "[7]", SST_INVALID, "/agents/0/models/0: "},
    {"\"max_parallel_invocations\":null", "\"max_parallel_invocations\":1e999",
	SST_INVALID, "/agents/0: line 1"},
    {"\"name\":\"a\xc3\xa9\"", "\"name\":null", SST_INVALID,
	"/agents/0/name: "},
    {"\"name\":\"a\xc3\xa9\"", "\"name\":\"a\\u001fb\"", SST_INVALID,
	"/agents/0/name: identity holds a control character"},
    {"[{\"name\":\"a\xc3\xa9\"", "[7,{\"name\":\"a\xc3\xa9\"", SST_INVALID,
	"/agents/0: must be an object"},
    {"\"tasks\":[", "\"tasks\":[[],", SST_INVALID,
	"/queues/0/tasks/0: must be an object"},
    {"\"level\":\"low\"", "\"level\":\"dire\"", SST_INVALID,
	"/queues/0/tasks/1/priority/level: "},
    {"\"id\":\"t2\",", "", SST_INVALID, "/queues/0/tasks/1: "},
    {"\"id\":\"t2\"", "\"id\":\"t1\"", SST_INVALID,
	"/queues/0/tasks/0 and /queues/0/tasks/1: two of the same key, t1"},
    {"\"agents/a\"}],\"workload\":null",
	"\"agents/a\"}],\"workload\":[{}]", SST_INVALID, "/workload/0: "},
};

START_TEST(faults_are_named)
{
	const char *at = strstr(small, faults[_i].find);
	struct sst_buf b = SST_BUF_INIT;

	ck_assert_ptr_nonnull(at);
	sst_buf_add(&b, small, (size_t)(at - small));
	sst_buf_adds(&b, faults[_i].by);
	sst_buf_adds(&b, at + strlen(faults[_i].find));
	expect(b.data, b.len, faults[_i].code, faults[_i].says);
	sst_buf_fini(&b);
}
END_TEST

START_TEST(nothing_is_no_document)
{
	expect("", 0, SST_SYNTAX, "empty");
	expect(" \n\t ", 4, SST_SYNTAX, "empty");
	expect("{}", 2, SST_INVALID, "the whole document");
	expect("null", 4, SST_SYNTAX, "'{' expected");
	expect("\xef\xbb\xbf", 3, SST_SYNTAX, "byte order mark");
}
END_TEST

/* Heap copies of the exact length: reading past one shows. */
START_TEST(cut_anywhere)
{
	size_t i;
	char *cut;
	int rc;

	for (i = 0; i < small_len; i++) {
		cut = malloc(i + 1);
		memcpy(cut, small, i);
		cut = realloc(cut, i > 0 ? i : 1);
		rc = read_code(cut, i);
		ck_assert_msg(rc == SST_SYNTAX, "%zu bytes: %s: %s", i,
		    sst_code_name(rc), rig.err.text);
		free(cut);
	}
}
END_TEST

START_TEST(nul_anywhere)
{
	char copy[sizeof(small) + 1];
	size_t i;
	int rc;

	for (i = 0; i <= small_len; i++) {
		memcpy(copy, small, i);
		copy[i] = '\0';
		memcpy(copy + i + 1, small + i, small_len - i);
		rc = read_code(copy, small_len + 1);
		/* the last one: in the middle of a character */
		ck_assert_msg(rc == SST_NUL || rc == SST_SYNTAX ||
			rc == SST_ENCODING,
		    "at %zu: %s", i, sst_code_name(rc));
	}
	expect(copy, small_len + 1, SST_NUL, "a NUL byte");
	expect("\0", 1, SST_NUL, "a NUL byte");
}
END_TEST

START_TEST(brackets_without_end)
{
	static const char *const before[] = {"", "{\"a\":", "{\"agents\":",
	    "{\"agents\":[{\"a\":", "{\"queues\":[{\"tasks\":[{\"a\":",
	    "{\"sources\":"};
	static const char brackets[] = "[{";
	struct sst_buf b = SST_BUF_INIT;
	int i;

	sst_buf_adds(&b, before[_i / 2]);
	for (i = 0; i < 100000; i++) {
		sst_buf_addc(&b, brackets[_i % 2]);
		if (_i % 2 == 1)
			sst_buf_adds(&b, "\"a\":");
	}
	i = read_code(b.data, b.len);
	ck_assert_msg(i == SST_TOO_DEEP || i == SST_SYNTAX ||
		(i == SST_INVALID && _i / 2 == 2),
	    "%s: %s", sst_code_name(i), rig.err.text);
	sst_buf_fini(&b);
}
END_TEST

START_TEST(long_texts_are_refused)
{
	static const char part[] = "\"description\":\"";
	const char *at = strstr(small, part) + strlen(part);
	size_t more = 64u << 20;
	char *text = malloc(small_len + more);
	size_t before = (size_t)(at - small);

	memcpy(text, small, before);
	memset(text + before, 'x', more);
	memcpy(text + before + more, at, small_len - before);
	expect(text, small_len + more, SST_INVALID, "/agents/0/description: ");
	free(text);
}
END_TEST

START_TEST(other_views_are_named)
{
	static const char *const files[][2] = {
	    {"demo.base.json", "it is the base view"},
	    {"demo.keyed.json", "it is the keyed view"}};
	size_t len;
	char *text = golden_text(files[_i][0], &len);

	expect(text, len, SST_INVALID, files[_i][1]);
	ck_assert_ptr_nonnull(strstr(rig.err.text, "view=full"));
	free(text);
}
END_TEST

/* Entities of one key, however far apart. */
START_TEST(twins_are_both_named)
{
	size_t len, i;
	char *text = golden_text("overload.full.json", &len), *twin;
	json_t *document = json_loadb(text, len, 0, NULL);
	json_t *models = json_object_get(document, "litellm");
	char want[64];

	i = json_array_size(models);
	json_array_append_new(
	    models, json_deep_copy(json_array_get(models, 1)));
	snprintf(want, sizeof(want), "/litellm/1 and /litellm/%zu: two of", i);
	twin = json_dumps(document, 0);
	expect(twin, strlen(twin), SST_INVALID, want);
	free(twin);
	json_decref(document);
	free(text);
}
END_TEST

/* One attempt with the n-th allocation failing; false: there was none. */
static bool
starved(long n, const struct sst_snapshot *near)
{
	struct sst_snapshot *s = NULL;
	bool failed;
	int rc;

	starve_after(n);
	rc = sst_document_read(
	    rig.contract, small, small_len, near, &s, &rig.err);
	failed = starve_end();
	ck_assert_msg(rc == SST_OK || (rc == SST_NOMEM && failed),
	    "allocation %ld: %s", n, rig.err.text);
	if (rc == SST_OK)
		ck_assert(writes(s, false, small, small_len));
	sst_snapshot_release(&s);
	return failed;
}

START_TEST(out_of_memory_is_said)
{
	struct sst_snapshot *near = must_read(small, small_len, NULL);
	long n = 0;

	while (starved(n, NULL))
		n++;
	ck_assert_int_gt(n, 20);
	for (n = 0; starved(n, near); n++)
		;
	ck_assert_int_gt(n, 3);
	sst_snapshot_release(&near);
}
END_TEST

void
add_faults(Suite *s)
{
	TCase *tc = tcase_create("faults");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	tcase_add_test(tc, the_small_one_is_right);
	tcase_add_loop_test(tc, faults_are_named, 0,
	    (int)(sizeof(faults) / sizeof(faults[0])));
	tcase_add_test(tc, nothing_is_no_document);
	tcase_add_test(tc, cut_anywhere);
	tcase_add_test(tc, nul_anywhere);
	tcase_add_loop_test(tc, brackets_without_end, 0, 12);
	tcase_add_test(tc, long_texts_are_refused);
	tcase_add_loop_test(tc, other_views_are_named, 0, 2);
	tcase_add_test(tc, twins_are_both_named);
	tcase_add_test(tc, out_of_memory_is_said);
	suite_add_tcase(s, tc);
}
