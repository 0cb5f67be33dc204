/* Messages without their bodies: answers of STREAM.MSG.GET. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "repository/queues/nats_json.h"

/* A header longer than this is no id, priority or list of ids. */
enum { MESSAGE_TEXT = 16 * 1024 };

static size_t
part_len(const char *text)
{
	return text != NULL && text[0] != '\0' ? strlen(text) + 1 : 0;
}

static uint32_t
part_put(struct nats_message *m, size_t *at, const char *text)
{
	size_t len = part_len(text);
	uint32_t offset = (uint32_t)*at;

	if (len == 0)
		return 0;
	memcpy(m->text + *at, text, len);
	*at += len;
	return offset;
}

struct nats_message *
nats__message_new(const struct nats_parts *parts)
{
	struct nats_parts p = *parts;
	struct nats_message *m;
	size_t subject = strlen(p.subject) + 1, at = subject;

	if (part_len(p.id) > MESSAGE_TEXT)
		p.id = NULL;
	if (part_len(p.priority) > MESSAGE_TEXT)
		p.priority = NULL;
	if (part_len(p.blockers) > MESSAGE_TEXT)
		p.blockers = NULL;
	m = malloc(sizeof(*m) + subject + part_len(p.id) +
		   part_len(p.priority) + part_len(p.blockers));
	if (m == NULL)
		return NULL;
	m->seq = p.seq;
	m->ms = p.ms;
	memcpy(m->text, p.subject, subject);
	m->id = part_put(m, &at, p.id);
	m->priority = part_put(m, &at, p.priority);
	m->blockers = part_put(m, &at, p.blockers);
	return m;
}

static int
digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* What base64 holds, with a NUL after it; up to the first byte that is not. */
static char *
headers_decode(const char *text, size_t *len_out)
{
	char *out = malloc(strlen(text) / 4 * 3 + 4);
	unsigned bits = 0, value = 0;
	size_t n = 0;
	int digit;

	if (out == NULL)
		return NULL;
	for (; (digit = digit_value(*text)) >= 0; text++) {
		value = (value << 6 | (unsigned)digit) & 0xffffU;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (char)(value >> bits & 0xffU);
		}
	}
	out[n] = '\0';
	*len_out = n;
	return out;
}

/* Ends the line at p with a NUL; the next one, or NULL. */
static char *
headers_line(char *p)
{
	char *end = strchr(p, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	if (end > p && end[-1] == '\r')
		end[-1] = '\0';
	return end + 1;
}

/* The value when the line is that header, else NULL. */
static const char *
headers_value(char *line, const char *name)
{
	size_t len = name != NULL ? strlen(name) : 0;

	if (len == 0 || strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	line += len + 1;
	return line + strspn(line, " \t");
}

/* A NUL among them ends it: nobody writes one. */
static void
headers_read(char *block, const struct nats_headers *want,
    struct nats_parts *parts)
{
	char *line = headers_line(block), *next;
	const char *value;

	for (; line != NULL && line[0] != '\0'; line = next) {
		next = headers_line(line);
		value = headers_value(line, want->id);
		if (value != NULL && parts->id == NULL)
			parts->id = value;
		value = headers_value(line, want->priority);
		if (value != NULL && parts->priority == NULL)
			parts->priority = value;
		value = headers_value(line, want->blockers);
		if (value != NULL && parts->blockers == NULL)
			parts->blockers = value;
	}
}

static int
message_read(const json_t *json, const struct nats_headers *want,
    struct nats_message **out, struct sst_error *err)
{
	const char *hdrs = json_string_value(json_object_get(json, "hdrs"));
	struct nats_parts parts = {.seq = -1};
	char *block = NULL;
	size_t len;

	parts.subject = json_string_value(json_object_get(json, "subject"));
	if (parts.subject == NULL)
		return sst_error_set(
		    err, SST_TYPE, "/message/subject: not a string");
	if (!nats__json_int(json, "seq", &parts.seq) || parts.seq < 0)
		return sst_error_set(
		    err, SST_TYPE, "/message/seq: not an integer");
	parts.ms = nats__time(json_string_value(json_object_get(json, "time")));
	if (hdrs != NULL) {
		block = headers_decode(hdrs, &len);
		if (block == NULL)
			return sst_error_nomem(err);
		headers_read(block, want, &parts);
	}
	*out = nats__message_new(&parts);
	free(block);
	return *out != NULL ? SST_OK : sst_error_nomem(err);
}

int
nats__parse_message(const char *bytes, size_t len,
    const struct nats_headers *headers, struct nats_message **out,
    struct sst_error *err)
{
	struct nats_message *m = NULL;
	const json_t *message;
	json_t *tree = NULL;
	int code = nats__json_answer(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	message = json_object_get(tree, "message");
	if (json_is_object(message))
		code = message_read(message, headers, &m, err);
	else
		code = sst_error_set(err, SST_TYPE, "/message: not an object");
	json_decref(tree);
	if (code == SST_OK)
		*out = m;
	return code;
}
