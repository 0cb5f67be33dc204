/* Tracebacks as RQ packs them: of the whole only the line that says what was
 * raised is ever kept. */
#define ZLIB_CONST
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "repository/queues/rq_parse.h"

enum {
	TRACE_PIECE = 16 * 1024,
	TRACE_TAIL = 16 * 1024,      /* of the text; what is looked at */
	TRACE_MAX = 4 * 1024 * 1024, /* bytes unpacked */
	TRACE_PACKED_MAX = 1024 * 1024
};

static int
trace_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Into out, which has room for len bytes; how many, up to what is no digit. */
static size_t
trace_base64(const char *text, size_t len, unsigned char *out)
{
	unsigned long bits = 0;
	size_t i, n = 0;
	int digit;

	for (i = 0; i < len; i++) {
		digit = trace_digit(text[i]);
		if (digit < 0)
			break;
		bits = (bits << 6 | (unsigned long)digit) & 0xffffff;
		if (i % 4 != 0)
			out[n++] =
			    (unsigned char)(bits >> (6 - 2 * (i % 4)) & 0xff);
	}
	return n;
}

/* Keeps the end of what it is given. */
static void
tail_add(struct sst_buf *tail, const unsigned char *bytes, size_t len)
{
	size_t drop;

	if (tail->len > TRACE_TAIL && tail->len + len > 2 * TRACE_TAIL) {
		drop = tail->len - TRACE_TAIL;
		memmove(tail->data, tail->data + drop, tail->len - drop);
		tail->len -= drop;
	}
	sst_buf_add(tail, bytes, len);
}

/* False when it is not packed, or not to its end. */
static bool
trace_inflate(const unsigned char *bytes, size_t len, struct sst_buf *tail)
{
	unsigned char piece[TRACE_PIECE];
	z_stream z = {0};
	size_t total = 0;
	int rc;

	if (inflateInit(&z) != Z_OK)
		return false;
	z.next_in = bytes;
	z.avail_in = (uInt)len;
	do {
		z.next_out = piece;
		z.avail_out = sizeof(piece);
		rc = inflate(&z, Z_NO_FLUSH);
		tail_add(tail, piece, sizeof(piece) - z.avail_out);
		total += sizeof(piece) - z.avail_out;
	} while (rc == Z_OK && total < TRACE_MAX);
	inflateEnd(&z);
	return rc == Z_STREAM_END;
}

/* Lines of frames are indented; what follows the last of them says it. */
static void
trace_find(const char *text, size_t len, struct sst_buf *out)
{
	const char *end = text + len, *line = text, *told = NULL, *next;
	bool indented = true;

	for (; line < end; line = next + 1) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (next == NULL)
			next = end;
		if (next == line)
			continue;
		if (*line == ' ' || *line == '\t') {
			indented = true;
		} else if (indented) {
			told = line;
			indented = false;
		}
	}
	if (told == NULL)
		return;
	next = memchr(told, '\n', (size_t)(end - told));
	len = (size_t)((next != NULL ? next : end) - told);
	/* the document holds less */
	sst_buf_add(out, told, len < 4096 ? len : 4096);
}

bool
rq__trace_line(const char *bytes, size_t len, bool base64, struct sst_buf *out)
{
	struct sst_buf tail = SST_BUF_INIT;
	unsigned char *packed = NULL;
	size_t packed_len = len;
	bool good;

	if (len == 0 || len > TRACE_PACKED_MAX)
		return false;
	packed = malloc(len);
	if (packed == NULL) {
		out->failed = true;
		return false;
	}
	if (base64)
		packed_len = trace_base64(bytes, len, packed);
	else
		memcpy(packed, bytes, len);
	good = trace_inflate(packed, packed_len, &tail);
	free(packed);
	if (good && tail.len > 0) {
		trace_find(tail.data, tail.len, out);
	} else if (!good && !base64 && tail.len == 0) {
		/* RQ before 1.0 */
		trace_find(bytes, len, out);
		good = true;
	}
	if (sst_buf_failed(&tail))
		out->failed = true;
	good = good && !sst_buf_failed(&tail);
	sst_buf_fini(&tail);
	return good;
}
