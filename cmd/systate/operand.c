#include "operand.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "input.h"
#include "service/moment.h"

/* The same moment in other words. */
static void
operand_other_form(
    const char *word, const struct sst_moment *m, char *out, size_t size)
{
	char when[SST_TIME_TEXT];

	switch (m->kind) {
	case SST_MOMENT_NOW:
		snprintf(out, size, "-0s");
		break;
	case SST_MOMENT_REVISION:
		snprintf(out, size, "%sEPOCH:%" PRIu64,
		    m->epoch[0] != '\0' ? "another " : "", m->revision);
		break;
	case SST_MOMENT_TIME:
		sst_time_format_utc(m->at.ms, true, when);
		if (word[0] == '@')
			snprintf(out, size, "%s", when);
		else
			snprintf(out, size, "@%" PRId64, m->at.ms / 1000);
		break;
	case SST_MOMENT_AGO:
		snprintf(out, size, "-%" PRId64 "ms", m->ago_ms);
		break;
	}
}

int
cli_operand_is_file(const char *word, bool *file_out, struct sst_error *err)
{
	struct sst_moment moment;
	char other[64];
	bool is_moment, exists;

	is_moment = sst_moment_parse(word, strlen(word), &moment) == SST_OK;
	exists = cli_is_stdin(word) || access(word, F_OK) == 0;
	if (is_moment && exists) {
		operand_other_form(word, &moment, other, sizeof(other));
		return sst_error_set(err, SST_INVALID,
		    "\"%.80s\" is a moment and the name of a file; write "
		    "./%.80s for the file or %s for the moment",
		    word, word, other);
	}
	/* What has a slash is meant as a file: reading it says more. */
	if (!is_moment && !exists && strchr(word, '/') == NULL)
		return sst_error_set(err, SST_INVALID,
		    "\"%.80s\": no such file, and no moment; a moment is %s",
		    word, sst_moment_forms);
	*file_out = !is_moment;
	return SST_OK;
}

static int
key_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at p and how many characters say it. */
static char
key_byte(const char *p, size_t *len_out)
{
	int high, low;

	*len_out = 1;
	if (*p != '%')
		return *p;
	high = key_digit(p[1]);
	low = high >= 0 ? key_digit(p[2]) : -1;
	if (low < 0)
		return *p;
	*len_out = 3;
	return (char)(high * 16 + low);
}

void
cli_key_canonical(const char *text, struct sst_buf *out)
{
	size_t len;
	char c;

	for (; *text != '\0'; text += len) {
		c = key_byte(text, &len);
		if (c == '/' && len == 1)
			sst_buf_addc(out, c);
		else
			sst_text_percent_encode(&c, 1, out);
	}
}

void
cli_key_plain(const char *text, struct sst_buf *out)
{
	size_t len;

	for (; *text != '\0'; text += len)
		sst_buf_addc(out, key_byte(text, &len));
}
