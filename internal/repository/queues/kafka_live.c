/*
 * Kafka: what each consumer group has not read yet of each topic. Nothing is
 * ever committed and no group is joined: the handle has no group. Committed
 * offsets are read before the ends of the partitions, so that what is read
 * meanwhile does not look like less than nothing.
 */
#include "repository/queues/kafka_priv.h"

#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"

static const char *const kafka_mechanisms[] = {
    [KAFKA_SASL_NONE] = "none",
    [KAFKA_SASL_PLAIN] = "plain",
    [KAFKA_SASL_SCRAM_SHA_256] = "scram-sha-256",
    [KAFKA_SASL_SCRAM_SHA_512] = "scram-sha-512",
    NULL,
};

#define AT(member) offsetof(struct kafka_settings, member)

static const struct sst_option kafka_options[] = {
    {.name = "brokers",
	.type = SST_OPTION_LIST,
	.required = true,
	.min = 1,
	.max = 64,
	.valid = kafka__valid_broker,
	.form = "HOST[:PORT]",
	.help = "Brokers to begin with; the others are found through them.",
	.offset = AT(login.brokers)},
    {.name = "tls",
	.type = SST_OPTION_BOOL,
	.fallback = "false",
	.help = "Encrypt, and check the brokers' certificates and names.",
	.offset = AT(login.tls)},
    {.name = "ca_file",
	.type = SST_OPTION_STRING,
	.help = "PEM file to check the brokers' certificates with, instead "
		"of the certificates of the system.",
	.offset = AT(login.ca_file)},
    {.name = "cert_file",
	.type = SST_OPTION_STRING,
	.help = "PEM file with a client certificate.",
	.offset = AT(login.cert_file)},
    {.name = "key",
	.type = SST_OPTION_SECRET,
	.help = "Its private key, PEM.",
	.offset = AT(login.key)},
    {.name = "sasl",
	.type = SST_OPTION_ENUM,
	.fallback = "none",
	.names = kafka_mechanisms,
	.help = "How to log in with username and password.",
	.offset = AT(login.sasl)},
    {.name = "username",
	.type = SST_OPTION_STRING,
	.help = "User with DESCRIBE on the cluster, groups and topics; READ "
		"on the topics for oldest and max_tasks_per_queue.",
	.offset = AT(login.username)},
    {.name = "password",
	.type = SST_OPTION_SECRET,
	.help = "Its password. Read again when the brokers refuse it.",
	.offset = AT(login.password)},
    QUEUE_PICK_ROWS(struct kafka_settings, pick, "kafka"),
    {.name = "topics",
	.type = SST_OPTION_LIST,
	.max = 1000,
	.help = "Only topics that match one of these patterns (* and ?); "
		"empty: all but the broker's own. With patterns, topics that "
		"no group reads are shown, too.",
	.offset = AT(topics)},
    {.name = "groups",
	.type = SST_OPTION_LIST,
	.max = 1000,
	.help = "Only consumer groups that match one of these patterns; "
		"empty: all. Plain names are asked for also when groups "
		"cannot be listed.",
	.offset = AT(groups)},
    {.name = "retry_topics",
	.type = SST_OPTION_LIST,
	.max = 100,
	.help = "Patterns of topics with tasks to try again; empty: "
		"*.retry, *-retry, *.retry.*, *-retry-*.",
	.offset = AT(retry_topics)},
    {.name = "dead_letter_topics",
	.type = SST_OPTION_LIST,
	.max = 100,
	.help = "Patterns of topics with tasks that were given up; a * "
		"stands for the name of the topic they come from. Empty: "
		"*.dlq, *-dlq, *.DLQ, *-DLQ, *.dlt, *-dlt, *.DLT, *-DLT.",
	.offset = AT(dead_letter_topics)},
    {.name = "oldest",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Read when the oldest unread message was written: fetches "
		"the batch it is in whenever the group moved on.",
	.offset = AT(oldest)},
    {.name = "max_tasks_per_queue",
	.type = SST_OPTION_INT,
	.fallback = "0",
	.min = 0,
	.max = 100000,
	.unit = "tasks",
	.help = "Tasks listed of a queue, from its head; what is left out is "
		"counted. 0 by default: brokers only hand out whole messages, "
		"so rows cost as much traffic as a consumer.",
	.offset = AT(max_tasks)},
    {.name = "id_header",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 200,
	.help = "Header with the id of a task; without: "
		"TOPIC/PARTITION/OFFSET.",
	.offset = AT(id_header)},
    {.name = "type_header",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 200,
	.help = "Header with the type of a task; without: the key of the "
		"message.",
	.offset = AT(type_header)},
    {.name = "priority_header",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 200,
	.help = "Header with the priority of a task.",
	.offset = AT(priority_header)},
    {.name = "priority_levels",
	.type = SST_OPTION_LIST,
	.max = 100,
	.valid = kafka__valid_level,
	.form = "VALUE=LEVEL with low, normal, high or critical",
	.help = "What the values of that header mean; low, normal, high and "
		"critical mean themselves.",
	.offset = AT(priority_levels)},
    {.name = "blocked_by_header",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 200,
	.help = "Header with the ids of the tasks a task waits for: a JSON "
		"array, or with commas between them.",
	.offset = AT(blocked_by_header)},
    {.name = "read_committed",
	.type = SST_OPTION_BOOL,
	.fallback = "false",
	.help = "Count only what is not part of an open transaction.",
	.offset = AT(login.read_committed)},
};

static int
kafka_check(const struct kafka_settings *s, struct sst_error *err)
{
	const struct kafka_login *l = &s->login;
	const char *fault = NULL;

	if (l->brokers.count == 0)
		fault = "brokers: missing";
	else if (l->sasl == KAFKA_SASL_NONE && l->username != NULL)
		fault = "sasl: missing, but there is a username; expected "
			"plain, scram-sha-256 or scram-sha-512";
	else if (l->sasl == KAFKA_SASL_NONE && sst_secret_given(&l->password))
		fault = "sasl: missing, but there is a password; expected "
			"plain, scram-sha-256 or scram-sha-512";
	else if (l->sasl != KAFKA_SASL_NONE && l->username == NULL)
		fault = "username: missing, but there is sasl";
	else if (l->sasl != KAFKA_SASL_NONE && !sst_secret_given(&l->password))
		fault = "password: missing, but there is sasl";
	else if (!l->tls && (l->ca_file != NULL || l->cert_file != NULL ||
				sst_secret_given(&l->key)))
		fault = "tls: false, but there is a certificate or key";
	else if ((l->cert_file != NULL) != sst_secret_given(&l->key))
		fault = "cert_file and key: expected both or none";
	else if (s->priority_levels.count > 0 && s->priority_header == NULL)
		fault = "priority_header: missing, but there are "
			"priority_levels";
	if (fault == NULL)
		return SST_OK;
	return sst_error_set(err, SST_INVALID, "%s", fault);
}

static int
kafka_init(void *state, const void *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	struct kafka *k = state;
	int code = kafka_check(settings, err);

	if (code == SST_OK)
		code = sst_options_copy(kafka_options,
		    SST_OPTION_COUNT(kafka_options), settings, &k->s, err);
	if (code != SST_OK)
		return code;
	k->rules = (struct kafka_rules){
	    .id_header = k->s.id_header,
	    .type_header = k->s.type_header,
	    .priority_header = k->s.priority_header,
	    .blocked_by_header = k->s.blocked_by_header,
	    .levels = &k->s.priority_levels,
	};
	k->clock = env->clock;
	k->max_bytes = env->max_upstream_bytes;
	kafka__hub_init(&k->hub, env->name);
	return SST_OK;
}

static int
kafka_connect(struct kafka *k, struct sst_error *err)
{
	bool renew = k->partial % KAFKA_PARTIAL_AGAIN == KAFKA_PARTIAL_RENEW;

	if (k->client != NULL && (!kafka__client_begin(k->client) || renew))
		kafka__client_release(&k->client);
	/* a new one may have met trouble before it is back here */
	if (k->client != NULL)
		return SST_OK;
	return kafka__client_new(
	    &k->hub, &k->s.login, k->max_bytes, &k->client, err);
}

static int
kafka_steps(struct kafka_read *read, struct sst_error *err)
{
	int code = kafka__step_metadata(read, err);

	if (code == SST_OK)
		code = kafka__step_groups(read, err);
	if (code == SST_OK)
		code = kafka__step_committed(read, err);
	if (code == SST_OK)
		code = kafka__step_queues(read, err);
	if (code == SST_OK)
		code = kafka__step_ends(read, err);
	if (code == SST_OK)
		code = kafka__step_records(read, err);
	if (code == SST_OK)
		code = kafka__step_tell(read, err);
	return code;
}

static void
kafka_read_fini(struct kafka_read *read)
{
	struct kafka *k = read->k;
	size_t i;

	for (i = 0; i < k->group_count; i++) {
		k->groups[i].committed = NULL;
		k->groups[i].info = NULL;
		kafka__call_drop(&k->hub, &k->groups[i].call);
	}
	for (i = 0; i < read->end_count; i++)
		kafka__call_drop(&k->hub, &read->ends[i]);
	free(read->ends);
	free(read->topics);
	free(read->nodes);
	kafka__call_drop(&k->hub, &read->groups);
	kafka__call_drop(&k->hub, &read->metadata);
}

static int
kafka_collect(void *state, const struct sst_collect *req, struct sst_draft *out,
    struct sst_error *err)
{
	struct kafka *k = state;
	struct kafka_read read = {.k = k, .req = req, .out = out};
	size_t i;
	int code;

	for (i = 0; i < k->store.count; i++) {
		if (k->good)
			k->store.queues[i]->told = k->store.queues[i]->telling;
		k->store.queues[i]->telling = 0;
	}
	kafka__store_begin(&k->store);
	code = kafka_connect(k, err);
	if (code == SST_OK)
		code = kafka_steps(&read, err);
	kafka_read_fini(&read);
	k->good = code == SST_OK;
	if (code == SST_OK)
		kafka__store_sweep(&k->store);
	/* the secrets may have been changed: a new handle reads them again */
	if (code == SST_UNAUTHORIZED || code == SST_TLS)
		kafka__client_release(&k->client);
	/* meant for this collection, not for the next one */
	kafka__resume(&k->hub);
	return code;
}

static void
kafka_interrupt(void *state)
{
	struct kafka *k = state;

	kafka__interrupt(&k->hub);
}

static void
kafka_fini(void *state)
{
	struct kafka *k = state;
	size_t i;

	if (k->hub.name != NULL)
		kafka__call_drop(&k->hub, &k->peek);
	kafka__client_release(&k->client);
	kafka__hub_fini(&k->hub);
	kafka__store_fini(&k->store);
	for (i = 0; i < k->group_count; i++)
		free(k->groups[i].name);
	free(k->groups);
	free(k->late);
	sst_options_fini(kafka_options, SST_OPTION_COUNT(kafka_options), &k->s);
	memset(k, 0, sizeof(*k));
}

const struct sst_source_ops sst_kafka_ops = {
    .kind = "kafka",
    .section = SST_SECTION_QUEUES,
    .summary = "Kafka: what consumer groups have not read",
    .options = kafka_options,
    .option_count = SST_OPTION_COUNT(kafka_options),
    .settings_size = sizeof(struct kafka_settings),
    .state_size = sizeof(struct kafka),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = kafka_init,
    .collect = kafka_collect,
    .interrupt = kafka_interrupt,
    .fini = kafka_fini,
};
