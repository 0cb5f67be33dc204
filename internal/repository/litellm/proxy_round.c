/* One collection: what is read in it, and when it fails as a whole. */
#include "repository/litellm/proxy_priv.h"

#include <string.h>

#include "base/time.h"

/* At the first collection, and after a refusal: it may have been rotated. */
static int
round_login(struct proxy *p, struct sst_error *err)
{
	struct sst_buf header = SST_BUF_INIT;
	char *key = NULL;
	int code;

	if (p->key_read)
		return SST_OK;
	sst_secret_free(&p->header);
	code = sst_secret_read(&p->settings.key, &key, err);
	if (code == SST_OK && key != NULL) {
		sst_buf_adds(&header, p->key_plain ? "x-litellm-api-key: "
						   : "Authorization: Bearer ");
		sst_buf_adds(&header, key);
		p->header = sst_buf_take(&header, NULL);
		if (p->header == NULL)
			code = sst_error_nomem(err);
	}
	sst_secret_free(&key);
	p->key_read = code == SST_OK;
	return code;
}

static bool
round_ends(int code)
{
	return code == SST_CANCELED || code == SST_NOMEM;
}

/* No request with this key for a while; the next one is with a new reading. */
static int
round_refused(struct proxy_round *round, const struct sst_error *err)
{
	struct proxy *p = round->p;

	p->hold = *err;
	p->hold_until = sst_mono_add_ms(round->req->now, PROXY_HOLD_MS);
	p->key_read = false;
	return err->code;
}

static int
round_probe(struct proxy_round *round, struct sst_error *err)
{
	int code = proxy__part_read(round, PROXY_LIVELINESS, err);

	if (round_ends(code) || code == SST_UNREACHABLE)
		return code;
	return SST_OK;
}

/* Without a list of deployments nothing can be said. */
static int
round_models(struct proxy_round *round, struct sst_error *err)
{
	struct proxy_part *part = &round->p->parts[PROXY_MODELS];
	int code = proxy__part_read(round, PROXY_MODELS, err);

	if (code == SST_OK || round_ends(code))
		return code;
	if (code == SST_UNAUTHORIZED)
		return round_refused(round, err);
	if (code == SST_FORBIDDEN)
		return code;
	/* no answer to the probe either: it is not the list */
	if (!part->read || !proxy__part_fresh(round, PROXY_MODELS) ||
	    round->answered == 0)
		return code;
	return SST_OK;
}

/*
 * A part that must not end the round. A key that is refused here and was not
 * shown to be good since is shown once more where it counts, so that a key
 * that was withdrawn is no reason to call each part forbidden.
 */
static int
round_part(
    struct proxy_round *round, enum proxy_part_id id, struct sst_error *err)
{
	struct proxy *p = round->p;
	int code = proxy__part_read(round, id, err);

	if (round_ends(code))
		return code;
	if (code == SST_UNAUTHORIZED && !round->checked &&
	    (id != PROXY_METRICS || p->metrics_own)) {
		p->parts[id].due = round->req->now;
		p->parts[id].state = PROXY_SYNCING;
		return round_models(round, err);
	}
	if (id < PROXY_HEALTH && round->answered == 0 &&
	    round->silent >= PROXY_SILENT_MAX) {
		*err = round->first;
		return err->code;
	}
	return SST_OK;
}

/* What is quick. */
static int
round_fast(struct proxy_round *round, struct sst_error *err)
{
	enum proxy_part_id id;
	int code = round_probe(round, err);

	if (code == SST_OK && proxy__part_due(round, PROXY_MODELS))
		code = round_models(round, err);
	for (id = PROXY_READINESS; code == SST_OK && id < PROXY_HEALTH; id++) {
		if (!proxy__part_due(round, id) ||
		    (id == PROXY_DETAILS && round->p->header == NULL))
			continue;
		code = round_part(round, id, err);
	}
	return code;
}

/* A new day: what was read is of another one. */
static void
round_new_day(struct proxy_round *round)
{
	struct proxy_part *part = &round->p->parts[PROXY_DAY];
	char today[SST_TIME_TEXT];

	sst_time_format_utc(round->req->wall.ms, false, today);
	if (part->state == PROXY_OK &&
	    strncmp(today, round->p->day_date, 10) != 0)
		part->due = round->req->now;
}

/* What the database is asked for. In a round after another one, one part that
 * is slow may take its time. */
static int
round_database(struct proxy_round *round, bool after, struct sst_error *err)
{
	struct proxy *p = round->p;
	enum proxy_part_id id;
	int code = SST_OK;

	round_new_day(round);
	p->left = false;
	for (id = PROXY_HEALTH; code == SST_OK && id < PROXY_PARTS; id++) {
		if (!proxy__part_due(round, id))
			continue;
		if (p->parts[id].slow ? !after : round->inline_ms <= 0) {
			p->left = true;
			continue;
		}
		if (p->parts[id].slow)
			after = false;
		code = round_part(round, id, err);
		if (p->parts[id].slow && proxy__part_due(round, id))
			p->left = true;
	}
	if (p->left)
		sst_draft_next_in(round->out, 0);
	return code;
}

/* What is read, in its order. */
static int
round_run(struct proxy_round *round, struct sst_error *err)
{
	struct proxy *p = round->p;
	bool after = p->left && sst_mono_diff_ms(round->req->now, p->full_end) <
				    PROXY_AFTER_MS;
	int code = SST_OK;

	p->left = false;
	if (sst_mono_before(round->req->now, p->hold_until)) {
		/* the probe is open: it goes on */
		code = round_probe(round, err);
		if (code != SST_OK)
			return code;
		*err = p->hold;
		return err->code;
	}
	code = round_login(p, err);
	if (code == SST_OK && !after) {
		round->gap_ms =
		    p->full_at.ns == 0
			? 0
			: sst_mono_diff_ms(round->req->now, p->full_at);
		p->full_at = round->req->now;
		code = round_fast(round, err);
		p->full_end = sst_clock_mono(p->clock);
	}
	if (code == SST_OK && !proxy__part_fresh(round, PROXY_MODELS)) {
		sst_error_set(err, p->parts[PROXY_MODELS].code, "%s",
		    p->parts[PROXY_MODELS].reason);
		code = err->code;
	}
	if (code == SST_OK)
		code = round_database(round, after, err);
	return code;
}

/* Nothing of a round that fails as a whole is kept, and the framework backs
 * off: its failures are no reason for the parts to do so as well. */
static void
round_forgive(struct proxy_round *round)
{
	struct proxy_part *part = round->p->parts;
	int i;

	for (i = 0; i < PROXY_PARTS; i++, part++) {
		if (part->state == PROXY_PART_FAILING)
			part->due = round->req->now;
	}
}

int
proxy__round(struct proxy_round *round, struct sst_error *err)
{
	int code = round_run(round, err);

	if (code != SST_OK)
		round_forgive(round);
	return code;
}
