/* lint-as internal/repository/queues/good.h expect nothing */
#ifndef SST_REPOSITORY_QUEUES_GOOD_H
#define SST_REPOSITORY_QUEUES_GOOD_H

#include "base/other.h"

struct sst_good;
int sst_good_go(struct sst_good *good);

#endif
