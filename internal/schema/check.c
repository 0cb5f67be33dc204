/* What is left when all nodes are there: cycles, and chains of references. */
#include <stdlib.h>

#include "schema/compile.h"
#include "schema/text.h"

static int
edges_list(const struct node *const *nodes, size_t count, schema__edge_fn fn,
    void *ctx, bool in_place)
{
	const struct node **slots;
	size_t i;
	int rc = 0;

	/* the arrays are ours to change until compilation is over */
	memcpy(&slots, &nodes, sizeof(slots));
	for (i = 0; rc == 0 && i < count; i++)
		rc = fn(ctx, &slots[i], in_place);
	return rc;
}

static int
edges_object(const struct object_rule *rule, schema__edge_fn fn, void *ctx)
{
	struct property *props;
	struct pattern_property *patterns;
	struct dependency *deps;
	struct object_rule *r;
	size_t i;
	int rc = 0;

	memcpy(&r, &rule, sizeof(r));
	memcpy(&props, &r->props, sizeof(props));
	memcpy(&patterns, &r->patterns, sizeof(patterns));
	memcpy(&deps, &r->deps, sizeof(deps));
	for (i = 0; rc == 0 && i < r->prop_count; i++)
		rc = fn(ctx, &props[i].node, false);
	for (i = 0; rc == 0 && i < r->pattern_count; i++)
		rc = fn(ctx, &patterns[i].node, false);
	for (i = 0; rc == 0 && i < r->dep_count; i++)
		rc = fn(ctx, &deps[i].node, true);
	if (rc == 0)
		rc = fn(ctx, &r->additional, false);
	return rc == 0 ? fn(ctx, &r->names, false) : rc;
}

static int
edges_array(const struct array_rule *rule, schema__edge_fn fn, void *ctx)
{
	struct array_rule *r;
	int rc;

	memcpy(&r, &rule, sizeof(r));
	rc = edges_list(r->prefix, r->prefix_count, fn, ctx, false);
	if (rc == 0)
		rc = fn(ctx, &r->items, false);
	return rc == 0 ? fn(ctx, &r->contains, false) : rc;
}

static int
edges_logic(const struct logic_rule *rule, schema__edge_fn fn, void *ctx)
{
	struct logic_rule *r;
	const struct node **one[6];
	size_t i;
	int rc;

	memcpy(&r, &rule, sizeof(r));
	one[0] = &r->ref;
	one[1] = &r->not ;
	one[2] = &r->if_;
	one[3] = &r->then;
	one[4] = &r->else_;
	one[5] = &r->dynamic;
	rc = edges_list(r->all.nodes, r->all.count, fn, ctx, true);
	if (rc == 0)
		rc = edges_list(r->any.nodes, r->any.count, fn, ctx, true);
	if (rc == 0)
		rc = edges_list(r->one.nodes, r->one.count, fn, ctx, true);
	/* where a true $dynamicRef leads is known at run time only */
	for (i = 0; rc == 0 && i < 6; i++)
		rc = fn(ctx, one[i], i < 5 || r->dynamic_name == NULL);
	return rc;
}

int
schema__node_edges(const struct node *node, schema__edge_fn fn, void *ctx)
{
	struct node *n;
	int rc = 0;

	memcpy(&n, &node, sizeof(n));
	if (n->object != NULL)
		rc = edges_object(n->object, fn, ctx);
	if (rc == 0 && n->array != NULL)
		rc = edges_array(n->array, fn, ctx);
	if (rc == 0 && n->logic != NULL)
		rc = edges_logic(n->logic, fn, ctx);
	if (rc == 0)
		rc = fn(ctx, &n->unevaluated_props, false);
	return rc == 0 ? fn(ctx, &n->unevaluated_items, false) : rc;
}

struct walk {
	struct compile *c;
	int depth;
};

/* Depth first over edges that stay at the same value; mark: 1 on the path from
 * the start, 2 done. */
static int
check_in_place(void *ctx, const struct node **edge, bool in_place)
{
	struct walk *w = ctx;
	struct node *n;
	int rc;

	if (!in_place || *edge == NULL || (*edge)->mark == 2)
		return SST_OK;
	if ((*edge)->mark == 1)
		return schema__fail(w->c->err, SST_INVALID,
		    "%.300s: refers to itself without going into the value, "
		    "so checking it would never end",
		    (*edge)->origin.where[0] == '\0' ? "the root schema"
						     : (*edge)->origin.where);
	if (w->depth >= SST_SCHEMA_DOC_DEPTH * 4)
		return schema__fail(w->c->err, SST_TOO_DEEP,
		    "%.300s: more than %d references and branches inside each "
		    "other",
		    (*edge)->origin.where, w->depth);
	memcpy(&n, edge, sizeof(n));
	n->mark = 1;
	w->depth++;
	rc = schema__node_edges(n, check_in_place, w);
	w->depth--;
	n->mark = 2;
	return rc;
}

/* Lets an edge skip nodes that are a mere $ref. */
static int
check_shorten(void *ctx, const struct node **edge, bool in_place)
{
	const struct sst_schema *schema = ctx;

	(void)in_place;
	while (
	    *edge != NULL && (*edge)->plain_ref &&
	    (!schema->dynamic || (*edge)->scope == (*edge)->logic->ref->scope))
		*edge = (*edge)->logic->ref;
	return SST_OK;
}

int
schema__compile_check(struct compile *c)
{
	struct walk w = {.c = c};
	const struct node *n;
	struct task *t;
	int rc;

	for (t = c->first; t != NULL; t = t->next) {
		n = t->node;
		rc = check_in_place(&w, &n, true);
		if (rc != SST_OK)
			return rc;
	}
	for (t = c->first; t != NULL; t = t->next)
		schema__node_edges(t->node, check_shorten, c->schema);
	return check_shorten(c->schema, &c->schema->root, true);
}
