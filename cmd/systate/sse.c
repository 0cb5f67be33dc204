#include "sse.h"

#include <string.h>

void
sse_init(struct sse *sse, size_t max_bytes,
    bool (*event)(const struct sse_event *event, void *ctx), void *ctx)
{
	*sse = (struct sse){.max_bytes = max_bytes,
	    .event = event,
	    .ctx = ctx,
	    .retry_ms = -1,
	    .line = SST_BUF_INIT,
	    .data = SST_BUF_INIT};
}

void
sse_fini(struct sse *sse)
{
	sst_buf_fini(&sse->line);
	sst_buf_fini(&sse->data);
}

static void
sse_forget(struct sse *sse)
{
	sst_buf_clear(&sse->data);
	sse->name[0] = '\0';
	sse->has_data = false;
}

void
sse_restart(struct sse *sse)
{
	sse_forget(sse);
	sst_buf_clear(&sse->line);
	sse->after_cr = false;
	sse->begun = false;
}

static int
sse_dispatch(struct sse *sse, struct sst_error *err)
{
	struct sse_event event = {
	    .name = sse->name[0] != '\0' ? sse->name : "message",
	    .id = sse->id};
	bool more = true;

	sst_buf_add(&sse->data, "", 0);
	if (sst_buf_failed(&sse->data))
		return sst_error_nomem(err);
	if (sse->has_data) {
		event.data = sse->data.data;
		event.len = sse->data.len;
		more = sse->event(&event, sse->ctx);
	}
	sse_forget(sse);
	return more ? SST_OK
		    : sst_error_set(err, SST_CANCELED, "enough was read");
}

/* A text that fits is taken, a longer one is as if it had not been sent. */
static void
sse_take(char *out, size_t size, const char *value, size_t len)
{
	if (len >= size || memchr(value, '\0', len) != NULL)
		return;
	memcpy(out, value, len);
	out[len] = '\0';
}

static void
sse_take_retry(struct sse *sse, const char *value, size_t len)
{
	int64_t ms = 0;
	size_t i;

	if (len == 0 || len > 9)
		return;
	for (i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return;
		ms = ms * 10 + (value[i] - '0');
	}
	sse->retry_ms = ms;
}

static bool
sse_is(const char *name, size_t len, const char *wanted)
{
	return strlen(wanted) == len && memcmp(name, wanted, len) == 0;
}

static void
sse_field(struct sse *sse, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *value = line + len;
	size_t name_len = len, value_len = 0;

	if (colon != NULL) {
		name_len = (size_t)(colon - line);
		value = colon + 1;
		value_len = len - name_len - 1;
		if (value_len > 0 && *value == ' ') {
			value++;
			value_len--;
		}
	}
	if (sse_is(line, name_len, "data")) {
		if (sse->has_data)
			sst_buf_addc(&sse->data, '\n');
		sst_buf_add(&sse->data, value, value_len);
		sse->has_data = true;
	} else if (sse_is(line, name_len, "event")) {
		sse_take(sse->name, sizeof(sse->name), value, value_len);
	} else if (sse_is(line, name_len, "id")) {
		sse_take(sse->id, sizeof(sse->id), value, value_len);
	} else if (sse_is(line, name_len, "retry")) {
		sse_take_retry(sse, value, value_len);
	}
}

/* One line without its end. */
static int
sse_line(struct sse *sse, struct sst_error *err)
{
	const char *line = sse->line.data;
	size_t len = sse->line.len;

	if (sst_buf_failed(&sse->line) || sst_buf_failed(&sse->data))
		return sst_error_nomem(err);
	if (!sse->begun && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		len -= 3;
	}
	sse->begun = true;
	if (len == 0)
		return sse_dispatch(sse, err);
	if (line[0] != ':') /* a comment */
		sse_field(sse, line, len);
	return SST_OK;
}

static int
sse_check_size(const struct sse *sse, struct sst_error *err)
{
	if (sse->line.len <= sse->max_bytes && sse->data.len <= sse->max_bytes)
		return SST_OK;
	return sst_error_set(err, SST_TOO_LARGE,
	    "an event is over the bound of %zu bytes", sse->max_bytes);
}

int
sse_feed(struct sse *sse, const char *bytes, size_t len, struct sst_error *err)
{
	const char *end = bytes + len, *p;
	int code = SST_OK;

	while (bytes < end && code == SST_OK) {
		if (sse->after_cr && *bytes == '\n') {
			sse->after_cr = false;
			bytes++;
			continue;
		}
		sse->after_cr = false;
		for (p = bytes; p < end && *p != '\n' && *p != '\r'; p++)
			;
		sst_buf_add(&sse->line, bytes, (size_t)(p - bytes));
		code = sse_check_size(sse, err);
		if (p == end || code != SST_OK)
			break;
		sse->after_cr = *p == '\r';
		bytes = p + 1;
		code = sse_line(sse, err);
		sst_buf_clear(&sse->line);
	}
	return code;
}
