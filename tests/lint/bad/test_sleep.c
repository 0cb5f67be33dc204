/* lint-as tests/unit/base/test_sleep.c expect banned-call*2 */
#include <time.h>
#include <unistd.h>

int main(void);

int
main(void)
{
	struct timespec t = {0, 1};

	sleep(1);
	return nanosleep(&t, NULL);
}
