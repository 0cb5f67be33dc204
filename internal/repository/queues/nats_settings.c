#include "repository/queues/nats_settings.h"

#include <string.h>
#include <strings.h>

#include "httpc/client.h"
#include "repository/queues/nats_login.h"

static bool
settings_valid_monitoring(const char *text)
{
	return strchr(text, '?') == NULL &&
	       sst_httpc_url_check(text, NULL) == SST_OK;
}

/* Header names have no colon and nothing that is not printed. */
static bool
settings_valid_header(const char *text)
{
	const char *p;

	for (p = text; *p != '\0'; p++) {
		if (*p <= 0x20 || *p >= 0x7f || *p == ':')
			return false;
	}
	return p > text;
}

static const char *const level_names[] = {
    [QUEUE_LOW] = "low",
    [QUEUE_NORMAL] = "normal",
    [QUEUE_HIGH] = "high",
    [QUEUE_CRITICAL] = "critical",
};

enum { LEVEL_COUNT = sizeof(level_names) / sizeof(level_names[0]) };

/* The level of that name, or LEVEL_COUNT. */
static int
settings_level(const char *name)
{
	int i;

	for (i = 0; i < LEVEL_COUNT; i++) {
		if (strcmp(level_names[i], name) == 0)
			break;
	}
	return i;
}

static bool
settings_valid_level(const char *text)
{
	const char *equals = strrchr(text, '=');

	return equals != NULL && equals > text &&
	       settings_level(equals + 1) < LEVEL_COUNT;
}

#define AT(member) offsetof(struct nats_settings, member)
#define HEADER                               \
	.type = SST_OPTION_STRING, .max = 128, \
	.valid = settings_valid_header, .form = "the name of a header"

const struct sst_option nats__options[NATS_OPTION_COUNT] = {
    {.name = "monitoring",
	.type = SST_OPTION_LIST,
	.max = 100,
	.valid = settings_valid_monitoring,
	.form = "an http or https URL without credentials and query",
	.help = "Monitoring endpoints, such as http://127.0.0.1:8222; of a "
		"cluster those of all servers.",
	.offset = AT(monitoring)},
    {.name = "url",
	.type = SST_OPTION_STRING,
	.valid = nats__wire_valid_url,
	.form = "nats://HOST[:PORT] or tls://HOST[:PORT] without "
		"credentials, several with commas between them",
	.help = "Where to connect to, for the tasks in the queues, and for "
		"all of it when there is no monitoring endpoint.",
	.offset = AT(access.url)},
    {.name = "username",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 256,
	.help = "User that connects. It needs to publish to "
		"$JS.API.STREAM.NAMES, $JS.API.STREAM.INFO.*, "
		"$JS.API.CONSUMER.LIST.*, $JS.API.CONSUMER.INFO.*.*, "
		"$JS.API.STREAM.MSG.GET.* and $JS.API.DIRECT.GET.*, and to "
		"subscribe to _INBOX.>.",
	.offset = AT(access.username)},
    {.name = "password",
	.type = SST_OPTION_SECRET,
	.help = "Its password. Read at each connection.",
	.offset = AT(access.password)},
    {.name = "token",
	.type = SST_OPTION_SECRET,
	.help = "Token, instead of a user.",
	.offset = AT(access.token)},
    {.name = "nkey",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 256,
	.help = "Public NKEY of the user (U...), instead of its name.",
	.offset = AT(access.nkey)},
    {.name = "nkey_seed",
	.type = SST_OPTION_SECRET,
	.help = "Its seed (SU...).",
	.offset = AT(access.nkey_seed)},
    {.name = "creds",
	.type = SST_OPTION_SECRET,
	.help = "User JWT and seed; creds_file names a .creds file.",
	.offset = AT(access.creds)},
    {.name = "inbox_prefix",
	.type = SST_OPTION_STRING,
	.max = 80,
	.valid = nats__wire_valid_subject,
	.form = "a subject without wildcards",
	.help = "Subject below which the user may subscribe, instead of "
		"_INBOX.",
	.offset = AT(access.inbox_prefix)},
    {.name = "ca_file",
	.type = SST_OPTION_STRING,
	.help = "PEM file to check the servers' certificates with, instead "
		"of the certificates of the system.",
	.offset = AT(access.ca_file)},
    {.name = "cert_file",
	.type = SST_OPTION_STRING,
	.help = "PEM file with a client certificate.",
	.offset = AT(access.cert_file)},
    {.name = "key",
	.type = SST_OPTION_SECRET,
	.help = "Its private key, PEM.",
	.offset = AT(access.key)},
    {.name = "tls_server_name",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 256,
	.help = "Name in the certificates, when it is not that of the url.",
	.offset = AT(access.tls_server_name)},
    {.name = "account",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 256,
	.help = "Only streams of this account; without: of all that the "
		"monitoring endpoint tells, those of others than $G named "
		"ACCOUNT:STREAM/CONSUMER.",
	.offset = AT(account)},
    QUEUE_PICK_ROWS(struct nats_settings, pick, "nats"),
    QUEUE_WINDOW_ROW(struct nats_settings, window),
    {.name = "hide_ephemeral",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Leave out consumers that are not durable, but of work "
		"queues: those of clients that read a stream.",
	.offset = AT(hide_ephemeral)},
    {.name = "hide_buckets",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Leave out streams that hold keys and values, objects or "
		"MQTT sessions.",
	.offset = AT(hide_buckets)},
    {.name = "id_header",
	HEADER,
	.fallback = "Nats-Msg-Id",
	.help = "Header with the id of a task; without: STREAM#SEQUENCE.",
	.offset = AT(id_header)},
    {.name = "priority_token",
	.type = SST_OPTION_INT,
	.min = 0,
	.max = 100,
	.help = "Which word of the subject is the priority: 3 in "
		"agent.tasks.high.embed; 0: none.",
	.offset = AT(priority_token)},
    {.name = "priority_header",
	HEADER,
	.help = "Header with the priority, before that of the subject.",
	.offset = AT(priority_header)},
    {.name = "priority_levels",
	.type = SST_OPTION_LIST,
	.max = 100,
	.valid = settings_valid_level,
	.form = "WORD=low, =normal, =high or =critical",
	.help = "What priorities mean: [p0=critical, p1=high]. Without: low, "
		"normal, high, critical and words like them.",
	.offset = AT(priority_levels)},
    {.name = "blocked_by_header",
	HEADER,
	.help = "Header with the ids of the tasks that a task waits for, "
		"with commas between them.",
	.offset = AT(blocked_by_header)},
};

int
nats__settings_check(const struct nats_settings *set, struct sst_error *err)
{
	if (set->monitoring.count == 0 && set->access.url == NULL)
		return sst_error_set(err, SST_INVALID,
		    "monitoring, url: at least one of them is needed");
	return nats__login_check(&set->access, err);
}

static bool
word_is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(word, name, len) == 0;
}

enum queue_level
nats__level(const struct nats_settings *set, const char *word, size_t len)
{
	static const struct {
		const char *word;
		enum queue_level level;
	} words[] = {
	    {"critical", QUEUE_CRITICAL},
	    {"urgent", QUEUE_CRITICAL},
	    {"emergency", QUEUE_CRITICAL},
	    {"high", QUEUE_HIGH},
	    {"low", QUEUE_LOW},
	    {"background", QUEUE_LOW},
	    {"bulk", QUEUE_LOW},
	};
	size_t i;

	for (i = 0; i < set->priority_levels.count; i++) {
		const char *row = set->priority_levels.items[i];
		const char *equals = strrchr(row, '=');

		if ((size_t)(equals - row) == len &&
		    memcmp(row, word, len) == 0)
			return (enum queue_level)settings_level(equals + 1);
	}
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (word_is(word, len, words[i].word))
			return words[i].level;
	}
	return QUEUE_NORMAL;
}
