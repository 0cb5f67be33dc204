/* The published documents of draft 2020-12, as bytes in the binary. */
#include <string.h>

#include "schema/registry.h"

#define BUILTINS(X)                                    \
	X(schema, "schema")                            \
	X(core, "meta/core")                           \
	X(applicator, "meta/applicator")               \
	X(unevaluated, "meta/unevaluated")             \
	X(validation, "meta/validation")               \
	X(meta_data, "meta/meta-data")                 \
	X(format_annotation, "meta/format-annotation") \
	X(format_assertion, "meta/format-assertion")   \
	X(content, "meta/content")

#define DECLARE(symbol, path)                               \
	extern const unsigned char schema__meta_##symbol[]; \
	extern const size_t schema__meta_##symbol##_len;
BUILTINS(DECLARE)

struct builtin {
	const char *path;
	const unsigned char *bytes;
	const size_t *len;
};

#define ROW(symbol, path) \
	{path, schema__meta_##symbol, &schema__meta_##symbol##_len},
static const struct builtin builtins[] = {BUILTINS(ROW)};

const unsigned char *
schema__builtin(const char *uri, size_t *len)
{
	static const char base[] = "https://json-schema.org/draft/2020-12/";
	size_t i, n = sizeof(base) - 1;

	if (strncmp(uri, base, n) != 0)
		return NULL;
	for (i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
		if (strcmp(uri + n, builtins[i].path) != 0)
			continue;
		*len = *builtins[i].len;
		return builtins[i].bytes;
	}
	return NULL;
}
