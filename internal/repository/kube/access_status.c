/* What an answer that is no success says: a Status, a line of text, or a page
 * of somebody in between. */
#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "httpc/client.h"
#include "httpc/json_body.h"
#include "repository/kube/access.h"

enum { STATUS_MESSAGE_CHARS = 240, STATUS_GONE = 410 };

/* Appends it cleaned, redacted and cut. */
static void
status_message(const char *text, size_t len, struct sst_buf *out)
{
	if (!sst_text_safe(text, len, STATUS_MESSAGE_CHARS, out))
		sst_buf_clear(out);
}

/* A Status object; false when the body is none. */
static bool
status_object(const struct sst_httpc_response *response, struct sst_buf *out,
    bool *gone_out)
{
	json_t *tree = NULL, *message;
	const char *kind;

	if (sst_json_body_parse(response->body, response->len, &tree, NULL) !=
	    SST_OK)
		return false;
	kind = json_string_value(json_object_get(tree, "kind"));
	if (kind == NULL || strcmp(kind, "Status") != 0) {
		json_decref(tree);
		return false;
	}
	message = json_object_get(tree, "message");
	if (json_is_string(message))
		status_message(json_string_value(message),
		    json_string_length(message), out);
	*gone_out =
	    json_integer_value(json_object_get(tree, "code")) == STATUS_GONE;
	json_decref(tree);
	return true;
}

/* The first line of plain text; pages for people say nothing. */
static void
status_text(const struct sst_httpc_response *response, struct sst_buf *out)
{
	const char *text = response->body;
	size_t len = response->len;
	const char *end;

	while (len > 0 && strchr(" \t\r\n", *text) != NULL && *text != '\0') {
		text++;
		len--;
	}
	end = memchr(text, '\n', len);
	if (end != NULL)
		len = (size_t)(end - text);
	while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL &&
	       text[len - 1] != '\0')
		len--;
	if (len == 0 || *text == '<' || *text == '{' || *text == '[')
		return;
	status_message(text, len, out);
}

int
sst_kube_status(const struct sst_httpc_response *response, const char *path,
    struct sst_error *err)
{
	struct sst_buf message = SST_BUF_INIT;
	struct sst_error known;
	bool gone = false;
	int code = sst_httpc_status(response, path, &known);

	if (code == SST_OK)
		return SST_OK;
	if (!status_object(response, &message, &gone))
		status_text(response, &message);
	if (gone || response->status == STATUS_GONE)
		code = SST_GONE;
	if (message.len > 0)
		sst_error_set(err, code, "%s: %s", known.text, message.data);
	else
		sst_error_set(err, code, "%s", known.text);
	sst_buf_fini(&message);
	if (err != NULL)
		err->detail = (int)response->status;
	return code;
}
