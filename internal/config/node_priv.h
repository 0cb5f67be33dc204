/* How trees are built; shared by node.c, path.c and yaml.c only. */
#ifndef SST_CONFIG_NODE_PRIV_H
#define SST_CONFIG_NODE_PRIV_H

#include "config/node.h"

struct node_chunk;

struct sst_config_doc {
	struct node_chunk *chunks;
	struct sst_config_node *root;
	size_t nodes; /* made so far, also those replaced since */
	size_t max_nodes;
	size_t max_bytes; /* of a text that is parsed into it */
};

/* Zeroed memory that lives as long as doc; NULL: memory ran out. */
void *config__doc_alloc(struct sst_config_doc *doc, size_t len);
/* A copy with a NUL behind it; NULL: memory ran out. */
char *
config__doc_text(struct sst_config_doc *doc, const char *text, size_t len);
/* NULL: max_nodes is reached (*full_out) or memory ran out. */
struct sst_config_node *config__doc_node(
    struct sst_config_doc *doc, enum sst_config_kind kind, bool *full_out);
/* Appends child to parent, a MAP (with its key set) or LIST. */
void config__node_attach(
    struct sst_config_node *parent, struct sst_config_node *child);

/* What is wrong with a text as a value, in words; NULL: nothing. Invisible and
 * control characters (but tab and line feed) are. */
const char *config__text_fault(const char *text, size_t len, int *code_out);

/* A text to parse; origin lives as long as the document. */
struct yaml_input {
	const char *origin;
	const char *text;
	size_t len;
};

/* Parses into doc; *out may be NULL for an empty text. Errors as of
 * sst_config_doc_parse(). */
int
config__yaml_parse(struct sst_config_doc *doc, const struct yaml_input *input,
    struct sst_config_node **out, struct sst_error *err);

#endif
