#include "repository/queues/pick.h"

#include <fnmatch.h>

static bool
pick_matches(const struct sst_option_list *patterns, const char *name)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		if (fnmatch(patterns->items[i], name, 0) == 0)
			return true;
	}
	return false;
}

bool
queue__picked(const struct queue_pick *pick, const char *name)
{
	if (pick->include.count > 0 && !pick_matches(&pick->include, name))
		return false;
	return !pick_matches(&pick->exclude, name);
}
