/*
 * One handle of librdkafka: a consumer without a group, so there is nothing it
 * could commit. What it logs goes to our log, what goes wrong is kept as an
 * error of ours, without secrets and without figures that change each time.
 */
#ifndef SST_REPOSITORY_QUEUES_KAFKA_CLIENT_H
#define SST_REPOSITORY_QUEUES_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/ref.h"
#include "config/option.h"
#include "config/secret.h"

struct kafka_call;
struct kafka_hub;

/* Lines of the library's log that are passed on between two collections. */
enum { KAFKA_LOG_LINES = 20 };
/* Collections in a row that begin with calls of earlier ones unanswered. */
enum { KAFKA_UNANSWERED_MAX = 3 };

enum kafka_sasl {
	KAFKA_SASL_NONE,
	KAFKA_SASL_PLAIN,
	KAFKA_SASL_SCRAM_SHA_256,
	KAFKA_SASL_SCRAM_SHA_512
};

/* How to connect; part of the source's settings. */
struct kafka_login {
	struct sst_option_list brokers;
	bool tls;
	int sasl; /* enum kafka_sasl */
	char *username;
	struct sst_secret password;
	char *ca_file;
	char *cert_file;
	struct sst_secret key; /* PEM */
	bool read_committed;
};

struct kafka_client {
	struct sst_ref ref;
	rd_kafka_t *rk;
	struct kafka_hub *hub;        /* borrowed, outlives it */
	rd_kafka_queue_t *background; /* events for our callback */
	size_t broker_count;          /* configured */
	bool scram;
	atomic_int lines; /* logged since the last collection */
	/* guarded by the hub's lock */
	struct kafka_call *sent;  /* not answered yet */
	unsigned unanswered;      /* collections that began with some sent */
	struct sst_error trouble; /* the last one; SST_OK */
	bool met;                 /* has answered at least once */
	/* Noted since kafka__client_begin(), and it never answered. */
	bool hopeless;
};

/*
 * Reads the secrets and makes a handle; connects to nobody yet. Blocks on local
 * files. SST_INVALID (certificates that cannot be used), codes of
 * sst_secret_read(), SST_NOMEM.
 */
int kafka__client_new(struct kafka_hub *hub, const struct kafka_login *login,
    size_t max_bytes, struct kafka_client **out, struct sst_error *err);
void kafka__client_acquire(struct kafka_client *client);
/* The last one ends its threads and connections. Sets the pointer NULL; accepts
 * NULL. Never from a callback of the library. */
void kafka__client_release(struct kafka_client **client);

/*
 * A collection begins: troubles from here on end kafka__await(). False: calls
 * stay without any answer, also that their time is up, which librdkafka has
 * been seen to do; a new handle is needed.
 */
bool kafka__client_begin(struct kafka_client *client);
/* It answers: what was wrong is over. */
void kafka__client_well(struct kafka_client *client);
/* What it is that keeps it from answering, into err; SST_OK: not known. */
int kafka__client_trouble(struct kafka_client *client, struct sst_error *err);

/* Calls that an event answers; with the hub's lock held. */
void
kafka__client_note_sent(struct kafka_client *client, struct kafka_call *call);
void kafka__client_note_answered(
    struct kafka_client *client, struct kafka_call *call);

/* What a code of the library means here. */
int kafka__code(rd_kafka_resp_err_t error);
/* Sets err to "what: its text". */
int kafka__error(
    rd_kafka_resp_err_t error, const char *what, struct sst_error *err);

/* For option tables: HOST[:PORT]. */
bool kafka__valid_broker(const char *text);

#endif
