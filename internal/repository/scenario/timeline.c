/* Reads the timeline: when, and what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/scenario/ops.h"

enum {
	EVENTS_MAX = 10000,
	EVERY_MIN_MS = 10 /* bounds the events of a second of scenario time */
};

static const struct scn_op *const op_tables[] = {
    scenario__task_ops,
    scenario__pod_ops,
    scenario__state_ops,
    scenario__path_ops,
};

enum { OP_TABLES = sizeof(op_tables) / sizeof(op_tables[0]) };

const struct scn_op *
scenario__op(const char *name)
{
	const struct scn_op *op;
	size_t i;

	for (i = 0; i < OP_TABLES; i++) {
		for (op = op_tables[i]; op->name != NULL; op++) {
			if (strcmp(op->name, name) == 0)
				return op;
		}
	}
	return NULL;
}

const struct scn_op *
scenario__generator(const char *kind)
{
	const struct scn_op *op;

	for (op = scenario__generators; op->name != NULL; op++) {
		if (strcmp(op->name, kind) == 0)
			return op;
	}
	return NULL;
}

static void
timeline_names(const struct scn_op *op, char *out, size_t size)
{
	size_t used = strlen(out);

	for (; op->name != NULL && used + 1 < size; op++) {
		snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
		    op->name);
		used = strlen(out);
	}
}

void
scenario__op_names(char *out, size_t size)
{
	size_t i;

	out[0] = '\0';
	for (i = 0; i < OP_TABLES; i++)
		timeline_names(op_tables[i], out, size);
}

void
scenario__generator_names(char *out, size_t size)
{
	out[0] = '\0';
	timeline_names(scenario__generators, out, size);
}

static int
timeline_unknown(const struct scn_reader *r, const struct scn_node *node)
{
	char names[320];

	scenario__op_names(names, sizeof(names));
	return scenario__fail(r->doc, node, r->err,
	    "unknown key; an event has at, every, jitter, first, times and "
	    "one of generate, %s",
	    names);
}

/* A generator is the operation that `kind` names. */
static int
timeline_generator(const struct scn_reader *r, const struct scn_node *node,
    struct scn_event *event)
{
	const struct scn_node *kind = scenario__member(node, "kind");
	char names[160];

	if (kind == NULL || kind->kind != SCN_SCALAR)
		return scenario__fail(
		    r->doc, node, r->err, "a generator needs the key \"kind\"");
	event->op = scenario__generator(kind->text);
	if (event->op != NULL)
		return 0;
	scenario__generator_names(names, sizeof(names));
	return scenario__fail(r->doc, kind, r->err,
	    "expected one of %s, found \"%.64s\"", names, kind->text);
}

static int
timeline_op(const struct scn_reader *r, const struct scn_node *node,
    struct scn_event *event)
{
	int rc = 0;

	if (event->op != NULL)
		return scenario__fail(r->doc, node, r->err,
		    "an event has one operation; \"%s\" is there already",
		    event->op->name);
	if (strcmp(node->key, "generate") == 0)
		rc = timeline_generator(r, node, event);
	else
		event->op = scenario__op(node->key);
	if (rc != 0)
		return rc;
	if (event->op == NULL)
		return timeline_unknown(r, node);
	rc = scenario__read_object(r, node, event->op->args, &event->args);
	if (rc == 0 && event->op->check != NULL)
		rc = event->op->check(r, node, event->args);
	return rc;
}

static int
timeline_number(const struct scn_reader *r, const struct scn_node *node,
    enum scn_type type, int64_t *out)
{
	const struct scn_field field = {node->key, type, 0, NULL, NULL, 0};
	json_t *value;
	int rc = scenario__read(r, node, &field, &value);

	if (rc != 0)
		return rc;
	*out = json_integer_value(value);
	json_decref(value);
	return 0;
}

static int
timeline_key(const struct scn_reader *r, const struct scn_node *node,
    struct scn_event *event)
{
	int64_t number = 0;
	int rc;

	if (strcmp(node->key, "at") == 0)
		return timeline_number(r, node, SCN_DURATION, &event->at);
	if (strcmp(node->key, "every") == 0) {
		rc = timeline_number(r, node, SCN_DURATION, &event->every);
		if (rc == 0 && event->every < EVERY_MIN_MS)
			rc = scenario__fail(r->doc, node, r->err,
			    "must be %d ms or longer", (int)EVERY_MIN_MS);
		return rc;
	}
	if (strcmp(node->key, "jitter") == 0)
		return timeline_number(r, node, SCN_DURATION, &event->jitter);
	if (strcmp(node->key, "first") == 0 ||
	    strcmp(node->key, "times") == 0) {
		rc = timeline_number(r, node, SCN_COUNT, &number);
		if (node->key[0] == 'f')
			event->first = (uint64_t)number;
		else
			event->times = (uint64_t)number;
		return rc;
	}
	return timeline_op(r, node, event);
}

static int
timeline_check(const struct scn_reader *r, const struct scn_node *node,
    const struct sst_scenario *plan, struct scn_event *event)
{
	json_t *rate;

	if (event->op == NULL)
		return scenario__fail(r->doc, node, r->err,
		    "an event needs an operation, such as task.submit");
	rate = json_object_get(event->args, "rate_per_minute");
	if (rate != NULL && event->every == 0) {
		event->every =
		    (int64_t)(60000.0 / json_number_value(rate) + 0.5);
		if (event->jitter == 0)
			event->jitter = event->every / 2;
	}
	if (event->every == 0 && event->op->repeats)
		return scenario__fail(r->doc, node, r->err,
		    "%s needs the key \"every\"", event->op->name);
	if (event->every != 0 && event->jitter >= event->every)
		return scenario__fail(
		    r->doc, node, r->err, "jitter must be shorter than every");
	if (plan->loop != 0 && event->at + event->jitter >= plan->loop)
		return scenario__fail(r->doc, node, r->err,
		    "never happens: a round (loop) is over by then");
	return 0;
}

int
scenario__read_timeline(const struct scn_reader *r, const struct scn_node *node,
    struct sst_scenario *plan)
{
	const struct scn_node *item, *key;
	struct scn_event *event;
	int rc = 0;

	if (node->kind != SCN_SEQ)
		return scenario__fail(
		    r->doc, node, r->err, "expected a sequence of events");
	if (node->count > EVENTS_MAX)
		return scenario__fail(r->doc, node, r->err,
		    "%zu events, at most %d are allowed", node->count,
		    (int)EVENTS_MAX);
	plan->events = calloc(node->count + 1, sizeof(*plan->events));
	if (plan->events == NULL)
		return sst_error_nomem(r->err);
	for (item = node->first; item != NULL && rc == 0; item = item->next) {
		event = &plan->events[plan->count++];
		event->first = 1;
		if (item->kind != SCN_MAP)
			return scenario__fail(r->doc, item, r->err,
			    "expected a mapping: an event");
		for (key = item->first; key != NULL && rc == 0; key = key->next)
			rc = timeline_key(r, key, event);
		if (rc == 0)
			rc = timeline_check(r, item, plan, event);
	}
	return rc;
}
