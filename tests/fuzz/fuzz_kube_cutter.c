/* fuzz-libs: sst_kube PkgConfig::JANSSON */

/*
 * Any bytes as a body of an API server, in pieces of sizes that the first byte
 * tells: no crash, the same objects whatever the pieces, and where jansson
 * takes the body for JSON, they are its items without managedFields. What the
 * reflector reads of events and lists lies inside of them.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/kube/cutter.h"
#include "repository/kube/reflector_priv.h"

enum { MAX_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct cut {
	struct sst_buf lengths, bytes; /* size_t of each; one after the other */
	size_t count;
	int code;
};

/* Slices within the text, positions that end. */
static void
check_event(const char *json, size_t len)
{
	struct reflector_event event;
	struct reflector_trouble trouble;
	struct sst_error err;

	if (reflector__parse_event(json, len, &event, &err) != SST_OK) {
		if (err.code != SST_TYPE || err.text[0] == '\0')
			abort();
		return;
	}
	if (event.object.len > 0 &&
	    (event.object.at <= json || event.object.at[0] != '{' ||
		event.object.at + event.object.len >= json + len))
		abort();
	if (memchr(event.version, '\0', sizeof(event.version)) == NULL)
		abort();
	if (event.object.len == 0)
		return;
	reflector__parse_trouble(event.object.at, event.object.len, &trouble);
	if (trouble.status < 0 || trouble.status > 599 ||
	    memchr(trouble.reason, '\0', sizeof(trouble.reason)) == NULL)
		abort();
}

static void
check_page(const char *json, size_t len)
{
	struct reflector_page page = {0};
	struct sst_error err;

	if (reflector__parse_page(json, len, &page, &err) == SST_OK &&
	    (page.version[0] == '\0' ||
		memchr(page.version, '\0', sizeof(page.version)) == NULL))
		abort();
	free(page.token);
}

static int
cut_object(const char *json, size_t len, void *ctx, struct sst_error *err)
{
	struct cut *c = ctx;

	(void)err;
	if (len == 0 || json[len] != '\0' || len > MAX_BYTES)
		abort();
	sst_buf_add(&c->lengths, &len, sizeof(len));
	sst_buf_add(&c->bytes, json, len);
	c->count++;
	check_event(json, len);
	return SST_OK;
}

static struct sst_kube_cutter *
cutter_new(enum sst_kube_cut form, struct cut *c)
{
	struct sst_kube_cutter_settings settings = {
	    .form = form,
	    .max_bytes = MAX_BYTES,
	    .object = cut_object,
	    .ctx = c,
	};
	struct sst_kube_cutter *cutter;
	struct sst_error err;

	if (sst_kube_cutter_new(&settings, &cutter, &err) != SST_OK)
		abort();
	return cutter;
}

static void
cut(struct sst_kube_cutter *cutter, struct cut *c, const char *bytes,
    size_t len, size_t piece)
{
	struct sst_error err;
	size_t at, n;

	sst_error_clear(&err);
	for (at = 0; at < len && c->code == SST_OK; at += n) {
		n = len - at < piece ? len - at : piece;
		c->code = sst_kube_cutter_feed(cutter, bytes + at, n, &err);
	}
	if (c->code == SST_OK)
		c->code = sst_kube_cutter_end(cutter, &err);
	if (c->code != SST_OK && (err.code != c->code || err.text[0] == '\0'))
		abort();
}

static void
cut_fini(struct cut *c)
{
	sst_buf_fini(&c->lengths);
	sst_buf_fini(&c->bytes);
}

/* The object at that place, as jansson reads it. */
static json_t *
cut_parsed(const struct cut *c, size_t index, size_t *at)
{
	json_t *value;
	size_t len;

	memcpy(&len, c->lengths.data + index * sizeof(len), sizeof(len));
	value = json_loadb(c->bytes.data + *at, len,
	    JSON_ALLOW_NUL | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
	*at += len;
	return value;
}

/* Where jansson reads a list, its items are what was cut. */
static void
compare(const struct cut *c, const json_t *root, const char *metadata)
{
	json_t *items = json_object_get(root, "items"), *item, *own;
	size_t i, at = 0;

	if (items != NULL && !json_is_array(items) && !json_is_null(items)) {
		if (c->code != SST_SYNTAX)
			abort();
		return;
	}
	if (c->code == SST_TOO_LARGE || c->code == SST_TOO_DEEP)
		return;
	if (items == NULL) {
		if (c->code != SST_TYPE)
			abort();
		return;
	}
	if (c->code != SST_OK || c->count != json_array_size(items))
		abort();
	if ((json_object_get(root, "metadata") != NULL) != (metadata != NULL))
		abort();
	json_array_foreach(items, i, item)
	{
		json_object_del(
		    json_object_get(item, "metadata"), "managedFields");
		own = cut_parsed(c, i, &at);
		if (own == NULL || !json_equal(own, item))
			abort();
		json_decref(own);
	}
}

static void
fuzz_form(enum sst_kube_cut form, const char *bytes, size_t len, size_t piece)
{
	struct cut whole = {0}, pieces = {0};
	struct sst_kube_cutter *one = cutter_new(form, &whole);
	struct sst_kube_cutter *two = cutter_new(form, &pieces);
	const char *metadata;
	size_t metadata_len;
	json_t *root;

	cut(one, &whole, bytes, len, len + 1);
	/* what came before does not matter after a reset */
	cut(two, &pieces, bytes, len / 2, 3);
	sst_kube_cutter_reset(two);
	cut_fini(&pieces);
	memset(&pieces, 0, sizeof(pieces));
	cut(two, &pieces, bytes, len, piece);
	if (whole.code != pieces.code || whole.count != pieces.count ||
	    whole.bytes.len != pieces.bytes.len ||
	    (whole.bytes.len > 0 && memcmp(whole.bytes.data, pieces.bytes.data,
					whole.bytes.len) != 0))
		abort();
	metadata = sst_kube_cutter_metadata(one, &metadata_len);
	if (metadata != NULL)
		check_page(metadata, metadata_len);
	root = json_loadb(bytes, len,
	    JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
	    NULL);
	if (json_is_object(root) && form == SST_KUBE_CUT_LIST)
		compare(&whole, root, metadata);
	/* one event without a type, or a list taken for one */
	if (json_is_object(root) && form == SST_KUBE_CUT_WATCH &&
	    whole.code == SST_OK && whole.count != 1)
		abort();
	json_decref(root);
	cut_fini(&whole);
	cut_fini(&pieces);
	sst_kube_cutter_free(&one);
	sst_kube_cutter_free(&two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	fuzz_form(SST_KUBE_CUT_LIST, (const char *)data + 1, size - 1,
	    (size_t)data[0] + 1);
	fuzz_form(SST_KUBE_CUT_WATCH, (const char *)data + 1, size - 1,
	    (size_t)data[0] % 7 + 1);
	return 0;
}
