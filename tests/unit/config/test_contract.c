/*
 * The table of options against schemas/config.schema.json, both ways: the table
 * is what checks at run time, the schema is what is published. Ways to fail: an
 * option in one only, another type, range, default, choice or description, a
 * document that one takes and the other does not.
 */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/option_priv.h"
#include "schema/schema.h"
#include "unit/base/run.h"

#define SCHEMA_FILE SST_SOURCE_DIR "/schemas/config.schema.json"
#define SCHEMA_URI "https://systate.dev/schemas/config.schema.json"

static json_t *root;
static struct sst_schema *schema;

static void
setup(void)
{
	struct sst_schema_set *set = NULL;
	struct sst_error err;
	json_error_t why;

	root = json_load_file(SCHEMA_FILE, JSON_REJECT_DUPLICATES, &why);
	ck_assert_msg(root != NULL, "%s", why.text);
	ck_assert_int_eq(sst_schema_set_new(&set, &err), 0);
	sst_schema_set_formats(set, true);
	ck_assert_msg(sst_schema_set_add(set, SCHEMA_URI, root, &err) == 0,
	    "%s", err.text);
	ck_assert_msg(sst_schema_compile(set, SCHEMA_URI, &schema, &err) == 0,
	    "%s", err.text);
	sst_schema_set_free(&set);
}

static void
teardown(void)
{
	sst_schema_free(&schema);
	json_decref(root);
}

/* The property of a dotted name below an object schema. */
static json_t *
property(json_t *object, const char *name)
{
	char part[64];
	size_t len;

	while (object != NULL && *name != '\0') {
		len = strcspn(name, ".");
		snprintf(part, sizeof(part), "%.*s", (int)len, name);
		object = json_object_get(
		    json_object_get(object, "properties"), part);
		name += len + (name[len] == '.' ? 1 : 0);
	}
	return object;
}

static json_t *
definition(json_t *holder)
{
	const char *ref = json_string_value(json_object_get(holder, "$ref"));

	if (ref == NULL || strncmp(ref, "#/$defs/", 8) != 0)
		return NULL;
	return json_object_get(json_object_get(root, "$defs"), ref + 8);
}

static void
same_bound(
    const struct sst_option *row, json_t *p, const char *key, double want)
{
	json_t *have = json_object_get(p, key);

	if (row->min == 0 && row->max == 0) {
		ck_assert_msg(have == NULL, "%s: %s", row->name, key);
		return;
	}
	ck_assert_msg(json_is_number(have) && json_number_value(have) == want,
	    "%s: %s", row->name, key);
}

static void
same_range(const struct sst_option *row, json_t *p)
{
	static const struct {
		enum sst_option_type type;
		const char *min, *max;
	} keys[] = {
	    {SST_OPTION_INT, "minimum", "maximum"},
	    {SST_OPTION_REAL, "minimum", "maximum"},
	    {SST_OPTION_DURATION, "minimum", "maximum"},
	    {SST_OPTION_LIST, "minItems", "maxItems"},
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (row->type == keys[i].type) {
			same_bound(row, p, keys[i].min, row->min);
			same_bound(row, p, keys[i].max, row->max);
		}
	}
	if (row->type == SST_OPTION_STRING && row->valid == NULL) {
		same_bound(row, p, "minLength", row->min);
		same_bound(row, p, "maxLength", row->max);
	}
	if (row->type == SST_OPTION_ITEMS)
		same_bound(row, p, "maxItems", row->max);
}

static void
same_names(const struct sst_option *row, json_t *p)
{
	json_t *holder =
	    row->type == SST_OPTION_LIST ? json_object_get(p, "items") : p;
	json_t *list = json_object_get(holder, "enum");
	size_t i;

	if (row->names == NULL) {
		ck_assert_msg(list == NULL, "%s", row->name);
		return;
	}
	for (i = 0; row->names[i] != NULL; i++)
		ck_assert_str_eq(
		    json_string_value(json_array_get(list, i)), row->names[i]);
	ck_assert_uint_eq(json_array_size(list), i);
}

static void
same_type(const struct sst_option *row, json_t *p)
{
	static const char *const types[] = {
	    [SST_OPTION_BOOL] = "boolean",
	    [SST_OPTION_INT] = "integer",
	    [SST_OPTION_REAL] = "number",
	    [SST_OPTION_STRING] = "string",
	    [SST_OPTION_LIST] = "array",
	    [SST_OPTION_MAP] = "object",
	    [SST_OPTION_ITEMS] = "array",
	};
	const char *have = json_string_value(json_object_get(p, "type"));

	if (row->type == SST_OPTION_DURATION)
		ck_assert_msg(
		    definition(p) ==
			json_object_get(
			    json_object_get(root, "$defs"), "duration"),
		    "%s", row->name);
	else if (row->type != SST_OPTION_ENUM)
		ck_assert_msg(
		    have != NULL && strcmp(have, types[row->type]) == 0, "%s",
		    row->name);
	/* a row that judges its text has a pattern or format beside it */
	if (row->valid != NULL) {
		if (row->type == SST_OPTION_LIST)
			p = json_object_get(p, "items");
		ck_assert_msg(json_object_get(p, "pattern") != NULL ||
				  json_object_get(p, "anyOf") != NULL,
		    "%s", row->name);
	}
}

/* A scalar of the tree as the JSON value it stands for. */
static json_t *
scalar_json(const char *text, bool plain)
{
	if (plain) {
		switch (config__look(text)) {
		case LOOK_BOOL:
			return json_boolean(text[0] == 't' || text[0] == 'T');
		case LOOK_INT:
			return json_integer(strtoll(text, NULL, 0));
		case LOOK_REAL:
			return json_real(strtod(text, NULL));
		case LOOK_NULL:
			return json_null();
		case LOOK_TEXT:
			break;
		}
	}
	return json_string(text);
}

static void
same_default(const struct sst_option *row, json_t *p)
{
	json_t *have = json_object_get(p, "default"), *want;
	char text[64], *word, *rest;

	if (row->fallback == NULL) {
		ck_assert_msg(have == NULL, "%s", row->name);
		return;
	}
	if (row->type == SST_OPTION_LIST) {
		want = json_array();
		snprintf(text, sizeof(text), "%s", row->fallback);
		for (word = strtok_r(text, ",", &rest); word != NULL;
		     word = strtok_r(NULL, ",", &rest))
			json_array_append_new(want, json_string(word));
	} else {
		want = scalar_json(
		    row->fallback, row->type != SST_OPTION_STRING &&
				       row->type != SST_OPTION_ENUM);
	}
	ck_assert_msg(json_equal(want, have), "%s", row->name);
	json_decref(want);
}

static bool
is_required(json_t *object, const char *name)
{
	json_t *list = json_object_get(object, "required"), *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

static void
same_row(const struct sst_option *row, json_t *object)
{
	json_t *p = property(object, row->name);
	const char *text = json_string_value(json_object_get(p, "description"));

	ck_assert_msg(p != NULL, "%s is not in the schema", row->name);
	ck_assert_msg(
	    text != NULL && strcmp(text, row->help) == 0, "%s", row->name);
	ck_assert(row->required == is_required(object, row->name));
	same_type(row, p);
	same_range(row, p);
	same_names(row, p);
	same_default(row, p);
}

static void
same_table(const struct sst_option *table, size_t count, json_t *object)
{
	json_t *below;
	size_t i;

	ck_assert(
	    json_is_false(json_object_get(object, "additionalProperties")));
	for (i = 0; i < count; i++) {
		same_row(&table[i], object);
		if (table[i].type != SST_OPTION_ITEMS)
			continue;
		below = definition(
		    json_object_get(property(object, table[i].name), "items"));
		same_table(table[i].items, table[i].item_count, below);
	}
}

START_TEST(every_option_is_in_the_schema)
{
	const struct sst_option *table;
	size_t count;

	table = sst_config_options(&count);
	same_table(table, count, root);
}
END_TEST

/* Every leaf has a row; returns how many there are. */
static size_t
known_leaves(const struct sst_option *table, size_t count, json_t *object,
    const char *prefix)
{
	size_t leaves = 0, i;
	const char *key;
	json_t *p;
	char name[128];

	json_object_foreach(json_object_get(object, "properties"), key, p)
	{
		snprintf(name, sizeof(name), "%s%s", prefix, key);
		for (i = 0; i < count; i++) {
			if (strcmp(table[i].name, name) == 0)
				break;
		}
		if (i < count) {
			leaves++;
			if (table[i].type == SST_OPTION_ITEMS)
				leaves += known_leaves(table[i].items,
				    table[i].item_count,
				    definition(json_object_get(p, "items")),
				    "");
			continue;
		}
		ck_assert_msg(json_object_get(p, "properties") != NULL,
		    "%s is not in the table", name);
		ck_assert(
		    json_is_false(json_object_get(p, "additionalProperties")));
		snprintf(name, sizeof(name), "%s%s.", prefix, key);
		leaves += known_leaves(table, count, p, name);
	}
	return leaves;
}

START_TEST(every_property_is_in_the_table)
{
	const struct sst_option *table;
	size_t count, rows, i;

	table = sst_config_options(&count);
	for (rows = count, i = 0; i < count; i++)
		rows += table[i].item_count;
	ck_assert_uint_eq(known_leaves(table, count, root, ""), rows);
}
END_TEST

/* What the schema sees: a key without a value is absent. */
static json_t *
tree_json(const struct sst_config_node *node)
{
	const struct sst_config_node *child;
	json_t *out;

	if (node->kind == SST_CONFIG_SCALAR)
		return scalar_json(node->text, node->style == SST_CONFIG_PLAIN);
	out = node->kind == SST_CONFIG_MAP ? json_object() : json_array();
	for (child = node->first; child != NULL; child = child->next) {
		if (node->kind == SST_CONFIG_LIST)
			json_array_append_new(out, tree_json(child));
		else if (!sst_config_node_is_null(child))
			json_object_set_new(out, child->key, tree_json(child));
	}
	return out;
}

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define SOURCE(rest) "sources: [{name: queues/a, kind: k" rest "}]"

static const struct {
	const char *yaml;
	bool right;
} both[] = {
    {"{}", true},
    {"id: x\nlisten:\nmock: {enabled: }", true},
    {"id: 5", false},
    {"id: '5'", true},
    {"id: ''", false},
    {"id: true", false},
    {"nosuch: 1", false},
    {"listen: {nosuch: 1}", false},
    {"listen: []", false},
    {"listen: {port: 0}", true},
    {"listen: {port: 65535}", true},
    {"listen: {port: 65536}", false},
    {"listen: {port: -1}", false},
    {"listen: {port: '80'}", false},
    {"listen: {port: 80.5}", false},
    {"listen: {address: '::1'}", true},
    {"listen: {address: 127.0.0.1}", true},
    {"listen: {address: localhost}", false},
    {"listen: {address: 127.0.0.256}", false},
    {"listen: {allow_anonymous: true}", true},
    {"listen: {allow_anonymous: yes}", false},
    {"listen: {allow_anonymous: 1}", false},
    {"listen: {allowed_hosts: [a.b, 'a.b:80', '[::1]', '[::1]:80']}", true},
    {"listen: {allowed_hosts: []}", true},
    {"listen: {allowed_hosts: a.b}", false},
    {"listen: {allowed_hosts: ['a b']}", false},
    {"listen: {allowed_hosts: ['a:']}", false},
    {"listen: {allowed_hosts: ['']}", false},
    {"listen: {allowed_origins: ['https://a:1', 'http://b']}", true},
    {"listen: {allowed_origins: ['ftp://b']}", false},
    {"listen: {allowed_origins: ['http://b/']}", false},
    {"tls: {cert_file: a, key_file: b, client_ca_file: c}", true},
    {"tls: {cert_file: a}", false},
    {"tls: {key_file: a}", false},
    {"tls: {client_ca_file: a}", false},
    {"auth: {tokens: [{name: a, sha256: " HASH "}]}", true},
    {"auth: {tokens: [{name: a, sha256: " HASH ", scopes: [read, admin]}]}",
	true},
    {"auth: {tokens: [{name: a, sha256: " HASH ", scopes: [write]}]}", false},
    {"auth: {tokens: [{name: a, sha256: " HASH ", scopes: []}]}", false},
    {"auth: {tokens: [{name: a, sha256: " HASH "0}]}", false},
    {"auth: {tokens: [{name: 'a b', sha256: " HASH "}]}", false},
    {"auth: {tokens: [{name: a}]}", false},
    {"auth: {tokens: [{sha256: " HASH "}]}", false},
    {"auth: {tokens: [{name: a, sha256: " HASH "}], tokens_file: x}", false},
    {"limits: {idle_timeout_seconds: 1.5}", true},
    {"limits: {idle_timeout_seconds: 2m}", true},
    {"limits: {idle_timeout_seconds: '1500ms'}", true},
    {"limits: {idle_timeout_seconds: 0}", false},
    {"limits: {idle_timeout_seconds: 3601}", false},
    {"limits: {idle_timeout_seconds: 5d}", false},
    {"limits: {idle_timeout_seconds: ' 5'}", false},
    {"limits: {idle_timeout_seconds: true}", false},
    {"limits: {max_text_chars: 1025}", false},
    {"log: {level: debug, format: text}", true},
    {"log: {level: Debug}", false},
    {"log: {level: trace}", false},
    {"cache_ttl_seconds: 86400", true},
    {"cache_ttl_seconds: 86401", false},
    {"mock: {speed: 0.01, seed: 2147483647, scenario: x}", true},
    {"mock: {speed: 0}", false},
    {"mock: {speed: 1000.5}", false},
    {"mock: {seed: 2147483648}", false},
    {"sources: []", true},
    {"sources: {}", false},
    {"sources: [x]", false},
    {SOURCE(""), true},
    {SOURCE(", options: {any: [thing]}, group: g, enabled: false"), true},
    {SOURCE(", interval_seconds: 50ms, deadline_seconds: 1"), true},
    {SOURCE(", interval_seconds: 0.01"), false},
    {SOURCE(", interval: 1"), false},
    {SOURCE(", options: []"), false},
    {SOURCE(", group: 'A'"), false},
    {"sources: [{name: queues/, kind: k}]", false},
    {"sources: [{name: nosuch/a, kind: k}]", false},
    {"sources: [{name: queues/-a, kind: k}]", false},
    {"sources: [{name: queues/a}]", false},
    {"sources: [{kind: k}]", false},
    {"kubeconfig: /k\ndata_dir: /d", true},
};

enum { BOTH = sizeof(both) / sizeof(both[0]) };

static const char *
no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

/* Through a file, as in life. */
static int
load(const char *yaml, struct sst_error *err)
{
	char path[] = "/tmp/sst-contract-XXXXXX";
	struct sst_config_args args = {.file = path, .variable = no_variable};
	struct sst_config *config = NULL;
	int fd = mkstemp(path), code;
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(yaml, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	code = sst_config_load(&args, &config, err);
	sst_config_free(&config);
	remove(path);
	return code;
}

START_TEST(both_say_the_same)
{
	struct sst_config_doc *doc = NULL;
	struct sst_error err;
	json_t *tree;
	int code;

	ck_assert_int_eq(sst_config_doc_parse("f", both[_i].yaml,
			     strlen(both[_i].yaml), &doc, &err),
	    0);
	tree = tree_json(sst_config_doc_root(doc));
	ck_assert_msg(sst_schema_valid(schema, tree) == both[_i].right,
	    "schema: %s", both[_i].yaml);
	json_decref(tree);
	sst_config_doc_free(&doc);
	code = load(both[_i].yaml, &err);
	ck_assert_msg((code == SST_OK) == both[_i].right, "table: %s: %s",
	    both[_i].yaml, code == SST_OK ? "taken" : err.text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("contract");
	TCase *tc = tcase_create("contract");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_option_is_in_the_schema);
	tcase_add_test(tc, every_property_is_in_the_table);
	tcase_add_loop_test(tc, both_say_the_same, 0, BOTH);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
