#include "conformance/served_nats.h"

#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NATS_MESSAGES = 20, NATS_TAKEN = 5, NATS_WAIT_MS = 20000 };

static bool
nats_open(const struct server *server, natsConnection **nc, jsCtx **js)
{
	char url[64];

	*nc = NULL;
	*js = NULL;
	snprintf(url, sizeof(url), "nats://127.0.0.1:%u",
	    (unsigned)server->port);
	return natsConnection_ConnectTo(nc, url) == NATS_OK &&
	       natsConnection_JetStream(js, *nc, NULL) == NATS_OK;
}

static bool
nats_stream(jsCtx *js, const char *name, jsRetentionPolicy retention,
    const char *consumer)
{
	char subject[64];
	const char *subjects[] = {subject};
	jsStreamConfig stream;
	jsConsumerConfig config;
	natsStatus s;
	int i;

	snprintf(subject, sizeof(subject), "%s.>", name);
	s = jsStreamConfig_Init(&stream);
	stream.Name = name;
	stream.Subjects = subjects;
	stream.SubjectsLen = 1;
	stream.Retention = retention;
	stream.AllowDirect = retention == js_LimitsPolicy;
	/* it is there again after it was killed */
	js_DeleteStream(js, name, NULL, NULL);
	if (s == NATS_OK)
		s = js_AddStream(NULL, js, &stream, NULL, NULL);
	snprintf(subject, sizeof(subject), "%s.task", name);
	for (i = 0; s == NATS_OK && i < NATS_MESSAGES; i++)
		s = js_Publish(NULL, js, subject, "x", 1, NULL, NULL);
	if (s != NATS_OK || consumer == NULL)
		return s == NATS_OK;
	jsConsumerConfig_Init(&config);
	config.Durable = consumer;
	config.AckPolicy = js_AckExplicit;
	config.AckWait = 3600000000000LL;
	return js_AddConsumer(NULL, js, name, &config, NULL, NULL) == NATS_OK;
}

static bool
nats_take(jsCtx *js, const char *stream, const char *consumer)
{
	natsSubscription *sub = NULL;
	natsMsgList list = {0};
	jsSubOptions options;
	natsStatus s;

	jsSubOptions_Init(&options);
	options.Stream = stream;
	options.Consumer = consumer;
	s = js_PullSubscribe(&sub, js, NULL, NULL, NULL, &options, NULL);
	if (s == NATS_OK)
		s = natsSubscription_Fetch(
		    &list, sub, NATS_TAKEN, NATS_WAIT_MS, NULL);
	if (s == NATS_OK)
		s = natsMsg_AckSync(list.Msgs[0], NULL, NULL);
	natsMsgList_Destroy(&list);
	natsSubscription_Destroy(sub);
	return s == NATS_OK;
}

bool
served_nats_seed(const struct server *server)
{
	natsConnection *nc;
	jsCtx *js;
	bool ok = nats_open(server, &nc, &js) &&
		  nats_stream(js, "WORK", js_WorkQueuePolicy, "w") &&
		  nats_take(js, "WORK", "w") &&
		  nats_stream(js, "LOG", js_LimitsPolicy, "c") &&
		  nats_stream(js, "ALONE", js_LimitsPolicy, NULL);

	jsCtx_Destroy(js);
	natsConnection_Destroy(nc);
	return ok;
}

/* The server's own words, appended. */
static bool
nats_say(natsConnection *nc, const char *subject, FILE *out)
{
	natsMsg *answer = NULL;
	natsStatus s;

	s = natsConnection_RequestString(
	    &answer, nc, subject, "", NATS_WAIT_MS);
	if (s == NATS_OK)
		fprintf(out, "%.*s\n", natsMsg_GetDataLength(answer),
		    natsMsg_GetData(answer));
	natsMsg_Destroy(answer);
	return s == NATS_OK;
}

char *
served_nats_state(const struct server *server)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	natsConnection *nc = NULL;
	jsCtx *js = NULL;
	bool ok = out != NULL && nats_open(server, &nc, &js) &&
		  nats_say(nc, "$JS.API.STREAM.LIST", out) &&
		  nats_say(nc, "$JS.API.CONSUMER.LIST.WORK", out) &&
		  nats_say(nc, "$JS.API.CONSUMER.LIST.LOG", out) &&
		  nats_say(nc, "$JS.API.CONSUMER.LIST.ALONE", out);

	if (out != NULL)
		fclose(out);
	jsCtx_Destroy(js);
	natsConnection_Destroy(nc);
	if (ok)
		return text;
	free(text);
	return NULL;
}
