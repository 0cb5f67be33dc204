/* How far the groups have read, and who reads for them. */
#include "repository/queues/kafka_priv.h"

#include <stdlib.h>
#include <string.h>

/* One question for all; the library makes one of each. */
static int
offsets_describe(struct kafka_read *read, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct kafka_client *client = k->census;
	rd_kafka_AdminOptions_t *options;
	const char **names;
	size_t i;

	if (!k->s.consumers || k->group_count == 0)
		return SST_OK;
	read->asked[KAFKA_PART_CONSUMERS] = true;
	/* who does not list groups does not describe them either, and must not
	 * be waited for */
	if (read->parts[KAFKA_PART_GROUPS].code == SST_UNSUPPORTED) {
		read->parts[KAFKA_PART_CONSUMERS] =
		    read->parts[KAFKA_PART_GROUPS];
		return SST_OK;
	}
	names = calloc(k->group_count, sizeof(const char *));
	if (names == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < k->group_count; i++)
		names[i] = k->groups[i].name;
	read->describe = kafka__ask(client,
	    RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
	    kafka__left(read, kafka__by(read, KAFKA_BY_COMMITTED)), &options);
	if (read->describe != NULL) {
		rd_kafka_DescribeConsumerGroups(client->rk, names,
		    k->group_count, options, client->background);
		rd_kafka_AdminOptions_destroy(options);
	}
	free(names);
	return read->describe != NULL ? SST_OK : sst_error_nomem(err);
}

/* Brokers that cannot list groups do not list what one committed either: they
 * are asked partition by partition. */
static rd_kafka_topic_partition_list_t *
offsets_everywhere(const struct kafka_read *read)
{
	rd_kafka_topic_partition_list_t *list;
	const struct rd_kafka_metadata_topic *topic;
	size_t i;
	int p;

	if (read->parts[KAFKA_PART_GROUPS].code != SST_UNSUPPORTED)
		return NULL;
	list = rd_kafka_topic_partition_list_new(64);
	for (i = 0; i < read->topic_count; i++) {
		topic = read->topics[i];
		for (p = 0; kafka__topic_wanted(read->k, topic->topic) &&
			    p < topic->partition_cnt;
		     p++)
			rd_kafka_topic_partition_list_add(
			    list, topic->topic, topic->partitions[p].id);
	}
	return list;
}

static int
offsets_of_group(struct kafka_read *read, struct kafka_group *group,
    const rd_kafka_topic_partition_list_t *where, struct sst_error *err)
{
	struct kafka_client *client = read->k->data;
	rd_kafka_ListConsumerGroupOffsets_t *what =
	    rd_kafka_ListConsumerGroupOffsets_new(group->name, where);
	int left = kafka__left(read, kafka__by(read, KAFKA_BY_COMMITTED));
	rd_kafka_AdminOptions_t *options;

	if (group->late && left > KAFKA_LATE_MS)
		left = KAFKA_LATE_MS;
	sst_error_clear(&group->error);
	group->call = kafka__ask(
	    client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, left, &options);
	if (group->call != NULL) {
		rd_kafka_ListConsumerGroupOffsets(
		    client->rk, &what, 1, options, client->background);
		rd_kafka_AdminOptions_destroy(options);
	}
	rd_kafka_ListConsumerGroupOffsets_destroy(what);
	return group->call != NULL ? SST_OK : sst_error_nomem(err);
}

static void
offsets_failed(struct kafka_read *read, struct kafka_group *group,
    const struct sst_error *why)
{
	struct sst_error whole = *why;

	sst_error_prefix(
	    &whole, "committed offsets of group %.200s", group->name);
	group->error = whole;
	kafka__flaw(read, KAFKA_PART_OFFSETS, &whole);
}

static void
offsets_take(struct kafka_read *read, struct kafka_group *group)
{
	const rd_kafka_group_result_t **results;
	struct sst_error why = {0};
	const rd_kafka_error_t *error = NULL;
	size_t count = 0;

	if (group->call->error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		sst_error_set(&why, kafka__code(group->call->error), "%s",
		    rd_kafka_err2str(group->call->error));
		group->late = why.code == SST_TIMEOUT;
		offsets_failed(read, group, &why);
		return;
	}
	group->late = false;
	results = rd_kafka_ListConsumerGroupOffsets_result_groups(
	    rd_kafka_event_ListConsumerGroupOffsets_result(group->call->event),
	    &count);
	if (count > 0)
		error = rd_kafka_group_result_error(results[0]);
	if (error != NULL) {
		sst_error_set(&why, kafka__code(rd_kafka_error_code(error)),
		    "%s", rd_kafka_err2str(rd_kafka_error_code(error)));
		offsets_failed(read, group, &why);
		return;
	}
	if (count > 0)
		group->committed = rd_kafka_group_result_partitions(results[0]);
}

static void
describe_take(struct kafka_read *read)
{
	const rd_kafka_ConsumerGroupDescription_t **found;
	struct kafka_group *group;
	struct sst_error why;
	const rd_kafka_error_t *error;
	size_t count = 0, i;

	if (read->describe->error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		kafka__error(
		    read->describe->error, "members of the groups", &why);
		kafka__flaw(read, KAFKA_PART_CONSUMERS, &why);
		return;
	}
	found = rd_kafka_DescribeConsumerGroups_result_groups(
	    rd_kafka_event_DescribeConsumerGroups_result(read->describe->event),
	    &count);
	for (i = 0; i < count; i++) {
		group = kafka__group(read->k,
		    rd_kafka_ConsumerGroupDescription_group_id(found[i]));
		error = rd_kafka_ConsumerGroupDescription_error(found[i]);
		if (error != NULL) {
			kafka__error(rd_kafka_error_code(error),
			    "members of a group", &why);
			kafka__flaw(read, KAFKA_PART_CONSUMERS, &why);
		} else if (group != NULL) {
			group->description = found[i];
		}
	}
}

static int
describe_wait(struct kafka_read *read, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct sst_error why;
	int code;

	if (read->describe == NULL)
		return SST_OK;
	code = kafka__await(&k->hub, read->describe, k->census, k->clock,
	    kafka__by(read, KAFKA_BY_COMMITTED));
	if (code == SST_CANCELED)
		return sst_error_set(err, code, "interrupted");
	if (code == SST_OK) {
		describe_take(read);
		return SST_OK;
	}
	sst_error_set(
	    &why, SST_TIMEOUT, "members of the groups: no answer in time");
	kafka__flaw(read, KAFKA_PART_CONSUMERS, &why);
	return SST_OK;
}

static int
offsets_wait(
    struct kafka_read *read, struct kafka_group *group, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct sst_error why;
	int code;

	code = kafka__await(&k->hub, group->call, k->data, k->clock,
	    kafka__by(read, KAFKA_BY_COMMITTED));
	if (code == SST_CANCELED)
		return sst_error_set(err, code, "interrupted");
	if (code == SST_OK) {
		offsets_take(read, group);
		return SST_OK;
	}
	group->late = true;
	sst_error_set(&why, SST_TIMEOUT, "no answer in time");
	offsets_failed(read, group, &why);
	return SST_OK;
}

int
kafka__step_committed(struct kafka_read *read, struct sst_error *err)
{
	struct kafka *k = read->k;
	rd_kafka_topic_partition_list_t *where = offsets_everywhere(read);
	int code = offsets_describe(read, err);
	size_t i;

	/* a list of none is not taken */
	if (where != NULL && where->cnt == 0) {
		rd_kafka_topic_partition_list_destroy(where);
		return code;
	}
	for (i = 0; i < k->group_count && code == SST_OK; i++)
		code = offsets_of_group(read, &k->groups[i], where, err);
	if (where != NULL)
		rd_kafka_topic_partition_list_destroy(where);
	read->asked[KAFKA_PART_OFFSETS] = k->group_count > 0;
	for (i = 0; i < k->group_count && code == SST_OK; i++)
		code = offsets_wait(read, &k->groups[i], err);
	if (code == SST_OK)
		code = describe_wait(read, err);
	return code;
}
