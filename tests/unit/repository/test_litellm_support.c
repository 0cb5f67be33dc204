#include "test_litellm_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct litellm_world world;

void
litellm_routes(const char *list)
{
	char path[512];

	snprintf(path, sizeof(path), LITELLM_MOCKS "%s", list);
	upstream_forget(world.up);
	ck_assert_msg(upstream_load(world.up, path), "%s", path);
}

void
litellm_setup(void)
{
	memset(&world, 0, sizeof(world));
	subject_init(&world.subject, &sst_litellm_proxy_ops);
	ck_assert(upstream_start(&world.up));
	litellm_routes("db/db.routes");
}

void
litellm_teardown(void)
{
	json_decref(world.models);
	json_decref(world.upstream);
	upstream_release(world.up);
	subject_fini(&world.subject);
	upstream_stop(&world.up);
}

void
litellm_open(const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), "{url: '%s', key: sk-secret, %s}",
	    upstream_url(world.up), more);
	ck_assert_msg(subject_open(&world.subject, yaml) == SST_OK, "%s",
	    world.subject.err.text);
}

void
litellm_take(void)
{
	const struct sst_harvest *h = world.subject.harvest;

	json_decref(world.models);
	json_decref(world.upstream);
	world.models = subject_tree(&world.subject);
	world.upstream = json_loadb(h->upstream, h->upstream_len, 0, NULL);
	ck_assert_ptr_nonnull(world.upstream);
}

const struct sst_error *
litellm_collect(void)
{
	int code = subject_collect(&world.subject);

	ck_assert_msg(code == SST_OK, "%s: %s", sst_code_name(code),
	    world.subject.err.text);
	litellm_take();
	return &world.subject.harvest->flaw;
}

void
litellm_whole(void)
{
	const struct sst_error *flaw = litellm_collect();

	ck_assert_msg(flaw->code == SST_OK, "%s", flaw->text);
	ck_assert_uint_eq(world.subject.harvest->rejected, 0);
}

void
litellm_fails(int code)
{
	int got = subject_collect(&world.subject);

	ck_assert_msg(got == code, "%s (%s), expected %s", sst_code_name(got),
	    world.subject.err.text, sst_code_name(code));
}

void
litellm_later(long seconds)
{
	fake_clock_advance(&world.subject.hands, seconds * 1000);
}

void
litellm_answer(const char *target, int status, const char *text)
{
	ck_assert(upstream_answer_text(world.up, target, status, text));
}

void
litellm_misbehave(const char *prefix, enum upstream_fault_kind kind, int status)
{
	struct upstream_fault fault = {
	    .kind = kind, .status = status, .size = 100000000};

	upstream_misbehave(world.up, prefix, &fault);
}

void
litellm_hold(const char *prefix)
{
	unsigned before = upstream_calls(world.up, prefix);

	litellm_misbehave(prefix, UPSTREAM_HOLD, 0);
	subject_begin(&world.subject);
	ck_assert(upstream_wait_calls(world.up, prefix, before + 1));
}

void
litellm_hold_on(const char *prefix, long ms)
{
	unsigned before = upstream_calls(world.up, prefix);

	fake_clock_advance(&world.subject.hands, ms);
	ck_assert(upstream_wait_calls(world.up, prefix, before + 1));
}

int
litellm_held(long ms, bool answer)
{
	int code;

	fake_clock_advance(&world.subject.hands, ms);
	if (answer)
		upstream_release(world.up);
	code = subject_join(&world.subject);
	upstream_misbehave(world.up, "", NULL);
	upstream_release(world.up);
	if (code == SST_OK)
		litellm_take();
	return code;
}

const json_t *
litellm_of(const char *id, const char *a, const char *b)
{
	const json_t *model;
	size_t i;

	json_array_foreach(world.models, i, model)
	{
		if (strcmp(json_string_value(
			       json_object_get(model, "deployment_id")),
			id) != 0)
			continue;
		model = json_object_get(model, a);
		return b == NULL ? model : json_object_get(model, b);
	}
	ck_abort_msg("no deployment %s", id);
}

double
litellm_number(const char *id, const char *a, const char *b)
{
	const json_t *value = litellm_of(id, a, b);

	if (json_is_null(value))
		return -1;
	ck_assert_msg(json_is_number(value), "%s of %s", a, id);
	return json_number_value(value);
}

const char *
litellm_text(const char *id, const char *a, const char *b)
{
	const char *text = json_string_value(litellm_of(id, a, b));

	ck_assert_msg(text != NULL, "%s of %s", a, id);
	return text;
}

static const json_t *
litellm_find_part(const char *name)
{
	const json_t *part;
	size_t i;

	json_array_foreach(json_object_get(world.upstream, "parts"), i, part)
	{
		if (strcmp(json_string_value(json_object_get(part, "name")),
			name) == 0)
			return part;
	}
	return NULL;
}

const char *
litellm_part(const char *name)
{
	const char *text = json_string_value(
	    json_object_get(litellm_find_part(name), "state"));

	return text != NULL ? text : "";
}

const char *
litellm_reason(const char *name)
{
	const char *text = json_string_value(
	    json_object_get(litellm_find_part(name), "reason"));

	return text != NULL ? text : "";
}

const char *
litellm_upstream(const char *member)
{
	const char *text =
	    json_string_value(json_object_get(world.upstream, member));

	ck_assert_msg(text != NULL, "%s", member);
	return text;
}

char *
litellm_everything(void)
{
	const struct sst_harvest *h = world.subject.harvest;
	char *models = subject_json(&world.subject), *all;
	size_t len = strlen(models);

	all = malloc(len + h->upstream_len + sizeof(h->flaw.text) + 1);
	ck_assert_ptr_nonnull(all);
	memcpy(all, models, len);
	memcpy(all + len, h->upstream, h->upstream_len);
	memcpy(all + len + h->upstream_len, h->flaw.text,
	    strlen(h->flaw.text) + 1);
	free(models);
	return all;
}
