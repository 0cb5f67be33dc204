/* URIs and IRIs (RFC 3986, 3987) and URI templates (RFC 6570). */
#include <string.h>

#include "schema/format.h"

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

static bool
is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

/* Bytes that text may consist of: unreserved, sub-delims, `more`, %XX and,
 * for an IRI, anything beyond ASCII. */
static bool
chars_ok(const char *text, size_t len, const char *more, bool iri)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '%') {
			if (len - i < 3 || !is_hex(text[i + 1]) ||
			    !is_hex(text[i + 2]))
				return false;
			i += 2;
			continue;
		}
		if (is_unreserved(text[i]) ||
		    (iri && ((unsigned char)text[i] & 0x80) != 0))
			continue;
		if (text[i] == '\0' ||
		    (strchr("!$&'()*+,;=", text[i]) == NULL &&
			strchr(more, text[i]) == NULL))
			return false;
	}
	return true;
}

static size_t
span(const char *text, size_t len, const char *stop)
{
	size_t i = 0;

	while (i < len && (text[i] == '\0' || strchr(stop, text[i]) == NULL))
		i++;
	return i;
}

static bool
authority_ok(const char *text, size_t len, bool iri)
{
	const char *at = memchr(text, '@', len), *close;
	size_t n;

	if (at != NULL) {
		if (!chars_ok(text, (size_t)(at - text), ":", iri))
			return false;
		len -= (size_t)(at - text) + 1;
		text = at + 1;
	}
	if (len > 0 && text[0] == '[') {
		close = memchr(text, ']', len);
		if (close == NULL)
			return false;
		n = (size_t)(close - text) - 1;
		if (text[1] == 'v' ? !chars_ok(text + 1, n, ":", false)
				   : !schema__is_ipv6(text + 1, n))
			return false;
		text = close + 1;
		len -= n + 2;
	} else {
		n = span(text, len, ":");
		if (!chars_ok(text, n, "", iri))
			return false;
		text += n;
		len -= n;
	}
	if (len == 0)
		return true;
	return text[0] == ':' && strspn(text + 1, "0123456789") >= len - 1;
}

static size_t
scheme_len(const char *text, size_t len)
{
	size_t i = 0;

	if (len == 0 || (text[0] | 32) < 'a' || (text[0] | 32) > 'z')
		return 0;
	while (i < len && (text[i] == '+' || text[i] == '-' || text[i] == '.' ||
			      (is_unreserved(text[i]) && text[i] != '_' &&
				  text[i] != '~')))
		i++;
	return i < len && text[i] == ':' ? i : 0;
}

static bool
reference_ok(const char *text, size_t len, bool absolute, bool iri)
{
	size_t n = scheme_len(text, len);

	if (n > 0) {
		text += n + 1;
		len -= n + 1;
	} else if (absolute || (len > 0 && text[0] == ':')) {
		return false;
	} else if (memchr(text, ':', span(text, len, "/?#")) != NULL) {
		/* the first segment of a relative path has no colon */
		return false;
	}
	if (len >= 2 && text[0] == '/' && text[1] == '/') {
		n = span(text + 2, len - 2, "/?#") + 2;
		if (!authority_ok(text + 2, n - 2, iri))
			return false;
		text += n;
		len -= n;
	}
	n = span(text, len, "?#");
	if (!chars_ok(text, n, ":@/", iri))
		return false;
	text += n;
	len -= n;
	if (len > 0 && text[0] == '?') {
		n = span(text + 1, len - 1, "#") + 1;
		if (!chars_ok(text + 1, n - 1, ":@/?", iri))
			return false;
		text += n;
		len -= n;
	}
	return len == 0 || chars_ok(text + 1, len - 1, ":@/?", iri);
}

bool
schema__is_uri(const char *text, size_t len)
{
	return reference_ok(text, len, true, false);
}

bool
schema__is_uri_reference(const char *text, size_t len)
{
	return reference_ok(text, len, false, false);
}

bool
schema__is_iri(const char *text, size_t len)
{
	return reference_ok(text, len, true, true);
}

bool
schema__is_iri_reference(const char *text, size_t len)
{
	return reference_ok(text, len, false, true);
}

/* name[:prefix][*] */
static bool
varspec_ok(const char *text, size_t len)
{
	size_t n = span(text, len, ":*"), i;

	if (n == 0 || !chars_ok(text, n, "", false) ||
	    memchr(text, '-', n) != NULL || memchr(text, '~', n) != NULL)
		return false;
	for (i = 0; i < n; i++) {
		if (strchr("!$&'()*+,;=", text[i]) != NULL)
			return false;
	}
	if (text[0] == '.' || text[n - 1] == '.')
		return false;
	if (n == len || (text[n] == '*' && n + 1 == len))
		return true;
	if (text[n] != ':' || n + 1 == len || len - n > 5 || text[n + 1] == '0')
		return false;
	for (i = n + 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return true;
}

static bool
expression_ok(const char *text, size_t len)
{
	size_t n;

	if (len > 0 && text[0] != '\0' && strchr("+#./;?&", text[0]) != NULL) {
		text++;
		len--;
	}
	for (;;) {
		n = span(text, len, ",");
		if (!varspec_ok(text, n))
			return false;
		if (n == len)
			return true;
		text += n + 1;
		len -= n + 1;
	}
}

static bool
literal_ok(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f ||
		    strchr("\"'<>\\^`|}", text[i]) != NULL)
			return false;
		if (text[i] == '%' && (len - i < 3 || !is_hex(text[i + 1]) ||
					  !is_hex(text[i + 2])))
			return false;
	}
	return true;
}

bool
schema__is_uri_template(const char *text, size_t len)
{
	const char *close;
	size_t n;

	while (len > 0) {
		n = span(text, len, "{");
		if (!literal_ok(text, n))
			return false;
		text += n;
		len -= n;
		if (len == 0)
			break;
		close = memchr(text, '}', len);
		if (close == NULL)
			return false;
		n = (size_t)(close - text);
		if (!expression_ok(text + 1, n - 1))
			return false;
		text += n + 1;
		len -= n + 1;
	}
	return true;
}
