#include "repository/litellm/prometheus_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Longest number looked at: "-1.7976931348623157e+308" has 24 characters. */
enum { TEXT_NUMBER_MAX = 64 };

struct sst_prometheus_text {
	struct sst_prometheus_sink sink;
	struct sst_prometheus_stats stats;
	uint64_t known;       /* HELP and TYPE */
	uint64_t lengths;     /* bit n: a family whose name has n characters */
	struct sst_buf line;  /* the one that is not over yet */
	bool skipping;        /* it is too long: its rest is skipped */
	struct sst_buf plain; /* label values without their escapes */
	struct sst_prometheus_label labels[SST_PROMETHEUS_LABELS_MAX];
};

/* What is left of one line. */
struct cursor {
	const char *p;
	const char *end;
};

enum name_part { NAME_FIRST = 1, NAME_REST = 2 };

static int
name_class(unsigned char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    c == ':')
		return NAME_FIRST | NAME_REST;
	return c >= '0' && c <= '9' ? NAME_REST : 0;
}

/* A metric or label name at the cursor; 0: there is none. */
static size_t
text_name(struct cursor *c)
{
	const char *begin = c->p;

	if (c->p == c->end ||
	    (name_class((unsigned char)*c->p) & NAME_FIRST) == 0)
		return 0;
	while (c->p < c->end && name_class((unsigned char)*c->p) != 0)
		c->p++;
	return (size_t)(c->p - begin);
}

static void
text_blanks(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
		c->p++;
}

static bool
text_is_family(const struct sst_prometheus_text *t, const char *name,
    size_t len, size_t *out)
{
	size_t i;

	if (len >= 64 || (t->lengths >> len & 1) == 0)
		return false;
	for (i = 0; i < t->sink.family_count; i++) {
		const char *family = t->sink.families[i];

		/* the name may hold a NUL */
		if (strlen(family) == len && memcmp(family, name, len) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

static bool
text_family(const struct sst_prometheus_text *t, const char *name, size_t len,
    size_t *out)
{
	static const char total[] = "_total";
	size_t tail = sizeof(total) - 1;

	if (text_is_family(t, name, len, out))
		return true;
	return len > tail && memcmp(name + len - tail, total, tail) == 0 &&
	       text_is_family(t, name, len - tail, out);
}

static bool
text_word_is(const struct cursor *word, const char *text)
{
	size_t len = (size_t)(word->end - word->p), i;

	if (strlen(text) != len)
		return false;
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)word->p[i];

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		if (c != (unsigned char)text[i])
			return false;
	}
	return true;
}

/* NaN, Inf and infinity with or without a sign, in any case. */
static bool
text_special(struct cursor word, double *out)
{
	bool minus = word.p < word.end && *word.p == '-';

	if (text_word_is(&word, "nan")) {
		*out = NAN;
		return true;
	}
	if (word.p < word.end && (*word.p == '-' || *word.p == '+'))
		word.p++;
	if (!text_word_is(&word, "inf") && !text_word_is(&word, "infinity"))
		return false;
	*out = minus ? -INFINITY : INFINITY;
	return true;
}

static bool
text_number(const struct cursor *word, double *out)
{
	char digits[TEXT_NUMBER_MAX + 1], *rest;
	size_t len = (size_t)(word->end - word->p);

	if (len == 0 || len > TEXT_NUMBER_MAX)
		return false;
	memcpy(digits, word->p, len);
	digits[len] = '\0';
	/* strtod alone takes hexadecimal and blanks, too */
	if (strspn(digits, "+-.0123456789eE") != len)
		return text_special(*word, out);
	*out = strtod(digits, &rest);
	return *rest == '\0';
}

static struct cursor
text_word(struct cursor *c)
{
	struct cursor word = {c->p, c->p};

	while (c->p < c->end && *c->p != ' ' && *c->p != '\t')
		c->p++;
	word.end = c->p;
	return word;
}

/* Value, time stamp, exemplar: all that may stand behind the labels. */
static bool
text_value(struct cursor *c, double *out)
{
	struct cursor word;
	double stamp;

	text_blanks(c);
	word = text_word(c);
	if (!text_number(&word, out))
		return false;
	text_blanks(c);
	if (c->p < c->end && *c->p != '#') {
		word = text_word(c);
		if (!text_number(&word, &stamp))
			return false;
		text_blanks(c);
	}
	/* what an exemplar says is of no interest, so it is not checked */
	return c->p == c->end || (*c->p == '#' && c->end - c->p > 1);
}

/* A value with escapes, up to its quote; false when it has no end. */
static bool
text_escaped(struct sst_prometheus_text *t, struct cursor *c)
{
	while (c->p < c->end && *c->p != '"') {
		char plain = *c->p++;

		if (plain == '\\' && c->p < c->end) {
			plain = *c->p++;
			if (plain == 'n')
				plain = '\n';
			else if (plain != '\\' && plain != '"')
				sst_buf_addc(&t->plain, '\\');
		}
		sst_buf_addc(&t->plain, plain);
	}
	return c->p < c->end;
}

/* The rest of a value behind its first quote, and the last quote. */
static bool
text_quoted(struct sst_prometheus_text *t, struct cursor *c,
    struct sst_prometheus_label *label)
{
	size_t left = (size_t)(c->end - c->p);
	const char *quote = memchr(c->p, '"', left);
	size_t begin = t->plain.len;

	if (quote == NULL)
		return false;
	label->value = c->p;
	label->value_len = (size_t)(quote - c->p);
	if (memchr(c->p, '\\', label->value_len) == NULL) {
		c->p = quote + 1;
		return true;
	}
	/* the buffer has room for the whole line: it does not move */
	label->value = t->plain.data + begin;
	if (!text_escaped(t, c))
		return false;
	c->p++;
	label->value_len = t->plain.len - begin;
	return true;
}

static bool
text_label(struct sst_prometheus_text *t, struct cursor *c,
    struct sst_prometheus_label *label)
{
	label->name = c->p;
	label->name_len = text_name(c);
	if (label->name_len == 0)
		return false;
	text_blanks(c);
	if (c->p == c->end || *c->p++ != '=')
		return false;
	text_blanks(c);
	if (c->p == c->end || *c->p++ != '"')
		return false;
	return text_quoted(t, c, label);
}

/* name="value",... up to and with the brace; a last comma is allowed. */
static bool
text_labels(struct sst_prometheus_text *t, struct cursor *c, size_t *count)
{
	*count = 0;
	for (;;) {
		text_blanks(c);
		if (c->p < c->end && *c->p == '}') {
			c->p++;
			return true;
		}
		if (*count == SST_PROMETHEUS_LABELS_MAX ||
		    !text_label(t, c, &t->labels[*count]))
			return false;
		++*count;
		text_blanks(c);
		if (c->p < c->end && *c->p == ',')
			c->p++;
		else if (c->p == c->end || *c->p != '}')
			return false;
	}
}

/* A wanted sample, its name behind us. */
static int
text_sample(struct sst_prometheus_text *t, size_t family, struct cursor *c,
    struct sst_error *err)
{
	struct sst_prometheus_sample sample = {.family = family};

	sample.labels = t->labels;
	sst_buf_clear(&t->plain);
	if (!sst_buf_reserve(&t->plain, (size_t)(c->end - c->p) + 1))
		return sst_error_nomem(err);
	text_blanks(c);
	if (c->p < c->end && *c->p == '{') {
		c->p++;
		if (!text_labels(t, c, &sample.label_count)) {
			t->stats.bad++;
			return SST_OK;
		}
	}
	if (!text_value(c, &sample.value)) {
		t->stats.bad++;
		return SST_OK;
	}
	t->stats.samples++;
	return t->sink.sample(t->sink.ctx, &sample, err);
}

/* # HELP name text, # TYPE name type, # EOF; all else is a remark. */
static void
text_comment(struct sst_prometheus_text *t, struct cursor *c)
{
	struct cursor word, name;
	size_t family;

	text_blanks(c);
	word = text_word(c);
	if (text_word_is(&word, "eof") && c->p == c->end) {
		t->stats.eof = true;
		return;
	}
	if (!text_word_is(&word, "type") && !text_word_is(&word, "help"))
		return;
	t->known++;
	text_blanks(c);
	name = text_word(c);
	if (t->sink.family != NULL &&
	    text_family(t, name.p, (size_t)(name.end - name.p), &family))
		t->sink.family(t->sink.ctx, family);
}

static int
text_line(struct sst_prometheus_text *t, const char *line, size_t len,
    struct sst_error *err)
{
	struct cursor c = {line, line + len};
	const char *name;
	size_t name_len, family;

	t->stats.lines++;
	if (len > 0 && line[len - 1] == '\r')
		c.end--;
	text_blanks(&c);
	if (c.p == c.end)
		return SST_OK;
	if (*c.p == '#') {
		c.p++;
		text_comment(t, &c);
		return SST_OK;
	}
	/* OpenMetrics allows names in quotes within the braces: not ours */
	if (*c.p == '{')
		return SST_OK;
	name = c.p;
	name_len = text_name(&c);
	if (name_len == 0 ||
	    (c.p < c.end && *c.p != '{' && *c.p != ' ' && *c.p != '\t')) {
		t->stats.bad++;
		return SST_OK;
	}
	if (!text_family(t, name, name_len, &family))
		return SST_OK;
	return text_sample(t, family, &c, err);
}

/* The beginning of a line whose end is not there yet. */
static int
text_keep(struct sst_prometheus_text *t, const char *bytes, size_t len,
    struct sst_error *err)
{
	if (t->skipping)
		return SST_OK;
	if (len > SST_PROMETHEUS_LINE_MAX - t->line.len) {
		t->skipping = true;
		t->stats.lines++;
		t->stats.bad++;
		sst_buf_clear(&t->line);
		return SST_OK;
	}
	sst_buf_add(&t->line, bytes, len);
	return sst_buf_failed(&t->line) ? sst_error_nomem(err) : SST_OK;
}

/* A line whose end has come. */
static int
text_whole(struct sst_prometheus_text *t, const char *bytes, size_t len,
    struct sst_error *err)
{
	int code;

	if (!t->skipping && t->line.len == 0 && len <= SST_PROMETHEUS_LINE_MAX)
		return text_line(t, bytes, len, err);
	code = text_keep(t, bytes, len, err);
	if (code == SST_OK && !t->skipping)
		code = text_line(t, t->line.data, t->line.len, err);
	t->skipping = false;
	sst_buf_clear(&t->line);
	return code;
}

int
sst_prometheus_text_feed(struct sst_prometheus_text *t, const char *bytes,
    size_t len, struct sst_error *err)
{
	const char *end = bytes + len, *feed;
	int code = SST_OK;

	while (code == SST_OK && !t->stats.eof && bytes < end) {
		feed = memchr(bytes, '\n', (size_t)(end - bytes));
		if (feed == NULL)
			return text_keep(t, bytes, (size_t)(end - bytes), err);
		code = text_whole(t, bytes, (size_t)(feed - bytes), err);
		bytes = feed + 1;
	}
	return code;
}

int
sst_prometheus_text_end(struct sst_prometheus_text *t,
    struct sst_prometheus_stats *out, struct sst_error *err)
{
	static const char last[] = "# EOF";
	size_t len = sizeof(last) - 1;

	/* OpenMetrics wants no line feed behind its end */
	if (t->line.len == len && memcmp(t->line.data, last, len) == 0) {
		t->stats.lines++;
		t->stats.eof = true;
	} else if (t->line.len > 0 && !t->stats.eof) {
		t->stats.lines++;
		t->stats.bad++;
	}
	sst_buf_clear(&t->line);
	if (t->stats.lines == 0)
		return sst_error_set(err, SST_TRUNCATED, "the answer is empty");
	if (t->stats.bad > 0 && t->known + t->stats.samples == 0)
		return sst_error_set(
		    err, SST_SYNTAX, "the answer is not Prometheus text");
	*out = t->stats;
	return SST_OK;
}

int
sst_prometheus_text_new(const struct sst_prometheus_sink *sink,
    struct sst_prometheus_text **out, struct sst_error *err)
{
	struct sst_prometheus_text *t = calloc(1, sizeof(*t));
	size_t i, len;

	if (t == NULL)
		return sst_error_nomem(err);
	t->sink = *sink;
	for (i = 0; i < sink->family_count; i++) {
		len = strlen(sink->families[i]);
		if (len < 64)
			t->lengths |= UINT64_C(1) << len;
	}
	*out = t;
	return SST_OK;
}

void
sst_prometheus_text_free(struct sst_prometheus_text **text)
{
	struct sst_prometheus_text *t = *text;

	*text = NULL;
	if (t == NULL)
		return;
	sst_buf_fini(&t->line);
	sst_buf_fini(&t->plain);
	free(t);
}

const char *
sst_prometheus_label(const struct sst_prometheus_sample *sample,
    const char *name, size_t *len_out)
{
	size_t i, len = strlen(name);

	for (i = 0; i < sample->label_count; i++) {
		const struct sst_prometheus_label *l = &sample->labels[i];

		if (l->name_len == len && memcmp(l->name, name, len) == 0) {
			*len_out = l->value_len;
			return l->value;
		}
	}
	return NULL;
}
