#include "repository/workload/process_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/workload/process_parse.h"

enum { READ_STEP = 2048 };

int
process__open(const char *path, int *fd_out, struct sst_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return sst_error_set(
		    err, SST_IO, "open %s: %s", path, strerror(errno));
	*fd_out = fd;
	return SST_OK;
}

static int
read_code(int code)
{
	switch (code) {
	case ENOENT:
	case ESRCH:
		return SST_GONE;
	case EACCES:
	case EPERM:
		return SST_FORBIDDEN;
	case EMFILE:
	case ENFILE:
		return SST_LIMIT;
	case ENOMEM:
		return SST_NOMEM;
	default:
		return SST_IO;
	}
}

static int
read_all(int file, size_t max, struct sst_buf *out)
{
	ssize_t n;
	size_t room;

	while (out->len < max) {
		if (!sst_buf_reserve(out, READ_STEP))
			return SST_NOMEM;
		room = out->cap - out->len - 1;
		room = room < max - out->len ? room : max - out->len;
		n = read(file, out->data + out->len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return read_code(errno);
		if (n == 0)
			break;
		out->len += (size_t)n;
	}
	if (out->data != NULL)
		out->data[out->len] = '\0';
	return SST_OK;
}

int
process__read(int fd, const char *name, size_t max, struct sst_buf *out)
{
	int file, code;

	sst_buf_clear(out);
	file =
	    openat(fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return read_code(errno);
	code = read_all(file, max, out);
	close(file);
	return code;
}

int
process__read_link(int fd, const char *name, struct sst_buf *out)
{
	ssize_t n;

	sst_buf_clear(out);
	if (!sst_buf_reserve(out, PATH_MAX))
		return SST_NOMEM;
	n = readlinkat(fd, name, out->data, PATH_MAX);
	if (n < 0)
		return read_code(errno);
	out->len = (size_t)n;
	out->data[n] = '\0';
	return SST_OK;
}

int64_t
process__owner(int fd, int32_t pid)
{
	struct stat st;
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)pid);
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	return (int64_t)st.st_uid;
}

static bool
pids_add(struct process_pids *pids, int32_t pid)
{
	int32_t *more;
	size_t cap;

	if (pids->count == pids->cap) {
		cap = pids->cap == 0 ? 512 : pids->cap * 2;
		more = realloc(pids->items, cap * sizeof(*more));
		if (more == NULL)
			return false;
		pids->items = more;
		pids->cap = cap;
	}
	pids->items[pids->count++] = pid;
	return true;
}

static int
pids_compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return x < y ? -1 : x > y;
}

/* The kernel lists them in order, other file systems do not. */
static void
pids_sort(struct process_pids *pids)
{
	size_t i;

	for (i = 1; i < pids->count; i++) {
		if (pids->items[i - 1] > pids->items[i]) {
			qsort(pids->items, pids->count, sizeof(pids->items[0]),
			    pids_compare);
			return;
		}
	}
}

static int
pids_read(DIR *dir, size_t max, struct process_pids *pids)
{
	const struct dirent *entry;
	int64_t pid;

	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			return errno == 0 ? SST_OK : SST_IO;
		pid = process__parse_id(entry->d_name);
		if (pid <= 0 || pid > INT32_MAX)
			continue;
		if (pids->count == max) {
			pids->cut = true;
			return SST_OK;
		}
		if (!pids_add(pids, (int32_t)pid))
			return SST_NOMEM;
	}
}

int
process__list(
    int fd, size_t max, struct process_pids *pids, struct sst_error *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	int code = SST_IO;

	pids->count = 0;
	pids->cut = false;
	if (dir != NULL)
		code = pids_read(dir, max, pids);
	if (code == SST_IO)
		sst_error_set(err, SST_IO, "list the processes: %s", strerror(errno));
	else if (code == SST_NOMEM)
		sst_error_nomem(err);
	if (dir != NULL)
		closedir(dir);
	else if (own >= 0)
		close(own);
	pids_sort(pids);
	return code;
}

void
process__pids_fini(struct process_pids *pids)
{
	free(pids->items);
	memset(pids, 0, sizeof(*pids));
}
