/*
 * A PostgreSQL of the tests' own, started once for a program, and sources that
 * read it. Asserts (libcheck) that what it does succeeds.
 */
#ifndef TESTS_UNIT_REPOSITORY_TEST_POSTGRES_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_POSTGRES_SUPPORT_H

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>

#include "support/fault_proxy.h"
#include "support/server.h"
#include "support/subject.h"

/* Recorded answers and the tables of real installations. */
#define PG_MOCKS SST_SOURCE_DIR "/mocks/upstreams/"

extern struct server pg_server;

/*
 * False, with a visible line, where PostgreSQL is not installed. The role
 * postgres needs no password, all others do. It runs as another user when the
 * test is root, as it refuses to be root.
 */
bool pg_start(void);
void pg_stop(void);
/* Kills it, and starts it again. */
void pg_restart(void);

/* An empty database `t`, and a role reader with the password `reader`. */
void pg_fresh(void);
/* As the superuser in that database. */
void pg_run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void pg_run_file(const char *path);
/* COPY ... FROM STDIN. */
void pg_copy(const char *sql, const char *path);
long pg_number(const char *sql);
char *pg_text(const char *sql); /* the caller's */
/* Another session, for locks. */
PGconn *pg_session(void);
void pg_run_in(PGconn *session, const char *sql);

/* One source. */
extern struct subject pg_subject;
/* The last collection. */
extern json_t *pg_tree;

void pg_open_at(
    const struct sst_source_ops *ops, unsigned short port, const char *more);
/* As role postgres, with more options. */
void pg_open(const struct sst_source_ops *ops, const char *more);
void pg_close(void);
/* Collects with the former collection as the last good one, as the framework
 * does. */
int pg_collect_code(void);
/* The flaw of a collection that succeeded. */
const struct sst_error *pg_collect(void);
/* A collection without a flaw. */
void pg_collect_whole(void);
/* Of the last two: entities that are the very same, as they were kept. */
size_t pg_kept(void);

/* A queue by its name, or NULL. */
json_t *pg_queue(const char *name);
/* depth.MEMBER, -1: null or absent. */
long pg_depth(const char *queue, const char *member);
/* A task by its id, or by its place. */
json_t *pg_task(const char *queue, const char *id);
json_t *pg_task_at(const char *queue, size_t i);
const char *pg_word(const json_t *object, const char *member);
long pg_count(const json_t *object, const char *member);
/* state of sources[].upstream.parts. */
const char *pg_part(const char *name);

#endif
