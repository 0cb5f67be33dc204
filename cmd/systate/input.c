#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

enum { INPUT_BLOCK = 256 * 1024 };

bool
cli_is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

const char *
cli_input_name(const char *path)
{
	return cli_is_stdin(path) ? "standard input" : path;
}

static int
input_errno(const char *path, int number, struct sst_error *err)
{
	sst_error_set(err, SST_IO, "%.200s: %s", cli_input_name(path),
	    strerrordesc_np(number));
	err->detail = number;
	return SST_IO;
}

static int
input_too_large(const char *path, const char *what, struct sst_error *err)
{
	return sst_error_set(err, SST_TOO_LARGE,
	    "%.200s: %s; a document may have at most %d MiB",
	    cli_input_name(path), what, CLI_DOCUMENT_MAX / (1024 * 1024));
}

/* What can be known before the first byte is read. */
static int
input_check(const char *path, int fd, struct sst_error *err)
{
	struct stat st;
	char size[48];

	if (fstat(fd, &st) != 0)
		return input_errno(path, errno, err);
	if (S_ISDIR(st.st_mode))
		return input_errno(path, EISDIR, err);
	if (!S_ISREG(st.st_mode) || st.st_size <= CLI_DOCUMENT_MAX)
		return SST_OK;
	snprintf(
	    size, sizeof(size), "it has %lld bytes", (long long)st.st_size);
	return input_too_large(path, size, err);
}

static int
input_copy(const char *path, int fd, struct sst_buf *out, struct sst_error *err)
{
	size_t begin = out->len;
	ssize_t n;

	for (;;) {
		if (!sst_buf_reserve(out, INPUT_BLOCK))
			return sst_error_nomem(err);
		n = read(fd, out->data + out->len, INPUT_BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return input_errno(path, errno, err);
		if (n == 0)
			break;
		out->len += (size_t)n;
		if (out->len - begin > CLI_DOCUMENT_MAX)
			return input_too_large(
			    path, "it has no end in sight", err);
	}
	if (out->len == begin)
		return sst_error_set(
		    err, SST_IO, "%.200s: it is empty", cli_input_name(path));
	out->data[out->len] = '\0';
	return SST_OK;
}

int
cli_input_read(const char *path, struct sst_buf *out, struct sst_error *err)
{
	int fd, code;

	if (cli_is_stdin(path))
		fd = STDIN_FILENO;
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return input_errno(path, errno, err);
	code = input_check(path, fd, err);
	if (code == SST_OK)
		code = input_copy(path, fd, out, err);
	if (fd != STDIN_FILENO)
		close(fd);
	return code;
}

int
cli_input_parse(const char *path, const struct sst_buf *bytes, json_t **out,
    struct sst_error *err)
{
	json_error_t fault;
	json_t *json;

	json = json_loadb(bytes->data, bytes->len,
	    JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &fault);
	if (json == NULL)
		return sst_error_set(err, SST_SYNTAX,
		    "%.200s: line %d, column %d: not JSON: %.160s",
		    cli_input_name(path), fault.line, fault.column, fault.text);
	*out = json;
	return SST_OK;
}

int
cli_input_json(const char *path, json_t **out, struct sst_error *err)
{
	struct sst_buf bytes = SST_BUF_INIT;
	int code = cli_input_read(path, &bytes, err);

	if (code == SST_OK)
		code = cli_input_parse(path, &bytes, out, err);
	sst_buf_fini(&bytes);
	return code;
}
