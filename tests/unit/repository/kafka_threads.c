/*
 * librdkafka uses the threads of C11, which ThreadSanitizer of gcc 12 and clang
 * 14 does not know: the first instrumented callback on such a thread crashes,
 * and its locks order nothing. Under it they become those of POSIX; glibc's
 * types are the same. What the library does with its own memory is not looked
 * at: it counts references with atomics that are not instrumented.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KAFKA_THREADS_SANITIZED
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define KAFKA_THREADS_SANITIZED
#endif

#ifdef KAFKA_THREADS_SANITIZED
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <threads.h>

const char *__tsan_default_suppressions(void);

const char *
__tsan_default_suppressions(void)
{
	return "called_from_lib:librdkafka.so\nrace:mtx_\n";
}

/* On the stack of who starts it, which waits until it was taken: no memory is
 * asked for, as that may be made to fail. */
struct start {
	thrd_start_t run;
	void *ctx;
	sem_t taken;
};

static void *
start_main(void *ctx)
{
	struct start *s = ctx;
	thrd_start_t run = s->run;
	void *run_ctx = s->ctx;

	sem_post(&s->taken);
	return (void *)(intptr_t)run(run_ctx);
}

int
thrd_create(thrd_t *thread, thrd_start_t run, void *ctx)
{
	struct start s = {.run = run, .ctx = ctx};
	int error;

	sem_init(&s.taken, 0, 0);
	error = pthread_create(thread, NULL, start_main, &s);
	while (error == 0 && sem_wait(&s.taken) != 0)
		;
	sem_destroy(&s.taken);
	return error == 0 ? thrd_success : thrd_error;
}

int
thrd_join(thrd_t thread, int *result)
{
	void *value;

	if (pthread_join(thread, &value) != 0)
		return thrd_error;
	if (result != NULL)
		*result = (int)(intptr_t)value;
	return thrd_success;
}

int
mtx_init(mtx_t *mutex, int type)
{
	pthread_mutexattr_t attr;
	int error;

	pthread_mutexattr_init(&attr);
	if ((type & mtx_recursive) != 0)
		pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	error = pthread_mutex_init((pthread_mutex_t *)mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return error == 0 ? thrd_success : thrd_error;
}

void
mtx_destroy(mtx_t *mutex)
{
	pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int
mtx_lock(mtx_t *mutex)
{
	return pthread_mutex_lock((pthread_mutex_t *)mutex) == 0 ? thrd_success
								 : thrd_error;
}

int
mtx_unlock(mtx_t *mutex)
{
	return pthread_mutex_unlock((pthread_mutex_t *)mutex) == 0
		   ? thrd_success
		   : thrd_error;
}

int
cnd_init(cnd_t *cond)
{
	return pthread_cond_init((pthread_cond_t *)cond, NULL) == 0
		   ? thrd_success
		   : thrd_error;
}

void
cnd_destroy(cnd_t *cond)
{
	pthread_cond_destroy((pthread_cond_t *)cond);
}

int
cnd_signal(cnd_t *cond)
{
	return pthread_cond_signal((pthread_cond_t *)cond) == 0 ? thrd_success
								: thrd_error;
}

int
cnd_broadcast(cnd_t *cond)
{
	return pthread_cond_broadcast((pthread_cond_t *)cond) == 0
		   ? thrd_success
		   : thrd_error;
}

int
cnd_wait(cnd_t *cond, mtx_t *mutex)
{
	return pthread_cond_wait(
		   (pthread_cond_t *)cond, (pthread_mutex_t *)mutex) == 0
		   ? thrd_success
		   : thrd_error;
}

int
cnd_timedwait(cnd_t *cond, mtx_t *mutex, const struct timespec *until)
{
	int error = pthread_cond_timedwait(
	    (pthread_cond_t *)cond, (pthread_mutex_t *)mutex, until);

	if (error == ETIMEDOUT)
		return thrd_timedout;
	return error == 0 ? thrd_success : thrd_error;
}
#else
/* No file is empty. */
extern const int kafka_threads_are_plain;
#endif
