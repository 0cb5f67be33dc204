#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "model/encode.h"
#include "model/snapshot_priv.h"
#include "service/compose_priv.h"

static void
compose_statuses(struct composer *c)
{
	const struct sst_compose_input *in = c->in;
	struct sst_mono until;
	size_t i;

	c->valid_until = SST_MONO_NEVER;
	for (i = 0; i < in->count; i++) {
		c->sources[i].status =
		    sst_slot_status(&in->views[i], in->now, &until);
		c->sources[i].error = in->views[i].error;
		c->sources[i].error_since = in->views[i].error_since;
		if (sst_mono_before(until, c->valid_until))
			c->valid_until = until;
	}
}

/* Shares the section of the last snapshot when it is equal. */
static void
compose_share(struct composer *c, enum sst_section_id id)
{
	struct sst_section **mine = &c->snapshot->sections[id], *theirs;

	theirs = c->in->previous == NULL ? NULL : c->in->previous->sections[id];
	if (theirs == NULL || !sst_hash_equal(theirs->hash, (*mine)->hash))
		return;
	sst_section_release(mine);
	*mine = sst_section_acquire(theirs);
}

static void
compose_presence(struct composer *c, enum sst_section_id id)
{
	struct sst_snapshot *s = c->snapshot;
	const struct sst_slot_view *v;
	size_t i;

	s->presence[id] = SST_ABSENT;
	for (i = 0; i < c->in->count; i++) {
		v = &c->in->views[i];
		if (v->section != id || !v->enabled)
			continue;
		if (v->harvest != NULL)
			s->presence[id] = SST_KNOWN;
		else if (s->presence[id] == SST_ABSENT)
			s->presence[id] = SST_UNKNOWN;
	}
}

static int
compose_section(struct composer *c, enum sst_section_id id)
{
	struct sst_snapshot *s = c->snapshot;
	int rc;

	if (s->presence[id] != SST_KNOWN)
		return SST_OK;
	rc = sst_section_new(id, c->rows[id].entities, c->rows[id].count,
	    &s->sections[id], c->err);
	if (rc == SST_OK)
		compose_share(c, id);
	return rc;
}

/* Everything the sources know, each fact once. */
static int
compose_sections(struct composer *c)
{
	unsigned id;
	int rc = SST_OK;

	for (id = 0; rc == SST_OK && id < SST_SECTION_COUNT; id++) {
		compose_presence(c, (enum sst_section_id)id);
		if (c->snapshot->presence[id] == SST_KNOWN)
			rc = compose__rows(
			    c, (enum sst_section_id)id, &c->rows[id]);
	}
	if (rc == SST_OK)
		rc = sst_settle(c->in->contract, &c->rows[SST_SECTION_AGENTS],
		    &c->rows[SST_SECTION_QUEUES], c->in->tasks, c->err);
	for (id = 0; rc == SST_OK && id < SST_SECTION_COUNT; id++)
		rc = compose_section(c, (enum sst_section_id)id);
	for (id = 0; id < SST_SECTION_COUNT; id++)
		compose__rows_fini(&c->rows[id]);
	return rc;
}

/* at: since it is degraded. What is left out may change, nobody sees it. */
static void
compose_note_twins(struct composer *c)
{
	const struct sst_compose_since *since;
	struct compose_source *s;
	size_t i;

	for (i = 0; i < c->in->count; i++) {
		s = &c->sources[i];
		if (s->twins == 0 || s->status != SST_STATUS_OK)
			continue;
		s->status = SST_STATUS_DEGRADED;
		sst_error_set(&s->error, SST_EXISTS,
		    "%zu left out: another source has the same key", s->twins);
		since = &c->in->since[i];
		s->error_since =
		    since->known && since->status == SST_STATUS_DEGRADED
			? since->at
			: c->in->wall;
	}
}

static json_t *
compose_time(struct sst_wall at)
{
	char text[25];

	sst_time_format_utc(at.ms, false, text);
	return json_string(text);
}

static json_t *
compose_error_tree(const struct compose_source *s)
{
	if (s->error.code == SST_OK)
		return json_null();
	return json_pack("{s:s, s:s, s:o}", "code",
	    sst_code_name(s->error.code), "message", s->error.text, "at",
	    compose_time(s->error_since));
}

/* What is known of the other side; NULL: nothing. */
static json_t *
compose_upstream_tree(const struct sst_harvest *harvest)
{
	if (harvest == NULL || harvest->upstream == NULL)
		return NULL;
	return json_loadb(harvest->upstream, harvest->upstream_len, 0, NULL);
}

static json_t *
compose_source_tree(struct composer *c, size_t i)
{
	const struct sst_slot_view *v = &c->in->views[i];
	const struct compose_source *s = &c->sources[i];
	struct sst_compose_since *since = &c->in->since[i];
	double max_age = (double)v->max_age_ms / 1000;

	if (!since->known || since->status != s->status)
		*since =
		    (struct sst_compose_since){s->status, true, c->in->wall};
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o*, s:o}",
	    "name", v->name, "section", sst_section_name(v->section), "kind",
	    v->kind, "status", sst_status_name(s->status), "since",
	    compose_time(since->at), "changed_at",
	    v->harvest == NULL ? json_null() : compose_time(v->changed),
	    "max_age_seconds",
	    v->max_age_ms % 1000 == 0 ? json_integer(v->max_age_ms / 1000)
				      : json_real(max_age),
	    "entities",
	    v->harvest == NULL ? json_null()
			       : json_integer((json_int_t)v->harvest->count),
	    "upstream", compose_upstream_tree(v->harvest), "error",
	    compose_error_tree(s));
}

static json_t *
compose_sources_tree(struct composer *c)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; array != NULL && i < c->in->count; i++) {
		if (json_array_append_new(array, compose_source_tree(c, i)) ==
		    0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return array;
}

/*
 * Whether the row says what it said before. A source may tell something new, or
 * the same in a new process, of which nothing shows (another source told it
 * first): its date of change alone makes no revision.
 */
static bool
compose_source_same(const struct composer *c, enum sst_section_id id,
    const struct sst_entity *before, const struct sst_entity_parts *parts)
{
	const char *was = sst_entity_json(before), *is = parts->json;
	size_t stamp = parts->stamp, behind;

	if (before->json_len != parts->json_len)
		return false;
	if (memcmp(was, is, parts->json_len) == 0)
		return true;
	if (stamp == 0 || before->stamp != stamp ||
	    c->snapshot->sections[id] != c->in->previous->sections[id])
		return false;
	behind = stamp + strcspn(is + stamp, "\"");
	return memcmp(was, is, stamp) == 0 &&
	       memcmp(was + behind, is + behind, parts->json_len - behind) == 0;
}

/* The row of a source as an entity: that of the last snapshot when equal. */
static struct sst_entity *
compose_source_entity(
    struct composer *c, const struct sst_slot_view *view, const json_t *tree)
{
	const struct sst_snapshot *previous = c->in->previous;
	const char *name = view->name;
	struct sst_entity *before = NULL;
	struct sst_entity *made = NULL;
	struct sst_buf b = SST_BUF_INIT;
	struct sst_encoding met;
	struct sst_entity_parts parts = {.key = name, .key_len = strlen(name)};

	sst_encode_object(c->in->contract->source, tree, &b, &met);
	parts.json = b.data;
	parts.json_len = b.len;
	parts.stamp = met.stamp;
	if (previous != NULL)
		before = sst_section_find(
		    previous->sources, parts.key, parts.key_len);
	if (sst_buf_failed(&b))
		sst_error_nomem(c->err);
	else if (before != NULL &&
		 compose_source_same(c, view->section, before, &parts))
		made = sst_entity_acquire(before);
	else
		sst_entity_new(&parts, &made, c->err);
	sst_buf_fini(&b);
	return made;
}

static int
compose_source_section(struct composer *c, const json_t *tree)
{
	struct sst_entity **rows = calloc(c->in->count + 1, sizeof(*rows));
	size_t i;
	int rc = rows == NULL ? sst_error_nomem(c->err) : SST_OK;

	for (i = 0; rc == SST_OK && i < c->in->count; i++) {
		rows[i] = compose_source_entity(
		    c, &c->in->views[i], json_array_get(tree, i));
		if (rows[i] == NULL)
			rc = SST_NOMEM;
	}
	if (rc == SST_OK)
		rc = sst_section_new(SST_SECTION_SOURCES, rows, c->in->count,
		    &c->snapshot->sources, c->err);
	for (i = 0; rows != NULL && i < c->in->count; i++)
		sst_entity_release(&rows[i]);
	free(rows);
	return rc;
}

/*
 * Entities were validated one by one; what is left is the document around
 * them. Takes the tree over.
 */
static int
compose_validate(struct composer *c, json_t *sources)
{
	const struct sst_snapshot *s = c->snapshot;
	struct sst_report report = {0};
	char when[25];
	json_t *doc;
	int rc;

	sst_time_format_utc(s->captured_at.ms, true, when);
	doc = json_pack("{s:s, s:s, s:s, s:I, s:s, s:o}", "id", s->id,
	    "schema_version", s->schema_version, "epoch", s->epoch, "revision",
	    (json_int_t)s->revision, "captured_at", when, "sources", sources);
	if (doc == NULL)
		return sst_error_nomem(c->err);
	if (sst_schema_valid(c->in->contract->whole, doc)) {
		json_decref(doc);
		return SST_OK;
	}
	rc =
	    sst_schema_explain(c->in->contract->whole, doc, 1, &report, c->err);
	sst_report_fini(&report);
	json_decref(doc);
	return rc == SST_OK ? SST_INTERNAL : SST_INVALID;
}

static int
compose_fill(struct composer *c)
{
	struct sst_snapshot *s = c->snapshot;
	json_t *sources;
	int rc;

	snprintf(s->epoch, sizeof(s->epoch), "%s", c->in->epoch);
	s->captured_at = c->in->wall;
	s->revision = c->in->last_revision;
	if (c->in->previous != NULL && c->in->previous->revision > s->revision)
		s->revision = c->in->previous->revision;
	s->revision++;
	compose_statuses(c);
	sst_merge_begin(&c->merges, c->in->contract,
	    c->in->previous == NULL
		? NULL
		: c->in->previous->sections[SST_SECTION_AGENTS],
	    c->in->merges);
	rc = compose_sections(c);
	sst_merge_end(&c->merges, rc == SST_OK ? c->in->merges : NULL);
	if (rc != SST_OK)
		return rc;
	compose_note_twins(c);
	sources = compose_sources_tree(c);
	if (sources == NULL)
		return sst_error_nomem(c->err);
	rc = compose_source_section(c, sources);
	if (rc != SST_OK) {
		json_decref(sources);
		return rc;
	}
	sst_snapshot_seal(s);
	return compose_validate(c, sources);
}

int
sst_compose(const struct sst_compose_input *input, struct sst_snapshot **out,
    struct sst_mono *valid_until_out, struct sst_error *err)
{
	struct composer c = {.in = input, .err = err};
	int rc;

	c.sources = calloc(input->count + 1, sizeof(*c.sources));
	if (c.sources == NULL)
		return sst_error_nomem(err);
	rc = sst_snapshot_new(
	    input->id, input->contract->document, &c.snapshot, err);
	if (rc == SST_OK)
		rc = compose_fill(&c);
	free(c.sources);
	if (rc != SST_OK) {
		sst_snapshot_release(&c.snapshot);
		return rc;
	}
	*valid_until_out = c.valid_until;
	if (input->previous != NULL &&
	    sst_hash_equal(input->previous->content, c.snapshot->content))
		sst_snapshot_release(&c.snapshot);
	*out = c.snapshot;
	return SST_OK;
}
