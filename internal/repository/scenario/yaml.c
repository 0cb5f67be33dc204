/* The only file of the folder that knows libyaml. */
#include "repository/scenario/node.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { CHUNK_SIZE = 32768 };

struct scn_chunk {
	struct scn_chunk *next;
	size_t used;
	size_t cap;
	alignas(max_align_t) char data[];
};

struct yaml_build {
	struct scn_doc *doc;
	struct scn_node *open; /* innermost mapping or sequence */
	char *key;             /* read, its value still missing */
	unsigned depth;
	size_t nodes;
	bool started; /* the document */
	bool ended;
	struct sst_error *err;
};

static void *
doc_alloc(struct scn_doc *doc, size_t len)
{
	const size_t step = alignof(max_align_t);
	struct scn_chunk *chunk = doc->chunks;
	size_t cap;
	void *p;

	len = (len + step - 1) / step * step;
	if (chunk == NULL || chunk->cap - chunk->used < len) {
		cap = len > CHUNK_SIZE ? len : CHUNK_SIZE;
		chunk = malloc(sizeof(*chunk) + cap);
		if (chunk == NULL)
			return NULL;
		chunk->used = 0;
		chunk->cap = cap;
		chunk->next = doc->chunks;
		doc->chunks = chunk;
	}
	p = chunk->data + chunk->used;
	chunk->used += len;
	return p;
}

void
scenario__free_doc(struct scn_doc **doc)
{
	struct scn_chunk *chunk, *next;

	if (*doc == NULL)
		return;
	for (chunk = (*doc)->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free((*doc)->file);
	free(*doc);
	*doc = NULL;
}

static int
yaml_fail(const struct yaml_build *b, int code, const yaml_mark_t *mark,
    const char *text)
{
	return sst_error_set(b->err, code, "%s:%zu:%zu: %s", b->doc->file,
	    mark->line + 1, mark->column + 1, text);
}

static int
yaml_check_text(const struct yaml_build *b, const yaml_event_t *event)
{
	const unsigned char *p = event->data.scalar.value;
	size_t i, len = event->data.scalar.length;

	if (len > SCN_SCALAR_MAX)
		return yaml_fail(
		    b, SST_TOO_LARGE, &event->start_mark, "text is too long");
	for (i = 0; i < len; i++) {
		if ((p[i] < 0x20 && p[i] != '\n' && p[i] != '\t') ||
		    p[i] == 0x7f)
			return yaml_fail(b, SST_INVALID, &event->start_mark,
			    "control character in text");
	}
	return 0;
}

static char *
yaml_copy(struct yaml_build *b, const yaml_event_t *event)
{
	size_t len = event->data.scalar.length;
	char *copy = doc_alloc(b->doc, len + 1);

	if (copy == NULL) {
		sst_error_nomem(b->err);
		return NULL;
	}
	memcpy(copy, event->data.scalar.value, len);
	copy[len] = '\0';
	return copy;
}

static int
yaml_take_key(struct yaml_build *b, const yaml_event_t *event)
{
	char text[160];

	if (event->type != YAML_SCALAR_EVENT)
		return yaml_fail(b, SST_UNSUPPORTED, &event->start_mark,
		    "a key must be plain text");
	b->key = yaml_copy(b, event);
	if (b->key == NULL)
		return SST_NOMEM;
	if (b->open->count >= SCN_MAP_MAX)
		return yaml_fail(b, SST_TOO_LARGE, &event->start_mark,
		    "too many keys in one mapping");
	if (scenario__member(b->open, b->key) == NULL)
		return 0;
	snprintf(text, sizeof(text), "key \"%.64s\" is given twice", b->key);
	return yaml_fail(b, SST_INVALID, &event->start_mark, text);
}

static void
node_attach(struct yaml_build *b, struct scn_node *node)
{
	struct scn_node *parent = b->open;

	node->parent = parent;
	node->key = b->key;
	b->key = NULL;
	if (parent == NULL) {
		b->doc->root = node;
		return;
	}
	node->index = parent->count++;
	if (parent->last == NULL)
		parent->first = node;
	else
		parent->last->next = node;
	parent->last = node;
}

static int
yaml_add(struct yaml_build *b, const yaml_event_t *event, enum scn_kind kind)
{
	struct scn_node *node;

	if (++b->nodes > SCN_NODES_MAX)
		return yaml_fail(b, SST_TOO_LARGE, &event->start_mark,
		    "too many values in one file");
	node = doc_alloc(b->doc, sizeof(*node));
	if (node == NULL)
		return sst_error_nomem(b->err);
	memset(node, 0, sizeof(*node));
	node->kind = kind;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	if (kind == SCN_SCALAR) {
		node->plain =
		    event->data.scalar.plain_implicit != 0 &&
		    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		node->text = yaml_copy(b, event);
		if (node->text == NULL)
			return SST_NOMEM;
	}
	node_attach(b, node);
	if (kind == SCN_SCALAR)
		return 0;
	if (++b->depth > SCN_DEPTH_MAX)
		return yaml_fail(
		    b, SST_TOO_DEEP, &event->start_mark, "nested too deep");
	b->open = node;
	return 0;
}

/* Anchors and tags would let a small file unfold into a large one, or mean
 * something that this reader does not know. */
static int
yaml_refuse(const struct yaml_build *b, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (event->type == YAML_ALIAS_EVENT || anchor != NULL)
		return yaml_fail(b, SST_UNSUPPORTED, &event->start_mark,
		    "anchors and aliases are not supported");
	if (tag != NULL)
		return yaml_fail(b, SST_UNSUPPORTED, &event->start_mark,
		    "tags are not supported");
	return 0;
}

static int
yaml_value(struct yaml_build *b, const yaml_event_t *event)
{
	int rc = yaml_refuse(b, event);

	if (rc == 0 && event->type == YAML_SCALAR_EVENT)
		rc = yaml_check_text(b, event);
	if (rc != 0)
		return rc;
	if (b->open != NULL && b->open->kind == SCN_MAP && b->key == NULL)
		return yaml_take_key(b, event);
	if (event->type == YAML_SCALAR_EVENT)
		return yaml_add(b, event, SCN_SCALAR);
	return yaml_add(b, event,
	    event->type == YAML_SEQUENCE_START_EVENT ? SCN_SEQ : SCN_MAP);
}

static int
yaml_step(struct yaml_build *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->started)
			return yaml_fail(b, SST_UNSUPPORTED, &event->start_mark,
			    "more than one document");
		b->started = true;
		return 0;
	case YAML_STREAM_END_EVENT:
		b->ended = true;
		return 0;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		if (b->open != NULL)
			b->open = b->open->parent;
		b->depth--;
		return 0;
	case YAML_ALIAS_EVENT:
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return yaml_value(b, event);
	default:
		return 0;
	}
}

static int
yaml_complain(const struct yaml_build *b, const yaml_parser_t *parser)
{
	char text[200];

	if (parser->error == YAML_MEMORY_ERROR)
		return sst_error_nomem(b->err);
	snprintf(text, sizeof(text), "not YAML: %s%s%s",
	    parser->problem != NULL ? parser->problem : "unreadable",
	    parser->context != NULL ? " " : "",
	    parser->context != NULL ? parser->context : "");
	return yaml_fail(b,
	    parser->error == YAML_READER_ERROR ? SST_ENCODING : SST_SYNTAX,
	    &parser->problem_mark, text);
}

static int
yaml_run(struct yaml_build *b, yaml_parser_t *parser)
{
	yaml_event_t event;
	int rc = 0;

	while (rc == 0 && !b->ended) {
		if (!yaml_parser_parse(parser, &event))
			return yaml_complain(b, parser);
		rc = yaml_step(b, &event);
		yaml_event_delete(&event);
	}
	return rc;
}

int
scenario__parse(const char *file, const char *bytes, size_t len,
    struct scn_doc **out, struct sst_error *err)
{
	struct yaml_build b = {.err = err};
	yaml_parser_t parser;
	int rc;

	if (len > SCN_FILE_MAX)
		return sst_error_set(err, SST_TOO_LARGE,
		    "%s: %zu bytes, at most %d are read", file, len,
		    (int)SCN_FILE_MAX);
	b.doc = calloc(1, sizeof(*b.doc));
	if (b.doc != NULL)
		b.doc->file = strdup(file);
	if (b.doc == NULL || b.doc->file == NULL ||
	    !yaml_parser_initialize(&parser)) {
		scenario__free_doc(&b.doc);
		return sst_error_nomem(err);
	}
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)bytes, len);
	rc = yaml_run(&b, &parser);
	yaml_parser_delete(&parser);
	if (rc == 0 && b.doc->root == NULL)
		rc =
		    sst_error_set(err, SST_INVALID, "%s:1:1: empty file", file);
	if (rc != 0) {
		scenario__free_doc(&b.doc);
		return rc;
	}
	*out = b.doc;
	return 0;
}

int
scenario__read_file(
    const char *file, struct scn_doc **out, struct sst_error *err)
{
	char *bytes = NULL;
	size_t len;
	FILE *f;
	int rc;

	f = fopen(file, "re");
	if (f == NULL) {
		rc = errno == ENOENT ? SST_NOT_FOUND : SST_IO;
		return sst_error_set(
		    err, rc, "open %s: %s", file, strerror(errno));
	}
	bytes = malloc((size_t)SCN_FILE_MAX + 1);
	if (bytes == NULL) {
		fclose(f);
		return sst_error_nomem(err);
	}
	len = fread(bytes, 1, (size_t)SCN_FILE_MAX + 1, f);
	if (ferror(f))
		rc = sst_error_set(
		    err, SST_IO, "read %s: %s", file, strerror(errno));
	else
		rc = scenario__parse(file, bytes, len, out, err);
	fclose(f);
	free(bytes);
	return rc;
}
