/* The query parameters: what each may be, and how it is read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/params_priv.h"
#include "base/text.h"

static int
param_sections(struct api_span value, struct api_params *out)
{
	unsigned bits = 0;
	const char *p = value.at, *end = value.at + value.len, *comma;
	enum sst_section_id id;

	for (;;) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		id = sst_section_by_name(p, (size_t)(comma - p));
		if (id == SST_SECTION_COUNT || (bits & 1u << id) != 0)
			return SST_INVALID;
		bits |= 1u << id;
		if (comma == end)
			break;
		p = comma + 1;
	}
	out->sections = bits;
	return SST_OK;
}

static int
param_view(struct api_span value, struct api_params *out)
{
	if (api__span_is(value, "full"))
		out->view = SST_VIEW_FULL;
	else if (api__span_is(value, "base"))
		out->view = SST_VIEW_BASE;
	else if (api__span_is(value, "keyed"))
		out->view = SST_VIEW_KEYED;
	else
		return SST_INVALID;
	return SST_OK;
}

static int
param_pretty(struct api_span value, struct api_params *out)
{
	if (api__span_is(value, "1") || api__span_is(value, "true"))
		out->pretty = true;
	else if (api__span_is(value, "0") || api__span_is(value, "false"))
		out->pretty = false;
	else
		return SST_INVALID;
	return SST_OK;
}

/* A duration of at most max_ms. */
static int
param_duration(struct api_span value, int64_t max_ms, int64_t *ms_out)
{
	int64_t ms;

	if (sst_duration_parse(value.at, value.len, &ms) != SST_OK ||
	    ms > max_ms)
		return SST_INVALID;
	*ms_out = ms;
	return SST_OK;
}

static int
param_max_age(struct api_span value, struct api_params *out)
{
	return param_duration(value, API_MAX_AGE_MAX_MS, &out->max_age_ms);
}

static int
param_wait(struct api_span value, struct api_params *out)
{
	return param_duration(value, API_WAIT_MAX_MS, &out->wait_ms);
}

static int
param_at(struct api_span value, struct api_params *out)
{
	return sst_moment_parse(value.at, value.len, &out->at);
}

static int
param_from(struct api_span value, struct api_params *out)
{
	return sst_moment_parse(value.at, value.len, &out->from);
}

static int
param_to(struct api_span value, struct api_params *out)
{
	return sst_moment_parse(value.at, value.len, &out->to);
}

static int
param_since(struct api_span value, struct api_params *out)
{
	if (sst_moment_parse(value.at, value.len, &out->since) != SST_OK ||
	    out->since.kind != SST_MOMENT_REVISION)
		return SST_INVALID;
	return SST_OK;
}

static int
param_limit(struct api_span value, struct api_params *out)
{
	size_t i, n = 0;

	if (value.len > 5)
		return SST_INVALID;
	for (i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return SST_INVALID;
		n = n * 10 + (size_t)(value.at[i] - '0');
	}
	if (n < 1 || n > API_LIMIT_MAX)
		return SST_INVALID;
	out->limit = n;
	return SST_OK;
}

void
api__cursor_text(const struct api_cursor *cursor, char out[API_CURSOR_TEXT])
{
	snprintf(out, API_CURSOR_TEXT, "%s-%" PRIu64, cursor->epoch,
	    cursor->below);
}

/* Only what the function above writes. */
static int
param_cursor(struct api_span value, struct api_params *out)
{
	struct sst_moment m;
	char text[API_CURSOR_TEXT];

	if (value.len >= sizeof(text) || value.len < sizeof(m.epoch) ||
	    value.at[sizeof(m.epoch) - 1] != '-')
		return SST_INVALID;
	memcpy(text, value.at, value.len);
	text[sizeof(m.epoch) - 1] = ':';
	if (sst_moment_parse(text, value.len, &m) != SST_OK ||
	    m.kind != SST_MOMENT_REVISION)
		return SST_INVALID;
	memcpy(out->cursor.epoch, m.epoch, sizeof(m.epoch));
	out->cursor.below = m.revision;
	return SST_OK;
}

/* One part of a key, in the form that the service writes. */
static int
param_key_part(struct api_span part, struct sst_buf *out)
{
	struct sst_buf name = SST_BUF_INIT;
	struct sst_error err;
	int rc = api__percent_decode(part, &name, &err);

	if (rc == SST_OK && name.len == 0)
		rc = SST_INVALID;
	if (rc == SST_OK)
		sst_text_percent_encode(name.data, name.len, out);
	sst_buf_fini(&name);
	return rc;
}

static int
param_key(struct api_span value, struct api_params *out)
{
	const char *p = value.at, *end = value.at + value.len, *slash;
	struct sst_buf key = SST_BUF_INIT;
	int rc;

	for (;; p = slash + 1) {
		slash = memchr(p, '/', (size_t)(end - p));
		if (slash == NULL)
			slash = end;
		rc = param_key_part(
		    (struct api_span){p, (size_t)(slash - p)}, &key);
		if (rc != SST_OK || slash == end)
			break;
		sst_buf_addc(&key, '/');
	}
	if (rc == SST_OK && sst_buf_failed(&key))
		rc = SST_NOMEM;
	if (rc == SST_OK)
		out->key = sst_buf_take(&key, &out->key_len);
	sst_buf_fini(&key);
	return rc;
}

/* Nobody guesses one: the example is the URL that a list gives. */
#define CURSOR_EXAMPLE "0f3a55d200c4e1b7-41"

const struct api_param_row *
api__param_rows(void)
{
	static const struct api_param_row rows[API_PARAM_COUNT] = {
	    {"sections", API_PARAM_SECTIONS, param_sections,
		"a list of section names, each at most once",
		"agents,queues", {"agents", "workload", "queues", "litellm"}},
	    {"view", API_PARAM_VIEW, param_view,
		"full, base or keyed", "base",
		{"full", "base", "keyed"}},
	    {"pretty", API_PARAM_PRETTY, param_pretty,
		"1, 0, true or false", "1",
		{"1", "0", "true", "false"}},
	    {"max_age", API_PARAM_MAX_AGE, param_max_age,
		"a duration from 0s to 24h: digits and ms, s, m or h",
		"5s", {NULL}},
	    {"at", API_PARAM_AT, param_at, NULL, "-15m", {NULL}},
	    {"since", API_PARAM_SINCE, param_since,
		"a revision (41) or EPOCH:REVISION", "41", {NULL}},
	    {"wait", API_PARAM_WAIT, param_wait,
		"a duration from 0s to 5m: digits and ms, s or m",
		"30s", {NULL}},
	    {"from", API_PARAM_FROM, param_from, NULL, "-15m", {NULL}},
	    {"to", API_PARAM_TO, param_to, NULL, "now", {NULL}},
	    {"limit", API_PARAM_LIMIT, param_limit,
		"a number from 1 to 10000", "100", {NULL}},
	    {"cursor", API_PARAM_CURSOR, param_cursor,
		"as in the member next of the page before",
		CURSOR_EXAMPLE, {NULL}},
	    {"key", API_PARAM_KEY, param_key,
		"the key of an entity as in the member key of a "
		"change: percent-encoded parts joined by '/', the whole "
		"percent-encoded once more for the query",
		"mock/agent.tasks", {NULL}},
	};

	return rows;
}

const char *
api__param_name(unsigned i, unsigned *bit_out)
{
	*bit_out = api__param_rows()[i].bit;
	return api__param_rows()[i].name;
}
