/* Events for people. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "form.h"
#include "model/encode.h"
#include "model/section.h"
#include "operand.h"
#include "table.h"
#include "watch.h"

/* As in the text form of a diff. */
enum { TEXT_VALUE = 40, TEXT_COLUMNS = 110 };

static bool
text_is_plain(const char *text, size_t len)
{
	static const char *const literals[] = {"null", "true", "false"};
	size_t i;

	if (len == 0 || strspn(text, "0123456789+-.eE") == len)
		return false;
	for (i = 0; i < 3; i++) {
		if (strcmp(literals[i], text) == 0)
			return false;
	}
	return strcspn(text, " ,\"()[]{}") == len;
}

static void
text_cut(const char *text, size_t len, struct sst_buf *out)
{
	sst_text_clean(text, len, TEXT_VALUE, out);
}

void
watch_value_text(const json_t *value, struct sst_buf *out)
{
	struct sst_buf text = SST_BUF_INIT;
	bool quote;

	if (value == NULL) {
		sst_buf_adds(out, "(absent)");
	} else if (json_is_string(value)) {
		quote = !text_is_plain(
		    json_string_value(value), json_string_length(value));
		if (quote)
			sst_buf_addc(out, '"');
		text_cut(
		    json_string_value(value), json_string_length(value), out);
		if (quote)
			sst_buf_addc(out, '"');
	} else {
		sst_encode_value(value, &text);
		if (sst_buf_failed(&text))
			out->failed = true;
		else
			text_cut(text.data, text.len, out);
	}
	sst_buf_fini(&text);
}

static void
text_clean(struct cli_out *out, const json_t *text)
{
	if (json_is_string(text))
		cli_out_clean(
		    out, json_string_value(text), json_string_length(text));
	else
		cli_out_adds(out, "?");
}

/* Without its last two parts, "/tasks/t1". */
static void
text_parent_key(struct sst_buf *out)
{
	unsigned parts = 0;
	size_t i;

	for (i = out->len; i > 0 && parts < 2; i--)
		parts += out->data[i - 1] == '/';
	if (parts < 2 || sst_buf_failed(out))
		return;
	out->len = i;
	out->data[i] = '\0';
}

/* "queues mock/agent.tasks" of a change, or of where a task was or is. */
static void
text_place(const json_t *place, bool parent, struct sst_buf *out)
{
	struct sst_buf trimmed = SST_BUF_INIT;
	const char *section =
	    json_string_value(json_object_get(place, "section"));
	const char *key = json_string_value(json_object_get(place, "key"));

	sst_buf_adds(out, section != NULL ? section : "?");
	if (key == NULL || key[0] == '\0')
		return;
	sst_buf_addc(out, ' ');
	sst_buf_adds(&trimmed, key);
	if (parent)
		text_parent_key(&trimmed);
	if (sst_buf_failed(&trimmed))
		out->failed = true;
	else
		cli_key_plain(trimmed.data, out);
	sst_buf_fini(&trimmed);
}

static void
text_field(const json_t *field, struct sst_buf *out)
{
	cli_value_text(json_object_get(field, "name"), out);
	sst_buf_adds(out, ": ");
	watch_value_text(json_object_get(field, "from"), out);
	sst_buf_adds(out, " -> ");
	watch_value_text(json_object_get(field, "to"), out);
}

/* All fields in one line where they fit, else a line each. */
static void
text_fields(struct cli_out *out, const json_t *fields, size_t column)
{
	struct sst_buf text = SST_BUF_INIT;
	const json_t *field;
	size_t i;

	json_array_foreach(fields, i, field)
	{
		sst_buf_adds(&text, i > 0 ? ", " : "  ");
		text_field(field, &text);
	}
	if (!sst_buf_failed(&text) &&
	    column + cli_columns(text.data, text.len) <= TEXT_COLUMNS) {
		cli_out_clean(out, text.data, text.len);
	} else {
		json_array_foreach(fields, i, field)
		{
			sst_buf_clear(&text);
			text_field(field, &text);
			cli_out_adds(out, "\n      ");
			if (!sst_buf_failed(&text))
				cli_out_clean(out, text.data, text.len);
		}
	}
	if (sst_buf_failed(&text))
		out->nomem = true;
	sst_buf_fini(&text);
}

static char
text_mark(const char *op)
{
	static const char *const ops[] = {
	    "added", "removed", "changed", "moved"};
	size_t i;

	for (i = 0; op != NULL && i < 4; i++) {
		if (strcmp(ops[i], op) == 0)
			return "+-~>"[i];
	}
	return '?';
}

static void
text_change(struct cli_out *out, const json_t *change)
{
	char mark = text_mark(json_string_value(json_object_get(change, "op")));
	const json_t *fields = json_object_get(change, "fields");
	struct sst_buf label = SST_BUF_INIT;

	sst_buf_addc(&label, mark);
	sst_buf_addc(&label, ' ');
	if (mark == '>') { /* a task: its name, then where from and where to */
		cli_value_text(json_object_get(change, "name"), &label);
		sst_buf_adds(&label, "  ");
		text_place(json_object_get(change, "from"), true, &label);
		sst_buf_adds(&label, " -> ");
	}
	text_place(change, mark == '>', &label);
	cli_out_adds(out, "  ");
	cli_out_paint(out, cli_mark_paint(mark));
	if (sst_buf_failed(&label))
		out->nomem = true;
	else
		cli_out_clean(out, label.data, label.len);
	cli_out_paint(out, CLI_PLAIN);
	if (json_array_size(fields) > 0 && !sst_buf_failed(&label))
		text_fields(
		    out, fields, 2 + cli_columns(label.data, label.len));
	cli_out_adds(out, "\n");
	sst_buf_fini(&label);
}

static void
text_counts(struct cli_out *out, const json_t *summary)
{
	static const char *const ops[] = {
	    "added", "removed", "changed", "moved"};
	const char *gap = "";
	json_int_t n;
	size_t i;

	for (i = 0; i < 4; i++) {
		n = json_integer_value(json_object_get(summary, ops[i]));
		if (n == 0)
			continue;
		cli_out_addf(
		    out, "%s%" JSON_INTEGER_FORMAT " %s", gap, n, ops[i]);
		gap = ", ";
	}
	if (gap[0] == '\0')
		cli_out_adds(out, "no changes");
}

void
watch_text_change(struct cli_out *out, const json_t *data)
{
	const json_t *changes = json_object_get(data, "changes"), *change;
	const json_t *omitted = json_object_get(data, "omitted");
	size_t i;

	cli_out_paint(out, CLI_BOLD);
	text_clean(out, cli_json_at(data, "to.captured_at"));
	cli_out_paint(out, CLI_PLAIN);
	cli_out_addf(out,
	    "  revision %" JSON_INTEGER_FORMAT " -> %" JSON_INTEGER_FORMAT ": ",
	    json_integer_value(cli_json_at(data, "from.revision")),
	    json_integer_value(cli_json_at(data, "to.revision")));
	text_counts(out, json_object_get(data, "summary"));
	cli_out_adds(out, "\n");
	json_array_foreach(changes, i, change) text_change(out, change);
	if (json_integer_value(omitted) > 0)
		cli_out_addf(out, "  ... and %" JSON_INTEGER_FORMAT " more\n",
		    json_integer_value(omitted));
}

/* "4 sources (3 ok), 2 agents, queues unknown". */
static void
text_sizes(struct cli_out *out, const json_t *document)
{
	const json_t *rows = json_object_get(document, "sources"), *row;
	const json_t *section;
	const char *name, *status;
	size_t i, ok = 0;

	json_array_foreach(rows, i, row)
	{
		status = json_string_value(json_object_get(row, "status"));
		ok += status != NULL && strcmp(status, "ok") == 0;
	}
	cli_out_addf(out, "%zu of %zu sources ok", ok, json_array_size(rows));
	for (i = 0; i < SST_SECTION_COUNT; i++) {
		name = sst_section_name((enum sst_section_id)i);
		section = json_object_get(document, name);
		if (json_is_array(section))
			cli_out_addf(
			    out, ", %zu %s", json_array_size(section), name);
		else if (section != NULL)
			cli_out_addf(out, ", %s unknown", name);
	}
}

void
watch_text_state(
    struct cli_out *out, const json_t *data, const char *id, bool again)
{
	const json_t *at = json_object_get(data, "captured_at");
	const char *colon = strchr(id, ':');

	cli_out_paint(out, CLI_BOLD);
	if (at != NULL)
		text_clean(out, at);
	else
		cli_out_adds(out, "state");
	cli_out_paint(out, CLI_PLAIN);
	cli_out_adds(out, "  revision ");
	cli_out_clean(out, colon != NULL ? colon + 1 : id,
	    strlen(colon != NULL ? colon + 1 : id));
	if (again)
		cli_out_adds(out, " (all of it anew)");
	cli_out_adds(out, ": ");
	if (at != NULL)
		text_sizes(out, data);
	else if (json_is_null(data))
		cli_out_adds(out, "there is no such entity");
	else
		cli_out_adds(out, "the entity is there");
	cli_out_adds(out, "\n");
}

void
watch_text_other(struct cli_out *out, const char *name, const char *id)
{
	cli_out_paint(out, CLI_DIM);
	cli_out_clean(out, name, strlen(name));
	if (id[0] != '\0') {
		cli_out_adds(out, " at ");
		cli_out_clean(out, id, strlen(id));
	}
	cli_out_paint(out, CLI_PLAIN);
	cli_out_adds(out, "\n");
}
