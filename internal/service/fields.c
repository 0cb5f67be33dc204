#include "service/fields.h"

#include <string.h>

bool
fields__same(struct fields_span a, struct fields_span b)
{
	if (a.at == NULL || b.at == NULL)
		return a.at == b.at;
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

struct fields_span
fields__of(const struct sst_entity *entity)
{
	return (struct fields_span){sst_entity_json(entity), entity->json_len};
}

/* p at the opening quote; returns behind the closing one. */
static const char *
fields_skip_string(const char *p, const char *end)
{
	const char *q, *escape;

	for (p++; p < end; p = q + 1) {
		q = memchr(p, '"', (size_t)(end - p));
		if (q == NULL)
			return end;
		for (escape = q; escape > p && escape[-1] == '\\'; escape--)
			;
		if ((q - escape) % 2 == 0)
			return q + 1;
	}
	return end;
}

static const char *
fields_skip_nested(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = fields_skip_string(p, end);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if ((*p == '}' || *p == ']') && --depth == 0)
			return p + 1;
		p++;
	}
	return end;
}

const char *
fields__skip(const char *p, const char *end)
{
	if (p < end && *p == '"')
		return fields_skip_string(p, end);
	if (p < end && (*p == '{' || *p == '['))
		return fields_skip_nested(p, end);
	while (p < end && *p != ',' && *p != '}' && *p != ']')
		p++;
	return p;
}

/* p behind the bracket or at the comma before a name: the name, and p at its
 * value. False at the end of the object. */
static bool
fields_name(const char **p, const char *end, struct fields_span *name)
{
	const char *q = *p;

	if (q < end && *q == ',')
		q++;
	if (q >= end || *q != '"')
		return false;
	name->at = q + 1;
	q = fields_skip_string(q, end);
	name->len = (size_t)(q - 1 - name->at);
	*p = q + 1;
	return *p < end;
}

struct fields_span
fields__find(struct fields_span object, const char *name)
{
	const char *p, *end, *value;
	size_t len = strlen(name);
	struct fields_span found;

	if (object.at == NULL)
		return object;
	p = object.at + 1;
	end = object.at + object.len;
	while (fields_name(&p, end, &found)) {
		value = p;
		p = fields__skip(p, end);
		if (found.len == len && memcmp(found.at, name, len) == 0)
			return (struct fields_span){value, (size_t)(p - value)};
	}
	return (struct fields_span){NULL, 0};
}

static unsigned
fields_hex4(const char *p)
{
	unsigned value = 0;
	int i;

	for (i = 0; i < 4; i++)
		value = value * 16 + (unsigned)(p[i] <= '9'
						    ? p[i] - '0'
						    : (p[i] | 32) - 'a' + 10);
	return value;
}

/* The writer escapes quotes, backslashes and controls below 0x20 only. */
static void
fields_unescape(const char *p, const char *end, struct sst_buf *out)
{
	static const char pairs[] = "b\bf\fn\nr\rt\t";
	const char *q;
	char c;

	while (p < end) {
		q = memchr(p, '\\', (size_t)(end - p));
		if (q == NULL || q + 1 >= end) {
			sst_buf_add(out, p, (size_t)(end - p));
			return;
		}
		sst_buf_add(out, p, (size_t)(q - p));
		c = q[1];
		p = q + 2;
		if (c == 'u' && end - p >= 4) {
			c = (char)fields_hex4(p);
			p += 4;
		} else if ((q = strchr(pairs, c)) != NULL && c != '\0') {
			c = q[1];
		}
		sst_buf_addc(out, c);
	}
}

void
fields__text(struct fields_span value, struct sst_buf *out)
{
	if (value.at == NULL)
		return;
	if (value.len >= 2 && value.at[0] == '"')
		fields_unescape(value.at + 1, value.at + value.len - 1, out);
	else
		sst_buf_add(out, value.at, value.len);
}

enum fields_kind
fields__kind(const struct fields_pair *pair)
{
	const struct sst_member *m = pair->member;
	char open = m->array ? '[' : '{';

	if (m->shape == NULL || pair->from.at == NULL || pair->to.at == NULL ||
	    *pair->from.at != open || *pair->to.at != open)
		return FIELDS_VALUE;
	if (!m->array)
		return FIELDS_OBJECT;
	return m->shape->identity_count > 0 ? FIELDS_ARRAY : FIELDS_VALUE;
}

void
fields__begin(struct fields_walk *walk, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to)
{
	walk->shape = shape;
	walk->from = from.at + 1;
	walk->from_end = from.at + from.len;
	walk->to = to.at + 1;
	walk->to_end = to.at + to.len;
	walk->from_member = walk->to_member = 0;
}

/* Index of the member that comes next on one side, p left at its value;
 * shape->count: none. */
static size_t
fields_member(
    const struct sst_shape *shape, size_t next, const char **p, const char *end)
{
	const struct sst_member *m;
	struct fields_span name;

	if (!fields_name(p, end, &name))
		return shape->count;
	for (; next < shape->count; next++) {
		m = &shape->members[next];
		if (m->name_len == name.len &&
		    memcmp(m->name, name.at, name.len) == 0)
			break;
	}
	return next;
}

/* The value at p, which moves behind it. */
static struct fields_span
fields_take(const char **p, const char *end)
{
	const char *value = *p;

	*p = fields__skip(value, end);
	return (struct fields_span){value, (size_t)(*p - value)};
}

/* Both sides stand at a value of the same member: skips it when it is equal. */
static bool
fields_skip_equal(struct fields_walk *w, const char *from, const char *to)
{
	const char *stop = fields__skip(from, w->from_end);
	size_t len = (size_t)(stop - from);

	if ((size_t)(w->to_end - to) <= len || memcmp(from, to, len) != 0 ||
	    (to[len] != ',' && to[len] != '}'))
		return false;
	w->from = stop;
	w->to = to + len;
	w->to_member = ++w->from_member;
	return true;
}

bool
fields__next(struct fields_walk *w, struct fields_pair *out)
{
	size_t n = w->shape->count, a, b;
	const char *from, *to;

	do {
		from = w->from;
		to = w->to;
		a = fields_member(w->shape, w->from_member, &from, w->from_end);
		b = fields_member(w->shape, w->to_member, &to, w->to_end);
		w->from_member = a;
		w->to_member = b;
		if (a == n && b == n)
			return false;
	} while (a == b && fields_skip_equal(w, from, to));
	memset(out, 0, sizeof(*out));
	out->member = &w->shape->members[a < b ? a : b];
	if (a <= b) {
		out->from = fields_take(&from, w->from_end);
		w->from = from;
		w->from_member++;
	}
	if (b <= a) {
		out->to = fields_take(&to, w->to_end);
		w->to = to;
		w->to_member++;
	}
	return true;
}
