/*
 * Feeds the validator. Input: one mode byte, a schema, a NUL, a value.
 * Mode bit 0: formats are asserted. Both programs must agree.
 */
/* fuzz-libs: sst_schema sst_base PkgConfig::JANSSON */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sst_schema *
fuzz_compile(json_t *doc, bool formats)
{
	static const char uri[] = "http://fuzz.example/schema";
	struct sst_schema_set *set = NULL;
	struct sst_schema *schema = NULL;
	struct sst_error err;

	if (sst_schema_set_new(&set, &err) != SST_OK)
		return NULL;
	sst_schema_set_formats(set, formats);
	if (sst_schema_set_add(set, uri, doc, &err) == SST_OK)
		sst_schema_compile(set, uri, &schema, &err);
	sst_schema_set_free(&set);
	return schema;
}

static void
fuzz_check(const struct sst_schema *schema, const json_t *value)
{
	struct sst_report report;
	struct sst_error err;
	bool valid = sst_schema_valid(schema, value);
	int rc = sst_schema_explain(schema, value, 4, &report, &err);

	/* out of memory apart, a verdict must not depend on who asks */
	if (rc != SST_NOMEM && valid != (rc == SST_OK))
		abort();
	if (rc == SST_OK && report.count + report.omitted != 0)
		abort();
	sst_report_fini(&report);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1, *value_text;
	size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	struct sst_schema *schema;
	json_t *doc, *value = NULL;

	if (size < 3)
		return 0;
	value_text = memchr(text, '\0', size - 1);
	if (value_text == NULL)
		return 0;
	doc = json_loadb(text, (size_t)(value_text - text), flags, NULL);
	value_text++;
	if (doc != NULL)
		value = json_loadb(value_text,
		    size - 1 - (size_t)(value_text - text), flags, NULL);
	if (value != NULL) {
		schema = fuzz_compile(doc, (data[0] & 1) != 0);
		if (schema != NULL)
			fuzz_check(schema, value);
		sst_schema_free(&schema);
	}
	json_decref(value);
	json_decref(doc);
	return 0;
}
