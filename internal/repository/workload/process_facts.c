#include "repository/workload/process_facts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "repository/workload/process_read.h"

/* status tells the user within its first lines; the groups of a process can
 * make it 700 KB long. */
enum { STATUS_MAX = 2048, CGROUP_MAX = 64 * 1024, PROGRAM_CHARS = 128 };

static void
fact_begin(struct process_fact *fact)
{
	fact->read = false;
	sst_buf_clear(&fact->text);
}

void
process__facts_begin(
    struct process_facts *facts, int fd, int32_t pid, const char *comm)
{
	facts->fd = fd;
	facts->pid = pid;
	facts->comm = comm;
	facts->trouble = SST_OK;
	facts->uid_read = false;
	fact_begin(&facts->cgroup);
	fact_begin(&facts->cmdline);
	fact_begin(&facts->line);
	fact_begin(&facts->exe);
}

int
process__facts_check(const struct process_facts *facts, struct sst_error *err)
{
	if (facts->trouble == SST_NOMEM)
		return sst_error_nomem(err);
	if (facts->trouble != SST_OK)
		return sst_error_set(
		    err, facts->trouble, "no file descriptor is left");
	return SST_OK;
}

void
process__facts_fini(struct process_facts *facts)
{
	sst_buf_fini(&facts->cgroup.text);
	sst_buf_fini(&facts->cmdline.text);
	sst_buf_fini(&facts->line.text);
	sst_buf_fini(&facts->exe.text);
	sst_buf_fini(&facts->scratch);
	memset(facts, 0, sizeof(*facts));
}

static int
facts_note(struct process_facts *facts, int code)
{
	if (code == SST_NOMEM || code == SST_LIMIT)
		facts->trouble = code;
	return code;
}

static int
facts_read(struct process_facts *facts, const char *file, size_t max,
    struct sst_buf *out)
{
	char name[40];

	snprintf(name, sizeof(name), "%d/%s", (int)facts->pid, file);
	return facts_note(facts, process__read(facts->fd, name, max, out));
}

int
process__facts_uid(struct process_facts *facts, int64_t *out)
{
	if (!facts->uid_read) {
		facts->uid_read = true;
		facts->uid_code = facts_read(
		    facts, "status", STATUS_MAX, &facts->scratch);
		if (facts->uid_code == SST_OK) {
			facts->uid = process__parse_uid(
			    facts->scratch.data, facts->scratch.len);
			if (facts->uid < 0)
				facts->uid_code = SST_SYNTAX;
		}
	}
	if (facts->uid_code == SST_OK)
		*out = facts->uid;
	return facts->uid_code;
}

static const struct process_fact *
facts_file(struct process_facts *facts, struct process_fact *fact,
    const char *file, size_t max)
{
	if (!fact->read) {
		fact->read = true;
		fact->code = facts_read(facts, file, max, &fact->text);
	}
	return fact;
}

const struct process_fact *
process__facts_cgroup(struct process_facts *facts)
{
	return facts_file(facts, &facts->cgroup, "cgroup", CGROUP_MAX);
}

const struct process_fact *
process__facts_cmdline(struct process_facts *facts)
{
	return facts_file(
	    facts, &facts->cmdline, "cmdline", PROCESS_CMDLINE_MAX);
}

const struct process_fact *
process__facts_line(struct process_facts *facts)
{
	const struct process_fact *raw = process__facts_cmdline(facts);
	struct process_fact *line = &facts->line;

	if (line->read)
		return line;
	line->read = true;
	line->code = raw->code;
	if (raw->code == SST_OK) {
		/* so that there is a text, if an empty one */
		sst_buf_add(&line->text, "", 0);
		process__parse_cmdline(
		    raw->text.data, raw->text.len, &line->text);
		if (sst_buf_failed(&line->text))
			line->code = facts_note(facts, SST_NOMEM);
	}
	return line;
}

const struct process_fact *
process__facts_exe(struct process_facts *facts)
{
	struct process_fact *exe = &facts->exe;
	char name[40];

	if (!exe->read) {
		exe->read = true;
		snprintf(name, sizeof(name), "%d/exe", (int)facts->pid);
		exe->code = facts_note(facts,
		    process__read_link(facts->fd, name, &exe->text));
	}
	return exe;
}

void
process__facts_program(struct process_facts *facts, struct sst_buf *out)
{
	const struct process_fact *exe = process__facts_exe(facts);
	struct process_piece name = {facts->comm, strlen(facts->comm)};

	if (exe->code == SST_OK && exe->text.len > 0)
		name = process__base_name(
		    process__parse_exe(exe->text.data, exe->text.len));
	sst_buf_clear(out);
	sst_buf_add(out, "", 0);
	sst_text_clean(name.at, name.len, PROGRAM_CHARS, out);
}
