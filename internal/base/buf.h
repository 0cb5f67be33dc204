/*
 * Growing byte buffer whose failure latches: build first, check once with
 * sst_buf_failed() before use. Also the one place that writes JSON text.
 * A buffer belongs to one thread.
 */
#ifndef SST_BASE_BUF_H
#define SST_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sst_buf {
	char *data; /* NUL-terminated once anything was added; else NULL */
	size_t len; /* bytes without the NUL */
	size_t cap;
	bool failed; /* an allocation failed; data holds a prefix */
};

#define SST_BUF_INIT                                                           \
	{                                                                      \
		NULL, 0, 0, false                                              \
	}

void sst_buf_init(struct sst_buf *b);
void sst_buf_fini(struct sst_buf *b);
/* Forgets the content and the failure, keeps the memory. */
void sst_buf_clear(struct sst_buf *b);
bool sst_buf_failed(const struct sst_buf *b);
/* Makes room for `more` bytes beyond len; false when memory ran out. */
bool sst_buf_reserve(struct sst_buf *b, size_t more);

/* The way when there is no room; for the two below only. */
void sst_buf_add_slowly(struct sst_buf *b, const void *bytes, size_t len);

/* Inline: a document is written in millions of small pieces. */
static inline void
sst_buf_add(struct sst_buf *b, const void *bytes, size_t len)
{
	if (b->failed || b->data == NULL || b->cap - b->len <= len) {
		sst_buf_add_slowly(b, bytes, len);
		return;
	}
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

static inline void
sst_buf_addc(struct sst_buf *b, char c)
{
	sst_buf_add(b, &c, 1);
}

void sst_buf_adds(struct sst_buf *b, const char *text);
void sst_buf_addf(struct sst_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Hands the memory over (caller frees with free()) and empties b; NULL when
 * failed or nothing was ever added. len_out may be NULL. */
char *sst_buf_take(struct sst_buf *b, size_t *len_out);

/* A JSON string with quotes; text must be valid UTF-8. */
void sst_buf_json_string(struct sst_buf *b, const char *text, size_t len);
void sst_buf_json_int(struct sst_buf *b, int64_t value);
/* Shortest text that reads back as the same double; null when not finite. */
void sst_buf_json_real(struct sst_buf *b, double value);

#endif
