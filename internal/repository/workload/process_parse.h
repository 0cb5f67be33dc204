/*
 * The files of /proc as proc(5) describes them: pure functions of bytes. What
 * a process can write itself (its name, its command line) may hold any byte.
 */
#ifndef SST_REPOSITORY_WORKLOAD_PROCESS_PARSE_H
#define SST_REPOSITORY_WORKLOAD_PROCESS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* TASK_COMM_LEN of the kernel is 16; names of kernel threads are longer. */
enum { PROCESS_COMM = 64 };

/* /proc/PID/stat. */
struct process_stat {
	int32_t pid;
	int32_t ppid;            /* 0: none that we may see */
	char comm[PROCESS_COMM]; /* any bytes, ends with NUL */
	char state;              /* 'R', 'S', 'D', 'T', 't', 'Z', 'X', ... */
	bool kernel;             /* a kernel thread */
	uint64_t ticks;          /* user and system time, children's not */
	int64_t threads;
	uint64_t start;      /* in ticks since the system began */
	uint64_t rss_pages;  /* as resident in statm: the same counters */
	uint64_t exec_stack; /* where its stack and arguments began at exec: */
	uint64_t exec_args;  /* 0 when we may not know */
	int exit_code;       /* as wait() gives it; 0 also when not known */
};

/* SST_SYNTAX. */
int process__parse_stat(const char *bytes, size_t len, struct process_stat *out,
    struct sst_error *err);

/* /proc/stat. */
struct process_host {
	int64_t boot_s;     /* when the system began, seconds since 1970 */
	uint64_t cpu_ticks; /* of all processors together, busy or idle */
	unsigned cpu_count; /* 0: not told */
};

/* SST_SYNTAX: no btime in it. */
int process__parse_host(const char *bytes, size_t len, struct process_host *out,
    struct sst_error *err);

/* The effective uid in /proc/PID/status; -1: none there. */
int64_t process__parse_uid(const char *bytes, size_t len);

/* A piece of what was read; borrowed. */
struct process_piece {
	const char *at;
	size_t len;
};

/*
 * The path of the next line of /proc/PID/cgroup; *text moves behind it. False
 * at the end. *systemd_out: it is that of the hierarchy systemd keeps (v2, or
 * name=systemd of v1).
 */
bool process__next_cgroup(struct process_piece *text, struct process_piece *out,
    bool *systemd_out);

/* The last part of the path that ends in .service or .scope; false: none. */
bool process__parse_unit(
    const struct process_piece *path, struct process_piece *out);

/*
 * Appends /proc/PID/cmdline as one line: arguments joined by blanks, without
 * control characters, what is not UTF-8 as U+FFFD. Memory: sst_buf_failed(out).
 */
void process__parse_cmdline(const char *bytes, size_t len, struct sst_buf *out);

/* The first argument. */
struct process_piece process__parse_argv0(const char *bytes, size_t len);

/* A path without what the kernel appends when the file was unlinked. */
struct process_piece process__parse_exe(const char *bytes, size_t len);
/* What follows the last slash. */
struct process_piece process__base_name(struct process_piece path);

/* The uid of that user in /etc/passwd; -1: not there. */
int64_t
process__parse_passwd(const char *bytes, size_t len, const char *user);

/* A decimal number of a process or user, without sign and leading zeros; -1:
 * it is none. */
int64_t process__parse_id(const char *text);

#endif
