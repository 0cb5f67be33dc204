#include "test_rq_support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/draft.h"
#include "repository/queues/queues.h"

void
rq_rig_init(struct rq_rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	redis_rig_init(&rig->redis, NULL);
	subject_init(&rig->subject, &sst_rq_ops);
}

void
rq_rig_fini(struct rq_rig *rig)
{
	fault_proxy_behave(rig->redis.proxy);
	json_decref(rig->tree);
	json_decref(rig->upstream);
	subject_fini(&rig->subject);
	redis_rig_fini(&rig->redis);
}

void
rq_rig_seed(struct rq_rig *rig)
{
	redis_rig_feed(rig->redis.server.port,
	    SST_SOURCE_DIR "/mocks/upstreams/rq/seed.resp");
}

void
rq_rig_job(struct rq_rig *rig, const char *queue, const char *id)
{
	rq_rig_do(rig, "SADD rq:queues rq:queue:%s", queue);
	rq_rig_do(rig,
	    "HSET rq:job:%s created_at 2026-01-01T00:00:00.5Z description "
	    "jobs.%s(1) origin %s status queued started_at %s",
	    id, id, queue, "");
	rq_rig_do(rig, "RPUSH rq:queue:%s %s", queue, id);
}

void
rq_rig_open(struct rq_rig *rig, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), "{url: '%s'%s%s}", rig->redis.url,
	    more != NULL ? ", " : "", more != NULL ? more : "");
	ck_assert_msg(subject_open(&rig->subject, yaml) == SST_OK, "%s: %s",
	    yaml, rig->subject.err.text);
}

int
rq_rig_try_bare(struct rq_rig *rig)
{
	struct subject *s = &rig->subject;
	struct sst_harvest *last = s->harvest;
	struct sst_draft_settings settings = {.contract = s->contract,
	    .section = SST_SECTION_QUEUES,
	    .source = s->env.name,
	    .now = sst_clock_wall(&s->hands.clock),
	    .previous = last};
	struct sst_collect req = {.now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock)};
	struct sst_draft *draft = NULL;
	struct sst_harvest *harvest = NULL;
	int code;

	req.deadline = sst_mono_add_ms(req.now, SUBJECT_DEADLINE_MS);
	sst_error_clear(&s->err);
	code = sst_draft_new(&settings, &draft, &s->err);
	if (code == SST_OK)
		code = s->ops->collect(s->state, &req, draft, &s->err);
	if (code == SST_OK)
		code = sst_draft_finish(draft, &harvest, &s->err);
	sst_draft_free(&draft);
	if (code != SST_OK)
		return code;
	sst_harvest_release(&last);
	s->harvest = harvest;
	return code;
}

void
rq_rig_collect(struct rq_rig *rig)
{
	ck_assert_msg(
	    rq_rig_try_bare(rig) == SST_OK, "%s", rig->subject.err.text);
	json_decref(rig->tree);
	json_decref(rig->upstream);
	rig->tree = subject_tree(&rig->subject);
	rig->upstream = json_loadb(rig->subject.harvest->upstream,
	    rig->subject.harvest->upstream_len, 0, NULL);
	ck_assert_ptr_nonnull(rig->upstream);
}

json_t *
rq_rig_queue(struct rq_rig *rig, const char *name)
{
	json_t *queue;
	size_t i;

	json_array_foreach(rig->tree, i, queue)
	{
		if (strcmp(json_string_value(json_object_get(queue, "name")),
			name) == 0)
			return queue;
	}
	ck_abort_msg("no queue %s", name);
	return NULL;
}

json_t *
rq_rig_task(struct rq_rig *rig, const char *queue, const char *id)
{
	json_t *task;
	size_t i;

	json_array_foreach(
	    json_object_get(rq_rig_queue(rig, queue), "tasks"), i, task)
	{
		if (strcmp(json_string_value(json_object_get(task, "id")),
			id) == 0)
			return task;
	}
	ck_abort_msg("no task %s", id);
	return NULL;
}

void
rq_rig_expect(const json_t *got, const char *want)
{
	json_error_t error;
	json_t *tree = json_loads(want, 0, &error), *value;
	const char *name;
	char *text;

	ck_assert_msg(tree != NULL, "%s: %s", want, error.text);
	text = json_dumps(got, JSON_COMPACT);
	json_object_foreach(tree, name, value)
	{
		const json_t *has = json_object_get(got, name);

		/* null: unknown, or not there */
		if (json_is_null(value) && has == NULL)
			continue;
		ck_assert_msg(
		    json_equal(has, value), "%s in %.900s", name, text);
	}
	free(text);
	json_decref(tree);
}

const char *
rq_rig_flaw(const struct rq_rig *rig)
{
	return rig->subject.harvest->flaw.text;
}

json_t *
rq_rig_part(struct rq_rig *rig, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(rig->upstream, "parts"), i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "name")),
			name) == 0)
			return row;
	}
	ck_abort_msg("no part %s", name);
	return NULL;
}
