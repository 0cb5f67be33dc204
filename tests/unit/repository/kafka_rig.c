#include "kafka_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"
#include "support/starve.h"

enum { RIG_PATIENCE_MS = 20000 };

static rd_kafka_conf_t *
rig_conf(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];

	/* faults are made on purpose: they are no news */
	ck_assert_int_eq(
	    rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why)),
	    RD_KAFKA_CONF_OK);
	return conf;
}

static rd_kafka_t *
rig_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
	char why[256];
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));

	ck_assert_msg(rk != NULL, "%s", why);
	return rk;
}

void
rig_init(struct kafka_rig *rig, int brokers)
{
	rd_kafka_conf_t *conf = rig_conf();
	char text[16], why[256];

	memset(rig, 0, sizeof(*rig));
	snprintf(text, sizeof(text), "%d", brokers);
	ck_assert_int_eq(rd_kafka_conf_set(conf, "test.mock.num.brokers", text,
			     why, sizeof(why)),
	    RD_KAFKA_CONF_OK);
	rig->producer = rig_handle(RD_KAFKA_PRODUCER, conf);
	rig->cluster = rd_kafka_handle_mock_cluster(rig->producer);
	ck_assert_ptr_nonnull(rig->cluster);
	subject_init(&rig->subject, &sst_kafka_ops);
	rig->subject.env.name = "queues/kafka";
}

void
rig_fini(struct kafka_rig *rig)
{
	subject_fini(&rig->subject);
	rd_kafka_destroy(rig->producer);
}

void
rig_topic(struct kafka_rig *rig, const char *topic, int partitions)
{
	int i;

	ck_assert_int_eq(
	    rd_kafka_mock_topic_create(rig->cluster, topic, partitions, 1), 0);
	for (i = 0; i < partitions; i++)
		rd_kafka_mock_partition_set_leader(
		    rig->cluster, topic, i, 1 + i % 3);
}

/* Who leads the topic: else the producer would find out within a second. */
static void
rig_learn(struct kafka_rig *rig, const char *topic)
{
	rd_kafka_topic_t *handle =
	    rd_kafka_topic_new(rig->producer, topic, NULL);
	const struct rd_kafka_metadata *cluster;

	ck_assert_int_eq(rd_kafka_metadata(rig->producer, 0, handle, &cluster,
			     RIG_PATIENCE_MS),
	    RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_metadata_destroy(cluster);
	rd_kafka_topic_destroy(handle);
}

void
rig_produce(struct kafka_rig *rig, const char *topic, int partition, int count,
    const char *const *headers)
{
	rd_kafka_headers_t *list;
	int i, h;

	rig_learn(rig, topic);
	for (i = 0; i < count; i++) {
		list = rd_kafka_headers_new(4);
		for (h = 0; headers != NULL && headers[h] != NULL; h += 2)
			rd_kafka_header_add(
			    list, headers[h], -1, headers[h + 1], -1);
		ck_assert_int_eq(
		    rd_kafka_producev(rig->producer, RD_KAFKA_V_TOPIC(topic),
			RD_KAFKA_V_PARTITION(partition),
			RD_KAFKA_V_KEY("embed", 5), RD_KAFKA_V_VALUE(NULL, 0),
			RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END),
		    RD_KAFKA_RESP_ERR_NO_ERROR);
	}
	ck_assert_int_eq(rd_kafka_flush(rig->producer, RIG_PATIENCE_MS),
	    RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* A consumer of that group that joins nothing, and one partition. */
static rd_kafka_t *
rig_member(struct kafka_rig *rig, const char *group, const char *topic,
    int partition, rd_kafka_topic_partition_list_t **list)
{
	rd_kafka_conf_t *conf = rig_conf();
	char why[256];

	ck_assert_int_eq(
	    rd_kafka_conf_set(conf, "group.id", group, why, sizeof(why)),
	    RD_KAFKA_CONF_OK);
	ck_assert_int_eq(rd_kafka_conf_set(conf, "bootstrap.servers",
			     rd_kafka_mock_cluster_bootstraps(rig->cluster),
			     why, sizeof(why)),
	    RD_KAFKA_CONF_OK);
	*list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(*list, topic, partition);
	return rig_handle(RD_KAFKA_CONSUMER, conf);
}

void
rig_commit(struct kafka_rig *rig, const char *group, const char *topic,
    int partition, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_t *rk = rig_member(rig, group, topic, partition, &list);

	list->elems[0].offset = offset;
	ck_assert_int_eq(
	    rd_kafka_commit(rk, list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
}

int64_t
rig_committed(
    struct kafka_rig *rig, const char *group, const char *topic, int partition)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_t *rk = rig_member(rig, group, topic, partition, &list);
	int64_t offset;

	ck_assert_int_eq(rd_kafka_committed(rk, list, RIG_PATIENCE_MS),
	    RD_KAFKA_RESP_ERR_NO_ERROR);
	offset = list->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
	return offset;
}

void
rig_open(struct kafka_rig *rig, const char *options)
{
	const char *bootstraps = rd_kafka_mock_cluster_bootstraps(rig->cluster);

	snprintf(rig->options, sizeof(rig->options), "{brokers: [%s], %s}",
	    bootstraps, options);
	ck_assert_msg(subject_open(&rig->subject, rig->options) == SST_OK,
	    "%s: %s", rig->options, rig->subject.err.text);
}

json_t *
rig_collect(struct kafka_rig *rig)
{
	struct subject *s = &rig->subject;
	int code = subject_collect(s);

	ck_assert_msg(
	    code == SST_OK, "%s: %s", sst_code_name(code), s->err.text);
	ck_assert_uint_eq(s->harvest->rejected, 0);
	return subject_tree(s);
}

int
rig_collect_after(struct kafka_rig *rig, struct sst_harvest **previous)
{
	struct subject *s = &rig->subject;
	struct sst_draft_settings settings = {.contract = s->contract,
	    .section = SST_SECTION_QUEUES,
	    .source = s->env.name,
	    .previous = *previous,
	    .now = sst_clock_wall(&s->hands.clock)};
	struct sst_collect req = {.now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock)};
	struct sst_draft *draft = NULL;
	struct sst_harvest *harvest;
	int code;

	req.deadline = sst_mono_add_ms(req.now, SUBJECT_DEADLINE_MS);
	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	if (rig->starve_after > 0)
		starve_after(rig->starve_after - 1);
	code = s->ops->collect(s->state, &req, draft, &s->err);
	rig->starved = rig->starve_after > 0 && starve_end();
	if (code == SST_OK) {
		ck_assert_int_eq(
		    sst_draft_finish(draft, &harvest, &s->err), SST_OK);
		sst_harvest_release(previous);
		*previous = harvest;
	}
	sst_draft_free(&draft);
	return code;
}

bool
rig_is_whole(struct kafka_rig *rig)
{
	return subject_collect(&rig->subject) == SST_OK &&
	       rig->subject.harvest->flaw.code == SST_OK;
}

json_t *
rig_queue(json_t *queues, const char *name)
{
	json_t *queue;
	size_t i;

	json_array_foreach(queues, i, queue)
	{
		if (strcmp(json_string_value(json_object_get(queue, "name")),
			name) == 0)
			return queue;
	}
	ck_abort_msg("no queue %s", name);
	return NULL;
}

int64_t
rig_depth(json_t *queues, const char *name, const char *member)
{
	json_t *depth = json_object_get(rig_queue(queues, name), "depth");
	json_t *value = json_object_get(depth, member);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

bool
rig_part(struct kafka_rig *rig, const char *name, const char *state)
{
	struct sst_harvest *h = rig->subject.harvest;
	json_t *upstream, *part;
	bool found = false;
	size_t i;

	ck_assert_ptr_nonnull(h->upstream);
	upstream = json_loadb(h->upstream, h->upstream_len, 0, NULL);
	json_array_foreach(json_object_get(upstream, "parts"), i, part)
	{
		found =
		    found ||
		    (strcmp(json_string_value(json_object_get(part, "name")),
			 name) == 0 &&
			strcmp(
			    json_string_value(json_object_get(part, "state")),
			    state) == 0);
	}
	json_decref(upstream);
	return found;
}
