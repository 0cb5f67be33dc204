#include "repository/workload/kubernetes_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "repository/kube/quantity.h"

#define PARSE_GROUP \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

const char *
kubernetes__json_text(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

int64_t
kubernetes__json_count(const json_t *object, const char *member, int64_t absent)
{
	const json_t *value = json_object_get(object, member);

	if (value == NULL || json_is_null(value))
		return absent;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return KUBERNETES_NONE;
	return json_integer_value(value);
}

int64_t
kubernetes__json_time(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);
	int64_t ms;

	if (!json_is_string(value) ||
	    sst_time_parse(json_string_value(value), json_string_length(value),
		&ms) != SST_OK)
		return KUBERNETES_NONE;
	return ms;
}

bool
kubernetes__json_is(const json_t *object, const char *member)
{
	return json_is_true(json_object_get(object, member));
}

/* In JSON a quantity may also be a number, and have blanks around it. */
static int64_t
json_quantity(const json_t *value,
    int (*parse)(const char *, size_t, int64_t *, struct sst_error *))
{
	char number[40];
	const char *text = number;
	size_t len;
	int64_t out;

	if (json_is_integer(value))
		snprintf(number, sizeof(number), "%lld",
		    (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(
		    number, sizeof(number), "%.17g", json_real_value(value));
	else if (json_is_string(value))
		text = json_string_value(value);
	else
		return KUBERNETES_NONE;
	text += strspn(text, " \t\n\r");
	len = strlen(text);
	while (len > 0 && strchr(" \t\n\r", text[len - 1]) != NULL)
		len--;
	if (parse(text, len, &out, NULL) != SST_OK || out < 0)
		return KUBERNETES_NONE;
	return out;
}

int64_t
kubernetes__json_nano(const json_t *object, const char *member)
{
	return json_quantity(
	    json_object_get(object, member), sst_kube_quantity_nano);
}

int64_t
kubernetes__json_whole(const json_t *object, const char *member)
{
	return json_quantity(
	    json_object_get(object, member), sst_kube_quantity_whole);
}

int64_t
kubernetes__sum(int64_t a, int64_t b)
{
	int64_t sum;

	if (a == KUBERNETES_NONE || b == KUBERNETES_NONE)
		return KUBERNETES_NONE;
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

const json_t *
kubernetes__json_condition(const json_t *status, const char *type)
{
	const json_t *conditions = json_object_get(status, "conditions");
	const char *text;
	size_t i;

	for (i = 0; i < json_array_size(conditions); i++) {
		const json_t *condition = json_array_get(conditions, i);

		text = kubernetes__json_text(condition, "type");
		if (text != NULL && strcmp(text, type) == 0)
			return condition;
	}
	return NULL;
}

uint32_t
kubernetes__draft_message(struct kubernetes_draft *draft, const char *text)
{
	struct sst_buf safe = SST_BUF_INIT;
	uint32_t at = 0;

	if (text == NULL || text[0] == '\0')
		return 0;
	if (!sst_text_safe(text, strlen(text), KUBERNETES_TEXT_MESSAGE, &safe))
		draft->text.failed = true;
	else if (safe.len > 0)
		at = kubernetes__draft_text(draft, safe.data, safe.len);
	sst_buf_fini(&safe);
	return at;
}

bool
kubernetes__name_good(const char *text, size_t max)
{
	size_t len = text == NULL ? 0 : strnlen(text, max + 1);

	return len > 0 && len <= max && sst_text_is_plain(text, len);
}

/* The group of an apiVersion: what stands before the slash, "" without. It may
 * become part of a kind, so nothing but what groups are made of. */
static uint32_t
parse_group(struct kubernetes_draft *draft, const char *version)
{
	const char *slash = version == NULL ? NULL : strchr(version, '/');
	size_t i, len = slash == NULL ? 0 : (size_t)(slash - version);

	for (i = 0; i < len; i++) {
		if (strchr(PARSE_GROUP, version[i]) == NULL)
			return 0;
	}
	if (len == 0 || len > KUBERNETES_TEXT_NAME)
		return 0;
	return kubernetes__draft_text(draft, version, len);
}

static void
parse_owner(struct kubernetes_draft *draft, const json_t *meta)
{
	const json_t *owners = json_object_get(meta, "ownerReferences");
	struct kubernetes_record *head = &draft->head;
	const char *kind, *name;
	size_t i;

	for (i = 0; i < json_array_size(owners); i++) {
		const json_t *owner = json_array_get(owners, i);

		if (!kubernetes__json_is(owner, "controller"))
			continue;
		kind = kubernetes__json_text(owner, "kind");
		name = kubernetes__json_text(owner, "name");
		if (!kubernetes__name_good(kind, KUBERNETES_TEXT_KIND) ||
		    !kubernetes__name_good(name, KUBERNETES_TEXT_NAME))
			return;
		head->owner_kind =
		    kubernetes__draft_text(draft, kind, KUBERNETES_TEXT_KIND);
		head->owner_name =
		    kubernetes__draft_text(draft, name, KUBERNETES_TEXT_NAME);
		head->owner_uid = kubernetes__draft_text(draft,
		    kubernetes__json_text(owner, "uid"), KUBERNETES_TEXT_UID);
		head->owner_group = parse_group(
		    draft, kubernetes__json_text(owner, "apiVersion"));
		return;
	}
}

static int
parse_meta(
    struct kubernetes_draft *draft, const json_t *meta, struct sst_error *err)
{
	const char *namespace = kubernetes__json_text(meta, "namespace");
	const char *name = kubernetes__json_text(meta, "name");
	const char *uid = kubernetes__json_text(meta, "uid");
	struct kubernetes_record *head = &draft->head;

	if (!kubernetes__name_good(name, KUBERNETES_TEXT_NAME))
		return sst_error_set(
		    err, SST_TYPE, "/metadata/name: not a name");
	if (!kubernetes__name_good(namespace, KUBERNETES_TEXT_NAME))
		return sst_error_set(
		    err, SST_TYPE, "/metadata/namespace: not a name");
	head->name = kubernetes__draft_text(draft, name, KUBERNETES_TEXT_NAME);
	head->namespace =
	    kubernetes__draft_text(draft, namespace, KUBERNETES_TEXT_NAME);
	if (kubernetes__name_good(uid, KUBERNETES_TEXT_UID))
		head->uid =
		    kubernetes__draft_text(draft, uid, KUBERNETES_TEXT_UID);
	head->created_ms = kubernetes__json_time(meta, "creationTimestamp");
	parse_owner(draft, meta);
	return SST_OK;
}

static void
parse_hpa(struct kubernetes_draft *draft, const json_t *tree)
{
	const json_t *spec = json_object_get(tree, "spec");
	const json_t *status = json_object_get(tree, "status");
	const json_t *target = json_object_get(spec, "scaleTargetRef");
	struct kubernetes_hpa *hpa = &draft->head.hpa;

	/* the API server writes the default, 1, in */
	hpa->min_pods =
	    kubernetes__json_count(spec, "minReplicas", KUBERNETES_NONE);
	hpa->max_pods =
	    kubernetes__json_count(spec, "maxReplicas", KUBERNETES_NONE);
	hpa->current_pods =
	    kubernetes__json_count(status, "currentReplicas", KUBERNETES_NONE);
	hpa->desired_pods =
	    kubernetes__json_count(status, "desiredReplicas", KUBERNETES_NONE);
	hpa->target_kind = kubernetes__draft_text(
	    draft, kubernetes__json_text(target, "kind"), KUBERNETES_TEXT_KIND);
	hpa->target_name = kubernetes__draft_text(
	    draft, kubernetes__json_text(target, "name"), KUBERNETES_TEXT_NAME);
	hpa->target_group =
	    parse_group(draft, kubernetes__json_text(target, "apiVersion"));
}

static int
parse_text(const char *json, size_t len, json_t **out, struct sst_error *err)
{
	json_error_t at;
	json_t *tree;

	/* an annotation may hold a NUL: one is enough for a page to be refused
	 * by who does not allow it */
	tree = json_loadb(json, len, JSON_ALLOW_NUL, &at);
	if (tree == NULL && json_error_code(&at) == json_error_out_of_memory)
		return sst_error_nomem(err);
	if (tree == NULL)
		return sst_error_set(err, SST_SYNTAX, "not JSON");
	if (!json_is_object(tree)) {
		json_decref(tree);
		return sst_error_set(err, SST_TYPE, "not an object");
	}
	*out = tree;
	return SST_OK;
}

int
kubernetes__parse(enum kubernetes_resource resource, const char *json,
    size_t len, struct kubernetes_record **out, struct sst_error *err)
{
	struct kubernetes_draft draft;
	json_t *tree = NULL;
	int code;

	code = parse_text(json, len, &tree, err);
	if (code != SST_OK)
		return code;
	kubernetes__draft_init(&draft);
	draft.head.resource = resource;
	code = parse_meta(&draft, json_object_get(tree, "metadata"), err);
	if (code == SST_OK) {
		if (resource == KUBERNETES_PODS)
			kubernetes__parse_pod(&draft, tree);
		else if (resource == KUBERNETES_HPAS)
			parse_hpa(&draft, tree);
		else
			kubernetes__parse_control(&draft, tree);
		code = kubernetes__draft_finish(&draft, out, err);
	}
	kubernetes__draft_fini(&draft);
	json_decref(tree);
	return code;
}

static int
usage_read(
    const json_t *tree, struct kubernetes_usage *row, struct sst_error *err)
{
	const json_t *meta = json_object_get(tree, "metadata");
	const json_t *containers = json_object_get(tree, "containers");
	const json_t *usage;
	size_t i;

	row->namespace = kubernetes__json_text(meta, "namespace");
	row->name = kubernetes__json_text(meta, "name");
	if (row->namespace == NULL || row->name == NULL)
		return sst_error_set(err, SST_TYPE, "/metadata: no name");
	row->cpu_nano = row->memory_bytes = 0;
	row->at_ms = kubernetes__json_time(tree, "timestamp");
	for (i = 0; i < json_array_size(containers); i++) {
		usage = json_object_get(json_array_get(containers, i), "usage");
		row->cpu_nano = kubernetes__sum(
		    row->cpu_nano, kubernetes__json_nano(usage, "cpu"));
		row->memory_bytes = kubernetes__sum(
		    row->memory_bytes, kubernetes__json_whole(usage, "memory"));
	}
	if (i == 0 || row->cpu_nano == KUBERNETES_NONE ||
	    row->memory_bytes == KUBERNETES_NONE)
		return sst_error_set(
		    err, SST_TYPE, "/containers: the usage of one is not told");
	return SST_OK;
}

int
kubernetes__parse_usage(const char *json, size_t len,
    int (*row)(
	const struct kubernetes_usage *row, void *ctx, struct sst_error *err),
    void *ctx, struct sst_error *err)
{
	struct kubernetes_usage usage;
	json_t *tree = NULL;
	int code;

	code = parse_text(json, len, &tree, err);
	if (code != SST_OK)
		return code;
	code = usage_read(tree, &usage, err);
	if (code == SST_OK)
		code = row(&usage, ctx, err);
	json_decref(tree);
	return code;
}
