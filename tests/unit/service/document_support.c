#include "unit/service/document_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/starve.h"
#include "unit/base/run.h"

struct document_rig rig;

void
rig_setup(void)
{
	ck_assert_msg(sst_contract_new(&rig.contract, &rig.err) == SST_OK,
	    "%s", rig.err.text);
}

void
rig_teardown(void)
{
	sst_contract_free(&rig.contract);
}

char *
golden_text(const char *file, size_t *len_out)
{
	char path[512], chunk[4096];
	struct sst_buf b = SST_BUF_INIT;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), SST_SOURCE_DIR "/tests/golden/%s", file);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s cannot be read", path);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		sst_buf_add(&b, chunk, n);
	fclose(f);
	return sst_buf_take(&b, len_out);
}

struct sst_snapshot *
must_read(const char *bytes, size_t len, const struct sst_snapshot *near)
{
	struct sst_snapshot *s = NULL;
	int rc = sst_document_read(
	    rig.contract, bytes, len, near, &s, &rig.err);

	ck_assert_msg(rc == SST_OK, "%s: %s", sst_code_name(rc), rig.err.text);
	return s;
}

struct sst_body *
full_body(struct sst_snapshot *s, bool pretty)
{
	const struct sst_projection p = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, pretty, SST_CODING_IDENTITY};
	struct sst_body *body = NULL;

	ck_assert_int_eq(sst_snapshot_body(s, &p, &body, &rig.err), SST_OK);
	return body;
}

bool
writes(struct sst_snapshot *s, bool pretty, const char *want, size_t len)
{
	struct sst_body *body = full_body(s, pretty);
	bool same =
	    body->len == len && memcmp(body->bytes, want, len) == 0;

	sst_body_release(&body);
	return same;
}

int
main(void)
{
	Suite *s = suite_create("document");

	starve_init();
	add_reading(s);
	add_faults(s);
	return unit_run(s);
}
