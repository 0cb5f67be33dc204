#include "repository/workload/process_parse.h"

#include <string.h>

#include "base/text.h"

/* PF_KTHREAD of the kernel's include/linux/sched.h. */
enum { FLAG_KERNEL_THREAD = 0x00200000 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number at *p, which moves behind it; false: none, or too large. */
static bool
read_number(const char **p, const char *end, uint64_t *out)
{
	uint64_t value = 0;
	const char *at = *p;
	unsigned digit;

	for (; at < end && is_digit(*at); at++) {
		digit = (unsigned)(*at - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (at == *p)
		return false;
	*p = at;
	*out = value;
	return true;
}

/* The same with a sign and a bound. */
static bool
read_signed(const char **p, const char *end, int64_t *out)
{
	const char *at = *p;
	bool minus = at < end && *at == '-';
	uint64_t value;

	at += minus;
	if (!read_number(&at, end, &value) || value > INT64_MAX)
		return false;
	*p = at;
	*out = minus ? -(int64_t)value : (int64_t)value;
	return true;
}

/* Fields of stat by their numbers in proc(5). */
enum {
	FIELD_PPID = 4,
	FIELD_FLAGS = 9,
	FIELD_UTIME = 14,
	FIELD_STIME = 15,
	FIELD_THREADS = 20,
	FIELD_START = 22,
	FIELD_RSS = 24,
	FIELD_NEEDED = FIELD_RSS, /* those behind are missing in old kernels */
	FIELD_STACK = 28,
	FIELD_ARGS = 48,
	FIELD_EXIT = 52
};

/* False: not a number of that field. */
static bool
stat_field(
    struct process_stat *s, int field, const char **p, const char *end)
{
	uint64_t n = 0;
	int64_t i = 0;
	bool minus = *p < end && **p == '-';

	if (minus ? !read_signed(p, end, &i) : !read_number(p, end, &n))
		return false;
	if (!minus)
		i = n > INT64_MAX ? INT64_MAX : (int64_t)n;
	switch (field) {
	case FIELD_PPID:
		s->ppid = (int32_t)i;
		return i >= 0 && i <= INT32_MAX;
	case FIELD_FLAGS:
		s->kernel = (n & FLAG_KERNEL_THREAD) != 0;
		return true;
	case FIELD_UTIME:
	case FIELD_STIME:
		s->ticks += n;
		return !minus;
	case FIELD_THREADS:
		s->threads = i;
		return true;
	case FIELD_START:
		s->start = n;
		return !minus;
	case FIELD_RSS: /* the kernel's counters may be below 0 for a moment */
		s->rss_pages = n;
		return true;
	case FIELD_STACK:
		s->exec_stack = n;
		return true;
	case FIELD_ARGS:
		s->exec_args = n;
		return true;
	case FIELD_EXIT:
		s->exit_code = (int)(i & 0xffff);
		return true;
	default:
		return true;
	}
}

static bool
stat_fields(struct process_stat *s, const char *p, const char *end)
{
	int field;

	for (field = FIELD_PPID; field <= FIELD_EXIT; field++) {
		if (p == end || *p == '\n')
			break;
		if (*p++ != ' ' || !stat_field(s, field, &p, end))
			return false;
	}
	return field > FIELD_NEEDED;
}

/* "PID (" at the start; the name may hold anything, so it ends at the last
 * parenthesis. */
static const char *
stat_name(struct process_stat *s, const char *bytes, const char *end)
{
	const char *p = bytes, *close;
	uint64_t pid;
	size_t len;

	if (!read_number(&p, end, &pid) || pid == 0 || pid > INT32_MAX ||
	    end - p < 2 || p[0] != ' ' || p[1] != '(')
		return NULL;
	s->pid = (int32_t)pid;
	p += 2;
	close = memrchr(p, ')', (size_t)(end - p));
	if (close == NULL)
		return NULL;
	len = (size_t)(close - p);
	if (len >= sizeof(s->comm))
		len = sizeof(s->comm) - 1;
	memcpy(s->comm, p, len);
	return close + 1;
}

int
process__parse_stat(const char *bytes, size_t len, struct process_stat *out,
    struct sst_error *err)
{
	struct process_stat s = {0};
	const char *end = bytes + len, *p;

	p = stat_name(&s, bytes, end);
	if (p == NULL)
		return sst_error_set(
		    err, SST_SYNTAX, "does not begin with a number and a name");
	if (end - p < 2 || p[0] != ' ')
		return sst_error_set(err, SST_SYNTAX, "has no state");
	s.state = p[1];
	if (!stat_fields(&s, p + 2, end))
		return sst_error_set(err, SST_SYNTAX,
		    "a field up to the %dth is missing or no number",
		    FIELD_NEEDED);
	*out = s;
	return SST_OK;
}

/* The next line, without its end; false at the end of the text. */
static bool
next_line(struct process_piece *text, struct process_piece *out)
{
	const char *end;

	if (text->len == 0)
		return false;
	end = memchr(text->at, '\n', text->len);
	out->at = text->at;
	out->len = end == NULL ? text->len : (size_t)(end - text->at);
	text->at += out->len + (end != NULL);
	text->len -= out->len + (end != NULL);
	return true;
}

static bool
has_prefix(const struct process_piece *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return line->len >= len && memcmp(line->at, prefix, len) == 0;
}

/* "cpu  1 2 3 ...": the first eight; guest time is in user time already. */
static uint64_t
host_ticks(const struct process_piece *line)
{
	const char *p = line->at + 3, *end = line->at + line->len;
	uint64_t sum = 0, value;
	int i;

	for (i = 0; i < 8; i++) {
		while (p < end && *p == ' ')
			p++;
		if (!read_number(&p, end, &value))
			break;
		sum += value;
	}
	return sum;
}

int
process__parse_host(const char *bytes, size_t len, struct process_host *out,
    struct sst_error *err)
{
	struct process_piece text = {bytes, len}, line;
	struct process_host host = {.boot_s = -1};
	const char *p;

	while (next_line(&text, &line)) {
		if (has_prefix(&line, "cpu ")) {
			host.cpu_ticks = host_ticks(&line);
		} else if (has_prefix(&line, "cpu")) {
			host.cpu_count++;
		} else if (has_prefix(&line, "btime ")) {
			p = line.at + strlen("btime ");
			if (!read_signed(&p, line.at + line.len, &host.boot_s))
				break;
		}
	}
	/* so that adding to it cannot overflow */
	if (host.boot_s < 0 || host.boot_s > INT64_C(253402300799))
		return sst_error_set(err, SST_SYNTAX,
		    "stat does not tell when the system began (btime)");
	*out = host;
	return SST_OK;
}

int64_t
process__parse_uid(const char *bytes, size_t len)
{
	struct process_piece text = {bytes, len}, line;
	const char *p, *end;
	uint64_t uid;
	int i;

	while (next_line(&text, &line)) {
		if (!has_prefix(&line, "Uid:"))
			continue;
		p = line.at + strlen("Uid:");
		end = line.at + line.len;
		for (i = 0; i < 2; i++) { /* real, effective */
			if (p == end || *p++ != '\t' ||
			    !read_number(&p, end, &uid) || uid > UINT32_MAX)
				return -1;
		}
		return (int64_t)uid;
	}
	return -1;
}

bool
process__next_cgroup(struct process_piece *text, struct process_piece *out,
    bool *systemd_out)
{
	struct process_piece line;
	const char *first, *second, *end;
	size_t names;

	while (next_line(text, &line)) {
		end = line.at + line.len;
		first = memchr(line.at, ':', line.len);
		if (first == NULL)
			continue;
		first++;
		second = memchr(first, ':', (size_t)(end - first));
		if (second == NULL)
			continue;
		names = (size_t)(second - first);
		out->at = second + 1;
		out->len = (size_t)(end - out->at);
		*systemd_out = names == 0 ||
		    (names == strlen("name=systemd") &&
			memcmp(first, "name=systemd", names) == 0);
		return true;
	}
	return false;
}

static bool
has_suffix(const struct process_piece *piece, const char *suffix)
{
	size_t len = strlen(suffix);

	return piece->len > len &&
	    memcmp(piece->at + piece->len - len, suffix, len) == 0;
}

bool
process__parse_unit(
    const struct process_piece *path, struct process_piece *out)
{
	struct process_piece rest = *path, part;

	while (rest.len > 0) {
		part = process__base_name(rest);
		if (has_suffix(&part, ".service") ||
		    has_suffix(&part, ".scope")) {
			*out = part;
			return true;
		}
		rest.len -= part.len;
		rest.len -= rest.len > 0; /* the slash */
	}
	return false;
}

void
process__parse_cmdline(const char *bytes, size_t len, struct sst_buf *out)
{
	struct sst_buf line = SST_BUF_INIT;
	size_t i;

	while (len > 0 && (bytes[len - 1] == '\0' || bytes[len - 1] == ' '))
		len--;
	sst_buf_add(&line, bytes, len);
	for (i = 0; i < line.len; i++) {
		if (line.data[i] == '\0')
			line.data[i] = ' ';
	}
	if (sst_buf_failed(&line))
		out->failed = true;
	else
		sst_text_clean(line.data, line.len, 0, out);
	sst_buf_fini(&line);
}

struct process_piece
process__parse_argv0(const char *bytes, size_t len)
{
	return (struct process_piece){bytes, len > 0 ? strnlen(bytes, len) : 0};
}

struct process_piece
process__parse_exe(const char *bytes, size_t len)
{
	struct process_piece path = {bytes, len};

	if (has_suffix(&path, " (deleted)"))
		path.len -= strlen(" (deleted)");
	return path;
}

struct process_piece
process__base_name(struct process_piece path)
{
	const char *slash =
	    path.len > 0 ? memrchr(path.at, '/', path.len) : NULL;

	if (slash == NULL)
		return path;
	path.len -= (size_t)(slash + 1 - path.at);
	path.at = slash + 1;
	return path;
}

int64_t
process__parse_passwd(const char *bytes, size_t len, const char *user)
{
	struct process_piece text = {bytes, len}, line;
	size_t name_len = strlen(user);
	const char *p, *end;
	uint64_t uid;

	while (next_line(&text, &line)) {
		if (line.len <= name_len || line.at[name_len] != ':' ||
		    memcmp(line.at, user, name_len) != 0)
			continue;
		end = line.at + line.len;
		p = line.at + name_len + 1;
		p = memchr(p, ':', (size_t)(end - p));
		if (p == NULL)
			continue;
		p++;
		if (read_number(&p, end, &uid) && uid <= UINT32_MAX &&
		    p < end && *p == ':')
			return (int64_t)uid;
	}
	return -1;
}

int64_t
process__parse_id(const char *text)
{
	const char *end = text + strlen(text);
	uint64_t value;

	if (text[0] == '0' && text[1] != '\0')
		return -1;
	if (!read_number(&text, end, &value) || text != end ||
	    value > UINT32_MAX)
		return -1;
	return (int64_t)value;
}
