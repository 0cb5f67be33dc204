#include "repository/queues/nats_login.h"

#include <stdlib.h>
#include <string.h>

#define JWT_BEGIN "-----BEGIN NATS USER JWT-----"
#define SEED_BEGIN "-----BEGIN USER NKEY SEED-----"

int
nats__status_code(natsStatus status)
{
	switch (status) {
	case NATS_OK:
		return SST_OK;
	case NATS_NO_MEMORY:
		return SST_NOMEM;
	case NATS_TIMEOUT:
		return SST_TIMEOUT;
	case NATS_CONNECTION_AUTH_FAILED:
		return SST_UNAUTHORIZED;
	case NATS_NOT_PERMITTED:
		return SST_FORBIDDEN;
	case NATS_SSL_ERROR:
	case NATS_SECURE_CONNECTION_REQUIRED:
	case NATS_SECURE_CONNECTION_WANTED:
		return SST_TLS;
	case NATS_PROTOCOL_ERROR:
	case NATS_LINE_TOO_LONG:
		return SST_PROTOCOL;
	case NATS_CONNECTION_CLOSED:
	case NATS_CONNECTION_DISCONNECTED:
	case NATS_STALE_CONNECTION:
	case NATS_IO_ERROR:
		return SST_TRUNCATED;
	case NATS_ADDRESS_MISSING:
	case NATS_INVALID_ARG:
	case NATS_INVALID_SUBJECT:
		return SST_INVALID;
	case NATS_NO_SERVER:
	case NATS_SYS_ERROR:
		return SST_UNREACHABLE;
	default:
		return SST_PROTOCOL;
	}
}

int
nats__login_check(const struct nats_access *a, struct sst_error *err)
{
	int ways = (a->username != NULL) + sst_secret_given(&a->token) +
		   (a->nkey != NULL) + sst_secret_given(&a->creds);

	if (ways > 1)
		return sst_error_set(err, SST_INVALID,
		    "username, token, nkey and creds: one of them at most");
	if (sst_secret_given(&a->password) && a->username == NULL)
		return sst_error_set(err, SST_INVALID,
		    "username: missing, but there is a password");
	if (sst_secret_given(&a->nkey_seed) != (a->nkey != NULL))
		return sst_error_set(
		    err, SST_INVALID, "nkey, nkey_seed: both or none");
	if (sst_secret_given(&a->key) != (a->cert_file != NULL))
		return sst_error_set(
		    err, SST_INVALID, "cert_file, key: both or none");
	if (ways > 0 && a->url == NULL)
		return sst_error_set(err, SST_INVALID,
		    "url: missing, but there are credentials for it");
	return SST_OK;
}

void
nats__login_fini(struct nats_login *login)
{
	sst_secret_free(&login->jwt);
	sst_secret_free(&login->seed);
}

static natsStatus
login_on_jwt(char **jwt, char **text, void *ctx)
{
	const struct nats_login *login = ctx;

	(void)text;
	*jwt = strdup(login->jwt);
	return *jwt != NULL ? NATS_OK : NATS_NO_MEMORY;
}

static natsStatus
login_on_nonce(char **text, unsigned char **signature, int *len,
    const char *nonce, void *ctx)
{
	const struct nats_login *login = ctx;

	(void)text;
	return nats_Sign(login->seed, nonce, signature, len);
}

/* The line after the one that begins with mark, on the heap; NULL: none. */
static char *
creds_part(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);

	if (at == NULL)
		return NULL;
	at += strcspn(at, "\n");
	at += strspn(at, "\r\n");
	return strndup(at, strcspn(at, "\r\n"));
}

static int
login_creds(const struct nats_access *a, struct nats_login *login,
    natsOptions *opts, struct sst_error *err)
{
	char *text = NULL;
	int code = sst_secret_read(&a->creds, &text, err);

	if (code != SST_OK)
		return sst_error_prefix(err, "creds");
	login->jwt = creds_part(text, JWT_BEGIN);
	login->seed = creds_part(text, SEED_BEGIN);
	sst_secret_free(&text);
	if (login->jwt == NULL || login->seed == NULL)
		return sst_error_set(err, SST_INVALID,
		    "creds: expected a user JWT and an NKEY seed, as in a "
		    ".creds file");
	return nats__status_code(natsOptions_SetUserCredentialsCallbacks(
	    opts, login_on_jwt, login, login_on_nonce, login));
}

static int
login_nkey(const struct nats_access *a, struct nats_login *login,
    natsOptions *opts, struct sst_error *err)
{
	int code = sst_secret_read(&a->nkey_seed, &login->seed, err);

	if (code != SST_OK)
		return sst_error_prefix(err, "nkey_seed");
	return nats__status_code(
	    natsOptions_SetNKey(opts, a->nkey, login_on_nonce, login));
}

static int
login_plain(
    const struct nats_access *a, natsOptions *opts, struct sst_error *err)
{
	const struct sst_secret *from =
	    a->username != NULL ? &a->password : &a->token;
	char *secret = NULL;
	int code = sst_secret_read(from, &secret, err);

	if (code != SST_OK)
		return sst_error_prefix(
		    err, a->username != NULL ? "password" : "token");
	if (a->username != NULL)
		code = nats__status_code(natsOptions_SetUserInfo(
		    opts, a->username, secret != NULL ? secret : ""));
	else if (secret != NULL)
		code = nats__status_code(natsOptions_SetToken(opts, secret));
	sst_secret_free(&secret);
	return code;
}

/* The library takes both from memory or both from files. */
static int
login_certificate(
    const struct nats_access *a, natsOptions *opts, struct sst_error *err)
{
	struct sst_secret file = {.file = a->cert_file};
	char *cert = NULL, *key = NULL;
	int code = sst_secret_read(&file, &cert, err);

	if (code != SST_OK)
		return sst_error_prefix(err, "cert_file");
	code = sst_secret_read(&a->key, &key, err);
	if (code != SST_OK)
		sst_error_prefix(err, "key");
	else if (natsOptions_SetCertificatesChain(opts, cert, key) != NATS_OK)
		code = sst_error_set(err, SST_TLS,
		    "cert_file, key: expected PEM that belongs together");
	sst_secret_free(&key);
	sst_secret_free(&cert);
	return code;
}

static int
login_tls(const struct nats_access *a, natsOptions *opts, struct sst_error *err)
{
	natsStatus s = NATS_OK;

	if (strstr(a->url, "tls://") == NULL && a->ca_file == NULL &&
	    a->cert_file == NULL)
		return SST_OK;
	s = natsOptions_SetSecure(opts, true);
	if (s == NATS_OK && a->tls_server_name != NULL)
		s = natsOptions_SetExpectedHostname(opts, a->tls_server_name);
	if (s != NATS_OK)
		return sst_error_set(err, nats__status_code(s),
		    "TLS: %s", natsStatus_GetText(s));
	if (a->ca_file != NULL &&
	    natsOptions_LoadCATrustedCertificates(opts, a->ca_file) != NATS_OK)
		return sst_error_set(err, SST_TLS,
		    "ca_file: no certificates could be read");
	return a->cert_file != NULL ? login_certificate(a, opts, err) : SST_OK;
}

int
nats__login_apply(const struct nats_access *access, struct nats_login *login,
    natsOptions *opts, struct sst_error *err)
{
	int code;

	sst_error_clear(err);
	if (sst_secret_given(&access->creds))
		code = login_creds(access, login, opts, err);
	else if (access->nkey != NULL)
		code = login_nkey(access, login, opts, err);
	else
		code = login_plain(access, opts, err);
	if (code == SST_OK)
		code = login_tls(access, opts, err);
	if (code != SST_OK && err->code == SST_OK)
		sst_error_set(err, code, "the credentials cannot be used");
	return code;
}
