#include "model/encode.h"

#include <stdint.h>
#include <string.h>

/* Where offsets count from, and what was met. */
struct encoder {
	struct sst_buf *out;
	size_t start;
	struct sst_encoding *met;
};

static void encoder_object(struct encoder *e, const struct sst_shape *shape,
    const json_t *object);

static void
encode_generic_object(const json_t *object, struct sst_buf *out)
{
	json_t *o = json_incref((json_t *)(uintptr_t)object);
	void *it = json_object_iter(o);
	bool first = true;

	sst_buf_addc(out, '{');
	for (; it != NULL; it = json_object_iter_next(o, it)) {
		if (!first)
			sst_buf_addc(out, ',');
		first = false;
		sst_buf_json_string(out, json_object_iter_key(it),
		    json_object_iter_key_len(it));
		sst_buf_addc(out, ':');
		sst_encode_value(json_object_iter_value(it), out);
	}
	sst_buf_addc(out, '}');
	json_decref(o);
}

static void
encode_generic_array(const json_t *array, struct sst_buf *out)
{
	size_t i, n = json_array_size(array);

	sst_buf_addc(out, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			sst_buf_addc(out, ',');
		sst_encode_value(json_array_get(array, i), out);
	}
	sst_buf_addc(out, ']');
}

void
sst_encode_value(const json_t *value, struct sst_buf *out)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		encode_generic_object(value, out);
		break;
	case JSON_ARRAY:
		encode_generic_array(value, out);
		break;
	case JSON_STRING:
		sst_buf_json_string(
		    out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		sst_buf_json_int(out, json_integer_value(value));
		break;
	case JSON_REAL:
		sst_buf_json_real(out, json_real_value(value));
		break;
	case JSON_TRUE:
		sst_buf_add(out, "true", 4);
		break;
	case JSON_FALSE:
		sst_buf_add(out, "false", 5);
		break;
	case JSON_NULL:
		sst_buf_add(out, "null", 4);
		break;
	}
}

static void
encoder_array(
    struct encoder *e, const struct sst_shape *shape, const json_t *array)
{
	size_t i, n = json_array_size(array);
	const json_t *item;

	sst_buf_addc(e->out, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			sst_buf_addc(e->out, ',');
		item = json_array_get(array, i);
		if (shape != NULL && json_is_object(item))
			encoder_object(e, shape, item);
		else
			sst_encode_value(item, e->out);
	}
	sst_buf_addc(e->out, ']');
}

static void
encoder_member(
    struct encoder *e, const struct sst_member *member, const json_t *value)
{
	if (member->children) {
		e->met->hole = e->out->len + 1 - e->start;
		sst_buf_add(e->out, "[]", 2);
		return;
	}
	if (member->changed_at && json_is_string(value))
		e->met->stamp = e->out->len + 1 - e->start;
	if (member->array && json_is_array(value))
		encoder_array(e, member->shape, value);
	else if (member->shape != NULL && json_is_object(value))
		encoder_object(e, member->shape, value);
	else
		sst_encode_value(value, e->out);
}

static void
encoder_named(struct encoder *e, const struct sst_member *member,
    const json_t *value, bool first)
{
	/* the first one goes without its comma */
	sst_buf_add(e->out, member->lead + first, member->lead_len - first);
	encoder_member(e, member, value);
}

/*
 * Producers mostly build objects in schema order: then one pass over the
 * members is enough. False, with nothing written, when they did not.
 */
static bool
encoder_in_order(
    struct encoder *e, const struct sst_shape *shape, const json_t *object)
{
	const struct sst_member *m = shape->members, *end = m + shape->count;
	json_t *o = (json_t *)(uintptr_t)object;
	struct sst_encoding met = *e->met;
	size_t start = e->out->len, len;
	bool first = true;
	const char *name;
	void *it;

	for (it = json_object_iter(o); it != NULL;
	     it = json_object_iter_next(o, it)) {
		name = json_object_iter_key(it);
		len = json_object_iter_key_len(it);
		while (m < end &&
		    (m->name_len != len || memcmp(m->name, name, len) != 0))
			m++;
		if (m == end) {
			e->out->len = start;
			*e->met = met;
			return false;
		}
		encoder_named(e, m++, json_object_iter_value(it), first);
		first = false;
	}
	return true;
}

static void
encoder_by_name(
    struct encoder *e, const struct sst_shape *shape, const json_t *object)
{
	const struct sst_member *member, *end = shape->members + shape->count;
	const json_t *value;
	size_t written = 0;

	for (member = shape->members; member < end; member++) {
		value = json_object_getn(
		    object, member->name, member->name_len);
		if (value != NULL)
			encoder_named(e, member, value, written++ == 0);
	}
	e->met->unknown += json_object_size(object) - written;
}

static void
encoder_object(
    struct encoder *e, const struct sst_shape *shape, const json_t *object)
{
	sst_buf_addc(e->out, '{');
	if (!encoder_in_order(e, shape, object))
		encoder_by_name(e, shape, object);
	sst_buf_addc(e->out, '}');
}

void
sst_encode_object(const struct sst_shape *shape, const json_t *object,
    struct sst_buf *out, struct sst_encoding *encoding)
{
	struct encoder e = {out, out->len, encoding};

	memset(encoding, 0, sizeof(*encoding));
	encoder_object(&e, shape, object);
}
