/*
 * Which queues a source shows, and how much of them: the settings that all
 * queue sources have, as rows for their option tables. Pure functions.
 */
#ifndef SST_REPOSITORY_QUEUES_PICK_H
#define SST_REPOSITORY_QUEUES_PICK_H

#include <stdbool.h>
#include <stddef.h>

#include "config/option.h"

struct queue_pick {
	char *system; /* value of `system` in its queues */
	struct sst_option_list include; /* patterns; empty: all */
	struct sst_option_list exclude;
};

/* The member of a settings struct with the rows below; max_tasks_per_queue is
 * an int64_t of its own, as not every system can list tasks. */
#define QUEUE_PICK_ROWS(owner, member, fallback_system)                       \
	{.name = "system",                                                    \
	    .type = SST_OPTION_STRING,                                        \
	    .fallback = (fallback_system),                                    \
	    .min = 1,                                                         \
	    .max = 128,                                                       \
	    .help = "Value of `system` in its queues; name each server, "     \
		    "when there are several.",                                \
	    .offset = offsetof(owner, member.system)},                        \
	    {.name = "include",                                               \
		.type = SST_OPTION_LIST,                                      \
		.max = 1000,                                                  \
		.help = "Only queues whose name in the document matches "     \
			"one of these patterns (* and ?); empty: all.",       \
		.offset = offsetof(owner, member.include)},                   \
	{                                                                     \
		.name = "exclude", .type = SST_OPTION_LIST, .max = 1000,      \
		.help = "Not the queues whose name matches one of these "     \
			"patterns.",                                          \
		.offset = offsetof(owner, member.exclude)                     \
	}

#define QUEUE_WINDOW_ROW(owner, member)                                       \
	{                                                                     \
		.name = "max_tasks_per_queue", .type = SST_OPTION_INT,        \
		.fallback = "1000", .min = 0, .max = 100000, .unit = "tasks", \
		.help = "Tasks read of a queue, from its head; what is "      \
			"left out is counted. Bounds the load on the server " \
			"and the size of the document.",                      \
		.offset = offsetof(owner, member)                             \
	}

/* Whether the queue is to be shown. */
bool queue__picked(const struct queue_pick *pick, const char *name);

#endif
