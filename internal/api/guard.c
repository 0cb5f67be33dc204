#include "api/guard.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
api__address_is_loopback(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, address, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, address, &v6) == 1 &&
	       IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool
address_is_any(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, address, &v4) == 1)
		return v4.s_addr == htonl(INADDR_ANY);
	return inet_pton(AF_INET6, address, &v6) == 1 &&
	       IN6_IS_ADDR_UNSPECIFIED(&v6);
}

static bool
address_is_literal(const char *address)
{
	struct in6_addr any;

	return inet_pton(AF_INET, address, &any) == 1 ||
	       inet_pton(AF_INET6, address, &any) == 1;
}

static int
list_copy(const char *const *in, size_t count, char ***out, size_t *count_out)
{
	size_t i;

	if (count == 0)
		return SST_OK;
	*out = calloc(count, sizeof(**out));
	if (*out == NULL)
		return SST_NOMEM;
	*count_out = count;
	for (i = 0; i < count; i++)
		if (((*out)[i] = strdup(in[i])) == NULL)
			return SST_NOMEM;
	return SST_OK;
}

static void
list_free(char **list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

int
api__guard_init(struct api_guard *guard,
    const struct sst_api_settings *settings, struct sst_error *err)
{
	const char *address =
	    settings->address == NULL ? "127.0.0.1" : settings->address;
	size_t len = strlen(address);

	memset(guard, 0, sizeof(*guard));
	sst_lock_init(&guard->lock, SST_LOCK_LEAF);
	if (!address_is_literal(address) || len >= sizeof(guard->address))
		return sst_error_set(err, SST_INVALID,
		    "listen address: \"%s\" is no IPv4 or IPv6 address",
		    address);
	memcpy(guard->address, address, len + 1);
	guard->wildcard = address_is_any(address);
	guard->tls = settings->tls_cert_pem != NULL;
	guard->port = settings->port;
	if (list_copy(settings->allowed_hosts, settings->allowed_host_count,
		&guard->hosts, &guard->host_count) != SST_OK ||
	    list_copy(settings->allowed_origins, settings->allowed_origin_count,
		&guard->origins, &guard->origin_count) != SST_OK)
		return sst_error_nomem(err);
	return api__guard_set_tokens(
	    guard, settings->tokens, settings->token_count, err);
}

static void
tokens_free(struct sst_api_token *tokens, size_t count)
{
	char *name;
	size_t i;

	for (i = 0; i < count; i++) {
		memcpy(&name, &tokens[i].name, sizeof(name));
		free(name);
	}
	free(tokens);
}

void
api__guard_fini(struct api_guard *guard)
{
	list_free(guard->hosts, guard->host_count);
	list_free(guard->origins, guard->origin_count);
	tokens_free(guard->tokens, guard->token_count);
	sst_lock_fini(&guard->lock);
}

enum { HOST_MAX = 255 };

/* An authority taken apart; name without brackets, port 0 when none. */
struct authority {
	char name[HOST_MAX + 1];
	unsigned port;
	bool has_port;
};

static bool
port_parse(const char *p, const char *end, struct authority *out)
{
	unsigned port = 0;

	if (end - p < 1 || end - p > 5)
		return false;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return false;
		port = port * 10 + (unsigned)(*p - '0');
	}
	out->port = port;
	out->has_port = true;
	return port > 0 && port <= 65535;
}

static bool
authority_parse(struct api_span in, struct authority *out)
{
	const char *p = in.at, *end = in.at + in.len, *stop;
	bool bracketed = in.len > 0 && *p == '[';

	memset(out, 0, sizeof(*out));
	if (bracketed) {
		p++;
		stop = memchr(p, ']', (size_t)(end - p));
		if (stop == NULL)
			return false;
	} else {
		stop = memchr(p, ':', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
	}
	if (stop == p || stop - p > HOST_MAX)
		return false;
	memcpy(out->name, p, (size_t)(stop - p));
	if (bracketed)
		stop++;
	if (stop == end)
		return true;
	return *stop == ':' && port_parse(stop + 1, end, out);
}

static bool
name_is_loopback(const char *name)
{
	return strcasecmp(name, "localhost") == 0 ||
	       strcasecmp(name, "localhost.") == 0 ||
	       api__address_is_loopback(name);
}

static bool
host_is_allowed(const struct api_guard *guard, const struct authority *a)
{
	struct authority want;
	size_t i;

	for (i = 0; i < guard->host_count; i++) {
		const char *host = guard->hosts[i];

		if (!authority_parse(
			(struct api_span){host, strlen(host)}, &want))
			continue;
		if (strcasecmp(want.name, a->name) != 0)
			continue;
		if (want.has_port ? a->port == want.port
				  : !a->has_port || a->port == guard->port)
			return true;
	}
	return false;
}

bool
api__guard_host(const struct api_guard *guard, struct api_span authority)
{
	struct authority a;

	if (!authority_parse(authority, &a))
		return false;
	if (host_is_allowed(guard, &a))
		return true;
	if (a.has_port && a.port != guard->port)
		return false;
	return name_is_loopback(a.name) ||
	       strcasecmp(a.name, guard->address) == 0 ||
	       /* A literal cannot be rebound by a name server. */
	       (guard->wildcard && address_is_literal(a.name));
}

bool
api__guard_origin(const struct api_guard *guard, const char *origin,
    struct api_span authority)
{
	const char *scheme = guard->tls ? "https://" : "http://";
	size_t i, len = strlen(scheme);

	for (i = 0; i < guard->origin_count; i++)
		if (strcasecmp(guard->origins[i], origin) == 0)
			return true;
	return authority.at != NULL && strncasecmp(origin, scheme, len) == 0 &&
	       strlen(origin + len) == authority.len &&
	       strncasecmp(origin + len, authority.at, authority.len) == 0;
}

int
api__guard_set_tokens(struct api_guard *guard,
    const struct sst_api_token *tokens, size_t count, struct sst_error *err)
{
	struct sst_api_token *fresh = NULL, *old;
	size_t i, old_count;

	if (count > SST_API_TOKENS_MAX)
		return sst_error_set(err, SST_INVALID,
		    "%zu tokens are configured, at most %d are allowed", count,
		    SST_API_TOKENS_MAX);
	if (count > 0 && (fresh = calloc(count, sizeof(*fresh))) == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < count; i++) {
		fresh[i] = tokens[i];
		fresh[i].name =
		    strdup(tokens[i].name == NULL ? "unnamed" : tokens[i].name);
		if (fresh[i].name == NULL) {
			tokens_free(fresh, i);
			return sst_error_nomem(err);
		}
	}
	sst_lock_acquire(&guard->lock);
	old = guard->tokens;
	old_count = guard->token_count;
	guard->tokens = fresh;
	guard->token_count = count;
	atomic_store(&guard->has_tokens, count > 0);
	sst_lock_release(&guard->lock);
	tokens_free(old, old_count);
	return SST_OK;
}

bool
api__guard_has_tokens(struct api_guard *guard)
{
	return atomic_load_explicit(&guard->has_tokens, memory_order_acquire);
}

unsigned
api__guard_scopes(struct api_guard *guard, const char *authorization)
{
	unsigned char hash[SST_API_TOKEN_HASH];
	const char *token;
	unsigned scopes = 0;
	size_t i;

	if (strncasecmp(authorization, "Bearer ", 7) != 0)
		return 0;
	token = authorization + 7;
	token += strspn(token, " ");
	if (*token == '\0' ||
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, token, strlen(token), hash) < 0)
		return 0;
	sst_lock_acquire(&guard->lock);
	for (i = 0; i < guard->token_count; i++)
		if (gnutls_memcmp(
			hash, guard->tokens[i].sha256, sizeof(hash)) == 0)
			scopes |= guard->tokens[i].scopes;
	sst_lock_release(&guard->lock);
	return scopes;
}
