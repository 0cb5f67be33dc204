/*
 * The path from the top of the body to metadata.managedFields is followed by
 * a small machine of levels and expectations; every value beside that path is
 * raw: copied or skipped as a whole, see cutter_scan.c.
 *
 *	LIST:  TOP { LIST items [ ITEMS { OBJECT metadata { META ... } } ] }
 *	WATCH: TOP { EVENT object { OBJECT metadata { META ... } } } ...
 *
 * On EVENT, OBJECT and META the text of the object is built anew: white space
 * between members goes, commas are our own, so that a member can be left out.
 * A member's name is copied before it is known; when it turns out to be
 * managedFields the copy is cut back.
 */
#include "repository/kube/cutter.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/kube/cutter_priv.h"

enum cutter_level {
	CUTTER_TOP,
	CUTTER_LIST,
	CUTTER_ITEMS,
	CUTTER_EVENT,
	CUTTER_OBJECT,
	CUTTER_META,
	CUTTER_LEVELS
};

enum cutter_state {
	CUTTER_VALUE,        /* one must come */
	CUTTER_VALUE_OR_END, /* or the end of the array */
	CUTTER_NAME_OR_END,
	CUTTER_NAME_ONLY, /* after a comma */
	CUTTER_COLON,
	CUTTER_COMMA_OR_END,
	CUTTER_IN_NAME,
	CUTTER_IN_RAW,
	CUTTER_OVER /* a LIST: nothing but white space may follow */
};

struct sst_kube_cutter {
	struct sst_kube_cutter_settings settings;
	enum cutter_level level;
	enum cutter_state state;
	struct cutter_name name; /* of the member that is read */
	struct cutter_raw raw;
	struct sst_buf *copy; /* of the raw value; NULL: skipped */
	struct sst_buf object, metadata;
	size_t mark; /* length of object before the member that is read */
	bool kept[CUTTER_LEVELS]; /* a member was kept at that level */
	bool has_metadata, has_items;
};

int
sst_kube_cutter_new(const struct sst_kube_cutter_settings *settings,
    struct sst_kube_cutter **out, struct sst_error *err)
{
	struct sst_kube_cutter *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return sst_error_nomem(err);
	c->settings = *settings;
	sst_kube_cutter_reset(c);
	*out = c;
	return SST_OK;
}

void
sst_kube_cutter_free(struct sst_kube_cutter **cutter)
{
	struct sst_kube_cutter *c = *cutter;

	if (c == NULL)
		return;
	sst_buf_fini(&c->object);
	sst_buf_fini(&c->metadata);
	free(c);
	*cutter = NULL;
}

void
sst_kube_cutter_reset(struct sst_kube_cutter *cutter)
{
	cutter->level = CUTTER_TOP;
	cutter->state = CUTTER_VALUE;
	cutter->has_metadata = cutter->has_items = false;
	sst_buf_clear(&cutter->object);
	sst_buf_clear(&cutter->metadata);
}

static int
cutter_syntax(const struct sst_kube_cutter *c, const char *expected,
    struct sst_error *err)
{
	return sst_error_set(err, SST_SYNTAX, "not a %s: %s expected",
	    c->settings.form == SST_KUBE_CUT_LIST ? "list of objects"
						  : "stream of events",
	    expected);
}

static int
cutter_add(struct sst_kube_cutter *c, struct sst_buf *to, const char *bytes,
    size_t len, struct sst_error *err)
{
	if (len > c->settings.max_bytes - to->len)
		return sst_error_set(err, SST_TOO_LARGE,
		    "an object of more than %zu bytes", c->settings.max_bytes);
	sst_buf_add(to, bytes, len);
	return sst_buf_failed(to) ? sst_error_nomem(err) : SST_OK;
}

/* Levels whose members are copied. */
static bool
cutter_copies(const struct sst_kube_cutter *c)
{
	return c->level == CUTTER_EVENT || c->level == CUTTER_OBJECT ||
	       c->level == CUTTER_META;
}

/* Goes into an object or array; what is copied gets its bracket. */
static int
cutter_enter(
    struct sst_kube_cutter *c, enum cutter_level level, struct sst_error *err)
{
	c->level = level;
	c->state =
	    level == CUTTER_ITEMS ? CUTTER_VALUE_OR_END : CUTTER_NAME_OR_END;
	c->kept[level] = false;
	return cutter_copies(c) ? cutter_add(c, &c->object, "{", 1, err)
				: SST_OK;
}

static void
cutter_enter_raw(struct sst_kube_cutter *c, char first, struct sst_buf *copy)
{
	cutter__raw_begin(&c->raw, first);
	c->copy = copy;
	c->state = CUTTER_IN_RAW;
}

/* Takes back the name of a member that is left out. */
static void
cutter_cut_back(struct sst_kube_cutter *c)
{
	c->object.len = c->mark;
	c->object.data[c->mark] = '\0';
}

static int
cutter_list_value(struct sst_kube_cutter *c, char first, struct sst_error *err)
{
	if (cutter__name_is(&c->name, "items")) {
		c->has_items = true;
		if (first == '[')
			return cutter_enter(c, CUTTER_ITEMS, err);
		if (first != 'n')
			return cutter_syntax(c, "an array of items", err);
	}
	if (cutter__name_is(&c->name, "metadata")) {
		sst_buf_clear(&c->metadata);
		c->has_metadata = true;
		cutter_enter_raw(c, first, &c->metadata);
		return SST_OK;
	}
	cutter_enter_raw(c, first, NULL);
	return SST_OK;
}

/* A member of what is copied: further down the path, left out, or raw. */
static int
cutter_member_value(
    struct sst_kube_cutter *c, char first, struct sst_error *err)
{
	bool left_out = c->level == CUTTER_META &&
			cutter__name_is(&c->name, "managedFields");

	if (left_out) {
		cutter_cut_back(c);
		cutter_enter_raw(c, first, NULL);
		return SST_OK;
	}
	c->kept[c->level] = true;
	if (c->level == CUTTER_EVENT && first == '{' &&
	    cutter__name_is(&c->name, "object"))
		return cutter_enter(c, CUTTER_OBJECT, err);
	if (c->level == CUTTER_OBJECT && first == '{' &&
	    cutter__name_is(&c->name, "metadata"))
		return cutter_enter(c, CUTTER_META, err);
	cutter_enter_raw(c, first, &c->object);
	return SST_OK;
}

static int
cutter_top_value(struct sst_kube_cutter *c, char first, struct sst_error *err)
{
	if (first != '{')
		return cutter_syntax(c, "an object", err);
	sst_buf_clear(&c->object);
	return cutter_enter(c,
	    c->settings.form == SST_KUBE_CUT_LIST ? CUTTER_LIST : CUTTER_EVENT,
	    err);
}

/* first is not consumed when the value is raw. */
static int
cutter_value(struct sst_kube_cutter *c, char first, struct sst_error *err)
{
	if (strchr("]},:", first) != NULL && first != '\0')
		return cutter_syntax(c, "a value", err);
	switch (c->level) {
	case CUTTER_TOP:
		return cutter_top_value(c, first, err);
	case CUTTER_LIST:
		return cutter_list_value(c, first, err);
	case CUTTER_ITEMS:
		sst_buf_clear(&c->object);
		if (first == '{')
			return cutter_enter(c, CUTTER_OBJECT, err);
		cutter_enter_raw(c, first, &c->object);
		return SST_OK;
	default:
		return cutter_member_value(c, first, err);
	}
}

static int
cutter_deliver(struct sst_kube_cutter *c, struct sst_error *err)
{
	int code;

	code = c->settings.object(
	    c->object.data, c->object.len, c->settings.ctx, err);
	sst_buf_clear(&c->object);
	return code < 0 ? code : SST_OK;
}

/* Out of an object or array to the level above. */
static int
cutter_leave(struct sst_kube_cutter *c, struct sst_error *err)
{
	bool list = c->settings.form == SST_KUBE_CUT_LIST;
	enum cutter_level from = c->level;
	int code = SST_OK;

	if (cutter_copies(c))
		code = cutter_add(c, &c->object, "}", 1, err);
	if (code != SST_OK)
		return code;
	c->state = CUTTER_COMMA_OR_END;
	switch (from) {
	case CUTTER_META:
		c->level = CUTTER_OBJECT;
		return SST_OK;
	case CUTTER_OBJECT:
		c->level = list ? CUTTER_ITEMS : CUTTER_EVENT;
		return list ? cutter_deliver(c, err) : SST_OK;
	case CUTTER_ITEMS:
		c->level = CUTTER_LIST;
		return SST_OK;
	default:
		c->level = CUTTER_TOP;
		c->state = list ? CUTTER_OVER : CUTTER_VALUE;
		return list ? SST_OK : cutter_deliver(c, err);
	}
}

static int
cutter_name_open(struct sst_kube_cutter *c, struct sst_error *err)
{
	c->state = CUTTER_IN_NAME;
	cutter__name_begin(&c->name);
	if (!cutter_copies(c))
		return SST_OK;
	c->mark = c->object.len;
	return c->kept[c->level] ? cutter_add(c, &c->object, ",\"", 2, err)
				 : cutter_add(c, &c->object, "\"", 1, err);
}

static int
cutter_comma_or_end(struct sst_kube_cutter *c, char byte, struct sst_error *err)
{
	bool array = c->level == CUTTER_ITEMS;

	if (byte == ',') {
		c->state = array ? CUTTER_VALUE : CUTTER_NAME_ONLY;
		return SST_OK;
	}
	if (byte == (array ? ']' : '}'))
		return cutter_leave(c, err);
	return cutter_syntax(c, "a comma or the end", err);
}

static int
cutter_colon(struct sst_kube_cutter *c, char byte, struct sst_error *err)
{
	if (byte != ':')
		return cutter_syntax(c, "a colon", err);
	c->state = CUTTER_VALUE;
	return cutter_copies(c) ? cutter_add(c, &c->object, ":", 1, err)
				: SST_OK;
}

/* One byte that is no white space, where something is expected. */
static int
cutter_expected(struct sst_kube_cutter *c, char byte, struct sst_error *err)
{
	switch (c->state) {
	case CUTTER_VALUE_OR_END:
		if (byte == ']')
			return cutter_leave(c, err);
		return cutter_value(c, byte, err);
	case CUTTER_VALUE:
		return cutter_value(c, byte, err);
	case CUTTER_NAME_OR_END:
		if (byte == '}')
			return cutter_leave(c, err);
		/* fallthrough */
	case CUTTER_NAME_ONLY:
		if (byte == '"')
			return cutter_name_open(c, err);
		return cutter_syntax(c, "a member", err);
	case CUTTER_COLON:
		return cutter_colon(c, byte, err);
	case CUTTER_COMMA_OR_END:
		return cutter_comma_or_end(c, byte, err);
	default:
		return cutter_syntax(c, "the end of the body", err);
	}
}

static int
cutter_feed_name(struct sst_kube_cutter *c, const char **at, const char *end,
    struct sst_error *err)
{
	const char *from = *at;

	if (cutter__name_scan(&c->name, at, end))
		c->state = CUTTER_COLON;
	if (!cutter_copies(c))
		return SST_OK;
	return cutter_add(c, &c->object, from, (size_t)(*at - from), err);
}

static int
cutter_raw_ended(
    struct sst_kube_cutter *c, enum cutter_raw_end end, struct sst_error *err)
{
	switch (end) {
	case CUTTER_RAW_MORE:
		return SST_OK;
	case CUTTER_RAW_DEEP:
		return sst_error_set(err, SST_TOO_DEEP,
		    "a value nested deeper than %d levels", CUTTER_DEPTH);
	case CUTTER_RAW_CROSSED:
		return cutter_syntax(c, "another bracket", err);
	default:
		break;
	}
	c->state = CUTTER_COMMA_OR_END;
	return c->level == CUTTER_ITEMS ? cutter_deliver(c, err) : SST_OK;
}

static int
cutter_feed_raw(struct sst_kube_cutter *c, const char **at, const char *end,
    struct sst_error *err)
{
	const char *from = *at;
	enum cutter_raw_end result = cutter__raw_scan(&c->raw, at, end);
	int code = SST_OK;

	if (c->copy != NULL)
		code = cutter_add(c, c->copy, from, (size_t)(*at - from), err);
	return code == SST_OK ? cutter_raw_ended(c, result, err) : code;
}

static bool
cutter_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static int
cutter_feed_expected(struct sst_kube_cutter *c, const char **at,
    const char *end, struct sst_error *err)
{
	int code;

	while (*at < end && cutter_is_space(**at))
		(*at)++;
	if (*at == end)
		return SST_OK;
	code = cutter_expected(c, **at, err);
	/* a raw value begins with its first byte */
	if (c->state != CUTTER_IN_RAW)
		(*at)++;
	return code;
}

int
sst_kube_cutter_feed(struct sst_kube_cutter *cutter, const char *bytes,
    size_t len, struct sst_error *err)
{
	const char *at = bytes, *end = bytes + len;
	int code = SST_OK;

	while (at < end && code == SST_OK) {
		if (cutter->state == CUTTER_IN_RAW)
			code = cutter_feed_raw(cutter, &at, end, err);
		else if (cutter->state == CUTTER_IN_NAME)
			code = cutter_feed_name(cutter, &at, end, err);
		else
			code = cutter_feed_expected(cutter, &at, end, err);
	}
	return code;
}

int
sst_kube_cutter_end(struct sst_kube_cutter *cutter, struct sst_error *err)
{
	if (cutter->settings.form == SST_KUBE_CUT_WATCH)
		return SST_OK;
	if (cutter->state != CUTTER_OVER)
		return sst_error_set(
		    err, SST_TRUNCATED, "a list of objects that ends early");
	if (!cutter->has_items)
		return sst_error_set(
		    err, SST_TYPE, "not a list of objects: it has no items");
	return SST_OK;
}

const char *
sst_kube_cutter_metadata(const struct sst_kube_cutter *cutter, size_t *len)
{
	if (!cutter->has_metadata || cutter->metadata.data == NULL)
		return NULL;
	*len = cutter->metadata.len;
	return cutter->metadata.data;
}
