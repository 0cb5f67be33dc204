/* Explaining: what the two halves of it share. */
#ifndef SST_SCHEMA_EXPLAIN_H
#define SST_SCHEMA_EXPLAIN_H

#include "base/buf.h"
#include "schema/exec.h"

struct explain {
	struct run run;
	struct sst_buf at; /* pointer of the value at hand */
	struct sst_report *report;
	size_t max, cap;
	bool types_only; /* no failure but of `type` so far */
	bool nomem;
	bool reported;          /* the fault of the run */
	struct sst_error first; /* text of the first failure */
};

/* Notes that value at e->at fails keyword of n; the text is a sentence. */
void schema__explain_fail(struct explain *e, const struct node *n,
    const char *keyword, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* All failures of value. */
void schema__explain_node(
    struct explain *e, const struct node *n, const json_t *value);
/* Moves e->at to a member or an item; returns what _leave() wants. */
size_t schema__explain_enter(struct explain *e, const char *key, size_t len);
size_t schema__explain_enter_item(struct explain *e, size_t index);
void schema__explain_leave(struct explain *e, size_t mark);

void schema__explain_object(
    struct explain *e, const struct node *n, const json_t *value);
void schema__explain_array(
    struct explain *e, const struct node *n, const json_t *value);
void schema__explain_logic(
    struct explain *e, const struct node *n, const json_t *value);
void schema__explain_unevaluated(
    struct explain *e, const struct node *n, const json_t *value);

/* A short text of a value, for messages: cut, on one line. */
void schema__explain_text(const json_t *value, char out[80]);
/* "a string", "an object", ... */
const char *schema__explain_type(const json_t *value);

#endif
