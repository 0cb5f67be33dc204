/*
 * Secrets in free text. One pass from left to right; at each byte a handful of
 * matchers may look at a bounded stretch ahead or behind, and only a match
 * consumes without a bound. That keeps it linear for any input.
 */
#include "base/text.h"

#include <string.h>

enum {
	KEY_NAME_MAX = 64,   /* longest name looked at before '=' or ':' */
	KEY_BLANKS_MAX = 4,  /* blanks between name, separator and value */
	PEM_LABEL_MAX = 64,  /* bytes of "BEGIN ... PRIVATE KEY-----" */
	WORD_SCHEME_MAX = 16 /* longest word taken for an HTTP auth scheme */
};

struct scan {
	const char *in;
	size_t len;
	size_t copied; /* in[0 .. copied) is written, plain or masked */
	/* password of a URL ahead, in[url_from .. url_to); 0, 0: none. What
	 * stands before it, the user, is searched like all text. */
	size_t url_from, url_to;
	struct sst_buf *out;
};

enum token_class {
	TOKEN_WORD = 1,   /* letters, digits, - and _ */
	TOKEN_ALNUM = 2,  /* letters, digits */
	TOKEN_UPPER = 3,  /* A-Z, 0-9 */
	TOKEN_DOTTED = 4, /* as WORD, and dots */
	TOKEN_JWT = 5     /* as DOTTED, a secret only with a dot in it */
};

/* A key that shows by its prefix; min counts the bytes after the prefix. */
struct token_form {
	const char *prefix;
	enum token_class class;
	size_t min;
};

static const struct token_form token_forms[] = {
    {"sk-", TOKEN_WORD, 16},         /* OpenAI, Anthropic, LiteLLM */
    {"sk_live_", TOKEN_ALNUM, 16},   /* Stripe */
    {"sk_test_", TOKEN_ALNUM, 16},   /* Stripe */
    {"rk_live_", TOKEN_ALNUM, 16},   /* Stripe, restricted */
    {"whsec_", TOKEN_WORD, 16},      /* web hook signing */
    {"AKIA", TOKEN_UPPER, 16},       /* AWS */
    {"ASIA", TOKEN_UPPER, 16},       /* AWS, temporary */
    {"AIza", TOKEN_WORD, 30},        /* Google API */
    {"ya29.", TOKEN_DOTTED, 20},     /* Google OAuth */
    {"ghp_", TOKEN_ALNUM, 20},       /* GitHub: personal */
    {"gho_", TOKEN_ALNUM, 20},       /* OAuth */
    {"ghu_", TOKEN_ALNUM, 20},       /* user */
    {"ghs_", TOKEN_WORD, 20},        /* server */
    {"ghr_", TOKEN_ALNUM, 20},       /* refresh */
    {"github_pat_", TOKEN_WORD, 20}, /* fine-grained */
    {"glpat-", TOKEN_WORD, 16},      /* GitLab */
    {"xoxa-", TOKEN_WORD, 10},       /* Slack */
    {"xoxb-", TOKEN_WORD, 10}, {"xoxc-", TOKEN_WORD, 10},
    {"xoxe-", TOKEN_WORD, 10}, {"xoxe.", TOKEN_DOTTED, 10},
    {"xoxp-", TOKEN_WORD, 10}, {"xoxr-", TOKEN_WORD, 10},
    {"xoxs-", TOKEN_WORD, 10}, {"xapp-", TOKEN_WORD, 10},
    {"hf_", TOKEN_ALNUM, 20},   /* Hugging Face */
    {"gsk_", TOKEN_ALNUM, 20},  /* Groq */
    {"xai-", TOKEN_WORD, 20},   /* xAI */
    {"npm_", TOKEN_ALNUM, 30},  /* npm */
    {"pypi-", TOKEN_WORD, 30},  /* PyPI */
    {"hvs.", TOKEN_DOTTED, 20}, /* Vault */
    {"eyJ", TOKEN_JWT, 10},     /* base64url of {" */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_alnum(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

static bool
is_hex(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
in_class(char c, enum token_class class)
{
	if (is_digit(c) || (c >= 'A' && c <= 'Z'))
		return true;
	if (class == TOKEN_UPPER)
		return false;
	if (c >= 'a' && c <= 'z')
		return true;
	if (class == TOKEN_ALNUM)
		return false;
	return c == '-' || c == '_' || (c == '.' && class >= TOKEN_DOTTED);
}

static void
scan_copy(struct scan *s, size_t end)
{
	if (end > s->copied)
		sst_buf_add(s->out, s->in + s->copied, end - s->copied);
	s->copied = end;
}

/* in[from .. to) is secret; what stands before it is not. */
static void
scan_mask(struct scan *s, size_t from, size_t to)
{
	scan_copy(s, from);
	sst_buf_adds(s->out, SST_TEXT_REDACTED);
	s->copied = to;
}

static bool
scan_starts(const struct scan *s, size_t i, const char *text)
{
	size_t n = strlen(text);

	return s->len - i >= n && memcmp(s->in + i, text, n) == 0;
}

/* Case-insensitive; text is in lower case. */
static bool
word_is(const char *word, size_t len, const char *text)
{
	size_t i;

	for (i = 0; i < len && text[i] != '\0'; i++) {
		if (lower(word[i]) != text[i])
			return false;
	}
	return i == len && text[i] == '\0';
}

static bool
word_in(const char *word, size_t len, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (word_is(word, len, *list))
			return true;
	}
	return false;
}

/* A matcher masks what is secret at i and returns how far to go on; 0: none. */

static size_t
match_token_form(struct scan *s, size_t i, const struct token_form *form)
{
	size_t start = i + strlen(form->prefix), end;
	bool dot = false;

	for (end = start; end < s->len && end - start < form->min; end++) {
		if (!in_class(s->in[end], form->class))
			return 0;
	}
	if (end - start < form->min)
		return 0;
	for (end = start; end < s->len && in_class(s->in[end], form->class);)
		dot |= s->in[end++] == '.';
	if (form->class != TOKEN_JWT || dot)
		scan_mask(s, i, end);
	return end - i;
}

static size_t
match_token(struct scan *s, size_t i)
{
	const size_t count = sizeof(token_forms) / sizeof(token_forms[0]);
	size_t k, n;

	for (k = 0; k < count; k++) {
		if (token_forms[k].prefix[0] != s->in[i])
			continue;
		if (!scan_starts(s, i, token_forms[k].prefix))
			continue;
		n = match_token_form(s, i, &token_forms[k]);
		if (n > 0)
			return n;
	}
	return 0;
}

/* LiteLLM's documented habit of short keys: sk-1234. */
static size_t
match_short_key(struct scan *s, size_t i)
{
	size_t end = i + 3;

	if (!scan_starts(s, i, "sk-"))
		return 0;
	while (end < s->len && end - i < 16 && is_digit(s->in[end]))
		end++;
	if (end - i < 3 + 4)
		return 0;
	if (end < s->len && in_class(s->in[end], TOKEN_WORD))
		return 0;
	scan_mask(s, i, end);
	return end - i;
}

static size_t
match_hex_key(struct scan *s, size_t i)
{
	enum { DIGITS = 64 };
	size_t n;

	if (!scan_starts(s, i, "0x") && !scan_starts(s, i, "0X"))
		return 0;
	for (n = 0; n <= DIGITS && i + 2 + n < s->len; n++) {
		if (!is_hex(s->in[i + 2 + n]))
			break;
	}
	if (n != DIGITS)
		return 0;
	scan_mask(s, i, i + 2 + DIGITS);
	return 2 + DIGITS;
}

/* A block without its end is masked to the end of the text. */
static size_t
match_pem(struct scan *s, size_t i)
{
	static const char begin[] = "-----BEGIN ";
	static const char label[] = "PRIVATE KEY-----";
	const char *p = s->in + i, *end;
	size_t left = s->len - i;
	size_t head = left < PEM_LABEL_MAX ? left : PEM_LABEL_MAX;

	if (!scan_starts(s, i, begin))
		return 0;
	if (memmem(p, head, label, sizeof(label) - 1) == NULL)
		return 0;
	end = memmem(p, left, "-----END ", 9);
	if (end != NULL)
		end = memmem(end + 9, left - (size_t)(end + 9 - p), "-----", 5);
	if (end != NULL)
		left = (size_t)(end + 5 - p);
	scan_mask(s, i, i + left);
	return left;
}

/* Notes the password of scheme://user:password@host. '/' ends the authority,
 * and so does a mask: it may stand where one was. */
static void
note_url(struct scan *s, size_t i)
{
	size_t end = i + 3, at = 0, colon = 0;

	for (; end < s->len; end++) {
		if (is_space(s->in[end]) ||
		    memchr("/?#\"'<>\\`", s->in[end], 9) != NULL)
			break;
		if (s->in[end] == '[' && scan_starts(s, end, SST_TEXT_REDACTED))
			break;
		if (s->in[end] == '@')
			at = end;
		if (s->in[end] == ':' && colon == 0)
			colon = end;
	}
	if (at == 0 || colon == 0 || colon + 1 >= at)
		return;
	s->url_from = colon + 1;
	s->url_to = at;
}

static bool
is_credential_char(char c)
{
	return is_alnum(c) || memchr("-._~+/=:%", c, 9) != NULL;
}

/* "Bearer xyz", "Basic xyz"; prose such as "Basic auth failed" stays. */
static size_t
match_scheme(struct scan *s, size_t i)
{
	static const char *const prose[] = {"auth", "authentication",
	    "authorization", "token", "tokens", "tokens.", "token.",
	    "token:", "scheme", "header", "credential", "credentials",
	    "realm=", "is", "not", "or", "and", "must", "was", "required",
	    "access", NULL};
	size_t start, end;

	if (s->len - i < 6)
		return 0;
	if (word_is(s->in + i, 6, "bearer"))
		start = i + 6;
	else if (word_is(s->in + i, 5, "basic"))
		start = i + 5;
	else
		return 0;
	end = start;
	while (end < s->len && end - start < KEY_BLANKS_MAX &&
	       is_space(s->in[end]))
		end++;
	if (end == start)
		return 0;
	start = end;
	while (end < s->len && is_credential_char(s->in[end]))
		end++;
	if (end - start < 6 || word_in(s->in + start, end - start, prose))
		return 0;
	scan_mask(s, start, end);
	return end - i;
}

bool
sst_text_is_secret_name(const char *name, size_t len)
{
	static const char *const tails[] = {"password", "passwd", "pwd",
	    "passphrase", "secret", "token", "apikey", "accesskey", "secretkey",
	    "privatekey", "signingkey", "encryptionkey", "masterkey",
	    "accountkey", "sharedkey", "authorization", "cookie", "credential",
	    "credentials", NULL};
	char flat[KEY_NAME_MAX];
	size_t n = 0, i, k;

	i = len > KEY_NAME_MAX ? len - KEY_NAME_MAX : 0;
	for (; i < len; i++) {
		if (is_alnum(name[i]))
			flat[n++] = lower(name[i]);
	}
	for (k = 0; tails[k] != NULL; k++) {
		i = strlen(tails[k]);
		if (n >= i && memcmp(flat + n - i, tails[k], i) == 0)
			return true;
	}
	return false;
}

/* Whether a secret's name ends right before i (quote and blanks between). */
static bool
name_before(const struct scan *s, size_t i)
{
	size_t end = i, start;

	while (end > 0 && i - end < KEY_BLANKS_MAX &&
	       (is_space(s->in[end - 1]) ||
		   memchr("\"'\\`", s->in[end - 1], 4) != NULL))
		end--;
	for (start = end; start > 0 && end - start < KEY_NAME_MAX; start--) {
		if (!in_class(s->in[start - 1], TOKEN_DOTTED))
			break;
	}
	return sst_text_is_secret_name(s->in + start, end - start);
}

/* From the opening quote at i to its closing one; end of text without. */
static size_t
value_quoted_end(const struct scan *s, size_t i, bool escaped)
{
	char quote = s->in[i++];

	for (; i < s->len; i++) {
		if (s->in[i] == '\\' && !escaped)
			i++;
		else if (s->in[i] == quote)
			return escaped && s->in[i - 1] == '\\' ? i - 1 : i;
	}
	return s->len;
}

static size_t
value_bare_end(const struct scan *s, size_t i)
{
	while (i < s->len && !is_space(s->in[i]) &&
	       memchr(",;&|\"'`<>(){}]\\", s->in[i], 15) == NULL)
		i++;
	return i;
}

/* "Bearer", "Token", ... between the name and what is secret. */
static size_t
value_skip_scheme(const struct scan *s, size_t i)
{
	static const char *const schemes[] = {
	    "bearer", "basic", "token", "digest", "apikey", "negotiate", NULL};
	size_t end = i;

	while (end < s->len && end - i < WORD_SCHEME_MAX &&
	       in_class(s->in[end], TOKEN_WORD))
		end++;
	if (end + 1 >= s->len || !is_space(s->in[end]) ||
	    is_space(s->in[end + 1]))
		return i;
	return word_in(s->in + i, end - i, schemes) ? end + 1 : i;
}

/* name=value, name: value, "name": "value", \"name\":\"value\". */
static size_t
match_pair(struct scan *s, size_t i)
{
	static const char *const open[] = {
	    "null", "none", "nil", "true", "false", "undefined", NULL};
	size_t start = i + 1, end, limit;
	bool escaped;

	if (!name_before(s, i))
		return 0;
	while (start < s->len && start - i <= 2 &&
	       memchr("=>", s->in[start], 2) != NULL)
		start++;
	limit = start + KEY_BLANKS_MAX;
	while (start < s->len && start < limit && is_space(s->in[start]))
		start++;
	escaped = start + 1 < s->len && s->in[start] == '\\';
	if (escaped)
		start++;
	if (start < s->len && memchr("\"'`", s->in[start], 3) != NULL) {
		end = value_quoted_end(s, start, escaped);
		start++;
	} else {
		start = value_skip_scheme(s, start);
		end = value_bare_end(s, start);
	}
	if (end <= start || word_in(s->in + start, end - start, open))
		return 0;
	if (scan_starts(s, start, SST_TEXT_REDACTED))
		end = start + strlen(SST_TEXT_REDACTED);
	scan_mask(s, start, end);
	return end - i;
}

static size_t
match_at(struct scan *s, size_t i)
{
	char c = s->in[i];
	size_t n;

	if (s->url_to > i && s->url_from <= i + 1) {
		/* at the colon; or later, when a mask went over it */
		n = s->url_from > i ? s->url_from : i;
		scan_mask(s, n, s->url_to);
		return s->url_to - i;
	}
	if (scan_starts(s, i, "://")) {
		note_url(s, i);
		return 3;
	}
	if (c == '=' || c == ':')
		return match_pair(s, i);
	if (c == '-')
		return match_pem(s, i);
	if (!is_alnum(c) || (i > s->copied && is_alnum(s->in[i - 1])))
		return 0;
	n = match_token(s, i);
	if (n == 0)
		n = match_short_key(s, i);
	if (n == 0)
		n = match_hex_key(s, i);
	return n > 0 ? n : match_scheme(s, i);
}

void
sst_text_redact(const char *in, size_t len, struct sst_buf *out)
{
	struct scan s = {.in = in, .len = len, .out = out};
	size_t i = 0, n;

	while (i < len) {
		n = match_at(&s, i);
		i += n > 0 ? n : 1;
	}
	scan_copy(&s, len);
}
