/* Making the bodies of events. No lock is held here. */
#include <stdlib.h>
#include <string.h>

#include "service/watch_priv.h"

void
sst_watch_event_fini(struct sst_watch_event *event)
{
	sst_body_release(&event->body);
}

static int
event_null_body(struct sst_body **out, struct sst_error *err)
{
	struct sst_buf b = SST_BUF_INIT;
	size_t len = 0;
	char *bytes;

	sst_buf_adds(&b, "null");
	bytes = sst_buf_take(&b, &len);
	return bytes == NULL ? sst_error_nomem(err)
			     : sst_body_new(bytes, len, out, err);
}

void
watch__event_at(struct sst_watch_event *event, enum sst_watch_event_kind kind,
    const struct sst_snapshot *at)
{
	event->kind = kind;
	memcpy(event->epoch, at->epoch, sizeof(event->epoch));
	event->revision = at->revision;
	event->body = NULL;
}

int
watch__make_state(const struct watch_projection *projection,
    struct sst_snapshot *at, struct sst_watch_event *out)
{
	const struct sst_projection how = {SST_VIEW_FULL, projection->sections,
	    false, SST_CODING_IDENTITY};
	struct sst_body *body = NULL;
	struct sst_entity_ref ref;
	struct sst_error err;
	int rc;

	if (projection->path == NULL) {
		rc = sst_snapshot_body(at, &how, &body, &err);
	} else {
		ref = watch__find(projection, at);
		rc = ref.entity == NULL
		    ? event_null_body(&body, &err)
		    : sst_snapshot_entity_body(at, ref, &how, &body, &err);
	}
	if (rc != SST_OK)
		return rc;
	watch__event_at(out, SST_WATCH_STATE, at);
	out->body = body;
	return SST_OK;
}

size_t
watch__count(const struct sst_diff *diff, const struct sst_diff_filter *filter)
{
	struct sst_diff_counts total = {{0}};
	size_t i, n = 0;

	sst_diff_count(diff, filter, &total, NULL);
	for (i = 0; i < SST_DIFF_OPS; i++)
		n += total.op[i];
	return n;
}

/*
 * A section that came, went or became known is one row of a diff, which does
 * not tell its entities.
 */
static bool
event_presence_differs(const struct watch_projection *projection,
    const struct sst_snapshot *from, const struct sst_snapshot *to)
{
	unsigned id;

	for (id = 0; id < SST_SECTION_COUNT; id++) {
		if ((projection->sections & 1u << id) != 0 &&
		    from->presence[id] != to->presence[id])
			return true;
	}
	return false;
}

static int
event_write_change(const struct sst_diff *diff,
    const struct sst_diff_style *style, struct sst_body **out)
{
	struct sst_buf b = SST_BUF_INIT;
	struct sst_error err;
	size_t len = 0;
	char *bytes;

	sst_diff_write_json(diff, style, &b);
	if (sst_buf_failed(&b)) {
		sst_buf_fini(&b);
		return SST_NOMEM;
	}
	bytes = sst_buf_take(&b, &len);
	return sst_body_new(bytes, len, out, &err);
}

int
watch__make_change(const struct watch_projection *projection,
    const struct watch_step *step, struct sst_watch_event *out)
{
	const struct sst_diff_style style = {
	    .filter = {projection->sections, projection->text,
		projection->text_len},
	    .limit = WATCH_CHANGES_MAX,
	};
	struct sst_body *body = NULL;
	size_t count;
	int rc;

	/* reading a long list once for each of many keys takes too long */
	if (event_presence_differs(projection, step->from, step->to) ||
	    (projection->path != NULL && step->changes > WATCH_CHANGES_MAX))
		return watch__make_state(projection, step->to, out);
	count = watch__count(step->diff, &style.filter);
	if (count == 0)
		return SST_NODATA;
	if (count > WATCH_CHANGES_MAX)
		return watch__make_state(projection, step->to, out);
	rc = event_write_change(step->diff, &style, &body);
	if (rc != SST_OK)
		return rc;
	watch__event_at(out, SST_WATCH_CHANGE, step->to);
	out->body = body;
	return SST_OK;
}

bool
watch__same_epoch(const struct sst_snapshot *a, const struct sst_snapshot *b)
{
	return memcmp(a->epoch, b->epoch, sizeof(a->epoch)) == 0;
}

bool
watch__ahead(const struct sst_snapshot *a, const struct sst_snapshot *b)
{
	return watch__same_epoch(a, b) && a->revision > b->revision;
}

/* What leads a single watcher from one snapshot to another. */
static int
event_lead(const struct watch_projection *projection,
    struct sst_snapshot *from, struct sst_snapshot *to,
    struct sst_watch_event *out)
{
	struct watch_view a, b;
	struct watch_step step = {.from = from, .to = to};
	struct sst_error err;
	int rc;

	if (!watch__same_epoch(from, to))
		return watch__make_state(projection, to, out);
	if (from->revision >= to->revision)
		return SST_NODATA;
	watch__view_init(&a, from);
	watch__view_init(&b, to);
	if (!watch__differs(projection, &a, &b, NULL))
		return SST_NODATA;
	rc = sst_diff_new(from, to, &step.diff, &err);
	if (rc == SST_OK)
		rc = watch__make_change(projection, &step, out);
	sst_diff_free(&step.diff);
	return rc;
}

/* The same for a long poll: the hashes tell all. */
static int
event_poll(const struct watch_projection *projection,
    struct sst_snapshot *from, struct sst_snapshot *to,
    struct sst_watch_event *out)
{
	struct watch_view a, b;

	if (from != NULL && watch__same_epoch(from, to)) {
		watch__view_init(&a, from);
		watch__view_init(&b, to);
		if (from->revision >= to->revision ||
		    !watch__differs(projection, &a, &b, NULL))
			return SST_NODATA;
	}
	watch__event_at(out, SST_WATCH_CHANGE, to);
	return SST_OK;
}

int
watch__make_first(const struct watch_projection *projection, bool poll,
    struct sst_snapshot *from, struct sst_snapshot *to,
    struct sst_watch_event *out)
{
	if (poll)
		return event_poll(projection, from, to, out);
	if (from == NULL)
		return watch__make_state(projection, to, out);
	return event_lead(projection, from, to, out);
}
