/* A cutter and what it cut, for the parts of test_kube_cutter. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_KUBE_CUTTER_H
#define TESTS_UNIT_REPOSITORY_TEST_KUBE_CUTTER_H

#include <check.h>
#include <string.h>

#include "base/buf.h"
#include "repository/kube/cutter.h"

void add_recorded_cutter_tests(TCase *tc);

enum { MAX_BYTES = 4 * 1024 * 1024 };

/* What was cut: objects, each with a line feed after it. */
struct cut {
	struct sst_kube_cutter *cutter;
	struct sst_buf objects;
	size_t count;
	size_t refuse_at; /* object that is refused, from 1 */
	struct sst_error err;
};

static inline int
cut_object(const char *json, size_t len, void *ctx, struct sst_error *err)
{
	struct cut *c = ctx;

	ck_assert_uint_eq(json[len], '\0');
	if (++c->count == c->refuse_at)
		return sst_error_set(err, SST_TYPE, "refused");
	sst_buf_add(&c->objects, json, len);
	sst_buf_addc(&c->objects, '\n');
	return SST_OK;
}

static inline void
cut_open(struct cut *c, enum sst_kube_cut form, size_t max_bytes)
{
	struct sst_kube_cutter_settings settings = {
	    .form = form,
	    .max_bytes = max_bytes,
	    .object = cut_object,
	    .ctx = c,
	};

	memset(c, 0, sizeof(*c));
	ck_assert_int_eq(
	    sst_kube_cutter_new(&settings, &c->cutter, &c->err), SST_OK);
}

static inline void
cut_close(struct cut *c)
{
	sst_kube_cutter_free(&c->cutter);
	sst_buf_fini(&c->objects);
}

static inline void
cut_again(struct cut *c)
{
	sst_kube_cutter_reset(c->cutter);
	sst_buf_clear(&c->objects);
	c->count = 0;
}

/* In pieces of that size. */
static inline int
cut_feed(struct cut *c, const char *bytes, size_t len, size_t piece)
{
	size_t at, n;
	int code = SST_OK;

	for (at = 0; at < len && code == SST_OK; at += n) {
		n = len - at < piece ? len - at : piece;
		code = sst_kube_cutter_feed(c->cutter, bytes + at, n, &c->err);
	}
	return code == SST_OK ? sst_kube_cutter_end(c->cutter, &c->err) : code;
}

static inline const char *
cut_text(const struct cut *c)
{
	return c->objects.len > 0 ? c->objects.data : "";
}

#endif
