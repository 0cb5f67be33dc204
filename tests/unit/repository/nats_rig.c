#include "nats_rig.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/queues/queues.h"

#define OK(call)                                                     \
	do {                                                         \
		natsStatus ok_ = (call);                             \
		ck_assert_msg(ok_ == NATS_OK, "%s: %s",              \
		    natsStatus_GetText(ok_), nats_GetLastError(NULL)); \
	} while (0)

bool
nats_rig_there(void)
{
	if (server_has("nats-server"))
		return true;
	printf("SKIP: nats-server is not installed\n");
	return false;
}

void
nats_rig_init(struct nats_rig *rig)
{
	static char monitor[16];
	static const char *const argv[] = {"nats-server", "-js", "-sd",
	    "{DIR}/js", "-a", "127.0.0.1", "-p", "{PORT}", "-m", monitor,
	    "--user", "ann", "--pass", "secret-of-ann", NULL};
	char url[64];
	natsOptions *options = NULL;

	memset(rig, 0, sizeof(*rig));
	snprintf(monitor, sizeof(monitor), "%u", server_free_port());
	ck_assert(server_start(&rig->server, argv));
	ck_assert(fault_proxy_start(rig->server.port, &rig->proxy));
	rig->port = fault_proxy_port(rig->proxy);
	snprintf(rig->monitoring, sizeof(rig->monitoring),
	    "http://127.0.0.1:%s", monitor);
	snprintf(url, sizeof(url), "nats://127.0.0.1:%u", rig->server.port);
	OK(natsOptions_Create(&options));
	OK(natsOptions_SetURL(options, url));
	OK(natsOptions_SetUserInfo(options, "ann", "secret-of-ann"));
	OK(natsOptions_SetReconnectWait(options, 10));
	OK(natsConnection_Connect(&rig->nc, options));
	natsOptions_Destroy(options);
	OK(natsConnection_JetStream(&rig->js, rig->nc, NULL));
	subject_init(&rig->subject, &sst_nats_ops);
}

void
nats_rig_fini(struct nats_rig *rig)
{
	json_decref(rig->tree);
	subject_fini(&rig->subject);
	while (rig->sub_count > 0)
		natsSubscription_Destroy(rig->subs[--rig->sub_count]);
	jsCtx_Destroy(rig->js);
	natsConnection_Destroy(rig->nc);
	fault_proxy_stop(&rig->proxy);
	server_end(&rig->server);
}

void
nats_rig_stream(struct nats_rig *rig, const char *name,
    jsRetentionPolicy retention, bool direct)
{
	jsStreamConfig config;
	char subject[64];
	const char *subjects[] = {subject};

	snprintf(subject, sizeof(subject), "%s.>", name);
	OK(jsStreamConfig_Init(&config));
	config.Name = name;
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Retention = retention;
	config.Storage = js_MemoryStorage;
	config.AllowDirect = direct;
	OK(js_AddStream(NULL, rig->js, &config, NULL, NULL));
}

void
nats_rig_consumer(struct nats_rig *rig, const char *stream, const char *name,
    const char *filter, int64_t max_deliver)
{
	jsConsumerConfig config;

	OK(jsConsumerConfig_Init(&config));
	config.Durable = name;
	config.AckPolicy = js_AckExplicit;
	config.AckWait = 600000000000LL;
	config.MaxDeliver = max_deliver;
	config.FilterSubject = filter;
	OK(js_AddConsumer(NULL, rig->js, stream, &config, NULL, NULL));
}

void
nats_rig_submit(struct nats_rig *rig, const char *subject,
    const char *headers, const char *body, size_t len)
{
	char *copy = strdup(headers != NULL ? headers : ""), *rest = copy;
	char *line, *value;
	natsMsg *message = NULL;

	ck_assert_ptr_nonnull(copy);
	OK(natsMsg_Create(&message, subject, NULL, body, (int)len));
	while ((line = strsep(&rest, "\n")) != NULL) {
		value = strstr(line, ": ");
		if (value == NULL)
			continue;
		*value = '\0';
		OK(natsMsgHeader_Set(message, line, value + 2));
	}
	OK(js_PublishMsg(NULL, rig->js, message, NULL, NULL));
	natsMsg_Destroy(message);
	free(copy);
}

void
nats_rig_pull(struct nats_rig *rig, const char *stream, const char *consumer,
    int count, natsMsgList *out)
{
	jsSubOptions options;
	natsSubscription *sub = NULL;

	OK(jsSubOptions_Init(&options));
	options.Stream = stream;
	options.Consumer = consumer;
	OK(js_PullSubscribe(
	    &sub, rig->js, NULL, NULL, NULL, &options, NULL));
	OK(natsSubscription_Fetch(out, sub, count, 20000, NULL));
	ck_assert_int_eq(out->Count, count);
	ck_assert_uint_lt(rig->sub_count, 32);
	rig->subs[rig->sub_count++] = sub;
}

void
nats_rig_open(struct nats_rig *rig, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
	    "{url: 'nats://127.0.0.1:%u', username: ann, password: "
	    "secret-of-ann%s}",
	    rig->port, more);
	ck_assert_msg(subject_open(&rig->subject, yaml) == SST_OK, "%s",
	    rig->subject.err.text);
}

const struct sst_error *
nats_rig_collect(struct nats_rig *rig)
{
	struct subject *s = &rig->subject;
	int code;

	fake_clock_advance(&s->hands, 1000);
	code = subject_collect(s);
	ck_assert_msg(
	    code == SST_OK, "%s: %s", sst_code_name(code), s->err.text);
	json_decref(rig->tree);
	rig->tree = subject_tree(s);
	return &s->harvest->flaw;
}

void
nats_rig_collect_whole(struct nats_rig *rig)
{
	const struct sst_error *flaw = nats_rig_collect(rig);

	ck_assert_msg(flaw->code == SST_OK, "%s", flaw->text);
	ck_assert_uint_eq(rig->subject.harvest->rejected, 0);
}

const json_t *
nats_rig_queue(struct nats_rig *rig, const char *name)
{
	const json_t *queue;
	size_t i;

	json_array_foreach(rig->tree, i, queue)
	{
		if (strcmp(json_string_value(json_object_get(queue, "name")),
			name) == 0)
			return queue;
	}
	ck_abort_msg("no queue %s", name);
}

char *
nats_rig_tasks(struct nats_rig *rig, const char *name)
{
	const json_t *tasks =
	    json_object_get(nats_rig_queue(rig, name), "tasks");
	struct sst_buf text = SST_BUF_INIT;
	const json_t *task;
	size_t i;

	sst_buf_adds(&text, "");
	json_array_foreach(tasks, i, task)
	{
		sst_buf_addf(&text, "%s%s %s", i > 0 ? "," : "",
		    json_string_value(json_object_get(task, "id")),
		    json_string_value(json_object_get(task, "status")));
	}
	ck_assert(!sst_buf_failed(&text));
	return text.data != NULL ? sst_buf_take(&text, NULL) : strdup("");
}

const char *
nats_rig_depth(struct nats_rig *rig, const char *name)
{
	static const char *const members[] = {
	    "ready", "running", "dead", "total"};
	static char text[128];
	const json_t *depth =
	    json_object_get(nats_rig_queue(rig, name), "depth");
	size_t i, at = 0;

	for (i = 0; i < 4; i++) {
		const json_t *value = json_object_get(depth, members[i]);

		if (json_is_integer(value))
			at += (size_t)snprintf(text + at, sizeof(text) - at,
			    "%s%lld", i > 0 ? " " : "",
			    (long long)json_integer_value(value));
		else
			at += (size_t)snprintf(text + at, sizeof(text) - at,
			    "%s-", i > 0 ? " " : "");
	}
	return text;
}
