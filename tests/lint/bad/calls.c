/* lint-as internal/model/calls.c expect banned-call*9 raw-clock*1 raw-lock*1 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <alloca.h>

int sst_calls(char *a, const char *b, pthread_mutex_t *m);

int
sst_calls(char *a, const char *b, pthread_mutex_t *m)
{
	strcpy(a, b);
	strcat(a, b);
	sprintf(a, "%s", b);
	strtok(a, b);
	system(a);
	sleep(1);
	usleep(1);
	a = alloca(1);
	pthread_mutex_lock(m);
	return atoi(a) + (int)time(NULL);
}
