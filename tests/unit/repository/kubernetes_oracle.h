/* The tables that tell what is right of a recording: a row of names, then rows
 * of cells, with tabs between them. Asserts (libcheck) that nothing fails. */
#ifndef TESTS_UNIT_REPOSITORY_KUBERNETES_ORACLE_H
#define TESTS_UNIT_REPOSITORY_KUBERNETES_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

enum { KUBERNETES_ORACLE_COLUMNS = 24 };

struct kubernetes_oracle {
	char *text; /* the file, cut into cells in place */
	char *head[KUBERNETES_ORACLE_COLUMNS];
	char *cells[KUBERNETES_ORACLE_COLUMNS]; /* of the row at hand */
	char *rest;
	size_t columns;
};

void kubernetes_oracle_open(struct kubernetes_oracle *o, const char *name);
/* False after the last row. */
bool kubernetes_oracle_next(struct kubernetes_oracle *o);
const char *
kubernetes_oracle_cell(const struct kubernetes_oracle *o, const char *column);
void kubernetes_oracle_close(struct kubernetes_oracle *o);

#endif
