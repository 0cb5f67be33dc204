#include "repository/queues/nats_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_link.h"

/* The library's threads take to let go. */
enum { WIRE_END_MS = 5000, WIRE_QUIET_MS = 5 };

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

	for (n = 1; n <= NATS_LINK_URLS; n++) {
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

static int
wire_start(struct nats_wire *wire, struct sst_error *err)
{
	struct nats_link *link = NULL;
	int code = nats__link_new(wire->access, &link, err);

	if (code != SST_OK)
		return code;
	if (pthread_create(
		&wire->thread, NULL, nats__link_connect, link) != 0) {
		nats__link_release(link);
		return sst_error_set(
		    err, SST_INTERNAL, "no thread to connect with");
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
	nats__link_release(link);
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
	return link->state != NATS_LINK_CONNECTING;
}

static bool
link_has_news(const struct nats_link *link)
{
	return link->count > 0 || link->state == NATS_LINK_BROKEN ||
	       link->inbox_denied;
}

static void
wire_drop_broken(struct nats_wire *wire)
{
	struct nats_link *link = wire->link;
	bool broken;

	if (link == NULL)
		return;
	sst_lock_acquire(&link->lock);
	broken = link->state == NATS_LINK_BROKEN;
	sst_lock_release(&link->lock);
	if (broken)
		nats__wire_drop(wire);
}

/* Waits until the link is what it will be. */
static int
wire_settle(struct nats_wire *wire, struct sst_mono deadline,
    struct sst_error *err)
{
	struct nats_link *link = wire->link;
	int code;

	sst_lock_acquire(&link->lock);
	code = wire_wait(wire, deadline, link_decided, err);
	if (code == SST_OK && link->state == NATS_LINK_BROKEN) {
		*err = link->err;
		code = err->code;
	} else if (code == SST_TIMEOUT) {
		sst_error_set(err, SST_TIMEOUT,
		    "connecting: no answer in time");
	}
	nats__link_clear(link);
	sst_lock_release(&link->lock);
	return code;
}

int
nats__wire_open(struct nats_wire *wire, struct sst_mono deadline,
    bool *fresh_out, struct sst_error *err)
{
	int code = SST_OK;

	wire->generation++;
	/* one of an earlier time may have failed since, or fail now */
	if (wire->link != NULL) {
		code = wire_settle(wire, deadline, err);
		wire_drop_broken(wire);
		if (wire->link != NULL && code != SST_OK)
			return code;
	}
	if (wire->link == NULL) {
		code = wire_start(wire, err);
		if (code == SST_OK)
			code = wire_settle(wire, deadline, err);
		wire_drop_broken(wire);
		if (code != SST_OK)
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
    const struct sst_buf *body, struct sst_error *err)
{
	char reply[sizeof(wire->link->inbox) + 24];
	natsStatus s = NATS_CONNECTION_CLOSED;

	if (!nats__wire_valid_subject(subject) || body->len > INT32_MAX)
		return sst_error_set(err, SST_INVALID,
		    "a name that cannot be part of a subject");
	if (wire->link != NULL) {
		snprintf(reply, sizeof(reply), "%s.%llx", wire->link->inbox,
		    (unsigned long long)wire->generation << 32 | tag);
		s = natsConnection_PublishRequest(
		    wire->link->nc, subject, reply,
		    body->data != NULL ? body->data : "", (int)body->len);
	}
	if (s == NATS_OK)
		return SST_OK;
	if (s == NATS_NO_MEMORY)
		return sst_error_nomem(err);
	return sst_error_set(err, SST_TRUNCATED,
	    "the server closed the connection");
}

/* The oldest item, unless it belongs to an older generation. */
static bool
wire_take(struct nats_wire *wire, struct nats_item *out)
{
	struct nats_link *link = wire->link;

	*out = link->ring[link->head];
	memset(&link->ring[link->head], 0, sizeof(*out));
	link->head = (link->head + 1) % NATS_LINK_RING;
	link->count--;
	return out->denied != NULL || out->tag >> 32 == wire->generation;
}

static int
wire_item(struct nats_wire *wire, struct sst_mono deadline,
    struct nats_item *item, struct sst_error *err)
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
	struct nats_item item;
	const char *status = NULL;
	int code;

	do {
		memset(&item, 0, sizeof(item));
		sst_lock_acquire(&link->lock);
		code = wire_item(wire, deadline, &item, err);
		sst_lock_release(&link->lock);
		if (code == SST_NODATA)
			nats__item_fini(&item);
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

bool
nats__wire_quiet(struct nats_wire *wire)
{
	const struct sst_clock *real = sst_clock_real();
	struct sst_mono end =
	    sst_mono_add_ms(sst_clock_mono(real), WIRE_QUIET_MS);
	struct nats_link *link = wire->link;
	bool quiet;

	sst_lock_acquire(&link->lock);
	while (!link_has_news(link) && !link->interrupted &&
	       sst_mono_before(sst_clock_mono(real), end))
		sst_lock_wait(&link->lock, &link->cond, real, end);
	quiet = !link_has_news(link) && !link->interrupted;
	sst_lock_release(&link->lock);
	return quiet;
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
