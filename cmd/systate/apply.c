/* systate apply: a patch on a saved document. */
#include <string.h>

#include "input.h"
#include "identity.h"
#include "model/encode.h"
#include "model/project.h"
#include "ordered.h"
#include "repository/contract.h"
#include "rows.h"
#include "service/patch.h"

static const struct cli_option apply_options[] = {
    {.name = "--merge",
	.type = CLI_OPTION_FLAG,
	.help = "PATCH is a merge patch (RFC 7396), whatever it looks like; "
		"else an array is a JSON Patch, an object a merge patch",
	.offset = CLI_AT(merge)},
    {.name = "--no-validate",
	.type = CLI_OPTION_FLAG,
	.help = "write the result even when it does not conform to the "
		"schema, for views other than full",
	.offset = CLI_AT(no_validate)},
    CLI_ROW_PRETTY,
};

struct apply {
	struct cli *cli;
	json_t *patch;
	json_t *document;
};

static int
apply_read(struct apply *a, struct sst_error *err)
{
	const struct cli_args *args = &a->cli->args;
	const char *file = args->operand_count > 1 ? args->operands[1] : "-";
	int code;

	if (cli_is_stdin(args->operands[0]) && cli_is_stdin(file)) {
		sst_error_set(err, SST_INVALID,
		    "standard input can be one of the two only; name a FILE");
		err->detail = CLI_ERROR_USAGE;
		return SST_INVALID;
	}
	code = cli_input_json(args->operands[0], &a->patch, err);
	if (code == SST_OK && !args->merge && !json_is_array(a->patch) &&
	    !json_is_object(a->patch))
		code = sst_error_set(err, SST_TYPE,
		    "%.200s: neither a JSON Patch (an array) nor a merge patch "
		    "(an object)",
		    cli_input_name(args->operands[0]));
	if (code == SST_OK)
		code = cli_input_json(file, &a->document, err);
	/* taken for a merge patch, the document itself would be the result */
	if (code == SST_OK && json_is_array(a->document) &&
	    json_is_object(a->patch))
		code = sst_error_set(err, SST_TYPE,
		    "%.200s: an array is no saved document; the patch is named "
		    "first, then the document",
		    cli_input_name(file));
	return code;
}

static int
apply_patch(struct apply *a, struct sst_error *err)
{
	bool merge = a->cli->args.merge || json_is_object(a->patch);
	int code;

	code = merge ? sst_patch_merge(&a->document, a->patch, err)
		     : sst_patch_apply(&a->document, a->patch, err);
	if (code != SST_OK && code != SST_NOMEM)
		sst_error_prefix(
		    err, "%.200s", cli_input_name(a->cli->args.operands[0]));
	return code;
}

static int
apply_validate(struct apply *a, struct sst_error *err)
{
	struct sst_contract *contract = NULL;
	struct sst_report report = {0};
	int code = sst_contract_new(&contract, err);

	if (code != SST_OK)
		return code;
	code =
	    sst_schema_explain(contract->whole, a->document, 1, &report, err);
	sst_report_fini(&report);
	sst_contract_free(&contract);
	if (code != SST_TYPE && code != SST_INVALID)
		return code;
	sst_error_prefix(
	    err, "the result does not conform (--no-validate writes it)");
	return err->code = SST_TYPE;
}

static int
apply_write(struct apply *a, struct sst_error *err)
{
	struct sst_buf compact = SST_BUF_INIT, pretty = SST_BUF_INIT;
	struct sst_buf *out = &compact;
	struct sst_shape *shape = NULL;
	int code = cli_shape_new(&shape, err);

	if (code == SST_OK)
		cli_encode_ordered(shape, a->document, &compact);
	if (code == SST_OK && a->cli->args.pretty && !compact.failed) {
		sst_project_pretty(compact.data, compact.len, &pretty);
		out = &pretty;
	}
	if (code == SST_OK && sst_buf_failed(out))
		code = sst_error_nomem(err);
	if (code == SST_OK) {
		cli_out_add(&a->cli->out, out->data, out->len);
		if (a->cli->out.terminal && !a->cli->args.pretty)
			cli_out_adds(&a->cli->out, "\n");
	}
	sst_shape_free(&shape);
	sst_buf_fini(&compact);
	sst_buf_fini(&pretty);
	return code;
}

/* A test that failed, or a result that is none, is an answer: 1. */
static int
apply_status(struct apply *a, const struct sst_error *err, bool applied)
{
	if (applied && err->code == SST_TYPE)
		return cli_fail(a->cli, CLI_DIFFERS, "%s", err->text);
	return cli_fail_error(a->cli, err);
}

static int
apply_run(struct cli *cli)
{
	struct apply a = {.cli = cli};
	struct sst_error err = {0};
	bool read;
	int status = CLI_OK, code = apply_read(&a, &err);

	read = code == SST_OK;
	if (code == SST_OK)
		code = apply_patch(&a, &err);
	if (code == SST_OK && !cli->args.no_validate)
		code = apply_validate(&a, &err);
	if (code == SST_OK)
		code = apply_write(&a, &err);
	if (code != SST_OK)
		status = apply_status(&a, &err, read);
	json_decref(a.patch);
	json_decref(a.document);
	return status;
}

static const char *const apply_examples[] = {
    "systate diff 41 42 --json-patch >patch.json",
    "a patch",
    "systate get --json --at 41 | systate apply patch.json >42.json",
    "byte for byte what the server has at revision 42",
    NULL,
};

const struct cli_command cli_apply = {
    .name = "apply",
    .operands = "PATCH [FILE]",
    .summary = "apply a JSON Patch or merge patch to a saved document",
    .text =
	"Applies PATCH to the document in FILE (or standard input, also -) and "
	"writes the\nresult, members in the order of the schema. All of the "
	"patch or nothing. Needs no\nserver. 1: a test operation failed, or "
	"the result does not conform; 3: a file cannot\nbe read, or the patch "
	"is none.",
    .examples = apply_examples,
    .options = apply_options,
    .option_count = CLI_ROW_COUNT(apply_options),
    .operands_min = 1,
    .operands_max = 2,
    .files = true,
    .run = apply_run,
};
