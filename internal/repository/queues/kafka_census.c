/* Which brokers, topics and consumer groups there are. */
#include "repository/queues/kafka_priv.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct groups_call {
	struct kafka_call call;
	const struct rd_kafka_group_list *list; /* also when it is a part */
};

struct metadata_call {
	struct kafka_call call;
	const struct rd_kafka_metadata *cluster;
};

struct sst_mono
kafka__by(const struct kafka_read *read, int percent)
{
	int64_t whole = sst_mono_diff_ms(read->req->deadline, read->req->now);

	return sst_mono_add_ms(
	    read->req->now, whole > 0 ? whole * percent / 100 : 0);
}

int
kafka__left(const struct kafka_read *read, struct sst_mono until)
{
	int64_t left = sst_mono_diff_ms(until, sst_clock_mono(read->k->clock));

	if (left > 60000)
		return 60000;
	return left > 0 ? (int)left : 1;
}

void
kafka__flaw(
    struct kafka_read *read, enum kafka_part part, const struct sst_error *why)
{
	if (read->parts[part].code == SST_OK)
		read->parts[part] = *why;
}

bool
kafka__matches(const struct sst_option_list *patterns, const char *name)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		if (fnmatch(patterns->items[i], name, 0) == 0)
			return true;
	}
	return false;
}

bool
kafka__topic_wanted(const struct kafka *k, const char *name)
{
	if (strncmp(name, "__", 2) == 0)
		return false;
	return k->s.topics.count == 0 || kafka__matches(&k->s.topics, name);
}

/* The broker that is asked may go down at that moment: then another one is. */
static void
metadata_run(struct kafka_call *call)
{
	struct metadata_call *m = (struct metadata_call *)call;
	struct sst_mono until =
	    sst_mono_add_ms(sst_clock_mono(sst_clock_real()), call->timeout_ms);
	int64_t left = call->timeout_ms;

	do {
		call->error = rd_kafka_metadata(
		    call->client->rk, 1, NULL, &m->cluster, (int)left);
		left =
		    sst_mono_diff_ms(until, sst_clock_mono(sst_clock_real()));
	} while (call->error == RD_KAFKA_RESP_ERR__TRANSPORT && left > 0);
}

static void
metadata_end(struct kafka_call *call)
{
	struct metadata_call *m = (struct metadata_call *)call;

	if (m->cluster != NULL)
		rd_kafka_metadata_destroy(m->cluster);
	free(m);
}

static int
topic_compare(const void *a, const void *b)
{
	const struct rd_kafka_metadata_topic *const *x = a, *const *y = b;

	return strcmp((*x)->topic, (*y)->topic);
}

const struct rd_kafka_metadata_topic *
kafka__topic(const struct kafka_read *read, const char *name)
{
	size_t low = 0, high = read->topic_count, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = strcmp(read->topics[mid]->topic, name);
		if (c == 0)
			return read->topics[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

struct kafka_node *
kafka__node(struct kafka_read *read, int32_t id)
{
	size_t i;

	for (i = 0; i < read->node_count; i++) {
		if (read->nodes[i].id == id)
			return &read->nodes[i];
	}
	return NULL;
}

static int
node_compare(const void *a, const void *b)
{
	const struct kafka_node *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Brokers that hold replicas and are not listed are down. */
static void
census_replicas(
    struct kafka_read *read, const struct rd_kafka_metadata_partition *p)
{
	struct kafka_node *node;
	int i;

	for (i = 0; i < p->replica_cnt; i++) {
		if (kafka__node(read, p->replicas[i]) != NULL ||
		    read->node_count == KAFKA_ROWS_MAX)
			continue;
		node = &read->nodes[read->node_count++];
		memset(node, 0, sizeof(*node));
		node->id = p->replicas[i];
		sst_error_set(&node->error, SST_UNREACHABLE,
		    "not among the brokers of the cluster");
	}
}

static int
census_nodes(struct kafka_read *read, struct sst_error *err)
{
	const struct rd_kafka_metadata *c = read->cluster;
	struct kafka_node *node;
	size_t t;
	int i;

	read->nodes = calloc(KAFKA_ROWS_MAX, sizeof(*read->nodes));
	if (read->nodes == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < c->broker_cnt && i < KAFKA_ROWS_MAX; i++) {
		node = &read->nodes[read->node_count++];
		node->id = c->brokers[i].id;
		node->present = true;
		snprintf(node->host, sizeof(node->host), "%.140s:%d",
		    c->brokers[i].host, c->brokers[i].port);
	}
	for (t = 0; t < read->topic_count; t++) {
		for (i = 0; i < read->topics[t]->partition_cnt; i++)
			census_replicas(read, &read->topics[t]->partitions[i]);
	}
	qsort(
	    read->nodes, read->node_count, sizeof(*read->nodes), node_compare);
	return SST_OK;
}

static int
census_topics(struct kafka_read *read, struct sst_error *err)
{
	const struct rd_kafka_metadata *c = read->cluster;
	int i;

	read->topics = calloc((size_t)c->topic_cnt + 1,
	    sizeof(const struct rd_kafka_metadata_topic *));
	if (read->topics == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < c->topic_cnt; i++) {
		/* one that is being deleted has no partitions any more */
		if (c->topics[i].partition_cnt > 0)
			read->topics[read->topic_count++] = &c->topics[i];
	}
	qsort(read->topics, read->topic_count,
	    sizeof(const struct rd_kafka_metadata_topic *), topic_compare);
	return SST_OK;
}

/* What kept the metadata from coming, as well as it is known. */
static int
census_why(struct kafka_read *read, int code, struct sst_error *err)
{
	struct kafka_client *client = read->k->client;
	int trouble;

	if (code == SST_CANCELED)
		return sst_error_set(err, SST_CANCELED, "interrupted");
	trouble = kafka__client_trouble(client, err);
	if (trouble != SST_OK)
		return trouble;
	if (code == SST_OK && kafka__code(read->metadata->error) != SST_TIMEOUT)
		return kafka__error(
		    read->metadata->error, "metadata of the cluster", err);
	return sst_error_set(
	    err, SST_TIMEOUT, "no broker told the metadata of the cluster");
}

int
kafka__step_metadata(struct kafka_read *read, struct sst_error *err)
{
	struct metadata_call *m = calloc(1, sizeof(*m));
	struct kafka *k = read->k;
	struct sst_mono by = kafka__by(read, KAFKA_BY_METADATA);
	int code;

	if (m == NULL)
		return sst_error_nomem(err);
	m->call.run = metadata_run;
	m->call.end = metadata_end;
	kafka__call_init(&m->call, k->client, kafka__left(read, by));
	read->metadata = &m->call;
	code = kafka__call_submit(&k->hub, &m->call, err);
	if (code != SST_OK)
		return code;
	read->asked[KAFKA_PART_GROUPS] = true;
	code = kafka__await(&k->hub, &m->call, k->client, k->clock, by);
	if (code != SST_OK || m->call.error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return census_why(read, code, err);
	kafka__client_well(k->client);
	read->cluster = m->cluster;
	code = census_topics(read, err);
	if (code == SST_OK)
		code = census_nodes(read, err);
	return code;
}

static int
group_compare(const void *a, const void *b)
{
	const struct kafka_group *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct kafka_group *
group_find(struct kafka_group *groups, size_t count, const char *name)
{
	size_t low = 0, high = count, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = strcmp(groups[mid].name, name);
		if (c == 0)
			return &groups[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

struct kafka_group *
kafka__group(struct kafka *k, const char *name)
{
	return group_find(k->groups, k->group_count, name);
}

/* Marks it as seen, or adds it behind the `sorted` ones. */
static int
census_see(struct kafka_read *read, const char *name, size_t sorted,
    struct sst_error *err)
{
	struct kafka *k = read->k;
	struct kafka_group *group, *more;
	char *copy;

	if (k->s.groups.count > 0 && !kafka__matches(&k->s.groups, name))
		return SST_OK;
	group = group_find(k->groups, sorted, name);
	if (group != NULL) {
		group->seen = true;
		return SST_OK;
	}
	if (k->group_count == KAFKA_GROUPS_MAX) {
		sst_draft_degrade(read->out, SST_LIMIT,
		    "more than %d groups: the rest is left out",
		    (int)KAFKA_GROUPS_MAX);
		return SST_OK;
	}
	more = realloc(k->groups, (k->group_count + 1) * sizeof(*more));
	if (more != NULL)
		k->groups = more;
	copy = strdup(name);
	if (more == NULL || copy == NULL) {
		free(copy);
		return sst_error_nomem(err);
	}
	more[k->group_count++] =
	    (struct kafka_group){.name = copy, .seen = true};
	return SST_OK;
}

/* Two brokers may list the same one. */
static void
census_sort(struct kafka *k)
{
	size_t i, kept = 0;

	if (k->group_count == 0)
		return;
	qsort(k->groups, k->group_count, sizeof(*k->groups), group_compare);
	for (i = 1; i < k->group_count; i++) {
		if (strcmp(k->groups[kept].name, k->groups[i].name) == 0)
			free(k->groups[i].name);
		else
			k->groups[++kept] = k->groups[i];
	}
	k->group_count = kept + 1;
}

/* Groups that are gone are forgotten; not when only a part was listed. */
static void
census_sweep(struct kafka *k, bool whole)
{
	size_t i, kept = 0;

	for (i = 0; i < k->group_count; i++) {
		if (k->groups[i].seen || !whole)
			k->groups[kept++] = k->groups[i];
		else
			free(k->groups[i].name);
	}
	k->group_count = kept;
}

/* Names among the patterns are known without asking. */
static int
census_named(struct kafka_read *read, size_t sorted, struct sst_error *err)
{
	const struct sst_option_list *groups = &read->k->s.groups;
	size_t i;
	int code = SST_OK;

	for (i = 0; i < groups->count && code == SST_OK; i++) {
		if (strpbrk(groups->items[i], "*?[\\") != NULL)
			continue;
		code = census_see(read, groups->items[i], sorted, err);
	}
	return code;
}

static void
groups_run(struct kafka_call *call)
{
	struct groups_call *g = (struct groups_call *)call;

	call->error = rd_kafka_list_groups(
	    call->client->rk, NULL, &g->list, call->timeout_ms);
}

static void
groups_end(struct kafka_call *call)
{
	struct groups_call *g = (struct groups_call *)call;

	if (g->list != NULL)
		rd_kafka_group_list_destroy(g->list);
	free(g);
}

static int
census_ask(struct kafka_read *read, struct sst_error *err)
{
	struct groups_call *g = calloc(1, sizeof(*g));
	struct kafka *k = read->k;
	int left = kafka__left(read, kafka__by(read, KAFKA_BY_GROUPS));

	if (g == NULL)
		return sst_error_nomem(err);
	if (k->partial > 0 && left > KAFKA_PARTIAL_MS)
		left = KAFKA_PARTIAL_MS;
	g->call.run = groups_run;
	g->call.end = groups_end;
	kafka__call_init(&g->call, k->client, left);
	read->groups = &g->call;
	return kafka__call_submit(&k->hub, &g->call, err);
}

static int
census_listed(struct kafka_read *read, size_t sorted, struct sst_error *err)
{
	const struct groups_call *g = (const struct groups_call *)read->groups;
	int i, code = SST_OK;

	for (i = 0; g->list != NULL && i < g->list->group_cnt && code == SST_OK;
	     i++)
		code = census_see(read, g->list->groups[i].group, sorted, err);
	return code;
}

/* What came of the list; why it is not whole. */
static int
census_take(
    struct kafka_read *read, struct sst_error *why, struct sst_error *err)
{
	struct kafka *k = read->k;
	size_t sorted = k->group_count;
	int code = census_ask(read, err);

	if (code != SST_OK)
		return code;
	code = kafka__await(&k->hub, read->groups, NULL, k->clock,
	    kafka__by(read, KAFKA_BY_GROUPS));
	if (code == SST_CANCELED)
		return sst_error_set(err, code, "interrupted");
	if (code != SST_OK) {
		sst_error_set(why, SST_TIMEOUT, "groups: no answer in time");
		return census_named(read, sorted, err);
	}
	if (read->groups->error != RD_KAFKA_RESP_ERR_NO_ERROR)
		kafka__error(read->groups->error, "groups", why);
	code = census_listed(read, sorted, err);
	if (code == SST_OK && why->code != SST_OK)
		code = census_named(read, sorted, err);
	return code;
}

/* Once they stand in their order: what is told of each. */
static void
census_inform(struct kafka_read *read)
{
	const struct groups_call *g = (const struct groups_call *)read->groups;
	const struct rd_kafka_group_info *info;
	struct kafka_group *group;
	struct sst_error why;
	int i;

	if (!kafka__call_done(&read->k->hub, read->groups) || g->list == NULL)
		return;
	read->asked[KAFKA_PART_CONSUMERS] = true;
	for (i = 0; i < g->list->group_cnt; i++) {
		info = &g->list->groups[i];
		group = kafka__group(read->k, info->group);
		if (group == NULL)
			continue;
		if (info->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			group->info = info;
			continue;
		}
		kafka__error(info->err, "members of a group", &why);
		kafka__flaw(read, KAFKA_PART_CONSUMERS, &why);
	}
}

static void
census_note(struct kafka *k, int code)
{
	k->unlisted =
	    code == SST_UNSUPPORTED || (k->unlisted && code != SST_OK);
	if (code == SST_OK || code == SST_UNSUPPORTED)
		k->partial = 0;
	else
		k->partial++;
}

/*
 * Also without a list the groups that are known by name, or from before, are
 * asked for their offsets. Without any there is nothing to show, and that is
 * no empty cluster.
 */
int
kafka__step_groups(struct kafka_read *read, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct sst_error why = {0};
	size_t i;
	int code;

	for (i = 0; i < k->group_count; i++) {
		k->groups[i].seen = false;
		sst_error_clear(&k->groups[i].error);
	}
	code = census_take(read, &why, err);
	/* sorted also when it failed: they are kept */
	census_sort(k);
	if (code != SST_OK)
		return code;
	census_sweep(k, why.code == SST_OK);
	census_inform(read);
	census_note(k, why.code);
	if (why.code == SST_OK)
		return SST_OK;
	kafka__flaw(read, KAFKA_PART_GROUPS, &why);
	if (k->group_count > 0)
		return SST_OK;
	*err = why;
	return why.code;
}
