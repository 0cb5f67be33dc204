/*
 * Patterns that are matched without an engine must give the engine's answers.
 * Input: a pattern, a NUL, a text.
 */
/* fuzz-libs: sst_schema sst_base PkgConfig::JANSSON */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schema/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
fuzz_is_utf8(const char *text, size_t len)
{
	json_t *json = json_stringn(text, len);

	json_decref(json);
	return json != NULL;
}

static void
fuzz_compare(const struct regex *plain, const struct regex *engine,
    const char *text, size_t len)
{
	struct regex_run run = {NULL, NULL, NULL};
	enum regex_result a, b;

	a = schema__regex_match(plain, &run, text, len);
	b = schema__regex_match(engine, &run, text, len);
	schema__regex_run_fini(&run);
	/* only an engine gives up */
	if (a >= 0 && b >= 0 && a != b)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *pattern = (const char *)data, *text;
	struct regex *plain = NULL, *engine = NULL;
	char grouped[512];
	size_t len;

	text = size == 0 ? NULL : memchr(pattern, '\0', size);
	if (text == NULL || size > sizeof(grouped) - 16)
		return 0;
	len = (size_t)(text - pattern);
	text++;
	if (!fuzz_is_utf8(pattern, len) || !fuzz_is_utf8(text, size - len - 1))
		return 0;
	/* the empty group keeps a pattern from being taken for something plain;
	 * the outer one keeps a | from setting it aside */
	memcpy(grouped, "(?:)(?:", 7);
	memcpy(grouped + 7, pattern, len);
	grouped[7 + len] = ')';
	if (schema__regex_new(pattern, len, &plain, NULL) == 0 &&
	    schema__regex_new(grouped, len + 8, &engine, NULL) == 0)
		fuzz_compare(plain, engine, text, size - len - 1);
	schema__regex_free(plain);
	schema__regex_free(engine);
	return 0;
}
