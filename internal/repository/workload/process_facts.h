/*
 * What rules ask of one process, read when it is first asked: most processes
 * are told apart by the first condition. Command lines may hold secrets: they
 * live here only, while a rule looks at them, and go nowhere else.
 */
#ifndef SST_REPOSITORY_WORKLOAD_PROCESS_FACTS_H
#define SST_REPOSITORY_WORKLOAD_PROCESS_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "repository/workload/process_parse.h"

/* Java puts what tells its processes apart behind 10 KB of class path; a
 * command line may have 2 MB. What is behind this bound is not looked at. */
enum { PROCESS_CMDLINE_MAX = 64 * 1024 };

struct process_fact {
	bool read;
	int code; /* SST_OK, SST_GONE, SST_FORBIDDEN, SST_IO */
	struct sst_buf text;
};

/* Zero it before first use; one thread. */
struct process_facts {
	int fd; /* of /proc */
	int32_t pid;
	const char *comm;
	/* SST_NOMEM, SST_LIMIT (descriptors): we are in trouble, and what was
	 * answered is worth nothing; else SST_OK */
	int trouble;

	int64_t uid; /* -1: not known */
	bool uid_read;
	int uid_code;
	struct process_fact cgroup;  /* as it is */
	struct process_fact cmdline; /* as it is */
	struct process_fact line;    /* the same as one line of text */
	struct process_fact exe;     /* path of the program */
	struct sst_buf scratch;
};

/* The next process. comm is borrowed. */
void process__facts_begin(
    struct process_facts *facts, int fd, int32_t pid, const char *comm);
void process__facts_fini(struct process_facts *facts);
/* Their trouble, with its text. */
int process__facts_check(
    const struct process_facts *facts, struct sst_error *err);

/* SST_OK and the user it acts as, or why that is not known. */
int process__facts_uid(struct process_facts *facts, int64_t *out);
/* Borrowed until the next process. */
const struct process_fact *process__facts_cgroup(struct process_facts *facts);
const struct process_fact *process__facts_cmdline(struct process_facts *facts);
const struct process_fact *process__facts_line(struct process_facts *facts);
const struct process_fact *process__facts_exe(struct process_facts *facts);

/*
 * Name of its program for people: of the executable where we may see it, else
 * what it calls itself. Cleaned; in the buffer given, in place of its content.
 */
void
process__facts_program(struct process_facts *facts, struct sst_buf *out);

#endif
