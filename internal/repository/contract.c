#include "repository/contract.h"

#include <stdlib.h>
#include <string.h>

extern const unsigned char repository__schema_system_state[];
extern const size_t repository__schema_system_state_len;
extern const unsigned char repository__schema_problem[];
extern const size_t repository__schema_problem_len;
extern const unsigned char repository__schema_config[];
extern const size_t repository__schema_config_len;
extern const unsigned char repository__schema_diff[];
extern const size_t repository__schema_diff_len;
extern const unsigned char repository__schema_history[];
extern const size_t repository__schema_history_len;

static const char contract_uri[] =
    "https://systate.dev/schemas/system-state.schema.json";

static const char *const contract_names[] = {
    "system-state.schema.json",
    "config.schema.json",
    "problem.schema.json",
    "diff.schema.json",
    "history.schema.json",
    NULL,
};

const char *const *
sst_contract_names(void)
{
	return contract_names;
}

const char *
sst_contract_text(const char *name, size_t *len_out)
{
	const unsigned char *const bytes[] = {
	    repository__schema_system_state,
	    repository__schema_config,
	    repository__schema_problem,
	    repository__schema_diff,
	    repository__schema_history,
	};
	const size_t lens[] = {
	    repository__schema_system_state_len,
	    repository__schema_config_len,
	    repository__schema_problem_len,
	    repository__schema_diff_len,
	    repository__schema_history_len,
	};
	size_t i;

	for (i = 0; contract_names[i] != NULL; i++) {
		if (strcmp(contract_names[i], name) == 0) {
			*len_out = lens[i];
			return (const char *)bytes[i];
		}
	}
	return NULL;
}

static int
contract_compile(struct sst_contract *c, const char *pointer,
    struct sst_schema **out, struct sst_error *err)
{
	char uri[256];
	size_t base = sizeof(contract_uri) - 1;

	memcpy(uri, contract_uri, base);
	memcpy(uri + base, pointer, strlen(pointer) + 1);
	return sst_schema_compile(c->set, uri, out, err);
}

static void
contract_find_stamp(struct sst_contract_section *s)
{
	const struct sst_shape *shape = s->shape, *inner;
	size_t i, j;

	for (i = 0; i < shape->count; i++) {
		if (shape->members[i].children)
			s->children = &shape->members[i];
		if (shape->members[i].changed_at)
			s->stamp_name = shape->members[i].name;
		inner = shape->members[i].shape;
		if (inner == NULL || shape->members[i].array)
			continue;
		for (j = 0; j < inner->count; j++) {
			if (!inner->members[j].changed_at)
				continue;
			s->stamp_parent = shape->members[i].name;
			s->stamp_name = inner->members[j].name;
		}
	}
}

static int
contract_section(
    struct sst_contract *c, enum sst_section_id id, struct sst_error *err)
{
	struct sst_contract_section *s = &c->sections[id];
	const char *name = sst_section_name(id);
	const struct sst_member *m =
	    sst_shape_find(c->document, name, strlen(name));
	int rc;

	if (m == NULL || m->shape == NULL || m->shape->identity_count == 0)
		return sst_error_set(err, SST_INVALID,
		    "schema: section %s has no items with x-identity", name);
	s->shape = m->shape;
	contract_find_stamp(s);
	rc = contract_compile(c, s->shape->pointer, &c->owned[2 * id], err);
	if (rc != SST_OK)
		return rc;
	s->schema = c->owned[2 * id];
	if (s->children == NULL)
		return SST_OK;
	rc = contract_compile(
	    c, s->children->shape->pointer, &c->owned[2 * id + 1], err);
	s->child_schema = c->owned[2 * id + 1];
	return rc;
}

static int
contract_source(struct sst_contract *c, struct sst_error *err)
{
	const struct sst_member *m = sst_shape_find(c->document, "sources", 7);

	if (m != NULL && m->shape != NULL) {
		c->source = m->shape;
		m = sst_shape_find(c->source, "upstream", 8);
	}
	if (c->source == NULL || m == NULL || m->shape == NULL)
		return sst_error_set(
		    err, SST_INVALID, "schema: sources have no upstream");
	c->upstream = m->shape;
	return contract_compile(
	    c, c->upstream->pointer, &c->upstream_schema, err);
}

static int
contract_fill(struct sst_contract *c, json_t *schema, struct sst_error *err)
{
	unsigned id;
	int rc;

	rc = sst_shape_new(schema, &c->document, err);
	if (rc == SST_OK)
		rc = sst_schema_set_new(&c->set, err);
	if (rc == SST_OK)
		rc = sst_schema_set_add(c->set, contract_uri, schema, err);
	if (rc == SST_OK)
		rc = contract_compile(c, "", &c->whole, err);
	for (id = 0; rc == SST_OK && id < SST_SECTION_COUNT; id++)
		rc = contract_section(c, (enum sst_section_id)id, err);
	return rc == SST_OK ? contract_source(c, err) : rc;
}

int
sst_contract_new(struct sst_contract **out, struct sst_error *err)
{
	struct sst_contract *c;
	json_error_t je;
	json_t *schema;
	int rc;

	schema = json_loadb((const char *)repository__schema_system_state,
	    repository__schema_system_state_len, JSON_REJECT_DUPLICATES, &je);
	if (schema == NULL)
		return sst_error_set(err, SST_INVALID,
		    "embedded schema line %d: %s", je.line, je.text);
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		json_decref(schema);
		return sst_error_nomem(err);
	}
	rc = contract_fill(c, schema, err);
	json_decref(schema);
	/* compiled schemas stand alone: the documents can go */
	sst_schema_set_free(&c->set);
	if (rc != SST_OK)
		sst_contract_free(&c);
	else
		*out = c;
	return rc;
}

void
sst_contract_free(struct sst_contract **contract)
{
	struct sst_contract *c = *contract;
	size_t i;

	*contract = NULL;
	if (c == NULL)
		return;
	for (i = 0; i < 2 * SST_SECTION_COUNT; i++)
		sst_schema_free(&c->owned[i]);
	sst_schema_free(&c->whole);
	sst_schema_free(&c->upstream_schema);
	sst_schema_set_free(&c->set);
	sst_shape_free(&c->document);
	free(c);
}
