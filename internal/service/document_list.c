/* Lists of entities, and their children, from bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/snapshot.h"
#include "repository/identity.h"
#include "service/document_priv.h"

/* How many of the former ones are looked at to find the next. */
enum { LIST_AHEAD = 8 };

static void
level_clear(struct doc_level *level)
{
	while (level->count > 0)
		sst_entity_release(&level->rows[--level->count]);
}

void
doc__level_fini(struct doc_level *level)
{
	level_clear(level);
	free(level->rows);
	sst_buf_fini(&level->text.buf);
	sst_buf_fini(&level->key);
	sst_buf_fini(&level->order);
	sst_buf_fini(&level->json);
	sst_former_fini(&level->former);
	sst_key_table_fini(&level->twins);
}

void
doc__level_begin(struct doc_reader *r, enum sst_section_id section)
{
	const struct sst_contract_section *how;
	struct doc_level *entity = &r->entity, *child = &r->child;

	entity->name = sst_section_name(section);
	entity->section = child->section = section;
	entity->above = NULL;
	entity->below = NULL;
	if (section == SST_SECTION_SOURCES) {
		entity->shape = r->contract->source;
		entity->schema = NULL;
		return;
	}
	how = &r->contract->sections[section];
	entity->shape = how->shape;
	entity->schema = how->schema;
	if (how->children == NULL)
		return;
	entity->below = child;
	child->above = entity;
	child->below = NULL;
	child->name = how->children->name;
	child->shape = how->children->shape;
	child->schema = how->child_schema;
}

/* "/queues/3/tasks/17"; index: of the item. */
static void
level_where(const struct doc_level *level, size_t index, struct sst_buf *out)
{
	if (level->above != NULL)
		level_where(level->above, level->above->count, out);
	sst_buf_addf(out, "/%s/%zu", level->name, index);
}

/* "POINTER: what", with what goes on below the item in a pointer. */
static int
level_invalid(struct doc_reader *r, const struct doc_level *level,
    const char *below, const char *what)
{
	struct sst_buf where = SST_BUF_INIT;

	level_where(level, level->count, &where);
	if (sst_buf_failed(&where))
		sst_error_nomem(r->err);
	else
		sst_error_set(r->err, SST_INVALID, "%s%s: %s", where.data,
		    below, what);
	sst_buf_fini(&where);
	return r->err->code;
}

static int
level_push(
    struct doc_reader *r, struct doc_level *level, struct sst_entity *e)
{
	struct sst_entity **more;
	size_t cap;

	if (level->count == level->cap) {
		cap = level->cap == 0 ? 64 : level->cap * 2;
		more = realloc(level->rows, cap * sizeof(*more));
		if (more == NULL) {
			sst_entity_release(&e);
			return sst_error_nomem(r->err);
		}
		level->rows = more;
		level->cap = cap;
	}
	level->rows[level->count++] = e;
	return SST_OK;
}

bool
doc__level_is(const struct doc_level *level, struct sst_entity *const *entities,
    size_t count)
{
	return level->count == count &&
	       (count == 0 || memcmp(level->rows, entities,
				  count * sizeof(*entities)) == 0);
}

/* Two of one key; the indices are those of the document. */
static int
list_twins(struct doc_reader *r, const struct doc_level *level, size_t first,
    size_t second)
{
	struct sst_buf text = SST_BUF_INIT;

	level_where(level, first, &text);
	sst_buf_adds(&text, " and ");
	level_where(level, second, &text);
	sst_buf_adds(&text, ": two of the same key, ");
	sst_entity_key_text(level->rows[second], &text);
	if (sst_buf_failed(&text))
		sst_error_nomem(r->err);
	else
		sst_error_set(r->err, SST_INVALID, "%s", text.data);
	sst_buf_fini(&text);
	return r->err->code;
}

static int
list_check_keys(struct doc_reader *r, struct doc_level *level)
{
	const struct sst_entity *e;
	uint32_t *place;
	size_t i;

	if (sst_key_table_reset(&level->twins, level->count, r->err) != SST_OK)
		return SST_NOMEM;
	for (i = 0; i < level->count; i++) {
		e = level->rows[i];
		place = sst_key_table_place(&level->twins, level->rows,
		    sst_entity_key(e), e->key_len);
		if (*place != 0)
			return list_twins(r, level, *place - 1, i);
		*place = (uint32_t)i + 1;
	}
	return SST_OK;
}

static bool
list_eat(const char **p, const char *bytes, size_t len)
{
	if (memcmp(*p, bytes, len) != 0)
		return false;
	*p += len;
	return true;
}

/* Whether the bytes at p, and as many as e has, are those of e. */
static bool
list_matches(const char *p, const struct sst_entity *e)
{
	const char *json = sst_entity_json(e);
	const struct sst_entity *child;
	size_t i;

	if (e->child_count == 0)
		return memcmp(p, json, e->json_len) == 0;
	if (!list_eat(&p, json, e->hole))
		return false;
	for (i = 0; i < e->child_count; i++) {
		if (i > 0 && !list_eat(&p, ",", 1))
			return false;
		child = e->children[i];
		if (!list_eat(&p, sst_entity_json(child), child->json_len))
			return false;
	}
	return memcmp(p, json + e->hole, e->json_len - e->hole) == 0;
}

/*
 * The index of the one among the next few that stands at p, or count: some of
 * those before may have gone or changed.
 */
static size_t
list_known(const struct doc_reader *r, struct sst_entity *const *entities,
    size_t next, size_t count)
{
	size_t end = count - next > LIST_AHEAD ? next + LIST_AHEAD : count;
	size_t left = (size_t)(r->end - r->p);

	for (; next < end; next++) {
		if (entities[next]->total_len <= left &&
		    list_matches(r->p, entities[next]))
			return next;
	}
	return count;
}

/* Skips the child array at p, without a look into those of former (the parent
 * that is expected here, or NULL) that are in it. */
static int
item_skip(struct doc_reader *r, const struct sst_entity *former)
{
	struct sst_entity *const *kids = former == NULL ? NULL
							: former->children;
	size_t count = former == NULL ? 0 : former->child_count;
	size_t next = 0, known;
	char c = ',';
	int rc = SST_OK;

	r->p++;
	if (doc__peek(r) == ']')
		return doc__either(r, ']', ']', &c);
	while (rc == SST_OK && c == ',') {
		doc__peek(r);
		known = list_known(r, kids, next, count);
		if (known < count) {
			r->p += kids[known]->total_len;
			next = known + 1;
		} else {
			rc = doc__skip(r);
		}
		if (rc == SST_OK)
			rc = doc__either(r, ',', ']', &c);
	}
	return rc;
}

/* Notes where the children are; they are read when the parent is known. */
static int
item_list(struct doc_reader *r, const char *name, size_t len, void *ctx,
    bool *taken)
{
	struct doc_level *level = ctx;
	const char *at = r->p;
	int rc;

	if (level->below == NULL || level->inside != NULL ||
	    strlen(level->below->name) != len ||
	    memcmp(level->below->name, name, len) != 0)
		return SST_OK;
	rc = item_skip(r, sst_former_next(&level->former));
	level->inside = at;
	*taken = rc == SST_OK;
	return rc;
}

/* The tree of the item at p, its children left out. */
static int
item_parse(struct doc_reader *r, struct doc_level *level, json_t **out)
{
	struct sst_error trouble;
	int rc = SST_OK;

	level->inside = NULL;
	if (doc__peek(r) != '{') {
		rc = doc__skip(r);
		return rc == SST_OK
		    ? level_invalid(r, level, "", "must be an object")
		    : rc;
	}
	level->text.list = item_list;
	level->text.ctx = level;
	rc = doc__object(r, &level->text);
	if (rc == SST_OK)
		rc = doc__parse(r, &level->text, out);
	if (rc == SST_INVALID) {
		trouble = *r->err;
		rc = level_invalid(r, level, "", trouble.text);
	}
	return rc;
}

static int
item_explain(
    struct doc_reader *r, const struct doc_level *level, const json_t *tree)
{
	struct sst_report report = {0};
	int rc;

	rc = sst_schema_explain(level->schema, tree, 1, &report, r->err);
	if (rc != SST_NOMEM && report.count > 0)
		rc = level_invalid(r, level, report.failures[0].instance,
		    report.failures[0].message);
	else
		rc = sst_error_nomem(r->err);
	sst_report_fini(&report);
	return rc;
}

static int
item_identify(
    struct doc_reader *r, struct doc_level *level, const json_t *tree)
{
	struct sst_identity_fault fault;
	char member[80], what[80];

	if (!sst_identity_key(level->shape, tree, &level->key, &fault)) {
		if (sst_buf_failed(&level->key))
			return sst_error_nomem(r->err);
		if (level->schema != NULL &&
		    !sst_schema_valid(level->schema, tree))
			return item_explain(r, level, tree);
		snprintf(member, sizeof(member), "/%s", fault.member->name);
		snprintf(what, sizeof(what), "identity %s", fault.why);
		return level_invalid(r, level, member, what);
	}
	sst_buf_clear(&level->order);
	if (level->above != NULL)
		sst_identity_order(level->section, tree, &level->order);
	sst_buf_clear(&level->json);
	sst_encode_object(level->shape, tree, &level->json, &level->met);
	if (sst_buf_failed(&level->order) || sst_buf_failed(&level->json))
		return sst_error_nomem(r->err);
	return SST_OK;
}

/* Whether e has the bytes of the item's own. */
static bool
item_is(const struct doc_level *level, const struct sst_entity *e)
{
	return e != NULL && level->met.unknown == 0 &&
	       e->json_len == level->json.len &&
	       e->order_len == level->order.len &&
	       memcmp(sst_entity_json(e), level->json.data, e->json_len) == 0;
}

static int
item_new(struct doc_reader *r, const struct doc_level *level,
    struct sst_entity **out)
{
	const struct doc_level *kids = level->below;
	struct sst_entity_parts parts = {
	    .key = level->key.data,
	    .key_len = level->key.len,
	    .order = level->order.data,
	    .order_len = level->order.len,
	    .json = level->json.data,
	    .json_len = level->json.len,
	    .hole = level->met.hole,
	    .stamp = level->met.stamp,
	    .children = kids == NULL ? NULL : kids->rows,
	    .child_count = kids == NULL ? 0 : kids->count,
	};

	return sst_entity_new(&parts, out, r->err);
}

/* p behind the item; reads its children. */
static int
item_children(struct doc_reader *r, struct doc_level *level,
    const struct sst_entity *former)
{
	const char *behind = r->p;
	int rc;

	if (level->below == NULL)
		return SST_OK;
	r->p = level->inside; /* there is one, or it would not be valid */
	rc = doc__list(r, level->below,
	    former == NULL ? NULL : former->children,
	    former == NULL ? 0 : former->child_count);
	r->p = behind;
	return rc;
}

static int
item_make(struct doc_reader *r, struct doc_level *level,
    struct sst_entity *former, bool same)
{
	struct sst_entity *e = NULL;
	int rc = item_children(r, level, former);

	if (rc != SST_OK)
		return rc;
	if (same && (level->below == NULL || doc__level_is(level->below,
			former->children, former->child_count)))
		return level_push(r, level, sst_entity_acquire(former));
	rc = item_new(r, level, &e);
	return rc == SST_OK ? level_push(r, level, e) : rc;
}

static int
item_read(struct doc_reader *r, struct doc_level *level)
{
	struct sst_entity *former = NULL;
	json_t *tree = NULL;
	bool same = false;
	int rc = item_parse(r, level, &tree);

	if (rc != SST_OK)
		return rc;
	rc = item_identify(r, level, tree);
	if (rc == SST_OK) {
		former = sst_former_find(
		    &level->former, level->key.data, level->key.len);
		same = item_is(level, former);
		/* what is known was valid */
		if (!same && level->schema != NULL &&
		    !sst_schema_valid(level->schema, tree))
			rc = item_explain(r, level, tree);
	}
	json_decref(tree);
	return rc == SST_OK ? item_make(r, level, former, same) : rc;
}

static int
list_item(struct doc_reader *r, struct doc_level *level)
{
	struct sst_former *f = &level->former;
	struct sst_entity *e;
	size_t known;

	doc__peek(r);
	known = list_known(r, f->entities, f->guess, f->count);
	if (known == f->count)
		return item_read(r, level);
	e = f->entities[known];
	f->guess = known + 1;
	r->p += e->total_len;
	return level_push(r, level, sst_entity_acquire(e));
}

int
doc__list(struct doc_reader *r, struct doc_level *level,
    struct sst_entity *const *near, size_t near_count)
{
	char c = ',';
	int rc = SST_OK;

	level_clear(level);
	sst_former_begin(&level->former, near, near_count);
	r->p++;
	if (doc__peek(r) == ']') {
		r->p++;
		c = ']';
	}
	while (rc == SST_OK && c == ',') {
		rc = list_item(r, level);
		if (rc == SST_OK)
			rc = doc__either(r, ',', ']', &c);
	}
	if (rc != SST_OK || doc__level_is(level, near, near_count))
		return rc;
	rc = list_check_keys(r, level);
	if (rc == SST_OK)
		sst_entities_sort(level->rows, level->count);
	return rc;
}
