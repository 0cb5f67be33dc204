/*
 * Credential plugins of a kubeconfig: a program that prints an ExecCredential.
 * It gets no terminal, none of our descriptors, and a limited time.
 */
#ifndef SST_REPOSITORY_KUBE_EXEC_PLUGIN_H
#define SST_REPOSITORY_KUBE_EXEC_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "repository/kube/config.h"

/* All borrowed. */
struct kube_plugin_call {
	const struct sst_kube_config *config; /* with exec */
	const char *ca_data; /* PEM, for provideClusterInfo; NULL: none */
	const struct sst_clock *clock;
	struct sst_mono deadline; /* besides the plugin's own one */
	/* Asked now and then; true ends the plugin. */
	bool (*canceled)(void *ctx);
	void *ctx;
};

/* A token, or a certificate and its key, or all. Strings owned. */
struct kube_credential {
	char *token;
	char *cert_data, *key_data; /* PEM */
	bool expires;
	struct sst_wall until;
};

void kube__credential_fini(struct kube_credential *credential);

/*
 * Runs the plugin and reads what it prints. Blocks. SST_UNAUTHORIZED: not
 * found, failed (with the first line that it wrote to its standard error), or
 * printed no credential; SST_TIMEOUT, SST_CANCELED: it was killed with all
 * that it had started; SST_NOMEM. No text holds its output or its arguments.
 */
int kube__plugin_run(const struct kube_plugin_call *call,
    struct kube_credential *out, struct sst_error *err);

/* Pure: what a plugin printed. api_version as configured. SST_UNAUTHORIZED. */
int kube__credential_parse(const char *bytes, size_t len,
    const char *api_version, struct kube_credential *out,
    struct sst_error *err);

/* Pure: what it is told in KUBERNETES_EXEC_INFO; the caller's. SST_NOMEM. */
int kube__plugin_info(
    const struct kube_plugin_call *call, char **out, struct sst_error *err);

#endif
