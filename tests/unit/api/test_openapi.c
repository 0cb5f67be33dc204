/*
 * openapi.yaml is the source, openapi.json the same for programs. With
 * SST_REWRITE set in the environment the test writes openapi.json anew.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "unit/api/suites.h"

#define FOLDER SST_SOURCE_DIR "/openapi/"

static json_t *node_read(yaml_document_t *document, yaml_node_t *node);

/* The core schema of YAML 1.2, as far as the document uses it. */
static json_t *
scalar_read(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	char *end;
	long number;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return json_string(text);
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(text[0] == 't');
	if (strcmp(text, "null") == 0)
		return json_null();
	number = strtol(text, &end, 10);
	if (isdigit((unsigned char)text[0]) && *end == '\0')
		return json_integer(number);
	return json_string(text);
}

static json_t *
mapping_read(yaml_document_t *document, const yaml_node_t *node)
{
	json_t *object = json_object();
	yaml_node_pair_t *pair;

	for (pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(document, pair->key);

		json_object_set_new(object,
		    (const char *)key->data.scalar.value,
		    node_read(document,
			yaml_document_get_node(document, pair->value)));
	}
	return object;
}

static json_t *
node_read(yaml_document_t *document, yaml_node_t *node)
{
	yaml_node_item_t *item;
	json_t *array;

	if (node->type == YAML_SCALAR_NODE)
		return scalar_read(node);
	if (node->type == YAML_MAPPING_NODE)
		return mapping_read(document, node);
	array = json_array();
	for (item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++)
		json_array_append_new(
		    array, node_read(document,
			       yaml_document_get_node(document, *item)));
	return array;
}

static json_t *
yaml_read(const char *path)
{
	yaml_parser_t parser;
	yaml_document_t document;
	FILE *f = fopen(path, "re");
	json_t *root;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(yaml_parser_initialize(&parser), 1);
	yaml_parser_set_input_file(&parser, f);
	ck_assert_msg(yaml_parser_load(&parser, &document) == 1, "line %zu: %s",
	    parser.problem_mark.line + 1, parser.problem);
	root = node_read(&document, yaml_document_get_root_node(&document));
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	fclose(f);
	return root;
}

static void
rewrite(const json_t *document)
{
	FILE *f = fopen(FOLDER "openapi.json", "we");

	ck_assert_ptr_nonnull(f);
	json_dumpf(document, f, JSON_INDENT(1));
	fputc('\n', f);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(json_equals_yaml)
{
	json_t *yaml = yaml_read(FOLDER "openapi.yaml"), *json;

	if (getenv("SST_REWRITE") != NULL)
		rewrite(yaml);
	json = json_load_file(FOLDER "openapi.json", 0, NULL);
	ck_assert_ptr_nonnull(json);
	ck_assert_msg(json_equal(json, yaml),
	    "openapi.json differs from openapi.yaml; run this test with "
	    "SST_REWRITE=1");
	json_decref(json);
	json_decref(yaml);
}
END_TEST

static void
check_refs(const json_t *root, json_t *value)
{
	const char *ref, *name, *key;
	const json_t *at;
	char kind[32];
	json_t *child;
	size_t i;

	if (json_is_array(value))
		json_array_foreach(value, i, child) check_refs(root, child);
	if (!json_is_object(value))
		return;
	json_object_foreach(value, key, child) check_refs(root, child);
	ref = json_string_value(json_object_get(value, "$ref"));
	if (ref == NULL || strncmp(ref, "#/components/", 13) != 0)
		return;
	name = strrchr(ref, '/') + 1;
	snprintf(kind, sizeof(kind), "%.*s", (int)(name - ref - 14), ref + 13);
	at = json_object_get(json_object_get(root, "components"), kind);
	ck_assert_msg(json_object_get(at, name) != NULL, "%s", ref);
}

START_TEST(references_lead_somewhere)
{
	json_t *json = json_load_file(FOLDER "openapi.json", 0, NULL);

	check_refs(json, json);
	json_decref(json);
}
END_TEST

TCase *
api_openapi_case(void)
{
	TCase *tc = tcase_create("openapi");

	tcase_add_test(tc, json_equals_yaml);
	tcase_add_test(tc, references_lead_somewhere);
	return tc;
}
