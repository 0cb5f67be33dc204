/* Files with secrets: read by path each time (they are swapped by links),
 * wiped when done. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repository/kube/kube_priv.h"

void
kube__wipe(char **text)
{
	if (*text == NULL)
		return;
	explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void
kube__wipe_list(char ***list)
{
	size_t i;

	if (*list == NULL)
		return;
	for (i = 0; (*list)[i] != NULL; i++)
		kube__wipe(&(*list)[i]);
	free(*list);
	*list = NULL;
}

static int
file_refuse(const char *path, int number, struct sst_error *err)
{
	const char *why = strerrordesc_np(number);
	int code =
	    number == ENOENT || number == ENOTDIR ? SST_NOT_FOUND : SST_IO;

	sst_error_set(err, code, "%s: %s", path,
	    why != NULL ? why : "not readable");
	if (err != NULL)
		err->detail = number;
	return code;
}

/* Reads at most max + 1 bytes; the length or -1 with errno set. */
static ssize_t
file_fill(int fd, char *data, size_t max)
{
	size_t len = 0;
	ssize_t n;

	while (len <= max) {
		n = read(fd, data + len, max + 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static int
file_check(const char *path, const char *data, size_t len, size_t max,
    struct sst_error *err)
{
	if (len > max)
		return sst_error_set(err, SST_TOO_LARGE,
		    "%s: larger than the %zu bytes allowed", path, max);
	if (memchr(data, '\0', len) != NULL)
		return sst_error_set(
		    err, SST_NUL, "%s: holds a NUL byte", path);
	return SST_OK;
}

/* *len_out: what is to be wiped, set also when it is refused. */
static int
file_load(const char *path, char *data, size_t max, size_t *len_out,
    struct sst_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;
	int number;

	if (fd < 0)
		return file_refuse(path, errno, err);
	len = file_fill(fd, data, max);
	number = errno;
	close(fd);
	if (len < 0)
		return file_refuse(path, number, err);
	*len_out = (size_t)len;
	data[len] = '\0';
	return file_check(path, data, (size_t)len, max, err);
}

static int
file_copy(const char *data, char **out, struct sst_error *err)
{
	char *copy = strdup(data);

	if (copy == NULL)
		return sst_error_nomem(err);
	*out = copy;
	return SST_OK;
}

int
kube__file_read(
    const char *path, size_t max, char **out, struct sst_error *err)
{
	char *data = malloc(max + 2);
	size_t len = 0;
	int code;

	if (data == NULL)
		return sst_error_nomem(err);
	code = file_load(path, data, max, &len, err);
	if (code == SST_OK)
		code = file_copy(data, out, err);
	explicit_bzero(data, len);
	free(data);
	return code;
}

int
kube__token_read(const char *path, char **out, struct sst_error *err)
{
	static const char blank[] = " \t\r\n\v\f";
	char *text = NULL, *token;
	size_t len;
	int code = kube__file_read(path, KUBE_TOKEN_MAX, &text, err);

	if (code != SST_OK)
		return code;
	token = text + strspn(text, blank);
	for (len = strlen(token); len > 0; len--) {
		if (strchr(blank, token[len - 1]) == NULL)
			break;
	}
	token = strndup(token, len);
	kube__wipe(&text);
	if (token == NULL)
		return sst_error_nomem(err);
	if (len == 0) {
		free(token);
		return sst_error_set(
		    err, SST_INVALID, "%s: there is no token in it", path);
	}
	*out = token;
	return SST_OK;
}
