/* What the history lists about a revision: how much changed, and whose doing
 * it was. */
#include <stdlib.h>
#include <string.h>

#include "service/diff_priv.h"

/* Names of sources as JSON strings, each once. */
struct note_causes {
	struct fields_span *names;
	size_t count;
	size_t cap;
	bool failed;
	/* Children follow each other: looked at once for all of them. */
	const struct sst_entity *seen[2];
};

static void
note_add(struct note_causes *causes, struct fields_span name)
{
	struct fields_span *more;
	size_t i;

	if (name.at == NULL || *name.at != '"')
		return;
	/* mostly that of the row before */
	for (i = causes->count; i-- > 0;) {
		if (fields__same(causes->names[i], name))
			return;
	}
	more = diff__grow(
	    causes->names, causes->count, &causes->cap, sizeof(*more));
	if (more == NULL) {
		causes->failed = true;
		return;
	}
	causes->names = more;
	more[causes->count++] = name;
}

static bool
note_starts(const char *name, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(name, word, strlen(word)) == 0;
}

/* A source that fails, recovers, comes or goes, or of whose system something
 * else is told; not one that only has more or fewer entities. */
static bool
note_source_changed(const struct sst_diff *d, const struct diff_row *row)
{
	const struct diff_field *field = d->fields + row->field;
	const char *name;
	uint32_t i;

	if (row->op != SST_DIFF_CHANGED)
		return true;
	for (i = 0; i < row->field_count; i++) {
		name = d->names.data + field[i].name;
		if (note_starts(name, field[i].name_len, "status") ||
		    note_starts(name, field[i].name_len, "error") ||
		    note_starts(name, field[i].name_len, "upstream"))
			return true;
	}
	return false;
}

/* The row of the source of that name; absent: there is none. */
static struct fields_span
note_source(const struct sst_snapshot *snapshot, struct fields_span name)
{
	const struct sst_section *sources = snapshot->sources;
	struct fields_span row;
	size_t i;

	for (i = 0; i < sources->count; i++) {
		row = fields__of(sources->entities[i]);
		if (fields__same(fields__find(row, "name"), name))
			return row;
	}
	return (struct fields_span){NULL, 0};
}

static bool
note_source_moved(const struct sst_diff *d, struct fields_span name)
{
	struct fields_span from = note_source(d->from, name);
	struct fields_span to = note_source(d->to, name);

	if (from.at == NULL || to.at == NULL)
		return true;
	return !fields__same(
	    fields__find(from, "changed_at"), fields__find(to, "changed_at"));
}

/* The next name of an array of texts; absent: no more. */
static struct fields_span
note_next(const char **at, const char *end)
{
	struct fields_span name = {NULL, 0};

	if (*at < end && (**at == '[' || **at == ','))
		(*at)++;
	if (*at < end && **at == '"') {
		name.at = *at;
		*at = fields__skip(*at, end);
		name.len = (size_t)(*at - name.at);
	}
	return name;
}

/* Of an agent that several sources know: those that told something new. Times
 * of change have whole seconds: when none of them is another, any of them. */
static void
note_merged(const struct sst_diff *d, struct fields_span sources,
    struct note_causes *causes)
{
	const char *end = sources.at + sources.len, *at;
	bool any = false, all;
	struct fields_span name;

	for (all = false;; all = true) {
		at = sources.at;
		while ((name = note_next(&at, end)).at != NULL) {
			if (!all && !note_source_moved(d, name))
				continue;
			note_add(causes, name);
			any = true;
		}
		if (any || all)
			return;
	}
}

static void
note_entity(const struct sst_diff *d, const struct sst_entity *entity,
    struct note_causes *causes)
{
	struct fields_span own = fields__of(entity);
	struct fields_span merged = fields__find(own, "merged_from");

	if (merged.at != NULL && *merged.at == '[')
		note_merged(d, merged, causes);
	else
		note_add(causes, fields__find(own, "source"));
}

static void
note_place(const struct sst_diff *d, const struct diff_row *row, bool to,
    struct note_causes *causes)
{
	const struct diff_place *place = to ? &row->to : &row->from;

	if (place->entity == NULL || place->entity == causes->seen[to])
		return;
	causes->seen[to] = place->entity;
	if (place->section != SST_SECTION_SOURCES)
		note_entity(d, place->entity, causes);
	else if (note_source_changed(d, row))
		note_add(
		    causes, fields__find(fields__of(place->entity), "name"));
}

static int
note_compare(const void *a, const void *b)
{
	const struct fields_span *x = a, *y = b;
	int c = memcmp(x->at, y->at, x->len < y->len ? x->len : y->len);

	return c != 0 ? c : (x->len > y->len) - (x->len < y->len);
}

static void
note_causes(const struct sst_diff *d, struct sst_buf *out)
{
	struct note_causes causes = {0};
	size_t i;

	for (i = 0; i < d->row_count; i++) {
		note_place(d, &d->rows[i], false, &causes);
		note_place(d, &d->rows[i], true, &causes);
	}
	if (causes.count > 1)
		qsort(causes.names, causes.count, sizeof(*causes.names),
		    note_compare);
	sst_buf_addc(out, '[');
	for (i = 0; i < causes.count; i++) {
		if (i > 0)
			sst_buf_addc(out, ',');
		sst_buf_add(out, causes.names[i].at, causes.names[i].len);
	}
	sst_buf_addc(out, ']');
	out->failed = out->failed || causes.failed;
	free(causes.names);
}

void
sst_diff_write_note(const struct sst_diff *diff, struct sst_buf *out)
{
	const struct sst_diff_filter all = {SST_SECTIONS_ALL, NULL, 0};

	sst_buf_adds(out, "{\"summary\":");
	diff__write_summary(diff, &all, out);
	sst_buf_adds(out, ",\"cause\":");
	note_causes(diff, out);
	sst_buf_addc(out, '}');
}
