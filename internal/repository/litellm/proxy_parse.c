/* Values, errors and texts of any answer. */
#include "repository/litellm/proxy_parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "httpc/json_body.h"

/* Beyond this a double counts no more one by one; LiteLLM says 2^63 - 1 for
 * what has no limit. */
#define PROXY_COUNT_MAX 9007199254740992.0

/* Some builds tell limits as text. */
static double
number_of_text(const char *text)
{
	double value;
	char *rest;

	if (text[0] == '\0' || strlen(text) > 32 ||
	    strspn(text, "+-.0123456789eE") != strlen(text))
		return -1;
	value = strtod(text, &rest);
	return *rest == '\0' ? value : -1;
}

double
proxy__number(const json_t *value)
{
	double number = -1;

	if (json_is_number(value))
		number = json_number_value(value);
	else if (json_is_string(value))
		number = number_of_text(json_string_value(value));
	return isfinite(number) && number >= 0 ? number : -1;
}

int64_t
proxy__count(const json_t *value)
{
	double number = proxy__number(value);

	if (number < 0 || number > PROXY_COUNT_MAX)
		return -1;
	return (int64_t)llround(number);
}

const char *
proxy__text(const json_t *value)
{
	const char *text = json_string_value(value);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

int
proxy__object(
    const char *bytes, size_t len, json_t **out, struct sst_error *err)
{
	json_t *tree = NULL;
	int code = sst_json_body_parse(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	if (!json_is_object(tree)) {
		json_decref(tree);
		return sst_error_set(
		    err, SST_TYPE, "the answer is not an object");
	}
	*out = tree;
	return SST_OK;
}

bool
proxy__set(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value) == 0;
}

json_t *
proxy__real(double value)
{
	return value < 0 ? json_null() : json_real(value);
}

json_t *
proxy__integer(int64_t value)
{
	return value < 0 ? json_null() : json_integer(value);
}

/* The text of an error, wherever this version of that route puts it. */
static const char *
judge_message(const json_t *tree)
{
	const json_t *error = json_object_get(tree, "error");
	const json_t *detail = json_object_get(tree, "detail");
	const char *text;

	if (json_is_string(tree))
		return proxy__text(tree);
	text = proxy__text(json_object_get(error, "message"));
	if (text == NULL)
		text = proxy__text(error);
	if (text == NULL)
		text = proxy__text(detail);
	if (text == NULL)
		text = proxy__text(json_object_get(detail, "error"));
	if (text == NULL)
		text = proxy__text(
		    json_object_get(json_array_get(detail, 0), "msg"));
	return text != NULL ? text
			    : proxy__text(json_object_get(tree, "title"));
}

static bool
judge_says(const char *bytes, size_t len, const char *words)
{
	size_t i, n = strlen(words);

	for (i = 0; i + n <= len; i++) {
		if (strncasecmp(bytes + i, words, n) == 0)
			return true;
	}
	return false;
}

static bool
judge_says_any(const char *bytes, size_t len, const char *const *words)
{
	/* an error that matters is short */
	if (len > 4096)
		len = 4096;
	for (; *words != NULL; words++) {
		if (judge_says(bytes, len, *words))
			return true;
	}
	return false;
}

/* Statuses lie: no database is 400 here and 500 there. */
static enum proxy_verdict
judge_words(long status, const char *bytes, size_t len)
{
	static const char *const keyless[] = {
	    "no_db_connection", "no connected db", NULL};
	static const char *const absent[] = {"db not connected",
	    "database not connected", "database not initialized",
	    "no db connected", "db_not_connected", "prisma",
	    "no provider budget config", "no router budget logger", NULL};
	static const char *const refused[] = {
	    "admin", "not allowed", "permission", NULL};

	if (judge_says_any(bytes, len, keyless))
		return PROXY_KEYLESS;
	if (judge_says_any(bytes, len, absent) && status != 401)
		return PROXY_UNSUPPORTED;
	if (status == 400 && judge_says_any(bytes, len, refused))
		return PROXY_FORBIDDEN;
	return PROXY_FAILED;
}

enum proxy_verdict
proxy__judge(
    long status, const char *bytes, size_t len, struct sst_buf *message)
{
	enum proxy_verdict verdict = judge_words(status, bytes, len);
	struct sst_error err;
	json_t *tree = NULL;
	const char *text;

	if (message != NULL &&
	    sst_json_body_parse(bytes, len, &tree, &err) == SST_OK) {
		text = judge_message(tree);
		if (text != NULL)
			proxy__safe_text(text, strlen(text), message);
		json_decref(tree);
	}
	if (verdict != PROXY_FAILED)
		return verdict;
	switch (status) {
	case 401:
		return PROXY_UNAUTHORIZED;
	case 403:
		return PROXY_FORBIDDEN;
	case 404:
	case 405:
	case 501:
		return PROXY_UNSUPPORTED;
	default:
		return PROXY_FAILED;
	}
}

static bool
safe_ends_word(char c)
{
	return (unsigned char)c <= ' ' || strchr("\"'<>()[]{},;", c) != NULL;
}

/* The length of a scheme at p that "://" follows, or 0. */
static size_t
safe_scheme(const char *p, const char *end)
{
	size_t n = 0, left = (size_t)(end - p);

	while (n < left && n < 24 && strchr("+-.:", p[n]) == NULL &&
	       !safe_ends_word(p[n]))
		n++;
	return n > 0 && left - n >= 3 && memcmp(p + n, "://", 3) == 0 ? n : 0;
}

/* The length of an address or a key of LiteLLM's form at p, or 0. Keys of
 * tests are short: sst_text_redact takes them for words. */
static size_t
safe_secret(const char *p, const char *end, const char **shown)
{
	const char *stop = p;

	if (end - p > 3 && memcmp(p, "sk-", 3) == 0)
		*shown = SST_TEXT_REDACTED;
	else if (safe_scheme(p, end) > 0)
		*shown = "[url]";
	else
		return 0;
	while (stop < end && !safe_ends_word(*stop))
		stop++;
	return (size_t)(stop - p);
}

static void
safe_mask(const struct sst_buf *in, struct sst_buf *out)
{
	const char *p = in->data, *end = p + in->len, *shown = NULL;
	bool begins = true;
	size_t n;

	while (p < end) {
		n = begins ? safe_secret(p, end, &shown) : 0;
		if (n > 0) {
			sst_buf_adds(out, shown);
			p += n;
			begins = true;
			continue;
		}
		begins = (*p < 'a' || *p > 'z') && (*p < 'A' || *p > 'Z') &&
			 (*p < '0' || *p > '9');
		sst_buf_addc(out, *p++);
	}
}

void
proxy__safe_text(const char *text, size_t len, struct sst_buf *out)
{
	struct sst_buf plain = SST_BUF_INIT, masked = SST_BUF_INIT;

	/* more than is shown, much less than a stack trace */
	sst_text_clean(text, len < 16384 ? len : 16384, 0, &plain);
	if (plain.len > 0)
		safe_mask(&plain, &masked);
	if (sst_buf_failed(&plain) || sst_buf_failed(&masked) ||
	    (masked.len > 0 &&
		!sst_text_safe(masked.data, masked.len, PROXY_TEXT_MAX, out)))
		out->failed = true;
	sst_buf_fini(&plain);
	sst_buf_fini(&masked);
}
