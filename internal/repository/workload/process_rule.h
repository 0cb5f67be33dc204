/*
 * Rules that say which process belongs to which deployment. All conditions of
 * a rule must hold; a process belongs to the first rule that does. A condition
 * that cannot be looked at makes the rule undecided for that process: it is
 * then no match, and the count of the rule unknown.
 */
#ifndef SST_REPOSITORY_WORKLOAD_PROCESS_RULE_H
#define SST_REPOSITORY_WORKLOAD_PROCESS_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/option.h"
#include "repository/workload/process_facts.h"
#include "schema/regex.h"

/* What becomes of the descendants of a process that matches. */
enum process_children {
	PROCESS_SUM,   /* they are part of its pod */
	PROCESS_PODS,  /* each is a pod */
	PROCESS_IGNORE /* they count only when they match themselves */
};

/* An item of the option `deployments`. */
struct process_item {
	char *name;
	char *home; /* namespace; NULL: the host's name */
	char *command;
	char *executable;
	char *user;
	char *cgroup;
	char *unit;
	int children;
	int64_t max_pods; /* 0: not known */
	int64_t desired_pods;
	char *pod_max_ram;
	char *pod_max_cpu;
};

/* Why the count of a rule is not known, the worst last. */
enum process_doubt {
	PROCESS_SURE,
	PROCESS_HIDDEN,     /* processes of others are not shown to us */
	PROCESS_UNREADABLE, /* a file of a process that could match */
	PROCESS_EXPLODES,   /* the expression takes too long */
	PROCESS_NO_USER,    /* the user has no number yet */
	PROCESS_TOO_MANY    /* not all processes were looked at */
};

struct process_rule {
	char *name;
	char *home;
	struct regex *command;
	char *executable;
	char *user;
	char *cgroup;
	char *unit;
	enum process_children children;
	int64_t max_pods;
	int64_t desired_pods;
	char *pod_max_ram;
	char *pod_max_cpu;

	int64_t uid; /* of user; -1: not known yet */
	enum process_doubt doubt;
};

struct process_rules {
	struct process_rule *items;
	size_t count;
	struct regex_run run;
};

/* Rows of process_item. */
enum { PROCESS_ITEM_OPTIONS = 12 };
extern const struct sst_option process__item_options[PROCESS_ITEM_OPTIONS];

/* Copies them; process__rules_fini also after a failure. SST_INVALID names the
 * item, SST_NOMEM. */
int process__rules_init(struct process_rules *rules,
    const struct sst_option_items *items, struct sst_error *err);
void process__rules_fini(struct process_rules *rules);

/* Whether a rule names a user whose number is not known. */
bool process__rules_lack_user(const struct process_rules *rules);
/* Looks those up in the bytes of /etc/passwd. */
void process__rules_find_users(
    struct process_rules *rules, const char *passwd, size_t len);

/* Before a collection: no rule is in doubt but for its user. */
void process__rules_begin(struct process_rules *rules);
/*
 * The rule of that process, or -1; marks what cannot be decided, which also
 * *sure_out tells. Then see process__facts_check().
 */
int process__rules_match(struct process_rules *rules,
    struct process_facts *facts, bool *sure_out);
/* Marks the rules that a process of that user (-1: of anybody but us) which
 * nothing else is known of could belong to. */
void process__rules_hide(struct process_rules *rules, int64_t uid);
/* Marks all. */
void process__rules_doubt(struct process_rules *rules, enum process_doubt why);

/* What to tell of the doubt in a rule; fixed text, so that the same doubt is
 * the same document. */
int process__rule_doubt(
    const struct process_rule *rule, char *out, size_t size);

#endif
