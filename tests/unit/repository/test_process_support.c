#include "test_process_support.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/workload/workload.h"

struct subject process_subject;
json_t *process_tree;
static char tree_root[256];

const char *
tree_path(void)
{
	return tree_root;
}

static void
tree_name(char *out, size_t size, const char *name)
{
	ck_assert_int_lt(snprintf(out, size, "%s/%s", tree_root, name), size);
}

void
tree_write(const char *name, const void *bytes, size_t len)
{
	char path[512];
	int fd;

	tree_name(path, sizeof(path), name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(write(fd, bytes, len), len);
	close(fd);
}

void
tree_text(const char *name, const char *text)
{
	tree_write(name, text, strlen(text));
}

static int
tree_unlink(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
tree_remove(const char *name)
{
	char path[512];

	tree_name(path, sizeof(path), name);
	nftw(path, tree_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

void
tree_kill(int pid)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", pid);
	tree_remove(name);
}

static void
tree_folder(const char *name)
{
	char path[512];

	tree_name(path, sizeof(path), name);
	mkdir(path, 0755);
}

void
tree_setup(void)
{
	const struct fake first = {
	    .pid = 1, .comm = "init", .start = 1, .ppid = -1};
	const char *tmp = getenv("TMPDIR");

	snprintf(tree_root, sizeof(tree_root), "%s/sst-proc-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(tree_root));
	chmod(tree_root, 0755);
	tree_folder("sys");
	tree_folder("sys/kernel");
	tree_text("sys/kernel/hostname", "desk\n");
	tree_text("stat", "cpu  9 9\nintr 1 2 3\nbtime 1767000000\n");
	tree_text("passwd", "root:x:0:0::/:/bin/sh\nann:x:1234:1::/:\n");
	tree_put(&first);
	subject_init(&process_subject, &sst_process_ops);
	process_tree = NULL;
}

void
tree_teardown(void)
{
	json_decref(process_tree);
	subject_fini(&process_subject);
	tree_remove("");
}

static void
tree_put_stat(const struct fake *f)
{
	char name[32], text[512];

	snprintf(name, sizeof(name), "%d/stat", f->pid);
	snprintf(text, sizeof(text),
	    "%d (%s) %c %d %d %d 0 -1 %u 1 2 3 4 %llu %llu 7000 8000 20 0 %d 0 "
	    "%llu 1000000 %llu 18446744073709551615 1 2 %llu 0 0 0 0 0 0 0 0 0 "
	    "17 0 0 0 0 0 0 0 0 0 %llu 0 0 0 0\n",
	    f->pid, f->comm != NULL ? f->comm : "python3",
	    f->state != 0 ? f->state : 'S',
	    f->ppid < 0 ? 0 : f->ppid == 0 ? 1 : f->ppid, f->pid, f->pid,
	    f->flags, (unsigned long long)(f->ticks - f->ticks / 3),
	    (unsigned long long)(f->ticks / 3), f->threads > 0 ? f->threads : 1,
	    (unsigned long long)(f->start > 0 ? f->start
					      : 1000 + (uint64_t)f->pid),
	    (unsigned long long)((f->rss_mib > 0 ? f->rss_mib : 100) *
		1048576 / (uint64_t)sysconf(_SC_PAGESIZE)),
	    (unsigned long long)(140000000000000 + f->exec),
	    (unsigned long long)(140000000001000 + f->exec));
	tree_text(name, text);
}

static void
tree_put_args(const struct fake *f)
{
	const char *args = f->args != NULL ? f->args
	    : f->comm != NULL		   ? f->comm
					   : "python3";
	char name[32], text[4096];
	size_t i, len = strlen(args);

	ck_assert_uint_lt(len, sizeof(text));
	for (i = 0; i <= len; i++)
		text[i] = (char)(args[i] == ' ' ? '\0' : args[i]);
	snprintf(name, sizeof(name), "%d/cmdline", f->pid);
	tree_write(name, text, len > 0 ? len + 1 : 0);
}

void
tree_put(const struct fake *f)
{
	char name[64], text[512];

	snprintf(name, sizeof(name), "%d", f->pid);
	tree_folder(name);
	tree_put_stat(f);
	tree_put_args(f);
	snprintf(name, sizeof(name), "%d/status", f->pid);
	snprintf(text, sizeof(text), "Name:\tx\nUid:\t7\t%u\t7\t7\nGid:\t0\n",
	    f->uid);
	tree_text(name, text);
	snprintf(name, sizeof(name), "%d/cgroup", f->pid);
	tree_text(name, f->cgroup != NULL ? f->cgroup : "0::/init.scope\n");
	snprintf(name, sizeof(name), "%d/exe", f->pid);
	tree_name(text, sizeof(text), name);
	unlink(text);
	if (f->exe != NULL)
		ck_assert_int_eq(symlink(f->exe, text), 0);
}

int
tree_try(const char *deployments, const char *more)
{
	char yaml[8192];

	snprintf(yaml, sizeof(yaml),
	    "{proc_path: '%s', passwd_path: '%s/passwd', deployments: [%s]%s}",
	    tree_root, tree_root, deployments, more);
	return subject_open(&process_subject, yaml);
}

void
tree_open(const char *deployments, const char *more)
{
	ck_assert_msg(tree_try(deployments, more) == SST_OK, "%s",
	    process_subject.err.text);
}

const struct sst_error *
tree_collect(void)
{
	int code = subject_collect(&process_subject);

	ck_assert_msg(code == SST_OK, "%s: %s", sst_code_name(code),
	    process_subject.err.text);
	json_decref(process_tree);
	process_tree = subject_tree(&process_subject);
	return &process_subject.harvest->flaw;
}

void
tree_collect_whole(void)
{
	const struct sst_error *flaw = tree_collect();

	ck_assert_msg(flaw->code == SST_OK, "%s", flaw->text);
	ck_assert_uint_eq(process_subject.harvest->rejected, 0);
}

void
tree_wait(int64_t seconds)
{
	fake_clock_advance(&process_subject.hands, seconds * 1000);
}

const json_t *
tree_rule(const char *name)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(process_tree, i, rule)
	{
		if (strcmp(json_string_value(
			       json_object_get(rule, "deployment_name")),
			name) == 0)
			return rule;
	}
	ck_abort_msg("no deployment %s", name);
	return NULL;
}

long
tree_active(const char *name)
{
	const json_t *active = json_object_get(
	    json_object_get(tree_rule(name), "live"), "active_pods");

	ck_assert_ptr_nonnull(active);
	return json_is_null(active) ? -1 : (long)json_integer_value(active);
}

size_t
tree_count(const char *name)
{
	return json_array_size(json_object_get(tree_rule(name), "pods"));
}

const json_t *
tree_pod(const char *name, int pid)
{
	const json_t *pod;
	char prefix[16];
	size_t i;

	snprintf(prefix, sizeof(prefix), "%d-", pid);
	json_array_foreach(json_object_get(tree_rule(name), "pods"), i, pod)
	{
		if (strncmp(json_string_value(json_object_get(pod, "pod_id")),
			prefix, strlen(prefix)) == 0)
			return pod;
	}
	return NULL;
}

const json_t *
tree_of(const char *name, int pid, const char *member)
{
	const json_t *pod = tree_pod(name, pid), *value;

	ck_assert_msg(pod != NULL, "%s has no pod %d", name, pid);
	value = json_object_get(pod, member);
	ck_assert_msg(value != NULL, "a pod has no %s", member);
	return value;
}

const char *
tree_word(const char *name, int pid, const char *member)
{
	const json_t *value = tree_of(name, pid, member);

	return json_is_null(value) ? "null" : json_string_value(value);
}

double
tree_number(const char *name, int pid, const char *member)
{
	const json_t *value = tree_of(name, pid, member);

	return json_is_null(value) ? -1 : json_number_value(value);
}
