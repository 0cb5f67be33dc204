#include "repository/agents/a2a_url.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* Pieces of a URL, borrowed. */
struct url_parts {
	bool tls;
	bool credentials;
	const char *host; /* with brackets when it is an IPv6 address */
	size_t host_len;
	const char *port; /* digits, the usual one when there is none */
	size_t port_len;
	bool port_given;
	const char *path; /* "" or from the slash on */
	size_t path_len;
};

/* Printable without invisible characters and blanks, no backslash: browsers
 * take it for a slash, we would not. */
static bool
url_clean(const char *url)
{
	size_t len = strlen(url), i, n;
	uint32_t cp;

	for (i = 0; i < len; i += n) {
		n = sst_text_decode(url + i, len - i, &cp);
		if (n == 0 || cp == ' ' || cp == '\\' ||
		    sst_text_is_control(cp))
			return false;
	}
	return true;
}

/* Digits after a colon, without zeros in front. */
static bool
url_port(const char *text, size_t len, struct url_parts *out)
{
	while (len > 1 && text[0] == '0') {
		text++;
		len--;
	}
	if (len > 5 || strspn(text, "0123456789") < len)
		return false;
	if (len > 0) {
		out->port_given = true;
		out->port = text;
		out->port_len = len;
	}
	return true;
}

/* A name or an address; one of IPv6 stands in brackets. */
static bool
url_host(const char *host, size_t len)
{
	static const char hex[] = "0123456789abcdefABCDEF:.";
	size_t i;

	if (len > 2 && host[0] == '[' && host[len - 1] == ']')
		return strspn(host + 1, hex) == len - 2;
	for (i = 0; i < len; i++) {
		if ((unsigned char)host[i] < 0x80 && !isalnum(host[i]) &&
		    strchr("-._~", host[i]) == NULL)
			return false;
	}
	return len > 0;
}

static bool
url_authority(const char *text, size_t len, struct url_parts *out)
{
	const char *at = memrchr(text, '@', len), *colon, *bracket;

	if (at != NULL) {
		out->credentials = true;
		len -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	out->host = text;
	out->host_len = len;
	bracket = memrchr(text, ']', len);
	colon = memrchr(text, ':', len);
	if (colon != NULL && (bracket == NULL || colon > bracket)) {
		out->host_len = (size_t)(colon - text);
		if (!url_port(colon + 1, len - out->host_len - 1, out))
			return false;
	}
	return url_host(out->host, out->host_len);
}

static bool
url_split(const char *url, struct url_parts *out)
{
	const char *rest;

	memset(out, 0, sizeof(*out));
	if (!url_clean(url))
		return false;
	if (strncasecmp(url, "https://", 8) == 0) {
		out->tls = true;
		rest = url + 8;
	} else if (strncasecmp(url, "http://", 7) == 0) {
		rest = url + 7;
	} else {
		return false;
	}
	out->port = out->tls ? "443" : "80";
	out->port_len = strlen(out->port);
	out->path = rest + strcspn(rest, "/?#");
	out->path_len = strcspn(out->path, "?#");
	return url_authority(rest, (size_t)(out->path - rest), out);
}

bool
a2a__url_show(const char *url, struct sst_buf *out)
{
	struct url_parts p;

	if (!url_split(url, &p))
		return false;
	sst_buf_adds(out, p.tls ? "https://" : "http://");
	sst_buf_add(out, p.host, p.host_len);
	if (p.port_given) {
		sst_buf_addc(out, ':');
		sst_buf_add(out, p.port, p.port_len);
	}
	sst_buf_add(out, p.path, p.path_len);
	return true;
}

bool
a2a__url_same_origin(const char *a, const char *b)
{
	struct url_parts x, y;

	if (!url_split(a, &x) || !url_split(b, &y))
		return false;
	/* compared as they are written: what curl makes of them is then the
	 * same, too */
	return !x.credentials && !y.credentials && x.tls == y.tls &&
	       x.host_len == y.host_len &&
	       strncasecmp(x.host, y.host, x.host_len) == 0 &&
	       x.port_len == y.port_len &&
	       memcmp(x.port, y.port, x.port_len) == 0;
}
