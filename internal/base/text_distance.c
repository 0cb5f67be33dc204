#include "base/text.h"

enum { DISTANCE_MAX = 64 };

static size_t
distance_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
sst_text_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][DISTANCE_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2], *spare;
	size_t i, j;

	if (a_len > DISTANCE_MAX || b_len > DISTANCE_MAX)
		return 2 * DISTANCE_MAX;
	for (j = 0; j <= b_len; j++) {
		last[j] = j;
		before[j] = 0;
	}
	for (i = 1; i <= a_len; i++) {
		now[0] = i;
		for (j = 1; j <= b_len; j++) {
			now[j] =
			    distance_least(last[j - 1] + (a[i - 1] != b[j - 1]),
				distance_least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				now[j] =
				    distance_least(now[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}
