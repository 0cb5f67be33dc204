/* What may be asked for, and how it is shown. */
#include "httpc/httpc_priv.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static int
url_invalid(struct sst_error *err, const char *why)
{
	return sst_error_set(err, SST_INVALID, "url: %s", why);
}

static bool
url_has(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

static int
url_check_parts(CURLU *url, struct sst_error *err)
{
	char *scheme = NULL;
	bool known;

	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		return sst_error_nomem(err);
	known = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
	curl_free(scheme);
	if (!known)
		return url_invalid(err, "the scheme must be http or https");
	if (url_has(url, CURLUPART_USER) || url_has(url, CURLUPART_PASSWORD))
		return url_invalid(err,
		    "credentials do not belong into it; there are options "
		    "for them");
	if (url_has(url, CURLUPART_FRAGMENT))
		return url_invalid(err, "a fragment (#) has no meaning here");
	return SST_OK;
}

static int
url_parse(const char *text, CURLU **out, struct sst_error *err)
{
	CURLU *url = curl_url();
	CURLUcode rc;
	int code;

	if (url == NULL)
		return sst_error_nomem(err);
	rc = curl_url_set(url, CURLUPART_URL, text,
	    CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME);
	if (rc == CURLUE_OUT_OF_MEMORY)
		code = sst_error_nomem(err);
	else if (rc != CURLUE_OK)
		code = url_invalid(
		    err, "not an absolute URL like http://127.0.0.1:15672");
	else
		code = url_check_parts(url, err);
	if (code != SST_OK) {
		curl_url_cleanup(url);
		return code;
	}
	*out = url;
	return SST_OK;
}

/* curl drops or encodes some of them; a header must not be split by one. */
bool
httpc__text_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

int
sst_httpc_url_check(const char *url, struct sst_error *err)
{
	CURLU *parsed = NULL;
	int code;

	if (!httpc__text_plain(url) || strchr(url, ' ') != NULL)
		return url_invalid(
		    err, "it holds a space or a control character");
	code = url_parse(url, &parsed, err);
	curl_url_cleanup(parsed);
	return code;
}

void
httpc__url_shown(const char *url, char *out, size_t size)
{
	size_t len = strcspn(url, "?#");

	if (len >= size)
		len = size - 1;
	memcpy(out, url, len);
	out[len] = '\0';
}

static int
proxy_invalid(struct sst_error *err, const char *why)
{
	return sst_error_set(err, SST_INVALID, "proxy: %s", why);
}

int
sst_httpc_proxy_check(const char *url, struct sst_error *err)
{
	CURLU *parsed = curl_url();
	char *scheme = NULL;
	CURLUcode rc;
	bool known = false;

	if (parsed == NULL)
		return sst_error_nomem(err);
	rc = curl_url_set(
	    parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
	if (rc == CURLUE_OK)
		rc = curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
	if (rc == CURLUE_OK)
		known = strcmp(scheme, "http") == 0 ||
			strcmp(scheme, "https") == 0 ||
			strcmp(scheme, "socks5") == 0;
	curl_free(scheme);
	curl_url_cleanup(parsed);
	if (rc == CURLUE_OUT_OF_MEMORY)
		return sst_error_nomem(err);
	if (!httpc__text_plain(url) || rc != CURLUE_OK)
		return proxy_invalid(
		    err, "not a URL like http://127.0.0.1:3128");
	if (!known)
		return proxy_invalid(
		    err, "the scheme must be http, https or socks5");
	return SST_OK;
}

/* Appends a part when there is one; false when memory ran out. A port that
 * the URL does not name is that of its scheme behind a ':' in before. */
static bool
url_add_part(CURLU *url, CURLUPart part, const char *before,
    struct sst_buf *out)
{
	char *text = NULL;
	CURLUcode rc = curl_url_get(url, part, &text,
	    before[0] == ':' ? CURLU_DEFAULT_PORT : 0);

	if (rc == CURLUE_OUT_OF_MEMORY)
		return false;
	if (rc != CURLUE_OK)
		return true;
	sst_buf_adds(out, before);
	sst_buf_adds(out, text);
	curl_free(text);
	return !sst_buf_failed(out);
}

char *
httpc__proxy_shown(const char *url)
{
	CURLU *parsed = curl_url();
	struct sst_buf out = SST_BUF_INIT;
	bool ok = parsed != NULL;

	if (ok)
		ok = curl_url_set(parsed, CURLUPART_URL, url,
			 CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
	ok = ok && url_add_part(parsed, CURLUPART_SCHEME, "", &out) &&
	     url_add_part(parsed, CURLUPART_HOST, "://", &out) &&
	     url_add_part(parsed, CURLUPART_PORT, ":", &out);
	curl_url_cleanup(parsed);
	if (!ok)
		sst_buf_fini(&out);
	return sst_buf_take(&out, NULL);
}

static bool
alias_fill(struct httpc_alias *alias, CURLU *url, const char *name)
{
	struct sst_buf to = SST_BUF_INIT, host = SST_BUF_INIT;
	char *text = NULL, *port = NULL;
	bool ok, ip = strchr(name, ':') != NULL;

	sst_buf_addf(&to, ip ? "[%s]" : "%s", name);
	ok = url_add_part(url, CURLUPART_PORT, ":", &to) &&
	     url_add_part(url, CURLUPART_HOST, ":", &to) &&
	     url_add_part(url, CURLUPART_PORT, ":", &to) &&
	     url_add_part(url, CURLUPART_HOST, "Host: ", &host);
	if (ok && curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_OK)
		sst_buf_addf(&host, ":%s", port);
	curl_free(port);
	alias->connect_to = sst_buf_take(&to, NULL);
	alias->host = sst_buf_take(&host, NULL);
	sst_buf_fini(&to);
	sst_buf_fini(&host);
	if (!ok || alias->connect_to == NULL || alias->host == NULL)
		return false;
	sst_buf_addf(&to, ip ? "[%s]" : "%s", name);
	ok = !sst_buf_failed(&to) &&
	     curl_url_set(url, CURLUPART_HOST, to.data, 0) == CURLUE_OK &&
	     curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK;
	sst_buf_fini(&to);
	if (ok)
		alias->url = strdup(text);
	curl_free(text);
	return alias->url != NULL;
}

int
httpc__alias_init(struct httpc_alias *alias, const char *url,
    const char *name, struct sst_error *err)
{
	CURLU *parsed = NULL;
	int code = url_parse(url, &parsed, err);

	memset(alias, 0, sizeof(*alias));
	if (code == SST_OK && !alias_fill(alias, parsed, name)) {
		httpc__alias_fini(alias);
		code = sst_error_nomem(err);
	}
	curl_url_cleanup(parsed);
	return code;
}

void
httpc__alias_fini(struct httpc_alias *alias)
{
	free(alias->url);
	free(alias->connect_to);
	free(alias->host);
	memset(alias, 0, sizeof(*alias));
}
