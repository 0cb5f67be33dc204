/* Requests over the connection, many at a time. */
#include <string.h>

#include "repository/queues/nats_priv.h"

/* A request under way. */
struct run_slot {
	bool used;
	uint32_t uses; /* so that an answer to an older one is not taken */
	uint32_t tag;
	size_t weight;
	uint64_t subject; /* hash */
};

struct run {
	struct nats_read *read;
	const struct nats_job *job;
	struct run_slot slots[NATS_WIRE_WIDTH];
	size_t busy;
	size_t sent; /* were under way after the last filling */
	size_t weight; /* of all under way */
	size_t at;     /* where to look for a free slot */
	struct nats_ask ask;
	bool asked; /* ask waits to be sent */
};

static uint64_t
run_hash(const char *subject)
{
	return sst_hash_bytes(subject, strlen(subject)).low;
}

struct sst_mono
nats__half(const struct nats_read *read)
{
	struct sst_mono now = sst_clock_mono(read->n->clock);
	int64_t left = sst_mono_diff_ms(read->req->deadline, now);

	return sst_mono_add_ms(now, left > 0 ? left / 2 : 0);
}

struct sst_mono
nats__most(const struct nats_read *read)
{
	struct sst_mono now = sst_clock_mono(read->n->clock);
	int64_t left = sst_mono_diff_ms(read->req->deadline, now);

	return sst_mono_add_ms(now, left > 0 ? left - left / 4 : 0);
}

int
nats__reply_code(const struct nats_reply *reply, struct sst_error *err)
{
	switch (reply->code) {
	case SST_OK:
		return SST_OK;
	case SST_FORBIDDEN:
		return sst_error_set(err, SST_FORBIDDEN,
		    "the user may not publish to %.200s", reply->denied);
	case SST_NOT_FOUND:
		return sst_error_set(err, SST_UNSUPPORTED,
		    "nobody answers to $JS.API: JetStream is not enabled for "
		    "this account");
	default:
		return sst_error_set(err, reply->code,
		    "a name that cannot be part of a subject");
	}
}

static struct run_slot *
run_free_slot(struct run *run)
{
	while (run->slots[run->at].used)
		run->at = (run->at + 1) % NATS_WIRE_WIDTH;
	return &run->slots[run->at];
}

static int
run_send(struct run *run, struct sst_error *err)
{
	struct nats_ask *ask = &run->ask;
	struct nats_reply refused = {.code = SST_INVALID};
	struct run_slot *slot = run_free_slot(run);
	uint32_t tag;
	int code;

	if (sst_buf_failed(&ask->subject) || sst_buf_failed(&ask->body))
		return sst_error_nomem(err);
	slot->uses = (slot->uses + 1) & 0x3fffffU;
	tag = slot->uses * NATS_WIRE_WIDTH + (uint32_t)run->at;
	code = nats__wire_send(
	    run->read->n->wire, tag, ask->subject.data, &ask->body, err);
	run->asked = false;
	if (code == SST_INVALID)
		return run->job->take(run->job->ctx, ask->tag, &refused, err);
	if (code != SST_OK)
		return code;
	slot->used = true;
	slot->tag = ask->tag;
	slot->weight = ask->weight;
	slot->subject = run_hash(ask->subject.data);
	run->busy++;
	run->weight += ask->weight;
	return SST_OK;
}

/* Requests that go out together cost one wake of the thread that writes them, so
 * half of them come back before more are sent. But some never do: those that ask
 * for what a server led that is gone. */
static bool
run_waits(const struct run *run)
{
	return run->busy > run->sent / 2 &&
	       !nats__wire_quiet(run->read->n->wire);
}

/* Sends as much as may be under way. */
static int
run_fill(struct run *run, struct sst_error *err)
{
	size_t bound = run->read->n->max_bytes;
	int code = SST_OK;

	if (run_waits(run))
		return SST_OK;
	while (code == SST_OK && run->busy < NATS_WIRE_WIDTH) {
		if (!run->asked) {
			sst_buf_clear(&run->ask.subject);
			sst_buf_clear(&run->ask.body);
			run->ask.weight = 0;
			if (!run->job->next(run->job->ctx, &run->ask))
				break;
			run->asked = true;
		}
		if (run->busy > 0 && run->weight + run->ask.weight > bound)
			break;
		code = run_send(run, err);
	}
	run->sent = run->busy;
	return code;
}

static int
run_end_slot(struct run *run, struct run_slot *slot,
    const struct nats_reply *reply, struct sst_error *err)
{
	slot->used = false;
	run->busy--;
	run->weight -= slot->weight;
	return run->job->take(run->job->ctx, slot->tag, reply, err);
}

/* No answer will come to any request of that subject. */
static int
run_denied(struct run *run, const struct nats_reply *reply, struct sst_error *err)
{
	uint64_t subject = run_hash(reply->denied);
	size_t i;
	int code = SST_OK;

	for (i = 0; code == SST_OK && i < NATS_WIRE_WIDTH; i++) {
		if (run->slots[i].used && run->slots[i].subject == subject)
			code = run_end_slot(run, &run->slots[i], reply, err);
	}
	return code;
}

static int
run_take(struct run *run, const struct nats_reply *reply, struct sst_error *err)
{
	struct run_slot *slot = &run->slots[reply->tag % NATS_WIRE_WIDTH];

	if (reply->code == SST_FORBIDDEN)
		return run_denied(run, reply, err);
	if (!slot->used || slot->uses != reply->tag / NATS_WIRE_WIDTH)
		return SST_OK;
	return run_end_slot(run, slot, reply, err);
}

int
nats__run(struct nats_read *read, const struct nats_job *job,
    struct sst_mono deadline, struct sst_error *err)
{
	struct run run = {.read = read, .job = job};
	struct nats_reply reply;
	bool heard = false;
	int code;

	for (;;) {
		code = run_fill(&run, err);
		if (code != SST_OK || run.busy == 0)
			break;
		code = nats__wire_next(read->n->wire, deadline, &reply, err);
		if (code != SST_OK)
			break;
		heard = true;
		code = run_take(&run, &reply, err);
		nats__reply_fini(&reply);
		if (code != SST_OK)
			break;
	}
	/* nobody is there any more, as far as we can tell */
	if (code == SST_TRUNCATED || (code == SST_TIMEOUT && !heard))
		nats__wire_drop(read->n->wire);
	sst_buf_fini(&run.ask.subject);
	sst_buf_fini(&run.ask.body);
	return code;
}
