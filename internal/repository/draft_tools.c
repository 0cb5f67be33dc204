#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "repository/draft_priv.h"
#include "repository/identity.h"

int
draft__compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (c != 0)
		return c;
	return a_len < b_len ? -1 : a_len > b_len;
}

static void
tools_reject_key(struct sst_draft *d, const struct sst_identity_fault *fault)
{
	char reason[160];

	snprintf(reason, sizeof(reason), "identity member %s %s",
	    fault->member->name, fault->why);
	sst_draft_reject(
	    d, sst_section_name(d->settings.section), reason);
}

bool
draft__key(struct sst_draft *d, const struct sst_shape *shape,
    const json_t *object, struct sst_buf *key)
{
	struct sst_identity_fault fault;

	if (sst_identity_key(shape, object, key, &fault))
		return true;
	if (!sst_buf_failed(key))
		tools_reject_key(d, &fault);
	return false;
}

static int
tools_clean_string(json_t *string, long text_max)
{
	struct sst_buf clean = SST_BUF_INIT;
	const char *text = json_string_value(string);
	size_t len = json_string_length(string);
	int rc = 0;

	if (text_max == 0 && sst_text_is_plain(text, len))
		return 0;
	/* what is no free text is too long or it is not: never cut */
	if (text_max > 0)
		sst_text_safe(text, len, (size_t)text_max, &clean);
	else
		sst_text_clean(text, len, SIZE_MAX, &clean);
	if (sst_buf_failed(&clean))
		rc = -1;
	else
		rc = json_string_setn_nocheck(
		    string, clean.len > 0 ? clean.data : "", clean.len);
	sst_buf_fini(&clean);
	return rc;
}

static int
tools_clean_value(const struct sst_shape *shape, long text_max, json_t *value)
{
	size_t i;

	if (json_is_string(value))
		return tools_clean_string(value, text_max);
	if (shape != NULL && json_is_object(value))
		return draft__clean(shape, value);
	for (i = 0; i < json_array_size(value); i++) {
		if (tools_clean_value(
			shape, text_max, json_array_get(value, i)) != 0)
			return -1;
	}
	return 0;
}

int
draft__clean(const struct sst_shape *shape, json_t *object)
{
	const struct sst_member *member, *end = shape->members + shape->count;
	json_t *value;

	for (member = shape->members; member < end; member++) {
		if (member->children)
			continue;
		value = json_object_getn(
		    object, member->name, member->name_len);
		if (value != NULL &&
		    tools_clean_value(
			member->shape, member->text_max, value) != 0)
			return -1;
	}
	return 0;
}

/* Appends key parts as pointer tokens; what does not fit is cut. */
static void
tools_add_key(char *out, size_t size, const char *key, size_t len)
{
	size_t used = strlen(out), i;

	if (used + 2 >= size)
		return;
	out[used++] = '/';
	for (i = 0; i < len && used + 3 < size; i++) {
		if (key[i] == SST_KEY_SEPARATOR) {
			out[used++] = '/';
		} else if (key[i] == '/' || key[i] == '~') {
			out[used++] = '~';
			out[used++] = key[i] == '/' ? '1' : '0';
		} else {
			out[used++] = key[i];
		}
	}
	out[used] = '\0';
}

void
draft__where(const struct sst_draft *d, const struct sst_buf *child_key,
    char *out, size_t size)
{
	snprintf(out, size, "/%s", sst_section_name(d->settings.section));
	tools_add_key(out, size, d->key.data, d->key.len);
	if (child_key == NULL)
		return;
	tools_add_key(out, size, d->how->children->name,
	    d->how->children->name_len);
	tools_add_key(out, size, child_key->data, child_key->len);
}

void
draft__explain(struct sst_draft *d, const struct sst_schema *schema,
    const json_t *value, const char *where)
{
	struct sst_report report = {0};
	struct sst_error err = {0};
	char pointer[SST_ERROR_TEXT];

	if (sst_schema_explain(schema, value, 1, &report, &err) == SST_OK ||
	    report.count == 0) {
		sst_draft_reject(d, where, "does not conform");
	} else {
		snprintf(pointer, sizeof(pointer), "%s%s", where,
		    report.failures[0].instance);
		sst_draft_reject(d, pointer, report.failures[0].message);
	}
	sst_report_fini(&report);
}

void
draft__twin(struct sst_draft *d, const struct sst_entity *twin,
    const struct sst_buf *parent_key)
{
	char where[256];

	snprintf(where, sizeof(where), "/%s",
	    sst_section_name(d->settings.section));
	if (parent_key != NULL) {
		tools_add_key(
		    where, sizeof(where), parent_key->data, parent_key->len);
		tools_add_key(where, sizeof(where), d->how->children->name,
		    d->how->children->name_len);
	}
	tools_add_key(where, sizeof(where), sst_entity_key(twin),
	    twin->key_len);
	sst_draft_reject(d, where, "there is another one of the same key");
}
