/* Subjects of NATS: words with dots between them, in patterns also * for a
 * word and > for all that follow. */
#include <string.h>

#include "repository/queues/nats_catalog.h"

/* The length of the word at p; p moves past it and its dot. */
static size_t
subject_word(const char **p)
{
	size_t len = strcspn(*p, ".");

	*p += len;
	if (**p == '.')
		(*p)++;
	return len;
}

static bool
word_is(const char *word, size_t len, char c)
{
	return len == 1 && word[0] == c;
}

/* How a word of one pattern stands to that of the other. */
static bool
words_agree(const char *x, size_t xn, const char *y, size_t yn, bool both)
{
	if (word_is(x, xn, '*') || (both && word_is(y, yn, '*')))
		return true;
	return xn == yn && memcmp(x, y, xn) == 0;
}

/* a over b; with `both` wildcards of b fit anything, too. */
static bool
subject_compare(const char *a, const char *b, bool both)
{
	while (*a != '\0' && *b != '\0') {
		const char *x = a, *y = b;
		size_t xn = subject_word(&a), yn = subject_word(&b);

		if (word_is(x, xn, '>') || (both && word_is(y, yn, '>')))
			return true;
		/* what * takes is one word, > takes more */
		if (word_is(y, yn, '>') || !words_agree(x, xn, y, yn, both))
			return false;
	}
	return *a == '\0' && *b == '\0';
}

bool
nats__subject_matches(const char *pattern, const char *subject)
{
	return subject_compare(pattern, subject, false);
}

bool
nats__subject_covers(const char *a, const char *b)
{
	return subject_compare(a, b, false);
}

bool
nats__subject_overlaps(const char *a, const char *b)
{
	return subject_compare(a, b, true);
}

bool
nats__filters_match(const struct nats_filters *filters, const char *subject)
{
	size_t i;

	for (i = 0; i < filters->count; i++) {
		if (nats__subject_matches(filters->items[i], subject))
			return true;
	}
	return filters->count == 0;
}

bool
nats__filters_overlap(
    const struct nats_filters *a, const struct nats_filters *b)
{
	size_t i, k;

	if (a->count == 0 || b->count == 0)
		return true;
	for (i = 0; i < a->count; i++) {
		for (k = 0; k < b->count; k++) {
			if (nats__subject_overlaps(a->items[i], b->items[k]))
				return true;
		}
	}
	return false;
}

bool
nats__filters_cover(const struct nats_filters *a, const struct nats_filters *b)
{
	size_t i, k;

	if (a->count == 0)
		return true;
	for (k = 0; k < b->count; k++) {
		for (i = 0; i < a->count; i++) {
			if (nats__subject_covers(a->items[i], b->items[k]))
				break;
		}
		if (i == a->count)
			return false;
	}
	return b->count > 0;
}
