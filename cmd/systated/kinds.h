/* What can be observed, for people. */
#ifndef CMD_SYSTATED_KINDS_H
#define CMD_SYSTATED_KINDS_H

#include "base/buf.h"

/* Appends every kind of source with its times and options. */
void kinds_print(struct sst_buf *out);

#endif
