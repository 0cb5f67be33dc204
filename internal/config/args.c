#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"
#include "config/option_priv.h"

enum args_kind {
	ARGS_FILE,
	ARGS_CHECK,
	ARGS_PRINT,
	ARGS_HELP,
	ARGS_KINDS,
	ARGS_VERSION,
	ARGS_NO_MOCK,
	ARGS_SET
};

/* Flags besides those of the table of options. */
struct args_flag {
	const char *name;
	const char *value; /* what it takes, or NULL */
	enum args_kind kind;
	const char *help;
};

static const struct args_flag args_flags[] = {
    {"--config", "FILE", ARGS_FILE, "read the configuration from FILE"},
    {"--check-config", NULL, ARGS_CHECK,
	"check the configuration and end; 0 when it is right"},
    {"--print-config", NULL, ARGS_PRINT,
	"print the configuration in force, secrets masked, and end"},
    {"--no-mock", NULL, ARGS_NO_MOCK, "the same as --set mock.enabled=false"},
    {"--set", "PATH=VALUE", ARGS_SET,
	"set any option, such as listen.threads=4 or "
	"sources[0].enabled=false"},
    {"--kinds", NULL, ARGS_KINDS,
	"print the kinds of sources with their options, and end"},
    {"--help", NULL, ARGS_HELP, "print this and end"},
    {"--version", NULL, ARGS_VERSION, "print the version and end"},
};

enum { ARGS_FLAG_COUNT = sizeof(args_flags) / sizeof(args_flags[0]) };

static int
args_add(struct sst_config_args *args, const char *path, const char *value,
    const char *origin, struct sst_error *err)
{
	struct sst_config_override *list, *o;

	list = realloc(
	    args->overrides, (args->override_count + 1) * sizeof(*list));
	if (list == NULL)
		return sst_error_nomem(err);
	args->overrides = list;
	o = &list[args->override_count];
	o->path = strdup(path);
	o->value = strdup(value);
	o->origin = strdup(origin);
	args->override_count++;
	if (o->path == NULL || o->value == NULL || o->origin == NULL)
		return sst_error_nomem(err);
	return SST_OK;
}

static int
args_set(struct sst_config_args *args, const char *text, struct sst_error *err)
{
	const char *equals = strchr(text, '=');
	char path[160], origin[180];

	if (equals == NULL || equals == text)
		return sst_error_set(err, SST_INVALID,
		    "--set: got \"%.60s\"; expected PATH=VALUE, such as "
		    "listen.threads=4",
		    text);
	if ((size_t)(equals - text) >= sizeof(path))
		return sst_error_set(
		    err, SST_INVALID, "--set: %.60s...: no such option", text);
	snprintf(path, sizeof(path), "%.*s", (int)(equals - text), text);
	snprintf(origin, sizeof(origin), "--set %s", path);
	return args_add(args, path, equals + 1, origin, err);
}

static int
args_special(struct sst_config_args *args, const struct args_flag *flag,
    const char *value, struct sst_error *err)
{
	switch (flag->kind) {
	case ARGS_FILE:
		if (value[0] == '\0')
			return sst_error_set(err, SST_INVALID,
			    "--config: expected the path of a file");
		free(args->file);
		args->file = strdup(value);
		return args->file == NULL ? sst_error_nomem(err) : SST_OK;
	case ARGS_CHECK:
		args->action = SST_CONFIG_CHECK;
		return SST_OK;
	case ARGS_PRINT:
		args->action = SST_CONFIG_PRINT;
		return SST_OK;
	case ARGS_NO_MOCK:
		return args_add(
		    args, "mock.enabled", "false", "--no-mock", err);
	case ARGS_SET:
		return args_set(args, value, err);
	default:
		return SST_OK;
	}
}

const struct sst_option *
config__row_of_flag(const char *flag)
{
	const struct sst_option *table;
	size_t count, i;

	table = sst_config_options(&count);
	for (i = 0; i < count; i++) {
		if (table[i].flag != NULL && strcmp(table[i].flag, flag) == 0)
			return &table[i];
	}
	return NULL;
}

static const struct args_flag *
args_flag_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARGS_FLAG_COUNT; i++) {
		if (strcmp(args_flags[i].name, name) == 0)
			return &args_flags[i];
	}
	return NULL;
}

static int
args_unknown(const char *name, struct sst_error *err)
{
	const struct sst_option *table;
	const char *best = NULL;
	size_t count, i, at, best_at = 4;

	table = sst_config_options(&count);
	for (i = 0; i < count; i++) {
		if (table[i].flag == NULL)
			continue;
		at = config__distance(name, table[i].flag);
		if (at < best_at) {
			best_at = at;
			best = table[i].flag;
		}
	}
	for (i = 0; i < ARGS_FLAG_COUNT; i++) {
		at = config__distance(name, args_flags[i].name);
		if (at < best_at) {
			best_at = at;
			best = args_flags[i].name;
		}
	}
	return sst_error_set(err, SST_INVALID,
	    "%.60s: no such flag%s%s; --help lists them all", name,
	    best != NULL ? "; did you mean " : "", best != NULL ? best : "");
}

/* A scenario that is asked for by name is wanted, whatever the file says. */
static int
args_option(struct sst_config_args *args, const struct sst_option *row,
    const char *value, struct sst_error *err)
{
	int code;

	if (value[0] == '\0')
		return sst_error_set(
		    err, SST_INVALID, "%s: expected a value", row->flag);
	code = args_add(args, row->name, value, row->flag, err);
	if (code != SST_OK || strcmp(row->name, "mock.scenario") != 0)
		return code;
	return args_add(args, "mock.enabled", "true", row->flag, err);
}

/* One flag at argv[*at], and its value when that is the next word. */
static int
args_one(struct sst_config_args *args, char *const *argv, int argc, int *at,
    struct sst_error *err)
{
	const struct args_flag *special;
	const struct sst_option *row;
	const char *word = argv[*at], *value = strchr(word, '=');
	bool wants;
	char name[64];

	snprintf(name, sizeof(name), "%.*s",
	    (int)(value != NULL ? value - word : (long)strlen(word)), word);
	if (strcmp(name, "-h") == 0)
		memcpy(name, "--help", 7);
	special = args_flag_of(name);
	row = special == NULL ? config__row_of_flag(name) : NULL;
	if (name[0] != '-')
		return sst_error_set(err, SST_INVALID,
		    "%.60s: not a flag; --config FILE names a file", word);
	if (special == NULL && row == NULL)
		return args_unknown(name, err);
	wants = row != NULL || special->value != NULL;
	if (!wants && value != NULL)
		return sst_error_set(
		    err, SST_INVALID, "%s: takes no value", name);
	if (wants && value == NULL && *at + 1 >= argc)
		return sst_error_set(
		    err, SST_INVALID, "%s: expected a value", name);
	if (!wants)
		value = "";
	else
		value = value != NULL ? value + 1 : argv[++*at];
	return row != NULL ? args_option(args, row, value, err)
			   : args_special(args, special, value, err);
}

/* --help, --kinds and --version answer even when the rest is wrong. */
static bool
args_asks(int argc, char *const *argv, enum sst_config_action *out)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			*out = SST_CONFIG_HELP;
		else if (strcmp(argv[i], "--kinds") == 0)
			*out = SST_CONFIG_KINDS;
		else if (strcmp(argv[i], "--version") == 0)
			*out = SST_CONFIG_VERSION;
		else
			continue;
		return true;
	}
	return false;
}

int
sst_config_args_parse(int argc, char *const *argv, struct sst_config_args *out,
    struct sst_error *err)
{
	struct sst_config_args args = {.action = SST_CONFIG_RUN};
	int at, code = SST_OK;

	if (args_asks(argc, argv, &args.action)) {
		*out = args;
		return SST_OK;
	}
	for (at = 1; at < argc && code == SST_OK; at++)
		code = args_one(&args, argv, argc, &at, err);
	if (code != SST_OK)
		sst_config_args_fini(&args);
	else
		*out = args;
	return code;
}

void
sst_config_args_fini(struct sst_config_args *args)
{
	size_t i;

	for (i = 0; i < args->override_count; i++) {
		free(args->overrides[i].path);
		free(args->overrides[i].value);
		free(args->overrides[i].origin);
	}
	free(args->overrides);
	free(args->file);
	memset(args, 0, sizeof(*args));
}

static void
help_flag(
    const char *name, const char *value, const char *help, struct sst_buf *out)
{
	size_t used = strlen(name) + (value != NULL ? strlen(value) + 1 : 0);

	sst_buf_addf(out, "  %s%s%s", name, value != NULL ? " " : "",
	    value != NULL ? value : "");
	sst_buf_addf(
	    out, "%*s%s\n", used < 20 ? (int)(22 - used) : 2, "", help);
}

void
sst_config_print_help(struct sst_buf *out)
{
	const struct sst_option *table;
	char help[96];
	size_t count, i;

	sst_buf_adds(out,
	    "Usage: systated [FLAG...]\n\n"
	    "Serves the state of a multi-agent AI system over HTTP. Without a\n"
	    "configuration it serves mock data on 127.0.0.1:8080.\n\nFlags:\n");
	for (i = 0; i < ARGS_FLAG_COUNT; i++)
		help_flag(args_flags[i].name, args_flags[i].value,
		    args_flags[i].help, out);
	table = sst_config_options(&count);
	for (i = 0; i < count; i++) {
		if (table[i].flag == NULL)
			continue;
		snprintf(help, sizeof(help), "the option %s", table[i].name);
		help_flag(table[i].flag, "VALUE", help, out);
	}
	sst_buf_adds(out,
	    "\nOptions, in the file of --config (YAML), over it the "
	    "environment,\nover both the flags:\n");
	sst_options_print_help(table, count, out);
}
