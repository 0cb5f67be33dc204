/*
 * Where a reply ends, and whether it is one: looked at before anything is
 * allocated for what it announces.
 */
#include <string.h>

#include "repository/redis/redis_priv.h"

void
redis__scan_init(struct redis_scan *scan, size_t max)
{
	memset(scan, 0, sizeof(*scan));
	scan->max = max;
}

/* As servers write numbers: without a plus, without zeros in front. */
static bool
scan_digits(const char *p, size_t len, int64_t *out)
{
	bool negative = len > 0 && p[0] == '-';
	size_t i = negative ? 1 : 0;
	int64_t value = 0, digit;

	if (len - i < 1 || len - i > 19 || (p[i] == '0' && len > 1))
		return false;
	for (; i < len; i++) {
		digit = negative ? '0' - p[i] : p[i] - '0';
		if (p[i] < '0' || p[i] > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return true;
}

/* The line at p without its end; false when its end is not there yet. */
static bool
scan_line(const char *p, size_t len, size_t *line_out)
{
	const char *cr = memchr(p, '\r', len);

	if (cr == NULL || cr + 1 == p + len)
		return false;
	*line_out = (size_t)(cr - p);
	return true;
}

static int
scan_charge(struct redis_scan *scan, int64_t values, int64_t bytes)
{
	size_t room = scan->max - scan->cost;

	if ((uint64_t)values > room / REDIS_VALUE_BYTES ||
	    (uint64_t)bytes > room - (size_t)values * REDIS_VALUE_BYTES)
		return SST_TOO_LARGE;
	scan->cost += (size_t)values * REDIS_VALUE_BYTES + (size_t)bytes;
	return SST_OK;
}

/* A value has ended: so may the arrays that it is the last of. */
static void
scan_ended(struct redis_scan *scan)
{
	while (scan->depth > 0 && --scan->left[scan->depth - 1] == 0)
		scan->depth--;
}

/* `used` bytes were the head of a string of n bytes. */
static int
scan_bulk(
    struct redis_scan *scan, const char *p, size_t len, size_t used, int64_t n)
{
	struct redis_scan before = *scan;
	int code;

	if (n < 0) {
		scan->at += used;
		scan_ended(scan);
		return SST_OK;
	}
	code = scan_charge(scan, 0, n);
	if (code != SST_OK)
		return code;
	if (len - used < (size_t)n + 2) {
		*scan = before;
		return SST_NODATA;
	}
	if (memcmp(p + used + n, "\r\n", 2) != 0)
		return SST_PROTOCOL;
	scan->at += used + (size_t)n + 2;
	scan_ended(scan);
	return SST_OK;
}

static int
scan_array(struct redis_scan *scan, size_t used, int64_t n)
{
	int code;

	if (n > 0) {
		code = scan_charge(scan, n, 0);
		if (code != SST_OK)
			return code;
		if (scan->depth == REDIS_DEPTH)
			return SST_PROTOCOL;
		scan->left[scan->depth++] = n;
	}
	scan->at += used;
	if (n <= 0)
		scan_ended(scan);
	return SST_OK;
}

static int
scan_short(struct redis_scan *scan, const char *p, size_t line)
{
	int code = scan_charge(scan, 0, (int64_t)line);

	if (code != SST_OK)
		return code;
	if (memchr(p, '\n', line) != NULL)
		return SST_PROTOCOL;
	scan->at += line + 2;
	scan_ended(scan);
	return SST_OK;
}

static int
scan_value(struct redis_scan *scan, const char *p, size_t len)
{
	int64_t n = 0;
	size_t line;

	if (len == 0)
		return SST_NODATA;
	if (strchr("+-:$*", p[0]) == NULL || p[0] == '\0')
		return SST_PROTOCOL;
	if (!scan_line(p, len, &line))
		return len > REDIS_LINE_BYTES ? SST_PROTOCOL : SST_NODATA;
	if (p[line + 1] != '\n' || line > REDIS_LINE_BYTES)
		return SST_PROTOCOL;
	if (p[0] == '+' || p[0] == '-')
		return scan_short(scan, p, line);
	if (!scan_digits(p + 1, line - 1, &n))
		return SST_PROTOCOL;
	if (p[0] == ':')
		return scan_short(scan, p, line);
	if (n < -1)
		return SST_PROTOCOL;
	return p[0] == '$' ? scan_bulk(scan, p, len, line + 2, n)
			   : scan_array(scan, line + 2, n);
}

int
redis__scan(struct redis_scan *scan, const char *bytes, size_t len)
{
	int code;

	do {
		code = scan_value(scan, bytes + scan->at, len - scan->at);
	} while (code == SST_OK && scan->depth > 0);
	return code;
}

/* Of bytes that were scanned: what is not as it should be ends them. */
bool
sst_redis_next(struct sst_redis_walk *walk, struct sst_redis_item *out)
{
	static const char kinds[] = "+-:$*";
	static const int types[] = {REDIS_REPLY_STATUS, REDIS_REPLY_ERROR,
	    REDIS_REPLY_INTEGER, REDIS_REPLY_STRING, REDIS_REPLY_ARRAY};
	size_t len = (size_t)(walk->end - walk->at), line;
	const char *p = walk->at, *kind;
	int64_t n = 0;

	if (len == 0 || p[0] == '\0' || (kind = strchr(kinds, p[0])) == NULL ||
	    !scan_line(p, len, &line))
		return false;
	*out = (struct sst_redis_item){.type = types[kind - kinds]};
	walk->at += line + 2;
	if (kind - kinds < 2) {
		out->data = p + 1;
		out->len = line - 1;
		return true;
	}
	if (!scan_digits(p + 1, line - 1, &n))
		return false;
	out->integer = n;
	if (n < 0 && out->type != REDIS_REPLY_INTEGER) {
		out->type = REDIS_REPLY_NIL;
		out->integer = 0;
	} else if (out->type == REDIS_REPLY_STRING) {
		if (n > walk->end - walk->at - 2)
			return false;
		out->integer = 0;
		out->data = walk->at;
		out->len = (size_t)n;
		walk->at += n + 2;
	}
	return true;
}

void
sst_redis_skip(struct sst_redis_walk *walk)
{
	struct sst_redis_item item;
	long long left = 1;

	for (; left > 0 && sst_redis_next(walk, &item); left--) {
		if (item.type == REDIS_REPLY_ARRAY)
			left += item.integer;
	}
}
