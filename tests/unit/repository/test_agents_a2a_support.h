/*
 * What the tests of agents over A2A have in common: a double, a source that
 * asks it, and what of it is shown. Each program has its own.
 */
#ifndef TESTS_UNIT_REPOSITORY_TEST_AGENTS_A2A_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_AGENTS_A2A_SUPPORT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/agents/agents.h"
#include "support/subject.h"
#include "support/upstream.h"
#include "unit/base/run.h"

#define RECORDED SST_SOURCE_DIR "/mocks/upstreams/a2a/"
#define CARD "/.well-known/agent-card.json"
#define OLD_CARD "/.well-known/agent.json"
#define TASKS "/tasks?pageSize=100&historyLength=0"

static struct upstream *up;
static struct subject subject;
static json_t *tree, *upstream_tree;

static inline void
setup(void)
{
	subject_init(&subject, &sst_agents_a2a_ops);
	ck_assert(upstream_start(&up));
	tree = upstream_tree = NULL;
}

static inline void
teardown(void)
{
	json_decref(tree);
	json_decref(upstream_tree);
	upstream_release(up);
	subject_fini(&subject);
	upstream_stop(&up);
}

static inline void
open_yaml(const char *yaml)
{
	ck_assert_msg(
	    subject_open(&subject, yaml) == SST_OK, "%s", subject.err.text);
}

/* One agent at the double, with more of its options. */
static inline void
open_one(const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), "agents: [{url: &u '%s', %s}]",
	    upstream_url(up), more);
	open_yaml(yaml);
}

static inline void
answer(const char *target, int status, const char *text)
{
	ck_assert(upstream_answer_text(up, target, status, text));
}

/* A card of that name at path, whose interface is at path, too. */
static inline void
serve_card(const char *path, const char *name, const char *binding)
{
	char target[256], text[1024];

	snprintf(target, sizeof(target), "%s" CARD, path);
	snprintf(text, sizeof(text),
	    "{\"name\":\"%s\",\"description\":\"An agent.\",\"version\":\"1\","
	    "\"supportedInterfaces\":[{\"url\":\"%s%s\",\"protocolBinding\":"
	    "\"%s\",\"protocolVersion\":\"1.0\"}],\"skills\":[]}",
	    name, upstream_url(up), path, binding);
	answer(target, 200, text);
}

static inline void
serve_tasks(const char *path, const char *text)
{
	char target[256];

	snprintf(target, sizeof(target), "%s" TASKS, path);
	answer(target, 200, text);
}

#define NONE "{\"tasks\":[],\"nextPageToken\":\"\"}"
#define TASK(id, state) \
	"{\"id\":\"" id "\",\"status\":{\"state\":\"TASK_STATE_" state "\"}}"
#define PAGE(tasks) "{\"tasks\":[" tasks "],\"nextPageToken\":\"\"}"
#define MORE(tasks, token) \
	"{\"tasks\":[" tasks "],\"nextPageToken\":\"" token "\"}"

static inline void
look(void)
{
	json_decref(tree);
	json_decref(upstream_tree);
	tree = subject_tree(&subject);
	ck_assert_ptr_nonnull(subject.harvest->upstream);
	upstream_tree = json_loadb(
	    subject.harvest->upstream, subject.harvest->upstream_len, 0, NULL);
	ck_assert_ptr_nonnull(upstream_tree);
}

static inline const struct sst_error *
collect(void)
{
	int code = subject_collect(&subject);

	ck_assert_msg(
	    code == SST_OK, "%s: %s", sst_code_name(code), subject.err.text);
	look();
	return &subject.harvest->flaw;
}

static inline void
collect_whole(void)
{
	const struct sst_error *flaw = collect();

	ck_assert_msg(flaw->code == SST_OK, "%s", flaw->text);
	ck_assert_uint_eq(subject.harvest->rejected, 0);
}

static inline void
tick(int seconds)
{
	fake_clock_advance(&subject.hands, seconds * 1000);
}

/* The agent of that name, borrowed; NULL when there is none. */
static inline const json_t *
agent(const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(tree, i, item)
	{
		if (strcmp(json_string_value(json_object_get(item, "name")),
			name) == 0)
			return item;
	}
	return NULL;
}

static inline const char *
text_of(const char *name, const char *member)
{
	const json_t *item = agent(name);

	ck_assert_msg(item != NULL, "no agent %s", name);
	return json_string_value(json_object_get(item, member));
}

/* "t-1 working, t-2 submitted", or NULL when they are not known. */
static inline const char *
tasks_of(const char *name)
{
	static char text[4096];
	const json_t *list, *task;
	size_t i, len = 0;

	ck_assert_msg(agent(name) != NULL, "no agent %s", name);
	list = json_object_get(
	    json_object_get(agent(name), "activity"), "active_task_ids");
	if (json_is_null(list))
		return NULL;
	text[0] = '\0';
	json_array_foreach(list, i, task)
	{
		ck_assert(json_is_null(json_object_get(task, "started_on")));
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s %s", i > 0 ? ", " : "",
		    json_string_value(json_object_get(task, "id")),
		    json_string_value(json_object_get(task, "status")));
	}
	return text;
}

/* The part "WHAT of URL+path". */
static inline const json_t *
part(const char *what, const char *path)
{
	char name[512];
	const json_t *item;
	size_t i;

	snprintf(
	    name, sizeof(name), "%s of %s%s", what, upstream_url(up), path);
	json_array_foreach(json_object_get(upstream_tree, "parts"), i, item)
	{
		if (strcmp(json_string_value(json_object_get(item, "name")),
			name) == 0)
			return item;
	}
	ck_abort_msg("no part %s", name);
	return NULL;
}

static inline const char *
state_of(const char *what, const char *path)
{
	return json_string_value(json_object_get(part(what, path), "state"));
}

static inline const char *
reason_of(const char *what, const char *path)
{
	const char *text =
	    json_string_value(json_object_get(part(what, path), "reason"));

	return text != NULL ? text : "";
}

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

/* A test case with all of this. */
static inline TCase *
new_case(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	return tc;
}

#endif
