/* What is said about options: descriptions, complaints, suggestions. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/option_priv.h"

enum {
	SHOWN_CHARS = 60,  /* of a received value */
	PLACE_BYTES = 200 /* of "file:line:column", and of a path */
};

const char *
config__type_name(const struct sst_option *row)
{
	static const char *const names[] = {
	    [SST_OPTION_BOOL] = "boolean",
	    [SST_OPTION_INT] = "integer",
	    [SST_OPTION_REAL] = "number",
	    [SST_OPTION_DURATION] = "duration",
	    [SST_OPTION_STRING] = "text",
	    [SST_OPTION_SECRET] = "secret",
	    [SST_OPTION_ENUM] = "choice",
	    [SST_OPTION_LIST] = "list of texts",
	    [SST_OPTION_MAP] = "map",
	    [SST_OPTION_ITEMS] = "list of maps",
	};

	return names[row->type];
}

static void
describe_names(const struct sst_option *row, struct sst_buf *out)
{
	size_t i;

	for (i = 0; row->names[i] != NULL; i++)
		sst_buf_addf(out, "%s%s", i > 0 ? ", " : "", row->names[i]);
}

static void
describe_range(
    const struct sst_option *row, const char *of, struct sst_buf *out)
{
	if (row->min != 0 || row->max != 0)
		sst_buf_addf(out, " from %.15g to %.15g%s%s", row->min,
		    row->max, *of != '\0' ? " " : "", of);
}

static void
describe_list(const struct sst_option *row, struct sst_buf *out)
{
	sst_buf_adds(out, "a list");
	if (row->min != 0 || row->max != 0)
		sst_buf_addf(
		    out, " (%.15g to %.15g items)", row->min, row->max);
	sst_buf_adds(out, " of ");
	if (row->names != NULL)
		describe_names(row, out);
	else
		sst_buf_adds(out, row->form != NULL ? row->form : "texts");
}

void
config__describe(const struct sst_option *row, struct sst_buf *out)
{
	const char *unit = row->unit != NULL ? row->unit : "";

	switch (row->type) {
	case SST_OPTION_BOOL:
		sst_buf_adds(out, "true or false");
		break;
	case SST_OPTION_INT:
		sst_buf_adds(out, "a whole number");
		describe_range(row, unit, out);
		break;
	case SST_OPTION_REAL:
		sst_buf_adds(out, "a number");
		describe_range(row, unit, out);
		break;
	case SST_OPTION_DURATION:
		sst_buf_adds(out, "a duration");
		describe_range(row, "s", out);
		sst_buf_adds(out, " (5, 5s, 250ms, 1m)");
		break;
	case SST_OPTION_STRING:
		sst_buf_adds(out, row->form != NULL ? row->form : "a text");
		if (row->form == NULL)
			describe_range(row, "bytes", out);
		break;
	case SST_OPTION_SECRET:
		sst_buf_adds(out, "a text");
		break;
	case SST_OPTION_ENUM:
		sst_buf_adds(out, "one of ");
		describe_names(row, out);
		break;
	case SST_OPTION_LIST:
		describe_list(row, out);
		break;
	case SST_OPTION_MAP:
		sst_buf_adds(out, "a map");
		break;
	case SST_OPTION_ITEMS:
		sst_buf_adds(out, "a list of maps");
		if (row->min != 0 || row->max != 0)
			sst_buf_addf(
			    out, " (%.15g to %.15g)", row->min, row->max);
		break;
	}
}

static void
show_received(const struct sst_option *row, const struct sst_config_node *node,
    struct sst_buf *out)
{
	const char *name = strrchr(row->name, '.');

	name = name != NULL ? name + 1 : row->name;
	if (node->kind == SST_CONFIG_MAP) {
		sst_buf_adds(out, "a map");
	} else if (node->kind == SST_CONFIG_LIST) {
		sst_buf_addf(out, "a list of %zu", node->count);
	} else if (row->type == SST_OPTION_SECRET ||
		   sst_text_is_secret_name(name, strlen(name))) {
		sst_buf_adds(out, "a value not shown");
	} else if (sst_config_node_is_null(node)) {
		sst_buf_adds(out, "nothing");
	} else {
		if (node->style == SST_CONFIG_QUOTED)
			sst_buf_adds(out, "the text ");
		sst_buf_addc(out, '"');
		sst_text_safe(node->text, strlen(node->text), SHOWN_CHARS, out);
		sst_buf_addc(out, '"');
	}
}

int
config__value_refuse(const struct sst_option *row,
    const struct sst_config_node *node, int code, const char *why,
    struct sst_error *err)
{
	struct sst_buf text = SST_BUF_INIT;
	char place[PLACE_BYTES], path[PLACE_BYTES];
	const char *name;

	sst_config_node_place(node, place, sizeof(place));
	sst_config_node_path(node, path, sizeof(path));
	name = path[0] != '\0' ? path : row->name;
	sst_buf_adds(&text, "got ");
	show_received(row, node, &text);
	sst_buf_adds(&text, "; expected ");
	config__describe(row, &text);
	if (row->fallback != NULL)
		sst_buf_addf(&text, " (default %s)", row->fallback);
	if (why != NULL)
		sst_buf_addf(&text, "; %s", why);
	if (sst_buf_failed(&text))
		code = sst_error_nomem(err);
	else
		sst_error_set(err, code, "%s: %s%s%s", place, name,
		    name[0] != '\0' ? ": " : "", text.data);
	sst_buf_fini(&text);
	return code;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
config__distance(const char *a, const char *b)
{
	return sst_text_distance(a, strlen(a), b, strlen(b));
}

/* The name most like path (or only its end, key); NULL: none is like it. */
static const char *
nearest_name(const struct sst_option *table, size_t count, const char *path,
    const char *key)
{
	const char *best = NULL, *end;
	size_t best_at = least(strlen(key) / 3, 3) + 2, i, at;

	for (i = 0; i < count; i++) {
		end = strrchr(table[i].name, '.');
		end = end != NULL ? end + 1 : table[i].name;
		at = least(config__distance(path, table[i].name),
		    config__distance(key, end) + 1);
		/* interval for interval_seconds */
		if (strlen(key) >= 3 && strncmp(key, end, strlen(key)) == 0)
			at = 1;
		if (at < best_at) {
			best_at = at;
			best = table[i].name;
		}
	}
	return best;
}

/* What may stand below prefix, each name once; rows of a map are adjacent. */
static void
list_allowed(const struct sst_option *table, size_t count, const char *prefix,
    struct sst_buf *out)
{
	size_t skip = strlen(prefix), i, len, last_len = 0;
	const char *name, *last = "";
	bool first = true;

	for (i = 0; i < count; i++) {
		if (strncmp(table[i].name, prefix, skip) != 0)
			continue;
		name = table[i].name + skip;
		len = strcspn(name, ".");
		if (len == last_len && strncmp(name, last, len) == 0)
			continue;
		sst_buf_addf(out, "%s%.*s", first ? "" : ", ", (int)len, name);
		if (table[i].type == SST_OPTION_SECRET)
			sst_buf_addf(out, ", %.*s_file, %.*s_env", (int)len,
			    name, (int)len, name);
		first = false;
		last = name;
		last_len = len;
	}
}

int
config__unknown_key(const struct sst_option *table, size_t count,
    const char *prefix, const struct sst_config_node *node,
    struct sst_error *err)
{
	struct sst_config_node at = *node;
	struct sst_buf text = SST_BUF_INIT;
	char place[PLACE_BYTES], path[PLACE_BYTES], local[PLACE_BYTES];
	const char *near;
	int code = SST_INVALID;

	if (node->key_line > 0) {
		at.line = node->key_line;
		at.column = node->key_column;
	}
	sst_config_node_place(&at, place, sizeof(place));
	sst_config_node_path(node, path, sizeof(path));
	snprintf(local, sizeof(local), "%s%s", prefix, node->key);
	if (strchr(node->key, '.') != NULL)
		sst_buf_adds(&text, ", a dot does not nest maps");
	near = nearest_name(table, count, local, node->key);
	if (near != NULL)
		sst_buf_addf(&text, "; did you mean %s?", near);
	sst_buf_adds(
	    &text, near != NULL ? " Allowed here: " : "; allowed here: ");
	list_allowed(table, count, prefix, &text);
	if (sst_buf_failed(&text))
		code = sst_error_nomem(err);
	else
		sst_error_set(err, code, "%s: %s: no such option%s", place,
		    path, text.data);
	sst_buf_fini(&text);
	return code;
}
