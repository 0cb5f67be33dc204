/* Reference count of immutable values that several threads hold. */
#ifndef SST_BASE_REF_H
#define SST_BASE_REF_H

#include <stdatomic.h>
#include <stdbool.h>

struct sst_ref {
	atomic_uint count;
};

/* One reference, the maker's. */
static inline void
sst_ref_init(struct sst_ref *ref)
{
	atomic_init(&ref->count, 1);
}

static inline void
sst_ref_acquire(struct sst_ref *ref)
{
	atomic_fetch_add_explicit(&ref->count, 1, memory_order_relaxed);
}

/* True when the caller held the last one and must free the value. */
static inline bool
sst_ref_release(struct sst_ref *ref)
{
	return atomic_fetch_sub_explicit(
		   &ref->count, 1, memory_order_acq_rel) == 1;
}

#endif
