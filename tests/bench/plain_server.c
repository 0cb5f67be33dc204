/*
 * The yardstick of the serving rows: libmicrohttpd alone, its epoll thread
 * pool handing out one static buffer. Usage: plain_server BYTES THREADS; prints
 * the port and serves until standard input closes.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result
plain_answer(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **request)
{
	static int seen;

	(void)url;
	(void)method;
	(void)version;
	(void)data;
	(void)size;
	if (*request == NULL) {
		*request = &seen;
		return MHD_YES;
	}
	*request = NULL;
	return MHD_queue_response(connection, MHD_HTTP_OK, cls);
}

static struct MHD_Response *
plain_response(size_t len)
{
	struct MHD_Response *response;
	char *body = malloc(len);

	if (body == NULL)
		return NULL;
	memset(body, 'x', len);
	response = MHD_create_response_from_buffer(
	    len, body, MHD_RESPMEM_MUST_FREE);
	if (response != NULL)
		MHD_add_response_header(
		    response, "Content-Type", "application/json");
	return response;
}

int
main(int argc, char **argv)
{
	const union MHD_DaemonInfo *info;
	struct MHD_Response *response;
	struct MHD_Daemon *daemon;
	char end;

	if (argc != 3)
		return 2;
	response = plain_response(strtoul(argv[1], NULL, 10));
	if (response == NULL)
		return 1;
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
	    plain_answer, response, MHD_OPTION_THREAD_POOL_SIZE,
	    (unsigned)strtoul(argv[2], NULL, 10), MHD_OPTION_END);
	if (daemon == NULL)
		return 1;
	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	printf("%u\n", info->port);
	fflush(stdout);
	while (read(STDIN_FILENO, &end, 1) > 0)
		continue;
	MHD_stop_daemon(daemon);
	MHD_destroy_response(response);
	return 0;
}
