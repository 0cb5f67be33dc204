/*
 * Tasks that left one place and are in another. A task is known by its id; one
 * that left exactly one place and came to exactly one has moved.
 */
#include <stdlib.h>
#include <string.h>

#include "service/diff_priv.h"

static int
moves_note(struct diff_build *b, const struct diff_occurrence *task)
{
	struct diff_occurrence *list =
	    diff__grow(b->tasks, b->task_count, &b->task_cap, sizeof(*list));

	if (list == NULL)
		return sst_error_nomem(b->err);
	b->tasks = list;
	list[b->task_count] = *task;
	list[b->task_count].row = (uint32_t)b->diff->row_count;
	list[b->task_count++].origin = FIELDS_NONE;
	return SST_OK;
}

int
diff__occur_child(
    struct diff_build *b, const struct diff_place *place, bool came)
{
	const struct diff_occurrence task = {
	    .id = sst_hash_bytes(
		sst_entity_key(place->child), place->child->key_len),
	    .came = came,
	    .is_row = true,
	    .field = FIELDS_NONE,
	    .place = *place,
	};

	return moves_note(b, &task);
}

int
diff__occur_active(struct diff_build *b, const struct diff_place *place,
    const struct fields_item *item, uint32_t field, bool came)
{
	struct diff_occurrence task = {
	    .came = came, .field = field, .place = *place};

	/* as it is, like the key of a task in a queue */
	sst_buf_clear(&b->text);
	fields__text(item->id[0], &b->text);
	if (sst_buf_failed(&b->text))
		return sst_error_nomem(b->err);
	task.id = sst_hash_bytes(
	    b->text.data == NULL ? "" : b->text.data, b->text.len);
	task.place.active = item->value;
	return moves_note(b, &task);
}

static int
moves_agent(struct diff_build *b, const struct diff_place *place, bool came)
{
	struct fields_span list = fields__of(place->entity);
	struct diff_place at = *place;
	struct fields_list items;
	int rc;

	list = fields__find(list, DIFF_ACTIVITY);
	if (list.at == NULL || *list.at != '{')
		return SST_OK;
	list = fields__find(list, DIFF_ACTIVE);
	if (list.at == NULL || *list.at != '[' || b->diff->active == NULL)
		return SST_OK;
	rc = fields__list_init(&items, b->diff->active, list, b->err);
	if (rc != SST_OK)
		return rc;
	for (at.item = 0; rc == SST_OK && at.item < items.count; at.item++)
		rc = diff__occur_active(
		    b, &at, &items.items[at.item], FIELDS_NONE, came);
	fields__list_fini(&items);
	return rc;
}

int
diff__occur_all(struct diff_build *b, const struct diff_place *place, bool came)
{
	struct diff_occurrence task = {
	    .came = came, .field = FIELDS_NONE, .place = *place};
	const struct sst_entity *child;
	uint32_t i;
	int rc = SST_OK;

	if (place->section == SST_SECTION_AGENTS)
		return moves_agent(b, place, came);
	if (place->section != SST_SECTION_QUEUES)
		return SST_OK;
	for (i = 0; rc == SST_OK && i < place->entity->child_count; i++) {
		child = place->entity->children[i];
		task.place.item = i;
		task.place.child = child;
		task.id = sst_hash_bytes(sst_entity_key(child), child->key_len);
		rc = moves_note(b, &task);
	}
	return rc;
}

/* All that is known about one id. */
struct moves_id {
	struct sst_hash id;
	uint32_t left; /* index of the first that left, or came, plus one */
	uint32_t came;
	bool many; /* more than one of a kind */
};

struct moves_table {
	struct moves_id *slots;
	size_t mask;
};

static struct moves_id *
moves_slot(const struct moves_table *t, struct sst_hash id)
{
	size_t i = id.low & t->mask;
	struct moves_id *slot;

	for (;; i = (i + 1) & t->mask) {
		slot = &t->slots[i];
		if ((slot->left == 0 && slot->came == 0) ||
		    sst_hash_equal(slot->id, id))
			return slot;
	}
}

static void
moves_fill(const struct diff_build *b, const struct moves_table *t)
{
	const struct diff_occurrence *task;
	struct moves_id *slot;
	uint32_t *side, i;

	for (i = 0; i < b->task_count; i++) {
		task = &b->tasks[i];
		slot = moves_slot(t, task->id);
		side = task->came ? &slot->came : &slot->left;
		slot->id = task->id;
		slot->many = slot->many || *side != 0;
		*side = i + 1;
	}
}

static struct fields_span
moves_json(const struct diff_place *place)
{
	return place->child == NULL ? place->active : fields__of(place->child);
}

/* Numbers like 17 are ids in many a system: from queue to queue a task is
 * known by the time of its submission too. */
static bool
moves_plausible(const struct diff_place *from, const struct diff_place *to)
{
	struct fields_span x, y;

	if (from->child == NULL || to->child == NULL)
		return true;
	x = fields__find(moves_json(from), "submitted_at");
	y = fields__find(moves_json(to), "submitted_at");
	return x.at != NULL && *x.at == '"' && fields__same(x, y);
}

static void
moves_consume(struct diff_build *b, const struct diff_occurrence *task)
{
	struct diff_row *row;
	uint32_t i;

	if (task->is_row) {
		b->diff->rows[task->row].dropped = true;
		return;
	}
	if (task->field == FIELDS_NONE)
		return; /* of an entity that came or left whole */
	b->diff->fields[task->field].dropped = true;
	row = &b->diff->rows[task->row];
	for (i = 0; i < row->field_count; i++) {
		if (!b->diff->fields[row->field + i].dropped)
			return;
	}
	row->dropped = true;
}

/* Finds the moves; returns how many. */
static size_t
moves_pair(struct diff_build *b, const struct moves_table *t)
{
	struct diff_occurrence *came;
	const struct moves_id *id;
	size_t i, n = 0;

	for (i = 0; i < b->task_count; i++) {
		came = &b->tasks[i];
		if (!came->came)
			continue;
		id = moves_slot(t, came->id);
		if (id->many || id->left == 0 ||
		    !moves_plausible(
			&b->tasks[id->left - 1].place, &came->place))
			continue;
		came->origin = id->left - 1;
		moves_consume(b, came);
		moves_consume(b, &b->tasks[came->origin]);
		n++;
	}
	return n;
}

static int
moves_row(struct diff_build *b, const struct diff_occurrence *came,
    struct diff_row *out)
{
	const struct diff_place *from = &b->tasks[came->origin].place;
	struct sst_diff *d = b->diff;
	size_t field = d->field_count;
	struct fields_span x = moves_json(from), y = moves_json(&came->place);
	int rc;

	if ((from->child == NULL) == (came->place.child == NULL))
		rc = diff__fields(b,
		    from->child == NULL ? d->active
					: d->children[from->section]->shape,
		    x, y);
	else
		rc = diff__fields_common(b, d->active, x, y);
	*out = (struct diff_row){
	    .op = SST_DIFF_MOVED,
	    .from = *from,
	    .to = came->place,
	    .field = (uint32_t)field,
	    .field_count = (uint32_t)(d->field_count - field),
	};
	return rc;
}

/* Leaves out what moves tell, and puts each where the task is now. */
static int
moves_rebuild(struct diff_build *b, size_t moves)
{
	struct sst_diff *d = b->diff;
	struct diff_row *rows = malloc((d->row_count + moves) * sizeof(*rows));
	size_t i, task = 0, n = 0;
	int rc = SST_OK;

	if (rows == NULL)
		return sst_error_nomem(b->err);
	for (i = 0; rc == SST_OK && i < d->row_count; i++) {
		if (!d->rows[i].dropped)
			rows[n++] = d->rows[i];
		for (; rc == SST_OK && task < b->task_count &&
		       b->tasks[task].row <= i;
		     task++) {
			if (b->tasks[task].origin != FIELDS_NONE)
				rc = moves_row(b, &b->tasks[task], &rows[n++]);
		}
	}
	if (rc != SST_OK) {
		free(rows);
		return rc;
	}
	free(d->rows);
	d->rows = rows;
	d->row_cap = d->row_count + moves;
	d->row_count = n;
	return SST_OK;
}

int
diff__moves(struct diff_build *b)
{
	struct moves_table t = {NULL, 15};
	size_t moves;

	if (b->task_count < 2)
		return SST_OK;
	while (t.mask < b->task_count * 2)
		t.mask = t.mask * 2 + 1;
	t.slots = calloc(t.mask + 1, sizeof(*t.slots));
	if (t.slots == NULL)
		return sst_error_nomem(b->err);
	moves_fill(b, &t);
	moves = moves_pair(b, &t);
	free(t.slots);
	return moves == 0 ? SST_OK : moves_rebuild(b, moves);
}
