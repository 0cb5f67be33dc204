#include "support/tunnel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tunnel {
	int listener;
	int stop[2]; /* a pipe: readable at its end when all is to end */
	unsigned short port;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards what follows */
	unsigned short lead;
	int refuse;
	char asked[4096];
};

/* False at the end, or when all is to end. */
static bool
wait_for(struct tunnel *t, int fd)
{
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
	    {.fd = t->stop[0], .events = POLLIN}};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return fds[1].revents == 0;
}

static bool
read_exactly(struct tunnel *t, int fd, void *out, size_t len)
{
	unsigned char *p = out;
	ssize_t n;

	for (; len > 0; len -= (size_t)n, p += n) {
		if (!wait_for(t, fd))
			return false;
		n = read(fd, p, len);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool
write_exactly(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;
	ssize_t n;

	for (; len > 0; len -= (size_t)n, p += n) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static int
connect_to(unsigned short port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
pump(int from, int to)
{
	char bytes[4096];
	ssize_t n = read(from, bytes, sizeof(bytes));

	return n > 0 && write_exactly(to, bytes, (size_t)n);
}

static void
carry(struct tunnel *t, int a, int b)
{
	struct pollfd fds[3] = {{.fd = a, .events = POLLIN},
	    {.fd = b, .events = POLLIN},
	    {.fd = t->stop[0], .events = POLLIN}};

	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno == EINTR)
			continue;
		if (fds[2].revents != 0)
			return;
		if (fds[0].revents != 0 && !pump(a, b))
			return;
		if (fds[1].revents != 0 && !pump(b, a))
			return;
	}
}

/* Notes what was asked; gives where to go and whether to. */
static unsigned short
note(struct tunnel *t, const char *asked, int *refuse_out)
{
	unsigned short port;

	pthread_mutex_lock(&t->mutex);
	snprintf(t->asked, sizeof(t->asked), "%s", asked);
	port = t->lead;
	*refuse_out = t->refuse;
	pthread_mutex_unlock(&t->mutex);
	return port;
}

static void
serve_http(struct tunnel *t, int fd)
{
	char head[4096] = "C", answer[128];
	size_t len = 1;
	unsigned short port;
	int refuse, onward;

	while (strstr(head, "\r\n\r\n") == NULL && len + 1 < sizeof(head)) {
		if (!read_exactly(t, fd, head + len, 1))
			return;
		head[++len] = '\0';
	}
	port = note(t, head, &refuse);
	snprintf(answer, sizeof(answer),
	    "HTTP/1.1 %d Told\r\nContent-Length: 0\r\n\r\n", refuse);
	if (refuse != 0) {
		write_exactly(fd, answer, strlen(answer));
		return;
	}
	onward = connect_to(port);
	if (onward < 0)
		return;
	snprintf(answer, sizeof(answer), "HTTP/1.1 200 Go\r\n\r\n");
	if (write_exactly(fd, answer, strlen(answer)))
		carry(t, fd, onward);
	close(onward);
}

/* Greeting without authentication, then CONNECT by name or IPv4. */
static void
serve_socks(struct tunnel *t, int fd)
{
	static const unsigned char welcome[] = {5, 0};
	unsigned char bytes[260], done[10] = {5, 0, 0, 1};
	char asked[300], host[260] = "";
	unsigned short port;
	int refuse, onward;
	size_t len;

	if (!read_exactly(t, fd, bytes, 1) ||
	    !read_exactly(t, fd, bytes + 1, bytes[0]) ||
	    !write_exactly(fd, welcome, 2) || !read_exactly(t, fd, bytes, 4))
		return;
	len = 4;
	if (bytes[3] == 3 && read_exactly(t, fd, bytes, 1))
		len = bytes[0];
	if (!read_exactly(t, fd, host, len) || !read_exactly(t, fd, bytes, 2))
		return;
	snprintf(asked, sizeof(asked), "socks5 %s:%u", host,
	    (unsigned)bytes[0] << 8 | bytes[1]);
	port = note(t, asked, &refuse);
	done[1] = refuse != 0 ? 5 : 0;
	if (!write_exactly(fd, done, sizeof(done)) || refuse != 0)
		return;
	onward = connect_to(port);
	if (onward >= 0) {
		carry(t, fd, onward);
		close(onward);
	}
}

static void *
tunnel_main(void *ctx)
{
	struct tunnel *t = ctx;
	unsigned char first;
	int fd;

	while (wait_for(t, t->listener)) {
		fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		if (read_exactly(t, fd, &first, 1)) {
			if (first == 5)
				serve_socks(t, fd);
			else
				serve_http(t, fd);
		}
		close(fd);
	}
	return NULL;
}

bool
tunnel_start(struct tunnel **out)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	struct tunnel *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return false;
	t->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_mutex_init(&t->mutex, NULL);
	if (t->listener < 0 ||
	    bind(t->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(t->listener, 16) != 0 ||
	    getsockname(t->listener, (struct sockaddr *)&at, &len) != 0 ||
	    pipe(t->stop) != 0 ||
	    pthread_create(&t->thread, NULL, tunnel_main, t) != 0) {
		free(t);
		return false;
	}
	t->port = ntohs(at.sin_port);
	*out = t;
	return true;
}

void
tunnel_stop(struct tunnel **tunnel)
{
	struct tunnel *t = *tunnel;

	if (t == NULL)
		return;
	close(t->stop[1]);
	pthread_join(t->thread, NULL);
	close(t->stop[0]);
	close(t->listener);
	pthread_mutex_destroy(&t->mutex);
	free(t);
	*tunnel = NULL;
}

unsigned short
tunnel_port(const struct tunnel *tunnel)
{
	return tunnel->port;
}

void
tunnel_lead(struct tunnel *tunnel, unsigned short port)
{
	pthread_mutex_lock(&tunnel->mutex);
	tunnel->lead = port;
	pthread_mutex_unlock(&tunnel->mutex);
}

void
tunnel_refuse(struct tunnel *tunnel, int status)
{
	pthread_mutex_lock(&tunnel->mutex);
	tunnel->refuse = status;
	pthread_mutex_unlock(&tunnel->mutex);
}

void
tunnel_asked(struct tunnel *tunnel, char *out, size_t size)
{
	pthread_mutex_lock(&tunnel->mutex);
	snprintf(out, size, "%s", tunnel->asked);
	pthread_mutex_unlock(&tunnel->mutex);
}
