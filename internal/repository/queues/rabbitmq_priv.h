/* Between the rabbitmq_*.c files. */
#ifndef SST_REPOSITORY_QUEUES_RABBITMQ_PRIV_H
#define SST_REPOSITORY_QUEUES_RABBITMQ_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/option.h"
#include "httpc/client.h"
#include "repository/draft.h"
#include "repository/queues/pick.h"
#include "repository/queues/rabbitmq_letters.h"
#include "repository/queues/rabbitmq_parse.h"
#include "repository/queues/rabbitmq_table.h"
#include "repository/source.h"

/* The broker gathers its statistics every 5 s: asking more often gives the
 * same answer at the full price. */
enum { RABBITMQ_STATS_MS = 5000 };
/* Statistics older than this are not shown beside live figures. */
enum { RABBITMQ_STATS_MAX_AGE_MS = 15000 };
/* Tags of a user hardly ever change. */
enum { RABBITMQ_WHOAMI_MS = 60000 };
/* A broker of 170,000 queues has been seen; a row takes some 300 bytes. */
enum { RABBITMQ_QUEUES_MAX = 200000 };
/* Policies, exchanges and bindings are read again; new ones at once. */
enum { RABBITMQ_LETTERS_MS = 30000 };
/* The live form hangs for a while after a node died: it is left alone so long,
 * and requests do not pile up in the broker. */
enum { RABBITMQ_PAUSE_MS = 30000 };
/* Which vhosts are hidden is asked again. */
enum { RABBITMQ_VHOSTS_MS = 60000 };
/* Vhosts without a queue that are asked whether they let us in. */
enum { RABBITMQ_PROBES_MAX = 32 };
/* Queues whose depth by priority is read, and those in one request. */
enum { RABBITMQ_PRIORITIES_MAX = 1000, RABBITMQ_PRIORITIES_BATCH = 50 };
/* Reads of all pages before a list that keeps changing is taken as it is. */
enum { RABBITMQ_PASSES = 3 };

enum rabbitmq_depth {
	/* Counts as they are (disable_stats + enable_queue_totals), joined
	 * with /api/consumers at every collection and with the statistics
	 * form, for rates and age, every 5 s. */
	RABBITMQ_LIVE,
	/* The statistics form alone: one read less, up to 6 s behind. */
	RABBITMQ_STATS
};

/* What is read, in the order in which the reasons of failures count. */
enum rabbitmq_part_id {
	RABBITMQ_PART_QUEUES,
	RABBITMQ_PART_STATISTICS,
	RABBITMQ_PART_OVERVIEW,
	RABBITMQ_PART_UNREACHED,
	RABBITMQ_PART_CONSUMERS,
	RABBITMQ_PART_NODES,
	RABBITMQ_PART_LETTERS,
	RABBITMQ_PART_PRIORITIES,
	RABBITMQ_PART_VHOSTS,
	RABBITMQ_PARTS
};

struct rabbitmq_part {
	bool tried;
	struct sst_mono due;    /* to be read again; counts when tried */
	struct sst_error error; /* of the last try; SST_OK */
};

struct rabbitmq_settings {
	char *url;
	char *username;
	struct sst_secret password;
	char *ca_file;
	struct queue_pick pick;
	struct sst_option_list vhosts;
	bool hide_exclusive;
	int depth; /* enum rabbitmq_depth */
	int64_t page_size;
};

struct rabbitmq {
	struct rabbitmq_settings s; /* the url without a slash at the end */
	size_t max_bytes;
	const struct sst_clock *clock;
	struct sst_httpc *http; /* the same from init to fini: interrupted */
	bool login_set;         /* credentials were read and given to http */

	/* kept between collections */
	struct rabbitmq_part parts[RABBITMQ_PARTS];
	struct rabbitmq_table stats;
	struct sst_mono stats_at; /* last good read */
	struct rabbitmq_table priorities;
	struct rabbitmq_letters letters;
	bool monitor; /* /api/consumers shows the consumers of others */
	bool whoami_known;
	struct sst_mono whoami_due;

	/* of one collection */
	struct rabbitmq_table fresh;     /* what is being read */
	struct rabbitmq_table live;      /* queues with live counts */
	struct rabbitmq_table consumers; /* counts by queue */
	struct sst_buf name, target;     /* the memory stays */
};

/* One collection. */
struct rabbitmq_read {
	struct rabbitmq *r;
	const struct sst_collect *req;
	struct sst_draft *out;
	struct sst_mono deadline;    /* of the step that runs */
	struct rabbitmq_table *rows; /* the queues to show */
	size_t listed; /* queues of the list, also the ones left out */
	struct rabbitmq_overview overview;
	json_t *nodes; /* owned; NULL: not known */
	bool consumers_known;
	bool again;   /* a later pass: rejected rows are told already */
	bool limited; /* there are more queues than are shown */
};

/* Requests and lists: rabbitmq_list.c. */

/* GETs url + path and checks the status. SST_FORBIDDEN also for a 401 to a
 * login that was right. */
int rabbitmq__get(struct rabbitmq_read *read, const char *path,
    struct sst_httpc_response *out, struct sst_error *err);
/* Appends everything but the unreserved characters of RFC 3986 encoded. */
void rabbitmq__add_encoded(struct sst_buf *out, const char *text);

/* A list of queues to read. */
struct rabbitmq_list {
	const char *query;
	struct rabbitmq_sink sink; /* takes the rows */
	/* Where the sink puts them, so that what paging missed or told twice
	 * is noticed. */
	const struct rabbitmq_table *unique;
	size_t listed; /* out: queues, also the ones left out */
};

/* Reads all pages, of each configured vhost or of all; SST_LIMIT ends it. */
int rabbitmq__list(struct rabbitmq_read *read, struct rabbitmq_list *list,
    struct sst_error *err);

/* Parts, and what is told of the broker: rabbitmq_parts.c. */

/* Whether a collection can go on without an answer. Not when the broker cannot
 * be reached or will not have us: asking it more would only delay the news. */
bool rabbitmq__optional(int code);
/* Half of what is left: others must get their turn. */
void rabbitmq__half(struct rabbitmq_read *read);
void rabbitmq__whole(struct rabbitmq_read *read);

typedef int (*rabbitmq_part_fn)(
    struct rabbitmq_read *read, struct sst_error *err);

/*
 * Reads a part when it is due, within half of the time that is left, and tells
 * of its failure until it is over. Only a failure that is not optional comes
 * back.
 */
int rabbitmq__part(struct rabbitmq_read *read, enum rabbitmq_part_id id,
    rabbitmq_part_fn fn, struct sst_error *err);
/* Tells of its failure in this collection. */
void rabbitmq__part_tell(struct rabbitmq_read *read, enum rabbitmq_part_id id);

int rabbitmq__read_overview(struct rabbitmq_read *read, struct sst_error *err);
int rabbitmq__read_nodes(struct rabbitmq_read *read, struct sst_error *err);
/* Whether the broker says so of that node. */
bool rabbitmq__node_down(const struct rabbitmq_read *read, const char *node);
int rabbitmq__tell_upstream(struct rabbitmq_read *read, struct sst_error *err);

/* The queues: rabbitmq_join.c. */

int rabbitmq__step_queues(struct rabbitmq_read *read, struct sst_error *err);
/* Queues that the live form leaves out because nobody answers for them. */
int rabbitmq__step_unreached(struct rabbitmq_read *read, struct sst_error *err);
int rabbitmq__read_consumers(struct rabbitmq_read *read, struct sst_error *err);

/* Rows to entities: rabbitmq_show.c. */

/* The name in the document, borrowed until the next call; NULL: the queue is
 * not to be shown. SST_NOMEM. */
int rabbitmq__shown(struct rabbitmq_read *read, const struct rabbitmq_row *row,
    const char **name_out, struct sst_error *err);
int rabbitmq__step_show(struct rabbitmq_read *read, struct sst_error *err);

/* More that is read: rabbitmq_follow.c, _levels.c, _hidden.c. */

/* Policies, and the exchanges that dead letters go to. */
int rabbitmq__read_letters(struct rabbitmq_read *read, struct sst_error *err);
/* Depth by priority, of queues that have priorities. */
int
rabbitmq__step_priorities(struct rabbitmq_read *read, struct sst_error *err);
/* Queues that this user is not shown. */
int rabbitmq__step_hidden(struct rabbitmq_read *read, struct sst_error *err);

#endif
