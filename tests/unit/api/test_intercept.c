/*
 * Ways it fails: the daemon of the API is not intercepted (then nothing can
 * wait: the other tests would hang), or one that is not ours is.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <string.h>

#include "api/api_priv.h"
#include "unit/api/fake_service.h"
#include "unit/api/suites.h"
#include "unit/api/wire.h"

static enum MHD_Result
plain_answer(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **state)
{
	static char text[] = "of somebody else";
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued;

	(void)url;
	(void)method;
	(void)version;
	(void)data;
	(void)len;
	(void)state;
	++*(int *)cls;
	queued = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return queued;
}

static void
ask_plain(struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info;
	struct wire w;

	ck_assert_ptr_nonnull(daemon);
	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	wire_open(&w, info->port);
	wire_get(&w, "/", "");
	wire_expect(&w, "of somebody else");
	wire_close(&w);
	MHD_stop_daemon(daemon);
}

START_TEST(leaves_other_daemons_alone)
{
	struct MHD_OptionItem array[] = {
	    {MHD_OPTION_CONNECTION_LIMIT, 10, NULL},
	    {MHD_OPTION_END, 0, NULL},
	};
	int calls = 0;

	ask_plain(MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
	    plain_answer, &calls, MHD_OPTION_END));
	ask_plain(MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
	    plain_answer, &calls, MHD_OPTION_ARRAY, array, MHD_OPTION_END));
	ask_plain(MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
	    plain_answer, &calls, MHD_OPTION_CONNECTION_LIMIT, 10u,
	    MHD_OPTION_END));
	ck_assert_int_eq(calls, 3);
}
END_TEST

START_TEST(stands_in_front_of_ulfius)
{
	struct sst_service *service = fake_service_new(sst_clock_real());
	struct sst_api_settings settings = {.threads = 1};
	struct sst_error err;
	struct sst_api *api;

	ck_assert_int_eq(sst_api_start(&settings, service, &api, &err), SST_OK);
	ck_assert(api__intercepted(api));
	sst_api_stop(&api, 1000);
	fake_service_free(service);
}
END_TEST

TCase *
api_intercept_case(void)
{
	TCase *tc = tcase_create("intercept");

	tcase_add_test(tc, leaves_other_daemons_alone);
	tcase_add_test(tc, stands_in_front_of_ulfius);
	return tc;
}
