/*
 * Workloads as the API has them, to agents. Lenient: a member that is missing
 * or of another type is unknown. What stands in an annotation somebody wrote by
 * hand: a value that cannot be used is told, and the agent stays without it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "httpc/json_body.h"
#include "repository/agents/kubernetes_record.h"

/* An object that is being read. */
struct agentkube_read {
	struct agentkube_record *r;
	const char *prefix;
	bool all;
	const json_t *labels, *annotations, *spec, *status;
	bool nomem;
};

static char *
read_copy(struct agentkube_read *p, const char *text)
{
	char *copy = strdup(text);

	p->nomem = p->nomem || copy == NULL;
	return copy;
}

/* The member PREFIX NOTE; NULL: none that is a text. */
static const char *
read_note(const struct agentkube_read *p, const json_t *members,
    enum agentkube_note note)
{
	char key[AGENTKUBE_PREFIX_MAX + 64];

	snprintf(
	    key, sizeof(key), "%s%s", p->prefix, agentkube__note_name(note));
	return json_string_value(json_object_get(members, key));
}

/* Blanks around it do not count. */
static size_t
trim(const char **text, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", **text) != NULL) {
		(*text)++;
		len--;
	}
	while (len > 0 && strchr(" \t\r\n", (*text)[len - 1]) != NULL)
		len--;
	return len;
}

/* A name as it is shown and compared. */
static bool
name_usable(const char *text, size_t len)
{
	size_t i, n, chars = 0;
	uint32_t cp;

	for (i = 0; i < len; i += n, chars++) {
		n = sst_text_decode(text + i, len - i, &cp);
		if (n == 0 || sst_text_is_control(cp))
			return false;
	}
	return chars > 0 && chars <= AGENTKUBE_NAME_MAX;
}

static bool
text_is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* An annotation says more than a label, which is 63 letters at most. */
static void
read_name(struct agentkube_read *p)
{
	const char *text = read_note(p, p->annotations, AGENTKUBE_AGENT);
	struct agentkube_record *r = p->r;
	size_t len;

	if (text == NULL)
		text = read_note(p, p->labels, AGENTKUBE_AGENT);
	if (text == NULL && p->all)
		text = "true";
	if (text == NULL)
		return;
	len = trim(&text, strlen(text));
	if (text_is(text, len, "false"))
		return;
	if (text_is(text, len, "true")) {
		r->name = read_copy(p, r->workload);
		return;
	}
	if (name_usable(text, len)) {
		r->name = strndup(text, len);
		p->nomem = p->nomem || r->name == NULL;
		return;
	}
	r->faults[AGENTKUBE_AGENT] =
	    "not \"true\", \"false\" or a name of 1 to 512 visible characters; "
	    "the workload's name stands in";
	r->name = read_copy(p, r->workload);
}

static void
read_max(struct agentkube_read *p)
{
	const char *text = read_note(p, p->annotations, AGENTKUBE_MAX);
	int64_t value = 0;
	size_t len, i;

	if (text == NULL)
		return;
	len = trim(&text, strlen(text));
	for (i = 0; i < len && value <= 1000000; i++) {
		if (text[i] < '0' || text[i] > '9')
			break;
		value = value * 10 + (text[i] - '0');
	}
	if (len == 0 || i < len || value > 1000000)
		p->r->faults[AGENTKUBE_MAX] =
		    "not a whole number from 0 to 1000000";
	else
		p->r->max_parallel = value;
}

static int
compare_texts(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void
models_tidy(struct agentkube_record *r)
{
	size_t i, kept = 0;

	if (r->model_count < 2)
		return;
	qsort(r->models, r->model_count, sizeof(*r->models), compare_texts);
	for (i = 0; i < r->model_count; i++) {
		if (kept > 0 && strcmp(r->models[kept - 1], r->models[i]) == 0)
			free(r->models[i]);
		else
			r->models[kept++] = r->models[i];
	}
	r->model_count = kept;
}

static void
models_add(struct agentkube_read *p, const char *text, size_t len)
{
	struct agentkube_record *r = p->r;
	char *model;

	len = trim(&text, len);
	if (len == 0) /* "a, b," */
		return;
	if (!name_usable(text, len)) {
		r->faults[AGENTKUBE_MODELS] =
		    "holds a name that is longer than 512 characters or not "
		    "visible";
		return;
	}
	model = strndup(text, len);
	if (model == NULL)
		p->nomem = true;
	else
		r->models[r->model_count++] = model;
}

static void
read_models(struct agentkube_read *p)
{
	const char *text = read_note(p, p->annotations, AGENTKUBE_MODELS);
	const char *at;
	size_t count = 1, len;

	if (text == NULL)
		return;
	for (at = text; *at != '\0'; at++)
		count += *at == ',';
	if (count > AGENTKUBE_MODELS_MAX) {
		p->r->faults[AGENTKUBE_MODELS] = "more than 1000 names";
		return;
	}
	p->r->models = calloc(count, sizeof(*p->r->models));
	if (p->r->models == NULL) {
		p->nomem = true;
		return;
	}
	for (at = text;; at += len + 1) {
		len = strcspn(at, ",");
		models_add(p, at, len);
		if (at[len] == '\0')
			break;
	}
	models_tidy(p->r);
}

static int64_t
read_count(const json_t *object, const char *member, int64_t absent)
{
	const json_t *value = json_object_get(object, member);

	if (value == NULL || json_is_null(value))
		return absent;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -1;
	return json_integer_value(value);
}

/* Whether the condition of that type has that status. */
static bool
read_condition(const struct agentkube_read *p, const char *type,
    const char *status, const char *reason)
{
	const json_t *list = json_object_get(p->status, "conditions"), *item;
	const char *text;
	size_t i;

	json_array_foreach(list, i, item)
	{
		text = json_string_value(json_object_get(item, "type"));
		if (text == NULL || strcmp(text, type) != 0)
			continue;
		text = json_string_value(json_object_get(item, "status"));
		if (text == NULL || strcmp(text, status) != 0)
			return false;
		text = json_string_value(json_object_get(item, "reason"));
		return reason == NULL ||
		       (text != NULL && strcmp(text, reason) == 0);
	}
	return false;
}

/* Counts that the API leaves out are 0 once a controller has looked at it. */
static const char *
read_status(const struct agentkube_read *p)
{
	bool daemon = p->r->kind == AGENTKUBE_DAEMONSETS;
	int64_t unseen =
	    json_object_get(p->status, "observedGeneration") != NULL ? 0 : -1;
	int64_t desired, ready;

	if (daemon)
		desired =
		    read_count(p->status, "desiredNumberScheduled", unseen);
	else
		desired = read_count(p->spec, "replicas", 1);
	ready = read_count(
	    p->status, daemon ? "numberReady" : "readyReplicas", unseen);
	if (desired == 0)
		return "offline";
	if (ready > 0)
		return "running";
	if (read_condition(
		p, "Progressing", "False", "ProgressDeadlineExceeded") ||
	    read_condition(p, "ReplicaFailure", "True", NULL))
		return "error";
	return "unknown";
}

static bool
read_identity(struct agentkube_read *p, const json_t *meta)
{
	const json_t *name = json_object_get(meta, "name");
	const json_t *space = json_object_get(meta, "namespace");

	if (!json_is_string(name) || !json_is_string(space) ||
	    !name_usable(json_string_value(name), json_string_length(name)) ||
	    !name_usable(json_string_value(space), json_string_length(space)))
		return false;
	p->r->workload = read_copy(p, json_string_value(name));
	p->r->namespace = read_copy(p, json_string_value(space));
	return true;
}

static int
read_object(struct agentkube_read *p, const json_t *tree, struct sst_error *err)
{
	const json_t *meta = json_object_get(tree, "metadata");
	const char *text;

	if (!read_identity(p, meta))
		return sst_error_set(err, SST_TYPE,
		    "/metadata: has no usable name and namespace");
	if (p->nomem)
		return sst_error_nomem(err);
	p->labels = json_object_get(meta, "labels");
	p->annotations = json_object_get(meta, "annotations");
	p->spec = json_object_get(tree, "spec");
	p->status = json_object_get(tree, "status");
	read_name(p);
	if (p->r->name != NULL) {
		text = read_note(p, p->annotations, AGENTKUBE_DESCRIPTION);
		/* cleaned and cut with all other free texts */
		if (text != NULL)
			p->r->description = read_copy(p, text);
		read_max(p);
		read_models(p);
		p->r->status = read_status(p);
	}
	return p->nomem ? sst_error_nomem(err) : SST_OK;
}

int
agentkube__parse(const struct agentkube_object *object,
    struct agentkube_record **out, struct sst_error *err)
{
	struct agentkube_read p = {
	    .prefix = object->prefix, .all = object->all};
	json_t *tree = NULL;
	int code;

	code = sst_json_body_parse(object->json, object->len, &tree, err);
	if (code != SST_OK)
		return code;
	p.r = calloc(1, sizeof(*p.r));
	if (p.r == NULL) {
		json_decref(tree);
		return sst_error_nomem(err);
	}
	sst_ref_init(&p.r->ref);
	p.r->kind = object->kind;
	p.r->max_parallel = -1;
	p.r->status = "unknown";
	code = read_object(&p, tree, err);
	json_decref(tree);
	if (code == SST_OK)
		*out = p.r;
	else
		agentkube__record_release(&p.r);
	return code;
}
