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
/* A broker of 170,000 queues has been seen; a cell takes 140 bytes. */
enum { RABBITMQ_QUEUES_MAX = 200000 };
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

struct rabbitmq {
	/* settings, copied */
	char *url; /* without a slash at the end */
	char *system;
	struct sst_option_list vhosts;
	struct sst_option_list include;
	struct sst_option_list exclude;
	bool hide_exclusive;
	enum rabbitmq_depth depth;
	long page_size;
	size_t max_bytes;
	char *username; /* NULL: none */
	struct sst_secret password;
	const struct sst_clock *clock;
	struct sst_httpc *http; /* the same from init to fini: interrupted */
	bool login_set;         /* credentials were read and given to http */

	/* kept between collections */
	struct rabbitmq_table stats;
	bool stats_tried;
	struct sst_mono stats_due;
	struct sst_mono stats_at;     /* last good read */
	struct sst_error stats_error; /* of the last read; SST_OK */
	bool monitor; /* /api/consumers shows the consumers of others */
	bool whoami_known;
	struct sst_mono whoami_due;

	/* of one collection; the memory stays */
	struct rabbitmq_table fresh;     /* statistics being read */
	struct rabbitmq_table consumers; /* counts by queue */
	struct rabbitmq_table seen;
	struct sst_buf name;
};

/* One collection. */
struct rabbitmq_read {
	struct rabbitmq *r;
	const struct sst_collect *req;
	struct sst_draft *out;
	struct sst_mono deadline; /* of the step that runs */
	bool consumers_known;
	size_t rows; /* listed so far, also the ones left out */
	bool again;  /* a later pass: rejected rows are told already */
};

/* Requests and lists: rabbitmq_list.c. */

/* GETs url + path and checks the status. SST_FORBIDDEN also for a 401 to a
 * login that was right. */
int rabbitmq__get(struct rabbitmq_read *read, const char *path,
    struct sst_httpc_response *out, struct sst_error *err);

/* A list of queues to read. */
struct rabbitmq_list {
	const char *query;
	struct rabbitmq_sink sink; /* takes the rows */
	/* Where the sink puts them, so that what paging missed or told twice
	 * is noticed. */
	const struct rabbitmq_table *unique;
};

/* Reads all pages, of each configured vhost or of all; SST_LIMIT ends it. */
int rabbitmq__list(struct rabbitmq_read *read, const struct rabbitmq_list *list,
    struct sst_error *err);

/* The steps of a collection: rabbitmq_join.c. */

/* Whether the user may see other users' consumers. */
int rabbitmq__step_whoami(struct rabbitmq_read *read, struct sst_error *err);
/* Reads the statistics when they are due. */
int rabbitmq__step_stats(struct rabbitmq_read *read, struct sst_error *err);
int rabbitmq__step_consumers(struct rabbitmq_read *read, struct sst_error *err);
/* Reads the queues into the draft. */
int rabbitmq__step_queues(struct rabbitmq_read *read, struct sst_error *err);
/* No queue at all: none there, or none shown to this user? */
int rabbitmq__step_empty(struct rabbitmq_read *read, struct sst_error *err);

#endif
