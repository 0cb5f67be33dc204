#include "sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/option.h"
#include "repository/registry.h"
#include "repository/scenario/mock.h"

static int
sources_find(const struct sst_config_source *source,
    const struct sst_source_ops **out, struct sst_error *err)
{
	struct sst_buf kinds = SST_BUF_INIT;
	enum sst_section_id section;

	section = sst_section_by_name(
	    source->name, strcspn(source->name, "/"));
	if (section == SST_SECTION_COUNT)
		return sst_error_set(err, SST_INVALID,
		    "source %s: the name does not begin with a section",
		    source->name);
	*out = sst_registry_find(section, source->kind);
	if (*out != NULL)
		return SST_OK;
	sst_registry_kinds(section, &kinds);
	sst_error_set(err, SST_INVALID,
	    "source %s: there is no kind '%s' in section %s, only: %s",
	    source->name, source->kind, sst_section_name(section),
	    sst_buf_failed(&kinds) ? "" : kinds.data);
	sst_buf_fini(&kinds);
	return SST_INVALID;
}

static int
sources_add_one(const struct sst_config_source *source,
    struct sst_repository *repository, struct sst_error *err)
{
	struct sst_instance_settings s = {
	    .name = source->name,
	    .group = source->group,
	    .enabled = source->enabled,
	    .interval_ms = (long)source->interval_ms,
	    .deadline_ms = (long)source->deadline_ms,
	    .max_age_ms = (long)source->max_age_ms,
	    .down_after_ms = (long)source->down_after_ms,
	};
	int rc = sources_find(source, &s.ops, err);

	if (rc != SST_OK)
		return rc;
	s.options = calloc(1, s.ops->settings_size + 1);
	if (s.options == NULL)
		return sst_error_nomem(err);
	rc = sst_options_parse(s.ops->options, s.ops->option_count,
	    source->options, s.options, err);
	if (rc != SST_OK) {
		free(s.options);
		return sst_error_prefix(err, "source %s", source->name);
	}
	return sst_repository_add(repository, &s, err);
}

/* All sections from one scenario, at one instant. */
static int
sources_add_mock(const struct sst_config *config, enum sst_section_id section,
    struct sst_repository *repository, struct sst_error *err)
{
	struct sst_instance_settings s = {.group = "mock", .enabled = true};
	struct sst_mock_settings *options = calloc(1, sizeof(*options));
	char name[64];

	snprintf(name, sizeof(name), "%s/mock", sst_section_name(section));
	s.name = name;
	s.ops = sst_registry_find(section, "mock");
	if (options == NULL)
		return sst_error_nomem(err);
	options->scenario = strdup(config->mock.scenario);
	options->seed = config->mock.seed;
	options->speed = config->mock.speed;
	s.options = options;
	if (options->scenario == NULL) {
		free(options);
		return sst_error_nomem(err);
	}
	return sst_repository_add(repository, &s, err);
}

int
sources_add(const struct sst_config *config,
    struct sst_repository *repository, struct sst_error *err)
{
	const struct sst_config_source *sources;
	size_t i, count;
	int rc = SST_OK;

	sources = sst_config_sources(config, &count);
	for (i = 0; rc == SST_OK && i < count; i++)
		rc = sources_add_one(&sources[i], repository, err);
	if (!config->mock.enabled)
		return rc;
	for (i = 0; rc == SST_OK && i < SST_SECTION_COUNT; i++)
		rc = sources_add_mock(
		    config, (enum sst_section_id)i, repository, err);
	return rc;
}

static bool
sources_text_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static bool
sources_one_equal(
    const struct sst_config_source *a, const struct sst_config_source *b)
{
	if ((a->options == NULL) != (b->options == NULL))
		return false;
	return sources_text_equal(a->name, b->name) &&
	    sources_text_equal(a->kind, b->kind) &&
	    sources_text_equal(a->group, b->group) &&
	    a->enabled == b->enabled && a->interval_ms == b->interval_ms &&
	    a->deadline_ms == b->deadline_ms &&
	    a->max_age_ms == b->max_age_ms &&
	    a->down_after_ms == b->down_after_ms &&
	    (a->options == NULL ||
		sst_config_node_equal(a->options, b->options));
}

bool
sources_equal(const struct sst_config *a, const struct sst_config *b)
{
	const struct sst_config_source *x, *y;
	size_t i, n, m;

	x = sst_config_sources(a, &n);
	y = sst_config_sources(b, &m);
	if (n != m || a->mock.enabled != b->mock.enabled ||
	    a->mock.seed != b->mock.seed || a->mock.speed != b->mock.speed ||
	    !sources_text_equal(a->mock.scenario, b->mock.scenario))
		return false;
	for (i = 0; i < n; i++) {
		if (!sources_one_equal(&x[i], &y[i]))
			return false;
	}
	return true;
}
