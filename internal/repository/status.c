/* What the figures of a slot mean. Pure. */
#include "repository/repository.h"

const char *
sst_status_name(enum sst_status status)
{
	static const char *const names[] = {
	    [SST_STATUS_OK] = "ok",
	    [SST_STATUS_STALE] = "stale",
	    [SST_STATUS_DEGRADED] = "degraded",
	    [SST_STATUS_DOWN] = "down",
	    [SST_STATUS_PENDING] = "pending",
	    [SST_STATUS_DISABLED] = "disabled",
	};

	return names[status];
}

enum sst_status
sst_slot_status(const struct sst_slot_view *view, struct sst_mono now,
    struct sst_mono *until_out)
{
	struct sst_mono stale, down;

	*until_out = SST_MONO_NEVER;
	if (!view->enabled)
		return SST_STATUS_DISABLED;
	if (view->harvest == NULL)
		return view->consecutive_failures > 0 ? SST_STATUS_DOWN
						      : SST_STATUS_PENDING;
	stale = sst_mono_add_ms(view->observed, view->max_age_ms);
	down = sst_mono_add_ms(view->observed, view->down_after_ms);
	if (sst_mono_before(now, stale)) {
		*until_out = stale;
		return view->harvest->flaw.code == SST_OK
		    ? SST_STATUS_OK
		    : SST_STATUS_DEGRADED;
	}
	if (view->consecutive_failures == 0)
		return SST_STATUS_STALE;
	if (sst_mono_before(now, down)) {
		*until_out = down;
		return SST_STATUS_STALE;
	}
	return SST_STATUS_DOWN;
}
