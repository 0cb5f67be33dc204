#include "service/patch.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "schema/pointer.h"
#include "schema/schema.h"

/* A path in a message, in characters. */
enum { PATCH_PATH_SHOWN = 120 };

/* The tree being made; the document itself is only read. */
struct patcher {
	json_t *root;
	size_t left;          /* values that may still be made */
	struct sst_buf token; /* last one of the path being followed */
	struct sst_error *err;
};

struct patch_op {
	const char *path;
	const char *from;
	const json_t *value;
};

static json_t *patch_copy(struct patcher *p, const json_t *value, size_t depth);

/* jansson wants a non-const object to iterate over, and does not change it */
static json_t *
patch_iterable(const json_t *object)
{
	return (json_t *)(uintptr_t)object;
}

/* Out, or NULL with err set when the value was not made or not added. */
static json_t *
patch_grown(struct patcher *p, json_t *out, const json_t *value, int added)
{
	if (value != NULL && added == 0)
		return out;
	if (value != NULL)
		sst_error_nomem(p->err);
	json_decref(out);
	return NULL;
}

static json_t *
patch_copy_object(struct patcher *p, const json_t *object, size_t depth)
{
	json_t *from = patch_iterable(object), *out = json_object(), *value;
	void *it;

	if (out == NULL)
		sst_error_nomem(p->err);
	for (it = json_object_iter(from); out != NULL && it != NULL;
	     it = json_object_iter_next(from, it)) {
		value = patch_copy(p, json_object_iter_value(it), depth + 1);
		out = patch_grown(p, out, value,
		    json_object_setn_new_nocheck(out, json_object_iter_key(it),
			json_object_iter_key_len(it), value));
	}
	return out;
}

static json_t *
patch_copy_array(struct patcher *p, const json_t *array, size_t depth)
{
	json_t *out = json_array(), *value;
	size_t i;

	if (out == NULL)
		sst_error_nomem(p->err);
	for (i = 0; out != NULL && i < json_array_size(array); i++) {
		value = patch_copy(p, json_array_get(array, i), depth + 1);
		out = patch_grown(
		    p, out, value, json_array_append_new(out, value));
	}
	return out;
}

/* False, with err set, when no value may be made at that depth. */
static bool
patch_spend(struct patcher *p, size_t depth)
{
	if (depth > SST_PATCH_DEPTH)
		sst_error_set(p->err, SST_LIMIT,
		    "the result would nest deeper than %d levels",
		    (int)SST_PATCH_DEPTH);
	else if (p->left == 0)
		sst_error_set(p->err, SST_LIMIT,
		    "more than %d values would be made",
		    (int)SST_PATCH_VALUES);
	else
		p->left--;
	return p->err->code == SST_OK;
}

/* A copy that shares nothing, to stand at that depth; NULL with err set. */
static json_t *
patch_copy(struct patcher *p, const json_t *value, size_t depth)
{
	json_t *out;

	if (!patch_spend(p, depth))
		return NULL;
	if (json_is_object(value))
		return patch_copy_object(p, value, depth);
	if (json_is_array(value))
		return patch_copy_array(p, value, depth);
	out = json_copy(patch_iterable(value));
	if (out == NULL)
		sst_error_nomem(p->err);
	return out;
}

static size_t
patch_path_depth(const char *path)
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		n += *path == '/';
	return n;
}

static int
patch_nowhere(struct patcher *p)
{
	return sst_error_set(p->err, SST_INVALID, "the path leads nowhere");
}

/* Follows a path to p->token of *parent_out, or to the root: NULL. */
static int
patch_find(struct patcher *p, const char *path, json_t **parent_out)
{
	json_t *value = p->root, *parent = NULL;

	while (*path != '\0') {
		if (value == NULL)
			return patch_nowhere(p);
		if (!sst_pointer_token(&path, &p->token))
			return sst_buf_failed(&p->token)
			    ? sst_error_nomem(p->err)
			    : sst_error_set(p->err, SST_INVALID,
				  "not a JSON Pointer: it must be empty or "
				  "begin with '/', and have '~' only in ~0 and "
				  "~1");
		parent = value;
		value = sst_pointer_step(value, p->token.data, p->token.len);
	}
	if (parent != NULL && !json_is_object(parent) &&
	    !json_is_array(parent))
		return patch_nowhere(p);
	*parent_out = parent;
	return SST_OK;
}

/* As above; returns the value there, borrowed, or NULL with err set. */
static json_t *
patch_get(struct patcher *p, const char *path, json_t **parent_out)
{
	json_t *value = p->root;

	if (patch_find(p, path, parent_out) != SST_OK)
		return NULL;
	if (*parent_out != NULL)
		value = sst_pointer_step(
		    *parent_out, p->token.data, p->token.len);
	if (value == NULL)
		patch_nowhere(p);
	return value;
}

static int
patch_insert(struct patcher *p, json_t *array, json_t *value)
{
	size_t index, size = json_array_size(array);

	if (p->token.len == 1 && p->token.data[0] == '-') {
		index = size;
	} else if (!sst_pointer_number(p->token.data, p->token.len, &index) ||
	    index > size) {
		json_decref(value);
		return sst_error_set(p->err, SST_INVALID,
		    "the path must end in an index from 0 to %zu, or in -",
		    size);
	}
	if (json_array_insert_new(array, index, value) != 0)
		return sst_error_nomem(p->err);
	return SST_OK;
}

/* Adds the value, which it takes over, as p->token of parent. */
static int
patch_put(struct patcher *p, json_t *parent, json_t *value)
{
	if (parent == NULL) {
		json_decref(p->root);
		p->root = value;
		return SST_OK;
	}
	if (json_is_array(parent))
		return patch_insert(p, parent, value);
	/* a member that is there keeps its position */
	if (json_object_setn_new_nocheck(
		parent, p->token.data, p->token.len, value) != 0)
		return sst_error_nomem(p->err);
	return SST_OK;
}

static int
patch_add_copy(struct patcher *p, const char *path, const json_t *value)
{
	json_t *copy = patch_copy(p, value, patch_path_depth(path)), *parent;
	int rc;

	if (copy == NULL)
		return p->err->code;
	rc = patch_find(p, path, &parent);
	if (rc == SST_OK)
		return patch_put(p, parent, copy);
	json_decref(copy);
	return rc;
}

/* Removes p->token of parent, where there is a value. */
static int
patch_drop(struct patcher *p, json_t *parent)
{
	size_t index = 0;

	if (parent == NULL)
		return sst_error_set(p->err, SST_INVALID,
		    "the whole document cannot be removed");
	if (json_is_object(parent)) {
		json_object_deln(parent, p->token.data, p->token.len);
	} else {
		sst_pointer_number(p->token.data, p->token.len, &index);
		json_array_remove(parent, index);
	}
	return SST_OK;
}

static int
patch_op_add(struct patcher *p, const struct patch_op *op)
{
	return patch_add_copy(p, op->path, op->value);
}

static int
patch_op_remove(struct patcher *p, const struct patch_op *op)
{
	json_t *parent;

	if (patch_get(p, op->path, &parent) == NULL)
		return p->err->code;
	return patch_drop(p, parent);
}

static int
patch_op_replace(struct patcher *p, const struct patch_op *op)
{
	json_t *parent, *value;
	size_t index = 0;

	if (patch_get(p, op->path, &parent) == NULL)
		return p->err->code;
	value = patch_copy(p, op->value, patch_path_depth(op->path));
	if (value == NULL)
		return p->err->code;
	if (!json_is_array(parent))
		return patch_put(p, parent, value);
	sst_pointer_number(p->token.data, p->token.len, &index);
	json_array_set_new(parent, index, value);
	return SST_OK;
}

/* Equal texts are equal paths: there is one way to write each. */
static bool
patch_is_within(const char *path, const char *parent)
{
	size_t len = strlen(parent);

	return strncmp(path, parent, len) == 0 && path[len] == '/';
}

static int
patch_op_copy(struct patcher *p, const struct patch_op *op)
{
	json_t *parent, *value = patch_get(p, op->from, &parent);

	if (value == NULL)
		return p->err->code;
	return patch_add_copy(p, op->path, value);
}

static int
patch_op_move(struct patcher *p, const struct patch_op *op)
{
	json_t *parent, *value = patch_get(p, op->from, &parent);
	int rc;

	if (value == NULL)
		return p->err->code;
	if (strcmp(op->from, op->path) == 0)
		return SST_OK;
	if (patch_is_within(op->path, op->from))
		return sst_error_set(p->err, SST_INVALID,
		    "a value cannot be moved into itself");
	json_incref(value);
	rc = patch_drop(p, parent);
	/* copied, for it may come to stand deeper than it stood */
	if (rc == SST_OK)
		rc = patch_add_copy(p, op->path, value);
	json_decref(value);
	return rc;
}

static int
patch_op_test(struct patcher *p, const struct patch_op *op)
{
	json_t *parent, *value = patch_get(p, op->path, &parent);

	if (value == NULL)
		return p->err->code;
	if (sst_schema_equal(value, op->value))
		return SST_OK;
	return sst_error_set(p->err, SST_TYPE,
	    "the document holds another value than the one tested for");
}

static const struct patch_kind {
	const char *name;
	int (*run)(struct patcher *p, const struct patch_op *op);
	bool has_value;
	bool has_from;
} patch_kinds[] = {
    {"add", patch_op_add, true, false},
    {"remove", patch_op_remove, false, false},
    {"replace", patch_op_replace, true, false},
    {"move", patch_op_move, false, true},
    {"copy", patch_op_copy, false, true},
    {"test", patch_op_test, true, false},
};

static const struct patch_kind *
patch_kind_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(patch_kinds) / sizeof(patch_kinds[0]); i++) {
		if (strcmp(patch_kinds[i].name, name) == 0)
			return &patch_kinds[i];
	}
	return NULL;
}

/* A member that must be text; a NUL inside would cut it short. */
static int
patch_text(struct patcher *p, const json_t *op, const char *name,
    const char **out)
{
	const json_t *member = json_object_get(op, name);

	if (!json_is_string(member) ||
	    strlen(json_string_value(member)) != json_string_length(member))
		return sst_error_set(p->err, SST_INVALID,
		    "it needs a member \"%s\" that is a string", name);
	*out = json_string_value(member);
	return SST_OK;
}

static int
patch_read_op(struct patcher *p, const json_t *tree, struct patch_op *op,
    const struct patch_kind **kind_out)
{
	const struct patch_kind *kind;
	const char *name;
	int rc = patch_text(p, tree, "op", &name);

	if (rc != SST_OK)
		return rc;
	kind = patch_kind_of(name);
	if (kind == NULL)
		return sst_error_set(p->err, SST_INVALID,
		    "\"op\" must be one of add, remove, replace, move, copy, "
		    "test");
	rc = patch_text(p, tree, "path", &op->path);
	if (rc == SST_OK && kind->has_from)
		rc = patch_text(p, tree, "from", &op->from);
	op->value = json_object_get(tree, "value");
	if (rc == SST_OK && kind->has_value && op->value == NULL)
		rc = sst_error_set(p->err, SST_INVALID,
		    "%s needs a member \"value\"", kind->name);
	*kind_out = kind;
	return rc;
}

static int
patch_explain(struct patcher *p, size_t index, const struct patch_kind *kind,
    const struct patch_op *op)
{
	struct sst_buf path = SST_BUF_INIT;

	if (op->path == NULL)
		return sst_error_prefix(p->err, "operation %zu", index);
	sst_text_clean(op->path, strlen(op->path), PATCH_PATH_SHOWN, &path);
	sst_error_prefix(p->err, "operation %zu, %s \"%s\"", index, kind->name,
	    path.data == NULL ? "" : path.data);
	sst_buf_fini(&path);
	return p->err->code;
}

static int
patch_run(struct patcher *p, const json_t *patch)
{
	const struct patch_kind *kind = NULL;
	struct patch_op op;
	size_t i;
	int rc = SST_OK;

	if (!json_is_array(patch))
		return sst_error_set(p->err, SST_INVALID,
		    "a JSON Patch is an array of operations");
	for (i = 0; i < json_array_size(patch); i++) {
		memset(&op, 0, sizeof(op));
		rc = patch_read_op(p, json_array_get(patch, i), &op, &kind);
		if (rc == SST_OK)
			rc = kind->run(p, &op);
		if (rc != SST_OK)
			return patch_explain(p, i, kind, &op);
	}
	return SST_OK;
}

/* Hands the tree over when rc says that it is right. */
static int
patch_finish(struct patcher *p, int rc, json_t **document)
{
	sst_buf_fini(&p->token);
	json_decref(rc == SST_OK ? *document : p->root);
	if (rc == SST_OK)
		*document = p->root;
	return rc;
}

int
sst_patch_apply(json_t **document, const json_t *patch, struct sst_error *err)
{
	struct patcher p = {.left = SST_PATCH_VALUES, .err = err};

	sst_error_clear(err);
	p.root = patch_copy(&p, *document, 0);
	return patch_finish(
	    &p, p.root == NULL ? err->code : patch_run(&p, patch), document);
}

/* The object that a patch, an object, is merged into. */
static json_t *
patch_merge_base(struct patcher *p, const json_t *target, size_t depth)
{
	if (json_is_object(target))
		return patch_copy(p, target, depth);
	return patch_spend(p, depth) ? patch_copy_object(p, NULL, depth) : NULL;
}

static int patch_merge_member(
    struct patcher *p, json_t *target, void *member, size_t depth);

static int
patch_merge_into(
    struct patcher *p, json_t *target, const json_t *patch, size_t depth)
{
	json_t *members = patch_iterable(patch);
	void *it;
	int rc = SST_OK;

	for (it = json_object_iter(members); rc == SST_OK && it != NULL;
	     it = json_object_iter_next(members, it))
		rc = patch_merge_member(p, target, it, depth + 1);
	return rc;
}

/* target is ours; depth is that of the member. */
static int
patch_merge_member(
    struct patcher *p, json_t *target, void *member, size_t depth)
{
	const char *name = json_object_iter_key(member);
	size_t len = json_object_iter_key_len(member);
	const json_t *patch = json_object_iter_value(member);
	json_t *value = json_object_getn(target, name, len);

	if (json_is_null(patch)) {
		json_object_deln(target, name, len);
		return SST_OK;
	}
	if (!json_is_object(patch))
		value = patch_copy(p, patch, depth);
	else if (json_is_object(value))
		return patch_merge_into(p, value, patch, depth);
	else /* not copied, for the nulls in it must go */
		value = patch_merge_base(p, NULL, depth);
	if (value == NULL)
		return p->err->code;
	if (json_object_setn_new_nocheck(target, name, len, value) != 0)
		return sst_error_nomem(p->err);
	return json_is_object(patch) ? patch_merge_into(p, value, patch, depth)
				     : SST_OK;
}

int
sst_patch_merge(json_t **document, const json_t *patch, struct sst_error *err)
{
	struct patcher p = {.left = SST_PATCH_VALUES, .err = err};
	int rc = SST_OK;

	sst_error_clear(err);
	if (json_is_object(patch))
		p.root = patch_merge_base(&p, *document, 0);
	else
		p.root = patch_copy(&p, patch, 0);
	if (p.root == NULL)
		rc = err->code;
	else if (json_is_object(patch))
		rc = patch_merge_into(&p, p.root, patch, 0);
	return patch_finish(&p, rc, document);
}
