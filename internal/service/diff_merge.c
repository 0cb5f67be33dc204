/*
 * The difference as an RFC 7396 merge patch. Of the full view, arrays of
 * entities are replaced whole, as the RFC has it.
 */
#include <string.h>

#include "base/time.h"
#include "service/diff_priv.h"

struct merger {
	struct sst_buf *out;
	bool first; /* of the object being written */
	struct sst_error *err;
};

static void
merge_name(struct merger *m, const char *name, size_t len)
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
	merge_name(m, name, strlen(name));
	sst_buf_json_string(m->out, to, strlen(to));
}

static void
merge_head(struct merger *m, const struct sst_diff *d)
{
	char was[SST_TIME_TEXT], is[SST_TIME_TEXT];

	sst_time_format_utc(d->from->captured_at.ms, true, was);
	sst_time_format_utc(d->to->captured_at.ms, true, is);
	merge_text(m, "id", d->from->id, d->to->id);
	merge_text(m, "epoch", d->from->epoch, d->to->epoch);
	if (d->from->revision != d->to->revision) {
		merge_name(m, "revision", 8);
		sst_buf_json_int(m->out, (int64_t)d->to->revision);
	}
	merge_text(m, "captured_at", was, is);
}

static void
merge_section(struct merger *m, const struct sst_section *from,
    const struct sst_section *to)
{
	const char *name = sst_section_name(to->id);

	if (from == to || sst_hash_equal(from->hash, to->hash))
		return;
	merge_name(m, name, strlen(name));
	sst_section_encode(to, m->out);
}

/* A section that is not known on both sides; null takes one away, and is what
 * an unknown one looks like. */
static void
merge_presence(
    struct merger *m, const struct sst_diff *d, enum sst_section_id id)
{
	const char *name = sst_section_name(id);

	merge_name(m, name, strlen(name));
	if (d->to->sections[id] == NULL)
		sst_buf_adds(m->out, "null");
	else
		sst_section_encode(d->to->sections[id], m->out);
}

static void
merge_document(struct merger *m, const struct sst_diff *d, unsigned sections)
{
	const struct sst_snapshot *from = d->from, *to = d->to;
	unsigned id;

	merge_head(m, d);
	merge_section(m, from->sources, to->sources);
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		if ((sections & 1u << id) == 0)
			continue;
		if (from->presence[id] != to->presence[id])
			merge_presence(m, d, (enum sst_section_id)id);
		else if (from->sections[id] != NULL)
			merge_section(
			    m, from->sections[id], to->sections[id]);
	}
}

int
sst_diff_write_merge_patch(const struct sst_diff *diff, enum sst_view view,
    unsigned sections, struct sst_buf *out, struct sst_error *err)
{
	struct merger m = {.out = out, .first = true, .err = err};

	if (view != SST_VIEW_FULL)
		return sst_error_set(err, SST_UNSUPPORTED,
		    "a merge patch is of the full or the keyed view");
	sst_buf_addc(out, '{');
	merge_document(&m, diff, sections);
	sst_buf_addc(out, '}');
	return sst_buf_failed(out) ? sst_error_nomem(err) : SST_OK;
}
