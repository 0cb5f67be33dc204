#include "unit/api/ask.h"

#include <check.h>
#include <string.h>
#include <strings.h>

#include "unit/api/fake_watch.h"

struct api_request_headers ask_headers;
size_t ask_body_len;
void (*ask_waiting)(void);

static struct sst_service *service;
static struct sst_api api;
static struct api_response answer;
static json_t *json;
static struct sst_buf stream;

void
ask_setup(void)
{
	struct sst_api_settings settings = {.port = 8080};
	struct sst_error err;

	service = fake_service_new(sst_clock_real());
	fake_service_publish(service, fake_snapshot(1, 100));
	memset(&api, 0, sizeof(api));
	memset(&ask_headers, 0, sizeof(ask_headers));
	ask_body_len = 0;
	ask_waiting = NULL;
	api.service = service;
	api.clock = sst_clock_real();
	api.limits.uri_bytes = 512;
	api.limits.head_bytes = 1024;
	api.limits.body_bytes = 2048;
	memcpy(api.url, "http://127.0.0.1:8080", 22);
	memcpy(api.id_prefix, "test", 5);
	ck_assert_int_eq(api__guard_init(&api.guard, &settings, &err), SST_OK);
	api__assets_init(&api.assets);
	api__response_init(&answer);
}

/* A stream that waits for its wake may not be closed. */
static void
answer_drop(void)
{
	fake_watch_disturb(service);
	api__response_fini(&answer);
}

void
ask_teardown(void)
{
	json_decref(json);
	json = NULL;
	answer_drop();
	sst_buf_fini(&stream);
	api__assets_fini(&api.assets);
	api__guard_fini(&api.guard);
	fake_service_free(service);
}

struct sst_api *
ask_api(void)
{
	return &api;
}

struct sst_service *
ask_service(void)
{
	return service;
}

static void
ask_dispatch(struct api_request *rq)
{
	struct sst_error err;
	bool done = api__dispatch(rq, &answer);

	while (!done) {
		if (rq->next == API_NEXT_WORKER) {
			ck_assert_int_eq(
			    sst_past_open(service, &rq->past, &err), SST_OK);
			done = api__continue(rq, &answer, API_STAGE_WORKER);
			sst_past_close(&rq->past);
		} else {
			ck_assert_ptr_nonnull(rq->watch);
			ck_assert_ptr_nonnull(ask_waiting);
			ask_waiting();
			done = api__continue(rq, &answer, API_STAGE_WOKEN);
		}
	}
}

int
ask(const char *method, const char *uri)
{
	struct api_request rq;

	memset(&rq, 0, sizeof(rq));
	rq.api = &api;
	rq.method = method;
	rq.uri = uri;
	rq.headers = ask_headers;
	rq.body_len = ask_body_len;
	json_decref(json);
	json = NULL;
	answer_drop();
	api__response_init(&answer);
	ask_dispatch(&rq);
	memset(&ask_headers, 0, sizeof(ask_headers));
	ask_body_len = 0;
	ck_assert_ptr_nonnull(ask_header("X-Content-Type-Options"));
	if (answer.status >= 400)
		ck_assert_str_eq(
		    ask_header("Content-Type"), "application/problem+json");
	return answer.status;
}

const char *
ask_header(const char *name)
{
	size_t i;

	for (i = 0; i < answer.count; i++)
		if (strcasecmp(answer.names[i], name) == 0)
			return answer.values[i];
	return NULL;
}

const struct sst_body *
ask_body(void)
{
	return answer.body;
}

const json_t *
ask_json(void)
{
	if (json == NULL && answer.body != NULL)
		json =
		    json_loadb(answer.body->bytes, answer.body->len, 0, NULL);
	ck_assert_ptr_nonnull(json);
	return json;
}

const char *
ask_text(const char *member)
{
	const json_t *value = json_object_get(ask_json(), member);

	return json_is_string(value) ? json_string_value(value) : "";
}

const char *
ask_stream(bool *ended_out)
{
	enum api_stream_result result;
	const char *piece;
	size_t len;

	ck_assert_ptr_nonnull(answer.stream_ops);
	sst_buf_clear(&stream);
	while ((result = answer.stream_ops->next(
		    answer.stream, &piece, &len)) <= API_STREAM_PIECE) {
		ck_assert_uint_gt(len, 0);
		sst_buf_add(&stream, piece, len);
	}
	ck_assert(!sst_buf_failed(&stream));
	*ended_out = result == API_STREAM_END;
	return stream.len == 0 ? "" : stream.data;
}
