/* Between the a2a_*.c files. */
#ifndef SST_REPOSITORY_AGENTS_A2A_PRIV_H
#define SST_REPOSITORY_AGENTS_A2A_PRIV_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/secret.h"
#include "httpc/client.h"
#include "repository/agents/a2a_parse.h"

/* Most that one answer may hold: a card of 200 skills takes 100 KB. */
enum { A2A_BODY_MAX = 1024 * 1024 };
/* Tasks asked for at once; the protocol allows 100. */
enum { A2A_PAGE = 100 };
/* Pages read of one list, so that one that never ends does. */
enum { A2A_PAGES_MAX = 10 };
/* Active tasks listed of one agent. */
enum { A2A_ACTIVE_MAX = 1000 };
/* What an agent does not have, or does not give us, is asked for again then. */
enum { A2A_UNSUPPORTED_MS = 300 * 1000, A2A_FORBIDDEN_MS = 30 * 1000 };
/* However long a card may be kept, or an agent wants to be left alone. */
enum { A2A_CARD_MAX_MS = 3600 * 1000, A2A_RETRY_MAX_MS = 300 * 1000 };
/* Reasons that are kept of what is left out of one answer. */
enum { A2A_REJECTS_KEPT = 4 };

/* What was left out of an answer. */
struct a2a_rejects {
	size_t count;
	struct {
		char pointer[A2A_POINTER];
		char reason[A2A_POINTER];
	} kept[A2A_REJECTS_KEPT];
};

struct a2a_task {
	char *id;
	enum a2a_state state;
};

/* The tasks of an agent that are not over, each once. */
struct a2a_tasks {
	struct a2a_task *rows;
	size_t count, cap;
	bool cut; /* there were more than A2A_ACTIVE_MAX, or too many pages */
};

void a2a__tasks_fini(struct a2a_tasks *tasks);

/* How a part of an agent stands: as in `#/$defs/part` of the schema. */
enum a2a_part {
	A2A_PART_SYNCING,
	A2A_PART_OK,
	A2A_PART_UNSUPPORTED,
	A2A_PART_FORBIDDEN,
	A2A_PART_FAILING,
	A2A_PART_DISABLED
};

struct a2a_agent {
	/* settings, borrowed */
	const char *url;  /* without a slash at the end */
	const char *name; /* NULL: that of the card */
	const char *card_path;
	bool other_path;       /* it may be the one of 0.2, too */
	bool list;             /* its tasks */
	const char *tasks_url; /* NULL: as the card says */
	const struct sst_secret *token;
	struct sst_httpc *http; /* the same from init to fini: interrupted */

	/* the card */
	bool login_set;
	char *login; /* "Authorization: Bearer ..."; NULL: none */
	bool known;  /* card is one that was right */
	struct a2a_card card;
	struct a2a_rejects card_rejects;
	char *etag;    /* "If-None-Match: ..."; NULL: none */
	bool old_path; /* it was found where 0.2 has it */
	struct sst_mono card_due;
	struct sst_mono card_fresh;  /* its own Cache-Control says */
	struct sst_error card_error; /* of the last attempt; SST_OK */

	/* tasks */
	enum a2a_part tasks_part;
	struct sst_error tasks_error; /* why it is not ok */
	struct sst_mono tasks_due;
	bool many;              /* more than a page: asked for by state */
	struct a2a_tasks tasks; /* while tasks_part is ok */
	struct a2a_rejects tasks_rejects;

	/* rounds */
	bool asked; /* in the last one */
	bool lost;  /* the last request to it got no answer */
	struct sst_mono asked_at;
};

/* What all agents share in a collection. */
struct a2a_round {
	const struct sst_clock *clock;
	struct sst_mono now;
	struct sst_mono deadline; /* of the collection */
	int64_t timeout_ms;       /* of one agent */
	int64_t card_ms;          /* between two looks at a card */
	size_t max_bytes;
};

/* A request to an agent. */
struct a2a_ask {
	struct a2a_agent *agent;
	const struct a2a_round *round;
	struct sst_mono deadline; /* of all requests to it */
};

/*
 * Asks one agent for its card and its tasks, as far as they are due; blocks
 * until the deadline. What was found stands in the agent then, also what
 * failed. SST_CANCELED, SST_NOMEM; else SST_OK. One thread for one agent.
 */
int a2a__ask(struct a2a_agent *agent, const struct a2a_round *round,
    struct sst_error *err);

/*
 * GETs url with the version of the protocol, our login and one more header or
 * NULL; the caller ends *out. Any status is an answer. a2a_ask.c.
 */
struct a2a_get {
	const char *url;
	bool v1;
	const char *header;
};

int a2a__get(const struct a2a_ask *ask, const struct a2a_get *get,
    struct sst_httpc_response *out, struct sst_error *err);

/* Reads the tasks into the agent, or why not. a2a_tasks.c. */
int a2a__ask_tasks(const struct a2a_ask *ask, struct sst_error *err);

/* Notes in a struct a2a_rejects; for struct a2a_reject. */
void a2a__reject_note(void *ctx, const char *pointer, const char *reason);

/* The entity of the document: new, the caller's; NULL when memory ran out or
 * there is no card. a2a_entity.c. */
json_t *a2a__entity(const struct a2a_agent *agent);
/* sources[].upstream, likewise. */
json_t *a2a__upstream(const struct a2a_agent *agents, size_t count);

#endif
