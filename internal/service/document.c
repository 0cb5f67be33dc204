#include "service/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "model/snapshot_priv.h"
#include "service/document_priv.h"

/* What the document holds besides its sections. */
struct doc_head {
	struct doc_text text;
	json_t *tree;
	const char *sources; /* its bracket; NULL: not met */
	struct sst_section *sections[SST_SECTION_COUNT];
	unsigned met; /* bit n: section n was read */
};

static struct sst_section *
head_near(const struct doc_reader *r, enum sst_section_id id)
{
	if (r->near == NULL)
		return NULL;
	return id == SST_SECTION_SOURCES ? r->near->sources
					 : r->near->sections[id];
}

/* The list whose bracket is at p; that of `near` when it is the same. */
static int
head_section(struct doc_reader *r, enum sst_section_id id,
    struct sst_section **out)
{
	struct sst_section *near = head_near(r, id);
	struct doc_level *level = &r->entity;
	int rc;

	doc__level_begin(r, id);
	rc = doc__list(r, level, near == NULL ? NULL : near->entities,
	    near == NULL ? 0 : near->count);
	if (rc != SST_OK)
		return rc;
	if (near != NULL &&
	    doc__level_is(level, near->entities, near->count)) {
		*out = sst_section_acquire(near);
		return SST_OK;
	}
	return sst_section_new(id, level->rows, level->count, out, r->err);
}

static int
head_list(struct doc_reader *r, const char *name, size_t len, void *ctx,
    bool *taken)
{
	struct doc_head *head = ctx;
	enum sst_section_id id = sst_section_by_name(name, len);
	int rc;

	if (len == 7 && memcmp(name, "sources", len) == 0)
		head->sources = r->p;
	if (id == SST_SECTION_COUNT || (head->met & 1u << id) != 0)
		return SST_OK;
	head->met |= 1u << id;
	rc = head_section(r, id, &head->sections[id]);
	*taken = rc == SST_OK;
	return rc;
}

static int
head_validate(struct doc_reader *r, const struct doc_head *head)
{
	struct sst_report report = {0};
	int rc;

	if (sst_schema_valid(r->contract->whole, head->tree))
		return SST_OK;
	rc = sst_schema_explain(
	    r->contract->whole, head->tree, 1, &report, r->err);
	sst_report_fini(&report);
	if (rc == SST_OK || rc == SST_NOMEM)
		return sst_error_nomem(r->err);
	r->err->code = SST_INVALID;
	return SST_INVALID;
}

static int
head_read(struct doc_reader *r, struct doc_head *head)
{
	int rc;

	head->text.list = head_list;
	head->text.ctx = head;
	rc = doc__object(r, &head->text);

	if (rc == SST_OK && doc__peek(r) != '\0')
		return doc__fail(
		    r, r->p, SST_SYNTAX, "there is more after the document");
	if (rc == SST_OK && r->p < r->end)
		return doc__fail(r, r->p, SST_NUL, "a NUL byte");
	if (rc == SST_OK)
		rc = doc__parse(r, &head->text, &head->tree);
	return rc == SST_OK ? head_validate(r, head) : rc;
}

static void
head_fini(struct doc_head *head)
{
	size_t i;

	for (i = 0; i < SST_SECTION_COUNT; i++)
		sst_section_release(&head->sections[i]);
	json_decref(head->tree);
	sst_buf_fini(&head->text.buf);
}

/* Skips what head_list() reads. */
static int
view_list(struct doc_reader *r, const char *name, size_t len, void *ctx,
    bool *taken)
{
	int rc;

	(void)ctx;
	if (sst_section_by_name(name, len) == SST_SECTION_COUNT)
		return SST_OK;
	rc = doc__skip(r);
	*taken = rc == SST_OK;
	return rc;
}

/*
 * Whoever saved another view gets an error about some member, which helps
 * less than the name of the view. NULL: it is none of those.
 */
static const char *
view_of(struct doc_reader *r)
{
	struct sst_error ignored, *err = r->err;
	struct doc_text text = {.list = view_list};
	const char *view = NULL;
	json_t *tree = NULL;

	r->err = &ignored;
	r->p = r->start;
	if (doc__object(r, &text) == SST_OK &&
	    doc__parse(r, &text, &tree) == SST_OK) {
		if (json_is_object(json_object_get(tree, "sources")))
			view = "keyed";
		else if (json_is_string(json_object_get(tree, "id")) &&
		    json_object_get(tree, "schema_version") == NULL &&
		    json_object_get(tree, "epoch") == NULL &&
		    json_object_get(tree, "sources") == NULL)
			view = "base";
	}
	json_decref(tree);
	sst_buf_fini(&text.buf);
	r->err = err;
	return view;
}

/* 2^53 and more as a real cannot be told from its neighbours. */
static const double revision_real_max = 9007199254740992.0;

static int
snapshot_revision(struct doc_reader *r, const json_t *value, uint64_t *out)
{
	double real = json_real_value(value);

	if (json_is_integer(value))
		*out = (uint64_t)json_integer_value(value);
	else if (real < revision_real_max)
		*out = (uint64_t)real;
	else
		return sst_error_set(
		    r->err, SST_INVALID, "/revision: is too large");
	return SST_OK;
}

static int
snapshot_time(struct doc_reader *r, const json_t *value, struct sst_wall *out)
{
	if (sst_time_parse(json_string_value(value), json_string_length(value),
		&out->ms) == SST_OK)
		return SST_OK;
	return sst_error_set(
	    r->err, SST_INVALID, "/captured_at: there is no such day");
}

/* Kept as it is: the bytes of a revision never change. */
static int
snapshot_version(
    struct doc_reader *r, const json_t *value, struct sst_snapshot *s)
{
	size_t len = json_string_length(value);

	if (len >= sizeof(s->schema_version))
		return sst_error_set(
		    r->err, SST_INVALID, "/schema_version: is too long");
	memcpy(s->schema_version, json_string_value(value), len + 1);
	return SST_OK;
}

/* Takes the sections over. */
static void
snapshot_sections(struct sst_snapshot *s, struct doc_head *head)
{
	const json_t *member;
	unsigned id;

	for (id = 0; id < SST_SECTION_COUNT; id++) {
		member = json_object_get(head->tree,
		    sst_section_name((enum sst_section_id)id));
		s->presence[id] = member == NULL ? SST_ABSENT
		    : json_is_null(member)	 ? SST_UNKNOWN
						 : SST_KNOWN;
		s->sections[id] = head->sections[id];
		head->sections[id] = NULL;
	}
}

static int
snapshot_fill(
    struct doc_reader *r, struct doc_head *head, struct sst_snapshot *s)
{
	const json_t *tree = head->tree;
	int rc;

	memcpy(s->epoch, json_string_value(json_object_get(tree, "epoch")),
	    sizeof(s->epoch) - 1);
	rc = snapshot_version(r, json_object_get(tree, "schema_version"), s);
	if (rc == SST_OK)
		rc = snapshot_revision(
		    r, json_object_get(tree, "revision"), &s->revision);
	if (rc == SST_OK)
		rc = snapshot_time(
		    r, json_object_get(tree, "captured_at"), &s->captured_at);
	if (rc != SST_OK)
		return rc;
	r->p = head->sources;
	rc = head_section(r, SST_SECTION_SOURCES, &s->sources);
	if (rc != SST_OK)
		return rc;
	snapshot_sections(s, head);
	sst_snapshot_seal(s);
	return SST_OK;
}

static int
document_read(struct doc_reader *r, struct sst_snapshot **out)
{
	struct doc_head head = {.tree = NULL};
	struct sst_snapshot *s = NULL;
	int rc = head_read(r, &head);

	if (rc == SST_OK)
		rc = sst_snapshot_new(
		    json_string_value(json_object_get(head.tree, "id")),
		    r->contract->document, &s, r->err);
	if (rc == SST_OK)
		rc = snapshot_fill(r, &head, s);
	head_fini(&head);
	if (rc == SST_OK)
		*out = s;
	else
		sst_snapshot_release(&s);
	return rc;
}

static int
document_begin(struct doc_reader *r)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (doc__peek(r) == '\0' && r->p == r->end)
		return sst_error_set(
		    r->err, SST_SYNTAX, "the document is empty");
	if ((size_t)(r->end - r->p) >= sizeof(mark) - 1 &&
	    memcmp(r->p, mark, sizeof(mark) - 1) == 0)
		return doc__fail(
		    r, r->p, SST_SYNTAX, "a byte order mark, which is no JSON");
	return SST_OK;
}

int
sst_document_read(const struct sst_contract *contract, const char *bytes,
    size_t len, const struct sst_snapshot *near, struct sst_snapshot **out,
    struct sst_error *err)
{
	struct doc_reader r = {.contract = contract,
	    .near = near,
	    .start = bytes,
	    .end = bytes + len,
	    .p = bytes,
	    .err = err};
	const char *view;
	int rc = document_begin(&r);

	if (rc == SST_OK)
		rc = document_read(&r, out);
	view = rc == SST_INVALID ? view_of(&r) : NULL;
	if (view != NULL)
		sst_error_set(err, SST_INVALID,
		    "the whole document: it is the %s view; only the full view "
		    "(view=full) can be read",
		    view);
	doc__level_fini(&r.entity);
	doc__level_fini(&r.child);
	return rc;
}
