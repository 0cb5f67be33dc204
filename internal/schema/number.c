#include "schema/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2^63: the least double above every int64. */
static const double int_end = 9223372036854775808.0;

static int
number_compare_mixed(int64_t i, double d)
{
	int64_t whole;
	double frac;

	if (d >= int_end)
		return -1;
	if (d < -int_end)
		return 1;
	whole = (int64_t)d;
	frac = d - (double)whole;
	if (i != whole)
		return i < whole ? -1 : 1;
	return frac > 0 ? -1 : frac < 0;
}

int
schema__number_compare(const json_t *a, const json_t *b)
{
	int64_t i, j;
	double d, e;

	if (json_is_integer(a) && json_is_integer(b)) {
		i = json_integer_value(a);
		j = json_integer_value(b);
		return i < j ? -1 : i > j;
	}
	if (json_is_integer(a))
		return number_compare_mixed(
		    json_integer_value(a), json_real_value(b));
	if (json_is_integer(b))
		return -number_compare_mixed(
		    json_integer_value(b), json_real_value(a));
	d = json_real_value(a);
	e = json_real_value(b);
	return d < e ? -1 : d > e;
}

bool
schema__number_integral(const json_t *value)
{
	double d;

	if (json_is_integer(value))
		return true;
	d = json_real_value(value);
	return isfinite(d) && floor(d) == d;
}

bool
schema__number_int(const json_t *value, int64_t *out)
{
	double d;

	if (json_is_integer(value)) {
		*out = json_integer_value(value);
		return true;
	}
	d = json_real_value(value);
	if (!json_is_real(value) || !schema__number_integral(value) ||
	    d < -int_end || d >= int_end)
		return false;
	*out = (int64_t)d;
	return true;
}

/* digits * 10^exp */
struct decimal {
	uint64_t digits;
	int exp;
};

/* |value| in the shortest decimal form that reads back the same. */
static struct decimal
number_decimal(const json_t *value)
{
	struct decimal out = {0, 0};
	char text[40];
	const char *p;
	int precision;
	double d;

	if (json_is_integer(value)) {
		out.digits = (uint64_t)json_integer_value(value);
		if (json_integer_value(value) < 0)
			out.digits = 0 - out.digits;
		return out;
	}
	d = fabs(json_real_value(value));
	for (precision = 14; precision <= 16; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	for (p = text; *p != 'e' && *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			continue;
		out.digits = out.digits * 10 + (uint64_t)(*p - '0');
		out.exp -= p > text;
	}
	if (*p == 'e')
		out.exp += (int)strtol(p + 1, NULL, 10);
	while (out.digits != 0 && out.digits % 10 == 0) {
		out.digits /= 10;
		out.exp++;
	}
	return out;
}

/* 10^power mod m, times digits, is 0. */
static bool
number_divides_power(uint64_t digits, int power, uint64_t m)
{
	unsigned __int128 r = digits % m;

	for (; power > 0 && r != 0; power--)
		r = r * 10 % m;
	return r == 0;
}

bool
schema__number_multiple(const json_t *value, const json_t *divisor)
{
	struct decimal v, d;
	unsigned __int128 m;
	int i;

	if (json_is_integer(value) && json_is_integer(divisor))
		return json_integer_value(value) %
			   json_integer_value(divisor) ==
		       0;
	v = number_decimal(value);
	d = number_decimal(divisor);
	if (v.digits == 0 || d.digits == 0)
		return v.digits == 0;
	if (v.exp >= d.exp)
		return number_divides_power(v.digits, v.exp - d.exp, d.digits);
	/* v.digits would have to hold d.digits * 10^k, and it has < 2^64 */
	m = d.digits;
	for (i = v.exp; i < d.exp && m <= v.digits; i++)
		m *= 10;
	return m <= v.digits && v.digits % m == 0;
}

void
schema__number_text(const json_t *value, char out[32])
{
	int digits;

	if (json_is_integer(value)) {
		snprintf(out, 32, "%lld", (long long)json_integer_value(value));
		return;
	}
	for (digits = 15; digits <= 17; digits++) {
		snprintf(out, 32, "%.*g", digits, json_real_value(value));
		if (strtod(out, NULL) == json_real_value(value))
			break;
	}
}
