#include "support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

int
http_client_open(struct http_client *client, unsigned port)
{
	struct sockaddr_in to = {.sin_family = AF_INET};

	sst_buf_init(&client->in);
	to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return -1;
	if (connect(client->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	http_client_close(client);
	return -1;
}

void
http_client_close(struct http_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	sst_buf_fini(&client->in);
}

static int
client_send(struct http_client *client, const char *text, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = send(client->fd, text, len, MSG_NOSIGNAL);
		if (n <= 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
client_more(struct http_client *client)
{
	char chunk[65536];
	ssize_t n = recv(client->fd, chunk, sizeof(chunk), 0);

	if (n <= 0)
		return -1;
	sst_buf_add(&client->in, chunk, (size_t)n);
	return sst_buf_failed(&client->in) ? -1 : 0;
}

/* The value of a header line, or NULL; name with its colon. */
static const char *
client_header(const char *head, const char *name)
{
	const char *line;

	for (line = strstr(head, "\r\n"); line != NULL && line[2] != '\r';
	     line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, name, strlen(name)) == 0)
			return line + 2 + strlen(name);
	}
	return NULL;
}

static int
client_read_head(struct http_client *client, struct http_answer *out,
    size_t *head_len)
{
	const char *end, *value;

	sst_buf_clear(&client->in);
	do {
		if (client_more(client) != 0)
			return -1;
		end = strstr(client->in.data, "\r\n\r\n");
	} while (end == NULL);
	*head_len = (size_t)(end - client->in.data) + 4;
	if (sscanf(client->in.data, "HTTP/1.1 %d", &out->status) != 1)
		return -1;
	out->etag[0] = '\0';
	value = client_header(client->in.data, "ETag:");
	if (value != NULL)
		snprintf(out->etag, sizeof(out->etag), "%.*s",
		    (int)strcspn(value + 1, "\r"), value + 1);
	value = client_header(client->in.data, "Systate-Revision:");
	out->revision = value == NULL ? 0 : strtoull(value, NULL, 10);
	value = client_header(client->in.data, "Content-Length:");
	out->body_len =
	    value == NULL ? 0 : strtoul(value, NULL, 10);
	return 0;
}

int
http_client_get(struct http_client *client, const char *target,
    const char *headers, struct http_answer *out)
{
	struct sst_buf request = SST_BUF_INIT;
	size_t head_len;
	int rc;

	sst_buf_addf(&request,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", target, headers);
	rc = client_send(client, request.data, request.len);
	sst_buf_fini(&request);
	if (rc != 0 || client_read_head(client, out, &head_len) != 0)
		return -1;
	if (out->status == 304)
		out->body_len = 0;
	while (client->in.len < head_len + out->body_len) {
		if (client_more(client) != 0)
			return -1;
	}
	out->body = client->in.data + head_len;
	return 0;
}
