#include "repository/agents/registry_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BLOCK = 64 * 1024 };

static int
file_failed(const char *path, int number, struct sst_error *err)
{
	char text[128];
	int code =
	    number == ENOENT || number == ENOTDIR ? SST_NOT_FOUND : SST_IO;

	snprintf(text, sizeof(text), "%s", strerror(number));
	sst_error_set(err, code, "%s: %s", path, text);
	err->detail = number;
	return code;
}

static void
file_sign(const struct stat *st, struct registry_sign *out)
{
	/* padding, too: they are compared member by member all the same */
	memset(out, 0, sizeof(*out));
	out->device = st->st_dev;
	out->inode = st->st_ino;
	out->size = st->st_size;
	out->modified = st->st_mtim;
	out->changed = st->st_ctim;
}

static bool
time_same(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
registry__sign_same(
    const struct registry_sign *a, const struct registry_sign *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && time_same(&a->modified, &b->modified) &&
	       time_same(&a->changed, &b->changed);
}

int
registry__look(
    const char *path, struct registry_sign *out, struct sst_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return file_failed(path, errno, err);
	file_sign(&st, out);
	return SST_OK;
}

static int
file_sign_of(
    int fd, const char *path, struct registry_sign *out, struct sst_error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return file_failed(path, errno, err);
	if (!S_ISREG(st.st_mode))
		return sst_error_set(
		    err, SST_UNSUPPORTED, "%s: not a regular file", path);
	file_sign(&st, out);
	return SST_OK;
}

/* A file that is being read. */
struct file_open {
	const char *path;
	int fd;
	size_t max;
	struct sst_buf *bytes;
};

static int
file_read_all(const struct file_open *f, struct sst_error *err)
{
	struct sst_buf *bytes = f->bytes;
	ssize_t n = 1;
	size_t want;

	while (n != 0 && bytes->len <= f->max) {
		want = f->max + 1 - bytes->len;
		want = want < FILE_BLOCK ? want : FILE_BLOCK;
		if (!sst_buf_reserve(bytes, want))
			return sst_error_nomem(err);
		n = read(f->fd, bytes->data + bytes->len, want);
		if (n < 0 && errno != EINTR)
			return file_failed(f->path, errno, err);
		if (n > 0)
			bytes->len += (size_t)n;
	}
	sst_buf_add(bytes, "", 0); /* its NUL */
	return SST_OK;
}

static int
file_read(
    const struct file_open *f, struct registry_sign *out, struct sst_error *err)
{
	struct registry_sign before, after;
	int code = file_sign_of(f->fd, f->path, &before, err);

	if (code == SST_OK)
		code = file_read_all(f, err);
	if (code == SST_OK)
		code = file_sign_of(f->fd, f->path, &after, err);
	if (code != SST_OK)
		return code;
	if (!registry__sign_same(&before, &after))
		return sst_error_set(err, SST_NODATA,
		    "%s: written to while it is read", f->path);
	*out = after;
	return SST_OK;
}

int
registry__read(const char *path, size_t max, struct sst_buf *bytes,
    struct registry_sign *out, struct sst_error *err)
{
	struct file_open f = {.path = path, .max = max, .bytes = bytes};
	int code;

	/* a pipe without a writer would block */
	f.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f.fd < 0)
		return file_failed(path, errno, err);
	code = file_read(&f, out, err);
	close(f.fd);
	return code;
}
