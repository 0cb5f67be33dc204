/* Every source that reads a real server which tests can start, one row each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/served.h"
#include "conformance/served_nats.h"
#include "conformance/served_redis.h"
#include "repository/queues/queues.h"

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

static const struct sst_conformance_served variants[] = {
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
};

/* Without arguments all of them, else those whose name is one. */
static bool
wanted(const char *name, int argc, char *const *argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return argc < 2;
}

int
main(int argc, char **argv)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (wanted(variants[i].name, argc, argv))
			failed += sst_conformance_run_served(&variants[i]);
	}
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
