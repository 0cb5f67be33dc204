/*
 * From YAML nodes to templates: JSON values in which times and numbered texts
 * are still open, to be closed at an instant. Templates are immutable.
 */
#ifndef SST_REPOSITORY_SCENARIO_READ_H
#define SST_REPOSITORY_SCENARIO_READ_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "repository/scenario/fields.h"
#include "repository/scenario/node.h"

struct sst_scenario;

struct scn_reader {
	const struct scn_doc *doc;
	/* Entities that SCN_REF fields must name; NULL: not checked. */
	const struct sst_scenario *plan;
	struct sst_error *err;
};

/* SST_INVALID names line, column and path; SST_NOMEM. */
int scenario__read(const struct scn_reader *reader, const struct scn_node *node,
    const struct scn_field *field, json_t **out);
int scenario__read_object(const struct scn_reader *reader,
    const struct scn_node *node, const struct scn_shape *shape, json_t **out);

/* The instant for which a template is closed. */
struct scn_moment {
	int64_t at;      /* scenario ms since the start, over all rounds */
	int64_t wall_ms; /* the same as wall time */
	double speed;    /* scenario time per real time */
	uint64_t n;      /* number of the occurrence, from `first` */
	uint64_t round;  /* from 0 */
	uint64_t stream; /* see random.h; free to be drawn from */
};

/* Wall time of an offset from the moment: what lies ahead comes as fast as
 * the scenario runs, what lies behind is told as written. */
int64_t scenario__wall(const struct scn_moment *moment, int64_t offset_ms);

/* A new value with everything closed; NULL when memory ran out. */
json_t *
scenario__close(const json_t *template, const struct scn_moment *moment);

#endif
