/*
 * NATS JetStream: each consumer of a stream is a queue, and so is a stream that
 * has none. Depth comes from the monitoring endpoints (or, without any, from
 * $JS.API), tasks from $JS.API: messages are asked for by their sequence, which
 * no consumer notices. Nothing is ever consumed, acknowledged or subscribed to
 * but the inbox of the answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_priv.h"
#include "repository/queues/queues.h"

static void
nats_scheme(struct nats *n)
{
	const struct nats_settings *set = &n->set;

	if (set->priority_header != NULL && set->priority_token > 0)
		snprintf(n->scheme, sizeof(n->scheme),
		    "header %.128s, else word %lld of the subject",
		    set->priority_header, (long long)set->priority_token);
	else if (set->priority_header != NULL)
		snprintf(n->scheme, sizeof(n->scheme), "header %.128s",
		    set->priority_header);
	else
		snprintf(n->scheme, sizeof(n->scheme),
		    "word %lld of the subject",
		    (long long)set->priority_token);
}

static int
nats_nodes(struct nats *n, struct sst_error *err)
{
	size_t i, count = n->set.monitoring.count;

	n->nodes = calloc(count + 1, sizeof(*n->nodes));
	if (n->nodes == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < count; i++) {
		char *url = n->set.monitoring.items[i];
		size_t len = strlen(url);

		while (len > 0 && url[len - 1] == '/')
			url[--len] = '\0';
		n->nodes[i].url = url;
	}
	n->node_count = count;
	return SST_OK;
}

static int
nats_http(struct nats *n, struct sst_error *err)
{
	const struct nats_access *a = &n->set.access;
	struct sst_httpc_options options = {
	    .ca_file = a->ca_file,
	    .cert_file = a->cert_file,
	    .key_file = a->key.file,
	    .tls_server_name = a->tls_server_name,
	};
	char *key = NULL;
	int code = SST_OK;

	if (n->node_count == 0)
		return SST_OK;
	if (a->key.file == NULL)
		code = sst_secret_read(&a->key, &key, err);
	options.key_data = key;
	if (code == SST_OK)
		code = sst_httpc_new(&options, n->clock, &n->http, err);
	sst_secret_free(&key);
	return code;
}

static int
nats_init(void *state, const void *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	const struct nats_settings *set = settings;
	struct nats *n = state;
	int code = nats__settings_check(set, err);

	if (code == SST_OK)
		code = sst_options_copy(
		    nats__options, NATS_OPTION_COUNT, set, &n->set, err);
	if (code != SST_OK)
		return code;
	n->clock = env->clock;
	n->max_bytes = env->max_upstream_bytes;
	nats_scheme(n);
	code = nats_nodes(n, err);
	if (code == SST_OK)
		code = nats_http(n, err);
	if (code == SST_OK && n->set.access.url != NULL)
		code = nats__wire_new(&n->set.access, n->clock, &n->wire, err);
	return code;
}

static bool
node_is_down(const struct nats *n, const char *name)
{
	size_t i;

	for (i = 0; i < n->node_count; i++) {
		if (n->nodes[i].err.code != SST_OK &&
		    strcmp(n->nodes[i].varz.name, name) == 0)
			return true;
	}
	return false;
}

/* Streams that only a server has that is down now are still there. */
static int
nats_lost(struct nats_read *read, struct sst_error *err)
{
	const struct nats *n = read->n;
	size_t i, k;
	int code = SST_OK;

	for (i = 0; i < n->node_count; i++) {
		if (n->nodes[i].err.code != SST_OK)
			sst_draft_degrade(read->out, n->nodes[i].err.code,
			    "%s", n->nodes[i].err.text);
	}
	for (i = 0; code == SST_OK && i < n->last.count; i++) {
		const struct nats_stream *s = &n->last.streams[i];

		if (s->leader == NULL || !node_is_down(n, s->leader))
			continue;
		for (k = 0; k < read->catalog.count; k++) {
			const struct nats_stream *o = &read->catalog.streams[k];

			if (strcmp(o->name, s->name) == 0 &&
			    strcmp(o->account, s->account) == 0)
				break;
		}
		if (k == read->catalog.count)
			code = nats__catalog_remember(&read->catalog, s, err);
	}
	return code;
}

/* Over HTTP, as far as it goes; a code is what the connection may mend. */
static int
nats_count(struct nats_read *read, struct sst_error *err)
{
	int code = nats__monitor(read, err);

	if (code == SST_OK)
		code = nats_lost(read, err);
	if (code == SST_OK)
		code = nats__catalog_merge(&read->catalog, err);
	return code;
}

static int
nats_link(struct nats_read *read, struct sst_error *err)
{
	struct nats *n = read->n;
	struct sst_mono deadline =
	    read->counted ? nats__half(read) : read->req->deadline;
	int code;

	if (n->wire == NULL)
		return SST_OK;
	code = nats__wire_open(
	    n->wire, deadline, &read->fresh_link, &read->link_err);
	read->linked = code == SST_OK;
	if (code == SST_OK && read->counted) {
		if (n->set.account != NULL)
			snprintf(n->account, sizeof(n->account), "%s",
			    n->set.account);
		else
			code = nats__api_account(read, &read->link_err);
		if (code != SST_OK)
			read->linked = false;
	}
	if (code == SST_CANCELED || code == SST_NOMEM)
		*err = read->link_err;
	else if (read->counted)
		code = SST_OK;
	else
		*err = read->link_err;
	if (read->counted && read->link_err.code != SST_OK)
		sst_draft_degrade(read->out, read->link_err.code,
		    "tasks are not known: %s", read->link_err.text);
	return code;
}

/* Leaders that nobody asked, or that there are none of. */
static void
nats_leaders(struct nats_read *read)
{
	size_t i, k;

	for (i = 0; i < read->catalog.count; i++) {
		const struct nats_stream *s = &read->catalog.streams[i];
		bool live = s->live || s->lost;

		for (k = 0; live && k < s->consumer_count; k++)
			live = s->lost || s->consumers[k].live;
		if (!live) {
			sst_draft_degrade(read->out, SST_UPSTREAM,
			    "stream %.100s: no server that was asked leads "
			    "it or a consumer of it, so counts are not known",
			    s->name);
			return;
		}
	}
}

static int
nats_tasks(struct nats_read *read, struct sst_error *err)
{
	int code = nats__store_match(read, err);

	if (code != SST_OK)
		return code;
	nats__judge_streams(read);
	code = nats__rows(read, err);
	if (code != SST_OK)
		return code;
	if (read->tasks_err.code != SST_OK)
		sst_draft_degrade(read->out, read->tasks_err.code,
		    "tasks are not all known: %s", read->tasks_err.text);
	nats_leaders(read);
	code = nats__tell(read, err);
	if (code == SST_OK)
		code = nats__upstream(read, err);
	return code;
}

/* All of it over the connection; once more when the one that was kept turns out
 * to be closed. */
static int
nats_count_linked(struct nats_read *read, struct sst_error *err)
{
	int code = nats__api_catalog(read, err);

	if (code != SST_TRUNCATED || read->fresh_link)
		return code;
	nats__catalog_fini(&read->catalog);
	code = nats_link(read, err);
	return code == SST_OK ? nats__api_catalog(read, err) : code;
}

static int
nats_steps(struct nats_read *read, struct sst_error *err)
{
	struct nats *n = read->n;
	struct sst_error first;
	int code = SST_OK;

	if (n->node_count > 0)
		code = nats_count(read, err);
	if (code == SST_CANCELED || code == SST_NOMEM)
		return code;
	if (code != SST_OK && n->wire == NULL)
		return code;
	first = *err;
	if (code != SST_OK) {
		nats__catalog_fini(&read->catalog);
		read->counted = false;
	}
	code = nats_link(read, err);
	if (code != SST_OK)
		return code;
	if (!read->counted) {
		if (n->node_count > 0)
			sst_draft_degrade(
			    read->out, first.code, "%s", first.text);
		code = nats_count_linked(read, err);
	}
	return code == SST_OK ? nats_tasks(read, err) : code;
}

static int
nats_collect(void *state, const struct sst_collect *req, struct sst_draft *out,
    struct sst_error *err)
{
	struct nats *n = state;
	struct nats_read read = {.n = n, .req = req, .out = out};
	int code;

	sst_error_clear(err);
	code = nats_steps(&read, err);
	nats__work_free(&read);
	if (code == SST_OK)
		nats__store_keep(&read);
	nats__catalog_fini(&read.catalog);
	/* meant for this collection, not for the next one */
	if (n->http != NULL)
		sst_httpc_resume(n->http);
	if (n->wire != NULL)
		nats__wire_resume(n->wire);
	return code;
}

static void
nats_interrupt(void *state)
{
	struct nats *n = state;

	if (n->http != NULL)
		sst_httpc_interrupt(n->http);
	if (n->wire != NULL)
		nats__wire_interrupt(n->wire);
}

static void
nats_fini(void *state)
{
	struct nats *n = state;
	size_t i;

	nats__wire_free(&n->wire);
	sst_httpc_free(&n->http);
	for (i = 0; i < n->memory_count; i++)
		nats__memory_free(&n->memory[i]);
	free(n->memory);
	nats__catalog_fini(&n->last);
	free(n->nodes);
	sst_options_fini(nats__options, NATS_OPTION_COUNT, &n->set);
	memset(n, 0, sizeof(*n));
}

const struct sst_source_ops sst_nats_ops = {
    .kind = "nats",
    .section = SST_SECTION_QUEUES,
    .summary = "NATS JetStream streams and consumers",
    .options = nats__options,
    .option_count = NATS_OPTION_COUNT,
    .settings_size = sizeof(struct nats_settings),
    .state_size = sizeof(struct nats),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = nats_init,
    .collect = nats_collect,
    .interrupt = nats_interrupt,
    .fini = nats_fini,
};
