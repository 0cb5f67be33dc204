/*
 * Which pod a process is part of. Parents are what they were when each process
 * was looked at, one after the other, so they may contradict each other: a
 * parent that began after its child is another process of that number, and a
 * circle ends where it began.
 */
#include "repository/workload/process_priv.h"

static uint32_t
tree_find(const struct process_look *look, int32_t pid)
{
	size_t low = 0, high = look->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (look->items[mid].pid == pid)
			return (uint32_t)mid;
		if (look->items[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return PROCESS_NONE;
}

static uint32_t
tree_parent(const struct process_look *look, const struct process_entry *e)
{
	uint32_t parent = e->ppid > 0 ? tree_find(look, e->ppid) : PROCESS_NONE;

	if (parent != PROCESS_NONE && look->items[parent].start > e->start)
		return PROCESS_NONE;
	return parent;
}

/* With the parent decided. */
static void
tree_join(const struct process_rules *rules, struct process_look *look,
    uint32_t at, const struct process_entry *parent)
{
	struct process_entry *e = &look->items[at];
	int group = parent == NULL ? -1 : parent->group;
	enum process_children children =
	    group < 0 ? PROCESS_IGNORE : rules->items[group].children;

	/* another rule's, or nothing of it is inherited */
	if (e->rule >= 0 && (e->rule != group || children != PROCESS_SUM)) {
		e->group = e->rule;
		e->head = at;
	} else if (group >= 0 && children != PROCESS_IGNORE) {
		e->group = group;
		e->head = children == PROCESS_SUM ? parent->head : at;
	}
}

/* In place of a group. */
enum { TREE_UNDECIDED = -2, TREE_ON_WAY = -3 };

/* Goes up to an ancestor that is decided, leaving in each head the way back
 * down, and decides on that way. */
static void
tree_decide(const struct process_rules *rules, struct process_look *look,
    uint32_t at)
{
	uint32_t child = PROCESS_NONE, up = at, back;
	const struct process_entry *parent = NULL;

	while (up != PROCESS_NONE &&
	    look->items[up].group == TREE_UNDECIDED) {
		look->items[up].group = TREE_ON_WAY;
		look->items[up].head = child;
		child = up;
		up = tree_parent(look, &look->items[up]);
	}
	if (up != PROCESS_NONE && look->items[up].group != TREE_ON_WAY)
		parent = &look->items[up];
	while (child != PROCESS_NONE) {
		back = look->items[child].head;
		look->items[child].group = -1;
		look->items[child].head = PROCESS_NONE;
		tree_join(rules, look, child, parent);
		parent = &look->items[child];
		child = back;
	}
}

void
process__group(const struct process_rules *rules, struct process_look *look)
{
	size_t i;

	for (i = 0; i < look->count; i++)
		look->items[i].group = TREE_UNDECIDED;
	for (i = 0; i < look->count; i++) {
		if (look->items[i].group == TREE_UNDECIDED)
			tree_decide(rules, look, (uint32_t)i);
	}
}
