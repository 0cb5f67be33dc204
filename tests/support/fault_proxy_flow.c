/* Bytes through the proxy. */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "support/fault_proxy_priv.h"

/* False when the connection is gone. */
bool
fault_proxy__fill(struct proxy_flow *flow, int fd)
{
	ssize_t n;

	if (flow->ended || flow->from < flow->to)
		return true;
	n = recv(fd, flow->bytes, PROXY_PIECE, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	flow->from = 0;
	flow->to = (size_t)n;
	flow->ended = n == 0;
	return true;
}

/* Sends at most `most` bytes of it; how many, or -1. */
ssize_t
fault_proxy__drain(struct proxy_flow *flow, int fd, size_t most)
{
	size_t len = flow->to - flow->from;
	ssize_t n;

	if (len > most)
		len = most;
	if (len == 0)
		return 0;
	n = send(fd, flow->bytes + flow->from, len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	flow->from += (size_t)n;
	return n;
}

void
fault_proxy__tell_end(struct proxy_flow *flow, int fd)
{
	if (!flow->ended || flow->told || flow->from < flow->to)
		return;
	shutdown(fd, SHUT_WR);
	flow->told = true;
}

void
fault_proxy__garble(struct proxy_flow *flow)
{
	size_t i;

	for (i = flow->from; i < flow->to; i++)
		flow->bytes[i] = (char)~flow->bytes[i];
}
