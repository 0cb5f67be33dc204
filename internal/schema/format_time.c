/* Dates, times and durations: RFC 3339 with its appendix A. */
#include <string.h>

#include "schema/format.h"

/* n digits at text as a number, -1 if they are none. */
static int
digits(const char *text, size_t n)
{
	int v = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + (text[i] - '0');
	}
	return v;
}

static int
month_days(int year, int month)
{
	static const char days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 &&
	    ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0))
		return 29;
	return days[month - 1];
}

bool
schema__is_date(const char *text, size_t len)
{
	int year, month, day;

	if (len != 10 || text[4] != '-' || text[7] != '-')
		return false;
	year = digits(text, 4);
	month = digits(text + 5, 2);
	day = digits(text + 8, 2);
	return year >= 0 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= month_days(year, month);
}

/* Minutes east of Greenwich at text; false when it is no offset. */
static bool
time_offset(const char *text, size_t len, int *out)
{
	int hours, minutes;

	*out = 0;
	if (len == 1 && (*text == 'Z' || *text == 'z'))
		return true;
	if (len != 6 || (*text != '+' && *text != '-') || text[3] != ':')
		return false;
	hours = digits(text + 1, 2);
	minutes = digits(text + 4, 2);
	*out = (hours * 60 + minutes) * (*text == '-' ? -1 : 1);
	return hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59;
}

bool
schema__is_time(const char *text, size_t len)
{
	int hour, minute, second, offset, utc;
	size_t i = 8;

	if (len < 9 || text[2] != ':' || text[5] != ':')
		return false;
	hour = digits(text, 2);
	minute = digits(text + 3, 2);
	second = digits(text + 6, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
	    second > 60)
		return false;
	if (text[i] == '.') {
		for (i++; i < len && text[i] >= '0' && text[i] <= '9'; i++)
			;
		if (i == 9)
			return false;
	}
	if (!time_offset(text + i, len - i, &offset))
		return false;
	/* a leap second ends a day in UTC */
	utc = hour * 60 + minute - offset;
	return second < 60 || (utc + 2 * 1440) % 1440 == 23 * 60 + 59;
}

bool
schema__is_date_time(const char *text, size_t len)
{
	return len > 11 && schema__is_date(text, 10) &&
	       (text[10] == 'T' || text[10] == 't') &&
	       schema__is_time(text + 11, len - 11);
}

/* Reads number-unit pairs whose units stand in `units`, in that order and
 * without gaps (P1Y2D is none). Returns the bytes read, 0 if none. */
static size_t
duration_part(const char *text, size_t len, const char *units)
{
	const char *unit = units, *found;
	size_t i = 0, start;
	bool first = true;

	while (i < len && text[i] >= '0' && text[i] <= '9') {
		start = i;
		while (i < len && text[i] >= '0' && text[i] <= '9')
			i++;
		if (i == len)
			return 0;
		found = strchr(unit, text[i]);
		if (found == NULL || (!first && found != unit))
			return 0;
		unit = found + 1;
		first = false;
		i++;
		if (*unit == '\0')
			break;
		if (start == i)
			return 0;
	}
	return i;
}

bool
schema__is_duration(const char *text, size_t len)
{
	size_t n;

	if (len < 3 || text[0] != 'P' || memchr(text, '\0', len) != NULL)
		return false;
	text++;
	len--;
	n = duration_part(text, len, "W");
	if (n > 0)
		return n == len;
	if (text[0] != 'T') {
		n = duration_part(text, len, "YMD");
		if (n == 0)
			return false;
		if (n == len)
			return true;
		text += n;
		len -= n;
	}
	return len > 1 && text[0] == 'T' &&
	       duration_part(text + 1, len - 1, "HMS") == len - 1;
}
