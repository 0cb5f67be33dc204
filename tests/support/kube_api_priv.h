/*
 * The parts of the Kubernetes API server for tests. The mutex of the server
 * guards all that is not said to belong to a connection's thread; it is not
 * held while bytes are sent or received.
 */
#ifndef TESTS_SUPPORT_KUBE_API_PRIV_H
#define TESTS_SUPPORT_KUBE_API_PRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "support/kube_api.h"
#include "support/kube_api_recording.h"
#include "support/stage.h"

enum { KUBE_API_HEAD = STAGE_HEAD, KUBE_API_ARG = 256 };
/* Watches may go back so many events. */
enum { KUBE_API_HISTORY = 4096 };
/* Lists that are being paged through at once. */
enum { KUBE_API_PAGINGS = 32 };

/* What an object is but for its resourceVersion. Counted; immutable. */
struct kube_body {
	unsigned refs;
	char *ns, *name; /* ns "": cluster-wide */
	char *labels;    /* ",a=b,c=d," */
	char *meta;      /* metadata without resourceVersion: "\"name\":...}" */
	char *rest;      /* members after metadata: ",\"spec\":..."; or "" */
};

/* Counted; immutable. */
struct kube_object {
	unsigned refs;
	uint64_t version;
	struct kube_body *body;
};

struct kube_collection {
	struct kube_collection *next;
	char *path;  /* "/apis/apps/v1/deployments" */
	char *group; /* "apps/v1" */
	char *kind;
	bool watchable;
	bool withdrawn;
	struct kube_object **objects; /* by namespace, then name */
	size_t count, room;
	unsigned ended, cut; /* counts of orders to its watches */
};

enum kube_event_kind {
	KUBE_EVENT_ADDED,
	KUBE_EVENT_MODIFIED,
	KUBE_EVENT_DELETED,
	KUBE_EVENT_BOOKMARK,
	KUBE_EVENT_LINE
};

struct kube_event {
	enum kube_event_kind kind;
	uint64_t version;
	const struct kube_collection *collection;
	struct kube_object *now, *before; /* before: of MODIFIED */
	char *line;
	int64_t written_ns;
};

/* What is left of a list, as it was when its first page was asked for. */
struct kube_paging {
	unsigned id; /* 0: free */
	const struct kube_collection *collection;
	uint64_t version;
	struct kube_object **objects;
	size_t count;
};

struct kube_order {
	struct kube_order *next;
	char *prefix;
	struct kube_api_fault fault; /* its texts are owned */
	unsigned left;               /* 0: no end */
};

struct kube_replay {
	struct kube_replay *next; /* in the order they were given */
	char *prefix;
	struct kube_recording recording;
	bool played;
};

struct kube_asked {
	char *target, *head;
};

/* Of a connection. */
struct kube_watching {
	bool open;
	char target[KUBE_API_HEAD];
};

struct kube_api {
	struct stage stage;
	struct kube_watching watching[STAGE_CONNECTIONS]; /* as there */
	char *token;
	bool ignore_accept;
	/* objects */
	struct kube_collection *collections;
	uint64_t version, oldest; /* watches from before oldest are expired */
	bool expired_in_status;
	unsigned uids;
	/* events: number n is at n % KUBE_API_HISTORY */
	struct kube_event *events;
	uint64_t event_first, event_end;
	struct kube_paging pagings[KUBE_API_PAGINGS];
	unsigned paging_id;
	/* orders and questions */
	struct kube_order *orders;
	struct kube_replay *replays;
	struct kube_asked *asked;
	size_t asked_count, asked_room;
	/* the world */
	struct kube_api_world world;
	uint64_t churned;
};

/* A request and how it is answered; belongs to the connection's thread. */
struct kube_exchange {
	struct kube_api *api;
	struct stage_connection *connection;
	int fd;
	char head[KUBE_API_HEAD];
	char target[KUBE_API_HEAD];
	char path[KUBE_API_HEAD];
	struct stage_moment since;
	struct kube_api_fault fault; /* texts in the two below */
	char reason[KUBE_API_ARG], message[1024];
};

/* kube_api.c */
void *kube__alloc(size_t count, size_t size); /* zeroed; never NULL */
char *kube__copy(const char *text);

/* kube_api_request.c: belong to the connection's thread */
bool kube__read(struct kube_exchange *x);
/* The value of a query parameter, decoded; false: absent. */
bool kube__param(
    const struct kube_exchange *x, const char *name, char *out, size_t size);
bool kube__header_has(
    const struct kube_exchange *x, const char *header, const char *word);

/* kube_api_reply.c: true when the connection may go on */
bool kube__reply(struct kube_exchange *x, int status, const char *type,
    const char *bytes, size_t len);
bool kube__reply_status(struct kube_exchange *x, int status, const char *reason,
    const char *message, const char *token);
bool kube__reply_not_found(struct kube_exchange *x);
/* The Status object of an error. */
void kube__status_text(struct sst_buf *out, int status, const char *reason,
    const char *message, const char *token);
const char *kube__reason(int status);
bool kube__stream_begin(struct kube_exchange *x);
bool kube__stream_chunk(struct kube_exchange *x, const char *bytes, size_t len);
bool kube__stream_end(struct kube_exchange *x);
/* Waits for kube_api_release; false: the connection is to end. */
bool kube__hold(struct kube_exchange *x);

/* kube_api_store.c: with the mutex held */
struct kube_collection *
kube__collection(struct kube_api *api, const char *path);
/* Takes over the reference to body. 0 version: the next one. */
uint64_t kube__store(struct kube_api *api, struct kube_collection *c,
    struct kube_body *body, uint64_t version);
struct kube_object *kube__object_ref(struct kube_object *object);
void kube__object_unref(struct kube_object *object);
void kube__body_unref(struct kube_body *body);
void kube__event(struct kube_api *api, const struct kube_event *event);
void kube__event_clear(struct kube_event *event);
void kube__pagings_clear(struct kube_api *api);
void kube__store_clear(struct kube_api *api);

/* kube_api_text.c */
/* A body from JSON; NULL: not an object with a name. *version_out: its own
 * resourceVersion, or 0. */
struct kube_body *kube__body_parse(
    const char *json, size_t len, unsigned uid, uint64_t *version_out);
enum kube_form { KUBE_FORM_ITEM, KUBE_FORM_OBJECT, KUBE_FORM_META };
void kube__write_object(struct sst_buf *out, const struct kube_object *object,
    const struct kube_collection *c, enum kube_form form);
/* Namespace and selector of a request; both may be "". */
bool kube__body_matches(
    const struct kube_body *body, const char *ns, const char *selector);

/* kube_api_list.c, kube_api_watch.c */
/* Where a target leads: a collection and a namespace ("" all). */
struct kube_question {
	struct kube_collection *collection;
	char ns[KUBE_API_ARG];
	char selector[KUBE_API_HEAD];
	bool metadata_only;
};
bool kube__list(struct kube_exchange *x, const struct kube_question *q);
bool kube__watch(struct kube_exchange *x, const struct kube_question *q);
/* The headers of a watch, then silence until it is ended. */
bool kube__watch_silent(struct kube_exchange *x, const struct kube_question *q);

/* kube_api_fault.c */
/* Finds the order that fits; with the mutex held. */
void kube__fault_decide(struct kube_exchange *x);
bool kube__fault_reply(struct kube_exchange *x, const struct kube_question *q);
void kube__faults_clear(struct kube_api *api);

/* kube_api_replay.c */
/* The recording for it; borrowed until kube_api_forget. Mutex held. */
const struct kube_recording *kube__replay_find(struct kube_exchange *x);
bool kube__replay(struct kube_exchange *x, const struct kube_recording *r);

/* kube_api_asked.c: with the mutex held */
void kube__asked_add(struct kube_exchange *x);
void kube__asked_clear(struct kube_api *api);

#endif
