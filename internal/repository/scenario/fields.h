/*
 * What may stand in a scenario file: tables of members with their types. The
 * entity tables follow schemas/system-state.schema.json member by member (a
 * test compares them); schemas/scenario.schema.json says the same to editors.
 */
#ifndef SST_REPOSITORY_SCENARIO_FIELDS_H
#define SST_REPOSITORY_SCENARIO_FIELDS_H

#include <stddef.h>

#include "model/section.h"

/* Rows and count of a table. */
#define SCN_FIELDS(array) (array), sizeof(array) / sizeof((array)[0])

enum scn_type {
	SCN_NAME,  /* text of 1 to 512 characters */
	SCN_TEXT,  /* text of at most 1024 characters */
	SCN_COUNT, /* integer from 0 */
	SCN_INTEGER,
	SCN_REAL,  /* number from 0 */
	SCN_RATIO, /* number from 0 to 1 */
	SCN_BOOL,
	SCN_TIME,     /* RFC 3339, `now`, or a duration from the instant */
	SCN_DURATION, /* from 0; becomes integer milliseconds */
	SCN_RANGE,    /* "20..60" or "20"; becomes [low, high] */
	SCN_WORD,     /* one of `words` */
	SCN_RAW,      /* any scalar */
	SCN_NAMES,    /* sequence of names */
	SCN_OBJECT,   /* mapping as `shape` */
	SCN_LIST,     /* sequence of such mappings */
	SCN_PRIORITY, /* a word, or a mapping as `shape` */
	SCN_PATH,     /* of `set` and `remove` */
	SCN_ANYTHING  /* checked by the operation itself */
};

enum scn_field_flag {
	SCN_REQUIRED = 1,
	SCN_NULL = 2,   /* null is allowed: unknown */
	SCN_SORTED = 4, /* names are sorted */
	SCN_ID = 8,     /* identifies the entity: cannot be set later */
	SCN_OWNED = 16, /* kept by the task or pod operations: cannot be set */
	SCN_REF = 32    /* names an entity of section `ref` */
};

struct scn_shape;

struct scn_field {
	const char *name;
	enum scn_type type;
	unsigned flags;
	const struct scn_shape *shape;
	const char *const *words; /* NULL-terminated */
	enum sst_section_id ref;
};

struct scn_shape {
	const char *what; /* "an agent" */
	const struct scn_field *fields;
	size_t count;
};

/* Of the entities of a section; static. */
const struct scn_shape *scenario__shape(enum sst_section_id section);
extern const struct scn_shape scenario__priority_shape;

const struct scn_field *
scenario__field(const struct scn_shape *shape, const char *name);

#endif
