#include "repository/queues/celery_scan.h"

#include <stdlib.h>
#include <string.h>

static const char *
skip_blank(const char *at, const char *end)
{
	while (at < end &&
	       (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

/* From behind the opening quote to the closing one; NULL when there is none. */
static const char *
string_end(const char *at, const char *end, bool *escaped)
{
	const char *quote, *from = at, *back;

	while ((quote = memchr(from, '"', (size_t)(end - from))) != NULL) {
		for (back = quote; back > at && back[-1] == '\\'; back--)
			;
		if ((quote - back) % 2 == 0) {
			*escaped =
			    memchr(at, '\\', (size_t)(quote - at)) != NULL;
			return quote;
		}
		from = quote + 1;
	}
	return NULL;
}

/* Behind the bracket that closes the one at `at`; NULL when none does. */
static const char *
container_end(const char *at, const char *end)
{
	size_t depth = 0;
	bool escaped;

	for (; at < end; at++) {
		switch (*at) {
		case '"':
			at = string_end(at + 1, end, &escaped);
			if (at == NULL)
				return NULL;
			break;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return at + 1;
			break;
		default:
			break;
		}
	}
	return NULL;
}

static bool
is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

/* The value at `at`; returns what is behind it, NULL when there is none. */
static const char *
value_at(const char *at, const char *end, struct celery_value *out)
{
	const char *from = at;

	*out = (struct celery_value){.type = CELERY_ABSENT};
	if (at == end)
		return NULL;
	if (*at == '"') {
		at = string_end(from + 1, end, &out->escaped);
		if (at == NULL)
			return NULL;
		out->type = CELERY_STRING;
		out->data = from + 1;
		out->len = (size_t)(at - from) - 1;
		return at + 1;
	}
	if (*at == '{' || *at == '[') {
		at = container_end(from, end);
		out->type = *from == '{' ? CELERY_OBJECT : CELERY_ARRAY;
	} else {
		while (at < end && is_plain(*at))
			at++;
		out->type = (*from >= '0' && *from <= '9') || *from == '-'
				? CELERY_NUMBER
				: CELERY_WORD;
	}
	if (at == NULL || at == from) {
		out->type = CELERY_ABSENT;
		return NULL;
	}
	out->data = from;
	out->len = (size_t)(at - from);
	return at;
}

struct celery_value
celery__scan(const char *text, size_t len)
{
	const char *end = text + len, *behind;
	struct celery_value value;

	behind = value_at(skip_blank(text, end), end, &value);
	if (behind != NULL && skip_blank(behind, end) != end)
		value.type = CELERY_ABSENT;
	return value;
}

struct celery_walk
celery__walk(const struct celery_value *container)
{
	struct celery_walk walk = {.broken = true};

	if (container->type != CELERY_OBJECT && container->type != CELERY_ARRAY)
		return walk;
	walk.at = container->data + 1;
	walk.end = container->data + container->len - 1;
	walk.broken = false;
	return walk;
}

static bool
walk_break(struct celery_walk *walk)
{
	walk->broken = true;
	walk->at = walk->end;
	return false;
}

bool
celery__walk_next(struct celery_walk *walk, struct celery_value *key,
    struct celery_value *value)
{
	const char *at;

	if (walk->broken)
		return false;
	at = skip_blank(walk->at, walk->end);
	if (at == walk->end)
		return false;
	if (walk->begun) {
		if (*at != ',')
			return walk_break(walk);
		at = skip_blank(at + 1, walk->end);
	}
	walk->begun = true;
	if (key != NULL) {
		at = value_at(at, walk->end, key);
		if (at == NULL || key->type != CELERY_STRING)
			return walk_break(walk);
		at = skip_blank(at, walk->end);
		if (at == walk->end || *at != ':')
			return walk_break(walk);
		at = skip_blank(at + 1, walk->end);
	}
	at = value_at(at, walk->end, value);
	if (at == NULL)
		return walk_break(walk);
	walk->at = at;
	return true;
}

bool
celery__is(const struct celery_value *string, const char *text)
{
	return string->type == CELERY_STRING && string->len == strlen(text) &&
	       memcmp(string->data, text, string->len) == 0;
}

bool
celery__int(const struct celery_value *value, int64_t *out)
{
	int64_t number = 0;
	bool negative;
	size_t i;

	if (value->type != CELERY_NUMBER)
		return false;
	negative = value->data[0] == '-';
	i = negative ? 1 : 0;
	if (value->len == i || value->len - i > 18)
		return false;
	for (; i < value->len; i++) {
		if (value->data[i] < '0' || value->data[i] > '9')
			return false;
		number = number * 10 + (value->data[i] - '0');
	}
	*out = negative ? -number : number;
	return true;
}

static void
add_utf8(struct sst_buf *out, uint32_t c)
{
	char bytes[4];
	size_t len;

	if (c < 0x80) {
		bytes[0] = (char)c;
		len = 1;
	} else if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		len = 2;
	} else if (c < 0x10000) {
		bytes[0] = (char)(0xe0 | c >> 12);
		len = 3;
	} else {
		bytes[0] = (char)(0xf0 | c >> 18);
		len = 4;
	}
	if (len > 1)
		bytes[len - 1] = (char)(0x80 | (c & 0x3f));
	if (len > 2)
		bytes[len - 2] = (char)(0x80 | (c >> 6 & 0x3f));
	if (len > 3)
		bytes[len - 3] = (char)(0x80 | (c >> 12 & 0x3f));
	sst_buf_add(out, bytes, len);
}

/* Four hexadecimal digits; false when they are not there. */
static bool
hex4(const char *at, const char *end, uint32_t *out)
{
	uint32_t c = 0;
	int i;

	if (end - at < 4)
		return false;
	for (i = 0; i < 4; i++) {
		if (at[i] >= '0' && at[i] <= '9')
			c = c << 4 | (uint32_t)(at[i] - '0');
		else if ((at[i] | 32) >= 'a' && (at[i] | 32) <= 'f')
			c = c << 4 | (uint32_t)((at[i] | 32) - 'a' + 10);
		else
			return false;
	}
	*out = c;
	return true;
}

/* The character behind \u; returns what is behind it. */
static const char *
unescape_unicode(const char *at, const char *end, struct sst_buf *out)
{
	uint32_t c, low;

	if (!hex4(at, end, &c)) {
		add_utf8(out, 0xfffd);
		return at;
	}
	at += 4;
	if (c >= 0xd800 && c < 0xdc00 && end - at >= 6 && at[0] == '\\' &&
	    at[1] == 'u' && hex4(at + 2, end, &low) && low >= 0xdc00 &&
	    low < 0xe000) {
		add_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		return at + 6;
	}
	add_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return at;
}

void
celery__unescape(const struct celery_value *string, struct sst_buf *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at = string->data, *end = at + string->len, *which;

	while (at < end) {
		if (*at != '\\' || at + 1 == end) {
			sst_buf_addc(out, *at++);
			continue;
		}
		at += 2;
		if (at[-1] == 'u') {
			at = unescape_unicode(at, end, out);
			continue;
		}
		which = strchr(from, at[-1]);
		sst_buf_addc(out, at[-1] == '\0' || which == NULL
				      ? at[-1]
				      : to[which - from]);
	}
}

static int
sixbits(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

long
celery__base64(const char *in, size_t len, char *out)
{
	size_t i, pads, done = 0;
	uint32_t bits;
	int k, six;

	if (len == 0 || len % 4 != 0)
		return len == 0 ? 0 : -1;
	pads = in[len - 1] != '=' ? 0 : in[len - 2] != '=' ? 1 : 2;
	for (i = 0; i < len; i += 4) {
		bits = 0;
		for (k = 0; k < 4; k++) {
			six = i + (size_t)k < len - pads
				  ? sixbits(in[i + (size_t)k])
				  : 0;
			if (six < 0)
				return -1;
			bits = bits << 6 | (uint32_t)six;
		}
		out[done++] = (char)(bits >> 16);
		out[done++] = (char)(bits >> 8 & 0xff);
		out[done++] = (char)(bits & 0xff);
	}
	return (long)(done - pads);
}
