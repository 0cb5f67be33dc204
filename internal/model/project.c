#include "model/project.h"

#include <string.h>

#include "model/project_priv.h"

struct projector {
	const char *p;
	const char *end;
	struct sst_buf *out;
	bool keyed; /* all members, lists by key; else members of the base */
};

const char *
model__skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++) {
		if (*p == '\\')
			p++;
	}
	return p < end ? p + 1 : end;
}

const char *
model__skip_value(const char *p, const char *end)
{
	long depth = 0;

	for (; p < end; p++) {
		if (*p == '"') {
			p = model__skip_string(p, end) - 1;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			if (depth == 0)
				return p;
			depth--;
		} else if (*p == ',' && depth == 0) {
			return p;
		}
	}
	return p;
}

static void project_value(struct projector *x, const struct sst_shape *shape,
    const struct sst_member *member);

static void
project_copy(struct projector *x)
{
	const char *from = x->p;

	x->p = model__skip_value(from, x->end);
	sst_buf_add(x->out, from, (size_t)(x->p - from));
}

/* p at the name's opening quote, left behind the colon. */
static const struct sst_member *
project_name(struct projector *x, const struct sst_shape *shape)
{
	const char *name = x->p + 1;

	x->p = model__skip_string(x->p, x->end);
	x->p++;
	return sst_shape_find(shape, name, (size_t)(x->p - 2 - name));
}

static void
project_member(
    struct projector *x, const struct sst_member *member, bool *first)
{
	if (member == NULL || (!x->keyed && !member->base)) {
		x->p = model__skip_value(x->p, x->end);
		return;
	}
	/* the first one goes without its comma */
	sst_buf_add(x->out, member->lead + *first, member->lead_len - *first);
	*first = false;
	if (member->shape != NULL)
		project_value(x, member->shape, member);
	else
		project_copy(x);
}

static void
project_object(struct projector *x, const struct sst_shape *shape)
{
	bool first = true;

	sst_buf_addc(x->out, *x->p++);
	while (x->p < x->end && *x->p != '}') {
		if (*x->p == ',')
			x->p++;
		project_member(x, project_name(x, shape), &first);
	}
	sst_buf_addc(x->out, '}');
	x->p++;
}

static void
project_array(struct projector *x, const struct sst_shape *shape)
{
	sst_buf_addc(x->out, *x->p++);
	while (x->p < x->end && *x->p != ']') {
		if (*x->p == ',')
			sst_buf_addc(x->out, *x->p++);
		project_value(x, shape, NULL);
	}
	sst_buf_addc(x->out, ']');
	x->p++;
}

/* An array whose items have keys, as an object. */
static void
project_list(
    struct projector *x, const struct sst_shape *shape, bool may_repeat)
{
	struct keyed_names names = {0};

	sst_buf_addc(x->out, '{');
	x->p++;
	while (x->p < x->end && *x->p != ']') {
		if (*x->p == ',')
			sst_buf_addc(x->out, *x->p++);
		sst_buf_addc(x->out, '"');
		model__keyed_name(shape, x->p, x->end,
		    may_repeat ? &names : NULL, x->out);
		sst_buf_add(x->out, "\":", 2);
		project_value(x, shape, NULL);
	}
	sst_buf_addc(x->out, '}');
	x->p++;
	model__keyed_names_fini(&names);
}

/* Consumers of the base view go through its arrays without asking. */
static void
project_unknown(struct projector *x)
{
	x->p = model__skip_value(x->p, x->end);
	sst_buf_adds(x->out, "[]");
}

/* member: what holds the value; NULL for the outermost one and for items. */
static void
project_value(struct projector *x, const struct sst_shape *shape,
    const struct sst_member *member)
{
	if (*x->p == '{')
		project_object(x, shape);
	else if (*x->p == '[' && x->keyed && shape->identity_count > 0)
		/* keys of entities and of their children are unique */
		project_list(x, shape, member != NULL && !member->children);
	else if (*x->p == '[')
		project_array(x, shape);
	else if (!x->keyed && member != NULL && member->array)
		project_unknown(x);
	else
		project_copy(x);
}

void
sst_project_base(const struct sst_shape *shape, const char *json, size_t len,
    struct sst_buf *out)
{
	struct projector x = {json, json + len, out, false};

	if (len > 0)
		project_value(&x, shape, NULL);
}

void
sst_project_keyed(const struct sst_shape *shape, const char *json, size_t len,
    struct sst_buf *out)
{
	struct projector x = {json, json + len, out, true};

	if (len > 0)
		project_value(&x, shape, NULL);
}

static void
pretty_newline(struct sst_buf *out, size_t depth)
{
	sst_buf_addc(out, '\n');
	while (depth-- > 0)
		sst_buf_add(out, "  ", 2);
}

/* The opening bracket and, for an empty pair, the closing one. */
static const char *
pretty_open(const char *p, const char *end, size_t *depth, struct sst_buf *out)
{
	sst_buf_addc(out, *p++);
	if (p < end && (*p == '}' || *p == ']')) {
		sst_buf_addc(out, *p);
		return p + 1;
	}
	pretty_newline(out, ++*depth);
	return p;
}

static const char *
pretty_token(const char *p, const char *end, size_t *depth, struct sst_buf *out)
{
	const char *q;

	switch (*p) {
	case '"':
		q = model__skip_string(p, end);
		sst_buf_add(out, p, (size_t)(q - p));
		return q;
	case '{':
	case '[':
		return pretty_open(p, end, depth, out);
	case '}':
	case ']':
		pretty_newline(out, --*depth);
		sst_buf_addc(out, *p);
		return p + 1;
	case ',':
		sst_buf_addc(out, ',');
		pretty_newline(out, *depth);
		return p + 1;
	case ':':
		sst_buf_add(out, ": ", 2);
		return p + 1;
	default:
		sst_buf_addc(out, *p);
		return p + 1;
	}
}

void
sst_project_pretty(const char *json, size_t len, struct sst_buf *out)
{
	const char *p = json, *end = json + len;
	size_t depth = 0;

	sst_buf_reserve(out, len * 2);
	while (p < end)
		p = pretty_token(p, end, &depth, out);
	sst_buf_addc(out, '\n');
}
