/* systate sources: how the sources are doing. */
#include <stdio.h>

#include "form.h"
#include "rows.h"
#include "server.h"
#include "table.h"

static const struct cli_option sources_options[] = {
    {.name = "--check",
	.type = CLI_OPTION_FLAG,
	.help = "exit with 1 when a source is not ok; disabled ones do not "
		"count",
	.offset = CLI_AT(check)},
    CLI_ROW_TEXT,
    CLI_ROW_JSON,
    CLI_ROW_NDJSON("one line of JSON for each source"),
    CLI_ROWS_COLOUR,
    CLI_ROWS_SERVER,
};

static const struct cli_column sources_columns[] = {
    {"STATUS", false},
    {"NAME", false},
    {"KIND", false},
    {"AGE", true},
    {"MAX", true},
    {"NEXT", true},
    {"TOOK", true},
    {"ENTITIES", true},
    {"REJECTED", true},
    {"FAILURES", true},
    {"ERROR", false},
};

/* "12.3s", "-" for none. */
static void
sources_seconds(struct cli_table *table, enum cli_paint paint,
    const json_t *source, const char *member)
{
	const json_t *value = json_object_get(source, member);
	char text[32];

	if (!json_is_number(value)) {
		cli_table_text(table, paint, "-");
		return;
	}
	cli_seconds_text(json_number_value(value), text);
	cli_table_text(table, paint, text);
}

static void
sources_row(struct cli_table *table, const json_t *s)
{
	const char *status = json_string_value(json_object_get(s, "status"));
	struct sst_buf error = SST_BUF_INIT;

	cli_table_json(
	    table, cli_status_paint(status), json_object_get(s, "status"));
	cli_table_json(table, CLI_PLAIN, json_object_get(s, "name"));
	cli_table_json(table, CLI_PLAIN, json_object_get(s, "kind"));
	sources_seconds(table, CLI_PLAIN, s, "age_seconds");
	sources_seconds(table, CLI_PLAIN, s, "max_age_seconds");
	sources_seconds(table, CLI_PLAIN, s, "next_attempt_seconds");
	sources_seconds(table, CLI_PLAIN, s, "last_duration_seconds");
	cli_table_json(table, CLI_PLAIN, json_object_get(s, "entities"));
	cli_table_json(table, CLI_PLAIN, json_object_get(s, "rejected"));
	cli_table_json(table, CLI_PLAIN, json_object_get(s, "failures"));
	cli_error_text(json_object_get(s, "error"), &error);
	if (sst_buf_failed(&error))
		table->text.failed = true;
	else
		cli_table_cell(table, CLI_PLAIN, error.data, error.len);
	sst_buf_fini(&error);
}

static const struct cli_column sources_part_columns[] = {
    {"STATE", false},
    {"SOURCE", false},
    {"PART", false},
    {"REASON", false},
};

static bool
sources_part_is_well(const json_t *part)
{
	const char *state = json_string_value(json_object_get(part, "state"));

	return state == NULL || strcmp(state, "ok") == 0 ||
	       strcmp(state, "disabled") == 0;
}

static void
sources_parts(struct cli_table *table, const json_t *source)
{
	const json_t *parts = cli_json_at(source, "upstream.parts"), *part;
	size_t i;

	json_array_foreach(parts, i, part)
	{
		if (sources_part_is_well(part))
			continue;
		cli_table_json(
		    table, CLI_PLAIN, json_object_get(part, "state"));
		cli_table_json(
		    table, CLI_PLAIN, json_object_get(source, "name"));
		cli_table_json(table, CLI_PLAIN, json_object_get(part, "name"));
		cli_table_json(
		    table, CLI_PLAIN, json_object_get(part, "reason"));
	}
}

/* What of the systems behind the sources is not read, and why. */
static void
sources_gaps(struct cli *cli, const json_t *list)
{
	struct cli_table table;
	const json_t *source;
	size_t i;

	cli_table_init(
	    &table, sources_part_columns, CLI_ROW_COUNT(sources_part_columns));
	json_array_foreach(list, i, source) sources_parts(&table, source);
	if (table.cell_count > 0) {
		cli_out_adds(&cli->out, "\n");
		cli_table_print(&table, 0, &cli->out);
	}
	cli_table_fini(&table);
}

static void
sources_text(struct cli *cli, const json_t *list)
{
	struct cli_table table;
	const json_t *source;
	size_t i;

	if (json_array_size(list) == 0) {
		cli_out_adds(&cli->out, "no sources are configured\n");
		return;
	}
	cli_table_init(&table, sources_columns, CLI_ROW_COUNT(sources_columns));
	json_array_foreach(list, i, source) sources_row(&table, source);
	cli_table_print(&table, 0, &cli->out);
	cli_table_fini(&table);
	sources_gaps(cli, list);
}

static bool
sources_all_ok(const json_t *list)
{
	const json_t *source;
	const char *status;
	size_t i;

	json_array_foreach(list, i, source)
	{
		status = json_string_value(json_object_get(source, "status"));
		if (status == NULL || (strcmp(status, "ok") != 0 &&
					  strcmp(status, "disabled") != 0))
			return false;
	}
	return true;
}

static int
sources_write(struct cli *cli, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "sources");

	if (!json_is_array(list))
		return cli_fail(cli, CLI_UNKNOWN,
		    "the server's answer has no list of sources");
	if (cli->args.form == CLI_FORM_JSON)
		cli_out_json_line(&cli->out, answer);
	else if (cli->args.form == CLI_FORM_NDJSON)
		cli_out_json_lines(&cli->out, list);
	else
		sources_text(cli, list);
	return cli->args.check && !sources_all_ok(list) ? CLI_DIFFERS : CLI_OK;
}

static int
sources_run(struct cli *cli)
{
	struct cli_server server = {0};
	struct sst_error err = {0};
	json_t *answer = NULL;
	int status, code = cli_server_open(cli, &server, &err);

	if (code == SST_OK) {
		cli_server_path(&server, "/system/sources");
		code = cli_server_get_json(&server, &answer, &err);
	}
	status = code == SST_OK ? sources_write(cli, answer)
				: cli_fail_error(cli, &err);
	json_decref(answer);
	cli_server_close(&server);
	return status;
}

static const char *const sources_examples[] = {
    "systate sources",
    "status, age and last error of every source",
    "systate sources --check || echo 'look at the sources'",
    "for CI: 1 when a source is not ok",
    NULL,
};

const struct cli_command cli_sources = {
    .name = "sources",
    .operands = "",
    .summary = "how the sources are doing: status, age, last error",
    .text = "Shows the live figures of every source. With --check the exit "
	    "status is 1 when\none of them is not ok.",
    .examples = sources_examples,
    .options = sources_options,
    .option_count = CLI_ROW_COUNT(sources_options),
    .run = sources_run,
};
