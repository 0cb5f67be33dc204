/* Shared by the diff*.c files only. */
#ifndef SST_SERVICE_DIFF_PRIV_H
#define SST_SERVICE_DIFF_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "service/diff.h"
#include "service/fields.h"

/* Section of a place that is the document itself. */
enum { DIFF_SYSTEM = SST_SECTION_SOURCES + 1, DIFF_SECTIONS };

/* Where an agent keeps the tasks it works on. */
#define DIFF_ACTIVITY "activity"
#define DIFF_ACTIVE "active_task_ids"

/*
 * Where a row points to, in one of both snapshots: a section (entity NULL), an
 * entity, a child of it, or a task among the active ones of an agent.
 */
struct diff_place {
	unsigned section; /* enum sst_section_id, or DIFF_SYSTEM */
	uint32_t index;   /* of the entity in its section */
	uint32_t item;    /* of the child, or of the active task */
	const struct sst_entity *entity;
	const struct sst_entity *child;
	struct fields_span active; /* the task; absent: it is none */
};

struct diff_field {
	size_t name; /* offset into names */
	uint32_t name_len;
	bool dropped; /* told by a move */
	struct fields_span from;
	struct fields_span to;
};

struct diff_row {
	enum sst_diff_op op;
	bool dropped;           /* told by a move */
	struct diff_place from; /* not set: added */
	struct diff_place to;   /* not set: removed */
	uint32_t field;         /* the first of its fields */
	uint32_t field_count;   /* with dropped ones */
};

struct sst_diff {
	struct sst_snapshot *from;
	struct sst_snapshot *to;
	struct diff_row *rows;
	size_t row_count;
	size_t row_cap;
	struct diff_field *fields;
	size_t field_count;
	size_t field_cap;
	struct sst_buf names; /* of fields */
	struct sst_buf ids;   /* of both systems, as JSON */
	/* By section; sources included. */
	const struct sst_shape *shapes[SST_SECTION_COUNT + 1];
	const struct sst_member *children[SST_SECTION_COUNT + 1];
	const struct sst_shape *active; /* of an agent's active task */
};

/* A task that came to a place or left it. */
struct diff_occurrence {
	struct sst_hash id;
	bool came;
	bool is_row;     /* the row says nothing but this */
	uint32_t row;    /* that one, or the one it is told after */
	uint32_t field;  /* of the row, that says so; FIELDS_NONE: none */
	uint32_t origin; /* of one that came: where it left, or FIELDS_NONE */
	struct diff_place place;
};

/* While a diff is made. */
struct diff_build {
	struct sst_diff *diff;
	struct diff_occurrence *tasks;
	size_t task_count;
	size_t task_cap;
	/* Of the row that is being made. */
	struct diff_place from;
	struct diff_place to;
	struct sst_buf path; /* name of the field, as far as known */
	struct sst_buf text;
	struct sst_error *err;
};

/* Room for one more of that size; NULL: memory ran out. */
void *diff__grow(void *list, size_t count, size_t *cap, size_t size);

/* Appends the fields in which two texts of that shape differ. SST_NOMEM. */
int diff__fields(struct diff_build *b, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to);
/* The same for two shapes: members that both have. */
int diff__fields_common(struct diff_build *b, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to);
/* Appends one field. SST_NOMEM. */
int diff__field(struct diff_build *b, const char *name, struct fields_span from,
    struct fields_span to);

/* Notes that a task came to, or left, a place. SST_NOMEM. */
int diff__occur_child(
    struct diff_build *b, const struct diff_place *place, bool came);
int diff__occur_active(struct diff_build *b, const struct diff_place *place,
    const struct fields_item *item, uint32_t field, bool came);
/* All tasks of an entity that came or left whole. */
int diff__occur_all(
    struct diff_build *b, const struct diff_place *place, bool came);
/* Turns what was noted into rows. SST_NOMEM. */
int diff__moves(struct diff_build *b);

/* What a row is told about: where it is, or was. */
const struct diff_place *diff__place(const struct diff_row *row);
/* "agents", ...; "" of the document. */
const char *diff__section_name(unsigned section);
void diff__write_key(const struct sst_diff *diff,
    const struct diff_place *place, struct sst_buf *out);
void diff__write_path(const struct sst_diff *diff,
    const struct diff_place *place, struct sst_buf *out);
/* Last part of the key, as it is. */
void diff__write_name(const struct diff_place *place, struct sst_buf *out);
/* The whole key for people: parts as they are, joined by '/'. */
void diff__write_label(const struct sst_entity *entity, struct sst_buf *out);
/* Entities of a section that is known on one side, of a row about its
 * presence; false: on neither. */
bool diff__section_size(
    const struct sst_diff *diff, const struct diff_row *row, size_t *out);
bool diff__passes(const struct sst_diff *diff, const struct diff_row *row,
    const struct sst_diff_filter *filter);

/* {"added":..,"by_section":{..}} */
void diff__write_summary(const struct sst_diff *diff,
    const struct sst_diff_filter *filter, struct sst_buf *out);

#endif
