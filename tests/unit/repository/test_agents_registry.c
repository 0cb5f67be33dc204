/*
 * The file of intent as it changes: one that is missing, half-written, swapped
 * or broken never drops an agent.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/agents/agents.h"
#include "support/subject.h"
#include "unit/base/run.h"

static struct subject subject;
static json_t *tree;
static char folder[64], file[128];

static void
write_to(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	ck_assert_msg(out != NULL, "%s", path);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/sst-registry-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/agents.yaml", folder);
	subject_init(&subject, &sst_agents_registry_ops);
	tree = NULL;
}

static void
teardown(void)
{
	static const char *const names[] = {
	    "agents.yaml", "next", "one", "two", "pipe"};
	char path[128];
	size_t i;

	json_decref(tree);
	subject_fini(&subject);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void
open_file(const char *path)
{
	char yaml[640];

	snprintf(yaml, sizeof(yaml), "path: '%s'", path);
	ck_assert_msg(
	    subject_open(&subject, yaml) == SST_OK, "%s", subject.err.text);
}

/* Collects, with time for a change to settle. */
static int
collect(void)
{
	int code = subject_collect(&subject);

	if (code == SST_OK && subject.next_ms >= 0) {
		fake_clock_advance(&subject.hands, subject.next_ms);
		code = subject_collect(&subject);
	}
	json_decref(tree);
	tree = code == SST_OK ? subject_tree(&subject) : NULL;
	fake_clock_advance(&subject.hands, 2000);
	return code;
}

static const struct sst_error *
collect_good(void)
{
	ck_assert_msg(collect() == SST_OK, "%s", subject.err.text);
	return &subject.harvest->flaw;
}

/* The names, joined by blanks. */
static const char *
names(void)
{
	static char text[256];
	const json_t *agent;
	size_t i;

	text[0] = '\0';
	json_array_foreach(tree, i, agent)
	{
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s%s",
		    len > 0 ? " " : "",
		    json_string_value(json_object_get(agent, "name")));
	}
	return text;
}

START_TEST(entities_say_what_is_intended)
{
	const json_t *a;

	write_to(file,
	    "agents: [{name: b, description: Plans, deployment_name: d, "
	    "namespace: n, models: [y, x], max_parallel_invocations: 0}, "
	    "{name: a}]");
	open_file(file);
	ck_assert_int_eq(collect_good()->code, SST_OK);
	ck_assert_uint_eq(subject.harvest->rejected, 0);
	ck_assert_str_eq(names(), "a b");
	a = json_array_get(tree, 0);
	ck_assert_str_eq(
	    json_string_value(json_object_get(a, "description")), "");
	ck_assert(json_is_null(json_object_get(a, "max_parallel_invocations")));
	ck_assert(json_is_null(json_object_get(a, "deployment_name")));
	ck_assert(json_is_null(json_object_get(a, "namespace")));
	ck_assert_uint_eq(json_array_size(json_object_get(a, "models")), 0);
	ck_assert_str_eq(
	    json_string_value(json_object_get(a, "status")), "unknown");
	ck_assert(json_is_null(json_object_get(
	    json_object_get(a, "activity"), "active_task_ids")));
	a = json_array_get(tree, 1);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(a, "max_parallel_invocations")),
	    0);
	ck_assert_str_eq(
	    json_string_value(json_array_get(json_object_get(a, "models"), 0)),
	    "x");
}
END_TEST

START_TEST(a_missing_file_is_a_failure_until_it_is_there)
{
	char says[256];

	open_file(file);
	ck_assert_int_eq(collect(), SST_NOT_FOUND);
	snprintf(says, sizeof(says), "%s: No such file or directory", file);
	ck_assert_str_eq(subject.err.text, says);
	write_to(file, "agents: [{name: a}]");
	collect_good();
	ck_assert_str_eq(names(), "a");
	unlink(file);
	ck_assert_int_eq(collect(), SST_NOT_FOUND);
	write_to(file, "agents: [{name: b}]");
	collect_good();
	ck_assert_str_eq(names(), "b");
}
END_TEST

START_TEST(a_broken_file_leaves_agents_as_they_were)
{
	const struct sst_error *flaw;
	struct sst_error first;

	write_to(file, "agents: [{name: a}, {name: b}]");
	open_file(file);
	collect_good();
	write_to(file, "agents:\n  - name: a\n    modles: [x]\n");
	flaw = collect_good();
	ck_assert_str_eq(names(), "a b");
	ck_assert_int_eq(flaw->code, SST_INVALID);
	ck_assert_msg(strncmp(flaw->text,
			  "agents.yaml:3:5: agents[0].modles: no such option; "
			  "did you mean models?",
			  70) == 0,
	    "%s", flaw->text);
	ck_assert_ptr_nonnull(strstr(flaw->text, "as they were before"));
	/* as long as it is, with the same words */
	first = *flaw;
	ck_assert_str_eq(collect_good()->text, first.text);
	/* emptied in order to be written */
	write_to(file, "");
	ck_assert_int_eq(collect_good()->code, SST_INVALID);
	ck_assert_str_eq(names(), "a b");
	write_to(file, "agents: [{name: c}]");
	ck_assert_int_eq(collect_good()->code, SST_OK);
	ck_assert_str_eq(names(), "c");
}
END_TEST

START_TEST(a_file_that_was_never_right_is_a_failure)
{
	write_to(file, "agents: [{nome: a}]");
	open_file(file);
	ck_assert_int_eq(collect(), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(subject.err.text, "agents.yaml:1:11"));
	ck_assert_int_eq(collect(), SST_INVALID);
	write_to(file, "agents: [{name: a}]");
	collect_good();
	ck_assert_str_eq(names(), "a");
}
END_TEST

/* The first half of a list is a list, too. */
START_TEST(half_a_file_is_not_taken)
{
	FILE *out;

	write_to(file, "agents: [{name: a}, {name: b}, {name: c}]");
	open_file(file);
	collect_good();
	out = fopen(file, "w");
	ck_assert_ptr_nonnull(out);
	fputs("agents:\n- name: a\n", out);
	fflush(out);
	ck_assert_int_eq(subject_collect(&subject), SST_OK);
	ck_assert_uint_eq(subject.harvest->count, 3);
	ck_assert_int_eq(subject.next_ms, 200);
	fake_clock_advance(&subject.hands, 199);
	fputs("- name: b\n- name: c\n", out);
	fflush(out);
	ck_assert_int_eq(subject_collect(&subject), SST_OK);
	ck_assert_uint_eq(subject.harvest->count, 3);
	fake_clock_advance(&subject.hands, 199);
	fputs("- name: d\n", out);
	fclose(out);
	ck_assert_int_eq(subject_collect(&subject), SST_OK);
	ck_assert_uint_eq(subject.harvest->count, 3);
	fake_clock_advance(&subject.hands, 200);
	collect_good();
	ck_assert_str_eq(names(), "a b c d");
}
END_TEST

/* One that never settles does not keep us from reading it. */
START_TEST(a_file_that_keeps_changing_is_read_at_last)
{
	char text[128];
	int i;

	write_to(file, "agents: [{name: a}]");
	open_file(file);
	collect_good();
	for (i = 0; i < 52; i++) {
		snprintf(text, sizeof(text), "agents: [{name: b%.*s}]", i,
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
		write_to(file, text);
		ck_assert_int_eq(subject_collect(&subject), SST_OK);
		fake_clock_advance(&subject.hands, 100);
	}
	json_decref(tree);
	tree = subject_tree(&subject);
	ck_assert_msg(names()[0] == 'b', "%s", names());
}
END_TEST

START_TEST(a_rename_is_seen)
{
	char next[128];

	write_to(file, "agents: [{name: a}]");
	open_file(file);
	collect_good();
	snprintf(next, sizeof(next), "%s/next", folder);
	write_to(next, "agents: [{name: b}]");
	ck_assert_int_eq(rename(next, file), 0);
	collect_good();
	ck_assert_str_eq(names(), "b");
}
END_TEST

/* As a mounted ConfigMap changes: the link is set anew. */
START_TEST(a_link_set_anew_is_seen)
{
	char one[128], two[128], next[128];
	struct timespec same[2] = {{1000, 0}, {1000, 0}};

	snprintf(one, sizeof(one), "%s/one", folder);
	snprintf(two, sizeof(two), "%s/two", folder);
	snprintf(next, sizeof(next), "%s/next", folder);
	write_to(one, "agents: [{name: a}]");
	write_to(two, "agents: [{name: b}]");
	ck_assert_int_eq(utimensat(AT_FDCWD, one, same, 0), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, two, same, 0), 0);
	ck_assert_int_eq(symlink(one, file), 0);
	open_file(file);
	collect_good();
	ck_assert_str_eq(names(), "a");
	ck_assert_int_eq(symlink(two, next), 0);
	ck_assert_int_eq(rename(next, file), 0);
	collect_good();
	ck_assert_str_eq(names(), "b");
	/* to nothing */
	unlink(two);
	ck_assert_int_eq(collect(), SST_NOT_FOUND);
}
END_TEST

/* Two versions of one size within one tick of the file system's clock: here
 * the tick is as long as it takes. */
START_TEST(a_change_within_a_tick_is_seen)
{
	write_to(file, "agents: [{name: a}]");
	open_file(file);
	collect_good();
	/* no time for the clock to go on, on most machines */
	write_to(file, "agents: [{name: b}]");
	collect_good();
	collect_good();
	ck_assert_str_eq(names(), "b");
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	char pipe[128];

	open_file(folder);
	ck_assert_int_eq(collect(), SST_UNSUPPORTED);
	snprintf(pipe, sizeof(pipe), "%s/pipe", folder);
	ck_assert_int_eq(mkfifo(pipe, 0600), 0);
	/* and does not hang */
	open_file(pipe);
	ck_assert_int_eq(collect(), SST_UNSUPPORTED);
	open_file("/dev/zero");
	ck_assert_int_eq(collect(), SST_UNSUPPORTED);
}
END_TEST

START_TEST(what_may_not_be_read_is_a_failure)
{
	if (geteuid() == 0) {
		printf("SKIP: %s: root may read everything\n", __func__);
		return;
	}
	write_to(file, "agents: [{name: a}]");
	ck_assert_int_eq(chmod(file, 0), 0);
	open_file(file);
	ck_assert_int_eq(collect(), SST_IO);
	ck_assert_int_eq(chmod(file, 0600), 0);
	collect_good();
}
END_TEST

START_TEST(a_long_path_leaves_room_for_what_is_wrong)
{
	char deep[512];
	size_t len;

	len = (size_t)snprintf(deep, sizeof(deep), "%s", folder);
	while (len < 440)
		len += (size_t)snprintf(
		    deep + len, sizeof(deep) - len, "/../%s", folder + 5);
	snprintf(deep + len, sizeof(deep) - len, "/agents.yaml");
	write_to(file, "agents: 7");
	open_file(deep);
	ck_assert_int_eq(collect(), SST_TYPE);
	ck_assert_msg(
	    strncmp(subject.err.text, "agents.yaml:1:9: agents: got", 28) == 0,
	    "%s", subject.err.text);
}
END_TEST

START_TEST(the_example_is_right)
{
	open_file(SST_SOURCE_DIR "/mocks/agents.example.yaml");
	ck_assert_int_eq(collect_good()->code, SST_OK);
	ck_assert_uint_eq(subject.harvest->rejected, 0);
	ck_assert_str_eq(names(), "planner researcher reviewer");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("agents registry");
	TCase *tc = tcase_create("source");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, entities_say_what_is_intended);
	tcase_add_test(tc, a_missing_file_is_a_failure_until_it_is_there);
	tcase_add_test(tc, a_broken_file_leaves_agents_as_they_were);
	tcase_add_test(tc, a_file_that_was_never_right_is_a_failure);
	tcase_add_test(tc, half_a_file_is_not_taken);
	tcase_add_test(tc, a_file_that_keeps_changing_is_read_at_last);
	tcase_add_test(tc, a_rename_is_seen);
	tcase_add_test(tc, a_link_set_anew_is_seen);
	tcase_add_test(tc, a_change_within_a_tick_is_seen);
	tcase_add_test(tc, what_is_no_file_is_refused);
	tcase_add_test(tc, what_may_not_be_read_is_a_failure);
	tcase_add_test(tc, a_long_path_leaves_room_for_what_is_wrong);
	tcase_add_test(tc, the_example_is_right);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
