/* What a record tells of its task, with any bytes in it and without memory. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/kafka_record.h"
#include "support/starve.h"
#include "support/suite.h"

struct header {
	const char *name;
	struct queue_text value;
};

static const struct header *given;
static struct kafka_record record;
static char *levels_items[] = {
    (char[]){"urgent=critical"}, (char[]){"0=low"}, (char[]){"a=b=high"}};
static struct sst_option_list levels = {levels_items, 3};
static struct kafka_rules rules = {.id_header = "id",
    .priority_header = "prio",
    .blocked_by_header = "after",
    .levels = &levels};

static void
setup(void)
{
	given = NULL;
	memset(&record, 0, sizeof(record));
}

static void
teardown(void)
{
	kafka__record_fini(&record);
	kafka__record_fini(&record);
}

static struct queue_text
find_header(void *ctx, const char *name)
{
	const struct header *h;

	(void)ctx;
	for (h = given; h != NULL && h->name != NULL; h++) {
		if (strcmp(h->name, name) == 0)
			return h->value;
	}
	return QUEUE_TEXT_NONE;
}

static bool
read_record(struct queue_text key)
{
	struct kafka_raw raw = {
	    .offset = 7, .at_ms = 8, .key = key, .header = find_header};

	return kafka__record_read(&raw, &rules, &record);
}

static bool
is(const struct kafka_bytes *bytes, const char *text)
{
	return bytes->len == strlen(text) &&
	       memcmp(bytes->data, text, bytes->len) == 0;
}

#define TEXT(s)                    \
	{                          \
		(s), sizeof(s) - 1 \
	}

START_TEST(a_bare_record_is_a_task)
{
	ck_assert(read_record(QUEUE_TEXT_NONE));
	ck_assert_int_eq(record.offset, 7);
	ck_assert_int_eq(record.at_ms, 8);
	ck_assert_ptr_null(record.id.data);
	ck_assert_ptr_null(record.type.data);
	ck_assert_ptr_null(record.priority.data);
	ck_assert_uint_eq(record.blocker_count, 0);
}
END_TEST

START_TEST(headers_say_what_they_are_told_to)
{
	static const struct header headers[] = {{"id", TEXT("t-1")},
	    {"prio", TEXT("urgent")}, {"after", TEXT(" t-2 ,,t-3,")},
	    {"type", TEXT("plan")}, {NULL, {NULL, 0}}};

	given = headers;
	ck_assert(read_record(queue__text("embed")));
	ck_assert(is(&record.id, "t-1"));
	ck_assert(is(&record.type, "embed"));
	ck_assert_uint_eq(record.blocker_count, 2);
	ck_assert(is(&record.blockers[0], "t-2"));
	ck_assert(is(&record.blockers[1], "t-3"));
	kafka__record_fini(&record);
	rules.type_header = "type";
	ck_assert(read_record(queue__text("embed")));
	rules.type_header = NULL;
	ck_assert(is(&record.type, "plan"));
}
END_TEST

struct priority {
	struct queue_text raw;
	enum queue_level level;
	bool number;
};

static const struct priority priorities[] = {
    {{NULL, 0}, QUEUE_NORMAL, false},
    {TEXT("urgent"), QUEUE_CRITICAL, false},
    {TEXT("URGENT"), QUEUE_CRITICAL, false},
    {TEXT("High"), QUEUE_HIGH, false},
    {TEXT("low"), QUEUE_LOW, false},
    {TEXT("0"), QUEUE_LOW, true},
    {TEXT("a=b"), QUEUE_HIGH, false},
    {TEXT("5"), QUEUE_NORMAL, true},
    {TEXT("-5"), QUEUE_NORMAL, true},
    {TEXT("-"), QUEUE_NORMAL, false},
    {TEXT("5.5"), QUEUE_NORMAL, false},
    {TEXT("99999999999999999999"), QUEUE_NORMAL, false},
    {TEXT("\xff\x00\x01"), QUEUE_NORMAL, false},
};

enum { PRIORITIES = (int)(sizeof(priorities) / sizeof(priorities[0])) };

START_TEST(priorities_have_levels)
{
	struct header headers[] = {
	    {"prio", priorities[_i].raw}, {NULL, {NULL, 0}}};
	struct queue_priority p;

	given = headers;
	ck_assert(read_record(QUEUE_TEXT_NONE));
	p = kafka__priority(&record.priority, &rules);
	ck_assert_int_eq(p.level, priorities[_i].level);
	ck_assert_int_eq(p.has_number, priorities[_i].number);
}
END_TEST

struct blockers {
	struct queue_text text;
	size_t count;
};

static const struct blockers lists[] = {
    {TEXT(""), 0},
    {TEXT(","), 0},
    {TEXT("a"), 1},
    {TEXT("a,b"), 2},
    {TEXT("[\"a\", 7, null, {}, \"\"]"), 2},
    {TEXT("[]"), 0},
    {TEXT("[\"a\""), 1}, /* no JSON: a list of one odd id */
    {TEXT("{\"a\": 1}"), 1},
    {TEXT("\x00\xff"), 1},
    {TEXT("[[[[[[[[[[[["), 1},
};

enum { LISTS = (int)(sizeof(lists) / sizeof(lists[0])) };

START_TEST(lists_of_blockers)
{
	struct header headers[] = {
	    {"after", lists[_i].text}, {NULL, {NULL, 0}}};

	given = headers;
	ck_assert(read_record(QUEUE_TEXT_NONE));
	ck_assert_uint_eq(record.blocker_count, lists[_i].count);
}
END_TEST

START_TEST(what_is_too_long_is_bounded)
{
	char *long_text = malloc(1 << 20);
	struct header headers[] = {{"id", {long_text, 1 << 20}},
	    {"prio", {long_text, 1 << 20}}, {"after", {long_text, 1 << 20}},
	    {NULL, {NULL, 0}}};

	ck_assert_ptr_nonnull(long_text);
	memset(long_text, ',', 1 << 20);
	given = headers;
	ck_assert(read_record((struct queue_text){long_text, 1 << 20}));
	ck_assert_uint_eq(record.id.len, KAFKA_ID_BYTES);
	ck_assert_uint_eq(record.type.len, KAFKA_ID_BYTES);
	ck_assert_uint_eq(record.priority.len, KAFKA_WORD_BYTES);
	ck_assert_uint_eq(record.blocker_count, 0);
	kafka__record_fini(&record);
	memset(long_text, 'a', KAFKA_BLOCKERS_BYTES);
	headers[2].value.len = KAFKA_BLOCKERS_BYTES;
	for (size_t i = 1; i < KAFKA_BLOCKERS_BYTES; i += 2)
		long_text[i] = ',';
	ck_assert(read_record(QUEUE_TEXT_NONE));
	ck_assert_uint_eq(record.blocker_count, KAFKA_BLOCKERS_MAX);
	free(long_text);
}
END_TEST

START_TEST(without_memory_nothing_is_left)
{
	static const struct header headers[] = {{"id", TEXT("t-1")},
	    {"prio", TEXT("urgent")}, {"after", TEXT("[\"a\", \"b\"]")},
	    {NULL, {NULL, 0}}};
	bool ok = false;
	long n;

	given = headers;
	for (n = 0; !ok; n++) {
		starve_after(n);
		ok = read_record(queue__text("embed"));
		if (!starve_end())
			ck_assert(ok);
		else if (!ok)
			ck_assert_ptr_null(record.id.data);
		if (ok)
			kafka__record_fini(&record);
		ok = ok && n > 4;
	}
	ck_assert_int_ge(n, 6);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, a_bare_record_is_a_task);
	tcase_add_test(tc, headers_say_what_they_are_told_to);
	tcase_add_loop_test(tc, priorities_have_levels, 0, PRIORITIES);
	tcase_add_loop_test(tc, lists_of_blockers, 0, LISTS);
	tcase_add_test(tc, what_is_too_long_is_bounded);
	tcase_add_test(tc, without_memory_nothing_is_left);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "kafka record", add_tests, setup, teardown, 0};

	starve_init();
	return suite_run(&plan);
}
