#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
    [0] = "ok",
    [-SST_INVALID] = "invalid",
    [-SST_NODATA] = "no_data",
    [-SST_TIMEOUT] = "timeout",
    [-SST_UNREACHABLE] = "unreachable",
    [-SST_TLS] = "tls",
    [-SST_UNAUTHORIZED] = "unauthorized",
    [-SST_FORBIDDEN] = "forbidden",
    [-SST_NOT_FOUND] = "not_found",
    [-SST_RATE_LIMITED] = "rate_limited",
    [-SST_UPSTREAM] = "upstream_error",
    [-SST_PROTOCOL] = "protocol",
    [-SST_TRUNCATED] = "truncated",
    [-SST_TOO_LARGE] = "too_large",
    [-SST_ENCODING] = "encoding",
    [-SST_NUL] = "nul_byte",
    [-SST_TOO_DEEP] = "too_deep",
    [-SST_SYNTAX] = "syntax",
    [-SST_TYPE] = "wrong_type",
    [-SST_CANCELED] = "canceled",
    [-SST_NOMEM] = "no_memory",
    [-SST_INTERNAL] = "internal",
    [-SST_UNSUPPORTED] = "unsupported",
    [-SST_GONE] = "gone",
    [-SST_IO] = "io",
    [-SST_LIMIT] = "limit",
    [-SST_EXISTS] = "exists",
};

enum { CODE_COUNT = (int)(sizeof(code_names) / sizeof(code_names[0])) };

void
sst_error_clear(struct sst_error *err)
{
	if (err == NULL)
		return;
	err->code = SST_OK;
	err->detail = 0;
	err->text[0] = '\0';
}

/* vsnprintf may have cut inside a multi-byte character: drop its pieces. */
static void
error_trim_utf8(char *text)
{
	size_t len = strlen(text);
	size_t i = len, need;
	unsigned char lead;

	while (i > 0 && ((unsigned char)text[i - 1] & 0xc0) == 0x80)
		i--;
	if (i == 0)
		return;
	lead = (unsigned char)text[i - 1];
	need = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (len - (i - 1) < need)
		text[i - 1] = '\0';
}

static void
error_one_line(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = ' ';
	}
}

int
sst_error_set(struct sst_error *err, int code, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (err == NULL)
		return code;
	err->code = code;
	err->detail = 0;
	va_start(ap, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(err->text))
		error_trim_utf8(err->text);
	error_one_line(err->text);
	return code;
}

int
sst_error_prefix(struct sst_error *err, const char *fmt, ...)
{
	char old[SST_ERROR_TEXT];
	va_list ap;
	size_t used;
	int n;

	if (err == NULL)
		return SST_INTERNAL;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = n < 0 ? 0 : strlen(err->text);
	n = snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
	if (n >= (int)(sizeof(err->text) - used))
		error_trim_utf8(err->text);
	error_one_line(err->text);
	return err->code;
}

int
sst_error_nomem(struct sst_error *err)
{
	return sst_error_set(err, SST_NOMEM, "out of memory");
}

const char *
sst_code_name(int code)
{
	if (code > 0 || -code >= CODE_COUNT || code_names[-code] == NULL)
		return "unknown";
	return code_names[-code];
}
