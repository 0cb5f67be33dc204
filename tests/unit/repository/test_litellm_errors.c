/* What the errors of a LiteLLM proxy mean, and what of them may be shown. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/litellm/proxy_parse.h"

struct judge_case {
	long status;
	const char *body;
	enum proxy_verdict verdict;
	const char *message;
};

static const struct judge_case judges[] = {
    {401,
	"{'error':{'message':'Authentication Error, No api key passed in.',"
	"'type':'auth_error','param':'None','code':'401'}}",
	PROXY_UNAUTHORIZED, "Authentication Error, No api key passed in."},
    {401, "{'error':{'message':5,'code':401}}", PROXY_UNAUTHORIZED, ""},
    {400,
	"{'error':{'message':'No connected db.','type':'no_db_connection',"
	"'param':null,'code':'400'}}",
	PROXY_KEYLESS, "No connected db."},
    {401, "'Unauthorized access to metrics endpoint: No connected db.'",
	PROXY_KEYLESS,
	"Unauthorized access to metrics endpoint: No connected db."},
    {401, "'Unauthorized access: No module named prisma'", PROXY_UNAUTHORIZED,
	"Unauthorized access: No module named prisma"},
    {500, "{'detail':{'error':'DB not connected. See https://x/y?key=1'}}",
	PROXY_UNSUPPORTED, "DB not connected. See [url]"},
    {400, "{'detail':{'error':'DB not connected.'}}", PROXY_UNSUPPORTED,
	"DB not connected."},
    {500, "{'detail':{'error':'Database not initialized'}}", PROXY_UNSUPPORTED,
	"Database not initialized"},
    {500,
	"{'error':{'message':'Authentication Error, Database not connected'}}",
	PROXY_UNSUPPORTED, "Authentication Error, Database not connected"},
    {500, "{'detail':{'error':'No db connected. prisma client=None'}}",
	PROXY_UNSUPPORTED, "No db connected. prisma client=None"},
    {500, "{'error':{'message':'No provider budget config found.'}}",
	PROXY_UNSUPPORTED, "No provider budget config found."},
    {404, "{'detail':'Not Found'}", PROXY_UNSUPPORTED, "Not Found"},
    {405, "", PROXY_UNSUPPORTED, ""},
    {403, "{'detail':{'error':'admin only'}}", PROXY_FORBIDDEN, "admin only"},
    {400, "{'detail':{'error':'Only proxy admin can see it'}}", PROXY_FORBIDDEN,
	"Only proxy admin can see it"},
    {422, "{'detail':[{'loc':['query','page'],'msg':'too small','type':'x'}]}",
	PROXY_FAILED, "too small"},
    {500,
	"{'error':{'message':'Internal server error',"
	"'type':'internal_server_error'}}",
	PROXY_FAILED, "Internal server error"},
    {503,
	"{'error':{'message':'Worker at capacity: 5',"
	"'type':'overloaded_error','code':'503'}}",
	PROXY_FAILED, "Worker at capacity: 5"},
    {400, "{'type':'about:blank','title':'Bad','status':400,'detail':'why'}",
	PROXY_FAILED, "why"},
    {400, "{'type':'about:blank','title':'Bad','status':400}", PROXY_FAILED,
	"Bad"},
    {502, "<html>Bad Gateway</html>", PROXY_FAILED, ""},
    {500, "{'error':'plain'}", PROXY_FAILED, "plain"},
    {500, "[]", PROXY_FAILED, ""},
};

/* In single quotes, for people. */
static void
quoted(const char *text, char *out, size_t size)
{
	size_t i;

	ck_assert_uint_lt(strlen(text), size);
	for (i = 0; i <= strlen(text); i++)
		out[i] = text[i] == '\'' ? '"' : text[i];
}

START_TEST(each_error_means_this)
{
	const struct judge_case *c = &judges[_i];
	struct sst_buf message = SST_BUF_INIT;
	char text[512];

	quoted(c->body, text, sizeof(text));
	ck_assert_int_eq(
	    proxy__judge(c->status, text, strlen(text), &message), c->verdict);
	ck_assert_str_eq(message.data != NULL ? message.data : "", c->message);
	ck_assert_int_eq(
	    proxy__judge(c->status, text, strlen(text), NULL), c->verdict);
	sst_buf_fini(&message);
}
END_TEST

START_TEST(texts_lose_keys_and_addresses)
{
	static const struct {
		const char *in, *out;
	} texts[] = {
	    {"plain text", "plain text"},
	    {"key sk-a, more", "key [redacted], more"},
	    {"(sk-abcdefghijklmnopqrstuvwx)", "([redacted])"},
	    {"task-force is a word", "task-force is a word"},
	    {"see https://u:p@h/x?key=1 now", "see [url] now"},
	    {"'http://h'", "'[url]'"},
	    {"redis://:secret@h:1/0", "[url]"},
	    {"a:// b", "[url] b"},
	    {"line\none", "line one"},
	    {"api_key=abcdefghijklmnop", "api_key=[redacted]"},
	    {"", ""},
	};
	struct sst_buf out = SST_BUF_INIT;
	char big[5000];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sst_buf_clear(&out);
		proxy__safe_text(texts[i].in, strlen(texts[i].in), &out);
		ck_assert_str_eq(
		    out.data != NULL ? out.data : "", texts[i].out);
	}
	memset(big, 'x', sizeof(big));
	/* the cut must not make half a key of a whole one */
	memcpy(big + 195, " sk-abcdefgh ", 13);
	sst_buf_clear(&out);
	proxy__safe_text(big, sizeof(big), &out);
	ck_assert_uint_le(out.len, 210);
	ck_assert_ptr_null(strstr(out.data, "sk-"));
	sst_buf_fini(&out);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, each_error_means_this, 0,
	    (int)(sizeof(judges) / sizeof(judges[0])));
	tcase_add_test(tc, texts_lose_keys_and_addresses);
}

int
main(void)
{
	Suite *s = suite_create("litellm_errors");
	TCase *tc = tcase_create("litellm_errors");
	SRunner *sr;
	int failed;

	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
