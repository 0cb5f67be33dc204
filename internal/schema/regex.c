#include "schema/regex.h"

#include <stdlib.h>
#include <string.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "schema/schema.h"
#include "schema/text.h"

enum {
	/* A sane pattern needs a few thousand steps; at this many (some tens of
	 * milliseconds) we give up. */
	REGEX_MATCH_LIMIT = 1000000,
	REGEX_DEPTH_LIMIT = 10000,
	REGEX_HEAP_KIB = 16384,
	REGEX_STACK_MIN = 32 * 1024,
	REGEX_STACK_MAX = 4 * 1024 * 1024
};

/* How a pattern is matched: plain texts need no engine. */
enum regex_kind {
	KIND_ALWAYS,   /* "" and the like */
	KIND_CONTAINS, /* lit */
	KIND_PREFIX,   /* ^lit */
	KIND_SUFFIX,   /* lit$ */
	KIND_EXACT,    /* ^lit$ */
	KIND_SHAPE,
	KIND_ENGINE
};

struct regex {
	enum regex_kind kind;
	bool jit;
	char *literal;
	size_t literal_len;
	struct shape *shape;
	pcre2_code *code;
	pcre2_match_context *limits;
};

/* Unescapes pattern bytes [from, to) into out; false when they are more than a
 * literal. */
static bool
literal_read(const char *from, const char *to, struct sst_buf *out)
{
	for (; from < to; from++) {
		if (strchr("^$.*+?()[]{}|", *from) != NULL)
			return false;
		if (*from == '\\') {
			from++;
			if (from == to || *from == '\0' ||
			    strchr("^$.*+?()[]{}|/\\-", *from) == NULL)
				return false;
		}
		sst_buf_addc(out, *from);
	}
	return true;
}

/* Sets kind and literal when the pattern is a mere text. */
static int
regex_literal(struct regex *re, const char *pattern, size_t len)
{
	struct sst_buf text = SST_BUF_INIT;
	const char *from = pattern, *to = pattern + len;
	bool head, tail;

	if (memchr(pattern, '\0', len) != NULL)
		return SST_OK;
	if (strcmp(pattern, ".*") == 0 || strcmp(pattern, "^.*") == 0) {
		re->kind = KIND_ALWAYS;
		return SST_OK;
	}
	head = len > 0 && *from == '^';
	from += head;
	tail = to > from && to[-1] == '$' && (to - from < 2 || to[-2] != '\\');
	to -= tail;
	sst_buf_add(&text, "", 0);
	if (literal_read(from, to, &text) && !sst_buf_failed(&text)) {
		re->kind = head && tail    ? KIND_EXACT
			   : head          ? KIND_PREFIX
			   : tail          ? KIND_SUFFIX
			   : text.len == 0 ? KIND_ALWAYS
					   : KIND_CONTAINS;
		re->literal = sst_buf_take(&text, &re->literal_len);
	}
	if (sst_buf_failed(&text)) {
		sst_buf_fini(&text);
		return SST_NOMEM;
	}
	sst_buf_fini(&text);
	return SST_OK;
}

static int
regex_limits(struct regex *re)
{
	re->limits = pcre2_match_context_create(NULL);
	if (re->limits == NULL)
		return SST_NOMEM;
	pcre2_set_match_limit(re->limits, REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(re->limits, REGEX_DEPTH_LIMIT);
	pcre2_set_heap_limit(re->limits, REGEX_HEAP_KIB);
	return SST_OK;
}

static int
regex_compile(
    struct regex *re, const char *pattern, size_t len, struct sst_error *err)
{
	struct sst_buf text = SST_BUF_INIT;
	PCRE2_UCHAR reason[160];
	PCRE2_SIZE offset = 0;
	int code = 0, rc;

	rc = schema__regex_translate(pattern, len, &text, err);
	if (rc != SST_OK)
		goto out;
	re->code = pcre2_compile((PCRE2_SPTR)text.data, text.len,
	    PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
		PCRE2_NEVER_BACKSLASH_C,
	    &code, &offset, NULL);
	if (re->code == NULL) {
		pcre2_get_error_message(code, reason, sizeof(reason));
		rc = schema__fail(err, SST_INVALID,
		    "\"%.200s\" is not a regular expression: %s", pattern,
		    (char *)reason);
		goto out;
	}
	/* without JIT (out of executable memory) matching is just slower */
	re->jit = pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0;
	if (regex_limits(re) != SST_OK)
		rc = sst_error_nomem(err);
out:
	sst_buf_fini(&text);
	return rc;
}

static int
regex_init(
    struct regex *re, const char *pattern, size_t len, struct sst_error *err)
{
	re->kind = KIND_ENGINE;
	if (regex_literal(re, pattern, len) != SST_OK)
		return sst_error_nomem(err);
	if (re->kind != KIND_ENGINE)
		return SST_OK;
	if (schema__shape_new(pattern, len, &re->shape) != SST_OK)
		return sst_error_nomem(err);
	if (re->shape != NULL) {
		re->kind = KIND_SHAPE;
		return SST_OK;
	}
	return regex_compile(re, pattern, len, err);
}

int
schema__regex_new(
    const char *pattern, size_t len, struct regex **out, struct sst_error *err)
{
	struct regex *re;
	int rc;

	if (len > SST_SCHEMA_PATTERN_BYTES)
		return schema__fail(err, SST_LIMIT,
		    "a pattern of %zu bytes is over the limit of %d", len,
		    SST_SCHEMA_PATTERN_BYTES);
	re = calloc(1, sizeof(*re));
	if (re == NULL)
		return sst_error_nomem(err);
	rc = regex_init(re, pattern, len, err);
	if (rc != SST_OK) {
		schema__regex_free(re);
		return rc;
	}
	*out = re;
	return SST_OK;
}

void
schema__regex_free(struct regex *re)
{
	if (re == NULL)
		return;
	pcre2_code_free(re->code);
	pcre2_match_context_free(re->limits);
	schema__shape_free(re->shape);
	free(re->literal);
	free(re);
}

bool
schema__regex_check(const char *pattern, size_t len)
{
	struct regex *re;

	if (schema__regex_new(pattern, len, &re, NULL) != SST_OK)
		return false;
	schema__regex_free(re);
	return true;
}

/* The JIT code ran out of its 32 KiB on the machine stack: again, on a larger
 * one of the run's own. */
static int
engine_retry(
    const struct regex *re, struct regex_run *run, const char *text, size_t len)
{
	pcre2_match_context *context = run->context;
	pcre2_jit_stack *stack = run->stack;

	if (context == NULL) {
		context = pcre2_match_context_create(NULL);
		run->context = context;
	}
	if (stack == NULL) {
		stack = pcre2_jit_stack_create(
		    REGEX_STACK_MIN, REGEX_STACK_MAX, NULL);
		run->stack = stack;
	}
	if (context == NULL || stack == NULL)
		return PCRE2_ERROR_NOMEMORY;
	pcre2_set_match_limit(context, REGEX_MATCH_LIMIT);
	pcre2_jit_stack_assign(context, NULL, stack);
	return pcre2_jit_match(re->code, (PCRE2_SPTR)text, len, 0,
	    PCRE2_NO_UTF_CHECK, run->data, context);
}

static enum regex_result
engine_match(
    const struct regex *re, struct regex_run *run, const char *text, size_t len)
{
	int n;

	if (run->data == NULL)
		run->data = pcre2_match_data_create(1, NULL);
	if (run->data == NULL)
		return REGEX_NOMEM;
	if (re->jit) {
		n = pcre2_jit_match(re->code, (PCRE2_SPTR)text, len, 0,
		    PCRE2_NO_UTF_CHECK, run->data, re->limits);
		if (n == PCRE2_ERROR_JIT_STACKLIMIT)
			n = engine_retry(re, run, text, len);
	} else {
		n = pcre2_match(re->code, (PCRE2_SPTR)text, len, 0,
		    PCRE2_NO_UTF_CHECK, run->data, re->limits);
	}
	if (n >= 0)
		return REGEX_YES;
	if (n == PCRE2_ERROR_NOMATCH)
		return REGEX_NO;
	return n == PCRE2_ERROR_NOMEMORY ? REGEX_NOMEM : REGEX_GAVE_UP;
}

enum regex_result
schema__regex_match(
    const struct regex *re, struct regex_run *run, const char *text, size_t len)
{
	size_t n = re->literal_len;

	switch (re->kind) {
	case KIND_ALWAYS:
		return REGEX_YES;
	case KIND_CONTAINS:
		return memmem(text, len, re->literal, n) != NULL;
	case KIND_PREFIX:
		return len >= n && memcmp(text, re->literal, n) == 0;
	case KIND_SUFFIX:
		return len >= n && memcmp(text + len - n, re->literal, n) == 0;
	case KIND_EXACT:
		return len == n && memcmp(text, re->literal, n) == 0;
	case KIND_SHAPE:
		return schema__shape_match(re->shape, text, len) ? REGEX_YES
								 : REGEX_NO;
	default:
		return engine_match(re, run, text, len);
	}
}

const struct shape *
schema__regex_shape(const struct regex *re)
{
	return re->kind == KIND_SHAPE ? re->shape : NULL;
}

void
schema__regex_run_fini(struct regex_run *run)
{
	pcre2_match_data_free(run->data);
	pcre2_match_context_free(run->context);
	pcre2_jit_stack_free(run->stack);
	memset(run, 0, sizeof(*run));
}
