/* Options of the NATS source. */
#ifndef SST_REPOSITORY_QUEUES_NATS_SETTINGS_H
#define SST_REPOSITORY_QUEUES_NATS_SETTINGS_H

#include "config/option.h"
#include "repository/queues/nats_wire.h"
#include "repository/queues/pick.h"
#include "repository/queues/row.h"

struct nats_settings {
	struct sst_option_list monitoring; /* http URLs, one of each server */
	struct nats_access access;
	char *account;
	struct queue_pick pick;
	int64_t window; /* tasks of a queue */
	bool hide_ephemeral;
	bool hide_buckets;
	char *id_header;
	int64_t priority_token; /* word of the subject, from 1; 0: none */
	char *priority_header;
	struct sst_option_list priority_levels; /* "word=level" */
	char *blocked_by_header;
};

enum { NATS_OPTION_COUNT = 25 };
extern const struct sst_option nats__options[NATS_OPTION_COUNT];

/* What no row of the table can say alone. SST_INVALID. */
int nats__settings_check(const struct nats_settings *set, struct sst_error *err);

/* The level of a priority as its producers call it. */
enum queue_level nats__level(
    const struct nats_settings *set, const char *word, size_t len);

#endif
