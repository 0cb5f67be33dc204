/* Tables for people: --help and the README. */
#include <string.h>

#include "config/option_priv.h"

enum { HELP_COLUMNS = 78, HELP_INDENT = 6 };

static void
doc_facts(const struct sst_option *row, struct sst_buf *out)
{
	config__describe(row, out);
	if (row->fallback != NULL)
		sst_buf_addf(out, ", default %s", row->fallback);
	if (row->required)
		sst_buf_adds(out, ", required");
	if (row->flag != NULL)
		sst_buf_addf(out, ", flag %s", row->flag);
	if (row->env != NULL)
		sst_buf_addf(out, ", environment %s", row->env);
	if (row->type == SST_OPTION_SECRET)
		sst_buf_addf(out, "; or %s_file, %s_env", row->name, row->name);
}

/* Appends text in lines of HELP_COLUMNS, indented. */
static void
doc_wrap(const char *text, struct sst_buf *out)
{
	size_t column = 0, len;

	while (*text != '\0') {
		len = strcspn(text, " ");
		if (column > 0 && column + 1 + len > HELP_COLUMNS) {
			sst_buf_addc(out, '\n');
			column = 0;
		}
		if (column == 0) {
			sst_buf_addf(out, "%*s", HELP_INDENT, "");
			column = HELP_INDENT;
		} else {
			sst_buf_addc(out, ' ');
			column++;
		}
		sst_buf_add(out, text, len);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	sst_buf_addc(out, '\n');
}

static void
help_rows(const struct sst_option *table, size_t count, const char *prefix,
    struct sst_buf *out)
{
	struct sst_buf facts = SST_BUF_INIT;
	size_t i;

	for (i = 0; i < count; i++) {
		sst_buf_addf(out, "  %s%s\n", prefix, table[i].name);
		doc_wrap(table[i].help, out);
		sst_buf_clear(&facts);
		sst_buf_addc(&facts, '(');
		doc_facts(&table[i], &facts);
		sst_buf_addc(&facts, ')');
		if (sst_buf_failed(&facts))
			out->failed = true;
		else
			doc_wrap(facts.data, out);
		if (table[i].type == SST_OPTION_ITEMS) {
			sst_buf_clear(&facts);
			sst_buf_addf(&facts, "%s%s[].", prefix, table[i].name);
			if (!sst_buf_failed(&facts))
				help_rows(table[i].items, table[i].item_count,
				    facts.data, out);
		}
	}
	sst_buf_fini(&facts);
}

void
sst_options_print_help(
    const struct sst_option *table, size_t count, struct sst_buf *out)
{
	help_rows(table, count, "", out);
}

/* A table cell: | would end it. */
static void
markdown_text(const char *text, struct sst_buf *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '|' || *text == '<' || *text == '*')
			sst_buf_addc(out, '\\');
		sst_buf_addc(out, *text);
	}
}

static void
markdown_code(const char *text, struct sst_buf *out)
{
	if (text == NULL)
		return;
	if (*text == '\0')
		text = "\"\"";
	sst_buf_addf(out, "`%s`", text);
}

static void
markdown_row(
    const struct sst_option *row, const char *prefix, struct sst_buf *out)
{
	struct sst_buf what = SST_BUF_INIT;

	config__describe(row, &what);
	sst_buf_addf(out, "| `%s%s`", prefix, row->name);
	if (row->type == SST_OPTION_SECRET)
		sst_buf_adds(out, " (`_file`, `_env`)");
	sst_buf_adds(out, " | ");
	if (sst_buf_failed(&what))
		out->failed = true;
	else
		markdown_text(what.data, out);
	sst_buf_adds(out, " | ");
	if (row->required)
		sst_buf_adds(out, "required");
	markdown_code(row->fallback, out);
	sst_buf_adds(out, " | ");
	markdown_code(row->flag, out);
	sst_buf_adds(out, row->flag != NULL && row->env != NULL ? " " : "");
	markdown_code(row->env, out);
	sst_buf_addf(out, " | %s | ", row->reloadable ? "yes" : "");
	markdown_text(row->help, out);
	sst_buf_adds(out, " |\n");
	sst_buf_fini(&what);
}

static void
markdown_rows(const struct sst_option *table, size_t count, const char *prefix,
    struct sst_buf *out)
{
	struct sst_buf below = SST_BUF_INIT;
	size_t i;

	for (i = 0; i < count; i++) {
		markdown_row(&table[i], prefix, out);
		if (table[i].type != SST_OPTION_ITEMS)
			continue;
		sst_buf_clear(&below);
		sst_buf_addf(&below, "%s%s[].", prefix, table[i].name);
		if (sst_buf_failed(&below))
			out->failed = true;
		else
			markdown_rows(table[i].items, table[i].item_count,
			    below.data, out);
	}
	sst_buf_fini(&below);
}

void
sst_options_print_markdown(
    const struct sst_option *table, size_t count, struct sst_buf *out)
{
	sst_buf_adds(out,
	    "| option | value | default | flag, environment | SIGHUP | what |\n"
	    "|---|---|---|---|---|---|\n");
	markdown_rows(table, count, "", out);
}
