#include "config/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/node_priv.h"

enum { CHUNK_BYTES = 16384 };

struct node_chunk {
	struct node_chunk *next;
	size_t used, cap;
	alignas(max_align_t) char data[];
};

void *
config__doc_alloc(struct sst_config_doc *doc, size_t len)
{
	const size_t step = alignof(max_align_t);
	struct node_chunk *chunk = doc->chunks;
	size_t cap;
	void *p;

	len = (len + step - 1) / step * step;
	if (chunk == NULL || chunk->cap - chunk->used < len) {
		cap = len > CHUNK_BYTES ? len : CHUNK_BYTES;
		chunk = calloc(1, sizeof(*chunk) + cap);
		if (chunk == NULL)
			return NULL;
		chunk->cap = cap;
		chunk->next = doc->chunks;
		doc->chunks = chunk;
	}
	p = chunk->data + chunk->used;
	chunk->used += len;
	return p;
}

char *
config__doc_text(struct sst_config_doc *doc, const char *text, size_t len)
{
	char *copy = config__doc_alloc(doc, len + 1);

	if (copy != NULL && len > 0)
		memcpy(copy, text, len);
	return copy;
}

struct sst_config_node *
config__doc_node(
    struct sst_config_doc *doc, enum sst_config_kind kind, bool *full_out)
{
	struct sst_config_node *node;

	*full_out = doc->nodes >= doc->max_nodes;
	if (*full_out)
		return NULL;
	node = config__doc_alloc(doc, sizeof(*node));
	if (node == NULL)
		return NULL;
	node->kind = kind;
	doc->nodes++;
	return node;
}

void
config__node_attach(
    struct sst_config_node *parent, struct sst_config_node *child)
{
	child->parent = parent;
	child->index = parent->count++;
	child->next = NULL;
	if (parent->last == NULL)
		parent->first = child;
	else
		parent->last->next = child;
	parent->last = child;
}

int
sst_config_doc_parse_bounded(const struct sst_config_input *given,
    struct sst_config_doc **out, struct sst_error *err)
{
	struct sst_config_doc *doc = calloc(1, sizeof(*doc));
	struct yaml_input input = {NULL, given->text, given->len};
	int code;

	if (doc == NULL)
		return sst_error_nomem(err);
	doc->max_bytes = given->max_bytes;
	doc->max_nodes = given->max_values;
	input.origin =
	    config__doc_text(doc, given->origin, strlen(given->origin));
	if (input.origin == NULL)
		code = sst_error_nomem(err);
	else
		code = config__yaml_parse(doc, &input, &doc->root, err);
	if (code != SST_OK) {
		sst_config_doc_free(&doc);
		return code;
	}
	*out = doc;
	return SST_OK;
}

int
sst_config_doc_parse(const char *origin, const char *text, size_t len,
    struct sst_config_doc **out, struct sst_error *err)
{
	struct sst_config_input input = {
	    .origin = origin,
	    .text = text,
	    .len = len,
	    .max_bytes = SST_CONFIG_FILE_MAX,
	    .max_values = SST_CONFIG_NODES_MAX,
	};

	return sst_config_doc_parse_bounded(&input, out, err);
}

/* Reads up to cap bytes; -1 with errno set. */
static ssize_t
read_all(int fd, char *data, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	while (len < cap) {
		n = read(fd, data + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static int
read_failed(const char *path, int number, struct sst_error *err)
{
	char safe[128];
	int code =
	    number == ENOENT || number == ENOTDIR ? SST_NOT_FOUND : SST_IO;

	snprintf(safe, sizeof(safe), "%s", strerror(number));
	code = sst_error_set(err, code, "%s: %s", path, safe);
	if (err != NULL)
		err->detail = number;
	return code;
}

int
sst_config_doc_read(
    const char *path, struct sst_config_doc **out, struct sst_error *err)
{
	const size_t cap = SST_CONFIG_FILE_MAX + 1; /* to see one too many */
	char *data = malloc(cap);
	int fd = -1, code;
	ssize_t len = -1;

	if (data == NULL)
		return sst_error_nomem(err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		len = read_all(fd, data, cap);
	if (len < 0)
		code = read_failed(path, errno, err);
	else
		code = sst_config_doc_parse(path, data, (size_t)len, out, err);
	if (fd >= 0)
		close(fd);
	free(data);
	return code;
}

void
sst_config_doc_free(struct sst_config_doc **doc)
{
	struct node_chunk *chunk, *next;

	if (*doc == NULL)
		return;
	for (chunk = (*doc)->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		/* inline secrets may have been among the texts */
		explicit_bzero(chunk->data, chunk->used);
		free(chunk);
	}
	free(*doc);
	*doc = NULL;
}

const struct sst_config_node *
sst_config_doc_root(const struct sst_config_doc *doc)
{
	return doc->root;
}

bool
sst_config_node_is_null(const struct sst_config_node *node)
{
	const char *text;

	if (node == NULL)
		return true;
	if (node->kind != SST_CONFIG_SCALAR)
		return false;
	text = node->text;
	if (node->style == SST_CONFIG_UNTYPED)
		return text[0] == '\0';
	return node->style == SST_CONFIG_PLAIN &&
	       (text[0] == '\0' || strcmp(text, "~") == 0 ||
		   strcmp(text, "null") == 0 || strcmp(text, "Null") == 0 ||
		   strcmp(text, "NULL") == 0);
}

static bool
node_equal_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

/* The node after n in document order, below root; NULL at the end. */
static const struct sst_config_node *
node_after(const struct sst_config_node *n, const struct sst_config_node *root)
{
	if (n->first != NULL)
		return n->first;
	while (n != root && n->next == NULL)
		n = n->parent;
	return n == root ? NULL : n->next;
}

bool
sst_config_node_equal(
    const struct sst_config_node *a, const struct sst_config_node *b)
{
	const struct sst_config_node *x = a, *y = b;

	while (x != NULL && y != NULL) {
		if (x->kind != y->kind || x->count != y->count ||
		    !node_equal_text(x->text, y->text))
			return false;
		if (x != a && !node_equal_text(x->key, y->key))
			return false;
		x = node_after(x, a);
		y = node_after(y, b);
	}
	return x == y;
}

void
sst_config_node_place(
    const struct sst_config_node *node, char *out, size_t size)
{
	if (node->line == 0)
		snprintf(out, size, "%s", node->origin);
	else
		snprintf(out, size, "%s:%u:%u", node->origin, node->line,
		    node->column);
}
