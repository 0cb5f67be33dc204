/* Commands before they are sent. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "repository/redis/redis_priv.h"

void
redis__pipe_fini(struct redis_pipe *pipe)
{
	sst_buf_fini(&pipe->out);
	free(pipe->marks);
	memset(pipe, 0, sizeof(*pipe));
}

void
redis__pipe_clear(struct redis_pipe *pipe)
{
	/* passwords have been in it */
	if (pipe->out.data != NULL)
		explicit_bzero(pipe->out.data, pipe->out.len);
	sst_buf_clear(&pipe->out);
	pipe->count = pipe->mark_count = 0;
	pipe->failed = false;
}

static bool
pipe_mark(struct redis_pipe *pipe)
{
	size_t cap = pipe->mark_cap > 0 ? pipe->mark_cap * 2 : 16;
	size_t *more;

	if (pipe->mark_count == pipe->mark_cap) {
		more = realloc(pipe->marks, cap * sizeof(*more));
		if (more == NULL)
			return false;
		pipe->marks = more;
		pipe->mark_cap = cap;
	}
	pipe->marks[pipe->mark_count++] = pipe->out.len;
	return true;
}

/* Before a command is added. */
static bool
pipe_begin(struct redis_pipe *pipe)
{
	if (!pipe->failed && pipe->count % REDIS_AHEAD == 0 && !pipe_mark(pipe))
		pipe->failed = true;
	return !pipe->failed;
}

static void
pipe_end(struct redis_pipe *pipe)
{
	pipe->count++;
	if (sst_buf_failed(&pipe->out))
		pipe->failed = true;
}

static void
pipe_number(struct sst_buf *out, char kind, size_t n)
{
	char text[24], *p = text + sizeof(text);

	*--p = '\n';
	*--p = '\r';
	do {
		*--p = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	*--p = kind;
	sst_buf_add(out, p, (size_t)(text + sizeof(text) - p));
}

static void
pipe_part(struct sst_buf *out, const char *part, size_t len)
{
	pipe_number(out, '$', len);
	sst_buf_add(out, part, len);
	sst_buf_add(out, "\r\n", 2);
}

void
redis__pipe_argv(struct redis_pipe *pipe, size_t count,
    const char *const *parts, const size_t *lens)
{
	size_t i;

	if (!pipe_begin(pipe))
		return;
	pipe_number(&pipe->out, '*', count);
	for (i = 0; i < count; i++)
		pipe_part(&pipe->out, parts[i], lens[i]);
	pipe_end(pipe);
}

void
redis__pipe_add(struct redis_pipe *pipe, const char *const *parts)
{
	size_t count, i;

	for (count = 0; parts[count] != NULL; count++)
		;
	if (!pipe_begin(pipe))
		return;
	pipe_number(&pipe->out, '*', count);
	for (i = 0; i < count; i++)
		pipe_part(&pipe->out, parts[i], strlen(parts[i]));
	pipe_end(pipe);
}

void
redis__pipe_name(
    const struct redis_pipe *pipe, size_t i, char *out, size_t size)
{
	struct sst_redis_walk walk = {
	    pipe->out.data + pipe->marks[i / REDIS_AHEAD],
	    pipe->out.data + pipe->out.len};
	struct sst_redis_item item = {0};
	size_t k, len;

	for (k = i % REDIS_AHEAD; k > 0; k--)
		sst_redis_skip(&walk);
	sst_redis_next(&walk, &item);
	sst_redis_next(&walk, &item);
	len = item.len < size ? item.len : size - 1;
	if (len > 0)
		memcpy(out, item.data, len);
	out[len] = '\0';
}

void
sst_redis_command(struct sst_redis *redis, const char *fmt, ...)
{
	struct redis_pipe *pipe = &redis->pipe;
	char *command = NULL;
	va_list ap;
	int len;

	if (!pipe_begin(pipe))
		return;
	va_start(ap, fmt);
	len = redisvFormatCommand(&command, fmt, ap);
	va_end(ap);
	if (len < 0) {
		pipe->failed = true;
		return;
	}
	sst_buf_add(&pipe->out, command, (size_t)len);
	redisFreeCommand(command);
	pipe_end(pipe);
}

void
sst_redis_command_argv(struct sst_redis *redis, size_t count,
    const char *const *parts, const size_t *lens)
{
	redis__pipe_argv(&redis->pipe, count, parts, lens);
}

size_t
sst_redis_pending(const struct sst_redis *redis)
{
	return redis->pipe.count;
}

void
sst_redis_drop(struct sst_redis *redis)
{
	redis__pipe_clear(&redis->pipe);
}
