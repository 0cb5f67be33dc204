/*
 * The configuration of the service: one YAML file, over it the environment,
 * over both the flags. Every option is a row of one table (table.c).
 *
 * A loaded configuration is immutable and may be shared by threads; a reload
 * makes a new one and compares it with the old one.
 */
#ifndef SST_CONFIG_CONFIG_H
#define SST_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "config/node.h"
#include "config/option.h"

enum { SST_CONFIG_TOKEN_HASH = 32 }; /* bytes of a SHA-256 */

enum sst_config_scope {
	SST_CONFIG_READ = 1,
	SST_CONFIG_INGEST = 2,
	SST_CONFIG_ADMIN = 4
};

/* auth.tokens[]: who may ask, by the hash of what they present. */
struct sst_config_token {
	char *name;                    /* unique; for the log */
	char *sha256;                  /* 64 hex digits */
	struct sst_option_list scopes; /* read, ingest, admin */
};

/* sources[]; a time of 0 is the default of the source's kind. */
struct sst_config_source {
	char *name; /* "section/slug", unique */
	char *kind;
	bool enabled;
	int64_t interval_ms;
	int64_t deadline_ms;
	int64_t max_age_ms;
	int64_t down_after_ms;
	char *group;                           /* NULL: one of its own */
	const struct sst_config_node *options; /* NULL: none given */
};

struct sst_config {
	char *id;
	char *share_dir; /* NULL: where it was installed */
	char *data_dir;  /* NULL: see sst_config_data_dir() */
	struct {
		bool enabled;
		int64_t keep_all_ms;
		int64_t keep_minutely_ms;
		int64_t keep_hourly_ms;
		int64_t max_bytes;
	} history;
	struct {
		char *address; /* IPv4 or IPv6 literal */
		int64_t port;  /* 0: any free one */
		bool allow_anonymous;
		struct sst_option_list allowed_hosts;
		struct sst_option_list allowed_origins;
		int64_t threads; /* 0: one a processor */
	} listen;
	struct {
		char *cert_file; /* PEM paths; NULL: not given */
		char *key_file;
		char *client_ca_file;
	} tls;
	struct {
		/* of struct sst_config_token; see sst_config_tokens() */
		struct sst_option_items tokens;
		char *tokens_file;
	} auth;
	struct {
		int64_t max_connections;
		int64_t max_connections_per_ip; /* 0: no bound of its own */
		int64_t max_request_head_bytes;
		int64_t max_request_body_bytes;
		int64_t idle_timeout_ms;
		int64_t max_entities_per_source;
		int64_t max_text_chars;
		int64_t max_watchers;
		int64_t max_upstream_body_bytes;
	} limits;
	struct {
		int level;  /* enum sst_log_level */
		int format; /* enum sst_log_format */
	} log;
	int64_t cache_ttl_ms;
	char *kubeconfig;
	struct {
		bool enabled;
		char *scenario;
		int64_t seed; /* 0: the scenario's own */
		double speed;
	} mock;
	struct sst_option_items sources; /* of struct sst_config_source */

	/* The rest is the module's own. */
	struct sst_config_doc *doc;          /* sources' options live here */
	struct sst_option_items file_tokens; /* read from auth.tokens_file */
};

enum sst_config_action {
	SST_CONFIG_RUN,
	SST_CONFIG_CHECK, /* --check-config */
	SST_CONFIG_PRINT, /* --print-config */
	SST_CONFIG_KINDS, /* --kinds */
	SST_CONFIG_HELP,
	SST_CONFIG_VERSION
};

/* One value from a flag; all owned. */
struct sst_config_override {
	char *path;
	char *value;
	char *origin;
};

/* What the command line says. Zeroed: no file, no flags, getenv(). */
struct sst_config_args {
	enum sst_config_action action;
	char *file; /* NULL: none, which is fine */
	struct sst_config_override *overrides;
	size_t override_count;
	/* Reads the environment; NULL: getenv(). A seam for tests. */
	const char *(*variable)(void *variable_ctx, const char *name);
	void *variable_ctx;
};

/*
 * Reads the command line; argv[0] is skipped. --help and --version win over
 * everything else. SST_INVALID: the text names the flag and, when there is
 * one, the nearest; SST_NOMEM. out owns nothing after a failure, else end it
 * with sst_config_args_fini().
 */
int sst_config_args_parse(int argc, char *const *argv,
    struct sst_config_args *out, struct sst_error *err);
void sst_config_args_fini(struct sst_config_args *args);

/*
 * Reads file, environment and flags, checks everything with
 * sst_config_check(). args may be NULL. Free with sst_config_free(). Blocks on
 * local files. The text of an error says where the value came from, which
 * option, what was received and what is allowed. Codes of sst_config_doc_read()
 * and sst_options_parse().
 */
int sst_config_load(const struct sst_config_args *args, struct sst_config **out,
    struct sst_error *err);
/* Takes the address, sets NULL; accepts NULL inside. */
void sst_config_free(struct sst_config **config);

/*
 * What no single option can tell: that files come in pairs, that names are
 * unique, that an address others reach is not open by accident. SST_INVALID.
 */
int sst_config_check(const struct sst_config *config, struct sst_error *err);

/*
 * Whether `now` may take the place of `old` in a running service. SST_INVALID
 * names the options that changed and take effect at a start only.
 */
int sst_config_reload_check(const struct sst_config *old,
    const struct sst_config *now, struct sst_error *err);

/* The tokens in force, inline or from the file; borrowed. */
const struct sst_config_token *
sst_config_tokens(const struct sst_config *config, size_t *count_out);
/* The hash as bytes; the text was checked when it was loaded. */
void sst_config_token_hash(const struct sst_config_token *token,
    unsigned char out[static SST_CONFIG_TOKEN_HASH]);
/* Bits of enum sst_config_scope. */
unsigned sst_config_token_scopes(const struct sst_config_token *token);

/* The sources; borrowed. */
const struct sst_config_source *
sst_config_sources(const struct sst_config *config, size_t *count_out);

/* True for an IP literal that only this machine reaches. */
bool sst_config_is_loopback(const char *address);

/* The table, for help, README and tests. */
const struct sst_option *sst_config_options(size_t *count_out);

/* Appends what --print-config and --help print. */
void sst_config_print(const struct sst_config *config, struct sst_buf *out);
void sst_config_print_help(struct sst_buf *out);

#endif
