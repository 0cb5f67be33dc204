/* From ECMA-262 (Unicode mode) to what PCRE2 takes for the same thing. */
#include <string.h>

#include "schema/regex.h"
#include "schema/text.h"

struct ecma {
	const char *p, *end;
	struct sst_buf *out;
	struct sst_error *err;
	int groups; /* open parentheses */
	bool atom;  /* something stands before that a quantifier can apply to */
};

/* \s of ECMA-262: WhiteSpace and LineTerminator. */
static const char space_ranges[] =
    "\\x09-\\x0d\\x20\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}"
    "\\x{202f}\\x{205f}\\x{3000}\\x{feff}";
/* All the others. */
static const char non_space_ranges[] =
    "\\x00-\\x08\\x0e-\\x1f\\x21-\\x9f\\xa1-\\x{167f}\\x{1681}-\\x{1fff}"
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}"
    "\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}";

static int
ecma_fail(struct ecma *e, const char *what)
{
	return schema__fail(e->err, SST_INVALID,
	    "not a regular expression of ECMA-262: %s", what);
}

static int
ecma_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads exactly n hex digits at p; -1 when there are fewer. */
static long
ecma_hex_n(const struct ecma *e, const char *p, int n)
{
	long v = 0;
	int i, d;

	for (i = 0; i < n; i++) {
		d = p + i < e->end ? ecma_hex(p[i]) : -1;
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* \u: e->p stands behind the u. A lone surrogate gives -2. */
static long
ecma_unicode(struct ecma *e)
{
	long v = 0, low;
	int d;

	if (e->p < e->end && *e->p == '{') {
		for (e->p++; e->p < e->end && *e->p != '}'; e->p++) {
			d = ecma_hex(*e->p);
			if (d < 0 || v > 0x10ffff)
				return -1;
			v = v * 16 + d;
		}
		if (e->p == e->end || e->p[-1] == '{' || v > 0x10ffff)
			return -1;
		e->p++;
		return v >= 0xd800 && v <= 0xdfff ? -2 : v;
	}
	v = ecma_hex_n(e, e->p, 4);
	if (v < 0)
		return -1;
	e->p += 4;
	if (v < 0xd800 || v > 0xdfff)
		return v;
	if (v > 0xdbff || e->end - e->p < 6 || e->p[0] != '\\' ||
	    e->p[1] != 'u')
		return -2;
	low = ecma_hex_n(e, e->p + 2, 4);
	if (low < 0xdc00 || low > 0xdfff)
		return -2;
	e->p += 6;
	return 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
}

/* \p or \P: e->p stands behind it. */
static int
ecma_property(struct ecma *e, char letter)
{
	const char *from, *close, *name, *equals;
	const char *prefix = "";

	if (e->p == e->end || *e->p != '{')
		return ecma_fail(e, "\\p needs {a property name}");
	from = e->p + 1;
	close = memchr(from, '}', (size_t)(e->end - from));
	if (close == NULL || close == from ||
	    memchr(from, '\\', (size_t)(close - from)) != NULL ||
	    *from == '^' || *from == ' ')
		return ecma_fail(e, "\\p needs {a property name}");
	e->p = close + 1;
	equals = memchr(from, '=', (size_t)(close - from));
	if (equals != NULL) {
		if (strncmp(from, "Script=", 7) == 0 ||
		    strncmp(from, "sc=", 3) == 0)
			prefix = "sc:";
		else if (strncmp(from, "Script_Extensions=", 18) == 0 ||
			 strncmp(from, "scx=", 4) == 0)
			prefix = "scx:";
		else if (strncmp(from, "General_Category=", 17) != 0 &&
			 strncmp(from, "gc=", 3) != 0)
			return ecma_fail(e, "unknown kind of property in \\p");
		from = equals + 1;
	}
	name = schema__regex_property(from, (size_t)(close - from));
	sst_buf_addf(e->out, "\\%c{%s", letter, prefix);
	if (name != NULL)
		sst_buf_adds(e->out, name);
	else
		sst_buf_add(e->out, from, (size_t)(close - from));
	sst_buf_addc(e->out, '}');
	return SST_OK;
}

static int
ecma_space(struct ecma *e, char c, bool in_class)
{
	const char *ranges = c == 's' ? space_ranges : non_space_ranges;

	if (in_class)
		sst_buf_adds(e->out, ranges);
	else
		sst_buf_addf(e->out, "[%s]", ranges);
	return SST_OK;
}

static int
ecma_code_point(struct ecma *e, long v, bool in_class)
{
	if (v == -1)
		return ecma_fail(e, "\\u and \\x need hexadecimal digits");
	/* valid UTF-8 never has a lone surrogate */
	if (v == -2 && in_class)
		return ecma_fail(e, "a lone surrogate in a class");
	if (v == -2)
		sst_buf_adds(e->out, "(?!)");
	else
		sst_buf_addf(e->out, "\\x{%lx}", (unsigned long)v);
	return SST_OK;
}

/* \k<name> and \1: outside classes only. */
static int
ecma_backref(struct ecma *e, char c)
{
	const char *close;

	if (c != 'k') {
		sst_buf_addf(e->out, "\\g{%c", c);
		while (e->p < e->end && *e->p >= '0' && *e->p <= '9')
			sst_buf_addc(e->out, *e->p++);
		sst_buf_addc(e->out, '}');
		return SST_OK;
	}
	close = e->p < e->end && *e->p == '<'
		    ? memchr(e->p, '>', (size_t)(e->end - e->p))
		    : NULL;
	if (close == NULL)
		return ecma_fail(e, "\\k needs <a group name>");
	sst_buf_adds(e->out, "\\k");
	sst_buf_add(e->out, e->p, (size_t)(close - e->p) + 1);
	e->p = close + 1;
	return SST_OK;
}

static int
ecma_control(struct ecma *e)
{
	char c = e->p < e->end ? *e->p : '\0';

	if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
		return ecma_fail(e, "\\c needs a letter");
	e->p++;
	sst_buf_addf(e->out, "\\x{%x}", (unsigned)(c & 0x1f));
	return SST_OK;
}

/* e->p stands behind the backslash. */
static int
ecma_escape(struct ecma *e, bool in_class)
{
	static const char controls[] = "t\tn\nr\rf\fv\v";
	const char *at;
	char c;

	if (e->p == e->end)
		return ecma_fail(e, "it ends in a backslash");
	c = *e->p++;
	at = c == '\0' || c < ' ' ? NULL : strchr(controls, c);
	if (at != NULL)
		return ecma_code_point(e, at[1], in_class);
	switch (c) {
	case 'd':
	case 'D':
	case 'w':
	case 'W':
		sst_buf_addf(e->out, "\\%c", c);
		return SST_OK;
	case 's':
	case 'S':
		return ecma_space(e, c, in_class);
	case 'p':
	case 'P':
		return ecma_property(e, c);
	case 'c':
		return ecma_control(e);
	case 'u':
		return ecma_code_point(e, ecma_unicode(e), in_class);
	case 'x':
		e->p += 2;
		return ecma_code_point(e, ecma_hex_n(e, e->p - 2, 2), in_class);
	case '0':
		return ecma_code_point(e, 0, in_class);
	case 'b':
		if (in_class)
			return ecma_code_point(e, 8, in_class);
		sst_buf_adds(e->out, "\\b");
		return SST_OK;
	default:
		break;
	}
	if (!in_class && (c == 'k' || c == 'B' || (c >= '1' && c <= '9'))) {
		if (c != 'B')
			return ecma_backref(e, c);
		sst_buf_adds(e->out, "\\B");
		return SST_OK;
	}
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return schema__fail(e->err, SST_INVALID,
		    "not a regular expression of ECMA-262: it has no escape "
		    "\\%c",
		    c);
	if ((unsigned char)c < 0x80 && c > ' ')
		sst_buf_addc(e->out, '\\');
	sst_buf_addc(e->out, c);
	return SST_OK;
}

/* e->p stands behind the '['. */
static int
ecma_class(struct ecma *e)
{
	int rc = SST_OK;
	bool negated = e->p < e->end && *e->p == '^';

	e->p += negated;
	if (e->p < e->end && *e->p == ']') {
		e->p++;
		sst_buf_adds(e->out, negated ? "(?s:.)" : "(?!)");
		return SST_OK;
	}
	sst_buf_adds(e->out, negated ? "[^" : "[");
	while (rc == SST_OK && e->p < e->end && *e->p != ']') {
		if (*e->p == '\\') {
			e->p++;
			rc = ecma_escape(e, true);
			continue;
		}
		/* PCRE2 would take [: for the start of a POSIX class */
		if (*e->p == '[')
			sst_buf_addc(e->out, '\\');
		sst_buf_addc(e->out, *e->p++);
	}
	if (rc != SST_OK)
		return rc;
	if (e->p == e->end)
		return ecma_fail(e, "a '[' is never closed");
	e->p++;
	sst_buf_addc(e->out, ']');
	return SST_OK;
}

/* e->p stands behind the '('. */
static int
ecma_group(struct ecma *e)
{
	size_t left = (size_t)(e->end - e->p);
	bool known;

	e->groups++;
	e->atom = false;
	sst_buf_addc(e->out, '(');
	if (left > 0 && *e->p == '*')
		return ecma_fail(e, "nothing to repeat before '*'");
	if (left == 0 || *e->p != '?')
		return SST_OK;
	known = left >= 2 && strchr(":=!<", e->p[1]) != NULL;
	if (known && e->p[1] == '<' && left >= 3 && e->p[2] != '=' &&
	    e->p[2] != '!')
		known = e->p[2] == '_' || e->p[2] == '$' ||
			((e->p[2] | 32) >= 'a' && (e->p[2] | 32) <= 'z');
	if (!known)
		return ecma_fail(e, "an unknown kind of group after \"(?\"");
	sst_buf_add(e->out, e->p, 2);
	e->p += 2;
	return SST_OK;
}

/* Length of a {n}, {n,} or {n,m} at p, or 0. */
static size_t
ecma_braces(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && *q >= '0' && *q <= '9')
		q++;
	if (q == p + 1)
		return 0;
	if (q < end && *q == ',') {
		q++;
		while (q < end && *q >= '0' && *q <= '9')
			q++;
	}
	return q < end && *q == '}' ? (size_t)(q - p) + 1 : 0;
}

/* n bytes of quantifier stand at e->p. */
static int
ecma_quantifier(struct ecma *e, size_t n)
{
	if (!e->atom)
		return ecma_fail(e, "a quantifier has nothing to repeat");
	sst_buf_add(e->out, e->p, n);
	e->p += n;
	if (e->p < e->end && *e->p == '?')
		sst_buf_addc(e->out, *e->p++);
	e->atom = false;
	return SST_OK;
}

static int
ecma_other(struct ecma *e)
{
	char c = *e->p;
	size_t n;

	if (c == '*' || c == '+' || c == '?')
		return ecma_quantifier(e, 1);
	if (c == '{') {
		n = ecma_braces(e->p, e->end);
		if (n > 0)
			return ecma_quantifier(e, n);
	}
	e->p++;
	e->atom = c != '^' && c != '|';
	if (c == '{' || c == '}' || c == ']')
		sst_buf_addc(e->out, '\\');
	if (c == '.')
		sst_buf_adds(e->out, "[^\\n\\r\\x{2028}\\x{2029}]");
	else
		sst_buf_addc(e->out, c);
	return SST_OK;
}

static int
ecma_next(struct ecma *e)
{
	int rc;

	switch (*e->p) {
	case '\\':
		e->p++;
		rc = ecma_escape(e, false);
		e->atom = true;
		return rc;
	case '[':
		e->p++;
		e->atom = true;
		return ecma_class(e);
	case '(':
		e->p++;
		return ecma_group(e);
	case ')':
		if (e->groups-- == 0)
			return ecma_fail(e, "a ')' closes nothing");
		e->p++;
		e->atom = true;
		sst_buf_addc(e->out, ')');
		return SST_OK;
	default:
		return ecma_other(e);
	}
}

int
schema__regex_translate(
    const char *pattern, size_t len, struct sst_buf *out, struct sst_error *err)
{
	struct ecma e = {pattern, pattern + len, out, err, 0, false};
	int rc = SST_OK;

	sst_buf_add(out, "", 0);
	while (rc == SST_OK && e.p < e.end)
		rc = ecma_next(&e);
	if (rc == SST_OK && e.groups > 0)
		rc = ecma_fail(&e, "a '(' is never closed");
	if (rc == SST_OK && sst_buf_failed(out))
		rc = sst_error_nomem(err);
	return rc;
}
