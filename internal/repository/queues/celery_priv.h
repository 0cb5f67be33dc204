/* Between the celery_*.c files. */
#ifndef SST_REPOSITORY_QUEUES_CELERY_PRIV_H
#define SST_REPOSITORY_QUEUES_CELERY_PRIV_H

#include "repository/draft.h"
#include "repository/queues/celery_parse.h"
#include "repository/queues/celery_table.h"
#include "repository/queues/pick.h"
#include "repository/redis/redis.h"
#include "repository/source.h"

/* Priorities a queue may have: BRPOP looks at all their lists each time. */
enum { CELERY_STEPS_MAX = 256 };
/* Bytes of a queue's list that are read at once: 4 KB for each of 1,000 tasks;
 * of larger ones fewer are read. */
enum { CELERY_WINDOW_BYTES = 4 * 1024 * 1024 };
/* Taken tasks that are looked at; with more, counts by queue are unknown. */
enum { CELERY_TAKEN_MAX = 100000 };
/* Of a result, the status is at its head. */
enum { CELERY_RESULT_BYTES = 8192 };
/* Before something that was refused or too large is tried again. */
enum { CELERY_AGAIN_MS = 60000 };
/* Tasks that one waits for: more are not listed. */
enum { CELERY_BLOCKERS_MAX = 32 };

struct celery_settings {
	struct sst_redis_settings redis;
	struct queue_pick pick;
	int64_t max_tasks;
	struct sst_option_list queues;
	char *prefix;
	char *priority_steps;
	char *separator;
	char *unacked_key;
	char *unacked_index_key;
	int64_t visibility_ms;
	int64_t discover_ms;
	char *depends_on;
	struct sst_redis_settings results;
	char *results_prefix;
};

/* One task as it is kept; texts in the pool of what holds it. */
struct celery_row {
	struct queue_text id;
	struct queue_text type;
	struct sst_wall eta;
	int64_t retries;
	bool has_priority;
	int64_t priority;
	struct sst_hash hash;   /* of the message, of a task that waits */
	const char *bad_reason; /* it is none, static; then without id */
	bool twin; /* the same task is listed elsewhere in the queue */
	struct celery_next *next;
	size_t next_count;
	struct queue_text *waits_for;
	size_t waits_count;
};

struct celery_queue;

/* What a list is known by: it is only added to at one end and taken from at the
 * other, and each message is another one. */
struct celery_probe {
	int64_t len;
	struct sst_hash newest;
	struct sst_hash next;
	bool whole; /* both ends could be looked at */
};

/* The waiting tasks of one priority. */
struct celery_list {
	struct celery_queue *queue;
	int64_t step;
	struct queue_text key; /* owned */
	int64_t probed;        /* length before the window was read */
	int64_t len;           /* at the cut; QUEUE_UNKNOWN */
	size_t typical;        /* bytes of a message; 0: not known */
	/* Its length and both ends, and the same when the window was read. */
	struct celery_probe probe, mark;
	bool marked;
	size_t limit; /* messages that fit into one reply, by experience */
	struct celery_probe limit_mark; /* when that was found out */
	struct sst_mono probe_due;      /* its ends are too large until then */
	struct sst_mono whole_at;       /* when all of the window was read */
	size_t want;                    /* messages to have */
	int code;                       /* why it cannot be read; SST_OK */
	struct celery_pool pool;
	struct celery_row *rows; /* owned, head first */
	size_t count, cap;
	size_t wasted; /* rows that are gone, but their texts are not */
	size_t bad;    /* rows that are no tasks */
};

/* A task that a worker took and did not acknowledge. */
struct celery_entry {
	struct celery_pool pool;
	struct queue_text tag;
	struct sst_hash key; /* of tag and score */
	struct sst_wall taken_at;
	bool read;              /* the message was looked at */
	const char *bad_reason; /* it could not be; static */
	struct celery_queue *queue;
	struct celery_row row;
	uint64_t turn;             /* of the collection that saw it last */
	struct celery_entry *next; /* of the same queue, in order of taking */
	enum celery_state state;
	bool asked; /* its result was read since it was taken */
	struct celery_pool told;
	struct queue_text worker;
	struct queue_text error;
};

/* A follower: it is submitted when others are done. */
struct celery_virtual {
	struct celery_queue *queue;
	struct queue_text id;
	struct queue_text type;
	struct queue_blocker blockers[CELERY_BLOCKERS_MAX];
	size_t blocker_count;
	struct celery_virtual *next; /* of the same queue */
};

struct celery_queue {
	struct queue_text name;    /* owned, NUL at the end */
	struct celery_list *lists; /* one for each priority step */
	size_t index;
	bool bound;       /* a binding or an option names it */
	bool held;        /* that, or a task of it is taken */
	bool prioritized; /* another list than the first was seen */
	bool stray;       /* there is one that priority_steps does not have */
	struct celery_entry *first, *last;
	int64_t taken, delayed;
	struct celery_virtual *virtuals, *virtual_last;
	struct sst_hash shown; /* of what the last entity was made of */
	bool shown_whole;
};

/* A binding of an exchange. */
struct celery_bound {
	struct queue_text exchange;
	struct queue_text routing_key;
	struct queue_text queue;
};

/* A thing that is read, and how that stands. */
struct celery_part {
	const char *name;
	bool disabled;
	int code;
	char reason[SST_ERROR_TEXT];
};

enum {
	CELERY_PART_BINDINGS,
	CELERY_PART_QUEUES,
	CELERY_PART_UNACKED,
	CELERY_PART_RESULTS,
	CELERY_PARTS
};

struct celery {
	struct celery_settings set;
	bool copied;
	int64_t *steps;
	size_t step_count;
	const char *sep;
	const struct sst_clock *clock;
	size_t max_bytes;
	struct sst_redis *redis;
	struct sst_redis *results; /* NULL: not configured */

	/* kept between collections */
	struct celery_queue **queues;
	size_t queue_count, queue_cap;
	struct celery_table by_name;  /* queues */
	struct queue_text *exchanges; /* keys of bindings, owned */
	size_t exchange_count, exchange_cap;
	struct sst_mono discover_due;
	unsigned long long cursor; /* of a SCAN that goes on */
	struct sst_mono stray_due;
	int bindings_code; /* of the last discovery */
	char bindings_reason[SST_ERROR_TEXT];
	struct celery_pool bound_pool;
	struct celery_bound *bounds;
	size_t bound_count, bound_cap;
	struct celery_entry **entries; /* in order of taking */
	size_t entry_count, entry_cap;
	struct celery_table taken; /* entries */
	bool no_multi;             /* without the right to it */
	struct sst_mono multi_due;
	uint64_t turn;

	/* of one collection; the memory stays */
	struct celery_table ids;   /* rows by queue and id */
	struct celery_table seen;  /* of followers: who is listed, by id */
	struct celery_table nexts; /* virtuals by id */
	struct celery_pool scratch;
};

/* One collection. */
struct celery_read {
	struct celery *c;
	const struct sst_collect *req;
	struct sst_draft *out;
	struct sst_wall now; /* by the server's clock */
	struct celery_part parts[CELERY_PARTS];
	int64_t taken_total; /* QUEUE_UNKNOWN */
	bool taken_whole;    /* all of them were looked at */
	bool follows;        /* a task waits for another one */
};

/*
 * Commands in pipelines, each reply bounded: one that is too large is told to
 * `large`, and the ones behind it are asked again.
 */
struct celery_batch {
	struct sst_redis *redis;
	struct sst_mono deadline;
	size_t count;
	void (*send)(void *ctx, struct sst_redis *redis, size_t i);
	int (*take)(void *ctx, size_t i, struct sst_redis_walk *reply,
	    struct sst_error *err);
	void (*large)(void *ctx, size_t i);
	void *ctx;
};

int celery__batch(const struct celery_batch *batch, struct sst_error *err);

/* A fact could not be read: the first reason of a part stays. */
void celery__flaw(struct celery_read *read, int part, int code, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* Makes a row; SST_NOMEM. */
int celery__row(const struct celery_message *message, struct celery_pool *pool,
    struct celery_row *out);

/* The step whose list a message of that priority goes to. */
int64_t celery__step(const struct celery *c, int64_t priority);

/* Queues: celery_queue.c. */

/* The queue of that name, made when it is missing; *out is NULL when it is not
 * to be shown. SST_NOMEM. */
int celery__queue(struct celery *c, struct queue_text name,
    struct celery_queue **out, struct sst_error *err);
/* Drops those that nothing names any more. */
void celery__queues_sweep(struct celery *c);
void celery__queues_fini(struct celery *c);
/* Who receives what is sent to that exchange with that key; NULL data when
 * nobody is known to. */
struct queue_text celery__route(const struct celery *c,
    struct queue_text exchange, struct queue_text routing_key);

/* The steps of a collection. */

/* Which queues there are: celery_discover.c. */
int celery__step_discover(struct celery_read *read, struct sst_error *err);
/* Whether there are lists nobody looks at: celery_stray.c. */
int celery__step_strays(struct celery_read *read, struct sst_error *err);
/* The waiting tasks: celery_lists.c. */
int celery__step_lists(struct celery_read *read, struct sst_error *err);
void celery__list_drop(struct celery_list *list);
/* What of the window is known already, and whether more of it must be read:
 * celery_window.c. */
bool celery__window_due(struct celery_list *list, struct sst_mono now);
/* The answer to LRANGE -want -(count, at least 1); false when the list moved
 * on: then nothing of it is known. SST_NOMEM. */
int celery__window_take(struct celery *c, struct celery_list *list,
    struct sst_redis_walk *reply, size_t values, bool *whole_out);
void celery__list_fini(struct celery_list *list);
/* Counts at one instant, and who is taken: celery_cut.c. */
int celery__step_cut(struct celery_read *read, struct sst_error *err);
/* The messages of those: celery_taken.c. */
int celery__step_taken(struct celery_read *read, struct sst_error *err);
void celery__entry_free(struct celery_entry *entry);
/* What the result backend knows of them: celery_results.c. */
int celery__step_results(struct celery_read *read, struct sst_error *err);
/* Puts the queues into the draft: celery_tell.c. */
int celery__step_tell(struct celery_read *read, struct sst_error *err);

/* How a task stands, by its own word. */
bool celery__waits_for_time(
    const struct celery_read *read, const struct celery_row *row);
enum queue_status celery__entry_status(
    const struct celery_read *read, const struct celery_entry *entry);
enum queue_status celery__row_status(
    const struct celery_read *read, const struct celery_row *row);

/* Who follows whom: celery_follow.c. */
int celery__follow(struct celery_read *read, struct sst_error *err);
/* What a row says that it depends on; returns their number. */
size_t celery__waits_for(const struct celery *c, const struct celery_row *row,
    struct queue_blocker out[CELERY_BLOCKERS_MAX]);

#endif
