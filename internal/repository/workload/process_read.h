/*
 * Files below /proc, by a descriptor of its directory. Nothing is waited for
 * (O_NONBLOCK). Any thread.
 */
#ifndef SST_REPOSITORY_WORKLOAD_PROCESS_READ_H
#define SST_REPOSITORY_WORKLOAD_PROCESS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* The caller closes *fd_out. SST_IO. */
int process__open(const char *path, int *fd_out, struct sst_error *err);

/*
 * Puts the first max bytes of that file into out, in place of what it held.
 * SST_GONE: the process is over. SST_FORBIDDEN. SST_LIMIT: no descriptor is
 * left, SST_NOMEM: we are the trouble. SST_IO: anything else.
 */
int process__read(int fd, const char *name, size_t max, struct sst_buf *out);
/* The same for what a link says. */
int process__read_link(int fd, const char *name, struct sst_buf *out);

/* The user whose process it is, as far as its directory tells; -1. */
int64_t process__owner(int fd, int32_t pid);

/* Numbers of processes, ascending; zero it before first use. */
struct process_pids {
	int32_t *items;
	size_t count;
	size_t cap;
	bool cut; /* there are more than max */
};

/* Lists them anew, at most max, keeping memory. SST_IO, SST_NOMEM. */
int process__list(
    int fd, size_t max, struct process_pids *pids, struct sst_error *err);
void process__pids_fini(struct process_pids *pids);

#endif
