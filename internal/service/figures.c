/* Live figures of the sources. */
#include <stdlib.h>
#include <string.h>

#include "service/fields.h"
#include "service/service_state.h"

void
sst_source_figures_free(struct sst_source_figures *figures, size_t count)
{
	size_t i;

	if (figures == NULL)
		return;
	for (i = 0; i < count; i++) {
		free(figures[i].name);
		free(figures[i].kind);
		free(figures[i].error_code);
		free(figures[i].error_message);
		free(figures[i].upstream);
	}
	free(figures);
}

static double
figures_seconds(int64_t ns)
{
	return ns < 0 ? -1 : (double)ns / 1e9;
}

static int
figures_error(struct sst_source_figures *f, const struct sst_slot_view *v)
{
	if (v->error.code == SST_OK)
		return 0;
	f->error_code = strdup(sst_code_name(v->error.code));
	f->error_message = strdup(v->error.text);
	return f->error_code == NULL || f->error_message == NULL ? -1 : 0;
}

static int
figures_of_harvest(struct sst_source_figures *f, const struct sst_slot_view *v,
    struct sst_mono now)
{
	f->age_seconds = -1;
	if (v->harvest == NULL)
		return 0;
	f->observed_at_ms = v->observed_wall.ms;
	f->age_seconds = (double)sst_mono_diff_ms(now, v->observed) / 1000;
	f->entities = v->harvest->count;
	f->rejected = v->harvest->rejected;
	f->bytes = v->harvest->bytes;
	if (v->harvest->upstream == NULL)
		return 0;
	f->upstream = strndup(v->harvest->upstream, v->harvest->upstream_len);
	return f->upstream == NULL ? -1 : 0;
}

static int
figures_fill(struct sst_source_figures *f, const struct sst_slot_view *v,
    struct sst_mono now)
{
	struct sst_mono until;

	f->name = strdup(v->name);
	f->kind = strdup(v->kind);
	f->section = v->section;
	f->status = sst_status_name(sst_slot_status(v, now, &until));
	f->max_age_seconds = (double)v->max_age_ms / 1000;
	f->interval_seconds = (double)v->interval_ms / 1000;
	f->last_duration_seconds = figures_seconds(v->last_duration_ns);
	f->total_duration_seconds = figures_seconds(v->total_duration_ns);
	f->attempts = v->attempts;
	f->failures = v->failures;
	f->consecutive_failures = v->consecutive_failures;
	f->rejected_total = v->rejected_total;
	f->next_attempt_seconds = -1;
	if (v->enabled)
		f->next_attempt_seconds =
		    sst_mono_before(now, v->next)
			? (double)sst_mono_diff_ms(v->next, now) / 1000
			: 0;
	if (figures_of_harvest(f, v, now) != 0 || f->name == NULL ||
	    f->kind == NULL)
		return -1;
	return figures_error(f, v);
}

/*
 * That another source has the same keys shows only where all of them are put
 * together: what the document says of it holds here, too.
 */
static int
figures_twins(struct sst_source_figures *f, const struct sst_snapshot *current)
{
	const struct fields_span exists = {"\"exists\"", 8};
	const struct sst_entity *row =
	    sst_section_find(current->sources, f->name, strlen(f->name));
	struct sst_buf message = SST_BUF_INIT;
	struct fields_span error;

	if (row == NULL ||
	    strcmp(f->status, sst_status_name(SST_STATUS_OK)) != 0)
		return 0;
	error = fields__find(fields__of(row), "error");
	if (error.at == NULL || *error.at != '{' ||
	    !fields__same(fields__find(error, "code"), exists))
		return 0;
	f->status = sst_status_name(SST_STATUS_DEGRADED);
	if (f->error_code != NULL)
		return 0;
	fields__text(fields__find(error, "message"), &message);
	f->error_code = strdup(sst_code_name(SST_EXISTS));
	f->error_message = sst_buf_take(&message, NULL);
	return f->error_code == NULL || f->error_message == NULL ? -1 : 0;
}

static int
figures_fill_all(struct sst_source_figures *figures,
    const struct sst_slot_view *views, size_t count,
    const struct sst_snapshot *current, struct sst_mono now)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (figures_fill(&figures[i], &views[i], now) != 0 ||
		    (current != NULL &&
			figures_twins(&figures[i], current) != 0))
			return -1;
	}
	return 0;
}

static int
figures_make(struct sst_service *service, const struct sst_slot_view *views,
    size_t count, struct sst_source_figures **out)
{
	struct sst_mono now = sst_clock_mono(sst_service_clock(service));
	struct sst_snapshot *current = service__current(service);
	struct sst_source_figures *figures;
	int rc = -1;

	figures = calloc(count + 1, sizeof(*figures));
	if (figures != NULL)
		rc = figures_fill_all(figures, views, count, current, now);
	sst_snapshot_release(&current);
	if (rc != 0)
		sst_source_figures_free(figures, count);
	else
		*out = figures;
	return rc;
}

int
sst_service_sources(struct sst_service *service,
    struct sst_source_figures **out, size_t *count_out, struct sst_error *err)
{
	struct sst_slot_view *views = NULL;
	size_t count = 0;
	int rc;

	/* the names in the views live only as long as the sources do */
	rc = sst_repository_read(service__enter(service), &views, &count, err);
	if (rc == SST_OK && figures_make(service, views, count, out) != 0)
		rc = sst_error_nomem(err);
	sst_slot_views_free(views, count);
	service__leave(service);
	if (rc == SST_OK)
		*count_out = count;
	return rc;
}

void
sst_service_history_figures(
    struct sst_service *service, struct sst_service_history *out)
{
	chronicle__figures(&service->chronicle, out);
}
