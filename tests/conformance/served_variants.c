/* Every source that reads a real server which tests can start, one row each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/served.h"
#include "conformance/served_nats.h"
#include "conformance/served_postgres.h"
#include "conformance/served_redis.h"
#include "repository/queues/queues.h"
#include "support/postgres_server.h"

static const char *const redis_argv[] = {"redis-server", "--port", "{PORT}",
    "--bind", "127.0.0.1", "--save", "", "--dir", "{DIR}", NULL};

#define SAYS(words, gives)                                                 \
	{                                                                  \
		.fault = {.kind = FAULT_PROXY_SAY, .text = (words)},       \
		.code = (gives)                                            \
	}

/* How a Redis server, or the way to it, fails: the same for all sources. */
static const struct sst_conformance_served_fault redis_faults[] = {
    {.fault = {.kind = FAULT_PROXY_CUT_AT, .bytes = 1}, .code = SST_TRUNCATED},
    {.fault = {.kind = FAULT_PROXY_CUT_AT, .bytes = 600},
	.code = SST_TRUNCATED},
    {.fault = {.kind = FAULT_PROXY_RESET_AT, .bytes = 1},
	.code = SST_TRUNCATED},
    {.fault = {.kind = FAULT_PROXY_GARBLE}, .code = SST_PROTOCOL},
    SAYS("HTTP/1.1 400 Bad Request\r\n\r\n", SST_PROTOCOL),
    SAYS("*1000000000\r\n", SST_TOO_LARGE),
    SAYS("$1000000000\r\n", SST_TOO_LARGE),
    SAYS("-NOAUTH Authentication required.\r\n", SST_UNAUTHORIZED),
    SAYS("-LOADING Redis is loading the dataset in memory\r\n", SST_UPSTREAM),
    SAYS("-MASTERDOWN Link with MASTER is down\r\n", SST_UPSTREAM),
    SAYS("-ERR max number of clients reached\r\n", SST_UPSTREAM),
    SAYS("-CLUSTERDOWN Hash slot not served\r\n", SST_UNSUPPORTED),
    {.code = 0},
};

static bool
rq_seed(const struct server *server)
{
	return served_redis_feed(
	    server, SST_SOURCE_DIR "/mocks/upstreams/rq/seed.resp");
}

#define REDIS_BAD(rest) "{url: 'redis://127.0.0.1:1', " rest "}"

static const char *const rq_bad[] = {
    "",
    "url: nowhere",
    "url: http://127.0.0.1",
    "url: redis://user:secret@127.0.0.1",
    REDIS_BAD("username: x"),
    REDIS_BAD("sentinels: ['127.0.0.1:26379']"),
    REDIS_BAD("sentinels: ['redis://x'], master_name: m"),
    REDIS_BAD("master_name: m"),
    REDIS_BAD("ca_file: /nowhere"),
    REDIS_BAD("max_tasks_per_queue: -1"),
    REDIS_BAD("max_tasks_per_queue: 1000000"),
    REDIS_BAD("queues: ['']"),
    REDIS_BAD("nonsense: 1"),
    NULL,
};

static bool
celery_seed(const struct server *server)
{
	return served_redis_feed(
	    server, SST_SOURCE_DIR "/mocks/upstreams/celery/broker.resp");
}

static const char *const celery_bad[] = {
    "",
    "url: nowhere",
    "url: redis://user:secret@127.0.0.1",
    REDIS_BAD("username: x"),
    REDIS_BAD("master_name: m"),
    REDIS_BAD("max_tasks_per_queue: -1"),
    REDIS_BAD("priority_steps: '0,high'"),
    REDIS_BAD("priority_steps: '0,256'"),
    REDIS_BAD("separator: ''"),
    REDIS_BAD("queues: ['']"),
    REDIS_BAD("visibility_timeout: 0"),
    REDIS_BAD("results: {username: x}"),
    REDIS_BAD("results: {url: nowhere}"),
    REDIS_BAD("nonsense: 1"),
    NULL,
};

static const char *const nats_argv[] = {"nats-server", "-js", "-sd",
    "{DIR}/js", "-a", "127.0.0.1", "-p", "{PORT}", NULL};

/* Its greeting takes some 300 bytes; it speaks first, so that one that says
 * nothing that can be read is waited for. */
static const struct sst_conformance_served_fault nats_faults[] = {
    {.fault = {.kind = FAULT_PROXY_CUT_AT, .bytes = 1},
	.code = SST_UNREACHABLE},
    {.fault = {.kind = FAULT_PROXY_RESET_AT, .bytes = 1},
	.code = SST_UNREACHABLE},
    {.fault = {.kind = FAULT_PROXY_CUT_AT, .bytes = 1000},
	.code = SST_TRUNCATED},
    {.fault = {.kind = FAULT_PROXY_GARBLE}, .code = SST_TIMEOUT},
    {.code = 0},
};

#define NATS_BAD(rest) "{url: 'nats://127.0.0.1:1', " rest "}"

static const char *const nats_bad[] = {
    "",
    "url: nowhere",
    "url: http://127.0.0.1",
    "url: nats://user:secret@127.0.0.1",
    NATS_BAD("password: x"),
    NATS_BAD("username: x, token: y"),
    NATS_BAD("nkey: x"),
    NATS_BAD("cert_file: x"),
    NATS_BAD("priority_levels: [x]"),
    NATS_BAD("max_tasks_per_queue: -1"),
    NATS_BAD("nonsense: 1"),
    NULL,
};

/* How a PostgreSQL server, or the way to it, fails. */
#define SAYS_RAW(bytes, gives)                                             \
	{                                                                  \
		.fault = {.kind = FAULT_PROXY_SAY,                         \
		    .text = (bytes),                                       \
		    .text_len = sizeof(bytes) - 1},                        \
		.code = (gives)                                            \
	}

static const struct sst_conformance_served_fault postgres_faults[] = {
    {.fault = {.kind = FAULT_PROXY_CUT_AT, .bytes = 1}, .code = SST_TRUNCATED},
    {.fault = {.kind = FAULT_PROXY_CUT_AT, .bytes = 700},
	.code = SST_TRUNCATED},
    {.fault = {.kind = FAULT_PROXY_RESET_AT, .bytes = 1},
	.code = SST_TRUNCATED},
    {.fault = {.kind = FAULT_PROXY_GARBLE}, .code = SST_PROTOCOL},
    SAYS("HTTP/1.1 400 Bad Request\r\n\r\n", SST_PROTOCOL),
    SAYS_RAW("E\000\000\000;SFATAL\000VFATAL\000"
	     "C53300\000Msorry, too many clients already\000\000",
	SST_UPSTREAM),
    SAYS_RAW("E\000\000\000>SFATAL\000VFATAL\000"
	     "C57P03\000Mthe database system is starting up\000\000",
	SST_UPSTREAM),
    SAYS_RAW("E\000\000\000:SFATAL\000VFATAL\000"
	     "C28P01\000Mpassword authentication failed\000\000",
	SST_UNAUTHORIZED),
    SAYS_RAW("E\000\000\0000SFATAL\000VFATAL\000"
	     "C28000\000Mno pg_hba.conf entry\000\000",
	SST_UNAUTHORIZED),
    SAYS_RAW("E\000\000\0003SFATAL\000VFATAL\000"
	     "C3D000\000Mdatabase does not exist\000\000",
	SST_NOT_FOUND),
    SAYS_RAW("E\000\000\000:SFATAL\000VFATAL\000"
	     "C42501\000Mpermission denied for database\000\000",
	SST_FORBIDDEN),
    {.code = 0},
};

static bool
pgboss_seed(const struct server *server)
{
	return served_postgres_feed(server, "pgboss",
	    SST_SOURCE_DIR "/mocks/upstreams/pgboss/schema_40.sql",
	    "INSERT INTO pgboss.version(version) VALUES (40); "
	    "INSERT INTO pgboss.queue(name,policy,retry_limit,retry_delay,"
	    "retry_backoff,expire_seconds,retention_seconds,deletion_seconds,"
	    "partition,table_name) SELECT n,'standard',2,0,false,900,3600,3600,"
	    "false,'job_common' FROM unnest('{plan,tools}'::text[]) n; "
	    "INSERT INTO pgboss.job(name,priority,data) SELECT 'plan',i%3,"
	    "'{}' FROM generate_series(1,50) i");
}

#define PG_BAD(rest) "{url: 'postgresql://127.0.0.1:1/a', " rest "}"

static const char *const pgboss_bad[] = {
    "",
    "url: nowhere",
    "{url: nowhere, username: a}",
    "{url: 'http://127.0.0.1/a', username: a}",
    "{url: 'postgresql://127.0.0.1', username: a}",
    "{url: 'postgresql://user@127.0.0.1/a', username: a}",
    "{url: 'postgresql://user:secret@127.0.0.1/a', username: a}",
    "{url: 'postgresql://127.0.0.1/a?password=secret', username: a}",
    "{url: 'postgresql://127.0.0.1/a?sslmode=disable', username: a}",
    "{url: 'postgresql://127.0.0.1/a?nonsense=1', username: a}",
    PG_BAD("password: secret"),
    PG_BAD("username: ''"),
    PG_BAD("username: a, sslmode: sometimes"),
    PG_BAD("username: a, sslmode: verify-full"),
    PG_BAD("username: a, cert_file: /nowhere"),
    PG_BAD("username: a, key_file: /nowhere"),
    PG_BAD("username: a, schema: ''"),
    PG_BAD("username: a, max_tasks_per_queue: -1"),
    PG_BAD("username: a, levels: {critical: 1, high: 2}"),
    PG_BAD("username: a, levels: {critical: most}"),
    PG_BAD("username: a, nonsense: 1"),
    NULL,
};

static const char *const sql_bad[] = {
    PG_BAD("username: a"),
    PG_BAD("username: a, query: 'SELECT 1'"),
    PG_BAD("username: a, columns: {id: id}"),
    PG_BAD("username: a, query: 'SELECT 1', columns: {id: ''}"),
    PG_BAD("username: a, query: 'SELECT 1', columns: {ids: id}"),
    PG_BAD("username: a, query: 'SELECT 1', columns: [id]"),
    PG_BAD("username: a, query: '', columns: {id: id}"),
    PG_BAD("username: a, query: 'SELECT 1', columns: {id: id}, queue: ''"),
    PG_BAD("username: a, query: 'SELECT 1', columns: {id: id}, "
	   "status: {waiting: [a]}"),
    PG_BAD("username: a, query: 'SELECT 1', columns: {id: id}, "
	   "priority_order: none"),
    PG_BAD("username: a, query: 'SELECT 1', columns: {id: id}, "
	   "priority_order: lower_first"),
    NULL,
};

static bool
bullmq_seed(const struct server *server)
{
	return served_redis_feed(
	    server, SST_SOURCE_DIR "/mocks/upstreams/bullmq/seed_v6.resp");
}

static const char *const bullmq_bad[] = {
    "",
    "url: nowhere",
    "url: redis://user:secret@127.0.0.1",
    REDIS_BAD("username: x"),
    REDIS_BAD("master_name: m"),
    REDIS_BAD("max_tasks_per_queue: -1"),
    REDIS_BAD("prefix: ''"),
    REDIS_BAD("queues: ['']"),
    REDIS_BAD("queues: a"),
    REDIS_BAD("workers: 2"),
    REDIS_BAD("nonsense: 1"),
    NULL,
};

static const struct sst_conformance_served variants[] = {
    {.name = "queues/bullmq",
	.ops = &sst_bullmq_ops,
	.argv = redis_argv,
	.seed = bullmq_seed,
	.options = "url: redis://127.0.0.1:{PORT}",
	.bad_options = bullmq_bad,
	.faults = redis_faults,
	.hold_at = 600,
	.entities = 6,
	.state = served_redis_state},
    {.name = "queues/celery",
	.ops = &sst_celery_ops,
	.argv = redis_argv,
	.seed = celery_seed,
	.options = "{url: 'redis://127.0.0.1:{PORT}', "
		   "priority_steps: '0,1,2,3,4,5,6,7,8,9'}",
	.bad_options = celery_bad,
	.faults = redis_faults,
	.hold_at = 600,
	.entities = 3,
	.state = served_redis_state},
    {.name = "queues/rq",
	.ops = &sst_rq_ops,
	.argv = redis_argv,
	.seed = rq_seed,
	.options = "url: redis://127.0.0.1:{PORT}",
	.bad_options = rq_bad,
	.faults = redis_faults,
	.hold_at = 600,
	.entities = 4,
	.state = served_redis_state},
    {.name = "queues/nats",
	.ops = &sst_nats_ops,
	.argv = nats_argv,
	.seed = served_nats_seed,
	.options = "url: nats://127.0.0.1:{PORT}",
	.bad_options = nats_bad,
	.faults = nats_faults,
	.speaks_first = true,
	.hold_at = 1000,
	.entities = 3,
	.state = served_nats_state},
    {.name = "queues/pgboss",
	.ops = &sst_pgboss_ops,
	.argv = postgres_server_argv,
	.seed = pgboss_seed,
	.options = "{url: 'postgresql://127.0.0.1:{PORT}/postgres', "
		   "username: postgres, sslmode: disable}",
	.bad_options = pgboss_bad,
	.faults = postgres_faults,
	.hold_at = 700,
	.entities = 2,
	.state = served_postgres_state},
    {.name = "queues/sql",
	.ops = &sst_sql_ops,
	.argv = postgres_server_argv,
	.seed = pgboss_seed,
	.options = "{url: 'postgresql://127.0.0.1:{PORT}/postgres', "
		   "username: postgres, sslmode: disable, "
		   "query: 'SELECT * FROM pgboss.job', "
		   "columns: {id: id, queue: name, priority: priority}}",
	.bad_options = sql_bad,
	.faults = postgres_faults,
	.hold_at = 700,
	.entities = 1,
	.state = served_postgres_state},
};

static int
run_row(const struct sst_conformance_served *row)
{
	/* a shell, which there is always, looks for it */
	if (row->argv == postgres_server_argv && !postgres_server_has()) {
		printf("SKIP: %s: PostgreSQL is not installed\n", row->name);
		return 0;
	}
	return sst_conformance_run_served(row);
}

/* The source of that name, or all of them. */
int
main(int argc, char **argv)
{
	int failed = 0, found = 0;
	size_t i;

	for (i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (argc > 1 && strcmp(argv[1], variants[i].name) != 0)
			continue;
		found++;
		failed += run_row(&variants[i]);
	}
	if (found == 0)
		fprintf(stderr, "%s: no such source\n", argv[1]);
	return found > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
