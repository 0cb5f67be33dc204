/* The option `deployments` of the process source, and its copy. */
#include <stdlib.h>
#include <string.h>

#include "repository/workload/process_rule.h"

static bool
item_valid_regex(const char *text)
{
	return text[0] != '\0' && schema__regex_check(text, strlen(text));
}

static bool
item_valid_user(const char *text)
{
	if (text[0] >= '0' && text[0] <= '9')
		return process__parse_id(text) >= 0;
	return text[0] != '\0' && strpbrk(text, ":\n") == NULL;
}

/* The quantities that make sense here, as Kubernetes writes them. */
static bool
item_valid_quantity(const char *text)
{
	static const char *const suffixes[] = {"", "m", "k", "M", "G", "T",
	    "Ki", "Mi", "Gi", "Ti"};
	size_t whole = strspn(text, "0123456789"), part = 0, i;

	if (whole > 0 && text[whole] == '.')
		part = 1 + strspn(text + whole + 1, "0123456789");
	if (whole == 0 || whole + part > 18 || part == 1)
		return false;
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(text + whole + part, suffixes[i]) == 0)
			return true;
	}
	return false;
}

static const char *const item_children[] = {
    [PROCESS_SUM] = "sum",
    [PROCESS_PODS] = "pods",
    [PROCESS_IGNORE] = "ignore",
    NULL,
};

#define AT(member) offsetof(struct process_item, member)
#define FORM_QUANTITY "a quantity such as 512Mi, 2Gi, 500m, 1.5"

const struct sst_option process__item_options[PROCESS_ITEM_OPTIONS] = {
    {.name = "name",
	.type = SST_OPTION_STRING,
	.required = true,
	.min = 1,
	.max = 253,
	.unit = "bytes",
	.help = "deployment_name of the workload.",
	.offset = AT(name)},
    {.name = "namespace",
	.type = SST_OPTION_STRING,
	.max = 253,
	.unit = "bytes",
	.help = "Its namespace; default: the name of this host.",
	.offset = AT(home)},
    {.name = "command",
	.type = SST_OPTION_STRING,
	.valid = item_valid_regex,
	.form = "a regular expression of ECMA-262, at most 16384 bytes",
	.help = "Regular expression (as JSON Schema's pattern: found "
		"anywhere unless anchored) on the command line, arguments "
		"joined by blanks, the first 64 KiB.",
	.offset = AT(command)},
    {.name = "executable",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.help = "Pattern (* and ?) on the name of the process or of its "
		"program; with a slash, on the program's whole path.",
	.offset = AT(executable)},
    {.name = "user",
	.type = SST_OPTION_STRING,
	.valid = item_valid_user,
	.form = "a user name or a number in quotes",
	.help = "Effective user: a name of /etc/passwd, or a uid in quotes.",
	.offset = AT(user)},
    {.name = "cgroup",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.help = "Pattern (* and ?, * also for slashes) on the cgroup's path "
		"in any hierarchy, such as /user.slice/*.",
	.offset = AT(cgroup)},
    {.name = "unit",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 256,
	.help = "Pattern (* and ?) on the systemd unit, a service or scope, "
		"of the system or of a user; .service may be left out.",
	.offset = AT(unit)},
    {.name = "children",
	.type = SST_OPTION_ENUM,
	.fallback = "sum",
	.names = item_children,
	.help = "Descendants that no other rule claims. sum: added to their "
		"topmost ancestor of this rule, one pod a tree (a server and "
		"its workers). pods: each is a pod. ignore: only those count "
		"that match themselves, each a pod.",
	.offset = AT(children)},
    {.name = "max_pods",
	.type = SST_OPTION_INT,
	.fallback = "0",
	.min = 0,
	.max = 1000000,
	.help = "Pods it may scale to; 0: not known.",
	.offset = AT(max_pods)},
    {.name = "desired_pods",
	.type = SST_OPTION_INT,
	.fallback = "0",
	.min = 0,
	.max = 1000000,
	.help = "Pods that should run; 0: not known.",
	.offset = AT(desired_pods)},
    {.name = "pod_max_ram",
	.type = SST_OPTION_STRING,
	.valid = item_valid_quantity,
	.form = FORM_QUANTITY,
	.help = "Memory that one may take, such as 2Gi, to be shown; nothing "
		"is limited by it.",
	.offset = AT(pod_max_ram)},
    {.name = "pod_max_cpu",
	.type = SST_OPTION_STRING,
	.valid = item_valid_quantity,
	.form = FORM_QUANTITY,
	.help = "Processors that one may take, such as 500m, to be shown.",
	.offset = AT(pod_max_cpu)},
};

static bool
item_copy_text(const char *from, char **to)
{
	if (from == NULL)
		return true;
	*to = strdup(from);
	return *to != NULL;
}

static int
item_copy(const struct process_item *item, struct process_rule *rule,
    struct sst_error *err)
{
	rule->uid = item->user == NULL ? -1 : process__parse_id(item->user);
	rule->children = (enum process_children)item->children;
	rule->max_pods = item->max_pods;
	rule->desired_pods = item->desired_pods;
	if (!item_copy_text(item->name, &rule->name) ||
	    !item_copy_text(item->home, &rule->home) ||
	    !item_copy_text(item->executable, &rule->executable) ||
	    !item_copy_text(item->user, &rule->user) ||
	    !item_copy_text(item->cgroup, &rule->cgroup) ||
	    !item_copy_text(item->unit, &rule->unit) ||
	    !item_copy_text(item->pod_max_ram, &rule->pod_max_ram) ||
	    !item_copy_text(item->pod_max_cpu, &rule->pod_max_cpu))
		return sst_error_nomem(err);
	if (item->command == NULL)
		return SST_OK;
	return schema__regex_new(
	    item->command, strlen(item->command), &rule->command, err);
}

static bool
item_same_home(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int
item_check(const struct process_item *items, size_t at, struct sst_error *err)
{
	const struct process_item *item = &items[at];
	size_t i;

	if (item->command == NULL && item->executable == NULL &&
	    item->user == NULL && item->cgroup == NULL && item->unit == NULL)
		return sst_error_set(err, SST_INVALID,
		    "deployments[%zu]: needs command, executable, user, "
		    "cgroup or unit, or it would match every process",
		    at);
	for (i = 0; i < at; i++) {
		if (strcmp(items[i].name, item->name) == 0 &&
		    item_same_home(items[i].home, item->home))
			return sst_error_set(err, SST_INVALID,
			    "deployments[%zu].name: \"%s\" is there twice", at,
			    item->name);
	}
	return SST_OK;
}

int
process__rules_init(struct process_rules *rules,
    const struct sst_option_items *items, struct sst_error *err)
{
	const struct process_item *all = items->items;
	int code = SST_OK;

	if (items->count == 0)
		return sst_error_set(err, SST_INVALID,
		    "deployments: at least one is needed");
	rules->items = calloc(items->count, sizeof(*rules->items));
	if (rules->items == NULL)
		return sst_error_nomem(err);
	while (code == SST_OK && rules->count < items->count) {
		code = item_check(all, rules->count, err);
		if (code != SST_OK)
			break;
		rules->count++;
		code = item_copy(&all[rules->count - 1],
		    &rules->items[rules->count - 1], err);
	}
	return code;
}

static void
item_free(struct process_rule *rule)
{
	free(rule->name);
	free(rule->home);
	schema__regex_free(rule->command);
	free(rule->executable);
	free(rule->user);
	free(rule->cgroup);
	free(rule->unit);
	free(rule->pod_max_ram);
	free(rule->pod_max_cpu);
}

void
process__rules_fini(struct process_rules *rules)
{
	size_t i;

	for (i = 0; i < rules->count; i++)
		item_free(&rules->items[i]);
	free(rules->items);
	schema__regex_run_fini(&rules->run);
	memset(rules, 0, sizeof(*rules));
}
