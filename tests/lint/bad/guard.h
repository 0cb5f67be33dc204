/* lint-as internal/model/guard.h expect guard struct-typedef */
#ifndef __GUARD_H
#define __GUARD_H

typedef struct guard {
	int n;
} guard_t;

#endif
