/* lint-as internal/model/not_alone.h expect header-alone */
#ifndef SST_MODEL_NOT_ALONE_H
#define SST_MODEL_NOT_ALONE_H

void sst_not_alone(size_t n);

#endif
