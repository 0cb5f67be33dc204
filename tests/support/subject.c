#include "support/subject.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/node.h"
#include "config/option.h"

enum { JOIN_SECONDS = 20 };

static void
subject_on_notify(void *ctx)
{
	struct subject *s = ctx;

	atomic_fetch_add(&s->notified, 1);
}

void
subject_init(struct subject *s, const struct sst_source_ops *ops)
{
	memset(s, 0, sizeof(*s));
	s->ops = ops;
	fake_clock_init(&s->hands);
	ck_assert_msg(sst_contract_new(&s->contract, &s->err) == SST_OK, "%s",
	    s->err.text);
	s->env = (struct sst_source_env){
	    .name = "queues/subject",
	    .clock = &s->hands.clock,
	    .started = sst_clock_mono(&s->hands.clock),
	    .started_wall = sst_clock_wall(&s->hands.clock),
	    .share_dir = SST_SOURCE_DIR,
	    .max_upstream_bytes = SUBJECT_MAX_BYTES,
	    .notify = subject_on_notify,
	    .notify_ctx = s,
	};
	s->settings = calloc(1, ops->settings_size + 1);
	s->state = calloc(1, ops->state_size + 1);
	ck_assert(s->settings != NULL && s->state != NULL);
}

static int
subject_parse(struct subject *s, const char *yaml, struct sst_config_doc **doc)
{
	int code;

	code = sst_config_doc_parse("options", yaml, strlen(yaml), doc, &s->err);
	if (code == SST_OK)
		code = sst_options_parse(s->ops->options, s->ops->option_count,
		    sst_config_doc_root(*doc), s->settings, &s->err);
	return code;
}

static int
subject_init_source(struct subject *s)
{
	int code = s->ops->init(s->state, s->settings, &s->env, &s->err);

	if (code == SST_OK && s->ops->start != NULL)
		code = s->ops->start(s->state, &s->err);
	if (code != SST_OK) {
		s->ops->fini(s->state);
		memset(s->state, 0, s->ops->state_size);
	}
	return code;
}

int
subject_open(struct subject *s, const char *yaml)
{
	struct sst_config_doc *doc = NULL;
	int code;

	subject_close(s);
	sst_error_clear(&s->err);
	code = subject_parse(s, yaml, &doc);
	if (code == SST_OK)
		code = subject_init_source(s);
	/* until here: maps among the settings are borrowed from it */
	sst_config_doc_free(&doc);
	return code;
}

/* A test that failed in between: nothing may go while it is in use. */
static void
subject_abandon(struct subject *s)
{
	if (!s->running)
		return;
	if (s->ops->interrupt != NULL)
		s->ops->interrupt(s->state);
	pthread_join(s->thread, NULL);
	s->running = false;
}

void
subject_close(struct subject *s)
{
	subject_abandon(s);
	if (s->ops->stop != NULL)
		s->ops->stop(s->state);
	s->ops->fini(s->state);
	memset(s->state, 0, s->ops->state_size);
	sst_options_fini(s->ops->options, s->ops->option_count, s->settings);
	sst_harvest_release(&s->harvest);
}

void
subject_fini(struct subject *s)
{
	subject_close(s);
	free(s->settings);
	free(s->state);
	sst_contract_free(&s->contract);
	fake_clock_fini(&s->hands);
}

static int
subject_fill(struct subject *s, struct sst_draft *draft)
{
	struct sst_collect req = {
	    .now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock),
	};
	int code;

	req.deadline = sst_mono_add_ms(req.now, SUBJECT_DEADLINE_MS);
	code = s->ops->collect(s->state, &req, draft, &s->err);
	s->next_ms = sst_draft_next(draft);
	if (code == SST_OK)
		code = sst_draft_finish(draft, &s->harvest, &s->err);
	return code;
}

int
subject_collect(struct subject *s)
{
	struct sst_draft_settings settings = {
	    .contract = s->contract,
	    .section = s->ops->section,
	    .source = s->env.name,
	    .now = sst_clock_wall(&s->hands.clock),
	};
	struct sst_draft *draft = NULL;
	int code;

	sst_harvest_release(&s->harvest);
	sst_error_clear(&s->err);
	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	code = subject_fill(s, draft);
	sst_draft_free(&draft);
	return code;
}

static void *
subject_main(void *ctx)
{
	struct subject *s = ctx;

	s->code = subject_collect(s);
	atomic_store(&s->over, true);
	return NULL;
}

void
subject_begin(struct subject *s)
{
	atomic_store(&s->over, false);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, subject_main, s), 0);
	s->running = true;
}

int
subject_join(struct subject *s)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += JOIN_SECONDS;
	ck_assert_int_eq(pthread_timedjoin_np(s->thread, NULL, &end), 0);
	s->running = false;
	return s->code;
}

bool
subject_over(struct subject *s)
{
	return atomic_load(&s->over);
}

char *
subject_json(struct subject *s)
{
	struct sst_section *section = NULL;
	struct sst_buf out = SST_BUF_INIT;
	char *text;

	ck_assert_ptr_nonnull(s->harvest);
	ck_assert_int_eq(sst_section_new(s->ops->section, s->harvest->entities,
			     s->harvest->count, &section, &s->err),
	    SST_OK);
	sst_section_encode(section, &out);
	sst_section_release(&section);
	text = sst_buf_take(&out, NULL);
	ck_assert_ptr_nonnull(text);
	return text;
}

json_t *
subject_tree(struct subject *s)
{
	char *text = subject_json(s);
	json_t *tree = json_loads(text, 0, NULL);

	ck_assert_msg(tree != NULL, "%s", text);
	free(text);
	return tree;
}
