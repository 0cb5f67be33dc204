#include "kinds.h"

#include "config/option.h"
#include "repository/registry.h"

static void
kinds_print_one(const struct sst_source_ops *ops, struct sst_buf *out)
{
	const char *section = sst_section_name(ops->section);

	sst_buf_addf(
	    out, "\n%s: kind %s\n  %s.\n", section, ops->kind, ops->summary);
	sst_buf_addf(out,
	    "  Collected every %g s, given up after %g s, stale after %g s.\n",
	    (double)ops->interval_ms / 1000, (double)ops->deadline_ms / 1000,
	    (double)ops->max_age_ms / 1000);
	if (ops->option_count > 0)
		sst_buf_adds(out, "  Options:\n");
	sst_options_print_help(ops->options, ops->option_count, out);
}

void
kinds_print(struct sst_buf *out)
{
	const struct sst_source_ops *const *ops;

	sst_buf_adds(out,
	    "Kinds of sources, by the section that they feed. A source is an "
	    "item of\n`sources` in the configuration: name SECTION/INSTANCE, "
	    "kind, options.\n");
	for (ops = sst_registry_all(); *ops != NULL; ops++)
		kinds_print_one(*ops, out);
}
