#include "httpc/json_body.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* Where a scan over the bytes stands. */
struct body_scan {
	const unsigned char *p;
	const unsigned char *end;
	unsigned depth;
	bool in_string;
};

/* True when the bytes end inside a character that is right so far. */
static bool
utf8_cut(const unsigned char *p, size_t left)
{
	/* Of the second bytes a lead allows, one of these is always one. */
	static const unsigned char seconds[] = {0x80, 0xa0};
	char copy[4] = {0, (char)0x80, (char)0x80, (char)0x80};
	uint32_t cp;
	size_t i;

	if (left >= sizeof(copy))
		return false;
	memcpy(copy, p, left);
	for (i = 0; i < sizeof(seconds); i++) {
		if (left == 1)
			copy[1] = (char)seconds[i];
		if (sst_text_decode(copy, sizeof(copy), &cp) > left)
			return true;
	}
	return false;
}

static int
body_truncated(struct sst_error *err)
{
	return sst_error_set(
	    err, SST_TRUNCATED, "the body ends in the middle of its JSON");
}

static int
body_string_byte(struct body_scan *s, struct sst_error *err)
{
	if (*s->p == '"')
		s->in_string = false;
	if (*s->p != '\\') {
		s->p++;
		return SST_OK;
	}
	if (s->end - s->p >= 6 && memcmp(s->p, "\\u0000", 6) == 0)
		return sst_error_set(err, SST_NUL,
		    "the body is JSON with an escaped NUL in a string");
	s->p += s->end - s->p >= 2 && s->p[1] < 0x80 ? 2 : 1;
	return SST_OK;
}

static int
body_plain_byte(struct body_scan *s, struct sst_error *err)
{
	switch (*s->p++) {
	case '"':
		s->in_string = true;
		break;
	case '[':
	case '{':
		if (++s->depth > SST_JSON_BODY_DEPTH)
			return sst_error_set(err, SST_TOO_DEEP,
			    "the body nests deeper than %d levels",
			    (int)SST_JSON_BODY_DEPTH);
		break;
	case ']':
	case '}':
		if (s->depth > 0)
			s->depth--;
		break;
	default:
		break;
	}
	return SST_OK;
}

static int
body_wide(struct body_scan *s, struct sst_error *err)
{
	size_t left = (size_t)(s->end - s->p), n;
	uint32_t cp;

	n = sst_text_decode((const char *)s->p, left, &cp);
	if (n > 0) {
		s->p += n;
		return SST_OK;
	}
	if (utf8_cut(s->p, left))
		return body_truncated(err);
	return sst_error_set(err, SST_ENCODING, "the body is not valid UTF-8");
}

/* One character; what cannot be judged here is left to the parser. */
static int
body_step(struct body_scan *s, struct sst_error *err)
{
	if (*s->p == '\0')
		return sst_error_set(err, SST_NUL, "the body holds a NUL byte");
	if (*s->p >= 0x80)
		return body_wide(s, err);
	if (s->in_string)
		return body_string_byte(s, err);
	return body_plain_byte(s, err);
}

/*
 * Before jansson sees them: its own depth bound is 2,048, and it would build
 * a tree of what comes before the fault. open_out: ends inside something.
 */
static int
body_scan(const char *bytes, size_t len, bool *open_out, struct sst_error *err)
{
	struct body_scan s = {0};
	int code = SST_OK;

	s.p = (const unsigned char *)bytes;
	s.end = s.p + len;
	while (s.p < s.end && code == SST_OK)
		code = body_step(&s, err);
	*open_out = s.in_string || s.depth > 0;
	return code;
}

static int
body_error(const json_error_t *jerr, struct sst_error *err)
{
	switch (json_error_code(jerr)) {
	case json_error_out_of_memory:
		return sst_error_nomem(err);
	case json_error_stack_overflow:
		return sst_error_set(err, SST_TOO_DEEP,
		    "the body nests deeper than %d levels",
		    (int)SST_JSON_BODY_DEPTH);
	case json_error_premature_end_of_input:
		return body_truncated(err);
	case json_error_invalid_utf8:
		return sst_error_set(
		    err, SST_ENCODING, "the body is not valid UTF-8");
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return sst_error_set(err, SST_NUL,
		    "the body is JSON with an escaped NUL in a string");
	case json_error_numeric_overflow:
		return sst_error_set(
		    err, SST_TYPE, "the body holds a number beyond 64 bits");
	default:
		return sst_error_set(err, SST_SYNTAX, "the body is not JSON");
	}
}

static bool
body_blank(const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (strchr(" \t\r\n", bytes[i]) == NULL || bytes[i] == '\0')
			return false;
	}
	return true;
}

int
sst_json_body_parse(
    const char *bytes, size_t len, json_t **out, struct sst_error *err)
{
	json_error_t jerr;
	json_t *tree;
	bool open;
	int code;

	if (body_blank(bytes, len))
		return sst_error_set(err, SST_TRUNCATED, "the body is empty");
	code = body_scan(bytes, len, &open, err);
	if (code != SST_OK)
		return code;
	tree = json_loadb(bytes, len, JSON_DECODE_ANY, &jerr);
	/* A literal or an escape cut short is a plain syntax error to it. */
	if (tree == NULL && open && (size_t)jerr.position >= len)
		return body_truncated(err);
	if (tree == NULL)
		return body_error(&jerr, err);
	*out = tree;
	return SST_OK;
}
