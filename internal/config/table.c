/*
 * The options of the service, a row each, in the order they are printed. Rows
 * of one map stand together. schemas/config.schema.json says the same; a test
 * compares them.
 */
#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "config/config_priv.h"

#define AT(member) offsetof(struct sst_config, member)
#define TOKEN_AT(member) offsetof(struct sst_config_token, member)
#define SOURCE_AT(member) offsetof(struct sst_config_source, member)

static const char *const scope_names[] = {"read", "ingest", "admin", NULL};
/* In the order of enum sst_log_level and enum sst_log_format. */
static const char *const level_names[] = {
    "error", "warn", "notice", "info", "debug", NULL};
static const char *const format_names[] = {"auto", "json", "text", NULL};

static const char alnum_chars[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static bool
is_ip(const char *text)
{
	unsigned char address[16];

	return inet_pton(AF_INET, text, address) == 1 ||
	       inet_pton(AF_INET6, text, address) == 1;
}

/* Letters, digits and `more`; begins with a letter or digit. */
static bool
is_word(const char *text, const char *more, size_t most)
{
	size_t len = strlen(text), i;

	if (len == 0 || len > most || strchr(alnum_chars, text[0]) == NULL)
		return false;
	for (i = 0; i < len; i++) {
		if (strchr(alnum_chars, text[i]) == NULL &&
		    strchr(more, text[i]) == NULL)
			return false;
	}
	return true;
}

/* Lower case only. */
static bool
is_slug(const char *text)
{
	return is_word(text, "._-", 100) &&
	       text[strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static bool
is_token_name(const char *text)
{
	return is_word(text, "._-@", 64);
}

static bool
is_sha256(const char *text)
{
	return strlen(text) == 2 * SST_CONFIG_TOKEN_HASH &&
	       strspn(text, "0123456789abcdefABCDEF") ==
		   2 * SST_CONFIG_TOKEN_HASH;
}

static bool
is_source_name(const char *text)
{
	static const char *const sections[] = {
	    "agents/", "workload/", "queues/", "litellm/"};
	size_t i, len;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		len = strlen(sections[i]);
		if (strncmp(text, sections[i], len) == 0)
			return is_slug(text + len);
	}
	return false;
}

/* name, name:port, [::1], [::1]:port */
static bool
is_host(const char *text)
{
	const char *p = text;
	size_t digits;

	if (*p == '[') {
		p += 1 + strspn(p + 1, "0123456789abcdefABCDEF:.");
		if (*p != ']' || p == text + 1)
			return false;
		p++;
	} else {
		p += strcspn(p, ":");
		if (p == text || p - text > 253 ||
		    (size_t)(p - text) != strspn(text,
					      "abcdefghijklmnopqrstuvwxyz"
					      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789.-_"))
			return false;
	}
	if (*p == '\0')
		return true;
	digits = strspn(p + 1, "0123456789");
	return digits >= 1 && digits <= 5 && p[1 + digits] == '\0';
}

static bool
is_origin(const char *text)
{
	if (strncmp(text, "https://", 8) == 0)
		return is_host(text + 8);
	return strncmp(text, "http://", 7) == 0 && is_host(text + 7);
}

#define SLUG_FORM                                                          \
	"lower-case letters, digits, '.', '_' and '-', a letter or digit " \
	"first"

static const struct sst_option token_table[] = {
    {.name = "name",
	.type = SST_OPTION_STRING,
	.required = true,
	.valid = is_token_name,
	.form = "1 to 64 letters, digits, '.', '_', '-' and '@'",
	.help = "Who holds the token; appears in the log in its place.",
	.offset = TOKEN_AT(name)},
    {.name = "sha256",
	.type = SST_OPTION_STRING,
	.required = true,
	.valid = is_sha256,
	.form = "64 hexadecimal digits",
	.help = "SHA-256 of the token, so that this file gives no access: "
		"printf %s TOKEN | sha256sum.",
	.offset = TOKEN_AT(sha256)},
    {.name = "scopes",
	.type = SST_OPTION_LIST,
	.fallback = "read",
	.min = 1,
	.max = 3,
	.names = scope_names,
	.help = "What the token allows.",
	.offset = TOKEN_AT(scopes)},
};

static const struct sst_option source_table[] = {
    {.name = "name",
	.type = SST_OPTION_STRING,
	.required = true,
	.valid = is_source_name,
	.form = "a section (agents, workload, queues, litellm), a slash and "
		"a name of " SLUG_FORM,
	.help = "Unique name; its first part is the section it feeds.",
	.offset = SOURCE_AT(name)},
    {.name = "kind",
	.type = SST_OPTION_STRING,
	.required = true,
	.valid = is_slug,
	.form = SLUG_FORM,
	.help = "What is read, such as rabbitmq.",
	.offset = SOURCE_AT(kind)},
    {.name = "enabled",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "false keeps the source listed as disabled, and never asks "
		"it.",
	.offset = SOURCE_AT(enabled)},
    {.name = "interval_seconds",
	.type = SST_OPTION_DURATION,
	.min = 0.05,
	.max = 86400,
	.unit = "s",
	.help = "Time between two collections; below 50 ms asking costs the "
		"other side more than it tells. Default: that of the kind.",
	.offset = SOURCE_AT(interval_ms)},
    {.name = "deadline_seconds",
	.type = SST_OPTION_DURATION,
	.min = 0.05,
	.max = 3600,
	.unit = "s",
	.help = "When one collection is given up. Default: that of the kind.",
	.offset = SOURCE_AT(deadline_ms)},
    {.name = "max_age_seconds",
	.type = SST_OPTION_DURATION,
	.min = 0.1,
	.max = 604800,
	.unit = "s",
	.help = "Age at which the data is marked stale. Default: that of the "
		"kind, at most cache_ttl_seconds.",
	.offset = SOURCE_AT(max_age_ms)},
    {.name = "down_after_seconds",
	.type = SST_OPTION_DURATION,
	.min = 0.1,
	.max = 2592000,
	.unit = "s",
	.help = "Age at which a failing source is marked down. Default: three "
		"times max_age_seconds.",
	.offset = SOURCE_AT(down_after_ms)},
    {.name = "group",
	.type = SST_OPTION_STRING,
	.valid = is_slug,
	.form = SLUG_FORM,
	.help = "Sources of one group are collected together, at one instant. "
		"Default: a group of its own.",
	.offset = SOURCE_AT(group)},
    {.name = "options",
	.type = SST_OPTION_MAP,
	.help = "Options of the kind: address, credentials, filters.",
	.offset = SOURCE_AT(options)},
};

static const struct sst_option config_table[] = {
    {.name = "id",
	.type = SST_OPTION_STRING,
	.fallback = "system-1",
	.min = 1,
	.max = 128,
	.unit = "bytes",
	.env = "SYSTEM_ID",
	.help = "Name of the observed system, the `id` of every document.",
	.offset = AT(id)},
    {.name = "share_dir",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.flag = "--share-dir",
	.help = "Folder with mocks/ and schemas/. Default: where systate was "
		"installed.",
	.offset = AT(share_dir)},
    {.name = "data_dir",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.env = "SYSTATE_DATA_DIR",
	.flag = "--data-dir",
	.help = "Folder of the history, made with mode 0700. Default: "
		"$STATE_DIRECTORY, else systate in $XDG_STATE_HOME, else "
		"~/.local/state/systate.",
	.offset = AT(data_dir)},
    {.name = "history.enabled",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "false keeps revisions in memory only: the last hundred or "
		"so, gone with the process.",
	.offset = AT(history.enabled)},
    {.name = "history.keep_all_seconds",
	.type = SST_OPTION_DURATION,
	.fallback = "3600",
	.min = 60,
	.max = 604800,
	.unit = "s",
	.help = "Every revision is kept for so long.",
	.offset = AT(history.keep_all_ms)},
    {.name = "history.keep_minutely_seconds",
	.type = SST_OPTION_DURATION,
	.fallback = "86400",
	.min = 60,
	.max = 2592000,
	.unit = "s",
	.help = "Then one revision a minute, up to this age.",
	.offset = AT(history.keep_minutely_ms)},
    {.name = "history.keep_hourly_seconds",
	.type = SST_OPTION_DURATION,
	.fallback = "2592000",
	.min = 60,
	.max = 31536000,
	.unit = "s",
	.help = "Then one an hour, up to this age; then none.",
	.offset = AT(history.keep_hourly_ms)},
    {.name = "history.max_bytes",
	.type = SST_OPTION_INT,
	.fallback = "1073741824",
	.min = 1048576,
	.max = 1099511627776.0,
	.unit = "bytes",
	.help = "Size of the history on disk; the oldest revisions go first.",
	.offset = AT(history.max_bytes)},
    {.name = "listen.address",
	.type = SST_OPTION_STRING,
	.fallback = "127.0.0.1",
	.valid = is_ip,
	.form = "an IPv4 or IPv6 address",
	.flag = "--address",
	.help = "Address to listen on. One that other machines reach needs "
		"tokens, a client CA or allow_anonymous.",
	.offset = AT(listen.address)},
    {.name = "listen.port",
	.type = SST_OPTION_INT,
	.fallback = "8080",
	.min = 0,
	.max = 65535,
	.env = "SERVER_PORT",
	.flag = "--port",
	.help = "TCP port to listen on; 0 takes any free one.",
	.offset = AT(listen.port)},
    {.name = "listen.allow_anonymous",
	.type = SST_OPTION_BOOL,
	.fallback = "false",
	.help = "Lets everybody who reaches the address read, without a "
		"token.",
	.offset = AT(listen.allow_anonymous)},
    {.name = "listen.allowed_hosts",
	.type = SST_OPTION_LIST,
	.min = 0,
	.max = 64,
	.valid = is_host,
	.form = "host names with or without a port",
	.help = "Host headers accepted besides loopback and the address: all "
		"others are refused, against DNS rebinding.",
	.offset = AT(listen.allowed_hosts)},
    {.name = "listen.allowed_origins",
	.type = SST_OPTION_LIST,
	.min = 0,
	.max = 64,
	.valid = is_origin,
	.form = "origins such as https://dash.example:3000",
	.help = "Web origins whose pages may ask, besides our own.",
	.offset = AT(listen.allowed_origins)},
    {.name = "listen.threads",
	.type = SST_OPTION_INT,
	.fallback = "0",
	.min = 0,
	.max = 64,
	.help = "Threads that serve; 0 is one a processor, at most 8: answers "
		"are ready bytes, more threads only compete.",
	.offset = AT(listen.threads)},
    {.name = "tls.cert_file",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.help = "PEM file with the certificate chain; with key_file, HTTPS is "
		"served instead of HTTP.",
	.offset = AT(tls.cert_file)},
    {.name = "tls.key_file",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.help = "PEM file with the private key of the certificate.",
	.offset = AT(tls.key_file)},
    {.name = "tls.client_ca_file",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.help = "PEM file with the authorities whose client certificates are "
		"accepted; clients then need one.",
	.offset = AT(tls.client_ca_file)},
    {.name = "auth.tokens",
	.type = SST_OPTION_ITEMS,
	.min = 0,
	.max = 256,
	.reloadable = true,
	.items = token_table,
	.item_count = SST_OPTION_COUNT(token_table),
	.item_size = sizeof(struct sst_config_token),
	.help = "Bearer tokens. At most 256: each request is compared with "
		"all of them.",
	.offset = AT(auth.tokens)},
    {.name = "auth.tokens_file",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.reloadable = true,
	.help = "YAML file with the list of tokens, in place of auth.tokens.",
	.offset = AT(auth.tokens_file)},
    {.name = "limits.max_connections",
	.type = SST_OPTION_INT,
	.fallback = "8192",
	.min = 1,
	.max = 65536,
	.help = "Open connections; more are refused. One takes some 10 KB and "
		"a file descriptor.",
	.offset = AT(limits.max_connections)},
    {.name = "limits.max_connections_per_ip",
	.type = SST_OPTION_INT,
	.fallback = "0",
	.min = 0,
	.max = 65536,
	.help = "The same for one client address; 0 is no bound of its own, "
		"as proxies and loopback look like one client.",
	.offset = AT(limits.max_connections_per_ip)},
    {.name = "limits.max_request_head_bytes",
	.type = SST_OPTION_INT,
	.fallback = "8192",
	.min = 1024,
	.max = 65536,
	.unit = "bytes",
	.help = "Sum of all header lines of a request; 431 above. Browsers "
		"with cookies stay below 8 KB.",
	.offset = AT(limits.max_request_head_bytes)},
    {.name = "limits.max_request_body_bytes",
	.type = SST_OPTION_INT,
	.fallback = "1048576",
	.min = 1024,
	.max = 67108864,
	.unit = "bytes",
	.help = "Request body; 413 above. It is held in memory whole.",
	.offset = AT(limits.max_request_body_bytes)},
    {.name = "limits.idle_timeout_seconds",
	.type = SST_OPTION_DURATION,
	.fallback = "30",
	.min = 1,
	.max = 3600,
	.unit = "s",
	.help = "A connection without a byte moving is closed after this; "
		"slow senders hold a place no longer.",
	.offset = AT(limits.idle_timeout_ms)},
    {.name = "limits.max_entities_per_source",
	.type = SST_OPTION_INT,
	.fallback = "200000",
	.min = 1,
	.max = 1000000,
	.help = "Entities taken from one source; the rest is left out and the "
		"source is degraded.",
	.offset = AT(limits.max_entities_per_source)},
    {.name = "limits.max_text_chars",
	.type = SST_OPTION_INT,
	.fallback = "1024",
	.min = 16,
	.max = 1024,
	.unit = "characters",
	.help = "Length of free text from outside, cut above; the schema "
		"allows no more than 1,024.",
	.offset = AT(limits.max_text_chars)},
    {.name = "limits.max_watchers",
	.type = SST_OPTION_INT,
	.fallback = "5000",
	.min = 0,
	.max = 50000,
	.help = "Open watches and long polls, out of max_connections; 503 "
		"above. One takes up to 40 KB.",
	.offset = AT(limits.max_watchers)},
    {.name = "limits.max_upstream_body_bytes",
	.type = SST_OPTION_INT,
	.fallback = "67108864",
	.min = 4096,
	.max = 1073741824,
	.unit = "bytes",
	.help = "One answer of an observed system; a larger one is a failure "
		"of its source. 100,000 tasks take some 20 MB.",
	.offset = AT(limits.max_upstream_body_bytes)},
    {.name = "log.level",
	.type = SST_OPTION_ENUM,
	.fallback = "info",
	.names = level_names,
	.reloadable = true,
	.env = "LOG_LEVEL",
	.flag = "--log-level",
	.help = "Least important records that are written.",
	.offset = AT(log.level)},
    {.name = "log.format",
	.type = SST_OPTION_ENUM,
	.fallback = "auto",
	.names = format_names,
	.reloadable = true,
	.flag = "--log-format",
	.help = "Form of a log line; auto is text on a terminal, else JSON.",
	.offset = AT(log.format)},
    {.name = "cache_ttl_seconds",
	.type = SST_OPTION_DURATION,
	.fallback = "300",
	.min = 1,
	.max = 86400,
	.unit = "s",
	.env = "CACHE_TTL_SECONDS",
	.help = "Largest max_age_seconds of a source that does not set its "
		"own: data older than this is never called ok.",
	.offset = AT(cache_ttl_ms)},
    {.name = "kubeconfig",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.env = "KUBECONFIG",
	.help = "Kubernetes client configuration for the sources that name "
		"none: a file, or several separated by ':'.",
	.offset = AT(kubeconfig)},
    {.name = "mock.enabled",
	.type = SST_OPTION_BOOL,
	.env = "ENABLE_MOCK_DATA",
	.reloadable = true,
	.help = "Serve the data of a scenario. Default: true when no sources "
		"are configured, else false. --no-mock is false.",
	.offset = AT(mock.enabled)},
    {.name = "mock.scenario",
	.type = SST_OPTION_STRING,
	.fallback = "demo",
	.min = 1,
	.max = 4096,
	.unit = "bytes",
	.flag = "--scenario",
	.reloadable = true,
	.help = "Name of a scenario in mocks/scenarios, or the path of a "
		"file.",
	.offset = AT(mock.scenario)},
    {.name = "mock.seed",
	.type = SST_OPTION_INT,
	.fallback = "0",
	.min = 0,
	.max = 2147483647,
	.reloadable = true,
	.help = "Seed of what the scenario leaves to chance; 0 is the "
		"scenario's own. The same seed gives the same data.",
	.offset = AT(mock.seed)},
    {.name = "mock.speed",
	.type = SST_OPTION_REAL,
	.fallback = "1",
	.min = 0.01,
	.max = 1000,
	.reloadable = true,
	.help = "Time of the scenario per time of the clock.",
	.offset = AT(mock.speed)},
    {.name = "sources",
	.type = SST_OPTION_ITEMS,
	.min = 0,
	.max = 256,
	.items = source_table,
	.item_count = SST_OPTION_COUNT(source_table),
	.item_size = sizeof(struct sst_config_source),
	.reloadable = true,
	.help = "What is observed. At most 256: each group has a thread.",
	.offset = AT(sources)},
};

const struct sst_option *
sst_config_options(size_t *count_out)
{
	*count_out = SST_OPTION_COUNT(config_table);
	return config_table;
}

const struct sst_option *
config__token_options(size_t *count_out)
{
	*count_out = SST_OPTION_COUNT(token_table);
	return token_table;
}
