#include "service/diff_words.h"

#include <string.h>

#include "base/text.h"

enum {
	WORDS_VALUE = 40, /* characters of a value, longer ones are cut */
	WORDS_NAME = 80
};

static const char words_more[] = "\xe2\x80\xa6"; /* … */

/* One character that is not to be shown as it is. */
static void
words_escape(uint32_t cp, struct sst_buf *out)
{
	static const char hex[] = "0123456789abcdef";
	int shift = cp > 0xffff ? 20 : cp > 0xff ? 12 : 4;

	sst_buf_adds(out, cp > 0xffff ? "\\U" : cp > 0xff ? "\\u" : "\\x");
	for (; shift >= 0; shift -= 4)
		sst_buf_addc(out, hex[cp >> shift & 15]);
}

/* At most max characters, the last one the sign that there is more. */
static size_t
words_put(const char *text, size_t len, size_t max, struct sst_buf *out)
{
	size_t i = 0, n, columns = 0, mark;
	uint32_t cp;

	while (i < len) {
		if (columns + 1 >= max && i + 1 < len) {
			sst_buf_adds(out, words_more);
			return columns + 1;
		}
		n = sst_text_decode(text + i, len - i, &cp);
		mark = out->len;
		if (n == 0)
			sst_buf_adds(out, "\xef\xbf\xbd");
		else if (sst_text_is_control(cp))
			words_escape(cp, out);
		else
			sst_buf_add(out, text + i, n);
		columns += n == 0 || out->len - mark == n ? 1 : out->len - mark;
		i += n == 0 ? 1 : n;
	}
	return columns;
}

size_t
words__text(const char *text, size_t len, struct sst_buf *out)
{
	return words_put(text, len, SIZE_MAX, out);
}

size_t
words__columns(const struct sst_buf *text)
{
	size_t i, n = 0;

	for (i = 0; i < text->len; i++)
		n += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	return n;
}

/* Text that could be taken for something else goes in quotes. */
static bool
words_plain(const char *text, size_t len)
{
	static const char *const literals[] = {"null", "true", "false"};
	size_t i;

	if (len == 0 || strspn(text, "0123456789+-.eE") == len)
		return false;
	for (i = 0; i < 3; i++) {
		if (strlen(literals[i]) == len &&
		    memcmp(literals[i], text, len) == 0)
			return false;
	}
	return strcspn(text, " ,\"()[]{}") == len;
}

static void
words_string(struct fields_span value, struct sst_buf *out)
{
	struct sst_buf raw = SST_BUF_INIT;
	const char *text;
	bool quote;

	fields__text(value, &raw);
	text = raw.data == NULL ? "" : raw.data;
	quote = !words_plain(text, raw.len);
	if (quote)
		sst_buf_addc(out, '"');
	words_put(text, raw.len, WORDS_VALUE, out);
	if (quote)
		sst_buf_addc(out, '"');
	out->failed = out->failed || sst_buf_failed(&raw);
	sst_buf_fini(&raw);
}

static void
words_value(struct fields_span value, struct sst_buf *out)
{
	if (value.at == NULL)
		sst_buf_adds(out, "(absent)");
	else if (*value.at == '"')
		words_string(value, out);
	else
		words_put(value.at, value.len, WORDS_VALUE, out);
}

static bool
words_is_nested(struct fields_span value)
{
	return value.at != NULL && (*value.at == '{' || *value.at == '[');
}

void
words__field(const struct sst_diff *diff, const struct diff_field *field,
    struct sst_buf *out)
{
	words_put(
	    diff->names.data + field->name, field->name_len, WORDS_NAME, out);
	if (field->from.at == NULL && words_is_nested(field->to)) {
		sst_buf_adds(out, " added");
	} else if (field->to.at == NULL && words_is_nested(field->from)) {
		sst_buf_adds(out, " removed");
	} else {
		sst_buf_adds(out, ": ");
		words_value(field->from, out);
		sst_buf_adds(out, " -> ");
		words_value(field->to, out);
	}
}

void
words__fields(const struct sst_diff *diff, const struct diff_row *row,
    struct sst_buf *out)
{
	const struct diff_field *field = diff->fields + row->field;
	uint32_t i;

	for (i = 0; i < row->field_count; i++, field++) {
		if (field->dropped)
			continue;
		if (out->len > 0)
			sst_buf_adds(out, ", ");
		words__field(diff, field, out);
	}
}

/* "queues mock/agent.tasks": the section, and the entity in it. */
static void
words_place(const struct diff_place *place, struct sst_buf *out)
{
	struct sst_buf raw = SST_BUF_INIT;

	sst_buf_adds(out, diff__section_name(place->section));
	sst_buf_addc(out, ' ');
	diff__write_label(place->entity, &raw);
	words__text(raw.data, raw.len, out);
	out->failed = out->failed || sst_buf_failed(&raw);
	sst_buf_fini(&raw);
}

/* "1 task", "3 tasks": the names of arrays are plurals in s. */
static void
words_amount(size_t count, const char *what, struct sst_buf *out)
{
	if (out->len > 0)
		sst_buf_adds(out, ", ");
	sst_buf_json_int(out, (int64_t)count);
	sst_buf_addc(out, ' ');
	sst_buf_add(out, what, strlen(what) - (count == 1));
}

/* Of an entity that came or left: its state, and how many came with it. */
static void
words_whole(const struct sst_diff *diff, const struct diff_place *place,
    struct sst_buf *out)
{
	const struct sst_entity *e =
	    place->child != NULL ? place->child : place->entity;
	const struct sst_member *kids =
	    place->child != NULL ? NULL : diff->children[place->section];
	struct fields_span status = fields__find(fields__of(e), "status");

	if (status.at != NULL)
		words_value(status, out);
	if (kids != NULL)
		words_amount(e->child_count, kids->name, out);
}

void
words__extent(const struct sst_diff *diff, const struct diff_row *row,
    struct sst_buf *out)
{
	const struct diff_place *place = diff__place(row);
	size_t count;

	if (row->op == SST_DIFF_MOVED) {
		words_place(&row->from, out);
		sst_buf_adds(out, " -> ");
		words_place(&row->to, out);
	} else if (diff__section_size(diff, row, &count)) {
		if (count == 1)
			sst_buf_adds(out, "1 entity");
		else
			words_amount(count, "entities", out);
	} else if (row->op != SST_DIFF_CHANGED && place->entity != NULL) {
		words_whole(diff, place, out);
	}
}
