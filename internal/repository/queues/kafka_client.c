#include "repository/queues/kafka_client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "repository/queues/kafka_hub.h"

enum { CLIENT_ERRSTR = 512 };
/* 2.6.1, as rd_kafka_version() has it */
enum { SCRAM_FIXED = 0x020601ff };

/* A connection is made anew at once, and then at least this often: a broker
 * that is back is seen by the next collection. */
#define RECONNECT_MS "100"
#define RECONNECT_MAX_MS "1000"
/* The first batch of each partition comes whole when it fits into this; what
 * does not fit comes one partition at a time, a second apart. */
#define FETCH_PARTITION_BYTES "1048576"
enum { FETCH_BYTES = 16 * 1024 * 1024, FETCH_HEAD_BYTES = 512 };
/* librdkafka's own bounds of receive.message.max.bytes */
enum { RECEIVE_MIN = 1024 * 1024 + 1024, RECEIVE_MAX = 2147483647 };

struct setting {
	const char *name, *value;
};

/* Nothing is ever written: no group, no commit, no topic made by asking. */
static const struct setting fixed[] = {
    {"client.id", "systate"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"allow.auto.create.topics", "false"},
    {"enable.partition.eof", "true"},
    {"fetch.wait.max.ms", "10"},
    {"fetch.error.backoff.ms", "100"},
    {"fetch.message.max.bytes", FETCH_PARTITION_BYTES},
    {"queued.max.messages.kbytes", "16384"},
    {"message.max.bytes", "1000"},
    {"socket.keepalive.enable", "true"},
    {"socket.timeout.ms", "10000"},
    {"socket.connection.setup.timeout.ms", "5000"},
    {"reconnect.backoff.ms", RECONNECT_MS},
    {"reconnect.backoff.max.ms", RECONNECT_MAX_MS},
    /* who cuts the connection is told apart from who is silent */
    {"log.connection.close", "true"},
};

static const char *const mechanisms[] = {
    [KAFKA_SASL_NONE] = NULL,
    [KAFKA_SASL_PLAIN] = "PLAIN",
    [KAFKA_SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
    [KAFKA_SASL_SCRAM_SHA_512] = "SCRAM-SHA-512",
};

/* The value is not in the text: it may be a secret. */
static int
client_set(rd_kafka_conf_t *conf, const char *name, const char *value,
    struct sst_error *err)
{
	char why[CLIENT_ERRSTR];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) ==
	    RD_KAFKA_CONF_OK)
		return SST_OK;
	return sst_error_set(
	    err, SST_INVALID, "librdkafka does not take %s", name);
}

static int
client_set_size(rd_kafka_conf_t *conf, const char *name, size_t value,
    struct sst_error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", value);
	return client_set(conf, name, text, err);
}

static int
client_set_secret(rd_kafka_conf_t *conf, const char *name,
    const struct sst_secret *secret, struct sst_error *err)
{
	char *value = NULL;
	int code;

	if (!sst_secret_given(secret))
		return SST_OK;
	code = sst_secret_read(secret, &value, err);
	if (code == SST_OK)
		code = client_set(conf, name, value, err);
	sst_secret_free(&value);
	return code;
}

static int
client_set_brokers(rd_kafka_conf_t *conf, const struct sst_option_list *brokers,
    struct sst_error *err)
{
	struct sst_buf list = SST_BUF_INIT;
	size_t i;
	int code;

	for (i = 0; i < brokers->count; i++) {
		if (i > 0)
			sst_buf_addc(&list, ',');
		sst_buf_adds(&list, brokers->items[i]);
	}
	code = sst_buf_failed(&list)
		   ? sst_error_nomem(err)
		   : client_set(conf, "bootstrap.servers", list.data, err);
	sst_buf_fini(&list);
	return code;
}

static int
client_set_tls(rd_kafka_conf_t *conf, const struct kafka_login *login,
    struct sst_error *err)
{
	int code;

	if (!login->tls)
		return SST_OK;
	code = client_set(
	    conf, "ssl.endpoint.identification.algorithm", "https", err);
	if (code == SST_OK && login->ca_file != NULL)
		code = client_set(conf, "ssl.ca.location", login->ca_file, err);
	if (code == SST_OK && login->cert_file != NULL)
		code = client_set(
		    conf, "ssl.certificate.location", login->cert_file, err);
	if (code == SST_OK)
		code = client_set_secret(conf, "ssl.key.pem", &login->key, err);
	return code;
}

static int
client_set_sasl(rd_kafka_conf_t *conf, const struct kafka_login *login,
    struct sst_error *err)
{
	int code;

	if (login->sasl == KAFKA_SASL_NONE)
		return SST_OK;
	code = client_set(conf, "sasl.mechanism", mechanisms[login->sasl], err);
	if (code == SST_OK)
		code = client_set(conf, "sasl.username", login->username, err);
	if (code == SST_OK)
		code = client_set_secret(
		    conf, "sasl.password", &login->password, err);
	return code;
}

static int
client_set_login(rd_kafka_conf_t *conf, const struct kafka_login *login,
    struct sst_error *err)
{
	static const char *const protocols[2][2] = {
	    {"plaintext", "ssl"},
	    {"sasl_plaintext", "sasl_ssl"},
	};
	bool sasl = login->sasl != KAFKA_SASL_NONE;
	int code = client_set(
	    conf, "security.protocol", protocols[sasl][login->tls], err);

	if (code == SST_OK)
		code = client_set_brokers(conf, &login->brokers, err);
	if (code == SST_OK)
		code = client_set_tls(conf, login, err);
	if (code == SST_OK)
		code = client_set_sasl(conf, login, err);
	return code;
}

/* One answer is no larger than the bound on answers, but one batch of a
 * producer with the usual bound must fit. */
static int
client_set_bounds(
    rd_kafka_conf_t *conf, size_t max_bytes, struct sst_error *err)
{
	size_t receive = max_bytes, fetch = FETCH_BYTES;
	int code;

	if (receive < RECEIVE_MIN)
		receive = RECEIVE_MIN;
	if (receive > RECEIVE_MAX)
		receive = RECEIVE_MAX;
	if (fetch > receive - FETCH_HEAD_BYTES)
		fetch = receive - FETCH_HEAD_BYTES;
	code = client_set_size(conf, "receive.message.max.bytes", receive, err);
	if (code == SST_OK)
		code = client_set_size(conf, "fetch.max.bytes", fetch, err);
	return code;
}

static int
client_configure(rd_kafka_conf_t *conf, const struct kafka_login *login,
    size_t max_bytes, struct sst_error *err)
{
	size_t i;
	int code = SST_OK;

	for (i = 0; code == SST_OK && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		code = client_set(conf, fixed[i].name, fixed[i].value, err);
	if (code == SST_OK)
		code = client_set(conf, "isolation.level",
		    login->read_committed ? "read_committed"
					  : "read_uncommitted",
		    err);
	if (code == SST_OK)
		code = client_set_bounds(conf, max_bytes, err);
	if (code == SST_OK)
		code = client_set_login(conf, login, err);
	return code;
}

/* From any thread of the library. */
static void
client_on_log(const rd_kafka_t *rk, int level, const char *id, const char *text)
{
	struct kafka_client *client = rd_kafka_opaque(rk);
	struct sst_buf safe = SST_BUF_INIT;

	(void)level;
	if (client == NULL || !sst_log_enabled(SST_LOG_DEBUG) ||
	    atomic_fetch_add(&client->lines, 1) >= KAFKA_LOG_LINES)
		return;
	if (sst_text_safe(text, strlen(text), 500, &safe) && safe.len > 0)
		sst_log_debug(
		    "KAFKA-LOG", client->hub->name, "%s: %s", id, safe.data);
	sst_buf_fini(&safe);
}

static bool
client_is_hopeless(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
	       error == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
	       error == RD_KAFKA_RESP_ERR__SSL;
}

/* Brokers from 4.0 on refuse what the library made of SCRAM before 2.6.1. */
static const char *
client_hint(const struct kafka_client *client, rd_kafka_resp_err_t error)
{
	if (!client->scram || error != RD_KAFKA_RESP_ERR__AUTHENTICATION ||
	    rd_kafka_version() >= SCRAM_FIXED)
		return "";
	return " (or the brokers are of Kafka 4: the librdkafka of this build "
	       "cannot log in to these with SCRAM)";
}

/* The same trouble, the same text: not how long it took, nor on which of its
 * connections. */
static void
client_steady(const char *text, char *out, size_t size)
{
	const char *end = strstr(text, " (after "), *slash;
	size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
	int cut;

	slash = strstr(text, "/bootstrap: ");
	if (slash != NULL && (size_t)(slash - text) < len) {
		cut = (int)(slash - text);
		snprintf(out, size, "%.*s%.*s", cut, text,
		    (int)(len - (size_t)cut - strlen("/bootstrap")),
		    slash + strlen("/bootstrap"));
		return;
	}
	snprintf(out, size, "%.*s", (int)len, text);
}

static void
client_note(
    struct kafka_client *client, rd_kafka_resp_err_t error, const char *text)
{
	char steady[SST_ERROR_TEXT];
	int code = kafka__code(error);

	client_steady(text != NULL ? text : "", steady, sizeof(steady));
	sst_lock_acquire(&client->hub->lock);
	/* "1/1 brokers are down" says less than what came before it */
	if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		/* of several that cannot be reached each has its own text */
		if (code == SST_UNREACHABLE && client->broker_count > 1)
			snprintf(steady, sizeof(steady),
			    "none of the brokers can be reached");
		sst_error_set(&client->trouble, code, "%s%s", steady,
		    client_hint(client, error));
	}
	/* one that was well may be again, by another broker say */
	if (!client->met && client_is_hopeless(error)) {
		client->hopeless = true;
		pthread_cond_broadcast(&client->hub->changed);
	}
	sst_lock_release(&client->hub->lock);
}

/* On the background thread of the library. */
static void
client_on_event(rd_kafka_t *rk, rd_kafka_event_t *event, void *opaque)
{
	struct kafka_client *client = opaque;

	(void)rk;
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT:
		kafka__call_answer(
		    client->hub, rd_kafka_event_opaque(event), event);
		return;
	case RD_KAFKA_EVENT_ERROR:
		client_note(client, rd_kafka_event_error(event),
		    rd_kafka_event_error_string(event));
		break;
	default:
		break;
	}
	rd_kafka_event_destroy(event);
}

/* By the names of our options. */
static int
client_refused(
    const char *why, const struct kafka_login *login, struct sst_error *err)
{
	sst_error_set(err, SST_INVALID, "%s", why);
	if (strstr(why, "ssl.ca.location") != NULL)
		return sst_error_prefix(err, "ca_file %s", login->ca_file);
	if (strstr(why, "ssl.certificate.location") != NULL)
		return sst_error_prefix(err, "cert_file %s", login->cert_file);
	if (strstr(why, "ssl.key.pem") != NULL)
		return sst_error_prefix(err, "key");
	return sst_error_prefix(err, "librdkafka");
}

static int
client_open(struct kafka_client *client, rd_kafka_conf_t *conf,
    const struct kafka_login *login, struct sst_error *err)
{
	char why[CLIENT_ERRSTR] = "";
	rd_kafka_queue_t *main_queue;

	rd_kafka_conf_set_opaque(conf, client);
	rd_kafka_conf_set_log_cb(conf, client_on_log);
	rd_kafka_conf_set_background_event_cb(conf, client_on_event);
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
	client->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (client->rk == NULL) {
		rd_kafka_conf_destroy(conf);
		return client_refused(why, login, err);
	}
	client->background = rd_kafka_queue_get_background(client->rk);
	main_queue = rd_kafka_queue_get_main(client->rk);
	rd_kafka_queue_forward(main_queue, client->background);
	rd_kafka_queue_destroy(main_queue);
	return SST_OK;
}

int
kafka__client_new(struct kafka_hub *hub, const struct kafka_login *login,
    size_t max_bytes, struct kafka_client **out, struct sst_error *err)
{
	struct kafka_client *client = calloc(1, sizeof(*client));
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	int code;

	if (client == NULL) {
		rd_kafka_conf_destroy(conf);
		return sst_error_nomem(err);
	}
	sst_ref_init(&client->ref);
	client->hub = hub;
	client->broker_count = login->brokers.count;
	client->scram = login->sasl == KAFKA_SASL_SCRAM_SHA_256 ||
			login->sasl == KAFKA_SASL_SCRAM_SHA_512;
	code = client_configure(conf, login, max_bytes, err);
	if (code != SST_OK)
		rd_kafka_conf_destroy(conf);
	else
		code = client_open(client, conf, login, err);
	if (code != SST_OK) {
		free(client);
		return code;
	}
	*out = client;
	return SST_OK;
}

void
kafka__client_acquire(struct kafka_client *client)
{
	sst_ref_acquire(&client->ref);
}

void
kafka__client_release(struct kafka_client **client)
{
	struct kafka_client *c = *client;

	*client = NULL;
	if (c == NULL || !sst_ref_release(&c->ref))
		return;
	rd_kafka_queue_destroy(c->background);
	rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	/* nothing answers these any more */
	while (c->sent != NULL)
		kafka__call_answer(c->hub, c->sent, NULL);
	free(c);
}

bool
kafka__client_begin(struct kafka_client *client)
{
	bool usable;

	atomic_store(&client->lines, 0);
	sst_lock_acquire(&client->hub->lock);
	client->hopeless = false;
	if (client->sent != NULL)
		client->unanswered++;
	else
		client->unanswered = 0;
	usable = client->unanswered < KAFKA_UNANSWERED_MAX;
	sst_lock_release(&client->hub->lock);
	return usable;
}

void
kafka__client_well(struct kafka_client *client)
{
	sst_lock_acquire(&client->hub->lock);
	sst_error_clear(&client->trouble);
	client->met = true;
	sst_lock_release(&client->hub->lock);
}

int
kafka__client_trouble(struct kafka_client *client, struct sst_error *err)
{
	int code;

	sst_lock_acquire(&client->hub->lock);
	code = client->trouble.code;
	if (code != SST_OK)
		*err = client->trouble;
	sst_lock_release(&client->hub->lock);
	return code;
}

void
kafka__client_note_sent(struct kafka_client *client, struct kafka_call *call)
{
	call->next = client->sent;
	client->sent = call;
}

void
kafka__client_note_answered(
    struct kafka_client *client, struct kafka_call *call)
{
	struct kafka_call **at = &client->sent;

	while (*at != NULL && *at != call)
		at = &(*at)->next;
	if (*at != NULL)
		*at = call->next;
}

int
kafka__code(rd_kafka_resp_err_t error)
{
	switch (error) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return SST_OK;
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
	case RD_KAFKA_RESP_ERR__PARTIAL:
		return SST_TIMEOUT;
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
	case RD_KAFKA_RESP_ERR__RESOLVE:
		return SST_UNREACHABLE;
	case RD_KAFKA_RESP_ERR__SSL:
		return SST_TLS;
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
		return SST_UNAUTHORIZED;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		return SST_FORBIDDEN;
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
		return SST_NOT_FOUND;
	case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
		return SST_UNSUPPORTED;
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
		return SST_PROTOCOL;
	case RD_KAFKA_RESP_ERR__DESTROY:
		return SST_CANCELED;
	default:
		return SST_UPSTREAM;
	}
}

int
kafka__error(rd_kafka_resp_err_t error, const char *what, struct sst_error *err)
{
	return sst_error_set(
	    err, kafka__code(error), "%s: %s", what, rd_kafka_err2str(error));
}

/* No scheme, no login, no list: those are other options. */
bool
kafka__valid_broker(const char *text)
{
	const char *p, *colon = strrchr(text, ':');
	bool v6 = text[0] == '[';
	long port = 0;

	for (p = text; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) &&
		    strchr(v6 ? ".-_:[]%" : ".-_:", *p) == NULL)
			return false;
	}
	if (v6 && strchr(text, ']') == NULL)
		return false;
	if (colon == NULL || (v6 && strchr(colon, ']') != NULL))
		return text[0] != '\0';
	for (p = colon + 1; isdigit((unsigned char)*p) && port <= 65535; p++)
		port = port * 10 + (*p - '0');
	return colon > text && p > colon + 1 && *p == '\0' && port > 0 &&
	       port <= 65535 && (v6 || strchr(text, ':') == colon);
}
