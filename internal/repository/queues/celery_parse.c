#include "repository/queues/celery_parse.h"

#include <string.h>

#include "base/time.h"

/* The characters of a string; false when memory ran out. */
static bool
parse_text(const struct celery_value *string, struct celery_pool *pool,
    struct queue_text *out)
{
	struct sst_buf plain = SST_BUF_INIT;
	struct queue_text text = {string->data, string->len};
	bool ok;

	if (!string->escaped) {
		*out = text;
		return true;
	}
	celery__unescape(string, &plain);
	text = (struct queue_text){
	    plain.data != NULL ? plain.data : "", plain.len};
	ok = !sst_buf_failed(&plain) && celery__pool_keep(pool, &text);
	sst_buf_fini(&plain);
	if (ok)
		*out = text;
	return ok;
}

/* Where a member goes when it has that name and a string for a value. */
struct wanted {
	const char *name;
	struct queue_text *text;
};

static bool
parse_wanted(const struct celery_value *key, const struct celery_value *value,
    struct celery_pool *pool, const struct wanted *wanted, size_t count)
{
	size_t i;

	if (value->type != CELERY_STRING || value->len == 0)
		return true;
	for (i = 0; i < count; i++) {
		if (celery__is(key, wanted[i].name))
			return parse_text(value, pool, wanted[i].text);
	}
	return true;
}

/* ISO 8601 as Python writes it; without an offset it is UTC. */
static struct sst_wall
parse_time(const struct celery_value *value)
{
	struct sst_wall when = QUEUE_NEVER;
	char text[48];

	if (value->type != CELERY_STRING || value->len < 10 ||
	    value->len > sizeof(text) - 2)
		return when;
	memcpy(text, value->data, value->len);
	if (sst_time_parse(text, value->len, &when.ms) == SST_OK)
		return when;
	text[value->len] = 'Z';
	if (sst_time_parse(text, value->len + 1, &when.ms) == SST_OK)
		return when;
	return QUEUE_NEVER;
}

/* What of a message is not one of its texts. */
struct reading {
	struct celery_message *m;
	struct celery_pool *pool;
	const char *waits_for;
	struct queue_text correlation_id;
	struct celery_value body;
	struct celery_value content_type;
	struct celery_value body_encoding;
	bool compressed;
};

static bool
read_header(struct reading *r, const struct celery_value *key,
    const struct celery_value *value)
{
	const struct wanted wanted[] = {
	    {"id", &r->m->id}, {"task", &r->m->type}};

	if (celery__is(key, "eta"))
		r->m->eta = parse_time(value);
	else if (celery__is(key, "retries")) {
		if (!celery__int(value, &r->m->retries) || r->m->retries < 0)
			r->m->retries = QUEUE_UNKNOWN;
	} else if (celery__is(key, "compression"))
		r->compressed = value->type == CELERY_STRING;
	else if (r->waits_for != NULL && celery__is(key, r->waits_for))
		r->m->waits_for = *value;
	return parse_wanted(key, value, r->pool, wanted, 2);
}

static bool
read_property(struct reading *r, const struct celery_value *key,
    const struct celery_value *value)
{
	const struct wanted wanted[] = {{"correlation_id", &r->correlation_id}};

	if (celery__is(key, "priority"))
		r->m->has_priority = celery__int(value, &r->m->priority);
	else if (celery__is(key, "body_encoding"))
		r->body_encoding = *value;
	return parse_wanted(key, value, r->pool, wanted, 1);
}

/* False when it is not JSON; *nomem_out tells why else. */
static bool
read_members(struct reading *r, const struct celery_value *object,
    bool (*member)(struct reading *r, const struct celery_value *key,
	const struct celery_value *value),
    bool *nomem_out)
{
	struct celery_walk walk = celery__walk(object);
	struct celery_value key, value;

	while (celery__walk_next(&walk, &key, &value)) {
		if (!member(r, &key, &value)) {
			*nomem_out = true;
			return false;
		}
	}
	return !walk.broken;
}

static bool
read_top(struct reading *r, const struct celery_value *key,
    const struct celery_value *value)
{
	bool nomem = false;

	if (celery__is(key, "body"))
		r->body = *value;
	else if (celery__is(key, "content-type"))
		r->content_type = *value;
	else if (celery__is(key, "headers"))
		read_members(r, value, read_header, &nomem);
	else if (celery__is(key, "properties"))
		read_members(r, value, read_property, &nomem);
	return !nomem;
}

/* Protocol 1 has no headers: {"task", "id", "retries", "eta", ...} is the body.
 * Texts stay in the pool. */
static int
read_old_body(struct reading *r)
{
	struct celery_value all;
	bool nomem = false;
	char *plain;
	long len;

	if (r->m->body.len > CELERY_BODY_MAX)
		return SST_OK;
	plain = celery__pool_take(r->pool, r->m->body.len + 1);
	if (plain == NULL)
		return SST_NOMEM;
	len = celery__base64(r->m->body.data, r->m->body.len, plain);
	if (len < 0)
		return SST_OK;
	all = celery__scan(plain, (size_t)len);
	if (all.type == CELERY_OBJECT)
		read_members(r, &all, read_header, &nomem);
	return nomem ? SST_NOMEM : SST_OK;
}

int
celery__parse_message(const struct celery_value *message, const char *waits_for,
    struct celery_pool *pool, struct celery_message *out,
    const char **reason_out)
{
	struct celery_message m = {
	    .retries = QUEUE_UNKNOWN, .eta = QUEUE_NEVER};
	struct reading r = {.m = &m, .pool = pool, .waits_for = waits_for};
	bool nomem = false;

	if (message->type != CELERY_OBJECT) {
		*reason_out = "a message that is no JSON object";
		return SST_PROTOCOL;
	}
	if (!read_members(&r, message, read_top, &nomem)) {
		*reason_out = "a message that is not JSON";
		return nomem ? SST_NOMEM : SST_PROTOCOL;
	}
	if (celery__is(&r.content_type, "application/json") &&
	    celery__is(&r.body_encoding, "base64") && !r.compressed &&
	    r.body.type == CELERY_STRING)
		m.body = r.body;
	if (m.id.data == NULL && m.type.data == NULL &&
	    m.body.type == CELERY_STRING && read_old_body(&r) != SST_OK)
		return SST_NOMEM;
	if (m.id.data == NULL)
		m.id = r.correlation_id;
	if (m.id.data == NULL) {
		*reason_out = "a message without an id";
		return SST_PROTOCOL;
	}
	*out = m;
	return SST_OK;
}

int
celery__parse_taken(const char *bytes, size_t len, struct celery_pool *pool,
    struct celery_taken *out, const char **reason_out)
{
	struct celery_value all = celery__scan(bytes, len), exchange, key;
	struct celery_walk walk = celery__walk(&all);
	struct celery_taken taken = {0};

	*reason_out = "not an array of message, exchange and routing key";
	if (all.type != CELERY_ARRAY ||
	    !celery__walk_next(&walk, NULL, &taken.message) ||
	    !celery__walk_next(&walk, NULL, &exchange) ||
	    !celery__walk_next(&walk, NULL, &key) || key.type != CELERY_STRING)
		return SST_PROTOCOL;
	taken.exchange = (struct queue_text){"", 0};
	if (exchange.type == CELERY_STRING &&
	    !parse_text(&exchange, pool, &taken.exchange))
		return SST_NOMEM;
	if (!parse_text(&key, pool, &taken.routing_key))
		return SST_NOMEM;
	*out = taken;
	return SST_OK;
}

/* "TypeError" and "no" or ["no", 3]: one text in the pool. */
static bool
parse_error(const struct celery_value *type, const struct celery_value *message,
    struct celery_pool *pool, struct queue_text *out)
{
	struct celery_value first = *message;
	struct sst_buf text = SST_BUF_INIT;
	struct queue_text made;
	struct celery_walk walk;
	bool ok;

	if (message->type == CELERY_ARRAY) {
		walk = celery__walk(message);
		if (!celery__walk_next(&walk, NULL, &first))
			first.type = CELERY_ABSENT;
	}
	if (type->type == CELERY_STRING)
		celery__unescape(type, &text);
	if (first.type == CELERY_STRING && first.len > 0) {
		sst_buf_adds(&text, text.len > 0 ? ": " : "");
		celery__unescape(&first, &text);
	}
	made = (struct queue_text){text.data, text.len};
	ok = !sst_buf_failed(&text) && celery__pool_keep(pool, &made);
	sst_buf_fini(&text);
	if (ok)
		*out = made;
	return ok;
}

/* `result`: of one that is started {pid, hostname}, of one that failed
 * {exc_type, exc_message, exc_module}; else it is no concern of ours. */
static bool
parse_outcome(const struct celery_value *value, struct celery_pool *pool,
    struct celery_result *result)
{
	struct celery_value key, member, type = {CELERY_ABSENT, NULL, 0, false};
	struct celery_value message = type;
	struct celery_walk walk = celery__walk(value);
	const struct wanted wanted[] = {{"hostname", &result->worker}};

	while (celery__walk_next(&walk, &key, &member)) {
		if (celery__is(&key, "exc_type"))
			type = member;
		else if (celery__is(&key, "exc_message"))
			message = member;
		else if (result->state == CELERY_STARTED &&
			 !parse_wanted(&key, &member, pool, wanted, 1))
			return false;
	}
	if (result->state != CELERY_RETRY && result->state != CELERY_FAILURE)
		return true;
	return type.type != CELERY_STRING ||
	       parse_error(&type, &message, pool, &result->error);
}

static enum celery_state
parse_state(const struct celery_value *value)
{
	static const struct {
		const char *name;
		enum celery_state state;
	} states[] = {{"STARTED", CELERY_STARTED}, {"RETRY", CELERY_RETRY},
	    {"SUCCESS", CELERY_SUCCESS}, {"FAILURE", CELERY_FAILURE},
	    {"REVOKED", CELERY_REVOKED}, {"REJECTED", CELERY_REVOKED},
	    {"IGNORED", CELERY_SUCCESS}};
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (celery__is(value, states[i].name))
			return states[i].state;
	}
	return CELERY_NO_RESULT;
}

int
celery__parse_result(const char *bytes, size_t len, struct celery_pool *pool,
    struct celery_result *out)
{
	struct celery_value all = celery__scan(bytes, len), key, value;
	struct celery_result result = {.state = CELERY_NO_RESULT};
	const struct wanted wanted[] = {{"worker", &result.worker}};
	struct celery_walk walk;
	bool told = false, ok = true;

	if (all.type == CELERY_ABSENT && len > 0 && bytes[0] == '{')
		/* cut: its members to there */
		all =
		    (struct celery_value){CELERY_OBJECT, bytes, len + 1, false};
	if (all.type != CELERY_OBJECT)
		return SST_PROTOCOL;
	walk = celery__walk(&all);
	while (ok && celery__walk_next(&walk, &key, &value)) {
		if (celery__is(&key, "status")) {
			result.state = parse_state(&value);
			told = true;
		} else if (celery__is(&key, "result"))
			ok = parse_outcome(&value, pool, &result);
		else
			ok = parse_wanted(&key, &value, pool, wanted, 1);
	}
	if (!ok)
		return SST_NOMEM;
	if (!told)
		return SST_PROTOCOL;
	*out = result;
	return SST_OK;
}

/* The text to the next separator, which is skipped; all when there is none. */
static struct queue_text
binding_part(const char **at, const char *end, const char *sep, bool *more)
{
	size_t sep_len = strlen(sep), left = (size_t)(end - *at);
	const char *hit = memmem(*at, left, sep, sep_len);
	struct queue_text part = {*at, left};

	*more = hit != NULL;
	if (hit != NULL)
		part.len = (size_t)(hit - *at);
	*at = hit != NULL ? hit + sep_len : end;
	return part;
}

bool
celery__parse_binding(
    const char *bytes, size_t len, const char *sep, struct celery_binding *out)
{
	const char *at = bytes, *end = bytes + len;
	struct celery_binding b;
	bool more;

	b.routing_key = binding_part(&at, end, sep, &more);
	if (!more)
		return false;
	b.pattern = binding_part(&at, end, sep, &more);
	if (!more)
		return false;
	b.queue = binding_part(&at, end, sep, &more);
	if (more || b.queue.len == 0)
		return false;
	*out = b;
	return true;
}

static bool
text_begins(struct queue_text text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && memcmp(text.data, with, len) == 0;
}

bool
celery__is_internal(struct queue_text queue)
{
	static const char end[] = ".pidbox";

	return text_begins(queue, "celeryev") ||
	       (queue.len >= sizeof(end) - 1 &&
		   memcmp(queue.data + queue.len - (sizeof(end) - 1), end,
		       sizeof(end) - 1) == 0);
}
