#include "unit/api/wire.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void
wire_dial(struct wire *wire, unsigned port, bool narrow)
{
	struct sockaddr_in a = {0};
	struct timeval patience = {20, 0};
	int small = 1;

	wire->len = 0;
	wire->kept[0] = '\0';
	wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(wire->fd, 0);
	if (narrow)
		setsockopt(
		    wire->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(
	    wire->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	a.sin_family = AF_INET;
	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(
	    connect(wire->fd, (struct sockaddr *)&a, sizeof(a)), 0);
}

void
wire_open(struct wire *wire, unsigned port)
{
	wire_dial(wire, port, false);
}

void
wire_open_narrow(struct wire *wire, unsigned port)
{
	wire_dial(wire, port, true);
}

void
wire_close(struct wire *wire)
{
	close(wire->fd);
	wire->fd = -1;
}

void
wire_vanish(struct wire *wire)
{
	struct linger now = {1, 0};

	setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	wire_close(wire);
}

void
wire_say(struct wire *wire, const char *text)
{
	ck_assert_int_eq(
	    write(wire->fd, text, strlen(text)), (ssize_t)strlen(text));
}

void
wire_get(struct wire *wire, const char *path, const char *headers)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, headers);
	wire_say(wire, text);
}

/* False: there is nothing more, errno is 0 at the end of it. */
static bool
wire_read(struct wire *wire, int flags)
{
	ssize_t n;

	/* What is expected is short: the older half can go. */
	if (wire->len > WIRE_KEPT / 2) {
		wire->len -= WIRE_KEPT / 4;
		memmove(wire->kept, wire->kept + WIRE_KEPT / 4, wire->len);
	}
	n = recv(
	    wire->fd, wire->kept + wire->len, WIRE_KEPT - wire->len, flags);
	if (n == 0)
		errno = 0;
	if (n <= 0)
		return false;
	wire->len += (size_t)n;
	wire->kept[wire->len] = '\0';
	return true;
}

static bool
wire_take(struct wire *wire, const char *text)
{
	const char *at = memmem(wire->kept, wire->len, text, strlen(text));

	if (at == NULL)
		return false;
	at += strlen(text);
	wire->len -= (size_t)(at - wire->kept);
	memmove(wire->kept, at, wire->len);
	wire->kept[wire->len] = '\0';
	return true;
}

void
wire_expect(struct wire *wire, const char *text)
{
	while (!wire_take(wire, text))
		ck_assert_msg(wire_read(wire, 0),
		    "waited for \"%s\", have \"%s\" (%s)", text, wire->kept,
		    errno == 0 ? "closed" : strerror(errno));
}

bool
wire_find(struct wire *wire, const char *text)
{
	while (memmem(wire->kept, wire->len, text, strlen(text)) == NULL)
		if (!wire_read(wire, 0))
			return false;
	return true;
}

bool
wire_has(struct wire *wire, const char *text)
{
	while (wire_read(wire, MSG_DONTWAIT))
		;
	return memmem(wire->kept, wire->len, text, strlen(text)) != NULL;
}

bool
wire_ended(struct wire *wire)
{
	while (wire_read(wire, 0))
		;
	ck_assert_msg(errno == 0 || errno == ECONNRESET, "%s", strerror(errno));
	return errno == 0;
}
