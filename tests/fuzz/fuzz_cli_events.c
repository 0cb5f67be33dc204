/*
 * Bytes as a stream of events: the same events whatever the pieces are, and
 * nothing of them that a terminal would act upon in the text form.
 */
/* fuzz-libs: systate_cli */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "watch.h"

enum { EVENT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What one reading gave. */
struct reading {
	struct sst_buf log;
	struct cli_out out;
};

/* Text of ours has no more than line feeds. */
static void
check_tame(struct sst_buf *text)
{
	size_t i;

	for (i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			abort();
	}
	sst_buf_clear(text);
}

static bool
take(const struct sse_event *event, void *ctx)
{
	struct reading *r = ctx;
	json_t *json =
	    json_loadb(event->data, event->len, JSON_DECODE_ANY, NULL);

	if (event->data[event->len] != '\0' ||
	    strlen(event->name) >= SSE_NAME_MAX ||
	    strlen(event->id) >= SSE_ID_MAX || event->len > EVENT_MAX)
		abort();
	sst_buf_addf(&r->log, "%s\x01%s\x01", event->name, event->id);
	sst_buf_add(&r->log, event->data, event->len);
	sst_buf_addc(&r->log, '\x02');
	if (json != NULL) {
		watch_text_state(&r->out, json, event->id, true);
		watch_text_change(&r->out, json);
		watch_text_other(&r->out, event->name, event->id);
		check_tame(&r->out.pending);
	}
	json_decref(json);
	return true;
}

static int
read_all(struct reading *r, const char *bytes, size_t len, size_t piece)
{
	struct sst_error err;
	struct sse sse;
	size_t at, n;
	int code = SST_OK;

	memset(r, 0, sizeof(*r));
	r->out.fd = -1;
	sse_init(&sse, EVENT_MAX, take, r);
	for (at = 0; at < len && code == SST_OK; at += n) {
		n = len - at < piece ? len - at : piece;
		code = sse_feed(&sse, bytes + at, n, &err);
	}
	sse_fini(&sse);
	cli_out_fini(&r->out);
	return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *bytes = (const char *)data;
	struct reading whole, parts;
	int code;

	if (len == 0)
		return 0;
	code = read_all(&whole, bytes, len, len);
	if (read_all(&parts, bytes, len, (size_t)data[0] % 16 + 1) != code)
		abort();
	/* over the bound the two may stop at different events */
	if (code == SST_OK &&
	    (whole.log.len != parts.log.len ||
		(whole.log.len > 0 && memcmp(whole.log.data, parts.log.data,
					  whole.log.len) != 0)))
		abort();
	sst_buf_fini(&whole.log);
	sst_buf_fini(&parts.log);
	return 0;
}
