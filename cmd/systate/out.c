#include "out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/text.h"

/* A write for every so many bytes. */
enum { OUT_PENDING = 64 * 1024 };

static const char *const out_paints[CLI_PAINT_COUNT] = {
    "\033[0m",
    "\033[1m",
    "\033[2m",
    "\033[31m",
    "\033[32m",
    "\033[33m",
    "\033[36m",
};

static bool
out_variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

static unsigned
out_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	char *end;
	unsigned long n;

	if (columns != NULL && columns[0] >= '0' && columns[0] <= '9') {
		n = strtoul(columns, &end, 10);
		if (*end == '\0' && n > 0 && n < 10000)
			return (unsigned)n;
	}
	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}

void
cli_out_init(struct cli_out *out, int fd)
{
	const char *term = getenv("TERM");

	*out = (struct cli_out){.fd = fd, .pending = SST_BUF_INIT};
	out->terminal = isatty(fd) == 1;
	out->colour = out->terminal && !out_variable("NO_COLOR") &&
		      (term == NULL || strcmp(term, "dumb") != 0);
	out->width = out->terminal ? out_width(fd) : 0;
}

void
cli_out_fini(struct cli_out *out)
{
	sst_buf_fini(&out->pending);
}

bool
cli_out_broken(const struct cli_out *out)
{
	return out->error != 0 || out->nomem;
}

static void
out_write(struct cli_out *out, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0 && out->error == 0) {
		n = write(out->fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			out->error = errno;
			return;
		}
		bytes += n;
		len -= (size_t)n;
	}
}

bool
cli_out_flush(struct cli_out *out)
{
	if (sst_buf_failed(&out->pending))
		out->nomem = true;
	else if (out->pending.len > 0)
		out_write(out, out->pending.data, out->pending.len);
	sst_buf_clear(&out->pending);
	return !cli_out_broken(out);
}

static void
out_check(struct cli_out *out)
{
	if (out->pending.len >= OUT_PENDING || sst_buf_failed(&out->pending))
		cli_out_flush(out);
}

void
cli_out_add(struct cli_out *out, const char *bytes, size_t len)
{
	if (cli_out_broken(out))
		return;
	if (len >= OUT_PENDING) { /* a document: not copied once more */
		if (cli_out_flush(out))
			out_write(out, bytes, len);
		return;
	}
	sst_buf_add(&out->pending, bytes, len);
	out_check(out);
}

void
cli_out_adds(struct cli_out *out, const char *text)
{
	cli_out_add(out, text, strlen(text));
}

void
cli_out_addf(struct cli_out *out, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		cli_out_add(out, text,
		    (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void
cli_out_clean(struct cli_out *out, const char *text, size_t len)
{
	if (cli_out_broken(out))
		return;
	sst_text_clean(text, len, 0, &out->pending);
	out_check(out);
}

void
cli_out_paint(struct cli_out *out, enum cli_paint paint)
{
	if (out->colour)
		cli_out_adds(out, out_paints[paint]);
}

/* Columns of the character at p; *len_out are its bytes. */
static size_t
out_character(const char *p, size_t len, size_t *len_out)
{
	uint32_t cp;
	int width;

	*len_out = sst_text_decode(p, len, &cp);
	if (*len_out == 0) {
		*len_out = 1;
		return 1;
	}
	if (cp < 0x80)
		return 1;
	width = wcwidth((wchar_t)cp);
	return width < 0 ? 1 : (size_t)width;
}

size_t
cli_columns(const char *text, size_t len)
{
	size_t at, bytes, columns = 0;

	for (at = 0; at < len; at += bytes)
		columns += out_character(text + at, len - at, &bytes);
	return columns;
}

size_t
cli_columns_cut(const char *text, size_t len, size_t columns)
{
	size_t at, bytes, wide;

	for (at = 0; at < len; at += bytes) {
		wide = out_character(text + at, len - at, &bytes);
		if (wide > columns)
			break;
		columns -= wide;
	}
	return at;
}
