#include "server.h"

#include <string.h>

#include "base/text.h"
#include "httpc/json_body.h"
#include "input.h"
#include "model/section.h"
#include "model/snapshot.h"

enum { SERVER_TOKEN_MAX = 4096 };

static int
server_url_check(const char *url, struct sst_error *err)
{
	int code = sst_httpc_url_check(url, err);

	if (code == SST_OK && strchr(url, '?') != NULL)
		code = sst_error_set(err, SST_INVALID, "it has a query");
	if (code != SST_INVALID)
		return code;
	sst_error_prefix(err, "the server's address (--url or SYSTATE_URL)");
	err->detail = CLI_ERROR_USAGE;
	return code;
}

/* Appends the token, the first line of the file. */
static int
server_token(const char *path, struct sst_buf *out, struct sst_error *err)
{
	int code = cli_input_read(path, out, err);

	if (code != SST_OK)
		return sst_error_prefix(err, "token file");
	while (out->len > 0 && strchr(" \t\r\n", out->data[out->len - 1]))
		out->data[--out->len] = '\0';
	if (out->len == 0 || out->len > SERVER_TOKEN_MAX ||
	    strlen(out->data) != out->len || strpbrk(out->data, " \t\r\n"))
		return sst_error_set(err, SST_IO,
		    "token file: %.200s: expected one word of at most %d "
		    "characters",
		    cli_input_name(path), SERVER_TOKEN_MAX);
	return SST_OK;
}

int
cli_server_open(
    const struct cli *cli, struct cli_server *out, struct sst_error *err)
{
	struct cli_server s = {.cli = cli, .url = SST_BUF_INIT};
	struct sst_httpc_options options = {.ca_file = cli->args.ca_file};
	struct sst_buf token = SST_BUF_INIT;
	int code = server_url_check(cli->args.url, err);

	if (code == SST_OK && cli->args.token_file != NULL) {
		code = server_token(cli->args.token_file, &token, err);
		options.bearer = token.data;
	}
	if (code == SST_OK)
		code = sst_httpc_new(&options, cli->clock, &s.client, err);
	if (token.data != NULL)
		explicit_bzero(token.data, token.cap);
	sst_buf_fini(&token);
	if (code == SST_OK)
		*out = s;
	return code;
}

void
cli_server_close(struct cli_server *server)
{
	sst_httpc_free(&server->client);
	sst_buf_fini(&server->url);
}

void
cli_server_path(struct cli_server *server, const char *path)
{
	const char *base = server->cli->args.url;
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	sst_buf_clear(&server->url);
	sst_buf_add(&server->url, base, len);
	sst_buf_adds(&server->url, path);
	server->query = false;
}

void
cli_server_param(struct cli_server *server, const char *name, const char *value)
{
	if (value == NULL)
		return;
	sst_buf_addc(&server->url, server->query ? '&' : '?');
	server->query = true;
	sst_buf_addf(&server->url, "%s=", name);
	sst_text_percent_encode(value, strlen(value), &server->url);
}

void
cli_server_sections(struct cli_server *server)
{
	const struct cli_args *args = &server->cli->args;
	struct sst_buf list = SST_BUF_INIT;
	int i;

	for (i = 0; i < SST_SECTION_COUNT; i++) {
		if ((args->sections & 1u << i) != 0)
			sst_buf_addf(&list, "%s%s", list.len > 0 ? "," : "",
			    sst_section_name((enum sst_section_id)i));
	}
	if (args->sections_given)
		cli_server_param(server, "sections", list.data);
	if (sst_buf_failed(&list))
		server->url.failed = true;
	sst_buf_fini(&list);
}

/* Whether a content type is this media type, whatever its parameters are. */
static bool
server_type_is(const char *type, const char *wanted)
{
	size_t len = strlen(wanted);

	return type != NULL && strncasecmp(type, wanted, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

static const char *
server_member(const json_t *problem, const char *name)
{
	const char *text = json_string_value(json_object_get(problem, name));

	return text != NULL ? text : "";
}

/* A line of the problem's title, detail and example; false: there is none. */
static bool
server_problem(const struct sst_httpc_response *r, struct sst_error *err)
{
	json_t *problem = NULL;
	const char *title, *detail, *example;
	int code = err->code, status = err->detail;

	if (!server_type_is(r->content_type, "application/problem+json") ||
	    sst_json_body_parse(r->body, r->len, &problem, NULL) != SST_OK)
		return false;
	title = server_member(problem, "title");
	detail = server_member(problem, "detail");
	example = server_member(problem, "example");
	sst_error_set(err, code, "the server answered %ld %.60s%s%.300s%s%.80s",
	    r->status, title, detail[0] != '\0' ? ": " : "", detail,
	    example[0] != '\0' ? " Example: " : "", example);
	err->detail = status;
	json_decref(problem);
	return true;
}

int
cli_server_check(struct cli_server *server, const char *accept,
    const struct sst_httpc_response *r, struct sst_error *err)
{
	const char *url = server->url.data;
	const char *type =
	    r->content_type != NULL ? r->content_type : "no type";
	int code = sst_httpc_status(r, url, err);

	if (code == SST_OK) {
		if (server_type_is(r->content_type, accept))
			return SST_OK;
		sst_error_set(err, SST_PROTOCOL,
		    "answered with %.60s where %s belongs; is this a systate "
		    "server?",
		    type, accept);
		return sst_httpc_error_prefix(url, err);
	}
	if (r->status == 400)
		code = err->code = SST_INVALID;
	if (r->status == 410)
		code = err->code = SST_GONE;
	if (!server_problem(r, err)) {
		sst_error_set(err, code == SST_INVALID ? SST_PROTOCOL : code,
		    "answered %ld with %.60s and no problem details; is this "
		    "a systate server?",
		    r->status, type);
		return sst_httpc_error_prefix(url, err);
	}
	return code;
}

int
cli_server_get(struct cli_server *server, const char *accept,
    struct sst_httpc_response *out, struct sst_error *err)
{
	const struct cli *cli = server->cli;
	struct sst_httpc_request request = {.accept = accept,
	    .max_bytes = CLI_DOCUMENT_MAX,
	    .deadline = sst_mono_add_ms(
		sst_clock_mono(cli->clock), cli->args.timeout_ms)};
	struct sst_httpc_response r = {0};
	int code;

	if (sst_buf_failed(&server->url))
		return sst_error_nomem(err);
	request.url = server->url.data;
	code = sst_httpc_get(server->client, &request, &r, err);
	if (code == SST_OK)
		code = cli_server_check(server, accept, &r, err);
	if (code == SST_OK)
		*out = r;
	else
		sst_httpc_response_fini(&r);
	return code;
}

int
cli_server_get_both(struct cli_server *server, struct sst_buf *body,
    json_t **out, struct sst_error *err)
{
	struct sst_httpc_response r = {0};
	json_t *json = NULL;
	int code = cli_server_get(server, "application/json", &r, err);

	if (code != SST_OK)
		return code;
	code = sst_json_body_parse(r.body, r.len, &json, err);
	if (code == SST_OK && !json_is_object(json))
		code = sst_error_set(
		    err, SST_TYPE, "the answer is JSON, but no object");
	if (body != NULL)
		sst_buf_add(body, r.body, r.len);
	sst_httpc_response_fini(&r);
	if (code != SST_OK) {
		json_decref(json);
		return sst_httpc_error_prefix(server->url.data, err);
	}
	*out = json;
	return SST_OK;
}

int
cli_server_get_json(
    struct cli_server *server, json_t **out, struct sst_error *err)
{
	return cli_server_get_both(server, NULL, out, err);
}
