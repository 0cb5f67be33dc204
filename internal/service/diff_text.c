/*
 * What changed, for people: a line to begin with, then by section a line an
 * entity, its children below it. A saved document may hold anything, so no text
 * of it is written as it is: see diff_words.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "service/diff_words.h"

enum {
	TEXT_INDENT = 2,    /* of an entity; of a child twice that */
	TEXT_LABEL = 44,    /* columns that the longest label may align */
	TEXT_COLUMNS = 110, /* what still counts as a line */
	TEXT_RUN = 4,       /* so many of one kind are told together */
	TEXT_RUN_LINES = 3  /* at most; the rest is a number */
};

struct text_printer {
	const struct sst_diff *diff;
	const struct sst_diff_style *style;
	struct sst_buf *out;
	const struct diff_row **rows; /* that are written */
	size_t count;
	size_t column;                   /* where details begin */
	const struct sst_entity *parent; /* whose children are being told */
	struct sst_buf detail;
};

static void
text_duration(int64_t ms, struct sst_buf *out)
{
	int64_t size = ms < 0 ? -ms : ms, s = size / 1000;

	if (ms < 0)
		sst_buf_addc(out, '-');
	sst_buf_json_int(out, s < 7200 ? s : s < 172800 ? s / 3600 : s / 86400);
	if (s < 10 && size % 1000 >= 100) {
		sst_buf_addc(out, '.');
		sst_buf_json_int(out, size % 1000 / 100);
	}
	sst_buf_adds(out, s < 7200 ? " s" : s < 172800 ? " h" : " d");
}

static void
text_times(const struct sst_diff *d, struct sst_buf *out)
{
	char was[SST_TIME_TEXT], is[SST_TIME_TEXT];
	int64_t from = d->from->captured_at.ms, to = d->to->captured_at.ms;

	sst_time_format_utc(from, false, was);
	sst_time_format_utc(to, false, is);
	sst_buf_adds(out, was);
	sst_buf_adds(out, " -> ");
	/* the day once: YYYY-MM-DDT is what both begin with */
	sst_buf_adds(out, memcmp(was, is, 11) == 0 ? is + 11 : is);
	sst_buf_adds(out, " (");
	text_duration(to - from, out);
	sst_buf_addc(out, ')');
}

static void
text_revision(
    const struct sst_snapshot *s, bool with_epoch, struct sst_buf *out)
{
	sst_buf_json_int(out, (int64_t)s->revision);
	if (!with_epoch)
		return;
	sst_buf_adds(out, " (epoch ");
	words__text(s->epoch, strlen(s->epoch), out);
	sst_buf_addc(out, ')');
}

/* "2 added, 1 moved"; "no changes". */
static void
text_counts(const struct sst_diff_counts *counts, struct sst_buf *out)
{
	bool any = false;
	unsigned op;

	for (op = 0; op < SST_DIFF_OPS; op++) {
		if (counts->op[op] == 0)
			continue;
		if (any)
			sst_buf_adds(out, ", ");
		any = true;
		sst_buf_json_int(out, (int64_t)counts->op[op]);
		sst_buf_addc(out, ' ');
		sst_buf_adds(out, sst_diff_op_name((enum sst_diff_op)op));
	}
	if (!any)
		sst_buf_adds(out, "no changes");
}

static void
text_head(const struct text_printer *t, const struct sst_diff_counts *total)
{
	const struct sst_diff *d = t->diff;
	bool epochs = strcmp(d->from->epoch, d->to->epoch) != 0;

	sst_buf_adds(t->out, "revision ");
	text_revision(d->from, epochs, t->out);
	sst_buf_adds(t->out, " -> ");
	text_revision(d->to, epochs, t->out);
	sst_buf_adds(t->out, ", ");
	text_times(d, t->out);
	sst_buf_adds(t->out, ": ");
	text_counts(total, t->out);
	sst_buf_addc(t->out, '\n');
}

static size_t
text_indent(const struct diff_row *row)
{
	bool child =
	    row->op != SST_DIFF_MOVED && diff__place(row)->child != NULL;

	return child ? 2 * TEXT_INDENT : TEXT_INDENT;
}

static void
text_spaces(struct sst_buf *out, size_t n)
{
	while (n-- > 0)
		sst_buf_addc(out, ' ');
}

/* Appends what the row is about; returns its columns. */
static size_t
text_label(const struct diff_row *row, struct sst_buf *out)
{
	const struct diff_place *at = diff__place(row);
	struct sst_buf raw = SST_BUF_INIT;
	size_t columns;

	if (at->child == NULL && at->active.at == NULL && at->entity != NULL)
		diff__write_label(at->entity, &raw);
	else
		diff__write_name(at, &raw);
	columns = words__text(raw.data, raw.len, out);
	out->failed = out->failed || sst_buf_failed(&raw);
	sst_buf_fini(&raw);
	return columns;
}

static size_t
text_label_columns(const struct text_printer *t, const struct diff_row *row)
{
	struct sst_buf unused = SST_BUF_INIT;
	size_t columns = text_label(row, &unused);

	t->out->failed = t->out->failed || sst_buf_failed(&unused);
	sst_buf_fini(&unused);
	return text_indent(row) + 2 + columns;
}

static const char *
text_colour(const struct text_printer *t, enum sst_diff_op op)
{
	static const char *const colours[SST_DIFF_OPS] = {
	    [SST_DIFF_ADDED] = "\033[32m",
	    [SST_DIFF_REMOVED] = "\033[31m",
	    [SST_DIFF_CHANGED] = "\033[33m",
	    [SST_DIFF_MOVED] = "\033[36m",
	};

	return t->style->colour ? colours[op] : "";
}

/* What stands before a line's details; returns its columns. */
static size_t
text_lead(const struct text_printer *t, const struct diff_row *row)
{
	static const char marks[SST_DIFF_OPS] = {'+', '-', '~', '>'};
	size_t indent = text_indent(row), columns;

	text_spaces(t->out, indent);
	sst_buf_adds(t->out, text_colour(t, row->op));
	sst_buf_addc(t->out, marks[row->op]);
	sst_buf_addc(t->out, ' ');
	columns = indent + 2 + text_label(row, t->out);
	if (t->style->colour)
		sst_buf_adds(t->out, "\033[0m");
	return columns;
}

/* Details begin in one column, two spaces off at least. */
static void
text_align(const struct text_printer *t, size_t column, size_t len)
{
	if (len == 0)
		return;
	text_spaces(t->out, column + 2 < t->column ? t->column - column : 2);
	sst_buf_add(t->out, t->detail.data, len);
}

static void
text_fields_below(const struct text_printer *t, const struct diff_row *row)
{
	const struct sst_diff *d = t->diff;
	uint32_t i;

	for (i = 0; i < row->field_count; i++) {
		if (d->fields[row->field + i].dropped)
			continue;
		sst_buf_addc(t->out, '\n');
		text_spaces(t->out, text_indent(row) + 4);
		words__field(d, &d->fields[row->field + i], t->out);
	}
}

/* A line, or, if that gets too long, one more for each field. */
static void
text_row(struct text_printer *t, const struct diff_row *row)
{
	size_t column = text_lead(t, row), extent;

	sst_buf_clear(&t->detail);
	words__extent(t->diff, row, &t->detail);
	extent = t->detail.len;
	words__fields(t->diff, row, &t->detail);
	t->out->failed = t->out->failed || sst_buf_failed(&t->detail);
	if (column + 2 + words__columns(&t->detail) <= TEXT_COLUMNS) {
		text_align(t, column, t->detail.len);
	} else {
		text_align(t, column, extent);
		text_fields_below(t, row);
	}
	sst_buf_addc(t->out, '\n');
}

/* Names the entity that the children below belong to. */
static void
text_parent(struct text_printer *t, const struct diff_row *row)
{
	const struct diff_place *at = diff__place(row);
	struct sst_buf raw = SST_BUF_INIT;

	if (at->child == NULL || at->entity == t->parent) {
		t->parent = at->entity;
		return;
	}
	/* a removed child has its parent in the other snapshot */
	if (t->parent != NULL && t->parent->key_len == at->entity->key_len &&
	    memcmp(sst_entity_key(t->parent), sst_entity_key(at->entity),
		at->entity->key_len) == 0)
		return;
	t->parent = at->entity;
	diff__write_label(at->entity, &raw);
	text_spaces(t->out, TEXT_INDENT + 2);
	words__text(raw.data, raw.len, t->out);
	sst_buf_addc(t->out, '\n');
	t->out->failed = t->out->failed || sst_buf_failed(&raw);
	sst_buf_fini(&raw);
}

/* Whether the row is one of many that say nothing but a name: a task that came
 * or went. */
static bool
text_is_plain(const struct diff_row *row)
{
	return (row->op == SST_DIFF_ADDED || row->op == SST_DIFF_REMOVED) &&
	       diff__place(row)->child != NULL && row->field_count == 0;
}

static bool
text_is_alike(const struct text_printer *t, const struct diff_row *a,
    const struct diff_row *b)
{
	const struct diff_place *x = diff__place(a), *y = diff__place(b);
	struct sst_buf first = SST_BUF_INIT, second = SST_BUF_INIT;
	bool alike;

	if (!text_is_plain(b) || a->op != b->op || x->entity != y->entity)
		return false;
	words__extent(t->diff, a, &first);
	words__extent(t->diff, b, &second);
	alike =
	    first.len == second.len &&
	    (first.len == 0 || memcmp(first.data, second.data, first.len) == 0);
	sst_buf_fini(&first);
	sst_buf_fini(&second);
	return alike;
}

/* The end of the run of alike rows that begins there. */
static size_t
text_run_end(const struct text_printer *t, size_t first, size_t end)
{
	size_t i = first + 1;

	if (!text_is_plain(t->rows[first]))
		return i;
	while (i < end && text_is_alike(t, t->rows[first], t->rows[i]))
		i++;
	return i;
}

/* "+ 28 queued: task-1, task-2, ... and 12 more" */
static void
text_run(struct text_printer *t, size_t first, size_t end)
{
	const struct diff_row *row = t->rows[first];
	size_t indent = text_indent(row), begin = t->out->len, column, i;
	struct sst_buf name = SST_BUF_INIT;
	unsigned lines = 1;

	text_spaces(t->out, indent);
	sst_buf_adds(t->out, text_colour(t, row->op));
	sst_buf_adds(t->out, row->op == SST_DIFF_ADDED ? "+ " : "- ");
	sst_buf_json_int(t->out, (int64_t)(end - first));
	sst_buf_addc(t->out, ' ');
	words__extent(t->diff, row, t->out);
	if (t->style->colour)
		sst_buf_adds(t->out, "\033[0m");
	sst_buf_addc(t->out, ':');
	column = t->out->len - begin;
	for (i = first; i < end && !sst_buf_failed(t->out); i++) {
		sst_buf_clear(&name);
		text_label(t->rows[i], &name);
		if (column + name.len + 2 > TEXT_COLUMNS) {
			if (lines++ == TEXT_RUN_LINES)
				break;
			sst_buf_addc(t->out, '\n');
			text_spaces(t->out, indent + 3);
			column = indent + 3;
		}
		sst_buf_addc(t->out, ' ');
		sst_buf_add(t->out, name.data, name.len);
		sst_buf_adds(t->out, i + 1 < end ? "," : "");
		column += words__columns(&name) + 2;
	}
	if (i < end) {
		sst_buf_adds(t->out, " and ");
		sst_buf_json_int(t->out, (int64_t)(end - i));
		sst_buf_adds(t->out, " more");
	}
	sst_buf_addc(t->out, '\n');
	t->out->failed = t->out->failed || sst_buf_failed(&name);
	sst_buf_fini(&name);
}

static void
text_section_head(const struct text_printer *t, unsigned section)
{
	struct sst_diff_counts total, by_section[SST_SECTION_COUNT + 1];

	if (section == DIFF_SYSTEM) {
		sst_buf_adds(t->out, "system\n");
		return;
	}
	sst_diff_count(t->diff, &t->style->filter, &total, by_section);
	sst_buf_adds(t->out, diff__section_name(section));
	sst_buf_adds(t->out, ": ");
	text_counts(&by_section[section], t->out);
	sst_buf_addc(t->out, '\n');
}

/* The rows from first to before end, all of one section; moves last. */
static void
text_section(struct text_printer *t, size_t first, size_t end)
{
	size_t i, columns, next;

	t->column = 0;
	t->parent = NULL;
	for (i = first; i < end; i++) {
		columns = text_label_columns(t, t->rows[i]) + 2;
		if (columns > t->column && columns <= TEXT_LABEL)
			t->column = columns;
	}
	text_section_head(t, diff__place(t->rows[first])->section);
	for (i = first; i < end; i = next) {
		next = i + 1;
		if (t->rows[i]->op == SST_DIFF_MOVED)
			continue;
		text_parent(t, t->rows[i]);
		next = text_run_end(t, i, end);
		if (next - i >= TEXT_RUN) {
			text_run(t, i, next);
			continue;
		}
		next = i + 1;
		text_row(t, t->rows[i]);
	}
	for (i = first; i < end; i++) {
		if (t->rows[i]->op == SST_DIFF_MOVED)
			text_row(t, t->rows[i]);
	}
}

/* Of sections of which no row is written, their counts at least. */
static void
text_sections_left(const struct text_printer *t)
{
	struct sst_diff_counts total, by_section[SST_SECTION_COUNT + 1];
	bool written[DIFF_SECTIONS] = {false};
	unsigned section;
	size_t i, sum;

	for (i = 0; i < t->count; i++)
		written[diff__place(t->rows[i])->section] = true;
	sst_diff_count(t->diff, &t->style->filter, &total, by_section);
	for (section = 0; section <= SST_SECTION_SOURCES; section++) {
		for (sum = 0, i = 0; i < SST_DIFF_OPS; i++)
			sum += by_section[section].op[i];
		if (sum > 0 && !written[section])
			text_section_head(t, section);
	}
}

static void
text_sections(struct text_printer *t)
{
	size_t first, end;

	for (first = 0; first < t->count; first = end) {
		end = first + 1;
		while (
		    end < t->count && diff__place(t->rows[end])->section ==
					  diff__place(t->rows[first])->section)
			end++;
		text_section(t, first, end);
	}
}

/* Picks the rows that are written. False: memory ran out. */
static bool
text_pick(struct text_printer *t)
{
	const struct sst_diff *d = t->diff;
	size_t i;

	t->rows = malloc((d->row_count + 1) * sizeof(*t->rows));
	if (t->rows == NULL)
		return false;
	for (i = 0; i < d->row_count && t->count < t->style->limit; i++) {
		if (diff__passes(d, &d->rows[i], &t->style->filter))
			t->rows[t->count++] = &d->rows[i];
	}
	return true;
}

void
sst_diff_write_text(const struct sst_diff *diff,
    const struct sst_diff_style *style, struct sst_buf *out)
{
	struct text_printer t = {.diff = diff, .style = style, .out = out};
	struct sst_diff_counts total;
	size_t op, all = 0;

	sst_diff_count(diff, &style->filter, &total, NULL);
	for (op = 0; op < SST_DIFF_OPS; op++)
		all += total.op[op];
	text_head(&t, &total);
	if (!text_pick(&t)) {
		out->failed = true;
		return;
	}
	text_sections(&t);
	if (all > t.count) {
		text_sections_left(&t);
		sst_buf_adds(out, "... and ");
		sst_buf_json_int(out, (int64_t)(all - t.count));
		sst_buf_adds(out, " more\n");
	}
	sst_buf_fini(&t.detail);
	free(t.rows);
}
