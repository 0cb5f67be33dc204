/*
 * From options to curl. The GnuTLS build of libcurl takes no certificates from
 * memory (it ignores the option or refuses it), so those are handed over as
 * sealed memory files by their names in /proc: never on a disk.
 */
#include "httpc/httpc_priv.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"

enum {
	/* A connection whose other side went away without a word is dropped
	 * after a minute: nothing but this ends a silent watch early. */
	SETUP_KEEPALIVE_IDLE_S = 30,
	SETUP_KEEPALIVE_INTERVAL_S = 15,
	SETUP_USER_TIMEOUT_MS = 60000,
	SETUP_PATH = 32 /* "/proc/self/fd/2147483647" */
};

static int
options_plain(const struct sst_httpc_options *o, struct sst_error *err)
{
	const struct {
		const char *name, *value;
	} rows[] = {
	    {"username", o->username},
	    {"password", o->password},
	    {"token", o->bearer},
	    {"ca_file", o->ca_file},
	    {"cert_file", o->cert_file},
	    {"key_file", o->key_file},
	    {"tls_server_name", o->tls_server_name},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value != NULL && !httpc__text_plain(rows[i].value))
			return sst_error_set(err, SST_INVALID,
			    "%s: holds a control character", rows[i].name);
	}
	return SST_OK;
}

static const char *
options_conflict(const struct sst_httpc_options *o)
{
	bool ca = o->ca_file != NULL || o->ca_data != NULL;
	bool cert = o->cert_file != NULL || o->cert_data != NULL;
	bool key = o->key_file != NULL || o->key_data != NULL;

	if (o->username != NULL && o->bearer != NULL)
		return "username and token exclude each other";
	if (o->username != NULL && strchr(o->username, ':') != NULL)
		return "username: HTTP basic authentication allows no colon";
	if (o->ca_file != NULL && o->ca_data != NULL)
		return "ca_file and ca_data exclude each other";
	if (o->cert_file != NULL && o->cert_data != NULL)
		return "cert_file and cert_data exclude each other";
	if (o->key_file != NULL && o->key_data != NULL)
		return "key_file and key_data exclude each other";
	if (ca && o->insecure)
		return "a certificate authority and insecure exclude each "
		       "other";
	if (cert != key)
		return "a client certificate needs a key, and a key one";
	return NULL;
}

int
httpc__options_check(
    const struct sst_httpc_options *options, struct sst_error *err)
{
	const char *conflict = options_conflict(options);
	int code = options_plain(options, err);

	if (code == SST_OK && conflict != NULL)
		code = sst_error_set(err, SST_INVALID, "%s", conflict);
	if (code == SST_OK && options->proxy != NULL &&
	    options->proxy[0] != '\0')
		code = sst_httpc_proxy_check(options->proxy, err);
	return code;
}

void
httpc__setup_init(struct httpc_setup *setup)
{
	memset(setup, 0, sizeof(*setup));
	setup->ca_fd = setup->cert_fd = setup->key_fd = -1;
}

static void
setup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
httpc__setup_fini(struct httpc_setup *setup)
{
	setup_close(&setup->ca_fd);
	setup_close(&setup->cert_fd);
	setup_close(&setup->key_fd);
	free(setup->tls_server_name);
	free(setup->proxy);
	httpc__setup_init(setup);
}

bool
httpc__setup_credentials(void *easy, const struct sst_httpc_options *options)
{
	CURL *e = easy;
	CURLcode rc = CURLE_OK;

	if (options->username != NULL) {
		rc |= curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		rc |= curl_easy_setopt(e, CURLOPT_USERNAME, options->username);
		rc |= curl_easy_setopt(e, CURLOPT_PASSWORD,
		    options->password != NULL ? options->password : "");
	}
	if (options->bearer != NULL) {
		rc |= curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		rc |= curl_easy_setopt(
		    e, CURLOPT_XOAUTH2_BEARER, options->bearer);
	}
	return rc == CURLE_OK;
}

static bool
setup_write(int fd, const char *data)
{
	size_t left = strlen(data);
	ssize_t n;

	while (left > 0) {
		n = write(fd, data, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		left -= (size_t)n;
	}
	return fcntl(fd, F_ADD_SEALS,
		   F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) ==
	       0;
}

/* The name under which data can be read, in path; file when data is NULL. */
static const char *
setup_pem(const char *file, const char *data, int *fd, char *path)
{
	if (data == NULL)
		return file;
	*fd = memfd_create("systate-pem", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0 || !setup_write(*fd, data))
		return NULL;
	snprintf(path, SETUP_PATH, "/proc/self/fd/%d", *fd);
	return path;
}

static int
setup_tls(struct httpc_setup *s, CURL *e, const struct sst_httpc_options *o,
    struct sst_error *err)
{
	char ca_path[SETUP_PATH], cert_path[SETUP_PATH], key_path[SETUP_PATH];
	const char *ca = setup_pem(o->ca_file, o->ca_data, &s->ca_fd, ca_path);
	const char *cert =
	    setup_pem(o->cert_file, o->cert_data, &s->cert_fd, cert_path);
	const char *key =
	    setup_pem(o->key_file, o->key_data, &s->key_fd, key_path);
	CURLcode rc = CURLE_OK;

	if ((ca == NULL && o->ca_data != NULL) ||
	    (cert == NULL && o->cert_data != NULL) ||
	    (key == NULL && o->key_data != NULL))
		return sst_error_set(err, SST_IO,
		    "a memory file for certificates: %s",
		    strerrordesc_np(errno));
	rc |= curl_easy_setopt(
	    e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (ca != NULL) {
		rc |= curl_easy_setopt(e, CURLOPT_CAINFO, ca);
		/* or it would trust those of the system as well */
		rc |= curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	if (cert != NULL) {
		rc |= curl_easy_setopt(e, CURLOPT_SSLCERT, cert);
		rc |= curl_easy_setopt(e, CURLOPT_SSLKEY, key);
	}
	if (o->insecure) {
		rc |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		rc |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	return rc == CURLE_OK ? SST_OK : sst_error_nomem(err);
}

/* Of a variable in either case; NULL: not set or empty. */
static const char *
setup_getenv(const char *upper, const char *lower)
{
	const char *value = getenv(upper);

	if (value == NULL || value[0] == '\0')
		value = getenv(lower);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* curl reads the variables itself; what it does not do is to leave loopback
 * out, as others do. */
static CURLcode
setup_environment(struct httpc_setup *s, CURL *e)
{
	const char *none = setup_getenv("NO_PROXY", "no_proxy");
	struct sst_buf list = SST_BUF_INIT;
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	if (setup_getenv("HTTPS_PROXY", "https_proxy") != NULL) {
		s->proxy = strdup("of HTTPS_PROXY");
		if (s->proxy == NULL)
			return rc;
	}
	if (none != NULL && strcmp(none, "*") == 0)
		return curl_easy_setopt(e, CURLOPT_PROXY, "");
	sst_buf_adds(&list, "localhost,127.0.0.0/8,::1");
	if (none != NULL)
		sst_buf_addf(&list, ",%s", none);
	if (!sst_buf_failed(&list))
		rc = curl_easy_setopt(e, CURLOPT_NOPROXY, list.data);
	sst_buf_fini(&list);
	return rc;
}

/* What curl calls socks5 resolves names on this side of the proxy. */
static CURLcode
setup_socks(CURL *e, const char *rest)
{
	struct sst_buf url = SST_BUF_INIT;
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	sst_buf_addf(&url, "socks5h://%s", rest);
	if (!sst_buf_failed(&url)) {
		rc = curl_easy_setopt(e, CURLOPT_PROXY, url.data);
		explicit_bzero(url.data, url.len);
	}
	sst_buf_fini(&url);
	return rc;
}

static CURLcode
setup_proxy(struct httpc_setup *s, CURL *e, const struct sst_httpc_options *o)
{
	const char *url = o->proxy;
	CURLcode rc = CURLE_OK;

	rc |= curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (url == NULL && o->proxy_from_environment)
		return rc | setup_environment(s, e);
	if (url == NULL || url[0] == '\0')
		/* "": none, also when http_proxy is set */
		return rc | curl_easy_setopt(e, CURLOPT_PROXY, "");
	s->proxy = httpc__proxy_shown(url);
	if (s->proxy == NULL)
		return CURLE_OUT_OF_MEMORY;
	rc |= curl_easy_setopt(e, CURLOPT_NOPROXY, "");
	if (strncasecmp(url, "socks5://", 9) == 0)
		return rc | setup_socks(e, url + 9);
	return rc | curl_easy_setopt(e, CURLOPT_PROXY, url);
}

static int
setup_on_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	unsigned timeout = SETUP_USER_TIMEOUT_MS;

	(void)ctx;
	(void)purpose;
	/* not for the programs that we start; the rest is a wish */
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout,
	    sizeof(timeout));
	return CURL_SOCKOPT_OK;
}

static CURLcode
setup_sockets(CURL *e)
{
	CURLcode rc = CURLE_OK;

	rc |= curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	rc |= curl_easy_setopt(
	    e, CURLOPT_TCP_KEEPIDLE, (long)SETUP_KEEPALIVE_IDLE_S);
	rc |= curl_easy_setopt(
	    e, CURLOPT_TCP_KEEPINTVL, (long)SETUP_KEEPALIVE_INTERVAL_S);
	rc |= curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, setup_on_socket);
	return rc;
}

static CURLcode
setup_policy(CURL *e)
{
	CURLcode rc = CURLE_OK;

	rc |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl_easy_setopt(
	    e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	rc |= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	rc |= curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	/* A hanging resolver thread is left behind, not waited for. */
	rc |= curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	/* One like that of curl makes API servers print for people. */
	rc |= curl_easy_setopt(e, CURLOPT_USERAGENT, "systate/" SST_VERSION);
	return rc;
}

int
httpc__setup_apply(struct httpc_setup *setup, void *easy,
    const struct sst_httpc_options *options, struct sst_error *err)
{
	CURL *e = easy;
	CURLcode rc = CURLE_OK;

	if (options->tls_server_name != NULL) {
		setup->tls_server_name = strdup(options->tls_server_name);
		if (setup->tls_server_name == NULL)
			return sst_error_nomem(err);
	}
	rc |= setup_policy(e);
	rc |= setup_sockets(e);
	if (rc != CURLE_OK)
		return sst_error_set(err, SST_INTERNAL,
		    "libcurl does not know an option of ours");
	rc |= setup_proxy(setup, e, options);
	if (rc != CURLE_OK || !httpc__setup_credentials(e, options))
		return sst_error_nomem(err);
	return setup_tls(setup, e, options, err);
}
