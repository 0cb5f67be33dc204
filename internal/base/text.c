#include "base/text.h"

#include <string.h>

#define TEXT_ELLIPSIS "\xe2\x80\xa6"
#define TEXT_REPLACEMENT "\xef\xbf\xbd"

struct text_range {
	uint32_t first, last;
};

/* Ascending; see sst_text_is_control(). */
static const struct text_range text_controls[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, /* soft hyphen */
    {0x034f, 0x034f},                                     /* grapheme joiner */
    {0x061c, 0x061c},   /* Arabic letter mark */
    {0x115f, 0x1160},   /* Hangul fillers */
    {0x17b4, 0x17b5},   /* Khmer inherent vowels */
    {0x180b, 0x180f},   /* Mongolian selectors */
    {0x200b, 0x200f},   /* zero width, marks of direction */
    {0x2028, 0x202e},   /* separators, embeddings and overrides */
    {0x2060, 0x206f},   /* joiners, isolates */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xffa0, 0xffa0},   /* half-width Hangul filler */
    {0xfff9, 0xfffb},   /* interlinear annotation */
    {0x1d173, 0x1d17a}, /* musical controls */
    {0xe0000, 0xe0fff}, /* tags and selectors: text nobody sees */
};

size_t
sst_text_decode(const char *p, size_t len, uint32_t *cp_out)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t need, i;
	uint32_t cp;

	if (len == 0)
		return 0;
	if (u[0] < 0x80) {
		*cp_out = u[0];
		return 1;
	}
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	need = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (len < need)
		return 0;
	cp = u[0] & (0x7fu >> need);
	for (i = 1; i < need; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (u[i] & 0x3fu);
	}
	if ((need == 3 && cp < 0x800) || (need == 4 && cp < 0x10000))
		return 0;
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*cp_out = cp;
	return need;
}

/* Length of the pure ASCII start, eight bytes at a time. */
static size_t
text_ascii_run(const char *p, size_t len)
{
	size_t i = 0;
	uint64_t w;

	for (; i + sizeof(w) <= len; i += sizeof(w)) {
		memcpy(&w, p + i, sizeof(w));
		if ((w & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (i < len && (unsigned char)p[i] < 0x80)
		i++;
	return i;
}

bool
sst_text_utf8_valid(const char *text, size_t len)
{
	uint32_t cp;
	size_t i = 0, n;

	for (;;) {
		i += text_ascii_run(text + i, len - i);
		if (i == len)
			return true;
		n = sst_text_decode(text + i, len - i, &cp);
		if (n == 0)
			return false;
		i += n;
	}
}

bool
sst_text_is_control(uint32_t cp)
{
	size_t lo = 0, hi = sizeof(text_controls) / sizeof(text_controls[0]);
	size_t mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (cp > text_controls[mid].last)
			lo = mid + 1;
		else if (cp < text_controls[mid].first)
			hi = mid;
		else
			return true;
	}
	return false;
}

bool
sst_text_is_plain(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return true;
}

static bool
text_is_break(uint32_t cp)
{
	return (cp >= 0x09 && cp <= 0x0d) || cp == 0x85 || cp == 0x2028 ||
	       cp == 0x2029;
}

/* Where the output can be cut, should one more character come. */
struct text_cap {
	size_t max, count;
	size_t cut; /* length of the output with max - 1 characters */
};

/* False: the cap is reached, the ellipsis is written. */
static bool
text_put(struct text_cap *cap, const char *p, size_t n, struct sst_buf *out)
{
	if (cap->max > 0 && cap->count == cap->max) {
		if (!out->failed)
			out->len = cap->cut;
		sst_buf_adds(out, TEXT_ELLIPSIS);
		return false;
	}
	if (cap->max > 0 && cap->count == cap->max - 1)
		cap->cut = out->len;
	cap->count++;
	sst_buf_add(out, p, n);
	return true;
}

void
sst_text_clean(
    const char *in, size_t len, size_t max_chars, struct sst_buf *out)
{
	struct text_cap cap = {max_chars, 0, out->len};
	bool in_break = false, more = true;
	uint32_t cp = 0;
	size_t i, n;

	for (i = 0; i < len && more; i += n) {
		n = sst_text_decode(in + i, len - i, &cp);
		if (n == 0) {
			n = 1;
			in_break = false;
			more = text_put(&cap, TEXT_REPLACEMENT, 3, out);
		} else if (text_is_break(cp)) {
			if (!in_break)
				more = text_put(&cap, " ", 1, out);
			in_break = true;
		} else if (!sst_text_is_control(cp)) {
			in_break = false;
			more = text_put(&cap, in + i, n, out);
		}
	}
}

bool
sst_text_safe(const char *in, size_t len, size_t max_chars, struct sst_buf *out)
{
	struct sst_buf plain = SST_BUF_INIT, masked = SST_BUF_INIT;
	bool ok;

	sst_text_clean(in, len, 0, &plain);
	sst_text_redact(plain.data, plain.len, &masked);
	ok = !sst_buf_failed(&plain) && !sst_buf_failed(&masked);
	/* a prefix of masked text may hold what the rest would have masked */
	if (ok)
		sst_text_clean(masked.data, masked.len, max_chars, out);
	else
		out->failed = true;
	sst_buf_fini(&plain);
	sst_buf_fini(&masked);
	return !sst_buf_failed(out);
}

static bool
text_is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

void
sst_text_percent_encode(const char *text, size_t len, struct sst_buf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i, plain = 0; /* first byte not yet written */
	char code[3] = {'%', 0, 0};

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (text_is_unreserved(c))
			continue;
		sst_buf_add(out, text + plain, i - plain);
		code[1] = hex[c >> 4];
		code[2] = hex[c & 15];
		sst_buf_add(out, code, sizeof(code));
		plain = i + 1;
	}
	sst_buf_add(out, text + plain, len - plain);
}
