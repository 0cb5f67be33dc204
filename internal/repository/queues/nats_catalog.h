/*
 * Streams and consumers of NATS JetStream as some answer told them: plain
 * values in memory of their own that is freed at once. Belongs to one thread.
 *
 * What was not told is -1 or NULL.
 */
#ifndef SST_REPOSITORY_QUEUES_NATS_CATALOG_H
#define SST_REPOSITORY_QUEUES_NATS_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Memory that is given back as a whole. */
struct nats_arena {
	struct nats_block *blocks;
	size_t left; /* bytes of the newest block */
};

/* Zeroed; NULL when there is none left. */
void *nats__arena_take(struct nats_arena *arena, size_t size);
/* A copy; NULL for NULL and when there is none left. */
const char *nats__arena_text(struct nats_arena *arena, const char *text);
void nats__arena_fini(struct nats_arena *arena);

enum nats_retention {
	NATS_RETENTION_UNKNOWN,
	NATS_LIMITS,   /* a log: what is done stays */
	NATS_INTEREST, /* gone when all consumers have done it */
	NATS_WORKQUEUE /* gone when it is done */
};

struct nats_filters {
	const char *const *items; /* none: every subject */
	size_t count;
};

struct nats_consumer {
	const char *name;
	struct nats_filters filters;
	bool durable;
	bool push;      /* the server sends; else workers ask */
	bool bound;     /* push: somebody takes what is sent */
	bool acks;      /* its workers say when they have done something */
	bool paused;
	bool live;      /* told by who leads it: the counts can be believed */
	int64_t max_deliver; /* attempts allowed; -1: no end */
	int64_t pending;     /* not delivered yet */
	int64_t in_flight;   /* delivered, not acknowledged */
	int64_t redelivered; /* of those */
	int64_t waiting;     /* requests of idle workers */
	int64_t delivered;   /* sequence in the stream, of the last one */
	int64_t deliveries;  /* made so far */
	int64_t floor;       /* all up to this sequence are done */
	int64_t last_ack_ms; /* since 1970; -1: none */
};

struct nats_stream {
	const char *account; /* NULL: that of the connection */
	const char *name;
	const char *created; /* with the name: which stream it is */
	const char *leader;  /* NULL: nobody */
	enum nats_retention retention;
	struct nats_filters subjects;
	bool direct; /* messages may be asked of any replica */
	bool live;   /* as of a consumer */
	bool lost;   /* nobody who holds it can be asked */
	int64_t messages;
	int64_t bytes;
	int64_t first, last; /* sequences */
	int64_t first_ms;    /* time of the first one; -1 */
	int64_t deleted;     /* between them, and gone */
	int64_t subject_count;
	int64_t seen_ms;     /* when the answer was begun; -1: not told */
	int64_t consumers_told; /* how many it says to have; -1 */
	struct nats_consumer *consumers;
	size_t consumer_count;
};

struct nats_catalog {
	struct nats_arena arena;
	struct nats_stream *streams; /* on the heap */
	size_t count, cap;
};

void nats__catalog_fini(struct nats_catalog *catalog);
/* A new zeroed stream; NULL when memory ran out. Valid until the next one. */
struct nats_stream *nats__catalog_add(struct nats_catalog *catalog);

/*
 * Several servers tell of the same stream: one row of each is kept, that of
 * who leads it, and likewise of its consumers; followers are wrong about what
 * is pending, so their counts become unknown. Sorts by account and name.
 * SST_NOMEM.
 */
int nats__catalog_merge(struct nats_catalog *catalog, struct sst_error *err);

/* The stream in a merged catalog, or NULL. account NULL: any. */
struct nats_stream *nats__catalog_find(const struct nats_catalog *catalog,
    const char *account, const char *name);

/* A copy of the stream's identity, without counts and consumers' counts, into
 * another catalog: it is known to exist. SST_NOMEM. */
int nats__catalog_remember(struct nats_catalog *catalog,
    const struct nats_stream *stream, struct sst_error *err);

/* Whether the subject is one of those that the pattern (* and >) names. */
bool nats__subject_matches(const char *pattern, const char *subject);
/* Whether some subject is named by both. */
bool nats__subject_overlaps(const char *a, const char *b);
/* Whether all that b names is named by a, as far as one pattern tells. */
bool nats__subject_covers(const char *a, const char *b);
/* The same of any of the filters; without one: true. */
bool nats__filters_match(
    const struct nats_filters *filters, const char *subject);
bool nats__filters_overlap(
    const struct nats_filters *a, const struct nats_filters *b);
/* Whether each of the subjects is covered. */
bool nats__filters_cover(
    const struct nats_filters *a, const struct nats_filters *b);

#endif
