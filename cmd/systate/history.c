/* systate history: the revisions that are held. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "rows.h"
#include "server.h"
#include "table.h"

/* Asked for at a time with --all. */
enum { HISTORY_PAGE = 1000, HISTORY_DEFAULT = 100, HISTORY_MAX = 10000 };

static const struct cli_option history_options[] = {
    {.name = "--from",
	.type = CLI_OPTION_MOMENT,
	.value = "MOMENT",
	.help = "captured then or later: a revision, a time or a duration "
		"back such as -1h",
	.offset = CLI_AT(from)},
    {.name = "--to",
	.type = CLI_OPTION_MOMENT,
	.value = "MOMENT",
	.help = "captured then or before",
	.offset = CLI_AT(to)},
    {.name = "--limit",
	.type = CLI_OPTION_COUNT,
	.value = "N",
	.help = "N revisions at most, the newest; 100",
	.offset = CLI_AT(limit),
	.given = CLI_AT(limit_given),
	.min = 1,
	.max = HISTORY_MAX},
    {.name = "--all",
	.type = CLI_OPTION_FLAG,
	.help = "all that are held, however many",
	.offset = CLI_AT(all)},
    CLI_ROW_TEXT,
    CLI_ROW_JSON,
    CLI_ROW_NDJSON("one line of JSON for each revision"),
    CLI_ROWS_COLOUR,
    CLI_ROWS_SERVER,
};

static const struct cli_column history_columns[] = {
    {"REVISION", true},
    {"TIME", false},
    {"+", true},
    {"-", true},
    {"~", true},
    {">", true},
    {"CAUSE", false},
};

struct history {
	struct cli *cli;
	struct cli_server server;
	json_t *first;          /* the first page */
	struct cli_table table; /* text */
	size_t count;           /* revisions so far */
	bool more;              /* there are older ones */
};

static void
history_row(struct cli_table *table, const json_t *row)
{
	static const char *const ops[] = {
	    "added", "removed", "changed", "moved"};
	const json_t *summary = json_object_get(row, "summary"), *count;
	size_t i;

	cli_table_json(table, CLI_BOLD, json_object_get(row, "revision"));
	cli_table_json(table, CLI_PLAIN, json_object_get(row, "captured_at"));
	for (i = 0; i < 4; i++) {
		count = json_object_get(summary, ops[i]);
		if (json_is_null(summary))
			cli_table_text(table, CLI_PLAIN, "?");
		else if (json_integer_value(count) == 0)
			cli_table_text(table, CLI_DIM, "0");
		else
			cli_table_json(table, cli_mark_paint("+-~>"[i]), count);
	}
	cli_table_json(table, CLI_PLAIN, json_object_get(row, "cause"));
}

/* The revisions of a page, in the form that is wanted. */
static int
history_take(struct history *h, json_t *page, struct sst_error *err)
{
	json_t *rows = json_object_get(page, "revisions"), *row;
	json_t *all = json_object_get(h->first, "revisions");
	size_t i;

	if (!json_is_array(rows))
		return sst_error_set(err, SST_TYPE,
		    "the server's answer has no list of revisions");
	h->count += json_array_size(rows);
	if (h->cli->args.form == CLI_FORM_NDJSON) {
		cli_out_json_lines(&h->cli->out, rows);
	} else if (h->cli->args.form == CLI_FORM_TEXT) {
		json_array_foreach(rows, i, row) history_row(&h->table, row);
	} else if (h->first == NULL) {
		h->first = json_incref(page);
	} else if (json_array_extend(all, rows) != 0) {
		return sst_error_nomem(err);
	}
	return SST_OK;
}

static void
history_first_url(struct history *h)
{
	const struct cli_args *args = &h->cli->args;
	char limit[24];

	cli_server_path(&h->server, "/system/state/history");
	cli_server_param(&h->server, "from", args->from);
	cli_server_param(&h->server, "to", args->to);
	snprintf(limit, sizeof(limit), "%" PRIu64,
	    args->all ? HISTORY_PAGE : args->limit);
	cli_server_param(&h->server, "limit", limit);
}

/* From the first page to the last one that is wanted. */
static int
history_pages(struct history *h, struct sst_error *err)
{
	json_t *page = NULL;
	const char *next;
	int code;

	history_first_url(h);
	for (;;) {
		code = cli_server_get_json(&h->server, &page, err);
		if (code == SST_OK)
			code = history_take(h, page, err);
		if (code != SST_OK)
			break;
		next = json_string_value(json_object_get(page, "next"));
		h->more = next != NULL && !h->cli->args.all;
		if (next == NULL || h->more || cli_out_broken(&h->cli->out))
			break;
		if (next[0] != '/') {
			code = sst_error_set(err, SST_PROTOCOL,
			    "the server's next page is no path on it");
			break;
		}
		cli_server_path(&h->server, next);
		json_decref(page);
		page = NULL;
	}
	json_decref(page);
	return code;
}

static void
history_finish(struct history *h)
{
	struct cli *cli = h->cli;

	if (cli->args.form == CLI_FORM_JSON) {
		if (cli->args.all)
			json_object_set_new(h->first, "next", json_null());
		cli_out_json_line(&cli->out, h->first);
		return;
	}
	if (cli->args.form == CLI_FORM_TEXT && h->count == 0)
		cli_out_adds(&cli->out, "no revisions\n");
	else if (cli->args.form == CLI_FORM_TEXT)
		cli_table_print(&h->table, 0, &cli->out);
	if (h->more)
		cli_note(cli, "there are older ones; see --limit and --all");
}

static int
history_run(struct cli *cli)
{
	struct history h = {.cli = cli};
	struct sst_error err = {0};
	int status, code;

	if (cli->args.all && cli->args.limit_given)
		return cli_fail(
		    cli, CLI_USAGE, "--all and --limit exclude each other");
	if (!cli->args.limit_given)
		cli->args.limit = HISTORY_DEFAULT;
	if (cli->args.form == CLI_FORM_DEFAULT)
		cli->args.form = CLI_FORM_TEXT;
	cli_table_init(
	    &h.table, history_columns, CLI_ROW_COUNT(history_columns));
	code = cli_server_open(cli, &h.server, &err);
	if (code == SST_OK)
		code = history_pages(&h, &err);
	if (code == SST_OK)
		history_finish(&h);
	status = code == SST_OK ? CLI_OK : cli_fail_error(cli, &err);
	json_decref(h.first);
	cli_table_fini(&h.table);
	cli_server_close(&h.server);
	return status;
}

static const char *const history_examples[] = {
    "systate history",
    "the newest revisions, what each changed and which source did it",
    "systate history --from -1h --to -15m",
    "those of a time",
    "systate history --all --ndjson | jq -r .captured_at",
    "every revision that is held",
    NULL,
};

const struct cli_command cli_history = {
    .name = "history",
    .operands = "",
    .summary = "the revisions that are held",
    .text =
	"Lists revisions, newest first: when, how many entities were added "
	"(+), removed (-),\nchanged (~) and moved (>), and the sources that "
	"caused it. Old ones are thinned out,\nso numbers may be missing.",
    .examples = history_examples,
    .options = history_options,
    .option_count = CLI_ROW_COUNT(history_options),
    .run = history_run,
};
