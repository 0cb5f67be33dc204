#include "graph.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "service/service_priv.h"
#include "sources.h"

enum {
	STOP_MS = 5000,
	PEM_MAX = 1 << 20,
	/* in memory: what most questions about the past are about */
	RECENT_REVISIONS = 128,
	RECENT_BYTES = 32 << 20,
	/* proxies cut what is silent for a minute */
	HEARTBEAT_MS = 30000,
	/* files, sockets of sources and the like, beside connections */
	OTHER_DESCRIPTORS = 256
};

/* PEM texts while the API is started. */
struct pems {
	char *cert, *key, *ca;
};

static bool
graph_is_share_dir(const char *dir)
{
	struct sst_buf path = SST_BUF_INIT;
	struct stat st;
	bool is;

	sst_buf_addf(&path, "%s/mocks/scenarios", dir);
	is = !sst_buf_failed(&path) && stat(path.data, &st) == 0 &&
	     S_ISDIR(st.st_mode);
	sst_buf_fini(&path);
	return is;
}

/* Where it was installed, beside the program; else the source tree. */
static char *
graph_find_share_dir(const char *configured)
{
	char path[PATH_MAX];
	ssize_t n;
	char *slash;

	if (configured != NULL)
		return strdup(configured);
	n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		memcpy(slash, "/../share/systate", sizeof("/../share/systate"));
		if (graph_is_share_dir(path))
			return strdup(path);
	}
	return strdup(SST_SOURCE_DIR);
}

/* "DIR/systate" of an environment variable, or NULL. */
static char *
graph_dir_below(const char *variable, const char *below)
{
	const char *dir = getenv(variable);
	struct sst_buf path = SST_BUF_INIT;

	if (dir == NULL || dir[0] != '/')
		return NULL;
	sst_buf_addf(&path, "%s%s", dir, below);
	return sst_buf_take(&path, NULL);
}

/* Where state is kept by custom: what systemd gives, else the user's own. */
static char *
graph_find_data_dir(const char *configured)
{
	char *dir;

	if (configured != NULL)
		return strdup(configured);
	dir = graph_dir_below("STATE_DIRECTORY", "");
	if (dir == NULL)
		dir = graph_dir_below("XDG_STATE_HOME", "/systate");
	if (dir == NULL)
		dir = graph_dir_below("HOME", "/.local/state/systate");
	return dir;
}

static void
graph_time_settings(struct graph *graph, struct sst_service_settings *out)
{
	const struct sst_config *c = graph->config;

	graph->data_dir = graph_find_data_dir(c->data_dir);
	out->recent_revisions = RECENT_REVISIONS;
	out->recent_bytes = RECENT_BYTES;
	out->max_watchers = (size_t)c->limits.max_watchers;
	out->heartbeat_ms = HEARTBEAT_MS;
	if (!c->history.enabled)
		return;
	out->need_history = c->data_dir != NULL;
	out->history = (struct sst_history_settings){
	    .dir = graph->data_dir,
	    .retention =
		{
		    .all_ms = c->history.keep_all_ms,
		    .minutely_ms = c->history.keep_minutely_ms,
		    .hourly_ms = c->history.keep_hourly_ms,
		    .max_bytes = (uint64_t)c->history.max_bytes,
		},
	};
}

static int
graph_read_file(const char *path, char **out, struct sst_error *err)
{
	struct sst_buf b = SST_BUF_INIT;
	char chunk[4096];
	size_t n;
	FILE *f;

	if (path == NULL)
		return SST_OK;
	f = fopen(path, "re");
	if (f == NULL)
		return sst_error_set(
		    err, SST_IO, "%s: %s", path, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0 && b.len < PEM_MAX)
		sst_buf_add(&b, chunk, n);
	fclose(f);
	*out = sst_buf_take(&b, NULL);
	if (*out == NULL)
		return sst_error_set(err, SST_IO, "%s: empty", path);
	return SST_OK;
}

static int
graph_read_pems(
    const struct sst_config *config, struct pems *pems, struct sst_error *err)
{
	int rc;

	rc = graph_read_file(config->tls.cert_file, &pems->cert, err);
	if (rc == SST_OK)
		rc = graph_read_file(config->tls.key_file, &pems->key, err);
	if (rc == SST_OK)
		rc =
		    graph_read_file(config->tls.client_ca_file, &pems->ca, err);
	return rc;
}

static void
graph_pems_fini(struct pems *pems)
{
	free(pems->cert);
	if (pems->key != NULL)
		explicit_bzero(pems->key, strlen(pems->key));
	free(pems->key);
	free(pems->ca);
}

/* The tokens as the API wants them; names are borrowed from the config. */
static struct sst_api_token *
graph_tokens(const struct sst_config *config, size_t *count_out)
{
	const struct sst_config_token *given;
	struct sst_api_token *tokens;
	size_t i;

	given = sst_config_tokens(config, count_out);
	tokens = calloc(*count_out + 1, sizeof(*tokens));
	for (i = 0; tokens != NULL && i < *count_out; i++) {
		tokens[i].name = given[i].name;
		tokens[i].scopes = sst_config_token_scopes(&given[i]);
		sst_config_token_hash(&given[i], tokens[i].sha256);
	}
	return tokens;
}

/*
 * Each connection is a descriptor, and shells allow 1,024 by default: takes as
 * many as are needed and allowed. Returns how many connections there can be.
 */
static int64_t
graph_raise_descriptors(int64_t connections)
{
	rlim_t want = (rlim_t)connections + OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
		return connections;
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
		return connections;
	sst_log_warn("SVC-FILES", NULL,
	    "limits.max_connections %lld needs %llu descriptors, the limit of "
	    "the process is %llu: fewer connections are accepted",
	    (long long)connections, (unsigned long long)want,
	    (unsigned long long)limit.rlim_cur);
	return limit.rlim_cur > 2 * OTHER_DESCRIPTORS
		   ? (int64_t)limit.rlim_cur - OTHER_DESCRIPTORS
		   : OTHER_DESCRIPTORS;
}

static void
graph_api_settings(const struct sst_config *c, const struct pems *pems,
    struct sst_api_settings *out)
{
	*out = (struct sst_api_settings){
	    .address = c->listen.address,
	    .port = (unsigned)c->listen.port,
	    .threads = (unsigned)c->listen.threads,
	    .limits =
		{
		    .connections = (unsigned)graph_raise_descriptors(
			c->limits.max_connections),
		    .connections_per_ip =
			(unsigned)c->limits.max_connections_per_ip,
		    .idle_seconds =
			(unsigned)(c->limits.idle_timeout_ms / 1000),
		    .head_bytes = (size_t)c->limits.max_request_head_bytes,
		    .body_bytes = (size_t)c->limits.max_request_body_bytes,
		},
	    .allowed_hosts = (const char *const *)c->listen.allowed_hosts.items,
	    .allowed_host_count = c->listen.allowed_hosts.count,
	    .allowed_origins =
		(const char *const *)c->listen.allowed_origins.items,
	    .allowed_origin_count = c->listen.allowed_origins.count,
	    .allow_anonymous = c->listen.allow_anonymous,
	    .tls_cert_pem = pems->cert,
	    .tls_key_pem = pems->key,
	    .tls_client_ca_pem = pems->ca,
	};
}

static int
graph_open_api(struct graph *graph, struct sst_error *err)
{
	struct pems pems = {NULL, NULL, NULL};
	struct sst_api_settings settings;
	struct sst_api_token *tokens = NULL;
	int rc = graph_read_pems(graph->config, &pems, err);

	if (rc == SST_OK) {
		graph_api_settings(graph->config, &pems, &settings);
		tokens = graph_tokens(graph->config, &settings.token_count);
		settings.tokens = tokens;
		rc = tokens == NULL ? sst_error_nomem(err)
				    : sst_api_start(&settings, graph->service,
					  &graph->api, err);
	}
	free(tokens);
	graph_pems_fini(&pems);
	return rc;
}

static void
graph_configure_log(const struct sst_config *config)
{
	sst_log_configure((enum sst_log_level)config->log.level,
	    (enum sst_log_format)config->log.format, STDERR_FILENO);
}

/* The service with its sources, not started. */
static int
graph_make_service(struct graph *graph, struct sst_error *err)
{
	const struct sst_config *c = graph->config;
	struct sst_service_settings settings = {
	    .id = c->id,
	    .clock = sst_clock_real(),
	    .max_entities = (size_t)c->limits.max_entities_per_source,
	    .max_upstream_bytes = (size_t)c->limits.max_upstream_body_bytes,
	};
	int rc;

	graph->share_dir = graph_find_share_dir(c->share_dir);
	if (graph->share_dir == NULL)
		return sst_error_nomem(err);
	settings.share_dir = graph->share_dir;
	graph_time_settings(graph, &settings);
	rc = sst_service_new(&settings, &graph->service, err);
	if (rc != SST_OK)
		return rc;
	return sources_add(c, sst_service_sources_of(graph->service), err);
}

int
graph_check(struct graph *graph, struct sst_error *err)
{
	struct pems pems = {NULL, NULL, NULL};
	int rc = graph_make_service(graph, err);

	if (rc == SST_OK)
		rc = graph_read_pems(graph->config, &pems, err);
	graph_pems_fini(&pems);
	return rc;
}

int
graph_open(struct graph *graph, struct sst_error *err)
{
	int rc;

	graph_configure_log(graph->config);
	rc = graph_make_service(graph, err);
	if (rc == SST_OK)
		rc = sst_service_start(graph->service, err);
	return rc == SST_OK ? graph_open_api(graph, err) : rc;
}

/* Everything that can fail is done before the first change. */
static int
graph_reload_sources(
    struct graph *graph, const struct sst_config *now, struct sst_error *err)
{
	struct sst_repository *sources = NULL;
	int rc;

	if (sources_equal(graph->config, now))
		return SST_OK;
	rc = sst_service_new_sources(graph->service, &sources, err);
	if (rc == SST_OK)
		rc = sources_add(now, sources, err);
	if (rc != SST_OK) {
		sst_repository_free(&sources);
		return rc;
	}
	return sst_service_replace(graph->service, &sources, err);
}

int
graph_reload(struct graph *graph, struct sst_error *err)
{
	struct sst_api_token *tokens = NULL;
	struct sst_config *now = NULL;
	size_t count = 0;
	int rc = sst_config_load(&graph->args, &now, err);

	if (rc == SST_OK)
		rc = sst_config_reload_check(graph->config, now, err);
	if (rc == SST_OK)
		rc = graph_reload_sources(graph, now, err);
	if (rc == SST_OK) {
		tokens = graph_tokens(now, &count);
		rc = tokens == NULL ? sst_error_nomem(err)
				    : sst_api_reload_tokens(
					  graph->api, tokens, count, err);
	}
	free(tokens);
	if (rc != SST_OK) {
		sst_config_free(&now);
		return rc;
	}
	graph_configure_log(now);
	sst_config_free(&graph->config);
	graph->config = now;
	return SST_OK;
}

void
graph_close(struct graph *graph)
{
	if (graph->api != NULL)
		sst_api_stop(&graph->api, STOP_MS);
	sst_service_free(&graph->service);
	sst_config_free(&graph->config);
	sst_config_args_fini(&graph->args);
	free(graph->share_dir);
	free(graph->data_dir);
}
