/* The connection to a real nats-server behind a network that misbehaves, and
 * users that may not do everything. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nats_rig.h"
#include "repository/queues/queues.h"
#include "support/suite.h"

static struct nats_rig rig;

static void
setup(void)
{
	nats_rig_init(&rig);
	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, true);
	nats_rig_consumer(&rig, "W", "w", NULL, 3);
	nats_rig_submit(&rig, "W.a", NULL, "x", 1);
}

static void
teardown(void)
{
	nats_rig_fini(&rig);
}

static void
good(void)
{
	nats_rig_collect_whole(&rig);
	ck_assert_str_eq(nats_rig_depth(&rig, "W/w"), "1 0 0 1");
}

struct fault_row {
	struct fault_proxy_fault fault;
	/* One of them; 0 ends. A server that says nothing that can be read is
	 * waited for as long as it waits for us: either may give up first. */
	int codes[5];
};

static const struct fault_row faults[] = {
    {{.kind = FAULT_PROXY_REFUSE}, {SST_UNREACHABLE}},
    {{.kind = FAULT_PROXY_CUT_AT}, {SST_UNREACHABLE}},
    {{.kind = FAULT_PROXY_CUT_AT, .bytes = 40},
	{SST_UNREACHABLE}},
    {{.kind = FAULT_PROXY_RESET_AT, .bytes = 40},
	{SST_UNREACHABLE}},
    {{.kind = FAULT_PROXY_GARBLE},
	{SST_PROTOCOL, SST_TRUNCATED, SST_TIMEOUT, SST_UNREACHABLE}},
    {{.kind = FAULT_PROXY_SAY, .text = "HTTP/1.1 400 Bad Request\r\n\r\n"},
	{SST_PROTOCOL, SST_TRUNCATED, SST_TIMEOUT, SST_UNREACHABLE}},
    {{.kind = FAULT_PROXY_SAY, .text = "-ERR 'maximum connections exceeded'"
				       "\r\n"},
	{SST_PROTOCOL, SST_TRUNCATED, SST_TIMEOUT, SST_UNREACHABLE}},
};

/* While connecting, with a text that is the same each time. */
START_TEST(each_fault_has_its_code)
{
	const struct fault_row *row = &faults[_i];
	struct sst_error first;
	int code, i;

	nats_rig_open(&rig, "");
	fault_proxy_misbehave(rig.proxy, &row->fault);
	code = subject_collect(&rig.subject);
	for (i = 0; row->codes[i] != 0 && row->codes[i] != code; i++)
		;
	ck_assert_msg(row->codes[i] == code && code != SST_OK, "%s: %s",
	    sst_code_name(code), rig.subject.err.text);
	first = rig.subject.err;
	if (row->codes[1] == 0) {
		ck_assert_int_eq(subject_collect(&rig.subject), code);
		ck_assert_str_eq(rig.subject.err.text, first.text);
	}
	fault_proxy_behave(rig.proxy);
	good();
}
END_TEST

/* The same when it was connected already. */
START_TEST(a_connection_that_breaks_is_made_anew)
{
	const struct fault_row *row = &faults[_i];

	nats_rig_open(&rig, "");
	good();
	fault_proxy_misbehave(rig.proxy, &row->fault);
	fault_proxy_drop(rig.proxy);
	ck_assert_int_ne(subject_collect(&rig.subject), SST_OK);
	fault_proxy_behave(rig.proxy);
	/* the one that is broken may be met once more */
	if (subject_collect(&rig.subject) != SST_OK)
		ck_assert_int_ne(rig.subject.err.text[0], '\0');
	good();
}
END_TEST

/* Before a connection, and in the middle of one. */
START_TEST(the_deadline_is_kept)
{
	const struct fault_proxy_fault hold = {.kind = FAULT_PROXY_HOLD};
	size_t asked;

	nats_rig_open(&rig, "");
	if (_i == 1)
		good();
	asked = fault_proxy_asked(rig.proxy);
	fault_proxy_misbehave(rig.proxy, &hold);
	subject_begin(&rig.subject);
	if (_i == 1)
		ck_assert(fault_proxy_wait_asked(rig.proxy, asked));
	fake_clock_advance(&rig.subject.hands, SUBJECT_DEADLINE_MS + 1);
	ck_assert_int_eq(subject_join(&rig.subject), SST_TIMEOUT);
	fault_proxy_behave(rig.proxy);
	fault_proxy_drop(rig.proxy);
	/* what was under way may have failed meanwhile */
	(void)subject_collect(&rig.subject);
	good();
}
END_TEST

START_TEST(an_interrupt_cancels)
{
	const struct fault_proxy_fault hold = {.kind = FAULT_PROXY_HOLD};
	size_t asked;

	nats_rig_open(&rig, "");
	if (_i == 1)
		good();
	asked = fault_proxy_asked(rig.proxy);
	fault_proxy_misbehave(rig.proxy, &hold);
	subject_begin(&rig.subject);
	if (_i == 1)
		ck_assert(fault_proxy_wait_asked(rig.proxy, asked));
	rig.subject.ops->interrupt(rig.subject.state);
	ck_assert_int_eq(subject_join(&rig.subject), SST_CANCELED);
	fault_proxy_behave(rig.proxy);
	(void)subject_collect(&rig.subject);
	good();
}
END_TEST

/* With the proxy's port for PORT. */
static void
open_raw(const char *options)
{
	const char *hole = strstr(options, "PORT");
	char yaml[1024];

	ck_assert_ptr_nonnull(hole);
	snprintf(yaml, sizeof(yaml), "%.*s%u%s", (int)(hole - options),
	    options, fault_proxy_port(rig.proxy), hole + 4);
	ck_assert_msg(subject_open(&rig.subject, yaml) == SST_OK, "%s",
	    rig.subject.err.text);
}

static void
refused(const char *options, int code, const char *text)
{
	int got;

	open_raw(options);
	got = subject_collect(&rig.subject);
	ck_assert_msg(got == code && strstr(rig.subject.err.text, text) != NULL,
	    "%s: %s", sst_code_name(got), rig.subject.err.text);
	ck_assert_ptr_null(strstr(rig.subject.err.text, "wrong-one"));
}

START_TEST(credentials_that_are_wrong)
{
	refused("{url: 'nats://127.0.0.1:PORT', username: ann, "
		"password: wrong-one}",
	    SST_UNAUTHORIZED, "Authorization");
	refused("url: 'nats://127.0.0.1:PORT'", SST_UNAUTHORIZED, "Authorization");
	refused("{url: 'nats://127.0.0.1:PORT', token: wrong-one}",
	    SST_UNAUTHORIZED, "Authorization");
	refused("{url: 'nats://127.0.0.1:PORT', creds: wrong-one}", SST_INVALID,
	    "creds");
	refused("{url: 'nats://127.0.0.1:PORT', username: ann, "
		"password_env: SST_TEST_NOT_SET}",
	    SST_NOT_FOUND, "password");
	refused("{url: 'nats://127.0.0.1:PORT', username: ann, "
		"password_file: /nonexistent/file}",
	    SST_NOT_FOUND, "password");
	refused("{url: 'tls://127.0.0.1:PORT', username: ann, "
		"password: wrong-one}",
	    SST_TLS, "");
	refused("{url: 'nats://127.0.0.1:PORT', username: ann, "
		"password: wrong-one, ca_file: /nonexistent/file}",
	    SST_TLS, "ca_file");
}
END_TEST

/* Read at each connection, so a new one is taken without a restart. */
START_TEST(a_rotated_password_is_read_again)
{
	setenv("SST_TEST_NATS", "wrong-one", 1);
	refused("{url: 'nats://127.0.0.1:PORT', username: ann, "
		"password_env: SST_TEST_NATS}",
	    SST_UNAUTHORIZED, "Authorization");
	setenv("SST_TEST_NATS", "secret-of-ann", 1);
	good();
	unsetenv("SST_TEST_NATS");
}
END_TEST

/* The second one is asked when the first one is down. */
START_TEST(any_of_several_servers_will_do)
{
	open_raw("{url: 'nats://127.0.0.1:1,nats://127.0.0.1:PORT', "
		 "username: ann, password: secret-of-ann}");
	good();
}
END_TEST

START_TEST(a_server_without_jetstream_is_unsupported)
{
	static const char *const argv[] = {
	    "nats-server", "-a", "127.0.0.1", "-p", "{PORT}", NULL};
	struct server plain = {.pid = 0};

	ck_assert(server_start(&plain, argv));
	fault_proxy_lead(rig.proxy, plain.port);
	refused("{url: 'nats://127.0.0.1:PORT'}", SST_UNSUPPORTED, "JetStream");
	server_end(&plain);
}
END_TEST

static void
add_tests(TCase *tc)
{
	const int count = (int)(sizeof(faults) / sizeof(faults[0]));

	tcase_add_loop_test(tc, each_fault_has_its_code, 0, count);
	/* those that hang up at once */
	tcase_add_loop_test(
	    tc, a_connection_that_breaks_is_made_anew, 0, 4);
	tcase_add_loop_test(tc, the_deadline_is_kept, 0, 2);
	tcase_add_loop_test(tc, an_interrupt_cancels, 0, 2);
	tcase_add_test(tc, credentials_that_are_wrong);
	tcase_add_test(tc, a_rotated_password_is_read_again);
	tcase_add_test(tc, any_of_several_servers_will_do);
	tcase_add_test(tc, a_server_without_jetstream_is_unsupported);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "nats_faults", add_tests, setup, teardown, 100};

	if (!nats_rig_there())
		return EXIT_SUCCESS;
	return suite_run(&plan);
}
