#include "api/negotiate.h"

#include <string.h>
#include <strings.h>

/* One element of a comma-separated list: "text;param;q=0.5". */
struct element {
	const char *text;
	size_t len;
	int quality; /* thousandths */
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void
trim(const char **begin, const char **end)
{
	while (*begin < *end && is_space(**begin))
		(*begin)++;
	while (*end > *begin && is_space((*end)[-1]))
		(*end)--;
}

/* "1", "0.5", "1.000": thousandths, or -1. */
static int
quality_parse(const char *p, size_t len)
{
	int value, scale = 100;
	size_t i;

	if (len == 0 || len > 5 || (p[0] != '0' && p[0] != '1'))
		return -1;
	value = (p[0] - '0') * 1000;
	if (len > 1 && p[1] != '.')
		return -1;
	for (i = 2; i < len; i++, scale /= 10) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		value += (p[i] - '0') * scale;
	}
	return value > 1000 ? -1 : value;
}

/* Reads ";name=value" parts up to end; false when malformed. */
static bool
element_params(const char *p, const char *end, struct element *e)
{
	const char *semi, *begin, *stop;

	while (p < end) {
		semi = memchr(p + 1, ';', (size_t)(end - p - 1));
		if (semi == NULL)
			semi = end;
		begin = p + 1;
		stop = semi;
		trim(&begin, &stop);
		if (stop - begin >= 2 && (begin[0] == 'q' || begin[0] == 'Q') &&
		    begin[1] == '=') {
			e->quality = quality_parse(
			    begin + 2, (size_t)(stop - begin - 2));
			if (e->quality < 0)
				return false;
		}
		p = semi;
	}
	return true;
}

/*
 * Takes the next element off *list; false at its end. Malformed ones come with
 * a len of 0. Commas inside of quoted strings do not separate.
 */
static bool
element_next(const char **list, struct element *out)
{
	const char *p = *list, *end, *semi;
	bool quoted = false;

	if (*p == '\0')
		return false;
	for (end = p; *end != '\0' && (quoted || *end != ','); end++) {
		if (*end == '"')
			quoted = !quoted;
		else if (quoted && *end == '\\' && end[1] != '\0')
			end++;
	}
	*list = *end == ',' ? end + 1 : end;
	semi = memchr(p, ';', (size_t)(end - p));
	out->quality = 1000;
	if (semi != NULL && !element_params(semi, end, out))
		semi = p; /* malformed: no text */
	if (semi == NULL)
		semi = end;
	trim(&p, &semi);
	out->text = p;
	out->len = semi > p ? (size_t)(semi - p) : 0;
	return true;
}

/* How closely a media range fits: 0 not, 1 all, 2 type, 3 exactly. */
static int
range_fit(const struct element *e, const char *type)
{
	const char *slash = strchr(type, '/');
	size_t major = (size_t)(slash - type) + 1;

	if (e->len == 3 && memcmp(e->text, "*/*", 3) == 0)
		return 1;
	if (e->len == major + 1 && e->text[major] == '*' &&
	    strncasecmp(e->text, type, major) == 0)
		return 2;
	/* Our types may carry a charset; the range is compared without. */
	if (e->len == strcspn(type, ";") &&
	    strncasecmp(e->text, type, e->len) == 0)
		return 3;
	return 0;
}

static int
type_quality(const char *accept, const char *type)
{
	struct element e;
	int quality = 0, fit = 0, f;

	while (element_next(&accept, &e)) {
		f = range_fit(&e, type);
		if (f > fit) {
			fit = f;
			quality = e.quality;
		}
	}
	return quality;
}

static bool
is_blank(const char *text)
{
	return text == NULL || text[strspn(text, " \t,")] == '\0';
}

int
api__accept_pick(const char *accept, const char *const *types, size_t count)
{
	int best = -1, best_quality = 0, q;
	size_t i;

	if (is_blank(accept) || strcmp(accept, "*/*") == 0)
		return 0;
	for (i = 0; i < count; i++) {
		q = type_quality(accept, types[i]);
		if (q > best_quality) {
			best_quality = q;
			best = (int)i;
		}
	}
	return best;
}

/* Of each coding and of "*": quality, -1 when not named. */
struct coding_wishes {
	int named[SST_CODING_COUNT];
	int any;
};

static void
coding_read(const char *header, struct coding_wishes *out)
{
	struct element e;
	int i;
	bool named;

	for (i = 0; i < SST_CODING_COUNT; i++)
		out->named[i] = -1;
	out->any = -1;
	while (element_next(&header, &e)) {
		if (e.len == 1 && e.text[0] == '*')
			out->any = e.quality;
		for (i = 0; i < SST_CODING_COUNT; i++) {
			const char *name = sst_coding_name((enum sst_coding)i);

			named = e.len == strlen(name) &&
				strncasecmp(e.text, name, e.len) == 0;
			/* The old alias. */
			if (i == SST_CODING_GZIP && e.len == 6 &&
			    strncasecmp(e.text, "x-gzip", 6) == 0)
				named = true;
			if (named)
				out->named[i] = e.quality;
		}
	}
}

bool
api__coding_pick(const char *accept_encoding, enum sst_coding *out)
{
	struct coding_wishes w;
	int identity, gzip, best;

	*out = SST_CODING_IDENTITY;
	if (is_blank(accept_encoding))
		return true;
	coding_read(accept_encoding, &w);
	gzip = w.named[SST_CODING_GZIP] >= 0 ? w.named[SST_CODING_GZIP] : w.any;
	identity = w.named[SST_CODING_IDENTITY];
	if (identity < 0) /* acceptable unless excluded, but never preferred */
		identity = w.any == 0 ? 0 : 1;
	best = identity;
	if (gzip > 0 && gzip >= best) {
		best = gzip;
		*out = SST_CODING_GZIP;
	}
	if (w.named[SST_CODING_ZSTD] > 0 && w.named[SST_CODING_ZSTD] >= best) {
		best = w.named[SST_CODING_ZSTD];
		*out = SST_CODING_ZSTD;
	}
	return best > 0;
}

bool
api__etag_matches(const char *if_none_match, const char *etag)
{
	const char *p = if_none_match, *begin;
	size_t len = strlen(etag);

	p += strspn(p, " \t,");
	if (p[0] == '*' && p[1 + strspn(p + 1, " \t")] == '\0')
		return true;
	while (*p != '\0') {
		if (p[0] == 'W' && p[1] == '/')
			p += 2;
		begin = p;
		if (*p != '"' || (p = strchr(p + 1, '"')) == NULL)
			return false;
		p++;
		if ((size_t)(p - begin) == len && memcmp(begin, etag, len) == 0)
			return true;
		p += strspn(p, " \t,");
	}
	return false;
}
