/* Which vocabularies a schema resource uses, as its $schema says. */
#include <string.h>

#include "schema/registry.h"
#include "schema/text.h"

static const char standard[] = "https://json-schema.org/draft/2020-12/schema";

struct vocab {
	const char *name;
	unsigned bit;
};

static const struct vocab vocabs[] = {
    {"core", VOCAB_CORE},
    {"applicator", VOCAB_APPLICATOR},
    {"unevaluated", VOCAB_UNEVALUATED},
    {"validation", VOCAB_VALIDATION},
    {"meta-data", VOCAB_META_DATA},
    {"format-annotation", VOCAB_FORMAT},
    {"format-assertion", VOCAB_FORMAT_ASSERTION},
    {"content", VOCAB_CONTENT},
};

static unsigned
vocab_bit(const char *uri)
{
	static const char base[] =
	    "https://json-schema.org/draft/2020-12/vocab/";
	size_t i, n = sizeof(base) - 1;

	if (strncmp(uri, base, n) != 0)
		return 0;
	for (i = 0; i < sizeof(vocabs) / sizeof(vocabs[0]); i++) {
		if (strcmp(uri + n, vocabs[i].name) == 0)
			return vocabs[i].bit;
	}
	return 0;
}

static int
dialect_vocabulary(
    const char *meta_uri, json_t *meta, unsigned *out, struct sst_error *err)
{
	json_t *list = json_object_get(meta, "$vocabulary");
	unsigned bits = VOCAB_CORE, bit;
	const char *key;
	void *it;

	if (list == NULL) {
		*out = VOCAB_DEFAULT;
		return SST_OK;
	}
	if (!json_is_object(list))
		return schema__fail(err, SST_INVALID,
		    "<%s#/$vocabulary> must be an object", meta_uri);
	for (it = json_object_iter(list); it != NULL;
	     it = json_object_iter_next(list, it)) {
		key = json_object_iter_key(it);
		bit = vocab_bit(key);
		if (bit == 0 && !json_is_false(json_object_iter_value(it)))
			return schema__fail(err, SST_UNSUPPORTED,
			    "<%s> requires the vocabulary <%s>, which is not "
			    "known here",
			    meta_uri, key);
		bits |= bit;
	}
	*out = bits;
	return SST_OK;
}

/* uri: the value of $schema. */
static int
dialect_meta(struct sst_schema_set *set, const char *uri, unsigned *out,
    struct sst_error *err)
{
	const char *hash = strchr(uri, '#');
	size_t len = hash == NULL ? strlen(uri) : (size_t)(hash - uri);
	struct resource *meta;
	char *plain;
	int rc;

	if (len == sizeof(standard) - 1 && memcmp(uri, standard, len) == 0) {
		*out = VOCAB_DEFAULT;
		return SST_OK;
	}
	plain = schema__arena_text(&set->arena, uri, len);
	if (plain == NULL)
		return sst_error_nomem(err);
	rc = schema__set_find(set, plain, &meta, err);
	if (rc != SST_OK)
		return rc;
	if (meta != NULL)
		return dialect_vocabulary(plain, meta->root, out, err);
	if (strstr(uri, "json-schema.org/draft") != NULL)
		return schema__fail(err, SST_UNSUPPORTED,
		    "\"%s\" is not supported; write schemas in <%s>", uri,
		    standard);
	return schema__fail(err, SST_NOT_FOUND,
	    "the meta-schema \"%s\" is not among the documents given", uri);
}

int
schema__dialect(
    struct sst_schema_set *set, struct resource *res, struct sst_error *err)
{
	const json_t *name;
	unsigned bits = VOCAB_DEFAULT;
	int rc = SST_OK;

	if ((res->vocabs & VOCAB_KNOWN) != 0)
		return SST_OK;
	name = json_object_get(res->root, "$schema");
	if (json_is_string(name)) {
		rc = dialect_meta(set, json_string_value(name), &bits, err);
	} else if (name != NULL) {
		rc = schema__fail(err, SST_INVALID, "$schema must be a string");
	} else if (res->parent != NULL) {
		rc = schema__dialect(set, res->parent, err);
		bits = res->parent->vocabs;
	}
	if (rc == SST_OK)
		res->vocabs = bits | VOCAB_KNOWN;
	else
		sst_error_prefix(err, "%s/$schema", res->pointer);
	return rc;
}
