/*
 * The difference as an RFC 7396 merge patch. Of the full view, arrays of
 * entities are replaced whole, as the RFC has it; of the keyed view, what
 * diff_merge_keyed.c writes.
 */
#include <string.h>

#include "base/time.h"
#include "service/diff_merge.h"

void
merge__name(struct merger *m, const char *name, size_t len)
{
	if (!m->first)
		sst_buf_addc(m->out, ',');
	m->first = false;
	sst_buf_json_string(m->out, name, len);
	sst_buf_addc(m->out, ':');
}

static void
merge_text(struct merger *m, const char *name, const char *from, const char *to)
{
	if (strcmp(from, to) == 0)
		return;
	merge__name(m, name, strlen(name));
	sst_buf_json_string(m->out, to, strlen(to));
}

static void
merge_head(struct merger *m, const struct sst_diff *d)
{
	char was[SST_TIME_TEXT], is[SST_TIME_TEXT];

	sst_time_format_utc(d->from->captured_at.ms, true, was);
	sst_time_format_utc(d->to->captured_at.ms, true, is);
	merge_text(m, "id", d->from->id, d->to->id);
	merge_text(m, "schema_version", d->from->schema_version,
	    d->to->schema_version);
	merge_text(m, "epoch", d->from->epoch, d->to->epoch);
	if (d->from->revision != d->to->revision) {
		merge__name(m, "revision", 8);
		sst_buf_json_int(m->out, (int64_t)d->to->revision);
	}
	merge_text(m, "captured_at", was, is);
}

static int
merge_section(struct merger *m, const struct sst_shape *shape,
    const struct sst_section *from, const struct sst_section *to)
{
	const char *name = sst_section_name(to->id);

	if (from == to || sst_hash_equal(from->hash, to->hash))
		return SST_OK;
	merge__name(m, name, strlen(name));
	if (m->keyed)
		return merge__entities(m, shape,
		    &(struct sst_match_list){from->entities, from->count},
		    &(struct sst_match_list){to->entities, to->count});
	sst_section_encode(to, m->out);
	return SST_OK;
}

/* A section that is not known on both sides; null takes one away, and is what
 * an unknown one looks like. */
static void
merge_presence(
    struct merger *m, const struct sst_diff *d, enum sst_section_id id)
{
	const char *name = sst_section_name(id);

	merge__name(m, name, strlen(name));
	if (d->to->sections[id] == NULL)
		sst_buf_adds(m->out, "null");
	else if (m->keyed)
		merge__section(m, d->shapes[id], d->to->sections[id]);
	else
		sst_section_encode(d->to->sections[id], m->out);
}

static int
merge_document(struct merger *m, const struct sst_diff *d, unsigned sections)
{
	const struct sst_snapshot *from = d->from, *to = d->to;
	unsigned id;
	int rc;

	merge_head(m, d);
	rc = merge_section(
	    m, d->shapes[SST_SECTION_SOURCES], from->sources, to->sources);
	for (id = 0; rc == SST_OK && id < SST_SECTION_COUNT; id++) {
		if ((sections & 1u << id) == 0)
			continue;
		if (from->presence[id] != to->presence[id])
			merge_presence(m, d, (enum sst_section_id)id);
		else if (from->sections[id] != NULL)
			rc = merge_section(m, d->shapes[id], from->sections[id],
			    to->sections[id]);
	}
	return rc;
}

int
sst_diff_write_merge_patch(const struct sst_diff *diff, enum sst_view view,
    unsigned sections, struct sst_buf *out, struct sst_error *err)
{
	struct merger m = {.out = out,
	    .first = true,
	    .keyed = view == SST_VIEW_KEYED,
	    .err = err};
	int rc;

	if (view != SST_VIEW_FULL && view != SST_VIEW_KEYED)
		return sst_error_set(err, SST_UNSUPPORTED,
		    "a merge patch is of the full or the keyed view");
	sst_buf_addc(out, '{');
	rc = merge_document(&m, diff, sections);
	sst_buf_addc(out, '}');
	sst_buf_fini(&m.text);
	if (rc == SST_OK && sst_buf_failed(out))
		rc = sst_error_nomem(err);
	return rc;
}
