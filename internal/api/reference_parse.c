/* The plain reference page: an OpenAPI document as HTML. */
#include <jansson.h>
#include <string.h>

#include "api/web.h"

/* Text for HTML: the four characters that mean something there. */
static void
html(struct sst_buf *out, const char *text)
{
	if (text == NULL)
		return;
	for (; *text != '\0'; text++) {
		if (*text == '<')
			sst_buf_adds(out, "&lt;");
		else if (*text == '>')
			sst_buf_adds(out, "&gt;");
		else if (*text == '&')
			sst_buf_adds(out, "&amp;");
		else if (*text == '"')
			sst_buf_adds(out, "&quot;");
		else
			sst_buf_addc(out, *text);
	}
}

static void
element(struct sst_buf *out, const char *name, const char *text)
{
	sst_buf_addf(out, "<%s>", name);
	html(out, text);
	sst_buf_addf(out, "</%s>\n", name);
}

static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* What "#/components/..." points at, or the value itself. */
static const json_t *
resolve(const json_t *document, const json_t *value)
{
	const char *ref = text_of(value, "$ref"), *end;
	const json_t *at = document;
	char name[64];
	size_t len;

	if (ref == NULL || strncmp(ref, "#/", 2) != 0)
		return value;
	for (ref += 2; at != NULL; ref = end + 1) {
		end = ref + strcspn(ref, "/");
		len = (size_t)(end - ref);
		if (len >= sizeof(name))
			return NULL;
		memcpy(name, ref, len);
		name[len] = '\0';
		at = json_object_get(at, name);
		if (*end == '\0')
			break;
	}
	return at;
}

static void
parameters_write(
    const json_t *document, const json_t *list, struct sst_buf *out)
{
	const json_t *p;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	sst_buf_adds(out, "<table>\n<tr><th>Parameter</th><th>In</th>"
			  "<th>Meaning</th></tr>\n");
	for (i = 0; i < json_array_size(list); i++) {
		p = resolve(document, json_array_get(list, i));
		sst_buf_adds(out, "<tr>");
		element(out, "td", text_of(p, "name"));
		element(out, "td", text_of(p, "in"));
		element(out, "td", text_of(p, "description"));
		sst_buf_adds(out, "</tr>\n");
	}
	sst_buf_adds(out, "</table>\n");
}

static void
responses_write(const json_t *document, json_t *responses, struct sst_buf *out)
{
	const char *status;
	json_t *r;

	sst_buf_adds(out, "<table>\n<tr><th>Status</th><th>When</th></tr>\n");
	json_object_foreach(responses, status, r)
	{
		sst_buf_adds(out, "<tr>");
		element(out, "td", status);
		element(
		    out, "td", text_of(resolve(document, r), "description"));
		sst_buf_adds(out, "</tr>\n");
	}
	sst_buf_adds(out, "</table>\n");
}

static void
path_write(const json_t *document, const char *path, const json_t *item,
    struct sst_buf *out)
{
	const json_t *get = json_object_get(item, "get");

	sst_buf_adds(out, "<h3><code>GET, HEAD ");
	html(out, path);
	sst_buf_adds(out, "</code></h3>\n");
	element(out, "p", text_of(get, "summary"));
	if (text_of(get, "description") != NULL)
		element(out, "p", text_of(get, "description"));
	parameters_write(document, json_object_get(get, "parameters"), out);
	responses_write(document, json_object_get(get, "responses"), out);
}

static int
document_write(
    const json_t *document, struct sst_buf *out, struct sst_error *err)
{
	const json_t *info = json_object_get(document, "info");
	json_t *paths = json_object_get(document, "paths"), *item;
	const char *path;

	if (!json_is_object(paths))
		return sst_error_set(
		    err, SST_TYPE, "the OpenAPI document has no paths");
	element(out, "h1", text_of(info, "title"));
	element(out, "p", text_of(info, "description"));
	sst_buf_adds(out, "<p><a href=\"/openapi.json\">/openapi.json</a> "
			  "<a href=\"/openapi.yaml\">/openapi.yaml</a></p>\n");
	json_object_foreach(paths, path, item)
	    path_write(document, path, item, out);
	return sst_buf_failed(out) ? sst_error_nomem(err) : SST_OK;
}

int
api__reference_parse(
    const char *openapi, size_t len, struct sst_buf *out, struct sst_error *err)
{
	json_error_t where;
	json_t *document = json_loadb(openapi, len, 0, &where);
	int rc;

	if (document == NULL)
		return sst_error_set(err, SST_SYNTAX,
		    "the OpenAPI document, line %d: %s", where.line,
		    where.text);
	rc = document_write(document, out, err);
	json_decref(document);
	return rc;
}
