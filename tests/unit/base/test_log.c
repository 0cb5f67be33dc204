/*
 * Log records. Ways to fail: lines that are no JSON, that mix, that grow over
 * the bound or forge other lines; errno lost; memory taken; levels ignored.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "unit/base/run.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);

static atomic_bool broke; /* no memory any more */
static atomic_int asked;  /* how often it was asked for then */

void *
__wrap_malloc(size_t size)
{
	if (!atomic_load(&broke))
		return __real_malloc(size);
	atomic_fetch_add(&asked, 1);
	return NULL;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	if (!atomic_load(&broke))
		return __real_calloc(n, size);
	atomic_fetch_add(&asked, 1);
	return NULL;
}

void *
__wrap_realloc(void *p, size_t size)
{
	if (!atomic_load(&broke))
		return __real_realloc(p, size);
	atomic_fetch_add(&asked, 1);
	return NULL;
}

static int ends[2];
static char text[1 << 16];

static void
setup(void)
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	sst_log_configure(SST_LOG_DEBUG, SST_LOG_JSON, ends[1]);
	sst_log_set_request(NULL);
}

static void
teardown(void)
{
	sst_log_configure(SST_LOG_INFO, SST_LOG_AUTO, STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
}

/* All that is in the pipe, as a string. */
static size_t
written(void)
{
	ssize_t n = read(ends[0], text, sizeof(text) - 1);

	if (n < 0)
		n = 0;
	text[n] = '\0';
	return (size_t)n;
}

/* The one line that was written. */
static json_t *
record(void)
{
	size_t len = written();
	json_t *root;

	ck_assert_uint_gt(len, 0);
	ck_assert_uint_le(len, SST_LOG_LINE_BYTES);
	ck_assert_ptr_eq(strchr(text, '\n'), text + len - 1);
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(json_is_object(root), "%s", text);
	return root;
}

static const char *
member(const json_t *root, const char *name)
{
	return json_string_value(json_object_get(root, name));
}

START_TEST(json_has_the_members_in_order)
{
	const char *when;
	json_t *root;
	int64_t ms;

	sst_log_set_request("req-7");
	sst_log_warn(
	    "SRC-DOWN", "queues/rabbitmq-main", "%s after %d s", "refused", 5);
	root = record();
	when = member(root, "time");
	ck_assert_int_eq(sst_time_parse(when, strlen(when), &ms), 0);
	ck_assert_uint_eq(strlen(when), SST_TIME_TEXT - 1);
	ck_assert_str_eq(member(root, "level"), "warn");
	ck_assert_str_eq(member(root, "id"), "SRC-DOWN");
	ck_assert_str_eq(member(root, "subject"), "queues/rabbitmq-main");
	ck_assert_str_eq(member(root, "request_id"), "req-7");
	ck_assert_str_eq(member(root, "message"), "refused after 5 s");
	ck_assert_uint_eq(json_object_size(root), 6);
	ck_assert(strncmp(text, "{\"time\":\"", 9) == 0);
	ck_assert_ptr_nonnull(strstr(text, "\",\"level\":\"warn\",\"id\":"));
	json_decref(root);
}
END_TEST

START_TEST(absent_members_are_absent)
{
	json_t *root;

	sst_log_set_request("x");
	sst_log_set_request("");
	sst_log_err("A", NULL, "m");
	root = record();
	ck_assert_uint_eq(json_object_size(root), 4);
	json_decref(root);
}
END_TEST

/* The check comes first: formatting would count. */
static int counted;

static const char *
count_format(void)
{
	counted++;
	return "x";
}

START_TEST(levels_differ)
{
	static const enum sst_log_level levels[] = {SST_LOG_ERROR, SST_LOG_WARN,
	    SST_LOG_NOTICE, SST_LOG_INFO, SST_LOG_DEBUG};
	size_t i, k;

	for (i = 0; i < 5; i++) {
		sst_log_configure(levels[i], SST_LOG_JSON, ends[1]);
		for (k = 0; k < 5; k++) {
			ck_assert(sst_log_enabled(levels[k]) == (k <= i));
			sst_log(levels[k], "ID", NULL, "%s", count_format());
			ck_assert((written() > 0) == (k <= i));
		}
	}
	ck_assert_int_eq(counted, 25);
	ck_assert_str_eq(sst_log_level_name(SST_LOG_NOTICE), "notice");
}
END_TEST

START_TEST(hostile_text_stays_one_valid_line)
{
	static const char *const rows[] = {"a\nb\r\n{\"level\":\"error\"}",
	    "quote \" backslash \\ slash /", "\xff\xfe bad \xc3",
	    "\x01\x1b[31m", "\xe2\x80\xae rtl", "\xc2\x85 next line",
	    "\xf3\xa0\x81\x81 tag", "\xed\xa0\x80 surrogate", "100 %s %n",
	    "\t"};
	json_t *root;

	sst_log_info("ID", rows[_i], "%s", rows[_i]);
	root = record();
	ck_assert(sst_text_utf8_valid(text, strlen(text)));
	ck_assert_str_eq(member(root, "subject"), member(root, "message"));
	json_decref(root);
	sst_log_configure(SST_LOG_DEBUG, SST_LOG_TEXT, ends[1]);
	sst_log_info("ID", NULL, "%s", rows[_i]);
	ck_assert_uint_gt(written(), 0);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	ck_assert_ptr_null(strchr(text, '\x1b'));
	ck_assert(sst_text_utf8_valid(text, strlen(text)));
}
END_TEST

START_TEST(long_lines_are_cut_and_valid)
{
	static const char *const marks[] = {"x", "\"", "\n", "\xe2\x82\xac"};
	char long_text[9000];
	size_t len, n = strlen(marks[_i]), pad;
	const char *message;
	json_t *root;

	for (pad = 0; pad < 8; pad++) {
		memset(long_text, 'y', pad);
		for (len = pad; len + n < sizeof(long_text); len += n)
			memcpy(long_text + len, marks[_i], n);
		long_text[len] = '\0';
		sst_log_info("ID", "s", "%s", long_text);
		root = record();
		message = member(root, "message");
		ck_assert_str_eq(message + strlen(message) - 3, "\xe2\x80\xa6");
		json_decref(root);
		sst_log_info(long_text, long_text, "%s", long_text);
		json_decref(record());
		sst_log_configure(SST_LOG_DEBUG, SST_LOG_TEXT, ends[1]);
		sst_log_info("ID", "s", "%s", long_text);
		ck_assert_uint_le(written(), SST_LOG_LINE_BYTES);
		ck_assert(sst_text_utf8_valid(text, strlen(text)));
		sst_log_configure(SST_LOG_DEBUG, SST_LOG_JSON, ends[1]);
	}
}
END_TEST

START_TEST(text_form)
{
	sst_log_configure(SST_LOG_DEBUG, SST_LOG_TEXT, ends[1]);
	sst_log_set_request("r1");
	sst_log_notice("SVC-START", "api", "listening");
	written();
	ck_assert_str_eq(strchr(text, ' '),
	    " notice SVC-START api: listening (request r1)\n");
}
END_TEST

START_TEST(auto_is_json_off_a_terminal)
{
	sst_log_configure(SST_LOG_DEBUG, SST_LOG_AUTO, ends[1]);
	sst_log_info("ID", NULL, "m");
	json_decref(record());
}
END_TEST

START_TEST(errno_stays)
{
	json_t *root;

	errno = ENOENT;
	sst_log_info("ID", NULL, "%m");
	ck_assert_int_eq(errno, ENOENT);
	root = record();
	ck_assert_str_eq(member(root, "message"), strerror(ENOENT));
	json_decref(root);
	sst_log_configure(SST_LOG_DEBUG, SST_LOG_JSON, -1);
	errno = ERANGE;
	sst_log_info("ID", NULL, "goes nowhere");
	ck_assert_int_eq(errno, ERANGE);
}
END_TEST

START_TEST(full_pipe_does_not_block)
{
	int i;

	for (i = 0; i < 2000; i++)
		sst_log_info("ID", NULL, "%0512d", i);
	ck_assert_uint_gt(written(), 0);
}
END_TEST

START_TEST(takes_no_memory)
{
	json_t *root;

	atomic_store(&broke, true);
	sst_log_err("NO-MEM", "s", "out of memory after %d bytes", 42);
	atomic_store(&broke, false);
	ck_assert_int_eq(atomic_load(&asked), 0);
	root = record();
	ck_assert_str_eq(
	    member(root, "message"), "out of memory after 42 bytes");
	json_decref(root);
}
END_TEST

enum { THREADS = 4, LINES = 100 };

static void *
write_lines(void *arg)
{
	const char *name = arg;
	int i;

	sst_log_set_request(name);
	for (i = 0; i < LINES; i++)
		sst_log_info("ID", name, "%s%0100d", name, i);
	return NULL;
}

/* They fit the pipe together, so none is lost. */
START_TEST(lines_of_threads_do_not_mix)
{
	static char names[THREADS][2] = {"a", "b", "c", "d"};
	pthread_t threads[THREADS];
	char *line, *end;
	json_t *root;
	int i, count = 0;

	ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, 1 << 18), 1 << 17);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, write_lines, names[i]),
		    0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	line = malloc(1 << 18);
	ck_assert_ptr_nonnull(line);
	end = line + read(ends[0], line, (1 << 18) - 1);
	*end = '\0';
	for (char *p = line; p < end; p = strchr(p, '\n') + 1) {
		root = json_loads(p, JSON_DISABLE_EOF_CHECK, NULL);
		ck_assert_ptr_nonnull(root);
		ck_assert_str_eq(
		    member(root, "subject"), member(root, "request_id"));
		json_decref(root);
		count++;
	}
	free(line);
	ck_assert_int_eq(count, THREADS * LINES);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, json_has_the_members_in_order);
	tcase_add_test(tc, absent_members_are_absent);
	tcase_add_test(tc, levels_differ);
	tcase_add_loop_test(tc, hostile_text_stays_one_valid_line, 0, 10);
	tcase_add_loop_test(tc, long_lines_are_cut_and_valid, 0, 4);
	tcase_add_test(tc, text_form);
	tcase_add_test(tc, auto_is_json_off_a_terminal);
	tcase_add_test(tc, errno_stays);
	tcase_add_test(tc, full_pipe_does_not_block);
	tcase_add_test(tc, takes_no_memory);
	tcase_add_test(tc, lines_of_threads_do_not_mix);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
