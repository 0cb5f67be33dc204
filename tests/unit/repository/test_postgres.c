/*
 * The client of PostgreSQL without any source. Ways to fail: credentials in a
 * url or in an error, a wrong password that looks like a dead server, a server
 * that is none, a connection that was closed while it was kept, a session that
 * remembers something, a time that is none.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/postgres/postgres.h"
#include "test_postgres_support.h"

static struct sst_postgres *client;
static struct sst_postgres_settings settings;
static struct sst_error err;
static char url[128];
static char text[4096];

static void
settings_reset(void)
{
	memset(&settings, 0, sizeof(settings));
	snprintf(url, sizeof(url), "postgresql://127.0.0.1:%u/t",
	    (unsigned)pg_server.port);
	settings.url = url;
}

static void
setup(void)
{
	static char postgres[] = "postgres";

	pg_fresh();
	settings_reset();
	settings.username = postgres;
	client = NULL;
}

static void
teardown(void)
{
	sst_postgres_free(&client);
}

static void
client_make(void)
{
	ck_assert_msg(sst_postgres_new(
			  &settings, sst_clock_real(), &client, &err) == SST_OK,
	    "%s", err.text);
}

static int
client_begin(void)
{
	return sst_postgres_begin(client,
	    sst_mono_add_ms(sst_clock_mono(sst_clock_real()), 30000), NULL,
	    &err);
}

/* Values of all rows, with a blank behind each. */
static int
on_row(void *ctx, const struct sst_postgres_value *values, size_t count,
    struct sst_error *e)
{
	size_t i, len;

	(void)ctx;
	(void)e;
	for (i = 0; i < count; i++) {
		len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s ",
		    values[i].data != NULL ? values[i].data : "null");
	}
	return SST_OK;
}

static int
ask(const char *sql)
{
	struct sst_postgres_query query = {.sql = sql, .on_row = on_row};

	text[0] = '\0';
	return sst_postgres_run(client, &query, &err);
}

static void
asked(const char *sql, const char *want)
{
	ck_assert_msg(ask(sql) == SST_OK, "%s", err.text);
	ck_assert_str_eq(text, want);
}

START_TEST(urls)
{
	static const char *const good[] = {
	    "postgresql://127.0.0.1/a",
	    "postgres://localhost:5432/a",
	    "postgresql://[::1]:5432/a",
	    "postgresql://a,b:5433/db?target_session_attrs=any",
	    "postgresql:///db?host=/var/run/postgresql",
	    "postgresql://%2Fvar%2Frun%2Fpostgresql/db",
	};
	static const char *const bad[] = {"", "nowhere", "http://127.0.0.1/a",
	    "postgresql://", "postgresql://h", "postgresql://h/",
	    "postgresql://u@h/a", "postgresql://u:p@h/a",
	    "postgresql://h/a?user=u", "postgresql://h/a?password=p",
	    "postgresql://h/a?sslmode=disable", "postgresql://h/a?options=-c",
	    "postgresql://h/a?service=x", "postgresql://h/a?no=1",
	    "postgresql://h/%zz", "host=h dbname=a", "postgresql://h:/a?x"};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(sst_postgres_valid_url(good[i]), "%s", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!sst_postgres_valid_url(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(times)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
	    {"2026-11-21 02:29:44.782026+00", INT64_C(1795228184782)},
	    {"2026-11-21 02:29:44+00", INT64_C(1795228184000)},
	    {"2026-11-21 02:29:44", INT64_C(1795228184000)},
	    {"2026-11-21", INT64_C(1795219200000)},
	};
	static const char *const bad[] = {"", "infinity", "-infinity", "2026",
	    "4714-11-24 00:00:00+00 BC", "294276-12-31 23:59:59+00",
	    "2026-11-21 02:29:44+05:30x", "2026-13-01", "abcdefghij",
	    "2026-11-21 02:29:44.7820260000000000000000000000000000000+00"};
	struct sst_wall at;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert(
		    sst_postgres_time(good[i].text, strlen(good[i].text), &at));
		ck_assert_int_eq(at.ms, good[i].ms);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!sst_postgres_time(bad[i], strlen(bad[i]), &at),
		    "%s", bad[i]);
}
END_TEST

START_TEST(a_transaction_reads_and_leaves_nothing)
{
	client_make();
	ck_assert_msg(client_begin() == SST_OK, "%s", err.text);
	asked("SELECT 1,NULL,'x y'", "1 null x y ");
	asked("SHOW transaction_read_only", "on ");
	asked("SHOW transaction_isolation", "repeatable read ");
	asked("SHOW TimeZone", "UTC ");
	asked("SHOW jit", "off ");
	asked("SHOW client_connection_check_interval", "1s ");
	asked("SELECT current_setting('statement_timeout')<>'0',"
	      "current_setting('lock_timeout')='1s',"
	      "current_setting('idle_in_transaction_session_timeout')<>'0'",
	    "t t t ");
	asked("SHOW application_name", "systate ");
	ck_assert_int_eq(sst_postgres_version(client) / 10000 >= 10, 1);
	ck_assert_int_eq(sst_postgres_end(client, &err), SST_OK);
	/* as a pooler hands it to somebody else */
	ck_assert_int_eq(pg_number("SELECT count(*) FROM pg_stat_activity "
				   "WHERE application_name='systate' AND "
				   "state='idle'"),
	    1);
}
END_TEST

START_TEST(nothing_can_be_written)
{
	static const char *const writes[] = {"CREATE TABLE x(a int)",
	    "SELECT * INTO x FROM pg_class", "DELETE FROM keep",
	    "SELECT * FROM keep FOR UPDATE", "SELECT nextval('s')", "VACUUM",
	    "SET ROLE nobody; SELECT 1"};

	pg_run("CREATE TABLE keep(a int); CREATE SEQUENCE s");
	client_make();
	ck_assert_int_eq(client_begin(), SST_OK);
	ck_assert_int_lt(ask(writes[_i]), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "/t: "));
	ck_assert_int_eq(pg_number("SELECT count(*) FROM pg_class WHERE "
				   "relname='x'"),
	    0);
}
END_TEST

static char variable[] = "SST_TEST_PG";
static char wrong[] = "MARK-wrong", reader[] = "reader", nobody[] = "ghost";

START_TEST(who_may_not_come_in)
{
	static const struct {
		char *user, *password;
		int code;
		const char *says;
	} cases[] = {
	    {reader, wrong, SST_UNAUTHORIZED, "password authentication failed"},
	    {reader, NULL, SST_UNAUTHORIZED, "no password supplied"},
	    {nobody, wrong, SST_UNAUTHORIZED, "password authentication failed"},
	};

	settings.username = cases[_i].user;
	settings.password.value = cases[_i].password;
	client_make();
	ck_assert_msg(client_begin() == cases[_i].code, "%s", err.text);
	ck_assert_msg(strstr(err.text, cases[_i].says) != NULL, "%s", err.text);
	ck_assert_ptr_null(strstr(err.text, "MARK"));
}
END_TEST

START_TEST(a_password_is_read_again)
{
	settings.username = reader;
	settings.password.env = variable;
	setenv("SST_TEST_PG", "wrong", 1);
	client_make();
	ck_assert_int_eq(client_begin(), SST_UNAUTHORIZED);
	setenv("SST_TEST_PG", "reader", 1);
	ck_assert_msg(client_begin() == SST_OK, "%s", err.text);
	unsetenv("SST_TEST_PG");
}
END_TEST

START_TEST(where_there_is_nothing)
{
	snprintf(url, sizeof(url), "postgresql://127.0.0.1:%u/nowhere",
	    (unsigned)pg_server.port);
	client_make();
	ck_assert_int_eq(client_begin(), SST_NOT_FOUND);
	ck_assert_msg(
	    strstr(err.text, "does not exist") != NULL, "%s", err.text);
	sst_postgres_free(&client);
	snprintf(url, sizeof(url), "postgresql://127.0.0.1:%u/t",
	    (unsigned)server_free_port());
	client_make();
	ck_assert_int_eq(client_begin(), SST_UNREACHABLE);
	ck_assert_msg(
	    strstr(err.text, "Connection refused") != NULL, "%s", err.text);
	sst_postgres_free(&client);
	snprintf(url, sizeof(url), "postgresql://nowhere.invalid/t");
	client_make();
	ck_assert_int_eq(client_begin(), SST_UNREACHABLE);
}
END_TEST

/* The server of the test has no certificate. */
START_TEST(tls_that_is_asked_for_is_not_done_without)
{
	settings.sslmode = 2;
	client_make();
	ck_assert_int_eq(client_begin(), SST_TLS);
	ck_assert_msg(strstr(err.text, "SSL") != NULL, "%s", err.text);
	sst_postgres_free(&client);
	settings.sslmode = 1;
	client_make();
	ck_assert_int_eq(client_begin(), SST_OK);
}
END_TEST

START_TEST(options_that_do_not_go_together)
{
	static char file[] = "/nowhere";

	settings.sslmode = 4;
	ck_assert_int_eq(
	    sst_postgres_new(&settings, sst_clock_real(), &client, &err),
	    SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "ca_file"));
	settings.sslmode = 1;
	settings.key_file = file;
	ck_assert_int_eq(
	    sst_postgres_new(&settings, sst_clock_real(), &client, &err),
	    SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "cert_file"));
	settings.key_file = NULL;
	settings.username = NULL;
	ck_assert_int_eq(
	    sst_postgres_new(&settings, sst_clock_real(), &client, &err),
	    SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "username"));
}
END_TEST

START_TEST(a_kept_connection_that_was_closed)
{
	client_make();
	ck_assert_int_eq(client_begin(), SST_OK);
	ck_assert_int_eq(sst_postgres_end(client, &err), SST_OK);
	if (_i == 0)
		pg_run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
		       "WHERE application_name='systate'");
	else
		pg_restart();
	ck_assert_msg(client_begin() == SST_OK, "%s", err.text);
	asked("SELECT 7", "7 ");
}
END_TEST

/* What failed does not stay in the session. */
START_TEST(after_a_failure_it_begins_anew)
{
	client_make();
	ck_assert_int_eq(client_begin(), SST_OK);
	ck_assert_int_eq(ask("SELECT * FROM nowhere"), SST_NOT_FOUND);
	ck_assert_int_eq(client_begin(), SST_OK);
	asked("SELECT 1", "1 ");
	/* one that was left open is not gone on with */
	pg_run("CREATE TABLE late(a int)");
	ck_assert_int_eq(client_begin(), SST_OK);
	asked("SELECT count(*) FROM late", "0 ");
}
END_TEST

START_TEST(what_the_server_says_has_a_code)
{
	static const struct {
		const char *sql;
		int code;
	} cases[] = {
	    {"SELECT 1/0", SST_TYPE},
	    {"SELECT 'a'::int", SST_TYPE},
	    {"SELECT nope", SST_NOT_FOUND},
	    {"SELECT nope()", SST_NOT_FOUND},
	    {"SELECT * FROM nope.nope", SST_NOT_FOUND},
	    {"SELEC", SST_INVALID},
	    {"SELECT 1; SELECT 2", SST_INVALID},
	    {"SET LOCAL statement_timeout=1; ", SST_OK},
	    {"SELECT lo_get(1)", SST_NOT_FOUND},
	    {"COPY (SELECT 1) TO STDOUT", SST_UPSTREAM},
	};
	int code;

	client_make();
	ck_assert_int_eq(client_begin(), SST_OK);
	code = ask(cases[_i].sql);
	if (cases[_i].code == SST_UPSTREAM)
		ck_assert_int_lt(code, 0);
	else
		ck_assert_msg(code == cases[_i].code, "%s: %s",
		    sst_code_name(code), err.text);
}
END_TEST

START_TEST(an_interrupt_counts_until_it_is_resumed)
{
	client_make();
	sst_postgres_interrupt(client);
	ck_assert_int_eq(client_begin(), SST_CANCELED);
	sst_postgres_resume(client);
	ck_assert_int_eq(client_begin(), SST_OK);
}
END_TEST

START_TEST(names_and_arrays)
{
	struct sst_buf out = SST_BUF_INIT;

	sst_postgres_add_name(&out, "a\"b\\c");
	ck_assert_str_eq(out.data, "\"a\"\"b\\c\"");
	sst_buf_clear(&out);
	sst_postgres_add_element(&out, "a\"b\\c,{", 7, true);
	sst_postgres_add_element(&out, "", 0, false);
	ck_assert_str_eq(out.data, "\"a\\\"b\\\\c,{\",\"\"");
	sst_buf_fini(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("postgres");
	TCase *tc = tcase_create("client");
	SRunner *runner;
	int failed;

	if (!pg_start())
		return EXIT_SUCCESS;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, urls);
	tcase_add_test(tc, times);
	tcase_add_test(tc, a_transaction_reads_and_leaves_nothing);
	tcase_add_loop_test(tc, nothing_can_be_written, 0, 7);
	tcase_add_loop_test(tc, who_may_not_come_in, 0, 3);
	tcase_add_test(tc, a_password_is_read_again);
	tcase_add_test(tc, where_there_is_nothing);
	tcase_add_test(tc, tls_that_is_asked_for_is_not_done_without);
	tcase_add_test(tc, options_that_do_not_go_together);
	tcase_add_loop_test(tc, a_kept_connection_that_was_closed, 0, 2);
	tcase_add_test(tc, after_a_failure_it_begins_anew);
	tcase_add_loop_test(tc, what_the_server_says_has_a_code, 0, 10);
	tcase_add_test(tc, an_interrupt_counts_until_it_is_resumed);
	tcase_add_test(tc, names_and_arrays);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	pg_stop();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
