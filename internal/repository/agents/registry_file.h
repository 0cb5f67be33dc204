/* The file of the registry: when it changed, and its bytes. */
#ifndef SST_REPOSITORY_AGENTS_REGISTRY_FILE_H
#define SST_REPOSITORY_AGENTS_REGISTRY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"
#include "base/error.h"

/* What tells two versions apart without reading them. Behind a symbolic link
 * it is that of the file, so a link that was set anew shows. */
struct registry_sign {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
};

bool registry__sign_same(
    const struct registry_sign *a, const struct registry_sign *b);

/* Looks at the file; SST_NOT_FOUND, SST_IO. Blocks on a local file. */
int registry__look(
    const char *path, struct registry_sign *out, struct sst_error *err);
/*
 * Reads up to max + 1 bytes (the one too many is for the reader to refuse) into
 * the empty buffer. SST_NODATA: it was written to meanwhile; SST_NOT_FOUND,
 * SST_IO; SST_UNSUPPORTED: a folder, a pipe, a device; SST_NOMEM.
 */
int registry__read(const char *path, size_t max, struct sst_buf *bytes,
    struct registry_sign *out, struct sst_error *err);

#endif
