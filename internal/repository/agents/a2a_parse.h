/*
 * What an agent tells of itself over A2A: its card and its tasks. Versions 1.0
 * (supportedInterfaces, TASK_STATE_WORKING) and 0.3 (url, preferredTransport,
 * "working"). Pure functions of bytes that may be hostile: texts are bounded,
 * without control and invisible characters, and secrets in them are masked.
 */
#ifndef SST_REPOSITORY_AGENTS_A2A_PARSE_H
#define SST_REPOSITORY_AGENTS_A2A_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

enum {
	A2A_NAME_MAX = 512,    /* characters, as the schema has it */
	A2A_SKILLS_MAX = 200,  /* likewise */
	A2A_SKILL_CHARS = 128, /* names; more is a text for somebody's model */
	A2A_VERSION_CHARS = 64,
	A2A_URL_MAX = 2048,    /* bytes, as the schema has it */
	A2A_CURSOR_MAX = 2048, /* bytes of a page token we hand back */
	A2A_POINTER = 96       /* bytes of a pointer into an answer */
};

/* Numbered as the protocol numbers them. */
enum a2a_state {
	A2A_UNKNOWN, /* unspecified; in 0.3 a state of its own */
	A2A_SUBMITTED,
	A2A_WORKING,
	A2A_COMPLETED,
	A2A_FAILED,
	A2A_CANCELED,
	A2A_INPUT_REQUIRED,
	A2A_REJECTED,
	A2A_AUTH_REQUIRED,
	A2A_STATE_COUNT
};

/* "working", "input-required", ... */
const char *a2a__state_name(enum a2a_state state);
/* "TASK_STATE_WORKING", ...: as it is asked for. */
const char *a2a__state_wire(enum a2a_state state);
/* Whether a task in that state is over. */
bool a2a__state_ended(enum a2a_state state);

/* What is left out and why; pointer is one into the answer. May be NULL. */
struct a2a_reject {
	void (*told)(void *ctx, const char *pointer, const char *reason);
	void *ctx;
};

/* All strings owned. */
struct a2a_card {
	char *name;        /* never NULL */
	char *description; /* never NULL, may be empty; not cut */
	char *version;     /* NULL: not told */
	char *url;         /* where it answers, to be shown; NULL: not told */
	char **skills;     /* sorted, each once */
	size_t skill_count;
	/* Where tasks are listed by GET; NULL: nowhere, and why. */
	char *tasks_url;
	char *tenant;         /* NULL: none */
	bool tasks_v1;        /* else as 0.3 lists them */
	const char *no_tasks; /* static; NULL when there is a tasks_url */
};

/*
 * Codes of sst_json_body_parse; SST_TYPE: no object, or its name is no string;
 * SST_INVALID: a name that is empty, too long or holds control characters.
 * name, when not NULL, takes the place of the card's. End *out with
 * a2a__card_fini.
 */
struct a2a_bytes {
	const char *bytes;
	size_t len;
	const char *name;
};

int
a2a__parse_card(const struct a2a_bytes *body, const struct a2a_reject *reject,
    struct a2a_card *out, struct sst_error *err);
/* Accepts zeroed memory; leaves zeroed memory. */
void a2a__card_fini(struct a2a_card *card);

/* Takes the tasks of a page; id is borrowed. */
struct a2a_tasks_sink {
	int (*task)(void *ctx, const char *id, enum a2a_state state,
	    struct sst_error *err);
	void *ctx;
	struct a2a_reject reject;
};

/*
 * A page of tasks: an object with `tasks` and `nextPageToken`, or a bare array.
 * The token of the next page is put into cursor, empty at the end. Codes of
 * sst_json_body_parse and of the sink; SST_TYPE: neither of both.
 */
int a2a__parse_tasks(const char *bytes, size_t len,
    const struct a2a_tasks_sink *sink, struct sst_buf *cursor,
    struct sst_error *err);

/*
 * Whether the body of a refusal says that the agent does not do what was asked
 * for at all, or not in this version of the protocol.
 */
bool a2a__parse_unsupported(const char *bytes, size_t len);

#endif
