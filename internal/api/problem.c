#include "api/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "base/text.h"

static const struct api_problem_row problem_rows[API_PROBLEM_COUNT] = {
    [API_BAD_REQUEST] = {"bad-request", 400, "Bad request",
	"A header is repeated or cannot be understood. The detail names "
	"it."},
    [API_INVALID_PARAMETER] = {"invalid-parameter", 400,
	"Invalid query parameter",
	"A query parameter is unknown, repeated, without a value, or out "
	"of range. Send the request of the member example instead."},
    [API_INVALID_PATH] = {"invalid-path", 400, "Invalid request target",
	"The path or query holds bytes that must be percent-encoded, or a "
	"percent-encoding that does not decode to UTF-8 text."},
    [API_UNEXPECTED_BODY] = {"unexpected-body", 400, "Unexpected request body",
	"The request carries a body where none has a meaning. Send it "
	"without one."},
    [API_UNAUTHORIZED] = {"unauthorized", 401, "Bearer token required",
	"Send the header Authorization: Bearer TOKEN with one of the "
	"configured tokens."},
    [API_FORBIDDEN] = {"forbidden", 403, "Scope missing",
	"The token is known but lacks the scope that the detail names."},
    [API_FORBIDDEN_ORIGIN] = {"forbidden-origin", 403, "Origin not allowed",
	"The header Origin names a web site that may not read this "
	"service. Add it to the allowed origins, or use no browser."},
    [API_CERTIFICATE_REQUIRED] = {"certificate-required", 403,
	"Client certificate required",
	"This service only answers clients with a certificate of its "
	"client CA."},
    [API_NOT_FOUND] = {"not-found", 404, "Not found",
	"Nothing is at this path. The member allowed lists the nearest "
	"paths that exist."},
    [API_NOT_CONFIGURED] = {"not-configured", 404, "Section not configured",
	"No source is configured for this section, so the document has no "
	"such member."},
    [API_REVISION_NOT_FOUND] = {"revision-not-found", 404,
	"Revision not there yet",
	"The revision is above the newest one, which newest_revision names. "
	"/system/state?since=NEWEST&wait=30s waits for the next one."},
    [API_METHOD_NOT_ALLOWED] = {"method-not-allowed", 405, "Method not allowed",
	"The path exists, but not for this method. The header Allow lists "
	"the methods that do."},
    [API_NOT_ACCEPTABLE] = {"not-acceptable", 406, "Not acceptable",
	"The headers Accept or Accept-Encoding exclude everything that "
	"this path can send; allowed lists what it can."},
    [API_AMBIGUOUS_KEY] = {"ambiguous-key", 409, "Ambiguous key",
	"Several entities have a key that ends in this part. The member "
	"allowed lists their full URLs."},
    [API_GONE] = {"gone", 410, "Revision no longer held",
	"The moment is older than what is held, thinned out meanwhile, or of "
	"an epoch that has ended. oldest_revision, newest_revision and epoch "
	"say what there is; /system/state/history lists it."},
    [API_BODY_TOO_LARGE] = {"body-too-large", 413, "Request body too large",
	"The request body is over the configured bound."},
    [API_URI_TOO_LONG] = {"uri-too-long", 414, "Request target too long",
	"Path and query together are over the configured bound."},
    [API_MISDIRECTED] = {"misdirected", 421, "Unknown host",
	"The header Host does not name this service: protection against "
	"DNS rebinding. Use its address, or add the name to the allowed "
	"hosts."},
    [API_HEAD_TOO_LARGE] = {"head-too-large", 431, "Request headers too large",
	"All header lines together are over the configured bound."},
    [API_INTERNAL] = {"internal", 500, "Internal error",
	"The service could not build the answer. The log has the reason "
	"under the id in the member instance."},
    [API_NOT_READY] = {"not-ready", 503, "No snapshot yet",
	"The service has started but no source has answered yet. Try "
	"again soon."},
    [API_SECTION_UNKNOWN] = {"section-unknown", 503, "Section not known yet",
	"The section has a source, but it has never answered. "
	"/system/sources says why."},
    [API_NOT_FRESH] = {"not-fresh", 503, "Not fresh enough",
	"A source was last observed longer ago than max_age allows. Leave "
	"max_age out to get the document with its marks."},
    [API_TOO_MANY_WATCHERS] = {"too-many-watchers", 503, "Too many watchers",
	"limits.max_watchers requests wait for changes already. Try again "
	"later, or ask without waiting."},
    [API_BUSY] = {"busy", 503, "Too busy",
	"Too many requests wait for documents of the past already. Try again "
	"soon; the current state is served all the same."},
};

const struct api_problem_row *
api__problem_row(enum api_problem_kind kind)
{
	return &problem_rows[kind];
}

enum api_problem_kind
api__problem_by_name(const char *name, size_t len)
{
	int i;

	for (i = API_NO_PROBLEM + 1; i < API_PROBLEM_COUNT; i++)
		if (strlen(problem_rows[i].name) == len &&
		    memcmp(problem_rows[i].name, name, len) == 0)
			return (enum api_problem_kind)i;
	return API_NO_PROBLEM;
}

void
api__problem_init(struct api_problem *problem)
{
	problem->kind = API_NO_PROBLEM;
	problem->parameter[0] = '\0';
	problem->detail[0] = '\0';
	problem->example[0] = '\0';
	sst_buf_init(&problem->allowed);
	problem->retry_after = -1;
	problem->newest_revision = 0;
}

void
api__problem_fini(struct api_problem *problem)
{
	sst_buf_fini(&problem->allowed);
}

enum api_problem_kind
api__problem_set(struct api_problem *problem, enum api_problem_kind kind,
    const char *fmt, ...)
{
	va_list ap;

	problem->kind = kind;
	problem->parameter[0] = '\0';
	problem->example[0] = '\0';
	sst_buf_clear(&problem->allowed);
	problem->retry_after = -1;
	problem->newest_revision = 0;
	va_start(ap, fmt);
	vsnprintf(problem->detail, sizeof(problem->detail), fmt, ap);
	va_end(ap);
	return kind;
}

void
api__problem_parameter(struct api_problem *problem, const char *name)
{
	snprintf(problem->parameter, sizeof(problem->parameter), "%s", name);
}

void
api__problem_allow(struct api_problem *problem, const char *text)
{
	if (problem->allowed.len > 0)
		sst_buf_addc(&problem->allowed, ',');
	sst_buf_json_string(&problem->allowed, text, strlen(text));
}

void
api__problem_example(struct api_problem *problem, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(problem->example, sizeof(problem->example), fmt, ap);
	va_end(ap);
}

void
api__problem_held(struct api_problem *problem, const char epoch[17],
    uint64_t oldest, uint64_t newest)
{
	memcpy(problem->epoch, epoch, sizeof(problem->epoch));
	problem->oldest_revision = oldest;
	problem->newest_revision = newest;
}

const char *
api__quote(const char *text, size_t len, char out[API_QUOTE])
{
	struct sst_buf safe = SST_BUF_INIT;

	if (!sst_text_safe(text, len, 80, &safe))
		sst_buf_clear(&safe);
	snprintf(out, API_QUOTE, "\"%s\"", safe.data == NULL ? "" : safe.data);
	sst_buf_fini(&safe);
	return out;
}

/* Bytes of text that make at most `chars` whole characters. */
static size_t
problem_cut(const char *text, size_t chars)
{
	size_t at = 0, len = strlen(text), step;
	uint32_t cp;

	while (chars-- > 0 && at < len) {
		step = sst_text_decode(text + at, len - at, &cp);
		if (step == 0)
			break; /* cut in the middle by vsnprintf */
		at += step;
	}
	return at;
}

static void
problem_text(struct sst_buf *out, const char *member, const char *text)
{
	api__json_span(out, member, text, problem_cut(text, API_DETAIL_CHARS));
}

void
api__problem_write(const struct api_problem *problem, const char *instance,
    struct sst_buf *out)
{
	const struct api_problem_row *row = &problem_rows[problem->kind];
	char type[64];

	snprintf(type, sizeof(type), "/problems/%s", row->name);
	api__json_open(out, NULL, '{');
	problem_text(out, "type", type);
	problem_text(out, "title", row->title);
	api__json_count(out, "status", (uint64_t)row->status);
	problem_text(out, "detail", problem->detail);
	problem_text(out, "instance", instance);
	if (problem->parameter[0] != '\0')
		problem_text(out, "parameter", problem->parameter);
	if (problem->allowed.len > 0)
		api__json_items(out, "allowed", &problem->allowed);
	if (problem->example[0] != '\0')
		problem_text(out, "example", problem->example);
	if (problem->newest_revision > 0) {
		api__json_count(
		    out, "oldest_revision", problem->oldest_revision);
		api__json_count(
		    out, "newest_revision", problem->newest_revision);
		problem_text(out, "epoch", problem->epoch);
	}
	if (problem->retry_after >= 0)
		api__json_count(
		    out, "retry_after_seconds", (uint64_t)problem->retry_after);
	api__json_close(out, '}');
	sst_buf_addc(out, '\n');
}
