/* Between the files of internal/repository/kube that reach a server. */
#ifndef SST_REPOSITORY_KUBE_KUBE_PRIV_H
#define SST_REPOSITORY_KUBE_KUBE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/node.h"
#include "repository/kube/config.h"

enum {
	KUBE_TOKEN_MAX = 64 * 1024,    /* bytes; known ones take 4 KB */
	KUBE_PEM_MAX = 1024 * 1024     /* bytes; a system's bundle: 220 KB */
};

/*
 * A whole file as a string, the caller's (kube__wipe). max: most bytes.
 * SST_NOT_FOUND, SST_IO, SST_NUL, SST_TOO_LARGE, SST_NOMEM; the text begins
 * with the path and never holds what was read.
 */
int kube__file_read(
    const char *path, size_t max, char **out, struct sst_error *err);
/* The same without white space at both ends; SST_INVALID: nothing left. */
int kube__token_read(const char *path, char **out, struct sst_error *err);

/* Overwrites, frees, sets NULL; accepts NULL. */
void kube__wipe(char **text);
/* The same of a list that NULL ends, and of all in it. */
void kube__wipe_list(char ***list);

/* The text of one kubeconfig, borrowed. */
struct kube_source {
	const char *path; /* absolute */
	const char *text;
	size_t len;
};

/*
 * Merges and resolves; pure. context NULL: current-context. Codes as
 * sst_kube_config_load.
 */
int kube__config_build(const struct kube_source *sources, size_t count,
    const char *context, struct sst_kube_config **out, struct sst_error *err);

/* One kubeconfig, read. */
struct kube_file {
	const char *path;
	struct sst_config_doc *doc;
	const struct sst_config_node *root; /* a map, or NULL: empty */
};

/* A map of a kubeconfig and what to say about it. */
struct kube_entry {
	const struct kube_file *file;
	const struct sst_config_node *map; /* NULL: empty */
	const char *what;                  /* "user", "cluster" */
	const char *name;                  /* borrowed */
};

/* Writes `FILE:LINE: what "name": ...`; returns SST_INVALID. */
int kube__entry_refuse(const struct kube_entry *entry,
    const struct sst_config_node *node, struct sst_error *err, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
/* The member, also one that a merge key (<<) brings; NULL: none or null. */
const struct sst_config_node *
kube__member(const struct sst_config_node *map, const char *key);

/* A text as it stands there, borrowed; NULL: not given or empty. */
int kube__entry_text(const struct kube_entry *entry, const char *key,
    const char **out, struct sst_error *err);
/* A copy of it; NULL as above. */
int kube__entry_copy(const struct kube_entry *entry, const char *key,
    char **out, struct sst_error *err);
/* A path, made absolute from where the file is. */
int kube__entry_path(const struct kube_entry *entry, const char *key,
    char **out, struct sst_error *err);
/* Base64 of PEM, decoded. */
int kube__entry_pem(const struct kube_entry *entry, const char *key,
    char **out, struct sst_error *err);
/* *out stays as it is when not given. */
int kube__entry_bool(const struct kube_entry *entry, const char *key,
    bool *out, struct sst_error *err);
/* A list of texts; NULL: not given or empty. */
int kube__entry_list(const struct kube_entry *entry, const char *key,
    char ***out, struct sst_error *err);
/* From path's folder; NULL: no memory. */
char *kube__path_beside(const char *file, const char *path);

int kube__config_cluster(const struct kube_entry *entry,
    struct sst_kube_config *config, struct sst_error *err);
int kube__config_user(const struct kube_entry *entry,
    struct sst_kube_config *config, struct sst_error *err);
int kube__config_exec(const struct kube_entry *user,
    const struct sst_config_node *map, struct sst_kube_config *config,
    struct sst_error *err);
/* JSON of a node, for a plugin; the caller's. SST_NOMEM. */
int kube__config_json(
    const struct sst_config_node *node, char **out, struct sst_error *err);

#endif
