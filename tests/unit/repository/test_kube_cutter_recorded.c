/* Bodies of a real API server, in pieces of all sizes. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/kube_api_recording.h"
#include "test_kube_cutter.h"

#define RECORDINGS SST_SOURCE_DIR "/mocks/upstreams/kubernetes/"

static void
load(const char *name, struct kube_recording *out)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s.http", RECORDINGS, name);
	ck_assert_msg(kube_recording_load(path, out), "%s", path);
}

/* items as jansson reads them, without managedFields, compact. */
static void
expected_items(const struct kube_recording *r, struct sst_buf *out)
{
	json_t *root = json_loadb(r->body, r->body_len, JSON_ALLOW_NUL, NULL);
	json_t *item;
	size_t i;
	char *text;

	ck_assert_ptr_nonnull(root);
	json_array_foreach(json_object_get(root, "items"), i, item)
	{
		json_object_del(
		    json_object_get(item, "metadata"), "managedFields");
		text = json_dumps(item, JSON_COMPACT);
		ck_assert_ptr_nonnull(text);
		sst_buf_adds(out, text);
		sst_buf_addc(out, '\n');
		free(text);
	}
	json_decref(root);
}

/* The cut objects, one after the other, through jansson. */
static void
parsed_lines(const char *at, struct sst_buf *out)
{
	json_error_t error;
	json_t *item;
	char *text;

	for (; *at != '\0'; at += error.position + 1) {
		item = json_loads(at, JSON_DISABLE_EOF_CHECK, &error);
		ck_assert_ptr_nonnull(item);
		text = json_dumps(item, JSON_COMPACT);
		sst_buf_adds(out, text);
		sst_buf_addc(out, '\n');
		free(text);
		json_decref(item);
	}
}

START_TEST(recorded_lists)
{
	static const char *const names[] = {"a_pods", "a_deployments",
	    "a_deployments_pretty", "a_replicasets", "a_daemonsets",
	    "a_podmetrics", "a_pods_page_1", "b_pods_all_namespaces",
	    "a_replicasets_partial_metadata", "empty_pods", "a_nodes"};
	struct sst_buf want = SST_BUF_INIT, got = SST_BUF_INIT;
	struct kube_recording r;
	struct cut c;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		load(names[i], &r);
		sst_buf_clear(&want);
		sst_buf_clear(&got);
		expected_items(&r, &want);
		cut_open(&c, SST_KUBE_CUT_LIST, MAX_BYTES);
		ck_assert_int_eq(cut_feed(&c, r.body, r.body_len, 1), SST_OK);
		parsed_lines(cut_text(&c), &got);
		ck_assert_uint_eq(got.len, want.len);
		ck_assert_int_eq(
		    got.len == 0 ? 0 : memcmp(got.data, want.data, got.len), 0);
		ck_assert_ptr_null(strstr(cut_text(&c), "managedFields"));
		cut_close(&c);
		kube_recording_fini(&r);
	}
	sst_buf_fini(&want);
	sst_buf_fini(&got);
}
END_TEST

/* Two pieces, split everywhere. */
START_TEST(every_split_of_a_recorded_page)
{
	struct sst_buf want = SST_BUF_INIT;
	struct kube_recording r;
	struct cut c;
	size_t at;

	load("a_pods_page_2", &r);
	cut_open(&c, SST_KUBE_CUT_LIST, MAX_BYTES);
	ck_assert_int_eq(cut_feed(&c, r.body, r.body_len, r.body_len), SST_OK);
	ck_assert_uint_eq(c.count, 2);
	sst_buf_add(&want, c.objects.data, c.objects.len);
	for (at = 1; at < r.body_len; at++) {
		cut_again(&c);
		ck_assert_int_eq(
		    sst_kube_cutter_feed(c.cutter, r.body, at, &c.err), SST_OK);
		ck_assert_int_eq(sst_kube_cutter_feed(c.cutter, r.body + at,
				     r.body_len - at, &c.err),
		    SST_OK);
		ck_assert_int_eq(sst_kube_cutter_end(c.cutter, &c.err), SST_OK);
		ck_assert_uint_eq(c.objects.len, want.len);
		ck_assert_int_eq(
		    memcmp(c.objects.data, want.data, want.len), 0);
	}
	cut_close(&c);
	sst_buf_fini(&want);
	kube_recording_fini(&r);
}
END_TEST

START_TEST(recorded_events_cut_by_chunks)
{
	struct kube_recording r;
	struct cut c;
	size_t i, at = 0, split;

	load("burst_namespaces_watch_events_cut_by_chunks", &r);
	ck_assert_uint_gt(r.chunk_count, 3);
	for (split = 1; split < 2048; split++) {
		cut_open(&c, SST_KUBE_CUT_WATCH, MAX_BYTES);
		ck_assert_int_eq(
		    cut_feed(&c, r.body, r.body_len, split), SST_OK);
		ck_assert_uint_eq(c.count, 12);
		cut_close(&c);
	}
	/* as they came: what is whole is told at once */
	cut_open(&c, SST_KUBE_CUT_WATCH, MAX_BYTES);
	for (i = 0; i + 1 < r.chunk_count; i++) {
		ck_assert_int_eq(
		    sst_kube_cutter_feed(c.cutter, r.body + at,
			at + 2048 < r.body_len ? 2048 : r.body_len - at,
			&c.err),
		    SST_OK);
		ck_assert_uint_gt(c.count, 2 * i);
		at += 2048;
	}
	ck_assert_uint_eq(c.count, 12);
	cut_close(&c);
	kube_recording_fini(&r);
}
END_TEST

void
add_recorded_cutter_tests(TCase *tc)
{
	tcase_add_test(tc, recorded_lists);
	tcase_add_test(tc, every_split_of_a_recorded_page);
	tcase_add_test(tc, recorded_events_cut_by_chunks);
}
