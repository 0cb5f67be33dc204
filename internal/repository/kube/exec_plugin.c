/*
 * Runs a credential plugin in a process group of its own, so that what it
 * started goes with it when time is up. It inherits our environment and
 * nothing else: /dev/null, two pipes, no other descriptor.
 */
#include "repository/kube/exec_plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "repository/kube/kube_priv.h"

enum {
	/* kubectl has no limit; cloud plugins take one to five seconds. */
	PLUGIN_TIME_MS = 30000,
	PLUGIN_POLL_MS = 50, /* looks at the clock and at `canceled` */
	PLUGIN_OUTPUT_MAX = 256 * 1024,
	PLUGIN_COMPLAINT_MAX = 1024, /* of standard error; the rest is read */
	PLUGIN_COMPLAINT_CHARS = 200,
	PLUGIN_PATH_MAX = 4096
};

enum { PLUGIN_OUT, PLUGIN_ERR, PLUGIN_END, PLUGIN_FDS };

struct plugin {
	const struct kube_plugin_call *call;
	char path[PLUGIN_PATH_MAX];
	char *info; /* "KUBERNETES_EXEC_INFO={...}" */
	const char **argv, **envp;
	int out[2], err[2]; /* pipes; -1: closed */
	pid_t pid;          /* 0: not running */
	int pidfd;          /* -1: none; it is only a wish */
	int status;         /* of waitpid */
	struct sst_buf output;
	char complaint[PLUGIN_COMPLAINT_MAX];
	size_t complaint_len;
};

static void
plugin_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
plugin_init(struct plugin *p, const struct kube_plugin_call *call)
{
	memset(p, 0, sizeof(*p));
	p->call = call;
	p->out[0] = p->out[1] = p->err[0] = p->err[1] = p->pidfd = -1;
}

static void
plugin_fini(struct plugin *p)
{
	plugin_close(&p->out[0]);
	plugin_close(&p->out[1]);
	plugin_close(&p->err[0]);
	plugin_close(&p->err[1]);
	plugin_close(&p->pidfd);
	kube__wipe(&p->info);
	free(p->argv);
	free(p->envp);
	if (p->output.data != NULL)
		explicit_bzero(p->output.data, p->output.len);
	sst_buf_fini(&p->output);
}

/* Puts the plugin's name before the text that is there. */
static int
plugin_prefix(const struct plugin *p, struct sst_error *err)
{
	return sst_error_prefix(
	    err, "credential plugin %.200s", p->call->config->exec->command);
}

/* It cannot be started: the hint says where it is to be had. */
static int
plugin_absent(const struct plugin *p, const char *why, struct sst_error *err)
{
	const char *hint = p->call->config->exec->install_hint;
	struct sst_buf text = SST_BUF_INIT;

	if (hint != NULL &&
	    !sst_text_safe(hint, strlen(hint), PLUGIN_COMPLAINT_CHARS, &text))
		sst_buf_clear(&text);
	sst_error_set(err, SST_UNAUTHORIZED, "%s%s%s", why,
	    text.len > 0 ? "; " : "", text.len > 0 ? text.data : "");
	sst_buf_fini(&text);
	plugin_prefix(p, err);
	return SST_UNAUTHORIZED;
}

/* A name without a slash is looked for in PATH, never in the working folder. */
static int
plugin_find(struct plugin *p, struct sst_error *err)
{
	const char *name = p->call->config->exec->command;
	const char *dirs = getenv("PATH");
	size_t len, room = sizeof(p->path);

	if (strchr(name, '/') != NULL) {
		if ((size_t)snprintf(p->path, room, "%s", name) >= room)
			return plugin_absent(p, "its path is too long", err);
		return SST_OK;
	}
	while (dirs != NULL && *dirs != '\0') {
		len = strcspn(dirs, ":");
		if (dirs[0] == '/' && len + strlen(name) + 2 <= room) {
			snprintf(p->path, room, "%.*s/%s", (int)len, dirs,
			    name);
			if (access(p->path, X_OK) == 0)
				return SST_OK;
		}
		dirs += len;
		dirs += *dirs == ':';
	}
	return plugin_absent(p, "not found in PATH", err);
}

static size_t
plugin_count(char *const *list)
{
	size_t count = 0;

	while (list != NULL && list[count] != NULL)
		count++;
	return count;
}

/* The name of line is set again by one of those in list. */
static bool
plugin_overridden(const char *line, char *const *list)
{
	size_t len = strcspn(line, "=") + 1, i;

	if (strncmp(line, "KUBERNETES_EXEC_INFO=", len) == 0)
		return true;
	for (i = 0; list != NULL && list[i] != NULL; i++) {
		if (strncmp(line, list[i], len) == 0)
			return true;
	}
	return false;
}

static int
plugin_environment(struct plugin *p, struct sst_error *err)
{
	char *const *more = p->call->config->exec->env;
	size_t count = 0, i;
	struct sst_buf info = SST_BUF_INIT;
	char *json = NULL;
	int code = kube__plugin_info(p->call, &json, err);

	if (code != SST_OK)
		return code;
	sst_buf_addf(&info, "KUBERNETES_EXEC_INFO=%s", json);
	kube__wipe(&json);
	if (sst_buf_failed(&info)) {
		sst_buf_fini(&info);
		return sst_error_nomem(err);
	}
	p->info = sst_buf_take(&info, NULL);
	p->envp = calloc(
	    plugin_count(environ) + plugin_count(more) + 2, sizeof(*p->envp));
	if (p->envp == NULL)
		return sst_error_nomem(err);
	for (i = 0; environ != NULL && environ[i] != NULL; i++) {
		if (!plugin_overridden(environ[i], more))
			p->envp[count++] = environ[i];
	}
	for (i = 0; more != NULL && more[i] != NULL; i++)
		p->envp[count++] = more[i];
	p->envp[count] = p->info;
	return SST_OK;
}

static int
plugin_arguments(struct plugin *p, struct sst_error *err)
{
	const struct sst_kube_exec *e = p->call->config->exec;
	size_t count = plugin_count(e->args), i;

	p->argv = calloc(count + 2, sizeof(*p->argv));
	if (p->argv == NULL ||
	    !sst_buf_reserve(&p->output, PLUGIN_OUTPUT_MAX))
		return sst_error_nomem(err);
	p->argv[0] = e->command;
	for (i = 0; i < count; i++)
		p->argv[i + 1] = e->args[i];
	return SST_OK;
}

/* The reading ends do not block. */
static int
plugin_pipes(struct plugin *p, struct sst_error *err)
{
	if (pipe2(p->out, O_CLOEXEC) == 0 && pipe2(p->err, O_CLOEXEC) == 0 &&
	    fcntl(p->out[0], F_SETFL, O_NONBLOCK) == 0 &&
	    fcntl(p->err[0], F_SETFL, O_NONBLOCK) == 0)
		return SST_OK;
	sst_error_set(err, SST_IO, "no pipe: %s", strerrordesc_np(errno));
	return plugin_prefix(p, err);
}

static int
plugin_actions(const struct plugin *p, posix_spawn_file_actions_t *actions)
{
	int rc;

	rc = posix_spawn_file_actions_addopen(
	    actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
		    actions, p->out[1], STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
		    actions, p->err[1], STDERR_FILENO);
	/* libraries leave descriptors open in children */
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(
		    actions, STDERR_FILENO + 1);
	return rc;
}

/* No signal is blocked or ignored in it, as in a shell. */
static int
plugin_attributes(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int rc;

	sigfillset(&all);
	sigemptyset(&none);
	rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
						POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawnattr_setpgroup(attr, 0);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	return rc;
}

static int
plugin_spawn(struct plugin *p)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	/* execve promises not to write to them */
	char *const *argv = (char *const *)(uintptr_t)p->argv;
	char *const *envp = (char *const *)(uintptr_t)p->envp;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return rc;
	}
	rc = plugin_actions(p, &actions);
	if (rc == 0)
		rc = plugin_attributes(&attr);
	if (rc == 0)
		rc = posix_spawn(
		    &p->pid, p->path, &actions, &attr, argv, envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int
plugin_start(struct plugin *p, struct sst_error *err)
{
	const char *why;
	int rc, code = plugin_find(p, err);

	if (code == SST_OK)
		code = plugin_arguments(p, err);
	if (code == SST_OK)
		code = plugin_environment(p, err);
	if (code == SST_OK)
		code = plugin_pipes(p, err);
	if (code != SST_OK)
		return code;
	rc = plugin_spawn(p);
	plugin_close(&p->out[1]);
	plugin_close(&p->err[1]);
	if (rc == ENOMEM)
		return sst_error_nomem(err);
	if (rc != 0) {
		p->pid = 0;
		why = strerrordesc_np(rc);
		return plugin_absent(p, why != NULL ? why : "no start", err);
	}
	p->pidfd = pidfd_open(p->pid, 0);
	return SST_OK;
}

/* Takes what is there; false when it is too much. */
static bool
plugin_read_output(struct plugin *p)
{
	char bytes[4096];
	ssize_t n;

	while (p->out[0] >= 0) {
		n = read(p->out[0], bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			plugin_close(&p->out[0]);
			break;
		}
		if ((size_t)n > PLUGIN_OUTPUT_MAX - p->output.len)
			return false;
		sst_buf_add(&p->output, bytes, (size_t)n);
	}
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

/* Its beginning is kept, the rest only read so that nothing waits. */
static void
plugin_read_complaint(struct plugin *p)
{
	char bytes[4096];
	size_t room;
	ssize_t n;

	while (p->err[0] >= 0) {
		n = read(p->err[0], bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			plugin_close(&p->err[0]);
			return;
		}
		room = sizeof(p->complaint) - p->complaint_len;
		if ((size_t)n < room)
			room = (size_t)n;
		memcpy(p->complaint + p->complaint_len, bytes, room);
		p->complaint_len += room;
	}
}

/* True when it has ended. */
static bool
plugin_reap(struct plugin *p)
{
	pid_t pid;

	do {
		pid = waitpid(p->pid, &p->status, WNOHANG);
	} while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	if (pid < 0)
		p->status = 0; /* somebody else reaped it: see what it said */
	p->pid = 0;
	return true;
}

/* With all that it started. */
static void
plugin_kill(struct plugin *p)
{
	if (p->pid == 0)
		return;
	kill(-p->pid, SIGKILL);
	while (waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
}

static int
plugin_failed(
    const struct plugin *p, int code, const char *why, struct sst_error *err)
{
	sst_error_set(err, code, "%s", why);
	return plugin_prefix(p, err);
}

/* SST_OK: wait on. */
static int
plugin_check(const struct plugin *p, struct sst_mono end, struct sst_error *err)
{
	const struct kube_plugin_call *call = p->call;

	if (call->canceled != NULL && call->canceled(call->ctx))
		return plugin_failed(p, SST_CANCELED, "interrupted", err);
	if (!sst_mono_before(sst_clock_mono(call->clock), end))
		return plugin_failed(
		    p, SST_TIMEOUT, "did not end in time", err);
	return SST_OK;
}

static void
plugin_poll(const struct plugin *p)
{
	struct pollfd fds[PLUGIN_FDS] = {
	    [PLUGIN_OUT] = {.fd = p->out[0], .events = POLLIN},
	    [PLUGIN_ERR] = {.fd = p->err[0], .events = POLLIN},
	    [PLUGIN_END] = {.fd = p->pidfd, .events = POLLIN},
	};

	/* what went wrong here shows in what is read */
	(void)poll(fds, PLUGIN_FDS, PLUGIN_POLL_MS);
}

static int
plugin_wait(struct plugin *p, struct sst_mono end, struct sst_error *err)
{
	bool ended = false;
	int code;

	while (!ended) {
		code = plugin_check(p, end, err);
		if (code != SST_OK)
			return code;
		plugin_poll(p);
		/* before its pipes are read: nothing comes after the end */
		ended = plugin_reap(p);
		plugin_read_complaint(p);
		if (!plugin_read_output(p))
			return plugin_failed(p, SST_UNAUTHORIZED,
			    "prints more than a credential", err);
	}
	return SST_OK;
}

static int
plugin_complain(const struct plugin *p, struct sst_error *err)
{
	struct sst_buf text = SST_BUF_INIT;
	const char *line = p->complaint;
	size_t left = p->complaint_len, len;

	while (left > 0 && strchr(" \t\r\n", *line) != NULL) {
		line++;
		left--;
	}
	for (len = 0; len < left && line[len] != '\n'; len++)
		;
	if (!sst_text_safe(line, len, PLUGIN_COMPLAINT_CHARS, &text))
		sst_buf_clear(&text);
	sst_error_set(err, SST_UNAUTHORIZED, "%s %d%s%s",
	    WIFSIGNALED(p->status) ? "was ended by signal"
				   : "ended with exit status",
	    WIFSIGNALED(p->status) ? WTERMSIG(p->status)
				   : WEXITSTATUS(p->status),
	    text.len > 0 ? ": " : "", text.len > 0 ? text.data : "");
	sst_buf_fini(&text);
	return plugin_prefix(p, err);
}

static int
plugin_result(const struct plugin *p, struct kube_credential *out,
    struct sst_error *err)
{
	int code;

	if (p->status != 0)
		return plugin_complain(p, err);
	code = kube__credential_parse(
	    p->output.data != NULL ? p->output.data : "", p->output.len,
	    p->call->config->exec->api_version, out, err);
	if (code != SST_OK && code != SST_NOMEM)
		plugin_prefix(p, err);
	return code;
}

int
kube__plugin_run(const struct kube_plugin_call *call,
    struct kube_credential *out, struct sst_error *err)
{
	struct sst_mono end =
	    sst_mono_add_ms(sst_clock_mono(call->clock), PLUGIN_TIME_MS);
	struct plugin p;
	int code;

	if (sst_mono_before(call->deadline, end))
		end = call->deadline;
	plugin_init(&p, call);
	code = plugin_check(&p, end, err);
	if (code == SST_OK)
		code = plugin_start(&p, err);
	if (code == SST_OK)
		code = plugin_wait(&p, end, err);
	plugin_kill(&p);
	if (code == SST_OK)
		code = plugin_result(&p, out, err);
	plugin_fini(&p);
	return code;
}
