/*
 * systate watch: changes as they come. A connection that is lost is made anew
 * and goes on where it ended (Last-Event-ID).
 */
#include "watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "form.h"
#include "httpc/json_body.h"
#include "operand.h"
#include "rows.h"
#include "service/moment.h"

enum {
	/* The service sends a comment more often than this. */
	WATCH_IDLE_MS = 60 * 1000,
	WATCH_RETRY_MS = 250,
	WATCH_RETRY_MAX_MS = 30 * 1000
};

static const struct cli_option watch_options[] = {
    CLI_ROW_SECTIONS,
    CLI_ROW_KEY("only this entity and what is in it, such as "
		"mock/agent.tasks: a key as in --ndjson"),
    {.name = "--since",
	.type = CLI_OPTION_TEXT,
	.value = "EPOCH:REVISION",
	.help = "begin with what changed since then; else with the present "
		"state",
	.offset = CLI_AT(since)},
    {.name = "--count",
	.type = CLI_OPTION_COUNT,
	.value = "N",
	.help = "end after N changes",
	.offset = CLI_AT(count),
	.min = 1,
	.max = 1000000000},
    {.name = "--until-change",
	.type = CLI_OPTION_FLAG,
	.help = "end with 1 at the first change",
	.offset = CLI_AT(until_change)},
    {.name = "--for",
	.type = CLI_OPTION_DURATION,
	.value = "DURATION",
	.help = "end with 0 after this time",
	.offset = CLI_AT(for_ms),
	.min = 1,
	.max = UINT64_C(31536000000)},
    {.name = "--give-up",
	.type = CLI_OPTION_DURATION,
	.value = "DURATION",
	.help = "end with 4 when the connection was lost for so long; 10m",
	.offset = CLI_AT(give_up_ms),
	.min = 0,
	.max = UINT64_C(31536000000)},
    CLI_ROW_TEXT,
    CLI_ROW_NDJSON("one line of JSON for each event: event, id, data"),
    CLI_ROWS_COLOUR,
    CLI_ROWS_SERVER,
};

static int
watch_check(struct watch *w, struct sst_error *err)
{
	const char *since = w->cli->args.since;
	struct sst_moment m;

	if (since != NULL &&
	    (sst_moment_parse(since, strlen(since), &m) != SST_OK ||
		m.kind != SST_MOMENT_REVISION || m.epoch[0] == '\0')) {
		sst_error_set(err, SST_INVALID,
		    "--since: got \"%.60s\"; must be EPOCH:REVISION, the id of "
		    "an event, such as 0f3a55d200c4e1b7:41",
		    since);
		err->detail = CLI_ERROR_USAGE;
		return SST_INVALID;
	}
	if (since != NULL)
		snprintf(w->sse.id, sizeof(w->sse.id), "%s", since);
	if (w->cli->args.key == NULL)
		return SST_OK;
	cli_key_canonical(w->cli->args.key, &w->key);
	return sst_buf_failed(&w->key) ? sst_error_nomem(err) : SST_OK;
}

static void
watch_line(struct watch *w, const struct sse_event *event, json_t *data)
{
	json_t *line = json_object();

	if (json_object_set_new(line, "event", json_string(event->name)) != 0 ||
	    json_object_set_new(line, "id", json_string(event->id)) != 0 ||
	    json_object_set(line, "data", data) != 0)
		w->cli->out.nomem = true;
	else
		cli_out_json_line(&w->cli->out, line);
	json_decref(line);
}

/* Nothing that people have to see. */
static bool
watch_is_quiet(const char *name)
{
	return strcmp(name, "bookmark") == 0 || strcmp(name, "end") == 0 ||
	       strcmp(name, "dropped") == 0;
}

static void
watch_text(struct watch *w, const struct sse_event *event, const json_t *data)
{
	struct cli_out *out = &w->cli->out;

	if (strcmp(event->name, "state") == 0)
		watch_text_state(out, data, event->id, w->begun);
	else if (strcmp(event->name, "change") == 0)
		watch_text_change(out, data);
	else if (!watch_is_quiet(event->name))
		watch_text_other(out, event->name, event->id);
}

/* Why the server is about to end the stream, for the note that follows. */
static void
watch_take_reason(
    struct watch *w, const struct sse_event *event, const json_t *data)
{
	const char *reason = json_string_value(json_object_get(data, "reason"));

	if (strcmp(event->name, "end") == 0 ||
	    strcmp(event->name, "dropped") == 0)
		snprintf(w->reason, sizeof(w->reason), ": %s",
		    reason != NULL ? reason : event->name);
}

/* A state in place of a change: there was too much, or a new beginning. */
static bool
watch_is_change(const struct watch *w, const struct sse_event *event)
{
	return strcmp(event->name, "change") == 0 ||
	       (strcmp(event->name, "state") == 0 && w->begun);
}

static bool
watch_event(const struct sse_event *event, void *ctx)
{
	struct watch *w = ctx;
	const struct cli_args *args = &w->cli->args;
	json_t *data = NULL;

	if (sst_json_body_parse(event->data, event->len, &data, &w->fault) !=
	    SST_OK) {
		sst_error_prefix(&w->fault, "event %.40s at %.40s: its data",
		    event->name, event->id);
		return false;
	}
	if (args->form == CLI_FORM_NDJSON)
		watch_line(w, event, data);
	else
		watch_text(w, event, data);
	watch_take_reason(w, event, data);
	json_decref(data);
	if (watch_is_change(w, event))
		w->changes++;
	w->begun = w->begun || strcmp(event->name, "state") == 0 ||
		   strcmp(event->name, "change") == 0;
	w->done = (args->until_change && w->changes > 0) ||
		  (args->count > 0 && w->changes >= args->count);
	return cli_out_flush(&w->cli->out) && !w->done;
}

static bool
watch_piece(const char *bytes, size_t len, void *ctx)
{
	struct watch *w = ctx;
	struct sst_error err = {0};
	int code;

	if (w->away)
		cli_note(w->cli, "connected again");
	w->connected = w->alive = true;
	w->away = false;
	w->wait_ms = 0;
	code = sse_feed(&w->sse, bytes, len, &err);
	if (code != SST_OK && code != SST_CANCELED)
		w->fault = err;
	return code == SST_OK;
}

static bool
watch_is_stream(const char *type)
{
	return type != NULL && strncasecmp(type, "text/event-stream", 17) == 0;
}

/* Nothing of an answer that is no stream of events is read as one. */
static bool
watch_first_piece(const char *bytes, size_t len, void *ctx)
{
	struct watch *w = ctx;
	const char *type;

	if (!w->alive) {
		type = sst_httpc_header(w->server.client, "Content-Type");
		if (!watch_is_stream(type)) {
			sst_error_set(&w->fault, SST_PROTOCOL,
			    "answered with %.60s where text/event-stream "
			    "belongs; is this a systate server?",
			    type != NULL ? type : "no type");
			sst_httpc_error_prefix(w->server.url.data, &w->fault);
			return false;
		}
	}
	return watch_piece(bytes, len, ctx);
}

/* One connection, to its end. */
static int
watch_connect(
    struct watch *w, struct sst_httpc_response *out, struct sst_error *err)
{
	const struct cli *cli = w->cli;
	char resume[SSE_ID_MAX + 32];
	const char *headers[2] = {NULL, NULL};
	struct sst_httpc_stream stream = {
	    .request = {.accept = "text/event-stream",
		.max_bytes = 1024 * 1024,
		.headers = headers,
		.deadline = sst_mono_add_ms(
		    sst_clock_mono(cli->clock), cli->args.timeout_ms)},
	    .idle_ms = cli->args.timeout_ms > WATCH_IDLE_MS
			   ? cli->args.timeout_ms
			   : WATCH_IDLE_MS,
	    .piece = watch_first_piece,
	    .ctx = w};

	cli_server_path(&w->server, "/system/state/watch");
	cli_server_sections(&w->server);
	if (cli->args.key != NULL)
		cli_server_param(&w->server, "key", w->key.data);
	if (sst_buf_failed(&w->server.url))
		return sst_error_nomem(err);
	stream.request.url = w->server.url.data;
	if (w->sse.id[0] != '\0') {
		snprintf(
		    resume, sizeof(resume), "Last-Event-ID: %s", w->sse.id);
		headers[0] = resume;
	}
	sse_restart(&w->sse);
	w->alive = false;
	w->reason[0] = '\0';
	return sst_httpc_stream(w->server.client, &stream, out, err);
}

/* Whether an answer that is no success is worth another attempt. */
static bool
watch_may_pass(const struct watch *w, long status)
{
	return w->connected && (status == 429 || status >= 500);
}

/*
 * SST_OK: connect again; else what to end with.
 */
static int
watch_answered(
    struct watch *w, const struct sst_httpc_response *r, struct sst_error *err)
{
	int code;

	if (r->status >= 200 && r->status < 300 &&
	    watch_is_stream(r->content_type))
		return SST_OK;
	code = cli_server_check(&w->server, "text/event-stream", r, err);
	if (code == SST_GONE && w->sse.id[0] != '\0') {
		cli_note(w->cli, "%s; starting over", err->text);
		w->sse.id[0] = '\0';
		return SST_OK;
	}
	if (!watch_may_pass(w, r->status))
		return code;
	if (r->retry_after_ms > w->wait_ms)
		w->wait_ms = r->retry_after_ms;
	return SST_OK;
}

static int64_t
watch_jitter(int64_t ms)
{
	unsigned char random = 128;

	if (getrandom(&random, 1, GRND_NONBLOCK) != 1)
		random = 128;
	return ms * 3 / 4 + ms / 2 * random / 255;
}

/* Waits before the next attempt, longer each time. SST_CANCELED: stopped. */
static int
watch_back_off(struct watch *w, const struct sst_error *why)
{
	const struct sst_clock *clock = w->cli->clock;
	int64_t least = w->sse.retry_ms >= 0 ? w->sse.retry_ms : WATCH_RETRY_MS;
	struct sst_mono now = sst_clock_mono(clock);

	if (!w->away) {
		w->away = true;
		w->away_since = now;
		if (why->text[0] != '\0')
			cli_note(w->cli, "%s; connecting again", why->text);
		else
			cli_note(w->cli,
			    "the server ended the stream%s; connecting again",
			    w->reason);
	}
	if (least > WATCH_RETRY_MAX_MS)
		least = WATCH_RETRY_MAX_MS;
	if (w->wait_ms < least)
		w->wait_ms = least;
	if (stopper_wait(&w->stopper,
		sst_mono_add_ms(now, watch_jitter(w->wait_ms))) != STOPPER_RUNS)
		return SST_CANCELED;
	w->wait_ms = w->wait_ms * 2 < WATCH_RETRY_MAX_MS ? w->wait_ms * 2
							 : WATCH_RETRY_MAX_MS;
	return SST_OK;
}

static bool
watch_gives_up(const struct watch *w)
{
	return w->away && sst_mono_diff_ms(sst_clock_mono(w->cli->clock),
			      w->away_since) >= w->cli->args.give_up_ms;
}

/* SST_OK: once more. */
static int
watch_again(struct watch *w, int code, const struct sst_httpc_response *r,
    struct sst_error *err)
{
	if (w->fault.code != 0) {
		*err = w->fault;
		return err->code;
	}
	if (code == SST_CANCELED)
		return code;
	if (code == SST_OK) {
		sst_error_clear(err);
		code = watch_answered(w, r, err);
		if (code != SST_OK)
			return code;
	} else if (!w->connected || code == SST_NOMEM || code == SST_INVALID) {
		return code;
	}
	if (watch_gives_up(w)) {
		if (err->code == SST_OK)
			sst_error_set(err, SST_UNREACHABLE,
			    "the server ends every stream");
		return err->code = SST_UNREACHABLE;
	}
	return watch_back_off(w, err);
}

static int
watch_loop(struct watch *w, struct sst_error *err)
{
	struct sst_httpc_response r;
	int code;

	do {
		memset(&r, 0, sizeof(r));
		sst_error_clear(err);
		code = watch_connect(w, &r, err);
		code = watch_again(w, code, &r, err);
		sst_httpc_response_fini(&r);
	} while (code == SST_OK && !w->done);
	return code == SST_CANCELED ? SST_OK : code;
}

static struct sst_mono
watch_until(const struct cli *cli)
{
	if (cli->args.for_ms < 0)
		return SST_MONO_NEVER;
	return sst_mono_add_ms(sst_clock_mono(cli->clock), cli->args.for_ms);
}

static int
watch_run(struct cli *cli)
{
	struct watch w = {.cli = cli, .key = SST_BUF_INIT};
	struct sst_error err = {0};
	int status, code;

	sse_init(&w.sse, CLI_DOCUMENT_MAX, watch_event, &w);
	code = watch_check(&w, &err);
	if (code == SST_OK)
		code = cli_server_open(cli, &w.server, &err);
	if (code == SST_OK)
		code = stopper_start(&w.stopper, cli->clock, w.server.client,
		    watch_until(cli), &err);
	if (code == SST_OK)
		code = watch_loop(&w, &err);
	stopper_stop(&w.stopper);
	status = code == SST_OK ? CLI_OK : cli_fail_error(cli, &err);
	if (code == SST_OK && cli->args.until_change && w.changes > 0)
		status = CLI_DIFFERS;
	sse_fini(&w.sse);
	sst_buf_fini(&w.key);
	cli_server_close(&w.server);
	return status;
}

static const char *const watch_examples[] = {
    "systate watch",
    "each change as it comes, until Ctrl-C",
    "systate watch --sections queues --key mock/agent.tasks",
    "one queue",
    "systate watch --until-change --for 5m --sections agents",
    "for CI: 1 at a change, 0 when there was none in five minutes",
    "systate watch --ndjson | jq -c 'select(.event == \"change\")'",
    "changes for a program",
    NULL,
};

const struct cli_command cli_watch = {
    .name = "watch",
    .operands = "",
    .summary = "each change as it comes",
    .text =
	"Shows the present state in one line and then each change with its "
	"time. A connection\nthat is lost is made anew and goes on where it "
	"was. Ends with 0 at SIGINT, --count\nor --for; with 1 at a change "
	"when --until-change was given.",
    .examples = watch_examples,
    .options = watch_options,
    .option_count = CLI_ROW_COUNT(watch_options),
    .run = watch_run,
};
