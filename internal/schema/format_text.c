/* Formats that are neither times nor addresses. */
#include <string.h>

#include "schema/format.h"

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

bool
schema__is_uuid(const char *text, size_t len)
{
	size_t i;

	if (len != 36)
		return false;
	for (i = 0; i < len; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
		} else if (!is_hex(text[i])) {
			return false;
		}
	}
	return true;
}

bool
schema__is_json_pointer(const char *text, size_t len)
{
	size_t i;

	if (len > 0 && text[0] != '/')
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] != '~')
			continue;
		i++;
		if (i == len || (text[i] != '0' && text[i] != '1'))
			return false;
	}
	return true;
}

bool
schema__is_relative_json_pointer(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] >= '0' && text[i] <= '9')
		i++;
	if (i == 0 || (i > 1 && text[0] == '0'))
		return false;
	if (i + 1 == len && text[i] == '#')
		return true;
	return schema__is_json_pointer(text + i, len - i);
}
