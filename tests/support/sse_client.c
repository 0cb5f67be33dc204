#include "support/sse_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_AT_ONCE = 16384, NARROW_SEGMENT = 536, WIDE = 1 << 20 };

static int
client_narrow(int fd)
{
	int room = 1, segment = NARROW_SEGMENT;

	/* small segments: the sender sizes its own buffer by them */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) != 0)
		return -1;
	return setsockopt(
	    fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
}

int
sse_client_open(struct sse_client *client, unsigned port, bool narrow)
{
	struct sockaddr_in to = {.sin_family = AF_INET};

	*client = (struct sse_client){.fd = -1};
	to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return -1;
	if ((!narrow || client_narrow(client->fd) == 0) &&
	    connect(client->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	sse_client_close(client, false);
	return -1;
}

int
sse_client_ask(
    struct sse_client *client, const char *target, const char *headers)
{
	struct sst_buf b = SST_BUF_INIT;
	ssize_t sent;
	int rc;

	sst_buf_addf(&b,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Accept: text/event-stream\r\n%s\r\n",
	    target, headers);
	/* it fits into any socket buffer */
	sent = send(client->fd, b.data, b.len, MSG_NOSIGNAL);
	rc = sent == (ssize_t)b.len ? 0 : -1;
	sst_buf_fini(&b);
	return rc;
}

void
sse_client_widen(struct sse_client *client)
{
	int room = WIDE;

	setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

void
sse_client_close(struct sse_client *client, bool reset)
{
	struct linger now = {1, 0};

	if (client->fd >= 0 && reset)
		setsockopt(
		    client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (client->fd >= 0)
		close(client->fd);
	sst_buf_fini(&client->raw);
	sst_buf_fini(&client->text);
	*client = (struct sse_client){.fd = -1};
}

static void
buf_drop(struct sst_buf *b, size_t len)
{
	memmove(b->data, b->data + len, b->len - len + 1);
	b->len -= len;
}

/* False: it has not come whole. */
static bool
client_head(struct sse_client *client)
{
	const char *end;

	if (client->status != 0)
		return true;
	end =
	    client->raw.len == 0 ? NULL : strstr(client->raw.data, "\r\n\r\n");
	if (end == NULL ||
	    sscanf(client->raw.data, "HTTP/1.1 %d", &client->status) != 1)
		return false;
	buf_drop(&client->raw, (size_t)(end - client->raw.data) + 4);
	return true;
}

/* The line that begins a chunk. False: it has not come whole. */
static bool
client_chunk(struct sse_client *client)
{
	const char *end = strstr(client->raw.data, "\r\n");

	if (end == NULL)
		return false;
	client->chunk = strtoul(client->raw.data, NULL, 16);
	client->ended = client->chunk == 0;
	client->chunk += 2;
	buf_drop(&client->raw, (size_t)(end - client->raw.data) + 2);
	return true;
}

/* From chunks to text, as far as they came. */
static void
client_decode(struct sse_client *client)
{
	size_t n, body;

	if (!client_head(client) || client->status != 200)
		return;
	while (!client->ended && client->raw.len > 0) {
		if (client->chunk == 0 && !client_chunk(client))
			return;
		n = client->raw.len < client->chunk ? client->raw.len
						    : client->chunk;
		body = client->chunk <= 2 ? 0 : client->chunk - 2;
		sst_buf_add(
		    &client->text, client->raw.data, n < body ? n : body);
		client->chunk -= n;
		buf_drop(&client->raw, n);
	}
}

static void
copy_text(char *out, size_t size, const char *text, size_t len)
{
	snprintf(out, size, "%.*s", (int)len, text);
}

/* One line of an event; data comes in one line only. */
static void
event_line(struct sse_event *out, const char *line, size_t len)
{
	if (len > 7 && memcmp(line, "event: ", 7) == 0) {
		copy_text(out->name, sizeof(out->name), line + 7, len - 7);
	} else if (len > 4 && memcmp(line, "id: ", 4) == 0) {
		copy_text(out->id, sizeof(out->id), line + 4, len - 4);
	} else if (len > 6 && memcmp(line, "data: ", 6) == 0) {
		out->data = line + 6;
		out->data_len = len - 6;
	}
}

static bool
client_event(struct sse_client *client, struct sse_event *out)
{
	const char *p, *line, *end;

	if (client->used > 0)
		buf_drop(&client->text, client->used);
	client->used = 0;
	end = client->text.len == 0 ? NULL : strstr(client->text.data, "\n\n");
	if (end == NULL)
		return false;
	*out = (struct sse_event){.data = NULL};
	for (p = client->text.data; p <= end; p = line + 1) {
		line = strchr(p, '\n');
		event_line(out, p, (size_t)(line - p));
	}
	client->used = (size_t)(end - client->text.data) + 2;
	return true;
}

/* SSE_EVENT: something came. */
static enum sse_result
client_read(struct sse_client *client, size_t *budget, int timeout_ms)
{
	struct pollfd p = {.fd = client->fd, .events = POLLIN};
	char bytes[READ_AT_ONCE];
	size_t most = sizeof(bytes);
	ssize_t n;

	if (budget != NULL && *budget < most)
		most = *budget;
	if (most == 0 || poll(&p, 1, timeout_ms) <= 0)
		return SSE_NOTHING;
	n = recv(client->fd, bytes, most, 0);
	if (n <= 0)
		return SSE_BROKEN;
	if (budget != NULL)
		*budget -= (size_t)n;
	sst_buf_add(&client->raw, bytes, (size_t)n);
	client_decode(client);
	return SSE_EVENT;
}

enum sse_result
sse_client_next(struct sse_client *client, size_t *budget, int timeout_ms,
    struct sse_event *out)
{
	enum sse_result rc;

	for (;;) {
		if (client_event(client, out))
			return SSE_EVENT;
		if (client->ended)
			return SSE_END;
		if (client->status != 0 && client->status != 200)
			return SSE_REFUSED;
		rc = client_read(client, budget, timeout_ms);
		if (rc != SSE_EVENT)
			return rc;
	}
}

bool
sse_client_amid(const struct sse_client *client)
{
	return client->text.len > client->used || client->chunk > 0;
}
