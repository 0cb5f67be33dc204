#include "repository/scenario/span.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Days since 1970-01-01 to a date; the usual era arithmetic. */
static void
span_civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468;
	int64_t era = z / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe =
	    (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = (int64_t)yoe + era * 400 + (*month <= 2);
}

void
scenario__time_text(int64_t wall_ms, char out[SCN_TIME_SIZE])
{
	const int64_t last = INT64_C(253402300799);
	int64_t s = wall_ms < 0 ? 0 : wall_ms / 1000;
	int64_t year;
	unsigned month, day, rest;

	if (s > last)
		s = last;
	span_civil(s / 86400, &year, &month, &day);
	rest = (unsigned)(s % 86400);
	/* the modulo tells the compiler that the text fits */
	snprintf(out, SCN_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned)(year % 10000), month % 100, day % 100,
	    rest / 3600 % 100, rest / 60 % 60, rest % 60);
}

bool
scenario__is_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	size_t i;

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (i = 0; form[i] != '\0'; i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)text[i])
				   : text[i] != form[i])
			return false;
	}
	return true;
}
