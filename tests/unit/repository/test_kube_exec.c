/*
 * Credential plugins: what they are told, what is made of what they say, and
 * how they are ended. The plugins are shell scripts in a folder of their own.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/kube/exec_plugin.h"
#include "support/fake_clock.h"
#include "support/poll.h"
#include "unit/base/run.h"

#define V1 "client.authentication.k8s.io/v1"
#define SECRET "Zq7marker9"
#define SAY(status)                                                            \
	"printf %s '{\"apiVersion\":\"" V1                                     \
	"\",\"kind\":\"ExecCredential\",\"status\":" status "}'\n"

static char dir[64], command[128]; /* folder, script in it */
static struct fake_clock hands;
static struct sst_kube_exec exec;
static struct sst_kube_config config;
static struct kube_plugin_call call;
static struct kube_credential credential;
static atomic_bool canceled;
static struct sst_error err;

static bool
is_canceled(void *ctx)
{
	(void)ctx;
	return atomic_load(&canceled);
}

static void
in_dir(const char *name, char *out, size_t size)
{
	ck_assert_int_lt(snprintf(out, size, "%s/%s", dir, name), (int)size);
}

static void
setup(void)
{
	char api_version[] = V1;
	static char kept[sizeof(api_version)], server[] = "https://h:6443";

	snprintf(dir, sizeof(dir), "/tmp/systate-exec-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(setenv("OUT", dir, 1), 0);
	memcpy(kept, api_version, sizeof(kept));
	memset(&exec, 0, sizeof(exec));
	memset(&config, 0, sizeof(config));
	memset(&credential, 0, sizeof(credential));
	fake_clock_init(&hands);
	atomic_store(&canceled, false);
	exec.command = command;
	exec.api_version = kept;
	config.exec = &exec;
	config.server = server;
	call = (struct kube_plugin_call){
	    .config = &config,
	    .clock = &hands.clock,
	    .deadline = SST_MONO_NEVER,
	    .canceled = is_canceled,
	};
}

static void
teardown(void)
{
	static const char *const names[] = {"plugin", "seen", "pid", "begun"};
	char path[256];
	size_t i;

	kube__credential_fini(&credential);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		in_dir(names[i], path, sizeof(path));
		(void)unlink(path);
	}
	ck_assert_int_eq(rmdir(dir), 0);
	fake_clock_fini(&hands);
}

/* The command becomes a script with these lines. */
static void
script(const char *lines)
{
	FILE *f;

	in_dir("plugin", command, sizeof(command));
	f = fopen(command, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fprintf(f, "#!/bin/sh\n%s", lines), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(command, 0700), 0);
}

static int
run(void)
{
	kube__credential_fini(&credential);
	sst_error_clear(&err);
	return kube__plugin_run(&call, &credential, &err);
}

/* What a script wrote to $OUT/NAME. */
static void
seen(const char *name, char *out, size_t size)
{
	char path[256];
	size_t len = 0;
	FILE *f;

	in_dir(name, path, sizeof(path));
	f = fopen(path, "re");
	if (f != NULL) {
		len = fread(out, 1, size - 1, f);
		fclose(f);
	}
	out[len] = '\0';
}

START_TEST(a_token)
{
	script(SAY("{\"token\":\"t1\",\"expirationTimestamp\":"
		   "\"2026-01-01T01:00:00Z\"}"));
	ck_assert_msg(run() == SST_OK, "%s", err.text);
	ck_assert_str_eq(credential.token, "t1");
	ck_assert_ptr_null(credential.cert_data);
	ck_assert(credential.expires);
	ck_assert_int_eq(credential.until.ms, INT64_C(1767229200000));
}
END_TEST

/* Arguments, environment, input, descriptors, signals, process group. */
START_TEST(what_a_plugin_gets)
{
	char *args[] = {"a b", "$HOME", NULL};
	char *env[] = {"SST_TEST_MORE=1", "SST_TEST_SET=new", NULL};
	char text[8192], want[512];
	sigset_t blocked, before;
	int leak = open("/dev/null", O_RDONLY);

	ck_assert_int_ge(leak, 0); /* without O_CLOEXEC */
	setenv("SST_TEST_KEPT", "kept", 1);
	setenv("SST_TEST_SET", "old", 1);
	setenv("KUBERNETES_EXEC_INFO", "old", 1);
	sigfillset(&blocked);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	signal(SIGPIPE, SIG_IGN);
	exec.args = args;
	exec.env = env;
	script("exec >\"$OUT/seen\"\n"
	       "echo \"args:$1|$2|$#\"\n"
	       "env | grep -a -e ^SST_TEST -e ^KUBERNETES | sort\n"
	       "echo \"input:$(cat | wc -c)\"\n"
	       "echo \"fds:\" $(cd /proc/$$/fd; for f in *; do readlink $f; "
	       "done | sort)\n"
	       "grep -e SigBlk -e SigIgn /proc/self/status\n"
	       "set -- $(cat /proc/$$/stat)\n"
	       "echo \"group:$(( $5 == $$ ))\"\n"
	       "exit 3\n");
	ck_assert_int_eq(run(), SST_UNAUTHORIZED);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	close(leak);
	seen("seen", text, sizeof(text));
	ck_assert_msg(strstr(text, "args:a b|$HOME|2\n"), "%s", text);
	ck_assert_msg(strstr(text, "SST_TEST_KEPT=kept\nSST_TEST_MORE=1\n"
				   "SST_TEST_SET=new\ninput:0\n"),
	    "%s", text);
	ck_assert_msg(
	    strstr(text, "KUBERNETES_EXEC_INFO={\"kind\":\"ExecCredential\","
			 "\"apiVersion\":\"" V1
			 "\",\"spec\":{\"interactive\":false}}\nSST_TEST"),
	    "%s", text);
	ck_assert_ptr_null(strstr(text, "KUBERNETES_EXEC_INFO=old"));
	/* not the one from above: input, script, output, and two pipes */
	snprintf(want, sizeof(want),
	    "fds: /dev/null %s/plugin %s/seen pipe:", dir, dir);
	ck_assert_msg(strstr(text, want), "%s", text);
	ck_assert_msg(strstr(text, "SigBlk:\t0000000000000000\n"), "%s", text);
	/* two of the C library's own, above 31, do not matter */
	ck_assert_msg(strstr(text, "0000000\ngroup:1\n"), "%s", text);
}
END_TEST

START_TEST(what_it_is_told_of_the_cluster)
{
	char name[] = "n", proxy[] = "http://p:1", more[] = "{\"a\":[1]}";
	char *text = NULL;
	json_t *info, *cluster;

	exec.provide_cluster_info = true;
	exec.cluster_config = more;
	config.tls_server_name = name;
	config.proxy_url = proxy;
	config.disable_compression = true;
	config.insecure = true;
	call.ca_data = "-----BEGIN x\n";
	ck_assert_int_eq(kube__plugin_info(&call, &text, &err), SST_OK);
	info = json_loads(text, 0, NULL);
	free(text);
	cluster = json_object_get(json_object_get(info, "spec"), "cluster");
	text = json_dumps(cluster, JSON_COMPACT | JSON_SORT_KEYS);
	ck_assert_str_eq(text,
	    "{\"certificate-authority-data\":\"LS0tLS1CRUdJTiB4Cg==\","
	    "\"config\":{\"a\":[1]},\"disable-compression\":true,"
	    "\"insecure-skip-tls-verify\":true,\"proxy-url\":\"http://p:1\","
	    "\"server\":\"https://h:6443\",\"tls-server-name\":\"n\"}");
	free(text);
	json_decref(info);
}
END_TEST

START_TEST(a_name_is_looked_for_in_path)
{
	const char *now = getenv("PATH");
	char *path, longer[512], hint[] = "see\tx";

	ck_assert_ptr_nonnull(now);
	path = strdup(now);
	ck_assert_ptr_nonnull(path);
	script(SAY("{\"token\":\"t2\"}"));
	snprintf(longer, sizeof(longer), "/nonexistent:.:%s:%s", dir, path);
	setenv("PATH", longer, 1);
	snprintf(command, sizeof(command), "plugin");
	ck_assert_msg(run() == SST_OK, "%s", err.text);
	ck_assert_str_eq(credential.token, "t2");
	ck_assert(!credential.expires);
	/* never in the working folder */
	ck_assert_int_eq(chdir(dir), 0);
	setenv("PATH", ".::/nonexistent", 1);
	exec.install_hint = hint;
	ck_assert_int_eq(run(), SST_UNAUTHORIZED);
	ck_assert_str_eq(err.text,
	    "credential plugin plugin: not found in PATH; see x");
	ck_assert_int_eq(chdir("/"), 0);
	setenv("PATH", path, 1);
	free(path);
}
END_TEST

START_TEST(what_cannot_be_started)
{
	snprintf(command, sizeof(command), "/nonexistent/plugin");
	ck_assert_int_eq(run(), SST_UNAUTHORIZED);
	ck_assert_str_eq(err.text, "credential plugin /nonexistent/plugin: No "
				   "such file or directory");
	script("exit 0\n");
	ck_assert_int_eq(chmod(command, 0600), 0);
	ck_assert_int_eq(run(), SST_UNAUTHORIZED);
	ck_assert_ptr_nonnull(strstr(err.text, "Permission denied"));
}
END_TEST

static const struct {
	const char *lines, *fault;
} failures[] = {
    {"exit 7\n", "ended with exit status 7"},
    {"printf '\\n \\033[31mno \\tprofile\\r\\nmore\\n' >&2; exit 1\n",
	"ended with exit status 1: [31mno  profile"},
    {"echo 'password=" SECRET "' >&2; exit 1\n",
	"ended with exit status 1: password=[redacted]"},
    {"kill -9 $$\n", "was ended by signal 9"},
    {"echo " SECRET "\n", "it did not print JSON"},
    {"true\n", "it did not print JSON"},
    {"echo '[\"" SECRET "\"]'\n", "it did not print an ExecCredential"},
    {SAY("1"), "it printed no status"},
    {SAY("{\"token\":\"\"}"), "it gave neither a token nor"},
    {SAY("{\"token\":7}"), "it gave neither a token nor"},
    {SAY("{\"token\":\"" SECRET "\\n\"}"), "its token holds a control"},
    {SAY("{\"clientKeyData\":\"" SECRET "\"}"), "certificate without a key"},
    {SAY("{\"clientCertificateData\":\"x\",\"clientKeyData\":\"" SECRET "\"}"),
	"its client certificate is no PEM"},
    {SAY("{\"clientCertificateData\":\"-----BEGIN x\",\"clientKeyData\":"
	 "\"" SECRET "\"}"),
	"its client key is no PEM"},
    {SAY("{\"token\":\"" SECRET "\",\"expirationTimestamp\":\"soon\"}"),
	"its expirationTimestamp is no time"},
    {"echo '{\"apiVersion\":\"" V1 "beta1\",\"kind\":\"ExecCredential\","
     "\"status\":{\"token\":\"" SECRET "\"}}'\n",
	"it is configured for " V1},
    {"head -c 300000 /dev/zero; echo no >&2\n",
	"prints more than a credential"},
};

START_TEST(what_goes_wrong)
{
	char *args[] = {"--client-secret=" SECRET, NULL};
	char *env[] = {"X=" SECRET, NULL};

	exec.args = args;
	exec.env = env;
	script(failures[_i].lines);
	ck_assert_int_eq(run(), SST_UNAUTHORIZED);
	ck_assert_msg(strstr(err.text, failures[_i].fault) != NULL, "%s",
	    err.text);
	ck_assert_int_eq(strncmp(err.text, "credential plugin /tmp/", 23), 0);
	ck_assert_ptr_null(strstr(err.text, SECRET));
	ck_assert_ptr_null(credential.token);
}
END_TEST

START_TEST(much_talk_to_standard_error)
{
	script("yes complaint | head -c 300000 >&2\n" SAY(
	    "{\"clientCertificateData\":\"-----BEGIN c\","
	    "\"clientKeyData\":\"-----BEGIN k\"}"));
	ck_assert_msg(run() == SST_OK, "%s", err.text);
	ck_assert_str_eq(credential.cert_data, "-----BEGIN c");
	ck_assert_str_eq(credential.key_data, "-----BEGIN k");
	ck_assert_ptr_null(credential.token);
}
END_TEST

/* What it leaves behind holds its pipes: that is no reason to wait. */
START_TEST(a_plugin_that_leaves_a_daemon)
{
	char text[128];

	script("(echo >\"$OUT/begun\"; exec cat) <>\"$OUT/pipe\" &\n"
	       "echo $! >\"$OUT/pid\"\n"
	       "until [ -f \"$OUT/begun\" ]; do :; done\n" SAY(
		   "{\"token\":\"t3\"}"));
	in_dir("pipe", text, sizeof(text));
	ck_assert_int_eq(mkfifo(text, 0600), 0);
	ck_assert_msg(run() == SST_OK, "%s", err.text);
	ck_assert_str_eq(credential.token, "t3");
	ck_assert_int_eq(unlink(text), 0);
	seen("pid", text, sizeof(text));
	ck_assert_int_eq(kill((pid_t)strtol(text, NULL, 10), SIGKILL), 0);
}
END_TEST

static void *
run_main(void *ctx)
{
	int *code = ctx;

	*code = run();
	return NULL;
}

/* Gone, or dead and not yet reaped by whoever inherited it. */
static bool
is_dead(long pid)
{
	char path[64], text[256] = "";
	const char *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return true;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	state = strrchr(text, ')');
	return state == NULL || state[2] == 'Z' || state[2] == 'X';
}

/* 0: its own time is up; 1: that of the request; 2: interrupted. */
START_TEST(a_plugin_that_hangs)
{
	char fifo[128], text[128] = "";
	pthread_t thread;
	int code = 1;

	if (_i == 1)
		call.deadline = sst_mono_add_ms(
		    sst_clock_mono(&hands.clock), 5000);
	in_dir("pipe", fifo, sizeof(fifo));
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	script("trap '' TERM INT\ncat <>\"$OUT/pipe\" & echo $! >\"$OUT/seen\"\n"
	       "mv \"$OUT/seen\" \"$OUT/pid\"\nwait\n");
	ck_assert_int_eq(pthread_create(&thread, NULL, run_main, &code), 0);
	ck_assert(POLL_UNTIL((seen("pid", text, sizeof(text)), text[0] != 0)));
	ck_assert_int_eq(pthread_tryjoin_np(thread, NULL), EBUSY);
	if (_i == 2)
		atomic_store(&canceled, true);
	else
		fake_clock_advance(&hands, _i == 0 ? 30000 : 5000);
	pthread_join(thread, NULL);
	ck_assert_int_eq(code, _i == 2 ? SST_CANCELED : SST_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(
	    err.text, _i == 2 ? "interrupted" : "did not end in time"));
	ck_assert(POLL_UNTIL(is_dead(strtol(text, NULL, 10))));
	/* nothing is begun that is to end at once */
	in_dir("pid", text, sizeof(text));
	ck_assert_int_eq(unlink(text), 0);
	if (_i == 2) {
		ck_assert_int_eq(run(), SST_CANCELED);
		ck_assert_int_eq(access(text, F_OK), -1);
	}
	ck_assert_int_eq(unlink(fifo), 0);
}
END_TEST

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

int
main(void)
{
	Suite *s = suite_create("kube_exec");
	TCase *tc = tcase_create("kube_exec");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_token);
	tcase_add_test(tc, what_a_plugin_gets);
	tcase_add_test(tc, what_it_is_told_of_the_cluster);
	tcase_add_test(tc, a_name_is_looked_for_in_path);
	tcase_add_test(tc, what_cannot_be_started);
	tcase_add_loop_test(tc, what_goes_wrong, 0, COUNT(failures));
	tcase_add_test(tc, much_talk_to_standard_error);
	tcase_add_test(tc, a_plugin_that_leaves_a_daemon);
	tcase_add_loop_test(tc, a_plugin_that_hangs, 0, 3);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
