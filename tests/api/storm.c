#include "api/storm.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
storm_fail(struct storm *s, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!atomic_exchange(&s->failed, true))
		fprintf(stderr, "storm: %s\n", text);
	return false;
}

void
storm_add(struct storm *s, enum storm_count what)
{
	atomic_fetch_add(&s->count[what], 1);
}

uint64_t
storm_counted(struct storm *s, enum storm_count what)
{
	return atomic_load(&s->count[what]);
}

uint64_t
storm_revision_now(struct storm *s)
{
	struct sst_service_figures f;

	sst_service_figures(s->service, &f);
	return f.revision;
}

uint64_t
storm_random(uint64_t *state, uint64_t below)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (x ^ x >> 31) % below;
}

static bool
ask_once(struct storm_asker *asker, const char *target, const char *headers,
    struct http_answer *out)
{
	struct storm *s = asker->storm;

	*out = (struct http_answer){0};
	if (!asker->open && http_client_open(&asker->client, s->port) != 0)
		return storm_fail(s, "a connection was refused");
	asker->open = true;
	if (http_client_get(&asker->client, target, headers, out) != 0)
		return storm_fail(s, "%s: the answer broke off", target);
	return true;
}

static bool
ask_until(struct storm_asker *asker, const char *target, const char *headers,
    struct http_answer *out)
{
	while (ask_once(asker, target, headers, out)) {
		if (out->status != 503)
			return true;
		if (atomic_load(&asker->storm->failed))
			return false;
		storm_add(asker->storm, STORM_BUSY);
		sched_yield();
	}
	return false;
}

bool
storm_ask(struct storm_asker *asker, const char *headers,
    struct http_answer *out, const char *fmt, ...)
{
	char target[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(target, sizeof(target), fmt, ap);
	va_end(ap);
	return ask_until(asker, target, headers, out);
}

json_t *
storm_ask_json(struct storm_asker *asker, const char *fmt, ...)
{
	struct storm *s = asker->storm;
	struct http_answer a;
	char target[300];
	json_t *tree;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(target, sizeof(target), fmt, ap);
	va_end(ap);
	if (!ask_until(asker, target, "", &a))
		return NULL;
	if (a.status == 410) {
		storm_add(s, STORM_GONE);
		return NULL;
	}
	tree = a.status == 200 ? json_loadb(a.body, a.body_len, 0, NULL) : NULL;
	if (tree == NULL)
		storm_fail(s, "%s: status %d, %.*s", target, a.status,
		    (int)a.body_len, a.body);
	return tree;
}

void
storm_asker_fini(struct storm_asker *asker)
{
	if (asker->open)
		http_client_close(&asker->client);
	asker->open = false;
}
