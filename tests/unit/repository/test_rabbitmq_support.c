#include "test_rabbitmq_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct upstream *up;
struct subject subject;
json_t *tree;

static json_t *upstream_tree;

void
rabbitmq_setup(void)
{
	subject_init(&subject, &sst_rabbitmq_ops);
	ck_assert(upstream_start(&up));
	ck_assert(upstream_load(up, RECORDED "world/monitor.routes"));
	tree = upstream_tree = NULL;
}

void
rabbitmq_teardown(void)
{
	json_decref(tree);
	json_decref(upstream_tree);
	upstream_release(up);
	subject_fini(&subject);
	upstream_stop(&up);
}

void
as_user(const char *routes)
{
	char path[512];

	snprintf(path, sizeof(path), RECORDED "%s.routes", routes);
	upstream_forget(up);
	ck_assert(upstream_load(up, path));
}

void
answer(const char *target, const char *text)
{
	ck_assert(upstream_answer_text(up, target, 200, text));
}

void
answer_lists(const char *text)
{
	answer(LIVE_ALL, text);
	answer(STATS_ALL, text);
	answer(NAMES_ALL, text);
}

void
open_with(const char *more)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml), "{url: '%s', %s}", upstream_url(up), more);
	ck_assert_msg(
	    subject_open(&subject, yaml) == SST_OK, "%s", subject.err.text);
}

const struct sst_error *
collect(void)
{
	int code = subject_collect(&subject);

	ck_assert_msg(
	    code == SST_OK, "%s: %s", sst_code_name(code), subject.err.text);
	json_decref(tree);
	tree = subject_tree(&subject);
	return &subject.harvest->flaw;
}

void
collect_whole(void)
{
	const struct sst_error *flaw = collect();

	ck_assert_msg(flaw->code == SST_OK, "%s", flaw->text);
	ck_assert_uint_eq(subject.harvest->rejected, 0);
}

void
tick(void)
{
	fake_clock_advance(&subject.hands, 1000);
}

const json_t *
of(const char *name, const char *a, const char *b)
{
	const json_t *queue;
	size_t i;

	json_array_foreach(tree, i, queue)
	{
		if (strcmp(json_string_value(json_object_get(queue, "name")),
			name) != 0)
			continue;
		queue = json_object_get(queue, a);
		return b == NULL ? queue : json_object_get(queue, b);
	}
	return NULL;
}

const char *
text_of(const char *name, const char *a, const char *b)
{
	const char *text = json_string_value(of(name, a, b));

	return text != NULL ? text : "";
}

long
number(const char *name, const char *a, const char *b)
{
	const json_t *value = of(name, a, b);

	if (json_is_null(value))
		return -1;
	ck_assert_msg(json_is_integer(value), "%s: %s", name, a);
	return (long)json_integer_value(value);
}

const json_t *
told(void)
{
	json_decref(upstream_tree);
	upstream_tree = subject.harvest->upstream == NULL
			    ? NULL
			    : json_loadb(subject.harvest->upstream,
				  subject.harvest->upstream_len, 0, NULL);
	return upstream_tree;
}

const char *
part(const char *name)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(told(), "parts"), i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "name")),
			name) == 0)
			return json_string_value(json_object_get(row, "state"));
	}
	return "";
}

int
rabbitmq_run(const char *name, void (*add_tests)(TCase *tc))
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, rabbitmq_setup, rabbitmq_teardown);
	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
