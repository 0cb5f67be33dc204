#include "repository/identity.h"

#include <string.h>

#include "base/text.h"

bool
sst_identity_key(const struct sst_shape *shape, const json_t *object,
    struct sst_buf *key, struct sst_identity_fault *fault)
{
	const struct sst_member *member;
	const json_t *part;
	size_t i;

	sst_buf_clear(key);
	for (i = 0; i < shape->identity_count; i++) {
		member = &shape->members[shape->identity[i]];
		part = json_object_getn(
		    object, member->name, member->name_len);
		fault->member = member;
		fault->why = "is not a string";
		if (!json_is_string(part))
			return false;
		fault->why = "holds a control character";
		if (!sst_text_is_plain(
			json_string_value(part), json_string_length(part)))
			return false;
		if (i > 0)
			sst_buf_addc(key, SST_KEY_SEPARATOR);
		sst_buf_add(
		    key, json_string_value(part), json_string_length(part));
	}
	return !sst_buf_failed(key);
}

/* Text that sorts tasks: urgent first, then oldest; the key breaks ties. */
static void
identity_order_task(const json_t *task, struct sst_buf *order)
{
	static const char *const levels[] = {
	    "critical", "high", "normal", "low"};
	const char *level = json_string_value(
	    json_object_get(json_object_get(task, "priority"), "level"));
	const json_t *at = json_object_get(task, "submitted_at");
	size_t i;

	for (i = 0; i < 4; i++) {
		if (level != NULL && strcmp(level, levels[i]) == 0)
			break;
	}
	sst_buf_addc(order, (char)('0' + i));
	/* unknown times sort last: '~' is above every digit */
	if (json_is_string(at))
		sst_buf_add(
		    order, json_string_value(at), json_string_length(at));
	else
		sst_buf_addc(order, '~');
}

void
sst_identity_order(enum sst_section_id section, const json_t *child,
    struct sst_buf *order)
{
	sst_buf_clear(order);
	if (section == SST_SECTION_QUEUES)
		identity_order_task(child, order);
}
