/*
 * The first round trip: which queues and workers there are, and of each queue
 * the counts and the ids of its jobs, in one transaction, so that a job that
 * moves is seen in one place. The names are those of the last collection; what
 * is new among them takes another run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "repository/queues/rq_priv.h"

/* The names may change while we look. */
enum { CUT_RUNS = 4 };

struct cut_key {
	const char *before, *after; /* the name of the queue */
	bool list;
	enum rq_fact fact;
};

static const struct cut_key cut_keys[RQ_PARTS] = {
    [RQ_WIP] = {"rq:wip:", "", false, RQ_FACT_STARTED},
    [RQ_TAKEN] = {"rq:queue:", ":intermediate", true, RQ_FACT_STARTED},
    [RQ_READY] = {"rq:queue:", "", true, RQ_FACT_READY},
    [RQ_SCHEDULED] = {"rq:scheduled:", "", false, RQ_FACT_SCHEDULED},
    [RQ_DEFERRED] = {"rq:deferred:", "", false, RQ_FACT_DEFERRED},
    [RQ_FAILED] = {"rq:failed:", "", false, RQ_FACT_FAILED},
};

enum rq_fact
rq__fact_of(enum rq_part part)
{
	return cut_keys[part].fact;
}

void
rq__cut_key(struct rq *rq, enum rq_part part, const char *name, size_t len)
{
	sst_buf_clear(&rq->scratch);
	sst_buf_adds(&rq->scratch, cut_keys[part].before);
	sst_buf_add(&rq->scratch, name, len);
	sst_buf_adds(&rq->scratch, cut_keys[part].after);
	rq->failed = rq->failed || sst_buf_failed(&rq->scratch);
}

/* The replies of one run, in the order in which they come. */
struct cut_run {
	struct rq_read *read;
	size_t queue; /* the one whose replies come */
	int command;  /* of it; -1: that of MULTI */
	int names;    /* commands for names, before those of the queues */
	int name;     /* the one whose reply is next */
	bool multi;
	bool refused; /* the transaction is: it is to be done without */
};

static void
cut_ask(struct rq *rq, const char *const *parts, const size_t *lens)
{
	size_t n;

	for (n = 0; parts[n] != NULL; n++)
		;
	sst_redis_command_argv(rq->redis, n, parts, lens);
}

/* A command with the key in rq->scratch, then words. */
static void
cut_ask_key(struct rq *rq, const char *command, const char *const *words)
{
	const char *parts[6] = {command, rq->scratch.data};
	size_t lens[6] = {strlen(command), rq->scratch.len};
	size_t n;

	for (n = 0; words[n] != NULL; n++) {
		parts[n + 2] = words[n];
		lens[n + 2] = strlen(words[n]);
	}
	cut_ask(rq, parts, lens);
}

/* "1 0" is no member at all; the last ones of those that failed. */
static void
cut_ask_list(struct rq *rq, enum rq_part part, int64_t most)
{
	const char *words[4] = {"1", "0", NULL, NULL};
	char first[24], last[24];

	if (most > 0) {
		snprintf(first, sizeof(first), "%" PRId64,
		    part == RQ_FAILED ? -most : 0);
		snprintf(last, sizeof(last), "%" PRId64,
		    part == RQ_FAILED ? -1 : most - 1);
		words[0] = first;
		words[1] = last;
	}
	if (part == RQ_SCHEDULED)
		words[2] = "WITHSCORES";
	cut_ask_key(rq, cut_keys[part].list ? "LRANGE" : "ZRANGE", words);
}

static void
cut_ask_queue(struct rq *rq, struct rq_queue *q, bool multi)
{
	static const char *const none[] = {NULL};
	int part;

	if (multi)
		sst_redis_command(rq->redis, "MULTI");
	rq__plan(q->counts, q->large ? 0 : rq->settings.max_tasks, q->asked);
	for (part = 0; part < RQ_PARTS; part++) {
		rq__cut_key(rq, (enum rq_part)part, q->name, q->len);
		if (rq->failed)
			return;
		cut_ask_key(rq, cut_keys[part].list ? "LLEN" : "ZCARD", none);
		cut_ask_list(rq, (enum rq_part)part, q->asked[part]);
	}
	if (multi)
		sst_redis_command(rq->redis, "EXEC");
}

static void
cut_next_queue(struct cut_run *run)
{
	const struct rq *rq = run->read->rq;

	while (run->queue < rq->queue_count && !rq->queues[run->queue].todo)
		run->queue++;
	run->command = run->multi ? -1 : 0;
}

static void
cut_queue_done(struct cut_run *run)
{
	run->read->rq->queues[run->queue].todo = false;
	cut_next_queue(run);
}

/* MULTI, then QUEUED for each command, then all replies in one. */
static int
cut_on_multi(
    struct cut_run *run, struct sst_redis_walk *walk, struct sst_error *err)
{
	struct rq_queue *q = &run->read->rq->queues[run->queue];
	struct sst_redis_item item;
	int i, code = SST_OK, command = run->command++;

	if (!sst_redis_next(walk, &item))
		return SST_OK;
	if (item.type == REDIS_REPLY_ERROR)
		run->refused = true;
	if (command < RQ_CUT_COMMANDS)
		return SST_OK;
	for (i = 0; code == SST_OK && !run->refused && i < RQ_CUT_COMMANDS; i++)
		code = rq__cut_take(run->read, q, i, walk, err);
	if (!run->refused)
		cut_queue_done(run);
	else
		cut_next_queue(run);
	return code;
}

static int
cut_on_bytes(
    void *ctx, size_t i, const char *bytes, size_t len, struct sst_error *err)
{
	struct sst_redis_walk walk = {bytes, bytes + len};
	struct cut_run *run = ctx;
	struct rq_read *read = run->read;
	int code;

	(void)i;
	if (run->name < run->names)
		return rq__names_on_reply(read, run->name++, bytes, len, err);
	/* the rest of a run that is refused is passed over */
	if (run->refused || run->queue >= read->rq->queue_count)
		return SST_OK;
	if (run->multi)
		return cut_on_multi(run, &walk, err);
	code = rq__cut_take(
	    read, &read->rq->queues[run->queue], run->command++, &walk, err);
	if (code == SST_OK && run->command == RQ_CUT_COMMANDS)
		cut_queue_done(run);
	return code;
}

static void
cut_fill(struct cut_run *run)
{
	struct rq *rq = run->read->rq;
	size_t i;

	if (run->read->names_due)
		run->names = rq__names_ask(rq);
	for (i = 0; i < rq->queue_count; i++) {
		if (rq->queues[i].todo)
			cut_ask_queue(rq, &rq->queues[i], run->multi);
	}
	run->queue = 0;
	cut_next_queue(run);
}

/* A queue whose ids are over the bound is asked for counts alone. */
static int
cut_large(struct cut_run *run, struct sst_error *err)
{
	struct rq_read *read = run->read;
	struct rq_queue *q;

	if (run->name < run->names || run->queue >= read->rq->queue_count ||
	    read->large_left-- <= 0)
		return SST_TOO_LARGE;
	q = &read->rq->queues[run->queue];
	if (q->large)
		return SST_TOO_LARGE;
	q->large = true;
	rq__fact_failed(read, rq__fact_of(RQ_READY), err);
	sst_error_clear(err);
	return SST_OK;
}

static int
cut_run(struct rq_read *read, struct sst_error *err)
{
	struct rq *rq = read->rq;
	struct cut_run run = {.read = read, .multi = !rq->no_multi};
	int code;

	cut_fill(&run);
	if (rq->failed)
		return sst_error_nomem(err);
	code = sst_redis_run_bytes(
	    rq->redis, read->req->deadline, cut_on_bytes, &run, err);
	if (code == SST_TOO_LARGE)
		code = cut_large(&run, err);
	if (code != SST_OK)
		return code;
	if (run.refused)
		rq->no_multi = true;
	if (!read->names_due || run.name < run.names)
		return SST_OK;
	read->names_due = false;
	return rq__names_take(read, err);
}

/* Whether more of its jobs would be told than there are ids of. */
static bool
cut_short(const struct rq *rq, const struct rq_queue *q)
{
	int64_t known[RQ_PARTS], share[RQ_PARTS];
	int part;

	for (part = 0; part < RQ_PARTS; part++)
		known[part] = q->counts[part] > 0 && !q->unlisted[part]
				  ? q->counts[part]
				  : 0;
	rq__share(known, rq->settings.max_tasks, share);
	for (part = 0; part < RQ_PARTS; part++) {
		if (share[part] > q->asked[part])
			return true;
	}
	return false;
}

static bool
cut_left(struct rq *rq, bool again)
{
	bool left = false;
	size_t i;

	for (i = 0; i < rq->queue_count; i++) {
		struct rq_queue *q = &rq->queues[i];

		if (again && !q->todo && !q->large && cut_short(rq, q))
			q->todo = true;
		left = left || q->todo;
	}
	return left;
}

int
rq__cut(struct rq_read *read, struct sst_error *err)
{
	struct rq *rq = read->rq;
	bool left = true;
	int runs, code = SST_OK;
	size_t i;

	for (i = 0; i < rq->queue_count; i++)
		rq->queues[i].todo = true;
	read->names_due = true;
	for (runs = 0;
	     left && code == SST_OK && runs < CUT_RUNS + RQ_LARGE_PER_READ;
	     runs++) {
		code = cut_run(read, err);
		left = read->names_due || cut_left(rq, runs < CUT_RUNS);
	}
	return code;
}
