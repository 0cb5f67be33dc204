/*
 * The rules of the API server's own parser, with all it lets pass:
 *
 *     sign? digits? ("." digits?)? suffix
 *     suffix: n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or e/E sign? digits
 *
 *     0.1 100m 1e-1   a tenth              1e3 1E3 1k   1000
 *     1E              10^18 (exa)          1e           not a quantity
 *     1Ki             1024                 1K 1ki 1kI   not a quantity
 *     .5 5. 1.G +5    are right            "." + -      0
 *     0.3Ki           307.2; whole: 308    0.1n         1 nano
 *     9Ei, 1e400      held to INT64_MAX    "" " 1" 0x10 not a quantity
 *
 * Rounded away from zero, as the API does. No floating point: the digits are
 * kept as digits.
 */
#include "repository/kube/quantity.h"

#include <stdbool.h>
#include <string.h>

enum {
	/* Enough to be exact: what rounds to 64 bits in nanos of 2^60 has 70
	 * digits. Of later ones only counts whether they are all zero. */
	QUANTITY_DIGITS = 96,
	QUANTITY_ROOM = QUANTITY_DIGITS + 24, /* times 1024^6 */
	QUANTITY_TEXT = 256 /* longest text; nobody writes such a one */
};

struct quantity {
	bool negative;
	unsigned char digits[QUANTITY_ROOM]; /* the least one first */
	size_t count;
	int64_t exponent; /* of ten, for the number made of the digits */
	bool rest;        /* digits that are not zero were left out */
	unsigned kilos;   /* times 1024 so often */
};

struct quantity_suffix {
	const char *text;
	int exponent;
	unsigned kilos;
};

static const struct quantity_suffix quantity_suffixes[] = {
    {"", 0, 0},
    {"n", -9, 0},
    {"u", -6, 0},
    {"m", -3, 0},
    {"k", 3, 0},
    {"M", 6, 0},
    {"G", 9, 0},
    {"T", 12, 0},
    {"P", 15, 0},
    {"E", 18, 0},
    {"Ki", 0, 1},
    {"Mi", 0, 2},
    {"Gi", 0, 3},
    {"Ti", 0, 4},
    {"Pi", 0, 5},
    {"Ei", 0, 6},
};

static bool
quantity_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The next digit from the left; in the fraction or before the point. */
static void
quantity_digit(struct quantity *q, unsigned char digit, bool fraction)
{
	if (q->count == 0 && digit == 0) {
		q->exponent -= fraction ? 1 : 0;
		return;
	}
	if (q->count < QUANTITY_DIGITS) {
		q->digits[q->count++] = digit;
		q->exponent -= fraction ? 1 : 0;
		return;
	}
	q->rest = q->rest || digit != 0;
	q->exponent += fraction ? 0 : 1;
}

/* Sign, digits, point, digits; returns what is behind them. */
static const char *
quantity_read_number(struct quantity *q, const char *p, const char *end)
{
	bool fraction = false;
	size_t i;
	unsigned char swap;

	if (p < end && (*p == '-' || *p == '+'))
		q->negative = *p++ == '-';
	for (; p < end; p++) {
		if (*p == '.' && !fraction)
			fraction = true;
		else if (quantity_is_digit(*p))
			quantity_digit(q, (unsigned char)(*p - '0'), fraction);
		else
			break;
	}
	for (i = 0; i < q->count / 2; i++) {
		swap = q->digits[i];
		q->digits[i] = q->digits[q->count - 1 - i];
		q->digits[q->count - 1 - i] = swap;
	}
	return p;
}

/* "+12" behind an e. */
static bool
quantity_read_exponent(struct quantity *q, const char *p, const char *end)
{
	int64_t value = 0;
	bool negative = false;

	if (p < end && (*p == '-' || *p == '+'))
		negative = *p++ == '-';
	if (p == end)
		return false;
	for (; p < end; p++) {
		if (!quantity_is_digit(*p) ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *p - '0', &value))
			return false;
	}
	/* far beyond what makes a difference, and no overflow later on */
	if (value > 1000000)
		value = 1000000;
	q->exponent += negative ? -value : value;
	return true;
}

static bool
quantity_read_suffix(struct quantity *q, const char *p, const char *end)
{
	const struct quantity_suffix *s = quantity_suffixes;
	size_t i, len = (size_t)(end - p);

	for (i = 0; i < sizeof(quantity_suffixes) / sizeof(*s); i++, s++) {
		if (strlen(s->text) != len || memcmp(s->text, p, len) != 0)
			continue;
		q->exponent += s->exponent;
		q->kilos = s->kilos;
		return true;
	}
	return (*p == 'e' || *p == 'E') &&
	       quantity_read_exponent(q, p + 1, end);
}

static void
quantity_times_1024(struct quantity *q)
{
	unsigned carry = 0;
	size_t i;

	for (i = 0; i < q->count; i++) {
		carry += q->digits[i] * 1024u;
		q->digits[i] = (unsigned char)(carry % 10);
		carry /= 10;
	}
	for (; carry > 0; carry /= 10)
		q->digits[q->count++] = (unsigned char)(carry % 10);
}

/* The magnitude times 10^scale, rounded up, held to INT64_MAX + 1. */
static uint64_t
quantity_magnitude(const struct quantity *q, int scale)
{
	const uint64_t most = (uint64_t)INT64_MAX + 1;
	int64_t place = q->exponent + scale + (int64_t)q->count;
	size_t i = q->count;
	bool more = q->rest;
	uint64_t value = 0;

	if (q->count == 0)
		return 0;
	if (place > 20)
		return most;
	for (; place > 0; place--) {
		if (value > most / 10)
			return most;
		value = value * 10 + (i > 0 ? q->digits[--i] : 0);
	}
	while (i > 0 && !more)
		more = q->digits[--i] != 0;
	if (more)
		value++;
	return value > most ? most : value;
}

static int
quantity_refuse(const char *text, size_t len, struct sst_error *err)
{
	return sst_error_set(err, SST_SYNTAX, "\"%.*s\" is not a quantity",
	    len > 40 ? 40 : (int)len, text);
}

static int
quantity_parse(const char *text, size_t len, int scale, int64_t *out,
    struct sst_error *err)
{
	struct quantity q = {0};
	const char *p, *end = text + len;
	uint64_t magnitude;
	unsigned i;

	if (len == 0 || len > QUANTITY_TEXT)
		return quantity_refuse(text, len, err);
	p = quantity_read_number(&q, text, end);
	if (!quantity_read_suffix(&q, p, end))
		return quantity_refuse(text, len, err);
	for (i = 0; i < q.kilos; i++)
		quantity_times_1024(&q);
	magnitude = quantity_magnitude(&q, scale);
	if (q.negative)
		*out = magnitude > INT64_MAX ? INT64_MIN : -(int64_t)magnitude;
	else
		*out =
		    magnitude > INT64_MAX ? INT64_MAX : (int64_t)magnitude;
	return SST_OK;
}

int
sst_kube_quantity_nano(
    const char *text, size_t len, int64_t *out, struct sst_error *err)
{
	return quantity_parse(text, len, 9, out, err);
}

int
sst_kube_quantity_whole(
    const char *text, size_t len, int64_t *out, struct sst_error *err)
{
	return quantity_parse(text, len, 0, out, err);
}
