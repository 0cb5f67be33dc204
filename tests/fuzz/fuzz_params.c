/*
 * Feeds what a request brings along. Input: request target, Host, Origin,
 * Accept, Accept-Encoding, If-None-Match, If-Modified-Since, a line each.
 * Every refusal must come out as a problem document.
 */
/* fuzz-libs: sst_api sst_model PkgConfig::JANSSON */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/guard.h"
#include "api/negotiate.h"
#include "api/params.h"
#include "api/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 7 };

static void
fuzz_problem(struct api_problem *problem)
{
	struct sst_buf text = SST_BUF_INIT;
	json_t *root;

	api__problem_write(problem, "fuzz-1", &text);
	root = json_loadb(text.data, text.len, 0, NULL);
	if (root == NULL || json_object_get(root, "detail") == NULL)
		abort();
	json_decref(root);
	sst_buf_fini(&text);
}

/* What was read is written in one form only. */
static void
fuzz_params(struct api_params *p)
{
	if (p->key != NULL && (p->key_len == 0 || p->key[0] == '/' ||
				  p->key[p->key_len - 1] == '/'))
		abort();
	if (p->limit > API_LIMIT_MAX || p->wait_ms < 0 ||
	    p->wait_ms > API_WAIT_MAX_MS)
		abort();
	api__params_fini(p);
}

static void
fuzz_target(const char *uri)
{
	const struct api_route *route;
	const char *near[API_NEAREST];
	struct api_problem problem;
	struct api_params params;
	struct api_target target;
	struct sst_error err;

	if (api__target_parse(uri, &target, &err) != SST_OK)
		return;
	route = api__route_find(&target);
	if (api__route_nearest(&target, near) != API_NEAREST)
		abort();
	api__problem_init(&problem);
	if (api__params_parse(&target,
		route == NULL ? (1u << API_PARAM_COUNT) - 1 : route->params,
		&params, &problem) != API_NO_PROBLEM)
		fuzz_problem(&problem);
	else if ((params.sections & ~(unsigned)SST_SECTIONS_ALL) != 0)
		abort();
	else
		fuzz_params(&params);
	api__problem_fini(&problem);
	api__target_fini(&target);
}

static void
fuzz_guard(const char *host, const char *origin)
{
	struct sst_api_settings settings = {.port = 8080};
	struct api_span authority = {host, strlen(host)};
	struct api_guard guard;
	struct sst_error err;

	if (api__guard_init(&guard, &settings, &err) == SST_OK) {
		api__guard_host(&guard, authority);
		api__guard_origin(&guard, origin, authority);
	}
	api__guard_fini(&guard);
}

static void
fuzz_headers(
    const char *accept, const char *coding, const char *tags, const char *date)
{
	static const char *const types[] = {"text/plain", "application/json"};
	char text[API_DATE_TEXT];
	enum sst_coding picked;
	int64_t seconds, again;

	if (api__accept_pick(accept, types, 2) > 1)
		abort();
	api__coding_pick(coding, &picked);
	api__etag_matches(tags, "\"0123456789abcdef\"");
	if (!api__date_parse(date, &seconds))
		return;
	/* What was read must come back from what is written. */
	api__date_format(seconds, text);
	if (!api__date_parse(text, &again) || again != seconds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1), *lines[LINES], *p;
	int i;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	for (i = 0, p = copy; i < LINES; i++) {
		lines[i] = p;
		p += strcspn(p, "\n");
		if (*p == '\n')
			*p++ = '\0';
	}
	fuzz_target(lines[0]);
	fuzz_guard(lines[1], lines[2]);
	fuzz_headers(lines[3], lines[4], lines[5], lines[6]);
	free(copy);
	return 0;
}
