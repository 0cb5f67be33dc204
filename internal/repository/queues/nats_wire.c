#include "repository/queues/nats_wire.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/ref.h"
#include "repository/queues/nats_login.h"

enum {
	WIRE_CONNECT_MS = 2000, /* of one server, from the first byte on */
	WIRE_END_MS = 5000,     /* the library's threads take to let go */
	WIRE_URLS = 64,
	/* More answers than requests are not ours: they are dropped. */
	WIRE_RING = 2 * NATS_WIRE_WIDTH
};

enum link_state { LINK_CONNECTING, LINK_OPEN, LINK_BROKEN };

/* An answer that arrived. */
struct link_item {
	uint64_t tag;
	natsMsg *message;
	char *denied;
};

/*
 * One connection. The library's threads may call us until they have said that
 * they will not, so it is counted: the wire, the connection until it is closed,
 * the subscription until it is complete.
 */
struct nats_link {
	struct sst_lock lock;
	pthread_cond_t cond;
	unsigned refs;        /* guarded by lock, as all below */
	enum link_state state;
	struct sst_error err; /* of LINK_BROKEN */
	bool interrupted;
	bool inbox_denied;
	struct link_item ring[WIRE_RING];
	size_t head, count;
	/* of the connecting thread until the state is another one */
	natsOptions *opts;
	natsConnection *nc;
	natsSubscription *sub;
	struct nats_login login;
	char inbox[128];
};

struct nats_wire {
	const struct nats_access *access;
	const struct sst_clock *clock;
	struct sst_lock lock; /* of what interrupt needs */
	struct nats_link *link; /* set under lock; NULL: none */
	bool interrupted;       /* guarded by lock */
	pthread_t thread;       /* that connects link */
	bool joined;            /* it has ended */
	uint32_t generation;
};

bool
nats__wire_valid_subject(const char *text)
{
	const unsigned char *p;

	if (text[0] == '\0' || text[0] == '.' ||
	    text[strlen(text) - 1] == '.' || strstr(text, "..") != NULL)
		return false;
	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p <= 0x20 || *p == 0x7f || *p == '*' || *p == '>')
			return false;
	}
	return true;
}

static bool
url_one(const char *text, size_t len)
{
	const char *host = NULL;
	size_t i;

	if (len > 7 && strncmp(text, "nats://", 7) == 0)
		host = text + 7;
	else if (len > 6 && strncmp(text, "tls://", 6) == 0)
		host = text + 6;
	if (host == NULL || len > 512)
		return false;
	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f ||
		    strchr("@/?#", text[i]) != NULL) {
			/* the two of the scheme */
			if (text[i] != '/' || text + i >= host)
				return false;
		}
	}
	return host[0] != ':';
}

bool
nats__wire_valid_url(const char *text)
{
	int n;

	for (n = 1; n <= WIRE_URLS; n++) {
		size_t len = strcspn(text, ",");

		if (!url_one(text, len))
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
	return false;
}

int
nats__wire_new(const struct nats_access *access, const struct sst_clock *clock,
    struct nats_wire **out, struct sst_error *err)
{
	struct nats_wire *wire = calloc(1, sizeof(*wire));

	if (wire == NULL)
		return sst_error_nomem(err);
	wire->access = access;
	wire->clock = clock;
	sst_lock_init(&wire->lock, SST_LOCK_SNAPSHOT);
	*out = wire;
	return SST_OK;
}

static void
item_fini(struct link_item *item)
{
	natsMsg_Destroy(item->message);
	free(item->denied);
	memset(item, 0, sizeof(*item));
}

static void
link_clear(struct nats_link *link)
{
	for (; link->count > 0; link->count--) {
		item_fini(&link->ring[link->head]);
		link->head = (link->head + 1) % WIRE_RING;
	}
}

static void
link_release(struct nats_link *link)
{
	bool last;

	sst_lock_acquire(&link->lock);
	last = --link->refs == 0;
	pthread_cond_broadcast(&link->cond);
	sst_lock_release(&link->lock);
	if (!last)
		return;
	link_clear(link);
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

/* The caller holds the lock. */
static void
link_break(struct nats_link *link, const struct sst_error *err)
{
	if (link->state != LINK_BROKEN)
		link->err = *err;
	link->state = LINK_BROKEN;
	pthread_cond_broadcast(&link->cond);
}

static void
link_push(struct nats_link *link, struct link_item *item)
{
	sst_lock_acquire(&link->lock);
	if (link->count < WIRE_RING) {
		link->ring[(link->head + link->count++) % WIRE_RING] = *item;
		memset(item, 0, sizeof(*item));
		pthread_cond_broadcast(&link->cond);
	}
	sst_lock_release(&link->lock);
	item_fini(item);
}

static void
link_on_message(
    natsConnection *nc, natsSubscription *sub, natsMsg *message, void *ctx)
{
	struct link_item item = {.message = message};
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
	link_release(ctx);
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
	link_release(link);
}

/* Permissions Violation for Publish to "$JS.API.STREAM.LIST" */
static void
link_on_error(
    natsConnection *nc, natsSubscription *sub, natsStatus status, void *ctx)
{
	struct nats_link *link = ctx;
	struct link_item item = {.tag = 0};
	const char *text = NULL, *subject;

	(void)sub;
	if (status != NATS_NOT_PERMITTED)
		return;
	natsConnection_GetLastError(nc, &text);
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
	const char *servers[WIRE_URLS];
	char *copy = strdup(access->url), *p = copy;
	natsOptions *o = link->opts;
	natsStatus s;
	int n = 0;

	if (copy == NULL)
		return NATS_NO_MEMORY;
	while (p != NULL && n < WIRE_URLS)
		servers[n++] = strsep(&p, ",");
	s = natsOptions_SetServers(o, servers, n);
	free(copy);
	if (s == NATS_OK)
		s = natsOptions_SetName(o, "systate");
	if (s == NATS_OK)
		s = natsOptions_SetTimeout(o, WIRE_CONNECT_MS);
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
		link_release(link);
	return s;
}

static void
link_fault(struct nats_link *link, natsStatus s, struct sst_error *err)
{
	natsStatus last = NATS_OK;
	const char *text = nats_GetLastError(&last);
	int code = nats__status_code(s);

	(void)link;
	if (text == NULL || text[0] == '\0' || last != s)
		text = natsStatus_GetText(s);
	sst_error_set(err, code, "connecting: %s", text);
}

/* The thread that connects. */
static void *
link_connect(void *ctx)
{
	struct nats_link *link = ctx;
	natsConnection *nc = NULL;
	struct sst_error err;
	natsStatus s;

	/* the closed callback's, if there will be one */
	link_hold(link);
	s = natsConnection_Connect(&nc, link->opts);
	if (s != NATS_OK)
		link_release(link);
	else
		link->nc = nc;
	if (s == NATS_OK)
		s = link_subscribe(link);
	if (s != NATS_OK)
		link_fault(link, s, &err);
	nats_ReleaseThreadMemory();
	sst_lock_acquire(&link->lock);
	if (s != NATS_OK)
		link_break(link, &err);
	else if (link->state == LINK_CONNECTING)
		link->state = LINK_OPEN;
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

static int
wire_start(struct nats_wire *wire, struct sst_error *err)
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
		s = link_options(link, wire->access);
	if (s != NATS_OK)
		code = sst_error_set(err, nats__status_code(s), "url: %s",
		    natsStatus_GetText(s));
	else
		code = nats__login_apply(
		    wire->access, &link->login, link->opts, err);
	if (code == SST_OK)
		link_inbox(link, wire->access);
	if (code == SST_OK &&
	    pthread_create(&wire->thread, NULL, link_connect, link) != 0)
		code = sst_error_set(
		    err, SST_INTERNAL, "no thread to connect with");
	if (code != SST_OK) {
		link_release(link);
		return code;
	}
	wire->joined = false;
	sst_lock_acquire(&wire->lock);
	link->interrupted = wire->interrupted;
	wire->link = link;
	sst_lock_release(&wire->lock);
	return SST_OK;
}

void
nats__wire_drop(struct nats_wire *wire)
{
	struct sst_mono end = sst_mono_add_ms(
	    sst_clock_mono(sst_clock_real()), WIRE_END_MS);
	struct nats_link *link = wire->link;

	if (link == NULL)
		return;
	sst_lock_acquire(&wire->lock);
	wire->link = NULL;
	sst_lock_release(&wire->lock);
	if (!wire->joined)
		pthread_join(wire->thread, NULL);
	wire->joined = true;
	natsConnection_Close(link->nc);
	/* else the callbacks would meet what is gone */
	sst_lock_acquire(&link->lock);
	while (link->refs > 1 &&
	       sst_mono_before(sst_clock_mono(sst_clock_real()), end))
		sst_lock_wait(&link->lock, &link->cond, sst_clock_real(), end);
	sst_lock_release(&link->lock);
	link_release(link);
}

void
nats__wire_free(struct nats_wire **wire)
{
	if (*wire == NULL)
		return;
	nats__wire_drop(*wire);
	sst_lock_fini(&(*wire)->lock);
	free(*wire);
	*wire = NULL;
}

/* Waits on the link, whose lock is held, until `ready`, the deadline, or an
 * interrupt. */
static int
wire_wait(struct nats_wire *wire, struct sst_mono deadline,
    bool (*ready)(const struct nats_link *), struct sst_error *err)
{
	struct nats_link *link = wire->link;

	for (;;) {
		if (link->interrupted)
			return sst_error_set(err, SST_CANCELED, "interrupted");
		if (ready(link))
			return SST_OK;
		if (!sst_mono_before(sst_clock_mono(wire->clock), deadline))
			return SST_TIMEOUT;
		sst_lock_wait(&link->lock, &link->cond, wire->clock, deadline);
	}
}

static bool
link_decided(const struct nats_link *link)
{
	return link->state != LINK_CONNECTING;
}

static bool
link_has_news(const struct nats_link *link)
{
	return link->count > 0 || link->state == LINK_BROKEN ||
	       link->inbox_denied;
}

static bool
link_broken(struct nats_link *link)
{
	bool broken;

	sst_lock_acquire(&link->lock);
	broken = link->state == LINK_BROKEN;
	sst_lock_release(&link->lock);
	return broken;
}

int
nats__wire_open(struct nats_wire *wire, struct sst_mono deadline,
    bool *fresh_out, struct sst_error *err)
{
	struct nats_link *link;
	int code = SST_OK;

	if (wire->link != NULL && link_broken(wire->link))
		nats__wire_drop(wire);
	if (wire->link == NULL)
		code = wire_start(wire, err);
	if (code != SST_OK)
		return code;
	wire->generation++;
	link = wire->link;
	sst_lock_acquire(&link->lock);
	code = wire_wait(wire, deadline, link_decided, err);
	if (code == SST_OK && link->state == LINK_BROKEN) {
		*err = link->err;
		code = err->code;
	}
	link_clear(link);
	sst_lock_release(&link->lock);
	/* what still connects is waited for again, the next time */
	if (code == SST_TIMEOUT && !link_broken(link))
		return sst_error_set(err, SST_TIMEOUT,
		    "connecting: no answer in time");
	if (code == SST_CANCELED)
		return code;
	if (code != SST_OK) {
		nats__wire_drop(wire);
		return code;
	}
	*fresh_out = !wire->joined;
	if (!wire->joined)
		pthread_join(wire->thread, NULL);
	wire->joined = true;
	return SST_OK;
}

int
nats__wire_send(struct nats_wire *wire, uint32_t tag, const char *subject,
    const char *body, size_t len, struct sst_error *err)
{
	char reply[sizeof(wire->link->inbox) + 24];
	natsStatus s;

	if (!nats__wire_valid_subject(subject) || len > INT32_MAX)
		return sst_error_set(err, SST_INVALID,
		    "a name that cannot be part of a subject");
	snprintf(reply, sizeof(reply), "%s.%llx", wire->link->inbox,
	    (unsigned long long)wire->generation << 32 | tag);
	s = natsConnection_PublishRequest(
	    wire->link->nc, subject, reply, body, (int)len);
	if (s == NATS_OK)
		return SST_OK;
	if (s == NATS_NO_MEMORY)
		return sst_error_nomem(err);
	return sst_error_set(err, SST_TRUNCATED,
	    "the server closed the connection");
}

/* The oldest item, unless it belongs to an older generation. */
static bool
wire_take(struct nats_wire *wire, struct link_item *out)
{
	struct nats_link *link = wire->link;

	*out = link->ring[link->head];
	memset(&link->ring[link->head], 0, sizeof(*out));
	link->head = (link->head + 1) % WIRE_RING;
	link->count--;
	return out->denied != NULL || out->tag >> 32 == wire->generation;
}

static int
wire_item(struct nats_wire *wire, struct sst_mono deadline,
    struct link_item *item, struct sst_error *err)
{
	struct nats_link *link = wire->link;
	int code = wire_wait(wire, deadline, link_has_news, err);

	if (code == SST_TIMEOUT)
		return sst_error_set(err, code, "no answer in time");
	if (code != SST_OK)
		return code;
	if (link->count > 0)
		return wire_take(wire, item) ? SST_OK : SST_NODATA;
	if (link->inbox_denied)
		return sst_error_set(err, SST_FORBIDDEN,
		    "the user may not subscribe to its inbox");
	*err = link->err;
	return err->code;
}

int
nats__wire_next(struct nats_wire *wire, struct sst_mono deadline,
    struct nats_reply *out, struct sst_error *err)
{
	struct nats_link *link = wire->link;
	struct link_item item;
	const char *status = NULL;
	int code;

	do {
		memset(&item, 0, sizeof(item));
		sst_lock_acquire(&link->lock);
		code = wire_item(wire, deadline, &item, err);
		sst_lock_release(&link->lock);
		if (code == SST_NODATA)
			item_fini(&item);
	} while (code == SST_NODATA);
	if (code != SST_OK)
		return code;
	memset(out, 0, sizeof(*out));
	out->tag = (uint32_t)item.tag;
	out->denied = item.denied;
	out->message = item.message;
	if (item.denied != NULL) {
		out->code = SST_FORBIDDEN;
		return SST_OK;
	}
	out->data = natsMsg_GetData(item.message);
	out->len = (size_t)natsMsg_GetDataLength(item.message);
	if (out->len == 0)
		status = nats__reply_header(out, "Status", false);
	if (status != NULL && strcmp(status, "503") == 0)
		out->code = SST_NOT_FOUND;
	return SST_OK;
}

void
nats__reply_fini(struct nats_reply *reply)
{
	natsMsg_Destroy(reply->message);
	free(reply->denied);
	memset(reply, 0, sizeof(*reply));
}

const char *
nats__reply_header(const struct nats_reply *reply, const char *name, bool last)
{
	const char **values = NULL, *value = NULL;
	int count = 0;

	if (!last) {
		if (natsMsgHeader_Get(reply->message, name, &value) != NATS_OK)
			return NULL;
		return value;
	}
	if (natsMsgHeader_Values(reply->message, name, &values, &count) !=
	    NATS_OK)
		return NULL;
	if (count > 0)
		value = values[count - 1];
	free((void *)values);
	return value;
}

void
nats__wire_interrupt(struct nats_wire *wire)
{
	sst_lock_acquire(&wire->lock);
	wire->interrupted = true;
	if (wire->link != NULL) {
		sst_lock_acquire(&wire->link->lock);
		wire->link->interrupted = true;
		pthread_cond_broadcast(&wire->link->cond);
		sst_lock_release(&wire->link->lock);
	}
	sst_lock_release(&wire->lock);
}

void
nats__wire_resume(struct nats_wire *wire)
{
	sst_lock_acquire(&wire->lock);
	wire->interrupted = false;
	if (wire->link != NULL) {
		sst_lock_acquire(&wire->link->lock);
		wire->link->interrupted = false;
		sst_lock_release(&wire->link->lock);
	}
	sst_lock_release(&wire->lock);
}
