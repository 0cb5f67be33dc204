/* systate diff: what changed between two moments or saved documents. */
#include "diff.h"

#include <string.h>

#include "operand.h"
#include "rows.h"

static const char *const diff_views[] = {"full", "keyed", NULL};

static const struct cli_option diff_options[] = {
    CLI_ROW_SECTIONS,
    CLI_ROW_KEY("only this entity and what is in it, such as "
		"mock/agent.tasks: a key as in --json"),
    {.name = "--limit",
	.type = CLI_OPTION_COUNT,
	.value = "N",
	.help = "show N changes at most; totals are always true; 1000",
	.offset = CLI_AT(limit),
	.given = CLI_AT(limit_given),
	.min = 1,
	.max = 10000},
    CLI_ROW_TEXT,
    CLI_ROW_JSON,
    CLI_ROW_NDJSON("one line of JSON for each change"),
    CLI_ROW_FORM("--json-patch", CLI_FORM_JSON_PATCH,
	"JSON Patch (RFC 6902): applied to FROM it gives TO, byte for byte"),
    CLI_ROW_FORM("--merge-patch", CLI_FORM_MERGE_PATCH,
	"merge patch (RFC 7396): for people and simple tools; null and absent "
	"are the same to it"),
    {.name = "--view",
	.type = CLI_OPTION_CHOICE,
	.value = "VIEW",
	.choices = diff_views,
	.help = "what the merge patch is applied to: full or keyed (small "
		"patches)",
	.offset = CLI_AT(view),
	.given = CLI_AT(view_given)},
    CLI_ROW_PRETTY,
    CLI_ROWS_COLOUR,
    CLI_ROWS_SERVER,
};

bool
diff_is_patch(const struct cli_args *args)
{
	return args->form == CLI_FORM_JSON_PATCH ||
	       args->form == CLI_FORM_MERGE_PATCH;
}

static int
diff_check(struct cli_args *args, struct sst_error *err)
{
	if (args->form == CLI_FORM_DEFAULT)
		args->form = CLI_FORM_TEXT;
	if (args->view_given && args->form != CLI_FORM_MERGE_PATCH)
		return sst_error_set(
		    err, SST_INVALID, "--view is for --merge-patch");
	if (args->pretty &&
	    (args->form == CLI_FORM_TEXT || args->form == CLI_FORM_NDJSON))
		return sst_error_set(
		    err, SST_INVALID, "--pretty is for --json and patches");
	if (diff_is_patch(args) && args->key != NULL)
		return sst_error_set(err, SST_INVALID,
		    "--key does not go with a patch, which is of all of a "
		    "section");
	if (diff_is_patch(args) && args->limit_given)
		return sst_error_set(err, SST_INVALID,
		    "--limit does not go with a patch, which is whole or "
		    "wrong");
	return SST_OK;
}

static int
diff_operands(struct diff *d, struct sst_error *err)
{
	const struct cli_args *args = &d->cli->args;
	int i, code;

	d->words[0] = args->operands[0];
	d->words[1] = args->operand_count > 1 ? args->operands[1] : "now";
	/* "now" that nobody wrote is never a file */
	if (args->operand_count < 2)
		d->is_file[1] = false;
	for (i = 0; i < (int)args->operand_count; i++) {
		code = cli_operand_is_file(d->words[i], &d->is_file[i], err);
		if (code != SST_OK)
			return code;
	}
	if (strcmp(d->words[0], "-") == 0 && strcmp(d->words[1], "-") == 0)
		return sst_error_set(err, SST_INVALID,
		    "standard input can be one of the two only");
	return SST_OK;
}

static int
diff_prepare(struct diff *d, struct sst_error *err)
{
	const char *key = d->cli->args.key;
	int code = diff_check(&d->cli->args, err);

	if (code == SST_OK)
		code = diff_operands(d, err);
	if (code != SST_OK) {
		err->detail = CLI_ERROR_USAGE;
		return code;
	}
	if (key == NULL)
		return SST_OK;
	cli_key_canonical(key, &d->key);
	return sst_buf_failed(&d->key) ? sst_error_nomem(err) : SST_OK;
}

static int
diff_run(struct cli *cli)
{
	struct diff d = {.cli = cli, .key = SST_BUF_INIT};
	struct sst_error err = {0};
	int status, code = diff_prepare(&d, &err);

	if (code == SST_OK && !(d.is_file[0] && d.is_file[1])) {
		code = cli_server_open(cli, &d.server, &err);
	}
	if (code == SST_OK && !d.is_file[0] && !d.is_file[1])
		code = diff_ask_server(&d, &err);
	else if (code == SST_OK)
		code = diff_documents(&d, &err);
	status = code != SST_OK ? cli_fail_error(cli, &err)
		 : d.differs    ? CLI_DIFFERS
				: CLI_OK;
	cli_server_close(&d.server);
	sst_buf_fini(&d.key);
	return status;
}

static const char *const diff_examples[] = {
    "systate diff -15m",
    "what changed in the last quarter of an hour",
    "systate diff before.json after.json",
    "two saved documents; needs no server",
    "systate diff before.json",
    "a saved document and the server's present",
    "systate get --json --at 41 | systate diff - 42 --sections queues",
    "standard input and a revision, queues only",
    "systate diff 41 42 --json-patch >patch.json",
    "what systate apply takes",
    NULL,
};

const struct cli_command cli_diff = {
    .name = "diff",
    .operands = "FROM [TO]",
    .summary = "what changed between two moments or saved documents",
    .text =
	"Says what changed, by name. FROM and TO are each a moment of the "
	"server or a saved\ndocument: a revision (41), EPOCH:REVISION, a time "
	"(2026-01-01T00:00:00Z), Unix\nseconds (@1766300000), a duration back "
	"(-15m), now, a file, or - for standard\ninput. Without TO it is now. "
	"Only updated_at and the like are left out. 0: the\nsame, 1: differs.",
    .examples = diff_examples,
    .options = diff_options,
    .option_count = CLI_ROW_COUNT(diff_options),
    .operands_min = 1,
    .operands_max = 2,
    .files = true,
    .run = diff_run,
};
