/*
 * Several kubeconfigs as one: of each named entry the first file that has it
 * wins, whole. Then the context is followed to its cluster and its user.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "repository/kube/kube_priv.h"

/* Of contexts named in an error. */
enum { BUILD_NAMES_MAX = 5 };

struct build {
	struct kube_file *files;
	size_t count;
	struct sst_kube_config *config;
	struct sst_error *err;
};

static void
build_wipe_exec(struct sst_kube_exec **exec)
{
	struct sst_kube_exec *e = *exec;

	if (e == NULL)
		return;
	kube__wipe(&e->command);
	kube__wipe(&e->api_version);
	kube__wipe(&e->install_hint);
	kube__wipe(&e->cluster_config);
	kube__wipe_list(&e->args);
	kube__wipe_list(&e->env);
	free(e);
	*exec = NULL;
}

static void
build_wipe(struct sst_kube_config *c)
{
	char **const texts[] = {&c->context, &c->origin, &c->namespace,
	    &c->server, &c->ca_file, &c->ca_data, &c->tls_server_name,
	    &c->proxy_url, &c->token, &c->token_file, &c->cert_file,
	    &c->cert_data, &c->key_file, &c->key_data, &c->impersonate_user,
	    &c->impersonate_uid};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		kube__wipe(texts[i]);
	kube__wipe_list(&c->impersonate_groups);
	kube__wipe_list(&c->impersonate_extra);
	build_wipe_exec(&c->exec);
}

void
sst_kube_config_free(struct sst_kube_config **config)
{
	if (*config == NULL)
		return;
	build_wipe(*config);
	free(*config);
	*config = NULL;
}

/* What a parser quotes may be a secret that was written without quotes: it is
 * cut out, from the first quote to the last. */
static void
build_mask(struct sst_error *err, size_t from)
{
	char *first, *last;

	if (err == NULL || strlen(err->text) < from)
		return;
	first = strchr(err->text + from, '"');
	last = strrchr(err->text + from, '"');
	if (first != NULL && last != first)
		memmove(first + 1, last, strlen(last) + 1);
}

static int
build_parse(const struct kube_source *source, struct kube_file *file,
    struct sst_error *err)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of Windows editors */
	size_t skip = source->len >= 3 && memcmp(source->text, mark, 3) == 0
			  ? 3
			  : 0;
	int code = sst_config_doc_parse(source->path, source->text + skip,
	    source->len - skip, &file->doc, err);

	file->path = source->path;
	if (code == SST_NOMEM)
		return code;
	if (code != SST_OK) {
		build_mask(err, strlen(source->path));
		if (err != NULL)
			err->code = SST_INVALID;
		return SST_INVALID;
	}
	file->root = sst_config_doc_root(file->doc);
	if (sst_config_node_is_null(file->root))
		file->root = NULL;
	if (file->root != NULL && file->root->kind != SST_CONFIG_MAP)
		return sst_error_set(err, SST_INVALID,
		    "%s: this is no kubeconfig, it must be a map", file->path);
	return SST_OK;
}

static bool
build_named(const struct sst_config_node *item, const char *name)
{
	const struct sst_config_node *node = kube__member(item, "name");

	return node != NULL && node->kind == SST_CONFIG_SCALAR &&
	       strcmp(node->text, name) == 0;
}

/* In one file; *out stays NULL when it is not there. */
static int
build_find_in(const struct kube_file *file, const char *plural,
    const char *name, const struct sst_config_node **out, struct sst_error *err)
{
	const struct sst_config_node *list = kube__member(file->root, plural);
	const struct sst_config_node *item;

	if (list != NULL && list->kind != SST_CONFIG_LIST)
		return sst_error_set(err, SST_INVALID,
		    "%s:%u: %s must be a list", file->path, list->line,
		    plural);
	for (item = list != NULL ? list->first : NULL; item != NULL;
	     item = item->next) {
		if (!build_named(item, name))
			continue;
		if (*out != NULL)
			return sst_error_set(err, SST_INVALID,
			    "%s:%u: \"%.64s\" is twice among the %s",
			    file->path, item->line, name, plural);
		*out = item;
	}
	return SST_OK;
}

/* entry->map gets the member called singular of the item with entry->name;
 * entry->file stays NULL when there is none. */
static int
build_find(struct build *b, const char *plural, const char *singular,
    struct kube_entry *entry)
{
	const struct sst_config_node *item = NULL;
	size_t i;
	int code = SST_OK;

	for (i = 0; i < b->count && item == NULL && code == SST_OK; i++) {
		code = build_find_in(
		    &b->files[i], plural, entry->name, &item, b->err);
		entry->file = item != NULL ? &b->files[i] : NULL;
	}
	entry->what = singular;
	entry->map = kube__member(item, singular);
	if (code == SST_OK && entry->map != NULL &&
	    entry->map->kind != SST_CONFIG_MAP)
		return kube__entry_refuse(
		    entry, entry->map, b->err, "must be a map");
	return code;
}

/* "a, b", or "none". */
static void
build_names(const struct build *b, struct sst_buf *out)
{
	const struct sst_config_node *item, *name;
	size_t i, count = 0;

	for (i = 0; i < b->count; i++) {
		item = kube__member(b->files[i].root, "contexts");
		if (item != NULL && item->kind == SST_CONFIG_LIST)
			item = item->first;
		else
			item = NULL;
		for (; item != NULL && count < BUILD_NAMES_MAX;
		     item = item->next) {
			name = kube__member(item, "name");
			if (name == NULL || name->kind != SST_CONFIG_SCALAR)
				continue;
			sst_buf_addf(out, "%s%.64s", count++ > 0 ? ", " : "",
			    name->text);
		}
	}
	if (count == 0)
		sst_buf_adds(out, "none");
}

static int
build_no_context(struct build *b, const char *name)
{
	struct sst_buf names = SST_BUF_INIT;
	char what[96] = "no current-context is set, and none is asked for";

	if (name != NULL)
		snprintf(what, sizeof(what), "context \"%.64s\" not found",
		    name);
	build_names(b, &names);
	sst_error_set(b->err, SST_INVALID, "%s%s: %s; there is: %s",
	    b->files[0].path, b->count > 1 ? " and others" : "", what,
	    sst_buf_failed(&names) ? "?" : names.data);
	sst_buf_fini(&names);
	return SST_INVALID;
}

/* The one that is asked for, or the first current-context. */
static int
build_context_name(struct build *b, const char *asked, const char **out)
{
	struct kube_entry top = {.what = "kubeconfig", .name = ""};
	size_t i;
	int code = SST_OK;

	*out = asked;
	for (i = 0; i < b->count && *out == NULL && code == SST_OK; i++) {
		top.file = &b->files[i];
		top.map = b->files[i].root;
		code = kube__entry_text(&top, "current-context", out, b->err);
	}
	if (code == SST_OK && *out == NULL)
		return build_no_context(b, NULL);
	return code;
}

/* JSON that the cluster has for credential plugins. */
static int
build_plugin_config(struct build *b, const struct kube_entry *cluster)
{
	static const char wanted[] = "client.authentication.k8s.io/exec";
	const struct sst_config_node *item =
	    kube__member(cluster->map, "extensions");
	const struct sst_config_node *value;

	if (b->config->exec == NULL || item == NULL ||
	    item->kind != SST_CONFIG_LIST)
		return SST_OK;
	for (item = item->first; item != NULL; item = item->next) {
		value = kube__member(item, "extension");
		if (value != NULL && build_named(item, wanted))
			return kube__config_json(value,
			    &b->config->exec->cluster_config, b->err);
	}
	return SST_OK;
}

static int
build_user(struct build *b, const struct kube_entry *context)
{
	struct kube_entry user = {0};
	int code = kube__entry_text(context, "user", &user.name, b->err);

	if (code != SST_OK || user.name == NULL)
		return code; /* nobody: anonymous */
	code = build_find(b, "users", "user", &user);
	if (code != SST_OK)
		return code;
	if (user.file == NULL)
		return kube__entry_refuse(context, context->map, b->err,
		    "user \"%.64s\" not found", user.name);
	return kube__config_user(&user, b->config, b->err);
}

/* A token over plain HTTP would be everybody's. */
static int
build_check_plain(struct build *b, const struct kube_entry *cluster)
{
	const struct sst_kube_config *c = b->config;

	if (strncasecmp(c->server, "http://", 7) != 0)
		return SST_OK;
	if (c->token == NULL && c->token_file == NULL && c->exec == NULL &&
	    c->cert_file == NULL && c->cert_data == NULL)
		return SST_OK;
	return kube__entry_refuse(cluster, kube__member(cluster->map, "server"),
	    b->err,
	    "server is http://, and credentials are not sent without TLS");
}

static int
build_cluster(struct build *b, const struct kube_entry *context,
    struct kube_entry *cluster)
{
	int code = kube__entry_text(context, "cluster", &cluster->name, b->err);

	if (code != SST_OK)
		return code;
	if (cluster->name == NULL)
		return kube__entry_refuse(
		    context, context->map, b->err, "names no cluster");
	code = build_find(b, "clusters", "cluster", cluster);
	if (code != SST_OK)
		return code;
	if (cluster->file == NULL)
		return kube__entry_refuse(context, context->map, b->err,
		    "cluster \"%.64s\" not found", cluster->name);
	return kube__config_cluster(cluster, b->config, b->err);
}

static int
build_resolve(struct build *b, const char *asked)
{
	struct kube_entry context = {0}, cluster = {0};
	int code = build_context_name(b, asked, &context.name);

	if (code == SST_OK)
		code = build_find(b, "contexts", "context", &context);
	if (code == SST_OK && context.file == NULL)
		code = build_no_context(b, context.name);
	if (code != SST_OK)
		return code;
	b->config->context = strdup(context.name);
	b->config->origin = strdup(context.file->path);
	if (b->config->context == NULL || b->config->origin == NULL)
		return sst_error_nomem(b->err);
	code = kube__entry_copy(
	    &context, "namespace", &b->config->namespace, b->err);
	if (code == SST_OK)
		code = build_cluster(b, &context, &cluster);
	if (code == SST_OK)
		code = build_user(b, &context);
	if (code == SST_OK)
		code = build_plugin_config(b, &cluster);
	if (code == SST_OK)
		code = build_check_plain(b, &cluster);
	return code;
}

int
kube__config_build(const struct kube_source *sources, size_t count,
    const char *context, struct sst_kube_config **out, struct sst_error *err)
{
	struct build b = {.count = count, .err = err};
	size_t i;
	int code = SST_OK;

	b.files = calloc(count, sizeof(*b.files));
	b.config = calloc(1, sizeof(*b.config));
	if (b.files == NULL || b.config == NULL)
		code = sst_error_nomem(err);
	for (i = 0; i < count && code == SST_OK; i++)
		code = build_parse(&sources[i], &b.files[i], err);
	if (code == SST_OK)
		code = build_resolve(&b, context);
	for (i = 0; b.files != NULL && i < count; i++)
		sst_config_doc_free(&b.files[i].doc);
	free(b.files);
	if (code != SST_OK) {
		sst_kube_config_free(&b.config);
		return code;
	}
	*out = b.config;
	return SST_OK;
}
