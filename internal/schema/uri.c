#include "schema/uri.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Pieces of a URI reference; not NUL-terminated, NULL = absent. */
struct uri {
	const char *scheme, *authority, *path, *query;
	size_t scheme_len, authority_len, path_len, query_len;
};

static bool
uri_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t
uri_scheme_len(const char *text)
{
	size_t i = 0;

	if (!uri_is_alpha(text[0]))
		return 0;
	while (uri_is_alpha(text[i]) || (text[i] >= '0' && text[i] <= '9') ||
	       text[i] == '+' || text[i] == '-' || text[i] == '.')
		i++;
	return text[i] == ':' ? i : 0;
}

bool
schema__uri_absolute(const char *text)
{
	return uri_scheme_len(text) > 0;
}

static void
uri_split(const char *text, struct uri *out)
{
	size_t n = uri_scheme_len(text);

	memset(out, 0, sizeof(*out));
	if (n > 0) {
		out->scheme = text;
		out->scheme_len = n;
		text += n + 1;
	}
	if (text[0] == '/' && text[1] == '/') {
		out->authority = text + 2;
		out->authority_len = strcspn(text + 2, "/?#");
		text = out->authority + out->authority_len;
	}
	out->path = text;
	out->path_len = strcspn(text, "?#");
	text += out->path_len;
	if (*text == '?') {
		out->query = text + 1;
		out->query_len = strcspn(text + 1, "#");
	}
}

/* Drops the last segment of the path that starts at `start`. */
static void
uri_pop(struct sst_buf *b, size_t start)
{
	while (b->len > start && b->data[b->len - 1] != '/')
		b->len--;
	if (b->len > start)
		b->len--;
}

/* Appends path without its dot segments (RFC 3986 section 5.2.4). */
static void
uri_add_path(struct sst_buf *b, const char *path, size_t len)
{
	size_t start = b->len, n;
	const char *end = path + len;
	bool slash;

	while (path < end && !sst_buf_failed(b)) {
		slash = *path == '/';
		path += slash;
		for (n = 0; path + n < end && path[n] != '/'; n++)
			;
		if (n == 1 && path[0] == '.') {
			if (path + n == end && slash)
				sst_buf_addc(b, '/');
		} else if (n == 2 && path[0] == '.' && path[1] == '.') {
			uri_pop(b, start);
			if (path + n == end && slash)
				sst_buf_addc(b, '/');
		} else {
			if (slash)
				sst_buf_addc(b, '/');
			sst_buf_add(b, path, n);
		}
		path += n;
	}
}

/* base path up to its last '/', then ref path (section 5.2.3). */
static void
uri_merge(struct sst_buf *out, const struct uri *base, const struct uri *ref)
{
	struct sst_buf path = SST_BUF_INIT;
	size_t n = base->path_len;

	if (base->authority != NULL && n == 0)
		sst_buf_addc(&path, '/');
	while (n > 0 && base->path[n - 1] != '/')
		n--;
	sst_buf_add(&path, base->path, n);
	sst_buf_add(&path, ref->path, ref->path_len);
	if (sst_buf_failed(&path))
		out->failed = true;
	else if (path.data != NULL)
		uri_add_path(out, path.data, path.len);
	sst_buf_fini(&path);
}

static void
uri_add_authority(struct sst_buf *b, const struct uri *u)
{
	if (u->authority == NULL)
		return;
	sst_buf_adds(b, "//");
	sst_buf_add(b, u->authority, u->authority_len);
}

/* The authority, path and query of the result (section 5.2.2). */
static void
uri_add_rest(struct sst_buf *b, const struct uri *base, const struct uri *ref)
{
	const struct uri *query = ref;

	if (ref->scheme != NULL || ref->authority != NULL) {
		uri_add_authority(b, ref);
		uri_add_path(b, ref->path, ref->path_len);
	} else {
		uri_add_authority(b, base);
		if (ref->path_len == 0) {
			sst_buf_add(b, base->path, base->path_len);
			if (ref->query == NULL)
				query = base;
		} else if (ref->path[0] == '/') {
			uri_add_path(b, ref->path, ref->path_len);
		} else {
			uri_merge(b, base, ref);
		}
	}
	if (query->query != NULL) {
		sst_buf_addc(b, '?');
		sst_buf_add(b, query->query, query->query_len);
	}
}

char *
schema__uri_resolve(const char *base, const char *ref)
{
	struct sst_buf b = SST_BUF_INIT;
	struct uri from, to;
	const struct uri *scheme;

	uri_split(base, &from);
	uri_split(ref, &to);
	scheme = to.scheme != NULL ? &to : &from;
	sst_buf_add(&b, "", 0);
	if (scheme->scheme != NULL) {
		sst_buf_add(&b, scheme->scheme, scheme->scheme_len);
		sst_buf_addc(&b, ':');
	}
	uri_add_rest(&b, &from, &to);
	return sst_buf_take(&b, NULL);
}

static int
uri_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *
schema__uri_fragment(const char *ref, bool *bad)
{
	const char *from = strchr(ref, '#');
	size_t n = 0;
	char *out;
	int hi, lo;

	*bad = false;
	from = from == NULL ? "" : from + 1;
	out = malloc(strlen(from) + 1);
	if (out == NULL)
		return NULL;
	for (; *from != '\0'; from++) {
		if (*from != '%') {
			out[n++] = *from;
			continue;
		}
		hi = uri_hex(from[1]);
		lo = hi < 0 ? -1 : uri_hex(from[2]);
		if (lo < 0 || hi * 16 + lo == 0) {
			*bad = true;
			free(out);
			return NULL;
		}
		out[n++] = (char)(hi * 16 + lo);
		from += 2;
	}
	out[n] = '\0';
	return out;
}
