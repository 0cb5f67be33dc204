/* Lets each allocation between an answer of RabbitMQ and the queues of the
 * document fail once: it is refused whole, and nothing is lost or leaked. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/rabbitmq_letters.h"
#include "repository/queues/rabbitmq_table.h"
#include "support/starve.h"

enum { TRIES_MAX = 20000, BYTES_MAX = 65536 };

struct body {
	const char *file;
	char bytes[BYTES_MAX];
	size_t len;
};

static struct body live = {.file = "world/monitor_live.json"};
static struct body levels = {.file = "world/monitor_levels.json"};
static struct body names = {.file = "cluster/half_names.json"};
static struct body policies = {.file = "world/monitor_policies.json"};
static struct body bindings = {.file = "world/monitor_dlx_bindings.json"};
static struct body exchange = {.file = "world/monitor_dlx.json"};
static struct body nodes = {.file = "cluster/half_nodes.json"};
static struct body overview = {.file = "world/monitor_overview.json"};
static struct body vhosts = {.file = "world/blind_vhosts.json"};
static struct body consumers = {.file = "world/monitor_consumers.json"};
static struct body whoami = {.file = "world/monitor_whoami.json"};

static void
load(struct body *b)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path),
	    SST_SOURCE_DIR "/mocks/upstreams/rabbitmq/%s", b->file);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	b->len = fread(b->bytes, 1, sizeof(b->bytes), f);
	fclose(f);
	ck_assert_uint_gt(b->len, 0);
}

/* libcheck allocates, too: no assertions in what is tried. */
static int
on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	bool fresh;

	return rabbitmq__table_keep(ctx, row, &fresh) != NULL
		   ? SST_OK
		   : sst_error_nomem(err);
}

static int
parse_rows(struct body *b, struct rabbitmq_table *table, struct sst_error *err)
{
	const struct rabbitmq_sink sink = {.row = on_row, .ctx = table};
	struct rabbitmq_page page;

	return rabbitmq__parse_queues(b->bytes, b->len, &sink, &page, err);
}

static int
show(struct rabbitmq_letters *letters, struct rabbitmq_table *table,
    struct sst_error *err)
{
	struct rabbitmq_names how = {.name = "q", .system = "s"};
	const struct rabbitmq_cell *cell;
	struct queue_build build;
	const char *to;
	int code = SST_OK;

	for (cell = table->first; code == SST_OK && cell != NULL;
	     cell = cell->next) {
		rabbitmq__letters_target(
		    letters, &cell->row, &how.dead_letter_queue, &to);
		how.keeps_dead = cell->dead_letters;
		code = rabbitmq__entity(NULL, &cell->row, &how, &build, err);
		if (code == SST_OK)
			queue__drop(&build);
	}
	return code;
}

static int
try_queues(struct sst_error *err)
{
	struct rabbitmq_letters letters = {0};
	struct rabbitmq_table table = {0};
	struct rabbitmq_exchange *e;
	int code = parse_rows(&levels, &table, err);

	if (code == SST_OK)
		code = parse_rows(&live, &table, err);
	if (code == SST_OK)
		code = parse_rows(&names, &table, err);
	if (code == SST_OK)
		code = rabbitmq__parse_policies(
		    policies.bytes, policies.len, &letters.policies, err);
	if (code == SST_OK) {
		rabbitmq__letters_apply(&letters, &table);
		code = rabbitmq__letters_want(&letters, &table, err);
	}
	e = rabbitmq__exchange(&letters, "/", "agent.dlx");
	if (code == SST_OK && e == NULL)
		code = sst_error_set(err, SST_INTERNAL, "no exchange");
	if (code == SST_OK)
		code = rabbitmq__parse_exchange(
		    exchange.bytes, exchange.len, &e->kind, err);
	if (code == SST_OK)
		code = rabbitmq__parse_bindings(
		    bindings.bytes, bindings.len, &e->bindings, err);
	if (code == SST_OK) {
		e->known = true;
		rabbitmq__letters_mark(&letters, &table);
		code = show(&letters, &table, err);
	}
	rabbitmq__letters_fini(&letters);
	rabbitmq__table_fini(&table);
	return code;
}

static int
try_broker(struct sst_error *err)
{
	const struct rabbitmq_sink none = {0};
	struct rabbitmq_table table = {0};
	struct rabbitmq_sink sink = {.row = on_row, .ctx = &table};
	struct rabbitmq_overview o;
	json_t *list = NULL;
	bool monitor;
	int code =
	    rabbitmq__parse_overview(overview.bytes, overview.len, &o, err);

	if (code == SST_OK)
		code = rabbitmq__parse_nodes(
		    nodes.bytes, nodes.len, &none, &list, err);
	json_decref(list);
	if (code == SST_OK)
		code = rabbitmq__parse_vhosts(
		    vhosts.bytes, vhosts.len, &sink, err);
	if (code == SST_OK)
		code = rabbitmq__parse_consumers(
		    consumers.bytes, consumers.len, &sink, err);
	if (code == SST_OK)
		code = rabbitmq__parse_whoami(
		    whoami.bytes, whoami.len, &monitor, err);
	rabbitmq__table_fini(&table);
	return code;
}

static int (*const tries[])(struct sst_error *err) = {try_queues, try_broker};

START_TEST(each_allocation_fails_once)
{
	struct sst_error err;
	bool hungry = true;
	int code = SST_NOMEM;
	long n, refused = 0;

	for (n = 0; hungry && n < TRIES_MAX; n++) {
		sst_error_clear(&err);
		starve_after(n);
		code = tries[_i](&err);
		hungry = starve_end();
		/* a text that could not be copied is copied once more */
		ck_assert_msg(code == SST_NOMEM || code == SST_OK, "%ld: %d %s",
		    n, code, err.text);
		refused += code == SST_NOMEM;
	}
	ck_assert_msg(code == SST_OK, "%d %s", code, err.text);
	ck_assert_int_lt(n, TRIES_MAX);
	ck_assert_int_gt(refused, 20);
}
END_TEST

static void
load_all(void)
{
	struct body *all[] = {&live, &levels, &names, &policies, &bindings,
	    &exchange, &nodes, &overview, &vhosts, &consumers, &whoami};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		load(all[i]);
}

int
main(void)
{
	Suite *s = suite_create("rabbitmq_nomem");
	TCase *tc = tcase_create("rabbitmq_nomem");
	SRunner *sr;
	int failed;

	starve_init();
	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, load_all, NULL);
	tcase_add_loop_test(tc, each_allocation_fails_once, 0,
	    (int)(sizeof(tries) / sizeof(tries[0])));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
