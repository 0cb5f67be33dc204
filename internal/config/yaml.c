/*
 * YAML into a tree. Works on libyaml's events, not on its documents: those
 * resolve aliases by sharing, lose the places of keys and have no bounds.
 */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"
#include "config/node_priv.h"

/* They are searched one by one. */
enum { YAML_ANCHORS_MAX = 1000 };

/* Anchors seen, newest first: a name may be given again. */
struct yaml_anchor {
	struct yaml_anchor *older;
	const char *name;
	const struct sst_config_node *node;
};

struct yaml_build {
	struct sst_config_doc *doc;
	const char *origin;
	struct sst_config_node *root;
	struct sst_config_node *open; /* innermost map or list */
	const char *key;              /* read, its value still missing */
	yaml_mark_t key_mark;
	struct yaml_anchor *anchors;
	unsigned anchor_count;
	unsigned depth;
	bool started; /* the one document */
	bool ended;   /* the stream */
	struct sst_error *err;
};

static int
yaml_fail(const struct yaml_build *b, int code, const yaml_mark_t *mark,
    const char *text)
{
	return sst_error_set(b->err, code, "%s:%zu:%zu: %s", b->origin,
	    mark->line + 1, mark->column + 1, text);
}

/* Line and column of a byte offset, for what is checked before libyaml. */
static int
yaml_fail_at(const struct yaml_build *b, int code, const char *text,
    size_t offset, const char *why)
{
	yaml_mark_t mark = {offset, 0, 0};
	size_t i;

	for (i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return yaml_fail(b, code, &mark, why);
}

static int
yaml_check_bytes(const struct yaml_build *b, const char *text, size_t len)
{
	uint32_t cp;
	size_t i, n;

	if (len > b->doc->max_bytes)
		return sst_error_set(b->err, SST_TOO_LARGE,
		    "%s: larger than the %zu bytes allowed", b->origin,
		    b->doc->max_bytes);
	for (i = 0; i < len; i += n) {
		n = sst_text_decode(text + i, len - i, &cp);
		if (n == 0)
			return yaml_fail_at(
			    b, SST_ENCODING, text, i, "not valid UTF-8");
		if (cp == 0)
			return yaml_fail_at(b, SST_NUL, text, i,
			    "a NUL byte: this is no text file");
	}
	return SST_OK;
}

static int
yaml_full(const struct yaml_build *b, bool full, const yaml_mark_t *mark)
{
	char text[80];

	if (!full)
		return sst_error_nomem(b->err);
	snprintf(text, sizeof(text), "more than %zu values, aliases unfolded",
	    b->doc->max_nodes);
	return yaml_fail(b, SST_LIMIT, mark, text);
}

const char *
config__text_fault(const char *text, size_t len, int *code_out)
{
	uint32_t cp;
	size_t i, n;

	*code_out = SST_TOO_LARGE;
	if (len > SST_CONFIG_SCALAR_MAX)
		return "longer than the 65536 bytes allowed";
	for (i = 0; i < len; i += n) {
		*code_out = SST_ENCODING;
		n = sst_text_decode(text + i, len - i, &cp);
		if (n == 0)
			return "not valid UTF-8";
		*code_out = SST_NUL;
		if (cp == 0)
			return "a NUL in a text";
		*code_out = SST_INVALID;
		if (cp == 0xfffe || cp == 0xffff)
			return "a character that is none";
		if (cp != '\n' && cp != '\t' && sst_text_is_control(cp))
			return "a control or invisible character in a text";
	}
	*code_out = SST_OK;
	return NULL;
}

static int
yaml_text(struct yaml_build *b, const yaml_event_t *event, const char **out)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	const char *fault;
	int code;

	fault = config__text_fault(text, len, &code);
	if (fault != NULL)
		return yaml_fail(b, code, &event->start_mark, fault);
	*out = config__doc_text(b->doc, text, len);
	return *out == NULL ? sst_error_nomem(b->err) : SST_OK;
}

static int
yaml_key(struct yaml_build *b, const yaml_event_t *event)
{
	const struct sst_config_node *twin;
	char text[160];
	int code;

	if (event->type != YAML_SCALAR_EVENT)
		return yaml_fail(b, SST_UNSUPPORTED, &event->start_mark,
		    "a key must be a plain text");
	code = yaml_text(b, event, &b->key);
	if (code != SST_OK)
		return code;
	b->key_mark = event->start_mark;
	if (b->open->count >= SST_CONFIG_MAP_MAX)
		return yaml_fail(b, SST_LIMIT, &event->start_mark,
		    "more than 1024 keys in one map");
	twin = sst_config_node_member(b->open, b->key);
	if (twin == NULL)
		return SST_OK;
	snprintf(text, sizeof(text),
	    "\"%.64s\" is given twice, first at line %u", b->key,
	    twin->key_line);
	return yaml_fail(b, SST_INVALID, &event->start_mark, text);
}

static void
yaml_attach(struct yaml_build *b, struct sst_config_node *node)
{
	if (b->open == NULL) {
		b->root = node;
		return;
	}
	if (b->open->kind == SST_CONFIG_MAP) {
		node->key = b->key;
		node->key_line = (unsigned)b->key_mark.line + 1;
		node->key_column = (unsigned)b->key_mark.column + 1;
		b->key = NULL;
	}
	config__node_attach(b->open, node);
}

static int
yaml_anchor(
    struct yaml_build *b, const char *name, const struct sst_config_node *node)
{
	struct yaml_anchor *anchor;

	if (name == NULL)
		return SST_OK;
	if (++b->anchor_count > YAML_ANCHORS_MAX)
		return sst_error_set(b->err, SST_LIMIT,
		    "%s:%u:%u: more than %d anchors", b->origin, node->line,
		    node->column, YAML_ANCHORS_MAX);
	anchor = config__doc_alloc(b->doc, sizeof(*anchor));
	if (anchor == NULL)
		return sst_error_nomem(b->err);
	anchor->name = config__doc_text(b->doc, name, strlen(name));
	if (anchor->name == NULL)
		return sst_error_nomem(b->err);
	anchor->node = node;
	anchor->older = b->anchors;
	b->anchors = anchor;
	return SST_OK;
}

static struct sst_config_node *
yaml_make(struct yaml_build *b, enum sst_config_kind kind,
    const yaml_mark_t *mark, bool *full_out)
{
	struct sst_config_node *node;

	node = config__doc_node(b->doc, kind, full_out);
	if (node == NULL)
		return NULL;
	node->origin = b->origin;
	node->line = (unsigned)mark->line + 1;
	node->column = (unsigned)mark->column + 1;
	return node;
}

static int
yaml_scalar(struct yaml_build *b, const yaml_event_t *event)
{
	struct sst_config_node *node;
	bool full;
	int code;

	node = yaml_make(b, SST_CONFIG_SCALAR, &event->start_mark, &full);
	if (node == NULL)
		return yaml_full(b, full, &event->start_mark);
	node->style = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
			  ? SST_CONFIG_PLAIN
			  : SST_CONFIG_QUOTED;
	code = yaml_text(b, event, &node->text);
	if (code != SST_OK)
		return code;
	yaml_attach(b, node);
	return yaml_anchor(b, (const char *)event->data.scalar.anchor, node);
}

static int
yaml_open(struct yaml_build *b, const yaml_event_t *event)
{
	bool list = event->type == YAML_SEQUENCE_START_EVENT, full;
	const yaml_char_t *anchor = list ? event->data.sequence_start.anchor
					 : event->data.mapping_start.anchor;
	struct sst_config_node *node;

	if (++b->depth > SST_CONFIG_DEPTH_MAX)
		return yaml_fail(b, SST_TOO_DEEP, &event->start_mark,
		    "nested deeper than the 32 levels allowed");
	node = yaml_make(b, list ? SST_CONFIG_LIST : SST_CONFIG_MAP,
	    &event->start_mark, &full);
	if (node == NULL)
		return yaml_full(b, full, &event->start_mark);
	yaml_attach(b, node);
	b->open = node;
	return yaml_anchor(b, (const char *)anchor, node);
}

/* True when node is open still: an alias to it would contain itself. */
static bool
yaml_is_open(const struct yaml_build *b, const struct sst_config_node *node)
{
	const struct sst_config_node *up;

	for (up = b->open; up != NULL; up = up->parent) {
		if (up == node)
			return true;
	}
	return false;
}

/* Copies what is below `from` under `to`. Recursion is bounded by the depth
 * that is checked on the way. */
static int
yaml_unfold(struct yaml_build *b, const struct sst_config_node *from,
    struct sst_config_node *to, const yaml_mark_t *mark)
{
	const struct sst_config_node *child;
	struct sst_config_node *copy;
	bool full;
	int code = SST_OK;

	if (from->kind != SST_CONFIG_SCALAR &&
	    ++b->depth > SST_CONFIG_DEPTH_MAX)
		return yaml_fail(b, SST_TOO_DEEP, mark,
		    "nested deeper than the 32 levels allowed");
	for (child = from->first; child != NULL && code == SST_OK;
	     child = child->next) {
		copy = config__doc_node(b->doc, child->kind, &full);
		if (copy == NULL)
			return yaml_full(b, full, mark);
		*copy = *child;
		copy->first = copy->last = NULL;
		copy->count = 0;
		config__node_attach(to, copy);
		code = yaml_unfold(b, child, copy, mark);
	}
	if (from->kind != SST_CONFIG_SCALAR)
		b->depth--;
	return code;
}

static int
yaml_alias(struct yaml_build *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct yaml_anchor *a = b->anchors;
	struct sst_config_node *node;
	char text[120];
	bool full;

	while (a != NULL && strcmp(a->name, name) != 0)
		a = a->older;
	if (a == NULL) {
		snprintf(text, sizeof(text),
		    "alias of \"%.64s\", which nothing before is named", name);
		return yaml_fail(b, SST_SYNTAX, &event->start_mark, text);
	}
	if (yaml_is_open(b, a->node))
		return yaml_fail(b, SST_INVALID, &event->start_mark,
		    "an alias inside of what it stands for");
	node = yaml_make(b, a->node->kind, &event->start_mark, &full);
	if (node == NULL)
		return yaml_full(b, full, &event->start_mark);
	node->style = a->node->style;
	node->text = a->node->text;
	yaml_attach(b, node);
	return yaml_unfold(b, a->node, node, &event->start_mark);
}

/* A tag would give a value a meaning that we do not know. */
static int
yaml_check_tag(const struct yaml_build *b, const yaml_event_t *event)
{
	const yaml_char_t *tag = NULL;

	if (event->type == YAML_SCALAR_EVENT)
		tag = event->data.scalar.tag;
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		tag = event->data.sequence_start.tag;
	else if (event->type == YAML_MAPPING_START_EVENT)
		tag = event->data.mapping_start.tag;
	if (tag == NULL)
		return SST_OK;
	return yaml_fail(b, SST_UNSUPPORTED, &event->start_mark,
	    "tags (!name) are not supported");
}

static int
yaml_value(struct yaml_build *b, const yaml_event_t *event)
{
	int code = yaml_check_tag(b, event);

	if (code != SST_OK)
		return code;
	if (b->open != NULL && b->open->kind == SST_CONFIG_MAP &&
	    b->key == NULL)
		return yaml_key(b, event);
	if (event->type == YAML_SCALAR_EVENT)
		return yaml_scalar(b, event);
	if (event->type == YAML_ALIAS_EVENT)
		return yaml_alias(b, event);
	return yaml_open(b, event);
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
		return SST_OK;
	case YAML_STREAM_END_EVENT:
		b->ended = true;
		return SST_OK;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		if (b->open == NULL) /* never: libyaml pairs them */
			return SST_OK;
		b->open = b->open->parent;
		b->depth--;
		return SST_OK;
	case YAML_ALIAS_EVENT:
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return yaml_value(b, event);
	default:
		return SST_OK;
	}
}

static int
yaml_complain(const struct yaml_build *b, const yaml_parser_t *parser)
{
	const char *problem =
	    parser->problem != NULL ? parser->problem : "unreadable";
	char text[240];

	if (parser->error == YAML_MEMORY_ERROR)
		return sst_error_nomem(b->err);
	snprintf(text, sizeof(text), "not YAML: %s%s%s%s", problem,
	    parser->context != NULL ? " " : "",
	    parser->context != NULL ? parser->context : "",
	    strstr(problem, "cannot start any token") != NULL
		? " (indent with blanks, not tabs; quote texts that begin "
		  "with @, ` or %)"
		: "");
	return yaml_fail(b, SST_SYNTAX, &parser->problem_mark, text);
}

static int
yaml_run(struct yaml_build *b, yaml_parser_t *parser)
{
	yaml_event_t event;
	int code = SST_OK;

	while (code == SST_OK && !b->ended) {
		if (!yaml_parser_parse(parser, &event))
			return yaml_complain(b, parser);
		code = yaml_step(b, &event);
		yaml_event_delete(&event);
	}
	return code;
}

int
config__yaml_parse(struct sst_config_doc *doc, const struct yaml_input *input,
    struct sst_config_node **out, struct sst_error *err)
{
	struct yaml_build b = {.doc = doc, .origin = input->origin, .err = err};
	yaml_parser_t parser;
	int code = yaml_check_bytes(&b, input->text, input->len);

	if (code != SST_OK)
		return code;
	if (!yaml_parser_initialize(&parser))
		return sst_error_nomem(err);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)input->text, input->len);
	code = yaml_run(&b, &parser);
	yaml_parser_delete(&parser);
	if (code == SST_OK)
		*out = b.root;
	return code;
}
