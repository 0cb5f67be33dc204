#include "service/moment.h"

#include <string.h>

#include "base/time.h"

const char sst_moment_forms[] =
    "a revision (41), EPOCH:REVISION, a time (2026-01-01T00:00:00Z), Unix "
    "seconds (@1766300000), a duration back from now (-15m) or now";

enum { EPOCH_LEN = 16 };

static const int64_t ago_max_ms = INT64_C(3650) * 24 * 60 * 60 * 1000;
/* 9999-12-31T23:59:59Z, the last time that RFC 3339 can write */
static const int64_t unix_max_s = INT64_C(253402300799);

/* Digits only, all of it, at most max; -1 otherwise. */
static int64_t
moment_number(const char *text, size_t len, int64_t max)
{
	int64_t n = 0;
	size_t i;

	if (len == 0 || len > 19)
		return -1;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' ||
		    n > (max - (text[i] - '0')) / 10)
			return -1;
		n = n * 10 + (text[i] - '0');
	}
	return n;
}

/* Milliseconds of a unit; 0: no such unit. */
static int64_t
moment_unit(const char *text, size_t len)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000},
	    {"d", 86400000}, {"w", 604800000}};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == len &&
		    memcmp(units[i].name, text, len) == 0)
			return units[i].ms;
	}
	return 0;
}

int
sst_duration_parse(const char *text, size_t len, int64_t *ms_out)
{
	int64_t number, unit;
	size_t digits = 0;

	while (digits < len && text[digits] >= '0' && text[digits] <= '9')
		digits++;
	unit = moment_unit(text + digits, len - digits);
	if (unit == 0)
		return SST_INVALID;
	number = moment_number(text, digits, ago_max_ms / unit);
	if (number < 0)
		return SST_INVALID;
	*ms_out = number * unit;
	return SST_OK;
}

static int
moment_revision(const char *text, size_t len, struct sst_moment *out)
{
	int64_t n = moment_number(text, len, INT64_MAX);

	if (n < 1)
		return SST_INVALID;
	out->kind = SST_MOMENT_REVISION;
	out->revision = (uint64_t)n;
	return SST_OK;
}

/* "0f3a55d200c4e1b7:41" */
static int
moment_of_epoch(const char *text, size_t len, struct sst_moment *out)
{
	size_t i;

	if (len <= EPOCH_LEN + 1 || text[EPOCH_LEN] != ':')
		return SST_INVALID;
	for (i = 0; i < EPOCH_LEN; i++) {
		if (strchr("0123456789abcdef", text[i]) == NULL ||
		    text[i] == '\0')
			return SST_INVALID;
	}
	memcpy(out->epoch, text, EPOCH_LEN);
	return moment_revision(text + EPOCH_LEN + 1, len - EPOCH_LEN - 1, out);
}

static int
moment_unix(const char *text, size_t len, struct sst_moment *out)
{
	int64_t seconds = moment_number(text, len, unix_max_s);

	if (seconds < 0)
		return SST_INVALID;
	out->kind = SST_MOMENT_TIME;
	out->at.ms = seconds * 1000;
	return SST_OK;
}

int
sst_moment_parse(const char *text, size_t len, struct sst_moment *out)
{
	struct sst_moment m = {.kind = SST_MOMENT_NOW};
	int rc;

	if (len == 3 && memcmp(text, "now", 3) == 0) {
		rc = SST_OK;
	} else if (len > 0 && text[0] == '-') {
		m.kind = SST_MOMENT_AGO;
		rc = sst_duration_parse(text + 1, len - 1, &m.ago_ms);
	} else if (len > 0 && text[0] == '@') {
		rc = moment_unix(text + 1, len - 1, &m);
	} else if (moment_revision(text, len, &m) == SST_OK ||
		   moment_of_epoch(text, len, &m) == SST_OK) {
		rc = SST_OK;
	} else {
		m = (struct sst_moment){.kind = SST_MOMENT_TIME};
		rc = sst_time_parse(text, len, &m.at.ms);
	}
	if (rc == SST_OK)
		*out = m;
	return rc == SST_OK ? SST_OK : SST_INVALID;
}
