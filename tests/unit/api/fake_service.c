#include "unit/api/fake_service.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "model/snapshot_priv.h"
#include "unit/api/fake_past.h"
#include "unit/api/fake_watch.h"

struct sst_service {
	const struct sst_clock *clock;
	struct sst_lock lock;
	struct sst_snapshot *current;
	struct fake_archive *archive;
	struct fake_hub *hub;
	double age_seconds;
	int fail;
	char fail_history[64]; /* "": it works */
};

static const char *const schema_names[] = {
    "problem.schema.json", "system-state.schema.json", NULL};
static char *schema_bytes[2];
static struct sst_shape *schema_shape;

static void
check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fake service: %s\n", what);
	abort();
}

static char *
file_read(const char *name)
{
	char path[512], *bytes = malloc(1 << 20);
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), SST_SOURCE_DIR "/schemas/%s", name);
	f = fopen(path, "re");
	check(f != NULL && bytes != NULL, path);
	len = fread(bytes, 1, (1 << 20) - 1, f);
	bytes[len] = '\0';
	fclose(f);
	return bytes;
}

static void
schemas_load(void)
{
	struct sst_error err;
	json_t *schema;

	if (schema_shape != NULL)
		return;
	schema_bytes[0] = file_read(schema_names[0]);
	schema_bytes[1] = file_read(schema_names[1]);
	schema = json_loads(schema_bytes[1], 0, NULL);
	check(schema != NULL, "schema is no JSON");
	check(sst_shape_new(schema, &schema_shape, &err) == SST_OK, err.text);
	json_decref(schema);
}

struct sst_service *
fake_service_new(const struct sst_clock *clock)
{
	struct sst_service *s = calloc(1, sizeof(*s));

	check(s != NULL, "memory");
	schemas_load();
	s->clock = clock;
	s->age_seconds = 0.5;
	s->archive = fake_archive_new();
	s->hub = fake_hub_new();
	sst_lock_init(&s->lock, SST_LOCK_SNAPSHOT);
	return s;
}

void
fake_service_free(struct sst_service *service)
{
	fake_service_publish(service, NULL);
	fake_archive_free(service->archive);
	fake_hub_free(service->hub);
	sst_lock_fini(&service->lock);
	free(service);
}

struct fake_archive *
fake_service_archive(struct sst_service *service)
{
	return service->archive;
}

struct fake_hub *
fake_service_hub(struct sst_service *service)
{
	return service->hub;
}

struct canned {
	enum sst_section_id section;
	const char *key; /* parts joined by '|' */
	const char *json;
};

#define WHEN "2026-07-01T12:00:00Z"

static const struct canned canned_rows[] = {
    {SST_SECTION_AGENTS, "agent-1",
	"{\"name\":\"agent-1\",\"description\":\"Data processing agent\","
	"\"max_parallel_invocations\":5,"
	"\"deployment_name\":\"agent-deployment-1\","
	"\"models\":[\"gpt-4\"],\"activity\":{\"active_task_ids\":[],"
	"\"updated_at\":\"" WHEN "\"},\"status\":\"running\"}"},
    {SST_SECTION_AGENTS, "agent-2",
	"{\"name\":\"agent-2\",\"description\":\"Analytics agent\","
	"\"max_parallel_invocations\":3,"
	"\"deployment_name\":\"agent-deployment-2\","
	"\"models\":[\"gpt-4\"],\"activity\":{\"active_task_ids\":[],"
	"\"updated_at\":\"" WHEN "\"},\"status\":\"running\"}"},
    {SST_SECTION_QUEUES, "mock|default",
	"{\"name\":\"default\",\"updated_at\":\"" WHEN
	"\",\"tasks\":[],\"system\":\"mock\"}"},
    {SST_SECTION_QUEUES, "rabbitmq|default",
	"{\"name\":\"default\",\"updated_at\":\"" WHEN
	"\",\"tasks\":[],\"system\":\"rabbitmq\"}"},
    {SST_SECTION_QUEUES, "rabbitmq|agent.tasks",
	"{\"name\":\"agent.tasks\",\"updated_at\":\"" WHEN
	"\",\"tasks\":[],\"system\":\"rabbitmq\"}"},
    {SST_SECTION_QUEUES, "rabbitmq|with/slash",
	"{\"name\":\"with/slash\",\"updated_at\":\"" WHEN
	"\",\"tasks\":[],\"system\":\"rabbitmq\"}"},
    {SST_SECTION_LITELLM, "dep-1",
	"{\"model\":\"gpt-4\",\"provider\":\"openai\",\"tpm\":45000,"
	"\"rpm\":200,\"tpm_max\":90000,\"rpm_max\":3500,"
	"\"payment_type\":\"pay-per-request\","
	"\"deployment_id\":\"dep-1\"}"},
};

static struct sst_entity *
entity_make(const char *key, const char *json)
{
	struct sst_entity_parts parts = {0};
	struct sst_entity *e;
	struct sst_error err;
	char joined[128], *bar;

	snprintf(joined, sizeof(joined), "%s", key);
	while ((bar = strchr(joined, '|')) != NULL)
		*bar = SST_KEY_SEPARATOR;
	parts.key = joined;
	parts.key_len = strlen(joined);
	parts.json = json;
	parts.json_len = strlen(json);
	check(sst_entity_new(&parts, &e, &err) == SST_OK, err.text);
	return e;
}

/* One workload whose description-like text fills the wanted bytes. */
static struct sst_entity *
entity_padded(size_t pad_bytes)
{
	struct sst_buf json = SST_BUF_INIT;
	struct sst_entity *e;
	size_t i;

	sst_buf_adds(&json, "{\"deployment_name\":\"agent-deployment-1\","
			    "\"namespace\":\"default\",\"kind\":\"Deployment\","
			    "\"rollout\":{\"state\":\"complete\","
			    "\"message\":\"");
	for (i = 0; i < pad_bytes; i++)
		sst_buf_addc(&json, (char)('a' + (i * 7 + i / 31) % 26));
	sst_buf_adds(&json, "\"}}");
	check(!sst_buf_failed(&json), "memory");
	e = entity_make("default|Deployment|agent-deployment-1", json.data);
	sst_buf_fini(&json);
	return e;
}

static struct sst_section *
section_make(enum sst_section_id id, size_t pad_bytes)
{
	struct sst_entity *entities[16];
	struct sst_section *section;
	struct sst_error err;
	size_t i, n = 0;

	if (id == SST_SECTION_WORKLOAD)
		entities[n++] = entity_padded(pad_bytes);
	for (i = 0; i < sizeof(canned_rows) / sizeof(canned_rows[0]); i++)
		if (canned_rows[i].section == id)
			entities[n++] = entity_make(
			    canned_rows[i].key, canned_rows[i].json);
	check(sst_section_new(id, entities, n, &section, &err) == SST_OK,
	    err.text);
	for (i = 0; i < n; i++)
		sst_entity_release(&entities[i]);
	return section;
}

struct sst_snapshot *
fake_snapshot(uint64_t revision, size_t pad_bytes)
{
	struct sst_snapshot *s;
	struct sst_error err;
	int i;

	schemas_load();
	check(sst_snapshot_new("system-1", schema_shape, &s, &err) == SST_OK,
	    err.text);
	memcpy(s->epoch, "0123456789abcdef", 17);
	s->revision = revision;
	s->captured_at.ms = 1782907200123 + (int64_t)revision * 1000;
	check(sst_section_new(
		  SST_SECTION_SOURCES, NULL, 0, &s->sources, &err) == SST_OK,
	    err.text);
	for (i = 0; i < SST_SECTION_COUNT; i++) {
		if (i == SST_SECTION_LITELLM && revision == 3)
			continue;
		s->presence[i] = SST_UNKNOWN;
		if (i == SST_SECTION_LITELLM && revision == 2)
			continue;
		s->presence[i] = SST_KNOWN;
		s->sections[i] =
		    section_make((enum sst_section_id)i, pad_bytes);
	}
	return s;
}

void
fake_service_publish(struct sst_service *service, struct sst_snapshot *snapshot)
{
	struct sst_snapshot *old;

	sst_lock_acquire(&service->lock);
	old = service->current;
	service->current = snapshot;
	sst_lock_release(&service->lock);
	if (old != NULL)
		sst_snapshot_release(&old);
}

void
fake_service_set_age(struct sst_service *service, double seconds)
{
	service->age_seconds = seconds;
}

void
fake_service_fail(struct sst_service *service, int code)
{
	service->fail = code;
}

struct sst_snapshot *
sst_service_snapshot(struct sst_service *service)
{
	struct sst_snapshot *s = NULL;

	sst_lock_acquire(&service->lock);
	if (service->current != NULL)
		s = sst_snapshot_acquire(service->current);
	sst_lock_release(&service->lock);
	return s;
}

int
sst_service_sources(struct sst_service *service,
    struct sst_source_figures **out, size_t *count_out, struct sst_error *err)
{
	struct sst_source_figures *f;

	if (service->fail != SST_OK)
		return sst_error_set(err, service->fail, "told to fail");
	f = calloc(1, sizeof(*f));
	check(f != NULL, "memory");
	f->name = strdup("queues/mock");
	f->kind = strdup("mock");
	f->section = SST_SECTION_QUEUES;
	f->status = service->age_seconds < 0 ? "pending" : "ok";
	f->observed_at_ms = service->age_seconds < 0 ? 0 : 1782907200123;
	f->age_seconds = service->age_seconds;
	f->max_age_seconds = 15;
	f->interval_seconds = 5;
	f->last_duration_seconds = 0.25;
	f->total_duration_seconds = 2.5;
	f->attempts = 10;
	f->failures = 1;
	f->next_attempt_seconds = 2.5;
	f->entities = 4;
	f->error_code = strdup("timeout");
	f->error_message = strdup("\"quoted\" text");
	f->upstream = strdup("{\"status\":\"ok\"}");
	*out = f;
	*count_out = 1;
	return SST_OK;
}

void
sst_source_figures_free(struct sst_source_figures *figures, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(figures[i].name);
		free(figures[i].kind);
		free(figures[i].error_code);
		free(figures[i].error_message);
		free(figures[i].upstream);
	}
	free(figures);
}

void
sst_service_figures(
    struct sst_service *service, struct sst_service_figures *out)
{
	(void)service;
	memset(out, 0, sizeof(*out));
	out->revision = 7;
	out->revisions_total = 7;
	out->compose_total = 9;
	out->compose_seconds_total = 0.125;
	out->uptime_seconds = 60;
	out->document_bytes = 2048;
	out->entities[SST_SECTION_QUEUES] = 4;
}

void
sst_service_history_figures(
    struct sst_service *service, struct sst_service_history *out)
{
	*out = (struct sst_service_history){.status = "ok",
	    .revisions = 5,
	    .oldest = 3,
	    .newest = 7,
	    .bytes = 4096,
	    .document_bytes = 10240,
	    .stored_bytes = 512,
	    .appended_total = 9,
	    .thinned_total = 4,
	    .pending = 1,
	    .last_write_ms = 1782907200123};
	if (service->fail_history[0] == '\0')
		return;
	*out = (struct sst_service_history){
	    .status = "paused", .failures_total = 2, .lost_total = 1};
	memcpy(out->error, service->fail_history,
	    sizeof(service->fail_history));
}

void
fake_service_fail_history(struct sst_service *service, const char *why)
{
	snprintf(service->fail_history, sizeof(service->fail_history), "%s",
	    why);
}

const struct sst_clock *
sst_service_clock(const struct sst_service *service)
{
	return service->clock;
}

const char *
sst_service_schema(const char *name, size_t *len_out)
{
	size_t i;

	schemas_load();
	for (i = 0; schema_names[i] != NULL; i++)
		if (strcmp(schema_names[i], name) == 0) {
			*len_out = strlen(schema_bytes[i]);
			return schema_bytes[i];
		}
	return NULL;
}

const char *const *
sst_service_schema_names(void)
{
	return schema_names;
}
