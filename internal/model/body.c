#include "model/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "model/entity.h"

/* Over this a level that costs milliseconds, not tenths of a second. */
static const size_t body_large = 1 << 20;

const char *
sst_coding_name(enum sst_coding coding)
{
	static const char *const names[SST_CODING_COUNT] = {
	    [SST_CODING_IDENTITY] = "identity",
	    [SST_CODING_GZIP] = "gzip",
	    [SST_CODING_ZSTD] = "zstd",
	};

	return names[coding];
}

int
sst_body_new(
    char *bytes, size_t len, struct sst_body **out, struct sst_error *err)
{
	struct sst_body *body = calloc(1, sizeof(*body));
	char hex[33];

	if (body == NULL || bytes == NULL) {
		free(body);
		free(bytes);
		return sst_error_nomem(err);
	}
	sst_ref_init(&body->ref);
	body->coding = SST_CODING_IDENTITY;
	body->bytes = bytes;
	body->len = len;
	sst_hash_text(sst_hash_bytes(bytes, len), hex);
	snprintf(body->etag, sizeof(body->etag), "\"%s\"", hex);
	*out = body;
	return SST_OK;
}

static int
body_gzip(const struct sst_body *in, struct sst_body *out,
    struct sst_error *err)
{
	z_stream z;
	size_t bound;
	int rc, level = in->len > body_large ? 1 : 6;

	memset(&z, 0, sizeof(z));
	/* 15 window bits, + 16 for the gzip wrapper */
	if (deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8,
		Z_DEFAULT_STRATEGY) != Z_OK)
		return sst_error_nomem(err);
	bound = deflateBound(&z, in->len);
	out->bytes = malloc(bound);
	if (out->bytes == NULL) {
		deflateEnd(&z);
		return sst_error_nomem(err);
	}
	z.next_in = (unsigned char *)in->bytes;
	z.avail_in = (uInt)in->len;
	z.next_out = (unsigned char *)out->bytes;
	z.avail_out = (uInt)bound;
	rc = deflate(&z, Z_FINISH);
	out->len = z.total_out;
	deflateEnd(&z);
	if (rc != Z_STREAM_END)
		return sst_error_set(err, SST_INTERNAL, "gzip: code %d", rc);
	return SST_OK;
}

static int
body_zstd(const struct sst_body *in, struct sst_body *out,
    struct sst_error *err)
{
	size_t bound = ZSTD_compressBound(in->len), n;

	out->bytes = malloc(bound);
	if (out->bytes == NULL)
		return sst_error_nomem(err);
	n = ZSTD_compress(out->bytes, bound, in->bytes, in->len,
	    in->len > body_large ? 1 : 3);
	if (ZSTD_isError(n))
		return sst_error_set(
		    err, SST_INTERNAL, "zstd: %s", ZSTD_getErrorName(n));
	out->len = n;
	return SST_OK;
}

/* The bound was for the worst case: give back what was not used. */
static void
body_shrink(struct sst_body *body)
{
	char *less = realloc(body->bytes, body->len);

	if (less != NULL)
		body->bytes = less;
}

int
sst_body_compress(const struct sst_body *identity, enum sst_coding coding,
    struct sst_body **out, struct sst_error *err)
{
	struct sst_body *body;
	size_t tag_len = strlen(identity->etag) - 1;
	int rc;

	if (coding != SST_CODING_GZIP && coding != SST_CODING_ZSTD)
		return sst_error_set(err, SST_INVALID, "no such coding");
	body = calloc(1, sizeof(*body));
	if (body == NULL)
		return sst_error_nomem(err);
	sst_ref_init(&body->ref);
	body->coding = coding;
	snprintf(body->etag, sizeof(body->etag), "%.*s-%s\"", (int)tag_len,
	    identity->etag, sst_coding_name(coding));
	rc = coding == SST_CODING_GZIP ? body_gzip(identity, body, err)
				       : body_zstd(identity, body, err);
	if (rc != SST_OK) {
		sst_body_release(&body);
		return rc;
	}
	body_shrink(body);
	*out = body;
	return SST_OK;
}

struct sst_body *
sst_body_acquire(struct sst_body *body)
{
	sst_ref_acquire(&body->ref);
	return body;
}

void
sst_body_release(struct sst_body **body)
{
	struct sst_body *b = *body;

	*body = NULL;
	if (b == NULL || !sst_ref_release(&b->ref))
		return;
	free(b->bytes);
	free(b);
}
