#include "api/json.h"

#include <string.h>

/* The comma before a member or an item that is not the first, and its name. */
static void
json_name(struct sst_buf *out, const char *name)
{
	char last = out->len == 0 ? '{' : out->data[out->len - 1];

	if (last != '{' && last != '[' && last != ':')
		sst_buf_addc(out, ',');
	if (name == NULL)
		return;
	sst_buf_json_string(out, name, strlen(name));
	sst_buf_addc(out, ':');
}

void
api__json_open(struct sst_buf *out, const char *name, char bracket)
{
	json_name(out, name);
	sst_buf_addc(out, bracket);
}

void
api__json_close(struct sst_buf *out, char bracket)
{
	sst_buf_addc(out, bracket);
}

void
api__json_span(
    struct sst_buf *out, const char *name, const char *text, size_t len)
{
	json_name(out, name);
	sst_buf_json_string(out, text, len);
}

void
api__json_text(struct sst_buf *out, const char *name, const char *text)
{
	if (text != NULL) {
		api__json_span(out, name, text, strlen(text));
		return;
	}
	json_name(out, name);
	sst_buf_adds(out, "null");
}

void
api__json_raw(struct sst_buf *out, const char *name, const char *json)
{
	json_name(out, name);
	sst_buf_adds(out, json != NULL ? json : "null");
}

void
api__json_count(struct sst_buf *out, const char *name, uint64_t value)
{
	json_name(out, name);
	sst_buf_json_int(out, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

void
api__json_seconds(struct sst_buf *out, const char *name, double value)
{
	json_name(out, name);
	if (value < 0)
		sst_buf_adds(out, "null");
	else
		sst_buf_json_real(
		    out, (double)(int64_t)(value * 1000 + 0.5) / 1000);
}

void
api__json_items(
    struct sst_buf *out, const char *name, const struct sst_buf *items)
{
	api__json_open(out, name, '[');
	sst_buf_add(out, items->data, items->len);
	api__json_close(out, ']');
}
