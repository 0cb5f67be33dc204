#include "support/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SERVER_ARGS = 64,
	SERVER_UP_MS = 20000,
	SERVER_DOWN_MS = 15000,
	SERVER_LOOK_MS = 10, /* how often it is asked whether it listens */
	SERVER_PORTS = 3     /* another process may be faster */
};

/* As in ports.py: below those that Linux gives to outgoing connections. While a
 * server is down, or not up yet, nobody's connection may get its port. */
enum { PORT_FIRST = 11000, PORT_COUNT = 21000 };

/* What is made ready before the fork: threads may run in this process. */
struct server_command {
	char path[512], log[256];
	char *argv[SERVER_ARGS + 1];
};

static long long
server_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct sockaddr_in
server_address(unsigned short port)
{
	struct sockaddr_in to = {.sin_family = AF_INET};

	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return to;
}

static bool
server_port_is_free(unsigned short port)
{
	struct sockaddr_in at = server_address(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is;

	if (fd < 0)
		return false;
	is = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
	close(fd);
	return is;
}

unsigned short
server_free_port(void)
{
	static unsigned last; /* 0: none was given yet */
	unsigned tries;

	while (last == 0 && getrandom(&last, sizeof(last), 0) < 0)
		;
	for (tries = 0; tries < PORT_COUNT; tries++) {
		last = PORT_FIRST + (last - PORT_FIRST + 1) % PORT_COUNT;
		if (server_port_is_free((unsigned short)last))
			return (unsigned short)last;
	}
	return 0;
}

/* Servers stand in sbin, which not everybody's PATH names. */
static bool
server_find(const char *program, char *out, size_t size)
{
	const char *path = getenv("PATH"), *end;
	char folders[4096];

	if (strchr(program, '/') != NULL) {
		snprintf(out, size, "%s", program);
		return access(out, X_OK) == 0;
	}
	snprintf(folders, sizeof(folders), "%s:/usr/local/sbin:/usr/sbin",
	    path != NULL ? path : "/usr/bin");
	for (path = folders; *path != '\0'; path = end + (*end != '\0')) {
		end = strchrnul(path, ':');
		snprintf(
		    out, size, "%.*s/%s", (int)(end - path), path, program);
		if (access(out, X_OK) == 0)
			return true;
	}
	return false;
}

bool
server_has(const char *program)
{
	char path[512];

	return server_find(program, path, sizeof(path));
}

/* A copy of arg with {PORT} and {DIR} replaced; NULL when memory ran out. */
static char *
server_expand(const struct server *server, const char *arg)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	if (f == NULL)
		return NULL;
	while (*arg != '\0') {
		if (strncmp(arg, "{PORT}", 6) == 0) {
			fprintf(f, "%u", (unsigned)server->port);
			arg += 6;
		} else if (strncmp(arg, "{DIR}", 5) == 0) {
			fputs(server->folder, f);
			arg += 5;
		} else {
			fputc(*arg++, f);
		}
	}
	fclose(f);
	return out;
}

static void
command_fini(struct server_command *command)
{
	size_t i;

	for (i = 0; command->argv[i] != NULL; i++)
		free(command->argv[i]);
}

static bool
command_init(struct server_command *command, const struct server *server)
{
	size_t i;

	memset(command, 0, sizeof(*command));
	if (!server_find(server->argv[0], command->path, sizeof(command->path)))
		return false;
	snprintf(command->log, sizeof(command->log), "%s/log", server->folder);
	for (i = 0; server->argv[i] != NULL && i < SERVER_ARGS; i++) {
		command->argv[i] = server_expand(server, server->argv[i]);
		if (command->argv[i] == NULL)
			return false;
	}
	return server->argv[i] == NULL;
}

/* In the child; only what may be called after the fork of a threaded process.
 * A group of its own: what it starts is ended with it. */
static void
server_become(const struct server_command *command, const char *folder)
{
	int log, null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	log = open(command->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	null = open("/dev/null", O_RDONLY);
	if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 ||
	    dup2(log, 2) < 0 || chdir(folder) != 0)
		_exit(126);
	close(log);
	close(null);
	execv(command->path, command->argv);
	_exit(127);
}

static bool
server_listens(unsigned short port)
{
	struct sockaddr_in to = server_address(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is;

	if (fd < 0)
		return false;
	is = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
	close(fd);
	return is;
}

/* True when the child has ended by then. */
static bool
server_ended(pid_t pid, int within_ms)
{
	struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	bool ended;

	if (end.fd < 0)
		return true;
	ended = poll(&end, 1, within_ms) > 0;
	close(end.fd);
	return ended;
}

static void
server_print_log(const struct server *server)
{
	char path[256], line[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", server->folder);
	f = fopen(path, "r");
	printf("%s did not come up:\n", server->argv[0]);
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		printf("  %s", line);
	if (f != NULL)
		fclose(f);
}

/* False also when it ended: the port may be somebody else's by now. */
static bool
server_comes_up(const struct server *server)
{
	long long end = server_now_ms() + SERVER_UP_MS;

	while (server_now_ms() < end) {
		if (server->port == 0 || server_listens(server->port))
			return !server_ended(server->pid, 0);
		if (server_ended(server->pid, SERVER_LOOK_MS))
			return false;
	}
	return false;
}

static bool
server_run(struct server *server)
{
	struct server_command command;
	pid_t pid;

	if (!command_init(&command, server)) {
		command_fini(&command);
		return false;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		server_become(&command, server->folder);
	command_fini(&command);
	if (pid < 0)
		return false;
	setpgid(pid, pid);
	server->pid = pid;
	if (server_comes_up(server))
		return true;
	server_stop(server, SIGKILL);
	return false;
}

static bool
server_wants_port(const char *const *argv)
{
	for (; *argv != NULL; argv++) {
		if (strstr(*argv, "{PORT}") != NULL)
			return true;
	}
	return false;
}

bool
server_start(struct server *server, const char *const *argv)
{
	int tries;

	memset(server, 0, sizeof(*server));
	server->argv = argv;
	snprintf(
	    server->folder, sizeof(server->folder), "/tmp/sst-server-XXXXXX");
	if (mkdtemp(server->folder) == NULL) {
		server->folder[0] = '\0';
		return false;
	}
	for (tries = 0; tries < SERVER_PORTS; tries++) {
		if (server_wants_port(argv))
			server->port = server_free_port();
		if (server_run(server))
			return true;
	}
	server_print_log(server);
	server_end(server);
	return false;
}

bool
server_again(struct server *server)
{
	long long end = server_now_ms() + SERVER_UP_MS;

	do {
		if (server_run(server))
			return true;
		poll(NULL, 0, SERVER_LOOK_MS);
	} while (server_now_ms() < end);
	server_print_log(server);
	return false;
}

void
server_stop(struct server *server, int signal)
{
	if (server->pid == 0)
		return;
	kill(server->pid, signal);
	if (!server_ended(server->pid, SERVER_DOWN_MS))
		kill(server->pid, SIGKILL);
	while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
		;
	/* what it left behind */
	kill(-server->pid, SIGKILL);
	server->pid = 0;
}

static int
server_unlink(
    const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
server_end(struct server *server)
{
	server_stop(server, SIGKILL);
	if (server->folder[0] != '\0')
		nftw(server->folder, server_unlink, 16, FTW_DEPTH | FTW_PHYS);
	memset(server, 0, sizeof(*server));
}
