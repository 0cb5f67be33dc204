/*
 * What a source fills during collect: the entities of its slice.
 *
 * Each entity is cleaned (text bounds, control characters, secrets), compared
 * with the last good one of the same key, dated, validated against the schema
 * and encoded as it is added, then its tree is dropped: only one tree is alive
 * at a time. An entity that does not conform is left out and counted, which
 * makes the source degraded, and collection goes on.
 *
 * A draft belongs to the thread that runs collect.
 */
#ifndef SST_REPOSITORY_DRAFT_H
#define SST_REPOSITORY_DRAFT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sst_draft;

/*
 * Adds one entity of the section, shaped as in schemas/system-state.schema.json
 * with its child array (tasks, pods) inline; members in any order. `source` and
 * a missing or null changed-at time (updated_at) are filled in. Takes over the
 * reference, also on failure.
 *
 * 0 also when the entity was left out because it does not conform or its key
 * is already there. SST_NOMEM, SST_LIMIT (max_entities_per_source: the rest of
 * the slice is left out and reported; stop adding).
 */
int sst_draft_add(struct sst_draft *draft, json_t *entity,
    struct sst_error *err);

/*
 * Adds the last good entity of that key again, unchanged and unchecked, for
 * sources that know from their own stream that nothing changed. parts are the
 * identity members in schema order. SST_NOT_FOUND when there is none.
 */
int sst_draft_keep(struct sst_draft *draft, const char *const *parts,
    size_t part_count, struct sst_error *err);

/*
 * Begins an entity whose children are handed over one by one instead of in its
 * array: only one tree is alive at a time, and those that are as they were need
 * none. identity: an object with the identity members; the next
 * sst_draft_add() must add the entity of the same identity, without children of
 * its own. One that is never added is forgotten with the next one. SST_NOMEM.
 */
int sst_draft_open(struct sst_draft *draft, const json_t *identity,
    struct sst_error *err);
/*
 * Hands over a child, shaped as in the schema. Takes over the reference, also
 * on failure. mark: a hash of all that the tree was made of, which the caller
 * may ask for in the next collection; 0: it will not. SST_NOMEM.
 */
int sst_draft_child(struct sst_draft *draft, json_t *child, uint64_t mark,
    struct sst_error *err);
/* Hands over the last good child of that key, when it bears that mark, not 0:
 * then it would be made, and checked, to the same bytes. False: there is none.
 */
bool sst_draft_child_same(struct sst_draft *draft, const char *key,
    size_t key_len, uint64_t mark);

/*
 * Counts something the parser had to leave out; pointer (RFC 6901, into the
 * upstream answer) and reason of the first one are shown in sources[].error.
 */
void sst_draft_reject(struct sst_draft *draft, const char *pointer,
    const char *reason);
/* How much was left out so far, by the source and by the draft. What was left
 * out of an entity is not told again when it is kept. */
size_t sst_draft_rejected(const struct sst_draft *draft);

/*
 * The result is usable but not whole: status degraded with this code. The
 * first one stays.
 */
void sst_draft_degrade(struct sst_draft *draft, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * What the source knows of the system it reads as a whole: an object as in
 * `#/$defs/upstream` of the schema, shown as sources[].upstream. Takes over
 * the reference, also on failure; the last one counts, and without any the
 * member is absent. One that does not conform is counted as left out.
 * SST_NOMEM.
 */
int sst_draft_upstream(struct sst_draft *draft, json_t *upstream,
    struct sst_error *err);

/*
 * Asks for another collection no earlier than ms from now (Retry-After, a
 * timeline's next event); the framework takes it within its own bounds.
 */
void sst_draft_next_in(struct sst_draft *draft, long ms);

#endif
