/* Names within keys and connections. */
#include <string.h>

#include "repository/queues/bullmq_parse.h"

enum { NAMES_MAX = 512 }; /* bytes of a queue's name */

static bool
ends_with(const char *key, size_t len, const char *end, size_t *cut_out)
{
	size_t end_len = strlen(end);

	if (len < end_len || memcmp(key + len - end_len, end, end_len) != 0)
		return false;
	*cut_out = len - end_len;
	return true;
}

bool
bullmq__parse_key(const char *prefix, const char *key, size_t len,
    struct queue_text *queue_out)
{
	size_t prefix_len = strlen(prefix), cut;

	if (!ends_with(key, len, ":meta", &cut) &&
	    !ends_with(key, len, ":id", &cut))
		return false;
	if (cut <= prefix_len + 1 || memcmp(key, prefix, prefix_len) != 0 ||
	    key[prefix_len] != ':')
		return false;
	queue_out->data = key + prefix_len + 1;
	queue_out->len = cut - prefix_len - 1;
	return queue_out->len <= NAMES_MAX;
}

static int
base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* Into out, of NAMES_MAX bytes; false: it is not base64, or too long. */
static bool
base64_decode(const char *text, size_t len, char *out, size_t *len_out)
{
	unsigned bits = 0, have = 0;
	size_t i, used = 0;
	int digit;

	while (len > 0 && text[len - 1] == '=')
		len--;
	for (i = 0; i < len; i++) {
		digit = base64_digit(text[i]);
		if (digit < 0)
			return false;
		bits = (bits << 6 | (unsigned)digit) & 0xffffU;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (used == NAMES_MAX)
			return false;
		out[used++] = (char)(bits >> have & 0xffU);
	}
	*len_out = used;
	return used > 0;
}

/* The value of ` name=` in a line; false: it has none. */
static bool
client_value(struct queue_text line, const char *name, struct queue_text *out)
{
	const char *at, *end;

	at = memmem(line.data, line.len, name, strlen(name));
	if (at == NULL)
		return false;
	at += strlen(name);
	end = memchr(at, ' ', (size_t)(line.data + line.len - at));
	if (end == NULL)
		end = line.data + line.len;
	*out = (struct queue_text){at, (size_t)(end - at)};
	return true;
}

static bool
client_in_db(struct queue_text line, int64_t db)
{
	struct queue_text text;
	int64_t value = 0;
	size_t i;

	if (db < 0)
		return true;
	if (!client_value(line, " db=", &text) || text.len > 9)
		return false;
	for (i = 0; i < text.len; i++)
		value = value * 10 + (text.data[i] - '0');
	return value == db;
}

/* P:BASE64 or P:BASE64:w:NAME; the listeners to events end in :qe. */
static bool
client_queue(struct queue_text name, const char *prefix, char *out,
    size_t *len_out)
{
	size_t prefix_len = strlen(prefix), len;
	const char *code, *end;

	if (name.len <= prefix_len + 1 ||
	    memcmp(name.data, prefix, prefix_len) != 0 ||
	    name.data[prefix_len] != ':')
		return false;
	code = name.data + prefix_len + 1;
	len = name.len - prefix_len - 1;
	end = memchr(code, ':', len);
	if (end != NULL) {
		if (len - (size_t)(end - code) < 3 ||
		    memcmp(end, ":w:", 3) != 0)
			return false;
		len = (size_t)(end - code);
	}
	return base64_decode(code, len, out, len_out);
}

bool
bullmq__parse_clients(const redisReply *reply, const char *prefix, int64_t db,
    bullmq_on_worker found, void *ctx)
{
	const char *at, *end, *last;
	struct queue_text line, name;
	char queue[NAMES_MAX];
	size_t len;

	/* RESP3 has a type of its own for texts for people */
	if (reply->type != REDIS_REPLY_STRING || reply->len == 0)
		return false;
	last = reply->str + reply->len;
	for (at = reply->str; at < last; at = end + 1) {
		end = memchr(at, '\n', (size_t)(last - at));
		if (end == NULL)
			end = last;
		line = (struct queue_text){at, (size_t)(end - at)};
		if (client_value(line, " name=", &name) &&
		    client_queue(name, prefix, queue, &len) &&
		    client_in_db(line, db))
			found(ctx, (struct queue_text){queue, len});
	}
	return true;
}
