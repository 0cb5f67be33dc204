/*
 * Two moments of the server: it has both and knows what they share. What
 * cannot be read off a form (does it differ?) is asked for beforehand, for
 * exactly the same two revisions.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "diff.h"
#include "form.h"

enum { SERVER_WORD = 64 };

struct server_request {
	const char *from, *to;
	const char *accept;
	uint64_t limit; /* 0: not said */
	const char *view;
};

static void
server_url(struct diff *d, const struct server_request *rq)
{
	const struct cli_args *args = &d->cli->args;
	char limit[24];

	cli_server_path(&d->server, "/system/state/diff");
	cli_server_param(&d->server, "from", rq->from);
	cli_server_param(&d->server, "to", rq->to);
	cli_server_sections(&d->server);
	if (args->key != NULL)
		cli_server_param(&d->server, "key", d->key.data);
	cli_server_param(&d->server, "view", rq->view);
	snprintf(limit, sizeof(limit), "%" PRIu64, rq->limit);
	cli_server_param(&d->server, "limit", rq->limit > 0 ? limit : NULL);
	if (args->pretty)
		cli_server_param(&d->server, "pretty", "1");
}

/* True when the summary of an answer has a count. */
static int
server_differs(const json_t *answer, bool *out, struct sst_error *err)
{
	static const char *const ops[] = {
	    "added", "removed", "changed", "moved"};
	const json_t *summary = json_object_get(answer, "summary"), *count;
	size_t i;
	bool any = false;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		count = json_object_get(summary, ops[i]);
		if (!json_is_integer(count))
			return sst_error_set(err, SST_TYPE,
			    "the server's answer has no summary.%s", ops[i]);
		any = any || json_integer_value(count) > 0;
	}
	*out = any;
	return SST_OK;
}

/* "0f3a55d200c4e1b7:41" of an end of the answer. */
static int
server_end(const json_t *answer, const char *name, char out[SERVER_WORD],
    struct sst_error *err)
{
	const json_t *end = json_object_get(answer, name);
	const char *epoch = json_string_value(json_object_get(end, "epoch"));
	const json_t *revision = json_object_get(end, "revision");

	if (epoch == NULL || !json_is_integer(revision))
		return sst_error_set(err, SST_TYPE,
		    "the server's answer has no %s.epoch and %s.revision", name,
		    name);
	snprintf(out, SERVER_WORD, "%.32s:%" JSON_INTEGER_FORMAT, epoch,
	    json_integer_value(revision));
	return SST_OK;
}

static void
server_omitted(struct diff *d, const json_t *answer)
{
	const json_t *omitted = json_object_get(answer, "omitted");

	if (json_integer_value(omitted) > 0)
		cli_note(d->cli,
		    "%" JSON_INTEGER_FORMAT " more changes are not shown; see "
		    "--limit",
		    json_integer_value(omitted));
}

static int
server_semantic(struct diff *d, struct sst_error *err)
{
	struct server_request rq = {d->words[0], d->words[1],
	    "application/json", d->cli->args.limit, NULL};
	json_t *answer = NULL;
	struct sst_buf body = SST_BUF_INIT;
	int code;

	server_url(d, &rq);
	code = cli_server_get_both(&d->server, &body, &answer, err);
	if (code == SST_OK)
		code = server_differs(answer, &d->differs, err);
	if (code == SST_OK && d->cli->args.form == CLI_FORM_NDJSON) {
		cli_out_json_lines(
		    &d->cli->out, json_object_get(answer, "changes"));
		server_omitted(d, answer);
	} else if (code == SST_OK) {
		cli_out_whole_lines(&d->cli->out, body.data, body.len);
	}
	json_decref(answer);
	sst_buf_fini(&body);
	return code;
}

/* Which revisions these are, and whether they differ. */
static int
server_pin(struct diff *d, char from[SERVER_WORD], char to[SERVER_WORD],
    struct sst_error *err)
{
	struct server_request rq = {
	    d->words[0], d->words[1], "application/json", 1, NULL};
	json_t *answer = NULL;
	int code;

	server_url(d, &rq);
	code = cli_server_get_json(&d->server, &answer, err);
	if (code == SST_OK)
		code = server_differs(answer, &d->differs, err);
	if (code == SST_OK)
		code = server_end(answer, "from", from, err);
	if (code == SST_OK)
		code = server_end(answer, "to", to, err);
	json_decref(answer);
	return code;
}

int
diff_ask_server(struct diff *d, struct sst_error *err)
{
	const struct cli_args *args = &d->cli->args;
	char from[SERVER_WORD], to[SERVER_WORD];
	struct server_request rq = {from, to, "text/plain", args->limit, NULL};
	struct sst_httpc_response r = {0};
	int code;

	if (args->form == CLI_FORM_JSON || args->form == CLI_FORM_NDJSON)
		return server_semantic(d, err);
	code = server_pin(d, from, to, err);
	if (code != SST_OK)
		return code;
	if (args->form == CLI_FORM_JSON_PATCH) {
		rq.accept = "application/json-patch+json";
		rq.limit = 0;
	} else if (args->form == CLI_FORM_MERGE_PATCH) {
		rq.accept = "application/merge-patch+json";
		rq.limit = 0;
		if (args->view_given)
			rq.view = cli_view_name(args->view);
	}
	server_url(d, &rq);
	code = cli_server_get(&d->server, rq.accept, &r, err);
	if (code == SST_OK && args->form == CLI_FORM_TEXT)
		cli_out_diff_text(&d->cli->out, r.body, r.len);
	else if (code == SST_OK)
		cli_out_whole_lines(&d->cli->out, r.body, r.len);
	sst_httpc_response_fini(&r);
	return code;
}
