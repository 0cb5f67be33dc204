/*
 * Feeds the reader of documents. What reads is written, and must then read
 * again and be the same; a snapshot that is near must make no difference.
 */
/* fuzz-libs: sst_service sst_repository sst_model sst_base */
/* fuzz-corpus: tests/golden */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/document.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sst_contract *contract;
static struct sst_snapshot *near;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char path[] = SST_SOURCE_DIR
	    "/tests/fuzz/corpus/document/small";
	char text[1 << 16];
	struct sst_error err;
	FILE *f = fopen(path, "rb");
	size_t len = f == NULL ? 0 : fread(text, 1, sizeof(text), f);

	(void)argc;
	(void)argv;
	if (f != NULL)
		fclose(f);
	if (sst_contract_new(&contract, &err) != SST_OK ||
	    sst_document_read(contract, text, len, NULL, &near, &err) !=
		SST_OK) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		exit(1);
	}
	return 0;
}

static struct sst_body *
fuzz_write(struct sst_snapshot *s, enum sst_view view)
{
	const struct sst_projection p = {
	    view, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_body *body = NULL;
	struct sst_error err;

	if (sst_snapshot_body(s, &p, &body, &err) != SST_OK)
		abort();
	return body;
}

/* Reads again what was written, and the same with `neighbour`. */
static void
fuzz_again(const struct sst_body *body, const struct sst_snapshot *first,
    const struct sst_snapshot *neighbour)
{
	struct sst_snapshot *s = NULL;
	struct sst_body *again;
	struct sst_error err;

	if (sst_document_read(contract, body->bytes, body->len, neighbour, &s,
		&err) != SST_OK)
		abort();
	again = fuzz_write(s, SST_VIEW_FULL);
	if (again->len != body->len ||
	    memcmp(again->bytes, body->bytes, body->len) != 0 ||
	    !sst_hash_equal(s->content, first->content))
		abort();
	sst_body_release(&again);
	sst_snapshot_release(&s);
}

/* The keyed view is JSON, and no name comes twice. */
static void
fuzz_keyed(struct sst_snapshot *s)
{
	struct sst_body *body = fuzz_write(s, SST_VIEW_KEYED);
	json_t *tree = json_loadb(
	    body->bytes, body->len, JSON_REJECT_DUPLICATES, NULL);

	if (tree == NULL)
		abort();
	json_decref(tree);
	sst_body_release(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sst_snapshot *s = NULL, *beside = NULL;
	struct sst_error err, other;
	struct sst_body *body;
	int rc;

	rc = sst_document_read(
	    contract, (const char *)data, size, NULL, &s, &err);
	if (rc != sst_document_read(contract, (const char *)data, size, near,
		      &beside, &other) ||
	    (rc != SST_OK && strcmp(err.text, other.text) != 0))
		abort();
	if (rc == SST_OK) {
		if (!sst_hash_equal(s->content, beside->content))
			abort();
		body = fuzz_write(s, SST_VIEW_FULL);
		fuzz_again(body, s, NULL);
		fuzz_again(body, s, s);
		fuzz_again(body, s, near);
		fuzz_keyed(s);
		sst_body_release(&body);
	}
	sst_snapshot_release(&s);
	sst_snapshot_release(&beside);
	return 0;
}
