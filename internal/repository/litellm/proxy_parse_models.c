/* Deployments and the groups that they make up. */
#include "repository/litellm/proxy_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* While rows are taken; all trees are ours. */
struct models_reading {
	struct proxy_deployments *list;
	json_t *ids;    /* taken, {id: true} */
	json_t *places; /* {model: rows so far} */
	bool nomem;
};

static void
models_reject(struct proxy_deployments *list, size_t index, const char *member)
{
	if (list->rejected++ == 0)
		snprintf(list->first_reject, sizeof(list->first_reject),
		    "/data/%zu%s", index, member);
}

static char *
models_copy(struct models_reading *r, const char *text)
{
	char *copy = text == NULL ? NULL : strdup(text);

	r->nomem = r->nomem || (text != NULL && copy == NULL);
	return copy;
}

/* LiteLLM itself looks for limits in this order. */
static int64_t
models_limit(const json_t *row, const char *name)
{
	int64_t value = proxy__count(json_object_get(row, name));

	if (value < 0)
		value = proxy__count(json_object_get(
		    json_object_get(row, "litellm_params"), name));
	if (value < 0)
		value = proxy__count(
		    json_object_get(json_object_get(row, "model_info"), name));
	return value;
}

static bool
models_flag(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_true(value) || proxy__number(value) > 0;
}

/* Provisioned throughput, in the spellings that operators use. */
static bool
models_reserved(const json_t *params, const json_t *info)
{
	static const char *const names[] = {"flat_cost", "ptu", "ptu_cost",
	    "ptu_count", "provisioned_throughput"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (models_flag(info, names[i]) ||
		    models_flag(params, names[i]))
			return true;
	}
	return false;
}

static char *
models_provider(
    struct models_reading *r, const json_t *params, const json_t *info)
{
	const char *text =
	    proxy__text(json_object_get(info, "litellm_provider"));
	const char *slash;
	char *copy;

	if (text == NULL)
		text =
		    proxy__text(json_object_get(params, "custom_llm_provider"));
	if (text != NULL)
		return models_copy(r, text);
	text = proxy__text(json_object_get(params, "model"));
	slash = text == NULL ? NULL : strchr(text, '/');
	if (slash == NULL || slash == text)
		return NULL;
	copy = strndup(text, (size_t)(slash - text));
	r->nomem = r->nomem || copy == NULL;
	return copy;
}

/* MODEL#N for a row without an id. */
static char *
models_make_id(struct models_reading *r, const char *model)
{
	json_int_t place =
	    json_integer_value(json_object_get(r->places, model)) + 1;
	struct sst_buf id = SST_BUF_INIT;

	if (!proxy__set(r->places, model, json_integer(place)))
		r->nomem = true;
	sst_buf_addf(&id, "%s#%lld", model, (long long)place);
	r->nomem = r->nomem || sst_buf_failed(&id);
	return sst_buf_take(&id, NULL);
}

static void
models_fill(
    struct models_reading *r, const json_t *row, struct proxy_deployment *d)
{
	const json_t *params = json_object_get(row, "litellm_params");
	const json_t *info = json_object_get(row, "model_info");

	d->provider = models_provider(r, params, info);
	d->backend =
	    models_copy(r, proxy__text(json_object_get(params, "model")));
	d->payment =
	    models_copy(r, proxy__text(json_object_get(info, "payment_type")));
	d->reserved = models_reserved(params, info);
	d->tpm_max = models_limit(row, "tpm");
	d->rpm_max = models_limit(row, "rpm");
	d->input_tpm_max = models_limit(row, "itpm");
	d->output_tpm_max = models_limit(row, "otpm");
	d->price_in =
	    proxy__number(json_object_get(info, "input_cost_per_token"));
	d->price_out =
	    proxy__number(json_object_get(info, "output_cost_per_token"));
}

static void
models_take(struct models_reading *r, const json_t *row, size_t index)
{
	struct proxy_deployments *list = r->list;
	const json_t *info = json_object_get(row, "model_info");
	const char *model, *id;
	struct proxy_deployment *d;

	/* a team's own deployment has a made-up model_name */
	model = proxy__text(json_object_get(info, "team_public_model_name"));
	if (model == NULL)
		model = proxy__text(json_object_get(row, "model_name"));
	if (model == NULL) {
		models_reject(
		    list, index, json_is_object(row) ? "/model_name" : "");
		return;
	}
	id = proxy__text(json_object_get(info, "id"));
	if (id != NULL && json_object_get(r->ids, id) != NULL)
		return;
	if (list->count == PROXY_DEPLOYMENTS_MAX) {
		list->beyond++;
		return;
	}
	d = &list->rows[list->count++];
	d->model = models_copy(r, model);
	d->id = id != NULL ? models_copy(r, id) : models_make_id(r, model);
	list->unnamed += id == NULL;
	if (id != NULL && !proxy__set(r->ids, id, json_true()))
		r->nomem = true;
	models_fill(r, row, d);
}

/* data is an object when the proxy was started with --model. */
static int
models_rows(struct models_reading *r, const json_t *data, struct sst_error *err)
{
	size_t i, count = json_is_object(data) ? 1 : json_array_size(data);

	if (!json_is_object(data) && !json_is_array(data))
		return sst_error_set(
		    err, SST_TYPE, "/data: not a list of deployments");
	r->list->rows = calloc(
	    (count < PROXY_DEPLOYMENTS_MAX ? count : PROXY_DEPLOYMENTS_MAX) + 1,
	    sizeof(*r->list->rows));
	r->nomem = r->nomem || r->list->rows == NULL;
	for (i = 0; !r->nomem && i < count; i++)
		models_take(r,
		    json_is_object(data) ? data : json_array_get(data, i), i);
	return r->nomem ? sst_error_nomem(err) : SST_OK;
}

int
proxy__parse_models(const char *bytes, size_t len,
    struct proxy_deployments *out, struct sst_error *err)
{
	struct proxy_deployments list = {0};
	struct models_reading r = {.list = &list};
	json_t *tree = NULL;
	int code;

	code = proxy__object(bytes, len, &tree, err);
	if (code != SST_OK)
		return code;
	r.ids = json_object();
	r.places = json_object();
	r.nomem = r.ids == NULL || r.places == NULL;
	code = models_rows(&r, json_object_get(tree, "data"), err);
	json_decref(r.ids);
	json_decref(r.places);
	json_decref(tree);
	if (code == SST_OK)
		*out = list;
	else
		proxy__deployments_fini(&list);
	return code;
}

void
proxy__deployments_fini(struct proxy_deployments *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		free(list->rows[i].id);
		free(list->rows[i].model);
		free(list->rows[i].provider);
		free(list->rows[i].backend);
		free(list->rows[i].payment);
	}
	free(list->rows);
	memset(list, 0, sizeof(*list));
}

const char *
proxy__backend_name(const struct proxy_deployment *row)
{
	const char *slash =
	    row->backend == NULL ? NULL : strchr(row->backend, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : row->backend;
}

static bool
groups_take(const json_t *row, json_t *groups)
{
	const char *name = proxy__text(json_object_get(row, "model_group"));
	const char *provider =
	    proxy__text(json_array_get(json_object_get(row, "providers"), 0));
	double in, out;
	json_t *group;

	if (name == NULL || json_object_get(groups, name) != NULL)
		return true;
	in = proxy__number(json_object_get(row, "input_cost_per_token"));
	out = proxy__number(json_object_get(row, "output_cost_per_token"));
	group = json_object();
	if (!proxy__set(group, "provider",
		provider != NULL ? json_string(provider) : json_null()) ||
	    !proxy__set(group, "price_in", proxy__real(in)) ||
	    !proxy__set(group, "price_out", proxy__real(out))) {
		json_decref(group);
		return false;
	}
	return proxy__set(groups, name, group);
}

int
proxy__parse_groups(
    const char *bytes, size_t len, json_t **out, struct sst_error *err)
{
	json_t *tree = NULL, *groups, *row;
	const json_t *data;
	bool good = true;
	size_t i;
	int code;

	code = proxy__object(bytes, len, &tree, err);
	if (code != SST_OK)
		return code;
	data = json_object_get(tree, "data");
	if (!json_is_array(data)) {
		json_decref(tree);
		return sst_error_set(err, SST_TYPE, "/data: not an array");
	}
	groups = json_object();
	good = groups != NULL;
	json_array_foreach(data, i, row) good =
	    good && groups_take(row, groups);
	json_decref(tree);
	if (!good) {
		json_decref(groups);
		return sst_error_nomem(err);
	}
	*out = groups;
	return SST_OK;
}
