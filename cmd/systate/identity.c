#include "identity.h"

#include "base/text.h"
#include "repository/contract.h"

int
cli_shape_new(struct sst_shape **out, struct sst_error *err)
{
	size_t len;
	const char *text = sst_contract_text("system-state.schema.json", &len);
	json_t *schema;
	int code;

	schema = text != NULL ? json_loadb(text, len, 0, NULL) : NULL;
	if (schema == NULL)
		return sst_error_set(
		    err, SST_INTERNAL, "the embedded schema cannot be read");
	code = sst_shape_new(schema, out, err);
	json_decref(schema);
	return code;
}

void
cli_key_text(
    const struct sst_shape *shape, const json_t *entity, struct sst_buf *out)
{
	size_t i, begin = out->len;
	const json_t *part;

	for (i = 0; i < shape->identity_count; i++) {
		part = json_object_get(
		    entity, shape->members[shape->identity[i]].name);
		if (!json_is_string(part))
			continue;
		if (out->len > begin)
			sst_buf_addc(out, '/');
		sst_text_percent_encode(
		    json_string_value(part), json_string_length(part), out);
	}
}
