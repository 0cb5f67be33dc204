#include "form.h"

#include <stdio.h>
#include <string.h>

#include "model/encode.h"
#include "table.h"

void
cli_out_json_line(struct cli_out *out, const json_t *value)
{
	struct sst_buf text = SST_BUF_INIT;

	sst_encode_value(value, &text);
	sst_buf_addc(&text, '\n');
	if (sst_buf_failed(&text))
		out->nomem = true;
	else
		cli_out_add(out, text.data, text.len);
	sst_buf_fini(&text);
}

void
cli_out_json_lines(struct cli_out *out, const json_t *array)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item) cli_out_json_line(out, item);
}

enum cli_paint
cli_status_paint(const char *status)
{
	static const struct {
		const char *word;
		enum cli_paint paint;
	} rows[] = {
	    {"ok", CLI_GREEN},
	    {"healthy", CLI_GREEN},
	    {"running", CLI_GREEN},
	    {"busy", CLI_GREEN},
	    {"stale", CLI_YELLOW},
	    {"degraded", CLI_YELLOW},
	    {"pending", CLI_YELLOW},
	    {"cooldown", CLI_YELLOW},
	    {"unknown", CLI_YELLOW},
	    {"blocked", CLI_YELLOW},
	    {"retrying", CLI_YELLOW},
	    {"down", CLI_RED},
	    {"error", CLI_RED},
	    {"offline", CLI_RED},
	    {"unhealthy", CLI_RED},
	    {"failed", CLI_RED},
	    {"dead", CLI_RED},
	};
	size_t i;

	for (i = 0; status != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].word, status) == 0)
			return rows[i].paint;
	}
	return CLI_PLAIN;
}

void
cli_seconds_text(double seconds, char out[32])
{
	long long s;

	if (seconds < 0)
		seconds = 0;
	if (seconds > 1e12)
		seconds = 1e12;
	s = (long long)seconds;
	if (seconds < 1)
		snprintf(out, 32, "%.0fms", seconds * 1000);
	else if (seconds < 60)
		snprintf(out, 32, "%.1fs", seconds);
	else if (s < 3600)
		snprintf(out, 32, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, 32, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		snprintf(out, 32, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}

void
cli_error_text(const json_t *error, struct sst_buf *out)
{
	if (!json_is_object(error)) {
		sst_buf_addc(out, '-');
		return;
	}
	cli_value_text(json_object_get(error, "code"), out);
	sst_buf_adds(out, ": ");
	cli_value_text(json_object_get(error, "message"), out);
}
