/*
 * Two encoded objects of one shape, compared member by member, byte level: the
 * texts are compact JSON this service wrote itself, members in schema order.
 * Nothing is copied; spans point into the texts. Pure; any thread.
 */
#ifndef SST_SERVICE_FIELDS_H
#define SST_SERVICE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/entity.h"
#include "model/shape.h"

/* A JSON value; at NULL: absent. */
struct fields_span {
	const char *at;
	size_t len;
};

/* p at a value; returns behind it. */
const char *fields__skip(const char *p, const char *end);
bool fields__same(struct fields_span a, struct fields_span b);
/* Own text of an entity: of its children an empty array only. */
struct fields_span fields__of(const struct sst_entity *entity);
/* The value of that member, or absent; nothing is in what is absent itself. */
struct fields_span fields__find(struct fields_span object, const char *name);
/* Appends the text of a JSON string; of any other value its JSON. */
void fields__text(struct fields_span value, struct sst_buf *out);

/* A member whose value is not the same on both sides. */
struct fields_pair {
	const struct sst_member *member;
	struct fields_span from;
	struct fields_span to;
};

/* How both sides of a pair are to be compared further. */
enum fields_kind {
	FIELDS_VALUE,  /* as a whole */
	FIELDS_OBJECT, /* member by member, with member->shape */
	FIELDS_ARRAY   /* items by identity, with fields__items_init() */
};

enum fields_kind fields__kind(const struct fields_pair *pair);

struct fields_walk {
	const struct sst_shape *shape;
	const char *from, *from_end;
	const char *to, *to_end;
	size_t from_member, to_member; /* where to look for the next name */
};

void fields__begin(struct fields_walk *walk, const struct sst_shape *shape,
    struct fields_span from, struct fields_span to);
/* The next pair in schema order; false: no more. */
bool fields__next(struct fields_walk *walk, struct fields_pair *out);

#define FIELDS_NONE UINT32_MAX

/* An item of an array whose shape has an identity. */
struct fields_item {
	struct fields_span value;
	struct fields_span id[SST_IDENTITY_MAX];
	struct sst_hash hash; /* of the id */
	uint32_t other;       /* index on the other side, or FIELDS_NONE */
};

struct fields_list {
	struct fields_item *items;
	size_t count;
};

struct fields_items {
	const struct sst_shape *shape;
	struct fields_list from;
	struct fields_list to;
	bool keyed; /* every item has an identity of its own; `other` holds */
	bool in_order; /* common ones follow each other the same way */
	size_t common;
};

/* Matches the items of two arrays. SST_NOMEM. */
int fields__items_init(struct fields_items *items,
    const struct fields_pair *pair, struct sst_error *err);
/* The items of one array, not matched: other is FIELDS_NONE. */
int fields__list_init(struct fields_list *list, const struct sst_shape *shape,
    struct fields_span array, struct sst_error *err);
void fields__items_fini(struct fields_items *items);
void fields__list_fini(struct fields_list *list);
/* Appends the identity of an item; parts joined by '/', as they are or
 * percent-encoded. */
void fields__item_name(const struct sst_shape *shape,
    const struct fields_item *item, struct sst_buf *out);
void fields__item_key(const struct sst_shape *shape,
    const struct fields_item *item, struct sst_buf *out);

#endif
