#include "api/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

bool
api__span_is(struct api_span span, const char *text)
{
	return strlen(text) == span.len && memcmp(span.at, text, span.len) == 0;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
api__percent_decode(
    struct api_span in, struct sst_buf *out, struct sst_error *err)
{
	size_t i, start = out->len;
	int high, low;

	for (i = 0; i < in.len; i++) {
		if (in.at[i] != '%') {
			sst_buf_addc(out, in.at[i]);
			continue;
		}
		high = i + 2 < in.len ? hex_value(in.at[i + 1]) : -1;
		low = i + 2 < in.len ? hex_value(in.at[i + 2]) : -1;
		if (high < 0 || low < 0)
			return sst_error_set(err, SST_INVALID,
			    "'%%' must be followed by two hex digits");
		if (high < 2 || (high == 7 && low == 15))
			return sst_error_set(err, SST_INVALID,
			    "encoded control characters are not allowed");
		sst_buf_addc(out, (char)(high << 4 | low));
		i += 2;
	}
	if (sst_buf_failed(out))
		return sst_error_nomem(err);
	if (out->len > start &&
	    !sst_text_utf8_valid(out->data + start, out->len - start))
		return sst_error_set(
		    err, SST_INVALID, "the decoded bytes are not valid UTF-8");
	return SST_OK;
}

/* RFC 3986: everything else must come encoded. */
static int
target_check(const char *uri, struct sst_error *err)
{
	const unsigned char *p;

	for (p = (const unsigned char *)uri; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("\"<>\\^`{|}#", *p))
			return sst_error_set(err, SST_INVALID,
			    "byte 0x%02x in the request target must be "
			    "percent-encoded",
			    *p);
	return SST_OK;
}

/* "http://authority" of an absolute form; returns where the path begins. */
static const char *
target_authority(const char *uri, struct api_span *out)
{
	const char *p;

	out->at = NULL;
	out->len = 0;
	if (strncmp(uri, "http://", 7) == 0)
		p = uri + 7;
	else if (strncmp(uri, "https://", 8) == 0)
		p = uri + 8;
	else
		return uri;
	out->at = p;
	out->len = strcspn(p, "/?");
	return p + out->len;
}

/* Splits "/a/b" into segments of `text`. */
static void
target_split(struct api_span text, struct api_target *t)
{
	const char *p = text.at, *end = text.at + text.len, *slash;

	t->count = 0;
	while (p < end && *p == '/') {
		p++;
		slash = memchr(p, '/', (size_t)(end - p));
		if (slash == NULL)
			slash = end;
		if (t->count == API_SEGMENTS_MAX) {
			t->count++;
			return;
		}
		t->segments[t->count].at = p;
		t->segments[t->count++].len = (size_t)(slash - p);
		p = slash;
	}
}

/* Replaces the segments by their decoded text, in memory of their own. */
static int
target_decode(struct api_target *t, struct sst_error *err)
{
	struct sst_buf text = SST_BUF_INIT;
	size_t i, ends[API_SEGMENTS_MAX], begin = 0;
	size_t count =
	    t->count > API_SEGMENTS_MAX ? API_SEGMENTS_MAX : t->count;
	int rc = SST_OK;

	/* The bytes beyond the last segment kept are checked all the same. */
	if (t->count > API_SEGMENTS_MAX)
		rc = api__percent_decode(t->path, &text, err);
	sst_buf_clear(&text);
	for (i = 0; rc == SST_OK && i < count; i++) {
		rc = api__percent_decode(t->segments[i], &text, err);
		ends[i] = text.len;
	}
	if (rc != SST_OK) {
		sst_buf_fini(&text);
		return rc;
	}
	t->decoded = sst_buf_take(&text, NULL);
	for (i = 0; i < count; i++) {
		t->segments[i].at =
		    t->decoded == NULL ? "" : t->decoded + begin;
		t->segments[i].len = ends[i] - begin;
		begin = ends[i];
	}
	return SST_OK;
}

int
api__target_parse(
    const char *uri, struct api_target *out, struct sst_error *err)
{
	struct api_target t;
	const char *path, *question;
	int rc = target_check(uri, err);

	if (rc != SST_OK)
		return rc;
	memset(&t, 0, sizeof(t));
	path = target_authority(uri, &t.authority);
	question = strchr(path, '?');
	t.path.at = path;
	t.path.len =
	    question == NULL ? strlen(path) : (size_t)(question - path);
	if (question != NULL) {
		t.query.at = question + 1;
		t.query.len = strlen(question + 1);
	}
	if (t.path.len == 0 && t.authority.at != NULL) {
		t.path.at = "/";
		t.path.len = 1;
	}
	if (t.path.len == 0 ||
	    (t.path.at[0] != '/' && !api__span_is(t.path, "*")))
		return sst_error_set(
		    err, SST_INVALID, "the request target must begin with '/'");
	target_split(t.path, &t);
	if (memchr(t.path.at, '%', t.path.len) != NULL)
		rc = target_decode(&t, err);
	if (rc == SST_OK)
		*out = t;
	return rc;
}

void
api__target_fini(struct api_target *target)
{
	free(target->decoded);
	target->decoded = NULL;
}
