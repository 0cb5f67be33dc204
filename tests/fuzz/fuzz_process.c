/* fuzz-libs: sst_workload */
/* fuzz-corpus: mocks/upstreams/proc/desk/1213 mocks/upstreams/proc/desk/1401 */

/*
 * Any bytes in place of the files of /proc: no crash, and what is told of them
 * lies inside of them and is text. And any parents: every process is in one
 * pod or none, and what stands for a pod is in it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repository/workload/process_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(const struct process_piece *piece, const char *bytes, size_t size)
{
	if (piece->len > 0 &&
	    (piece->at < bytes || piece->at + piece->len > bytes + size))
		abort();
}

static void
fuzz_stat(const char *bytes, size_t size)
{
	struct process_stat stat = {0};
	struct process_host host = {0};
	struct sst_error err;
	int code;

	code = process__parse_stat(bytes, size, &stat, &err);
	if (code == SST_OK &&
	    (stat.pid <= 0 || stat.ppid < 0 ||
		memchr(stat.comm, '\0', sizeof(stat.comm)) == NULL))
		abort();
	if (code != SST_OK && (stat.pid != 0 || err.text[0] == '\0'))
		abort();
	code = process__parse_host(bytes, size, &host, &err);
	if (code == SST_OK && host.boot_s < 0)
		abort();
}

static void
fuzz_cgroup(const char *bytes, size_t size)
{
	struct process_piece text = {bytes, size}, path, unit;
	bool systemd;

	while (process__next_cgroup(&text, &path, &systemd)) {
		inside(&path, bytes, size);
		inside(&text, bytes, size);
		if (!process__parse_unit(&path, &unit))
			continue;
		inside(&unit, path.at, path.len);
		if (unit.len <= strlen(".scope") ||
		    memchr(unit.at, '/', unit.len) != NULL)
			abort();
	}
	if (text.len != 0)
		abort();
}

static void
fuzz_cmdline(const char *bytes, size_t size)
{
	struct process_piece piece = process__parse_argv0(bytes, size);
	struct sst_buf line = SST_BUF_INIT;

	inside(&piece, bytes, size);
	piece = process__base_name(process__parse_exe(bytes, size));
	inside(&piece, bytes, size);
	sst_buf_add(&line, "", 0);
	process__parse_cmdline(bytes, size, &line);
	if (sst_buf_failed(&line) ||
	    !sst_text_utf8_valid(line.data, line.len) ||
	    !sst_text_is_plain(line.data, line.len))
		abort();
	sst_buf_fini(&line);
}

enum { TREE_BYTES = 4, TREE_MAX = 512 };

static void
tree_check(const struct process_rules *rules, const struct process_look *look)
{
	const struct process_entry *e, *head;
	size_t i;

	for (i = 0; i < look->count; i++) {
		e = &look->items[i];
		if ((e->group < 0) != (e->head == PROCESS_NONE) ||
		    e->group >= (int)rules->count || e->group < -1)
			abort();
		if (e->rule >= 0 && e->group != e->rule)
			abort();
		if (e->head == PROCESS_NONE)
			continue;
		if (e->head >= look->count)
			abort();
		head = &look->items[e->head];
		if (head->group != e->group || head->head != e->head)
			abort();
		if (e->head != i &&
		    rules->items[e->group].children != PROCESS_SUM)
			abort();
	}
}

static void
fuzz_tree(const uint8_t *data, size_t size)
{
	static struct process_rule items[] = {{.children = PROCESS_SUM},
	    {.children = PROCESS_PODS}, {.children = PROCESS_IGNORE}};
	const struct process_rules rules = {.items = items, .count = 3};
	static struct process_entry entries[TREE_MAX];
	struct process_look look = {.items = entries};
	struct process_entry *e;
	int32_t pid = 0;

	for (; size >= TREE_BYTES && look.count < TREE_MAX;
	     data += TREE_BYTES, size -= TREE_BYTES) {
		e = &entries[look.count++];
		memset(e, 0, sizeof(*e));
		pid += 1 + (data[0] & 3);
		e->pid = pid;
		e->ppid = data[1];
		e->start = data[2] / 32;
		e->rule = data[3] % 8 < 3 ? data[3] % 8 : -1;
		e->head = PROCESS_NONE;
	}
	process__group(&rules, &look);
	tree_check(&rules, &look);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	char *text;

	fuzz_stat(bytes, size);
	fuzz_cgroup(bytes, size);
	fuzz_cmdline(bytes, size);
	fuzz_tree(data, size);
	if (process__parse_uid(bytes, size) < -1 ||
	    process__parse_passwd(bytes, size, "ann") < -1)
		abort();
	text = strndup(bytes, size);
	if (text == NULL || process__parse_id(text) < -1)
		abort();
	free(text);
	return 0;
}
