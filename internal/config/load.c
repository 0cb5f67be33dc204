#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

static int
load_doc(const struct sst_config_args *args, struct sst_config_doc **out,
    struct sst_error *err)
{
	if (args == NULL || args->file == NULL)
		return sst_config_doc_parse("configuration", "", 0, out, err);
	return sst_config_doc_read(args->file, out, err);
}

/*
 * The file has to be right by itself: what a variable or flag hides today is
 * in force tomorrow. It also keeps the places in messages those of the file.
 */
static int
load_check_file(const struct sst_config_doc *doc, struct sst_error *err)
{
	struct sst_config *scratch = calloc(1, sizeof(*scratch));
	const struct sst_option *table;
	size_t count;
	int code;

	if (scratch == NULL)
		return sst_error_nomem(err);
	table = sst_config_options(&count);
	code = sst_options_parse(
	    table, count, sst_config_doc_root(doc), scratch, err);
	if (code == SST_OK)
		sst_options_fini(table, count, scratch);
	free(scratch);
	return code;
}

static const char *
load_variable(const struct sst_config_args *args, const char *name)
{
	if (args == NULL || args->variable == NULL)
		return getenv(name);
	return args->variable(args->variable_ctx, name);
}

/* An empty variable counts as not given. */
static int
load_environment(const struct sst_config_args *args, struct sst_config_doc *doc,
    struct sst_error *err)
{
	const struct sst_option *table;
	const char *value;
	char origin[96];
	size_t count, i;
	int code = SST_OK;

	table = sst_config_options(&count);
	for (i = 0; i < count && code == SST_OK; i++) {
		if (table[i].env == NULL)
			continue;
		value = load_variable(args, table[i].env);
		if (value == NULL || value[0] == '\0')
			continue;
		snprintf(origin, sizeof(origin), "environment variable %s",
		    table[i].env);
		code =
		    sst_config_doc_set(doc, table[i].name, value, origin, err);
	}
	return code;
}

static int
load_flags(const struct sst_config_args *args, struct sst_config_doc *doc,
    struct sst_error *err)
{
	const struct sst_config_override *o;
	size_t i;
	int code = SST_OK;

	for (i = 0; args != NULL && i < args->override_count && code == SST_OK;
	     i++) {
		o = &args->overrides[i];
		code =
		    sst_config_doc_set(doc, o->path, o->value, o->origin, err);
	}
	return code;
}

/* A row for the list that a tokens file is. */
static void
load_tokens_row(struct sst_option *row)
{
	memset(row, 0, sizeof(*row));
	row->name = "tokens";
	row->type = SST_OPTION_ITEMS;
	row->max = 256;
	row->items = config__token_options(&row->item_count);
	row->item_size = sizeof(struct sst_config_token);
	row->help = "";
	row->offset = offsetof(struct sst_config, file_tokens);
}

/* The file holds the list itself: it is wrapped into `tokens: LIST`. */
static int
load_tokens(struct sst_config *config, struct sst_error *err)
{
	struct sst_config_doc *doc = NULL;
	struct sst_config_node map = {.kind = SST_CONFIG_MAP}, list;
	const struct sst_config_node *root;
	struct sst_option row;
	int code;

	if (config->auth.tokens_file == NULL)
		return SST_OK;
	code = sst_config_doc_read(config->auth.tokens_file, &doc, err);
	if (code != SST_OK) {
		sst_error_prefix(err, "auth.tokens_file");
		return code;
	}
	root = sst_config_doc_root(doc);
	load_tokens_row(&row);
	if (root != NULL) {
		list = *root;
		list.key = row.name;
		list.next = NULL;
		map.origin = list.origin;
		map.first = map.last = &list;
		map.count = 1;
	}
	code = sst_options_parse(&row, 1, &map, config, err);
	sst_config_doc_free(&doc);
	return code;
}

static int
load_values(struct sst_config *config, struct sst_error *err)
{
	const struct sst_config_node *root = sst_config_doc_root(config->doc);
	const struct sst_option *table;
	size_t count;
	int code;

	table = sst_config_options(&count);
	code = sst_options_parse(table, count, root, config, err);
	if (code != SST_OK)
		return code;
	if (sst_config_node_is_null(sst_config_node_find(root, "mock.enabled")))
		config->mock.enabled = config->sources.count == 0;
	return load_tokens(config, err);
}

int
sst_config_load(const struct sst_config_args *args, struct sst_config **out,
    struct sst_error *err)
{
	struct sst_config *config = calloc(1, sizeof(*config));
	int code;

	if (config == NULL)
		return sst_error_nomem(err);
	code = load_doc(args, &config->doc, err);
	if (code == SST_OK)
		code = load_check_file(config->doc, err);
	if (code == SST_OK)
		code = load_environment(args, config->doc, err);
	if (code == SST_OK)
		code = load_flags(args, config->doc, err);
	if (code == SST_OK)
		code = load_values(config, err);
	if (code == SST_OK)
		code = sst_config_check(config, err);
	if (code != SST_OK) {
		sst_config_free(&config);
		return code;
	}
	*out = config;
	return SST_OK;
}

void
sst_config_free(struct sst_config **config)
{
	const struct sst_option *table;
	struct sst_option row;
	size_t count;

	if (*config == NULL)
		return;
	table = sst_config_options(&count);
	sst_options_fini(table, count, *config);
	load_tokens_row(&row);
	sst_options_fini(&row, 1, *config);
	sst_config_doc_free(&(*config)->doc);
	free(*config);
	*config = NULL;
}

const struct sst_config_token *
sst_config_tokens(const struct sst_config *config, size_t *count_out)
{
	const struct sst_option_items *from = config->auth.tokens_file != NULL
						  ? &config->file_tokens
						  : &config->auth.tokens;

	*count_out = from->count;
	return from->items;
}

const struct sst_config_source *
sst_config_sources(const struct sst_config *config, size_t *count_out)
{
	*count_out = config->sources.count;
	return config->sources.items;
}

static unsigned
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return (unsigned)((c | 0x20) - 'a' + 10);
}

void
sst_config_token_hash(const struct sst_config_token *token,
    unsigned char out[static SST_CONFIG_TOKEN_HASH])
{
	size_t i;

	for (i = 0; i < SST_CONFIG_TOKEN_HASH; i++)
		out[i] = (unsigned char)(hex_value(token->sha256[2 * i]) << 4 |
					 hex_value(token->sha256[2 * i + 1]));
}

unsigned
sst_config_token_scopes(const struct sst_config_token *token)
{
	unsigned bits = 0;
	size_t i;

	for (i = 0; i < token->scopes.count; i++) {
		if (strcmp(token->scopes.items[i], "read") == 0)
			bits |= SST_CONFIG_READ;
		else if (strcmp(token->scopes.items[i], "ingest") == 0)
			bits |= SST_CONFIG_INGEST;
		else
			bits |= SST_CONFIG_ADMIN;
	}
	return bits;
}

void
sst_config_print(const struct sst_config *config, struct sst_buf *out)
{
	const struct sst_option *table;
	size_t count;

	table = sst_config_options(&count);
	sst_options_print(table, count, config, 0, out);
}
