/* Texts of SQL and of its answers. Pure functions. */
#include <string.h>

#include "base/time.h"
#include "repository/postgres/postgres.h"

static void
text_quoted(struct sst_buf *out, const char *text, size_t len, char double_it)
{
	size_t i;

	sst_buf_addc(out, '"');
	for (i = 0; i < len; i++) {
		if (text[i] == '"')
			sst_buf_addc(out, double_it);
		else if (text[i] == '\\' && double_it == '\\')
			sst_buf_addc(out, '\\');
		sst_buf_addc(out, text[i]);
	}
	sst_buf_addc(out, '"');
}

void
sst_postgres_add_name(struct sst_buf *out, const char *name)
{
	text_quoted(out, name, strlen(name), '"');
}

void
sst_postgres_add_element(
    struct sst_buf *out, const char *text, size_t len, bool first)
{
	if (!first)
		sst_buf_addc(out, ',');
	text_quoted(out, text, len, '\\');
}

enum { TIME_TEXT_MAX = 48, DATE_LEN = sizeof("2026-11-21") - 1 };

bool
sst_postgres_time(const char *text, size_t len, struct sst_wall *out)
{
	char whole[TIME_TEXT_MAX + sizeof("T00:00:00Z")];
	int64_t ms;

	if (len < DATE_LEN || len > TIME_TEXT_MAX)
		return false;
	memcpy(whole, text, len);
	if (len == DATE_LEN) {
		memcpy(whole + len, "T00:00:00Z", sizeof("T00:00:00Z"));
		len += sizeof("T00:00:00Z") - 1;
	} else {
		/* timestamptz ends in +00, as times are asked for in UTC */
		if (memcmp(whole + len - 3, "+00", 3) == 0)
			len -= 3;
		whole[len++] = 'Z';
	}
	if (sst_time_parse(whole, len, &ms) != SST_OK)
		return false;
	out->ms = ms;
	return true;
}
