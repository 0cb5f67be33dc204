/* systate get: the state, a section or an entity of it, now or at a moment. */
#include "get.h"

#include <string.h>

#include "form.h"
#include "httpc/json_body.h"
#include "identity.h"
#include "operand.h"
#include "rows.h"
#include "server.h"

static const struct cli_option get_options[] = {
    CLI_ROW_SECTIONS,
    CLI_ROW_KEY("one entity, such as queues/mock/agent.tasks; the same as "
		"PATH"),
    {.name = "--at",
	.type = CLI_OPTION_MOMENT,
	.value = "MOMENT",
	.help = "as it was then: a revision, EPOCH:REVISION, a time, @SECONDS "
		"or a duration back such as -15m",
	.offset = CLI_AT(at)},
    {.name = "--view",
	.type = CLI_OPTION_CHOICE,
	.value = "VIEW",
	.choices = cli_view_names,
	.help = "full, keyed (arrays become objects by key) or base (what "
		"Telemetron has)",
	.offset = CLI_AT(view),
	.given = CLI_AT(view_given)},
    CLI_ROW_PRETTY,
    CLI_ROW_FORM("--text", CLI_FORM_TEXT,
	"tables for people; the default on a terminal"),
    CLI_ROW_FORM("--json", CLI_FORM_JSON,
	"JSON as it came from the server; the default elsewhere"),
    CLI_ROW_NDJSON("one line of JSON for each entity: section, key, entity"),
    CLI_ROWS_COLOUR,
    CLI_ROWS_SERVER,
};

/* What is asked for. */
struct get {
	struct cli *cli;
	struct sst_buf path; /* below /system/state; empty: everything */
	enum sst_section_id section; /* COUNT: everything */
	bool entity;
};

/* The only section of --sections, or COUNT. */
static enum sst_section_id
get_only_section(const struct cli_args *args)
{
	int i;

	for (i = 0; i < SST_SECTION_COUNT; i++) {
		if (args->sections_given && args->sections == 1u << i)
			return (enum sst_section_id)i;
	}
	return SST_SECTION_COUNT;
}

static int
get_no_section(const char *path, struct sst_error *err)
{
	return sst_error_set(err, SST_INVALID,
	    "\"%.80s\": must begin with agents, workload, queues or litellm, "
	    "such as queues/mock/agent.tasks",
	    path);
}

/* From PATH or --key to a path of the server. */
static int
get_target(
    struct get *get, const char *path, bool is_key, struct sst_error *err)
{
	enum sst_section_id only = get_only_section(&get->cli->args);
	size_t len;

	if (strncmp(path, "/system/state/", 14) == 0)
		path += 14;
	len = strcspn(path, "/");
	get->section = sst_section_by_name(path, len);
	if (get->section >= SST_SECTION_COUNT) {
		if (!is_key || only == SST_SECTION_COUNT)
			return get_no_section(path, err);
		get->section = only;
		sst_buf_addf(&get->path, "/%s", sst_section_name(only));
		len = 0;
	} else if (get->cli->args.sections_given && only != get->section) {
		return sst_error_set(err, SST_INVALID,
		    "--sections and \"%.80s\" are of different sections", path);
	}
	get->entity = path[len] != '\0' && strcmp(path + len, "/") != 0;
	sst_buf_addc(&get->path, '/');
	cli_key_canonical(path, &get->path);
	if (get->path.len > 0 && get->path.data != NULL &&
	    get->path.data[get->path.len - 1] == '/')
		get->path.data[--get->path.len] = '\0';
	return SST_OK;
}

static int
get_check(struct get *get, struct sst_error *err)
{
	struct cli_args *args = &get->cli->args;
	const char *path = args->operand_count > 0 ? args->operands[0] : NULL;

	if (path != NULL && args->key != NULL)
		return sst_error_set(
		    err, SST_INVALID, "PATH and --key exclude each other");
	if (path != NULL && args->sections_given)
		return sst_error_set(
		    err, SST_INVALID, "PATH and --sections exclude each other");
	if (args->form == CLI_FORM_TEXT && args->view == CLI_VIEW_KEYED)
		return sst_error_set(err, SST_INVALID,
		    "--view keyed has no text form; use --json or --ndjson");
	if (args->form == CLI_FORM_DEFAULT)
		args->form =
		    get->cli->out.terminal && !args->view_given && !args->pretty
			? CLI_FORM_TEXT
			: CLI_FORM_JSON;
	if (args->pretty && args->form != CLI_FORM_JSON)
		return sst_error_set(
		    err, SST_INVALID, "--pretty is for --json");
	get->section = SST_SECTION_COUNT;
	if (path != NULL)
		return get_target(get, path, false, err);
	if (args->key != NULL)
		return get_target(get, args->key, true, err);
	return SST_OK;
}

static int
get_fetch(struct get *get, struct cli_server *server,
    struct sst_httpc_response *out, struct sst_error *err)
{
	struct cli_args args = get->cli->args;
	struct sst_buf path = SST_BUF_INIT;
	int code;

	sst_buf_addf(&path, "/system/state%s",
	    get->path.data != NULL ? get->path.data : "");
	if (sst_buf_failed(&path) || sst_buf_failed(&get->path)) {
		sst_buf_fini(&path);
		return sst_error_nomem(err);
	}
	cli_server_path(server, path.data);
	sst_buf_fini(&path);
	if (get->path.len == 0)
		cli_server_sections(server);
	if (args.view != CLI_VIEW_FULL)
		cli_server_param(server, "view", cli_view_name(args.view));
	cli_server_param(server, "at", args.at);
	if (args.pretty)
		cli_server_param(server, "pretty", "1");
	code = cli_server_get(server, "application/json", out, err);
	return code;
}

static void
get_line(struct cli_out *out, const char *section, const char *key,
    const json_t *entity)
{
	json_t *line = json_object();

	if (json_object_set_new(line, "section", json_string(section)) != 0 ||
	    json_object_set_new(line, "key", json_string(key)) != 0 ||
	    json_object_set_new(
		line, "entity", json_incref((json_t *)(uintptr_t)entity)) != 0)
		out->nomem = true;
	else
		cli_out_json_line(out, line);
	json_decref(line);
}

/* Entities of a section: of an array, or of an object by key. */
static void
get_lines(struct cli_out *out, const char *name, const struct sst_shape *shape,
    json_t *section)
{
	struct sst_buf key = SST_BUF_INIT;
	const char *member;
	json_t *entity;
	size_t i;

	json_object_foreach(section, member, entity)
	    get_line(out, name, member, entity);
	json_array_foreach(section, i, entity)
	{
		sst_buf_clear(&key);
		cli_key_text(shape, entity, &key);
		sst_buf_add(&key, "", 0);
		if (sst_buf_failed(&key))
			out->nomem = true;
		else
			get_line(out, name, key.data, entity);
		if (cli_out_broken(out))
			break;
	}
	sst_buf_fini(&key);
}

static const struct sst_shape *
get_shape(const struct sst_shape *document, const char *name)
{
	return sst_shape_find(document, name, strlen(name))->shape;
}

/* Rows of sources that feed what was asked for. */
static void
get_source_lines(
    const struct get *get, const struct sst_shape *shape, json_t *document)
{
	json_t *rows = json_object_get(document, "sources"), *row, *chosen;
	enum sst_section_id id;
	const char *section;
	size_t i;

	chosen = json_array();
	json_array_foreach(rows, i, row)
	{
		section = json_string_value(json_object_get(row, "section"));
		id = section == NULL
			 ? SST_SECTION_COUNT
			 : sst_section_by_name(section, strlen(section));
		if ((get->cli->args.sections & 1u << id) != 0)
			json_array_append(chosen, row);
	}
	if (json_is_object(rows)) /* the keyed view */
		get_lines(&get->cli->out, "sources", shape, rows);
	get_lines(&get->cli->out, "sources", shape, chosen);
	json_decref(chosen);
}

static void
get_write_lines(
    const struct get *get, const struct sst_shape *document, json_t *answer)
{
	struct cli_out *out = &get->cli->out;
	const char *name = sst_section_name(get->section);
	struct sst_buf key = SST_BUF_INIT;
	int i;

	if (get->entity) {
		cli_key_text(get_shape(document, name), answer, &key);
		sst_buf_add(&key, "", 0);
		if (sst_buf_failed(&key))
			out->nomem = true;
		else
			get_line(out, name, key.data, answer);
		sst_buf_fini(&key);
		return;
	}
	if (get->section != SST_SECTION_COUNT) {
		get_lines(out, name, get_shape(document, name), answer);
		return;
	}
	get_source_lines(get, get_shape(document, "sources"), answer);
	for (i = 0; i < SST_SECTION_COUNT; i++) {
		name = sst_section_name((enum sst_section_id)i);
		get_lines(out, name, get_shape(document, name),
		    json_object_get(answer, name));
	}
}

static void
get_write_text(const struct get *get, const json_t *answer)
{
	struct cli_out *out = &get->cli->out;

	if (get->entity)
		get_text_entity(out, answer);
	else if (get->section != SST_SECTION_COUNT)
		get_text_section(out, get->section, answer);
	else
		get_text_document(out, answer);
}

static int
get_write_parsed(const struct get *get, json_t *answer, struct sst_error *err)
{
	struct sst_shape *shape = NULL;
	int code;

	/* an object is a section too, in the keyed view */
	if (!json_is_object(answer) &&
	    (get->section == SST_SECTION_COUNT || get->entity ||
		!json_is_array(answer)))
		return sst_error_set(
		    err, SST_TYPE, "the answer is JSON, but no state");
	if (get->cli->args.form == CLI_FORM_TEXT) {
		get_write_text(get, answer);
		return SST_OK;
	}
	code = cli_shape_new(&shape, err);
	if (code == SST_OK)
		get_write_lines(get, shape, answer);
	sst_shape_free(&shape);
	return code;
}

static int
get_write(const struct get *get, const struct sst_httpc_response *r,
    struct sst_error *err)
{
	struct cli_out *out = &get->cli->out;
	json_t *answer = NULL;
	int code;

	if (get->cli->args.form == CLI_FORM_JSON) {
		/* It is not read whole for that, it can be large. */
		if (r->len == 0 || strchr("{[", r->body[0]) == NULL)
			return sst_error_set(err, SST_SYNTAX,
			    "the answer is no JSON object or array");
		/* These bytes exactly, so that hashes and patches fit; a
		 * prompt should begin on a line of its own though. */
		cli_out_add(out, r->body, r->len);
		if (out->terminal && r->len > 0 && r->body[r->len - 1] != '\n')
			cli_out_adds(out, "\n");
		return SST_OK;
	}
	code = sst_json_body_parse(r->body, r->len, &answer, err);
	if (code == SST_OK)
		code = get_write_parsed(get, answer, err);
	json_decref(answer);
	return code;
}

static int
get_run(struct cli *cli)
{
	struct get get = {.cli = cli, .path = SST_BUF_INIT};
	struct cli_server server = {0};
	struct sst_httpc_response r = {0};
	struct sst_error err = {0};
	int status, code = get_check(&get, &err);

	if (code != SST_OK)
		err.detail = CLI_ERROR_USAGE;
	else
		code = cli_server_open(cli, &server, &err);
	if (code == SST_OK)
		code = get_fetch(&get, &server, &r, &err);
	if (code == SST_OK) {
		code = get_write(&get, &r, &err);
		if (code != SST_OK)
			sst_httpc_error_prefix(server.url.data, &err);
	}
	status = code == SST_OK ? CLI_OK : cli_fail_error(cli, &err);
	sst_httpc_response_fini(&r);
	cli_server_close(&server);
	sst_buf_fini(&get.path);
	return status;
}

static const char *const get_examples[] = {
    "systate get",
    "everything, as tables",
    "systate get queues/mock/agent.tasks",
    "one queue with its tasks",
    "systate get --json --at -15m >then.json",
    "the document as it was a quarter of an hour ago",
    "systate get --ndjson --sections agents | grep -c busy",
    "a line for each entity",
    NULL,
};

const struct cli_command cli_get = {
    .name = "get",
    .operands = "[PATH]",
    .summary = "the state: all of it, a section or one entity",
    .text =
	"Shows the state, now or --at a moment. PATH is a section or an "
	"entity of it:\nagents, agents/NAME, workload/NAMESPACE/KIND/NAME, "
	"queues/SYSTEM/NAME,\nlitellm/DEPLOYMENT_ID; a slash inside of a name "
	"is written %2F. In tables, ? is\nunknown and - does not apply.",
    .examples = get_examples,
    .options = get_options,
    .option_count = CLI_ROW_COUNT(get_options),
    .operands_max = 1,
    .run = get_run,
};
