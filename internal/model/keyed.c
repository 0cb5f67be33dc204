/* Names of the items of a list in the keyed view. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/project_priv.h"

struct keyed_use {
	struct sst_hash hash; /* of the name */
	size_t times;         /* 0: the place is free */
};

/* Where the identity members of an item stand; NULL: not met. */
struct keyed_span {
	const char *at;
	size_t len;
};

/* Which part of the identity a member is; identity_count: none. */
static size_t
keyed_part(const struct sst_shape *shape, const char *name, size_t len)
{
	const struct sst_member *m;
	size_t i;

	for (i = 0; i < shape->identity_count; i++) {
		m = &shape->members[shape->identity[i]];
		if (m->name_len == len && memcmp(m->name, name, len) == 0)
			break;
	}
	return i;
}

/* Looks at no more members than it takes to find all parts. */
static void
keyed_find(const struct sst_shape *shape, const char *p, const char *end,
    struct keyed_span spans[SST_IDENTITY_MAX])
{
	size_t missing = shape->identity_count, part;
	const char *name, *value;

	while (missing > 0 && p < end && (*p == '{' || *p == ',') &&
	    p + 1 < end && p[1] == '"') {
		name = p + 2;
		value = model__skip_string(p + 1, end) + 1;
		part = keyed_part(shape, name, (size_t)(value - 2 - name));
		p = model__skip_value(value, end);
		if (part == shape->identity_count)
			continue;
		spans[part].at = value;
		spans[part].len = (size_t)(p - value);
		missing--;
	}
}

static int
keyed_hex(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/*
 * What an escape stands for; n_out: its length. The writer escapes no more
 * than quotes, backslashes and control characters.
 */
static char
keyed_unescape(const char *p, size_t len, size_t *n_out)
{
	static const char pairs[] = "b\bf\fn\nr\rt\t";
	size_t i;

	*n_out = 2;
	if (len >= 6 && p[1] == 'u') {
		*n_out = 6;
		return (char)(keyed_hex(p[4]) << 4 | keyed_hex(p[5]));
	}
	for (i = 0; pairs[i] != '\0'; i += 2) {
		if (pairs[i] == p[1])
			return pairs[i + 1];
	}
	return p[1];
}

static void
keyed_add_part(struct keyed_span span, struct sst_buf *out)
{
	const char *p = span.at, *end, *stop;
	size_t n;
	char c;

	if (p == NULL)
		return;
	end = p + span.len;
	if (span.len >= 2 && *p == '"') {
		p++;
		end--;
	}
	while (p < end) {
		stop = memchr(p, '\\', (size_t)(end - p));
		if (stop == NULL || stop + 1 == end)
			stop = end;
		sst_text_percent_encode(p, (size_t)(stop - p), out);
		if (stop == end)
			break;
		c = keyed_unescape(stop, (size_t)(end - stop), &n);
		sst_text_percent_encode(&c, 1, out);
		p = stop + n;
	}
}

static struct keyed_use *
keyed_place(const struct keyed_names *names, struct sst_hash hash)
{
	size_t mask = names->cap - 1, i = hash.low & mask;

	while (names->uses[i].times > 0 &&
	    !sst_hash_equal(names->uses[i].hash, hash))
		i = (i + 1) & mask;
	return &names->uses[i];
}

static bool
keyed_grow(struct keyed_names *names)
{
	struct keyed_names more = {NULL, names->cap == 0 ? 16 : names->cap * 2,
	    names->count};
	size_t i;

	more.uses = calloc(more.cap, sizeof(*more.uses));
	if (more.uses == NULL)
		return false;
	for (i = 0; i < names->cap; i++) {
		if (names->uses[i].times > 0)
			*keyed_place(&more, names->uses[i].hash) =
			    names->uses[i];
	}
	free(names->uses);
	*names = more;
	return true;
}

/* How often that name was met, this time included; 0: no memory. */
static size_t
keyed_count(struct keyed_names *names, struct sst_hash hash)
{
	struct keyed_use *use;

	if (names->count * 2 >= names->cap && !keyed_grow(names))
		return 0;
	use = keyed_place(names, hash);
	names->count += use->times == 0;
	use->hash = hash;
	return ++use->times;
}

void
model__keyed_name(const struct sst_shape *shape, const char *p,
    const char *end, struct keyed_names *names, struct sst_buf *out)
{
	struct keyed_span spans[SST_IDENTITY_MAX] = {{NULL, 0}};
	size_t i, start = out->len, times;

	keyed_find(shape, p, end, spans);
	for (i = 0; i < shape->identity_count; i++) {
		if (i > 0)
			sst_buf_addc(out, '/');
		keyed_add_part(spans[i], out);
	}
	if (names == NULL || sst_buf_failed(out))
		return;
	times = keyed_count(
	    names, sst_hash_bytes(out->data + start, out->len - start));
	if (times == 0)
		out->failed = true;
	else if (times > 1)
		sst_buf_addf(out, "#%zu", times);
}

void
model__keyed_names_fini(struct keyed_names *names)
{
	free(names->uses);
}
