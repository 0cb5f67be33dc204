/* How the source stands with what it reads. */
#include <string.h>

#include "repository/queues/rq_priv.h"

static const char *const tell_names[RQ_FACTS] = {
    [RQ_FACT_DISCOVERY] = "discovery",
    [RQ_FACT_STARTED] = "started",
    [RQ_FACT_READY] = "ready",
    [RQ_FACT_SCHEDULED] = "scheduled",
    [RQ_FACT_DEFERRED] = "deferred",
    [RQ_FACT_FAILED] = "failed",
    [RQ_FACT_JOBS] = "jobs",
    [RQ_FACT_ERRORS] = "errors",
    [RQ_FACT_WORKERS] = "workers",
};

void
rq__fact_failed(
    struct rq_read *read, enum rq_fact fact, const struct sst_error *why)
{
	if (read->facts[fact].code != SST_OK)
		return;
	read->facts[fact] = *why;
	sst_draft_degrade(
	    read->out, why->code, "%s: %s", tell_names[fact], why->text);
}

static const char *
tell_state(const struct rq_read *read, enum rq_fact fact)
{
	if (fact == RQ_FACT_DISCOVERY && read->rq->settings.queues.count > 0)
		return "disabled";
	switch (read->facts[fact].code) {
	case SST_OK:
		return "ok";
	case SST_FORBIDDEN:
		return "forbidden";
	case SST_UNSUPPORTED:
		return "unsupported";
	default:
		return "failing";
	}
}

static bool
tell_part(const struct rq_read *read, enum rq_fact fact, json_t *parts)
{
	const struct sst_error *why = &read->facts[fact];
	json_t *row = json_object();

	if (json_array_append_new(parts, row) != 0)
		return false;
	return json_object_set_new(
		   row, "name", json_string(tell_names[fact])) == 0 &&
	       json_object_set_new(
		   row, "state", json_string(tell_state(read, fact))) == 0 &&
	       (why->code == SST_OK || json_object_set_new(row, "reason",
					   json_string(why->text)) == 0);
}

int
rq__tell_upstream(struct rq_read *read, struct sst_error *err)
{
	json_t *upstream = json_object(), *parts = json_array();
	bool good = true;
	int fact;

	for (fact = 0; good && fact < RQ_FACTS; fact++)
		good = tell_part(read, (enum rq_fact)fact, parts);
	good = json_object_set_new(upstream, "parts", parts) == 0 && good;
	if (!good ||
	    json_object_set_new(upstream, "status", json_string("ok")) != 0 ||
	    !sst_redis_describe(read->rq->redis, upstream)) {
		json_decref(upstream);
		return sst_error_nomem(err);
	}
	return sst_draft_upstream(read->out, upstream, err);
}
