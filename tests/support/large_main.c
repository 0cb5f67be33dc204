/*
 * Prints a large world as JSON: {"agents": [...], "workload": ..., ...}.
 * usage: large_main large-S|large-M|large-L [STEP [CHURN [SEED]]]
 * Entities are valid against the schema: `source` and dates are filled in as
 * the service would. Dates count back from 2026-01-01T00:00:00Z.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "repository/scenario/large.h"

static const int64_t base_ms = INT64_C(1767225600000);

static const char *const stamp_parents[SST_SECTION_COUNT] = {
    [SST_SECTION_AGENTS] = "activity",
    [SST_SECTION_WORKLOAD] = "live",
};

/* What the framework adds: the source, and when the entity last changed. */
static void
print_finish(json_t *entity, enum sst_section_id section, int64_t step)
{
	const char *name = sst_section_name(section);
	json_t *holder = entity;
	char text[SST_TIME_TEXT];

	json_object_set_new(entity, "source", json_sprintf("%s/mock", name));
	if (section == SST_SECTION_LITELLM)
		return;
	if (stamp_parents[section] != NULL)
		holder = json_object_get(entity, stamp_parents[section]);
	sst_time_format_utc(base_ms + step * 1000, false, text);
	json_object_set_new(holder, "updated_at", json_string(text));
}

/* The latest step, up to `step`, at which the entity changed. */
static int64_t
print_changed(const struct sst_large *large, enum sst_section_id section,
    size_t i, int64_t step)
{
	uint64_t now = sst_large_state(large, section, i, step);

	while (large->churn > 0.0 && step > 0 &&
	       sst_large_state(large, section, i, step - 1) == now)
		step--;
	return large->churn > 0.0 ? step : 0;
}

static int
print_section(
    const struct sst_large *large, enum sst_section_id section, int64_t step)
{
	size_t i, n = sst_large_count(large, section);
	json_t *entity;

	printf("\"%s\":[", sst_section_name(section));
	for (i = 0; i < n; i++) {
		entity = sst_large_entity(large, section, i, step);
		if (entity == NULL)
			return -1;
		print_finish(
		    entity, section, print_changed(large, section, i, step));
		if (i > 0)
			putchar(',');
		json_dumpf(entity, stdout, JSON_COMPACT);
		json_decref(entity);
	}
	putchar(']');
	return 0;
}

int
main(int argc, char **argv)
{
	struct sst_large large;
	int64_t step = argc > 2 ? strtoll(argv[2], NULL, 10) : 0;
	int i;

	if (argc < 2 || argc > 5 || step < 0 ||
	    !sst_large_sizes(argv[1], &large)) {
		fputs("usage: large_main large-S|large-M|large-L "
		      "[STEP [CHURN [SEED]]]\n",
		    stderr);
		return 2;
	}
	large.churn = argc > 3 ? strtod(argv[3], NULL) : 0.0;
	large.seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	large.base.ms = base_ms;
	for (i = 0; i < SST_SECTION_COUNT; i++) {
		putchar(i == 0 ? '{' : ',');
		if (print_section(&large, (enum sst_section_id)i, step) != 0)
			return 1;
	}
	puts("}");
	return ferror(stdout) || fflush(stdout) != 0;
}
