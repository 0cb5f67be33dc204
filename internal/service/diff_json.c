/* The semantic form, and what the history notes of a revision. */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "model/project.h"
#include "service/diff_priv.h"

/* Names and numbers of this service only: nothing to escape. */
static void
json_member(struct sst_buf *out, const char *lead, const char *text)
{
	sst_buf_adds(out, lead);
	sst_buf_json_string(out, text, strlen(text));
}

static void
json_count(struct sst_buf *out, const char *lead, size_t count)
{
	sst_buf_adds(out, lead);
	sst_buf_json_int(out, (int64_t)count);
}

static void
json_end(struct sst_buf *out, const struct sst_snapshot *s)
{
	char when[SST_TIME_TEXT];

	sst_time_format_utc(s->captured_at.ms, true, when);
	json_member(out, "{\"epoch\":", s->epoch);
	json_count(out, ",\"revision\":", (size_t)s->revision);
	json_member(out, ",\"captured_at\":", when);
	sst_buf_addc(out, '}');
}

static void
json_counts(struct sst_buf *out, const struct sst_diff_counts *counts)
{
	unsigned op;

	for (op = 0; op < SST_DIFF_OPS; op++) {
		if (op > 0)
			sst_buf_addc(out, ',');
		sst_buf_addc(out, '"');
		sst_buf_adds(out, sst_diff_op_name((enum sst_diff_op)op));
		json_count(out, "\":", counts->op[op]);
	}
}

static bool
json_any(const struct sst_diff_counts *counts)
{
	unsigned op;

	for (op = 0; op < SST_DIFF_OPS; op++) {
		if (counts->op[op] > 0)
			return true;
	}
	return false;
}

static void
json_by_section(struct sst_buf *out, const struct sst_diff_counts *by_section)
{
	unsigned i, id;
	bool first = true;

	sst_buf_addc(out, '{');
	for (i = 0; i <= SST_SECTION_COUNT; i++) {
		/* in the order of the document: sources first */
		id = i == 0 ? SST_SECTION_SOURCES : i - 1;
		if (!json_any(&by_section[id]))
			continue;
		sst_buf_adds(out, first ? "\"" : ",\"");
		first = false;
		sst_buf_adds(out, diff__section_name(id));
		sst_buf_adds(out, "\":{");
		json_counts(out, &by_section[id]);
		sst_buf_addc(out, '}');
	}
	sst_buf_addc(out, '}');
}

static void
json_summary(struct sst_buf *out, const struct sst_diff_counts *total,
    const struct sst_diff_counts *by_section)
{
	sst_buf_addc(out, '{');
	json_counts(out, total);
	sst_buf_adds(out, ",\"by_section\":");
	json_by_section(out, by_section);
	sst_buf_addc(out, '}');
}

void
diff__write_summary(const struct sst_diff *d,
    const struct sst_diff_filter *filter, struct sst_buf *out)
{
	struct sst_diff_counts total, by_section[SST_SECTION_COUNT + 1];

	sst_diff_count(d, filter, &total, by_section);
	json_summary(out, &total, by_section);
}

static void
json_place(const struct sst_diff *d, const struct diff_place *place,
    struct sst_buf *out)
{
	sst_buf_adds(out, "\"section\":\"");
	sst_buf_adds(out, diff__section_name(place->section));
	/* percent-encoded: nothing to escape */
	sst_buf_adds(out, "\",\"key\":\"");
	diff__write_key(d, place, out);
	sst_buf_adds(out, "\",\"path\":\"");
	diff__write_path(d, place, out);
	sst_buf_addc(out, '"');
}

/* Whatever length: a name of the schema, and ids from outside. */
static void
json_text(const char *text, size_t len, struct sst_buf *out)
{
	sst_buf_json_string(out, text == NULL ? "" : text, len);
}

static void
json_field(const struct sst_diff *d, const struct diff_field *field,
    struct sst_buf *out)
{
	sst_buf_adds(out, "{\"name\":");
	json_text(d->names.data + field->name, field->name_len, out);
	if (field->from.at != NULL) {
		sst_buf_adds(out, ",\"from\":");
		sst_buf_add(out, field->from.at, field->from.len);
	}
	if (field->to.at != NULL) {
		sst_buf_adds(out, ",\"to\":");
		sst_buf_add(out, field->to.at, field->to.len);
	}
	sst_buf_addc(out, '}');
}

static void
json_fields(
    const struct sst_diff *d, const struct diff_row *row, struct sst_buf *out)
{
	const struct diff_field *field = d->fields + row->field;
	uint32_t i;
	bool first = true;

	sst_buf_adds(out, ",\"fields\":[");
	for (i = 0; i < row->field_count; i++, field++) {
		if (field->dropped)
			continue;
		if (!first)
			sst_buf_addc(out, ',');
		first = false;
		json_field(d, field, out);
	}
	sst_buf_addc(out, ']');
}

/* How much came or left with it, or where it was. */
static void
json_extent(
    const struct sst_diff *d, const struct diff_row *row, struct sst_buf *out)
{
	const struct diff_place *place = diff__place(row);
	size_t count;

	if (row->op == SST_DIFF_MOVED) {
		sst_buf_adds(out, ",\"from\":{");
		json_place(d, &row->from, out);
		sst_buf_addc(out, '}');
	} else if (diff__section_size(d, row, &count)) {
		json_count(out, ",\"entities\":", count);
	} else if (row->op != SST_DIFF_CHANGED && place->child == NULL &&
		   place->entity != NULL &&
		   d->children[place->section] != NULL) {
		json_count(out, ",\"children\":", place->entity->child_count);
	}
}

static void
json_row(const struct sst_diff *d, const struct diff_row *row,
    struct sst_buf *name, struct sst_buf *out)
{
	sst_buf_adds(out, "{\"op\":\"");
	sst_buf_adds(out, sst_diff_op_name(row->op));
	sst_buf_adds(out, "\",");
	json_place(d, diff__place(row), out);
	sst_buf_clear(name);
	diff__write_name(diff__place(row), name);
	sst_buf_adds(out, ",\"name\":");
	json_text(name->data, name->len, out);
	out->failed = out->failed || sst_buf_failed(name);
	json_extent(d, row, out);
	json_fields(d, row, out);
	sst_buf_addc(out, '}');
}

/* Returns how many were written. */
static size_t
json_rows(const struct sst_diff *d, const struct sst_diff_style *style,
    struct sst_buf *out)
{
	struct sst_buf name = SST_BUF_INIT;
	size_t i, written = 0;

	for (i = 0; i < d->row_count && written < style->limit; i++) {
		if (!diff__passes(d, &d->rows[i], &style->filter))
			continue;
		if (written++ > 0)
			sst_buf_addc(out, ',');
		json_row(d, &d->rows[i], &name, out);
	}
	sst_buf_fini(&name);
	return written;
}

static size_t
json_total(const struct sst_diff_counts *counts)
{
	size_t op, n = 0;

	for (op = 0; op < SST_DIFF_OPS; op++)
		n += counts->op[op];
	return n;
}

static void
json_compact(const struct sst_diff *d, const struct sst_diff_style *style,
    struct sst_buf *out)
{
	struct sst_diff_counts total, by_section[SST_SECTION_COUNT + 1];
	size_t all, omitted;

	sst_diff_count(d, &style->filter, &total, by_section);
	all = json_total(&total);
	omitted = all > style->limit ? all - style->limit : 0;
	sst_buf_adds(out, "{\"from\":");
	json_end(out, d->from);
	sst_buf_adds(out, ",\"to\":");
	json_end(out, d->to);
	sst_buf_adds(out, ",\"summary\":");
	json_summary(out, &total, by_section);
	sst_buf_adds(out, ",\"truncated\":");
	sst_buf_adds(out, omitted > 0 ? "true" : "false");
	json_count(out, ",\"omitted\":", omitted);
	sst_buf_adds(out, ",\"changes\":[");
	json_rows(d, style, out);
	sst_buf_adds(out, "]}");
}

void
sst_diff_write_json(const struct sst_diff *diff,
    const struct sst_diff_style *style, struct sst_buf *out)
{
	struct sst_buf compact = SST_BUF_INIT;

	if (!style->pretty) {
		json_compact(diff, style, out);
		return;
	}
	json_compact(diff, style, &compact);
	if (sst_buf_failed(&compact))
		out->failed = true;
	else
		sst_project_pretty(compact.data, compact.len, out);
	sst_buf_fini(&compact);
}
