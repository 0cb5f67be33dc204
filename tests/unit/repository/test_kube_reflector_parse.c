/* The little that the reflector reads itself. */
#include <stdlib.h>
#include <string.h>

#include "repository/kube/reflector_priv.h"
#include "test_kube_reflector.h"

static const struct {
	const char *json;
	int code;
	enum reflector_type type;
	const char *object, *version;
} events[] = {
    {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":"
     "\"12\"}}}",
	SST_OK, REFLECTOR_ADDED, "{\"metadata\":{\"resourceVersion\":\"12\"}}",
	"12"},
    {"{ \"object\" : {\"spec\":{\"metadata\":{\"resourceVersion\":\"1\"}},"
     "\"metadata\":{\"labels\":{\"resourceVersion\":\"2\"},"
     "\"resourceVersion\" : \"3\"}} , \"type\" : \"DELETED\" }",
	SST_OK, REFLECTOR_DELETED,
	"{\"spec\":{\"metadata\":{\"resourceVersion\":\"1\"}},"
	"\"metadata\":{\"labels\":{\"resourceVersion\":\"2\"},"
	"\"resourceVersion\" : \"3\"}}",
	"3"},
    {"{\"type\":\"MODIFIED\",\"object\":{}}", SST_OK, REFLECTOR_MODIFIED, "{}",
	""},
    {"{\"type\":\"BOOKMARK\"}", SST_OK, REFLECTOR_BOOKMARK, "", ""},
    {"{\"type\":\"ERROR\",\"object\":null}", SST_OK, REFLECTOR_ERROR, "", ""},
    {"{\"type\":\"\"}", SST_OK, REFLECTOR_UNKNOWN, "", ""},
    {"{\"type\":\"ADDEDX\"}", SST_OK, REFLECTOR_UNKNOWN, "", ""},
    {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":12}}}",
	SST_OK, REFLECTOR_ADDED, "{\"metadata\":{\"resourceVersion\":12}}", ""},
    {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":"
     "\"\\u0031\"}}}",
	SST_OK, REFLECTOR_ADDED,
	"{\"metadata\":{\"resourceVersion\":\"\\u0031\"}}", ""},
    {"{\"type\":\"ADDED\",\"object\":{\"metadata\":[]}}", SST_OK,
	REFLECTOR_ADDED, "{\"metadata\":[]}", ""},
    {"{}", SST_TYPE, REFLECTOR_UNKNOWN, "", ""},
    {"{\"type\":1}", SST_TYPE, REFLECTOR_UNKNOWN, "", ""},
    {"{\"object\":{\"type\":\"ADDED\"}}", SST_TYPE, REFLECTOR_UNKNOWN, "", ""},
    {"[]", SST_TYPE, REFLECTOR_UNKNOWN, "", ""},
    {"", SST_TYPE, REFLECTOR_UNKNOWN, "", ""},
};

enum { EVENTS = sizeof(events) / sizeof(events[0]) };

START_TEST(an_event)
{
	struct reflector_event event;
	struct sst_error err;

	ck_assert_int_eq(reflector__parse_event(events[_i].json,
			     strlen(events[_i].json), &event, &err),
	    events[_i].code);
	if (events[_i].code != SST_OK)
		return;
	ck_assert_int_eq(event.type, events[_i].type);
	ck_assert_uint_eq(event.object.len, strlen(events[_i].object));
	if (event.object.len > 0)
		ck_assert_int_eq(memcmp(event.object.at, events[_i].object,
				     event.object.len),
		    0);
	ck_assert_str_eq(event.version, events[_i].version);
}
END_TEST

/* 63 bytes fit. */
START_TEST(a_long_position)
{
	char json[256] = "{\"type\":\"ADDED\",\"object\":{\"metadata\":{"
			 "\"resourceVersion\":\"";
	struct reflector_event event;
	struct sst_error err;
	size_t len = strlen(json), digits = 63 + (size_t)_i;

	memset(json + len, '7', digits);
	memcpy(json + len + digits, "\"}}}", 5);
	ck_assert_int_eq(
	    reflector__parse_event(json, strlen(json), &event, &err), SST_OK);
	ck_assert_uint_eq(strlen(event.version), _i == 0 ? 63 : 0);
}
END_TEST

START_TEST(a_page)
{
	static const struct {
		const char *json;
		int code;
		const char *version, *token;
	} rows[] = {
	    {"{\"resourceVersion\":\"7\"}", SST_OK, "7", NULL},
	    {"{\"resourceVersion\":\"7\",\"continue\":\"\"}", SST_OK, "7",
		NULL},
	    {"{\"resourceVersion\":\"7\",\"continue\":\"a=b\","
	     "\"remainingItemCount\":3}",
		SST_OK, "7", "a=b"},
	    {"{\"resourceVersion\":\"\"}", SST_TYPE, "", NULL},
	    {"{\"resourceVersion\":7}", SST_TYPE, "", NULL},
	    {"{}", SST_TYPE, "", NULL},
	    {"null", SST_TYPE, "", NULL},
	    {"", SST_TYPE, "", NULL},
	    {"{\"resourceVersion\":\"77777777777777777777777777777777777777777"
	     "77777777777777777777777\"}",
		SST_TYPE, "", NULL},
	};
	struct reflector_page page = {0};
	struct sst_error err;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(reflector__parse_page(rows[i].json,
				     strlen(rows[i].json), &page, &err),
		    rows[i].code);
		if (rows[i].code != SST_OK)
			continue;
		ck_assert_str_eq(page.version, rows[i].version);
		if (rows[i].token == NULL)
			ck_assert_ptr_null(page.token);
		else
			ck_assert_str_eq(page.token, rows[i].token);
		free(page.token);
	}
}
END_TEST

START_TEST(a_trouble)
{
	static const struct {
		const char *json;
		int status;
		const char *reason;
		long retry_after_ms;
		bool too_new;
	} rows[] = {
	    {"{\"code\":410,\"reason\":\"Expired\"}", 410, "Expired", -1,
		false},
	    {"{\"code\":429,\"reason\":\"Too Many 12\",\"details\":{"
	     "\"retryAfterSeconds\":3}}",
		429, "TooMany", 3000, false},
	    {"{\"code\":504,\"details\":{\"causes\":[{\"reason\":\"x\"},{"
	     "\"reason\":\"ResourceVersionTooLarge\"}],\"retryAfterSeconds\":"
	     "1}}",
		504, "", 1000, true},
	    {"{\"message\":\"Too large resource version: 5, current: 3\"}", 0,
		"", -1, true},
	    {"{\"code\":99999,\"details\":{\"retryAfterSeconds\":99999}}", 0,
		"", -1, false},
	    {"{\"code\":\"410\",\"reason\":410,\"details\":[]}", 0, "", -1,
		false},
	    {"404 page not found", 0, "", -1, false},
	    {"", 0, "", -1, false},
	};
	struct reflector_trouble trouble;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reflector__parse_trouble(
		    rows[i].json, strlen(rows[i].json), &trouble);
		ck_assert_int_eq(trouble.status, rows[i].status);
		ck_assert_str_eq(trouble.reason, rows[i].reason);
		ck_assert_int_eq(
		    trouble.retry_after_ms, rows[i].retry_after_ms);
		ck_assert_int_eq(trouble.too_new, rows[i].too_new);
	}
}
END_TEST

START_TEST(positions_in_order)
{
	ck_assert(reflector__version_before("9", "10"));
	ck_assert(reflector__version_before("10", "11"));
	ck_assert(reflector__version_before("009", "10"));
	ck_assert(reflector__version_before("0", "1"));
	ck_assert(reflector__version_before(
	    "99999999999999999999", "100000000000000000000"));
	ck_assert(!reflector__version_before("10", "10"));
	ck_assert(!reflector__version_before("010", "10"));
	ck_assert(!reflector__version_before("11", "10"));
	/* not numbers: opaque */
	ck_assert(!reflector__version_before("", "10"));
	ck_assert(!reflector__version_before("9", ""));
	ck_assert(!reflector__version_before("a9", "b10"));
	ck_assert(!reflector__version_before("-9", "10"));
}
END_TEST

START_TEST(jitter_is_even_and_seeded)
{
	struct reflector_backoff a, b, other;
	unsigned counts[4] = {0};
	bool same = true;
	uint64_t value;
	int i;

	reflector__backoff_init(&a, 1);
	reflector__backoff_init(&b, 1);
	reflector__backoff_init(&other, 2);
	for (i = 0; i < 4000; i++) {
		value = reflector__random(&a, 4);
		ck_assert_uint_eq(value, reflector__random(&b, 4));
		same &= value == reflector__random(&other, 4);
		counts[value]++;
	}
	ck_assert(!same);
	for (i = 0; i < 4; i++)
		ck_assert_uint_gt(counts[i], 800);
}
END_TEST

void
add_parse_tests(TCase *tc)
{
	tcase_add_loop_test(tc, an_event, 0, EVENTS);
	tcase_add_loop_test(tc, a_long_position, 0, 2);
	tcase_add_test(tc, a_page);
	tcase_add_test(tc, a_trouble);
	tcase_add_test(tc, positions_in_order);
	tcase_add_test(tc, jitter_is_even_and_seeded);
}
