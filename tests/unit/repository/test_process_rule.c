/* Which process belongs to which deployment, and to which pod. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_process_support.h"

#define DESK SST_SOURCE_DIR "/mocks/upstreams/proc/desk"

static void
put(int pid, int ppid, const char *comm, const char *args)
{
	const struct fake f = {
	    .pid = pid, .ppid = ppid, .comm = comm, .args = args};

	tree_put(&f);
}

START_TEST(the_first_rule_counts)
{
	put(10, 0, "python3", "python3 planner.py");
	put(11, 0, "python3", "python3 worker.py");
	put(12, 0, "bash", "bash");
	tree_open("{name: plan, command: planner},"
		  "{name: all, executable: python3},"
		  "{name: none, command: '^ruby '}",
	    "");
	tree_collect_whole();
	ck_assert_uint_eq(json_array_size(process_tree), 3);
	ck_assert_int_eq(tree_active("plan"), 1);
	ck_assert_int_eq(tree_active("all"), 1);
	ck_assert_ptr_nonnull(tree_pod("plan", 10));
	ck_assert_ptr_nonnull(tree_pod("all", 11));
	/* observed empty, not unknown */
	ck_assert_int_eq(tree_active("none"), 0);
	ck_assert_uint_eq(tree_count("none"), 0);
}
END_TEST

START_TEST(all_that_a_rule_says_is_told)
{
	const json_t *rule;

	put(10, 0, "python3", "python3 planner.py");
	tree_open("{name: plan, command: planner, namespace: home, max_pods: "
		  "4, desired_pods: 2, pod_max_ram: 2Gi, pod_max_cpu: 500m},"
		  "{name: bare, command: nothing}",
	    "");
	tree_collect_whole();
	rule = tree_rule("plan");
	ck_assert_str_eq(
	    json_string_value(json_object_get(rule, "namespace")), "home");
	ck_assert_str_eq(
	    json_string_value(json_object_get(rule, "kind")), "Process");
	ck_assert_int_eq(
	    json_integer_value(json_object_get(rule, "max_pods")), 4);
	ck_assert_str_eq(
	    json_string_value(json_object_get(rule, "max_pods_source")),
	    "config");
	ck_assert_str_eq(
	    json_string_value(json_object_get(rule, "pod_max_ram")), "2Gi");
	ck_assert_str_eq(
	    json_string_value(json_object_get(rule, "pod_limits_source")),
	    "config");
	ck_assert_int_eq(json_integer_value(json_object_get(
			     json_object_get(rule, "live"), "desired_pods")),
	    2);
	rule = tree_rule("bare");
	ck_assert_str_eq(
	    json_string_value(json_object_get(rule, "namespace")), "desk");
	ck_assert(json_is_null(json_object_get(rule, "max_pods")));
	ck_assert(json_is_null(json_object_get(rule, "pod_max_ram")));
	ck_assert_ptr_null(json_object_get(rule, "pod_limits_source"));
	ck_assert_str_eq(tree_word("plan", 10, "node"), "desk");
}
END_TEST

START_TEST(all_conditions_must_hold)
{
	const struct fake mine = {.pid = 20, .uid = 1234, .args = "python3 a"};
	const struct fake other = {.pid = 21, .uid = 99, .args = "python3 a"};
	const struct fake b = {.pid = 22, .uid = 1234, .args = "python3 b"};

	tree_put(&mine);
	tree_put(&other);
	tree_put(&b);
	tree_open("{name: a, user: ann, executable: 'py*', command: ' a$'}", "");
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("a"), 1);
	ck_assert_ptr_nonnull(tree_pod("a", 20));
}
END_TEST

/* What a process calls itself may hold any byte. */
START_TEST(command_lines_of_any_bytes)
{
	static const char odd[] = "python3\0-c\0import x\nrun( )\0\xff\xfe end";

	put(30, 0, "a) b (c) R 1", "odd");
	tree_write("30/cmdline", odd, sizeof(odd));
	put(31, 0, "x\ny\xff", "");
	tree_open("{name: odd, command: 'import x run\\( \\) \xef\xbf\xbd+ end$'},"
		  "{name: kids, executable: 'a) b (c) R 1'},"
		  "{name: y, executable: 'x*'}",
	    "");
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("odd"), 1);
	ck_assert_uint_eq(tree_count("kids"), 0);
	ck_assert_uint_eq(tree_count("y"), 1);
}
END_TEST

START_TEST(only_the_first_64_kib)
{
	size_t len = 300000;
	char *bytes = malloc(len);

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, 'x', len);
	memcpy(bytes + 65000, "near", 4);
	memcpy(bytes + len - 4, "far", 4);
	put(30, 0, "java", "");
	tree_write("30/cmdline", bytes, len);
	put(31, 0, "java", "");
	tree_write("31/cmdline", bytes, len);
	free(bytes);
	tree_open("{name: far, command: far}, {name: near, command: near}", "");
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("far"), 0);
	ck_assert_uint_eq(tree_count("near"), 2);
}
END_TEST

START_TEST(executables)
{
	const struct fake node = {.pid = 40,
	    .comm = "MainThread",
	    .args = "node x.js",
	    .exe = "/opt/agents/bin/node"};
	const struct fake gone = {
	    .pid = 41, .comm = "w", .exe = "/opt/agents/run (deleted)"};
	/* the link of somebody else's process cannot be read */
	const struct fake other = {
	    .pid = 42, .comm = "titled", .args = "/usr/sbin/agentd -x"};

	tree_put(&node);
	tree_put(&gone);
	tree_put(&other);
	tree_open("{name: node, executable: node},"
		  "{name: path, executable: '/opt/*/run'},"
		  "{name: argv, executable: 'agent?'}",
	    "");
	tree_collect_whole();
	ck_assert_ptr_nonnull(tree_pod("node", 40));
	ck_assert_ptr_nonnull(tree_pod("path", 41));
	ck_assert_ptr_nonnull(tree_pod("argv", 42));
	ck_assert_str_eq(json_string_value(json_array_get(
			     json_object_get(tree_rule("node"), "images"), 0)),
	    "node");
	ck_assert_str_eq(json_string_value(json_array_get(
			     json_object_get(tree_rule("path"), "images"), 0)),
	    "run");
	ck_assert_str_eq(json_string_value(json_array_get(
			     json_object_get(tree_rule("argv"), "images"), 0)),
	    "titled");
}
END_TEST

START_TEST(programs_are_told_once_and_in_order)
{
	const json_t *images;
	const struct fake z = {.pid = 40, .comm = "zed", .exe = "/bin/zed"};
	const struct fake a = {.pid = 41, .comm = "zed", .exe = "/bin/ack"};
	const struct fake b = {.pid = 42, .comm = "zed", .exe = "/usr/bin/zed"};

	tree_put(&z);
	tree_put(&a);
	tree_put(&b);
	tree_open("{name: z, executable: zed}, {name: n, executable: n}", "");
	tree_collect_whole();
	images = json_object_get(tree_rule("z"), "images");
	ck_assert_uint_eq(json_array_size(images), 2);
	ck_assert_str_eq(json_string_value(json_array_get(images, 0)), "ack");
	ck_assert_str_eq(json_string_value(json_array_get(images, 1)), "zed");
	ck_assert_uint_eq(
	    json_array_size(json_object_get(tree_rule("n"), "images")), 0);
}
END_TEST

START_TEST(users_by_name_and_number)
{
	const struct fake ann = {.pid = 50, .uid = 1234};
	const struct fake root = {.pid = 51, .uid = 0, .comm = "cron"};
	const struct fake high = {.pid = 52, .uid = 4000000000};

	tree_put(&ann);
	tree_put(&root);
	tree_put(&high);
	tree_open("{name: ann, user: ann}, {name: high, user: '4000000000'},"
		  "{name: root, user: root, executable: cron}",
	    "");
	tree_collect_whole();
	ck_assert_ptr_nonnull(tree_pod("ann", 50));
	ck_assert_ptr_nonnull(tree_pod("high", 52));
	ck_assert_ptr_nonnull(tree_pod("root", 51));
	ck_assert_uint_eq(tree_count("root"), 1);
}
END_TEST

/* Not known is not none, and becomes known without a restart. */
START_TEST(a_user_who_is_not_there_yet)
{
	const struct fake bob = {.pid = 50, .uid = 77};
	const struct sst_error *flaw;

	tree_put(&bob);
	tree_open("{name: bob, user: bob}", "");
	flaw = tree_collect();
	ck_assert_int_eq(flaw->code, SST_NOT_FOUND);
	ck_assert_str_eq(flaw->text,
	    "bob: user \"bob\" is not in the passwd file: give the uid");
	ck_assert_int_eq(tree_active("bob"), -1);
	tree_text("passwd", "bobby:x:1:\nbob:x:77:0::/:/bin/sh\n");
	tree_wait(5);
	tree_collect_whole();
	ck_assert_int_eq(tree_active("bob"), 1);
	tree_remove("passwd");
	tree_open("{name: bob, user: bob}", "");
	ck_assert_int_eq(tree_collect()->code, SST_NOT_FOUND);
}
END_TEST

START_TEST(cgroups_and_units)
{
	const struct fake v1 = {.pid = 60,
	    .cgroup = "4:memory:/batch/job:7\n1:name=systemd:/user.slice/"
		      "user-1000.slice/user@1000.service/app.slice/"
		      "planner\\x2dagent.service\n0::/\n"};
	const struct fake v2 = {.pid = 61,
	    .cgroup = "0::/system.slice/agentd@2.service/payload\n"};
	const struct fake scope = {
	    .pid = 62, .cgroup = "0::/system.slice/docker-ab12.scope\n"};
	/* only the systemd hierarchy knows units */
	const struct fake fool = {
	    .pid = 63, .cgroup = "3:cpu:/agentd@9.service\n0::/x\n"};

	tree_put(&v1);
	tree_put(&v2);
	tree_put(&scope);
	tree_put(&fool);
	tree_open("{name: unit, unit: 'planner\\x2dagent'},"
		  "{name: agentd, unit: 'agentd@*.service'},"
		  "{name: docker, unit: 'docker-*'},"
		  "{name: cpu, cgroup: '/agentd@9*'}",
	    "");
	tree_collect_whole();
	ck_assert_ptr_nonnull(tree_pod("unit", 60));
	ck_assert_ptr_nonnull(tree_pod("agentd", 61));
	ck_assert_uint_eq(tree_count("agentd"), 1);
	ck_assert_ptr_nonnull(tree_pod("docker", 62));
	ck_assert_ptr_nonnull(tree_pod("cpu", 63));
	tree_open("{name: batch, cgroup: '/batch/*', unit: 'planner*'}", "");
	tree_collect_whole();
	ck_assert_ptr_nonnull(tree_pod("batch", 60));
	ck_assert_uint_eq(tree_count("batch"), 1);
}
END_TEST

/* A server and its workers are one pod, wrappers and helpers too. */
START_TEST(a_tree_is_a_pod)
{
	put(70, 0, "npm", "npm run agents");
	put(71, 70, "sh", "sh -c node server.js");
	put(72, 71, "node", "node server.js");
	put(73, 72, "git", "git fetch");
	put(80, 0, "gunicorn", "gunicorn app:app");
	put(81, 80, "gunicorn", "gunicorn app:app");
	put(82, 80, "gunicorn", "gunicorn app:app");
	put(83, 0, "gunicorn", "gunicorn app:app");
	tree_open("{name: node, command: server\\.js},"
		  "{name: web, executable: gunicorn}",
	    "");
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("node"), 1);
	ck_assert_ptr_nonnull(tree_pod("node", 71));
	ck_assert_double_eq(tree_number("node", 71, "memory"), 300);
	ck_assert_uint_eq(tree_count("web"), 2);
	ck_assert_double_eq(tree_number("web", 80, "memory"), 300);
	ck_assert_double_eq(tree_number("web", 83, "memory"), 100);
	ck_assert_double_eq(
	    tree_number("web", 83, "memory_bytes"), 100.0 * 1048576);
}
END_TEST

static void
put_crew(void)
{
	put(70, 0, "boss", "boss");
	put(71, 70, "boss", "boss worker");
	put(72, 70, "git", "git fetch");
	put(73, 72, "ssh", "ssh host");
	put(74, 73, "other", "other");
	put(75, 74, "boss", "boss inner");
	put(76, 74, "sed", "sed");
}

START_TEST(children_as_told)
{
	put_crew();
	tree_open("{name: boss, executable: boss}, {name: o, command: other}", "");
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("boss"), 2);
	ck_assert_double_eq(tree_number("boss", 70, "memory"), 400);
	ck_assert_double_eq(tree_number("boss", 75, "memory"), 100);
	ck_assert_double_eq(tree_number("o", 74, "memory"), 200);
	tree_open("{name: boss, executable: boss, children: pods},"
		  "{name: o, command: other}",
	    "");
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("boss"), 5);
	ck_assert_ptr_nonnull(tree_pod("boss", 73));
	ck_assert_double_eq(tree_number("o", 74, "memory"), 200);
	tree_open("{name: boss, executable: boss, children: ignore},"
		  "{name: o, command: other, children: ignore}",
	    "");
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("boss"), 3);
	ck_assert_uint_eq(tree_count("o"), 1);
	ck_assert_double_eq(tree_number("o", 74, "memory"), 100);
}
END_TEST

/* Parents are looked at at other moments than their children. */
START_TEST(parents_that_contradict)
{
	const struct fake young = {
	    .pid = 90, .comm = "boss", .start = 900000};
	const struct fake old = {.pid = 91, .ppid = 90, .start = 100};

	tree_put(&young);
	tree_put(&old);
	put(92, 93, "loop", "loop");
	put(93, 92, "loop", "loop");
	put(94, 93, "tail", "tail");
	put(95, 95, "self", "self");
	put(96, 4711, "orphan", "orphan");
	tree_open("{name: boss, executable: boss}, {name: l, executable: loop},"
		  "{name: s, executable: self}, {name: o, executable: orphan}",
	    "");
	tree_collect_whole();
	ck_assert_double_eq(tree_number("boss", 90, "memory"), 100);
	ck_assert_uint_ge(tree_count("l"), 1);
	ck_assert_uint_eq(tree_count("s"), 1);
	ck_assert_uint_eq(tree_count("o"), 1);
}
END_TEST

START_TEST(kernel_threads_are_no_processes)
{
	const struct fake thread = {.pid = 3,
	    .ppid = 2,
	    .comm = "kworker/0:1-events_power_efficient",
	    .args = "",
	    .flags = 0x00200040};

	tree_put(&thread);
	put(10, 0, "kworker", "kworker");
	tree_open("{name: k, executable: 'kworker*'}", "");
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("k"), 1);
	ck_assert_ptr_nonnull(tree_pod("k", 10));
}
END_TEST

/* Arguments hold tokens and passwords. */
START_TEST(no_command_line_is_told)
{
	const struct fake f = {.pid = 10,
	    .comm = "python3",
	    .args = "python3 agent.py --token hunter2xyz",
	    .exe = "/usr/bin/python3.11"};
	char *text;

	tree_put(&f);
	tree_open("{name: a, command: 'hunter2'}", "");
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("a"), 1);
	text = subject_json(&process_subject);
	ck_assert_ptr_null(strstr(text, "hunter2"));
	ck_assert_ptr_null(strstr(text, "agent.py"));
	ck_assert_ptr_nonnull(strstr(text, "python3.11"));
	free(text);
}
END_TEST

START_TEST(options_are_checked)
{
	static const struct {
		const char *deployments, *text;
	} cases[] = {
	    {"", "deployments"},
	    {"{command: x}", "name"},
	    {"{name: a}", "deployments[0]: needs command, executable, user"},
	    {"{name: a, children: sum}", "deployments[0]: needs command"},
	    {"{name: a, command: '('}", "regular expression"},
	    {"{name: a, command: ''}", "regular expression"},
	    {"{name: a, user: 'a:b'}", "user name"},
	    {"{name: a, user: '007'}", "user name"},
	    {"{name: a, user: 7}", "quotes"},
	    {"{name: a, user: root, children: some}", "children"},
	    {"{name: a, user: root, pod_max_ram: lots}", "quantity"},
	    {"{name: a, user: root, pod_max_ram: 2GB}", "quantity"},
	    {"{name: a, user: root, pod_max_cpu: '1.'}", "quantity"},
	    {"{name: a, user: root, max_pods: -1}", "max_pods"},
	    {"{name: a, user: root}, {name: a, command: x}",
		"deployments[1].name: \"a\" is there twice"},
	    {"{name: a, user: root, namespace: n},"
	     "{name: a, command: x, namespace: n}",
		"is there twice"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(tree_try(cases[i].deployments, "") < 0,
		    "taken: %s", cases[i].deployments);
		ck_assert_msg(strstr(process_subject.err.text,
				  cases[i].text) != NULL,
		    "%s: %s", cases[i].deployments, process_subject.err.text);
	}
	tree_open("{name: a, user: '0', pod_max_ram: '1.5', pod_max_cpu: 2k},"
		  "{name: a, user: root, namespace: other}",
	    "");
}
END_TEST

/* The tree of mocks/upstreams/proc. */
START_TEST(a_whole_laptop)
{
	char yaml[1024], *text;

	snprintf(yaml, sizeof(yaml),
	    "{proc_path: %s, passwd_path: %s/passwd, deployments: ["
	    "{name: agents, unit: agents},"
	    "{name: workers, command: 'agents\\.worker', user: ann},"
	    "{name: dead, executable: python3, children: ignore},"
	    "{name: web, executable: nginx, children: pods},"
	    "{name: kernel, executable: 'kworker*'}]}",
	    DESK, DESK);
	ck_assert_msg(subject_open(&process_subject, yaml) == SST_OK, "%s",
	    process_subject.err.text);
	tree_collect_whole();
	/* npm, its shell and node */
	ck_assert_uint_eq(tree_count("agents"), 1);
	ck_assert_double_eq_tol(tree_number("agents", 1200, "memory"),
	    (18000 + 240 + 31000) / 256.0, 0.01);
	ck_assert_uint_eq(tree_count("workers"), 2);
	ck_assert_double_eq_tol(tree_number("workers", 1301, "memory"),
	    (52000 + 1500) / 256.0, 0.01);
	ck_assert_str_eq(tree_word("workers", 1300, "started_at"),
	    "2025-12-31T17:08:20Z");
	ck_assert_uint_eq(tree_count("dead"), 1);
	ck_assert_str_eq(tree_word("dead", 1340, "status"), "Zombie");
	ck_assert_uint_eq(tree_count("web"), 2);
	ck_assert_uint_eq(tree_count("kernel"), 0);
	text = subject_json(&process_subject);
	ck_assert_ptr_null(strstr(text, "sk-not"));
	ck_assert_ptr_null(strstr(text, "--"));
	free(text);
}
END_TEST

TCase *
process_rule_case(void)
{
	TCase *tc = tcase_create("rules");

	tcase_add_checked_fixture(tc, tree_setup, tree_teardown);
	tcase_add_test(tc, the_first_rule_counts);
	tcase_add_test(tc, all_that_a_rule_says_is_told);
	tcase_add_test(tc, all_conditions_must_hold);
	tcase_add_test(tc, command_lines_of_any_bytes);
	tcase_add_test(tc, only_the_first_64_kib);
	tcase_add_test(tc, executables);
	tcase_add_test(tc, programs_are_told_once_and_in_order);
	tcase_add_test(tc, users_by_name_and_number);
	tcase_add_test(tc, a_user_who_is_not_there_yet);
	tcase_add_test(tc, cgroups_and_units);
	tcase_add_test(tc, a_tree_is_a_pod);
	tcase_add_test(tc, children_as_told);
	tcase_add_test(tc, parents_that_contradict);
	tcase_add_test(tc, kernel_threads_are_no_processes);
	tcase_add_test(tc, no_command_line_is_told);
	tcase_add_test(tc, options_are_checked);
	tcase_add_test(tc, a_whole_laptop);
	return tc;
}
