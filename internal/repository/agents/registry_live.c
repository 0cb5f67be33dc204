/*
 * Agents as a file of intent has them. The file is looked at in every
 * collection and read when it has changed.
 *
 * Somebody may be writing it just then, and half a list is a list, too: so a
 * file that has changed is read when it has looked the same twice,
 * REGISTRY_SETTLE_MS apart. Two versions of the same size within one tick of
 * the file system's clock look the same; therefore it is read again in the
 * next REGISTRY_CONFIRM collections.
 *
 * What cannot be understood leaves the agents as they were, with the source
 * degraded, and never drops one. A file that is not there is a failure: then
 * the framework keeps them, and they get stale.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/entity.h"
#include "repository/agents/agents.h"
#include "repository/agents/registry_file.h"
#include "repository/agents/registry_parse.h"
#include "repository/draft.h"

enum {
	REGISTRY_SETTLE_MS = 200,
	REGISTRY_UNSETTLED_MS = 5000, /* then it is read all the same */
	REGISTRY_CONFIRM = 3,
	REGISTRY_ORIGIN_MAX = 100 /* bytes of its name in error texts */
};

struct registry_settings {
	char *path;
};

/* How far a change of the file is. */
struct registry_change {
	bool seen;
	struct registry_sign sign; /* as it looked last */
	struct sst_mono since;     /* looks so since */
	struct sst_mono first;     /* the change was seen first */
};

struct registry {
	char *path;
	const char *origin; /* end of path */
	bool loaded;        /* agents are those of a file that was in order */
	struct registry_agents agents;
	bool taken; /* a version was read, in order or not: */
	struct registry_sign sign;
	struct sst_hash hash;
	struct sst_error flaw; /* what is wrong with it; SST_OK */
	unsigned confirm;      /* reads that are left to be made */
	struct registry_change change;
};

static bool
registry_valid_path(const char *text)
{
	return text[0] != '\0' && sst_text_is_plain(text, strlen(text));
}

static const struct sst_option registry_options[] = {
    {.name = "path",
	.type = SST_OPTION_STRING,
	.required = true,
	.valid = registry_valid_path,
	.form = "the path of a YAML file",
	.help = "YAML file with the agents there should be; read again when "
		"it changes.",
	.offset = offsetof(struct registry_settings, path)},
};

/* Error texts stand in the document: the name of the file is enough, and a
 * long path would leave no room for what is wrong. */
static const char *
registry_origin(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > REGISTRY_ORIGIN_MAX)
		name += len - REGISTRY_ORIGIN_MAX;
	while (((unsigned char)*name & 0xc0) == 0x80)
		name++;
	return name;
}

static int
registry_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	const struct registry_settings *s = settings;
	struct registry *r = state;

	(void)env;
	if (s->path == NULL || !registry_valid_path(s->path))
		return sst_error_set(
		    err, SST_INVALID, "path: expected the path of a YAML file");
	r->path = strdup(s->path);
	if (r->path == NULL)
		return sst_error_nomem(err);
	r->origin = registry_origin(r->path);
	return SST_OK;
}

/* Takes what was read; what is wrong with it goes to r->flaw. */
static void
registry_take(struct registry *r, const struct sst_buf *bytes)
{
	struct sst_hash hash = sst_hash_bytes(bytes->data, bytes->len);
	struct registry_agents agents = {{NULL, 0}};
	int code;

	if (r->taken && sst_hash_equal(hash, r->hash))
		return;
	r->confirm = REGISTRY_CONFIRM;
	code = registry__parse(
	    r->origin, bytes->data, bytes->len, &agents, &r->flaw);
	/* with the hash noted it would not be tried again */
	r->taken = code != SST_NOMEM;
	r->hash = hash;
	if (code != SST_OK)
		return;
	sst_error_clear(&r->flaw);
	registry__agents_fini(&r->agents);
	r->agents = agents;
	r->loaded = true;
}

static int
registry_load(struct registry *r, struct sst_error *err)
{
	struct sst_buf bytes = SST_BUF_INIT;
	struct registry_sign sign;
	int code;

	code = registry__read(r->path, REGISTRY_FILE_MAX, &bytes, &sign, err);
	if (code == SST_OK) {
		registry_take(r, &bytes);
		r->sign = sign;
		r->change.seen = false;
	}
	sst_buf_fini(&bytes);
	return code;
}

/* True when a file that has changed may be read. */
static bool
registry_settled(
    struct registry *r, const struct registry_sign *sign, struct sst_mono now)
{
	struct registry_change *c = &r->change;

	if (!r->loaded) /* nothing to lose */
		return true;
	if (!c->seen)
		c->first = now;
	if (!c->seen || !registry__sign_same(&c->sign, sign)) {
		c->seen = true;
		c->sign = *sign;
		c->since = now;
	}
	return sst_mono_diff_ms(now, c->since) >= REGISTRY_SETTLE_MS ||
	       sst_mono_diff_ms(now, c->first) >= REGISTRY_UNSETTLED_MS;
}

static int
registry_refresh(struct registry *r, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct registry_sign sign;
	int code = registry__look(r->path, &sign, err);

	if (code != SST_OK) {
		r->change.seen = false;
		return code;
	}
	if (r->taken && registry__sign_same(&sign, &r->sign)) {
		r->change.seen = false;
		if (r->confirm == 0)
			return SST_OK;
		r->confirm--;
		code = registry_load(r, err);
	} else if (registry_settled(r, &sign, req->now)) {
		code = registry_load(r, err);
	} else {
		code = SST_NODATA;
	}
	if (code != SST_NODATA)
		return code;
	/* somebody writes: as it was, and again soon */
	sst_draft_next_in(out, REGISTRY_SETTLE_MS);
	return r->taken ? SST_OK : SST_NODATA;
}

static int
registry_fill(
    const struct registry *r, struct sst_draft *out, struct sst_error *err)
{
	const struct registry_agent *agents = r->agents.list.items;
	size_t i;
	int code;

	for (i = 0; i < r->agents.list.count; i++) {
		code = sst_draft_add(out, registry__entity(&agents[i]), err);
		if (code == SST_LIMIT)
			return SST_OK;
		if (code != SST_OK)
			return code;
	}
	return SST_OK;
}

static int
registry_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct registry *r = state;
	int code = registry_refresh(r, req, out, err);

	if (code != SST_OK)
		return code;
	if (!r->loaded) {
		*err = r->flaw;
		return r->flaw.code;
	}
	if (r->flaw.code != SST_OK)
		sst_draft_degrade(out, r->flaw.code,
		    "%s (agents are as they were before)", r->flaw.text);
	return registry_fill(r, out, err);
}

static void
registry_fini(void *state)
{
	struct registry *r = state;

	registry__agents_fini(&r->agents);
	free(r->path);
	memset(r, 0, sizeof(*r));
}

const struct sst_source_ops sst_agents_registry_ops = {
    .kind = "registry",
    .section = SST_SECTION_AGENTS,
    .summary = "Agents there should be, by a YAML file",
    .rank = 10,
    .options = registry_options,
    .option_count = SST_OPTION_COUNT(registry_options),
    .settings_size = sizeof(struct registry_settings),
    .state_size = sizeof(struct registry),
    .interval_ms = 2000,
    .deadline_ms = 5000,
    .max_age_ms = 10000,
    .init = registry_init,
    .collect = registry_collect,
    .fini = registry_fini,
};
