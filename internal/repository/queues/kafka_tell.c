/* What was read, as entities and as the state of the cluster. */
#include "repository/queues/kafka_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "repository/queues/kafka_assignment.h"
#include "repository/queues/row.h"

/* A queue in the making. */
struct tell {
	const struct kafka *k;
	struct kafka_queue *q;
	struct queue_build build;
};

/* Text of a task, made for the time it is added. */
struct tell_task {
	struct queue_task task;
	struct queue_blocker blockers[KAFKA_BLOCKERS_MAX];
	char id[320];
};

static const struct {
	const char *name;
	enum sst_code ignored; /* does not degrade the source */
} tell_parts[KAFKA_PART_COUNT] = {
    [KAFKA_PART_GROUPS] = {"groups", SST_UNSUPPORTED},
    [KAFKA_PART_CONSUMERS] = {"consumers", SST_UNSUPPORTED},
    [KAFKA_PART_OFFSETS] = {"committed offsets", SST_OK},
    [KAFKA_PART_ENDS] = {"ends of partitions", SST_OK},
    [KAFKA_PART_RECORDS] = {"records", SST_OK},
};

static struct queue_text
tell_text(const struct kafka_bytes *bytes)
{
	return (struct queue_text){bytes->data, bytes->len};
}

/*
 * A member counts once, however many partitions of the topic it has. While it
 * is settled who gets what, nobody knows; and a group of a protocol that this
 * question is not for is called dead.
 */
int64_t
kafka__consumers(const struct kafka_group *group, const char *topic)
{
	const struct rd_kafka_group_info *info =
	    group != NULL ? group->info : NULL;
	int64_t count = 0;
	int i;

	if (info == NULL || info->state == NULL)
		return QUEUE_UNKNOWN;
	if (strcmp(info->state, "Empty") == 0)
		return 0;
	if (strcmp(info->state, "Stable") != 0 || info->protocol_type == NULL ||
	    strcmp(info->protocol_type, "consumer") != 0)
		return QUEUE_UNKNOWN;
	for (i = 0; i < info->member_cnt; i++)
		count +=
		    kafka__assignment_has(info->members[i].member_assignment,
			(size_t)info->members[i].member_assignment_size, topic);
	return count;
}

static const char *
tell_state(const struct kafka_group *group)
{
	if (group == NULL || group->info == NULL ||
	    group->info->state == NULL ||
	    strcmp(group->info->state, "Dead") == 0)
		return NULL;
	return group->info->state;
}

static enum queue_status
tell_status(enum kafka_kind kind)
{
	switch (kind) {
	case KAFKA_RETRY:
		return QUEUE_RETRYING;
	case KAFKA_DEAD:
		return QUEUE_DEAD;
	default:
		return QUEUE_QUEUED;
	}
}

static int
record_compare(const void *a, const void *b)
{
	const struct kafka_record *x = *(const struct kafka_record *const *)a;
	const struct kafka_record *y = *(const struct kafka_record *const *)b;
	size_t len = x->id.len < y->id.len ? x->id.len : y->id.len;
	int c = len > 0 ? memcmp(x->id.data, y->id.data, len) : 0;

	if (c == 0 && x->id.len != y->id.len)
		c = x->id.len < y->id.len ? -1 : 1;
	/* the order of the records, so that the first one keeps the id */
	return c != 0 ? c : (x->rank > y->rank) - (x->rank < y->rank);
}

/* Headers may repeat an id; then only the first one is known by it. */
static int
tell_twins(struct kafka_queue *q, struct sst_error *err)
{
	struct kafka_record **all;
	size_t i, r, count = 0;

	for (i = 0; i < q->lane_count; i++)
		count += q->lanes[i].count;
	all = calloc(count + 1, sizeof(struct kafka_record *));
	if (all == NULL)
		return sst_error_nomem(err);
	for (i = 0, count = 0; i < q->lane_count; i++) {
		for (r = 0; r < q->lanes[i].count; r++) {
			all[count] = &q->lanes[i].records[r];
			all[count]->rank = count;
			count++;
		}
	}
	qsort(all, count, sizeof(struct kafka_record *), record_compare);
	for (i = 0; i < count; i++)
		all[i]->twin = i > 0 && all[i]->id.len > 0 &&
			       all[i]->id.len == all[i - 1]->id.len &&
			       memcmp(all[i]->id.data, all[i - 1]->id.data,
				   all[i]->id.len) == 0;
	free(all);
	return SST_OK;
}

static int
tell_task(struct tell *tell, const struct kafka_lane *lane, size_t record,
    struct sst_error *err)
{
	const struct kafka_record *r = &lane->records[record];
	const struct kafka_queue *q = tell->q;
	struct tell_task t = {.task = QUEUE_TASK_INIT};
	size_t i;

	snprintf(t.id, sizeof(t.id), "%s/%d/%lld", q->topic,
	    (int)lane->partition, (long long)r->offset);
	t.task.id = r->id.data != NULL && !r->twin ? tell_text(&r->id)
						   : queue__text(t.id);
	t.task.type = tell_text(&r->type);
	t.task.status = tell_status(q->kind);
	t.task.priority = kafka__priority(&r->priority, &tell->k->rules);
	if (r->at_ms >= 0)
		t.task.submitted_at.ms = r->at_ms;
	/* partitions are read side by side: only one has an order */
	if (q->lane_count == 1)
		t.task.position = (int64_t)record;
	for (i = 0; i < r->blocker_count; i++)
		t.blockers[i] =
		    (struct queue_blocker){.id = tell_text(&r->blockers[i]),
			.status = QUEUE_STATUS_UNKNOWN};
	t.task.blockers = t.blockers;
	t.task.blocker_count = r->blocker_count;
	return queue__add_task(&tell->build, &t.task, err);
}

static int
tell_tasks(struct tell *tell, struct sst_error *err)
{
	const struct kafka_lane *lane;
	size_t i, r;
	int code = SST_OK;

	if (tell->k->s.id_header != NULL)
		code = tell_twins(tell->q, err);
	for (i = 0; i < tell->q->lane_count && code == SST_OK; i++) {
		lane = &tell->q->lanes[i];
		for (r = 0; r < lane->count && r < lane->show && code == SST_OK;
		     r++)
			code = tell_task(tell, lane, r, err);
	}
	return code;
}

static void
tell_depth(const struct kafka_queue *q, int64_t lag, struct queue_depth *out)
{
	out->total = lag;
	out->ready = q->kind == KAFKA_DEAD && lag >= 0 ? 0 : lag;
	if (q->kind == KAFKA_DEAD)
		out->dead = lag;
}

static const char *const tell_types[] = {
    [KAFKA_PLAIN] = "topic",
    [KAFKA_RETRY] = "retry topic",
    [KAFKA_DEAD] = "dead letter topic",
};

static int
tell_build(struct kafka_read *read, struct kafka_queue *q,
    const struct queue_row *row, struct sst_error *err)
{
	struct tell tell = {.k = read->k, .q = q};
	int code = queue__begin(read->out, row, &tell.build, err);

	if (code != SST_OK)
		return code;
	code = tell_tasks(&tell, err);
	if (code == SST_OK)
		return queue__finish(&tell.build, err);
	queue__drop(&tell.build);
	return code;
}

/* A list of tasks of which none could be had is not an empty one. */
static enum queue_detail
tell_detail(const struct kafka *k, const struct kafka_queue *q, int64_t lag)
{
	size_t i;

	if (k->s.max_tasks == 0)
		return QUEUE_COUNTS_ONLY;
	if (lag == 0)
		return QUEUE_WINDOW;
	for (i = 0; i < q->lane_count; i++) {
		if (q->lanes[i].count > 0 && q->lanes[i].show > 0)
			return QUEUE_WINDOW;
	}
	return QUEUE_UNAVAILABLE;
}

/* All that the entity is made of: equal, and so is the entity. */
static uint64_t
tell_print(const struct kafka_queue *q, const struct queue_row *row)
{
	const int64_t whole[] = {row->depth.total, row->consumers,
	    row->oldest_submitted_at.ms, (int64_t)row->detail, (int64_t)q->kind,
	    (int64_t)q->lane_count};
	uint64_t print = XXH64(whole, sizeof(whole), 1);
	const struct kafka_lane *lane;
	int64_t part[4];
	size_t i;

	if (row->state.data != NULL)
		print = XXH64(row->state.data, row->state.len, print);
	if (row->dead_letter_queue.data != NULL)
		print = XXH64(row->dead_letter_queue.data,
		    row->dead_letter_queue.len, print);
	for (i = 0; i < q->lane_count; i++) {
		lane = &q->lanes[i];
		part[0] = lane->from;
		part[1] = lane->next;
		part[2] = (int64_t)lane->count;
		part[3] = (int64_t)lane->show;
		print = XXH64(part, sizeof(part), print);
	}
	return print != 0 ? print : 1;
}

static int
tell_add(struct kafka_read *read, struct kafka_queue *q,
    const struct queue_row *row, struct sst_error *err)
{
	const char *parts[] = {row->system, q->name};
	struct sst_error none;
	int code;

	q->telling = tell_print(q, row);
	if (q->telling == q->told) {
		code = sst_draft_keep(read->out, parts, 2, &none);
		if (code != SST_OK && code != SST_NOT_FOUND)
			*err = none;
		if (code != SST_NOT_FOUND)
			return code;
	}
	return tell_build(read, q, row, err);
}

static int
tell_queue(struct kafka_read *read, struct kafka_queue *q,
    struct sst_buf *letters, struct sst_error *err)
{
	struct kafka *k = read->k;
	const struct kafka_group *group =
	    q->group != NULL ? kafka__group(k, q->group) : NULL;
	struct queue_row row = QUEUE_ROW_INIT;
	int64_t lost, lag = kafka__queue_lag(q, &lost), ms;

	row.name = queue__text(q->name);
	row.system = k->s.pick.system;
	row.type = queue__text(tell_types[q->kind]);
	row.state = queue__text(tell_state(group));
	row.consumers = kafka__consumers(group, q->topic);
	tell_depth(q, lag, &row.depth);
	if (q->kind != KAFKA_DEAD &&
	    kafka__dead_letter_queue(read, q->topic, letters))
		row.dead_letter_queue =
		    (struct queue_text){letters->data, letters->len};
	if (sst_buf_failed(letters))
		return sst_error_nomem(err);
	if (kafka__queue_oldest(q, &ms))
		row.oldest_submitted_at.ms = ms;
	row.detail = tell_detail(k, q, lag);
	return tell_add(read, q, &row, err);
}

static bool
tell_put_part(
    json_t *parts, const char *name, const char *state, const char *reason)
{
	json_t *part = json_pack(
	    "{s:s, s:s, s:s?}", "name", name, "state", state, "reason", reason);

	return json_array_append_new(parts, part) == 0;
}

static const char *
tell_part_state(int code)
{
	switch (code) {
	case SST_OK:
		return "ok";
	case SST_UNSUPPORTED:
		return "unsupported";
	case SST_FORBIDDEN:
		return "forbidden";
	default:
		return "failing";
	}
}

/* Messages that retention deleted before they were read are told here. */
static bool
tell_lost(json_t *parts, const struct kafka_queue *q, bool *any)
{
	int64_t lost;
	char reason[160];

	kafka__queue_lag(q, &lost);
	if (lost == 0 || json_array_size(parts) >= KAFKA_ROWS_MAX)
		return true;
	*any = true;
	snprintf(reason, sizeof(reason),
	    "%lld offsets were deleted (retention) before the group read "
	    "them",
	    (long long)lost);
	return tell_put_part(parts, q->name, "failing", reason);
}

static bool
tell_parts_into(const struct kafka_read *read, json_t *parts, bool *well)
{
	const struct kafka_store *store = &read->k->store;
	const struct sst_error *e;
	bool lost = false, ok = true;
	size_t i;

	for (i = 0; i < KAFKA_PART_COUNT && ok; i++) {
		e = &read->parts[i];
		if (!read->asked[i])
			continue;
		ok = tell_put_part(parts, tell_parts[i].name,
		    tell_part_state(e->code),
		    e->code != SST_OK ? e->text : NULL);
		if (e->code != SST_OK && e->code != tell_parts[i].ignored)
			*well = false;
	}
	for (i = 0; i < store->count && ok; i++) {
		if (store->queues[i]->seen)
			ok = tell_lost(parts, store->queues[i], &lost);
	}
	*well = *well && !lost;
	return ok;
}

static bool
tell_node(json_t *nodes, const struct kafka_node *node, bool *well)
{
	char name[16], reason[SST_ERROR_TEXT + 200];
	bool ok = node->error.code == SST_OK;
	json_t *json;

	snprintf(name, sizeof(name), "%d", (int)node->id);
	snprintf(reason, sizeof(reason), "%s%s%s", node->host,
	    node->host[0] != '\0' ? ": " : "", node->error.text);
	*well = *well && ok;
	json = json_pack("{s:s, s:s, s:s?}", "name", name, "status",
	    ok ? "ok" : "down", "reason", ok ? NULL : reason);
	return json_array_append_new(nodes, json) == 0;
}

static int
tell_upstream(struct kafka_read *read, struct sst_error *err)
{
	json_t *parts = json_array(), *nodes = json_array(), *upstream = NULL;
	bool well = true, ok = parts != NULL && nodes != NULL;
	size_t i;

	ok = ok && tell_parts_into(read, parts, &well);
	for (i = 0; i < read->node_count && ok; i++)
		ok = tell_node(nodes, &read->nodes[i], &well);
	if (ok)
		upstream = json_pack("{s:s, s:n, s:O, s:O}", "status",
		    well ? "ok" : "degraded", "version", "parts", parts,
		    "nodes", nodes);
	json_decref(parts);
	json_decref(nodes);
	if (upstream == NULL)
		return sst_error_nomem(err);
	return sst_draft_upstream(read->out, upstream, err);
}

static void
tell_flaws(struct kafka_read *read)
{
	const struct sst_error *e;
	size_t i;

	for (i = 0; i < KAFKA_PART_COUNT; i++) {
		e = &read->parts[i];
		if (e->code != SST_OK && e->code != tell_parts[i].ignored)
			sst_draft_degrade(read->out, e->code, "%s", e->text);
	}
}

int
kafka__step_tell(struct kafka_read *read, struct sst_error *err)
{
	struct kafka_store *store = &read->k->store;
	struct sst_buf letters = SST_BUF_INIT;
	size_t i;
	int code = SST_OK;

	for (i = 0; i < store->count && code == SST_OK; i++) {
		if (store->queues[i]->seen)
			code =
			    tell_queue(read, store->queues[i], &letters, err);
	}
	sst_buf_fini(&letters);
	/* the bound is reported already; what fits is the result */
	if (code == SST_LIMIT)
		code = SST_OK;
	if (code != SST_OK)
		return code;
	tell_flaws(read);
	return tell_upstream(read, err);
}
