#include "repository/workload/process_rule.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum rule_answer { ANSWER_NO, ANSWER_YES, ANSWER_UNREADABLE, ANSWER_EXPLODES };

/* What could not be read: a process that is over matches nothing. */
static enum rule_answer
answer_of(int code)
{
	return code == SST_GONE ? ANSWER_NO : ANSWER_UNREADABLE;
}

/* A backslash is a letter: systemd writes - in names as \x2d. */
static bool
glob_piece(const char *pattern, struct process_piece piece)
{
	char text[4096];

	if (piece.len >= sizeof(text))
		return false;
	memcpy(text, piece.at, piece.len);
	text[piece.len] = '\0';
	return fnmatch(pattern, text, FNM_NOESCAPE) == 0;
}

static enum rule_answer
ask_user(const struct process_rule *rule, struct process_facts *facts)
{
	int64_t uid;
	int code = process__facts_uid(facts, &uid);

	if (code != SST_OK)
		return answer_of(code);
	return uid == rule->uid ? ANSWER_YES : ANSWER_NO;
}

static bool
unit_matches(const char *pattern, const struct process_piece *path)
{
	struct process_piece unit;
	const size_t suffix = strlen(".service");

	if (!process__parse_unit(path, &unit))
		return false;
	if (glob_piece(pattern, unit))
		return true;
	if (unit.len <= suffix ||
	    memcmp(unit.at + unit.len - suffix, ".service", suffix) != 0)
		return false;
	unit.len -= suffix;
	return glob_piece(pattern, unit);
}

static enum rule_answer
ask_cgroup(const struct process_rule *rule, struct process_facts *facts)
{
	const struct process_fact *fact = process__facts_cgroup(facts);
	bool cgroup = rule->cgroup == NULL, unit = rule->unit == NULL, systemd;
	struct process_piece text, path;

	if (fact->code != SST_OK)
		return answer_of(fact->code);
	text = (struct process_piece){fact->text.data, fact->text.len};
	while (process__next_cgroup(&text, &path, &systemd)) {
		if (!cgroup)
			cgroup = glob_piece(rule->cgroup, path);
		if (!unit && systemd)
			unit = unit_matches(rule->unit, &path);
	}
	return cgroup && unit ? ANSWER_YES : ANSWER_NO;
}

/*
 * The path of a program is shown to those only who may trace the process; then
 * what it was called with must do, which everybody may see.
 */
static enum rule_answer
ask_executable(const struct process_rule *rule, struct process_facts *facts)
{
	const char *pattern = rule->executable;
	struct process_piece name = {facts->comm, strlen(facts->comm)};
	const struct process_fact *fact;
	bool whole = strchr(pattern, '/') != NULL;

	if (!whole && glob_piece(pattern, name))
		return ANSWER_YES;
	fact = process__facts_exe(facts);
	if (fact->code == SST_OK) {
		name = process__parse_exe(fact->text.data, fact->text.len);
	} else {
		fact = process__facts_cmdline(facts);
		if (fact->code != SST_OK)
			return answer_of(fact->code);
		name = process__parse_argv0(fact->text.data, fact->text.len);
	}
	if (!whole)
		name = process__base_name(name);
	return glob_piece(pattern, name) ? ANSWER_YES : ANSWER_NO;
}

static enum rule_answer
ask_command(struct process_rules *rules, const struct process_rule *rule,
    struct process_facts *facts)
{
	const struct process_fact *line = process__facts_line(facts);

	if (line->code != SST_OK)
		return answer_of(line->code);
	switch (schema__regex_match(
	    rule->command, &rules->run, line->text.data, line->text.len)) {
	case REGEX_NO:
		return ANSWER_NO;
	case REGEX_YES:
		return ANSWER_YES;
	case REGEX_GAVE_UP:
		return ANSWER_EXPLODES;
	default:
		facts->trouble = SST_NOMEM;
		return ANSWER_NO;
	}
}

/* In the order of their price; a NO outdoes what cannot be known. */
static enum rule_answer
rule_ask(struct process_rules *rules, const struct process_rule *rule,
    struct process_facts *facts)
{
	enum rule_answer answer = ANSWER_YES, next;
	int step;

	for (step = 0; step < 4 && answer != ANSWER_NO; step++) {
		next = ANSWER_YES;
		if (step == 0 && rule->user != NULL)
			next = ask_user(rule, facts);
		else if (step == 1 && (rule->cgroup || rule->unit))
			next = ask_cgroup(rule, facts);
		else if (step == 2 && rule->executable != NULL)
			next = ask_executable(rule, facts);
		else if (step == 3 && rule->command != NULL)
			next = ask_command(rules, rule, facts);
		if (next == ANSWER_NO || answer == ANSWER_YES)
			answer = next;
	}
	return answer;
}

static void
rule_doubt(struct process_rule *rule, enum process_doubt why)
{
	if (why > rule->doubt)
		rule->doubt = why;
}

int
process__rules_match(
    struct process_rules *rules, struct process_facts *facts, bool *sure_out)
{
	struct process_rule *rule;
	bool sure = true;
	int found = -1;
	size_t i;

	for (i = 0; i < rules->count && found < 0; i++) {
		rule = &rules->items[i];
		if (rule->user != NULL && rule->uid < 0)
			continue; /* told by process__rules_begin() */
		switch (rule_ask(rules, rule, facts)) {
		case ANSWER_NO:
			break;
		case ANSWER_YES:
			found = (int)i;
			break;
		case ANSWER_UNREADABLE:
			rule_doubt(rule, PROCESS_UNREADABLE);
			sure = false;
			break;
		case ANSWER_EXPLODES:
			rule_doubt(rule, PROCESS_EXPLODES);
			sure = false;
			break;
		}
	}
	*sure_out = sure;
	return found;
}

bool
process__rules_lack_user(const struct process_rules *rules)
{
	size_t i;

	for (i = 0; i < rules->count; i++) {
		if (rules->items[i].user != NULL && rules->items[i].uid < 0)
			return true;
	}
	return false;
}

void
process__rules_find_users(
    struct process_rules *rules, const char *passwd, size_t len)
{
	struct process_rule *rule;
	size_t i;

	for (i = 0; i < rules->count; i++) {
		rule = &rules->items[i];
		if (rule->user != NULL && rule->uid < 0)
			rule->uid =
			    process__parse_passwd(passwd, len, rule->user);
	}
}

void
process__rules_begin(struct process_rules *rules)
{
	struct process_rule *rule;
	size_t i;

	for (i = 0; i < rules->count; i++) {
		rule = &rules->items[i];
		rule->doubt = rule->user != NULL && rule->uid < 0
			? PROCESS_NO_USER
			: PROCESS_SURE;
	}
}

void
process__rules_hide(struct process_rules *rules, int64_t uid)
{
	struct process_rule *rule;
	bool could;
	size_t i;

	for (i = 0; i < rules->count; i++) {
		rule = &rules->items[i];
		could = rule->user == NULL ||
		    (uid < 0 ? rule->uid != (int64_t)geteuid()
			     : rule->uid == uid);
		if (could)
			rule_doubt(rule, PROCESS_HIDDEN);
	}
}

void
process__rules_doubt(struct process_rules *rules, enum process_doubt why)
{
	size_t i;

	for (i = 0; i < rules->count; i++)
		rule_doubt(&rules->items[i], why);
}

int
process__rule_doubt(const struct process_rule *rule, char *out, size_t size)
{
	switch (rule->doubt) {
	case PROCESS_HIDDEN:
		snprintf(out, size,
		    "%s: processes of other users are hidden (/proc is "
		    "mounted with hidepid): name the user in the rule, or "
		    "add systated to the group that may see all",
		    rule->name);
		return SST_FORBIDDEN;
	case PROCESS_UNREADABLE:
		snprintf(out, size,
		    "%s: a process that could match may not be looked at",
		    rule->name);
		return SST_FORBIDDEN;
	case PROCESS_EXPLODES:
		snprintf(out, size,
		    "%s: the command expression takes too long on a command "
		    "line",
		    rule->name);
		return SST_LIMIT;
	case PROCESS_NO_USER:
		snprintf(out, size,
		    "%s: user \"%s\" is not in the passwd file: give the uid",
		    rule->name, rule->user);
		return SST_NOT_FOUND;
	case PROCESS_TOO_MANY:
		snprintf(out, size,
		    "%s: more processes than max_processes: the rest is not "
		    "looked at",
		    rule->name);
		return SST_LIMIT;
	default:
		return SST_OK;
	}
}
