/*
 * Options of a job. A hundred thousand jobs have as many of them, and one
 * member counts: a scan for it takes a tenth of the time of a parser that
 * builds a tree, which was a fourth of a collection. Values are taken for
 * their strings and brackets alone, in one pass without recursion.
 */
#include <string.h>

#include "repository/queues/bullmq_parse.h"

static const char *
opts_space(const char *p, const char *end)
{
	while (p < end &&
	       (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Behind the closing quote; NULL: there is none. */
static const char *
opts_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\')
			p++;
	}
	return NULL;
}

/* Behind an object or an array. */
static const char *
opts_nested(const char *p, const char *end)
{
	size_t depth = 0;

	while (p != NULL && p < end) {
		if (*p == '"') {
			p = opts_string(p, end);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		p++;
		if (depth == 0)
			return p;
	}
	return NULL;
}

/* Behind a value; NULL: it is none. */
static const char *
opts_value(const char *p, const char *end)
{
	const char *from = p;

	if (p == end)
		return NULL;
	if (*p == '"')
		return opts_string(p, end);
	if (*p == '{' || *p == '[')
		return opts_nested(p, end);
	while (p < end && strchr(",}] \t\r\n", *p) == NULL)
		p++;
	return p == from ? NULL : p;
}

static bool
opts_number(const char *p, const char *end, int64_t *out)
{
	int64_t value = 0;

	if (p == end || end - p > 15)
		return false;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return false;
		value = value * 10 + (*p - '0');
	}
	*out = value;
	return true;
}

/* A member at p; behind it, or NULL. Sets *attempts when it is that one. */
static const char *
opts_member(const char *p, const char *end, int64_t *attempts, bool *bad)
{
	static const char name[] = "\"attempts\"";
	const char *key = p, *value;
	size_t len;

	if (p == end || *p != '"')
		return NULL;
	p = opts_string(p, end);
	if (p == NULL)
		return NULL;
	len = (size_t)(p - key);
	p = opts_space(p, end);
	if (p == end || *p != ':')
		return NULL;
	value = opts_space(p + 1, end);
	p = opts_value(value, end);
	if (p != NULL && len == sizeof(name) - 1 &&
	    memcmp(key, name, len) == 0)
		*bad = !opts_number(value, p, attempts);
	return p;
}

static const char *
opts_object(const char *p, const char *end, int64_t *attempts, bool *bad)
{
	p = opts_space(p + 1, end);
	if (p < end && *p == '}')
		return p + 1;
	while ((p = opts_member(p, end, attempts, bad)) != NULL) {
		p = opts_space(p, end);
		if (p < end && *p == '}')
			return p + 1;
		if (p == end || *p != ',')
			return NULL;
		p = opts_space(p + 1, end);
	}
	return NULL;
}

int
bullmq__parse_opts(
    struct queue_text opts, int64_t *attempts_out, struct sst_error *err)
{
	const char *end = opts.data + opts.len;
	const char *p = opts_space(opts.data, end);
	int64_t attempts = 0;
	bool bad = false;

	if (p < end && *p != '{' && opts_value(p, end) != NULL)
		return sst_error_set(err, SST_TYPE, "opts: not an object");
	p = p < end ? opts_object(p, end, &attempts, &bad) : NULL;
	if (p == NULL || opts_space(p, end) != end)
		return sst_error_set(err, SST_SYNTAX, "opts: not JSON");
	if (bad)
		return sst_error_set(err, SST_TYPE,
		    "opts: attempts is no whole number");
	/* without a number there is no second one */
	*attempts_out = attempts > 1 ? attempts : 1;
	return SST_OK;
}
