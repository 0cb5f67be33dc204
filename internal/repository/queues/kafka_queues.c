/* Which queues there are: of what the groups have committed and read. */
#include "repository/queues/kafka_priv.h"

#include <fnmatch.h>
#include <string.h>

#include "base/buf.h"
#include "repository/queues/kafka_assignment.h"

/* When the settings name none. */
static const char *const usual_retries[] = {
    "*.retry", "*-retry", "*.retry.*", "*-retry-*", NULL};
static const char *const usual_dead_letters[] = {"*.dlq", "*-dlq", "*.DLQ",
    "*-DLQ", "*.dlt", "*-dlt", "*.DLT", "*-DLT", NULL};

static bool
queues_match(const struct sst_option_list *patterns, const char *const *usual,
    const char *topic)
{
	size_t i;

	if (patterns->count > 0)
		return kafka__matches(patterns, topic);
	for (i = 0; usual[i] != NULL; i++) {
		if (fnmatch(usual[i], topic, 0) == 0)
			return true;
	}
	return false;
}

static enum kafka_kind
queues_kind(const struct kafka *k, const char *topic)
{
	if (queues_match(&k->s.dead_letter_topics, usual_dead_letters, topic))
		return KAFKA_DEAD;
	return queues_match(&k->s.retry_topics, usual_retries, topic)
		   ? KAFKA_RETRY
		   : KAFKA_PLAIN;
}

/* NULL with SST_OK: not to be shown. */
static int
queues_see(struct kafka_read *read, const char *topic, const char *group,
    struct kafka_queue **out, struct sst_error *err)
{
	const struct rd_kafka_metadata_topic *t = kafka__topic(read, topic);
	struct kafka *k = read->k;

	*out = NULL;
	if (t == NULL || !kafka__topic_wanted(k, topic))
		return SST_OK;
	*out = kafka__store_queue(
	    &k->store, topic, group, (size_t)t->partition_cnt);
	if (*out == NULL)
		return sst_error_nomem(err);
	(*out)->kind = queues_kind(k, topic);
	if (!queue__picked(&k->s.pick, (*out)->name)) {
		(*out)->seen = false;
		*out = NULL;
	}
	return SST_OK;
}

static int
queues_committed(struct kafka_read *read, const struct kafka_group *group,
    struct sst_error *err)
{
	const rd_kafka_topic_partition_list_t *list = group->committed;
	const rd_kafka_topic_partition_t *p;
	struct kafka_queue *q = NULL;
	int i, code = SST_OK;

	for (i = 0; list != NULL && i < list->cnt && code == SST_OK; i++) {
		p = &list->elems[i];
		/* a group that never committed is asked for nothing */
		if (p->err == RD_KAFKA_RESP_ERR_NO_ERROR && p->offset < 0)
			continue;
		if (q == NULL || strcmp(q->topic, p->topic) != 0)
			code = queues_see(read, p->topic, group->name, &q, err);
		if (q == NULL || p->partition < 0 ||
		    (size_t)p->partition >= q->lane_count)
			continue;
		if (p->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			q->lanes[p->partition].committed = p->offset;
		else
			q->lanes[p->partition].error = kafka__code(p->err);
	}
	return code;
}

static int
queues_of_member(struct kafka_read *read, const struct kafka_group *group,
    const struct rd_kafka_group_member_info *member, struct sst_error *err)
{
	struct kafka_assignment assignment;
	struct kafka_queue *q;
	struct queue_text topic;
	char name[256];
	int code = SST_OK;

	kafka__assignment_begin(member->member_assignment,
	    (size_t)member->member_assignment_size, &assignment);
	while (code == SST_OK && kafka__assignment_next(&assignment, &topic)) {
		if (topic.len >= sizeof(name))
			continue;
		memcpy(name, topic.data, topic.len);
		name[topic.len] = '\0';
		code = queues_see(read, name, group->name, &q, err);
	}
	return code;
}

/* Also of a group that never committed. */
static int
queues_assigned(struct kafka_read *read, const struct kafka_group *group,
    struct sst_error *err)
{
	const struct rd_kafka_group_info *info = group->info;
	int i, code = SST_OK;

	if (info == NULL || info->protocol_type == NULL ||
	    strcmp(info->protocol_type, "consumer") != 0)
		return SST_OK;
	for (i = 0; i < info->member_cnt && code == SST_OK; i++)
		code = queues_of_member(read, group, &info->members[i], err);
	return code;
}

/* What it read the last time is what it reads, only not known how far. */
static int
queues_remembered(struct kafka_read *read, const struct kafka_group *group,
    struct sst_error *err)
{
	struct kafka_store *store = &read->k->store;
	struct kafka_queue *q, *seen;
	size_t i, p;
	int code = SST_OK;

	for (i = 0; i < store->count && code == SST_OK; i++) {
		q = store->queues[i];
		if (q->group == NULL || strcmp(q->group, group->name) != 0)
			continue;
		code = queues_see(read, q->topic, group->name, &seen, err);
		for (p = 0; seen != NULL && p < seen->lane_count; p++)
			seen->lanes[p].error = group->error.code;
	}
	return code;
}

/* Topics that count on their own: with dead letters, and those that were asked
 * for and that no group reads. */
static int
queues_of_topics(struct kafka_read *read, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct kafka_queue *q;
	const char *name;
	size_t i;
	int code = SST_OK;

	for (i = 0; i < read->topic_count && code == SST_OK; i++) {
		name = read->topics[i]->topic;
		if (queues_kind(k, name) == KAFKA_DEAD ||
		    (k->s.topics.count > 0 &&
			!kafka__store_reads(&k->store, name)))
			code = queues_see(read, name, NULL, &q, err);
	}
	return code;
}

int
kafka__step_queues(struct kafka_read *read, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct kafka_group *group;
	size_t i;
	int code = SST_OK;

	for (i = 0; i < k->group_count && code == SST_OK; i++) {
		group = &k->groups[i];
		if (group->error.code != SST_OK)
			code = queues_remembered(read, group, err);
		if (code == SST_OK)
			code = queues_committed(read, group, err);
		if (code == SST_OK)
			code = queues_assigned(read, group, err);
	}
	if (code == SST_OK)
		code = queues_of_topics(read, err);
	return code;
}

/* A pattern with one * makes the name of its topic of dead letters. */
static bool
dead_letter_of(const struct kafka_read *read, const char *pattern,
    const char *topic, struct sst_buf *out)
{
	const char *star = strchr(pattern, '*');

	if (star == NULL || strpbrk(star + 1, "*?[\\") != NULL ||
	    strcspn(pattern, "?[\\") < (size_t)(star - pattern))
		return false;
	sst_buf_clear(out);
	sst_buf_add(out, pattern, (size_t)(star - pattern));
	sst_buf_adds(out, topic);
	sst_buf_adds(out, star + 1);
	return !sst_buf_failed(out) && kafka__topic(read, out->data) != NULL;
}

bool
kafka__dead_letter_queue(
    const struct kafka_read *read, const char *topic, struct sst_buf *out)
{
	const struct sst_option_list *own = &read->k->s.dead_letter_topics;
	size_t i;

	for (i = 0; i < own->count; i++) {
		if (dead_letter_of(read, own->items[i], topic, out))
			return true;
	}
	for (i = 0; own->count == 0 && usual_dead_letters[i] != NULL; i++) {
		if (dead_letter_of(read, usual_dead_letters[i], topic, out))
			return true;
	}
	return false;
}
