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

void
cli_out_whole_lines(struct cli_out *out, const char *bytes, size_t len)
{
	cli_out_add(out, bytes, len);
	if (len == 0 || bytes[len - 1] != '\n')
		cli_out_adds(out, "\n");
}

enum cli_paint
cli_mark_paint(char mark)
{
	switch (mark) {
	case '+':
		return CLI_GREEN;
	case '-':
		return CLI_RED;
	case '~':
		return CLI_YELLOW;
	case '>':
		return CLI_CYAN;
	default:
		return CLI_PLAIN;
	}
}

/* Bytes of a label: up to the gap before the details. */
static size_t
form_label(const char *line, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i++) {
		if (line[i] == ' ' && line[i + 1] == ' ')
			return i;
	}
	return len;
}

/* "  ~ name  details": mark and name are painted, as sst_diff_write_text()
 * does it; entities are indented by two columns, what is in them by four. */
static void
form_diff_line(struct cli_out *out, const char *line, size_t len)
{
	size_t indent = 0, label;
	enum cli_paint paint = CLI_PLAIN;

	while (indent < len && line[indent] == ' ')
		indent++;
	if ((indent == 2 || indent == 4) && indent + 1 < len &&
	    line[indent + 1] == ' ')
		paint = cli_mark_paint(line[indent]);
	cli_out_add(out, line, indent);
	label =
	    paint == CLI_PLAIN ? 0 : form_label(line + indent, len - indent);
	if (label > 0) {
		cli_out_paint(out, paint);
		cli_out_clean(out, line + indent, label);
		cli_out_paint(out, CLI_PLAIN);
	}
	cli_out_clean(out, line + indent + label, len - indent - label);
	cli_out_adds(out, "\n");
}

void
cli_out_diff_text(struct cli_out *out, const char *text, size_t len)
{
	const char *end = text + len, *stop;

	while (text < end) {
		stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		form_diff_line(out, text, (size_t)(stop - text));
		text = stop < end ? stop + 1 : end;
	}
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
