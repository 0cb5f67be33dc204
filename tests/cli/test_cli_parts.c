/*
 * Parts of systate that need no program: events from pieces, tables, operands,
 * bytes in the order of the schema, output that fails.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "form.h"
#include "identity.h"
#include "input.h"
#include "operand.h"
#include "ordered.h"
#include "out.h"
#include "sse.h"
#include "table.h"
#include "watch.h"

static struct sst_error err;
static char folder[64];

static void
setup(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	sst_error_clear(&err);
	snprintf(folder, sizeof(folder), "/tmp/test_cli_parts.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void
teardown(void)
{
	static const char *const names[] = {"41", "now", "-15m", "a.json",
	    "2026-01-01T00:00:00Z", "@5", "0f3a55d200c4e1b7:41", "big"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, strlen(text), f), strlen(text));
	ck_assert_int_eq(fclose(f), 0);
}

/* Events as text: "name|data|id;" each. */
struct log {
	struct sst_buf text;
	unsigned most; /* events after which it has enough; 0: never */
	unsigned count;
};

static bool
log_event(const struct sse_event *event, void *ctx)
{
	struct log *log = ctx;

	ck_assert_int_eq(event->data[event->len], '\0');
	sst_buf_addf(
	    &log->text, "%s|%s|%s;", event->name, event->data, event->id);
	return ++log->count != log->most;
}

static int
feed(struct log *log, const char *text, size_t piece)
{
	struct sse sse;
	size_t len = strlen(text), at, n;
	int code = SST_OK;

	sst_buf_clear(&log->text);
	sst_buf_add(&log->text, "", 0);
	log->count = 0;
	sse_init(&sse, 64, log_event, log);
	for (at = 0; at < len && code == SST_OK; at += n) {
		n = len - at < piece ? len - at : piece;
		code = sse_feed(&sse, text + at, n, &err);
	}
	sse_fini(&sse);
	return code;
}

struct sse_case {
	const char *in;
	const char *want;
};

static const struct sse_case sse_cases[] = {
    {"event: state\nid: e:1\ndata: {}\n\n", "state|{}|e:1;"},
    {"data:a\n\n", "message|a|;"},
    {"data:  a\n\n", "message| a|;"},
    {"data: a\ndata: b\n\n", "message|a\nb|;"},
    {"data\n\n", "message||;"},
    {"data\ndata\n\n", "message|\n|;"},
    {": comment\n\ndata: a\n\n", "message|a|;"},
    {"event: x\n\ndata: a\n\n", "message|a|;"},
    {"id: 1\ndata: a\n\ndata: b\n\n", "message|a|1;message|b|1;"},
    {"id: 1\n\ndata: b\n\n", "message|b|1;"},
    {"id: 1\nid\ndata: b\n\n", "message|b|;"},
    {"data: a\r\n\r\ndata: b\r\n\r\n", "message|a|;message|b|;"},
    {"data: a\r\rdata: b\r\r", "message|a|;message|b|;"},
    {"\xef\xbb\xbf"
     "data: a\n\n",
	"message|a|;"},
    {"data: a\n\n\xef\xbb\xbf"
     "data: b\n\n",
	"message|a|;"},
    {"data: cut", ""},
    {"data: a\n", ""},
    {"dat: a\nDATA: b\n\n", ""},
    {"retry: 5\nretry: x\ndata: a\n\n", "message|a|;"},
    {"\n\n\n", ""},
    {"event: "
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\ndata:\n\n",
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx||;"},
};

/* Whatever the pieces are that it comes in. */
START_TEST(events_from_pieces)
{
	const struct sse_case *c = &sse_cases[_i];
	struct log log = {.text = SST_BUF_INIT};
	size_t piece;

	for (piece = 1; piece <= strlen(c->in); piece++) {
		ck_assert_int_eq(feed(&log, c->in, piece), SST_OK);
		ck_assert_str_eq(log.text.data, c->want);
	}
	sst_buf_fini(&log.text);
}
END_TEST

START_TEST(events_have_bounds)
{
	struct log log = {.text = SST_BUF_INIT};
	char line[200];

	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	ck_assert_int_eq(feed(&log, line, 7), SST_TOO_LARGE);
	memcpy(line, "data: ", 6);
	memcpy(line + 40, "\ndata: ", 7);
	memcpy(line + 90, "\ndata: ", 7);
	ck_assert_int_eq(feed(&log, line, 200), SST_TOO_LARGE);
	ck_assert_uint_eq(log.count, 0);
	log.most = 1;
	ck_assert_int_eq(
	    feed(&log, "data: a\n\ndata: b\n\n", 100), SST_CANCELED);
	ck_assert_str_eq(log.text.data, "message|a|;");
	sst_buf_fini(&log.text);
}
END_TEST

START_TEST(a_new_connection_keeps_the_id)
{
	struct log log = {.text = SST_BUF_INIT};
	struct sse sse;

	sse_init(&sse, 100, log_event, &log);
	ck_assert_int_eq(
	    sse_feed(&sse, "retry: 70\nid: 1\ndata: a\n\ndata: lo", 34, &err),
	    SST_OK);
	sse_restart(&sse);
	ck_assert_int_eq(sse_feed(&sse, "data: b\n\n", 9, &err), SST_OK);
	ck_assert_str_eq(log.text.data, "message|a|1;message|b|1;");
	ck_assert_int_eq(sse.retry_ms, 70);
	sse_fini(&sse);
	sst_buf_fini(&log.text);
}
END_TEST

/* An out whose bytes can be read back: nothing is written before a flush. */
static void
out_init(struct cli_out *out, unsigned width)
{
	*out =
	    (struct cli_out){.fd = -1, .pending = SST_BUF_INIT, .width = width};
}

static const struct cli_column columns[] = {
    {"NAME", false}, {"N", true}, {"NOTE", false}};

START_TEST(tables_are_aligned)
{
	struct cli_table t;
	struct cli_out out;

	out_init(&out, 0);
	cli_table_init(&t, columns, 3);
	cli_table_text(&t, CLI_PLAIN, "a");
	cli_table_text(&t, CLI_PLAIN, "12");
	cli_table_text(&t, CLI_PLAIN, "x");
	cli_table_text(&t, CLI_PLAIN, "\xe6\xbc\xa2\xe5\xad\x97\xe3\x81\x8b");
	cli_table_text(&t, CLI_PLAIN, "3");
	cli_table_text(&t, CLI_PLAIN, "e\xcc\x81y");
	cli_table_text(&t, CLI_PLAIN, "b\033[31m\n\tc\x07");
	cli_table_text(&t, CLI_PLAIN, "");
	cli_table_text(&t, CLI_PLAIN, "\xff");
	cli_table_print(&t, 1, &out);
	ck_assert(!out.nomem);
	ck_assert_str_eq(out.pending.data,
	    " NAME      N  NOTE\n"
	    " a        12  x\n"
	    " \xe6\xbc\xa2\xe5\xad\x97\xe3\x81\x8b    3  e\xcc\x81y\n"
	    " b[31m c      \xef\xbf\xbd\n");
	cli_table_fini(&t);
	cli_out_fini(&out);
}
END_TEST

START_TEST(the_last_column_is_cut)
{
	struct cli_table t;
	struct cli_out out;

	out_init(&out, 20);
	cli_table_init(&t, columns, 3);
	cli_table_text(&t, CLI_PLAIN, "name");
	cli_table_text(&t, CLI_PLAIN, "1");
	cli_table_text(&t, CLI_PLAIN, "a rather long text");
	cli_table_print(&t, 0, &out);
	ck_assert_str_eq(out.pending.data, "NAME  N  NOTE\n"
					   "name  1  a rather l\xe2\x80\xa6\n");
	cli_table_fini(&t);
	cli_out_fini(&out);
}
END_TEST

START_TEST(colour_is_outside_of_the_padding)
{
	struct cli_table t;
	struct cli_out out;

	out_init(&out, 0);
	out.colour = true;
	cli_table_init(&t, columns, 3);
	cli_table_text(&t, CLI_RED, "a");
	cli_table_text(&t, CLI_PLAIN, "1");
	cli_table_text(&t, CLI_PLAIN, "b");
	cli_table_print(&t, 0, &out);
	ck_assert_ptr_nonnull(
	    strstr(out.pending.data, "\033[31ma   \033[0m  1  b\n"));
	cli_table_fini(&t);
	cli_out_fini(&out);
}
END_TEST

START_TEST(values_in_cells)
{
	static const struct {
		const char *json, *want;
	} rows[] = {{"null", "?"}, {"\"a\"", "a"}, {"\"\"", "\"\""},
	    {"true", "true"}, {"1.5", "1.5"}, {"0.1", "0.1"}, {"[]", "none"},
	    {"[1,\"b\"]", "1, b"}, {"[{\"a\":1}]", "{\"a\":1}"},
	    {"{\"a\":[]}", "{\"a\":[]}"}};
	struct sst_buf text = SST_BUF_INIT;
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sst_buf_clear(&text);
		json = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		cli_value_text(json, &text);
		ck_assert_str_eq(text.data, rows[i].want);
		json_decref(json);
	}
	sst_buf_clear(&text);
	cli_value_text(NULL, &text);
	ck_assert_str_eq(text.data, "-");
	sst_buf_fini(&text);
}
END_TEST

START_TEST(values_of_changes)
{
	static const struct {
		const char *json, *want;
	} rows[] = {{"null", "null"}, {"\"busy\"", "busy"},
	    {"\"null\"", "\"null\""}, {"\"12\"", "\"12\""}, {"12", "12"},
	    {"\"two words\"", "\"two words\""}, {"\"\"", "\"\""},
	    {"\"a\\u001bb\"", "ab"}};
	struct sst_buf text = SST_BUF_INIT;
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sst_buf_clear(&text);
		json = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		watch_value_text(json, &text);
		ck_assert_str_eq(text.data, rows[i].want);
		json_decref(json);
	}
	sst_buf_clear(&text);
	watch_value_text(NULL, &text);
	ck_assert_str_eq(text.data, "(absent)");
	sst_buf_fini(&text);
}
END_TEST

START_TEST(seconds)
{
	static const struct {
		double in;
		const char *want;
	} rows[] = {{0, "0ms"}, {0.0126, "13ms"}, {12.34, "12.3s"},
	    {250, "4m10s"}, {7500, "2h05m"}, {273600, "3d04h"}, {-1, "0ms"},
	    {1e300, "11574074d01h"}};
	char text[32];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cli_seconds_text(rows[i].in, text);
		ck_assert_str_eq(text, rows[i].want);
	}
}
END_TEST

/* What the server sends as text has no power over the terminal. */
START_TEST(the_text_of_a_diff_in_colour)
{
	static const char text[] = "revision 1 -> 2: 1 changed\nagents: 1\n"
				   "  ~ a-1  x: 1 -> 2\n    - t  gone\033[2J\n"
				   "      + no mark: 1\n";
	struct cli_out out;

	out_init(&out, 0);
	cli_out_diff_text(&out, text, sizeof(text) - 1);
	ck_assert_ptr_null(strchr(out.pending.data, '\033'));
	sst_buf_clear(&out.pending);
	out.colour = true;
	cli_out_diff_text(&out, text, sizeof(text) - 1);
	ck_assert_str_eq(out.pending.data,
	    "revision 1 -> 2: 1 changed\nagents: 1\n"
	    "  \033[33m~ a-1\033[0m  x: 1 -> 2\n"
	    "    \033[31m- t\033[0m  gone[2J\n"
	    "      + no mark: 1\n");
	cli_out_fini(&out);
}
END_TEST

struct operand_case {
	const char *word;
	int code;
	bool file;
	const char *text; /* part of the error */
};

static const struct operand_case operand_cases[] = {
    {"-", SST_OK, true, NULL},
    {"a.json", SST_OK, true, NULL},
    {"./41", SST_OK, true, NULL},
    {"./none", SST_OK, true, NULL},
    {"42", SST_OK, false, NULL},
    {"0f3a55d200c4e1b7:42", SST_OK, false, NULL},
    {"-16m", SST_OK, false, NULL},
    {"@6", SST_OK, false, NULL},
    {"2026-01-01T00:00:01Z", SST_OK, false, NULL},
    {"41", SST_INVALID, false, "write ./41 for the file or EPOCH:41"},
    {"now", SST_INVALID, false, "write ./now for the file or -0s"},
    {"-15m", SST_INVALID, false, "./-15m for the file or -900000ms"},
    {"@5", SST_INVALID, false, "or 1970-01-01T00:00:05.000Z for the moment"},
    {"2026-01-01T00:00:00Z", SST_INVALID, false, "or @1767225600 for"},
    {"none", SST_INVALID, false, "no such file, and no moment"},
    {"1.5", SST_INVALID, false, "a moment is a revision (41), EPOCH:"},
};

START_TEST(operands_are_told_apart)
{
	static const char *const files[] = {
	    "41", "now", "-15m", "a.json", "2026-01-01T00:00:00Z", "@5"};
	const struct operand_case *c = &operand_cases[_i];
	bool file = false;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_file(files[i], "{}");
	ck_assert_int_eq(cli_operand_is_file(c->word, &file, &err), c->code);
	if (c->code == SST_OK)
		ck_assert_int_eq(file, c->file);
	else
		ck_assert_msg(
		    strstr(err.text, c->text) != NULL, "%s", err.text);
}
END_TEST

START_TEST(keys)
{
	static const struct {
		const char *in, *canonical, *plain;
	} rows[] = {
	    {"mock/agent.tasks", "mock/agent.tasks", "mock/agent.tasks"},
	    {"a b/\xc3\xa9", "a%20b/%C3%A9", "a b/\xc3\xa9"},
	    {"a%2fb", "a%2Fb", "a/b"},
	    {"50%", "50%25", "50%"},
	    {"%zz%4", "%25zz%254", "%zz%4"},
	    {"%41", "A", "A"},
	};
	struct sst_buf text = SST_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sst_buf_clear(&text);
		cli_key_canonical(rows[i].in, &text);
		ck_assert_str_eq(text.data, rows[i].canonical);
		sst_buf_clear(&text);
		cli_key_plain(rows[i].in, &text);
		ck_assert_str_eq(text.data, rows[i].plain);
	}
	sst_buf_fini(&text);
}
END_TEST

START_TEST(members_in_the_order_of_the_schema)
{
	static const char in[] =
	    "{\"zz\":1,\"agents\":[{\"status\":\"idle\",\"name\":\"a\","
	    "\"activity\":{\"updated_at\":\"t\",\"active_task_ids\":[]}}],"
	    "\"revision\":2,\"id\":\"s\",\"queues\":{\"k\":{\"system\":\"m\","
	    "\"name\":\"q\"}},\"litellm\":null}";
	static const char want[] =
	    "{\"id\":\"s\",\"revision\":2,\"agents\":[{\"name\":\"a\","
	    "\"activity\":{\"active_task_ids\":[],\"updated_at\":\"t\"},"
	    "\"status\":\"idle\"}],\"queues\":{\"k\":{\"name\":\"q\","
	    "\"system\":\"m\"}},\"litellm\":null,\"zz\":1}";
	struct sst_shape *shape = NULL;
	struct sst_buf out = SST_BUF_INIT;
	json_t *json = json_loads(in, 0, NULL);

	ck_assert_int_eq(cli_shape_new(&shape, &err), SST_OK);
	cli_encode_ordered(shape, json, &out);
	ck_assert_str_eq(out.data, want);
	sst_buf_fini(&out);
	sst_shape_free(&shape);
	json_decref(json);
}
END_TEST

START_TEST(files)
{
	struct sst_buf bytes = SST_BUF_INIT;
	json_t *json = NULL;
	int fd;

	write_file("a.json", "{\n \"a\": 1,\n \"a\": 2\n}");
	ck_assert_int_eq(cli_input_read("a.json", &bytes, &err), SST_OK);
	ck_assert_uint_eq(bytes.len, strlen(bytes.data));
	ck_assert_int_eq(cli_input_json("a.json", &json, &err), SST_SYNTAX);
	ck_assert_ptr_nonnull(strstr(err.text, "a.json: line 3, "));
	write_file("a.json", "");
	ck_assert_int_eq(cli_input_read("a.json", &bytes, &err), SST_IO);
	ck_assert_str_eq(err.text, "a.json: it is empty");
	ck_assert_int_eq(cli_input_read("none", &bytes, &err), SST_IO);
	ck_assert_str_eq(err.text, "none: No such file or directory");
	ck_assert_int_eq(cli_input_read(".", &bytes, &err), SST_IO);
	ck_assert_str_eq(err.text, ".: Is a directory");
	/* a hole of 1 GiB: refused before it is read */
	fd = open("big", O_CREAT | O_WRONLY, 0600);
	ck_assert_int_eq(ftruncate(fd, 1024 * 1024 * 1024), 0);
	close(fd);
	ck_assert_int_eq(cli_input_read("big", &bytes, &err), SST_TOO_LARGE);
	ck_assert_str_eq(err.text, "big: it has 1073741824 bytes; a document "
				   "may have at most 256 MiB");
	sst_buf_fini(&bytes);
}
END_TEST

START_TEST(output_that_fails)
{
	struct cli_out out;
	char block[200];
	int i;

	memset(block, 'x', sizeof(block));
	out_init(&out, 0);
	out.fd = open("/dev/full", O_WRONLY);
	ck_assert_int_ge(out.fd, 0);
	cli_out_adds(&out, "a");
	ck_assert(!cli_out_broken(&out));
	ck_assert(!cli_out_flush(&out));
	ck_assert_int_eq(out.error, ENOSPC);
	/* what follows takes no memory */
	for (i = 0; i < 10000; i++)
		cli_out_add(&out, block, sizeof(block));
	ck_assert_uint_eq(out.pending.len, 0);
	ck_assert_int_eq(out.error, ENOSPC);
	close(out.fd);
	cli_out_fini(&out);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, events_from_pieces, 0,
	    sizeof(sse_cases) / sizeof(sse_cases[0]));
	tcase_add_test(tc, events_have_bounds);
	tcase_add_test(tc, a_new_connection_keeps_the_id);
	tcase_add_test(tc, tables_are_aligned);
	tcase_add_test(tc, the_last_column_is_cut);
	tcase_add_test(tc, colour_is_outside_of_the_padding);
	tcase_add_test(tc, values_in_cells);
	tcase_add_test(tc, values_of_changes);
	tcase_add_test(tc, seconds);
	tcase_add_test(tc, the_text_of_a_diff_in_colour);
	tcase_add_loop_test(tc, operands_are_told_apart, 0,
	    sizeof(operand_cases) / sizeof(operand_cases[0]));
	tcase_add_test(tc, keys);
	tcase_add_test(tc, members_in_the_order_of_the_schema);
	tcase_add_test(tc, files);
	tcase_add_test(tc, output_that_fails);
}

int
main(void)
{
	Suite *s = suite_create("cli_parts");
	TCase *tc = tcase_create("cli_parts");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
