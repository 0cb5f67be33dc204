/* In the place of what the service cannot do yet; goes away with it. */
#include "service/past.h"
#include "service/service.h"
#include "service/watch.h"

#ifdef API_PAST_ABSENT
int
sst_past_open(struct sst_service *service, struct sst_past **out,
    struct sst_error *err)
{
	(void)service;
	(void)out;
	return sst_error_set(err, SST_UNSUPPORTED, "there is no past yet");
}

void
sst_past_close(struct sst_past **past)
{
	*past = NULL;
}

int
sst_past_snapshot(struct sst_past *past, const struct sst_moment *moment,
    struct sst_snapshot **out, struct sst_error *err)
{
	(void)past;
	(void)moment;
	(void)out;
	return sst_error_set(err, SST_UNSUPPORTED, "there is no past yet");
}

void
sst_past_bounds(struct sst_past *past, struct sst_past_bounds *out)
{
	(void)past;
	*out = (struct sst_past_bounds){"", 0, 0, {0}};
}

int
sst_past_list(struct sst_past *past, const struct sst_past_query *query,
    struct sst_past_row **out, size_t *count_out, struct sst_error *err)
{
	(void)past;
	(void)query;
	(void)out;
	(void)count_out;
	return sst_error_set(err, SST_UNSUPPORTED, "there is no past yet");
}

void
sst_past_rows_free(struct sst_past_row *rows, size_t count)
{
	(void)rows;
	(void)count;
}

void
sst_service_history_figures(
    struct sst_service *service, struct sst_service_history *out)
{
	(void)service;
	*out = (struct sst_service_history){.status = "off"};
}
#endif

#ifdef API_WATCH_ABSENT
int
sst_watch_open(struct sst_service *service,
    const struct sst_watch_settings *settings, struct sst_watch **out,
    struct sst_error *err)
{
	(void)service;
	(void)settings;
	(void)out;
	return sst_error_set(err, SST_UNSUPPORTED, "nothing to watch yet");
}

int
sst_watch_next(struct sst_watch *watch, struct sst_watch_event *out)
{
	(void)watch;
	(void)out;
	return SST_CANCELED;
}

void
sst_watch_event_fini(struct sst_watch_event *event)
{
	(void)event;
}

void
sst_watch_close(struct sst_watch **watch)
{
	*watch = NULL;
}

void
sst_watch_stop(struct sst_service *service)
{
	(void)service;
}
#endif
