/* lint-as internal/model/tidy.c expect tidy*1 */
#include <stdlib.h>

int sst_tidy(int n);

int
sst_tidy(int n)
{
	int *p = malloc(sizeof(*p));

	if (p == NULL)
		return n;
	*p = n;
	free(p);
	return *p;
}
