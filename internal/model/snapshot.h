/*
 * A snapshot: the whole document at one revision. A value: made once, encoded
 * once a representation, never changed; freed with its last reference.
 */
#ifndef SST_MODEL_SNAPSHOT_H
#define SST_MODEL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/ref.h"
#include "model/body.h"
#include "model/section.h"
#include "model/shape.h"

/* Version of schemas/system-state.schema.json that is written. */
#define SST_SCHEMA_VERSION "1.1"

/* How a section stands in the document. */
enum sst_presence {
	SST_ABSENT,  /* no source configured: member left out */
	SST_UNKNOWN, /* configured, never answered: null */
	SST_KNOWN
};

enum sst_view {
	SST_VIEW_FULL,
	SST_VIEW_BASE,  /* members of the base contract only */
	SST_VIEW_KEYED, /* full, with objects by key in place of arrays */
	SST_VIEW_COUNT
};

/* What of a snapshot, and how: picks one representation. */
struct sst_projection {
	enum sst_view view;
	unsigned sections; /* bit n: section n; SST_SECTIONS_ALL for all */
	bool pretty;       /* indented by two spaces, ends in a newline */
	enum sst_coding coding;
};

enum { SST_SECTIONS_ALL = (1 << SST_SECTION_COUNT) - 1 };

struct sst_snapshot_cache;

struct sst_snapshot {
	struct sst_ref ref;
	char *id; /* of the system */
	/* It was made by: another one when it was read back from the past. */
	char schema_version[16];
	char epoch[17];
	uint64_t revision;
	struct sst_wall captured_at;
	const struct sst_shape *shape; /* of the document; borrowed */
	struct sst_section *sources; /* SST_SECTION_SOURCES; never NULL */
	enum sst_presence presence[SST_SECTION_COUNT];
	struct sst_section *sections[SST_SECTION_COUNT]; /* NULL: not known */
	struct sst_hash content; /* all but epoch, revision, captured_at */
	struct sst_snapshot_cache *cache; /* representations; has a lock */
};

struct sst_snapshot *sst_snapshot_acquire(struct sst_snapshot *snapshot);
void sst_snapshot_release(struct sst_snapshot **snapshot);

/*
 * The bytes of one representation of the whole document: made on first use,
 * kept as long as the snapshot. The same projection always gives the same
 * body. The caller releases *out. Any thread; blocks only while another thread
 * makes the same representation. SST_NOMEM, SST_INTERNAL (compression).
 */
int sst_snapshot_body(struct sst_snapshot *snapshot,
    const struct sst_projection *projection, struct sst_body **out,
    struct sst_error *err);

/*
 * One section as a JSON array (projection->sections is ignored). SST_NODATA
 * when it is unknown, SST_NOT_FOUND when it is not configured. Kept like the
 * whole document.
 */
int sst_snapshot_section_body(struct sst_snapshot *snapshot,
    enum sst_section_id id, const struct sst_projection *projection,
    struct sst_body **out, struct sst_error *err);

/* An entity of a snapshot; borrowed from it. */
struct sst_entity_ref {
	enum sst_section_id section;
	const struct sst_entity *entity;
};

/* One entity as a JSON object; made anew for each call. SST_NOMEM,
 * SST_INTERNAL (compression). */
int sst_snapshot_entity_body(struct sst_snapshot *snapshot,
    struct sst_entity_ref ref, const struct sst_projection *projection,
    struct sst_body **out, struct sst_error *err);

#endif
