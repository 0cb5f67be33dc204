#include "ordered.h"

#include <stdint.h>
#include <string.h>

#include "model/encode.h"

/* The tree is never deeper: jansson has refused what is. */
static void ordered_value(const struct sst_shape *shape, bool array,
    const json_t *value, struct sst_buf *out);

static void
ordered_name(const char *name, bool first, struct sst_buf *out)
{
	if (!first)
		sst_buf_addc(out, ',');
	sst_buf_json_string(out, name, strlen(name));
	sst_buf_addc(out, ':');
}

static void
ordered_object(
    const struct sst_shape *shape, const json_t *object, struct sst_buf *out)
{
	json_t *members = (json_t *)(uintptr_t)object, *value;
	const struct sst_member *m;
	const char *name;
	bool first = true;
	size_t i;

	sst_buf_addc(out, '{');
	for (i = 0; i < shape->count; i++) {
		m = &shape->members[i];
		value = json_object_get(object, m->name);
		if (value == NULL)
			continue;
		ordered_name(m->name, first, out);
		ordered_value(m->shape, m->array, value, out);
		first = false;
	}
	json_object_foreach(members, name, value)
	{
		if (sst_shape_find(shape, name, strlen(name)) != NULL)
			continue;
		ordered_name(name, first, out);
		sst_encode_value(value, out);
		first = false;
	}
	sst_buf_addc(out, '}');
}

static void
ordered_items(
    const struct sst_shape *shape, const json_t *value, struct sst_buf *out)
{
	json_t *members = (json_t *)(uintptr_t)value, *item;
	bool object = json_is_object(value), first = true;
	const char *name;
	size_t i;

	sst_buf_addc(out, object ? '{' : '[');
	json_object_foreach(members, name, item)
	{
		ordered_name(name, first, out);
		ordered_value(shape, false, item, out);
		first = false;
	}
	json_array_foreach(value, i, item)
	{
		if (i > 0)
			sst_buf_addc(out, ',');
		ordered_value(shape, false, item, out);
	}
	sst_buf_addc(out, object ? '}' : ']');
}

static void
ordered_value(const struct sst_shape *shape, bool array, const json_t *value,
    struct sst_buf *out)
{
	bool nested = json_is_object(value) || json_is_array(value);

	if (shape != NULL && array && nested)
		ordered_items(shape, value, out);
	else if (shape != NULL && !array && json_is_object(value))
		ordered_object(shape, value, out);
	else
		sst_encode_value(value, out);
}

void
cli_encode_ordered(
    const struct sst_shape *shape, const json_t *value, struct sst_buf *out)
{
	ordered_value(shape, false, value, out);
}
