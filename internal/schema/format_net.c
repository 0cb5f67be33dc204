/* Addresses: IPv4, IPv6, host names, e-mail. */
#include <string.h>

#include "schema/format.h"

bool
schema__is_ipv4(const char *text, size_t len)
{
	size_t i = 0, start, parts;
	int v;

	for (parts = 0; parts < 4; parts++) {
		if (parts > 0 && (i == len || text[i++] != '.'))
			return false;
		v = 0;
		for (start = i; i < len && text[i] >= '0' && text[i] <= '9' &&
				i - start < 3;
		     i++)
			v = v * 10 + (text[i] - '0');
		if (i == start || v > 255 ||
		    (text[start] == '0' && i > start + 1))
			return false;
	}
	return i == len;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* One group at *at, of at most 4 digits; 2 for an IPv4 tail, 0 for none. */
static int
ipv6_group(const char *text, size_t len, size_t *at)
{
	size_t i = *at, n = 0;

	while (i + n < len && is_hex(text[i + n]))
		n++;
	if (i + n < len && text[i + n] == '.') {
		if (!schema__is_ipv4(text + i, len - i))
			return 0;
		*at = len;
		return 2;
	}
	if (n == 0 || n > 4)
		return 0;
	*at = i + n;
	return 1;
}

bool
schema__is_ipv6(const char *text, size_t len)
{
	int groups = 0, n;
	bool gap = false;
	size_t i = 0;

	if (len >= 2 && text[0] == ':' && text[1] == ':') {
		gap = true;
		i = 2;
	}
	while (i < len) {
		n = ipv6_group(text, len, &i);
		if (n == 0)
			return false;
		groups += n;
		if (i == len)
			break;
		if (text[i++] != ':' || i == len)
			return false;
		if (text[i] == ':') {
			if (gap)
				return false;
			gap = true;
			i++;
		}
	}
	return gap ? groups < 8 : groups == 8;
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* One label of a host name, letters beyond ASCII only when idn. */
static bool
is_label(const char *text, size_t len, bool idn)
{
	size_t i;

	if (len == 0 || len > 63 || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (i = 0; i < len; i++) {
		if (!is_alnum(text[i]) && text[i] != '-' &&
		    !(idn && ((unsigned char)text[i] & 0x80) != 0))
			return false;
	}
	/* "--" third and fourth is reserved; we check no A-labels (IDNA) */
	if (len >= 4 && text[2] == '-' && text[3] == '-')
		return len > 4 && (text[0] | 32) == 'x' &&
		       (text[1] | 32) == 'n';
	return true;
}

static bool
is_host(const char *text, size_t len, bool idn)
{
	size_t i, start = 0;

	if (len == 0 || len > 253)
		return false;
	for (i = 0; i <= len; i++) {
		if (i < len && text[i] != '.')
			continue;
		if (!is_label(text + start, i - start, idn))
			return false;
		start = i + 1;
	}
	return true;
}

bool
schema__is_hostname(const char *text, size_t len)
{
	return is_host(text, len, false);
}

bool
schema__is_idn_hostname(const char *text, size_t len)
{
	return is_host(text, len, true);
}

static bool
is_atext(char c)
{
	return is_alnum(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* The part before '@': dot-atom or quoted string (RFC 5321). */
static bool
email_local(const char *text, size_t len, bool idn)
{
	size_t i;

	if (len == 0)
		return false;
	if (text[0] == '"') {
		for (i = 1; i + 1 < len; i++) {
			if (text[i] == '"' || text[i] == '\n' ||
			    text[i] == '\r' || text[i] == '\0')
				return false;
			if (text[i] == '\\' && ++i + 1 >= len)
				return false;
		}
		return len >= 2 && text[len - 1] == '"';
	}
	for (i = 0; i < len; i++) {
		if (text[i] == '.') {
			if (i == 0 || i + 1 == len || text[i + 1] == '.')
				return false;
		} else if (!is_atext(text[i]) &&
			   !(idn && ((unsigned char)text[i] & 0x80) != 0)) {
			return false;
		}
	}
	return true;
}

static bool
is_address(const char *text, size_t len, bool idn)
{
	const char *at = memrchr(text, '@', len);
	const char *host;
	size_t n;

	if (at == NULL || !email_local(text, (size_t)(at - text), idn))
		return false;
	host = at + 1;
	n = len - (size_t)(host - text);
	if (n < 2 || host[0] != '[' || host[n - 1] != ']')
		return is_host(host, n, idn);
	host++;
	n -= 2;
	if (n > 5 && memcmp(host, "IPv6:", 5) == 0)
		return schema__is_ipv6(host + 5, n - 5);
	return schema__is_ipv4(host, n);
}

bool
schema__is_email(const char *text, size_t len)
{
	return is_address(text, len, false);
}

bool
schema__is_idn_email(const char *text, size_t len)
{
	return is_address(text, len, true);
}
