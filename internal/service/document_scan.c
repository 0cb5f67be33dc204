/* The bytes of a document: brackets, strings, places of errors. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "service/document_priv.h"

int
doc__fail(struct doc_reader *r, const char *at, int code, const char *what)
{
	size_t line = 1, column = 1;
	const char *p;

	for (p = r->start; p < at; p++) {
		if (*p == '\n') {
			line++;
			column = 1;
		} else {
			/* characters, not bytes */
			column += ((unsigned char)*p & 0xc0) != 0x80;
		}
	}
	return sst_error_set(r->err, code, "line %zu, column %zu: %s", line,
	    column, what);
}

static int
scan_ends(struct doc_reader *r)
{
	return doc__fail(
	    r, r->end, SST_SYNTAX, "the document ends too early");
}

char
doc__peek(struct doc_reader *r)
{
	while (r->p < r->end &&
	    (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
		r->p++;
	return r->p < r->end ? *r->p : '\0';
}

static int
scan_unexpected(struct doc_reader *r, const char *what)
{
	if (r->p == r->end)
		return scan_ends(r);
	if (*r->p == '\0')
		return doc__fail(r, r->p, SST_NUL, "a NUL byte");
	return doc__fail(r, r->p, SST_SYNTAX, what);
}

int
doc__either(struct doc_reader *r, char a, char b, char *out)
{
	char what[32], c = doc__peek(r);

	if (c == '\0' || (c != a && c != b)) {
		snprintf(what, sizeof(what),
		    a == b ? "'%c' expected" : "'%c' or '%c' expected", a, b);
		return scan_unexpected(r, what);
	}
	r->p++;
	*out = c;
	return SST_OK;
}

/* p at the opening quote. */
static int
scan_string(struct doc_reader *r)
{
	const char *p = r->p + 1;

	for (; p < r->end && *p != '"'; p++) {
		if (*p == '\\')
			p++;
	}
	if (p >= r->end)
		return scan_ends(r);
	r->p = p + 1;
	return SST_OK;
}

/* A number, true, false, null: whatever it is, the parser will see it. */
static int
scan_scalar(struct doc_reader *r)
{
	const char *from = r->p;

	while (r->p < r->end && *r->p != '\0' &&
	    strchr(",:[]{}\" \n\t\r", *r->p) == NULL)
		r->p++;
	return r->p > from ? SST_OK : scan_unexpected(r, "a value expected");
}

/* Which brackets are open: the lowest bit is the innermost, 1 for an object. */
struct scan_open {
	uint64_t kinds;
	unsigned depth;
};

static int
scan_open(struct doc_reader *r, struct scan_open *open)
{
	if (open->depth == DOC_DEPTH)
		return doc__fail(
		    r, r->p, SST_TOO_DEEP, "nested deeper than 64 levels");
	open->kinds = open->kinds << 1 | (*r->p == '{');
	open->depth++;
	r->p++;
	return SST_OK;
}

static int
scan_close(struct doc_reader *r, struct scan_open *open)
{
	if ((open->kinds & 1) != (*r->p == '}'))
		return doc__fail(r, r->p, SST_SYNTAX,
		    *r->p == '}' ? "']' expected, not '}'"
				 : "'}' expected, not ']'");
	open->kinds >>= 1;
	open->depth--;
	r->p++;
	return SST_OK;
}

static int
scan_byte(struct doc_reader *r, struct scan_open *open)
{
	switch (*r->p) {
	case '"':
		return scan_string(r);
	case '{':
	case '[':
		return scan_open(r, open);
	case '}':
	case ']':
		return scan_close(r, open);
	case '\0':
		return scan_unexpected(r, "");
	default:
		r->p++;
		return SST_OK;
	}
}

int
doc__skip(struct doc_reader *r)
{
	struct scan_open open = {0, 0};
	char c = doc__peek(r);
	int rc;

	if (c == '"')
		return scan_string(r);
	if (c != '{' && c != '[')
		return scan_scalar(r);
	do {
		if (r->p == r->end)
			return scan_ends(r);
		rc = scan_byte(r, &open);
	} while (rc == SST_OK && open.depth > 0);
	return rc;
}

/* Copies what was not copied yet, up to the bracket at `open`, and leaves out
 * what stands between it and p, which is behind the closing one. */
static void
scan_cut(struct doc_reader *r, struct doc_text *text, const char *open)
{
	sst_buf_add(&text->buf, text->from, (size_t)(open + 1 - text->from));
	text->cut_at[text->cuts] = text->buf.len;
	text->cut_len[text->cuts++] = (size_t)(r->p - 1 - (open + 1));
	text->from = r->p - 1;
}

/* What the string with quotes and escapes means. */
static int
scan_unescape(
    struct doc_reader *r, const char *at, size_t len, json_t **out)
{
	struct doc_text text = {.start = at};
	int rc;

	sst_buf_add(&text.buf, at, len);
	rc = doc__parse(r, &text, out);
	sst_buf_fini(&text.buf);
	return rc;
}

/* p at the bracket of an array; quoted: the name as it is written. */
static int
scan_list(struct doc_reader *r, const struct doc_text *text,
    const char *quoted, size_t len, bool *taken)
{
	json_t *name = NULL;
	int rc;

	if (memchr(quoted, '\\', len) == NULL)
		return text->list(r, quoted + 1, len - 2, text->ctx, taken);
	rc = scan_unescape(r, quoted, len, &name);
	if (rc == SST_OK)
		rc = text->list(r, json_string_value(name),
		    json_string_length(name), text->ctx, taken);
	json_decref(name);
	return rc;
}

static int
scan_member(struct doc_reader *r, struct doc_text *text)
{
	const char *name, *value;
	size_t len;
	bool taken = false;
	char c;
	int rc;

	if (doc__peek(r) != '"')
		return scan_unexpected(r, "the name of a member expected");
	name = r->p;
	rc = scan_string(r);
	len = (size_t)(r->p - name);
	if (rc == SST_OK)
		rc = doc__either(r, ':', ':', &c);
	if (rc != SST_OK)
		return rc;
	c = doc__peek(r);
	value = r->p;
	if (c == '[' && text->cuts < DOC_CUTS)
		rc = scan_list(r, text, name, len, &taken);
	if (rc != SST_OK)
		return rc;
	if (!taken)
		return doc__skip(r);
	scan_cut(r, text, value);
	return SST_OK;
}

int
doc__object(struct doc_reader *r, struct doc_text *text)
{
	char c = doc__peek(r);
	int rc = SST_OK;

	sst_buf_clear(&text->buf);
	text->cuts = 0;
	text->start = text->from = r->p;
	if (c != '{')
		return scan_unexpected(r, "'{' expected");
	r->p++;
	if (doc__peek(r) == '}')
		r->p++;
	else
		c = ',';
	while (rc == SST_OK && c == ',') {
		rc = scan_member(r, text);
		if (rc == SST_OK)
			rc = doc__either(r, ',', '}', &c);
	}
	if (rc != SST_OK)
		return rc;
	sst_buf_add(&text->buf, text->from, (size_t)(r->p - text->from));
	return sst_buf_failed(&text->buf) ? sst_error_nomem(r->err) : SST_OK;
}

static int
parse_code(const json_error_t *trouble)
{
	switch (json_error_code(trouble)) {
	case json_error_out_of_memory:
		return SST_NOMEM;
	case json_error_invalid_utf8:
		return SST_ENCODING;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return SST_NUL;
	case json_error_stack_overflow:
		return SST_TOO_DEEP;
	case json_error_numeric_overflow:
	case json_error_duplicate_key:
		return SST_INVALID;
	default:
		return SST_SYNTAX;
	}
}

int
doc__parse(struct doc_reader *r, const struct doc_text *text, json_t **out)
{
	json_error_t trouble;
	const char *at = text->start;
	json_t *tree;
	size_t i, offset;

	if (sst_buf_failed(&text->buf))
		return sst_error_nomem(r->err);
	tree = json_loadb(text->buf.data, text->buf.len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &trouble);
	if (tree != NULL) {
		*out = tree;
		return SST_OK;
	}
	offset = trouble.position < 0 ? 0 : (size_t)trouble.position;
	at += offset < text->buf.len ? offset : text->buf.len;
	for (i = 0; i < text->cuts && text->cut_at[i] <= offset; i++)
		at += text->cut_len[i];
	return doc__fail(r, at, parse_code(&trouble), trouble.text);
}
