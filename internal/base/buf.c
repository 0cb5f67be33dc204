#include "base/buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_MIN = 256 };

void
sst_buf_init(struct sst_buf *b)
{
	memset(b, 0, sizeof(*b));
}

void
sst_buf_fini(struct sst_buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void
sst_buf_clear(struct sst_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

bool
sst_buf_failed(const struct sst_buf *b)
{
	return b->failed;
}

static bool
buf_grow(struct sst_buf *b, size_t need)
{
	size_t cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;
	char *data;

	while (cap < need)
		cap += cap / 2;
	data = realloc(b->data, cap);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

bool
sst_buf_reserve(struct sst_buf *b, size_t more)
{
	if (b->failed)
		return false;
	if (more >= SIZE_MAX / 2 - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + more + 1 <= b->cap)
		return true;
	return buf_grow(b, b->len + more + 1);
}

void
sst_buf_add_slowly(struct sst_buf *b, const void *bytes, size_t len)
{
	if (!sst_buf_reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
sst_buf_adds(struct sst_buf *b, const char *text)
{
	sst_buf_add(b, text, strlen(text));
}

void
sst_buf_addf(struct sst_buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0 && sst_buf_reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

char *
sst_buf_take(struct sst_buf *b, size_t *len_out)
{
	char *data = NULL;

	if (b->failed) {
		sst_buf_fini(b);
		return NULL;
	}
	data = b->data;
	if (len_out != NULL)
		*len_out = b->len;
	sst_buf_init(b);
	return data;
}

/* 1 for bytes that JSON wants escaped: controls, quote, backslash. */
static bool
json_plain8(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t w, q, s, c;

	memcpy(&w, p, sizeof(w));
	q = w ^ (ones * '"');
	s = w ^ (ones * '\\');
	c = (w - ones * 0x20) & ~w;
	q = (q - ones) & ~q;
	s = (s - ones) & ~s;
	return ((q | s | c) & high) == 0;
}

static void
json_escape(struct sst_buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char pairs[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char out[6] = {'\\', 'u', '0', '0', 0, 0};
	size_t i;

	for (i = 0; pairs[i] != '\0'; i += 2) {
		if ((unsigned char)pairs[i] != c)
			continue;
		out[1] = pairs[i + 1];
		sst_buf_add(b, out, 2);
		return;
	}
	out[4] = hex[c >> 4];
	out[5] = hex[c & 15];
	sst_buf_add(b, out, sizeof(out));
}

static size_t
json_plain_run(const char *p, size_t len)
{
	size_t i = 0;
	unsigned char c;

	while (i + 8 <= len && json_plain8(p + i))
		i += 8;
	for (; i < len; i++) {
		c = (unsigned char)p[i];
		if (c < 0x20 || c == '"' || c == '\\')
			break;
	}
	return i;
}

void
sst_buf_json_string(struct sst_buf *b, const char *text, size_t len)
{
	size_t run;

	if (!sst_buf_reserve(b, len + 2))
		return;
	if (json_plain_run(text, len) == len) {
		/* there is room, nothing to escape: most texts by far */
		b->data[b->len] = '"';
		memcpy(b->data + b->len + 1, text, len);
		b->len += len + 2;
		b->data[b->len - 1] = '"';
		b->data[b->len] = '\0';
		return;
	}
	sst_buf_addc(b, '"');
	while (len > 0) {
		run = json_plain_run(text, len);
		sst_buf_add(b, text, run);
		text += run;
		len -= run;
		if (len == 0)
			break;
		json_escape(b, (unsigned char)*text);
		text++;
		len--;
	}
	sst_buf_addc(b, '"');
}

void
sst_buf_json_int(struct sst_buf *b, int64_t value)
{
	char text[24], *p = text + sizeof(text);
	uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	if (value < 0)
		*--p = '-';
	sst_buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

void
sst_buf_json_real(struct sst_buf *b, double value)
{
	char text[40];
	int digits;

	if (!isfinite(value)) {
		sst_buf_add(b, "null", 4);
		return;
	}
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	sst_buf_adds(b, text);
	/* keep a real a real: readers may tell 1.0 from 1 */
	if (strpbrk(text, ".eE") == NULL)
		sst_buf_add(b, ".0", 2);
}
