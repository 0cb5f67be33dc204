#include "test_bullmq_support.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repository/queues/queues.h"

enum { BULL_ARGS = 40 };

static char bull_text[4096];

bool
bull_can(void)
{
	if (server_has("redis-server"))
		return true;
	printf("SKIP: redis-server is not installed\n");
	return false;
}

void
bull_init(struct bull *bull, const char *const *extra)
{
	static const char *const base[] = {"redis-server", "--port", "{PORT}",
	    "--bind", "127.0.0.1", "--save", "", "--dir", "{DIR}",
	    "--enable-debug-command", "yes"};
	static const char *argv[BULL_ARGS];
	size_t n = sizeof(base) / sizeof(base[0]);

	memset(bull, 0, sizeof(*bull));
	memset(argv, 0, sizeof(argv));
	memcpy(argv, base, sizeof(base));
	for (; extra != NULL && *extra != NULL; extra++)
		argv[n++] = *extra;
	subject_init(&bull->subject, &sst_bullmq_ops);
	ck_assert(server_start(&bull->server, argv));
	ck_assert(fault_proxy_start(bull->server.port, &bull->proxy));
	bull->redis = redisConnect("127.0.0.1", bull->server.port);
	ck_assert(bull->redis != NULL && bull->redis->err == 0);
}

void
bull_fini(struct bull *bull)
{
	json_decref(bull->tree);
	sst_harvest_release(&bull->last);
	subject_fini(&bull->subject);
	redisFree(bull->redis);
	fault_proxy_stop(&bull->proxy);
	server_end(&bull->server);
}

void
bull_open(struct bull *bull, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), "{url: 'redis://127.0.0.1:%u'%s%s}",
	    (unsigned)(bull->direct ? bull->server.port
				    : fault_proxy_port(bull->proxy)),
	    more[0] ? ", " : "", more);
	sst_harvest_release(&bull->last);
	ck_assert_msg(subject_open(&bull->subject, yaml) == SST_OK, "%s",
	    bull->subject.err.text);
}

static int
bull_fill(struct bull *bull, struct sst_draft *draft)
{
	struct subject *s = &bull->subject;
	struct sst_collect req = {.now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock)};
	struct sst_harvest *harvest = NULL;
	int code;

	req.deadline = sst_mono_add_ms(req.now, SUBJECT_DEADLINE_MS);
	code = s->ops->collect(s->state, &req, draft, &s->err);
	s->next_ms = sst_draft_next(draft);
	if (code == SST_OK)
		code = sst_draft_finish(draft, &harvest, &s->err);
	if (code != SST_OK)
		return code;
	sst_harvest_release(&bull->last);
	bull->last = harvest;
	sst_harvest_release(&s->harvest);
	s->harvest = sst_harvest_acquire(harvest);
	return SST_OK;
}

int
bull_collect_bare(struct bull *bull)
{
	struct subject *s = &bull->subject;
	struct sst_draft_settings settings = {.contract = s->contract,
	    .section = SST_SECTION_QUEUES,
	    .source = s->env.name,
	    .now = sst_clock_wall(&s->hands.clock),
	    .previous = bull->last};
	struct sst_draft *draft = NULL;
	int code;

	sst_error_clear(&s->err);
	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	code = bull_fill(bull, draft);
	sst_draft_free(&draft);
	fake_clock_advance(&s->hands, 1000);
	return code;
}

int
bull_collect(struct bull *bull)
{
	int code = bull_collect_bare(bull);

	json_decref(bull->tree);
	bull->tree = code == SST_OK ? subject_tree(&bull->subject) : NULL;
	return code;
}

void
bull_collect_whole(struct bull *bull)
{
	int code = bull_collect(bull);

	ck_assert_msg(code == SST_OK, "%s: %s", sst_code_name(code),
	    bull->subject.err.text);
	ck_assert_msg(bull->last->flaw.code == SST_OK, "%s",
	    bull->last->flaw.text);
	ck_assert_uint_eq(bull->last->rejected, 0);
}

static void
bull_check(struct bull *bull, redisReply *reply, const char *what)
{
	ck_assert_msg(reply != NULL, "%s: %s", what, bull->redis->errstr);
	ck_assert_msg(
	    reply->type != REDIS_REPLY_ERROR, "%s: %s", what, reply->str);
	freeReplyObject(reply);
}

void
bull_do(struct bull *bull, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bull_check(bull, redisvCommand(bull->redis, fmt, ap), fmt);
	va_end(ap);
}

void
bull_play(struct bull *bull, const char *file)
{
	struct redisReader *reader = redisReaderCreate();
	char path[512], bytes[4096];
	const char *parts[64];
	redisReply *command;
	void *reply = NULL;
	size_t n, i, lens[64];
	FILE *f;

	snprintf(path, sizeof(path), BULL_RECORDED "%s", file);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s", path);
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		ck_assert_int_eq(redisReaderFeed(reader, bytes, n), REDIS_OK);
	fclose(f);
	while (redisReaderGetReply(reader, &reply) == REDIS_OK &&
	       reply != NULL) {
		command = reply;
		ck_assert_uint_lt(command->elements, 64);
		for (i = 0; i < command->elements; i++) {
			parts[i] = command->element[i]->str;
			lens[i] = command->element[i]->len;
		}
		bull_check(bull,
		    redisCommandArgv(
			bull->redis, (int)command->elements, parts, lens),
		    parts[0]);
		freeReplyObject(command);
	}
	redisReaderFree(reader);
}

/* DUMP would not do: the order in a hash changes as it is read. */
static void
bull_dump(struct bull *bull, const redisReply *key, FILE *f)
{
	redisReply *reply;

	reply = redisCommand(
	    bull->redis, "DEBUG DIGEST-VALUE %b", key->str, key->len);
	ck_assert(reply != NULL && reply->type == REDIS_REPLY_ARRAY);
	fprintf(f, "%s %s", key->str, reply->element[0]->str);
	freeReplyObject(reply);
	reply = redisCommand(bull->redis, "PEXPIRETIME %b", key->str, key->len);
	ck_assert(reply != NULL && reply->type == REDIS_REPLY_INTEGER);
	fprintf(f, " %lld\n", reply->integer);
	freeReplyObject(reply);
}

/* How many writes the server has seen. */
static void
bull_writes(struct bull *bull, FILE *f)
{
	redisReply *reply = redisCommand(bull->redis, "INFO persistence");
	const char *line;

	ck_assert(reply != NULL && reply->type == REDIS_REPLY_STRING);
	line = strstr(reply->str, "rdb_changes_since_last_save:");
	ck_assert_ptr_nonnull(line);
	fprintf(f, "%.*s\n", (int)strcspn(line, "\r"), line);
	freeReplyObject(reply);
}

static int
bull_compare(const void *a, const void *b)
{
	const redisReply *x = *(redisReply *const *)a;
	const redisReply *y = *(redisReply *const *)b;

	return strcmp(x->str, y->str);
}

char *
bull_everything(struct bull *bull)
{
	redisReply *keys = redisCommand(bull->redis, "KEYS *");
	char *text = NULL;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	ck_assert(keys != NULL && f != NULL);
	qsort(keys->element, keys->elements, sizeof(keys->element[0]),
	    bull_compare);
	for (i = 0; i < keys->elements; i++)
		bull_dump(bull, keys->element[i], f);
	freeReplyObject(keys);
	bull_writes(bull, f);
	fclose(f);
	return text;
}

static const json_t *
bull_named(const json_t *list, const char *member, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (strcmp(json_string_value(json_object_get(item, member)),
			name) == 0)
			return item;
	}
	return NULL;
}

const json_t *
bull_queue(struct bull *bull, const char *name)
{
	return bull_named(bull->tree, "name", name);
}

const json_t *
bull_task(struct bull *bull, const char *queue, const char *id)
{
	return bull_named(
	    json_object_get(bull_queue(bull, queue), "tasks"), "id", id);
}

static const char *
bull_say(const json_t *value)
{
	char *text;

	if (value == NULL)
		return "absent";
	if (json_is_string(value))
		return json_string_value(value);
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	snprintf(bull_text, sizeof(bull_text), "%s", text);
	free(text);
	return bull_text;
}

const char *
bull_told(
    struct bull *bull, const char *queue, const char *id, const char *member)
{
	const json_t *task = bull_task(bull, queue, id);

	return task == NULL ? "no task"
			    : bull_say(json_object_get(task, member));
}

const char *
bull_of(struct bull *bull, const char *queue, const char *path)
{
	const json_t *value = bull_queue(bull, queue);
	const char *dot = strchr(path, '.');
	char first[64];

	if (value == NULL)
		return "no queue";
	if (dot == NULL)
		return bull_say(json_object_get(value, path));
	snprintf(first, sizeof(first), "%.*s", (int)(dot - path), path);
	return bull_say(json_object_get(json_object_get(value, first), dot + 1));
}

const char *
bull_part(struct bull *bull, const char *name)
{
	json_t *upstream =
	    json_loadb(bull->last->upstream, bull->last->upstream_len, 0, NULL);
	const json_t *part =
	    bull_named(json_object_get(upstream, "parts"), "name", name);
	const json_t *reason = json_object_get(part, "reason");

	ck_assert_msg(part != NULL, "%s", name);
	snprintf(bull_text, sizeof(bull_text), "%s%s%s",
	    json_string_value(json_object_get(part, "state")),
	    json_is_string(reason) ? ": " : "",
	    json_is_string(reason) ? json_string_value(reason) : "");
	json_decref(upstream);
	return bull_text;
}
