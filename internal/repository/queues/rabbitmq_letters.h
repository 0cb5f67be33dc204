/*
 * Where the dead letters of a queue go: which exchange and routing key its
 * arguments or its policy name, and which queues that leads to. Parsers are
 * pure; the rest belongs to one thread.
 */
#ifndef SST_REPOSITORY_QUEUES_RABBITMQ_LETTERS_H
#define SST_REPOSITORY_QUEUES_RABBITMQ_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "repository/queues/rabbitmq_parse.h"
#include "repository/queues/rabbitmq_table.h"

/* Bounds on what is kept; what is beyond is not known, and so said. */
enum {
	RABBITMQ_POLICIES_MAX = 1000,
	RABBITMQ_BINDINGS_MAX = 1000, /* of one exchange */
	RABBITMQ_EXCHANGES_MAX = 32
};

struct rabbitmq_policy {
	char *vhost, *name;
	char *dead_exchange, *dead_key; /* NULL: it does not say */
	bool ttl;                       /* messages expire */
};

struct rabbitmq_policies {
	struct rabbitmq_policy *items;
	size_t count;
};

enum rabbitmq_exchange_kind {
	RABBITMQ_DIRECT,
	RABBITMQ_FANOUT,
	RABBITMQ_TOPIC,
	RABBITMQ_OTHER, /* nobody can tell from the routing key */
	RABBITMQ_MISSING
};

struct rabbitmq_binding {
	char *queue, *key;
};

struct rabbitmq_bindings {
	struct rabbitmq_binding *items;
	size_t count;
	bool more; /* there are others, or to what is no queue */
};

struct rabbitmq_exchange {
	char *vhost, *name;
	enum rabbitmq_exchange_kind kind;
	struct rabbitmq_bindings bindings;
	struct sst_mono due;    /* to be read again; counts when tried */
	struct sst_error error; /* of the last try; SST_OK */
	bool tried;
	bool known; /* kind and bindings are as they were then */
	bool used;  /* by a queue of this collection */
};

/* Kept between collections. */
struct rabbitmq_letters {
	struct rabbitmq_policies policies;
	bool policies_tried;
	struct sst_mono policies_due;
	struct sst_error policies_error;
	struct rabbitmq_exchange exchanges[RABBITMQ_EXCHANGES_MAX];
	size_t count;
	bool more;     /* exchanges than are held */
	size_t budget; /* comparisons left in this collection */
};

/* What is no policy or no binding to a queue is left out. As
 * rabbitmq__json_parse; the caller frees *out with its fini. */
int rabbitmq__parse_policies(const char *bytes, size_t len,
    struct rabbitmq_policies *out, struct sst_error *err);
int rabbitmq__parse_bindings(const char *bytes, size_t len,
    struct rabbitmq_bindings *out, struct sst_error *err);
/* `type` of an exchange. */
int rabbitmq__parse_exchange(const char *bytes, size_t len,
    enum rabbitmq_exchange_kind *out, struct sst_error *err);
void rabbitmq__policies_fini(struct rabbitmq_policies *p);
void rabbitmq__bindings_fini(struct rabbitmq_bindings *b);

/* The policy of that name; NULL when it is not known. */
const struct rabbitmq_policy *
rabbitmq__policy(const struct rabbitmq_letters *letters, const char *vhost,
    const char *name);
/* The exchange, read or not; NULL when it is not held. */
struct rabbitmq_exchange *rabbitmq__exchange(
    struct rabbitmq_letters *letters, const char *vhost, const char *name);
/*
 * Holds the exchanges that the rows name, and no others. What is over the
 * bound makes `more` true. SST_NOMEM.
 */
int rabbitmq__letters_want(struct rabbitmq_letters *letters,
    const struct rabbitmq_table *rows, struct sst_error *err);

/* Whether a binding of a topic exchange takes a routing key: words between
 * dots, * is one of them, # any number. */
bool rabbitmq__topic_matches(const char *pattern, const char *key);

/* Begins a collection: completes the rows, with texts of the policies. */
void rabbitmq__letters_apply(
    struct rabbitmq_letters *letters, struct rabbitmq_table *rows);

/*
 * Marks the queues of the table that others give up tasks into. A queue whose
 * messages expire may only delay them, so what it leads to is not marked for
 * its sake, and never one that itself passes its dead letters on: those are
 * steps of a retry, not the end.
 */
void rabbitmq__letters_mark(
    struct rabbitmq_letters *letters, struct rabbitmq_table *rows);

/*
 * Where dead letters of a queue go: *queue_out is set when that is one queue
 * of its vhost, else *exchange_out; neither: nowhere or not known. Borrowed.
 */
void rabbitmq__letters_target(struct rabbitmq_letters *letters,
    const struct rabbitmq_row *row, const char **queue_out,
    const char **exchange_out);

void rabbitmq__letters_fini(struct rabbitmq_letters *letters);

#endif
