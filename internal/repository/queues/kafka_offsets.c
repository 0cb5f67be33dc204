/* How far the groups have read. */
#include "repository/queues/kafka_priv.h"

#include <stdlib.h>
#include <string.h>

static void
ask_end(struct kafka_call *call)
{
	free(call);
}

static struct kafka_call *
offsets_ask(struct kafka_client *client, rd_kafka_admin_op_t op, int timeout_ms,
    rd_kafka_AdminOptions_t **options_out)
{
	struct kafka_call *call = calloc(1, sizeof(*call));
	rd_kafka_AdminOptions_t *options =
	    rd_kafka_AdminOptions_new(client->rk, op);
	char why[128];

	if (call == NULL || options == NULL) {
		free(call);
		if (options != NULL)
			rd_kafka_AdminOptions_destroy(options);
		return NULL;
	}
	call->end = ask_end;
	kafka__call_init(call, client, 0);
	rd_kafka_AdminOptions_set_request_timeout(
	    options, timeout_ms, why, sizeof(why));
	rd_kafka_AdminOptions_set_opaque(options, call);
	kafka__call_send(client->hub, call);
	*options_out = options;
	return call;
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

	if (!read->k->unlisted)
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
	struct kafka_client *client = read->k->client;
	rd_kafka_ListConsumerGroupOffsets_t *what =
	    rd_kafka_ListConsumerGroupOffsets_new(group->name, where);
	int left = kafka__left(read, kafka__by(read, KAFKA_BY_COMMITTED));
	rd_kafka_AdminOptions_t *options;

	if (group->late && left > KAFKA_LATE_MS)
		left = KAFKA_LATE_MS;
	sst_error_clear(&group->error);
	group->call = offsets_ask(
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

static int
offsets_wait(
    struct kafka_read *read, struct kafka_group *group, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct sst_error why;
	int code;

	code = kafka__await(&k->hub, group->call, k->client, k->clock,
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
	size_t i;
	int code = SST_OK;

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
	return code;
}
