/*
 * Regular expressions of ECMA-262 (Unicode mode), as `pattern` and
 * `patternProperties` hold them. Simple ones are matched without a regular
 * expression engine; the others by PCRE2 with its JIT, under limits.
 */
#ifndef SST_SCHEMA_REGEX_H
#define SST_SCHEMA_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* Immutable; shared by threads. */
struct regex;
struct shape;

/* Scratch memory of one matching thread; zero it before first use. */
struct regex_run {
	void *data;    /* pcre2_match_data */
	void *context; /* pcre2_match_context with a larger stack */
	void *stack;   /* pcre2_jit_stack */
};

enum regex_result {
	REGEX_NO = 0,
	REGEX_YES = 1,
	REGEX_GAVE_UP = -1, /* a limit was hit: the pattern explodes */
	REGEX_NOMEM = -2
};

/* SST_INVALID with the reason, SST_NOMEM. */
int schema__regex_new(
    const char *pattern, size_t len, struct regex **out, struct sst_error *err);
void schema__regex_free(struct regex *re);
enum regex_result schema__regex_match(const struct regex *re,
    struct regex_run *run, const char *text, size_t len);
/* The shape that stands for re entirely, or NULL. Borrowed. */
const struct shape *schema__regex_shape(const struct regex *re);
void schema__regex_run_fini(struct regex_run *run);

/* Whether a text is a regular expression at all (format regex). */
bool schema__regex_check(const char *pattern, size_t len);

/* Rewrites an ECMA-262 pattern for PCRE2. SST_INVALID with the reason. */
int schema__regex_translate(const char *pattern, size_t len,
    struct sst_buf *out, struct sst_error *err);
/* PCRE2's name of a Unicode property `name` (`\p{name}`); NULL if unknown. */
const char *schema__regex_property(const char *name, size_t len);

/*
 * A shape: pattern that is anchored at both ends, knows ASCII only, and needs
 * no backtracking (every choice is decided by the next byte).
 */
struct shape;

/* *out stays NULL when the pattern is no shape. SST_NOMEM. */
int schema__shape_new(const char *pattern, size_t len, struct shape **out);
void schema__shape_free(struct shape *shape);
bool
schema__shape_match(const struct shape *shape, const char *text, size_t len);

#endif
