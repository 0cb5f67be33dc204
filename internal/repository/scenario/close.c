/* Closes templates: times and numbers of an instant take their places. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/time.h"
#include "repository/scenario/read.h"

int64_t
scenario__wall(const struct scn_moment *moment, int64_t offset_ms)
{
	if (offset_ms <= 0)
		return moment->wall_ms + offset_ms;
	return moment->wall_ms + (int64_t)((double)offset_ms / moment->speed);
}

static json_t *
close_time(const char *text, const struct scn_moment *moment)
{
	char out[SST_TIME_TEXT];

	sst_time_format_utc(
	    scenario__wall(moment, strtoll(text, NULL, 10)), false, out);
	return json_string(out);
}

static json_t *
close_text(const char *text, const struct scn_moment *moment)
{
	struct sst_buf out = SST_BUF_INIT;
	json_t *value = NULL;

	while (*text != '\0') {
		if (strncmp(text, "{n}", 3) == 0) {
			sst_buf_addf(
			    &out, "%llu", (unsigned long long)moment->n);
			text += 3;
		} else if (strncmp(text, "{round}", 7) == 0) {
			sst_buf_addf(
			    &out, "%llu", (unsigned long long)moment->round);
			text += 7;
		} else {
			sst_buf_addc(&out, *text++);
		}
	}
	if (!sst_buf_failed(&out))
		value = json_stringn(out.data, out.len);
	sst_buf_fini(&out);
	return value;
}

static json_t *
close_array(const json_t *template, const struct scn_moment *moment)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; array != NULL && i < json_array_size(template); i++) {
		if (json_array_append_new(array,
			scenario__close(json_array_get(template, i), moment)) !=
		    0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *
close_object(const json_t *template, const struct scn_moment *moment)
{
	json_t *object = json_object();
	void *it = json_object_iter((json_t *)(uintptr_t) template);

	while (object != NULL && it != NULL) {
		if (json_object_set_new(object, json_object_iter_key(it),
			scenario__close(json_object_iter_value(it), moment)) !=
		    0) {
			json_decref(object);
			return NULL;
		}
		it = json_object_iter_next((json_t *)(uintptr_t) template, it);
	}
	return object;
}

json_t *
scenario__close(const json_t *template, const struct scn_moment *moment)
{
	const char *text;

	if (json_is_object(template))
		return close_object(template, moment);
	if (json_is_array(template))
		return close_array(template, moment);
	text = json_string_value(template);
	if (text == NULL || text[0] != '\001')
		return json_deep_copy(template);
	if (text[1] == 'T')
		return close_time(text + 2, moment);
	return close_text(text + 2, moment);
}
