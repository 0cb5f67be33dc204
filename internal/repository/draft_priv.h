/* Shared by the draft_*.c files only. */
#ifndef SST_REPOSITORY_DRAFT_PRIV_H
#define SST_REPOSITORY_DRAFT_PRIV_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/encode.h"
#include "repository/harvest.h"
#include "repository/siblings.h"

/* The children of the entity being added; memory kept between entities. */
struct draft_children {
	struct sst_entity **entities; /* sorted; one reference each */
	size_t count;
	size_t cap;
	struct sst_former former;   /* those of the predecessor */
	struct sst_key_table twins;
	/* what one child is compared and made with */
	struct sst_buf key;
	struct sst_buf json;
};

struct sst_draft {
	struct sst_draft_settings settings;
	const struct sst_contract_section *how;
	struct sst_entity **entities; /* in the order added */
	size_t count;
	size_t cap;
	size_t total; /* with children */
	size_t rejected;
	char first_reject[SST_ERROR_TEXT];
	struct sst_error flaw;
	size_t guess; /* where in the previous harvest the next one may be */
	long next_ms;
	char now[25];
	struct sst_buf json;
	struct sst_buf key;
	struct sst_buf order;
	struct draft_children kids;
	bool open;                   /* children are handed over one by one */
	struct sst_entity *former;   /* of the open one, borrowed; NULL: none */
	char *upstream; /* encoded; NULL: not told */
	size_t upstream_len;
};

int draft__compare_bytes(
    const char *a, size_t a_len, const char *b, size_t b_len);

/*
 * Joins the identity members of the object into key. False, with the entity
 * rejected, when one is not a string or holds a control character; false with
 * key failed when memory ran out.
 */
bool draft__key(struct sst_draft *d, const struct sst_shape *shape,
    const json_t *object, struct sst_buf *key);

/* Text hygiene of every string below; -1 when memory ran out. */
int draft__clean(const struct sst_shape *shape, json_t *object);

/* "/queues/rabbitmq/agent.tasks" and, with child_key, "/tasks/ID". */
void draft__where(const struct sst_draft *d, const struct sst_buf *child_key,
    char *out, size_t size);
/* Rejects value at `where` with the validator's first sentence. */
void draft__explain(struct sst_draft *d, const struct sst_schema *schema,
    const json_t *value, const char *where);
/* Rejects a second entity of one key; parent NULL: at the top. */
void draft__twin(struct sst_draft *d, const struct sst_entity *twin,
    const struct sst_buf *parent_key);

/* Forgets the children of the last entity; previous: the predecessor. */
void draft__children_begin(
    struct sst_draft *d, const struct sst_entity *previous);
/* Takes the child array out of entity, its items into d->kids, after those that
 * were handed over. */
int draft__children_take(
    struct sst_draft *d, json_t *entity, struct sst_error *err);
bool draft__children_same(
    const struct draft_children *kids, const struct sst_entity *previous);
void draft__children_fini(struct draft_children *kids);

#endif
