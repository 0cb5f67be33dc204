#include "schema/pointer.h"

void
sst_pointer_add(struct sst_buf *b, const char *key, size_t len)
{
	size_t i;

	sst_buf_addc(b, '/');
	for (i = 0; i < len; i++) {
		if (key[i] == '~')
			sst_buf_add(b, "~0", 2);
		else if (key[i] == '/')
			sst_buf_add(b, "~1", 2);
		else
			sst_buf_addc(b, key[i]);
	}
}

void
sst_pointer_index(struct sst_buf *b, size_t index)
{
	sst_buf_addf(b, "/%zu", index);
}

bool
sst_pointer_token(const char **at, struct sst_buf *out)
{
	const char *p = *at;

	sst_buf_clear(out);
	sst_buf_add(out, "", 0);
	if (*p != '/')
		return false;
	for (p++; *p != '\0' && *p != '/'; p++) {
		if (*p != '~') {
			sst_buf_addc(out, *p);
			continue;
		}
		p++;
		if (*p != '0' && *p != '1')
			return false;
		sst_buf_addc(out, *p == '0' ? '~' : '/');
	}
	*at = p;
	return !sst_buf_failed(out);
}

bool
sst_pointer_number(const char *token, size_t len, size_t *out)
{
	size_t i, number = 0;

	if (len == 0 || len > 9 || (token[0] == '0' && len > 1))
		return false;
	for (i = 0; i < len; i++) {
		if (token[i] < '0' || token[i] > '9')
			return false;
		number = number * 10 + (size_t)(token[i] - '0');
	}
	*out = number;
	return true;
}

json_t *
sst_pointer_step(const json_t *json, const char *token, size_t len)
{
	size_t index;

	if (json_is_object(json))
		return json_object_getn(json, token, len);
	if (!json_is_array(json) || !sst_pointer_number(token, len, &index))
		return NULL;
	return json_array_get(json, index);
}
