/* Answers of the monitoring endpoint. */
#include "repository/queues/nats_parse.h"

#include <stdio.h>
#include <string.h>

#include "repository/queues/nats_json.h"

/* Where in /jsz a stream stands. */
struct jsz_place {
	const struct nats_jsz_want *want;
	const char *account;
	size_t account_at, stream_at;
	int64_t now_ms;
};

static void
jsz_reject(const struct jsz_place *at, const char *below, size_t consumer,
    const struct nats_fault *fault)
{
	const struct nats_into *into = &at->want->into;
	char pointer[160], index[32] = "";

	if (into->reject == NULL)
		return;
	if (below[0] != '\0')
		snprintf(index, sizeof(index), "%s/%zu", below, consumer);
	snprintf(pointer, sizeof(pointer),
	    "/account_details/%zu/stream_detail/%zu%s%s", at->account_at,
	    at->stream_at, index, fault->member);
	into->reject(into->ctx, pointer, fault->reason);
}

/*
 * Whether this server leads it. One that stands alone does, whatever it is
 * called; in a cluster whoever is called as `leader` says.
 */
static bool
jsz_leads(const json_t *json, const char *self, const char **leader)
{
	const json_t *cluster = json_object_get(json, "cluster");
	const char *name = json_string_value(json_object_get(cluster, "leader"));

	*leader = name != NULL && name[0] != '\0' ? name : NULL;
	if (json_object_get(cluster, "name") == NULL)
		return true;
	return *leader != NULL && self != NULL && strcmp(*leader, self) == 0;
}

static int
jsz_consumers(const json_t *list, const struct jsz_place *at,
    struct nats_stream *s, struct sst_error *err)
{
	struct nats_arena *arena = &at->want->into.catalog->arena;
	size_t i, n = json_array_size(list);
	struct nats_fault fault;
	const char *leader;

	s->consumers = nats__arena_take(arena, n * sizeof(*s->consumers));
	if (s->consumers == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < n; i++) {
		const json_t *json = json_array_get(list, i);
		struct nats_consumer *c = &s->consumers[s->consumer_count];

		if (!nats__json_consumer(json, arena, c, &fault)) {
			if (fault.reason == NULL)
				return sst_error_nomem(err);
			jsz_reject(at, "/consumer_detail", i, &fault);
			continue;
		}
		c->live = jsz_leads(json, at->want->self, &leader);
		s->consumer_count++;
	}
	return SST_OK;
}

static int
jsz_stream(const json_t *json, const struct jsz_place *at,
    struct sst_error *err)
{
	struct nats_catalog *catalog = at->want->into.catalog;
	struct nats_arena *arena = &catalog->arena;
	struct nats_fault fault;
	struct nats_stream s, *row;
	const char *leader;
	int code;

	if (!nats__json_stream(json, arena, &s, &fault)) {
		if (fault.reason == NULL)
			return sst_error_nomem(err);
		jsz_reject(at, "", 0, &fault);
		return SST_OK;
	}
	s.live = jsz_leads(json, at->want->self, &leader);
	s.leader = nats__arena_text(arena, leader);
	s.account = nats__arena_text(arena, at->account);
	s.seen_ms = at->now_ms;
	if ((s.leader == NULL) != (leader == NULL) || s.account == NULL)
		return sst_error_nomem(err);
	code = jsz_consumers(
	    json_object_get(json, "consumer_detail"), at, &s, err);
	if (code != SST_OK)
		return code;
	row = nats__catalog_add(catalog);
	if (row == NULL)
		return sst_error_nomem(err);
	*row = s;
	return SST_OK;
}

static int
jsz_account(
    const json_t *account, struct jsz_place *at, struct sst_error *err)
{
	const json_t *streams = json_object_get(account, "stream_detail");
	const char *name = json_string_value(json_object_get(account, "name"));
	const char *id = json_string_value(json_object_get(account, "id"));
	const char *wanted = at->want->account;
	int code = SST_OK;

	if (name == NULL && id == NULL)
		name = "";
	at->account = name != NULL ? name : id;
	/* the server gives all accounts when it does not know the one */
	if (wanted != NULL && strcmp(wanted, at->account) != 0 &&
	    (id == NULL || strcmp(wanted, id) != 0))
		return SST_OK;
	for (at->stream_at = 0; code == SST_OK &&
				at->stream_at < json_array_size(streams);
	     at->stream_at++)
		code = jsz_stream(
		    json_array_get(streams, at->stream_at), at, err);
	return code;
}

static void
jsz_figures(const json_t *tree, struct nats_jsz *out)
{
	const json_t *meta = json_object_get(tree, "meta_cluster");

	memset(out, 0, sizeof(*out));
	nats__json_copy(
	    tree, "server_id", out->server_id, sizeof(out->server_id));
	nats__json_copy(meta, "name", out->cluster, sizeof(out->cluster));
	nats__json_copy(
	    meta, "leader", out->meta_leader, sizeof(out->meta_leader));
	out->disabled = json_is_true(json_object_get(tree, "disabled"));
	out->now_ms =
	    nats__time(json_string_value(json_object_get(tree, "now")));
	if (!nats__json_int(tree, "streams", &out->streams))
		out->streams = -1;
	if (!nats__json_int(tree, "consumers", &out->consumers))
		out->consumers = -1;
	out->details = json_is_array(json_object_get(tree, "account_details"));
}

int
nats__parse_jsz(const char *bytes, size_t len,
    const struct nats_jsz_want *want, struct nats_jsz *out,
    struct sst_error *err)
{
	struct jsz_place at = {.want = want};
	const json_t *accounts;
	struct nats_jsz figures;
	json_t *tree = NULL;
	int code = nats__json_object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	jsz_figures(tree, &figures);
	at.now_ms = figures.now_ms;
	accounts = json_object_get(tree, "account_details");
	if (figures.server_id[0] == '\0')
		code = sst_error_set(err, SST_TYPE,
		    "/server_id: not told, this is no /jsz of NATS");
	if (accounts != NULL && !json_is_array(accounts))
		code = sst_error_set(
		    err, SST_TYPE, "/account_details: not an array");
	for (; want != NULL && code == SST_OK &&
	       at.account_at < json_array_size(accounts);
	     at.account_at++)
		code = jsz_account(
		    json_array_get(accounts, at.account_at), &at, err);
	json_decref(tree);
	if (code == SST_OK)
		*out = figures;
	return code;
}

int
nats__parse_varz(const char *bytes, size_t len, struct nats_varz *out,
    struct sst_error *err)
{
	json_t *tree = NULL;
	int code = nats__json_object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	memset(out, 0, sizeof(*out));
	nats__json_copy(
	    tree, "server_id", out->server_id, sizeof(out->server_id));
	nats__json_copy(tree, "server_name", out->name, sizeof(out->name));
	nats__json_copy(tree, "version", out->version, sizeof(out->version));
	out->jetstream = json_object_get(
	    json_object_get(tree, "jetstream"), "config") != NULL;
	json_decref(tree);
	if (out->name[0] == '\0')
		return sst_error_set(err, SST_TYPE,
		    "/server_name: not told, this is no /varz of NATS");
	return SST_OK;
}

int
nats__parse_healthz(const char *bytes, size_t len, bool *ok_out,
    char reason_out[NATS_TEXT], struct sst_error *err)
{
	const char *status;
	json_t *tree = NULL;
	int code = nats__json_object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	status = json_string_value(json_object_get(tree, "status"));
	if (status == NULL) {
		json_decref(tree);
		return sst_error_set(err, SST_TYPE, "/status: not a string");
	}
	*ok_out = strcmp(status, "ok") == 0;
	nats__json_copy(tree, "error", reason_out, NATS_TEXT);
	if (!*ok_out && reason_out[0] == '\0')
		snprintf(reason_out, NATS_TEXT, "%.100s", status);
	json_decref(tree);
	return SST_OK;
}
