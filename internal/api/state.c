/* /system/state and its parts. */
#include <inttypes.h>
#include <string.h>

#include "api/state.h"

void
api__state_headers(struct api_response *rs, const struct sst_snapshot *s)
{
	api__header_number(rs, "Systate-Revision", s->revision);
	api__header_copy(rs, "Systate-Epoch", s->epoch);
}

static struct sst_projection
state_projection(const struct api_request *rq)
{
	struct sst_projection p = {rq->params.view, rq->params.sections,
	    rq->params.pretty, rq->coding};

	return p;
}

static bool
source_is_old(const struct sst_source_figures *f, double max_age_seconds)
{
	return f->age_seconds < 0 || f->age_seconds > max_age_seconds;
}

/* Sets the problem when a source of those sections is older than max_age. */
static void
state_check_age(struct api_request *rq, unsigned sections)
{
	struct sst_source_figures *figures;
	double max_age = (double)rq->params.max_age_ms / 1000;
	struct sst_error err;
	size_t i, count;

	if ((rq->params.given & API_PARAM_MAX_AGE) == 0)
		return;
	if (sst_service_sources(rq->api->service, &figures, &count, &err)) {
		api__fail(rq, &err);
		return;
	}
	for (i = 0; i < count; i++) {
		const struct sst_source_figures *f = &figures[i];

		if ((sections & 1u << f->section) == 0 ||
		    strcmp(f->status, "disabled") == 0 ||
		    !source_is_old(f, max_age))
			continue;
		if (f->age_seconds < 0)
			api__problem_set(&rq->problem, API_NOT_FRESH,
			    "Source %s has never answered.", f->name);
		else
			api__problem_set(&rq->problem, API_NOT_FRESH,
			    "Source %s was last observed %.3f s ago, max_age "
			    "is %.3f s.",
			    f->name, f->age_seconds, max_age);
		api__problem_parameter(&rq->problem, "max_age");
		rq->problem.retry_after =
		    f->next_attempt_seconds < 1
			? 1
			: (int)f->next_attempt_seconds + 1;
		break;
	}
	sst_source_figures_free(figures, count);
}

static void
state_finish(struct api_request *rq, struct api_response *rs,
    const struct sst_snapshot *s, struct sst_body *body)
{
	const struct sst_moment *at = &rq->params.at;

	rs->immutable =
	    at->kind == SST_MOMENT_REVISION && at->epoch[0] != '\0';
	api__state_headers(rs, s);
	api__respond_body(rq, rs, body, s->captured_at.ms);
}

static void
state_respond(
    struct api_request *rq, struct api_response *rs, struct sst_snapshot *s)
{
	struct sst_projection how = state_projection(rq);
	struct sst_body *body;
	struct sst_error err;

	state_check_age(rq, rq->params.sections);
	if (rq->problem.kind != API_NO_PROBLEM)
		return;
	if (sst_snapshot_body(s, &how, &body, &err) == SST_OK)
		state_finish(rq, rs, s, body);
	else
		api__fail(rq, &err);
}

/* Nothing changed up to a revision before s: that one is the next since, and
 * the tag of s would be that of something else. */
static void
state_stood(struct api_request *rq, struct api_response *rs,
    const struct sst_snapshot *s)
{
	state_check_age(rq, rq->params.sections);
	if (rq->problem.kind != API_NO_PROBLEM)
		return;
	api__header_number(rs, "Systate-Revision", rq->params.since.revision);
	api__header_copy(rs, "Systate-Epoch", s->epoch);
	api__respond_unchanged(rs);
}

void
api__get_state(struct api_request *rq, struct api_response *rs)
{
	struct sst_snapshot *s = api__state_snapshot(rq);
	enum api_since since = API_SINCE_CHANGED;

	if (s == NULL)
		return;
	if ((rq->params.given & API_PARAM_SINCE) != 0)
		since = api__state_since(rq, &s);
	rs->unchanged = since == API_SINCE_SAME;
	if (since == API_SINCE_STOOD)
		state_stood(rq, rs, s);
	else if (since != API_SINCE_UNDECIDED)
		state_respond(rq, rs, s);
	sst_snapshot_release(&s);
}

/* The problem for a section that cannot be served, if it is so. */
static void
section_check(struct api_request *rq, const struct sst_snapshot *s,
    enum sst_section_id id)
{
	const char *name = sst_section_name(id);

	if (s->presence[id] == SST_ABSENT) {
		api__problem_set(&rq->problem, API_NOT_CONFIGURED,
		    "No source is configured for the section %s.", name);
	} else if (s->presence[id] == SST_UNKNOWN &&
		   (rq->params.given & API_PARAM_AT) != 0) {
		api__problem_set(&rq->problem, API_NOT_FOUND,
		    "The section %s was not known yet in revision %" PRIu64
		    ".",
		    name, s->revision);
	} else if (s->presence[id] == SST_UNKNOWN) {
		api__problem_set(&rq->problem, API_SECTION_UNKNOWN,
		    "The source of the section %s has never answered; "
		    "/system/sources says why.",
		    name);
		api__problem_example(&rq->problem, "/system/sources");
		rq->problem.retry_after = 5;
	} else {
		state_check_age(rq, 1u << id);
	}
}

void
api__get_section(struct api_request *rq, struct api_response *rs)
{
	enum sst_section_id id = (enum sst_section_id)rq->route->arg;
	struct sst_snapshot *s = api__state_snapshot(rq);
	struct sst_projection how = state_projection(rq);
	struct sst_body *body;
	struct sst_error err;

	if (s == NULL)
		return;
	section_check(rq, s, id);
	if (rq->problem.kind == API_NO_PROBLEM) {
		if (sst_snapshot_section_body(s, id, &how, &body, &err) ==
		    SST_OK)
			state_finish(rq, rs, s, body);
		else
			api__fail(rq, &err);
	}
	sst_snapshot_release(&s);
}

/* The key in the path: its parts joined as in the model. */
static int
entity_key(
    const struct api_request *rq, struct sst_buf *out, struct sst_error *err)
{
	struct api_span part;
	unsigned i;

	for (i = 0;; i++) {
		part = api__route_value(rq->route, &rq->target, i);
		if (part.at == NULL)
			break;
		if (i > 0)
			sst_buf_addc(out, SST_KEY_SEPARATOR);
		sst_buf_add(out, part.at, part.len);
	}
	/* No part is empty, or the route would not have matched. */
	return out->data == NULL || sst_buf_failed(out) ? sst_error_nomem(err)
							: SST_OK;
}

/* "/system/state/queues/rabbitmq/agent.tasks" */
static void
entity_url(
    enum sst_section_id id, const struct sst_entity *e, struct sst_buf *out)
{
	sst_buf_addf(out, "/system/state/%s/", sst_section_name(id));
	sst_entity_key_text(e, out);
}

static bool
key_ends_in(const struct sst_entity *e, const char *part, size_t len)
{
	const char *key = sst_entity_key(e);
	size_t n = e->key_len;

	return n > len && key[n - len - 1] == SST_KEY_SEPARATOR &&
	       memcmp(key + n - len, part, len) == 0;
}

enum { CANDIDATES_MAX = 20 };

/*
 * The one entity whose key ends in the part; NULL when none does, or with the
 * problem set when several do.
 */
static const struct sst_entity *
entity_by_last_part(struct api_request *rq, const struct sst_section *section,
    const struct sst_buf *part)
{
	const struct sst_entity *found = NULL;
	struct sst_buf url = SST_BUF_INIT;
	char quoted[API_QUOTE];
	size_t i, hits = 0;

	for (i = 0; i < section->count; i++) {
		if (!key_ends_in(section->entities[i], part->data, part->len))
			continue;
		if (++hits == 1)
			found = section->entities[i];
	}
	if (hits <= 1)
		return found;
	api__problem_set(&rq->problem, API_AMBIGUOUS_KEY,
	    "%zu entities of %s have a key that ends in %s; use one of the "
	    "full URLs.",
	    hits, sst_section_name(section->id),
	    api__quote(part->data, part->len, quoted));
	for (i = 0, hits = 0; i < section->count && hits < CANDIDATES_MAX;
	     i++) {
		if (!key_ends_in(section->entities[i], part->data, part->len))
			continue;
		hits++;
		sst_buf_clear(&url);
		entity_url(section->id, section->entities[i], &url);
		if (!sst_buf_failed(&url))
			api__problem_allow(&rq->problem, url.data);
		if (hits == 1 && !sst_buf_failed(&url))
			api__problem_example(&rq->problem, "%s", url.data);
	}
	sst_buf_fini(&url);
	return NULL;
}

static void
entity_not_found(
    struct api_request *rq, enum sst_section_id id, const struct sst_buf *key)
{
	char quoted[API_QUOTE];
	size_t i;

	for (i = 0; i < key->len; i++)
		if (key->data[i] == SST_KEY_SEPARATOR)
			key->data[i] = '/';
	api__problem_set(&rq->problem, API_NOT_FOUND,
	    "The section %s has no entity %s in this revision.",
	    sst_section_name(id), api__quote(key->data, key->len, quoted));
	api__problem_example(
	    &rq->problem, "/system/state/%s", sst_section_name(id));
}

static void
entity_respond(struct api_request *rq, struct api_response *rs,
    struct sst_snapshot *s, struct sst_buf *key)
{
	enum sst_section_id id = (enum sst_section_id)rq->route->arg;
	const struct sst_section *section = s->sections[id];
	struct sst_projection how = state_projection(rq);
	const struct sst_entity *e;
	struct sst_body *body;
	struct sst_error err;

	e = sst_section_find(section, key->data, key->len);
	if (e == NULL && memchr(key->data, SST_KEY_SEPARATOR, key->len) == NULL)
		e = entity_by_last_part(rq, section, key);
	if (rq->problem.kind != API_NO_PROBLEM)
		return;
	if (e == NULL) {
		entity_not_found(rq, id, key);
		return;
	}
	if (sst_snapshot_entity_body(
		s, (struct sst_entity_ref){id, e}, &how, &body, &err) == SST_OK)
		state_finish(rq, rs, s, body);
	else
		api__fail(rq, &err);
}

void
api__get_entity(struct api_request *rq, struct api_response *rs)
{
	enum sst_section_id id = (enum sst_section_id)rq->route->arg;
	struct sst_snapshot *s = api__state_snapshot(rq);
	struct sst_buf key = SST_BUF_INIT;
	struct sst_error err;

	if (s == NULL)
		return;
	section_check(rq, s, id);
	if (rq->problem.kind == API_NO_PROBLEM) {
		if (entity_key(rq, &key, &err) == SST_OK)
			entity_respond(rq, rs, s, &key);
		else
			api__fail(rq, &err);
	}
	sst_buf_fini(&key);
	sst_snapshot_release(&s);
}
