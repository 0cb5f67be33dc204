/*
 * Who may ask: Host and Origin against DNS rebinding, bearer tokens. Host and
 * Origin rules are immutable after init; tokens have a lock of their own.
 */
#ifndef SST_API_GUARD_H
#define SST_API_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>

#include "api/api.h"
#include "api/target.h"
#include "base/lock.h"

struct api_guard {
	bool tls;
	unsigned port;
	char address[64]; /* bound literal, without brackets */
	bool wildcard;    /* bound to every address */
	char **hosts;     /* extra ones, owned */
	size_t host_count;
	char **origins;
	size_t origin_count;
	struct sst_lock lock;
	struct sst_api_token *tokens; /* guarded by lock; names owned */
	size_t token_count;           /* guarded by lock */
	atomic_bool has_tokens;
};

/* Copies the lists; fini also after failure. SST_INVALID, SST_NOMEM. */
int api__guard_init(struct api_guard *guard,
    const struct sst_api_settings *settings, struct sst_error *err);
void api__guard_fini(struct api_guard *guard);

/* True for an address that only this machine reaches. */
bool api__address_is_loopback(const char *address);

/*
 * Whether an authority ("name", "name:port", "[::1]:port") is this service:
 * loopback names, the bound address (any literal when bound to all), the
 * allowed hosts. A port must be ours; an allowed host may name another one.
 */
bool api__guard_host(const struct api_guard *guard, struct api_span authority);
/* Whether an Origin may ask: our own (host as in the request) or allowed. */
bool api__guard_origin(const struct api_guard *guard, const char *origin,
    struct api_span authority);

/* Replaces all tokens; SST_INVALID, SST_NOMEM. */
int api__guard_set_tokens(struct api_guard *guard,
    const struct sst_api_token *tokens, size_t count, struct sst_error *err);
bool api__guard_has_tokens(struct api_guard *guard);
/*
 * The scopes that an Authorization header gives; 0 when it is none of ours.
 * Every token is compared, in constant time.
 */
unsigned api__guard_scopes(struct api_guard *guard, const char *authorization);

#endif
