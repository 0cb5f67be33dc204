/*
 * A secret and where it comes from. Configuration keeps the reference, not the
 * value: files and variables are read when the value is needed, so that a
 * rotated one is picked up.
 */
#ifndef SST_CONFIG_SECRET_H
#define SST_CONFIG_SECRET_H

#include <stdbool.h>

#include "base/error.h"

enum { SST_SECRET_MAX = 64 * 1024 }; /* bytes; a PEM chain fits */

/* At most one is set; owned by the struct that holds it. */
struct sst_secret {
	char *value; /* given inline: works, fit for trials only */
	char *file;  /* path; one trailing line end is no part of the value */
	char *env;   /* name of an environment variable */
};

bool sst_secret_given(const struct sst_secret *secret);

/*
 * Reads the value into *out, a string to be ended with sst_secret_free(); NULL
 * when no secret was given. Blocks on a local file. The text of an error never
 * holds the value. SST_NOT_FOUND: no such file or variable; SST_IO; SST_NUL,
 * SST_TOO_LARGE, SST_INVALID (empty); SST_NOMEM.
 */
int sst_secret_read(
    const struct sst_secret *secret, char **out, struct sst_error *err);

/* Wipes, frees and sets NULL; accepts NULL. */
void sst_secret_free(char **value);
/* The same of all three members. */
void sst_secret_fini(struct sst_secret *secret);

#endif
