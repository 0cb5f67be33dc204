/* What is said of an answer of an API server that is no success, and what is
 * taken of one to /version. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "httpc/client.h"
#include "repository/kube/access.h"
#include "repository/kube/cluster_priv.h"
#include "unit/base/run.h"

#define STATUS(rest) "{\"kind\":\"Status\",\"apiVersion\":\"v1\"," rest "}"
#define GET "GET /api/v1/pods: answered "

static const struct {
	long status;
	const char *body;
	int code;
	const char *text;
} cases[] = {
    {200, "{}", SST_OK, ""},
    {204, "", SST_OK, ""},
    {403, STATUS("\"message\":\"pods is forbidden: User \\\"a\\\" cannot "
		 "list\",\"reason\":\"Forbidden\",\"code\":403"),
	SST_FORBIDDEN, GET "403: pods is forbidden: User \"a\" cannot list"},
    {410, STATUS("\"message\":\"too old\",\"reason\":\"Expired\",\"code\":410"),
	SST_GONE, GET "410: too old"},
    {410, "", SST_GONE, GET "410"},
    {400, STATUS("\"reason\":\"Gone\",\"code\":410"), SST_GONE, GET "400"},
    {429, "Too many requests, please try again later.\n", SST_RATE_LIMITED,
	GET "429: Too many requests, please try again later."},
    {404, "404 page not found\n", SST_NOT_FOUND,
	GET "404: 404 page not found"},
    {404, STATUS("\"message\":\"the server could not find the requested "
		 "resource\",\"code\":404"),
	SST_NOT_FOUND,
	GET "404: the server could not find the requested resource"},
    {401, STATUS("\"message\":\"Unauthorized\""), SST_UNAUTHORIZED,
	GET "401: Unauthorized"},
    {500, STATUS("\"message\":\"a\\n\\u001b[31mb\\tc\""), SST_UPSTREAM,
	GET "500: a [31mb c"},
    {500, STATUS("\"message\":{\"a\":1}"), SST_UPSTREAM, GET "500"},
    {500, STATUS("\"message\":\"token=Zq7marker9abcdef\""), SST_UPSTREAM,
	GET "500: token=[redacted]"},
    {502, "<html><body>Bad Gateway</body></html>", SST_UPSTREAM, GET "502"},
    {503, "\r\n  apiserver is shutting down  \r\nmore", SST_UPSTREAM,
	GET "503: apiserver is shutting down"},
    {503, "{\"kind\":\"Other\",\"message\":\"x\"}", SST_UPSTREAM, GET "503"},
    {503, "{\"kind\":\"Status\",\"message\":\"cut", SST_UPSTREAM, GET "503"},
    {503, "\xff\xfe", SST_UPSTREAM, GET "503: \xef\xbf\xbd\xef\xbf\xbd"},
    {302, "", SST_PROTOCOL, GET "302"},
};

START_TEST(answers)
{
	char body[512];
	const struct sst_httpc_response response = {.status = cases[_i].status,
	    .body = body,
	    .len = strlen(cases[_i].body)};
	struct sst_error err;

	memcpy(body, cases[_i].body, response.len + 1);
	sst_error_clear(&err);
	ck_assert_int_eq(
	    sst_kube_status(&response, "/api/v1/pods?limit=500&continue=x",
		&err),
	    cases[_i].code);
	ck_assert_str_eq(err.text, cases[_i].text);
	ck_assert_int_eq(err.code, cases[_i].code);
	if (cases[_i].code != SST_OK)
		ck_assert_int_eq(err.detail, cases[_i].status);
	ck_assert_int_eq(
	    sst_kube_status(&response, "/", NULL), cases[_i].code);
}
END_TEST

START_TEST(a_long_message_is_cut)
{
	char body[4096];
	struct sst_httpc_response response = {.status = 500, .body = body};
	struct sst_error err;

	memset(body, 'x', sizeof(body));
	response.len = sizeof(body) - 1;
	body[response.len] = '\0';
	ck_assert_int_eq(
	    sst_kube_status(&response, "/api", &err), SST_UPSTREAM);
	ck_assert_uint_lt(strlen(err.text), 300);
	ck_assert_str_eq(err.text + strlen(err.text) - 3, "\xe2\x80\xa6");
}
END_TEST

START_TEST(versions)
{
	static const char good[] = "{\"gitVersion\":\"v1.31.2\\u001b\"}";
	char *text = kube__parse_version(good, strlen(good));

	ck_assert_str_eq(text, "v1.31.2");
	free(text);
	ck_assert_ptr_null(kube__parse_version("{}", 2));
	ck_assert_ptr_null(kube__parse_version("<", 1));
	ck_assert_ptr_null(kube__parse_version("{\"gitVersion\":7}", 16));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kube_status");
	TCase *tc = tcase_create("kube_status");

	tcase_add_loop_test(
	    tc, answers, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, a_long_message_is_cut);
	tcase_add_test(tc, versions);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
