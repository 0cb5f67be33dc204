/* systate validate: a saved document against the schema, all faults. */
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "input.h"
#include "repository/contract.h"
#include "rows.h"
#include "service/document.h"

/* Listed at most; a document that is wrong all over needs no more. */
enum { VALIDATE_FAULTS = 10000 };

static const struct cli_option validate_options[] = {
    {.name = "--limit",
	.type = CLI_OPTION_COUNT,
	.value = "N",
	.help = "list N faults at most; the total is always true; 1000",
	.offset = CLI_AT(limit),
	.min = 0,
	.max = VALIDATE_FAULTS},
    CLI_ROW_TEXT,
    CLI_ROW_JSON,
    CLI_ROW_NDJSON("one line of JSON for each fault"),
    CLI_ROWS_COLOUR,
};

static json_t *
validate_fault(const struct sst_failure *f)
{
	return json_pack("{s:s,s:s,s:s,s:s}", "pointer", f->instance, "keyword",
	    f->keyword, "schema", f->schema, "message", f->message);
}

static json_t *
validate_faults(const struct sst_report *report)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < report->count; i++)
		json_array_append_new(
		    list, validate_fault(&report->failures[i]));
	return list;
}

static void
validate_json(struct cli *cli, const struct sst_report *report)
{
	json_t *list = validate_faults(report), *all = NULL;
	json_int_t total = (json_int_t)report->count;

	total += (json_int_t)report->omitted;
	if (list != NULL && json_array_size(list) == report->count)
		all = json_pack("{s:b,s:I,s:O}", "valid", total == 0,
		    "faults_total", total, "faults", list);
	if (all == NULL)
		cli->out.nomem = true;
	else if (cli->args.form == CLI_FORM_JSON)
		cli_out_json_line(&cli->out, all);
	else
		cli_out_json_lines(&cli->out, list);
	json_decref(all);
	json_decref(list);
}

static void
validate_text(struct cli *cli, const struct sst_report *report)
{
	const char *name = cli_input_name(cli->args.operands[0]);
	struct cli_out *out = &cli->out;
	size_t i, total = report->count + report->omitted;

	for (i = 0; i < report->count; i++) {
		const struct sst_failure *f = &report->failures[i];

		cli_out_paint(out, CLI_BOLD);
		if (f->instance[0] == '\0')
			cli_out_adds(out, "the whole document");
		else
			cli_out_clean(out, f->instance, strlen(f->instance));
		cli_out_paint(out, CLI_PLAIN);
		cli_out_adds(out, ": ");
		cli_out_clean(out, f->message, strlen(f->message));
		cli_out_adds(out, "\n");
	}
	cli_out_clean(out, name, strlen(name));
	cli_out_adds(out, ": ");
	cli_out_paint(out, total == 0 ? CLI_GREEN : CLI_RED);
	if (total == 0)
		cli_out_adds(out, "valid");
	else
		cli_out_addf(out, "not valid, %zu fault%s", total,
		    total == 1 ? "" : "s");
	cli_out_paint(out, CLI_PLAIN);
	if (report->omitted > 0)
		cli_out_addf(out, " (%zu not listed)", report->omitted);
	cli_out_adds(out, "\n");
}

static void
validate_write(struct cli *cli, const struct sst_report *report)
{
	if (cli->args.form == CLI_FORM_JSON ||
	    cli->args.form == CLI_FORM_NDJSON)
		validate_json(cli, report);
	else
		validate_text(cli, report);
}

/*
 * What the schema has no words for: two entities of one key, and the like. Of
 * those only the first is found. The text of err is "POINTER: message".
 */
static void
validate_reading(struct cli *cli, const struct sst_error *err)
{
	const char *colon = strstr(err->text, ": ");
	size_t len = colon != NULL && err->text[0] == '/'
			 ? (size_t)(colon - err->text)
			 : 0;
	char pointer[SST_ERROR_TEXT], message[SST_ERROR_TEXT], schema[] = "";
	struct sst_failure failure = {pointer, schema, "x-identity", message};
	struct sst_report report = {&failure, 1, 0};

	snprintf(pointer, sizeof(pointer), "%.*s", (int)len, err->text);
	snprintf(message, sizeof(message), "%s",
	    err->text + (len > 0 ? len + 2 : 0));
	if (cli->args.limit == 0)
		report = (struct sst_report){NULL, 0, 1};
	validate_write(cli, &report);
}

/* Once it conforms to the schema. */
static int
validate_read(struct cli *cli, const struct sst_contract *contract,
    const struct sst_buf *bytes)
{
	const struct sst_report none = {0};
	struct sst_snapshot *snapshot = NULL;
	struct sst_error err = {0};
	int code = sst_document_read(
	    contract, bytes->data, bytes->len, NULL, &snapshot, &err);

	sst_snapshot_release(&snapshot);
	if (code == SST_NOMEM)
		return cli_fail_error(cli, &err);
	if (code != SST_OK) {
		validate_reading(cli, &err);
		return CLI_DIFFERS;
	}
	validate_write(cli, &none);
	return CLI_OK;
}

/* The tree is given back, it is large. */
static int
validate_document(struct cli *cli, const struct sst_contract *contract,
    const struct sst_buf *bytes, json_t *json)
{
	struct sst_report report = {0};
	struct sst_error err = {0};
	int code = sst_schema_explain(
	    contract->whole, json, (size_t)cli->args.limit, &report, &err);

	json_decref(json);
	if (code == SST_OK)
		return validate_read(cli, contract, bytes);
	if (code != SST_TYPE && code != SST_INVALID)
		return cli_fail_error(cli, &err);
	validate_write(cli, &report);
	sst_report_fini(&report);
	return CLI_DIFFERS;
}

static int
validate_run(struct cli *cli)
{
	const char *path = cli->args.operands[0];
	struct sst_contract *contract = NULL;
	struct sst_buf bytes = SST_BUF_INIT;
	struct sst_error err = {0};
	json_t *json = NULL;
	int status, code = cli_input_read(path, &bytes, &err);

	if (code == SST_OK)
		code = cli_input_parse(path, &bytes, &json, &err);
	if (code == SST_OK)
		code = sst_contract_new(&contract, &err);
	if (code == SST_OK) {
		status = validate_document(cli, contract, &bytes, json);
	} else {
		json_decref(json);
		status = cli_fail_error(cli, &err);
	}
	sst_contract_free(&contract);
	sst_buf_fini(&bytes);
	return status;
}

static const char *const validate_examples[] = {
    "systate validate saved.json",
    "every fault with its JSON Pointer; 0 when there is none",
    "systate get --json | systate validate -",
    "what the server says now",
    NULL,
};

const struct cli_command cli_validate = {
    .name = "validate",
    .operands = "FILE",
    .summary = "check a saved document against the schema",
    .text = "Checks a document (the full view; - is standard input) against "
	    "the schema and\nlists all faults, each with its JSON Pointer. "
	    "Needs no server. 0: valid, 1: not\nvalid, 3: cannot be read or is "
	    "no JSON.",
    .examples = validate_examples,
    .options = validate_options,
    .option_count = CLI_ROW_COUNT(validate_options),
    .operands_min = 1,
    .operands_max = 1,
    .files = true,
    .run = validate_run,
};
