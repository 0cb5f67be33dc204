/* Where a server is: url and addresses of the settings. Pure functions. */
#include <stdlib.h>
#include <string.h>

#include "repository/redis/redis_priv.h"

/* All of it, decimal. */
static bool
url_number(const char *text, size_t len, long max, long *out)
{
	long value = 0;
	size_t i;

	if (len == 0 || len > 9)
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

static bool
url_is_host(const char *text, size_t len)
{
	size_t i;

	if (len == 0 || len >= REDIS_HOST)
		return false;
	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f ||
		    strchr("@/?#[]\\", text[i]) != NULL)
			return false;
	}
	return true;
}

/* HOST, HOST:PORT, [ADDRESS], [ADDRESS]:PORT in text[0, len). */
static bool
url_address(
    const char *text, size_t len, char host[REDIS_HOST], unsigned short *port)
{
	const char *end = text + len, *from = text, *to, *colon;
	long number;

	if (len > 0 && text[0] == '[') {
		from++;
		to = memchr(text, ']', len);
		colon = to != NULL ? to + 1 : NULL;
		if (to == NULL || (colon < end && *colon != ':'))
			return false;
	} else {
		colon = memchr(text, ':', len);
		to = colon = colon != NULL ? colon : end;
	}
	if (!url_is_host(from, (size_t)(to - from)))
		return false;
	if (colon < end) {
		if (!url_number(
			colon + 1, (size_t)(end - colon - 1), 65535, &number) ||
		    number == 0)
			return false;
		*port = (unsigned short)number;
	}
	memcpy(host, from, (size_t)(to - from));
	host[to - from] = '\0';
	return true;
}

bool
redis__address_parse(const char *text, unsigned short fallback_port,
    char host[REDIS_HOST], unsigned short *port_out)
{
	*port_out = fallback_port;
	return url_address(text, strlen(text), host, port_out);
}

/* After the scheme unix://. */
static bool
url_unix(const char *rest, struct redis_url *url)
{
	size_t len = strcspn(rest, "?");
	long db = 0;

	if (rest[0] != '/' || len >= 108)
		return false;
	if (rest[len] == '?' && (strncmp(rest + len, "?db=", 4) != 0 ||
				    !url_number(rest + len + 4,
					strlen(rest + len + 4), 999999, &db)))
		return false;
	url->unix_path = rest;
	url->unix_len = len;
	url->db = (int)db;
	return true;
}

static bool
url_host(const char *rest, struct redis_url *url)
{
	size_t len = strcspn(rest, "/");
	long db = 0;

	if (rest[len] == '/' && rest[len + 1] != '\0' &&
	    !url_number(rest + len + 1, strlen(rest + len + 1), 999999, &db))
		return false;
	url->db = (int)db;
	url->port = REDIS_PORT;
	return url_address(rest, len, url->host, &url->port);
}

bool
redis__url_parse(const char *text, struct redis_url *out)
{
	struct redis_url url = {0};
	bool is = false;

	if (strncmp(text, "redis://", 8) == 0) {
		is = url_host(text + 8, &url);
	} else if (strncmp(text, "rediss://", 9) == 0) {
		url.tls = true;
		is = url_host(text + 9, &url);
	} else if (strncmp(text, "unix://", 7) == 0) {
		is = url_unix(text + 7, &url);
	}
	if (is && out != NULL)
		*out = url;
	return is;
}

bool
sst_redis_valid_url(const char *text)
{
	return redis__url_parse(text, NULL);
}

bool
sst_redis_valid_address(const char *text)
{
	char host[REDIS_HOST];
	unsigned short port;

	return redis__address_parse(text, REDIS_SENTINEL_PORT, host, &port);
}
