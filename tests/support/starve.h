/*
 * Lets an allocation fail. Whoever links sst_test_starve has malloc and the
 * like wrapped, so the calls of our own objects come here; jansson is given the
 * allocator. One thread.
 */
#ifndef SST_TESTS_SUPPORT_STARVE_H
#define SST_TESTS_SUPPORT_STARVE_H

#include <stdbool.h>

/* Once, before the first use of jansson. */
void starve_init(void);
/* The n-th allocation from now on fails, counted from 0. */
void starve_after(long n);
/* No more failures; true when there was one. */
bool starve_end(void);

#endif
