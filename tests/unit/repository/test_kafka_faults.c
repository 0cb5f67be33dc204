/* The Kafka source and what can go wrong on the way to the brokers, and with
 * its settings. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kafka_rig.h"
#include "repository/queues/queues.h"
#include "support/fault_proxy.h"
#include "support/poll.h"
#include "support/subject.h"
#include "support/suite.h"
#include "support/upstream.h"

static struct subject subject;
/* Takes connections (the system does), and never says a word. */
static int silent;
static char options[512];

/* Listens, or only has a port that nobody listens on. */
static int
loopback(bool listens, unsigned *port)
{
	struct sockaddr_in name = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, len), 0);
	if (listens)
		ck_assert_int_eq(listen(fd, 16), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	*port = ntohs(name.sin_port);
	return fd;
}

static void
setup(void)
{
	silent = -1;
	subject_init(&subject, &sst_kafka_ops);
	subject.env.name = "queues/kafka";
}

static void
teardown(void)
{
	subject_fini(&subject);
	if (silent >= 0)
		close(silent);
}

static void
open_at(unsigned port)
{
	snprintf(options, sizeof(options), "brokers: ['127.0.0.1:%u']", port);
	ck_assert_msg(
	    subject_open(&subject, options) == SST_OK, "%s", subject.err.text);
}

struct wrong {
	const char *options;
	const char *text; /* in the error */
};

static const struct wrong wrongs[] = {
    {"", "brokers"},
    {"brokers: []", "brokers"},
    {"brokers: ['kafka://a:9092']", "HOST[:PORT]"},
    {"brokers: ['user@a:9092']", "HOST[:PORT]"},
    {"brokers: ['a,b']", "HOST[:PORT]"},
    {"brokers: ['a:0']", "HOST[:PORT]"},
    {"brokers: ['a:65536']", "HOST[:PORT]"},
    {"brokers: ['a:']", "HOST[:PORT]"},
    {"brokers: [':9092']", "HOST[:PORT]"},
    {"brokers: ['[::1']", "HOST[:PORT]"},
    {"{brokers: [a], sasl: kerberos}", "sasl"},
    {"{brokers: [a], username: u}", "sasl: missing"},
    {"{brokers: [a], password: p}", "sasl: missing"},
    {"{brokers: [a], sasl: plain}", "username: missing"},
    {"{brokers: [a], sasl: plain, username: u}", "password: missing"},
    {"{brokers: [a], ca_file: c}", "tls: false"},
    {"{brokers: [a], cert_file: c, key: k}", "tls: false"},
    {"{brokers: [a], tls: true, cert_file: c}", "cert_file and key"},
    {"{brokers: [a], tls: true, key: k}", "cert_file and key"},
    {"{brokers: [a], max_tasks_per_queue: -1}", "max_tasks_per_queue"},
    {"{brokers: [a], max_tasks_per_queue: 100001}", "max_tasks_per_queue"},
    {"{brokers: [a], priority_levels: [urgent=critical]}",
	"priority_header: missing"},
    {"{brokers: [a], priority_header: p, priority_levels: [urgent]}",
	"VALUE=LEVEL"},
    {"{brokers: [a], priority_header: p, priority_levels: [a=top]}",
	"VALUE=LEVEL"},
    {"{brokers: [a], id_header: ''}", "id_header"},
    {"{brokers: [a], oldest: sometimes}", "oldest"},
    {"{brokers: [a], nonsense: 1}", "nonsense"},
};

enum { WRONGS = (int)(sizeof(wrongs) / sizeof(wrongs[0])) };

START_TEST(settings_that_are_wrong_are_refused)
{
	const struct wrong *w = &wrongs[_i];

	ck_assert_msg(
	    subject_open(&subject, w->options) < 0, "taken: %s", w->options);
	ck_assert_msg(strstr(subject.err.text, w->text) != NULL, "%s: %s",
	    w->options, subject.err.text);
	/* zeroed memory, and twice */
	subject_close(&subject);
	subject_close(&subject);
}
END_TEST

static const char *const rights[] = {
    "brokers: [a]",
    "brokers: [a, 'b:9092', '10.0.0.1:1', '[::1]:9092', '[::1]', a-b.c_d]",
    "{brokers: [a], tls: true}",
    "{brokers: [a], sasl: scram-sha-512, username: u, password: p}",
    "{brokers: [a], priority_header: p, priority_levels: ['a=b=low', 0=HIGH]}",
};

enum { RIGHTS = (int)(sizeof(rights) / sizeof(rights[0])) };

START_TEST(settings_that_are_right_are_taken)
{
	ck_assert_msg(subject_open(&subject, rights[_i]) == SST_OK, "%s: %s",
	    rights[_i], subject.err.text);
}
END_TEST

START_TEST(who_is_not_there_is_unreachable)
{
	struct sst_error first;
	unsigned port;

	silent = loopback(false, &port);
	open_at(port);
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
	ck_assert_int_eq(subject.err.code, SST_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(subject.err.text, "refused"));
	ck_assert_ptr_nonnull(strstr(subject.err.text, "127.0.0.1"));
	first = subject.err;
	/* the text goes into the document: it does not change */
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
	ck_assert_str_eq(first.text, subject.err.text);
}
END_TEST

/* Each has a reason of its own, and one of them would be told by turns. */
START_TEST(of_several_none_is_reached)
{
	struct sst_error first;
	unsigned port, other;
	int fd = loopback(false, &other);

	silent = loopback(false, &port);
	snprintf(options, sizeof(options),
	    "brokers: ['127.0.0.1:%u', '127.0.0.1:%u']", port, other);
	ck_assert_int_eq(subject_open(&subject, options), SST_OK);
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
	first = subject.err;
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
	ck_assert_str_eq(first.text, subject.err.text);
	close(fd);
}
END_TEST

START_TEST(a_name_that_is_none_is_unreachable)
{
	ck_assert_int_eq(
	    subject_open(&subject, "brokers: ['no-such-host.invalid:9092']"),
	    SST_OK);
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
}
END_TEST

/* Somebody was connected to: the collection is in the middle of it. */
static bool
was_met(int fd)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return false;
	/* kept open until the end of the program: it hangs */
	return true;
}

START_TEST(the_deadline_is_kept)
{
	unsigned port;

	silent = loopback(true, &port);
	open_at(port);
	subject_begin(&subject);
	ck_assert(was_met(silent));
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS + 1);
	ck_assert_int_eq(subject_join(&subject), SST_TIMEOUT);
	ck_assert_int_eq(subject.err.code, SST_TIMEOUT);
}
END_TEST

START_TEST(an_interrupt_cancels)
{
	unsigned port;

	silent = loopback(true, &port);
	open_at(port);
	subject_begin(&subject);
	ck_assert(was_met(silent));
	subject.ops->interrupt(subject.state);
	ck_assert_int_eq(subject_join(&subject), SST_CANCELED);
	/* before one begins: that one, and not the one after it */
	subject.ops->interrupt(subject.state);
	ck_assert_int_eq(subject_collect(&subject), SST_CANCELED);
	subject_begin(&subject);
	ck_assert(POLL_UNTIL(fake_clock_waiting(&subject.hands) > 0));
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS + 1);
	ck_assert_int_eq(subject_join(&subject), SST_TIMEOUT);
}
END_TEST

START_TEST(init_asks_nobody)
{
	struct upstream *up = NULL;

	ck_assert(upstream_start(&up));
	snprintf(options, sizeof(options), "brokers: ['%s']",
	    upstream_url(up) + strlen("http://"));
	ck_assert_int_eq(subject_open(&subject, options), SST_OK);
	ck_assert_uint_eq(upstream_connections(up), 0);
	subject_close(&subject);
	ck_assert_uint_eq(upstream_connections(up), 0);
	upstream_stop(&up);
}
END_TEST

/* A web server, say: what it answers is no Kafka. */
START_TEST(who_speaks_otherwise_is_no_broker)
{
	struct upstream *up = NULL;
	int code;

	ck_assert(upstream_start(&up));
	snprintf(options, sizeof(options), "brokers: ['%s']",
	    upstream_url(up) + strlen("http://"));
	ck_assert_int_eq(subject_open(&subject, options), SST_OK);
	code = subject_collect(&subject);
	ck_assert_msg(code == SST_PROTOCOL, "%s: %s", sst_code_name(code),
	    subject.err.text);
	subject_close(&subject);
	upstream_stop(&up);
}
END_TEST

START_TEST(certificates_that_are_none_are_told)
{
	ck_assert_int_eq(
	    subject_open(&subject, "{brokers: ['127.0.0.1:1'], tls: true,"
				   " ca_file: /nonexistent/ca.pem}"),
	    SST_OK);
	ck_assert_int_eq(subject_collect(&subject), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(subject.err.text, "ca.pem"));
	ck_assert_int_eq(
	    subject_open(&subject, "{brokers: ['127.0.0.1:1'], tls: true,"
				   " cert_file: /nonexistent/c.pem, key:"
				   " sesame-4711}"),
	    SST_OK);
	ck_assert_int_eq(subject_collect(&subject), SST_INVALID);
	ck_assert_ptr_null(strstr(subject.err.text, "sesame"));
	ck_assert_int_eq(
	    subject_open(&subject, "{brokers: ['127.0.0.1:1'], sasl: plain,"
				   " username: u, password_file:"
				   " /nonexistent/password}"),
	    SST_OK);
	ck_assert_int_eq(subject_collect(&subject), SST_NOT_FOUND);
}
END_TEST

static atomic_bool finished;

static void *
collect_main(void *ctx)
{
	struct kafka_rig *r = ctx;

	r->subject.code = subject_collect(&r->subject);
	atomic_store(&finished, true);
	return NULL;
}

static bool
finished_within(int seconds)
{
	time_t end = poll_end(seconds);

	while (!atomic_load(&finished)) {
		if (poll_expired(end))
			return false;
		sched_yield();
	}
	return true;
}

/* The library may leave a question without an answer: then time must go on. */
static int
collect_patiently(struct kafka_rig *r)
{
	pthread_t thread;

	atomic_store(&finished, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, collect_main, r), 0);
	while (!finished_within(4))
		fake_clock_advance(&r->subject.hands, SUBJECT_DEADLINE_MS + 1);
	pthread_join(thread, NULL);
	return r->subject.code;
}

static bool
collects_one(struct kafka_rig *r)
{
	return collect_patiently(r) == SST_OK && r->subject.harvest->count == 1;
}

struct trouble {
	struct fault_proxy_fault fault;
	int code;
};

static const struct trouble troubles[] = {
    {{.kind = FAULT_PROXY_REFUSE}, SST_UNREACHABLE},
    {{.kind = FAULT_PROXY_CUT_AT, .bytes = 0}, SST_UNREACHABLE},
    {{.kind = FAULT_PROXY_CUT_AT, .bytes = 100}, SST_UNREACHABLE},
    {{.kind = FAULT_PROXY_RESET_AT, .bytes = 3}, SST_UNREACHABLE},
    {{.kind = FAULT_PROXY_GARBLE}, SST_PROTOCOL},
    {{.kind = FAULT_PROXY_SAY, .text = "SSH-2.0-OpenSSH_9.2\r\n"},
	SST_PROTOCOL},
    {{.kind = FAULT_PROXY_TRICKLE}, SST_OK},
};

enum { TROUBLES = (int)(sizeof(troubles) / sizeof(troubles[0])) };

/* On the way to the first broker; and when it is over all is well. */
START_TEST(a_bad_way_is_told_and_over_one_day)
{
	const struct trouble *t = &troubles[_i];
	struct fault_proxy *proxy = NULL;
	struct kafka_rig rig;
	const char *port;
	int code;

	rig_init(&rig, 1);
	rig_topic(&rig, "one", 1);
	rig_produce(&rig, "one", 0, 7, NULL);
	rig_commit(&rig, "planner", "one", 0, 3);
	port = strrchr(rd_kafka_mock_cluster_bootstraps(rig.cluster), ':');
	ck_assert(fault_proxy_start(
	    (unsigned short)strtoul(port + 1, NULL, 10), &proxy));
	fault_proxy_misbehave(proxy, &t->fault);
	snprintf(options, sizeof(options),
	    "{brokers: ['127.0.0.1:%u'], groups: [planner]}",
	    (unsigned)fault_proxy_port(proxy));
	ck_assert_int_eq(subject_open(&rig.subject, options), SST_OK);
	code = collect_patiently(&rig);
	ck_assert_msg(code == t->code, "%s, expected %s: %s",
	    sst_code_name(code), sst_code_name(t->code), rig.subject.err.text);
	fault_proxy_behave(proxy);
	/* who lists the groups may be late, and the mock ones then know none */
	ck_assert(POLL_UNTIL(collects_one(&rig)));
	subject_close(&rig.subject);
	fault_proxy_stop(&proxy);
	rig_fini(&rig);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, settings_that_are_wrong_are_refused, 0, WRONGS);
	tcase_add_loop_test(tc, settings_that_are_right_are_taken, 0, RIGHTS);
	tcase_add_test(tc, who_is_not_there_is_unreachable);
	tcase_add_test(tc, of_several_none_is_reached);
	tcase_add_test(tc, a_name_that_is_none_is_unreachable);
	tcase_add_test(tc, the_deadline_is_kept);
	tcase_add_test(tc, an_interrupt_cancels);
	tcase_add_test(tc, init_asks_nobody);
	tcase_add_test(tc, who_speaks_otherwise_is_no_broker);
	tcase_add_loop_test(
	    tc, a_bad_way_is_told_and_over_one_day, 0, TROUBLES);
	tcase_add_test(tc, certificates_that_are_none_are_told);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "kafka faults", add_tests, setup, teardown, 120};

	return suite_run(&plan);
}
