/*
 * The parts of the reflector. All but what is said to be guarded belongs to
 * its thread.
 */
#ifndef SST_REPOSITORY_KUBE_REFLECTOR_PRIV_H
#define SST_REPOSITORY_KUBE_REFLECTOR_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/lock.h"
#include "repository/kube/cutter.h"
#include "repository/kube/reflector.h"

enum { REFLECTOR_VERSION = 64 }; /* bytes of a resourceVersion, with its end */
/* Of an answer that is no success. */
enum { REFLECTOR_REFUSAL_BYTES = 64 * 1024 };

/* --- reflector_parse.c: pure ------------------------------------------ */

struct reflector_slice {
	const char *at;
	size_t len;
};

enum reflector_type {
	REFLECTOR_ADDED,
	REFLECTOR_MODIFIED,
	REFLECTOR_DELETED,
	REFLECTOR_BOOKMARK,
	REFLECTOR_ERROR,
	REFLECTOR_UNKNOWN
};

struct reflector_event {
	enum reflector_type type;
	struct reflector_slice object;   /* its text; len 0: none */
	char version[REFLECTOR_VERSION]; /* ""; none, or none that fits */
};

/* An event as the cutter gives it. SST_TYPE: not an object with a type. */
int reflector__parse_event(const char *json, size_t len,
    struct reflector_event *out, struct sst_error *err);

struct reflector_page {
	char version[REFLECTOR_VERSION];
	char *token; /* of the next page, the caller's; NULL: the last one */
};

/* metadata of a list. SST_TYPE: no resourceVersion; SST_NOMEM. */
int reflector__parse_page(const char *json, size_t len,
    struct reflector_page *out, struct sst_error *err);

struct reflector_trouble {
	int status;          /* code of the Status; 0: not told */
	char reason[64];     /* letters only */
	long retry_after_ms; /* -1: not told */
	bool too_new;        /* our resourceVersion is not reached yet */
};

/* The Status of an ERROR event, or of an answer; lenient. */
void reflector__parse_trouble(
    const char *json, size_t len, struct reflector_trouble *out);

/* True when both are numbers and a is the lower one. */
bool reflector__version_before(const char *a, const char *b);

/* --- reflector_backoff.c ---------------------------------------------- */

struct reflector_backoff {
	int64_t next_ms; /* 0: none yet */
	struct sst_mono last;
	uint64_t random;
};

void reflector__backoff_init(struct reflector_backoff *backoff, uint32_t seed);
/* From 0 to below bound, even. */
uint64_t reflector__random(struct reflector_backoff *backoff, uint64_t bound);
/* Failures of another kind, or none any more: from the start. */
void reflector__backoff_reset(struct reflector_backoff *backoff);
/* How long to wait after one more failure. */
int64_t
reflector__backoff_next(struct reflector_backoff *backoff, struct sst_mono now);
/* The same for what is repaired by people: permissions, missing kinds. */
int64_t reflector__backoff_slow(struct reflector_backoff *backoff);

/* --- reflector_turn.c ------------------------------------------------- */

/* Waits for the turn; false: *stopping became true. turn NULL: at once. */
bool
kube__turn_acquire(struct sst_kube_turn *turn, const atomic_bool *stopping);
void kube__turn_release(struct sst_kube_turn *turn);
/* Lets those who wait look at their stopping. */
void kube__turn_wake(struct sst_kube_turn *turn);

/* --- reflector.c ------------------------------------------------------ */

/* How a list or a watch came to its end. */
enum reflector_end {
	REFLECTOR_DONE,     /* in order */
	REFLECTOR_EXPIRED,  /* 410: only a list from the start helps */
	REFLECTOR_BACKWARD, /* the server is younger than what we know */
	REFLECTOR_SHORT,    /* a watch that ended at once, without a word */
	REFLECTOR_FAILED
};

struct reflector_outcome {
	enum reflector_end end;
	struct sst_error err; /* of REFLECTOR_FAILED */
	int status;           /* HTTP or of an ERROR event; 0: none */
	long retry_after_ms;  /* -1: not told */
};

struct sst_kube_reflector {
	/* unchanged after new */
	struct sst_kube_access *access;
	struct sst_kube_turn *turn;
	const struct sst_clock *clock;
	struct sst_kube_sink sink;
	char *path;     /* of the collection, without a query */
	char *selector; /* "&labelSelector=..." or "" */
	bool metadata_only;
	long page_size;
	struct sst_kube_http *http;
	struct sst_kube_cutter *list_cutter, *watch_cutter;

	pthread_t thread;
	bool started;
	atomic_bool stopping;

	struct sst_lock lock; /* leaf */
	pthread_cond_t cond;
	struct sst_kube_reflector_view view; /* guarded by lock */

	struct reflector_backoff backoff;
	char version[REFLECTOR_VERSION];
	struct sst_mono listed;     /* end of the last whole list */
	int64_t list_again_ms;      /* after it */
	unsigned expired_in_a_row;  /* lists that expired before their end */
	unsigned troubled_in_a_row; /* watches that gave nothing but trouble */
	bool watch_failed; /* view.error is of a watch, not of a list */

	/* of the list or watch that runs */
	struct reflector_run {
		enum sst_kube_event event; /* LISTED */
		bool begun;                /* the sink was told */
		bool opened;               /* an answer of 2xx */
		bool away;                 /* the one before had failed */
		bool ended;                /* by us; outcome says why */
		int code;                  /* of the cutter, with err */
		struct sst_error err;
		struct sst_mono since;
		size_t objects; /* delivered */
		size_t events;  /* of any type, but for ERROR */
		struct reflector_outcome outcome;
	} run;
};

/* Each runs one to its end and leaves it in run.outcome; the other two are for
 * its cutter, ctx is the reflector. */
void reflector__list(struct sst_kube_reflector *r);
int reflector__list_object(
    const char *json, size_t len, void *ctx, struct sst_error *err);
void reflector__watch(struct sst_kube_reflector *r);
int reflector__watch_object(
    const char *json, size_t len, void *ctx, struct sst_error *err);

/* Fills run.outcome from an answer that is no success. */
void reflector__refused(
    struct sst_kube_reflector *r, const struct sst_httpc_response *response);
/* Something came from the server. */
void reflector__heard(struct sst_kube_reflector *r);
/* err NULL: no error. Tells the sink when anything became another. */
void reflector__show(struct sst_kube_reflector *r,
    enum sst_kube_reflector_state state, const struct sst_error *err);
/* The object to the sink; counts when it was not understood. */
void reflector__deliver(struct sst_kube_reflector *r, enum sst_kube_event event,
    const char *json, size_t len);
void
reflector__reject(struct sst_kube_reflector *r, const struct sst_error *err);
void reflector__set_version(struct sst_kube_reflector *r, const char *version);
bool reflector__stopping(const struct sst_kube_reflector *r);

#endif
