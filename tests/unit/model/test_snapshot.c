/* Entities, sections, bodies and the representations of a snapshot. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "model/snapshot.h"
#include "model/snapshot_priv.h"

static struct sst_error err;

static struct sst_entity *
entity(const char *key, const char *order, const char *json, size_t hole)
{
	struct sst_entity_parts p = {
	    .key = key,
	    .key_len = strlen(key),
	    .order = order,
	    .order_len = order == NULL ? 0 : strlen(order),
	    .json = json,
	    .json_len = strlen(json),
	    .hole = hole,
	};
	struct sst_entity *e = NULL;

	ck_assert_int_eq(sst_entity_new(&p, &e, &err), SST_OK);
	return e;
}

static struct sst_entity *
parent(const char *json, size_t hole, struct sst_entity **kids, size_t n)
{
	struct sst_entity_parts p = {
	    .key = "k",
	    .key_len = 1,
	    .json = json,
	    .json_len = strlen(json),
	    .hole = hole,
	    .children = kids,
	    .child_count = n,
	};
	struct sst_entity *e = NULL;
	size_t i;

	ck_assert_int_eq(sst_entity_new(&p, &e, &err), SST_OK);
	for (i = 0; i < n; i++)
		sst_entity_release(&kids[i]);
	return e;
}

START_TEST(children_are_written_into_the_hole)
{
	struct sst_entity *kids[] = {
	    entity("a", "1", "{\"a\":1}", 0), entity("b", "2", "2", 0)};
	struct sst_entity *e = parent("{\"t\":[],\"z\":0}", 6, kids, 2);
	struct sst_buf b = SST_BUF_INIT;

	sst_entity_encode(e, &b);
	ck_assert_str_eq(b.data, "{\"t\":[{\"a\":1},2],\"z\":0}");
	ck_assert_uint_eq(b.len, e->total_len);
	ck_assert_str_eq(sst_entity_order(e->children[1]), "2");
	sst_buf_fini(&b);
	sst_entity_release(&e);
	ck_assert_ptr_null(e);
}
END_TEST

START_TEST(hash_follows_every_child)
{
	struct sst_entity *one[] = {entity("a", NULL, "1", 0)};
	struct sst_entity *two[] = {entity("a", NULL, "2", 0)};
	struct sst_entity *x = parent("[]", 1, one, 1);
	struct sst_entity *y = parent("[]", 1, two, 1);

	ck_assert(sst_entity_own_equal(x, y));
	ck_assert(!sst_hash_equal(x->hash, y->hash));
	sst_entity_release(&x);
	sst_entity_release(&y);
}
END_TEST

START_TEST(key_text_is_a_path)
{
	struct sst_entity *e = entity("a b\x1f/\x1f\x1f~", NULL, "1", 0);
	struct sst_entity *none = entity("", NULL, "1", 0);
	struct sst_buf b = SST_BUF_INIT;

	sst_entity_key_text(e, &b);
	sst_entity_key_text(none, &b);
	ck_assert_str_eq(b.data, "a%20b/%2F//~");
	sst_buf_fini(&b);
	sst_entity_release(&e);
	sst_entity_release(&none);
}
END_TEST

static struct sst_section *
section(enum sst_section_id id, const char *const *names, size_t n)
{
	struct sst_entity *e[16];
	struct sst_section *s = NULL;
	char json[64];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(json, sizeof(json), "{\"name\":\"%s\",\"status\":1}",
		    names[i]);
		e[i] = entity(names[i], NULL, json, 0);
	}
	ck_assert_int_eq(sst_section_new(id, e, n, &s, &err), SST_OK);
	for (i = 0; i < n; i++)
		sst_entity_release(&e[i]);
	return s;
}

START_TEST(sections_are_sorted_and_searched)
{
	static const char *const names[] = {"b", "a", "ba", "B", "c"};
	struct sst_section *s = section(SST_SECTION_AGENTS, names, 5);
	struct sst_buf b = SST_BUF_INIT;
	size_t i;

	sst_section_encode(s, &b);
	ck_assert_uint_eq(b.len, s->json_len);
	ck_assert_int_eq(strncmp(b.data, "[{\"name\":\"B\"", 12), 0);
	for (i = 0; i < 5; i++)
		ck_assert_ptr_nonnull(
		    sst_section_find(s, names[i], strlen(names[i])));
	ck_assert_ptr_null(sst_section_find(s, "bb", 2));
	ck_assert_ptr_null(sst_section_find(s, "", 0));
	sst_buf_fini(&b);
	sst_section_release(&s);
}
END_TEST

START_TEST(section_names_match_whole)
{
	ck_assert_int_eq(
	    sst_section_by_name("queues", 6), SST_SECTION_QUEUES);
	ck_assert_int_eq(sst_section_by_name("queue", 5), SST_SECTION_COUNT);
	ck_assert_int_eq(sst_section_by_name("", 0), SST_SECTION_COUNT);
}
END_TEST

static struct sst_shape *shape;
static struct sst_snapshot *snapshot;

static void
setup(void)
{
	static const char *const names[] = {"a", "b"};
	json_t *schema = json_loads(
	    "{\"properties\":{\"sources\":{\"items\":{\"properties\":"
	    "{\"name\":{}}},\"x-identity\":[\"name\"]},"
	    "\"agents\":{\"items\":{\"properties\":{\"name\":"
	    "{\"x-base\":true},\"status\":{}}},\"x-identity\":[\"name\"]},"
	    "\"workload\":{},\"queues\":{},\"litellm\":{}}}",
	    0, NULL);

	ck_assert_int_eq(sst_shape_new(schema, &shape, &err), SST_OK);
	json_decref(schema);
	ck_assert_int_eq(
	    sst_snapshot_new("sys", shape, &snapshot, &err), SST_OK);
	memcpy(snapshot->epoch, "0123456789abcdef", 17);
	snapshot->revision = 7;
	snapshot->captured_at.ms = INT64_C(1767225600123);
	ck_assert_int_eq(sst_section_new(SST_SECTION_SOURCES, NULL, 0,
			     &snapshot->sources, &err),
	    SST_OK);
	snapshot->presence[SST_SECTION_AGENTS] = SST_KNOWN;
	snapshot->sections[SST_SECTION_AGENTS] =
	    section(SST_SECTION_AGENTS, names, 2);
	snapshot->presence[SST_SECTION_QUEUES] = SST_UNKNOWN;
}

static void
teardown(void)
{
	sst_snapshot_release(&snapshot);
	sst_shape_free(&shape);
}

static struct sst_body *
body(enum sst_view view, unsigned sections, bool pretty, enum sst_coding c)
{
	struct sst_projection p = {view, sections, pretty, c};
	struct sst_body *b = NULL;

	ck_assert_int_eq(sst_snapshot_body(snapshot, &p, &b, &err), SST_OK);
	return b;
}

static void
expect_body(enum sst_view view, unsigned sections, const char *want)
{
	struct sst_body *b =
	    body(view, sections, false, SST_CODING_IDENTITY);

	ck_assert_str_eq(b->bytes, want);
	ck_assert_uint_eq(b->len, strlen(want));
	sst_body_release(&b);
}

START_TEST(views_of_known_unknown_and_absent)
{
	expect_body(SST_VIEW_FULL, SST_SECTIONS_ALL,
	    "{\"id\":\"sys\",\"schema_version\":\"1.1\",\"epoch\":"
	    "\"0123456789abcdef\",\"revision\":7,\"captured_at\":"
	    "\"2026-01-01T00:00:00.123Z\",\"sources\":[],\"agents\":["
	    "{\"name\":\"a\",\"status\":1},{\"name\":\"b\",\"status\":1}],"
	    "\"queues\":null}");
	expect_body(SST_VIEW_BASE, SST_SECTIONS_ALL,
	    "{\"id\":\"sys\",\"agents\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
	    "\"workload\":[],\"queues\":[],\"litellm\":[]}");
	expect_body(SST_VIEW_BASE, 1u << SST_SECTION_QUEUES,
	    "{\"id\":\"sys\",\"queues\":[]}");
	expect_body(SST_VIEW_KEYED, SST_SECTIONS_ALL,
	    "{\"id\":\"sys\",\"schema_version\":\"1.1\",\"epoch\":"
	    "\"0123456789abcdef\",\"revision\":7,\"captured_at\":"
	    "\"2026-01-01T00:00:00.123Z\",\"sources\":{},\"agents\":{"
	    "\"a\":{\"name\":\"a\",\"status\":1},"
	    "\"b\":{\"name\":\"b\",\"status\":1}},\"queues\":null}");
}
END_TEST

START_TEST(same_projection_same_body)
{
	struct sst_body *a =
	    body(SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_GZIP);
	struct sst_body *b =
	    body(SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_GZIP);

	ck_assert_ptr_eq(a, b);
	sst_body_release(&a);
	sst_body_release(&b);
}
END_TEST

START_TEST(tags_belong_to_the_bytes)
{
	struct sst_body *id = body(
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY);
	struct sst_body *gz =
	    body(SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_GZIP);
	struct sst_body *pretty = body(
	    SST_VIEW_FULL, SST_SECTIONS_ALL, true, SST_CODING_IDENTITY);
	char hex[33], want[48];

	sst_hash_text(sst_hash_bytes(id->bytes, id->len), hex);
	snprintf(want, sizeof(want), "\"%s\"", hex);
	ck_assert_str_eq(id->etag, want);
	snprintf(want, sizeof(want), "\"%s-gzip\"", hex);
	ck_assert_str_eq(gz->etag, want);
	ck_assert_str_ne(pretty->etag, id->etag);
	sst_body_release(&id);
	sst_body_release(&gz);
	sst_body_release(&pretty);
}
END_TEST

START_TEST(compressed_bodies_unpack_to_the_same)
{
	struct sst_body *id = body(
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY);
	struct sst_body *gz =
	    body(SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_GZIP);
	struct sst_body *zs =
	    body(SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_ZSTD);
	char plain[4096];
	z_stream z = {0};

	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (unsigned char *)gz->bytes;
	z.avail_in = (unsigned)gz->len;
	z.next_out = (unsigned char *)plain;
	z.avail_out = sizeof(plain);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, id->len);
	ck_assert_int_eq(memcmp(plain, id->bytes, id->len), 0);
	inflateEnd(&z);
	ck_assert_uint_eq(
	    ZSTD_decompress(plain, sizeof(plain), zs->bytes, zs->len), id->len);
	ck_assert_int_eq(memcmp(plain, id->bytes, id->len), 0);
	sst_body_release(&id);
	sst_body_release(&gz);
	sst_body_release(&zs);
}
END_TEST

START_TEST(one_section_or_a_reason)
{
	struct sst_projection p = {
	    SST_VIEW_BASE, 0, false, SST_CODING_IDENTITY};
	struct sst_body *b = NULL;

	ck_assert_int_eq(sst_snapshot_section_body(snapshot,
			     SST_SECTION_AGENTS, &p, &b, &err),
	    SST_OK);
	ck_assert_str_eq(b->bytes, "[{\"name\":\"a\"},{\"name\":\"b\"}]");
	sst_body_release(&b);
	p.view = SST_VIEW_KEYED;
	ck_assert_int_eq(sst_snapshot_section_body(snapshot,
			     SST_SECTION_AGENTS, &p, &b, &err),
	    SST_OK);
	ck_assert_str_eq(b->bytes,
	    "{\"a\":{\"name\":\"a\",\"status\":1},"
	    "\"b\":{\"name\":\"b\",\"status\":1}}");
	sst_body_release(&b);
	ck_assert_int_eq(sst_snapshot_section_body(snapshot,
			     SST_SECTION_QUEUES, &p, &b, &err),
	    SST_NODATA);
	ck_assert_ptr_nonnull(strstr(err.text, "queues"));
	ck_assert_int_eq(sst_snapshot_section_body(snapshot,
			     SST_SECTION_WORKLOAD, &p, &b, &err),
	    SST_NOT_FOUND);
	ck_assert_ptr_null(b);
}
END_TEST

START_TEST(one_entity_in_each_view)
{
	struct sst_projection p = {
	    SST_VIEW_BASE, 0, false, SST_CODING_IDENTITY};
	const struct sst_entity *e = sst_section_find(
	    snapshot->sections[SST_SECTION_AGENTS], "b", 1);
	struct sst_body *b = NULL;

	ck_assert_int_eq(sst_snapshot_entity_body(snapshot,
			     (struct sst_entity_ref){SST_SECTION_AGENTS, e},
			     &p, &b, &err),
	    SST_OK);
	ck_assert_str_eq(b->bytes, "{\"name\":\"b\"}");
	sst_body_release(&b);
	p.view = SST_VIEW_KEYED;
	ck_assert_int_eq(sst_snapshot_entity_body(snapshot,
			     (struct sst_entity_ref){SST_SECTION_AGENTS, e},
			     &p, &b, &err),
	    SST_OK);
	ck_assert_str_eq(b->bytes, "{\"name\":\"b\",\"status\":1}");
	sst_body_release(&b);
	p.view = SST_VIEW_FULL;
	p.coding = SST_CODING_ZSTD;
	ck_assert_int_eq(sst_snapshot_entity_body(snapshot,
			     (struct sst_entity_ref){SST_SECTION_AGENTS, e},
			     &p, &b, &err),
	    SST_OK);
	ck_assert_int_eq(b->coding, SST_CODING_ZSTD);
	sst_body_release(&b);
}
END_TEST

static void *
ask_for_all(void *barrier)
{
	struct sst_body *b;
	int i;

	pthread_barrier_wait(barrier);
	for (i = 0; i < SST_VIEW_COUNT * SST_CODING_COUNT * 16; i++) {
		b = body((enum sst_view)(i % SST_VIEW_COUNT),
		    (unsigned)i / (SST_VIEW_COUNT * SST_CODING_COUNT), i % 5 == 0,
		    (enum sst_coding)(i / SST_VIEW_COUNT % SST_CODING_COUNT));
		sst_body_release(&b);
	}
	return NULL;
}

START_TEST(threads_share_representations)
{
	pthread_t threads[4];
	pthread_barrier_t barrier;
	int i;

	pthread_barrier_init(&barrier, NULL, 4);
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, ask_for_all, &barrier);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("snapshot");
	TCase *parts = tcase_create("parts"), *tc = tcase_create("snapshot");
	SRunner *sr;
	int failed;

	tcase_add_test(parts, children_are_written_into_the_hole);
	tcase_add_test(parts, hash_follows_every_child);
	tcase_add_test(parts, key_text_is_a_path);
	tcase_add_test(parts, sections_are_sorted_and_searched);
	tcase_add_test(parts, section_names_match_whole);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, views_of_known_unknown_and_absent);
	tcase_add_test(tc, same_projection_same_body);
	tcase_add_test(tc, tags_belong_to_the_bytes);
	tcase_add_test(tc, compressed_bodies_unpack_to_the_same);
	tcase_add_test(tc, one_section_or_a_reason);
	tcase_add_test(tc, one_entity_in_each_view);
	tcase_add_test(tc, threads_share_representations);
	suite_add_tcase(s, parts);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
