#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
sst_secret_given(const struct sst_secret *secret)
{
	return secret->value != NULL || secret->file != NULL ||
	       secret->env != NULL;
}

static int
secret_copy(const char *text, char **out, struct sst_error *err)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return sst_error_nomem(err);
	*out = copy;
	return SST_OK;
}

static int
secret_read_env(const char *name, char **out, struct sst_error *err)
{
	const char *value = getenv(name);

	if (value == NULL)
		return sst_error_set(err, SST_NOT_FOUND,
		    "environment variable %s with a secret is not set", name);
	if (value[0] == '\0')
		return sst_error_set(err, SST_INVALID,
		    "environment variable %s with a secret is empty", name);
	return secret_copy(value, out, err);
}

static int
secret_io(const char *path, struct sst_error *err)
{
	int number = errno;
	int code =
	    number == ENOENT || number == ENOTDIR ? SST_NOT_FOUND : SST_IO;

	code = sst_error_set(
	    err, code, "secret file %s: %s", path, strerror(number));
	if (err != NULL)
		err->detail = number;
	return code;
}

/* What was read, data[0 .. len), into a string; data has room for a NUL. */
static int
secret_check(const char *path, char *data, size_t len, struct sst_error *err)
{
	if (len > SST_SECRET_MAX)
		return sst_error_set(err, SST_TOO_LARGE,
		    "secret file %s is larger than the %d bytes allowed", path,
		    SST_SECRET_MAX);
	if (memchr(data, '\0', len) != NULL)
		return sst_error_set(
		    err, SST_NUL, "secret file %s holds a NUL byte", path);
	if (len > 0 && data[len - 1] == '\n')
		len--;
	if (len > 0 && data[len - 1] == '\r')
		len--;
	data[len] = '\0';
	if (len == 0)
		return sst_error_set(
		    err, SST_INVALID, "secret file %s is empty", path);
	return SST_OK;
}

static int
secret_load(int fd, const char *path, char *data, struct sst_error *err)
{
	size_t len = 0;
	ssize_t n;

	while (len <= SST_SECRET_MAX) {
		n = read(fd, data + len, SST_SECRET_MAX + 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return secret_io(path, err);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return secret_check(path, data, len, err);
}

static int
secret_read_file(const char *path, char **out, struct sst_error *err)
{
	char *data = NULL;
	int code, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return secret_io(path, err);
	data = malloc(SST_SECRET_MAX + 2);
	if (data == NULL) {
		close(fd);
		return sst_error_nomem(err);
	}
	code = secret_load(fd, path, data, err);
	close(fd);
	if (code == SST_OK)
		code = secret_copy(data, out, err);
	explicit_bzero(data, SST_SECRET_MAX + 2);
	free(data);
	return code;
}

int
sst_secret_read(
    const struct sst_secret *secret, char **out, struct sst_error *err)
{
	if (secret->value != NULL)
		return secret_copy(secret->value, out, err);
	if (secret->file != NULL)
		return secret_read_file(secret->file, out, err);
	if (secret->env != NULL)
		return secret_read_env(secret->env, out, err);
	*out = NULL;
	return SST_OK;
}

void
sst_secret_free(char **value)
{
	if (*value == NULL)
		return;
	explicit_bzero(*value, strlen(*value));
	free(*value);
	*value = NULL;
}

void
sst_secret_fini(struct sst_secret *secret)
{
	sst_secret_free(&secret->value);
	sst_secret_free(&secret->file);
	sst_secret_free(&secret->env);
}
