/* Objects as text: taken in whole, given out around their resourceVersion. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "support/kube_api_priv.h"

static char *
text_dump(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);

	if (text == NULL)
		abort();
	return text;
}

static char *
text_take(struct sst_buf *buf)
{
	char *text;

	sst_buf_adds(buf, "");
	if (sst_buf_failed(buf))
		abort();
	text = sst_buf_take(buf, NULL);
	return text != NULL ? text : kube__copy("");
}

static char *
text_labels(json_t *metadata)
{
	struct sst_buf buf = SST_BUF_INIT;
	const char *key;
	json_t *value;

	sst_buf_addc(&buf, ',');
	json_object_foreach(json_object_get(metadata, "labels"), key, value)
	    sst_buf_addf(&buf, "%s=%s,", key, json_string_value(value));
	return text_take(&buf);
}

/* An object's members behind its opening brace; with a comma before them when
 * there are any and it is wanted; without the last brace on demand. */
static char *
text_members(const json_t *object, bool comma, bool brace)
{
	struct sst_buf buf = SST_BUF_INIT;
	char *text = text_dump(object);
	size_t len = strlen(text);

	if (comma && len > 2)
		sst_buf_addc(&buf, ',');
	sst_buf_add(&buf, text + 1, len - 1 - (brace ? 0 : 1));
	free(text);
	return text_take(&buf);
}

static const char *
text_member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static struct kube_body *
body_of(json_t *root, json_t *metadata, unsigned uid)
{
	struct kube_body *body = kube__alloc(1, sizeof(*body));

	if (json_object_get(metadata, "uid") == NULL)
		json_object_set_new(metadata, "uid",
		    json_sprintf("00000000-0000-4000-9000-%012x", uid));
	body->refs = 1;
	body->ns = kube__copy(text_member(metadata, "namespace"));
	body->name = kube__copy(text_member(metadata, "name"));
	body->labels = text_labels(metadata);
	json_object_del(metadata, "resourceVersion");
	body->meta = text_members(metadata, false, true);
	json_object_del(root, "metadata");
	json_object_del(root, "kind");
	json_object_del(root, "apiVersion");
	body->rest = text_members(root, true, false);
	return body;
}

struct kube_body *
kube__body_parse(
    const char *json, size_t len, unsigned uid, uint64_t *version_out)
{
	json_t *root = json_loadb(json, len, JSON_ALLOW_NUL, NULL);
	json_t *metadata = json_object_get(root, "metadata");
	struct kube_body *body = NULL;

	json_incref(metadata);
	if (*text_member(metadata, "name") != '\0') {
		*version_out = strtoull(
		    text_member(metadata, "resourceVersion"), NULL, 10);
		body = body_of(root, metadata, uid);
	}
	json_decref(metadata);
	json_decref(root);
	return body;
}

void
kube__write_object(struct sst_buf *out, const struct kube_object *object,
    const struct kube_collection *c, enum kube_form form)
{
	sst_buf_addc(out, '{');
	if (form == KUBE_FORM_OBJECT)
		sst_buf_addf(out, "\"kind\":\"%s\",\"apiVersion\":\"%s\",",
		    c->kind, c->group);
	if (form == KUBE_FORM_META)
		sst_buf_adds(out, "\"kind\":\"PartialObjectMetadata\","
				  "\"apiVersion\":\"meta.k8s.io/v1\",");
	sst_buf_addf(out, "\"metadata\":{\"resourceVersion\":\"%" PRIu64 "\",",
	    object->version);
	sst_buf_adds(out, object->body->meta);
	if (form != KUBE_FORM_META)
		sst_buf_adds(out, object->body->rest);
	sst_buf_addc(out, '}');
	if (sst_buf_failed(out))
		abort();
}

/* Equality only: "a=b,c==d". */
static bool
text_selected(const char *labels, const char *selector)
{
	char one[KUBE_API_ARG * 2 + 4];
	const char *equals;
	size_t len, name;

	while (*selector != '\0') {
		len = strcspn(selector, ",");
		equals = memchr(selector, '=', len);
		if (equals == NULL || len > KUBE_API_ARG)
			return false;
		name = (size_t)(equals - selector) + 1;
		one[0] = ',';
		memcpy(one + 1, selector, name);
		while (name < len && selector[name] == '=')
			name++;
		memcpy(one + 1 + (equals - selector) + 1, selector + name,
		    len - name);
		one[(size_t)(equals - selector) + 2 + len - name] = ',';
		one[(size_t)(equals - selector) + 3 + len - name] = '\0';
		if (strstr(labels, one) == NULL)
			return false;
		selector += len + (selector[len] == ',' ? 1 : 0);
	}
	return true;
}

bool
kube__body_matches(
    const struct kube_body *body, const char *ns, const char *selector)
{
	if (*ns != '\0' && strcmp(body->ns, ns) != 0)
		return false;
	return text_selected(body->labels, selector);
}
