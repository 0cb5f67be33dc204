/* Bit sets of evaluated members or items. */
#include <stdlib.h>
#include <string.h>

#include "schema/exec.h"

bool
schema__marks_init(struct marks *m, size_t size)
{
	m->words = size / 64 + 1;
	m->bits = m->inside;
	if (m->words > MARKS_INLINE) {
		m->bits = malloc(m->words * sizeof(*m->bits));
		if (m->bits == NULL)
			return false;
	}
	schema__marks_clear(m);
	return true;
}

void
schema__marks_fini(struct marks *m)
{
	if (m->bits != m->inside)
		free(m->bits);
	m->bits = NULL;
}

void
schema__marks_clear(struct marks *m)
{
	memset(m->bits, 0, m->words * sizeof(*m->bits));
}

void
schema__marks_all(struct marks *m)
{
	memset(m->bits, 0xff, m->words * sizeof(*m->bits));
}

void
schema__marks_or(struct marks *m, const struct marks *more)
{
	size_t i;

	for (i = 0; i < m->words; i++)
		m->bits[i] |= more->bits[i];
}
