#include "unit/service/diff_support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "model/encode.h"
#include "model/snapshot_priv.h"

const struct sst_contract *doc_contract;
const struct sst_diff_filter doc_all = {SST_SECTIONS_ALL, NULL, 0};

static struct sst_contract *contract;
static json_t *defaults;
static struct sst_error err;

static const char defaults_text[] =
    "{'document':{'id':'test','schema_version':'1.0',"
    "'epoch':'0123456789abcdef','revision':1,"
    "'captured_at':'2026-01-01T00:00:00.000Z','sources':[]},"
    "'sources':{'section':'agents','kind':'mock','status':'ok',"
    "'since':'2026-01-01T00:00:00Z','changed_at':null,"
    "'max_age_seconds':10,'entities':null,'error':null},"
    "'agents':{'description':'','max_parallel_invocations':null,"
    "'deployment_name':null,'models':[],'activity':{'active_task_ids':[],"
    "'updated_at':'2026-01-01T00:00:00Z'},'status':'idle',"
    "'source':'agents/mock'},"
    "'active_task_ids':{'started_on':null,'status':'running'},"
    "'workload':{'max_pods':null,'pod_max_ram':null,'pod_max_cpu':null,"
    "'live':{'active_pods':null,'updated_at':'2026-01-01T00:00:00Z'},"
    "'pods':[],'namespace':'default','kind':'Deployment',"
    "'source':'workload/mock'},"
    "'pods':{'cpu':null,'memory':null,'status':'Running'},"
    "'queues':{'updated_at':'2026-01-01T00:00:00Z','tasks':[],"
    "'system':'mock','depth':{'ready':0,'running':0,'total':0},"
    "'consumers':null,'tasks_detail':'full','tasks_total':null,"
    "'tasks_omitted':null,'source':'queues/mock'},"
    "'tasks':{'priority':{'level':'normal'},'submitted_at':null,"
    "'status':'queued'},"
    "'litellm':{'model':'m','provider':'p','tpm':null,'rpm':null,"
    "'tpm_max':null,'rpm_max':null,'payment_type':'free',"
    "'status':'healthy','source':'litellm/mock'}}";

static json_t *
doc_parse(const char *text)
{
	char *copy = strdup(text), *p;
	json_error_t je;
	json_t *tree;

	for (p = copy; *p != '\0'; p++) {
		if (*p == '\'')
			*p = '"';
	}
	tree = json_loads(copy, 0, &je);
	if (tree == NULL) {
		fprintf(stderr, "%s: %s\n", je.text, copy);
		abort();
	}
	free(copy);
	return tree;
}

void
doc_init(void)
{
	/* outside of tests: nothing to report to */
	if (sst_contract_new(&contract, &err) != SST_OK) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	doc_contract = contract;
	defaults = doc_parse(defaults_text);
}

void
doc_fini(void)
{
	doc_contract = NULL;
	sst_contract_free(&contract);
	json_decref(defaults);
}

static void
doc_fill(json_t *object, const char *kind)
{
	json_t *copy = json_deep_copy(json_object_get(defaults, kind));

	json_object_update_missing(object, copy);
	if (strcmp(kind, "agents") == 0)
		json_object_update_missing(json_object_get(object, "activity"),
		    json_object_get(copy, "activity"));
	if (strcmp(kind, "workload") == 0)
		json_object_update_missing(json_object_get(object, "live"),
		    json_object_get(copy, "live"));
	json_decref(copy);
}

static void
doc_fill_list(json_t *list, const char *kind)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) doc_fill(item, kind);
}

static void
doc_fill_section(json_t *list, enum sst_section_id id)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		doc_fill(item, sst_section_name(id));
		doc_fill_list(json_object_get(item, "pods"), "pods");
		doc_fill_list(json_object_get(item, "tasks"), "tasks");
		doc_fill_list(json_object_get(json_object_get(item, "activity"),
				  "active_task_ids"),
		    "active_task_ids");
	}
}

static void
doc_key(const struct sst_shape *shape, const json_t *tree, struct sst_buf *out)
{
	const json_t *part;
	size_t i;

	for (i = 0; i < shape->identity_count; i++) {
		part = json_object_get(
		    tree, shape->members[shape->identity[i]].name);
		if (i > 0)
			sst_buf_addc(out, SST_KEY_SEPARATOR);
		sst_buf_adds(out, json_string_value(part));
	}
}

/* Tasks by priority, time, id; the rest by key. */
static void
doc_order(const json_t *tree, struct sst_buf *out)
{
	static const char levels[] = "critical high     normal   low";
	const char *level = json_string_value(
	    json_object_get(json_object_get(tree, "priority"), "level"));
	const char *at =
	    json_string_value(json_object_get(tree, "submitted_at"));

	if (level == NULL)
		return;
	sst_buf_addc(out, (char)('0' + (strstr(levels, level) - levels) / 9));
	sst_buf_adds(out, at == NULL ? "~" : at);
}

static struct sst_entity *
doc_shared(struct sst_entity *e, struct sst_entity *const *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (list[i]->key_len != e->key_len ||
		    memcmp(sst_entity_key(list[i]), sst_entity_key(e),
			e->key_len) != 0 ||
		    !sst_hash_equal(list[i]->hash, e->hash))
			continue;
		sst_entity_release(&e);
		return sst_entity_acquire(list[i]);
	}
	return e;
}

static struct sst_entity *doc_entity(const struct sst_shape *shape,
    const json_t *tree, const struct sst_entity *near);

static int
doc_compare(const void *a, const void *b)
{
	const struct sst_entity *const *x = a, *const *y = b;

	return sst_entity_compare(*x, *y);
}

/* The entities of a list, sorted; those of near when they are equal. */
static struct sst_entity **
doc_entities(const struct sst_shape *shape, const json_t *list,
    struct sst_entity *const *near, size_t near_count)
{
	size_t i, j, n = json_array_size(list);
	struct sst_entity **out = calloc(n + 1, sizeof(*out));
	struct sst_buf key = SST_BUF_INIT;
	const struct sst_entity *was;

	for (i = 0; i < n; i++) {
		sst_buf_clear(&key);
		doc_key(shape, json_array_get(list, i), &key);
		was = NULL;
		for (j = 0; j < near_count; j++) {
			if (near[j]->key_len == key.len &&
			    memcmp(sst_entity_key(near[j]), key.data,
				key.len) == 0)
				was = near[j];
		}
		out[i] = doc_entity(shape, json_array_get(list, i), was);
		out[i] = doc_shared(out[i], near, near_count);
	}
	qsort(out, n, sizeof(*out), doc_compare);
	sst_buf_fini(&key);
	return out;
}

static const struct sst_member *
doc_children(const struct sst_shape *shape)
{
	size_t i;

	for (i = 0; i < shape->count; i++) {
		if (shape->members[i].children)
			return &shape->members[i];
	}
	return NULL;
}

static struct sst_entity *
doc_entity(const struct sst_shape *shape, const json_t *tree,
    const struct sst_entity *near)
{
	const struct sst_member *kids = doc_children(shape);
	struct sst_buf json = SST_BUF_INIT, key = SST_BUF_INIT;
	struct sst_buf order = SST_BUF_INIT;
	struct sst_entity **children = NULL, *e = NULL;
	struct sst_entity_parts parts = {0};
	struct sst_encoding met;
	size_t i;

	doc_key(shape, tree, &key);
	doc_order(tree, &order);
	sst_encode_object(shape, tree, &json, &met);
	if (kids != NULL) {
		parts.child_count =
		    json_array_size(json_object_get(tree, kids->name));
		children =
		    doc_entities(kids->shape, json_object_get(tree, kids->name),
			near == NULL ? NULL : near->children,
			near == NULL ? 0 : near->child_count);
	}
	parts.key = key.data;
	parts.key_len = key.len;
	parts.order = order.data;
	parts.order_len = order.len;
	parts.json = json.data;
	parts.json_len = json.len;
	parts.hole = met.hole;
	parts.stamp = met.stamp;
	parts.children = children;
	ck_assert_int_eq(sst_entity_new(&parts, &e, &err), SST_OK);
	for (i = 0; i < parts.child_count; i++)
		sst_entity_release(&children[i]);
	free(children);
	sst_buf_fini(&json);
	sst_buf_fini(&key);
	sst_buf_fini(&order);
	return e;
}

static struct sst_section *
doc_section(
    enum sst_section_id id, const json_t *list, const struct sst_section *near)
{
	const char *name = sst_section_name(id);
	const struct sst_shape *shape =
	    sst_shape_find(contract->document, name, strlen(name))->shape;
	struct sst_entity **entities =
	    doc_entities(shape, list, near == NULL ? NULL : near->entities,
		near == NULL ? 0 : near->count);
	size_t i, n = json_array_size(list);
	struct sst_section *out = NULL;

	ck_assert_int_eq(sst_section_new(id, entities, n, &out, &err), SST_OK);
	for (i = 0; i < n; i++)
		sst_entity_release(&entities[i]);
	free(entities);
	return out;
}

static void
doc_check(const json_t *tree)
{
	struct sst_report report = {0};

	if (sst_schema_valid(contract->whole, tree))
		return;
	sst_schema_explain(contract->whole, tree, 1, &report, &err);
	ck_abort_msg("%s", err.text);
}

struct sst_snapshot *
doc_tree(json_t *tree, struct sst_snapshot *near)
{
	struct sst_snapshot *s = NULL;
	const char *name, *at;
	const json_t *list;
	unsigned id;

	doc_fill(tree, "document");
	for (id = 0; id <= SST_SECTION_COUNT; id++) {
		name = sst_section_name((enum sst_section_id)id);
		doc_fill_section(
		    json_object_get(tree, name), (enum sst_section_id)id);
	}
	doc_check(tree);
	ck_assert_int_eq(
	    sst_snapshot_new(json_string_value(json_object_get(tree, "id")),
		contract->document, &s, &err),
	    SST_OK);
	snprintf(s->schema_version, sizeof(s->schema_version), "%s",
	    json_string_value(json_object_get(tree, "schema_version")));
	snprintf(s->epoch, sizeof(s->epoch), "%s",
	    json_string_value(json_object_get(tree, "epoch")));
	s->revision =
	    (uint64_t)json_integer_value(json_object_get(tree, "revision"));
	at = json_string_value(json_object_get(tree, "captured_at"));
	ck_assert_int_eq(
	    sst_time_parse(at, strlen(at), &s->captured_at.ms), SST_OK);
	s->sources =
	    doc_section(SST_SECTION_SOURCES, json_object_get(tree, "sources"),
		near == NULL ? NULL : near->sources);
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		list = json_object_get(
		    tree, sst_section_name((enum sst_section_id)id));
		s->presence[id] = list == NULL         ? SST_ABSENT
				  : json_is_null(list) ? SST_UNKNOWN
						       : SST_KNOWN;
		if (json_is_array(list))
			s->sections[id] = doc_section((enum sst_section_id)id,
			    list, near == NULL ? NULL : near->sections[id]);
	}
	json_decref(tree);
	return s;
}

struct sst_snapshot *
doc_near(const char *text, struct sst_snapshot *near)
{
	return doc_tree(doc_parse(text), near);
}

struct sst_snapshot *
doc(const char *text)
{
	return doc_near(text, NULL);
}

json_t *
doc_view(struct sst_snapshot *snapshot, enum sst_view view)
{
	const struct sst_projection how = {
	    view, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_body *body = NULL;
	json_t *tree;

	ck_assert_int_eq(
	    sst_snapshot_body(snapshot, &how, &body, &err), SST_OK);
	tree = json_loadb(body->bytes, body->len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(tree);
	sst_body_release(&body);
	return tree;
}

struct sst_diff *
doc_diff(struct sst_snapshot *from, struct sst_snapshot *to)
{
	struct sst_diff *d = NULL;

	ck_assert_int_eq(sst_diff_new(from, to, &d, &err), SST_OK);
	return d;
}

/* The changes of the JSON form, as text with single quotes. */
static char *
doc_changes(const struct sst_diff *d)
{
	const struct sst_diff_style style = {doc_all, SIZE_MAX, false, false};
	struct sst_buf b = SST_BUF_INIT;
	char *found, *text, *p;

	sst_diff_write_json(d, &style, &b);
	ck_assert(!sst_buf_failed(&b));
	found = strstr(b.data, "\"changes\":");
	ck_assert_ptr_nonnull(found);
	text = strdup(found + strlen("\"changes\":"));
	text[strlen(text) - 1] = '\0';
	for (p = text; *p != '\0'; p++) {
		if (*p == '"')
			*p = '\'';
	}
	sst_buf_fini(&b);
	return text;
}

void
doc_expect(const char *from, const char *to, const char *want)
{
	struct sst_snapshot *a = doc(from), *b = doc_near(to, a);
	struct sst_diff *d = doc_diff(a, b);
	char *got = doc_changes(d);

	ck_assert_str_eq(got, want);
	free(got);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}
