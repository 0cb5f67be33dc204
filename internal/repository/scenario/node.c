#include "repository/scenario/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

const struct scn_node *
scenario__member(const struct scn_node *map, const char *key)
{
	const struct scn_node *node;

	if (map == NULL || map->kind != SCN_MAP)
		return NULL;
	for (node = map->first; node != NULL; node = node->next) {
		if (strcmp(node->key, key) == 0)
			return node;
	}
	return NULL;
}

static void
node_path(const struct scn_node *node, struct sst_buf *out)
{
	const struct scn_node *chain[SCN_DEPTH_MAX + 1];
	size_t n = 0;

	for (; node != NULL && node->parent != NULL; node = node->parent) {
		if (n < sizeof(chain) / sizeof(chain[0]))
			chain[n++] = node;
	}
	while (n-- > 0) {
		if (chain[n]->key == NULL)
			sst_buf_addf(out, "[%zu]", chain[n]->index);
		else
			sst_buf_addf(out, "%s%s", out->len > 0 ? "." : "",
			    chain[n]->key);
	}
}

int
scenario__fail(const struct scn_doc *doc, const struct scn_node *node,
    struct sst_error *err, const char *fmt, ...)
{
	struct sst_buf path = SST_BUF_INIT;
	char text[SST_ERROR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	node_path(node, &path);
	sst_error_set(err, SST_INVALID, "%s:%u:%u: %s%s%s", doc->file,
	    node->line, node->column, path.len > 0 ? path.data : "",
	    path.len > 0 ? ": " : "", text);
	sst_buf_fini(&path);
	return SST_INVALID;
}
