/*
 * The followers of a task, out of the body of its message: base64 of
 * [args, kwargs, {callbacks, errbacks, chain, chord}]. Only the last item is
 * looked at.
 */
#include <string.h>

#include "repository/queues/celery_parse.h"

/* How the body of a task without followers ends, in Python's spelling. */
static const char no_next[] = "\"chain\": null, \"chord\": null}]";
static const char no_callbacks[] = "{\"callbacks\": null, ";

/* The end of the body says it in nearly all messages: open no more of it. */
static bool
next_none(const struct celery_value *body)
{
	enum { TAIL = 144 };
	size_t len = body->len < TAIL ? body->len - body->len % 4 : TAIL;
	char text[TAIL / 4 * 3];
	size_t want = sizeof(no_next) - 1;
	long got;

	if (body->len % 4 != 0)
		return false;
	got = celery__base64(body->data + body->len - len, len, text);
	return got >= (long)want &&
	       memcmp(text + got - want, no_next, want) == 0 &&
	       memmem(text, (size_t)got, no_callbacks,
		   sizeof(no_callbacks) - 1) != NULL;
}

/* The list that grows. */
struct follow {
	struct celery_pool *pool;
	struct celery_next *out;
	size_t count;
	bool nomem;
};

static bool
follow_text(
    struct follow *f, const struct celery_value *value, struct queue_text *out)
{
	struct sst_buf plain = SST_BUF_INIT;
	struct queue_text text;

	if (value->type != CELERY_STRING || value->len == 0)
		return false;
	celery__unescape(value, &plain);
	text = (struct queue_text){plain.data, plain.len};
	if (sst_buf_failed(&plain) || !celery__pool_keep(f->pool, &text))
		f->nomem = true;
	else
		*out = text;
	sst_buf_fini(&plain);
	return !f->nomem;
}

/* A signature: {task, options: {task_id, queue, chord}, ...}. */
struct signature {
	struct celery_next next;
	struct celery_value chord;
};

static bool
signature_read(
    struct follow *f, const struct celery_value *value, struct signature *s)
{
	struct celery_walk walk = celery__walk(value), inner;
	struct celery_value key, member, name, option;

	*s = (struct signature){.next = {.after = -1}};
	while (celery__walk_next(&walk, &key, &member)) {
		if (celery__is(&key, "task"))
			follow_text(f, &member, &s->next.type);
		if (!celery__is(&key, "options"))
			continue;
		inner = celery__walk(&member);
		while (celery__walk_next(&inner, &name, &option)) {
			if (celery__is(&name, "task_id"))
				follow_text(f, &option, &s->next.id);
			else if (celery__is(&name, "queue"))
				follow_text(f, &option, &s->next.queue);
			else if (celery__is(&name, "chord"))
				s->chord = option;
		}
	}
	return s->next.id.data != NULL && !f->nomem;
}

/* Adds the task of a signature and the chord that it is part of; returns the
 * index of what comes after `after` now. */
static int
follow_add(struct follow *f, const struct celery_value *value, int after)
{
	struct signature s, end;

	if (f->count == CELERY_NEXT_MAX || !signature_read(f, value, &s))
		return after;
	s.next.after = after;
	f->out[f->count] = s.next;
	after = (int)f->count++;
	if (s.chord.type == CELERY_OBJECT && f->count < CELERY_NEXT_MAX &&
	    signature_read(f, &s.chord, &end)) {
		end.next.after = after;
		f->out[f->count++] = end.next;
	}
	return after;
}

static void
follow_callbacks(struct follow *f, const struct celery_value *list)
{
	struct celery_walk walk = celery__walk(list);
	struct celery_value item;

	while (celery__walk_next(&walk, NULL, &item))
		follow_add(f, &item, -1);
}

/* In reverse order: the next task is the last item. */
static void
follow_chain(struct follow *f, const struct celery_value *list)
{
	struct celery_value ring[CELERY_NEXT_MAX], item;
	struct celery_walk walk = celery__walk(list);
	size_t count = 0, i;
	int after = -1;

	while (celery__walk_next(&walk, NULL, &item))
		ring[count++ % CELERY_NEXT_MAX] = item;
	for (i = 0; i < count && i < CELERY_NEXT_MAX; i++)
		after = follow_add(
		    f, &ring[(count - 1 - i) % CELERY_NEXT_MAX], after);
}

static int
follow_embed(struct follow *f, const char *bytes, size_t len)
{
	struct celery_value all = celery__scan(bytes, len), item, last, key;
	struct celery_walk walk = celery__walk(&all);

	last.type = CELERY_ABSENT;
	while (celery__walk_next(&walk, NULL, &item))
		last = item;
	if (all.type == CELERY_OBJECT) /* protocol 1: followers are unknown */
		return SST_OK;
	if (all.type != CELERY_ARRAY || walk.broken)
		return SST_PROTOCOL;
	walk = celery__walk(&last);
	while (celery__walk_next(&walk, &key, &item)) {
		if (celery__is(&key, "callbacks"))
			follow_callbacks(f, &item);
		else if (celery__is(&key, "chain"))
			follow_chain(f, &item);
		else if (celery__is(&key, "chord"))
			follow_add(f, &item, -1);
	}
	return f->nomem ? SST_NOMEM : SST_OK;
}

int
celery__parse_next(const struct celery_message *message,
    struct celery_pool *pool, struct celery_next out[CELERY_NEXT_MAX],
    size_t *count_out)
{
	struct follow f = {.pool = pool, .out = out};
	struct sst_buf plain = SST_BUF_INIT;
	int code = SST_PROTOCOL;
	long len;

	*count_out = 0;
	if (message->body.type != CELERY_STRING || next_none(&message->body))
		return SST_OK;
	if (message->body.len > CELERY_BODY_MAX)
		return SST_LIMIT;
	if (!sst_buf_reserve(&plain, message->body.len))
		return SST_NOMEM;
	len = celery__base64(message->body.data, message->body.len, plain.data);
	if (len >= 0)
		code = follow_embed(&f, plain.data, (size_t)len);
	sst_buf_fini(&plain);
	if (code == SST_OK)
		*count_out = f.count;
	return code;
}
