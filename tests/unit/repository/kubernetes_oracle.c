#include "unit/repository/kubernetes_oracle.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORACLE_BYTES = 65536 };

static bool
oracle_cut(struct kubernetes_oracle *o, char **cells)
{
	char *line = o->rest, *end = strchr(line, '\n');
	size_t n = 0;

	if (end == NULL)
		return false;
	*end = '\0';
	o->rest = end + 1;
	for (;;) {
		ck_assert_uint_lt(n, KUBERNETES_ORACLE_COLUMNS);
		cells[n++] = line;
		line = strchr(line, '\t');
		if (line == NULL)
			break;
		*line++ = '\0';
	}
	o->columns = n;
	return true;
}

void
kubernetes_oracle_open(struct kubernetes_oracle *o, const char *name)
{
	char path[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/mocks/upstreams/kubernetes/%s",
	    SST_SOURCE_DIR, name);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s", path);
	o->text = calloc(1, ORACLE_BYTES);
	ck_assert_ptr_nonnull(o->text);
	len = fread(o->text, 1, ORACLE_BYTES - 1, f);
	ck_assert(len > 0 && len < ORACLE_BYTES - 1);
	fclose(f);
	o->rest = o->text;
	ck_assert(oracle_cut(o, o->head));
}

bool
kubernetes_oracle_next(struct kubernetes_oracle *o)
{
	return oracle_cut(o, o->cells);
}

const char *
kubernetes_oracle_cell(const struct kubernetes_oracle *o, const char *column)
{
	size_t i;

	for (i = 0; i < o->columns; i++) {
		if (strcmp(o->head[i], column) == 0)
			return o->cells[i];
	}
	ck_abort_msg("no column %s", column);
	return NULL;
}

void
kubernetes_oracle_close(struct kubernetes_oracle *o)
{
	free(o->text);
}
