/* Ways it fails: settings that must be refused, a port that is taken, a
 * connection that hangs while the service wants to stop. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "api/api.h"
#include "unit/api/fake_service.h"
#include "unit/api/suites.h"

static struct sst_service *service;
static struct sst_api *api;

static void
setup(void)
{
	service = fake_service_new(sst_clock_real());
	fake_service_publish(service, fake_snapshot(1, 1000000));
	api = NULL;
}

static void
teardown(void)
{
	sst_api_stop(&api, 1000);
	fake_service_free(service);
}

static int
start(const struct sst_api_settings *settings, struct sst_error *err)
{
	return sst_api_start(settings, service, &api, err);
}

static int
dial(unsigned port)
{
	struct sockaddr_in a = {0};
	struct timeval patience = {20, 0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_family = AF_INET;
	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads until the connection ends; the number of bytes. */
static size_t
drain(int fd, char *head, size_t room)
{
	char block[4096];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0) {
		if (total + (size_t)n < room) {
			memcpy(head + total, block, (size_t)n);
			head[total + (size_t)n] = '\0';
		}
		total += (size_t)n;
	}
	return total;
}

static const char get[] = "GET /system/state HTTP/1.1\r\nHost: localhost\r\n"
			  "Connection: close\r\n\r\n";

START_TEST(serves_on_a_free_port)
{
	struct sst_api_settings s = {.threads = 2};
	struct sst_error err;
	char url[64], head[1024] = "";
	int fd;

	ck_assert_msg(start(&s, &err) == SST_OK, "%s", err.text);
	ck_assert_uint_ne(sst_api_port(api), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", sst_api_port(api));
	ck_assert_str_eq(sst_api_url(api), url);
	fd = dial(sst_api_port(api));
	say(fd, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
		"Connection: close\r\n\r\n");
	drain(fd, head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head, "HTTP/1.1 200 OK\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "{\"status\":\"ok\"}"));
	close(fd);
}
END_TEST

START_TEST(streams_large_bodies)
{
	struct sst_api_settings s = {.threads = 1};
	struct sst_error err;
	int fd;

	ck_assert_int_eq(start(&s, &err), SST_OK);
	fd = dial(sst_api_port(api));
	say(fd, get);
	ck_assert_uint_gt(drain(fd, NULL, 0), 1000000);
	close(fd);
}
END_TEST

START_TEST(refuses_settings)
{
	static const char pem[] = "-----BEGIN NONSENSE-----\n";
	struct sst_api_settings s = {.address = "0.0.0.0"};
	struct sst_error err;

	ck_assert_int_eq(start(&s, &err), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "allow_anonymous"));
	s.address = "not an address";
	ck_assert_int_eq(start(&s, &err), SST_INVALID);
	s.address = NULL;
	s.port = 65536;
	ck_assert_int_eq(start(&s, &err), SST_INVALID);
	s.port = 0;
	s.tls_cert_pem = pem;
	ck_assert_int_eq(start(&s, &err), SST_INVALID);
	s.tls_key_pem = pem;
	ck_assert_int_eq(start(&s, &err), SST_TLS);
	s.tls_cert_pem = s.tls_key_pem = NULL;
	s.tls_client_ca_pem = pem;
	ck_assert_int_eq(start(&s, &err), SST_INVALID);
	ck_assert_ptr_null(api);
}
END_TEST

START_TEST(binds_widely_when_told)
{
	struct sst_api_token token = {"ci", {0}, SST_API_READ};
	struct sst_api_settings s = {
	    .address = "0.0.0.0", .allow_anonymous = true};
	struct sst_error err;

	ck_assert_int_eq(start(&s, &err), SST_OK);
	sst_api_stop(&api, 1000);
	s.allow_anonymous = false;
	s.tokens = &token;
	s.token_count = 1;
	ck_assert_int_eq(start(&s, &err), SST_OK);
	ck_assert_int_eq(
	    sst_api_reload_tokens(api, NULL, 0, &err), SST_INVALID);
	ck_assert_int_eq(sst_api_reload_tokens(api, &token, 1, &err), SST_OK);
}
END_TEST

START_TEST(says_that_a_port_is_taken)
{
	struct sst_api_settings s = {0};
	struct sst_api *other = NULL;
	struct sst_error err;

	ck_assert_int_eq(start(&s, &err), SST_OK);
	s.port = sst_api_port(api);
	ck_assert_int_eq(sst_api_start(&s, service, &other, &err), SST_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.text, "127.0.0.1"));
	ck_assert_ptr_null(other);
}
END_TEST

START_TEST(finishes_what_runs_when_stopped)
{
	struct sst_api_settings s = {.threads = 1};
	struct sst_error err;
	unsigned port;
	char head[512] = "";
	int idle, running;

	ck_assert_int_eq(start(&s, &err), SST_OK);
	port = sst_api_port(api);
	idle = dial(port);
	running = dial(port);
	say(running, get);
	/* The head is there: the body is still on its way. */
	ck_assert_int_eq(recv(running, head, 15, MSG_PEEK), 15);
	ck_assert_int_eq(strncmp(head, "HTTP/1.1 200 OK", 15), 0);
	sst_api_stop(&api, 1);
	ck_assert_int_eq(dial(port), -1);
	ck_assert_uint_eq(drain(idle, NULL, 0), 0);
	close(idle);
	close(running);
}
END_TEST

START_TEST(stops_at_the_deadline)
{
	struct sst_api_settings s = {.threads = 1};
	struct sst_error err;
	int fd;

	ck_assert_int_eq(start(&s, &err), SST_OK);
	fd = dial(sst_api_port(api));
	/* A request that never ends: its header lines keep missing. */
	say(fd, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
	sst_api_stop(&api, 50);
	ck_assert_ptr_null(api);
	close(fd);
}
END_TEST

TCase *
api_server_case(void)
{
	TCase *tc = tcase_create("server");

	tcase_set_timeout(tc, 50);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, serves_on_a_free_port);
	tcase_add_test(tc, streams_large_bodies);
	tcase_add_test(tc, refuses_settings);
	tcase_add_test(tc, binds_widely_when_told);
	tcase_add_test(tc, says_that_a_port_is_taken);
	tcase_add_test(tc, finishes_what_runs_when_stopped);
	tcase_add_test(tc, stops_at_the_deadline);
	return tc;
}
