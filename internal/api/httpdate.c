#include <stdio.h>
#include <string.h>

#include "api/negotiate.h"
#include "base/time.h"

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void
api__date_format(int64_t seconds, char out[API_DATE_TEXT])
{
	char text[SST_TIME_TEXT]; /* 2026-07-01T12:00:00Z */
	int64_t days = seconds / 86400 - (seconds % 86400 < 0);
	int month;

	/* Copied piece by piece: it is in every answer of a snapshot. */
	sst_time_format_utc(seconds * 1000, false, text);
	month = (text[5] - '0') * 10 + text[6] - '0' - 1;
	memcpy(out, "Www, 06 Nov 1994 08:49:37 GMT", API_DATE_TEXT);
	memcpy(out, day_names + 3 * ((days % 7 + 11) % 7), 3);
	memcpy(out + 5, text + 8, 2);
	memcpy(out + 8, month_names + 3 * month, 3);
	memcpy(out + 12, text, 4);
	memcpy(out + 17, text + 11, 8);
}

/* Two digits, or a space and one; -1. */
static int
date_number(const char *p)
{
	if (p[1] < '0' || p[1] > '9')
		return -1;
	if (p[0] == ' ')
		return p[1] - '0';
	if (p[0] < '0' || p[0] > '9')
		return -1;
	return (p[0] - '0') * 10 + p[1] - '0';
}

/* 1 to 12, or 0. */
static int
date_month(const char *p)
{
	int i;

	for (i = 0; i < 12; i++)
		if (strncmp(month_names + 3 * i, p, 3) == 0)
			return i + 1;
	return 0;
}

/* Through the one parser of times that knows the calendar. */
static bool
date_make(int year, const char *month, const char *day, const char *clock,
    int64_t *seconds_out)
{
	char text[64];
	int64_t ms;
	int m = date_month(month), d = date_number(day);

	if (year < 0 || m == 0 || d < 0)
		return false;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%.8sZ", year % 10000, m, d,
	    clock);
	if (sst_time_parse(text, strlen(text), &ms) != SST_OK)
		return false;
	*seconds_out = ms / 1000;
	return true;
}

/* Whether text has the form: 'x' stands for any one character. */
static bool
date_has_form(const char *text, const char *form)
{
	for (; *form != '\0'; form++, text++)
		if (*text == '\0' || (*form != 'x' && *form != *text))
			return false;
	return *text == '\0';
}

bool
api__date_parse(const char *text, int64_t *seconds_out)
{
	const char *comma;
	int high, low;

	/* Sun, 06 Nov 1994 08:49:37 GMT */
	if (date_has_form(text, "xxx, xx xxx xxxx xx:xx:xx GMT")) {
		high = date_number(text + 12);
		low = date_number(text + 14);
		return high >= 0 && low >= 0 &&
		       date_make(high * 100 + low, text + 8, text + 5,
			   text + 17, seconds_out);
	}
	/* Sun Nov  6 08:49:37 1994 */
	if (date_has_form(text, "xxx xxx xx xx:xx:xx xxxx")) {
		high = date_number(text + 20);
		low = date_number(text + 22);
		return high >= 0 && low >= 0 &&
		       date_make(high * 100 + low, text + 4, text + 8,
			   text + 11, seconds_out);
	}
	/* Sunday, 06-Nov-94 08:49:37 GMT: two digits of the year mean the
	 * recent century; this service has no older documents. */
	comma = strchr(text, ',');
	if (comma == NULL || !date_has_form(comma, ", xx-xxx-xx xx:xx:xx GMT"))
		return false;
	low = date_number(comma + 9);
	return low >= 0 && date_make(low + (low < 70 ? 2000 : 1900), comma + 5,
			       comma + 2, comma + 12, seconds_out);
}
