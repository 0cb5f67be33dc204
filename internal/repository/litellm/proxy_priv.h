/*
 * Between the proxy_*.c files: the state of one proxy, its parts with a rhythm
 * of their own, and one round, which is one collection.
 */
#ifndef SST_REPOSITORY_LITELLM_PROXY_PRIV_H
#define SST_REPOSITORY_LITELLM_PROXY_PRIV_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/option.h"
#include "httpc/client.h"
#include "repository/draft.h"
#include "repository/litellm/proxy_parse.h"
#include "repository/litellm/proxy_usage.h"
#include "repository/source.h"

enum {
	/* How long an answer is waited for. */
	PROXY_PROBE_MS = 2000,
	PROXY_FAST_MS = 5000,
	PROXY_DATABASE_MS = 15000,
	/* All of what needs the database may take this long in one round; what
	 * is not done then is read in a round after it, and what took longer
	 * alone, in a round of its own. So metrics are not kept waiting. */
	PROXY_INLINE_MS = 3000,
	/* A round that follows at once on another one reads only what that one
	 * left. */
	PROXY_AFTER_MS = 5000,
	/* What stands in memory of the proxy, but is not worth every poll. */
	PROXY_STATE_MS = 12000,
	PROXY_SLOWLY = -1,
	/* From a failure: doubled from the part's own rhythm up to this. */
	PROXY_BACKOFF_MAX_MS = 600000,
	/* What the proxy does not have may come with its next version. */
	PROXY_PROBE_AGAIN_MS = 900000,
	/* A key that is refused is not shown again before that. */
	PROXY_HOLD_MS = 60000,
	/* Probes without an answer, one after the other, that mean down. */
	PROXY_DOWN_PROBES = 3,
	/* Requests without an answer that end a round without any. */
	PROXY_SILENT_MAX = 2,
	/* /health makes calls that cost money: not more often. */
	PROXY_HEALTH_CALL_MS = 300000,
	/* /health/latest keeps a row for an hour when nothing changes. */
	PROXY_CHECK_MAX_AGE_MS = 7200000,
	/* Of all scopes together; the rest is counted. */
	PROXY_BUDGETS_MAX = 1000,
	PROXY_PAGE_ROWS = 100,
	PROXY_PAGES_MAX = 20,
	PROXY_METRICS_MAX = 32 * 1024 * 1024
};

/* In the order in which they are read. */
enum proxy_part_id {
	PROXY_LIVELINESS,
	PROXY_MODELS,
	PROXY_READINESS,
	PROXY_METRICS,
	PROXY_BACKLOG,
	PROXY_GROUPS,
	PROXY_ROUTER,
	PROXY_DETAILS, /* of readiness: not shown as a part */
	PROXY_PROVIDER_BUDGETS,
	PROXY_HEALTH, /* from here on the database answers */
	PROXY_DAY,
	PROXY_TEAM_BUDGETS,
	PROXY_KEY_BUDGETS,
	PROXY_PARTS
};

enum proxy_part_state {
	PROXY_SYNCING, /* not read yet; the zero */
	PROXY_OK,
	PROXY_PART_UNSUPPORTED,
	PROXY_PART_FORBIDDEN,
	PROXY_PART_FAILING,
	PROXY_PART_DISABLED
};

struct proxy_part {
	enum proxy_part_state state;
	struct sst_mono due;         /* zero: at once */
	bool read;                   /* there is a good value */
	struct sst_mono at;          /* of it */
	unsigned fails;              /* in a row */
	bool slow;                   /* to be read in a round of its own */
	int code;                    /* of the failure */
	char reason[SST_ERROR_TEXT]; /* "" */
};

struct proxy_round;

/* What is read, and how. */
struct proxy_kind {
	const char *name; /* in upstream.parts; NULL: not shown */
	const char *path;
	long timeout_ms;
	/* Milliseconds; 0: at every poll, PROXY_SLOWLY: `refresh`. */
	long period_ms;
	/* Reads and keeps the value; SST_UNSUPPORTED: it is not there. */
	int (*read)(struct proxy_round *round, struct sst_error *err);
};

/* Of the option payment_types. */
struct proxy_payment {
	char *name; /* model or provider */
	char *type;
};

enum proxy_header { PROXY_AUTHORIZATION, PROXY_API_KEY };

struct proxy_settings {
	char *url;
	struct sst_secret key;
	int key_header;
	char *metrics_url;
	bool metrics;
	const struct sst_config_node *payment_types;
	bool allow_health_call;
	bool spend;
	bool budgets;
	char *ca_file;
	double tolerance;
	int64_t refresh;
	int64_t metrics_refresh;
};

struct proxy {
	struct proxy_settings settings;
	/* made of them */
	const char *url;    /* borrowed; without a slash at the end */
	char *metrics_url;  /* whole */
	bool metrics_own;   /* it is the same origin: the key is for it, too */
	bool metrics_apart; /* an URL of its own: asking it is no request */
	bool key_plain;     /* x-litellm-api-key instead of Authorization */
	struct proxy_payment *payments;
	size_t payment_count;
	long refresh_ms;
	long metrics_ms;
	size_t max_bytes;
	const struct sst_clock *clock;
	struct sst_httpc *http; /* the same from init to fini: interrupted */

	char *header; /* with the key; NULL: not read yet, or no key */
	bool key_read;
	struct sst_mono hold_until; /* no request with the key before */
	struct sst_error hold;      /* why */

	bool left;                 /* the last round left parts undone */
	struct sst_mono full_at;   /* begin of the last one with all parts */
	struct sst_mono full_end;  /* of its quick ones */
	struct sst_mono call_due;  /* of /health */
	struct sst_error call_err; /* of its last try; SST_OK */

	struct proxy_part parts[PROXY_PARTS];
	struct proxy_deployments list;
	struct proxy_usage usage;
	unsigned silent_probes; /* in a row */
	bool alive_answered;    /* the last probe was, with 200 or not */
	long alive_status;
	char version[129];    /* "" */
	const char *database; /* of the schema, static; NULL: unknown */
	int64_t in_flight;    /* -1 */
	json_t *groups;       /* see proxy_parse.h; NULL, as all below */
	json_t *checks;
	bool checks_called; /* they are those of /health, and undated */
	json_t *day;
	char day_date[11]; /* that it is of */
	json_t *router;
	json_t *budgets[PROXY_SCOPES];
	int64_t budgets_total[PROXY_SCOPES]; /* rows there are */
};

/* One collection. */
struct proxy_round {
	struct proxy *p;
	const struct sst_collect *req;
	struct sst_draft *out;
	enum proxy_part_id id;    /* the part that is read */
	struct sst_mono deadline; /* of it */
	unsigned answered;        /* requests */
	unsigned silent;          /* without an answer */
	struct sst_error first;   /* of those */
	long inline_ms;           /* left, see PROXY_INLINE_MS */
	int64_t gap_ms;           /* since the round before; 0: the first */
	bool checked;             /* the key was shown to be good in it */
};

/* Requests: proxy_part.c. */

/*
 * GETs url + path for the part that is read. 0 with a 2xx; else the code of
 * what it means: SST_UNSUPPORTED, SST_FORBIDDEN, SST_UNAUTHORIZED; all others
 * are failures. *status, which may be NULL, also on failure, 0 for no answer.
 */
int proxy__get(struct proxy_round *round, const char *path,
    struct sst_httpc_response *out, long *status, struct sst_error *err);
/* The same through a parser of Prometheus text, from metrics_url. */
int proxy__scrape(struct proxy_round *round, struct sst_prometheus_text *text,
    struct sst_error *err);
/* Puts "GET URL: " before the text of an error about the body. */
int proxy__blame(
    struct proxy_round *round, const char *path, struct sst_error *err);

/*
 * Reads a part that is due. SST_CANCELED and SST_NOMEM end the round; whatever
 * else comes is kept in the part and returned.
 */
int proxy__part_read(
    struct proxy_round *round, enum proxy_part_id id, struct sst_error *err);
bool proxy__part_due(const struct proxy_round *round, enum proxy_part_id id);
/* Whether its value may be shown: it was read, and not too long ago. */
bool proxy__part_fresh(const struct proxy_round *round, enum proxy_part_id id);
/* Rhythm of a part in milliseconds. */
long proxy__part_period(const struct proxy *p, enum proxy_part_id id);

/* proxy_round.c: reads what is due. See proxy_live.c for when it fails. */
int proxy__round(struct proxy_round *round, struct sst_error *err);

/* What is read: proxy_read.c, proxy_read_budgets.c. */
const struct proxy_kind *proxy__kind(enum proxy_part_id id);
int proxy__read_budgets(struct proxy_round *round, struct sst_error *err);

/* What becomes of it: proxy_entity.c, proxy_upstream.c. SST_NOMEM,
 * SST_LIMIT. */
int proxy__add_deployments(struct proxy_round *round, struct sst_error *err);
int proxy__add_upstream(struct proxy_round *round, struct sst_error *err);

#endif
