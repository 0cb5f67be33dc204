/*
 * Scanning of values and names that may stop after any byte and go on with the
 * next piece. A value is taken for its strings and brackets alone.
 */
#include <string.h>

#include "repository/kube/cutter_priv.h"

/* Bytes outside of strings that mean something. */
enum scan_class {
	SCAN_PLAIN = 0,
	SCAN_QUOTE,
	SCAN_OPEN,
	SCAN_CLOSE,
	SCAN_DELIMITER /* ends a scalar, like the three above */
};

static const unsigned char scan_classes[256] = {
    ['"'] = SCAN_QUOTE,
    ['{'] = SCAN_OPEN,
    ['['] = SCAN_OPEN,
    ['}'] = SCAN_CLOSE,
    [']'] = SCAN_CLOSE,
    [','] = SCAN_DELIMITER,
    [':'] = SCAN_DELIMITER,
    [' '] = SCAN_DELIMITER,
    ['\t'] = SCAN_DELIMITER,
    ['\n'] = SCAN_DELIMITER,
    ['\r'] = SCAN_DELIMITER,
};

void
cutter__raw_begin(struct cutter_raw *raw, char first)
{
	raw->scalar = first != '"' && first != '{' && first != '[';
	raw->in_string = false;
	raw->escaped = false;
	raw->depth = 0;
}

static const char *
scan_string(struct cutter_raw *raw, const char *p, const char *end)
{
	while (p < end) {
		if (raw->escaped) {
			raw->escaped = false;
			p++;
			continue;
		}
		while (p < end && *p != '"' && *p != '\\')
			p++;
		if (p == end)
			break;
		if (*p++ == '"') {
			raw->in_string = false;
			break;
		}
		raw->escaped = true;
	}
	return p;
}

static enum cutter_raw_end
scan_open(struct cutter_raw *raw, char c)
{
	unsigned char bit = (unsigned char)(1U << (raw->depth % 8));

	if (raw->depth == CUTTER_DEPTH)
		return CUTTER_RAW_DEEP;
	if (c == '[')
		raw->arrays[raw->depth / 8] |= bit;
	else
		raw->arrays[raw->depth / 8] &= (unsigned char)~bit;
	raw->depth++;
	return CUTTER_RAW_MORE;
}

static enum cutter_raw_end
scan_close(struct cutter_raw *raw, char c)
{
	bool array;

	/* a value begins with a bracket that opens: depth is not 0 */
	raw->depth--;
	array = (raw->arrays[raw->depth / 8] >> (raw->depth % 8) & 1) != 0;
	if (array != (c == ']'))
		return CUTTER_RAW_CROSSED;
	return raw->depth == 0 ? CUTTER_RAW_DONE : CUTTER_RAW_MORE;
}

static enum cutter_raw_end
scan_scalar(const char **at, const char *end)
{
	const char *p = *at;

	while (p < end && scan_classes[(unsigned char)*p] == SCAN_PLAIN)
		p++;
	*at = p;
	return p < end ? CUTTER_RAW_DONE : CUTTER_RAW_MORE;
}

/* One byte outside of strings. */
static enum cutter_raw_end
scan_byte(struct cutter_raw *raw, char c)
{
	switch (scan_classes[(unsigned char)c]) {
	case SCAN_QUOTE:
		raw->in_string = true;
		break;
	case SCAN_OPEN:
		return scan_open(raw, c);
	case SCAN_CLOSE:
		return scan_close(raw, c);
	default:
		break;
	}
	return CUTTER_RAW_MORE;
}

enum cutter_raw_end
cutter__raw_scan(struct cutter_raw *raw, const char **at, const char *end)
{
	enum cutter_raw_end result = CUTTER_RAW_MORE;
	const char *p = *at;

	if (raw->scalar)
		return scan_scalar(at, end);
	while (p < end && result == CUTTER_RAW_MORE) {
		if (!raw->in_string) {
			result = scan_byte(raw, *p++);
			continue;
		}
		p = scan_string(raw, p, end);
		if (!raw->in_string && raw->depth == 0)
			result = CUTTER_RAW_DONE;
	}
	*at = p;
	return result;
}

void
cutter__name_begin(struct cutter_name *name)
{
	name->len = 0;
	name->escaped = false;
	name->hex_left = 0;
	name->hex = 0;
}

static void
name_add(struct cutter_name *name, char c)
{
	if (name->len < CUTTER_NAME)
		name->text[name->len++] = c;
}

/* False: not a digit, and so no escape after all; it stands for itself. */
static bool
name_hex(struct cutter_name *name, char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	if (digit == NULL || c < '0') {
		name->hex_left = 0;
		name_add(name, '\xff');
		return false;
	}
	name->hex = name->hex << 4 | (unsigned)(digit - digits);
	if (--name->hex_left == 0)
		name_add(name, name->hex < 0x80 ? (char)name->hex : '\xff');
	return true;
}

static void
name_escape(struct cutter_name *name, char c)
{
	name->escaped = false;
	if (c == 'u') {
		name->hex_left = 4;
		name->hex = 0;
		return;
	}
	name_add(name, c == '"' || c == '\\' || c == '/' ? c : '\xff');
}

bool
cutter__name_scan(struct cutter_name *name, const char **at, const char *end)
{
	const char *p = *at;
	bool closed = false;

	while (p < end && !closed) {
		char c = *p++;

		if (name->hex_left > 0 && name_hex(name, c))
			continue;
		if (name->escaped)
			name_escape(name, c);
		else if (c == '\\')
			name->escaped = true;
		else if (c == '"')
			closed = true;
		else
			name_add(name, c);
	}
	*at = p;
	return closed;
}

bool
cutter__name_is(const struct cutter_name *name, const char *text)
{
	return name->len == strlen(text) &&
	       memcmp(name->text, text, name->len) == 0;
}
