/* zstd: a document alone, or as the difference to another. */
#include <stdlib.h>
#include <string.h>
#include <zstd_errors.h>

#include "service/history_priv.h"

enum {
	LEVEL = 1,
	/* Below, the plain tables of that level reach all of both documents;
	 * above, only long-distance matching does. */
	LONG_BYTES = 128 << 10,
	WINDOW_LOG_MIN = 10,
	WINDOW_LOG_MAX = 27,
	/* Deltas together may take so many keyframes; one only such a part. */
	DELTAS_PER_KEYFRAME = 2,
	DELTA_PART = 3,
	DELTA_SPARE = 64 /* of a tiny document it is mostly frame */
};

bool
history__text_reserve(struct history_text *text, size_t len)
{
	size_t cap = len + len / 16 + 64;
	char *bytes;

	if (len < text->cap)
		return true;
	bytes = realloc(text->bytes, cap);
	if (bytes == NULL)
		return false;
	text->bytes = bytes;
	text->cap = cap;
	return true;
}

void
history__text_fini(struct history_text *text)
{
	free(text->bytes);
	memset(text, 0, sizeof(*text));
}

void
history__encoder_init(struct history_encoder *encoder,
    const struct history_tail *tail, int64_t span_ms)
{
	memset(encoder, 0, sizeof(*encoder));
	encoder->tail = *tail;
	encoder->span_ms = span_ms;
}

void
history__encoder_fini(struct history_encoder *encoder)
{
	ZSTD_freeCCtx(encoder->ctx);
	encoder->ctx = NULL;
	history__text_fini(&encoder->frame);
}

bool
history__tail_joins(
    const struct history_tail *tail, int64_t captured_at, int64_t span_ms)
{
	return tail->segment != 0 && tail->deltas < HISTORY_DELTAS_MAX &&
	       tail->delta_bytes < DELTAS_PER_KEYFRAME * tail->keyframe_bytes &&
	       captured_at >= tail->begun_at &&
	       (uint64_t)captured_at - (uint64_t)tail->begun_at <=
		   (uint64_t)span_ms;
}

static int
codec_error(const struct history_row *row, size_t result, struct sst_error *err)
{
	if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
		return sst_error_nomem(err);
	return sst_error_set(err, SST_INTERNAL, "revision %llu: %s",
	    (unsigned long long)row->revision, ZSTD_getErrorName(result));
}

static int
codec_window_log(uint64_t bytes)
{
	int log = WINDOW_LOG_MIN;

	while (log < WINDOW_LOG_MAX && UINT64_C(1) << log < bytes)
		log++;
	return log;
}

/* Where a delta and its prefix lie further apart than the tables of the level
 * reach; sizes of all, so that the window spans both. */
static size_t
codec_use_prefix(struct history_encoder *e, size_t len)
{
	const uint64_t bytes = (uint64_t)e->prefix_len + len;
	size_t result;

	result = ZSTD_CCtx_setParameter(
	    e->ctx, ZSTD_c_windowLog, codec_window_log(bytes));
	if (!ZSTD_isError(result) && bytes > LONG_BYTES)
		result = ZSTD_CCtx_setParameter(
		    e->ctx, ZSTD_c_enableLongDistanceMatching, 1);
	if (!ZSTD_isError(result))
		result = ZSTD_CCtx_refPrefix(e->ctx, e->prefix, e->prefix_len);
	return result;
}

/* At most `most` bytes; the frame is empty when that is too few. */
static int
codec_compress(struct history_encoder *e, const char *document,
    const struct history_row *row, size_t most, struct sst_error *err)
{
	const size_t len = (size_t)row->document_len;
	size_t result;

	if (e->ctx == NULL)
		e->ctx = ZSTD_createCCtx();
	if (e->ctx == NULL || !history__text_reserve(&e->frame, most))
		return sst_error_nomem(err);
	ZSTD_CCtx_reset(e->ctx, ZSTD_reset_session_and_parameters);
	result = ZSTD_CCtx_setParameter(e->ctx, ZSTD_c_compressionLevel, LEVEL);
	if (!ZSTD_isError(result) && row->base != 0)
		result = codec_use_prefix(e, len);
	if (!ZSTD_isError(result))
		result =
		    ZSTD_compress2(e->ctx, e->frame.bytes, most, document, len);
	if (ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall)
		result = 0;
	if (ZSTD_isError(result))
		return codec_error(row, result, err);
	e->frame.len = result;
	return SST_OK;
}

static void
encoder_advance(struct history_encoder *e, const char *document,
    const struct history_row *row)
{
	struct history_tail *tail = &e->tail;

	if (row->base == 0) {
		*tail = (struct history_tail){
		    .segment = row->revision,
		    .keyframe_bytes = row->data_len,
		    .begun_at = row->captured_at,
		};
	} else {
		tail->deltas++;
		tail->delta_bytes += row->data_len;
	}
	tail->revision = row->revision;
	e->prefix = document;
	e->prefix_len = (size_t)row->document_len;
}

int
history__encode(struct history_encoder *encoder, const char *document,
    struct history_row *row, struct sst_error *err)
{
	struct history_encoder *e = encoder;
	size_t bound = ZSTD_compressBound((size_t)row->document_len);
	size_t most = (size_t)e->tail.keyframe_bytes / DELTA_PART + DELTA_SPARE;
	int rc = SST_OK;

	e->frame.len = 0;
	row->segment = e->tail.segment;
	row->base = 0;
	if (history__tail_joins(&e->tail, row->captured_at, e->span_ms)) {
		row->base = e->tail.revision;
		rc = codec_compress(
		    e, document, row, most < bound ? most : bound, err);
	}
	if (rc == SST_OK && e->frame.len == 0) {
		row->segment = row->revision;
		row->base = 0;
		rc = codec_compress(e, document, row, bound, err);
	}
	if (rc != SST_OK)
		return rc;
	row->data = e->frame.bytes;
	row->data_len = e->frame.len;
	encoder_advance(e, document, row);
	return SST_OK;
}

int
history__decode(ZSTD_DCtx *ctx, const struct history_text *prefix,
    const struct history_row *row, struct history_text *out,
    struct sst_error *err)
{
	const size_t len = (size_t)row->document_len;
	size_t result = 0;

	if (ZSTD_getFrameContentSize(row->data, (size_t)row->data_len) !=
	    row->document_len)
		return sst_error_set(err, SST_IO,
		    "revision %llu is damaged: its frame has another length",
		    (unsigned long long)row->revision);
	if (!history__text_reserve(out, len))
		return sst_error_nomem(err);
	ZSTD_DCtx_reset(ctx, ZSTD_reset_session_and_parameters);
	if (prefix != NULL)
		result = ZSTD_DCtx_refPrefix(ctx, prefix->bytes, prefix->len);
	if (!ZSTD_isError(result))
		result = ZSTD_decompressDCtx(
		    ctx, out->bytes, len, row->data, (size_t)row->data_len);
	if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
		return sst_error_nomem(err);
	if (result != len)
		return sst_error_set(err, SST_IO,
		    "revision %llu is damaged: %s",
		    (unsigned long long)row->revision,
		    ZSTD_isError(result) ? ZSTD_getErrorName(result)
					 : "its frame ends early");
	out->len = len;
	return SST_OK;
}
