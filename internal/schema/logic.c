/* References and the boolean keywords of the fast program. */
#include "schema/exec.h"

const struct node *
schema__dynamic_target(const struct run *run, const struct logic_rule *logic)
{
	const struct node *found = logic->dynamic;
	const struct dynamic_target *t;
	const struct scope *s;

	if (logic->dynamic_name == NULL)
		return found;
	/* the outermost resource that has the anchor wins */
	for (s = run->scope; s != NULL; s = s->up) {
		for (t = s->info->targets; t != NULL; t = t->next) {
			if (strcmp(t->name, logic->dynamic_name) == 0)
				found = t->node;
		}
	}
	return found;
}

bool
schema__branch_allowed(struct run *run)
{
	if (run->fault != FAULT_NONE)
		return false;
	if (++run->branches <= RUN_BRANCHES)
		return true;
	run->fault = FAULT_BRANCHES;
	return false;
}

/* A branch whose failure is no failure of the whole: what it evaluated counts
 * only if it held. */
static bool
branch_try(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	struct marks own;
	bool ok;

	if (!schema__branch_allowed(run))
		return false;
	if (marks == NULL)
		return schema__eval(run, n, value, NULL);
	if (!schema__marks_init(&own, marks->words * 64 - 1)) {
		run->fault = FAULT_MEMORY;
		return false;
	}
	ok = schema__eval(run, n, value, &own);
	if (ok)
		schema__marks_or(marks, &own);
	schema__marks_fini(&own);
	return ok;
}

static bool
logic_any_ok(struct run *run, const struct node_list *list, const json_t *value,
    struct marks *marks)
{
	bool ok = false;
	size_t i;

	/* with marks all branches count, else the first that holds is enough */
	for (i = 0; i < list->count && (!ok || marks != NULL); i++)
		ok |= branch_try(run, list->nodes[i], value, marks);
	return ok || list->count == 0;
}

static bool
logic_one_ok(struct run *run, const struct node_list *list, const json_t *value,
    struct marks *marks)
{
	size_t i, found = 0;

	for (i = 0; i < list->count && found < 2; i++)
		found += branch_try(run, list->nodes[i], value, marks);
	return found == 1 || list->count == 0;
}

static bool
logic_if_ok(struct run *run, const struct logic_rule *l, const json_t *value,
    struct marks *marks)
{
	const struct node *next;

	if (l->then == NULL && l->else_ == NULL && marks == NULL)
		return true;
	next = branch_try(run, l->if_, value, marks) ? l->then : l->else_;
	if (run->fault != FAULT_NONE)
		return false;
	return next == NULL || schema__eval(run, next, value, marks);
}

bool
schema__logic_ok(struct run *run, const struct logic_rule *l,
    const json_t *value, struct marks *marks)
{
	size_t i;

	if (!schema__branch_allowed(run))
		return false;
	if (l->ref != NULL && !schema__eval(run, l->ref, value, marks))
		return false;
	if (l->dynamic != NULL &&
	    !schema__eval(run, schema__dynamic_target(run, l), value, marks))
		return false;
	for (i = 0; i < l->all.count; i++) {
		if (!schema__eval(run, l->all.nodes[i], value, marks))
			return false;
	}
	if (!logic_any_ok(run, &l->any, value, marks) ||
	    !logic_one_ok(run, &l->one, value, marks))
		return false;
	if (l->not != NULL && branch_try(run, l->not, value, NULL))
		return false;
	if (run->fault != FAULT_NONE)
		return false;
	return l->if_ == NULL || logic_if_ok(run, l, value, marks);
}
