/* A document read back is the snapshot that wrote it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/world.h"
#include "unit/service/document_support.h"

static const char *const golden[] = {"calm.full.json", "crashloop.full.json",
    "deadlock.full.json", "demo.full.json", "overload.full.json",
    "rate-limit.full.json"};

enum { GOLDEN = (int)(sizeof(golden) / sizeof(golden[0])) };

/* Same content, made twice: every field that is not an address. */
static bool
alike(const struct sst_entity *a, const struct sst_entity *b)
{
	size_t i;

	if (a->key_len != b->key_len || a->order_len != b->order_len ||
	    a->json_len != b->json_len || a->hole != b->hole ||
	    a->stamp != b->stamp || a->total_len != b->total_len ||
	    a->child_count != b->child_count ||
	    !sst_entity_own_equal(a, b) ||
	    !sst_hash_equal(a->hash, b->hash) ||
	    memcmp(a->bytes, b->bytes,
		a->key_len + a->order_len + a->json_len + 3) != 0)
		return false;
	for (i = 0; i < a->child_count; i++) {
		if (!alike(a->children[i], b->children[i]))
			return false;
	}
	return true;
}

static void
expect_alike(const struct sst_section *a, const struct sst_section *b)
{
	size_t i;

	ck_assert_uint_eq(a->count, b->count);
	ck_assert(sst_hash_equal(a->hash, b->hash));
	for (i = 0; i < a->count; i++)
		ck_assert(alike(a->entities[i], b->entities[i]));
}

static void
expect_same_snapshot(
    const struct sst_snapshot *a, const struct sst_snapshot *b)
{
	unsigned id;

	ck_assert_str_eq(a->id, b->id);
	ck_assert_str_eq(a->epoch, b->epoch);
	ck_assert_uint_eq(a->revision, b->revision);
	ck_assert_int_eq(a->captured_at.ms, b->captured_at.ms);
	ck_assert(sst_hash_equal(a->content, b->content));
	expect_alike(a->sources, b->sources);
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		ck_assert_int_eq(a->presence[id], b->presence[id]);
		if (a->presence[id] == SST_KNOWN)
			expect_alike(a->sections[id], b->sections[id]);
	}
}

START_TEST(golden_documents_come_back)
{
	size_t len;
	char *text = golden_text(golden[_i], &len);
	struct sst_snapshot *s = must_read(text, len, NULL), *again;
	struct sst_body *compact = full_body(s, false);

	ck_assert(writes(s, true, text, len));
	again = must_read(compact->bytes, compact->len, NULL);
	ck_assert(writes(again, true, text, len));
	expect_same_snapshot(s, again);
	sst_snapshot_release(&again);
	sst_body_release(&compact);
	sst_snapshot_release(&s);
	free(text);
}
END_TEST

/* Written compactly or with white space, all that is known is taken. */
START_TEST(what_is_near_is_shared)
{
	size_t len;
	char *text = golden_text(golden[_i], &len);
	struct sst_snapshot *near = must_read(text, len, NULL), *s;
	struct sst_body *body;
	unsigned id;
	int pretty;

	for (pretty = 0; pretty < 2; pretty++) {
		body = full_body(near, pretty == 1);
		s = must_read(body->bytes, body->len, near);
		ck_assert_ptr_eq(s->sources, near->sources);
		for (id = 0; id < SST_SECTION_COUNT; id++)
			ck_assert_ptr_eq(s->sections[id], near->sections[id]);
		ck_assert(sst_hash_equal(s->content, near->content));
		ck_assert(writes(s, pretty == 1, body->bytes, body->len));
		sst_snapshot_release(&s);
		sst_body_release(&body);
	}
	sst_snapshot_release(&near);
	free(text);
}
END_TEST

static void
expect_shared(struct sst_entity *const *got, size_t count,
    struct sst_entity *const *near, size_t near_count, size_t *different)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		for (j = 0; j < near_count; j++) {
			if (got[i]->key_len == near[j]->key_len &&
			    memcmp(sst_entity_key(got[i]),
				sst_entity_key(near[j]),
				got[i]->key_len) == 0)
				break;
		}
		if (j < near_count && got[i] == near[j])
			continue;
		++*different;
		if (j == near_count)
			continue;
		/* equal ones must be the same ones, children too */
		ck_assert(!sst_hash_equal(got[i]->hash, near[j]->hash));
		expect_shared(got[i]->children, got[i]->child_count,
		    near[j]->children, near[j]->child_count, different);
	}
}

START_TEST(worlds_come_back_as_the_drafts_made_them)
{
	static const char *const sizes[] = {"large-S", "large-M"};
	struct sst_snapshot *s =
	    world_snapshot(rig.contract, sizes[_i], 0.0, 0);
	struct sst_body *body = full_body(s, false);
	struct sst_snapshot *read = must_read(body->bytes, body->len, NULL);

	expect_same_snapshot(s, read);
	ck_assert(writes(read, false, body->bytes, body->len));
	sst_snapshot_release(&read);
	sst_body_release(&body);
	sst_snapshot_release(&s);
}
END_TEST

START_TEST(worlds_share_what_did_not_change)
{
	struct sst_snapshot *near =
	    world_snapshot(rig.contract, "large-M", 0.01, 5);
	struct sst_snapshot *next =
	    world_snapshot(rig.contract, "large-M", 0.01, 6), *read;
	struct sst_body *body;
	size_t different;
	unsigned id;
	int pretty;

	for (pretty = 0; pretty < 2; pretty++) {
		body = full_body(next, pretty == 1);
		read = must_read(body->bytes, body->len, near);
		expect_same_snapshot(next, read);
		ck_assert(
		    writes(read, pretty == 1, body->bytes, body->len));
		different = 0;
		for (id = 0; id < SST_SECTION_COUNT; id++)
			expect_shared(read->sections[id]->entities,
			    read->sections[id]->count,
			    near->sections[id]->entities,
			    near->sections[id]->count, &different);
		ck_assert_uint_gt(different, 10);
		/* dates of 200 agents and workloads change with them */
		ck_assert_uint_lt(different, 1000);
		sst_snapshot_release(&read);
		sst_body_release(&body);
	}
	sst_snapshot_release(&next);
	sst_snapshot_release(&near);
}
END_TEST

/* A near one that has nothing in common does no harm. */
START_TEST(a_strange_near_one_changes_nothing)
{
	struct sst_snapshot *strange =
	    world_snapshot(rig.contract, "large-S", 0.0, 0);
	size_t len;
	char *text = golden_text("demo.full.json", &len);
	struct sst_snapshot *plain = must_read(text, len, NULL);
	struct sst_snapshot *s = must_read(text, len, strange);

	expect_same_snapshot(plain, s);
	sst_snapshot_release(&s);
	sst_snapshot_release(&plain);
	sst_snapshot_release(&strange);
	free(text);
}
END_TEST

static void
reverse(json_t *array)
{
	size_t i, n = json_array_size(array);

	for (i = 0; i < n; i++) {
		json_array_insert(array, i, json_array_get(array, n - 1));
		json_array_remove(array, n);
	}
}

/* Turns every list of entities round. */
static void
reverse_lists(json_t *document)
{
	static const char *const lists[] = {
	    "agents", "workload", "queues", "litellm", "sources"};
	json_t *list, *item;
	size_t i, j;

	for (i = 0; i < 5; i++) {
		list = json_object_get(document, lists[i]);
		reverse(list);
		json_array_foreach (list, j, item) {
			reverse(json_object_get(item, "tasks"));
			reverse(json_object_get(item, "pods"));
		}
	}
}

/* Other texts of the same document. */
static char *
reworded(json_t *document, int how)
{
	static const size_t flags[] = {JSON_SORT_KEYS,
	    JSON_INDENT(3) | JSON_ENSURE_ASCII, JSON_COMPACT | JSON_SORT_KEYS,
	    JSON_ESCAPE_SLASH};

	if (how >= 2)
		reverse_lists(document);
	return json_dumps(document, flags[how]);
}

START_TEST(any_json_of_it_is_read)
{
	size_t len, near;
	char *text = golden_text(golden[_i % GOLDEN], &len);
	json_t *document = json_loadb(text, len, 0, NULL);
	char *other = reworded(document, _i / GOLDEN);
	struct sst_snapshot *s, *known = must_read(text, len, NULL);
	unsigned id;

	ck_assert_str_ne(text, other);
	for (near = 0; near < 2; near++) {
		s = must_read(
		    other, strlen(other), near == 1 ? known : NULL);
		ck_assert(writes(s, true, text, len));
		expect_same_snapshot(known, s);
		sst_snapshot_release(&s);
	}
	s = must_read(other, strlen(other), known);
	for (id = 0; id < SST_SECTION_COUNT; id++)
		ck_assert(known->sections[id] == NULL ||
		    memcmp(known->sections[id]->entities,
			s->sections[id]->entities,
			s->sections[id]->count *
			    sizeof(s->sections[id]->entities[0])) == 0);
	sst_snapshot_release(&s);
	sst_snapshot_release(&known);
	json_decref(document);
	free(other);
	free(text);
}
END_TEST

/* Everything between the pieces in quotes. */
static char *
replaced(const char *text, const char *find, const char *by)
{
	struct sst_buf b = SST_BUF_INIT;
	const char *at;

	while ((at = strstr(text, find)) != NULL) {
		sst_buf_add(&b, text, (size_t)(at - text));
		sst_buf_adds(&b, by);
		text = at + strlen(find);
	}
	sst_buf_adds(&b, text);
	return sst_buf_take(&b, NULL);
}

START_TEST(names_may_be_escaped)
{
	static const char *const names[][2] = {
	    {"\"agents\"", "\"\\u0061gents\""},
	    {"\"sources\"", "\"sour\\u0063es\""},
	    {"\"tasks\"", "\"\\u0074\\u0061sks\""},
	    {"\"pods\"", "\"pod\\u0073\""},
	    {"\"name\"", "\"nam\\u0065\""},
	    {"\"epoch\"", "\"epo\\u0063h\""},
	};
	size_t len;
	char *text = golden_text("demo.full.json", &len);
	char *other = replaced(text, names[_i][0], names[_i][1]);
	struct sst_snapshot *s = must_read(other, strlen(other), NULL);

	ck_assert_str_ne(text, other);
	ck_assert(writes(s, true, text, len));
	sst_snapshot_release(&s);
	free(other);
	free(text);
}
END_TEST

/* What is accepted and written in one way. */
START_TEST(numbers_are_normalised)
{
	static const char *const numbers[][3] = {
	    {"\"revision\": 1,", "\"revision\": 1.0,", "\"revision\":1,"},
	    {"\"revision\": 1,", "\"revision\": 41e1,", "\"revision\":410,"},
	    {"\"max_parallel_invocations\": 5",
		"\"max_parallel_invocations\": 0.50E1",
		"\"max_parallel_invocations\":5.0,"},
	    {"\"max_parallel_invocations\": 5",
		"\"max_parallel_invocations\": 1e300",
		"\"max_parallel_invocations\":1e+300,"},
	    {"\"max_parallel_invocations\": 5",
		"\"max_parallel_invocations\": 9223372036854775807",
		"\"max_parallel_invocations\":9223372036854775807,"},
	};
	char *text = golden_text("demo.full.json", NULL);
	char *other = replaced(text, numbers[_i][0], numbers[_i][1]);
	struct sst_snapshot *s = must_read(other, strlen(other), NULL), *again;
	struct sst_body *body = full_body(s, false);

	ck_assert_msg(strstr(body->bytes, numbers[_i][2]) != NULL, "%s",
	    numbers[_i][1]);
	again = must_read(body->bytes, body->len, NULL);
	ck_assert(writes(again, false, body->bytes, body->len));
	sst_snapshot_release(&again);
	sst_body_release(&body);
	sst_snapshot_release(&s);
	free(other);
	free(text);
}
END_TEST

START_TEST(sections_may_be_absent_or_unknown)
{
	static const char text[] =
	    "{\"id\":\"\\u00e9\\/\",\"schema_version\":\"1.0\",\"epoch\":"
	    "\"0123456789abcdef\",\"revision\":7,\"captured_at\":"
	    "\"2026-01-01T00:00:00.123Z\",\"sources\":[],\"queues\":null,"
	    "\"litellm\":[ ]} \n";
	struct sst_snapshot *s = must_read(text, sizeof(text) - 1, NULL);
	static const char want[] =
	    "{\"id\":\"\xc3\xa9/\",\"schema_version\":\"1.0\",\"epoch\":"
	    "\"0123456789abcdef\",\"revision\":7,\"captured_at\":"
	    "\"2026-01-01T00:00:00.123Z\",\"sources\":[],\"queues\":null,"
	    "\"litellm\":[]}";

	ck_assert_int_eq(s->presence[SST_SECTION_AGENTS], SST_ABSENT);
	ck_assert_int_eq(s->presence[SST_SECTION_QUEUES], SST_UNKNOWN);
	ck_assert_int_eq(s->presence[SST_SECTION_LITELLM], SST_KNOWN);
	ck_assert(writes(s, false, want, sizeof(want) - 1));
	sst_snapshot_release(&s);
}
END_TEST

/* What an older service wrote stays as it was, and is not what this one says. */
START_TEST(the_version_it_was_written_with_stays)
{
	static const char now[] = "\"schema_version\": \"" SST_SCHEMA_VERSION;
	size_t len;
	char *text = golden_text("calm.full.json", &len), *at;
	struct sst_snapshot *s = must_read(text, len, NULL), *old;

	at = strstr(text, now);
	ck_assert_ptr_nonnull(at);
	at[sizeof(now) - 2] = '0';
	old = must_read(text, len, NULL);
	ck_assert(writes(old, true, text, len));
	ck_assert(!sst_hash_equal(s->content, old->content));
	sst_snapshot_release(&old);
	sst_snapshot_release(&s);
	free(text);
}
END_TEST

void
add_reading(Suite *s)
{
	TCase *tc = tcase_create("reading");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	tcase_add_loop_test(tc, golden_documents_come_back, 0, GOLDEN);
	tcase_add_loop_test(tc, what_is_near_is_shared, 0, GOLDEN);
	tcase_add_loop_test(tc, worlds_come_back_as_the_drafts_made_them, 0, 2);
	tcase_add_test(tc, worlds_share_what_did_not_change);
	tcase_add_test(tc, a_strange_near_one_changes_nothing);
	tcase_add_loop_test(tc, any_json_of_it_is_read, 0, 4 * GOLDEN);
	tcase_add_loop_test(tc, names_may_be_escaped, 0, 6);
	tcase_add_loop_test(tc, numbers_are_normalised, 0, 5);
	tcase_add_test(tc, sections_may_be_absent_or_unknown);
	tcase_add_test(tc, the_version_it_was_written_with_stays);
	suite_add_tcase(s, tc);
}
