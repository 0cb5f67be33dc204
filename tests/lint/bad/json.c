/* lint-as internal/model/json.c expect json-printf*2 */
#include <stdio.h>

void sst_json(int n);

void
sst_json(int n)
{
	printf("{\"n\":%d", n);
	printf(",\"m\":%d}", n);
	printf("{\"fixed\":1}");
}
