#include "repository/queues/rabbitmq_letters.h"

#include <stdlib.h>
#include <string.h>

/* Comparisons of a collection: some 10 ms. Queues beyond it show the exchange
 * and not where that leads. */
enum { LETTERS_BUDGET = 2000000 };

const struct rabbitmq_policy *
rabbitmq__policy(
    const struct rabbitmq_letters *letters, const char *vhost, const char *name)
{
	const struct rabbitmq_policy *p = letters->policies.items;
	size_t i;

	for (i = 0; i < letters->policies.count; i++) {
		if (strcmp(p[i].name, name) == 0 &&
		    strcmp(p[i].vhost, vhost) == 0)
			return &p[i];
	}
	return NULL;
}

struct rabbitmq_exchange *
rabbitmq__exchange(
    struct rabbitmq_letters *letters, const char *vhost, const char *name)
{
	struct rabbitmq_exchange *e;
	size_t i;

	for (i = 0; i < letters->count; i++) {
		e = &letters->exchanges[i];
		if (strcmp(e->name, name) == 0 && strcmp(e->vhost, vhost) == 0)
			return e;
	}
	return NULL;
}

static void
exchange_fini(struct rabbitmq_exchange *e)
{
	free(e->vhost);
	free(e->name);
	rabbitmq__bindings_fini(&e->bindings);
	memset(e, 0, sizeof(*e));
}

void
rabbitmq__letters_fini(struct rabbitmq_letters *letters)
{
	size_t i;

	rabbitmq__policies_fini(&letters->policies);
	for (i = 0; i < letters->count; i++)
		exchange_fini(&letters->exchanges[i]);
	memset(letters, 0, sizeof(*letters));
}

/* The exchange that dead letters of that queue pass; NULL: none. */
static const char *
letters_name(const struct rabbitmq_row *row)
{
	return row->dead_exchange == NULL || row->dead_exchange[0] == '\0'
		   ? NULL
		   : row->dead_exchange;
}

static void
letters_drop_unused(
    struct rabbitmq_letters *letters, const struct rabbitmq_table *rows)
{
	struct rabbitmq_exchange *e = letters->exchanges, *found;
	const struct rabbitmq_cell *cell;
	size_t i, kept = 0;

	for (i = 0; i < letters->count; i++)
		e[i].used = false;
	for (cell = rows->first; cell != NULL; cell = cell->next) {
		if (letters_name(&cell->row) == NULL)
			continue;
		found = rabbitmq__exchange(
		    letters, cell->row.vhost, cell->row.dead_exchange);
		if (found != NULL)
			found->used = true;
	}
	for (i = 0; i < letters->count; i++) {
		if (!e[i].used)
			exchange_fini(&e[i]);
		else if (kept++ != i)
			e[kept - 1] = e[i];
	}
	memset(&e[kept], 0, (letters->count - kept) * sizeof(*e));
	letters->count = kept;
}

/* Whether memory sufficed. */
static bool
letters_hold(struct rabbitmq_letters *letters, const struct rabbitmq_row *row)
{
	struct rabbitmq_exchange *e;

	if (rabbitmq__exchange(letters, row->vhost, row->dead_exchange) != NULL)
		return true;
	if (letters->count == RABBITMQ_EXCHANGES_MAX) {
		letters->more = true;
		return true;
	}
	e = &letters->exchanges[letters->count];
	e->vhost = strdup(row->vhost);
	e->name = strdup(row->dead_exchange);
	if (e->vhost == NULL || e->name == NULL) {
		exchange_fini(e);
		return false;
	}
	letters->count++;
	return true;
}

int
rabbitmq__letters_want(struct rabbitmq_letters *letters,
    const struct rabbitmq_table *rows, struct sst_error *err)
{
	const struct rabbitmq_cell *cell;

	letters_drop_unused(letters, rows);
	letters->more = false;
	for (cell = rows->first; cell != NULL; cell = cell->next) {
		if (letters_name(&cell->row) != NULL &&
		    !letters_hold(letters, &cell->row))
			return sst_error_nomem(err);
	}
	return SST_OK;
}

void
rabbitmq__letters_apply(
    struct rabbitmq_letters *letters, struct rabbitmq_table *rows)
{
	const struct rabbitmq_policy *p = NULL;
	struct rabbitmq_cell *cell;

	letters->budget = LETTERS_BUDGET;
	for (cell = rows->first; cell != NULL; cell = cell->next) {
		struct rabbitmq_row *row = &cell->row;

		cell->dead_letters = false;
		if (row->policy == NULL)
			continue;
		/* mostly the same one as before */
		if (p == NULL || strcmp(p->name, row->policy) != 0 ||
		    strcmp(p->vhost, row->vhost) != 0)
			p = rabbitmq__policy(letters, row->vhost, row->policy);
		if (p == NULL)
			continue;
		if (row->dead_exchange == NULL)
			row->dead_exchange = p->dead_exchange;
		if (row->dead_key == NULL)
			row->dead_key = p->dead_key;
		row->ttl = row->ttl || p->ttl;
	}
}

/* The end of the word that begins here. */
static const char *
topic_word(const char *text)
{
	return text + strcspn(text, ".");
}

/* As shells match *, but word by word: the last # gives way. */
bool
rabbitmq__topic_matches(const char *pattern, const char *key)
{
	const char *retry = NULL, *from = NULL;
	const char *p = pattern, *k = key;

	/* NULL: after the last word; "" is no word */
	if (*p == '\0')
		p = NULL;
	if (*k == '\0')
		k = NULL;
	for (;;) {
		size_t pl = p != NULL ? (size_t)(topic_word(p) - p) : 0;
		size_t kl = k != NULL ? (size_t)(topic_word(k) - k) : 0;

		if (p != NULL && pl == 1 && *p == '#') {
			p = p[1] == '.' ? p + 2 : NULL;
			retry = p;
			from = k;
			if (p == NULL)
				return true;
			continue;
		}
		if (p == NULL && k == NULL)
			return true;
		if (p != NULL && k != NULL &&
		    ((pl == 1 && *p == '*') ||
			(pl == kl && memcmp(p, k, pl) == 0))) {
			p = p[pl] == '.' ? p + pl + 1 : NULL;
			k = k[kl] == '.' ? k + kl + 1 : NULL;
			continue;
		}
		/* the # before takes one word more */
		if (retry == NULL || from == NULL)
			return false;
		from = *topic_word(from) == '.' ? topic_word(from) + 1 : NULL;
		k = from;
		p = retry;
	}
}

/* What a dead letter of one queue may reach. */
struct letters_walk {
	const char *first; /* queue, NULL: none */
	bool several;
	bool certain; /* each of them gets all of them */
	bool more;    /* and others that are not known */
};

static bool
letters_binds(const struct rabbitmq_exchange *e, const struct rabbitmq_row *row,
    const struct rabbitmq_binding *b)
{
	if (e->kind == RABBITMQ_FANOUT || e->kind == RABBITMQ_OTHER ||
	    row->dead_key == NULL)
		return true;
	return e->kind == RABBITMQ_TOPIC
		   ? rabbitmq__topic_matches(b->key, row->dead_key)
		   : strcmp(b->key, row->dead_key) == 0;
}

/* The exchange when the letters of that queue are known to pass one. */
static struct rabbitmq_exchange *
letters_exchange(
    struct rabbitmq_letters *letters, const struct rabbitmq_row *row)
{
	struct rabbitmq_exchange *e =
	    rabbitmq__exchange(letters, row->vhost, row->dead_exchange);

	if (e == NULL || !e->known || e->bindings.count > letters->budget)
		return NULL;
	letters->budget -= e->bindings.count;
	return e;
}

static void
letters_walk(struct rabbitmq_letters *letters, const struct rabbitmq_row *row,
    struct letters_walk *out)
{
	struct rabbitmq_exchange *e;
	size_t i;

	memset(out, 0, sizeof(*out));
	if (row->dead_exchange[0] == '\0') {
		/* without a key each goes by the one it came with */
		out->first = row->dead_key;
		out->certain = true;
		return;
	}
	e = letters_exchange(letters, row);
	out->more = e == NULL || e->bindings.more;
	if (e == NULL)
		return;
	out->certain = e->kind == RABBITMQ_FANOUT ||
		       (row->dead_key != NULL && e->kind != RABBITMQ_OTHER);
	for (i = 0; i < e->bindings.count; i++) {
		const struct rabbitmq_binding *b = &e->bindings.items[i];

		if (!letters_binds(e, row, b))
			continue;
		if (out->first == NULL)
			out->first = b->queue;
		else if (strcmp(out->first, b->queue) != 0)
			out->several = true;
	}
}

static void
letters_mark_one(
    struct rabbitmq_table *rows, const char *vhost, const char *queue)
{
	struct rabbitmq_cell *cell = rabbitmq__table_find(rows, vhost, queue);

	if (cell != NULL)
		cell->dead_letters = cell->row.dead_exchange == NULL;
}

static void
letters_mark(struct rabbitmq_letters *letters, struct rabbitmq_table *rows,
    const struct rabbitmq_row *row)
{
	struct rabbitmq_exchange *e;
	struct letters_walk walk;
	size_t i;

	letters_walk(letters, row, &walk);
	if (walk.first != NULL && !walk.several &&
	    (walk.certain || !walk.more)) {
		letters_mark_one(rows, row->vhost, walk.first);
		return;
	}
	if (!walk.certain || !walk.several)
		return;
	e = letters_exchange(letters, row);
	for (i = 0; e != NULL && i < e->bindings.count; i++) {
		if (letters_binds(e, row, &e->bindings.items[i]))
			letters_mark_one(
			    rows, row->vhost, e->bindings.items[i].queue);
	}
}

void
rabbitmq__letters_mark(
    struct rabbitmq_letters *letters, struct rabbitmq_table *rows)
{
	const struct rabbitmq_cell *cell;

	for (cell = rows->first; cell != NULL; cell = cell->next) {
		if (cell->row.dead_exchange != NULL && !cell->row.ttl)
			letters_mark(letters, rows, &cell->row);
	}
}

void
rabbitmq__letters_target(struct rabbitmq_letters *letters,
    const struct rabbitmq_row *row, const char **queue_out,
    const char **exchange_out)
{
	struct letters_walk walk;

	*queue_out = *exchange_out = NULL;
	if (row->dead_exchange == NULL)
		return;
	letters_walk(letters, row, &walk);
	if (walk.first != NULL && !walk.several && !walk.more)
		*queue_out = walk.first;
	else if (row->dead_exchange[0] != '\0')
		*exchange_out = row->dead_exchange;
}
