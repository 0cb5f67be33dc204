/*
 * Credentials that several threads share. One of them reads what is due, the
 * others go on with what there is, or wait when that is no longer good:
 *
 *     none ──made──> fresh ──60 s, expiry near──> due ──made──> fresh
 *                      │ 401                       │ failed: used on until
 *                      v                           v it expires
 *                   refused ──made──> fresh      due, 10 s later
 *
 * Reading happens without the lock: `making` keeps it to one thread.
 */
#include "repository/kube/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/log.h"
#include "httpc/client.h"
#include "repository/kube/access_priv.h"

enum {
	ACCESS_FRESH_MS = 60000, /* as client-go reads tokens */
	ACCESS_RETRY_MS = 10000, /* after what could not be read again */
	/* A server that refuses what was just made refuses for other reasons:
	 * no plugin runs more often for it. */
	ACCESS_REFUSAL_MS = 10000
};

struct sst_kube_access {
	struct sst_kube_config_where where; /* its strings are these: */
	char *path, *context, *service_account;
	const struct sst_clock *clock;
	atomic_bool interrupted;
	struct sst_lock lock;
	pthread_cond_t changed;
	/* guarded by lock */
	struct kube_identity *current; /* NULL: none yet */
	struct sst_mono due;           /* current is to be made again */
	struct sst_mono renewed;       /* when a refused one was */
	bool ever_renewed;
	bool refused; /* current was */
	bool making;
	uint64_t attempts;      /* to make one, ended */
	struct sst_error error; /* of the last one */
};

static bool
access_copy(const char *text, char **out, const char **borrowed_out)
{
	if (text != NULL)
		*out = strdup(text);
	*borrowed_out = *out;
	return text == NULL || *out != NULL;
}

int
sst_kube_access_new(const struct sst_kube_config_where *where,
    const struct sst_clock *clock, struct sst_kube_access **out,
    struct sst_error *err)
{
	struct sst_kube_access *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return sst_error_nomem(err);
	sst_lock_init(&a->lock, SST_LOCK_LEAF);
	pthread_cond_init(&a->changed, NULL);
	atomic_init(&a->interrupted, false);
	a->clock = clock;
	a->where = *where;
	if (!access_copy(where->path, &a->path, &a->where.path) ||
	    !access_copy(where->context, &a->context, &a->where.context) ||
	    !access_copy(where->service_account, &a->service_account,
		&a->where.service_account)) {
		sst_kube_access_free(&a);
		return sst_error_nomem(err);
	}
	*out = a;
	return SST_OK;
}

void
sst_kube_access_free(struct sst_kube_access **access)
{
	struct sst_kube_access *a = *access;

	if (a == NULL)
		return;
	kube__identity_release(&a->current);
	free(a->path);
	free(a->context);
	free(a->service_account);
	pthread_cond_destroy(&a->changed);
	sst_lock_fini(&a->lock);
	free(a);
	*access = NULL;
}

static void
access_wake(struct sst_kube_access *a)
{
	sst_lock_acquire(&a->lock);
	pthread_cond_broadcast(&a->changed);
	sst_lock_release(&a->lock);
}

void
sst_kube_access_interrupt(struct sst_kube_access *access)
{
	atomic_store(&access->interrupted, true);
	access_wake(access);
}

void
sst_kube_access_resume(struct sst_kube_access *access)
{
	atomic_store(&access->interrupted, false);
}

const struct sst_clock *
kube__access_clock(const struct sst_kube_access *access)
{
	return access->clock;
}

static bool
access_is_canceled(void *ctx)
{
	struct sst_kube_http *http = ctx;

	return atomic_load(&http->interrupted) ||
	       atomic_load(&http->access->interrupted);
}

/* With the lock. */
static struct kube_identity *
access_share(struct sst_kube_access *a)
{
	if (a->current != NULL)
		sst_ref_acquire(&a->current->ref);
	return a->current;
}

/* With the lock: what there is may be used, though it may be due. */
static bool
access_is_usable(const struct sst_kube_access *a, struct sst_mono now)
{
	return a->current != NULL && !a->refused &&
	       sst_mono_before(now, a->current->expires);
}

/*
 * Takes made over (NULL: failed with why); for_refused: in place of one that
 * was refused before its making began. True when a failure is news.
 */
static bool
access_publish(struct sst_kube_access *a, struct kube_identity *made,
    bool for_refused, const struct sst_error *why)
{
	struct sst_mono now = sst_clock_mono(a->clock);
	struct kube_identity *old = NULL;
	bool news;

	sst_lock_acquire(&a->lock);
	news = made == NULL && access_is_usable(a, now) &&
	       strcmp(a->error.text, why->text) != 0;
	a->making = false;
	a->attempts++;
	if (made == NULL)
		a->error = *why;
	else
		sst_error_clear(&a->error);
	a->due = sst_mono_add_ms(
	    now, made != NULL ? ACCESS_FRESH_MS : ACCESS_RETRY_MS);
	if (made != NULL) {
		if (sst_mono_before(made->renew, a->due))
			a->due = made->renew;
		if (for_refused) {
			a->renewed = now;
			a->ever_renewed = true;
			a->refused = false;
		}
		old = a->current;
		a->current = made;
	}
	pthread_cond_broadcast(&a->changed);
	sst_lock_release(&a->lock);
	kube__identity_release(&old);
	return news;
}

/* `making` is ours; the lock is not held. */
static int
access_make(struct sst_kube_http *http, struct sst_mono deadline,
    struct kube_identity *old, bool refused, struct sst_error *why)
{
	struct sst_kube_access *a = http->access;
	const struct kube_identity_order order = {
	    .where = &a->where,
	    .old = old,
	    .refused = refused,
	    .clock = a->clock,
	    .deadline = deadline,
	    .canceled = access_is_canceled,
	    .ctx = http,
	};
	struct kube_identity *made = NULL;
	int code;

	sst_error_clear(why);
	code = kube__identity_make(&order, &made, why);
	if (access_publish(a, made, refused, why) && code != SST_CANCELED)
		sst_log_warn("KUBE-CREDENTIALS", NULL,
		    "not read again, the former ones are used on: %s",
		    why->text);
	return code;
}

/* With the lock, which is given up meanwhile. */
static int
access_renew(struct sst_kube_http *http, struct sst_mono deadline,
    struct sst_error *why)
{
	struct sst_kube_access *a = http->access;
	struct kube_identity *old = access_share(a);
	bool refused = a->refused;
	int code;

	a->making = true;
	sst_lock_release(&a->lock);
	code = access_make(http, deadline, old, refused, why);
	kube__identity_release(&old);
	sst_lock_acquire(&a->lock);
	return code;
}

static int
access_canceled(struct sst_error *err)
{
	return sst_error_set(
	    err, SST_CANCELED, "Kubernetes credentials: interrupted");
}

/* With the lock: waits for the one who makes. */
static int
access_await(struct sst_kube_http *http, struct sst_mono deadline,
    struct sst_error *err)
{
	struct sst_kube_access *a = http->access;
	uint64_t attempts = a->attempts;

	while (a->making && a->attempts == attempts) {
		if (access_is_canceled(http))
			return access_canceled(err);
		if (!sst_mono_before(sst_clock_mono(a->clock), deadline))
			return sst_error_set(err, SST_TIMEOUT,
			    "Kubernetes credentials: not there in time");
		sst_lock_wait(&a->lock, &a->changed, a->clock, deadline);
	}
	/* what ended only because of somebody else's hurry is tried again */
	if (a->error.code == SST_OK || a->error.code == SST_CANCELED ||
	    a->error.code == SST_TIMEOUT)
		return SST_OK;
	if (access_is_usable(a, sst_clock_mono(a->clock)))
		return SST_OK;
	if (err != NULL)
		*err = a->error;
	return a->error.code;
}

/* With the lock: until there is something usable. */
static int
access_settle(struct sst_kube_http *http, struct sst_mono deadline,
    struct sst_error *err)
{
	struct sst_kube_access *a = http->access;
	struct sst_error why;
	struct sst_mono now;
	int code;

	for (;;) {
		now = sst_clock_mono(a->clock);
		if (access_is_usable(a, now) &&
		    (a->making || sst_mono_before(now, a->due)))
			return SST_OK;
		if (a->making) {
			code = access_await(http, deadline, err);
			if (code != SST_OK)
				return code;
			continue;
		}
		code = access_renew(http, deadline, &why);
		if (access_is_usable(a, sst_clock_mono(a->clock)))
			return SST_OK;
		if (code == SST_OK)
			continue; /* refused meanwhile, by another thread */
		if (err != NULL)
			*err = why;
		return code;
	}
}

int
kube__access_acquire(struct sst_kube_http *http, struct sst_mono deadline,
    struct kube_identity **out, struct sst_error *err)
{
	struct sst_kube_access *a = http->access;
	struct kube_identity *id = NULL;
	int code;

	sst_lock_acquire(&a->lock);
	code = access_settle(http, deadline, err);
	if (code == SST_OK)
		id = access_share(a);
	sst_lock_release(&a->lock);
	if (code == SST_OK)
		*out = id;
	return code;
}

bool
kube__access_refused(
    struct sst_kube_access *access, const struct kube_identity *identity)
{
	struct sst_mono now = sst_clock_mono(access->clock);
	bool again = true;

	sst_lock_acquire(&access->lock);
	if (access->current == identity && !access->refused) {
		again = !access->ever_renewed ||
			sst_mono_diff_ms(now, access->renewed) >=
			    ACCESS_REFUSAL_MS;
		access->refused = again;
	}
	sst_lock_release(&access->lock);
	return again;
}

void
kube__access_doubt(struct sst_kube_access *access)
{
	sst_lock_acquire(&access->lock);
	access->due = sst_clock_mono(access->clock);
	sst_lock_release(&access->lock);
}

void
kube__access_swap(struct sst_kube_http *http, struct sst_httpc *client)
{
	struct sst_httpc *old;

	sst_lock_acquire(&http->access->lock);
	old = http->client;
	http->client = client;
	if (client != NULL && atomic_load(&http->interrupted))
		sst_httpc_interrupt(client);
	sst_lock_release(&http->access->lock);
	sst_httpc_free(&old);
}

int
sst_kube_access_namespace(
    struct sst_kube_access *access, char **out, struct sst_error *err)
{
	struct sst_kube_config *config = NULL;
	struct kube_identity *id;
	const char *name = NULL;
	char *copy;
	int code = SST_OK;

	sst_lock_acquire(&access->lock);
	id = access_share(access);
	sst_lock_release(&access->lock);
	if (id != NULL)
		name = id->config->namespace;
	else
		/* no credentials are needed for this */
		code = sst_kube_config_load(&access->where, &config, err);
	if (code != SST_OK)
		return code;
	if (config != NULL)
		name = config->namespace;
	copy = strdup(name != NULL ? name : "default");
	kube__identity_release(&id);
	sst_kube_config_free(&config);
	if (copy == NULL)
		return sst_error_nomem(err);
	*out = copy;
	return SST_OK;
}

int
sst_kube_http_new(struct sst_kube_access *access, struct sst_kube_http **out,
    struct sst_error *err)
{
	struct sst_kube_http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		return sst_error_nomem(err);
	http->access = access;
	atomic_init(&http->interrupted, false);
	*out = http;
	return SST_OK;
}

void
sst_kube_http_free(struct sst_kube_http **http)
{
	if (*http == NULL)
		return;
	sst_httpc_free(&(*http)->client);
	free(*http);
	*http = NULL;
}

void
sst_kube_http_interrupt(struct sst_kube_http *http)
{
	struct sst_kube_access *a = http->access;

	sst_lock_acquire(&a->lock);
	atomic_store(&http->interrupted, true);
	if (http->client != NULL)
		sst_httpc_interrupt(http->client);
	pthread_cond_broadcast(&a->changed);
	sst_lock_release(&a->lock);
}

void
sst_kube_http_resume(struct sst_kube_http *http)
{
	struct sst_kube_access *a = http->access;

	sst_lock_acquire(&a->lock);
	atomic_store(&http->interrupted, false);
	if (http->client != NULL)
		sst_httpc_resume(http->client);
	sst_lock_release(&a->lock);
}
