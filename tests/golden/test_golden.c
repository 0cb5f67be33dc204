/*
 * Whole documents: every shipped scenario, run through the real sources,
 * composer and encoder on a fake clock, compared byte for byte with what was
 * reviewed. SST_GOLDEN_UPDATE=1 rewrites the files; the difference is then
 * reviewed like any other change.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/option.h"
#include "repository/registry.h"
#include "service/service_priv.h"
#include "support/fake_clock.h"
#include "support/poll.h"

static struct fake_clock hands;
static struct sst_service *service;
static struct sst_error err;

static const char *const scenarios[] = {"demo", "calm", "overload",
    "deadlock", "crashloop", "rate-limit"};

/* The settings of a mock source whose options name the scenario. */
static void *
mock_options(const struct sst_source_ops *ops, const char *scenario)
{
	void *options = calloc(1, ops->settings_size);
	struct sst_config_doc *doc = NULL;
	char yaml[64];

	snprintf(yaml, sizeof(yaml), "scenario: %s\n", scenario);
	ck_assert_int_eq(sst_config_doc_parse("test", yaml, strlen(yaml),
			     &doc, &err),
	    SST_OK);
	ck_assert_msg(sst_options_parse(ops->options, ops->option_count,
			  sst_config_doc_root(doc), options, &err) == SST_OK,
	    "%s", err.text);
	sst_config_doc_free(&doc);
	return options;
}

static void
begin(const char *scenario)
{
	struct sst_service_settings ss = {
	    .id = "system-1", .share_dir = SST_SOURCE_DIR};
	struct sst_instance_settings is = {.group = "mock", .enabled = true};
	char name[64];
	unsigned id;

	fake_clock_init(&hands);
	ss.clock = &hands.clock;
	ck_assert_msg(sst_service_new(&ss, &service, &err) == SST_OK, "%s",
	    err.text);
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		snprintf(name, sizeof(name), "%s/mock",
		    sst_section_name((enum sst_section_id)id));
		is.name = name;
		is.ops = sst_registry_find((enum sst_section_id)id, "mock");
		is.options = mock_options(is.ops, scenario);
		ck_assert_msg(sst_repository_add(
	    sst_service_sources_of(service), &is, &err) == SST_OK,
		    "%s", err.text);
	}
	ck_assert_int_eq(sst_service_start(service, &err), SST_OK);
}

static void
end(void)
{
	sst_service_free(&service);
	fake_clock_fini(&hands);
}

static bool
ready(void)
{
	struct sst_service_figures f;

	sst_service_figures(service, &f);
	return f.revision > 0 && fake_clock_waiting(&hands) == 2;
}

/* The epoch is random: the only thing that is not compared. */
static char *
document(enum sst_view view)
{
	const struct sst_projection p = {
	    view, SST_SECTIONS_ALL, true, SST_CODING_IDENTITY};
	struct sst_snapshot *s = sst_service_snapshot(service);
	struct sst_body *body = NULL;
	char *text, *epoch;

	ck_assert_int_eq(sst_snapshot_body(s, &p, &body, &err), SST_OK);
	text = strndup(body->bytes, body->len);
	epoch = strstr(text, s->epoch);
	if (epoch != NULL)
		memset(epoch, '0', 16);
	sst_body_release(&body);
	sst_snapshot_release(&s);
	return text;
}

static char *
read_file(const char *path)
{
	struct sst_buf b = SST_BUF_INIT;
	char chunk[4096];
	size_t n;
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return NULL;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		sst_buf_add(&b, chunk, n);
	fclose(f);
	return sst_buf_take(&b, NULL);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static size_t
first_difference(const char *a, const char *b)
{
	size_t line = 1;

	for (; *a != '\0' && *a == *b; a++, b++)
		line += *a == '\n';
	return line;
}

static void
compare(const char *scenario, const char *what, enum sst_view view)
{
	char path[256], *got = document(view), *want;

	snprintf(path, sizeof(path), SST_SOURCE_DIR "/tests/golden/%s.%s.json",
	    scenario, what);
	if (getenv("SST_GOLDEN_UPDATE") != NULL)
		write_file(path, got);
	want = read_file(path);
	ck_assert_msg(want != NULL, "%s is missing", path);
	ck_assert_msg(strcmp(got, want) == 0,
	    "%s differs from line %zu on (SST_GOLDEN_UPDATE=1 rewrites it)",
	    path, first_difference(got, want));
	free(got);
	free(want);
}

static void
pass(int64_t ms)
{
	for (; ms > 0; ms -= 100) {
		fake_clock_advance(&hands, 100);
		ck_assert(POLL_UNTIL(ready()));
	}
}

START_TEST(documents_are_as_reviewed)
{
	const char *scenario = scenarios[_i];

	begin(scenario);
	ck_assert(POLL_UNTIL(ready()));
	compare(scenario, "full", SST_VIEW_FULL);
	compare(scenario, "base", SST_VIEW_BASE);
	if (strcmp(scenario, "demo") == 0)
		compare(scenario, "keyed", SST_VIEW_KEYED);
	end();
}
END_TEST

START_TEST(calm_has_one_revision_for_an_hour)
{
	struct sst_service_figures f;
	char *before, *after;

	begin("calm");
	ck_assert(POLL_UNTIL(ready()));
	before = document(SST_VIEW_FULL);
	pass(60 * 60 * 1000);
	after = document(SST_VIEW_FULL);
	ck_assert_str_eq(before, after);
	sst_service_figures(service, &f);
	ck_assert_uint_eq(f.revision, 1);
	free(before);
	free(after);
	end();
}
END_TEST

START_TEST(demo_lives_and_stays_valid)
{
	struct sst_service_figures f;

	begin("demo");
	ck_assert(POLL_UNTIL(ready()));
	pass(10 * 60 * 1000);
	sst_service_figures(service, &f);
	ck_assert_uint_gt(f.revision, 20);
	ck_assert_uint_eq(f.snapshots_invalid, 0);
	end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("golden");
	TCase *tc = tcase_create("golden");
	SRunner *sr;
	int failed;

	sst_log_configure(SST_LOG_WARN, SST_LOG_TEXT, 2);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, documents_are_as_reviewed, 0,
	    (int)(sizeof(scenarios) / sizeof(scenarios[0])));
	tcase_add_test(tc, calm_has_one_revision_for_an_hour);
	tcase_add_test(tc, demo_lives_and_stays_valid);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
