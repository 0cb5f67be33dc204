/* Documents compared here: files, standard input, what the server has. */
#include <string.h>

#include "diff.h"
#include "form.h"
#include "httpc/json_body.h"
#include "input.h"
#include "model/project.h"
#include "repository/contract.h"
#include "service/diff.h"
#include "service/document.h"

struct local {
	struct diff *d;
	struct sst_contract *contract;
	struct sst_snapshot *ends[2];
	struct sst_diff *diff;
};

static int
local_fetch(struct diff *d, const char *moment, struct sst_httpc_response *out,
    struct sst_error *err)
{
	cli_server_path(&d->server, "/system/state");
	if (strcmp(moment, "now") != 0)
		cli_server_param(&d->server, "at", moment);
	return cli_server_get(&d->server, "application/json", out, err);
}

/* Names the file or request before what is wrong with its bytes. */
static int
local_prefix(const struct local *l, int i, struct sst_error *err)
{
	if (err->code == SST_NOMEM)
		return err->code;
	/* a fault of the document is none of the command line */
	err->detail = 0;
	if (!l->d->is_file[i])
		return sst_httpc_error_prefix(l->d->server.url.data, err);
	return sst_error_prefix(err, "%.200s", cli_input_name(l->d->words[i]));
}

static int
local_load(struct local *l, int i, struct sst_error *err)
{
	const struct sst_snapshot *near = l->ends[1 - i];
	struct sst_httpc_response r = {0};
	struct sst_buf bytes = SST_BUF_INIT;
	int code;

	if (l->d->is_file[i]) {
		code = cli_input_read(l->d->words[i], &bytes, err);
		if (code == SST_OK)
			code = sst_document_read(l->contract, bytes.data,
			    bytes.len, near, &l->ends[i], err);
		else
			goto out;
	} else {
		code = local_fetch(l->d, l->d->words[i], &r, err);
		if (code == SST_OK)
			code = sst_document_read(
			    l->contract, r.body, r.len, near, &l->ends[i], err);
		else
			goto out;
	}
	if (code != SST_OK)
		code = local_prefix(l, i, err);
out:
	sst_httpc_response_fini(&r);
	sst_buf_fini(&bytes);
	return code;
}

static void
local_lines(struct local *l, const char *bytes, size_t len)
{
	struct cli *cli = l->d->cli;
	json_t *whole = json_loadb(bytes, len, 0, NULL);
	const json_t *omitted = json_object_get(whole, "omitted");

	if (whole == NULL)
		cli->out.nomem = true;
	cli_out_json_lines(&cli->out, json_object_get(whole, "changes"));
	if (json_integer_value(omitted) > 0)
		cli_note(cli,
		    "%" JSON_INTEGER_FORMAT " more changes are not shown; see "
		    "--limit",
		    json_integer_value(omitted));
	json_decref(whole);
}

static enum sst_view
local_view(const struct cli_args *args)
{
	return args->view == CLI_VIEW_KEYED ? SST_VIEW_KEYED : SST_VIEW_FULL;
}

static int
local_form(struct local *l, const struct sst_diff_style *style,
    struct sst_buf *out, struct sst_error *err)
{
	const struct cli_args *args = &l->d->cli->args;

	switch (args->form) {
	case CLI_FORM_JSON_PATCH:
		return sst_diff_write_patch(l->diff, args->sections, out, err);
	case CLI_FORM_MERGE_PATCH:
		return sst_diff_write_merge_patch(
		    l->diff, local_view(args), args->sections, out, err);
	case CLI_FORM_TEXT:
		sst_diff_write_text(l->diff, style, out);
		return SST_OK;
	default:
		sst_diff_write_json(l->diff, style, out);
		return SST_OK;
	}
}

static void
local_pretty(struct cli_out *out, const struct sst_buf *compact)
{
	struct sst_buf pretty = SST_BUF_INIT;

	sst_project_pretty(compact->data, compact->len, &pretty);
	if (sst_buf_failed(&pretty))
		out->nomem = true;
	else
		cli_out_add(out, pretty.data, pretty.len);
	sst_buf_fini(&pretty);
}

static int
local_write(struct local *l, struct sst_error *err)
{
	struct cli *cli = l->d->cli;
	const struct cli_args *args = &cli->args;
	struct sst_diff_style style = {
	    .filter = {.sections = args->sections,
		.key = l->d->key.data,
		.key_len = l->d->key.len},
	    .limit = (size_t)args->limit,
	    .pretty = args->pretty,
	    .colour = cli->out.colour,
	};
	struct sst_buf out = SST_BUF_INIT;
	int code = local_form(l, &style, &out, err);

	if (code == SST_OK && sst_buf_failed(&out))
		code = sst_error_nomem(err);
	if (code == SST_OK && args->form == CLI_FORM_NDJSON)
		local_lines(l, out.data, out.len);
	else if (code == SST_OK && args->pretty && diff_is_patch(args))
		local_pretty(&cli->out, &out);
	else if (code == SST_OK)
		cli_out_whole_lines(&cli->out, out.data, out.len);
	sst_buf_fini(&out);
	l->d->differs = !sst_diff_empty(l->diff, &style.filter);
	return code;
}

int
diff_documents(struct diff *d, struct sst_error *err)
{
	struct local l = {.d = d};
	/* The server's side last: a wrong file is told without a request. */
	int first = d->is_file[0] ? 0 : 1;
	int code = sst_contract_new(&l.contract, err);

	if (code == SST_OK)
		code = local_load(&l, first, err);
	if (code == SST_OK)
		code = local_load(&l, 1 - first, err);
	if (code == SST_OK)
		code = sst_diff_new(l.ends[0], l.ends[1], &l.diff, err);
	if (code == SST_OK)
		code = local_write(&l, err);
	sst_diff_free(&l.diff);
	sst_snapshot_release(&l.ends[0]);
	sst_snapshot_release(&l.ends[1]);
	sst_contract_free(&l.contract);
	return code;
}
