#include "base/time.h"

#include <string.h>

#include "base/error.h"

enum {
	TIME_FIXED = 19, /* strlen("2026-07-01T12:00:00") */
	MS_PER_S = 1000,
	S_PER_DAY = 86400,
	DAYS_PER_ERA = 146097, /* 400 Gregorian years */
	DAYS_TO_1970 = 719468  /* from 0000-03-01 */
};

#define TIME_MIN_S (-INT64_C(62167219200)) /* 0000-01-01T00:00:00Z */
#define TIME_MAX_S INT64_C(253402300799)   /* 9999-12-31T23:59:59Z */

struct civil {
	int year, month, day;
	int hour, minute, second;
};

/* Years are counted from March, so that the leap day comes last. */
static int64_t
time_days_from_civil(const struct civil *c)
{
	int64_t y = (int64_t)c->year - (c->month <= 2 ? 1 : 0);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t mp = (c->month + 9) % 12;
	int64_t doy = (153 * mp + 2) / 5 + c->day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * DAYS_PER_ERA + doe - DAYS_TO_1970;
}

static void
time_civil_from_days(int64_t days, struct civil *c)
{
	int64_t z = days + DAYS_TO_1970;
	int64_t era = (z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
	int64_t doe = z - era * DAYS_PER_ERA;
	int64_t yoe =
	    (doe - doe / 1460 + doe / 36524 - doe / (DAYS_PER_ERA - 1)) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c->year = (int)(yoe + era * 400 + (c->month <= 2 ? 1 : 0));
}

static void
time_put(char *out, int value, int digits)
{
	while (digits-- > 0) {
		out[digits] = (char)('0' + value % 10);
		value /= 10;
	}
}

void
sst_time_format_utc(int64_t ms, bool with_ms, char out[static 25])
{
	int64_t s = ms / MS_PER_S, milli = ms % MS_PER_S, days, rest;
	struct civil c;

	if (milli < 0) {
		milli += MS_PER_S;
		s--;
	}
	if (s < TIME_MIN_S) {
		s = TIME_MIN_S;
		milli = 0;
	} else if (s > TIME_MAX_S) {
		s = TIME_MAX_S;
		milli = MS_PER_S - 1;
	}
	days = (s - TIME_MIN_S) / S_PER_DAY + TIME_MIN_S / S_PER_DAY;
	rest = (s - TIME_MIN_S) % S_PER_DAY;
	time_civil_from_days(days, &c);
	memcpy(out, "0000-00-00T00:00:00Z", 21);
	time_put(out, c.year, 4);
	time_put(out + 5, c.month, 2);
	time_put(out + 8, c.day, 2);
	time_put(out + 11, (int)(rest / 3600), 2);
	time_put(out + 14, (int)(rest / 60 % 60), 2);
	time_put(out + 17, (int)(rest % 60), 2);
	if (with_ms) {
		memcpy(out + TIME_FIXED, ".000Z", 6);
		time_put(out + TIME_FIXED + 1, (int)milli, 3);
	}
}

/* -1 unless exactly `digits` decimal digits stand at p. */
static int
time_number(const char *p, int digits)
{
	int value = 0, i;

	for (i = 0; i < digits; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		value = value * 10 + (p[i] - '0');
	}
	return value;
}

static int
time_month_days(int year, int month)
{
	static const int days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

static bool
time_read_civil(const char *p, struct civil *c)
{
	c->year = time_number(p, 4);
	c->month = time_number(p + 5, 2);
	c->day = time_number(p + 8, 2);
	c->hour = time_number(p + 11, 2);
	c->minute = time_number(p + 14, 2);
	c->second = time_number(p + 17, 2);
	if (p[4] != '-' || p[7] != '-' || p[13] != ':' || p[16] != ':')
		return false;
	if (p[10] != 'T' && p[10] != 't' && p[10] != ' ')
		return false;
	if (c->year < 0 || c->month < 1 || c->month > 12 || c->day < 1)
		return false;
	if (c->day > time_month_days(c->year, c->month))
		return false;
	return c->hour >= 0 && c->hour <= 23 && c->minute >= 0 &&
	       c->minute <= 59 && c->second >= 0 && c->second <= 60;
}

/* Reads ".123456" into ms; returns how many bytes it takes, -1 if wrong. */
static int64_t
time_read_fraction(const char *p, size_t len, int *milli_out)
{
	int milli = 0, scale = 100;
	size_t i = 1;

	*milli_out = 0;
	if (len == 0 || p[0] != '.')
		return 0;
	for (; i < len && p[i] >= '0' && p[i] <= '9'; i++) {
		milli += (p[i] - '0') * scale;
		scale /= 10;
	}
	*milli_out = milli;
	return i == 1 ? -1 : (int64_t)i;
}

static bool
time_read_offset(const char *p, size_t len, int *seconds_out)
{
	int hour, minute;

	*seconds_out = 0;
	if (len == 1)
		return p[0] == 'Z' || p[0] == 'z';
	if (len != 6 || (p[0] != '+' && p[0] != '-') || p[3] != ':')
		return false;
	hour = time_number(p + 1, 2);
	minute = time_number(p + 4, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return false;
	*seconds_out = (hour * 60 + minute) * (p[0] == '-' ? -60 : 60);
	return true;
}

int
sst_time_parse(const char *text, size_t len, int64_t *ms_out)
{
	struct civil c;
	int milli, offset;
	int64_t used, s;
	bool leap;

	if (len < TIME_FIXED + 1 || !time_read_civil(text, &c))
		return SST_INVALID;
	used = time_read_fraction(text + TIME_FIXED, len - TIME_FIXED, &milli);
	if (used < 0)
		return SST_INVALID;
	used += TIME_FIXED;
	if (!time_read_offset(text + used, len - (size_t)used, &offset))
		return SST_INVALID;
	leap = c.second == 60;
	s = time_days_from_civil(&c) * S_PER_DAY + c.hour * 3600 +
	    c.minute * 60 + c.second - (leap ? 1 : 0) - offset;
	if (leap && (s - TIME_MIN_S) % S_PER_DAY != S_PER_DAY - 1)
		return SST_INVALID;
	if (s < TIME_MIN_S || s > TIME_MAX_S)
		return SST_INVALID;
	*ms_out = s * MS_PER_S + (leap ? MS_PER_S - 1 : milli);
	return SST_OK;
}
