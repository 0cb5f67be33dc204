/* Between the fault_proxy*.c files. */
#ifndef TESTS_SUPPORT_FAULT_PROXY_PRIV_H
#define TESTS_SUPPORT_FAULT_PROXY_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "support/fault_proxy.h"

enum { PROXY_PIECE = 64 * 1024 };

/* Bytes on their way in one direction. */
struct proxy_flow {
	char *bytes; /* PROXY_PIECE */
	size_t from, to;
	bool ended; /* the writer has nothing more */
	bool told;  /* and the reader knows */
};

/* Reads when there is nothing left to pass on; false when fd is gone. */
bool fault_proxy__fill(struct proxy_flow *flow, int fd);
/* Sends at most `most` bytes of it; how many, or -1. */
ssize_t fault_proxy__drain(struct proxy_flow *flow, int fd, size_t most);
/* Once all is passed on: the end of it. */
void fault_proxy__tell_end(struct proxy_flow *flow, int fd);
void fault_proxy__garble(struct proxy_flow *flow);

#endif
