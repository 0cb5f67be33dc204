#include "repository/queues/kafka_record.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const level_names[] = {
    [QUEUE_LOW] = "low",
    [QUEUE_NORMAL] = "normal",
    [QUEUE_HIGH] = "high",
    [QUEUE_CRITICAL] = "critical",
};

enum { LEVEL_COUNT = (int)(sizeof(level_names) / sizeof(level_names[0])) };

static bool
record_copy(struct queue_text from, size_t max, struct kafka_bytes *out)
{
	size_t len = from.len < max ? from.len : max;

	if (from.data == NULL || len == 0)
		return true;
	out->data = malloc(len);
	if (out->data == NULL)
		return false;
	memcpy(out->data, from.data, len);
	out->len = len;
	return true;
}

static struct queue_text
record_header(const struct kafka_raw *raw, const char *name)
{
	return name == NULL ? QUEUE_TEXT_NONE : raw->header(raw->ctx, name);
}

/* Blanks around an id are no part of it. */
static bool
record_add_blocker(struct kafka_record *r, const char *p, size_t len)
{
	while (len > 0 && isspace((unsigned char)*p)) {
		p++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)p[len - 1]))
		len--;
	if (len == 0 || r->blocker_count == KAFKA_BLOCKERS_MAX)
		return true;
	if (!record_copy((struct queue_text){p, len}, KAFKA_ID_BYTES,
		&r->blockers[r->blocker_count]))
		return false;
	r->blocker_count++;
	return true;
}

static bool
record_blockers_json(struct kafka_record *r, const json_t *list)
{
	char number[32];
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (json_is_string(item)) {
			if (!record_add_blocker(r, json_string_value(item),
				json_string_length(item)))
				return false;
		} else if (json_is_integer(item)) {
			snprintf(number, sizeof(number), "%lld",
			    (long long)json_integer_value(item));
			if (!record_add_blocker(r, number, strlen(number)))
				return false;
		}
	}
	return true;
}

static bool
record_blockers_list(struct kafka_record *r, struct queue_text text)
{
	const char *p = text.data, *end = text.data + text.len, *comma;

	for (; p < end; p = comma + 1) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		if (!record_add_blocker(r, p, (size_t)(comma - p)))
			return false;
	}
	return true;
}

/* A JSON array of ids, or ids with commas between them. */
static bool
record_blockers(struct kafka_record *r, struct queue_text text)
{
	json_t *list = NULL;
	bool ok;

	if (text.data == NULL || text.len == 0 ||
	    text.len > KAFKA_BLOCKERS_BYTES)
		return true;
	r->blockers = calloc(KAFKA_BLOCKERS_MAX, sizeof(*r->blockers));
	if (r->blockers == NULL)
		return false;
	if (text.data[0] == '[')
		list = json_loadb(text.data, text.len, 0, NULL);
	ok = json_is_array(list) ? record_blockers_json(r, list)
				 : record_blockers_list(r, text);
	json_decref(list);
	return ok;
}

bool
kafka__record_read(const struct kafka_raw *raw, const struct kafka_rules *rules,
    struct kafka_record *out)
{
	struct kafka_record r = {.offset = raw->offset, .at_ms = raw->at_ms};
	struct queue_text type = rules->type_header != NULL
				     ? record_header(raw, rules->type_header)
				     : raw->key;

	if (record_copy(
		record_header(raw, rules->id_header), KAFKA_ID_BYTES, &r.id) &&
	    record_copy(type, KAFKA_ID_BYTES, &r.type) &&
	    record_copy(record_header(raw, rules->priority_header),
		KAFKA_WORD_BYTES, &r.priority) &&
	    record_blockers(&r, record_header(raw, rules->blocked_by_header))) {
		*out = r;
		return true;
	}
	kafka__record_fini(&r);
	return false;
}

void
kafka__record_fini(struct kafka_record *r)
{
	size_t i;

	for (i = 0; i < r->blocker_count; i++)
		free(r->blockers[i].data);
	free(r->blockers);
	free(r->id.data);
	free(r->type.data);
	free(r->priority.data);
	memset(r, 0, sizeof(*r));
}

static bool
priority_number(const struct kafka_bytes *raw, int64_t *out)
{
	size_t i = raw->data[0] == '-' ? 1 : 0;
	int64_t n = 0;

	/* 18 digits are no overflow */
	if (i == raw->len || raw->len > 18)
		return false;
	for (; i < raw->len; i++) {
		if (!isdigit((unsigned char)raw->data[i]))
			return false;
		n = n * 10 + (raw->data[i] - '0');
	}
	*out = raw->data[0] == '-' ? -n : n;
	return true;
}

static bool
level_by_name(const char *name, size_t len, enum queue_level *out)
{
	int i;

	for (i = 0; i < LEVEL_COUNT; i++) {
		if (strlen(level_names[i]) == len &&
		    strncasecmp(level_names[i], name, len) == 0) {
			*out = (enum queue_level)i;
			return true;
		}
	}
	return false;
}

bool
kafka__valid_level(const char *text)
{
	const char *equals = strrchr(text, '=');
	enum queue_level level;

	return equals != NULL && equals > text &&
	       level_by_name(equals + 1, strlen(equals + 1), &level);
}

static bool
level_by_rule(
    const struct kafka_bytes *raw, const char *rule, enum queue_level *out)
{
	const char *equals = strrchr(rule, '=');

	return equals != NULL && (size_t)(equals - rule) == raw->len &&
	       strncasecmp(rule, raw->data, raw->len) == 0 &&
	       level_by_name(equals + 1, strlen(equals + 1), out);
}

struct queue_priority
kafka__priority(const struct kafka_bytes *raw, const struct kafka_rules *rules)
{
	struct queue_priority p = {.level = QUEUE_NORMAL};
	size_t i;

	if (raw->data == NULL)
		return p;
	p.scheme = "header, by configuration";
	p.has_number = priority_number(raw, &p.number);
	if (!p.has_number)
		p.text = (struct queue_text){raw->data, raw->len};
	for (i = 0; i < rules->levels->count; i++) {
		if (level_by_rule(raw, rules->levels->items[i], &p.level))
			return p;
	}
	level_by_name(raw->data, raw->len, &p.level);
	return p;
}
