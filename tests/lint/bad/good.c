/* lint-as internal/base/good.c expect nothing */
#include "base/other.h"

#include <stdio.h>
#include <stddef.h>

/* sprintf(x, "y") and system("z") in a comment are no calls */
struct good_row {
	const char *name;
	int (*fn)(int a, int b, int c, int d, int e, int f);
};

static int
good_twice(int a)
{
	return 2 * a;
}

static const struct good_row rows[] = {
    {"strcpy(a, b) {\"", NULL},
    {"popen(", NULL},
};

struct good_point {
	int x, y;
};

int sst_good_sum(const char *text, ...);
int sst_good_walk(int n);

int
sst_good_sum(const char *text, ...)
{
	struct good_point p = (struct good_point){.x = 1, .y = good_twice(2)};

	if (text == rows[0].name) {
		for (int i = 0; i < 3; i++) {
			while (p.x < i) {
				p = (struct good_point){{0}};
				p.x = i + 1;
			}
		}
	}
	printf("\"%s\": %d {}", text, p.y);
	return p.x;
}

int
sst_good_walk(int n)
{
	switch (n) {
	case 1: {
		return 1;
	}
	default:
		break;
	}
#ifdef GOOD_NEVER
	if (n) {
#else
	if (!n) {
#endif
		return 2;
	}
	return 3;
}
