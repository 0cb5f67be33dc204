/*
 * Does to a Kafka cluster what the live test asks for, one command a process:
 * makes topics, produces, commits, consumes, deletes, and tells the state of
 * the groups. Where to connect stands in the environment (ACTOR_CONF: settings
 * of librdkafka, NAME=VALUE with a newline after each).
 */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000 };

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "actor: %s: %s\n", what, why);
	exit(1);
}

static void
check(rd_kafka_resp_err_t error, const char *what)
{
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail(what, rd_kafka_err2str(error));
}

static void
set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		fail(name, why);
}

static int
number(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

static rd_kafka_conf_t *
make_conf(void)
{
	const char *env = getenv("ACTOR_CONF");
	char *settings = strdup(env != NULL ? env : ""), *line, *next, *value;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	for (line = settings; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		value = strchr(line, '=');
		if (value == NULL)
			fail("ACTOR_CONF", line);
		*value++ = '\0';
		set(conf, line, value);
	}
	free(settings);
	return conf;
}

static rd_kafka_t *
make_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
	char why[256];
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));

	if (rk == NULL)
		fail("handle", why);
	return rk;
}

static rd_kafka_t *
open_handle(rd_kafka_type_t type, const char *group)
{
	rd_kafka_conf_t *conf = make_conf();

	if (group != NULL) {
		set(conf, "group.id", group);
		set(conf, "enable.auto.commit", "false");
		set(conf, "auto.offset.reset", "earliest");
		/* the least that brokers allow: a consumer that is killed is
		 * missed after that */
		set(conf, "session.timeout.ms", "6000");
		set(conf, "heartbeat.interval.ms", "1000");
	}
	return make_handle(type, conf);
}

/* Waits for the result of an administrative request. */
static rd_kafka_event_t *
await_event(rd_kafka_queue_t *queue, const char *what)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE_MS);

	if (event == NULL)
		fail(what, "no answer");
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail(what, rd_kafka_event_error_string(event));
	return event;
}

static void
check_topics(const rd_kafka_topic_result_t **results, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		check(rd_kafka_topic_result_error(results[i]),
		    rd_kafka_topic_result_name(results[i]));
}

/* create TOPIC PARTITIONS [NAME=VALUE...] */
static void
create_topic(int argc, char **argv)
{
	rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_NewTopic_t *topic;
	rd_kafka_event_t *event;
	char why[256], *value;
	size_t count;
	int i;

	topic = rd_kafka_NewTopic_new(
	    argv[0], number(argv[1]), 1, why, sizeof(why));
	for (i = 2; i < argc; i++) {
		value = strchr(argv[i], '=');
		*value++ = '\0';
		rd_kafka_NewTopic_set_config(topic, argv[i], value);
	}
	rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
	event = await_event(queue, "create");
	check_topics(rd_kafka_CreateTopics_result_topics(
			 rd_kafka_event_CreateTopics_result(event), &count),
	    count);
	rd_kafka_event_destroy(event);
	rd_kafka_NewTopic_destroy(topic);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

/* delete TOPIC */
static void
delete_topic(int argc, char **argv)
{
	rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(argv[0]);
	rd_kafka_event_t *event;
	size_t count;

	(void)argc;
	rd_kafka_DeleteTopics(rk, &topic, 1, NULL, queue);
	event = await_event(queue, "delete");
	check_topics(rd_kafka_DeleteTopics_result_topics(
			 rd_kafka_event_DeleteTopics_result(event), &count),
	    count);
	rd_kafka_event_destroy(event);
	rd_kafka_DeleteTopic_destroy(topic);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

/* purge TOPIC PARTITION OFFSET: what is before it is gone, as by retention */
static void
purge(int argc, char **argv)
{
	rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(1);
	rd_kafka_DeleteRecords_t *request;

	(void)argc;
	rd_kafka_topic_partition_list_add(list, argv[0], number(argv[1]))
	    ->offset = strtoll(argv[2], NULL, 10);
	request = rd_kafka_DeleteRecords_new(list);
	rd_kafka_DeleteRecords(rk, &request, 1, NULL, queue);
	rd_kafka_event_destroy(await_event(queue, "purge"));
	rd_kafka_DeleteRecords_destroy(request);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

static unsigned unsent;

static void
on_sent(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	(void)rk;
	(void)opaque;
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		fprintf(stderr, "actor: produce: %s\n",
		    rd_kafka_err2str(message->err));
		unsent++;
	}
}

struct body {
	void *data;
	size_t size;
	rd_kafka_headers_t *headers;
};

static void
produce_one(
    rd_kafka_t *rk, const char *topic, int partition, const struct body *body)
{
	check(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic),
		  RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY("embed", 5),
		  RD_KAFKA_V_VALUE(body->data, body->size),
		  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		  RD_KAFKA_V_HEADERS(rd_kafka_headers_copy(body->headers)),
		  RD_KAFKA_V_END),
	    "produce");
}

/* produce TOPIC PARTITION COUNT BYTES [HEADER=VALUE...]; ACTOR_TRANSACTION:
 * in a transaction, so that its end takes an offset, too */
static void
produce(int argc, char **argv)
{
	const char *transaction = getenv("ACTOR_TRANSACTION");
	struct body body = {.size = (size_t)strtoul(argv[3], NULL, 10),
	    .headers = rd_kafka_headers_new(8)};
	char *value;
	rd_kafka_conf_t *conf = make_conf();
	rd_kafka_t *rk;
	int i;

	rd_kafka_conf_set_dr_msg_cb(conf, on_sent);
	if (transaction != NULL)
		set(conf, "transactional.id", transaction);
	set(conf, "message.max.bytes", "20000000");
	rk = make_handle(RD_KAFKA_PRODUCER, conf);
	body.data = calloc(1, body.size + 1);
	if (body.data == NULL)
		fail("body", "no memory");
	memset(body.data, 'x', body.size);
	for (i = 4; i < argc; i++) {
		value = strchr(argv[i], '=');
		*value++ = '\0';
		rd_kafka_header_add(body.headers, argv[i], -1, value, -1);
	}
	if (transaction != NULL &&
	    (rd_kafka_init_transactions(rk, PATIENCE_MS) != NULL ||
		rd_kafka_begin_transaction(rk) != NULL))
		fail("transaction", "cannot begin");
	for (i = 0; i < number(argv[2]); i++)
		produce_one(rk, argv[0], number(argv[1]), &body);
	if (transaction != NULL &&
	    rd_kafka_commit_transaction(rk, PATIENCE_MS) != NULL)
		fail("transaction", "cannot commit");
	check(rd_kafka_flush(rk, PATIENCE_MS), "flush");
	rd_kafka_headers_destroy(body.headers);
	rd_kafka_destroy(rk);
	free(body.data);
	if (unsent > 0)
		exit(1);
}

/* commit GROUP TOPIC PARTITION OFFSET: of a group without members */
static void
commit(int argc, char **argv)
{
	rd_kafka_t *rk = open_handle(RD_KAFKA_CONSUMER, argv[0]);
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(1);

	(void)argc;
	rd_kafka_topic_partition_list_add(list, argv[1], number(argv[2]))
	    ->offset = strtoll(argv[3], NULL, 10);
	check(rd_kafka_commit(rk, list, 0), "commit");
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
}

/* consume GROUP TOPIC COUNT: joins the group, reads so many, commits them, says
 * so, and stays in the group until its input ends */
static void
consume(int argc, char **argv)
{
	rd_kafka_t *rk = open_handle(RD_KAFKA_CONSUMER, argv[0]);
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(1);
	rd_kafka_message_t *m;
	int left = number(argv[2]);
	char byte;

	(void)argc;
	rd_kafka_poll_set_consumer(rk);
	rd_kafka_topic_partition_list_add(list, argv[1], -1);
	check(rd_kafka_subscribe(rk, list), "subscribe");
	while (left > 0) {
		m = rd_kafka_consumer_poll(rk, PATIENCE_MS);
		if (m == NULL)
			fail("consume", "no message");
		check(m->err, "consume");
		check(rd_kafka_commit_message(rk, m, 0), "commit");
		rd_kafka_message_destroy(m);
		left--;
	}
	puts("read");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	rd_kafka_consumer_close(rk);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
}

static void
print_offsets(rd_kafka_t *rk, const char *group)
{
	rd_kafka_ListConsumerGroupOffsets_t *request =
	    rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	const rd_kafka_topic_partition_list_t *list;
	const rd_kafka_group_result_t **results;
	rd_kafka_event_t *event;
	size_t count;
	int i;

	rd_kafka_ListConsumerGroupOffsets(rk, &request, 1, NULL, queue);
	event = await_event(queue, "offsets");
	results = rd_kafka_ListConsumerGroupOffsets_result_groups(
	    rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
	list = rd_kafka_group_result_partitions(results[0]);
	for (i = 0; i < list->cnt; i++)
		printf("group %s offset %s/%d %lld\n", group,
		    list->elems[i].topic, (int)list->elems[i].partition,
		    (long long)list->elems[i].offset);
	rd_kafka_event_destroy(event);
	rd_kafka_ListConsumerGroupOffsets_destroy(request);
	rd_kafka_queue_destroy(queue);
}

static void
print_members(rd_kafka_t *rk, const char *group)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	const rd_kafka_ConsumerGroupDescription_t **found;
	rd_kafka_event_t *event;
	size_t count, i, m;

	rd_kafka_DescribeConsumerGroups(rk, &group, 1, NULL, queue);
	event = await_event(queue, "describe");
	found = rd_kafka_DescribeConsumerGroups_result_groups(
	    rd_kafka_event_DescribeConsumerGroups_result(event), &count);
	for (i = 0; i < count; i++) {
		printf("group %s %s\n", group,
		    rd_kafka_consumer_group_state_name(
			rd_kafka_ConsumerGroupDescription_state(found[i])));
		for (m = 0; m < rd_kafka_ConsumerGroupDescription_member_count(
				    found[i]);
		     m++)
			printf("group %s member %s\n", group,
			    rd_kafka_MemberDescription_consumer_id(
				rd_kafka_ConsumerGroupDescription_member(
				    found[i], m)));
	}
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
}

static void
print_topics(rd_kafka_t *rk)
{
	const struct rd_kafka_metadata *cluster;
	int64_t low, high;
	int t, p;

	check(
	    rd_kafka_metadata(rk, 1, NULL, &cluster, PATIENCE_MS), "metadata");
	for (t = 0; t < cluster->topic_cnt; t++) {
		for (p = 0; p < cluster->topics[t].partition_cnt; p++) {
			check(rd_kafka_query_watermark_offsets(rk,
				  cluster->topics[t].topic, p, &low, &high,
				  PATIENCE_MS),
			    "watermarks");
			printf("topic %s/%d %lld %lld\n",
			    cluster->topics[t].topic, p, (long long)low,
			    (long long)high);
		}
	}
	rd_kafka_metadata_destroy(cluster);
}

/* state: groups, members, committed offsets, topics and their ends */
static void
state(int argc, char **argv)
{
	rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	const rd_kafka_ConsumerGroupListing_t **listed;
	rd_kafka_event_t *event;
	size_t count, i;

	(void)argc;
	(void)argv;
	rd_kafka_ListConsumerGroups(rk, NULL, queue);
	event = await_event(queue, "groups");
	listed = rd_kafka_ListConsumerGroups_result_valid(
	    rd_kafka_event_ListConsumerGroups_result(event), &count);
	for (i = 0; i < count; i++) {
		print_members(
		    rk, rd_kafka_ConsumerGroupListing_group_id(listed[i]));
		print_offsets(
		    rk, rd_kafka_ConsumerGroupListing_group_id(listed[i]));
	}
	rd_kafka_event_destroy(event);
	print_topics(rk);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

/* allow USER OPERATION KIND NAME [prefix]: KIND is topic, group or cluster */
static void
allow(int argc, char **argv)
{
	static const struct {
		const char *name;
		rd_kafka_AclOperation_t operation;
	} operations[] = {
	    {"read", RD_KAFKA_ACL_OPERATION_READ},
	    {"describe", RD_KAFKA_ACL_OPERATION_DESCRIBE},
	};
	rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_ResourceType_t kind = RD_KAFKA_RESOURCE_BROKER;
	rd_kafka_AclBinding_t *binding;
	char principal[128], why[256];
	size_t i = 0;

	while (strcmp(operations[i].name, argv[1]) != 0)
		i++;
	if (strcmp(argv[2], "topic") == 0)
		kind = RD_KAFKA_RESOURCE_TOPIC;
	else if (strcmp(argv[2], "group") == 0)
		kind = RD_KAFKA_RESOURCE_GROUP;
	snprintf(principal, sizeof(principal), "User:%s", argv[0]);
	binding = rd_kafka_AclBinding_new(kind, argv[3],
	    argc > 4 ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
		     : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
	    principal, "*", operations[i].operation,
	    RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why, sizeof(why));
	if (binding == NULL)
		fail("allow", why);
	rd_kafka_CreateAcls(rk, &binding, 1, NULL, queue);
	rd_kafka_event_destroy(await_event(queue, "allow"));
	rd_kafka_AclBinding_destroy(binding);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

static const struct {
	const char *name;
	int least; /* arguments */
	void (*run)(int argc, char **argv);
} commands[] = {
    {"create", 2, create_topic},
    {"delete", 1, delete_topic},
    {"purge", 3, purge},
    {"produce", 4, produce},
    {"commit", 4, commit},
    {"consume", 3, consume},
    {"state", 0, state},
    {"allow", 4, allow},
};

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (argc >= 2 + commands[i].least &&
		    strcmp(argv[1], commands[i].name) == 0) {
			commands[i].run(argc - 2, argv + 2);
			return 0;
		}
	}
	fprintf(stderr, "actor: unknown command\n");
	return 2;
}
