#include "stopper.h"

#include <signal.h>
#include <string.h>

static void
stopper_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

/* The signal that came, or 0 when the time is over. */
static int
stopper_await(const struct stopper *s)
{
	struct timespec left;
	sigset_t set;
	int64_t ms;
	int signo;

	stopper_signals(&set);
	for (;;) {
		/* an hour at a time: never is no number of seconds */
		ms = sst_mono_diff_ms(s->until, sst_clock_mono(s->clock));
		if (ms < 0)
			return 0;
		ms = ms > 3600000 ? 3600000 : ms + 1;
		left.tv_sec = ms / 1000;
		left.tv_nsec = ms % 1000 * 1000000;
		signo = sigtimedwait(&set, NULL, &left);
		if (signo > 0)
			return signo;
	}
}

static void *
stopper_main(void *ctx)
{
	struct stopper *s = ctx;
	int signo = stopper_await(s);

	sst_lock_acquire(&s->lock);
	s->reason = signo != 0 ? STOPPER_SIGNAL : STOPPER_TIME;
	pthread_cond_broadcast(&s->stopped);
	sst_lock_release(&s->lock);
	sst_httpc_interrupt(s->client);
	return NULL;
}

int
stopper_start(struct stopper *s, const struct sst_clock *clock,
    struct sst_httpc *client, struct sst_mono until, struct sst_error *err)
{
	sigset_t set;
	int rc;

	memset(s, 0, sizeof(*s));
	s->clock = clock;
	s->client = client;
	s->until = until;
	sst_lock_init(&s->lock, SST_LOCK_LEAF);
	pthread_cond_init(&s->stopped, NULL);
	stopper_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	rc = pthread_create(&s->thread, NULL, stopper_main, s);
	if (rc != 0) {
		pthread_cond_destroy(&s->stopped);
		sst_lock_fini(&s->lock);
		return sst_error_set(err, SST_INTERNAL,
		    "no thread can be started: %s", strerrordesc_np(rc));
	}
	s->started = true;
	return SST_OK;
}

void
stopper_stop(struct stopper *s)
{
	if (!s->started)
		return;
	pthread_kill(s->thread, SIGHUP); /* one that it waits for */
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->stopped);
	sst_lock_fini(&s->lock);
	s->started = false;
}

enum stopper_reason
stopper_reason(struct stopper *s)
{
	enum stopper_reason reason;

	sst_lock_acquire(&s->lock);
	reason = s->reason;
	sst_lock_release(&s->lock);
	return reason;
}

enum stopper_reason
stopper_wait(struct stopper *s, struct sst_mono until)
{
	enum stopper_reason reason;

	sst_lock_acquire(&s->lock);
	while (s->reason == STOPPER_RUNS &&
	       sst_mono_before(sst_clock_mono(s->clock), until))
		sst_lock_wait(&s->lock, &s->stopped, s->clock, until);
	reason = s->reason;
	sst_lock_release(&s->lock);
	return reason;
}
