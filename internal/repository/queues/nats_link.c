#include "repository/queues/nats_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of one server, from the first byte on. */
enum { LINK_CONNECT_MS = 2000 };

void
nats__item_fini(struct nats_item *item)
{
	natsMsg_Destroy(item->message);
	free(item->denied);
	memset(item, 0, sizeof(*item));
}

void
nats__link_clear(struct nats_link *link)
{
	for (; link->count > 0; link->count--) {
		nats__item_fini(&link->ring[link->head]);
		link->head = (link->head + 1) % NATS_LINK_RING;
	}
}

void
nats__link_release(struct nats_link *link)
{
	bool last;

	sst_lock_acquire(&link->lock);
	last = --link->refs == 0;
	pthread_cond_broadcast(&link->cond);
	sst_lock_release(&link->lock);
	if (!last)
		return;
	nats__link_clear(link);
	natsSubscription_Destroy(link->sub);
	natsConnection_Destroy(link->nc);
	natsOptions_Destroy(link->opts);
	nats__login_fini(&link->login);
	pthread_cond_destroy(&link->cond);
	sst_lock_fini(&link->lock);
	free(link);
}

static void
link_hold(struct nats_link *link)
{
	sst_lock_acquire(&link->lock);
	link->refs++;
	sst_lock_release(&link->lock);
}

/* What was held for a callback that will not come; never the last. */
static void
link_unhold(struct nats_link *link)
{
	sst_lock_acquire(&link->lock);
	link->refs--;
	sst_lock_release(&link->lock);
}

/* The caller holds the lock. */
static void
link_break(struct nats_link *link, const struct sst_error *err)
{
	if (link->state != NATS_LINK_BROKEN)
		link->err = *err;
	link->state = NATS_LINK_BROKEN;
	pthread_cond_broadcast(&link->cond);
}

static void
link_push(struct nats_link *link, struct nats_item *item)
{
	sst_lock_acquire(&link->lock);
	if (link->count < NATS_LINK_RING) {
		link->ring[(link->head + link->count++) % NATS_LINK_RING] = *item;
		memset(item, 0, sizeof(*item));
		pthread_cond_broadcast(&link->cond);
	}
	sst_lock_release(&link->lock);
	nats__item_fini(item);
}

static void
link_on_message(
    natsConnection *nc, natsSubscription *sub, natsMsg *message, void *ctx)
{
	struct nats_item item = {.message = message};
	const char *tag = strrchr(natsMsg_GetSubject(message), '.');

	(void)nc;
	(void)sub;
	if (tag != NULL)
		item.tag = strtoull(tag + 1, NULL, 16);
	link_push(ctx, &item);
}

static void
link_on_complete(void *ctx)
{
	nats__link_release(ctx);
}

static void
link_on_closed(natsConnection *nc, void *ctx)
{
	struct nats_link *link = ctx;
	struct sst_error err;
	const char *text = NULL;
	natsStatus s = natsConnection_GetLastError(nc, &text);
	int code = nats__status_code(s);

	if (code == SST_OK || code == SST_TIMEOUT)
		code = SST_TRUNCATED;
	sst_error_set(&err, code, "the server closed the connection%s%s",
	    code != SST_TRUNCATED && text != NULL ? ": " : "",
	    code != SST_TRUNCATED && text != NULL ? text : "");
	sst_lock_acquire(&link->lock);
	link_break(link, &err);
	sst_lock_release(&link->lock);
	nats__link_release(link);
}

/* Permissions Violation for Publish to "$JS.API.STREAM.LIST" */
static void
link_on_error(
    natsConnection *nc, natsSubscription *sub, natsStatus status, void *ctx)
{
	struct nats_link *link = ctx;
	struct nats_item item = {.tag = 0};
	const char *text, *subject;

	(void)nc;
	(void)sub;
	if (status != NATS_NOT_PERMITTED)
		return;
	/* Of this thread, where the library has put it for us: what the
	 * connection says of itself may be of a later error already. */
	text = nats_GetLastError(NULL);
	subject = text != NULL ? strchr(text, '"') : NULL;
	if (subject == NULL)
		return;
	subject++;
	if (strcasestr(text, "subscription") != NULL) {
		sst_lock_acquire(&link->lock);
		link->inbox_denied = true;
		pthread_cond_broadcast(&link->cond);
		sst_lock_release(&link->lock);
		return;
	}
	item.denied = strndup(subject, strcspn(subject, "\""));
	if (item.denied != NULL)
		link_push(link, &item);
}

static natsStatus
link_options(struct nats_link *link, const struct nats_access *access)
{
	const char *servers[NATS_LINK_URLS];
	char *copy = strdup(access->url), *p = copy;
	natsOptions *o = link->opts;
	natsStatus s;
	int n = 0;

	if (copy == NULL)
		return NATS_NO_MEMORY;
	while (p != NULL && n < NATS_LINK_URLS)
		servers[n++] = strsep(&p, ",");
	s = natsOptions_SetServers(o, servers, n);
	free(copy);
	if (s == NATS_OK)
		s = natsOptions_SetName(o, "systate");
	if (s == NATS_OK)
		s = natsOptions_SetTimeout(o, LINK_CONNECT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetAllowReconnect(o, false);
	if (s == NATS_OK)
		s = natsOptions_SetNoRandomize(o, true);
	if (s == NATS_OK)
		s = natsOptions_SetIgnoreDiscoveredServers(o, true);
	if (s == NATS_OK)
		s = natsOptions_SetErrorHandler(o, link_on_error, link);
	if (s == NATS_OK)
		s = natsOptions_SetClosedCB(o, link_on_closed, link);
	return s;
}

static natsStatus
link_subscribe(struct nats_link *link)
{
	char subject[sizeof(link->inbox) + 2];
	natsStatus s;

	snprintf(subject, sizeof(subject), "%s.*", link->inbox);
	s = natsConnection_Subscribe(
	    &link->sub, link->nc, subject, link_on_message, link);
	if (s != NATS_OK)
		return s;
	link_hold(link);
	s = natsSubscription_SetOnCompleteCB(
	    link->sub, link_on_complete, link);
	if (s != NATS_OK)
		link_unhold(link);
	return s;
}

/* The library puts before its words where in its code it said them. */
static const char *
link_words(natsStatus s)
{
	natsStatus last = NATS_OK;
	const char *text = nats_GetLastError(&last), *end;

	if (text == NULL || text[0] == '\0' || last != s)
		return natsStatus_GetText(s);
	end = text[0] == '(' ? strstr(text, "): ") : NULL;
	return end != NULL ? end + 3 : text;
}

/* How a server that hangs up is met depends on when: one code for all. */
static void
link_fault(natsStatus s, struct sst_error *err)
{
	int code = nats__status_code(s);

	if (code == SST_UNREACHABLE || code == SST_TRUNCATED)
		sst_error_set(err, SST_UNREACHABLE,
		    "connecting: refused, or closed before it was done");
	else
		sst_error_set(err, code, "connecting: %s", link_words(s));
}

void *
nats__link_connect(void *ctx)
{
	struct nats_link *link = ctx;
	natsConnection *nc = NULL;
	struct sst_error err;
	natsStatus s;

	/* the closed callback's, if there will be one */
	link_hold(link);
	s = natsConnection_Connect(&nc, link->opts);
	if (s != NATS_OK)
		link_unhold(link);
	else
		link->nc = nc;
	if (s == NATS_OK)
		s = link_subscribe(link);
	if (s != NATS_OK)
		link_fault(s, &err);
	nats_ReleaseThreadMemory();
	sst_lock_acquire(&link->lock);
	if (s != NATS_OK)
		link_break(link, &err);
	else if (link->state == NATS_LINK_CONNECTING)
		link->state = NATS_LINK_OPEN;
	pthread_cond_broadcast(&link->cond);
	sst_lock_release(&link->lock);
	return NULL;
}

static void
link_inbox(struct nats_link *link, const struct nats_access *access)
{
	natsInbox *inbox = NULL;
	const char *own = "";

	if (natsInbox_Create(&inbox) == NATS_OK)
		own = inbox + strcspn(inbox, ".") + 1;
	snprintf(link->inbox, sizeof(link->inbox), "%.80s.%.40s",
	    access->inbox_prefix != NULL ? access->inbox_prefix : "_INBOX",
	    own);
	natsInbox_Destroy(inbox);
}

int
nats__link_new(const struct nats_access *access, struct nats_link **out,
    struct sst_error *err)
{
	struct nats_link *link = calloc(1, sizeof(*link));
	natsStatus s;
	int code;

	if (link == NULL)
		return sst_error_nomem(err);
	sst_lock_init(&link->lock, SST_LOCK_LEAF);
	pthread_cond_init(&link->cond, NULL);
	link->refs = 1;
	s = natsOptions_Create(&link->opts);
	if (s == NATS_OK)
		s = link_options(link, access);
	if (s != NATS_OK)
		code = sst_error_set(err, nats__status_code(s), "url: %s",
		    natsStatus_GetText(s));
	else
		code = nats__login_apply(
		    access, &link->login, link->opts, err);
	if (code != SST_OK) {
		nats__link_release(link);
		return code;
	}
	link_inbox(link, access);
	*out = link;
	return SST_OK;
}
