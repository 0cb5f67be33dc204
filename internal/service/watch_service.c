/* Watching a service: all of it is done by its hub. */
#include <string.h>

#include "service/service_state.h"
#include "service/watch_hub.h"

int
sst_watch_open(struct sst_service *service,
    const struct sst_watch_settings *settings, struct sst_watch **out,
    struct sst_error *err)
{
	if (service->hub == NULL)
		return sst_error_set(
		    err, SST_UNSUPPORTED, "this service cannot be watched");
	return watch__hub_open(service->hub, settings, out, err);
}

void
sst_watch_stop(struct sst_service *service)
{
	if (service->hub != NULL)
		watch__hub_stop(service->hub);
}

void
sst_watch_figures(struct sst_service *service, struct sst_watch_figures *out)
{
	memset(out, 0, sizeof(*out));
	if (service->hub != NULL)
		watch__hub_figures(service->hub, out);
}
