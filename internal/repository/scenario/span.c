#include "repository/scenario/span.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

struct span_unit {
	const char *name;
	int64_t ms;
};

/* "ms" before "m": the longer name is tried first. */
static const struct span_unit units[] = {
    {"ms", 1},
    {"s", 1000},
    {"m", 60000},
    {"h", 3600000},
    {"d", 86400000},
};

static const struct span_unit *
span_unit_at(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
			return &units[i];
	}
	return NULL;
}

bool
scenario__duration(const char *text, int64_t *out_ms)
{
	const struct span_unit *unit;
	bool negative = *text == '-';
	int64_t sum = 0;
	double value;
	char *end;

	if (*text == '-' || *text == '+')
		text++;
	if (strcmp(text, "0") == 0) {
		*out_ms = 0;
		return true;
	}
	if (*text == '\0')
		return false;
	while (*text != '\0') {
		if (!isdigit((unsigned char)*text) ||
		    text[strspn(text, "0123456789.")] == '\0')
			return false;
		value = strtod(text, &end);
		if (end != text + strspn(text, "0123456789."))
			return false;
		unit = span_unit_at(end);
		if (unit == NULL ||
		    value * (double)unit->ms > (double)scenario_span_max)
			return false;
		sum += (int64_t)(value * (double)unit->ms + 0.5);
		if (sum > scenario_span_max)
			return false;
		text = end + strlen(unit->name);
	}
	*out_ms = negative ? -sum : sum;
	return true;
}

bool
scenario__real(const char *text, double *out)
{
	char *end;
	double value;

	if (*text == '\0' || text[strspn(text, "0123456789.eE+-")] != '\0')
		return false;
	errno = 0;
	value = strtod(text, &end);
	if (errno != 0 || *end != '\0' || end == text)
		return false;
	*out = value;
	return true;
}

bool
scenario__integer(const char *text, int64_t *out)
{
	char *end;
	long long value;

	if (!isdigit((unsigned char)text[*text == '-']))
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return false;
	*out = value;
	return true;
}

bool
scenario__range(const char *text, double *low_out, double *high_out)
{
	const char *dots = strstr(text, "..");
	char low_text[32];
	double low, high;

	if (dots == NULL) {
		if (!scenario__real(text, &low))
			return false;
		*low_out = low;
		*high_out = low;
		return true;
	}
	if ((size_t)(dots - text) >= sizeof(low_text))
		return false;
	memcpy(low_text, text, (size_t)(dots - text));
	low_text[dots - text] = '\0';
	if (!scenario__real(low_text, &low) ||
	    !scenario__real(dots + 2, &high) || low > high)
		return false;
	*low_out = low;
	*high_out = high;
	return true;
}

bool
scenario__is_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	int64_t ms;
	size_t i;

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (i = 0; form[i] != '\0'; i++) {
		if (form[i] != 'd' && text[i] != form[i])
			return false;
	}
	return sst_time_parse(text, sizeof(form) - 1, &ms) == 0;
}
