/*
 * A file of intent: which agents there should be. Pure functions of bytes.
 *
 *	agents:
 *	  - name: researcher
 *	    description: Reads papers.
 *	    max_parallel_invocations: 4
 *	    deployment_name: agent-researcher
 *	    namespace: agents
 *	    models: [gpt-4o-mini]
 *
 * Only `name` is required. The list is, too: a file that says nothing is most
 * likely half-written; `agents: []` says that there are none.
 */
#ifndef SST_REPOSITORY_AGENTS_REGISTRY_PARSE_H
#define SST_REPOSITORY_AGENTS_REGISTRY_PARSE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/option.h"

enum {
	REGISTRY_FILE_MAX = 10 << 20, /* bytes; 1 KB for each agent */
	REGISTRY_AGENTS_MAX = 10000,  /* ten times the largest fleet we test */
	REGISTRY_VALUES_MAX = 200000, /* 20 for each; bounds aliases, too */
	REGISTRY_MODELS_MAX = 1000,   /* as the schema has it */
	REGISTRY_NAME_MAX = 512       /* likewise */
};

/* Texts are owned; NULL: not given. */
struct registry_agent {
	char *name;
	char *description;
	int64_t max_parallel_invocations; /* -1: not given */
	char *deployment_name;
	char *namespace;
	struct sst_option_list models;
};

struct registry_agents {
	struct sst_option_items list; /* of struct registry_agent */
};

/*
 * origin is what error texts call the file. They begin with ORIGIN:LINE:COLUMN
 * and name member, what was received and what is allowed. Codes of
 * sst_config_doc_parse and sst_options_parse; SST_INVALID also for a name that
 * is given twice. End *out with registry__agents_fini.
 */
int registry__parse(const char *origin, const char *text, size_t len,
    struct registry_agents *out, struct sst_error *err);
/* Accepts zeroed memory; leaves zeroed memory. */
void registry__agents_fini(struct registry_agents *agents);

/* The entity of the document: new, the caller's; NULL when memory ran out. */
json_t *registry__entity(const struct registry_agent *agent);

#endif
