/*
 * The little that the reflector itself reads: types, positions, troubles.
 * Objects are only walked over; what they mean is for others.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/kube/cutter_priv.h"
#include "repository/kube/reflector_priv.h"

struct parse_walk {
	const char *at, *end;
};

static void
walk_space(struct parse_walk *w)
{
	while (w->at < w->end && *w->at != '\0' &&
	       strchr(" \t\r\n,", *w->at) != NULL)
		w->at++;
}

static bool
walk_byte(struct parse_walk *w, char c)
{
	walk_space(w);
	if (w->at == w->end || *w->at != c)
		return false;
	w->at++;
	return true;
}

static bool
walk_value(struct parse_walk *w, struct reflector_slice *out)
{
	struct cutter_raw raw;
	enum cutter_raw_end end;

	walk_space(w);
	if (w->at == w->end || strchr("]}:", *w->at) != NULL)
		return false;
	out->at = w->at;
	cutter__raw_begin(&raw, *w->at);
	end = cutter__raw_scan(&raw, &w->at, w->end);
	out->len = (size_t)(w->at - out->at);
	return end == CUTTER_RAW_DONE;
}

/* The next member of an object; false: no more, or what is no member. */
static bool
walk_next(struct parse_walk *w, struct cutter_name *name,
    struct reflector_slice *value)
{
	if (!walk_byte(w, '"'))
		return false;
	cutter__name_begin(name);
	return cutter__name_scan(name, &w->at, w->end) && walk_byte(w, ':') &&
	       walk_value(w, value);
}

/* A member of an object's text; false: not there. */
static bool
parse_member(const struct reflector_slice *object, const char *member,
    struct reflector_slice *out)
{
	struct parse_walk w = {object->at, object->at + object->len};
	struct cutter_name name;
	struct reflector_slice value;

	if (!walk_byte(&w, '{'))
		return false;
	while (walk_next(&w, &name, &value)) {
		if (!cutter__name_is(&name, member))
			continue;
		*out = value;
		return true;
	}
	return false;
}

/* A string without escapes that fits; "" for anything else. */
static void
parse_version(const struct reflector_slice *text, char *out)
{
	out[0] = '\0';
	if (text->len < 2 || text->len - 2 >= REFLECTOR_VERSION ||
	    text->at[0] != '"' || memchr(text->at, '\\', text->len) != NULL ||
	    memchr(text->at, '\0', text->len) != NULL)
		return;
	memcpy(out, text->at + 1, text->len - 2);
	out[text->len - 2] = '\0';
}

static enum reflector_type
parse_type(const struct reflector_slice *text)
{
	static const char *const types[] = {
	    [REFLECTOR_ADDED] = "\"ADDED\"",
	    [REFLECTOR_MODIFIED] = "\"MODIFIED\"",
	    [REFLECTOR_DELETED] = "\"DELETED\"",
	    [REFLECTOR_BOOKMARK] = "\"BOOKMARK\"",
	    [REFLECTOR_ERROR] = "\"ERROR\"",
	};
	int i;

	for (i = 0; i < REFLECTOR_UNKNOWN; i++) {
		if (text->len == strlen(types[i]) &&
		    memcmp(text->at, types[i], text->len) == 0)
			break;
	}
	return (enum reflector_type)i;
}

int
reflector__parse_event(const char *json, size_t len,
    struct reflector_event *out, struct sst_error *err)
{
	const struct reflector_slice event = {json, len};
	struct reflector_event result = {0};
	struct reflector_slice type, metadata, version;

	if (!parse_member(&event, "type", &type) || type.at[0] != '"')
		return sst_error_set(
		    err, SST_TYPE, "an event of a watch without a type");
	result.type = parse_type(&type);
	if (parse_member(&event, "object", &result.object) &&
	    result.object.at[0] != '{')
		result.object.len = 0;
	if (result.object.len > 0 &&
	    parse_member(&result.object, "metadata", &metadata) &&
	    parse_member(&metadata, "resourceVersion", &version))
		parse_version(&version, result.version);
	*out = result;
	return SST_OK;
}

static const char *
parse_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

int
reflector__parse_page(const char *json, size_t len, struct reflector_page *out,
    struct sst_error *err)
{
	json_t *tree = json_loadb(json, len, JSON_ALLOW_NUL, NULL);
	const char *version = parse_text(tree, "resourceVersion");
	const char *token = parse_text(tree, "continue");
	struct reflector_page page = {0};
	int code = SST_OK;

	if (*version == '\0' || strlen(version) >= REFLECTOR_VERSION)
		code = sst_error_set(
		    err, SST_TYPE, "a list without a resourceVersion");
	else
		memcpy(page.version, version, strlen(version) + 1);
	if (code == SST_OK && *token != '\0') {
		page.token = strdup(token);
		if (page.token == NULL)
			code = sst_error_nomem(err);
	}
	json_decref(tree);
	if (code == SST_OK)
		*out = page;
	return code;
}

/* A word of the server's; it ends up in error texts. */
static void
parse_reason(const char *text, struct reflector_trouble *out)
{
	size_t n = 0;

	for (; *text != '\0' && n + 1 < sizeof(out->reason); text++) {
		if ((*text >= 'A' && *text <= 'Z') ||
		    (*text >= 'a' && *text <= 'z'))
			out->reason[n++] = *text;
	}
	out->reason[n] = '\0';
}

static bool
parse_too_new(const json_t *details)
{
	const json_t *cause;
	size_t i;

	json_array_foreach(json_object_get(details, "causes"), i, cause)
	{
		if (strcmp(parse_text(cause, "reason"),
			"ResourceVersionTooLarge") == 0)
			return true;
	}
	return false;
}

void
reflector__parse_trouble(
    const char *json, size_t len, struct reflector_trouble *out)
{
	json_t *tree = json_loadb(json, len, JSON_ALLOW_NUL, NULL);
	const json_t *details = json_object_get(tree, "details");
	json_int_t status, seconds;

	memset(out, 0, sizeof(*out));
	status = json_integer_value(json_object_get(tree, "code"));
	seconds =
	    json_integer_value(json_object_get(details, "retryAfterSeconds"));
	out->status = status > 0 && status < 600 ? (int)status : 0;
	out->retry_after_ms =
	    seconds > 0 && seconds <= 3600 ? (long)seconds * 1000 : -1;
	parse_reason(parse_text(tree, "reason"), out);
	out->too_new =
	    parse_too_new(details) || strstr(parse_text(tree, "message"),
					  "Too large resource version") != NULL;
	json_decref(tree);
}

static bool
parse_number(const char **text)
{
	while (**text == '0' && (*text)[1] != '\0')
		(*text)++;
	return **text != '\0' && (*text)[strspn(*text, "0123456789")] == '\0';
}

bool
reflector__version_before(const char *a, const char *b)
{
	size_t a_len, b_len;

	if (!parse_number(&a) || !parse_number(&b))
		return false;
	a_len = strlen(a);
	b_len = strlen(b);
	return a_len != b_len ? a_len < b_len : strcmp(a, b) < 0;
}
