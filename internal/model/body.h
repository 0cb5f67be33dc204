/*
 * The bytes of an answer, shared by reference, with the entity tag that
 * belongs to exactly these bytes.
 */
#ifndef SST_MODEL_BODY_H
#define SST_MODEL_BODY_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/ref.h"

enum sst_coding {
	SST_CODING_IDENTITY,
	SST_CODING_GZIP,
	SST_CODING_ZSTD,
	SST_CODING_COUNT
};

struct sst_body {
	struct sst_ref ref;
	enum sst_coding coding;
	size_t len;
	/* Quoted strong tag: "<32 hex of XXH3-128 of the identity bytes>",
	 * with -gzip or -zstd before the closing quote when compressed. */
	char etag[48];
	char *bytes;
};

/* "identity", "gzip", "zstd": the token of Content-Encoding. */
const char *sst_coding_name(enum sst_coding coding);

/* Takes the bytes over (free()d with the body, also on failure). */
int sst_body_new(char *bytes, size_t len, struct sst_body **out,
    struct sst_error *err);
/* Compresses an identity body; SST_INVALID for SST_CODING_IDENTITY. */
int sst_body_compress(const struct sst_body *identity, enum sst_coding coding,
    struct sst_body **out, struct sst_error *err);
struct sst_body *sst_body_acquire(struct sst_body *body);
void sst_body_release(struct sst_body **body);

#endif
