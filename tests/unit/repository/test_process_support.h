/* A tree that looks like /proc, and the process source on it. */
#ifndef SST_TESTS_UNIT_REPOSITORY_TEST_PROCESS_SUPPORT_H
#define SST_TESTS_UNIT_REPOSITORY_TEST_PROCESS_SUPPORT_H

#include <check.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "support/subject.h"

enum { TREE_TICKS = 100, TREE_BOOT_S = 1767000000 };

/* A process; what is 0 or NULL is something usual. */
struct fake {
	int pid;
	int ppid;          /* 1 */
	const char *comm;  /* "python3" */
	const char *args;  /* blanks between arguments; the name */
	char state;        /* 'S' */
	unsigned flags;
	uint64_t ticks;    /* user and system time */
	uint64_t start;    /* 10 s after the system began, and the pid */
	uint64_t rss_mib;  /* 100 */
	int threads;       /* 1 */
	unsigned uid;
	uint64_t exec;     /* where its stack began */
	const char *cgroup; /* all lines; "0::/init.scope\n" */
	const char *exe;   /* target of the link; NULL: there is none */
};

/* Set up by tree_setup, for the test that runs. */
extern struct subject process_subject;
extern json_t *process_tree;

/* Fixture: an empty tree with process 1, no source opened. */
void tree_setup(void);
void tree_teardown(void);
const char *tree_path(void);

/* Writes files of a process, or of the tree; replaces what is there. */
void tree_put(const struct fake *fake);
void tree_write(const char *name, const void *bytes, size_t len);
void tree_text(const char *name, const char *text);
void tree_remove(const char *name);
/* A process ends. */
void tree_kill(int pid);

/* Opens with `deployments` and more options; asserts. The code. */
int tree_try(const char *deployments, const char *more);
void tree_open(const char *deployments, const char *more);
/* One collection into process_tree; the flaw of the harvest. */
const struct sst_error *tree_collect(void);
/* The same without a flaw and anything left out. */
void tree_collect_whole(void);
/* Time goes on by so many seconds, for the clock alone. */
void tree_wait(int64_t seconds);

/* The deployment, borrowed; asserts that it is there. */
const json_t *tree_rule(const char *name);
/* Its live.active_pods; -1: null. */
long tree_active(const char *name);
size_t tree_count(const char *name);
/* Its pod whose id begins with that number; NULL: none. */
const json_t *tree_pod(const char *name, int pid);
const json_t *tree_of(const char *name, int pid, const char *member);
const char *tree_word(const char *name, int pid, const char *member);
/* -1: null */
double tree_number(const char *name, int pid, const char *member);

/* Suites of the test program. */
TCase *process_rule_case(void);
TCase *process_time_case(void);
TCase *process_fault_case(void);

#endif
