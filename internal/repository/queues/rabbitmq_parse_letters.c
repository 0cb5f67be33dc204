/* Where dead letters go, as the management API tells: policies, exchanges and
 * their bindings. */
#include "repository/queues/rabbitmq_letters.h"

#include <stdlib.h>
#include <string.h>

static char *
letters_copy(const char *text)
{
	return text == NULL ? NULL : strdup(text);
}

void
rabbitmq__policies_fini(struct rabbitmq_policies *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		free(p->items[i].vhost);
		free(p->items[i].name);
		free(p->items[i].dead_exchange);
		free(p->items[i].dead_key);
	}
	free(p->items);
	memset(p, 0, sizeof(*p));
}

void
rabbitmq__bindings_fini(struct rabbitmq_bindings *b)
{
	size_t i;

	for (i = 0; i < b->count; i++) {
		free(b->items[i].queue);
		free(b->items[i].key);
	}
	free(b->items);
	memset(b, 0, sizeof(*b));
}

/* Whether memory sufficed; what is no policy is none. */
static bool
policy_take(const json_t *item, struct rabbitmq_policies *p)
{
	const json_t *how = json_object_get(item, "definition");
	struct rabbitmq_policy *to = &p->items[p->count];
	const char *vhost, *name, *exchange, *key;

	if (!rabbitmq__json_text(json_object_get(item, "vhost"), &vhost) ||
	    !rabbitmq__json_text(json_object_get(item, "name"), &name) ||
	    !rabbitmq__json_text(
		json_object_get(how, "dead-letter-exchange"), &exchange) ||
	    !rabbitmq__json_text(
		json_object_get(how, "dead-letter-routing-key"), &key) ||
	    vhost == NULL || name == NULL)
		return true;
	p->count++;
	to->ttl = json_is_integer(json_object_get(how, "message-ttl"));
	to->vhost = strdup(vhost);
	to->name = strdup(name);
	to->dead_exchange = letters_copy(exchange);
	to->dead_key = letters_copy(key);
	return to->vhost != NULL && to->name != NULL &&
	       (exchange == NULL || to->dead_exchange != NULL) &&
	       (key == NULL || to->dead_key != NULL);
}

int
rabbitmq__parse_policies(const char *bytes, size_t len,
    struct rabbitmq_policies *out, struct sst_error *err)
{
	struct rabbitmq_policies p = {0};
	json_t *tree = NULL;
	size_t i, count;
	int code;

	code = rabbitmq__json_parse(bytes, len, JSON_ARRAY, &tree, err);
	if (code != SST_OK)
		return code;
	count = json_array_size(tree);
	if (count > RABBITMQ_POLICIES_MAX)
		count = RABBITMQ_POLICIES_MAX;
	p.items = calloc(count + 1, sizeof(*p.items));
	if (p.items == NULL)
		code = sst_error_nomem(err);
	for (i = 0; code == SST_OK && i < count; i++) {
		if (!policy_take(json_array_get(tree, i), &p))
			code = sst_error_nomem(err);
	}
	json_decref(tree);
	if (code != SST_OK)
		rabbitmq__policies_fini(&p);
	else
		*out = p;
	return code;
}

int
rabbitmq__parse_exchange(const char *bytes, size_t len,
    enum rabbitmq_exchange_kind *out, struct sst_error *err)
{
	static const struct {
		const char *type;
		enum rabbitmq_exchange_kind kind;
	} kinds[] = {
	    {"direct", RABBITMQ_DIRECT},
	    {"fanout", RABBITMQ_FANOUT},
	    {"topic", RABBITMQ_TOPIC},
	};
	json_t *tree = NULL;
	const char *type;
	size_t i;
	int code;

	code = rabbitmq__json_parse(bytes, len, JSON_OBJECT, &tree, err);
	if (code != SST_OK)
		return code;
	type = json_string_value(json_object_get(tree, "type"));
	*out = RABBITMQ_OTHER;
	for (i = 0; type != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(type, kinds[i].type) == 0)
			*out = kinds[i].kind;
	}
	json_decref(tree);
	return SST_OK;
}

/* Whether memory sufficed. */
static bool
binding_take(const json_t *item, struct rabbitmq_bindings *b)
{
	const char *to, *kind, *key;

	if (!rabbitmq__json_text(json_object_get(item, "destination"), &to) ||
	    !rabbitmq__json_text(
		json_object_get(item, "destination_type"), &kind) ||
	    !rabbitmq__json_text(json_object_get(item, "routing_key"), &key) ||
	    to == NULL || kind == NULL || strcmp(kind, "queue") != 0) {
		b->more = true;
		return true;
	}
	b->items[b->count].queue = strdup(to);
	b->items[b->count].key = strdup(key == NULL ? "" : key);
	b->count++;
	return b->items[b->count - 1].queue != NULL &&
	       b->items[b->count - 1].key != NULL;
}

int
rabbitmq__parse_bindings(const char *bytes, size_t len,
    struct rabbitmq_bindings *out, struct sst_error *err)
{
	struct rabbitmq_bindings b = {0};
	json_t *tree = NULL;
	size_t i, count;
	int code;

	code = rabbitmq__json_parse(bytes, len, JSON_ARRAY, &tree, err);
	if (code != SST_OK)
		return code;
	count = json_array_size(tree);
	b.more = count > RABBITMQ_BINDINGS_MAX;
	if (b.more)
		count = RABBITMQ_BINDINGS_MAX;
	b.items = calloc(count + 1, sizeof(*b.items));
	if (b.items == NULL)
		code = sst_error_nomem(err);
	for (i = 0; code == SST_OK && i < count; i++) {
		if (!binding_take(json_array_get(tree, i), &b))
			code = sst_error_nomem(err);
	}
	json_decref(tree);
	if (code != SST_OK)
		rabbitmq__bindings_fini(&b);
	else
		*out = b;
	return code;
}
