#include "test_postgres_support.h"

#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/draft.h"
#include "support/poll.h"
#include "support/postgres_server.h"

struct server pg_server;
struct subject pg_subject;
json_t *pg_tree;

static struct sst_harvest *former;
static PGconn *admin;
static bool open;

bool
pg_start(void)
{
	if (!postgres_server_has()) {
		printf("SKIP: PostgreSQL is not installed\n");
		return false;
	}
	/* outside of a test nothing can be asserted */
	if (!server_start(&pg_server, postgres_server_argv))
		exit(EXIT_FAILURE);
	return true;
}

void
pg_stop(void)
{
	server_end(&pg_server);
}

static bool
pg_ready(const char *conninfo)
{
	return PQping(conninfo) == PQPING_OK;
}

/* It listens before it takes sessions. */
static PGconn *
pg_connect(const char *database)
{
	char conninfo[128];
	PGconn *conn;

	snprintf(conninfo, sizeof(conninfo),
	    "host=127.0.0.1 port=%u user=postgres dbname=%s",
	    (unsigned)pg_server.port, database);
	ck_assert(POLL_UNTIL(pg_ready(conninfo)));
	conn = PQconnectdb(conninfo);
	ck_assert_msg(
	    PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
	PQsetErrorVerbosity(conn, PQERRORS_TERSE);
	return conn;
}

void
pg_run_in(PGconn *session, const char *sql)
{
	PGresult *result = PQexec(session, sql);
	ExecStatusType status = PQresultStatus(result);

	ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK,
	    "%.200s: %s", sql, PQresultErrorMessage(result));
	PQclear(result);
}

void
pg_restart(void)
{
	PQfinish(admin);
	admin = NULL;
	server_stop(&pg_server, SIGKILL);
	ck_assert(server_again(&pg_server));
	admin = pg_connect("t");
}

PGconn *
pg_session(void)
{
	return pg_connect("t");
}

static void
pg_silent(void *ctx, const char *message)
{
	(void)ctx;
	(void)message;
}

void
pg_fresh(void)
{
	PGconn *first;

	PQfinish(admin);
	first = pg_connect("postgres");
	PQsetNoticeProcessor(first, pg_silent, NULL);
	pg_run_in(first, "DROP DATABASE IF EXISTS t WITH (FORCE)");
	pg_run_in(first, "CREATE DATABASE t");
	pg_run_in(first, "DROP ROLE IF EXISTS reader");
	pg_run_in(first, "CREATE ROLE reader LOGIN PASSWORD 'reader'");
	PQfinish(first);
	admin = pg_connect("t");
	PQsetNoticeProcessor(admin, pg_silent, NULL);
}

void
pg_run(const char *fmt, ...)
{
	char *sql = NULL;
	va_list ap;

	va_start(ap, fmt);
	ck_assert_int_ge(vasprintf(&sql, fmt, ap), 0);
	va_end(ap);
	pg_run_in(admin, sql);
	free(sql);
}

static char *
pg_read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text;

	ck_assert_msg(f != NULL, "%s", path);
	text = calloc(1, 1 << 20);
	ck_assert_ptr_nonnull(text);
	*len = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	return text;
}

void
pg_run_file(const char *path)
{
	size_t len;
	char *text = pg_read_file(path, &len);

	pg_run_in(admin, text);
	free(text);
}

void
pg_copy(const char *sql, const char *path)
{
	size_t len;
	char *text = pg_read_file(path, &len);
	PGresult *result = PQexec(admin, sql);

	ck_assert_msg(PQresultStatus(result) == PGRES_COPY_IN, "%s: %s", sql,
	    PQresultErrorMessage(result));
	PQclear(result);
	ck_assert_int_eq(PQputCopyData(admin, text, (int)len), 1);
	ck_assert_int_eq(PQputCopyEnd(admin, NULL), 1);
	result = PQgetResult(admin);
	ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s",
	    path, PQresultErrorMessage(result));
	PQclear(result);
	ck_assert_ptr_null(PQgetResult(admin));
	free(text);
}

char *
pg_text(const char *sql)
{
	PGresult *result = PQexec(admin, sql);
	char *text;

	ck_assert_msg(
	    PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1,
	    "%s: %s", sql, PQresultErrorMessage(result));
	text = strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	return text;
}

long
pg_number(const char *sql)
{
	char *text = pg_text(sql);
	long number = strtol(text, NULL, 10);

	free(text);
	return number;
}

void
pg_open_at(
    const struct sst_source_ops *ops, unsigned short port, const char *more)
{
	char yaml[4096];

	if (!open)
		subject_init(&pg_subject, ops);
	open = true;
	snprintf(yaml, sizeof(yaml), "{url: 'postgresql://127.0.0.1:%u/t', %s}",
	    (unsigned)port, more);
	ck_assert_msg(subject_open(&pg_subject, yaml) == SST_OK, "%s",
	    pg_subject.err.text);
	sst_harvest_release(&former);
}

void
pg_open(const struct sst_source_ops *ops, const char *more)
{
	char options[4096];

	snprintf(options, sizeof(options), "username: postgres%s%s",
	    more[0] != '\0' ? ", " : "", more);
	pg_open_at(ops, pg_server.port, options);
}

void
pg_close(void)
{
	json_decref(pg_tree);
	pg_tree = NULL;
	sst_harvest_release(&former);
	if (open)
		subject_fini(&pg_subject);
	open = false;
}

/* As subject_collect(), with what was collected before. */
int
pg_collect_code(void)
{
	struct subject *s = &pg_subject;
	struct sst_draft_settings settings = {
	    .contract = s->contract,
	    .section = s->ops->section,
	    .source = s->env.name,
	    .now = sst_clock_wall(&s->hands.clock),
	    .previous = s->harvest != NULL ? s->harvest : former,
	};
	struct sst_collect req = {
	    .now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock),
	};
	struct sst_draft *draft = NULL;
	int code;

	if (s->harvest != NULL) {
		sst_harvest_release(&former);
		former = s->harvest;
		s->harvest = NULL;
	}
	req.deadline = sst_mono_add_ms(req.now, 20000);
	sst_error_clear(&s->err);
	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	code = s->ops->collect(s->state, &req, draft, &s->err);
	if (code == SST_OK)
		code = sst_draft_finish(draft, &s->harvest, &s->err);
	sst_draft_free(&draft);
	return code;
}

const struct sst_error *
pg_collect(void)
{
	int code = pg_collect_code();

	ck_assert_msg(
	    code == SST_OK, "%s: %s", sst_code_name(code), pg_subject.err.text);
	json_decref(pg_tree);
	pg_tree = subject_tree(&pg_subject);
	return &pg_subject.harvest->flaw;
}

void
pg_collect_whole(void)
{
	const struct sst_error *flaw = pg_collect();

	ck_assert_msg(flaw->code == SST_OK, "%s", flaw->text);
	ck_assert_uint_eq(pg_subject.harvest->rejected, 0);
}

size_t
pg_kept(void)
{
	const struct sst_harvest *h = pg_subject.harvest;
	size_t i, j, kept = 0;

	for (i = 0; former != NULL && i < h->count; i++) {
		for (j = 0; j < former->count; j++)
			kept += h->entities[i] == former->entities[j];
	}
	return kept;
}

json_t *
pg_queue(const char *name)
{
	json_t *queue;
	size_t i;

	json_array_foreach(pg_tree, i, queue)
	{
		if (strcmp(pg_word(queue, "name"), name) == 0)
			return queue;
	}
	return NULL;
}

const char *
pg_word(const json_t *object, const char *member)
{
	const char *word = json_string_value(json_object_get(object, member));

	return word != NULL ? word : "";
}

long
pg_count(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return json_is_integer(value) ? (long)json_integer_value(value) : -1;
}

long
pg_depth(const char *queue, const char *member)
{
	json_t *found = pg_queue(queue);

	ck_assert_msg(found != NULL, "no queue %s", queue);
	return pg_count(json_object_get(found, "depth"), member);
}

json_t *
pg_task_at(const char *queue, size_t i)
{
	json_t *task =
	    json_array_get(json_object_get(pg_queue(queue), "tasks"), i);

	ck_assert_msg(task != NULL, "no task %zu in %s", i, queue);
	return task;
}

json_t *
pg_task(const char *queue, const char *id)
{
	json_t *tasks = json_object_get(pg_queue(queue), "tasks"), *task;
	size_t i;

	json_array_foreach(tasks, i, task)
	{
		if (strcmp(pg_word(task, "id"), id) == 0)
			return task;
	}
	ck_abort_msg("no task %s in %s", id, queue);
	return NULL;
}

const char *
pg_part(const char *name)
{
	static char state[32];
	json_t *upstream, *part;
	size_t i;

	ck_assert_ptr_nonnull(pg_subject.harvest->upstream);
	upstream = json_loadb(pg_subject.harvest->upstream,
	    pg_subject.harvest->upstream_len, 0, NULL);
	state[0] = '\0';
	json_array_foreach(json_object_get(upstream, "parts"), i, part)
	{
		if (strcmp(pg_word(part, "name"), name) == 0)
			snprintf(
			    state, sizeof(state), "%s", pg_word(part, "state"));
	}
	json_decref(upstream);
	return state;
}
