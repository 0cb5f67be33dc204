/*
 * Feeds the patch applier. Input: a document, a NUL, a patch. It is taken for
 * a JSON Patch and for a merge patch.
 */
/* fuzz-libs: sst_service sst_schema sst_base PkgConfig::JANSSON */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "service/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A patch of one operation that gives the document as it is. */
static json_t *
fuzz_identity(json_t *document)
{
	return json_pack("[{s:s, s:s, s:O}, {s:s, s:s, s:O}]", "op", "test",
	    "path", "", "value", document, "op", "replace", "path", "",
	    "value", document);
}

/* Each copy may double the document: up to the bound, which takes long. */
static bool
fuzz_is_bomb(const json_t *patch)
{
	const char *op;
	size_t i, copies = 0;

	for (i = 0; i < json_array_size(patch); i++) {
		op = json_string_value(
		    json_object_get(json_array_get(patch, i), "op"));
		copies += op != NULL && strcmp(op, "copy") == 0;
	}
	return copies > 8;
}

static void
fuzz_json_patch(json_t *document, const json_t *patch)
{
	json_t *before = json_deep_copy(document);
	json_t *result = json_incref(document), *identity;
	struct sst_error err;
	int rc = sst_patch_apply(&result, patch, &err);

	/* the document that was given never changes */
	if (!json_equal(document, before))
		abort();
	/* there is only one of true, false and null */
	if (!json_is_null(document) && !json_is_boolean(document) &&
	    (rc != SST_OK) != (result == document))
		abort();
	identity = fuzz_identity(result);
	if (rc == SST_OK && sst_patch_apply(&result, identity, &err) != SST_OK)
		abort();
	json_decref(identity);
	json_decref(result);
	json_decref(before);
}

static void
fuzz_merge_patch(json_t *document, const json_t *patch)
{
	json_t *before = json_deep_copy(document);
	json_t *once = json_incref(document), *twice;
	struct sst_error err;

	if (sst_patch_merge(&once, patch, &err) != SST_OK)
		abort();
	if (!json_equal(document, before))
		abort();
	twice = json_incref(once);
	if (sst_patch_merge(&twice, patch, &err) != SST_OK ||
	    !json_equal(once, twice))
		abort();
	json_decref(twice);
	json_decref(once);
	json_decref(before);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *patch_text;
	size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_t *document, *patch = NULL;

	patch_text = size == 0 ? NULL : memchr(text, '\0', size);
	if (patch_text == NULL)
		return 0;
	document =
	    json_loadb(text, (size_t)(patch_text - text), flags, NULL);
	patch_text++;
	if (document != NULL)
		patch = json_loadb(patch_text,
		    size - (size_t)(patch_text - text), flags, NULL);
	if (patch != NULL) {
		if (!fuzz_is_bomb(patch))
			fuzz_json_patch(document, patch);
		fuzz_merge_patch(document, patch);
	}
	json_decref(patch);
	json_decref(document);
	return 0;
}
