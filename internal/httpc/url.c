/* What may be asked for, and how it is shown. */
#include "httpc/httpc_priv.h"

#include <curl/curl.h>
#include <string.h>

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
