#include "past_rig.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4 }; /* two sources, composer, history */

struct past_rig rig;

static char *
bytes_of(struct sst_snapshot *s)
{
	const struct sst_projection full = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_body *body = NULL;
	char *copy;

	ck_assert_int_eq(sst_snapshot_body(s, &full, &body, &rig.err), SST_OK);
	copy = strndup(body->bytes, body->len);
	sst_body_release(&body);
	return copy;
}

uint64_t
past_revision(void)
{
	struct sst_service_figures f;

	sst_service_figures(rig.service, &f);
	return f.revision;
}

bool
past_settled(void)
{
	return fake_clock_waiting(&rig.hands) == THREADS;
}

bool
past_all_stored(void)
{
	struct sst_service_history h;

	sst_service_history_figures(rig.service, &h);
	return h.pending == 0;
}

void
past_pass(int64_t ms)
{
	int64_t step;

	for (; ms > 0; ms -= step) {
		step = ms < 100 ? ms : 100;
		fake_clock_advance(&rig.hands, step);
		ck_assert(POLL_UNTIL(past_settled()));
	}
}

void
past_add(
    const char *name, const struct sst_source_ops *ops, struct fake_world *w)
{
	struct sst_instance_settings s = {.name = name,
	    .ops = ops,
	    .options = fake_options_new(w),
	    .enabled = true};

	ck_assert_msg(sst_repository_add(sst_service_sources_of(rig.service),
			  &s, &rig.err) == SST_OK,
	    "%s", rig.err.text);
}

void
past_make(const char *in, size_t recent)
{
	struct sst_service_settings s = {.id = "test",
	    .clock = &rig.hands.clock,
	    .recent_revisions = recent,
	    .recent_bytes = 1 << 20,
	    .need_history = true};

	/* left over from the end of the last service */
	rig.agents.interrupted = false;
	rig.queues.interrupted = false;
	s.history = (struct sst_history_settings){.dir = in,
	    .retention = {3600000, 86400000, 2592000000, 1 << 30},
	    .vfs = rig.vfs};
	ck_assert_msg(sst_service_new(&s, &rig.service, &rig.err) == SST_OK,
	    "%s", rig.err.text);
	past_add("agents/fake", &fake_agents_ops, &rig.agents);
	past_add("queues/fake", &fake_queues_ops, &rig.queues);
}

static void
note_current(void)
{
	struct sst_snapshot *s = sst_service_snapshot(rig.service);

	ck_assert_ptr_nonnull(s);
	ck_assert_uint_lt(s->revision, PAST_DOCUMENTS);
	free(rig.documents[s->revision]);
	rig.documents[s->revision] = bytes_of(s);
	sst_snapshot_release(&s);
}

void
past_start(uint64_t first)
{
	ck_assert_msg(sst_service_start(rig.service, &rig.err) == SST_OK, "%s",
	    rig.err.text);
	ck_assert(POLL_UNTIL(past_revision() == first && past_settled()));
	note_current();
	ck_assert_int_eq(
	    sst_past_open(rig.service, &rig.past, &rig.err), SST_OK);
}

void
past_stop(void)
{
	sst_past_close(&rig.past);
	sst_service_free(&rig.service);
}

/* Makes the agent say another number, as a revision of its own. */
void
past_change(int number)
{
	uint64_t before = past_revision();

	fake_world_set(&rig.agents, &rig.agents.number, number);
	past_pass(1100);
	ck_assert(POLL_UNTIL(past_revision() == before + 1 && past_settled()));
	note_current();
}

void
past_setup(void)
{
	snprintf(rig.dir, sizeof(rig.dir), "/tmp/sst-past-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(rig.dir));
	fake_clock_init(&rig.hands);
	fake_world_init(&rig.agents);
	fake_world_init(&rig.queues);
	rig.past = NULL;
	rig.vfs = NULL;
}

static void
remove_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char file[512];

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		unlink(file);
	}
	if (d != NULL)
		closedir(d);
	rmdir(path);
}

void
past_teardown(void)
{
	size_t i;

	fake_world_release(&rig.agents);
	fake_world_release(&rig.queues);
	past_stop();
	fake_world_fini(&rig.agents);
	fake_world_fini(&rig.queues);
	fake_clock_fini(&rig.hands);
	remove_dir(rig.dir);
	for (i = 0; i < PAST_DOCUMENTS; i++) {
		free(rig.documents[i]);
		rig.documents[i] = NULL;
	}
}

struct sst_moment
past_at(const char *text)
{
	struct sst_moment m;

	ck_assert_msg(sst_moment_parse(text, strlen(text), &m) == SST_OK,
	    "not a moment: %s", text);
	return m;
}

void
past_check_held(uint64_t number)
{
	struct sst_moment m = {.kind = SST_MOMENT_REVISION, .revision = number};
	struct sst_snapshot *s = NULL;
	char *bytes;

	ck_assert_msg(sst_past_snapshot(rig.past, &m, &s, &rig.err) == SST_OK,
	    "revision %d: %s", (int)number, rig.err.text);
	bytes = bytes_of(s);
	ck_assert_str_eq(bytes, rig.documents[number]);
	free(bytes);
	sst_snapshot_release(&s);
}

int
past_code_of(const char *moment)
{
	struct sst_moment m = past_at(moment);
	struct sst_snapshot *s = NULL;
	int rc = sst_past_snapshot(rig.past, &m, &s, &rig.err);

	sst_snapshot_release(&s);
	return rc;
}

uint64_t
past_revision_at(const char *moment)
{
	struct sst_moment m = past_at(moment);
	struct sst_snapshot *s = NULL;
	uint64_t number;

	ck_assert_msg(sst_past_snapshot(rig.past, &m, &s, &rig.err) == SST_OK,
	    "%s: %s", moment, rig.err.text);
	number = s->revision;
	sst_snapshot_release(&s);
	return number;
}

bool
past_history_is(const char *status)
{
	struct sst_service_history h;

	sst_service_history_figures(rig.service, &h);
	return strcmp(h.status, status) == 0;
}
