#include "schema/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the character at p, 0 when it is broken. */
static size_t
text_char(const unsigned char *p)
{
	size_t i, n = p[0] < 0x80             ? 1
		      : (p[0] & 0xe0) == 0xc0 ? 2
		      : (p[0] & 0xf0) == 0xe0 ? 3
		      : (p[0] & 0xf8) == 0xf0 ? 4
					      : 0;

	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

void
schema__text_clean(char *text)
{
	unsigned char *from = (unsigned char *)text, *to = from;
	size_t n;

	while (*from != '\0') {
		n = text_char(from);
		if (n == 0) {
			from++;
			continue;
		}
		if (*from < ' ' || *from == 0x7f)
			*from = ' ';
		memmove(to, from, n);
		to += n;
		from += n;
	}
	*to = '\0';
}

int
schema__fail(struct sst_error *err, int code, const char *fmt, ...)
{
	char text[SST_ERROR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	schema__text_clean(text);
	return sst_error_set(err, code, "%s", text);
}
